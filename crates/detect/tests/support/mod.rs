//! What several tests use: a small library in the file format, and the plainest engine.

use std::collections::BTreeMap;

use tamis_detect::{KeywordError, KeywordLibrary, LiteralEngine, Pattern, PatternId};
use tamis_rules::Taxonomy;

pub const MANIFEST: &str = r#"
name = "cases"
version = "1"
updated = "2026-11-24"
taxonomy = "gbt45654"
"#;

/// Columns that a test sets; the others have a value that suits most.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowSpec {
    pub id: String,
    #[serde(default = "enforce")]
    pub level: String,
    #[serde(rename = "match", default = "substring")]
    pub kind: String,
    pub term: String,
    #[serde(default)]
    pub near: String,
    #[serde(default)]
    pub with: String,
    #[serde(default)]
    pub not_near: String,
    #[serde(default)]
    pub unless: String,
    #[serde(default)]
    pub evasion: String,
}

fn enforce() -> String {
    "enforce".to_owned()
}

fn substring() -> String {
    "substring".to_owned()
}

/// Files of a library with these rows, one per risk.
pub fn files(rows: &[RowSpec]) -> Vec<(String, String)> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for row in rows {
        let mut parts = row.id.split('-');
        let (risk, lang) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let file = files.entry(format!("{risk}.tsv")).or_insert_with(|| {
            "id\tlevel\tlang\tmatch\tterm\tnear\twith\tnot_near\tunless\tevasion\tadded\treviewed\n".to_owned()
        });
        let cells = [
            &row.id,
            &row.level,
            lang,
            &row.kind,
            &row.term,
            &row.near,
            &row.with,
            &row.not_near,
            &row.unless,
            &row.evasion,
        ];
        *file += &format!("{}\t2026-11-01\t2026-11-24\n", cells.join("\t"));
    }
    files.into_iter().collect()
}

pub fn library(rows: &[RowSpec]) -> Result<KeywordLibrary, KeywordError> {
    let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
    KeywordLibrary::parse(("library.toml", MANIFEST), &files(rows), &taxonomy)
}

/// Tries every pattern at every byte.
#[derive(Debug)]
pub struct NaiveEngine {
    patterns: Vec<Vec<u8>>,
}

impl LiteralEngine for NaiveEngine {
    fn build(patterns: &[Pattern<'_>]) -> Result<Self, KeywordError> {
        Ok(Self { patterns: patterns.iter().map(|pattern| pattern.text.as_bytes().to_vec()).collect() })
    }

    fn find_all(&self, haystack: &[u8], sink: &mut dyn FnMut(PatternId, usize, usize)) {
        for (id, pattern) in (0..).zip(&self.patterns) {
            for start in (0..haystack.len()).filter(|&at| haystack[at..].starts_with(pattern)) {
                sink(PatternId(id), start, start + pattern.len());
            }
        }
    }
}
