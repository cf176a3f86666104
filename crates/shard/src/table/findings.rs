//! `findings/<path>.findings.parquet`: the evidence, one row per finding. Never the matched text.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{Float32Builder, StringBuilder, UInt32Builder, UInt64Builder};
use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::{Columns, TableWriter, artefact, column, open};
use crate::ShardError;
use crate::commit::Staged;

/// Name of the detector of personal information: its findings of one text are in order, do not overlap, and none is left
/// out. Others may name a kind too; what they find is evidence and no more.
pub const PII_DETECTOR: &str = "pii";

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRow {
    /// Row in the shard, 0-based.
    pub row: u64,
    /// Text column.
    pub field: Arc<str>,
    /// Name of the detector.
    pub detector: Cow<'static, str>,
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
        self.detector.append_value(&finding.detector);
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

/// Reads the file back, row by row. Memory: one batch.
pub struct FindingsReader {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    rows: std::vec::IntoIter<FindingRow>,
    /// Row in the shard of the finding before.
    last_row: u64,
    names: Names,
}

/// Texts of the last finding: neighbours mostly share them.
#[derive(Default)]
struct Names {
    field: Arc<str>,
    code: Arc<str>,
    entry: Arc<str>,
}

impl FindingsReader {
    /// Opens the file.
    ///
    /// # Errors
    /// [`ShardError::Io`], or [`ShardError::Artefact`] where it is no findings file.
    pub fn open(path: &Path) -> Result<Self, ShardError> {
        let batches = open(path, &findings_schema())?;
        Ok(Self {
            path: path.to_path_buf(),
            batches,
            rows: Vec::new().into_iter(),
            last_row: 0,
            names: Names::default(),
        })
    }

    /// The next finding, none at the end.
    ///
    /// # Errors
    /// [`ShardError::Artefact`] where the file is damaged, findings are not in the order of their rows, or one has no
    /// extent.
    pub fn next_row(&mut self) -> Result<Option<FindingRow>, ShardError> {
        loop {
            if let Some(row) = self.rows.next() {
                self.check(&row)?;
                self.last_row = row.row;
                return Ok(Some(row));
            }
            match self.batches.next() {
                None => return Ok(None),
                Some(batch) => {
                    let batch = batch.map_err(|error| artefact(&self.path, error.to_string()))?;
                    self.rows = self.read(&batch)?.into_iter();
                }
            }
        }
    }

    /// The error for what stands in the file.
    pub(super) fn refuse(&self, message: impl Into<String>) -> ShardError {
        artefact(&self.path, message)
    }

    fn check(&self, finding: &FindingRow) -> Result<(), ShardError> {
        let FindingRow { row, start, end, .. } = finding;
        if *row < self.last_row {
            return Err(self.refuse(format!("a finding of row {row} after one of row {}", self.last_row)));
        }
        if start >= end {
            return Err(
                self.refuse(format!("row {row}: a finding from byte {start} to {end}, expected one or more bytes"))
            );
        }
        Ok(())
    }

    fn read(&mut self, batch: &RecordBatch) -> Result<Vec<FindingRow>, ShardError> {
        let path = &self.path;
        let text = |name: &str| column::<StringArray>(batch, name, path);
        let number = |name: &str| column::<UInt32Array>(batch, name, path);
        let row = column::<UInt64Array>(batch, "row", path)?;
        let (field, detector, code, entry) = (text("field")?, text("detector")?, text("code")?, text("entry")?);
        let score = column::<Float32Array>(batch, "score", path)?;
        let (start, end) = (number("start")?, number("end")?);
        let names = &mut self.names;
        let rows = (0..batch.num_rows()).map(|n| FindingRow {
            row: row.value(n),
            field: shared(&mut names.field, field.value(n)),
            detector: detector_name(detector.value(n)),
            code: shared(&mut names.code, code.value(n)),
            score: score.value(n),
            start: start.value(n),
            end: end.value(n),
            entry: shared(&mut names.entry, entry.value(n)),
        });
        Ok(rows.collect())
    }
}

fn shared(last: &mut Arc<str>, value: &str) -> Arc<str> {
    if **last != *value {
        *last = value.into();
    }
    Arc::clone(last)
}

fn detector_name(name: &str) -> Cow<'static, str> {
    if name == PII_DETECTOR { Cow::Borrowed(PII_DETECTOR) } else { Cow::Owned(name.to_string()) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::table) fn finding(row: u64, field: &str, code: &str, start: u32, end: u32) -> FindingRow {
        FindingRow {
            row,
            field: field.into(),
            detector: PII_DETECTOR.into(),
            code: code.into(),
            score: 1.0,
            start,
            end,
            entry: "rule".into(),
        }
    }

    pub(in crate::table) fn written(findings: &[FindingRow]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.findings.parquet");
        let mut writer = FindingsWriter::create(&path).unwrap();
        findings.iter().for_each(|finding| writer.push(finding).unwrap());
        writer.stage().unwrap().place().unwrap();
        (folder, path)
    }

    #[test]
    fn findings_come_back_as_they_were_written() {
        let row = |n: u64| FindingRow {
            detector: if n.is_multiple_of(3) { "keywords".into() } else { PII_DETECTOR.into() },
            score: (n % 7) as f32 / 8.0,
            entry: format!("e{}", n % 5).into(),
            ..finding(n / 2, if n.is_multiple_of(2) { "text" } else { "标题" }, "email", n as u32, n as u32 + 1)
        };
        let rows: Vec<FindingRow> = (0..20_000).map(row).collect();
        let (_folder, path) = written(&rows);
        let mut reader = FindingsReader::open(&path).unwrap();
        for row in &rows {
            assert_eq!(reader.next_row().unwrap().as_ref(), Some(row));
        }
        assert_eq!(reader.next_row().unwrap(), None);
    }

    #[test]
    fn damage_is_named_with_the_file_and_the_way_out() {
        for (rows, expected) in [
            (
                vec![finding(3, "text", "email", 0, 1), finding(2, "text", "email", 0, 1)],
                "a finding of row 2 after one of row 3",
            ),
            (vec![finding(0, "text", "email", 4, 4)], "row 0: a finding from byte 4 to 4"),
        ] {
            let (_folder, path) = written(&rows);
            let mut reader = FindingsReader::open(&path).unwrap();
            let message = loop {
                match reader.next_row() {
                    Ok(row) => assert!(row.is_some(), "{expected}"),
                    Err(error) => break error.to_string(),
                }
            };
            assert!(message.contains("x.findings.parquet: ") && message.contains(expected), "{message}");
            assert!(message.ends_with("run again"), "{message}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"no parquet").unwrap();
        assert!(matches!(FindingsReader::open(&path), Err(ShardError::Artefact { .. })));
    }
}
