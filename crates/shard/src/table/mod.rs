//! The Parquet artefacts of a run: tags, findings, verdicts and the ledger.
//!
//! Rows are appended in order and encoded in chunks of 8,192, so a file's bytes depend on its rows alone.

mod findings;
mod ledger;
mod spans;
mod tagged;
mod tags;
mod verdicts;

pub use findings::{FindingRow, FindingsReader, FindingsWriter, PII_DETECTOR, findings_schema};
pub use ledger::{ledger_csv, ledger_schema, read_ledger, write_ledger};
pub use spans::{RowSpans, SpansReader};
pub use tagged::Tagged;
pub use tags::{ScoreTag, TagRow, TagsReader, TagsWriter, tags_schema};
pub use verdicts::{VerdictRow, VerdictsReader, VerdictsWriter, verdicts_schema};

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::ShardError;
use crate::commit::{Staged, StagedFile};

/// Rows encoded at a time.
const CHUNK_ROWS: usize = 8192;
/// Rows of a row group.
const GROUP_ROWS: usize = 16 * CHUNK_ROWS;

/// Collects rows and turns them into columns.
trait Columns {
    type Row;
    fn push(&mut self, row: &Self::Row);
    fn finish(&mut self) -> Vec<ArrayRef>;
}

/// Writes one artefact under a temporary name.
struct TableWriter<C: Columns> {
    columns: C,
    pending: usize,
    rows: u64,
    schema: SchemaRef,
    writer: ArrowWriter<StagedFile>,
    target: PathBuf,
}

impl<C: Columns> TableWriter<C> {
    fn create(target: &Path, schema: SchemaRef, columns: C) -> Result<Self, ShardError> {
        let file = StagedFile::create(target)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
            .set_created_by(concat!("tamis ", env!("CARGO_PKG_VERSION")).into())
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
        let writer = writer.map_err(ShardError::encode(target))?;
        Ok(Self { columns, pending: 0, rows: 0, schema, writer, target: target.to_path_buf() })
    }

    fn push(&mut self, row: &C::Row) -> Result<(), ShardError> {
        self.columns.push(row);
        self.pending += 1;
        self.rows += 1;
        if self.pending == CHUNK_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ShardError> {
        if self.pending == 0 {
            return Ok(());
        }
        self.pending = 0;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), self.columns.finish())
            .map_err(|error| ShardError::encode(&self.target)(error.into()))?;
        self.writer.write(&batch).map_err(ShardError::encode(&self.target))
    }

    fn stage(mut self) -> Result<Staged, ShardError> {
        self.flush()?;
        self.writer.into_inner().map_err(ShardError::encode(&self.target))?.stage()
    }
}

/// Opens an artefact that the program wrote.
fn open(path: &Path, expected: &SchemaRef) -> Result<ParquetRecordBatchReader, ShardError> {
    let file = File::open(path).map_err(ShardError::io("open", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| artefact(path, error.to_string()))?;
    for field in expected.fields() {
        let got = builder.schema().field_with_name(field.name()).map(Field::data_type);
        if got.is_err() || got.is_ok_and(|got| got != field.data_type()) {
            let message = format!("expected a column {:?} of type {}", field.name(), field.data_type());
            return Err(artefact(path, message));
        }
    }
    builder.with_batch_size(CHUNK_ROWS).build().map_err(|error| artefact(path, error.to_string()))
}

fn artefact(path: &Path, message: impl Into<String>) -> ShardError {
    ShardError::Artefact { path: path.to_path_buf(), message: message.into() }
}

/// A column of a batch by name and type.
fn column<'b, A: 'static>(batch: &'b RecordBatch, name: &str, path: &Path) -> Result<&'b A, ShardError> {
    batch
        .column_by_name(name)
        .and_then(|array| array.as_any().downcast_ref::<A>())
        .ok_or_else(|| artefact(path, format!("column {name:?} is missing or of another type")))
}

fn list_of(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("element", element, false)))
}

/// Builds columns of lists of strings whose elements are never null.
struct StringLists(ListBuilder<StringBuilder>);

impl Default for StringLists {
    fn default() -> Self {
        let element = Arc::new(Field::new("element", DataType::Utf8, false));
        Self(ListBuilder::new(StringBuilder::new()).with_field(element))
    }
}

impl StringLists {
    fn push<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        values.for_each(|value| self.0.values().append_value(value));
        self.0.append(true);
    }

    fn finish(&mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

/// The strings of one row of a list column.
fn strings_of(lists: &ListArray, row: usize) -> Vec<String> {
    let values = lists.value(row);
    let values = values.as_any().downcast_ref::<StringArray>();
    values.map_or_else(Vec::new, |values| values.iter().flatten().map(str::to_string).collect())
}

fn optional(values: &StringArray, row: usize) -> Option<String> {
    values.is_valid(row).then(|| values.value(row).to_string())
}

/// Hex digits are ASCII; nothing is lost.
fn id_text(id: &[u8; 32]) -> &str {
    std::str::from_utf8(id).unwrap_or_default()
}
