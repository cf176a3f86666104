//! Redaction in Parquet: the text leaves of kept rows change where they have spans, and nothing else does.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray,
    StructArray,
};
use arrow_schema::{DataType, Field, Fields};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::{KeyValue, ParquetMetaData, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tamis_rules::{Outcome, PiiKind, PiiSet, RiskSet, Taxonomy};
use tamis_shard::format::parquet::{ParquetCopy, ParquetShard, ParquetWriter};
use tamis_shard::{Limits, RecordIds, Redaction, Redactor, RowPlan, ShardError, Span};

/// Stands at bytes 2 to 8 of every text that has a span.
const SECRET: &str = "geheim";

struct Hide;

impl Redactor for Hide {
    fn replacement(&self, kind: PiiKind, original: &str, out: &mut String) {
        assert_eq!(original, SECRET);
        out.push_str(if kind == PiiKind::Email { "[EMAIL]" } else { "[QQ]" });
    }
}

fn text(row: usize) -> String {
    format!("{} {SECRET} 中{}", row % 10, row % 4)
}

fn redacted(row: usize) -> String {
    text(row).replace(SECRET, "[EMAIL]")
}

/// Every third row keeps its text as it is, every seventh is dropped.
fn has_span(row: usize) -> bool {
    !row.is_multiple_of(3)
}

fn plan(row: usize, fields: u16) -> RowPlan {
    let kept = !row.is_multiple_of(7);
    let spans = (0..fields).map(|field| Span { field, start: 2, end: 8, kind: PiiKind::Email });
    RowPlan {
        outcome: if kept { Outcome::Kept } else { Outcome::Dropped },
        record_id: RecordIds::new("x", "").row(row as u64),
        source: "s".into(),
        risks: RiskSet::default(),
        advisory: RiskSet::default(),
        pii: PiiSet::default(),
        spans: if kept && has_span(row) { spans.collect() } else { Vec::new() },
    }
}

fn write(path: &Path, batch: &RecordBatch, properties: WriterProperties) {
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn properties() -> parquet::file::properties::WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(40))
        .set_data_page_row_count_limit(13)
        .set_write_batch_size(13)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_compression(parquet::basic::Compression::UNCOMPRESSED)
}

/// Copies the kept rows with their spans replaced.
fn copy(
    from: &Path,
    to: &Path,
    columns: &[String],
    annotate: bool,
    plan: impl Fn(usize) -> RowPlan,
) -> Result<(), ShardError> {
    let taxonomy = Arc::new(Taxonomy::builtin("gbt45654").unwrap());
    let copy = ParquetCopy::new(ParquetShard::open(from, Limits::default())?, annotate, columns, taxonomy)?;
    let mut writer = ParquetWriter::create(to, &copy)?;
    let redaction = Redaction { redactor: &Hide, columns, findings: Path::new("findings/x") };
    let mut row = 0;
    for group in 0..copy.row_groups() {
        let plans: Vec<RowPlan> = (row..row + copy.rows_of(group)).map(&plan).collect();
        row += plans.len();
        writer.append(copy.encode(group, &plans, Outcome::Kept, Some(&redaction))?)?;
    }
    writer.stage()?.place()?;
    Ok(())
}

fn read(path: &Path) -> (Vec<RecordBatch>, Arc<ParquetMetaData>) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let metadata = Arc::clone(builder.metadata());
    (builder.build().unwrap().map(Result::unwrap).collect(), metadata)
}

/// One column of all batches as strings.
fn strings(batches: &[RecordBatch], pick: impl Fn(&RecordBatch) -> ArrayRef) -> Vec<Option<String>> {
    let mut out = Vec::new();
    for batch in batches {
        let array = arrow_strings(&pick(batch));
        out.extend(array);
    }
    out
}

fn arrow_strings(array: &ArrayRef) -> Vec<Option<String>> {
    let any = array.as_any();
    if let Some(array) = any.downcast_ref::<StringArray>() {
        array.iter().map(|it| it.map(str::to_string)).collect()
    } else if let Some(array) = any.downcast_ref::<LargeStringArray>() {
        array.iter().map(|it| it.map(str::to_string)).collect()
    } else if let Some(array) = any.downcast_ref::<BinaryArray>() {
        array.iter().map(|it| it.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())).collect()
    } else {
        let array = any.downcast_ref::<DictionaryArray<Int32Type>>().unwrap();
        let values = array.downcast_dict::<StringArray>().unwrap();
        values.into_iter().map(|it| it.map(str::to_string)).collect()
    }
}

const ROWS: usize = 150;

fn kept(rows: usize) -> impl Iterator<Item = usize> {
    (0..rows).filter(|row| !row.is_multiple_of(7))
}

/// The column `text` of one of the types that are read as text.
fn round_trip(column: ArrayRef, dictionary: bool, annotate: bool) {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.parquet"), folder.path().join("out.parquet"));
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS as i64));
    let kind = column.data_type().clone();
    let batch = RecordBatch::try_from_iter([("id", id), ("text", column)]).unwrap();
    write(&from, &batch, properties().set_dictionary_enabled(dictionary).build());
    copy(&from, &to, &["text".into()], annotate, |row| plan(row, 1)).unwrap();
    let (batches, metadata) = read(&to);
    assert_eq!(batches[0].column_by_name("text").unwrap().data_type(), &kind);
    let want: Vec<_> = kept(ROWS).map(|row| Some(if has_span(row) { redacted(row) } else { text(row) })).collect();
    assert_eq!(strings(&batches, |batch| Arc::clone(batch.column_by_name("text").unwrap())), want);
    let ids = batches
        .iter()
        .flat_map(|batch| batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec());
    assert!(ids.eq(kept(ROWS).map(|row| row as i64)), "the other columns stay");
    assert_eq!(metadata.num_row_groups(), 4);
    if dictionary {
        assert!(metadata.row_group(0).column(1).dictionary_page_offset().is_some());
    }
}

#[test]
fn every_type_that_is_read_as_text_is_rewritten() {
    let texts = || (0..ROWS).map(text);
    for dictionary in [false, true] {
        for annotate in [false, true] {
            round_trip(Arc::new(StringArray::from_iter_values(texts())), dictionary, annotate);
            round_trip(Arc::new(LargeStringArray::from_iter_values(texts())), dictionary, annotate);
            round_trip(Arc::new(BinaryArray::from_iter_values(texts())), dictionary, annotate);
        }
    }
    let texts: Vec<String> = texts().collect();
    let encoded: DictionaryArray<Int32Type> = texts.iter().map(String::as_str).collect();
    round_trip(Arc::new(encoded), true, true);
}

#[test]
fn nothing_of_the_old_values_is_left_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.parquet"), folder.path().join("out.parquet"));
    // Every row has the secret, in a few values that a dictionary holds and that are the least and the largest.
    let column: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| text(row % 5))));
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS as i64));
    let batch = RecordBatch::try_from_iter([("text", column), ("id", id)]).unwrap();
    let sorted = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: false };
    let origin = KeyValue::new("origin".to_string(), "crawl 7".to_string());
    for dictionary in [false, true] {
        let properties = properties()
            .set_dictionary_enabled(dictionary)
            .set_bloom_filter_enabled(true)
            .set_key_value_metadata(Some(vec![origin.clone()]))
            .set_sorting_columns(Some(vec![sorted(1), sorted(0)]));
        write(&from, &batch, properties.build());
        let spans = |row: usize| RowPlan {
            spans: vec![Span { field: 0, start: 2, end: 8, kind: PiiKind::Qq }],
            ..plan(row, 1)
        };
        let all = |row| RowPlan { outcome: Outcome::Kept, ..spans(row) };
        copy(&from, &to, &["text".into()], false, all).unwrap();
        let bytes = std::fs::read(&to).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "dictionary {dictionary}");
        let (_, metadata) = read(&to);
        let statistics = metadata.row_group(0).column(0).statistics().unwrap();
        assert_eq!(statistics.min_bytes_opt(), Some("0 [QQ] 中0".as_bytes()));
        assert_eq!(statistics.max_bytes_opt(), Some("4 [QQ] 中0".as_bytes()));
        let pairs = metadata.file_metadata().key_value_metadata().unwrap();
        assert!(pairs.contains(&origin));
        // Only the order by the number still holds.
        assert_eq!(metadata.row_group(0).sorting_columns().unwrap(), &vec![sorted(1)]);
    }
}

#[test]
fn a_leaf_inside_a_struct_and_nulls_at_every_level_keep_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.parquet"), folder.path().join("out.parquet"));
    // meta.body: null where the row divides by 4, the struct itself where it divides by 5. Then there is no span.
    let has_text = |row: usize| !row.is_multiple_of(4) && !row.is_multiple_of(5);
    let body: ArrayRef =
        Arc::new(StringArray::from_iter((0..ROWS).map(|row| (!row.is_multiple_of(4)).then(|| text(row)))));
    let note: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(text)));
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..ROWS).map(|row| Some(vec![Some(row as i32); row % 3])),
    ));
    let fields = Fields::from(vec![
        Field::new("body", DataType::Utf8, true),
        Field::new("note", DataType::Utf8, true),
        Field::new("list", list.data_type().clone(), true),
    ]);
    let valid: Vec<bool> = (0..ROWS).map(|row| !row.is_multiple_of(5)).collect();
    let meta: ArrayRef = Arc::new(StructArray::new(fields, vec![body, note, list], Some(valid.into())));
    let title: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(text)));
    let batch = RecordBatch::try_from_iter_with_nullable([("meta", meta, true), ("title", title, false)]).unwrap();
    write(&from, &batch, properties().build());
    let spans = |row: usize| {
        let mut plan = plan(row, 2);
        plan.spans.retain(|span| span.field == 0 || has_text(row));
        plan
    };
    copy(&from, &to, &["title".into(), "meta.body".into()], true, spans).unwrap();
    let (batches, _) = read(&to);
    let inner = |name: &'static str| {
        move |batch: &RecordBatch| {
            let meta = batch.column_by_name("meta").unwrap();
            Arc::clone(meta.as_any().downcast_ref::<StructArray>().unwrap().column_by_name(name).unwrap())
        }
    };
    let value = |row: usize| if has_span(row) { redacted(row) } else { text(row) };
    let want: Vec<_> = kept(ROWS).map(|row| has_text(row).then(|| value(row))).collect();
    assert_eq!(strings(&batches, inner("body")), want);
    let want: Vec<_> = kept(ROWS).map(|row| (!row.is_multiple_of(5)).then(|| text(row))).collect();
    assert_eq!(strings(&batches, inner("note")), want, "a leaf that is not mapped stays");
    let want: Vec<_> = kept(ROWS).map(|row| Some(value(row))).collect();
    assert_eq!(strings(&batches, |batch| Arc::clone(batch.column_by_name("title").unwrap())), want);
}

#[test]
fn a_text_in_a_column_that_the_annotation_replaces_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.parquet"), folder.path().join("out.parquet"));
    let note: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(text)));
    let fields = Fields::from(vec![Field::new("note", DataType::Utf8, false)]);
    let tamis: ArrayRef = Arc::new(StructArray::new(fields, vec![note], None));
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS as i64));
    let batch = RecordBatch::try_from_iter([("tamis", tamis), ("id", id)]).unwrap();
    write(&from, &batch, properties().build());
    let spans = |row| RowPlan { outcome: Outcome::Kept, ..plan(row * 3 + 1, 1) };
    let all =
        |row: usize| RowPlan { spans: vec![Span { field: 0, start: 2, end: 8, kind: PiiKind::Email }], ..spans(row) };
    for annotate in [true, false] {
        copy(&from, &to, &["tamis.note".into()], annotate, all).unwrap();
        let bytes = std::fs::read(&to).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "annotate {annotate}");
        assert_eq!(read(&to).0.iter().map(RecordBatch::num_rows).sum::<usize>(), ROWS);
    }
}

#[test]
fn spans_that_fit_no_text_are_an_error_of_the_findings() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.parquet"), folder.path().join("out.parquet"));
    let column: ArrayRef = Arc::new(StringArray::from(vec![Some("a中b"), None, Some("")]));
    let batch = RecordBatch::try_from_iter([("text", column)]).unwrap();
    write(&from, &batch, properties().build());
    for (row, start, end) in [(0, 0, 2), (0, 2, 4), (0, 4, 99), (1, 0, 1), (2, 0, 1)] {
        let spans = |at: usize| RowPlan {
            outcome: Outcome::Kept,
            spans: if at == row { vec![Span { field: 0, start, end, kind: PiiKind::Email }] } else { Vec::new() },
            ..plan(at, 0)
        };
        let error = copy(&from, &to, &["text".into()], false, spans).unwrap_err();
        assert!(matches!(error, ShardError::Artefact { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains("column \"text\": bytes") && message.ends_with("run again"), "{message}");
    }
    // A span that nothing would replace never passes.
    let lost = |row: usize| RowPlan { outcome: Outcome::Kept, ..plan(row + 1, 2) };
    assert!(matches!(copy(&from, &to, &["text".into()], false, lost), Err(ShardError::Bad(_))));
}
