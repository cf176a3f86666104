//! Bad records are quarantined, bad shards set aside, and mistakes refused; nothing stops a run that need not.

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use support::{folder, good_lines, manifest, report, run, tamis, verdicts, write};

#[test]
fn one_bad_line_among_200_is_quarantined_and_200_are_kept() {
    let cases: [(&str, &[u8], &str); 12] = [
        ("truncated", br#"{"id": 9, "text": "abc"#, "parse_error"),
        ("utf8", b"{\"text\": \"a\xff\", \"source\": \"s\"}", "parse_error"),
        ("null", br#"{"text": null, "source": "s"}"#, "schema"),
        ("missing", br#"{"id": 3}"#, "schema"),
        ("number", br#"{"text": 3}"#, "schema"),
        ("array", br#"["text"]"#, "schema"),
        ("string", br#""text""#, "schema"),
        ("trailing", br#"{"text": "a"} {"text": "b"}"#, "parse_error"),
        ("twice", br#"{"text": "a", "text": "b"}"#, "schema"),
        ("surrogate", br#"{"text": "\ud800"}"#, "parse_error"),
        ("nan", br#"{"text": "a", "v": NaN}"#, "parse_error"),
        ("deep", &[b'['; 5000], "parse_error"),
    ];
    let folder = folder();
    for (name, line, reason) in cases {
        let mut text = good_lines(0..100).into_bytes();
        text.extend_from_slice(line);
        text.push(b'\n');
        text.extend(good_lines(100..200).into_bytes());
        let (input, out) = (folder.path().join(name), folder.path().join(format!("{name}-out")));
        write(&input.join("x.jsonl"), text);
        let (from, to) = (input.display().to_string(), out.display().to_string());
        let got = tamis(&["run", "builtin:quickstart", "--input", &from, "--output", &to]);
        assert_eq!(got.status.code(), Some(0), "{name}");
        let closing = String::from_utf8_lossy(&got.stdout).into_owned();
        let said = |part: &str| {
            closing.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(part))
        };
        assert!(said("200 kept") && said("1 quarantined") && said(&format!("1 {reason}")), "{name}: {closing}");
        println!("{name}: 200 kept, 1 quarantined as {reason}");
        let report = report(&out);
        assert_eq!((&report["records"]["kept"], &report["records"]["quarantined"]), (&200.into(), &1.into()), "{name}");
        assert_eq!(verdicts(&out, "x.jsonl")[100].reason.as_deref(), Some(reason), "{name}");
        assert_eq!(fs::read_to_string(out.join("data/x.jsonl")).unwrap().lines().count(), 200, "{name}");
    }
}

fn parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn one_bad_row_of_parquet_is_quarantined() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let texts = (0..201).map(|n| if n == 100 { None } else { Some(format!("text {n}")) });
    parquet(&input.join("null.parquet"), vec![("text", Arc::new(texts.collect::<StringArray>()))]);
    let bytes: Vec<Vec<u8>> =
        (0..201).map(|n| if n == 7 { vec![0xff, 0xfe] } else { format!("text {n}").into_bytes() }).collect();
    parquet(&input.join("bytes.parquet"), vec![("text", Arc::new(BinaryArray::from_iter_values(bytes)))]);
    assert_eq!(run(&input, &out, &[]).0, 0);
    for (path, row, reason) in [("null.parquet", 100, "schema"), ("bytes.parquet", 7, "parse_error")] {
        let rows = verdicts(&out, path);
        assert_eq!(rows.iter().filter(|row| row.outcome == "kept").count(), 200, "{path}");
        assert_eq!(rows[row].reason.as_deref(), Some(reason), "{path}");
    }
}

#[test]
fn bad_shards_are_set_aside_with_a_named_reason_and_the_run_goes_on() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    write(&input.join("good.jsonl"), good_lines(0..50));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..3000).map(|n| format!("text {n} {}", n * 7919))));
    parquet(&input.join("whole.parquet"), vec![("text", Arc::clone(&texts))]);
    let whole = fs::read(input.join("whole.parquet")).unwrap();
    write(&input.join("cut.parquet"), &whole[..whole.len() / 2]);
    let mut flipped = whole.clone();
    flipped[200] ^= 0x55;
    write(&input.join("flipped.parquet"), flipped);
    write(&input.join("text.parquet"), "this is no Parquet file");
    write(&input.join("plain.jsonl.gz"), good_lines(0..5));
    write(&input.join("plain.jsonl.zst"), good_lines(0..5));
    parquet(&input.join("other.parquet"), vec![("body", texts)]);
    parquet(&input.join("ints.parquet"), vec![("text", Arc::new(Int64Array::from(vec![1, 2])))]);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(good_lines(0..5000).as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    write(&input.join("cut.jsonl.gz"), &gz[..gz.len() / 2]);
    let zst = zstd::encode_all(good_lines(0..5000).as_bytes(), 3).unwrap();
    write(&input.join("cut.jsonl.zst"), &zst[..zst.len() / 2]);
    write(&input.join("whole-zst.jsonl"), &zst);
    write(&input.join("whole-zst.jsonl.gz"), &zst);
    write(&input.join("whole-gz.jsonl.zst"), &gz);
    write(&input.join("parquet.jsonl"), &whole);
    write(&input.join("parquet.jsonl.zst"), &whole);
    let mut encrypted = whole.clone();
    encrypted.splice(whole.len() - 4.., *b"PARE");
    write(&input.join("encrypted.parquet"), encrypted);
    write(&input.join("empty.jsonl.gz"), "");
    write(&input.join("empty.jsonl.zst"), "");
    write(&input.join("empty.parquet"), "");
    write(&input.join("empty.jsonl"), "");
    parquet(&input.join("norows.parquet"), vec![("text", Arc::new(StringArray::from(Vec::<String>::new())))]);

    let (code, text) = run(&input, &out, &[]);
    assert_eq!(code, 3, "{text}");
    let bad = [
        ("cut.parquet", "corrupt"),
        ("text.parquet", "corrupt"),
        ("plain.jsonl.gz", "corrupt"),
        ("plain.jsonl.zst", "corrupt"),
        ("other.parquet", "schema"),
        ("ints.parquet", "schema"),
        ("whole-zst.jsonl", "corrupt"),
        ("whole-zst.jsonl.gz", "corrupt"),
        ("whole-gz.jsonl.zst", "corrupt"),
        ("parquet.jsonl", "corrupt"),
        ("parquet.jsonl.zst", "corrupt"),
        ("encrypted.parquet", "unsupported"),
        ("empty.jsonl.gz", "truncated"),
        ("empty.jsonl.zst", "truncated"),
        ("cut.jsonl.gz", "truncated"),
        ("cut.jsonl.zst", "truncated"),
        ("empty.parquet", "truncated"),
    ];
    for (path, kind) in bad {
        println!("{}", text.lines().find(|line| line.contains(&format!(": {path}:"))).unwrap_or(path));
        let manifest = manifest(&out, path);
        assert_eq!(manifest["status"], "quarantined", "{path}");
        assert_eq!(manifest["quarantine"]["kind"], kind, "{path}: {manifest}");
        for left in
            [format!("data/{path}"), format!("tags/{path}.tags.parquet"), format!("verdicts/{path}.verdicts.parquet")]
        {
            assert!(!out.join(&left).exists(), "{left}");
        }
        assert!(text.contains(path), "{path} is named");
    }
    // A flipped bit is found by the page's checksum, or changes what is read; it never stops the run.
    for path in ["good.jsonl", "whole.parquet", "empty.jsonl", "norows.parquet"] {
        assert_eq!(manifest(&out, path)["status"], "complete", "{path}");
    }
    assert!(out.join("_SUCCESS").exists());
    assert_eq!(run(&input, &folder.path().join("fast"), &["--fail-fast"]).0, 3);
}

#[test]
fn mistakes_are_refused_before_anything_is_read() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    write(&input.join("x.jsonl"), "{\"body\": \"a\"}\n");
    let (code, text) = run(&input, &out, &[]);
    assert!(code == 2 && text.contains("no shard has the text column \"text\"") && text.contains("\"body\""), "{text}");
    assert!(!out.exists());
    let (code, text) = run(&input, &input.join("out"), &["--set", "input.text=body"]);
    assert!(code == 2 && text.contains("inside the input"), "{text}");
    let (code, text) = run(&folder.path().join("nowhere"), &out, &[]);
    assert!(code == 2 && text.contains("does not exist"), "{text}");
    write(&folder.path().join("docs/readme.txt"), "x");
    let (code, text) = run(&folder.path().join("docs"), &out, &[]);
    assert!(code == 2 && text.contains("holds no shard"), "{text}");
    let got = tamis(&["run", "pipelines/quikstart.toml"]);
    let text = String::from_utf8_lossy(&got.stderr).into_owned();
    assert!(got.status.code() == Some(2) && text.contains("did you mean pipelines/quickstart.toml?"), "{text}");

    let pipeline = folder.path().join("p.toml");
    write(&pipeline, "[input]\npaths = ['in']\ntxt = 'body'\n");
    let got = tamis(&["run", &pipeline.display().to_string()]);
    let text = String::from_utf8_lossy(&got.stderr).into_owned();
    assert!(got.status.code() == Some(2) && text.contains("line 3") && text.contains("`text`"), "{text}");

    write(
        &folder.path().join("kw/library.toml"),
        "name = 'k'\nversion = '1'\nupdated = '2026-01-01'\ntaxonomy = 'gbt45654'\n",
    );
    write(
        &folder.path().join("kw/A1d.tsv"),
        "id\tlevel\tlang\tmatch\tterm\tadded\treviewed\nA1d-en-0001\tenforc\ten\tword\tzorb\t2026-01-01\t2026-01-01\n",
    );
    write(
        &pipeline,
        "[input]\npaths = ['in']\ntext = 'body'\n[detect.keywords]\nlibraries = ['kw']\n[output]\npath = 'o'\n",
    );
    let got = tamis(&["run", &pipeline.display().to_string()]);
    let text = String::from_utf8_lossy(&got.stderr).into_owned();
    assert!(got.status.code() == Some(2) && text.contains("A1d.tsv:2") && text.contains("enforce"), "{text}");
}
