//! A library written out again.

use super::entry::Alternatives;
use super::import::COLUMNS;
use super::{Entry, KeywordLibrary, Near};

/// The cells of an entry in the order of [`COLUMNS`], named lists written out.
#[must_use]
pub fn cells(entry: &Entry) -> [String; 13] {
    let list = |alternatives: &Alternatives| alternatives.join(" | ");
    let near = |near: &Option<Near>| {
        near.as_ref().map_or_else(String::new, |near| format!("{}: {}", near.within, list(&near.alternatives)))
    };
    [
        entry.id.to_string(),
        entry.level.name().to_owned(),
        entry.lang.name().to_owned(),
        entry.kind.name().to_owned(),
        entry.term.clone(),
        near(&entry.near),
        list(&entry.with),
        near(&entry.not_near),
        list(&entry.unless),
        entry.evasion.to_string(),
        entry.added.to_string(),
        entry.reviewed.to_string(),
        entry.note.clone(),
    ]
}

impl KeywordLibrary {
    /// The entries that `wanted` picks as a table of tab-separated cells with a header, in the file format's columns.
    #[must_use]
    pub fn to_tsv(&self, wanted: impl Fn(&Entry) -> bool) -> String {
        let mut out = COLUMNS.join("\t");
        out.push('\n');
        for entry in self.entries().iter().filter(|entry| wanted(entry)) {
            out.push_str(&cells(entry).join("\t"));
            out.push('\n');
        }
        out
    }
}
