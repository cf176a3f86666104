//! `findings/<path>.findings.parquet`: the evidence, one row per finding. Never the matched text.

use std::path::Path;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{Float32Builder, StringBuilder, UInt32Builder, UInt64Builder};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::{Columns, TableWriter};
use crate::ShardError;
use crate::commit::Staged;

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRow {
    /// Row in the shard, 0-based.
    pub row: u64,
    /// Text column.
    pub field: Arc<str>,
    /// Name of the detector.
    pub detector: &'static str,
    /// Risk code or kind of personal information.
    pub code: Arc<str>,
    /// 0–1; 1 for keywords.
    pub score: f32,
    /// First byte in the original text.
    pub start: u32,
    /// One past the last byte in the original text.
    pub end: u32,
    /// Keyword id or model head.
    pub entry: Arc<str>,
}

/// Columns of the file.
pub fn findings_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(vec![
        Field::new("row", DataType::UInt64, false),
        text("field"),
        text("detector"),
        text("code"),
        Field::new("score", DataType::Float32, false),
        Field::new("start", DataType::UInt32, false),
        Field::new("end", DataType::UInt32, false),
        text("entry"),
    ]))
}

#[derive(Default)]
struct FindingColumns {
    row: UInt64Builder,
    field: StringBuilder,
    detector: StringBuilder,
    code: StringBuilder,
    score: Float32Builder,
    start: UInt32Builder,
    end: UInt32Builder,
    entry: StringBuilder,
}

impl Columns for FindingColumns {
    type Row = FindingRow;

    fn push(&mut self, finding: &FindingRow) {
        self.row.append_value(finding.row);
        self.field.append_value(&finding.field);
        self.detector.append_value(finding.detector);
        self.code.append_value(&finding.code);
        self.score.append_value(finding.score);
        self.start.append_value(finding.start);
        self.end.append_value(finding.end);
        self.entry.append_value(&finding.entry);
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.row.finish()),
            Arc::new(self.field.finish()),
            Arc::new(self.detector.finish()),
            Arc::new(self.code.finish()),
            Arc::new(self.score.finish()),
            Arc::new(self.start.finish()),
            Arc::new(self.end.finish()),
            Arc::new(self.entry.finish()),
        ]
    }
}

/// Writes the file.
pub struct FindingsWriter(TableWriter<FindingColumns>);

impl FindingsWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// [`ShardError::Io`] or [`ShardError::Encode`].
    pub fn create(target: &Path) -> Result<Self, ShardError> {
        Ok(Self(TableWriter::create(target, findings_schema(), FindingColumns::default())?))
    }

    /// Appends the next finding.
    ///
    /// # Errors
    /// [`ShardError::Encode`].
    pub fn push(&mut self, finding: &FindingRow) -> Result<(), ShardError> {
        self.0.push(finding)
    }

    /// Number of findings so far.
    pub fn rows(&self) -> u64 {
        self.0.rows
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`ShardError::Encode`] or [`ShardError::Io`].
    pub fn stage(self) -> Result<Staged, ShardError> {
        self.0.stage()
    }
}
