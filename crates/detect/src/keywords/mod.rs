//! The keyword library: its files (see `FORMAT.md`, part of the crate's documentation), its automaton, its lint.

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
