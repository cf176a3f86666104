//! The findings of personal information as spans, record by record: what redaction and its audit are made of.

use std::path::Path;

use tamis_rules::PiiKind;

use super::findings::{FindingRow, FindingsReader, PII_DETECTOR};
use crate::{ColumnMap, ShardError, Span};

/// The spans of one record: one or more, by field and start, none overlapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSpans {
    /// Row in the shard, 0-based.
    pub row: u64,
    /// What was found where.
    pub spans: Vec<Span>,
}

/// Reads the spans of a findings file, one record after the other. Memory: one batch and one record's spans.
pub struct SpansReader {
    findings: FindingsReader,
    /// Names of the text columns.
    fields: Vec<String>,
    /// The first finding of the next record.
    ahead: Option<FindingRow>,
}

impl SpansReader {
    /// Opens the file; `columns` is the mapping that its texts were read by.
    ///
    /// # Errors
    /// [`ShardError::Io`], or [`ShardError::Artefact`] where it is no findings file.
    pub fn open(path: &Path, columns: &ColumnMap) -> Result<Self, ShardError> {
        Ok(Self { findings: FindingsReader::open(path)?, fields: columns.text.clone(), ahead: None })
    }

    /// The next record that has spans, none at the end.
    ///
    /// # Errors
    /// [`ShardError::Artefact`] where the file is damaged, a finding names no text column or no kind of personal
    /// information, or two of them overlap.
    pub fn next_row(&mut self) -> Result<Option<RowSpans>, ShardError> {
        let Some(first) = self.next_finding()? else { return Ok(None) };
        let mut record = RowSpans { row: first.row, spans: vec![self.span(&first)?] };
        while let Some(finding) = self.next_finding()? {
            if finding.row != record.row {
                self.ahead = Some(finding);
                break;
            }
            let span = self.span(&finding)?;
            if record.spans.last().is_some_and(|last| !follows(last, &span)) {
                let message =
                    format!("row {}: findings overlap, or are in no order, at byte {}", finding.row, span.start);
                return Err(self.findings.refuse(message));
            }
            record.spans.push(span);
        }
        Ok(Some(record))
    }

    fn next_finding(&mut self) -> Result<Option<FindingRow>, ShardError> {
        if let Some(finding) = self.ahead.take() {
            return Ok(Some(finding));
        }
        loop {
            match self.findings.next_row()? {
                Some(finding) if finding.detector != PII_DETECTOR => {}
                next => return Ok(next),
            }
        }
    }

    fn span(&self, finding: &FindingRow) -> Result<Span, ShardError> {
        let FindingRow { row, field, code, start, end, .. } = finding;
        let place = self.fields.iter().position(|name| **name == **field).and_then(|at| u16::try_from(at).ok());
        let field = place.ok_or_else(|| self.findings.refuse(format!("row {row}: {field:?} is no text column")))?;
        let kind = PiiKind::parse(code);
        let kind = kind
            .ok_or_else(|| self.findings.refuse(format!("row {row}: unknown kind of personal information {code:?}")))?;
        Ok(Span { field, start: *start, end: *end, kind })
    }
}

/// Whether a span stands behind another one.
fn follows(last: &Span, next: &Span) -> bool {
    (next.field, next.start) >= (last.field, last.end)
}

#[cfg(test)]
mod tests {
    use super::super::findings::tests::{finding, written};
    use super::*;
    use crate::SourceOrigin;

    fn read(findings: &[FindingRow]) -> Result<Vec<(u64, usize)>, String> {
        let columns = ColumnMap {
            text: vec!["text".into(), "title".into()],
            id: None,
            source: SourceOrigin::Constant(String::new()),
            lang: None,
            modality: None,
        };
        let (_folder, path) = written(findings);
        let mut reader = SpansReader::open(&path, &columns).unwrap();
        let mut rows = Vec::new();
        while let Some(record) = reader.next_row().map_err(|error| error.to_string())? {
            assert!(record.spans.is_sorted() && record.spans.iter().all(|span| span.kind == PiiKind::Email));
            rows.push((record.row, record.spans.len()));
        }
        Ok(rows)
    }

    #[test]
    fn spans_come_record_by_record_and_those_of_other_detectors_are_passed_over() {
        let other = FindingRow { detector: "keywords".into(), ..finding(4, "text", "A1a", 0, 9) };
        let findings = [
            finding(1, "text", "email", 0, 3),
            finding(1, "text", "email", 3, 5),
            finding(1, "title", "email", 0, 2),
            other.clone(),
            finding(4, "title", "email", 1, 2),
            FindingRow { row: 6, ..other },
        ];
        assert_eq!(read(&findings), Ok(vec![(1, 3), (4, 1)]));
        assert_eq!(read(&[]), Ok(vec![]));
        // More than a batch.
        let many: Vec<FindingRow> =
            (0..20_000).map(|n| finding(n / 3, "text", "email", n as u32, n as u32 + 1)).collect();
        let rows = read(&many).unwrap();
        assert_eq!((rows.len(), rows[0], rows[6666]), (6667, (0, 3), (6666, 2)));
    }

    #[test]
    fn what_no_detector_would_write_is_refused() {
        for (findings, expected) in [
            ([finding(1, "text", "email", 0, 3), finding(1, "text", "email", 2, 5)], "row 1: findings overlap"),
            ([finding(1, "text", "email", 4, 5), finding(1, "text", "email", 0, 1)], "row 1: findings overlap"),
            ([finding(1, "title", "email", 4, 5), finding(1, "text", "email", 6, 7)], "row 1: findings overlap"),
            (
                [finding(1, "body", "email", 4, 5), finding(2, "text", "email", 6, 7)],
                "row 1: \"body\" is no text column",
            ),
            ([finding(1, "text", "A1a", 4, 5), finding(2, "text", "email", 6, 7)], "row 1: unknown kind of personal"),
        ] {
            let message = read(&findings).expect_err(expected);
            assert!(message.contains(expected) && message.ends_with("run again"), "{message}");
        }
    }
}
