//! Parquet shards, each with other types, codecs and further columns.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, Float32Array, Int32Array, Int64Array, LargeStringArray, RecordBatch,
    StringArray, StructArray, TimestampMillisecondArray,
};
use arrow_schema::{ArrowError, DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::Result as ParquetResult;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::lines::tags;
use super::plan::{DAMAGED_SOURCE, Layout};
use super::record::Record;
use crate::CorpusError;

/// Row group sizes that do not divide a shard's rows evenly.
const ZSTD_ROW_GROUP: usize = 230;
const SNAPPY_ROW_GROUP: usize = 300;

/// The damaged row's place in the shards that have one.
const DAMAGED_ROW: usize = 17;

/// The shard's stored bytes.
pub(super) fn encode(path: &str, layout: Layout, records: &[Record]) -> Result<Vec<u8>, CorpusError> {
    let batch = match layout {
        Layout::ParquetSnappy => nested(records),
        Layout::ParquetPlain => binary(records),
        _ => plain_strings(records),
    };
    let batch = batch.map_err(|source| CorpusError::Arrow { path: path.to_owned(), source })?;
    properties(layout)
        .and_then(|properties| write(&batch, properties))
        .map_err(|source| CorpusError::Parquet { path: path.to_owned(), source })
}

fn properties(layout: Layout) -> ParquetResult<WriterProperties> {
    let builder: WriterPropertiesBuilder = WriterProperties::builder().set_created_by("tamis-corpus".to_owned());
    let builder = match layout {
        Layout::ParquetSnappy => {
            builder.set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(SNAPPY_ROW_GROUP))
        }
        Layout::ParquetPlain => builder.set_compression(Compression::UNCOMPRESSED).set_dictionary_enabled(false),
        _ => builder
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(9)?))
            .set_max_row_group_row_count(Some(ZSTD_ROW_GROUP)),
    };
    Ok(builder.build())
}

fn write(batch: &RecordBatch, properties: WriterProperties) -> ParquetResult<Vec<u8>> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(batch)?;
    writer.into_inner()
}

fn strings<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// The source, or null for every other record that names none.
fn source(record: &Record) -> Option<&'static str> {
    let missing = record.source.is_empty() && record.noise.is_multiple_of(2);
    (!missing).then_some(record.source)
}

fn langs(records: &[Record]) -> ArrayRef {
    strings(records.iter().map(|record| record.lang.code()))
}

fn plain_strings(records: &[Record]) -> Result<RecordBatch, ArrowError> {
    let urls = records.iter().map(|record| format!("https://{}/{}", record.source, record.noise));
    let scores = records.iter().map(|record| (record.noise % 1_000) as f32 / 8.0);
    let sources: StringArray = records.iter().map(source).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("id", strings(records.iter().map(|r| r.id.as_str())), false),
        ("url", Arc::new(StringArray::from_iter_values(urls)), false),
        ("text", strings(records.iter().map(|r| r.text.as_str())), true),
        ("lang", langs(records), true),
        ("source", Arc::new(sources), true),
        ("score", Arc::new(Float32Array::from_iter_values(scores)), false),
    ])
}

/// Large strings, a dictionary, a struct, a list, a timestamp, and one added row with null text.
fn nested(records: &[Record]) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<Option<&Record>> = with_damaged_row(records);
    let text: LargeStringArray = rows.iter().map(|row| row.map(|r| r.text.as_str())).collect();
    let ids = rows.iter().map(|row| row.map_or("docs-x7", |r| &r.id));
    let sources: DictionaryArray<Int32Type> = rows.iter().map(|row| row.map_or(Some(DAMAGED_SOURCE), source)).collect();
    let langs = rows.iter().map(|row| row.map_or("en", |r| r.lang.code()));
    let noise = || rows.iter().map(|row| row.map_or(0, |r| r.noise));
    let fetched = noise().map(|noise| 1_700_000_000_000 + i64::from(noise) * 1_000);
    let fetched = TimestampMillisecondArray::from_iter_values(fetched).with_timezone("UTC");
    RecordBatch::try_from_iter_with_nullable([
        ("text", Arc::new(text) as ArrayRef, true),
        ("id", strings(ids), false),
        ("meta", meta(noise())?, false),
        ("tags", tag_lists(noise()), false),
        ("source", Arc::new(sources), true),
        ("lang", strings(langs), true),
        ("fetched", Arc::new(fetched), false),
    ])
}

fn with_damaged_row(records: &[Record]) -> Vec<Option<&Record>> {
    let mut rows: Vec<Option<&Record>> = records.iter().map(Some).collect();
    rows.insert(DAMAGED_ROW.min(rows.len()), None);
    rows
}

fn meta(noise: impl Iterator<Item = u32> + Clone) -> Result<ArrayRef, ArrowError> {
    let authors = noise.clone().map(|noise| format!("user{}", noise % 500));
    let authors: ArrayRef = Arc::new(StringArray::from_iter_values(authors));
    let votes = noise.map(|noise| (!noise.is_multiple_of(3)).then_some((noise % 90) as i32));
    let votes: ArrayRef = Arc::new(Int32Array::from_iter(votes));
    let columns = vec![
        (Arc::new(Field::new("author", DataType::Utf8, false)), authors),
        (Arc::new(Field::new("votes", DataType::Int32, true)), votes),
    ];
    Ok(Arc::new(StructArray::from(columns)))
}

fn tag_lists(noise: impl Iterator<Item = u32>) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for noise in noise {
        for tag in tags(noise) {
            lists.values().append_value(tag);
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}

/// Text as bytes, ids as integers, and one added row whose text is no UTF-8.
fn binary(records: &[Record]) -> Result<RecordBatch, ArrowError> {
    let rows = with_damaged_row(records);
    let text = rows.iter().map(|row| row.map_or(&b"caf\xe9 in Latin-1"[..], |r| r.text.as_bytes()));
    let ids = rows.iter().map(|row| row.map_or(Some(0), |r| r.id.parse().ok()));
    let sources = rows.iter().map(|row| row.map_or(DAMAGED_SOURCE, |r| r.source));
    let langs = rows.iter().map(|row| row.map_or("en", |r| r.lang.code()));
    RecordBatch::try_from_iter_with_nullable([
        ("lang", strings(langs), false),
        ("source", strings(sources), false),
        ("id", Arc::new(Int64Array::from_iter(ids)) as ArrayRef, true),
        ("text", Arc::new(BinaryArray::from_iter_values(text)), false),
    ])
}
