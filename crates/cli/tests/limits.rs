//! What holds far more than it stores ends as `limit`, within bounded memory, and the rest of the run is done.

mod support;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use support::{folder, good_lines, manifest, report, verdicts, write};

/// Address space of the program in these tests, KiB.
const ADDRESS_SPACE: usize = 3_000_000;

/// Runs with a bound on the address space; the exit code and standard error.
fn run_bounded(input: &Path, output: &Path, more: &[&str]) -> (i32, String) {
    let got = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {ADDRESS_SPACE}; exec \"$@\""))
        .args(["sh", env!("CARGO_BIN_EXE_tamis"), "run", "--input"])
        .arg(input)
        .arg("--output")
        .arg(output)
        .args(["--threads", "2"])
        .args(more)
        .output()
        .expect("the program starts");
    (got.status.code().unwrap_or(-1), String::from_utf8_lossy(&got.stderr).into_owned())
}

/// A file of one row group with a text column of `rows` times the same value, and one beside it.
fn repeated(path: &Path, text: &str, beside: Option<&str>, rows: usize, properties: WriterPropertiesBuilder) {
    let leaf = |name: &str| {
        let leaf = Type::primitive_type_builder(name, Physical::BYTE_ARRAY).with_repetition(Repetition::REQUIRED);
        Arc::new(leaf.build().unwrap())
    };
    let values: Vec<&str> = [text].into_iter().chain(beside).collect();
    let fields = ["text", "beside"].into_iter().take(values.len()).map(leaf).collect();
    let schema = Type::group_type_builder("root").with_fields(fields).build().unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let properties = properties.set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer =
        SerializedFileWriter::new(File::create(path).unwrap(), Arc::new(schema), Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for value in values {
        // The rows share the bytes of one value.
        let batch = vec![ByteArray::from(value.as_bytes().to_vec()); 500];
        let mut column = group.next_column().unwrap().unwrap();
        for start in (0..rows).step_by(batch.len()) {
            let batch = &batch[..batch.len().min(rows - start)];
            column.typed::<ByteArrayType>().write_batch(batch, None, None).unwrap();
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

fn delta() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_dictionary_enabled(false).set_encoding(Encoding::DELTA_BYTE_ARRAY)
}

#[test]
fn shards_that_hold_far_more_than_they_store_are_set_aside() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    write(&input.join("good.jsonl"), good_lines(0..200));
    let block = format!("{{\"text\": \"{}\"}}\n", "a".repeat(1 << 20)).repeat(8);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..14).for_each(|_| gz.write_all(block.as_bytes()).unwrap());
    write(&input.join("lines.jsonl.gz"), gz.finish().unwrap());
    let mut zst = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zst.write_all(b"{\"text\": \"").unwrap();
    (0..500).for_each(|_| zst.write_all(block.as_bytes().split_at(1 << 20).0).unwrap());
    write(&input.join("line.jsonl.zst"), zst.finish().unwrap());
    let value = "b".repeat(900_000);
    repeated(&input.join("dictionary.parquet"), &value, None, 20_000, WriterProperties::builder());
    repeated(&input.join("delta.parquet"), &value, None, 20_000, delta());
    repeated(&input.join("beside.parquet"), "text", Some(&value), 20_000, WriterProperties::builder());

    let (code, text) = run_bounded(&input, &out, &["--set", "input.max_ratio=100"]);
    assert_eq!(code, 3, "{text}");
    for path in ["lines.jsonl.gz", "line.jsonl.zst", "dictionary.parquet", "delta.parquet", "beside.parquet"] {
        let manifest = manifest(&out, path);
        assert_eq!(manifest["quarantine"]["kind"], "limit", "{path}: {manifest}");
        assert!(text.contains(&format!("{path}: limit: ")), "{path}: {text}");
        assert!(!out.join("data").join(path).exists() && !out.join(format!("tags/{path}.tags.parquet")).exists());
    }
    assert!(text.contains("raise input.max_ratio"), "{text}");
    assert_eq!(report(&out)["records"]["kept"], 200);
    assert!(out.join("_SUCCESS").exists());
}

#[test]
fn a_huge_row_is_quarantined_and_its_neighbours_are_kept() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let huge = format!("{{\"text\": \"{}\"}}\n", "長い".repeat(16 << 20));
    let lines = [good_lines(0..100), huge, good_lines(100..200)].concat();
    write(&input.join("row.jsonl"), &lines);
    write(&input.join("row.jsonl.zst"), zstd::encode_all(lines.as_bytes(), 1).unwrap());
    let (code, text) = run_bounded(&input, &out, &["--set", "input.max_ratio=100000"]);
    assert_eq!(code, 0, "{text}");
    for path in ["row.jsonl", "row.jsonl.zst"] {
        let rows = verdicts(&out, path);
        assert_eq!(rows[100].reason.as_deref(), Some("limit"), "{path}");
        assert_eq!(rows.iter().filter(|row| row.outcome == "kept").count(), 200, "{path}");
    }
}

#[test]
fn a_page_over_its_bound_is_refused_before_it_is_decompressed() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    repeated(&input.join("x.parquet"), &"c".repeat(700_000), None, 40, WriterProperties::builder());
    let small = ["--set", "input.max_page_bytes=64KiB"];
    let (code, text) = run_bounded(&input, &out, &small);
    assert!(code == 3 && text.contains("raise input.max_page_bytes"), "{text}");
    assert_eq!(run_bounded(&input, &folder.path().join("whole"), &[]).0, 0);
}

#[test]
fn what_a_shard_is_set_aside_for_does_not_depend_on_threads_or_blocks() {
    let folder = folder();
    let input = folder.path().join("in");
    let gz = |lines: String| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(lines.as_bytes()).unwrap();
        gz.finish().unwrap()
    };
    let whole = gz(good_lines(0..60_000));
    write(&input.join("cut.jsonl.gz"), &whole[..whole.len() / 2]);
    let path = input.join("x.parquet");
    let properties = WriterProperties::builder().set_dictionary_enabled(false).set_data_page_row_count_limit(500);
    repeated(&path, "some text that is plain", Some("and more"), 20_000, properties);
    // Damage in several pages of both columns, whichever thread meets which first.
    let mut bytes = fs::read(&path).unwrap();
    let length = bytes.len();
    (1..8).for_each(|part| bytes[length * part / 12] ^= 0x55);
    write(&path, bytes);
    let mut manifests = Vec::new();
    for (n, more) in [&["--set", "run.batch_rows=7"][..], &["--memory", "1MiB"], &["--set", "run.batch_rows=100000"]]
        .into_iter()
        .enumerate()
    {
        let out = folder.path().join(n.to_string());
        assert_eq!(run_bounded(&input, &out, more).0, 3);
        manifests.push([manifest(&out, "cut.jsonl.gz"), manifest(&out, "x.parquet")]);
    }
    assert!(manifests.windows(2).all(|pair| pair[0] == pair[1]), "{manifests:#?}");
    assert!(manifests[0][0]["rows"]["read"].as_u64() > Some(1000), "the whole lines before the break are counted");
}
