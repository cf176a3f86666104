//! Copy, tag and run in turn, and the ratios of their medians; peak memory over sizes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::json;

use crate::copy::shards;
use crate::process::{Usage, measure, median};

/// What is compared.
pub struct Plan {
    /// Folder of Parquet shards.
    pub input: PathBuf,
    /// The `tamis` binary.
    pub tamis: PathBuf,
    /// Threads of each.
    pub threads: usize,
    /// Counted rounds.
    pub runs: usize,
}

const MEGA: f64 = 1e6;

/// Peak memory that a run must stay below.
const MOST_MEMORY: u64 = 1 << 30;

/// Runs the comparison and prints its table.
pub fn compare(plan: &Plan, keep: Option<&Path>) -> anyhow::Result<()> {
    // Beside the input, so that both stand on one disk.
    let temporary = tempfile::tempdir_in(plan.input.parent().unwrap_or(Path::new(".")))?;
    let work = temporary.path().join("out");
    let mut runs: [Vec<Usage>; 3] = Default::default();
    let mut report = serde_json::Value::Null;
    for _ in 0..plan.runs {
        for (what, runs) in runs.iter_mut().enumerate() {
            let _ = fs::remove_dir_all(&work);
            runs.push(measure(&mut command(plan, what, &work)?)?);
            if what == 2 {
                report = serde_json::from_slice(&fs::read(work.join("report.json"))?)?;
                check(&plan.input, &work, &report)?;
            }
        }
    }
    let stored: u64 = shards(&plan.input)?.iter().filter_map(|path| path.metadata().ok()).map(|it| it.len()).sum();
    let medians = runs.map(|runs| median(&runs));
    let text = report["text_bytes"].as_f64().unwrap_or_default();
    let table = table(plan, &medians, text, stored);
    print!("{table}");
    if let Some(folder) = keep {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("compare-{}.md", plan.threads)), &table)?;
    }
    Ok(())
}

/// 0 copies, 1 tags, 2 runs.
fn command(plan: &Plan, what: usize, work: &Path) -> anyhow::Result<Command> {
    let threads = plan.threads.to_string();
    let mut command = if what == 0 {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("copy").arg("--input").arg(&plan.input).arg("--output").arg(work);
        command
    } else {
        let mut command = Command::new(&plan.tamis);
        command.args([if what == 1 { "tag" } else { "run" }, "builtin:quickstart", "--quiet"]);
        command.arg("--input").arg(&plan.input).arg("--output").arg(work);
        command
    };
    command.args(["--threads", &threads]);
    Ok(command)
}

/// The answer is checked, not only timed: every row is accounted for, and every kept row was written.
fn check(input: &Path, output: &Path, report: &serde_json::Value) -> anyhow::Result<()> {
    let rows = |paths: Vec<PathBuf>| -> anyhow::Result<u64> {
        paths.iter().try_fold(0, |sum, path| {
            let file = SerializedFileReader::new(fs::File::open(path)?)?;
            Ok(sum + file.metadata().file_metadata().num_rows() as u64)
        })
    };
    let count = |key: &str| report["records"][key].as_u64().unwrap_or_default();
    let (read, kept) = (rows(shards(input)?)?, rows(shards(&output.join("data"))?)?);
    anyhow::ensure!(read == count("read") && kept == count("kept"), "{read} rows in and {kept} out, but {report}");
    anyhow::ensure!(read == count("kept") + count("dropped") + count("quarantined"), "rows are lost: {report}");
    Ok(())
}

fn table(plan: &Plan, medians: &[Usage; 3], text: f64, stored: u64) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:.0} MB of text in {:.0} MB of zstd-3 Parquet, {} threads, median of {} runs in turn\n",
        text / MEGA,
        stored as f64 / MEGA,
        plan.threads,
        plan.runs
    );
    let _ = writeln!(
        out,
        "| what | wall s | cpu s | MB of text/s | MB/s per core-second | peak MiB | wall ÷ copy | cpu ÷ copy | peak ÷ copy |"
    );
    let _ = writeln!(out, "|---|---|---|---|---|---|---|---|---|");
    for (name, usage) in ["plain copy", "tamis tag", "tamis run"].iter().zip(medians) {
        let copy = &medians[0];
        let _ = writeln!(
            out,
            "| {name} | {:.2} | {:.2} | {:.0} | {:.0} | {} | {:.2} | {:.2} | {:.2} |",
            usage.wall,
            usage.cpu,
            text / MEGA / usage.wall,
            text / MEGA / usage.cpu,
            usage.peak >> 20,
            usage.wall / copy.wall,
            usage.cpu / copy.cpu,
            usage.peak as f64 / copy.peak as f64
        );
    }
    out
}

/// Runs `tamis` over corpora of several sizes.
pub fn memory(from: Option<&Path>, sizes: &[u64], work: &Path, tamis: &Path, threads: usize) -> anyhow::Result<()> {
    let mut peaks = Vec::new();
    fs::create_dir_all(work)?;
    let temporary = tempfile::tempdir_in(work)?;
    let work = temporary.path();
    for size in sizes {
        let (input, output) = (work.join("in"), work.join("out"));
        crate::corpus::make(from, &input, *size, *size)?;
        let plan = Plan { input: input.clone(), tamis: tamis.to_path_buf(), threads, runs: 1 };
        let usage = measure(&mut command(&plan, 2, &output)?)?;
        println!("{}", json!({"megabytes": size, "peak_mib": usage.peak >> 20, "wall_s": usage.wall}));
        peaks.push(usage.peak);
        fs::remove_dir_all(&input)?;
        fs::remove_dir_all(&output)?;
    }
    let (least, most) = (peaks.iter().min().copied().unwrap_or(1), peaks.iter().max().copied().unwrap_or(0));
    anyhow::ensure!(most < MOST_MEMORY, "peak memory {} MiB, expected less than {} MiB", most >> 20, MOST_MEMORY >> 20);
    anyhow::ensure!(most * 10 <= least * 13, "peak memory grows with the input: {} to {} MiB", least >> 20, most >> 20);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corpus_is_made_and_copied_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (input, output) = (folder.path().join("in"), folder.path().join("out"));
        crate::corpus::make(None, &input, 2, 7).unwrap();
        crate::copy::copy(&input, &output, 2).unwrap();
        let rows = |folder: &Path| -> i64 {
            let open = |path: &PathBuf| SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
            shards(folder).unwrap().iter().map(|path| open(path).metadata().file_metadata().num_rows()).sum()
        };
        assert!(rows(&input) > 500);
        assert_eq!(rows(&input), rows(&output));
    }
}
