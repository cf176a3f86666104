//! What a detector is, the text normaliser, and keyword automata.
mod batch;
mod detector;
mod error;
mod keywords;
mod normalize;

pub use batch::{Batch, TextField};
pub use detector::{Code, Detector, Evidence, Finding, RowScore, Scanner};
pub use error::{KeywordError, Origin, Problem};
pub use keywords::{
    AhoCorasickEngine, Date, Entry, Hit, KeywordDetector, KeywordLibrary, Lang, LibraryStats, LintIssue, LiteralEngine,
    MAX_FINDINGS_PER_ENTRY, MatchKind, MatchScratch, Matcher, Near, PatternId, Severity, StatsRow, lint,
};
pub use normalize::{Normalized, Normalizer, is_word_char};
