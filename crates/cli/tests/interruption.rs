//! Runs that were stopped, done pass by pass or overtaken by a change end where an undisturbed run would have.

mod support;

use std::fs;
use std::path::PathBuf;

use support::{assert_same_tree, folder, good_lines, manifest, pass, run, write};

fn paths(folder: &tempfile::TempDir) -> (PathBuf, PathBuf, PathBuf) {
    let at = |name: &str| folder.path().join(name);
    (at("in"), at("out"), at("fresh"))
}

#[test]
fn the_passes_one_by_one_come_to_the_same_as_a_run() {
    let folder = folder();
    let (input, out, fresh) = paths(&folder);
    write(&input.join("a.jsonl"), good_lines(0..300));
    write(&input.join("b.jsonl"), good_lines(300..900));
    for command in ["tag", "judge"] {
        assert_eq!(pass(command, &input, &out, &[]).0, 0, "{command}");
        assert!(!out.join("_SUCCESS").exists(), "{command}");
    }
    assert_eq!(pass("emit", &input, &out, &[]).0, 0);
    assert_eq!(run(&input, &fresh, &[]).0, 0);
    assert_same_tree(&out, &fresh, "tag, judge, emit");
    write(&input.join("c.jsonl"), good_lines(0..10));
    let (code, text) = pass("judge", &input, &out, &[]);
    assert!(code == 2 && text.contains("c.jsonl has no tags") && text.contains("tamis tag"), "{text}");
}

#[test]
fn a_run_stopped_by_a_bad_shard_goes_on_without_it_and_takes_it_back_when_mended() {
    let folder = folder();
    let (input, out, fresh) = paths(&folder);
    write(&input.join("a.jsonl"), good_lines(0..3000));
    write(&input.join("bad.jsonl.gz"), good_lines(0..9));
    let (code, text) = run(&input, &out, &["--fail-fast"]);
    assert!(code == 3 && text.contains("bad.jsonl.gz"), "{text}");
    assert!(!out.join("_SUCCESS").exists());
    assert_eq!(run(&input, &out, &[]).0, 3);
    assert_eq!(run(&input, &fresh, &[]).0, 3);
    assert_same_tree(&out, &fresh, "stopped, then not");
    assert_eq!(run(&input, &out, &[]).0, 3, "a finished run says the same again");
    assert_eq!(pass("tag", &input, &out, &[]).0, 3, "and so does its tag pass");
    assert_eq!(run(&input, &out, &[]).0, 3);
    assert_same_tree(&out, &fresh, "twice");

    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gz, good_lines(0..9).as_bytes()).unwrap();
    write(&input.join("bad.jsonl.gz"), gz.finish().unwrap());
    assert_eq!(run(&input, &out, &[]).0, 0);
    fs::remove_dir_all(&fresh).unwrap();
    assert_eq!(run(&input, &fresh, &[]).0, 0);
    assert_same_tree(&out, &fresh, "mended");
}

#[test]
fn a_shard_that_changes_between_two_passes_is_set_aside_until_the_next_run() {
    let folder = folder();
    let (input, out, fresh) = paths(&folder);
    let shard = input.join("a.jsonl");
    write(&shard, good_lines(0..300));
    write(&input.join("b.jsonl"), good_lines(300..500));
    for command in ["tag", "judge"] {
        assert_eq!(pass(command, &input, &out, &[]).0, 0, "{command}");
    }
    write(&shard, good_lines(0..200));
    let (code, text) = pass("emit", &input, &out, &[]);
    assert!(code == 3 && text.contains("a.jsonl: unreadable: the shard changed between two passes"), "{text}");
    assert_eq!(manifest(&out, "a.jsonl")["status"], "quarantined");
    assert!(out.join("_SUCCESS").exists(), "the other shard is finished");
    // The old content is back: what was set aside then is readable now.
    write(&shard, good_lines(0..300));
    assert_eq!(run(&input, &out, &[]).0, 0);
    assert_eq!(run(&input, &fresh, &[]).0, 0);
    assert_same_tree(&out, &fresh, "changed and changed back");
}
