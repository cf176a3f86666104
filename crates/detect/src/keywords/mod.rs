//! The keyword library: its files, its automaton, its lint.
//!
//! # The file format `tamis-keywords/1`
//! A library is a folder with `library.toml` and one `<RISK>.tsv` per risk, such as `A1d.tsv`. The manifest has the keys
//! `name`, `version` (such as `"2026.11.24"`), `updated` (`"YYYY-MM-DD"`), `taxonomy` (`"gbt45654"`) and `description`.
//!
//! A `.tsv` is UTF-8 and tab-separated. Blank lines and lines that begin with `#` are comments. The first other line is
//! the header. Columns go by name; optional columns that are absent are empty.
//!
//! | column | meaning |
//! |---|---|
//! | `id` | `<risk>-<lang>-<4 digits>`, such as `A1d-zh-0001`; unique in the library, stable for ever |
//! | `level` | `enforce` or `advisory` |
//! | `lang` | `zh`, `en` or `*`; informs, never switches matching off |
//! | `match` | `word`: one word; `phrase`: several words, parted by spaces; `substring`: no boundaries |
//! | `term` | what is looked for, after normalisation |
//! | `near` | optional, `N: alt \| alt`: some alternative must stand within N characters, in the same paragraph |
//! | `with` | optional, `alt \| alt`: some alternative must stand anywhere in the same text |
//! | `not_near` | optional, `N: alt \| alt`: the hit does not count where an alternative stands within N characters |
//! | `unless` | optional, `context \| context`: the hit does not count inside an occurrence of a context |
//! | `added`, `reviewed` | dates `YYYY-MM-DD` |
//! | `note` | optional free text |
//!
//! - `word` and `phrase` have boundaries at both ends, `substring` has none. There is a boundary wherever not both
//!   neighbours are [word characters](crate::is_word_char), so that there is always one beside Han, Kana, Hangul or Thai.
//! - One space in a term matches any run of spaces, or of spaces with one line break, never a blank line.
//! - Distances are characters of the normalised text between the nearest edges, in either direction; what overlaps is
//!   at distance 0. `not_near` reaches across paragraphs, `near` does not.
//! - Alternatives of `near`, `with` and `not_near` have boundaries at both ends; contexts of `unless` have them where
//!   the entry's kind is `word` or `phrase`. Each context contains the term.
//! - ` | ` separates alternatives; a literal `|` is not available.

mod date;
mod detector;
mod engine;
mod entry;
mod format;
mod library;
mod lint;
mod matcher;
mod places;
mod stats;

pub use date::Date;
pub use detector::{KeywordDetector, MAX_FINDINGS_PER_ENTRY};
pub use engine::{AhoCorasickEngine, LiteralEngine, PatternId};
pub use entry::{Entry, Lang, MatchKind, Near};
pub use library::KeywordLibrary;
pub use lint::{LintIssue, Severity, lint};
pub use matcher::{Hit, MatchScratch, Matcher};
pub use stats::{LibraryStats, StatsRow};
