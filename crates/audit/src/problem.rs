//! What is wrong with a run: one line per problem, with the file, what was expected and what was got.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

/// Problems of one kind in one file that are listed; the rest is counted.
const MOST_LISTED: u64 = 10;
/// Characters of a value that are shown; names and manifests may hold anything.
const MOST_SHOWN: usize = 200;

/// What was looked at when a problem was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// `_SUCCESS`, the root hash, and the form of `manifest/run.json`.
    Seal,
    /// Names that leave the folder, links, and files that are named twice.
    Name,
    /// A file that must be there.
    Missing,
    /// A file that no manifest names.
    Unlisted,
    /// A file's size and digests.
    Digest,
    /// A file that cannot be read as what it is.
    Unreadable,
    /// A shard's manifest against its place, its files and the inputs.
    Manifest,
    /// Rows in = kept + dropped + quarantined, per shard and in total.
    Conservation,
    /// Rows in order, with their identities.
    Rows,
    /// Findings of personal information against the tags.
    Findings,
    /// A verdict against the replay of its tags.
    Verdict,
    /// The ledger against the verdicts.
    Ledger,
    /// Sources over the limit, and records of rejected sources (4.1.1 b).
    SourceRule,
    /// Written records against the verdicts.
    Output,
    /// The chain of fingerprints and what it is made of.
    Fingerprint,
    /// `report.json` and the totals.
    Report,
}

impl Check {
    /// Name in JSON, such as `source_rule`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Name => "name",
            Self::Missing => "missing",
            Self::Unlisted => "unlisted",
            Self::Digest => "digest",
            Self::Unreadable => "unreadable",
            Self::Manifest => "manifest",
            Self::Conservation => "conservation",
            Self::Rows => "rows",
            Self::Findings => "findings",
            Self::Verdict => "verdict",
            Self::Ledger => "ledger",
            Self::SourceRule => "source_rule",
            Self::Output => "output",
            Self::Fingerprint => "fingerprint",
            Self::Report => "report",
        }
    }
}

/// One thing that is wrong. Never holds text of a record; names are escaped and cut to a bearable length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file concerned, relative to the output folder.
    pub file: String,
    /// What was looked at.
    pub check: Check,
    /// What of the file.
    pub what: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub got: String,
}

impl Problem {
    /// A problem; control characters are escaped and long values cut.
    pub fn new(
        file: &str,
        check: Check,
        what: impl fmt::Display,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        Self {
            file: shown(file),
            check,
            what: shown(&what.to_string()),
            expected: shown(&expected.to_string()),
            got: shown(&got.to_string()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: expected {}, got {}", self.file, self.what, self.expected, self.got)
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut out = serializer.serialize_struct("Problem", 5)?;
        out.serialize_field("file", &self.file)?;
        out.serialize_field("check", &self.check)?;
        out.serialize_field("expected", &self.expected)?;
        out.serialize_field("got", &self.got)?;
        out.serialize_field("message", &self.to_string())?;
        out.end()
    }
}

/// The members of a list, `-` for none.
pub(crate) fn listed(values: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let values: Vec<_> = values.into_iter().collect();
    let texts: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    if texts.is_empty() { "-".into() } else { texts.join(",") }
}

/// A text as it may be printed on any terminal.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == MOST_SHOWN {
            out.push('…');
            break;
        }
        if c.is_control() || is_invisible(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Characters that change the order or the look of what stands around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Problems as they are found: the first of each kind in each file, and the number of all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems {
    listed: Vec<Problem>,
    counts: BTreeMap<(String, Check), u64>,
}

impl Problems {
    pub fn push(&mut self, problem: Problem) {
        let count = self.counts.entry((problem.file.clone(), problem.check)).or_default();
        *count += 1;
        if *count <= MOST_LISTED {
            self.listed.push(problem);
        }
    }

    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: Self) {
        let unlisted = other.counts.into_iter().filter(|(_, count)| *count > MOST_LISTED);
        let unlisted: Vec<_> = unlisted.collect();
        other.listed.into_iter().for_each(|problem| self.push(problem));
        for (key, count) in unlisted {
            *self.counts.entry(key).or_default() += count - MOST_LISTED;
        }
    }

    /// The problems in order of file and check, and how many of each were not listed.
    pub fn finish(mut self) -> (Vec<Problem>, Vec<NotListed>) {
        self.listed.sort_by(|a, b| (&a.file, a.check).cmp(&(&b.file, b.check)));
        let more = self.counts.into_iter().filter(|(_, count)| *count > MOST_LISTED);
        let more = more.map(|((file, check), count)| NotListed { file, check, count: count - MOST_LISTED });
        (self.listed, more.collect())
    }
}

/// Problems that were counted and not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotListed {
    /// The file concerned.
    pub file: String,
    /// What was looked at.
    pub check: Check,
    /// How many beyond those listed.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_problems_of_one_kind_are_counted_and_the_first_listed() {
        let mut all = Problems::default();
        for part in 0..3 {
            let mut some = Problems::default();
            for row in 0..7 {
                some.push(Problem::new("b", Check::Rows, format!("row {}", part * 7 + row), 1, 2));
            }
            some.push(Problem::new("a", Check::Seal, "root", 1, 2));
            all.merge(some);
        }
        let (listed, more) = all.finish();
        assert_eq!(listed.len(), 13);
        assert_eq!(listed[0].to_string(), "a: root: expected 1, got 2");
        assert_eq!(listed[12].what, "row 9");
        assert_eq!(more, [NotListed { file: "b".into(), check: Check::Rows, count: 11 }]);
    }

    #[test]
    fn nothing_that_is_shown_moves_a_cursor() {
        assert_eq!(shown("a\u{1b}[31m\n\u{202e}b"), "a\\u{1b}[31m\\n\\u{202e}b");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 201);
        let json = serde_json::to_value(Problem::new("f", Check::SourceRule, "w", "e", "g")).unwrap();
        assert_eq!(json["check"], Check::SourceRule.name());
        assert_eq!(json["message"], "f: w: expected e, got g");
    }
}
