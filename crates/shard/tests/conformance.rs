//! The public conformance suites of Parquet and JSON, where they are at hand: `TAMIS_CONFORMANCE` names a folder with
//! `parquet-testing` (apache/parquet-testing) and `JSONTestSuite` (nst/JSONTestSuite). Prints what was tried and what
//! came. Without the variable nothing is tried, and that is said.

#![allow(clippy::print_stdout)] // what came is the point

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use tamis_rules::{Outcome, PiiSet, RiskSet, Taxonomy};
use tamis_shard::format::jsonl::{JsonlParser, open_lines};
use tamis_shard::format::parquet::{ParquetCopy, ParquetShard, ParquetWriter};
use tamis_shard::{BlockSize, ColumnMap, Compression, Limits, RecordIds, RowPlan, ShardError, SourceOrigin};

/// Files of `data` that are broken on purpose, and the word that must name why.
const BROKEN: [(&str, &str); 2] = [
    ("datapage_v1-corrupt-checksum.parquet", "checksum"),
    ("rle-dict-uncompressed-corrupt-checksum.parquet", "checksum"),
];

/// Valid files that the parquet crate's own reader refuses, with their number of rows and one of them, as another
/// implementation reads them: a footer with a field of a foreign type, and a chunk that is longer than it says.
const REFUSED_ELSEWHERE: [(&str, usize, &str); 2] = [
    ("dict-page-offset-zero.parquet", 39, "{l_partkey: 1552}"),
    ("nation.dict-malformed.parquet", 25, "nation_key: 2, name: [66, 82, 65, 90, 73, 76], region_key: 1,"),
];

fn suite(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("TAMIS_CONFORMANCE") else {
        println!("skipped: TAMIS_CONFORMANCE names no folder with {name}");
        return None;
    };
    Some(Path::new(&folder).join(name))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{} holds no {extension}", folder.display());
    found
}

/// Copies a whole file through the shard writer.
fn copy(from: &Path, to: &Path, limits: Limits) -> Result<u64, ShardError> {
    let taxonomy = Arc::new(Taxonomy::builtin("gbt45654").unwrap());
    let copy = ParquetCopy::new(ParquetShard::open(from, limits)?, false, &[], taxonomy)?;
    let mut writer = ParquetWriter::create(to, &copy)?;
    let ids = RecordIds::new("x", "");
    let plan = RowPlan {
        outcome: Outcome::Kept,
        record_id: ids.row(0),
        source: "".into(),
        risks: RiskSet::default(),
        advisory: RiskSet::default(),
        pii: PiiSet::default(),
        spans: Vec::new(),
    };
    let mut rows = 0;
    for group in 0..copy.row_groups() {
        let plans = vec![plan.clone(); copy.rows_of(group)];
        rows += plans.len() as u64;
        writer.append(copy.encode(group, &plans, Outcome::Kept, None)?)?;
    }
    writer.stage()?.place()?;
    Ok(rows)
}

/// A leaf of a whole file: its values and levels, as the parquet crate's own reader gives them.
type LeafContent = (Vec<String>, Vec<i16>, Vec<i16>);

fn content(path: &Path) -> Vec<LeafContent> {
    let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let leaves = file.metadata().file_metadata().schema_descr().num_columns();
    let mut contents = vec![LeafContent::default(); leaves];
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group).unwrap();
        let rows = group.metadata().num_rows() as usize;
        for (leaf, out) in contents.iter_mut().enumerate() {
            match group.get_column_reader(leaf).unwrap() {
                ColumnReader::BoolColumnReader(reader) => read(reader, rows, out),
                ColumnReader::Int32ColumnReader(reader) => read(reader, rows, out),
                ColumnReader::Int64ColumnReader(reader) => read(reader, rows, out),
                ColumnReader::Int96ColumnReader(reader) => read(reader, rows, out),
                ColumnReader::FloatColumnReader(reader) => read(reader, rows, out),
                ColumnReader::DoubleColumnReader(reader) => read(reader, rows, out),
                ColumnReader::ByteArrayColumnReader(reader) => read(reader, rows, out),
                ColumnReader::FixedLenByteArrayColumnReader(reader) => read(reader, rows, out),
            }
        }
    }
    contents
}

/// Every row as text.
fn rows_of(path: &Path) -> Vec<String> {
    let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    file.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
}

fn read<T: DataType>(mut reader: ColumnReaderImpl<T>, rows: usize, out: &mut LeafContent) {
    let mut left = rows;
    while left > 0 {
        let (mut values, before) = (Vec::new(), left);
        let (records, ..) = reader.read_records(left, Some(&mut out.1), Some(&mut out.2), &mut values).unwrap();
        // A value of a gigabyte is compared by its digest.
        out.0.extend(values.iter().map(|value| blake3::hash(value.as_bytes()).to_string()));
        left -= records;
        assert!(left < before, "the parquet crate reads fewer rows than the footer names");
    }
}

#[test]
fn every_valid_parquet_file_round_trips_and_every_broken_one_is_named() {
    let Some(folder) = suite("parquet-testing") else { return };
    let out = tempfile::tempdir().unwrap();
    let (mut equal, mut leaves, mut rows) = (0, 0, 0);
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    let mut failures = Vec::new();
    for path in files(&folder.join("data"), ".parquet") {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let to = out.path().join("copy.parquet");
        // A few files hold gigabytes in a few kilobytes: with the default bound they end as `limit`.
        let bounded = copy(&path, &to, Limits::default());
        let copied = match bounded {
            Err(ShardError::Bad(bad)) if bad.kind.name() == "limit" => {
                named.insert(name.clone(), format!("{bad} (read whole without the bound)"));
                copy(&path, &to, Limits::NONE)
            }
            other => other,
        };
        if let Some((_, count, row)) = REFUSED_ELSEWHERE.iter().find(|(other, ..)| name.ends_with(other)) {
            let copy = copied.map(|_| rows_of(&to)).unwrap_or_default();
            if copy.len() == *count && copy[2].contains(row) {
                equal += 1;
                leaves += content(&to).len();
                rows += copy.len() as u64;
            } else {
                failures.push(format!("{name}: {} rows, {:?}", copy.len(), copy.get(2)));
            }
            continue;
        }
        match (copied, BROKEN.iter().find(|(broken, _)| name.ends_with(broken))) {
            (Ok(_), Some(_)) => failures.push(format!("{name}: broken and yet accepted")),
            (Ok(copied), None) => {
                let (before, after) = (content(&path), content(&to));
                if before == after {
                    equal += 1;
                    leaves += before.len();
                    rows += copied;
                } else {
                    let differs = before.iter().zip(&after).position(|(a, b)| a != b);
                    failures.push(format!("{name}: leaf {differs:?} differs"));
                }
            }
            (Err(error), Some((_, word))) if error.to_string().contains(word) => {
                named.insert(name, error.to_string());
            }
            (Err(error), _) => failures.push(format!("{name}: {error}")),
        }
    }
    println!("parquet-testing/data: {equal} files equal in all {leaves} columns, {rows} rows");
    for path in files(&folder.join("data"), ".encrypted") {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        match copy(&path, &out.path().join("x.parquet"), Limits::default()) {
            Err(error) if error.to_string().starts_with("unsupported") => {
                named.insert(name, error.to_string());
            }
            other => failures.push(format!("{name}: {other:?}")),
        }
    }
    for path in files(&folder.join("bad_data"), ".parquet") {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let to = out.path().join("bad.parquet");
        match catch_unwind(AssertUnwindSafe(|| copy(&path, &to, Limits::default()))) {
            Ok(Ok(_)) if content(&path) == content(&to) => {
                named.insert(name, "read right".into());
            }
            Ok(Ok(_)) => failures.push(format!("{name}: read, and yet it differs")),
            Ok(Err(error)) => {
                named.insert(name, error.to_string());
            }
            Err(_) => {
                named.insert(name, "internal: contained (the decoder panicked)".into());
            }
        }
    }
    named.iter().for_each(|(name, what)| println!("  {name}: {what}"));
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Quarantine reasons of the records of one JSONL file.
fn reasons(path: &Path) -> Vec<Option<&'static str>> {
    let columns = ColumnMap {
        text: vec!["text".into()],
        id: None,
        source: SourceOrigin::Constant(String::new()),
        lang: None,
        modality: None,
    };
    let parser = JsonlParser::new(&columns, "x.jsonl");
    let mut lines = open_lines(path, Compression::Plain, Limits::default(), BlockSize::default()).unwrap();
    let mut reasons = Vec::new();
    while let Some(block) = lines.next_block().unwrap() {
        reasons.extend(parser.parse(&block).heads.iter().map(|head| head.quarantine.map(|reason| reason.name())));
    }
    reasons
}

#[test]
fn json_is_accepted_and_refused_as_the_standard_says() {
    let Some(folder) = suite("JSONTestSuite/test_parsing") else { return };
    let work = tempfile::tempdir().unwrap();
    let mut counts: BTreeMap<(char, &str), u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for path in files(&folder, ".json") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let class = name.chars().next().unwrap();
        let mut case = fs::read(&path).unwrap();
        if class == 'y' {
            // A line feed between tokens is white space, and would end the record here.
            case.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        }
        let line = [b"{\"text\":\"x\",\"v\":", &case[..], b"}\n"].concat();
        let shard = work.path().join("x.jsonl");
        fs::write(&shard, line).unwrap();
        match catch_unwind(|| reasons(&shard)) {
            Ok(reasons) => {
                let accepted = reasons.iter().all(Option::is_none);
                let refused = reasons.iter().all(Option::is_some);
                *counts.entry((class, if accepted { "accepted" } else { "quarantined" })).or_default() += 1;
                if (class == 'y' && !accepted) || (class == 'n' && !refused) {
                    failures.push(format!("{name}: {reasons:?}"));
                }
            }
            Err(_) => failures.push(format!("{name}: panic")),
        }
    }
    println!("JSONTestSuite: {counts:?}");
    assert!(failures.is_empty(), "{failures:#?}");
}
