//! `verdicts/<path>.verdicts.parquet`: what the policy decided, one row per input record.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{StringBuilder, UInt32Builder, UInt64Builder};
use arrow_array::{ArrayRef, ListArray, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::{Columns, StringLists, TableWriter, artefact, column, list_of, open, optional, strings_of};
use crate::ShardError;
use crate::commit::Staged;

/// One record's verdict, in the words of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerdictRow {
    /// Row in the shard, 0-based.
    pub row: u64,
    /// Identity of the record, 32 hex digits.
    pub record_id: String,
    /// The record's own id.
    pub id: Option<String>,
    /// Name of its source.
    pub source: String,
    /// Decided risks.
    pub risks: Vec<String>,
    /// Risks seen and not enforced.
    pub advisory: Vec<String>,
    /// Kinds of personal information found.
    pub pii: Vec<String>,
    /// `kept`, `dropped` or `quarantined`.
    pub outcome: String,
    /// Number of spans replaced in the written record.
    pub redactions: u32,
    /// The one primary reason; none when kept.
    pub reason: Option<String>,
    /// Every reason, in order of precedence.
    pub reasons: Vec<String>,
}

/// Columns of the file.
pub fn verdicts_schema() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let list = |name: &str| Field::new(name, list_of(DataType::Utf8), false);
    Arc::new(Schema::new(vec![
        Field::new("row", DataType::UInt64, false),
        text("record_id", false),
        text("id", true),
        text("source", false),
        list("risks"),
        list("advisory"),
        list("pii"),
        text("outcome", false),
        Field::new("redactions", DataType::UInt32, false),
        text("reason", true),
        list("reasons"),
    ]))
}

#[derive(Default)]
struct VerdictColumns {
    row: UInt64Builder,
    record_id: StringBuilder,
    id: StringBuilder,
    source: StringBuilder,
    risks: StringLists,
    advisory: StringLists,
    pii: StringLists,
    outcome: StringBuilder,
    redactions: UInt32Builder,
    reason: StringBuilder,
    reasons: StringLists,
}

impl Columns for VerdictColumns {
    type Row = VerdictRow;

    fn push(&mut self, verdict: &VerdictRow) {
        self.row.append_value(verdict.row);
        self.record_id.append_value(&verdict.record_id);
        self.id.append_option(verdict.id.as_deref());
        self.source.append_value(&verdict.source);
        self.risks.push(verdict.risks.iter().map(String::as_str));
        self.advisory.push(verdict.advisory.iter().map(String::as_str));
        self.pii.push(verdict.pii.iter().map(String::as_str));
        self.outcome.append_value(&verdict.outcome);
        self.redactions.append_value(verdict.redactions);
        self.reason.append_option(verdict.reason.as_deref());
        self.reasons.push(verdict.reasons.iter().map(String::as_str));
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.row.finish()),
            Arc::new(self.record_id.finish()),
            Arc::new(self.id.finish()),
            Arc::new(self.source.finish()),
            self.risks.finish(),
            self.advisory.finish(),
            self.pii.finish(),
            Arc::new(self.outcome.finish()),
            Arc::new(self.redactions.finish()),
            Arc::new(self.reason.finish()),
            self.reasons.finish(),
        ]
    }
}

/// Writes the file.
pub struct VerdictsWriter(TableWriter<VerdictColumns>);

impl VerdictsWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// [`ShardError::Io`] or [`ShardError::Encode`].
    pub fn create(target: &Path) -> Result<Self, ShardError> {
        Ok(Self(TableWriter::create(target, verdicts_schema(), VerdictColumns::default())?))
    }

    /// Appends the next verdict.
    ///
    /// # Errors
    /// [`ShardError::Encode`].
    pub fn push(&mut self, verdict: &VerdictRow) -> Result<(), ShardError> {
        self.0.push(verdict)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`ShardError::Encode`] or [`ShardError::Io`].
    pub fn stage(self) -> Result<Staged, ShardError> {
        self.0.stage()
    }
}

/// Reads the file back, batch by batch.
pub struct VerdictsReader {
    path: std::path::PathBuf,
    batches: ParquetRecordBatchReader,
}

impl VerdictsReader {
    /// Opens the file.
    ///
    /// # Errors
    /// [`ShardError::Io`], or [`ShardError::Artefact`] where it is no verdicts file.
    pub fn open(path: &Path) -> Result<Self, ShardError> {
        Ok(Self { path: path.to_path_buf(), batches: open(path, &verdicts_schema())? })
    }

    /// The next rows, none at the end.
    ///
    /// # Errors
    /// [`ShardError::Artefact`] where the file is damaged.
    pub fn next_rows(&mut self) -> Result<Option<Vec<VerdictRow>>, ShardError> {
        match self.batches.next() {
            None => Ok(None),
            Some(batch) => self.read(&batch.map_err(|error| artefact(&self.path, error.to_string()))?).map(Some),
        }
    }

    fn read(&self, batch: &RecordBatch) -> Result<Vec<VerdictRow>, ShardError> {
        let text = |name: &str| column::<StringArray>(batch, name, &self.path);
        let list = |name: &str| column::<ListArray>(batch, name, &self.path);
        let row = column::<UInt64Array>(batch, "row", &self.path)?;
        let redactions = column::<UInt32Array>(batch, "redactions", &self.path)?;
        let (record_id, id, source) = (text("record_id")?, text("id")?, text("source")?);
        let (outcome, reason) = (text("outcome")?, text("reason")?);
        let (risks, advisory, pii, reasons) = (list("risks")?, list("advisory")?, list("pii")?, list("reasons")?);
        let rows = (0..row.len()).map(|n| VerdictRow {
            row: row.value(n),
            record_id: record_id.value(n).to_string(),
            id: optional(id, n),
            source: source.value(n).to_string(),
            risks: strings_of(risks, n),
            advisory: strings_of(advisory, n),
            pii: strings_of(pii, n),
            outcome: outcome.value(n).to_string(),
            redactions: redactions.value(n),
            reason: optional(reason, n),
            reasons: strings_of(reasons, n),
        });
        Ok(rows.collect())
    }
}
