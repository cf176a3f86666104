//! A corpus in both formats with everything that a run has to deal with, and what must hold of its outputs at any moment.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::{PLANTED, tree, write};

/// A word that is in the corpus too, and in a library only where a test puts it there.
pub const OTHER_WORD: &str = "quibbex";
/// The shard that is set aside while it is emitted: a column that no detector reads is damaged.
pub const DAMAGED_LATE: &str = "late.parquet";

/// A fixed sequence that looks random (the constants of Knuth's MMIX).
pub struct Sequence(pub u64);

impl Sequence {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % bound
    }

    /// From 0 up to 1.
    pub fn share(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}

/// Every tenth record of one source is planted, of the others few are.
fn record(n: usize) -> (String, &'static str) {
    let source = ["good.example", "news.example", "bad.example", ""][n % 4];
    let word = match n % 40 {
        2 | 10 | 18 => PLANTED,
        0 if n.is_multiple_of(200) => PLANTED,
        5 => OTHER_WORD,
        _ => "",
    };
    let filler = ["好的文字 ordinary words ", "число и слово ", "plain talk of the day "][n % 3].repeat(3 + n * 7 % 29);
    (format!("text {n} {word} {filler}"), source)
}

/// Lines of JSON with a bad one among every thousand.
pub fn lines(rows: std::ops::Range<usize>) -> String {
    let line = |n: usize| {
        let (text, source) = record(n);
        let good = format!("{{\"id\": {n}, \"source\": \"{source}\", \"text\": \"{text}\"}}\n");
        match n % 1000 {
            17 => format!("{{\"id\": {n}, \"source\": \"{source}\", \"text\": null}}\n"),
            517 => format!("{{\"id\": {n}, \"source\": \"{source}\", \"text\": \"{text}\n\n"),
            _ => good,
        }
    };
    rows.map(line).collect()
}

pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text).expect("memory");
    gz.finish().expect("memory")
}

pub fn parquet_bytes(columns: Vec<(&str, ArrayRef)>, group: usize) -> Vec<u8> {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("a level")))
        .set_max_row_group_row_count(Some(group))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a schema");
    writer.write(&batch).expect("memory");
    writer.close().expect("memory");
    bytes
}

fn parquet(rows: std::ops::Range<usize>, group: usize) -> Vec<u8> {
    let text = rows.clone().map(|n| (n % 500 != 3).then(|| record(n).0)).collect::<StringArray>();
    let source = StringArray::from_iter_values(rows.clone().map(|n| record(n).1));
    let extra = StringArray::from_iter_values(rows.map(|n| format!("extra {}", n * 7919)));
    parquet_bytes(vec![("text", Arc::new(text)), ("source", Arc::new(source)), ("extra", Arc::new(extra))], group)
}

/// Text in a column of bytes; one row in 300 is no UTF-8.
fn binary_parquet(rows: std::ops::Range<usize>) -> Vec<u8> {
    let bytes = rows.clone().map(|n| if n % 300 == 7 { vec![b'a', 0xff] } else { record(n).0.into_bytes() });
    let source = StringArray::from_iter_values(rows.clone().map(|n| record(n).1));
    let text = BinaryArray::from_iter_values(bytes);
    parquet_bytes(vec![("text", Arc::new(text)), ("source", Arc::new(source))], 1000)
}

/// A Parquet file whose `extra` column cannot be decompressed.
fn damaged_late() -> Vec<u8> {
    let mut bytes = parquet(0..40, 40);
    let file = SerializedFileReader::new(bytes::Bytes::from(bytes.clone())).expect("a whole file");
    let column = file.metadata().row_group(0).column(2);
    let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset()) as usize;
    let frame = [0x28, 0xb5, 0x2f, 0xfd];
    let end = start + column.compressed_size() as usize;
    for at in start..end - 4 {
        if bytes[at..at + 4] == frame {
            bytes[at..at + 4].fill(0);
        }
    }
    bytes
}

/// Writes the corpus: about `scale` thousand records in each of six shards, some small shards, two that cannot be used.
pub fn corpus(input: &Path, scale: usize) {
    let n = scale * 1000;
    write(&input.join("a/one.parquet"), parquet(0..n, n / 3 + 1));
    write(&input.join("a/two.jsonl"), lines(0..n));
    write(&input.join("b/three.jsonl.gz"), gzip(lines(n..2 * n).as_bytes()));
    write(&input.join("b/four.jsonl.zst"), zstd::encode_all(lines(2 * n..3 * n).as_bytes(), 1).expect("memory"));
    write(&input.join("five.parquet"), binary_parquet(n..2 * n));
    write(&input.join("six.jsonl"), lines(3 * n..4 * n));
    for small in 0..4 {
        write(&input.join(format!("small/{small}.jsonl")), lines(small * 50..small * 50 + 40));
        write(&input.join(format!("small/{small}.parquet")), parquet(small * 60..small * 60 + 50, 20));
    }
    write(&input.join("broken.jsonl.gz"), lines(0..9));
    write(&input.join(DAMAGED_LATE), damaged_late());
}

/// Writes a keyword library of these words; the setting that names it.
pub fn library(folder: &Path, words: &[&str]) -> String {
    write(
        &folder.join("library.toml"),
        "name = 'tiny'\nversion = '1'\nupdated = '2026-11-24'\ntaxonomy = 'gbt45654'\n",
    );
    let row = |(n, word): (usize, &&str)| format!("A1d-en-{n:04}\tenforce\ten\tword\t{word}\t2026-11-24\t2026-11-24\n");
    let rows: String = words.iter().enumerate().map(row).collect();
    write(&folder.join("A1d.tsv"), format!("id\tlevel\tlang\tmatch\tterm\tadded\treviewed\n{rows}"));
    format!("detect.keywords.libraries=[{:?}]", folder.display().to_string())
}

/// Copies a folder.
pub fn copy_tree(from: &Path, to: &Path) {
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        fs::create_dir_all(to.join(&below)).expect("writable");
        for entry in fs::read_dir(from.join(&below)).expect("a folder").flatten() {
            let name = below.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(name);
            } else {
                fs::copy(entry.path(), to.join(name)).expect("writable");
            }
        }
    }
}

/// Names of unfinished files below a folder.
pub fn unfinished(output: &Path) -> Vec<String> {
    if !output.exists() {
        return Vec::new();
    }
    let temporary = |name: &String| name.rsplit('/').next().is_some_and(|name| name.starts_with(".tmp"));
    tree(output).into_keys().filter(temporary).collect()
}

fn json(path: &Path) -> serde_json::Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{} is half a file: {error}", path.display()))
}

/// Asserts what must hold of an output folder at any moment, also of one whose run was just killed:
/// every file under a final name is whole (it has the bytes that one of the finished trees has, where it is of a kind
/// that is written once), and every shard's manifest names only files that stand with its digests.
pub fn assert_sound(output: &Path, finished: &[&BTreeMap<String, Vec<u8>>], what: &str) {
    if !output.exists() {
        return;
    }
    for (name, bytes) in raw_tree(output) {
        let path = output.join(&name);
        let last = name.rsplit('/').next().unwrap_or_default();
        if last.starts_with(".tmp") || name == "run.lock" {
            continue;
        }
        if name.starts_with("manifest/shards/") {
            let manifest = json(&path);
            for (output_name, expected) in manifest["outputs"].as_object().expect("outputs") {
                let got = tamis_shard::digest_file(&output.join(output_name));
                let got = got.unwrap_or_else(|error| panic!("{what}: {name} claims {output_name}: {error}"));
                assert_eq!(expected["sha256"], got.sha256, "{what}: {name} claims {output_name}");
            }
        } else if name.ends_with(".json") {
            json(&path);
        } else if name.contains(DAMAGED_LATE) || name.starts_with("ledger/") {
            // Written more than once in a run, and other in between: whole all the same.
            if name.ends_with(".parquet") {
                let file = File::open(&path).expect("a file");
                let rows = SerializedFileReader::new(file).unwrap_or_else(|error| panic!("{what}: {name}: {error}"));
                assert!(rows.get_row_iter(None).expect("rows").all(|row| row.is_ok()), "{what}: {name}");
            }
        } else {
            let whole = finished.iter().any(|tree| tree.get(&name) == Some(&bytes));
            assert!(whole, "{what}: {name} is not what a finished run leaves");
        }
    }
}

/// Asserts that the source verdicts were on disk before any row was emitted; false where none is emitted yet.
pub fn assert_judged_before_emitted(output: &Path, what: &str) -> bool {
    let emitted = output.join("data").exists() && tree(&output.join("data")).keys().any(|name| !name.contains(".tmp"));
    let late = output.join(format!("manifest/shards/{DAMAGED_LATE}.json"));
    // That shard takes its rows out of the ledger while others are emitted already: it is being made anew.
    let remaking = late.exists() && json(&late)["status"] == "quarantined";
    if !emitted || remaking {
        return false;
    }
    assert_ledger_stands(output, what);
    true
}

/// Asserts that the source verdicts are on disk, whole, and named by the state file.
pub fn assert_ledger_stands(output: &Path, what: &str) {
    let state = json(&output.join("manifest/state.json"));
    assert!(state["judged"].is_string(), "{what}: rows were emitted before the sources were judged: {state}");
    for name in ["ledger/sources.parquet", "ledger/sources.csv"] {
        let got = tamis_shard::digest_file(&output.join(name)).expect("a ledger");
        assert_eq!(state["ledger"][name]["sha256"], got.sha256, "{what}: {name}");
    }
}

/// As [`tree`], for a folder that may be of a run that has not finished.
fn raw_tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in walkdir(folder) {
        let name = entry.strip_prefix(folder).expect("below").display().to_string();
        files.insert(name, fs::read(&entry).expect("a file"));
    }
    files
}

fn walkdir(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).expect("a folder").flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files
}
