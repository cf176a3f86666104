//! A folder is continued by fingerprint and digest, or refused.

mod support;

use std::fs;

use support::mixed::library;
use support::{PLANTED, assert_same_tree, folder, good_lines, manifest, pass, run, tree, write};

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

/// Asserts that these whole lines were printed.
fn assert_said(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|it| it == *line), "{line:?} is not in:\n{text}");
    }
}

#[test]
fn a_first_run_says_nothing_of_resuming() {
    let case = Case::new();
    let (code, text) = run(&case.at("in"), &case.at("fresh"), &[]);
    assert_eq!(code, 0);
    let lines = text.lines().filter(|line| !line.starts_with("note: no shard shows the mapped column"));
    assert_eq!(lines.count(), 3, "one line a pass: {text}");
}

#[test]
fn tags_by_another_configuration_are_replaced_by_tag_alone() {
    let case = Case::new();
    let (input, out) = (case.at("in"), case.at("out"));
    let libraries = library(&case.at("kw"), &["number"]);
    let other = ["--set", libraries.as_str(), "--set", "policy.source_limit_percent=100"];
    for command in ["judge", "emit"] {
        let before = tree(&out);
        let (code, text) = pass(command, &input, &out, &other);
        assert!(code == 2 && text.contains("its tags are of another run") && text.contains("`tamis tag`"), "{text}");
        assert_eq!(tree(&out), before, "{command}");
    }
    let (code, text) = case.again(&other);
    assert!(code == 2 && text.contains("`tamis tag`, `tamis judge` and `tamis emit`"), "{text}");
    let (code, text) = pass("tag", &input, &out, &other);
    assert_eq!(code, 0, "{text}");
    let why = "tag   2 tagged again: detectors, columns, limits or version changed (a.jsonl, b/c.jsonl)";
    assert_said(&text, &[why]);
    assert!(text.contains("note: the folder holds tags by another configuration"), "{text}");
    let left: Vec<String> = tree(&out).into_keys().filter(|name| !name.starts_with("manifest/")).collect();
    assert!(left.iter().all(|name| name.starts_with("tags/") || name.starts_with("findings/")), "{left:?}");
    assert_eq!(case.again(&[]).0, 2, "the folder is no longer that of the first configuration");
    assert_eq!(pass("judge", &input, &out, &other).0, 0);
    assert_eq!(pass("emit", &input, &out, &other).0, 0);
    case.assert_as_fresh(&other, "tag, judge and emit by another library");
    assert_eq!(manifest(&out, "a.jsonl")["rows"]["dropped"], 300);
    assert!(!PLANTED.contains("number"));
}

#[test]
fn tag_leaves_a_policy_alone_that_is_no_matter_to_it() {
    let case = Case::new();
    let (input, out) = (case.at("in"), case.at("out"));
    assert_eq!(pass("tag", &input, &out, &["--set", "policy.source_limit_percent=1"]).0, 0);
    assert_eq!(case.again(&[]).0, 0);
    case.assert_as_fresh(&[], "tag by another policy");
}

#[test]
fn tags_that_are_not_what_their_manifest_says_are_used_by_no_pass() {
    let case = Case::new();
    let (input, out) = (case.at("in"), case.at("out"));
    let policy = ["--set", "policy.source_limit_percent=1"];
    for name in ["tags/a.jsonl.tags.parquet", "findings/a.jsonl.findings.parquet"] {
        let whole = fs::read(out.join(name)).unwrap();
        // A whole file, but another.
        fs::copy(out.join("verdicts/a.jsonl.verdicts.parquet"), out.join(name)).unwrap();
        let (code, text) = pass("judge", &input, &out, &policy);
        assert!(code == 2 && text.contains(name) && text.contains("tamis tag"), "{name}: {text}");
        fs::write(out.join(name), &whole).unwrap();
        assert_eq!(pass("judge", &input, &out, &policy).0, 0, "{name}");
        fs::remove_file(out.join(name)).unwrap();
        let (code, text) = pass("emit", &input, &out, &policy);
        assert!(code == 2 && text.contains(name) && text.contains("tamis tag"), "{name}: {text}");
        let (code, text) = pass("tag", &input, &out, &policy);
        assert_eq!(code, 0, "{text}");
        let why =
            format!("tag   1 shard stood already; 1 tagged again: missing or damaged in the output folder ({name})");
        assert_said(&text, &[&why]);
        assert_eq!(case.again(&policy).0, 0);
        case.assert_as_fresh(&policy, name);
        assert_eq!(pass("judge", &input, &out, &[]).0, 0);
        assert_eq!(pass("emit", &input, &out, &[]).0, 0);
    }
}

#[test]
fn a_folder_of_other_shards_is_another_run() {
    let case = Case::new();
    let before = tree(&case.at("out"));
    write(&case.at("elsewhere/x.jsonl"), good_lines(0..5));
    for command in ["run", "tag", "judge", "emit"] {
        let (code, text) = pass(command, &case.at("elsewhere"), &case.at("out"), &[]);
        assert!(code == 2 && text.contains("none of its 2 shards (such as a.jsonl) is in the input"), "{text}");
        assert_eq!(tree(&case.at("out")), before, "{command}: nothing is removed");
    }
}

#[test]
fn a_manifest_that_cannot_be_read_costs_its_shard_only() {
    let case = Case::new();
    write(&case.at("out/manifest/shards/a.jsonl.json"), "{\"format\":");
    let (code, text) = case.again(&[]);
    assert_eq!(code, 0, "{text}");
    let why = "tag   1 shard stood already; 1 tagged again: missing or damaged in the output folder \
               (manifest/shards/a.jsonl.json)";
    assert_said(&text, &[why]);
    case.assert_as_fresh(&[], "damaged manifest");
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
    let (code, text) = case.again(&[]);
    assert_eq!(code, 0);
    assert_said(
        &text,
        &[
            "tag   1 shard stood already; 1 tagged again: the input changed (a.jsonl)",
            "judge the ledger was made anew from the changed tags; none of 3 source verdicts changed",
            "emit  1 shard stood already; 1 not emitted before from these tags",
        ],
    );
    case.assert_as_fresh(&[], "changed shard");
    write(&case.at("in/d.jsonl"), good_lines(0..10));
    let (code, text) = case.again(&[]);
    assert_eq!(code, 0);
    assert_said(&text, &["tag   2 shards stood already; 1 new"]);
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
    let before = tree(&out);
    assert_eq!(pass("emit", &input, &out, &other).0, 2, "emit wants a ledger by this policy");
    assert_eq!(tree(&out), before, "what is refused changes nothing");
    assert_eq!(case.again(&[]).0, 0, "the folder is still that of its policy");
    let (code, text) = pass("judge", &input, &out, &other);
    assert_eq!(code, 0);
    let changed =
        "judge the tags stand; the ledger was made anew by the changed policy; none of 3 source verdicts changed";
    assert_said(&text, &[changed]);
    let (code, text) = pass("emit", &input, &out, &other);
    assert_eq!(code, 0);
    assert_said(&text, &["emit  2 emitted again: the policy changed (a.jsonl, b/c.jsonl)"]);
    case.assert_as_fresh(&other, "judge and emit by another policy");
    let options = [other[0], other[1], "--set", "output.annotate=false"];
    let (code, text) = pass("emit", &input, &out, &options);
    assert_eq!(code, 0);
    assert_said(
        &text,
        &["emit  2 emitted again: the rejected sources or the output options changed (a.jsonl, b/c.jsonl)"],
    );
    case.assert_as_fresh(&options, "emit with other options");
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
