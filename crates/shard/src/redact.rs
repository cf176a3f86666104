//! Spans of personal information, and what is written in their place.
//!
//! The formats know where a text stands in a file and this module what becomes of it; what stands in for a span comes
//! from a [`Redactor`], which knows the policy.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tamis_rules::PiiKind;

use crate::{RecordId, ShardError};

/// A place in one text of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Position of the text column in [`ColumnMap::text`](crate::ColumnMap::text).
    pub field: u16,
    /// First byte in the text as it is decoded.
    pub start: u32,
    /// One past the last byte; greater than `start`.
    pub end: u32,
    /// What stands there.
    pub kind: PiiKind,
}

/// Gives what is written instead of personal information. Equal calls must give equal texts, whatever the thread.
pub trait Redactor: Sync {
    /// Appends what replaces `original`.
    fn replacement(&self, kind: PiiKind, original: &str, out: &mut String);
}

/// What a format needs to replace the spans of a shard's rows.
#[derive(Clone, Copy)]
pub struct Redaction<'r> {
    /// Gives the replacements.
    pub redactor: &'r dyn Redactor,
    /// Names of the text columns, as in [`ColumnMap::text`](crate::ColumnMap::text).
    pub columns: &'r [String],
    /// The file that the spans were read from, which is to blame where they fit no text.
    pub findings: &'r Path,
}

impl Redaction<'_> {
    /// A text with its spans replaced; `spans` are those of this text, in order, and do not overlap.
    ///
    /// # Errors
    /// [`ShardError::Artefact`] where a span lies outside of the text or cuts a character: then the findings are not
    /// those of this text.
    pub(crate) fn text(&self, record: RecordId, text: &str, spans: &[Span]) -> Result<String, ShardError> {
        let mut out = String::with_capacity(text.len() + 16 * spans.len());
        let mut at = 0;
        for span in spans {
            let (before, original) = parts(text, at, span).ok_or_else(|| self.misplaced(record, span))?;
            out.push_str(before);
            self.redactor.replacement(span.kind, original, &mut out);
            at = span.end as usize;
        }
        out.push_str(&text[at..]);
        Ok(out)
    }

    /// The error for a span that does not fit its text. It names the place and nothing that stands there.
    pub(crate) fn misplaced(&self, record: RecordId, span: &Span) -> ShardError {
        let column = self.columns.get(usize::from(span.field)).map_or("?", String::as_str);
        ShardError::Artefact {
            path: self.findings.to_path_buf(),
            message: format!(
                "record {record}, column {column:?}: bytes {} to {} are no whole characters of its text",
                span.start, span.end
            ),
        }
    }
}

/// What stands between `at` and a span, and in the span.
fn parts<'t>(text: &'t str, at: usize, span: &Span) -> Option<(&'t str, &'t str)> {
    let (start, end) = (span.start as usize, span.end as usize);
    Some((text.get(at..start)?, text.get(start..end)?))
}

/// The spans of one text among all of a record's, which are in order.
pub(crate) fn spans_in(spans: &[Span], field: usize) -> &[Span] {
    let field = u16::try_from(field).unwrap_or(u16::MAX);
    let start = spans.partition_point(|span| span.field < field);
    let length = spans[start..].partition_point(|span| span.field == field);
    &spans[start..start + length]
}

/// How much was redacted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redactions {
    /// Spans replaced.
    pub spans: u64,
    /// Records with one or more of them.
    pub records: u64,
    /// Spans by kind of personal information.
    pub kinds: BTreeMap<String, u64>,
}

impl Redactions {
    /// Counts one kept record with what is replaced in it.
    pub fn add_record(&mut self, spans: &[Span]) {
        self.spans += spans.len() as u64;
        self.records += u64::from(!spans.is_empty());
        for span in spans {
            match self.kinds.get_mut(span.kind.name()) {
                Some(count) => *count += 1,
                None => drop(self.kinds.insert(span.kind.name().to_owned(), 1)),
            }
        }
    }

    /// Adds another shard's counts.
    pub fn add(&mut self, other: &Self) {
        self.spans += other.spans;
        self.records += other.records;
        for (kind, count) in &other.kinds {
            *self.kinds.entry(kind.clone()).or_default() += count;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::RecordIds;

    /// Puts the kind's name and the length of the original in place of it.
    pub(crate) struct Lengths;

    impl Redactor for Lengths {
        fn replacement(&self, kind: PiiKind, original: &str, out: &mut String) {
            out.push_str(&format!("<{} \"{}\">", kind.name(), original.len()));
        }
    }

    pub(crate) fn span(field: u16, start: u32, end: u32) -> Span {
        Span { field, start, end, kind: PiiKind::Email }
    }

    pub(crate) fn record() -> RecordId {
        RecordIds::new("x", "").row(0)
    }

    pub(crate) fn redaction(columns: &[String]) -> Redaction<'_> {
        Redaction { redactor: &Lengths, columns, findings: Path::new("findings/x") }
    }

    #[test]
    fn spans_are_replaced_and_the_rest_stays() {
        let columns = ["text".to_string()];
        let redact = |text: &str, spans: &[Span]| redaction(&columns).text(record(), text, spans);
        assert_eq!(redact("a中b", &[]).unwrap(), "a中b");
        assert_eq!(redact("a中b", &[span(0, 1, 4)]).unwrap(), "a<email \"3\">b");
        assert_eq!(redact("ab中", &[span(0, 0, 1), span(0, 1, 5)]).unwrap(), "<email \"1\"><email \"4\">");
    }

    #[test]
    fn a_span_that_fits_no_text_is_an_error_that_names_the_place_alone() {
        let columns = ["text".to_string()];
        for spans in [[span(0, 0, 2)].as_slice(), &[span(0, 1, 99)], &[span(0, 9, 10)], &[span(0, 0, 4), span(0, 1, 4)]]
        {
            let error = redaction(&columns).text(record(), "a中b", spans).unwrap_err();
            assert!(matches!(error, ShardError::Artefact { .. }));
            let message = error.to_string();
            assert!(message.contains("findings/x: record ") && message.ends_with("run again"), "{message}");
            assert!(message.contains("column \"text\": bytes ") && !message.contains('中'), "{message}");
        }
    }

    #[test]
    fn the_spans_of_a_text_are_found_among_those_of_its_record() {
        let spans = [span(0, 1, 2), span(2, 0, 1), span(2, 3, 4)];
        assert_eq!([0, 1, 2, 3].map(|field| spans_in(&spans, field).len()), [1, 0, 2, 0]);
        let mut count = Redactions::default();
        count.add_record(&[]);
        count.add_record(&spans);
        let mut total = Redactions::default();
        total.add(&count);
        total.add(&count);
        assert_eq!((total.spans, total.records, total.kinds["email"]), (6, 2, 6));
    }
}
