//! From lines to records: what is mapped, what is quarantined, and whose record it is all the same.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;
use tamis_rules::Quarantine;

use super::lines::LineBlock;
use super::object::{Fault, Members, NoText, members, string, without_non_numbers};
use crate::columns::{ColumnMap, Role, SourceNamer};
use crate::records::{HeadValues, RecordHead, Records, Text};

/// Parses the lines of one shard.
#[derive(Debug, Clone)]
pub struct JsonlParser {
    /// Distinct keys to look for.
    keys: Vec<String>,
    /// Which key plays which role.
    roles: Vec<(Role, usize)>,
    fields: usize,
    namer: SourceNamer,
}

/// A parsed line: its head, and one text per field.
type Parsed = (RecordHead, Vec<Option<Text>>);

impl JsonlParser {
    /// A parser for the shard with this `<path>`.
    pub fn new(columns: &ColumnMap, path: &str) -> Self {
        let mut keys: Vec<String> = Vec::new();
        let roles = columns.wanted().into_iter().map(|(role, name)| {
            let index = keys.iter().position(|key| key == name).unwrap_or_else(|| {
                keys.push(name.to_string());
                keys.len() - 1
            });
            (role, index)
        });
        let roles = roles.collect();
        Self { keys, roles, fields: columns.text.len(), namer: SourceNamer::new(&columns.source, path) }
    }

    /// The records of a block, one per line, quarantined ones too.
    pub fn parse(&self, block: &LineBlock) -> Records {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let mut records = Records::with_capacity(block.first_row, self.fields, block.lines.len());
        for index in 0..block.lines.len() {
            let (head, texts) = match block.line(index) {
                Some(line) => self.line(&line, &keys),
                None => self.empty(HeadValues::default(), Quarantine::Limit),
            };
            records.push(head, texts.into_iter());
        }
        records
    }

    fn line(&self, line: &Bytes, keys: &[&str]) -> Parsed {
        let Ok(text) = simdutf8::basic::from_utf8(line) else {
            let found = self.heads(&members(&String::from_utf8_lossy(line), keys));
            return self.empty(found, Quarantine::ParseError);
        };
        let found = members(text, keys);
        match found.fault {
            Some(Fault::NoObject) => return self.empty(HeadValues::default(), Quarantine::Schema),
            Some(Fault::Syntax) => return self.empty(self.heads_of_faulty(text, &found, keys), Quarantine::ParseError),
            None => {}
        }
        let heads = self.heads(&found);
        if found.repeated {
            return self.empty(heads, Quarantine::Schema);
        }
        match self.texts(line, &found) {
            Ok(texts) => (heads.into_head(&self.namer, None), texts),
            Err(reason) => self.empty(heads, reason),
        }
    }

    /// One text per field. A record is refused where a mapped value is no string, or where no field has any text.
    fn texts(&self, line: &Bytes, found: &Members<'_>) -> Result<Vec<Option<Text>>, Quarantine> {
        let mut texts = vec![None; self.fields];
        for (role, key) in &self.roles {
            let Role::Text(field) = role else { continue };
            let Some(raw) = found.values[*key].filter(|raw| raw.get() != "null") else { continue };
            texts[*field] = Some(match string(raw) {
                Ok(Cow::Borrowed(text)) => Text::Line(line.slice_ref(text.as_bytes())),
                Ok(Cow::Owned(text)) => Text::Line(Bytes::from(text)),
                Err(NoText::BadEscape) => return Err(Quarantine::ParseError),
                Err(NoText::OtherType) => return Err(Quarantine::Schema),
            });
        }
        if texts.iter().all(Option::is_none) { Err(Quarantine::Schema) } else { Ok(texts) }
    }

    fn heads(&self, found: &Members<'_>) -> HeadValues {
        let mut heads = HeadValues::default();
        for (role, key) in &self.roles {
            let Some(raw) = found.values[*key] else { continue };
            match role {
                Role::Text(_) => {}
                Role::Id => heads.id = id(raw),
                Role::Source => heads.source = string(raw).ok().or_else(|| integer(raw)).map(Cow::into_owned),
                Role::Lang => heads.lang = string(raw).ok().map(Cow::into_owned),
                Role::Modality => heads.modality = string(raw).ok().map(Cow::into_owned),
            }
        }
        heads
    }

    /// What can be said of a line that does not parse: what was read before the fault, or all where only `NaN` and
    /// its like stand in the way.
    fn heads_of_faulty(&self, text: &str, found: &Members<'_>, keys: &[&str]) -> HeadValues {
        match without_non_numbers(text) {
            Some(mended) => self.heads(&members(&mended, keys)),
            None => self.heads(found),
        }
    }

    fn empty(&self, heads: HeadValues, reason: Quarantine) -> Parsed {
        (heads.into_head(&self.namer, Some(reason)), vec![None; self.fields])
    }
}

fn id(raw: &RawValue) -> Option<String> {
    string(raw).ok().or_else(|| integer(raw)).map(Cow::into_owned)
}

/// A JSON integer as it is written.
fn integer(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::SourceOrigin;
    use crate::format::jsonl::lines::LineReader;
    use crate::{BlockSize, Limits};

    fn parse(text: &[u8]) -> Records {
        let columns = ColumnMap {
            text: vec!["text".into(), "title".into()],
            id: Some("id".into()),
            source: SourceOrigin::Column("source".into()),
            lang: Some("lang".into()),
            modality: None,
        };
        let stream = Box::new(std::io::Cursor::new(text.to_vec()));
        let limits = Limits::default();
        let expansion = crate::limits::Expansion::new(text.len() as u64, limits);
        let mut reader = LineReader::new(stream, limits, BlockSize::default(), expansion);
        let block = reader.next_block().unwrap().unwrap();
        JsonlParser::new(&columns, "x.jsonl").parse(&block)
    }

    #[test]
    fn every_kind_of_bad_line_has_its_reason_and_keeps_its_source() {
        let cases: [(&[u8], Quarantine, &str); 13] = [
            (br#"{"id":"1","text":"abc","source":"s""#, Quarantine::ParseError, "s"),
            (b"{\"text\":\"a\xff\",\"source\":\"s\"}", Quarantine::ParseError, "s"),
            (br#"{"text":null,"source":"s"}"#, Quarantine::Schema, "s"),
            (br#"{"source":"s"}"#, Quarantine::Schema, "s"),
            (br#"{"text":3,"source":"s"}"#, Quarantine::Schema, "s"),
            (br#"[1,2]"#, Quarantine::Schema, ""),
            (br#""text""#, Quarantine::Schema, ""),
            (br#"{"text":"a","source":"s"} x"#, Quarantine::ParseError, "s"),
            (br#"{"text":"a","text":"b","source":"s"}"#, Quarantine::Schema, "s"),
            (br#"{"text":"\ud800","source":"s"}"#, Quarantine::ParseError, "s"),
            (br#"{"v":NaN,"text":"a","source":"s"}"#, Quarantine::ParseError, "s"),
            (br#"{"text":"a","title":7,"source":"s"}"#, Quarantine::Schema, "s"),
            (b"not json at all", Quarantine::ParseError, ""),
        ];
        for (line, reason, source) in cases {
            let records = parse(line);
            let shown = String::from_utf8_lossy(line);
            assert_eq!(records.heads[0].quarantine, Some(reason), "{shown}");
            assert_eq!(records.heads[0].source, source, "{shown}");
            assert_eq!(records.column(0), [None]);
        }
    }

    #[test]
    fn good_lines_give_their_values() {
        let records = parse("{\"id\":-12,\"text\":\"a\\u4e2d\",\"lang\":\"zh\"}\n{\"id\":1.5,\"title\":\"中\",\"text\":\"\",\"source\":null}".as_bytes());
        assert_eq!(records.heads[0].id.as_deref(), Some("-12"));
        assert_eq!(records.heads[0].lang.as_deref(), Some("zh"));
        assert_eq!(records.heads[1].id, None);
        assert_eq!(records.column(0), [Some("a中"), Some("")]);
        assert_eq!(records.column(1), [None, Some("中")]);
        assert_eq!(records.size(0), (4, 2));
        assert!(records.heads.iter().all(|head| head.quarantine.is_none() && head.source.is_empty()));
    }
}
