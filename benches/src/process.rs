//! What a child process took: wall time, processor time, peak memory. Read from Linux's `/proc` while it runs.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one run took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Seconds on the clock.
    pub wall: f64,
    /// Seconds of processor time, user and system, of the last look before it ended (steps of 10 ms).
    pub cpu: f64,
    /// Most resident memory, bytes.
    pub peak: u64,
}

/// Runs a command to its end; an error where it fails.
pub fn measure(command: &mut Command) -> anyhow::Result<Usage> {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut usage = Usage::default();
    loop {
        look(child.id(), &mut usage);
        if let Some(status) = child.try_wait()? {
            usage.wall = started.elapsed().as_secs_f64();
            anyhow::ensure!(status.success(), "{command:?} ended with {status}");
            return Ok(usage);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn look(process: u32, usage: &mut Usage) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    usage.peak = usage.peak.max(peak.unwrap_or_default() * 1024);
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Fields 14 and 15, counted from the state, which is the third and stands behind the name's bracket.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    if let (Some(Ok(user)), Some(Ok(system))) =
        (fields.get(11).map(|it| it.parse::<f64>()), fields.get(12).map(|it| it.parse::<f64>()))
    {
        usage.cpu = usage.cpu.max((user + system) / 100.0);
    }
}

/// The median run by wall time; peak memory is the largest of all.
pub fn median(runs: &[Usage]) -> Usage {
    let mut sorted = runs.to_vec();
    sorted.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    Usage { peak: runs.iter().map(|run| run.peak).max().unwrap_or_default(), ..middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_measured_and_a_failing_one_is_an_error() {
        let usage = measure(Command::new("sleep").arg("0.1")).unwrap();
        assert!(usage.wall >= 0.1 && usage.peak > 0);
        assert!(measure(&mut Command::new("false")).is_err());
    }
}
