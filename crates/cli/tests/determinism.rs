//! The outputs depend on input, configuration and assets alone.

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use support::{PLANTED, assert_same_tree, folder, good_lines, root, run, run_planted, tree, write};

const WAYS: [&[&str]; 5] = [
    &["--threads", "2"],
    &["--threads", "4"],
    &["--threads", "3", "--set", "run.batch_rows=7"],
    &["--threads", "2", "--memory", "1MiB"],
    &["--threads", "1", "--set", "run.batch_rows=100000"],
];

#[test]
fn threads_batches_and_memory_change_no_byte() {
    let folder = folder();
    let input = root().join("examples/quickstart/data");
    let one = folder.path().join("one");
    assert_eq!(run(&input, &one, &["--threads", "1"]).0, 0);
    for (n, way) in WAYS.iter().enumerate() {
        let other = folder.path().join(n.to_string());
        assert_eq!(run(&input, &other, way).0, 0);
        assert_same_tree(&one, &other, &way.join(" "));
    }
}

/// Every seventh record is planted, so that what is written is cut out of what was read.
fn lines(rows: usize) -> String {
    let line = |n: usize| {
        let planted = if n % 7 == 3 { PLANTED } else { "" };
        format!("{{\"id\": {n}, \"text\": \"text {n} {} {planted}\"}}\n", "好 word ".repeat(n % 40))
    };
    (0..rows).map(line).collect()
}

fn parquet(path: &Path, rows: usize) {
    let texts = (0..rows).map(|n| format!("text {n} {}", if n % 7 == 3 { PLANTED } else { "" }));
    let text: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    let batch = RecordBatch::try_from_iter([("text", text)]).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(3000)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    write(path, bytes);
}

#[test]
fn threads_share_large_shards_without_changing_a_byte() {
    let folder = folder();
    let (input, one) = (folder.path().join("in"), folder.path().join("one"));
    let text = lines(20_000);
    write(&input.join("x.jsonl"), &text);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text.as_bytes()).unwrap();
    write(&input.join("x.jsonl.gz"), gz.finish().unwrap());
    write(&input.join("x.jsonl.zst"), zstd::encode_all(text.as_bytes(), 1).unwrap());
    parquet(&input.join("x.parquet"), 20_000);
    assert_eq!(run_planted(&input, &one, &["--threads", "1"]).0, 0);
    for (n, way) in WAYS.iter().enumerate() {
        let other = folder.path().join(n.to_string());
        let (code, text) = run_planted(&input, &other, way);
        assert_eq!(code, 0, "{text}");
        assert_same_tree(&one, &other, &way.join(" "));
    }
}

#[test]
fn the_place_of_input_and_output_changes_no_byte() {
    let folder = folder();
    let here = folder.path().join("here/in");
    write(&here.join("a/x.jsonl"), good_lines(0..300));
    write(&here.join("y.jsonl"), good_lines(0..20));
    let there = folder.path().join("elsewhere/deep/corpus");
    for (name, bytes) in tree(&here) {
        write(&there.join(name), bytes);
    }
    let one = folder.path().join("one");
    assert_eq!(run(&here, &one, &[]).0, 0);
    let two = folder.path().join("elsewhere/two");
    assert_eq!(run(&there, &two, &[]).0, 0);
    assert_same_tree(&one, &two, "a copy of the input, absolute");
    let got = Command::new(env!("CARGO_BIN_EXE_tamis"))
        .args(["run", "builtin:quickstart", "-i", "../deep/./corpus/", "-o", "../three"])
        .current_dir(folder.path().join("elsewhere/deep"))
        .output()
        .expect("the program starts");
    assert_eq!(got.status.code(), Some(0), "{}", String::from_utf8_lossy(&got.stderr));
    assert_same_tree(&one, &folder.path().join("elsewhere/three"), "relative, from another folder");
}
