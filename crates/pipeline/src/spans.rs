//! The places of personal information in a shard, while its rows go by.

use std::path::PathBuf;

use tamis_shard::table::{RowSpans, SpansReader};
use tamis_shard::{ColumnMap, ShardError, Span};

/// Hands out the spans of one row after the other. Memory: one batch of findings.
pub(crate) struct ShardSpans {
    findings: PathBuf,
    reader: SpansReader,
    /// Those of the next row that has any.
    ahead: Option<RowSpans>,
}

impl ShardSpans {
    pub(crate) fn open(findings: PathBuf, columns: &ColumnMap) -> Result<Self, ShardError> {
        let mut reader = SpansReader::open(&findings, columns)?;
        let ahead = reader.next_row()?;
        Ok(Self { findings, reader, ahead })
    }

    /// The spans of a row, all kinds; rows come in order.
    pub(crate) fn of_row(&mut self, row: u64) -> Result<Vec<Span>, ShardError> {
        if self.ahead.as_ref().is_none_or(|ahead| ahead.row != row) {
            return Ok(Vec::new());
        }
        let next = self.reader.next_row()?;
        Ok(std::mem::replace(&mut self.ahead, next).map(|record| record.spans).unwrap_or_default())
    }

    /// After the last row. A finding that no row has would have left something in the output.
    pub(crate) fn finish(&self) -> Result<(), ShardError> {
        match &self.ahead {
            None => Ok(()),
            Some(left) => Err(ShardError::Artefact {
                path: self.findings.clone(),
                message: format!("findings of row {}, expected rows in order that the tags have too", left.row),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use tamis_shard::SourceOrigin;
    use tamis_shard::table::{FindingRow, FindingsWriter, PII_DETECTOR};

    use super::*;

    #[test]
    fn every_row_has_its_own_spans_and_none_is_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.findings.parquet");
        let mut writer = FindingsWriter::create(&path).unwrap();
        for (row, start) in [(1, 0), (1, 5), (3, 2)] {
            let finding = FindingRow {
                row,
                field: "text".into(),
                detector: PII_DETECTOR.into(),
                code: "email".into(),
                score: 1.0,
                start,
                end: start + 2,
                entry: "rule".into(),
            };
            writer.push(&finding).unwrap();
        }
        writer.stage().unwrap().place().unwrap();
        let columns = ColumnMap {
            text: vec!["text".into()],
            id: None,
            source: SourceOrigin::Constant(String::new()),
            lang: None,
            modality: None,
        };
        let mut spans = ShardSpans::open(path, &columns).unwrap();
        let counts: Vec<usize> = (0..3).map(|row| spans.of_row(row).unwrap().len()).collect();
        assert_eq!(counts, [0, 2, 0]);
        let message = spans.finish().unwrap_err().to_string();
        assert!(message.contains("findings of row 3, expected") && message.ends_with("run again"), "{message}");
        assert_eq!(spans.of_row(3).unwrap().len(), 1);
        assert!(spans.finish().is_ok());
    }
}
