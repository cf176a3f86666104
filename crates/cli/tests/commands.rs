//! The other commands as a user meets them.

mod support;

use support::{folder, root, tamis, write};

fn stdout(arguments: &[&str]) -> (Option<i32>, String) {
    let got = tamis(arguments);
    (got.status.code(), String::from_utf8_lossy(&got.stdout).into_owned())
}

/// A pipeline with a library of one made-up word.
fn tiny(folder: &std::path::Path) -> String {
    support::library(folder);
    let pipeline = folder.join("p.toml");
    write(&pipeline, "[detect.keywords]\nlibraries = ['kw']\n");
    pipeline.display().to_string()
}

#[test]
fn explain_marks_what_was_found_and_says_what_follows() {
    let folder = folder();
    let pipeline = tiny(folder.path());
    let note = folder.path().join("note.txt");
    write(&note, "A ＺＯＲＢlax, not zorblaxes.\n");
    let note = note.display().to_string();
    let (code, text) = stdout(&["explain", &note, "--pipeline", &pipeline]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!(text, @r"
    A ＺＯＲＢlax, not zorblaxes.

      A1d A1d-en-0001      2–17     ＺＯＲＢlax  (terrorism or extremism)
    dropped: keyword:A1d
      risks     A1d
    ");
    let (_, text) = stdout(&["explain", &note, "--pipeline", &pipeline, "--color", "always"]);
    assert!(text.contains("\u{1b}["), "{text:?}");
    let (_, text) = stdout(&["explain", &note, "--pipeline", &pipeline, "--json"]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["findings"][0]["start"], 2);
    assert_eq!(value["reasons"], serde_json::json!(["keyword:A1d"]));
    let (_, text) = stdout(&["explain", &note, "--pipeline", &pipeline, "--set", "policy.risks.A1={action=\"flag\"}"]);
    assert!(text.contains("kept") && text.contains("risks     A1d"), "{text}");
}

#[test]
fn a_dry_run_lists_everything_and_writes_nothing() {
    let folder = folder();
    let out = folder.path().join("out").display().to_string();
    let (code, text) = stdout(&["run", "pipelines/quickstart.toml", "--dry-run", "-o", &out]);
    assert_eq!(code, Some(0));
    for part in ["tamis-keywords", "gbt45654", "web/part-001.parquet", "633 rows", "8 shards"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, text) = stdout(&["run", "pipelines/quickstart.toml", "--dry-run", "--json", "-o", &out]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["shards"].as_array().map(Vec::len), Some(8));
    assert!(!folder.path().join("out").exists());
}

#[test]
fn keywords_are_counted_and_linted() {
    let (code, text) = stdout(&["keywords", "stats", "models/keywords", "--json"]);
    assert_eq!(code, Some(0));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = value["rows"].as_array().unwrap();
    for risk in ["A1a", "A1h", "A2a", "A2i"] {
        for lang in ["zh", "en"] {
            let of = rows.iter().filter(|row| row["risk"] == risk && row["lang"] == lang);
            let entries: u64 = of.filter_map(|row| row["entries"].as_u64()).sum();
            assert!(entries >= 20, "{risk} {lang}: {entries}");
        }
    }
    let folder = folder();
    tiny(folder.path());
    let library = folder.path().join("kw").display().to_string();
    let (code, text) = stdout(&["keywords", "lint", &library, "--as-of", "2026-12-24"]);
    assert!(code == Some(1) && text.contains("minimum-total") && text.contains("stale"), "{text}");
}

#[test]
fn wrong_arguments_end_with_2_and_help_names_every_command() {
    assert_eq!(tamis(&["run", "--thread", "2"]).status.code(), Some(2));
    assert_eq!(tamis(&["sieve"]).status.code(), Some(2));
    assert_eq!(tamis(&["run", "nowhere.toml"]).status.code(), Some(2));
    assert_eq!(tamis(&["run", "pipelines/quickstart.toml", "--memory", "lots", "--dry-run"]).status.code(), Some(2));
    let (_, help) = stdout(&["--help"]);
    for command in ["run", "tag", "judge", "emit", "explain", "keywords", "completions"] {
        assert!(help.contains(command), "{command}");
    }
    assert!(stdout(&["completions", "bash"]).1.contains("_tamis"));
    assert!(root().join("pipelines/quickstart.toml").exists());
}

#[test]
fn a_limited_run_reads_the_first_records_of_every_shard() {
    let folder = folder();
    let input = folder.path().join("in");
    write(&input.join("a.jsonl"), support::good_lines(0..30));
    write(&input.join("b.jsonl"), support::good_lines(0..4));
    let out = folder.path().join("out");
    assert_eq!(support::run(&input, &out, &["--limit", "10"]).0, 0);
    assert_eq!(support::report(&out)["records"]["read"], 14);
}
