//! Damaged bytes: whatever is flipped or cut off, the shard is set aside or accounted for, and the run goes on.

mod support;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use support::{folder, good_lines, manifest, report, run, verdicts, write};

const ROWS: usize = 600;

fn parquet(rows: usize) -> Vec<u8> {
    let texts = (0..rows).map(|n| (n % 50 != 0).then(|| format!("plain text number {n} 好")));
    let text: ArrayRef = Arc::new(texts.collect::<StringArray>());
    let source: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|n| format!("s{}", n % 3))));
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
    let columns = [("text", text, true), ("source", source, true), ("id", id, true)];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(200)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(text.as_bytes()).unwrap();
    gz.finish().unwrap()
}

/// A fixed sequence that looks random (the constants of Knuth's MMIX).
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % bound
    }
}

/// Copies of a shard with some bits flipped: a few anywhere, a few near the end, where a footer is.
fn flip(input: &Path, name: &str, whole: &[u8], sequence: &mut Sequence) {
    for copy in 0..40 {
        let mut bytes = whole.to_vec();
        let first = if copy % 2 == 0 { 0 } else { whole.len() - whole.len().min(900) };
        for _ in 0..=copy % 3 {
            let at = first + sequence.below(whole.len() - first);
            bytes[at] ^= 1 << sequence.below(8);
        }
        write(&input.join(format!("flip-{copy:02}.{name}")), bytes);
    }
}

fn names(input: &Path) -> Vec<String> {
    fs::read_dir(input).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn flipped_bits_never_stop_a_run_and_every_row_read_is_accounted_for() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let lines = good_lines(0..ROWS);
    write(&input.join("good.jsonl"), &lines);
    let mut sequence = Sequence(31);
    flip(&input, "parquet", &parquet(ROWS), &mut sequence);
    flip(&input, "jsonl.gz", &gzip(&lines), &mut sequence);
    flip(&input, "jsonl.zst", &zstd::encode_all(lines.as_bytes(), 3).unwrap(), &mut sequence);
    flip(&input, "jsonl", lines.as_bytes(), &mut sequence);

    let (code, text) = run(&input, &out, &[]);
    assert_eq!(code, 3, "{text}");
    assert!(out.join("_SUCCESS").exists() && !text.contains("internal"), "{text}");
    assert_eq!(manifest(&out, "good.jsonl")["rows"]["kept"], ROWS);
    let (mut read, mut aside) = (0, 0);
    for name in names(&input) {
        let manifest = manifest(&out, &name);
        if manifest["status"] == "quarantined" {
            aside += 1;
            assert!(!out.join("data").join(&name).exists(), "{name}");
            continue;
        }
        let rows = verdicts(&out, &name);
        let count = |outcome: &str| rows.iter().filter(|row| row.outcome == outcome).count();
        let counts = [count("kept"), count("dropped"), count("quarantined")];
        assert_eq!(counts.iter().sum::<usize>(), rows.len(), "{name}");
        for (key, count) in ["kept", "dropped", "quarantined"].into_iter().zip(counts) {
            assert_eq!(manifest["rows"][key], count, "{name}: {key}");
        }
        read += rows.len();
    }
    assert_eq!(report(&out)["records"]["read"], read);
    assert_eq!(report(&out)["shards_set_aside"].as_array().map(Vec::len), Some(aside));
    assert!((20..160).contains(&aside), "{aside} set aside: the damage is neither harmless nor total");
}

#[test]
fn a_shard_cut_off_anywhere_is_set_aside() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let lines = good_lines(0..ROWS);
    let wholes = [
        ("parquet", parquet(ROWS)),
        ("jsonl.gz", gzip(&lines)),
        ("jsonl.zst", zstd::encode_all(lines.as_bytes(), 3).unwrap()),
    ];
    write(&input.join("good.jsonl"), &lines);
    for (name, whole) in &wholes {
        for cut in 1..20 {
            write(&input.join(format!("cut-{cut:02}.{name}")), &whole[..whole.len() * cut / 20]);
        }
        write(&input.join(format!("cut-20.{name}")), &whole[..whole.len() - 1]);
    }
    let (code, text) = run(&input, &out, &[]);
    assert_eq!(code, 3, "{text}");
    for name in names(&input) {
        let status = if name == "good.jsonl" { "complete" } else { "quarantined" };
        assert_eq!(manifest(&out, &name)["status"], status, "{name}");
        let left = format!("tags/{name}.tags.parquet");
        assert_eq!(out.join(&left).exists(), name == "good.jsonl", "{left}");
    }
    assert_eq!(report(&out)["records"]["read"], ROWS);
}

#[test]
fn shards_without_rows_come_out_without_rows() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    write(&input.join("rows.parquet"), parquet(60));
    write(&input.join("none.parquet"), parquet(0));
    write(&input.join("blank.jsonl"), "\n  \r\n\n");
    write(&input.join("empty.jsonl.gz"), gzip(""));
    write(&input.join("empty.jsonl.zst"), zstd::encode_all(&b""[..], 3).unwrap());
    let none = |path: &Path| {
        let file = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
        (file.metadata().num_row_groups(), file.schema().fields().len())
    };
    assert_eq!(none(&input.join("none.parquet")), (0, 3));
    let (code, text) = run(&input, &out, &[]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(none(&out.join("data/none.parquet")), (0, 4));
    assert_eq!(manifest(&out, "blank.jsonl")["rows"]["blank_lines"], 3);
    for name in names(&input) {
        let rows = verdicts(&out, &name).len();
        assert_eq!(rows, if name == "rows.parquet" { 60 } else { 0 }, "{name}");
        assert!(out.join("data").join(&name).exists(), "{name}");
    }
    // Two of the sixty have no text.
    assert_eq!(report(&out)["records"]["quarantined"], 2);
}

#[test]
fn a_record_over_the_size_limit_is_quarantined_and_its_neighbours_are_kept() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let long = "long ".repeat(2000);
    let line = format!("{{\"text\": \"{long}\"}}\n");
    write(&input.join("x.jsonl"), good_lines(0..20) + &line + &good_lines(20..40));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a", &long, "b"]));
    let batch = RecordBatch::try_from_iter([("text", text)]).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(input.join("x.parquet")).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    assert_eq!(run(&input, &out, &["--set", "input.max_row_bytes=4096"]).0, 0);
    for (path, row, rows) in [("x.jsonl", 20, 41), ("x.parquet", 1, 3)] {
        let verdicts = verdicts(&out, path);
        assert_eq!(verdicts.len(), rows, "{path}");
        assert_eq!(verdicts[row].reason.as_deref(), Some("limit"), "{path}");
        assert_eq!(verdicts.iter().filter(|row| row.outcome == "kept").count(), rows - 1, "{path}");
    }
}
