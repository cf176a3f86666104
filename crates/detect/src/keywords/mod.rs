//! The keyword library: its files (see `FORMAT.md`, part of the crate's documentation), its automaton, its lint.

mod anchored;
mod date;
mod detector;
mod diff;
mod engine;
mod entry;
mod evasion;
mod everyday;
mod export;
mod format;
mod import;
mod library;
mod lint;
mod lists;
mod matcher;
mod measure;
mod places;
mod rule;
mod stats;
mod template;

pub use anchored::AnchoredEngine;
pub use date::Date;
pub use detector::{KeywordDetector, MAX_FINDINGS_PER_ENTRY};
pub use diff::{Change, LibraryDiff};
pub use engine::{AhoCorasickEngine, LiteralEngine, Pattern, PatternId};
pub use entry::{Alternatives, Disguise, Entry, Evasion, Lang, MatchKind, Near, Words};
pub use import::{COLUMNS, ImportOptions, Imported, ListFormat, import};
pub use library::KeywordLibrary;
pub use lint::{LintIssue, OneSlotShare, Severity, lint, one_slot_shares};
pub use matcher::{Hit, MatchScratch, Matcher};
pub use measure::{EntryHits, Measurement, SHORT_CHARS, TextCounts, Truth};
pub use stats::{LibraryStats, StatsRow};
