//! A folder is continued by fingerprint and digest, or refused.

mod support;

use std::fs;

use support::{assert_same_tree, folder, good_lines, pass, run, write};

struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    /// Two shards, and a finished run over them in `out`; `fresh` is another one to compare with.
    fn new() -> Self {
        let case = Self { folder: folder() };
        write(&case.at("in/a.jsonl"), good_lines(0..300));
        write(&case.at("in/b/c.jsonl"), good_lines(300..500));
        assert_eq!(run(&case.at("in"), &case.at("out"), &[]).0, 0);
        case
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn again(&self, more: &[&str]) -> (i32, String) {
        run(&self.at("in"), &self.at("out"), more)
    }

    fn assert_as_fresh(&self, more: &[&str], what: &str) {
        let _ = fs::remove_dir_all(self.at("fresh"));
        assert_eq!(run(&self.at("in"), &self.at("fresh"), more).0, 0);
        assert_same_tree(&self.at("out"), &self.at("fresh"), what);
    }
}

#[test]
fn a_finished_run_is_not_done_again_and_what_is_missing_is() {
    let case = Case::new();
    let (code, text) = case.again(&[]);
    assert_eq!(code, 0);
    assert_eq!(text.matches("2 shards stood already").count(), 2, "{text}");
    case.assert_as_fresh(&[], "run twice");
    for name in
        ["data/a.jsonl", "tags/a.jsonl.tags.parquet", "verdicts/b/c.jsonl.verdicts.parquet", "ledger/sources.csv"]
    {
        fs::write(case.at("out").join(name), b"damaged").unwrap();
        assert_eq!(case.again(&[]).0, 0, "{name}");
        case.assert_as_fresh(&[], name);
        fs::remove_file(case.at("out").join(name)).unwrap();
        assert_eq!(case.again(&[]).0, 0, "{name}");
        case.assert_as_fresh(&[], name);
    }
}

#[test]
fn changed_added_and_removed_shards_are_followed() {
    let case = Case::new();
    write(&case.at("in/a.jsonl"), good_lines(100..450));
    assert_eq!(case.again(&[]).0, 0);
    case.assert_as_fresh(&[], "changed shard");
    write(&case.at("in/d.jsonl"), good_lines(0..10));
    assert_eq!(case.again(&[]).0, 0);
    case.assert_as_fresh(&[], "added shard");
    fs::remove_file(case.at("in/b/c.jsonl")).unwrap();
    let (code, text) = case.again(&[]);
    assert!(code == 0 && text.contains("b/c.jsonl is no longer in the input"), "{text}");
    assert!(!case.at("out/data/b/c.jsonl").exists());
}

#[test]
fn another_policy_is_refused_by_run_and_taken_by_judge_and_emit() {
    let case = Case::new();
    let other = ["--set", "policy.source_limit_percent=1"];
    let (code, text) = case.again(&other);
    assert!(code == 2 && text.contains("tamis judge"), "{text}");
    let (input, out) = (case.at("in"), case.at("out"));
    assert_eq!(pass("emit", &input, &out, &other).0, 2, "emit wants a ledger by this policy");
    assert_eq!(pass("judge", &input, &out, &other).0, 0);
    assert_eq!(pass("emit", &input, &out, &other).0, 0);
    case.assert_as_fresh(&other, "judge and emit by another policy");
}

#[test]
fn other_runs_strangers_and_second_runs_are_refused() {
    let case = Case::new();
    let (code, text) = case.again(&["--set", "input.text=\"id\""]);
    assert!(code == 2, "ids are no text: {text}");
    let library = support::library(case.folder.path()).display().to_string();
    let libraries = format!("detect.keywords.libraries=[{library:?}]");
    let others: [&[&str]; 4] = [
        &["--limit", "5"],
        &["--set", &libraries],
        &["--set", "input.lang=text"],
        &["--set", "input.max_row_bytes=9999"],
    ];
    for other in others {
        let (code, text) = case.again(other);
        assert!(code == 2 && text.contains("another run"), "{other:?}: {text}");
    }
    let (code, text) = case.again(&["--set", "output.annotate=false"]);
    assert!(code == 2 && text.contains("tamis emit"), "{text}");
    write(&case.at("foreign/file.txt"), "x");
    let (code, text) = run(&case.at("in"), &case.at("foreign"), &[]);
    assert!(code == 2 && text.contains("not empty"), "{text}");
    let lock = fs::File::open(case.at("out/run.lock")).unwrap();
    lock.lock().unwrap();
    let (code, text) = case.again(&[]);
    assert!(code == 2 && text.contains("in use by another run"), "{text}");
    drop(lock);
    write(&case.at("out/data/.tmp-a.jsonl"), "half");
    write(&case.at("out/data/stranger.jsonl"), "x");
    let (code, text) = case.again(&[]);
    assert!(code == 2 && text.contains("stranger.jsonl is not of this run"), "{text}");
    fs::remove_file(case.at("out/data/stranger.jsonl")).unwrap();
    assert_eq!(case.again(&[]).0, 0);
    assert!(!case.at("out/data/.tmp-a.jsonl").exists());
}
