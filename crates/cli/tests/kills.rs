//! SIGKILL at random moments: whatever a run was doing, what it leaves is sound, and the next one ends with the bytes
//! of an undisturbed run.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use support::mixed::{
    OTHER_WORD, Sequence, assert_judged_before_emitted, assert_ledger_stands, assert_sound, copy_tree, corpus, library,
    unfinished,
};
use support::{PLANTED, assert_same_tree, folder, manifest, pass, report, tree};

type Tree = BTreeMap<String, Vec<u8>>;

/// Moments are shares of a measured time, so that nothing else of this file may take the processor meanwhile.
static TURN: Mutex<()> = Mutex::new(());

/// Thousands of records in each large shard: enough that most kills hit a running process.
const SCALE: usize = 2;

/// A shard that is done after the large ones.
const LAST: &str = "small/3.jsonl";

/// One corpus, and how `tamis` is called over it.
struct Bench {
    folder: tempfile::TempDir,
    settings: Vec<String>,
}

impl Bench {
    fn new(settings: &[&str]) -> Self {
        let folder = folder();
        corpus(&folder.path().join("in"), SCALE);
        let bench = Self { folder, settings: Vec::new() };
        let libraries = library(&bench.at("kw"), &[PLANTED]);
        bench.with(&[&[libraries.as_str()][..], settings].concat())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same with more settings; the last of a key counts.
    fn with(mut self, more: &[&str]) -> Self {
        self.settings.extend(more.iter().map(|it| it.to_string()));
        self
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let settings = self.settings.iter().map(String::as_str).chain(more.iter().copied());
        ["--threads", "2"].into_iter().chain(settings.flat_map(|it| ["--set", it])).map(String::from).collect()
    }

    /// Lets a command end.
    fn whole(&self, command: &str, out: &Path, more: &[&str]) -> (i32, String) {
        let arguments = self.arguments(more);
        pass(command, &self.at("in"), out, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Lets a command end that has to do with the shards that cannot be used; how long it took.
    fn finish(&self, command: &str, out: &Path, more: &[&str]) -> Duration {
        let started = Instant::now();
        let (code, text) = self.whole(command, out, more);
        assert_eq!(code, 3, "some shards are set aside: {text}");
        started.elapsed()
    }

    /// Kills a command after some time; true where it was still at work.
    fn kill(&self, command: &str, out: &Path, more: &[&str], after: Duration) -> bool {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tamis"))
            .args([command, "builtin:quickstart", "--quiet", "--input"])
            .args([&self.at("in"), Path::new("--output"), out])
            .args(self.arguments(more))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(after);
        process.kill().expect("a child can be killed");
        process.wait().expect("a child ends").signal() == Some(9)
    }
}

/// A moment of a run that takes so long: now and then its very beginning or its end.
fn moment(sequence: &mut Sequence, number: usize, whole: Duration) -> Duration {
    let share = match number % 8 {
        0 => sequence.share() * 0.05,
        1 => 0.8 + sequence.share() * 0.2,
        _ => sequence.share() * 0.8,
    };
    whole.mul_f64(share)
}

/// What was tried and what it came to.
#[derive(Default)]
struct Count {
    tried: usize,
    hit: usize,
    chains: usize,
    /// Kills after the first row was emitted.
    emitted: usize,
}

impl Count {
    fn say(&self, what: &str, started: Instant, whole: Duration) {
        eprintln!(
            "{what}: {} kills tried, {} hit a running process, in {} chains; an undisturbed one takes {:.2} s; {:.1} s \
             in all",
            self.tried,
            self.hit,
            self.chains,
            whole.as_secs_f64(),
            started.elapsed().as_secs_f64()
        );
        assert!(self.hit * 10 >= self.tried * 6, "{what}: the input is too small to be interrupted");
    }
}

/// Kills `run` until so many kills have hit, in chains of up to five over one folder, each then run to its end.
fn kill_runs(bench: &Bench, hits: usize, seed: u64) {
    let (started, mut sequence, mut count) = (Instant::now(), Sequence(seed), Count::default());
    let (out, fresh) = (bench.at("out"), bench.at("fresh"));
    let _ = fs::remove_dir_all(&fresh);
    let whole = bench.finish("run", &fresh, &[]);
    let finished = tree(&fresh);
    while count.hit < hits {
        count.chains += 1;
        let _ = fs::remove_dir_all(&out);
        // What a killed run leaves to do is the less the later it was killed.
        let mut left = whole;
        for number in 0..5 {
            let after = moment(&mut sequence, count.tried + number, left);
            count.tried += 1;
            if !bench.kill("run", &out, &[], after) {
                break;
            }
            count.hit += 1;
            let what = format!("kill {} after {after:?}", count.tried);
            assert_sound(&out, &[&finished], &what);
            count.emitted += usize::from(assert_judged_before_emitted(&out, &what));
            left = left.saturating_sub(after.mul_f64(0.8)).max(whole / 5);
        }
        bench.finish("run", &out, &[]);
        assert_same_tree(&out, &fresh, &format!("chain {} resumed", count.chains));
    }
    assert!(count.emitted > 0, "no kill hit the emit pass");
    count.say("run", started, whole);
}

#[test]
fn runs_killed_at_random_moments_end_with_the_same_bytes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bench = Bench::new(&[]);
    kill_runs(&bench, 50, 1);
    let fresh = report(&bench.at("fresh"));
    assert_eq!(fresh["rejected_sources"].as_array().map(Vec::len), Some(1), "one of the sources is rejected");
    assert!(fresh["records"]["quarantined"].as_u64() > Some(20), "{fresh}");
    kill_runs(&bench.with(&["output.keep_rejected=true"]), 50, 2);
}

/// Kills a pass called by name until so many kills have hit, each time over a copy of what `before` made ready;
/// `after` finishes the folder.
fn kill_passes(
    bench: &Bench,
    (command, more): (&str, &[&str]),
    hits: usize,
    trees: &[&Tree],
    ready: &Path,
    after: impl Fn(&Path, usize),
) -> Count {
    let (mut sequence, mut count) = (Sequence(hits as u64), Count::default());
    let out = bench.at("out");
    let restore = || {
        let _ = fs::remove_dir_all(&out);
        copy_tree(ready, &out);
    };
    restore();
    let started = Instant::now();
    bench.whole(command, &out, more);
    let whole = started.elapsed();
    while count.hit < hits {
        count.chains += 1;
        restore();
        for number in 0..3 {
            let at = moment(&mut sequence, count.tried + number, whole.mul_f64(1.0 - 0.2 * number as f64));
            count.tried += 1;
            if !bench.kill(command, &out, more, at) {
                break;
            }
            count.hit += 1;
            assert_sound(&out, trees, &format!("{command}: kill {} after {at:?}", count.tried));
        }
        after(&out, count.chains);
    }
    count.say(command, started, whole);
    count
}

#[test]
fn emit_killed_after_a_changed_policy_ends_with_the_same_bytes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bench = Bench::new(&["output.keep_rejected=true"]);
    let (old, ready, new) = (bench.at("old"), bench.at("ready"), bench.at("new"));
    let other: &[&str] = &["policy.source_limit_percent=60", "policy.risks.A1d={action=\"flag\"}"];
    bench.finish("run", &old, &[]);
    bench.finish("run", &new, other);
    copy_tree(&old, &ready);
    let (code, text) = bench.whole("judge", &ready, other);
    assert!(
        code == 0 && text.contains("by the changed policy; 1 of 4 source verdicts changed (bad.example)"),
        "{text}"
    );
    let trees = [&tree(&old), &tree(&new)];
    kill_passes(&bench, ("emit", other), 24, &trees, &ready, |out, chain| {
        assert_ledger_stands(out, "emit");
        // The whole run takes it from here as well as the pass itself.
        bench.finish(["emit", "run"][chain % 2], out, other);
        assert_same_tree(out, &new, &format!("emit, chain {chain}"));
    });
}

#[test]
fn tag_killed_after_a_changed_library_never_mixes_tags_and_ends_with_the_same_bytes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bench = Bench::new(&[]);
    let (old, new) = (bench.at("old"), bench.at("new"));
    let libraries = library(&bench.at("kw2"), &[PLANTED, OTHER_WORD]);
    let other: &[&str] = &[&libraries];
    bench.finish("run", &old, &[]);
    bench.finish("run", &new, other);
    assert_ne!(manifest(&old, "six.jsonl")["rows"], manifest(&new, "six.jsonl")["rows"], "the library matters");
    let trees = [&tree(&old), &tree(&new)];
    let mut refused = std::cell::Cell::new(0);
    kill_passes(&bench, ("tag", other), 16, &trees, &old, |out, chain| {
        let before = tree(out);
        // The small shards come last.
        if manifest(out, LAST)["fingerprints"]["tag"] == manifest(&old, LAST)["fingerprints"]["tag"] {
            // Not all of the tags are new: none of the passes behind may use them.
            for command in ["judge", "emit"] {
                let (code, text) = bench.whole(command, out, other);
                assert!(code == 2 && text.contains("tamis tag"), "{command}: {text}");
            }
            assert_eq!(tree(out), before, "a refused pass changes nothing");
            refused.set(refused.get() + 1);
        }
        bench.finish("tag", out, other);
        assert!(!out.join("ledger/sources.parquet").exists(), "the ledger was made of other tags");
        let (code, text) = bench.whole("judge", out, other);
        assert_eq!(code, 0, "{text}");
        bench.finish("emit", out, other);
        assert_same_tree(out, &new, &format!("tag, chain {chain}"));
        assert_eq!(unfinished(out), [""; 0]);
    });
    assert!(*refused.get_mut() > 0, "no chain ended with tags of both libraries");
}
