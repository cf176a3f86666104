//! Spans of a line's texts, replaced in the raw line: nothing else of it changes.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::object::{members, string};
use crate::redact::{Redaction, Span};
use crate::{RowPlan, ShardError};

/// Appends `line` to `out` with the spans of `plan` replaced inside the raw strings of the text keys. Escapes, white
/// space and the order of keys stay byte for byte; only what replaces a span is escaped anew.
///
/// # Errors
/// [`ShardError::Artefact`] where a span fits no text of the line.
pub fn redact_line(
    line: &[u8],
    plan: &RowPlan,
    redaction: &Redaction<'_>,
    out: &mut Vec<u8>,
) -> Result<(), ShardError> {
    let mut at = 0;
    for edit in edits(line, plan, redaction)? {
        out.extend_from_slice(&line[at..edit.start]);
        out.extend_from_slice(edit.escaped.as_bytes());
        at = edit.end;
    }
    out.extend_from_slice(&line[at..]);
    Ok(())
}

/// A piece of a line, and what is written instead.
struct Edit {
    start: usize,
    end: usize,
    /// The inside of a JSON string.
    escaped: String,
}

/// What is to be replaced, in order of the line: its keys may stand in any order.
fn edits(line: &[u8], plan: &RowPlan, redaction: &Redaction<'_>) -> Result<Vec<Edit>, ShardError> {
    let text = std::str::from_utf8(line).unwrap_or_default();
    let mut fields: Vec<usize> = plan.spans.iter().map(|span| usize::from(span.field)).collect();
    fields.dedup();
    let name = |field: &usize| redaction.columns.get(*field).map_or("", String::as_str);
    let keys: Vec<&str> = fields.iter().map(name).collect();
    let mut edits = Vec::with_capacity(plan.spans.len());
    for (field, value) in fields.iter().zip(members(text, &keys).values) {
        let mut value = value.and_then(|value| RawString::new(text, value));
        for span in plan.spans_in(*field) {
            let edit = value.as_mut().and_then(|value| value.edit(span, redaction));
            edits.push(edit.ok_or_else(|| redaction.misplaced(plan.record_id, span))?);
        }
    }
    edits.sort_unstable_by_key(|edit| edit.start);
    Ok(edits)
}

/// A JSON string as it stands in its line, read from the left: where a byte of the text is a byte of the line.
struct RawString<'l> {
    /// What stands between the quotes.
    raw: &'l str,
    /// Where that begins in the line.
    first: usize,
    text: Cow<'l, str>,
    /// Bytes of `raw` that were read, and the bytes of the text that they stand for.
    read: (usize, usize),
}

impl<'l> RawString<'l> {
    /// None where the value is no string.
    fn new(line: &'l str, value: &'l RawValue) -> Option<Self> {
        let raw = value.get().strip_prefix('"')?.strip_suffix('"')?;
        // The value is a slice of the line.
        let first = raw.as_ptr() as usize - line.as_ptr() as usize;
        Some(Self { raw, first, text: string(value).ok()?, read: (0, 0) })
    }

    /// None where the span is no part of the text, or begins before the end of the one before it.
    fn edit(&mut self, span: &Span, redaction: &Redaction<'_>) -> Option<Edit> {
        let (start, end) = (span.start as usize, span.end as usize);
        let places = (self.first + self.seek(start)?, self.first + self.seek(end)?);
        let mut replacement = String::new();
        redaction.redactor.replacement(span.kind, self.text.get(start..end)?, &mut replacement);
        Some(Edit { start: places.0, end: places.1, escaped: escaped(&replacement) })
    }

    /// Reads on up to a byte of the text; the byte of `raw` that it begins with.
    fn seek(&mut self, target: usize) -> Option<usize> {
        while self.read.1 < target {
            let rest = &self.raw.as_bytes()[self.read.0..];
            let near = &rest[..rest.len().min(target - self.read.1)];
            let step = match memchr::memchr(b'\\', near) {
                Some(0) => escape(rest)?,
                Some(plain) => (plain, plain),
                None if near.is_empty() => return None,
                None => (near.len(), near.len()),
            };
            self.read = (self.read.0 + step.0, self.read.1 + step.1);
        }
        (self.read.1 == target && self.raw.is_char_boundary(self.read.0)).then_some(self.read.0)
    }
}

/// Bytes of the escape that `raw` begins with, and of what it stands for.
fn escape(raw: &[u8]) -> Option<(usize, usize)> {
    if *raw.get(1)? != b'u' {
        return Some((2, 1));
    }
    match char::from_u32(unit(raw)?) {
        Some(c) => Some((6, c.len_utf8())),
        // Half of a surrogate pair: the other half is the next escape.
        None => unit(raw.get(6..)?).map(|_| (12, 4)),
    }
}

/// The four digits of a `\u` escape.
fn unit(escape: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(escape.get(2..6)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

/// A text as the inside of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tamis_rules::{Outcome, PiiSet, RiskSet};

    use super::*;
    use crate::redact::tests::{record, redaction, span};

    fn columns() -> Vec<String> {
        vec!["text".into(), "title".into(), "a.b".into()]
    }

    fn plan(spans: &[Span]) -> RowPlan {
        RowPlan {
            outcome: Outcome::Kept,
            record_id: record(),
            source: "".into(),
            risks: RiskSet::default(),
            advisory: RiskSet::default(),
            pii: PiiSet::default(),
            spans: spans.to_vec(),
        }
    }

    fn redact(line: &str, spans: &[Span]) -> Result<String, String> {
        let (columns, mut out) = (columns(), Vec::new());
        let done = redact_line(line.as_bytes(), &plan(spans), &redaction(&columns), &mut out);
        done.map(|()| String::from_utf8(out).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn spans_are_replaced_in_the_raw_string_and_nothing_else_changes() {
        for (line, spans, expected) in [
            (r#"{"text":"mail a@b now"}"#, vec![span(0, 5, 8)], r#"{"text":"mail <email \"3\"> now"}"#),
            // Odd white space, escapes, numbers and other keys.
            (
                "{ \"n\" : 1.50e1,\t\"te\\u0078t\" :\"\\u4e2d\\/\\\"\\ud83d\\ude00 a@b\\n\" , \"x\":\"\\u0061@b\" } \r",
                vec![span(0, 10, 13)],
                "{ \"n\" : 1.50e1,\t\"te\\u0078t\" :\"\\u4e2d\\/\\\"\\ud83d\\ude00 <email \\\"3\\\">\\n\" , \"x\":\"\\u0061@b\" } \r",
            ),
            // An escape inside of a span goes with it, at its very ends too.
            (r#"{"text":"\u0061\u0040b\u00e9"}"#, vec![span(0, 0, 5)], r#"{"text":"<email \"5\">"}"#),
            (
                r#"{"text":"\ud83d\uDE00b"}"#,
                vec![span(0, 0, 4), span(0, 4, 5)],
                r#"{"text":"<email \"4\"><email \"1\">"}"#,
            ),
            // Keys in another order than the columns, and a dotted name that is one key.
            (
                r#"{"a.b":"cd","title":"x","text":"ab"}"#,
                vec![span(0, 0, 1), span(1, 0, 1), span(2, 1, 2)],
                r#"{"a.b":"c<email \"1\">","title":"<email \"1\">","text":"<email \"1\">b"}"#,
            ),
            // A key of the same name inside of another value is another key.
            (
                r#"{"o":{"text":"ab"},"text":"ab"}"#,
                vec![span(0, 1, 2)],
                r#"{"o":{"text":"ab"},"text":"a<email \"1\">"}"#,
            ),
            (r#"{"text":"ab"}"#, vec![], r#"{"text":"ab"}"#),
        ] {
            assert_eq!(redact(line, &spans).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn a_span_that_fits_no_text_is_an_error_and_no_panic() {
        for (line, spans) in [
            (r#"{"text":"ab"}"#, vec![span(0, 1, 3)]),
            (r#"{"text":"ab"}"#, vec![span(0, 3, 4)]),
            (r#"{"text":"中"}"#, vec![span(0, 0, 1)]),
            (r#"{"text":"中"}"#, vec![span(0, 1, 3)]),
            (r#"{"text":"\u4e2d"}"#, vec![span(0, 0, 2)]),
            (r#"{"text":"\ud83d\ude00"}"#, vec![span(0, 0, 2)]),
            (r#"{"text":"abcd"}"#, vec![span(0, 0, 3), span(0, 1, 4)]),
            (r#"{"text":"ab"}"#, vec![span(0, 0, u32::MAX)]),
            (r#"{"text":null}"#, vec![span(0, 0, 1)]),
            (r#"{"text":["ab"]}"#, vec![span(0, 0, 1)]),
            (r#"{"text":"\ud83d"}"#, vec![span(0, 0, 1)]),
            (r#"{"other":"ab"}"#, vec![span(0, 0, 1)]),
            (r#"{"text":"ab"}"#, vec![span(9, 0, 1)]),
            ("no json", vec![span(0, 0, 1)]),
        ] {
            let message = redact(line, &spans).expect_err(line);
            assert!(message.contains("no whole characters of its text") && message.ends_with("run again"), "{message}");
        }
    }

    /// One character as JSON may write it; `how` picks among the ways.
    fn written(c: char, how: u8) -> String {
        let short = match c {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '/' => Some("\\/"),
            '\n' => Some("\\n"),
            '\t' => Some("\\t"),
            '\r' => Some("\\r"),
            '\u{8}' => Some("\\b"),
            '\u{c}' => Some("\\f"),
            _ => None,
        };
        let long = || c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
        match (how % 4, short) {
            (0, _) => long(),
            (1, _) => long().to_uppercase().replace("\\U", "\\u"),
            (2, Some(short)) => short.into(),
            _ if c < ' ' || c == '"' || c == '\\' => short.map_or_else(long, str::to_string),
            _ => c.into(),
        }
    }

    fn character() -> impl Strategy<Value = char> {
        prop_oneof![any::<char>(), proptest::sample::select(vec!['"', '\\', '/', '\n', '\u{1}', 'a', '@', '中', '😀'])]
    }

    /// Spans between every other of some boundaries.
    fn spans(field: u16, text: &str, cuts: &[usize]) -> Vec<Span> {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut places: Vec<usize> = cuts.iter().map(|cut| ends[cut % ends.len()]).collect();
        places.sort_unstable();
        places.dedup();
        places.chunks_exact(2).map(|pair| span(field, pair[0] as u32, pair[1] as u32)).collect()
    }

    proptest! {
        #[test]
        fn editing_the_raw_string_is_editing_the_text(
            texts in proptest::collection::vec((proptest::collection::vec((character(), any::<u8>()), 0..40), proptest::collection::vec(any::<usize>(), 0..9)), 2),
            swapped in any::<bool>(),
        ) {
            let decoded: Vec<String> = texts.iter().map(|(chars, _)| chars.iter().map(|(c, _)| *c).collect()).collect();
            let raw: Vec<String> = texts.iter().map(|(chars, _)| chars.iter().map(|(c, how)| written(*c, *how)).collect()).collect();
            let all: Vec<Span> = (0..2).flat_map(|n| spans(n as u16, &decoded[n], &texts[n].1)).collect();
            let line = |raw: &[String]| {
                let members = [format!("\"te\\u0078t\" : \"{}\"", raw[0]), format!("\"title\":\"{}\"", raw[1])];
                let (a, b) = if swapped { (1, 0) } else { (0, 1) };
                format!(" {{{} ,\"z\":[\"a@b\\u0000\"], {}}}\t", members[a], members[b])
            };
            let got = redact(&line(&raw), &all).unwrap();
            let value: serde_json::Value = serde_json::from_str(&got).unwrap();
            let columns = columns();
            for (n, key) in ["text", "title"].into_iter().enumerate() {
                let want = redaction(&columns).text(record(), &decoded[n], plan(&all).spans_in(n)).unwrap();
                prop_assert_eq!(value[key].as_str(), Some(want.as_str()));
            }
            // Outside of the spans the line is the same: each raw string with the raw pieces of its spans replaced.
            let edited: Vec<String> = (0..2).map(|n| {
                let mut out = String::new();
                let mut at = 0;
                for (c, how) in &texts[n].0 {
                    let own = plan(&all);
                    let inside = own.spans_in(n).iter().find(|it| (it.start as usize..it.end as usize).contains(&at)).copied();
                    match inside {
                        None => out.push_str(&written(*c, *how)),
                        Some(it) if it.start as usize == at => {
                            out.push_str(&format!("<email \\\"{}\\\">", it.end - it.start));
                        }
                        Some(_) => {}
                    }
                    at += c.len_utf8();
                }
                out
            }).collect();
            prop_assert_eq!(got, line(&edited));
        }

        #[test]
        fn any_spans_on_any_text_end_in_a_line_or_an_error(
            text in ".{0,20}", places in proptest::collection::vec((0u32..30, 0u32..30), 1..4),
        ) {
            let line = serde_json::json!({ "text": text }).to_string();
            let spans: Vec<Span> = places.into_iter().map(|(start, end)| span(0, start, end)).collect();
            if let Ok(got) = redact(&line, &spans) {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&got).is_ok());
            }
        }
    }
}
