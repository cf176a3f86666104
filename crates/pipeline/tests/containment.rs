//! A detector that panics with the text before it: its shard is set aside, and nobody hears the text.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tamis_detect::{Batch, Detector, Evidence, Scanner};
use tamis_pipeline::{Observer, Overrides, Passes, RunPlan, Silent, panic_line, run};
use tamis_shard::BadShard;

const CANARY: &str = "kanarienvogel";

/// What the hook has printed, as it were. Hooks are the process's, so the tests of this file take turns.
static PRINTED: Mutex<Vec<String>> = Mutex::new(Vec::new());
static TURN: Mutex<()> = Mutex::new(());

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As the program does it.
fn hook() {
    std::panic::set_hook(Box::new(|panic| lock(&PRINTED).extend(panic_line(panic))));
    lock(&PRINTED).clear();
}

/// Panics with the first text that holds the canary.
struct Quoting;

impl Detector for Quoting {
    fn name(&self) -> &str {
        "quoting"
    }

    fn digest(&self) -> String {
        "0".repeat(64)
    }

    fn scanner(&self) -> Box<dyn Scanner + '_> {
        Box::new(Self)
    }
}

impl Scanner for Quoting {
    fn scan(&mut self, batch: &Batch<'_>, _: &mut Evidence) {
        for field in batch.fields() {
            let bad = field.texts().iter().flatten().find(|text| text.contains(CANARY));
            assert!(bad.is_none(), "cannot scan {bad:?}");
        }
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn shard_set_aside(&self, path: &str, reason: &BadShard) {
        lock(&self.0).push(format!("{path}: {reason}"));
    }

    fn notice(&self, text: &str) {
        lock(&self.0).push(text.into());
    }
}

fn plan(folder: &Path, threads: usize) -> RunPlan {
    let overrides = Overrides {
        input: vec![folder.join("in")],
        output: Some(folder.join(format!("out-{threads}"))),
        settings: vec![format!("run.threads={threads}"), "run.batch_rows=10".into()],
    };
    let mut plan = RunPlan::resolve("builtin:quickstart", &overrides).unwrap();
    plan.detectors = vec![Box::new(Quoting)];
    plan
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push((entry.path().display().to_string(), fs::read(entry.path()).unwrap()));
        }
    }
    all
}

#[test]
fn a_panic_that_quotes_a_record_costs_one_shard_and_one_line() {
    let _turn = lock(&TURN);
    hook();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("in")).unwrap();
    let lines = |word: &str| -> String {
        (0..400)
            .map(|n| format!("{{\"id\": {n}, \"text\": \"{word} {n}\", \"source\": \"s\", \"lang\": \"en\"}}\n"))
            .collect()
    };
    fs::write(folder.path().join("in/bad.jsonl"), lines(CANARY)).unwrap();
    fs::write(folder.path().join("in/good.jsonl"), lines("plain")).unwrap();
    for threads in [1, 4] {
        let told = Told::default();
        let plan = plan(folder.path(), threads);
        let report = run(&plan, Passes::All, &told).unwrap().unwrap();
        assert_eq!((report.records.kept, report.shards_set_aside.len()), (400, 1));
        let told = told.0.into_inner().unwrap();
        let place =
            "bad.jsonl: internal: the program failed inside this shard at crates/pipeline/tests/containment.rs:";
        assert!(told.len() == 1 && told[0].starts_with(place), "{told:?}");
        assert_eq!(lock(&PRINTED).len(), 0, "it is told with its shard");
        for (name, bytes) in files(plan.output.root()) {
            let canary = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!canary, "{name}");
        }
    }
    let _ = std::panic::take_hook();
}

#[test]
fn a_panic_outside_of_a_shard_is_one_line_without_its_message() {
    let _turn = lock(&TURN);
    hook();
    // As a worker of a scope that is not contained: the scope panics too when it ends.
    let outcome = std::panic::catch_unwind(|| {
        std::thread::scope(|scope| {
            scope.spawn(|| panic!("cannot go on with {CANARY}"));
        })
    });
    assert!(outcome.is_err());
    let _ = std::panic::take_hook();
    let printed = lock(&PRINTED).clone();
    assert_eq!(printed.len(), 1, "{printed:?}");
    assert!(printed[0].starts_with("internal error at ") && printed[0].contains("containment.rs:"), "{printed:?}");
    assert!(!printed[0].contains(CANARY), "{printed:?}");
    let _ = Silent;
}
