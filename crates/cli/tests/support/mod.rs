//! Running the program and reading what it leaves.
#![allow(dead_code)] // every test file uses a part of it

pub mod mixed;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tamis_shard::table::{VerdictRow, VerdictsReader};

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs `tamis` in the checkout.
pub fn tamis(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tamis")).args(arguments).current_dir(root()).output().expect("the program starts")
}

/// Runs `tamis COMMAND builtin:quickstart` over a folder; the exit code and standard error.
pub fn pass(command: &str, input: &Path, output: &Path, more: &[&str]) -> (i32, String) {
    let (input, output) = (input.display().to_string(), output.display().to_string());
    let mut arguments = vec![command, "builtin:quickstart", "--input", &input, "--output", &output];
    arguments.extend_from_slice(more);
    let got = tamis(&arguments);
    (got.status.code().unwrap_or(-1), String::from_utf8_lossy(&got.stderr).into_owned())
}

/// `tamis run`.
pub fn run(input: &Path, output: &Path, more: &[&str]) -> (i32, String) {
    pass("run", input, output, more)
}

/// Every file below a folder with its bytes; the lock left out, the run's manifest without its metadata.
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("below").display().to_string();
            let mut bytes = fs::read(&path).expect("a file");
            if name == "manifest/run.json" {
                let mut value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
                value.as_object_mut().expect("an object").remove("metadata").expect("metadata");
                bytes = value.to_string().into_bytes();
            }
            if name != "run.lock" {
                files.insert(name, bytes);
            }
        }
    }
    files
}

/// Asserts that two folders hold the same files, naming the first that differs.
pub fn assert_same_tree(a: &Path, b: &Path, what: &str) {
    let (a, b) = (tree(a), tree(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{what}: other files");
    for (name, bytes) in &a {
        assert!(bytes == &b[name], "{what}: {name} differs");
    }
}

/// The verdicts of one shard.
pub fn verdicts(output: &Path, path: &str) -> Vec<VerdictRow> {
    let mut reader = VerdictsReader::open(&output.join(format!("verdicts/{path}.verdicts.parquet"))).expect("verdicts");
    let mut rows = Vec::new();
    while let Some(more) = reader.next_rows().expect("readable verdicts") {
        rows.extend(more);
    }
    rows
}

/// A shard's manifest.
pub fn manifest(output: &Path, path: &str) -> serde_json::Value {
    let text = fs::read(output.join(format!("manifest/shards/{path}.json"))).expect("a manifest");
    serde_json::from_slice(&text).expect("JSON")
}

/// The run's report.
pub fn report(output: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(output.join("report.json")).expect("a report")).expect("JSON")
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
    fs::write(path, content).expect("writable");
}

/// The word that the library of [`library`] enforces as A1d.
pub const PLANTED: &str = "zorblax";

/// Writes a keyword library of one made-up word; its folder.
pub fn library(folder: &Path) -> PathBuf {
    let library = folder.join("kw");
    write(
        &library.join("library.toml"),
        "name = 'tiny'\nversion = '1'\nupdated = '2026-11-24'\ntaxonomy = 'gbt45654'\n",
    );
    let header = "id\tlevel\tlang\tmatch\tterm\tadded\treviewed";
    let row = format!("A1d-en-0001\tenforce\ten\tword\t{PLANTED}\t2026-11-24\t2026-11-24");
    write(&library.join("A1d.tsv"), format!("{header}\n{row}\n"));
    library
}

/// Runs `tamis run` with the library of one word; no source is rejected, so only its own words drop a record.
pub fn run_planted(input: &Path, output: &Path, more: &[&str]) -> (i32, String) {
    let library = library(&output.with_extension("library"));
    let libraries = format!("detect.keywords.libraries=[{:?}]", library.display().to_string());
    let mut settings = vec!["--set", &libraries, "--set", "policy.source_limit_percent=100"];
    settings.extend_from_slice(more);
    run(input, output, &settings)
}

/// Lines of good records.
pub fn good_lines(range: std::ops::Range<usize>) -> String {
    range
        .map(|n| format!("{{\"id\": {n}, \"text\": \"plain text number {n} 好\", \"source\": \"s{}\"}}\n", n % 3))
        .collect()
}

/// A temporary folder.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
