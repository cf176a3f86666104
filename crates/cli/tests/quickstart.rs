//! The README's main command, and its accounting recomputed from what it left. `.ci/accounting.py` and the
//! acceptance checks do the same with nothing of ours.

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use support::{folder, manifest, report, root, tamis, tree, verdicts};
use tamis_rules::{SourceVerdict, Taxonomy};
use tamis_shard::table::{VerdictRow, read_ledger};

const SHARDS: [&str; 8] = [
    "forum/2025-10.jsonl",
    "forum/2025-11.jsonl.gz",
    "forum/2025-12.jsonl.zst",
    "shop/reviews.jsonl.gz",
    "web/archive/part-002.parquet",
    "web/part-000.parquet",
    "web/part-001.parquet",
    "wiki/extract.jsonl.zst",
];

/// One finished run, and every verdict of it.
struct Run {
    _folder: tempfile::TempDir,
    out: PathBuf,
    rows: Vec<VerdictRow>,
}

impl Run {
    fn new() -> Self {
        let folder = folder();
        let out = folder.path().join("out");
        let output = tamis(&["run", "pipelines/quickstart.toml", "-o", &out.display().to_string()]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let table = String::from_utf8(output.stdout).unwrap();
        assert!(table.contains("dump.example") && table.contains("board.example"), "{table}");
        let rows = SHARDS.iter().flat_map(|path| verdicts(&out, path)).collect();
        Self { _folder: folder, out, rows }
    }
}

/// Per source: records, examined, unqualified, kept.
fn by_source(rows: &[VerdictRow]) -> BTreeMap<&str, [u64; 4]> {
    let mut sources: BTreeMap<&str, [u64; 4]> = BTreeMap::new();
    for row in rows {
        let examined = row.outcome != "quarantined";
        let unqualified = row.risks.iter().any(|code| !code.starts_with("A5"));
        let counts = [true, examined, examined && unqualified, row.outcome == "kept"];
        let source = sources.entry(&row.source).or_default();
        source.iter_mut().zip(counts).for_each(|(sum, count)| *sum += u64::from(count));
    }
    sources
}

/// Id and text of every record of a shard, in order; a line that is no JSON object has neither.
fn records(path: &Path) -> Vec<(Option<String>, Option<String>)> {
    let name = path.to_string_lossy().into_owned();
    if name.ends_with(".parquet") {
        // Without Arrow's own metadata a text is Utf8 or Binary, whatever it was written from.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let file = File::open(path).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap().build().unwrap();
        return reader.map(Result::unwrap).flat_map(|batch| columns(&batch)).collect();
    }
    let mut bytes = Vec::new();
    let file = File::open(path).unwrap();
    let mut stream: Box<dyn Read> = match name.rsplit('.').next() {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Some("zst") => Box::new(zstd::stream::read::Decoder::new(file).unwrap()),
        _ => Box::new(file),
    };
    stream.read_to_end(&mut bytes).unwrap();
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines
        .map(|line| {
            let value: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
            let text = |key: &str| value[key].as_str().map(str::to_string);
            (text("id").or_else(|| value["id"].as_i64().map(|id| id.to_string())), text("text"))
        })
        .collect()
}

fn columns(batch: &RecordBatch) -> Vec<(Option<String>, Option<String>)> {
    let column = |name: &str| -> Vec<Option<String>> {
        let column = batch.column_by_name(name).unwrap();
        match column.data_type() {
            DataType::Utf8 => column.as_string::<i32>().iter().map(|it| it.map(str::to_string)).collect(),
            DataType::Binary => column.as_binary::<i32>().iter().map(|it| it.map(lossy)).collect(),
            _ => column.as_primitive::<Int64Type>().iter().map(|it| it.map(|id| id.to_string())).collect(),
        }
    };
    column("id").into_iter().zip(column("text")).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_record_has_one_verdict_and_the_kept_ones_are_the_output() {
    let run = Run::new();
    let report = report(&run.out);
    let mut totals = [0u64; 4];
    for path in SHARDS {
        let rows = verdicts(&run.out, path);
        let input = records(&root().join("examples/quickstart/data").join(path));
        assert_eq!(rows.len(), input.len(), "{path}");
        assert!(rows.iter().enumerate().all(|(n, row)| row.row == n as u64), "{path}: rows in order");
        let read = rows.iter().filter(|row| row.outcome != "quarantined");
        let (ids, want): (Vec<_>, Vec<_>) = read.map(|row| (&row.id, &input[row.row as usize].0)).unzip();
        assert_eq!(ids, want, "{path}: ids");
        let kept = rows.iter().filter(|row| row.outcome == "kept").map(|row| input[row.row as usize].clone());
        assert_eq!(kept.collect::<Vec<_>>(), records(&run.out.join("data").join(path)), "{path}: kept records");
        let count = |outcome: &str| rows.iter().filter(|row| row.outcome == outcome).count() as u64;
        let counts = [rows.len() as u64, count("kept"), count("dropped"), count("quarantined")];
        assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "{path}");
        let manifest = manifest(&run.out, path);
        for (at, key) in ["read", "kept", "dropped", "quarantined"].into_iter().enumerate() {
            assert_eq!(manifest["rows"][key], counts[at], "{path}: {key}");
            totals[at] += counts[at];
        }
    }
    for (at, key) in ["read", "kept", "dropped", "quarantined"].into_iter().enumerate() {
        assert_eq!(report["records"][key], totals[at], "{key}");
    }
    assert_eq!(totals[3], 8);
    assert!(run.rows.iter().all(|row| row.reason.is_none() == (row.outcome == "kept")));
}

#[test]
fn the_ledger_is_the_group_by_of_the_verdicts_and_the_source_rule_holds() {
    let run = Run::new();
    let taxonomy = Taxonomy::builtin("gbt45654").unwrap();
    let ledger = read_ledger(&run.out.join("ledger/sources.parquet"), &taxonomy).unwrap();
    let sources = by_source(&run.rows);
    assert_eq!(ledger.iter().map(|entry| entry.source.as_str()).collect::<Vec<_>>(), {
        sources.keys().copied().collect::<Vec<_>>()
    });
    let csv = fs::read_to_string(run.out.join("ledger/sources.csv")).unwrap();
    assert_eq!(csv.lines().count(), ledger.len() + 1);
    for entry in &ledger {
        let [records, examined, unqualified, kept] = sources[entry.source.as_str()];
        assert_eq!(
            (entry.records, entry.examined, entry.unqualified),
            (records, examined, unqualified),
            "{}",
            entry.source
        );
        let rejected = unqualified * 100 > examined * 5;
        assert_eq!(entry.verdict == SourceVerdict::Rejected, rejected, "{}", entry.source);
        assert_eq!(kept == 0, rejected, "{}", entry.source);
        for (risk, count) in taxonomy.risks().iter().zip(&entry.by_risk) {
            let rows = run.rows.iter().filter(|row| row.source == entry.source && row.risks.contains(&risk.code));
            assert_eq!(rows.count() as u64, *count, "{} {}", entry.source, risk.code);
        }
    }
}

#[test]
fn every_planted_record_is_found_and_every_source_is_judged_as_the_truth_says() {
    let run = Run::new();
    let found: HashMap<(&str, Option<&str>), &[String]> =
        run.rows.iter().map(|row| ((row.source.as_str(), row.id.as_deref()), row.risks.as_slice())).collect();
    let mut rates: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for line in fs::read_to_string(root().join("examples/quickstart/truth.jsonl")).unwrap().lines() {
        let truth: serde_json::Value = serde_json::from_str(line).unwrap();
        let key = (truth["source"].as_str().unwrap(), truth["id"].as_str());
        let want: Vec<&str> = truth["risk"].as_str().into_iter().collect();
        assert_eq!(found[&key], want, "{key:?}");
        let rate = rates.entry(key.0.to_string()).or_default();
        rate.0 += u64::from(truth["bad"].as_bool() == Some(true));
        rate.1 += u64::from(!truth["bad"].is_null());
    }
    let sources = by_source(&run.rows);
    for (name, (bad, all)) in &rates {
        let kept = sources[name.as_str()][3];
        assert_eq!(kept == 0, bad * 100 > all * 5, "{name}: {bad} of {all} are bad, {kept} kept");
    }
    assert!(rates.values().any(|(bad, all)| bad * 100 > all * 5), "the example has a source to reject");
}

#[test]
fn every_file_stands_in_the_manifest_and_the_root_hash_is_theirs() {
    let run = Run::new();
    let text = fs::read(run.out.join("manifest/run.json")).unwrap();
    let statement: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let mut listed = BTreeMap::new();
    for subject in statement["subject"].as_array().unwrap() {
        let name = subject["name"].as_str().unwrap();
        let sha256 = tamis_shard::sha256_hex(&fs::read(run.out.join(name)).unwrap());
        assert_eq!(subject["digest"]["sha256"], sha256, "{name}");
        listed.insert(name.to_string(), sha256);
    }
    let outside = ["manifest/run.json", "manifest/state.json", "report.json", "_SUCCESS"];
    let present: Vec<String> = tree(&run.out).into_keys().filter(|name| !outside.contains(&name.as_str())).collect();
    assert_eq!(present, listed.keys().cloned().collect::<Vec<_>>());
    let lines: String = listed.iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect();
    let success = fs::read_to_string(run.out.join("_SUCCESS")).unwrap();
    assert_eq!(success.trim(), tamis_shard::sha256_hex(lines.as_bytes()));
}
