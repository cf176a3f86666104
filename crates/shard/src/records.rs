//! What is read of a block of records: the mapped columns, and nothing else.

use bytes::Bytes;
use parquet::data_type::ByteArray;
use tamis_rules::Quarantine;

use crate::columns::SourceNamer;

/// One record's mapped columns, before anything is known about its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordHead {
    /// The record's own id: text, or an integer in decimal.
    pub id: Option<String>,
    /// The source's name; `""` where the record names none.
    pub source: String,
    /// Language tag.
    pub lang: Option<String>,
    /// Modality tag.
    pub modality: Option<String>,
    /// Why the record cannot be examined.
    pub quarantine: Option<Quarantine>,
}

/// The bytes of one text, shared with the block that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// A slice of a block of lines, or an unescaped string.
    Line(Bytes),
    /// A slice of a decompressed Parquet page.
    Page(ByteArray),
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Line(bytes) => bytes,
            Self::Page(value) => value.data(),
        }
    }
}

/// Rows `first_row ..` of a shard.
#[derive(Debug, Default)]
pub struct Records {
    /// Row number of the first record, 0-based in the shard.
    pub first_row: u64,
    /// One per row.
    pub heads: Vec<RecordHead>,
    /// Per text column, one value per row; always valid UTF-8 where the record is not quarantined.
    pub texts: Vec<Vec<Option<Text>>>,
}

impl Records {
    pub(crate) fn with_capacity(first_row: u64, fields: usize, rows: usize) -> Self {
        let texts = (0..fields).map(|_| Vec::with_capacity(rows)).collect();
        Self { first_row, heads: Vec::with_capacity(rows), texts }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// True where there is no row.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// The texts of one column as strings; `None` where there is no text or the record is quarantined.
    pub fn column(&self, field: usize) -> Vec<Option<&str>> {
        let values = self.texts.get(field).map_or(&[][..], Vec::as_slice);
        let open = self.heads.iter().map(|head| head.quarantine.is_none());
        values
            .iter()
            .zip(open)
            .map(|(value, open)| {
                value.as_ref().filter(|_| open).and_then(|text| simdutf8::basic::from_utf8(text.as_ref()).ok())
            })
            .collect()
    }

    /// Size of a row's texts in bytes and in characters (Unicode scalar values), over all text columns; what is not
    /// valid UTF-8 counts bytes only.
    pub fn size(&self, row: usize) -> (u64, u64) {
        let values = self.texts.iter().filter_map(|column| column.get(row).and_then(Option::as_ref).map(AsRef::as_ref));
        values.fold((0, 0), |(bytes, chars), value| (bytes + value.len() as u64, chars + count_chars(value)))
    }

    pub(crate) fn push(&mut self, head: RecordHead, texts: impl Iterator<Item = Option<Text>>) {
        self.heads.push(head);
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.push(text);
        }
    }
}

/// Bytes that begin a character; equals the number of characters in valid UTF-8.
fn count_chars(text: &[u8]) -> u64 {
    text.iter().filter(|byte| (**byte as i8) >= -0x40).count() as u64
}

/// The single-valued columns of a row as they are read, before they become a head.
#[derive(Debug, Default)]
pub(crate) struct HeadValues {
    pub id: Option<String>,
    pub source: Option<String>,
    pub lang: Option<String>,
    pub modality: Option<String>,
}

impl HeadValues {
    pub(crate) fn into_head(self, namer: &SourceNamer, quarantine: Option<Quarantine>) -> RecordHead {
        let source = namer.name(self.source.as_deref());
        RecordHead { id: self.id, source, lang: self.lang, modality: self.modality, quarantine }
    }
}
