//! Filtered Parquet: every other column as it was, row for row, whatever its type.

mod support;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::cast::AsArray as _;
use arrow_array::{
    Array as _, ArrayRef, BooleanArray, Date32Array, Decimal128Array, DurationMillisecondArray, FixedSizeBinaryArray,
    Float64Array, Int64Array, LargeBinaryArray, NullArray, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use support::{PLANTED, folder, run_planted, verdicts};

const ROWS: usize = 450;
const GROUP: usize = 100;

/// Some rows of every group go, all of the third, none of the last.
fn kept(row: usize) -> bool {
    row >= 400 || (row / GROUP != 2 && row % 3 != 1)
}

fn numbers() -> impl Iterator<Item = i64> {
    0..ROWS as i64
}

/// Every value but each `nth`, which is null.
fn sparse<T>(nth: i64, value: impl Fn(i64) -> T) -> impl Iterator<Item = Option<T>> {
    numbers().map(move |n| (n % nth != 0).then(|| value(n)))
}

fn map() -> ArrayRef {
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for n in 0..ROWS as i32 {
        for key in 0..n % 4 {
            map.keys().append_value(format!("k{key}"));
            map.values().append_option((key != 1).then_some(n));
        }
        map.append(n % 9 != 0).unwrap();
    }
    Arc::new(map.finish())
}

fn lists_of_lists() -> ArrayRef {
    let mut outer = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    for n in 0..ROWS {
        for inner in 0..n % 3 {
            for value in 0..inner + n % 2 {
                outer.values().values().append_option((value != 1).then(|| format!("{n}/{inner}/{value}")));
            }
            outer.values().append(inner != 1);
        }
        outer.append(n % 8 != 0);
    }
    Arc::new(outer.finish())
}

fn meta() -> ArrayRef {
    let body: ArrayRef = Arc::new(StringArray::from_iter((0..ROWS).map(|n| {
        let planted = if kept(n) { "" } else { PLANTED };
        Some(format!("body {n} {planted}"))
    })));
    let score: ArrayRef = Arc::new(Float64Array::from_iter(sparse(5, |n| n as f64 / 7.0)));
    let fields = vec![Field::new("body", DataType::Utf8, true), Field::new("score", DataType::Float64, true)];
    Arc::new(StructArray::from(fields.into_iter().map(Arc::new).zip([body, score]).collect::<Vec<_>>()))
}

/// A column named `tamis` of another type stands in the middle: it is replaced.
fn table() -> RecordBatch {
    let blobs = FixedSizeBinaryArray::try_from_sparse_iter_with_size(sparse(6, |n| n.to_be_bytes()), 8).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(UInt64Array::from_iter_values(numbers().map(|n| u64::MAX - n as u64)))),
        ("flag", Arc::new(BooleanArray::from_iter(sparse(2, |n| n % 3 == 0)))),
        ("tamis", Arc::new(Int64Array::from_iter(numbers()))),
        ("price", Arc::new(Decimal128Array::from_iter(sparse(4, i128::from)).with_precision_and_scale(7, 2).unwrap())),
        (
            "wide",
            Arc::new(
                Decimal128Array::from_iter(sparse(4, |n| i128::from(n) << 70))
                    .with_precision_and_scale(38, 10)
                    .unwrap(),
            ),
        ),
        ("day", Arc::new(Date32Array::from_iter(sparse(11, |n| n as i32)))),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter(sparse(7, |n| n * 999)).with_timezone("Asia/Shanghai"))),
        ("took", Arc::new(DurationMillisecondArray::from_iter(sparse(7, |n| n)))),
        ("blob", Arc::new(blobs)),
        ("large", Arc::new(LargeBinaryArray::from_iter(sparse(3, |n| n.to_le_bytes())))),
        ("nothing", Arc::new(NullArray::new(ROWS))),
        ("map", map()),
        ("lists", lists_of_lists()),
        ("meta", meta()),
    ];
    let fields: Vec<Field> = columns.iter().map(|(name, it)| Field::new(*name, it.data_type().clone(), true)).collect();
    let noted = [("note".to_string(), "kept".to_string())];
    let fields = fields.into_iter().map(|field| match field.name().as_str() {
        "day" => field.with_metadata(noted.clone().into()),
        _ => field,
    });
    let schema = Schema::new_with_metadata(fields.collect::<Vec<_>>(), noted.clone().into());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn write(path: &Path, batch: &RecordBatch) {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_column_compression("meta.body".into(), Compression::ZSTD(Default::default()))
        .set_column_compression("flag".into(), Compression::UNCOMPRESSED)
        .set_column_dictionary_enabled("day".into(), false)
        .set_max_row_group_row_count(Some(GROUP))
        .build();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn read(path: &Path) -> (Arc<ParquetMetaData>, Arc<Schema>, Vec<RecordBatch>) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let (metadata, schema) = (Arc::clone(builder.metadata()), Arc::clone(builder.schema()));
    (metadata, schema, builder.with_batch_size(77).build().unwrap().map(Result::unwrap).collect())
}

/// Codec by column, the annotation left out.
fn codecs(metadata: &ParquetMetaData) -> Vec<(String, Compression)> {
    let columns = metadata.row_group(0).columns().iter();
    let codecs = columns.map(|column| (column.column_path().string(), column.compression()));
    codecs.filter(|(name, _)| !name.starts_with("tamis")).collect()
}

#[test]
fn columns_of_every_type_lose_the_dropped_rows_and_nothing_else() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let batch = table();
    write(&input.join("x.parquet"), &batch);
    let (code, text) = run_planted(&input, &out, &["--set", "input.text=meta.body", "--threads", "3"]);
    assert_eq!(code, 0, "{text}");
    let (before, _, _) = read(&input.join("x.parquet"));
    let (metadata, schema, batches) = read(&out.join("data/x.parquet"));

    let rest: Vec<&Arc<Field>> = batch.schema_ref().fields().iter().filter(|it| it.name() != "tamis").collect();
    assert_eq!(schema.fields().iter().take(rest.len()).collect::<Vec<_>>(), rest);
    assert_eq!(schema.fields().last().unwrap().name(), "tamis");
    assert_eq!(schema.metadata(), batch.schema_ref().metadata());
    assert_eq!(codecs(&metadata), codecs(&before));
    let groups: Vec<i64> = metadata.row_groups().iter().map(|group| group.num_rows()).collect();
    let want = (0..ROWS.div_ceil(GROUP))
        .map(|group| (group * GROUP..ROWS.min((group + 1) * GROUP)).filter(|row| kept(*row)).count() as i64);
    assert_eq!(groups, want.filter(|rows| *rows > 0).collect::<Vec<_>>(), "row groups follow the input's");

    let verdicts = verdicts(&out, "x.parquet");
    let mut rows = (0..ROWS).filter(|row| kept(*row));
    for got in &batches {
        let annotation = got.column_by_name("tamis").unwrap().as_struct();
        let ids = annotation.column_by_name("record_id").unwrap().as_string::<i32>();
        for at in 0..got.num_rows() {
            let row = rows.next().unwrap();
            assert_eq!(ids.value(at), verdicts[row].record_id);
            assert_eq!(verdicts[row].id, Some((u64::MAX - row as u64).to_string()));
            for (index, field) in rest.iter().enumerate() {
                let want = batch.column_by_name(field.name()).unwrap().slice(row, 1);
                assert_eq!(&got.column(index).slice(at, 1), &want, "{} of row {row}", field.name());
            }
        }
    }
    assert_eq!(rows.next(), None);
    for (row, verdict) in verdicts.iter().enumerate() {
        assert_eq!(verdict.outcome == "kept", kept(row), "row {row}");
    }
}

#[test]
fn several_text_columns_are_scanned_each_and_never_joined() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let title: ArrayRef = Arc::new(StringArray::from(vec![Some(PLANTED), Some("a"), Some("zorb"), None, None]));
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some(PLANTED), Some("lax"), Some("b"), None]));
    write(&input.join("x.parquet"), &RecordBatch::try_from_iter([("title", title), ("text", text)]).unwrap());
    support::write(
        &input.join("x.jsonl"),
        format!(
            "{{\"title\":\"{PLANTED}\",\"text\":\"a\"}}\n{{\"title\":\"a\",\"text\":\"{PLANTED}\"}}\n\
             {{\"title\":\"zorb\",\"text\":\"lax\"}}\n{{\"text\":\"b\"}}\n{{\"title\":null}}\n"
        ),
    );
    let (code, text) = run_planted(&input, &out, &["--set", "input.text=[\"title\", \"text\"]"]);
    assert_eq!(code, 0, "{text}");
    for path in ["x.parquet", "x.jsonl"] {
        let outcomes: Vec<String> = verdicts(&out, path).into_iter().map(|row| row.outcome).collect();
        assert_eq!(outcomes, ["dropped", "dropped", "kept", "kept", "quarantined"], "{path}");
        let (_, _, findings) = read(&out.join(format!("findings/{path}.findings.parquet")));
        let fields: Vec<&str> =
            findings[0].column_by_name("field").unwrap().as_string::<i32>().iter().flatten().collect();
        assert_eq!(fields, ["title", "text"], "{path}");
    }
}

#[test]
fn without_annotation_a_column_of_that_name_stays() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let batch = table();
    write(&input.join("x.parquet"), &batch);
    let settings = ["--set", "input.text=meta.body", "--set", "output.annotate=false"];
    assert_eq!(run_planted(&input, &out, &settings).0, 0);
    let (_, schema, batches) = read(&out.join("data/x.parquet"));
    assert_eq!(schema.fields(), batch.schema_ref().fields());
    let kept_numbers = (0..ROWS as i64).filter(|row| kept(*row as usize));
    let got = batches.iter().flat_map(|it| {
        it.column_by_name("tamis").unwrap().as_primitive::<arrow_array::types::Int64Type>().iter().flatten()
    });
    assert!(got.eq(kept_numbers));
}
