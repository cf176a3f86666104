//! What is read, where it is written, and that the two are kept apart.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use support::{folder, good_lines, pass, report, run, tree, verdicts, write};

/// Runs in a folder of its own; the exit code and standard error.
fn run_in(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let got = Command::new(env!("CARGO_BIN_EXE_tamis"))
        .args(["run", "builtin:quickstart"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    (got.status.code().unwrap_or(-1), String::from_utf8_lossy(&got.stderr).into_owned())
}

#[test]
fn a_folder_a_file_and_a_glob_name_their_shards() {
    let folder = folder();
    let input = folder.path().join("in");
    for name in ["a/x.jsonl", "a/b/y.jsonl", "z.jsonl", "_part/q.jsonl", ".h.jsonl", "notes.txt"] {
        write(&input.join(name), good_lines(0..5));
    }
    symlink(input.join("z.jsonl"), input.join("link.jsonl")).unwrap();
    let cases = [
        (input.clone(), vec!["a/b/y.jsonl", "a/x.jsonl", "z.jsonl"], 4),
        (input.join("a/x.jsonl"), vec!["x.jsonl"], 0),
        (input.join("a/**/*.jsonl"), vec!["b/y.jsonl", "x.jsonl"], 0),
    ];
    for (n, (from, paths, skipped)) in cases.into_iter().enumerate() {
        let out = folder.path().join(n.to_string());
        assert_eq!(run(&from, &out, &[]).0, 0, "{}", from.display());
        let data: Vec<String> = tree(&out.join("data")).into_keys().collect();
        assert_eq!(data, paths);
        assert_eq!(report(&out)["skipped_files"], skipped, "{}", from.display());
        assert!(paths.iter().all(|path| verdicts(&out, path).len() == 5));
    }
}

#[test]
fn two_inputs_with_one_name_are_refused_and_others_stand_side_by_side() {
    let folder = folder();
    for name in ["one/x.jsonl", "two/x.jsonl", "three/y.jsonl"] {
        write(&folder.path().join(name), good_lines(0..5));
    }
    let (code, text) = run_in(folder.path(), &["-i", "one", "-i", "two", "-o", "out"]);
    assert!(code == 2 && text.contains("both be written as x.jsonl"), "{text}");
    assert!(!folder.path().join("out").exists());
    assert_eq!(run_in(folder.path(), &["-i", "one", "-i", "three", "-o", "out"]).0, 0);
    assert_eq!(report(&folder.path().join("out"))["records"]["read"], 10);
}

#[test]
fn artefacts_that_cannot_stand_side_by_side_are_refused_before_any_work() {
    let folder = folder();
    for name in
        ["one/x.jsonl", "two/x.jsonl/y.jsonl", "three/x.jsonl.tags.parquet/y.jsonl", "four/x.jsonl.json/y.jsonl"]
    {
        write(&folder.path().join(name), good_lines(0..5));
    }
    for other in ["two", "three", "four"] {
        let (code, text) = run_in(folder.path(), &["-i", "one", "-i", other, "-o", "out"]);
        assert!(code == 2 && text.contains("a file for the one and a folder for the other"), "{other}: {text}");
        assert!(text.contains("one/x.jsonl") && text.contains("/y.jsonl"), "{other}: {text}");
        assert!(!folder.path().join("out").exists(), "{other}");
    }
}

#[test]
fn the_longest_name_that_fits_is_written_and_a_longer_one_refused() {
    let folder = folder();
    let name = format!("{}.jsonl", "n".repeat(232));
    write(&folder.path().join("in").join(&name), good_lines(0..5));
    assert_eq!(run_in(folder.path(), &["-i", "in", "-o", "out"]).0, 0);
    assert_eq!(verdicts(&folder.path().join("out"), &name).len(), 5);
    write(&folder.path().join("long").join(format!("n{name}")), good_lines(0..5));
    let (code, text) = run_in(folder.path(), &["-i", "long", "-o", "out2"]);
    assert!(code == 2 && text.contains("239 bytes") && text.contains("238"), "{text}");
    assert!(!folder.path().join("out2").exists());
    write(&folder.path().join(".tmp-x.jsonl"), good_lines(0..5));
    let (code, text) = run_in(folder.path(), &["-i", ".tmp-x.jsonl", "-o", "out2"]);
    assert!(code == 2 && text.contains(".tmp"), "{text}");
}

#[test]
fn output_inside_the_input_is_refused_however_it_is_spelled() {
    let folder = folder();
    let input = folder.path().join("in");
    write(&input.join("x.jsonl"), good_lines(0..5));
    symlink(&input, folder.path().join("alias")).unwrap();
    let absolute = input.join("out").display().to_string();
    for out in ["in/out", "./in/out", "in/../in/out/deep", "alias/out", &absolute] {
        let (code, text) = run_in(folder.path(), &["-i", "in", "-o", out]);
        assert!(code == 2 && text.contains("lies inside the input"), "{out}: {text}");
    }
    assert_eq!(tree(&input).len(), 1, "nothing was written");
    // A folder whose name begins alike is another one.
    assert_eq!(run_in(folder.path(), &["-i", "in", "-o", "in2"]).0, 0);
}

#[test]
fn a_run_never_reads_its_own_output_folder() {
    let folder = folder();
    write(&folder.path().join("in/x.jsonl"), good_lines(0..5));
    let out = folder.path().join("out");
    assert_eq!(run(&folder.path().join("in"), &out, &[]).0, 0);
    let before = tree(&out);
    symlink(&out, folder.path().join("alias")).unwrap();
    for input in ["out/data", "out/data/x.jsonl", "out/data/*.jsonl", "alias/data"] {
        let (code, text) = run_in(folder.path(), &["-i", input, "-o", "out"]);
        assert!(code == 2 && text.contains("inside the output folder"), "{input}: {text}");
    }
    assert_eq!(tree(&out), before, "the filtered data stand as they were");
}

#[test]
fn a_folder_that_is_not_ours_is_left_as_it_was() {
    let folder = folder();
    let (input, foreign) = (folder.path().join("in"), folder.path().join("foreign"));
    write(&input.join("x.jsonl"), good_lines(0..5));
    write(&foreign.join("deep/file.txt"), "x");
    let (code, text) = run(&input, &foreign, &[]);
    assert!(code == 2 && text.contains("not empty"), "{text}");
    assert_eq!(fs::read_dir(&foreign).unwrap().count(), 1, "no lock is left");
    let nowhere = folder.path().join("nowhere");
    for command in ["judge", "emit"] {
        let (code, text) = pass(command, &input, &nowhere, &[]);
        assert!(code == 2 && text.contains("holds no run"), "{command}: {text}");
        assert!(!nowhere.exists(), "{command}");
    }
    // Empty folders are what a run leaves that was killed before its first file.
    fs::create_dir_all(nowhere.join("manifest")).unwrap();
    assert_eq!(run(&input, &nowhere, &[]).0, 0);
}
