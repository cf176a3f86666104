//! What a forger would do: change a file of a finished run, and then every digest that depends on it.
#![allow(dead_code)] // a test file may use a part of it

pub mod changes;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tamis_rules::{Ledger, LedgerEntry, Taxonomy};
use tamis_shard::statement::Statement;
use tamis_shard::table::{
    FindingRow, FindingsReader, FindingsWriter, TagRow, TagsReader, TagsWriter, VerdictRow, VerdictsReader,
    VerdictsWriter, read_ledger, write_ledger,
};
use tamis_shard::{
    LEDGER_FILES, OutputDir, Report, RowCounts, RunState, ShardManifest, Subject, SubjectDigest, digest_file,
    root_hash, write_json,
};

/// A plain JSONL shard with records of a rejected source, and a Parquet one.
pub const JSONL: &str = "forum/2025-10.jsonl";
pub const PARQUET: &str = "web/part-001.parquet";

pub fn taxonomy() -> Arc<Taxonomy> {
    Arc::new(Taxonomy::builtin("gbt45654").expect("the builtin taxonomy"))
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { drop(fs::copy(entry.path(), target)) }
    }
}

/// Changes the verdicts of a shard.
pub fn edit_verdicts(out: &Path, path: &str, edit: impl FnOnce(&mut Vec<VerdictRow>)) {
    let mut rows = super::support::verdicts(out, path);
    edit(&mut rows);
    let target = out.join(format!("verdicts/{path}.verdicts.parquet"));
    let mut writer = VerdictsWriter::create(&target).expect("writable");
    rows.iter().for_each(|row| writer.push(row).expect("encodable"));
    writer.stage().and_then(|staged| staged.place()).expect("writable");
}

/// Changes the tags of a shard.
pub fn edit_tags(out: &Path, path: &str, edit: impl FnOnce(&mut Vec<TagRow>)) {
    let target = out.join(format!("tags/{path}.tags.parquet"));
    let mut reader = TagsReader::open(&target, taxonomy()).expect("tags");
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().expect("readable tags") {
        rows.push(row);
    }
    edit(&mut rows);
    let mut writer = TagsWriter::create(&target, taxonomy()).expect("writable");
    rows.iter().for_each(|row| writer.push(row).expect("encodable"));
    writer.stage().and_then(|staged| staged.place()).expect("writable");
}

/// Changes the findings of a shard.
pub fn edit_findings(out: &Path, path: &str, edit: impl FnOnce(&mut Vec<FindingRow>)) {
    let target = out.join(format!("findings/{path}.findings.parquet"));
    let mut reader = FindingsReader::open(&target).expect("findings");
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().expect("readable findings") {
        rows.push(row);
    }
    edit(&mut rows);
    let mut writer = FindingsWriter::create(&target).expect("writable");
    rows.iter().for_each(|row| writer.push(row).expect("encodable"));
    writer.stage().and_then(|staged| staged.place()).expect("writable");
}

/// Changes the ledger, both of its files.
pub fn edit_ledger(out: &Path, edit: impl FnOnce(&mut Vec<LedgerEntry>)) {
    let [parquet, csv] = LEDGER_FILES.map(|name| out.join(name));
    let mut entries = read_ledger(&parquet, &taxonomy()).expect("a ledger");
    edit(&mut entries);
    let ledger = Ledger::from_entries(entries).expect("each source once");
    for staged in write_ledger(&parquet, &csv, &ledger, &taxonomy()).expect("encodable") {
        staged.place().expect("writable");
    }
}

/// One source's entry.
pub fn entry<'e>(entries: &'e mut [LedgerEntry], source: &str) -> &'e mut LedgerEntry {
    entries.iter_mut().find(|entry| entry.source == source).expect("the source")
}

/// Changes the lines of a plain JSONL file.
pub fn edit_lines(file: &Path, edit: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> =
        fs::read_to_string(file).expect("text").split_inclusive('\n').map(str::to_string).collect();
    edit(&mut lines);
    fs::write(file, lines.concat()).expect("writable");
}

/// The batches of a Parquet file.
pub fn batches(file: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).expect("a file")).expect("Parquet");
    reader.build().expect("readable").map(|batch| batch.expect("readable")).collect()
}

/// Writes batches of one schema as a Parquet file.
pub fn write_batches(file: &Path, batches: &[RecordBatch]) {
    let mut writer = ArrowWriter::try_new(File::create(file).expect("writable"), batches[0].schema(), None).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).expect("encodable"));
    writer.close().expect("writable");
}

/// Changes a JSON file as text.
pub fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("text");
    assert!(text.contains(from), "{}: {from:?} is not in it", file.display());
    fs::write(file, text.replacen(from, to, 1)).expect("writable");
}

/// Every shard's manifest.
pub fn manifests(out: &Path) -> Vec<ShardManifest> {
    let output = OutputDir::new(out);
    let names = output.subject_files().expect("a folder");
    let paths = names.iter().filter_map(|name| name.strip_prefix("manifest/shards/")?.strip_suffix(".json"));
    paths.filter_map(|path| ShardManifest::read(&output, path)).collect()
}

/// Changes the run's manifest.
pub fn edit_statement(out: &Path, edit: impl FnOnce(&mut Statement)) {
    let file = out.join("manifest/run.json");
    let mut statement: Statement = serde_json::from_slice(&fs::read(&file).expect("a file")).expect("a statement");
    edit(&mut statement);
    write_json(&file, &statement).expect("writable");
}

/// Makes the numbers of the manifests, the totals and the report those of the verdicts.
pub fn recount(out: &Path) {
    let (mut records, mut reasons) = (RowCounts::default(), BTreeMap::<String, u64>::new());
    for mut manifest in manifests(out) {
        manifest.rows = RowCounts { read: 0, kept: 0, dropped: 0, quarantined: 0, ..manifest.rows };
        manifest.reasons.clear();
        let mut reader =
            VerdictsReader::open(&out.join(format!("verdicts/{}.verdicts.parquet", manifest.path))).expect("verdicts");
        while let Some(rows) = reader.next_rows().expect("readable") {
            for row in rows {
                manifest.rows.read += 1;
                match row.outcome.as_str() {
                    "kept" => manifest.rows.kept += 1,
                    "dropped" => manifest.rows.dropped += 1,
                    _ => manifest.rows.quarantined += 1,
                }
                if let Some(reason) = row.reason {
                    *manifest.reasons.entry(reason.clone()).or_default() += 1;
                    *reasons.entry(reason).or_default() += 1;
                }
            }
        }
        records.add(&manifest.rows);
        manifest.write(&OutputDir::new(out)).expect("writable");
    }
    edit_statement(out, |statement| {
        statement.totals = Report { records, reasons, ..statement.totals.clone() };
        write_json(&out.join("report.json"), &statement.totals).expect("writable");
    });
}

/// Makes every digest that of the files as they are now: in the shards' manifests, the state, the subjects, the root.
pub fn reseal(out: &Path) {
    let output = OutputDir::new(out);
    let digest = |name: &str| digest_file(&out.join(name)).expect("a file");
    for mut manifest in manifests(out) {
        manifest.outputs.iter_mut().for_each(|(name, written)| *written = digest(name));
        manifest.write(&output).expect("writable");
    }
    let mut state = RunState::read(&output).expect("a state").expect("a state");
    state.ledger.iter_mut().for_each(|(name, written)| *written = digest(name));
    state.write(&output).expect("writable");
    edit_statement(out, |statement| {
        let subject = |name: String| Subject { digest: SubjectDigest { sha256: digest(&name).sha256 }, name };
        statement.subject = output.subject_files().expect("a folder").into_iter().map(subject).collect();
        statement.root = root_hash(&statement.subject);
        fs::write(out.join("_SUCCESS"), format!("{}\n", statement.root)).expect("writable");
    });
}
