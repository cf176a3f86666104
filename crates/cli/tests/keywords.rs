//! `tamis keywords` as its users meet it: a list comes in, is measured, loses what cries wolf, and goes into a run.

mod support;

use std::fs;
use std::path::Path;

use support::{folder, tamis};

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn keywords(arguments: &[&str]) -> Said {
    let got = tamis(&[&["keywords"], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    Said { code: got.status.code(), out: text(&got.stdout), err: text(&got.stderr) }
}

fn done(arguments: &[&str]) -> Said {
    let said = keywords(arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
    said
}

fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&done(&[arguments, &["--json"]].concat()).out).expect("JSON")
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A library made by `import` from a plain list.
fn imported(folder: &Path, terms: &str) -> String {
    let (list, library) = (folder.join("list.txt"), folder.join("mine"));
    fs::write(&list, terms).expect("a list");
    let options = ["--risk", "A1d", "--level", "enforce", "--date", "2026-11-24"];
    let said = done(&[&["import", &text(&list), "--into", &text(&library)], &options[..]].concat());
    assert!(said.out.is_empty() && said.err.contains("entries added"), "{}", said.err);
    text(&library)
}

const SAMPLE: &str = "\
{\"text\": \"a plain text about kites\", \"dataset\": \"plain\"}
{\"text\": \"a zorb and a kite\", \"dataset\": \"plain\", \"categories\": [], \"known\": [\"*\"]}
{\"text\": \"grob them all\", \"categories\": [\"A1d\"], \"known\": [\"A1d\"], \"dataset\": \"bad\"}
{\"text\": \"no grob here\", \"categories\": [], \"known\": [\"A1e\"], \"split\": \"other\"}
{\"body\": \"no text\"}
";

#[test]
fn a_list_is_imported_measured_and_levelled() {
    let folder = folder();
    let library = imported(folder.path(), "# mine\nzorb\ngrob\nzorb\nz\n坏词\n");
    let file = Path::new(&library).join("A1d.tsv");
    let rows = fs::read_to_string(&file).expect("the file");
    assert!(rows.contains("A1d-en-mine0001\tenforce\ten\tword\tzorb\t"), "{rows}");
    assert!(rows.contains("A1d-zh-mine0001\tenforce\tzh\tsubstring\t坏词\t"), "{rows}");
    assert!(rows.contains("# from list.txt, to be reviewed"));

    let sample = folder.path().join("sample.jsonl");
    fs::write(&sample, SAMPLE).expect("a sample");
    let measured = json(&["test", &text(&sample), "--library", &library]);
    assert_eq!((&measured["texts"], &measured["unusable"], &measured["clean"]), (&4.into(), &1.into(), &2.into()));
    assert_eq!(measured["enforced"]["clean_texts"], 1);
    assert_eq!(measured["enforced"]["right"], 1);
    let entries = measured["entries"].as_array().expect("entries");
    let earned = |id: &str| {
        let entry = entries.iter().find(|entry| entry["entry"] == id).expect("an entry that hits");
        entry["earned"].as_str().expect("a level").to_owned()
    };
    assert_eq!((earned("A1d-en-mine0001"), earned("A1d-en-mine0002")), ("advisory".into(), "enforce".into()));
    assert_eq!(json(&["test", &text(&sample), "--library", &library, "--only", "split=other"])["labelled"], 1);

    let report = folder.path().join("report.md");
    let options = ["--library", &library, "--set-levels", "--report", &text(&report)];
    let said = done(&[&["test", &text(&sample)], &options[..]].concat());
    assert!(said.err.contains("entries made advisory: 1"), "{}", said.err);
    assert!(said.out.contains("enforcing entries hit 1 of the clean texts (50.0 %)"), "{}", said.out);
    assert!(
        fs::read_to_string(&report).expect("the report").contains("| A1d-en-mine0001 | enforce | 1 | 1 | 0 | 0 | 0 |")
    );
    let levelled = fs::read_to_string(&file).expect("the file");
    assert_eq!(levelled, rows.replace("mine0001\tenforce\ten", "mine0001\tadvisory\ten"));
}

#[test]
fn libraries_are_compared_exported_and_stacked() {
    let folder = folder();
    let before = imported(folder.path(), "zorb\ngrob\n");
    let after = folder.path().join("after");
    fs::create_dir(&after).expect("a folder");
    for name in ["library.toml", "A1d.tsv"] {
        let content = fs::read_to_string(Path::new(&before).join(name)).expect("a file");
        fs::write(after.join(name), content.replace("\tgrob\t", "\tgrobs\t")).expect("a file");
    }
    let more = folder.path().join("more.csv");
    fs::write(&more, "kind,text\nfruit,floob\n").expect("a table");
    let options =
        ["--risk", "A1d", "--tag", "x", "--note-column", "kind", "--date", "2026-11-25", "--level", "enforce"];
    done(&[&["import", &text(&more), "--into", &text(&after)], &options[..]].concat());
    let sample = folder.path().join("sample.jsonl");
    fs::write(&sample, SAMPLE).expect("a sample");

    let diff = json(&["diff", &before, &text(&after), "--sample", &text(&sample)]);
    assert_eq!(diff["added"], serde_json::json!(["A1d-en-x0003"]));
    assert_eq!(diff["changed"][0]["entry"], "A1d-en-mine0002");
    assert_eq!(diff["changed"][0]["changes"][0]["after"], "grobs");
    assert_eq!((&diff["effect"]["newly_hit"], &diff["effect"]["no_longer_hit"]), (&0.into(), &2.into()));
    let said = done(&["diff", &before, &text(&after)]).out;
    assert!(said.contains("term: \"grob\" → \"grobs\"") && said.contains("1 added, 0 removed, 1 changed"), "{said}");

    let exported = done(&["export", &text(&after)]).out;
    let again = folder.path().join("again");
    fs::create_dir(&again).expect("a folder");
    fs::copy(after.join("library.toml"), again.join("library.toml")).expect("a copy");
    fs::write(again.join("A1d.tsv"), &exported).expect("a file");
    assert_eq!(done(&["export", &text(&again)]).out, exported);
    assert!(json(&["diff", &text(&after), &text(&again)])["changed"].as_array().expect("a list").is_empty());
    assert_eq!(done(&["export", &before, "--format", "plain", "--risk", "A1d"]).out, "zorb\ngrob\n");

    let note = folder.path().join("note.txt");
    fs::write(&note, "z o r b and a floob").expect("a text");
    let libraries = format!("detect.keywords.libraries=[\"builtin:keywords\", {:?}]", text(&after));
    let explained = tamis(&["explain", &text(&note), "--set", &libraries]);
    let out = String::from_utf8(explained.stdout).expect("UTF-8");
    assert!(out.contains("A1d-en-x0003") && out.contains("keyword:A1d"), "{out}");
    let removed = "detect.keywords.remove=[\"A1d-en-x0003\"]";
    let explained = tamis(&["explain", &text(&note), "--set", &libraries, "--set", removed]);
    assert!(String::from_utf8(explained.stdout).expect("UTF-8").contains("no enforcing rule is met"));
}

#[test]
fn mistakes_are_told_with_the_way_out() {
    let folder = folder();
    let library = imported(folder.path(), "zorb\n");
    let list = text(&folder.path().join("list.txt"));
    let latin = folder.path().join("latin.txt");
    fs::write(&latin, b"caf\xe9\n").expect("a list");
    let empty = folder.path().join("empty.jsonl");
    fs::write(&empty, "").expect("a file");
    let refused = |arguments: &[&str], expected: &str| {
        let said = keywords(arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {}", said.err);
        assert!(said.err.contains(expected), "{arguments:?}: {}", said.err);
    };
    refused(&["import", &list, "--into", &library, "--risk", "B9"], "--risk B9: expected one of A1a, A1b");
    refused(
        &["import", &list, "--into", &library, "--risk", "A1d", "--format", "xml"],
        "expected one of plain, tagged, csv",
    );
    refused(&["import", &list, "--into", &library, "--risk", "A1d", "--tag", "X1"], "expected small letters only");
    refused(&["import", &text(&latin), "--into", &library, "--risk", "A1d"], "not UTF-8 from byte 3 on");
    refused(
        &["import", &list, "--into", &library, "--risk", "A1d", "--format", "json"],
        "expected an array of objects",
    );
    refused(&["import", "no-such-list", "--into", &library, "--risk", "A1d"], "no-such-list: ");
    refused(&["test", &text(&empty), "--library", &library], "the sample has no text");
    refused(&["test", &text(&empty), "--library", &library, "--only", "split"], "expected KEY=VALUE");
    refused(&["test", "no-such-sample", "--library", &library], "no-such-sample");
    refused(&["export", &library, "--level", "loud"], "expected advisory or enforce");
    refused(&["export", &library, "--format", "xml"], "expected tsv or plain");
    refused(&["lint", &library, "--as-of", "today"], "--as-of today: expected YYYY-MM-DD");
    refused(&["diff", &library, "no-such-library"], "no-such-library");
    let sample = folder.path().join("sample.jsonl");
    fs::write(&sample, "{\"text\": \"zorb\"}\n").expect("a sample");
    let said = keywords(&["test", &text(&sample), "--library", "builtin:keywords", "--set-levels"]);
    assert!(said.code == Some(2) && said.err.contains("give --library a folder"), "{}", said.err);
    // Nothing new to add is no mistake, and changes nothing.
    let before = fs::read_to_string(Path::new(&library).join("A1d.tsv")).expect("the file");
    let said = done(&["import", &list, "--into", &library, "--risk", "A1d"]);
    assert!(said.err.contains("0 entries added; 1 left out: known already"), "{}", said.err);
    assert_eq!(fs::read_to_string(Path::new(&library).join("A1d.tsv")).expect("the file"), before);
}
