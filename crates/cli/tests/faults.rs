//! A full disk, folders that cannot be written, inputs that vanish: a clear end, nothing half-written, and the next run
//! ends where an undisturbed one would have.

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use support::mixed::{assert_sound, copy_tree, corpus, library, unfinished};
use support::{PLANTED, assert_same_tree, folder, good_lines, pass, run, tree, write};

/// The user that nobody is.
const NOBODY: u32 = 65534;

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: folder() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs over `in` into `out` and `fresh`, and compares.
    fn assert_resumed(&self, out: &Path, more: &[&str], want: i32, what: &str) {
        let (code, text) = run(&self.at("in"), out, more);
        assert_eq!(code, want, "{what}: {text}");
        if !self.at("fresh").exists() {
            assert_eq!(run(&self.at("in"), &self.at("fresh"), more).0, want);
        }
        assert_same_tree(out, &self.at("fresh"), what);
        assert_eq!(unfinished(out), [""; 0], "{what}");
    }
}

/// Runs a shell script; `$@` in it is `tamis run` over a folder into another.
fn in_shell(script: &str, input: &Path, output: &Path, more: &[&str]) -> (i32, String) {
    let got = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_tamis"), "run", "builtin:quickstart", "--input"])
        .args([input, Path::new("--output"), output])
        .args(more)
        .output()
        .expect("a shell");
    (got.status.code().unwrap_or(-1), String::from_utf8_lossy(&got.stderr).into_owned())
}

/// What makes a mount namespace of our own here; none where that is not permitted.
fn unshare() -> Option<&'static str> {
    let can = |command: &&str| {
        let script = format!("{command} mount -t tmpfs -o size=64k tmpfs /tmp");
        Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    ["unshare -m", "unshare -Urm"].into_iter().find(can)
}

fn mixed() -> (Bench, Vec<String>) {
    let bench = Bench::new();
    corpus(&bench.at("in"), 1);
    let library = library(&bench.at("kw"), &[PLANTED]);
    (bench, vec!["--set".into(), library, "--set".into(), "output.keep_rejected=true".into()])
}

#[test]
fn a_full_disk_ends_the_run_and_with_space_it_goes_on() {
    let Some(unshare) = unshare() else {
        eprintln!("skipped: no mount namespace may be made here, so no small file system");
        return;
    };
    let (bench, settings) = mixed();
    let more: Vec<&str> = settings.iter().map(String::as_str).collect();
    bench.assert_resumed(&bench.at("whole"), &more, 3, "enough space");
    let finished = tree(&bench.at("fresh"));
    let whole: u64 = finished.values().map(|bytes| bytes.len().div_ceil(4096) as u64 * 4).sum();
    let mut ends = 0;
    // From a disk that takes the state file and little more, up to one that lacks the last few files.
    for share in [0, 4, 10, 25, 40, 60, 75, 90, 98] {
        let (out, kept) = (bench.at("small"), bench.at(&format!("kept-{share}")));
        for folder in [&out, &kept] {
            fs::create_dir_all(folder).unwrap();
        }
        let size = whole * share / 100 + 16;
        let script = format!(
            "{unshare} sh -c 'mount -t tmpfs -o size={size}k tmpfs {out} && {{ \"$@\"; code=$?; cp -a {out}/. {kept}; \
             exit $code; }}' sh \"$@\"",
            out = out.display(),
            kept = kept.display()
        );
        let (code, text) = in_shell(&script, &bench.at("in"), &out, &more);
        let what = format!("{size} kB of {whole}");
        if code == 4 {
            ends += 1;
            assert!(text.contains("free space there, then run again: what is finished stands"), "{what}: {text}");
            assert!(!kept.join("_SUCCESS").exists(), "{what}");
        } else {
            assert_eq!(code, 3, "{what}: {text}");
        }
        assert_eq!(unfinished(&kept), [""; 0], "{what}");
        assert_sound(&kept, &[&finished], &what);
        bench.assert_resumed(&kept, &more, 3, &what);
    }
    eprintln!("{ends} disks were too small");
    assert!(ends >= 6, "{ends} disks were too small");
}

#[test]
fn a_limit_on_file_sizes_ends_the_run_and_without_it_it_goes_on() {
    let (bench, settings) = mixed();
    let more: Vec<&str> = settings.iter().map(String::as_str).collect();
    for (n, blocks) in [1, 8, 60, 200].into_iter().enumerate() {
        let out = bench.at(&n.to_string());
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let (code, text) = in_shell(&script, &bench.at("in"), &out, &more);
        assert_eq!(code, 4, "{blocks} blocks: {text}");
        assert!(text.contains("ulimit -f), then run again: what is finished stands"), "{blocks} blocks: {text}");
        assert_eq!(unfinished(&out), [""; 0], "{blocks} blocks");
        bench.assert_resumed(&out, &more, 3, &format!("limited to {blocks} blocks"));
    }
}

/// `tamis run` by a user who may not write everywhere: another one where the test runs as root.
fn unprivileged(bench: &Bench, output: &Path) -> (i32, String) {
    let binary = bench.at("tamis");
    if !binary.exists() {
        fs::copy(env!("CARGO_BIN_EXE_tamis"), &binary).unwrap();
    }
    fs::set_permissions(bench.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&binary);
    command.args(["run", "builtin:quickstart", "--input"]).args([&bench.at("in"), Path::new("--output"), output]);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    let got = command.current_dir("/").output().expect("the program starts");
    (got.status.code().unwrap_or(-1), String::from_utf8_lossy(&got.stderr).into_owned())
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_at_once_and_left_as_it_was() {
    let bench = Bench::new();
    write(&bench.at("in/x.jsonl"), good_lines(0..50));
    let (locked, finished) = (bench.at("locked"), bench.at("finished"));
    fs::create_dir_all(&locked).unwrap();
    set_mode(&locked, 0o555);
    assert_eq!(run(&bench.at("in"), &finished, &[]).0, 0);
    let before = tree(&finished);
    for folder in ["finished", "finished/data", "finished/tags"] {
        set_mode(&bench.at(folder), 0o555);
    }
    set_mode(&finished.join("run.lock"), 0o444);
    for out in [locked.join("new"), locked.clone(), finished.clone()] {
        let (code, text) = unprivileged(&bench, &out);
        assert!(code == 2 && text.contains("must be writable") && text.contains("-o"), "{}: {text}", out.display());
        assert!(text.contains(&out.display().to_string()), "{text}");
    }
    assert_eq!(fs::read_dir(&locked).unwrap().count(), 0);
    assert_eq!(tree(&finished), before);
    // A file where the folder, or one above it, should be.
    for out in [bench.at("in/x.jsonl"), bench.at("kw/deep/out")] {
        write(&bench.at("kw"), "a file");
        let (code, text) = run(&bench.at("in"), &out, &[]);
        assert_eq!(code, 2, "{text}");
        fs::remove_file(bench.at("kw")).unwrap();
    }
    for folder in ["finished", "finished/data", "finished/tags", "locked"] {
        set_mode(&bench.at(folder), 0o755);
    }
}

#[test]
fn a_file_system_that_is_mounted_read_only_is_refused_at_once() {
    let Some(unshare) = unshare() else {
        eprintln!("skipped: no mount namespace may be made here, so no read-only file system");
        return;
    };
    let bench = Bench::new();
    write(&bench.at("in/x.jsonl"), good_lines(0..50));
    let out = bench.at("out");
    fs::create_dir_all(&out).unwrap();
    let script = format!("{unshare} sh -c 'mount -t tmpfs -o ro tmpfs {} && exec \"$@\"' sh \"$@\"", out.display());
    let (code, text) = in_shell(&script, &bench.at("in"), &out, &[]);
    assert!(code == 2 && text.contains("Read-only file system") && text.contains("-o"), "{text}");
}

#[test]
fn a_folder_that_turns_read_only_in_mid_run_ends_it_and_it_goes_on_when_mended() {
    let bench = Bench::new();
    write(&bench.at("in/x.jsonl"), good_lines(0..50));
    write(&bench.at("in/y.jsonl"), good_lines(0..50));
    for below in ["data", "verdicts", "tags", "ledger", "manifest/shards"] {
        let out = bench.at(&below.replace('/', "-"));
        fs::create_dir_all(out.join("manifest")).unwrap();
        fs::create_dir_all(out.join(below)).unwrap();
        for folder in [&out, &out.join("manifest")] {
            set_mode(folder, 0o777);
        }
        set_mode(&out.join(below), 0o555);
        let (code, text) = unprivileged(&bench, &out);
        assert!(code == 4 && text.contains("must be writable") && text.contains(below), "{below}: {text}");
        assert_eq!(unfinished(&out), [""; 0], "{below}");
        set_mode(&out.join(below), 0o777);
        bench.assert_resumed(&out, &[], 0, below);
    }
}

#[test]
fn an_input_that_vanishes_between_passes_is_waited_for() {
    let bench = Bench::new();
    write(&bench.at("in/a.jsonl"), good_lines(0..300));
    write(&bench.at("in/b.jsonl"), good_lines(300..500));
    let out = bench.at("out");
    for (done, next) in [(&["tag"][..], "judge"), (&["tag", "judge"], "emit")] {
        let _ = fs::remove_dir_all(&out);
        for command in done {
            assert_eq!(pass(command, &bench.at("in"), &out, &[]).0, 0, "{command}");
        }
        let before = tree(&out);
        fs::rename(bench.at("in/b.jsonl"), bench.at("away")).unwrap();
        let (code, text) = pass(next, &bench.at("in"), &out, &[]);
        assert!(code == 2 && text.contains("b.jsonl") && text.contains("no longer in the input"), "{next}: {text}");
        assert_eq!(tree(&out), before, "{next}: the tags stand");
        fs::rename(bench.at("away"), bench.at("in/b.jsonl")).unwrap();
        // The whole input, as when a network folder is not mounted.
        fs::rename(bench.at("in"), bench.at("away")).unwrap();
        let (code, text) = pass(next, &bench.at("in"), &out, &[]);
        assert!(code == 2 && text.contains("does not exist"), "{next}: {text}");
        fs::create_dir_all(bench.at("in")).unwrap();
        let (code, text) = pass(next, &bench.at("in"), &out, &[]);
        assert!(code == 2 && text.contains("holds no shard"), "{next}: {text}");
        assert_eq!(tree(&out), before, "{next}: the tags stand");
        fs::remove_dir(bench.at("in")).unwrap();
        fs::rename(bench.at("away"), bench.at("in")).unwrap();
        if next == "judge" {
            assert_eq!(pass("judge", &bench.at("in"), &out, &[]).0, 0);
        }
        assert_eq!(pass("emit", &bench.at("in"), &out, &[]).0, 0);
        bench.assert_resumed(&out, &[], 0, next);
    }
    // Gone for good: the whole run goes on without it.
    fs::remove_file(bench.at("in/b.jsonl")).unwrap();
    let (code, text) = run(&bench.at("in"), &out, &[]);
    assert!(code == 0 && text.contains("b.jsonl is no longer in the input"), "{text}");
    fs::remove_dir_all(bench.at("fresh")).unwrap();
    bench.assert_resumed(&out, &[], 0, "gone for good");
}

#[test]
fn an_input_that_vanishes_before_it_is_opened_is_set_aside_until_it_is_back() {
    let bench = Bench::new();
    write(&bench.at("in/a.jsonl"), good_lines(0..150_000));
    write(&bench.at("in/b.jsonl"), good_lines(0..50));
    let out = bench.at("out");
    let process = Command::new(env!("CARGO_BIN_EXE_tamis"))
        .args(["run", "builtin:quickstart", "--threads", "1", "--input"])
        .args([&bench.at("in"), Path::new("--output"), &out])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The large shard comes first; with one thread the small one is opened when it is done.
    while !out.join("tags").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    fs::rename(bench.at("in/b.jsonl"), bench.at("away")).unwrap();
    let got = process.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&got.stderr);
    assert_eq!(got.status.code(), Some(3), "{text}");
    assert!(text.contains("b.jsonl: unreadable: "), "{text}");
    fs::rename(bench.at("away"), bench.at("in/b.jsonl")).unwrap();
    let (code, text) = pass("tag", &bench.at("in"), &out, &[]);
    assert!(code == 0 && text.contains("1 tried again: unreadable the last time (b.jsonl)"), "{text}");
    bench.assert_resumed(&out, &[], 0, "back again");
}

#[test]
fn a_copy_of_a_folder_goes_on_like_the_folder() {
    let bench = Bench::new();
    write(&bench.at("in/a.jsonl"), good_lines(0..300));
    assert_eq!(pass("tag", &bench.at("in"), &bench.at("out"), &[]).0, 0);
    copy_tree(&bench.at("out"), &bench.at("copy"));
    bench.assert_resumed(&bench.at("copy"), &[], 0, "copied after tag");
}
