//! What a detector is, the text normaliser, and the keyword library.
//!
//! Use this crate to find keywords in texts, with positions in the original: [`KeywordLibrary`] reads and checks a
//! library, [`KeywordDetector`] finds its entries, [`lint`] says what a library lacks. A detector reports and decides
//! nothing: thresholds and verdicts are those of `tamis_rules`. It reads no files and starts no threads; the caller hands
//! in texts, and takes one [`Scanner`] per thread.
//!
//! Do not use it for a handful of patterns (a regular expression serves them better), to find out what a text is about
//! (keywords find wording, not meaning), or to judge a source.
//!
//! # Example
//! ```
//! use tamis_detect::{Batch, Detector, Evidence, KeywordDetector, KeywordLibrary};
//! use tamis_rules::Taxonomy;
//!
//! let manifest = r#"
//! name = "mine"
//! version = "2026.11.24"
//! updated = "2026-11-24"
//! taxonomy = "gbt45654"
//! "#;
//! let rows = "id\tlevel\tlang\tmatch\tterm\tunless\tadded\treviewed\n\
//!             A1h-zh-0001\tenforce\tzh\tsubstring\t大麻\t大麻烦\t2026-11-24\t2026-11-24\n";
//! let taxonomy = Taxonomy::builtin("gbt45654").ok_or("no such taxonomy")?;
//! let library = KeywordLibrary::parse(("library.toml", manifest), &[("A1h.tsv", rows)], &taxonomy)?;
//! let detector = KeywordDetector::new(library)?;
//!
//! let mut batch = Batch::new(2);
//! batch.push_field("text", vec![Some("麻烦,大麻烦!"), Some("有人卖大\u{200b}麻")]);
//! let mut evidence = Evidence::default();
//! detector.scanner().scan(&batch, &mut evidence);
//!
//! let [finding] = &evidence.findings[..] else { return Err("one finding expected".into()) };
//! assert_eq!((finding.row, &*finding.entry), (1, "A1h-zh-0001"));
//! assert_eq!((finding.start, finding.end), (9, 18));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
#![doc = include_str!("keywords/FORMAT.md")]

mod batch;
mod detector;
mod error;
mod keywords;
mod normalize;
mod pii;

pub use batch::{Batch, TextField};
pub use detector::{Code, Detector, Evidence, Finding, RowScore, Scanner};
pub use error::{KeywordError, Origin, Problem};
pub use keywords::{
    AhoCorasickEngine, Alternatives, AnchoredEngine, COLUMNS, Change, Date, Disguise, Entry, EntryHits, Evasion, Hit,
    ImportOptions, Imported, KeywordDetector, KeywordLibrary, Lang, LibraryDiff, LibraryStats, LintIssue, ListFormat,
    LiteralEngine, MAX_FINDINGS_PER_ENTRY, MatchKind, MatchScratch, Matcher, Measurement, Near, OneSlotShare, Pattern,
    PatternId, SHORT_CHARS, Severity, StatsRow, TextCounts, Truth, Words, import, lint, one_slot_shares,
};
pub use normalize::{Normalized, Normalizer, is_word_char};
pub use pii::{
    Also, PiiDetector, PiiForm, PiiOptions, PiiOracle, Pseudonymizer, form, forms, placeholder, structured_kinds,
};
