//! Shards come out as they went in.

mod support;

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray,
    StringViewArray, StructArray, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use support::{folder, run, verdicts, write};

const ROWS: usize = 250;

fn texts() -> Vec<String> {
    (0..ROWS).map(|n| format!("文本 text number {n}")).collect()
}

/// Every other column: numbers with nulls, lists, structs, timestamps, a dictionary.
fn other_columns() -> Vec<(&'static str, ArrayRef)> {
    let numbers: Int64Array = (0..ROWS as i64).map(|n| (n % 4 != 0).then_some(n * 3)).collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..ROWS as i32).map(|n| (n % 5 != 0).then(|| (0..n % 3).map(Some).collect::<Vec<_>>())),
    );
    let inner: ArrayRef = Arc::new(StringArray::from_iter((0..ROWS).map(|n| (n % 2 == 0).then(|| format!("in {n}")))));
    let meta = StructArray::from(vec![(Arc::new(Field::new("body", DataType::Utf8, true)), inner)]);
    let times = TimestampMillisecondArray::from_iter((0..ROWS as i64).map(|n| (n % 7 != 0).then_some(n * 1000)))
        .with_timezone("UTC");
    let sources: DictionaryArray<Int32Type> = (0..ROWS).map(|n| if n % 2 == 0 { "甲" } else { "b" }).collect();
    vec![
        ("id", Arc::new(numbers)),
        ("numbers", Arc::new(lists)),
        ("meta", Arc::new(meta)),
        ("at", Arc::new(times)),
        ("source", Arc::new(sources)),
    ]
}

fn shard(path: &Path, text: ArrayRef, codec: Compression) -> RecordBatch {
    let columns = [("text", text)].into_iter().chain(other_columns());
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(codec)
        .set_max_row_group_row_count(Some(100))
        .set_key_value_metadata(Some(vec![KeyValue::new("made_by".into(), "a test".to_string())]))
        .build();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    batch
}

/// Checks a filtered shard against its input, of which every row was kept.
fn check(input: &Path, output: &Path, batch: &RecordBatch) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(output).unwrap()).unwrap();
    let before = ParquetRecordBatchReaderBuilder::try_new(File::open(input).unwrap()).unwrap();
    let shape = |builder: &ParquetRecordBatchReaderBuilder<File>| -> Vec<(i64, Vec<Compression>)> {
        let groups = builder.metadata().row_groups().iter();
        groups
            .map(|group| (group.num_rows(), group.columns().iter().map(|it| it.compression()).take(6).collect()))
            .collect()
    };
    let level = |shape: Vec<(i64, Vec<Compression>)>| format!("{shape:?}");
    assert_eq!(level(shape(&builder)), level(shape(&before)), "row groups and codecs");
    let made_by = builder.metadata().file_metadata().key_value_metadata().unwrap().iter().any(|it| it.key == "made_by");
    assert!(made_by, "file metadata");
    let schema = Arc::clone(builder.schema());
    assert_eq!(schema.fields().len(), batch.num_columns() + 1);
    let mut row = 0;
    for got in builder.with_batch_size(33).build().unwrap() {
        let got = got.unwrap();
        for (index, field) in batch.schema().fields().iter().enumerate() {
            assert_eq!(schema.field(index), &**field, "Arrow type");
            let want = batch.column(index).slice(row, got.num_rows());
            assert_eq!(got.column(index).to_data(), want.to_data(), "{} from row {row}", field.name());
        }
        row += got.num_rows();
    }
    assert_eq!(row, ROWS);
}

#[test]
fn parquet_of_every_text_type_and_codec_comes_through() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let strings: ArrayRef = Arc::new(StringArray::from(texts()));
    let dictionary: DictionaryArray<Int32Type> = texts().iter().map(String::as_str).collect();
    let kinds: Vec<(&str, ArrayRef)> = vec![
        ("utf8", Arc::clone(&strings)),
        ("large", Arc::new(LargeStringArray::from(texts()))),
        ("view", Arc::new(StringViewArray::from_iter_values(texts()))),
        ("dictionary", Arc::new(dictionary)),
        ("binary", Arc::new(BinaryArray::from_iter_values(texts()))),
    ];
    let codecs = [
        ("none", Compression::UNCOMPRESSED),
        ("snappy", Compression::SNAPPY),
        ("gzip", Compression::GZIP(GzipLevel::default())),
        ("brotli", Compression::BROTLI(Default::default())),
        ("lz4raw", Compression::LZ4_RAW),
        ("zstd", Compression::ZSTD(ZstdLevel::try_new(3).unwrap())),
    ];
    let mut batches = Vec::new();
    for (name, text) in kinds {
        batches.push((name, shard(&input.join(format!("{name}.parquet")), text, codecs[5].1)));
    }
    for (name, codec) in codecs {
        batches.push((name, shard(&input.join(format!("{name}.parquet")), Arc::clone(&strings), codec)));
    }
    let (code, text) = run(&input, &out, &[]);
    assert_eq!(code, 0, "{text}");
    for (name, batch) in batches {
        let file = format!("{name}.parquet");
        check(&input.join(&file), &out.join("data").join(&file), &batch);
        let rows = verdicts(&out, &file);
        assert_eq!((rows[2].id.as_deref(), rows[4].id.as_deref()), (Some("6"), None), "{name}");
        assert_eq!((rows[0].source.as_str(), rows[1].source.as_str()), ("甲", "b"), "{name}");
    }
    // A leaf of a struct can be the text, and a second run over the output replaces the annotation.
    let nested = folder.path().join("nested");
    assert_eq!(run(&input.join("utf8.parquet"), &nested, &["--set", "input.text=[\"meta.body\", \"text\"]"]).0, 0);
    assert_eq!(run(&out.join("data/utf8.parquet"), &folder.path().join("twice"), &[]).0, 0);
    let twice = File::open(folder.path().join("twice/data/utf8.parquet")).unwrap();
    let twice = ParquetRecordBatchReaderBuilder::try_new(twice).unwrap();
    assert_eq!(twice.schema().fields().iter().filter(|field| field.name() == "tamis").count(), 1);
}

#[test]
fn dropped_rows_leave_every_column_in_step() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let texts = (0..ROWS).map(|n| (n % 3 != 1).then(|| format!("text {n}")));
    let batch = shard(&input.join("x.parquet"), Arc::new(StringArray::from_iter(texts)), Compression::SNAPPY);
    assert_eq!(run(&input, &out, &[]).0, 0);
    let file = File::open(out.join("data/x.parquet")).unwrap();
    let mut kept = (0..ROWS).filter(|n| n % 3 != 1);
    for got in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let got = got.unwrap();
        for at in 0..got.num_rows() {
            let row = kept.next().unwrap();
            for column in 0..batch.num_columns() {
                let (got, want) = (got.column(column).slice(at, 1), batch.column(column).slice(row, 1));
                assert_eq!(got.to_data(), want.to_data(), "column {column}, row {row}");
            }
        }
    }
    assert_eq!(kept.next(), None);
}

#[test]
fn json_lines_stay_byte_for_byte() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let lines = [
        "{\"text\" : \"a \\u4e2d\\n\", \"x\":1.500}",
        "{\"id\":7,\"text\":\"b\"} \r",
        "{\"text\":\"c\",\"tamis\":{\"old\":1}}",
    ];
    let text = lines.join("\n");
    write(&input.join("x.jsonl"), format!("\u{feff}{text}"));
    let member = |text: &str| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gz, text.as_bytes()).unwrap();
        gz.finish().unwrap()
    };
    write(&input.join("x.jsonl.gz"), [member(&text[..10]), member(&text[10..])].concat());
    let frames =
        [zstd::encode_all(&text.as_bytes()[..20], 3).unwrap(), zstd::encode_all(&text.as_bytes()[20..], 3).unwrap()];
    write(&input.join("x.jsonl.zst"), frames.concat());
    assert_eq!(run(&input, &out, &["--set", "output.annotate=false"]).0, 0);
    let plain = fs::read(out.join("data/x.jsonl")).unwrap();
    assert_eq!(plain, format!("{text}\n").into_bytes());
    let mut gz = Vec::new();
    flate2::read::GzDecoder::new(File::open(out.join("data/x.jsonl.gz")).unwrap()).read_to_end(&mut gz).unwrap();
    assert_eq!(gz, plain, "one gzip member");
    assert_eq!(zstd::decode_all(File::open(out.join("data/x.jsonl.zst")).unwrap()).unwrap(), plain);

    let annotated = folder.path().join("annotated");
    assert_eq!(run(&input.join("x.jsonl"), &annotated, &[]).0, 0);
    let text = fs::read_to_string(annotated.join("data/x.jsonl")).unwrap();
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("{\"text\" : \"a \\u4e2d\\n\", \"x\":1.500,\"tamis\":{\"record_id\":\""), "{first}");
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["tamis"]["record_id"].as_str().map(str::len), Some(32));
        assert!(value["tamis"]["old"].is_null());
    }
}

#[test]
fn rejected_records_are_written_where_the_config_asks() {
    let folder = folder();
    let input = support::root().join("examples/quickstart/data");
    let out = folder.path().join("out");
    assert_eq!(run(&input, &out, &["--set", "output.keep_rejected=true"]).0, 0);
    let dropped = verdicts(&out, "forum/2025-10.jsonl").iter().filter(|row| row.outcome == "dropped").count();
    let rejected = fs::read_to_string(out.join("rejected/forum/2025-10.jsonl")).unwrap();
    assert!(dropped > 0);
    assert_eq!(rejected.lines().count(), dropped);
}
