//! A seeded generator of synthetic documents in Chinese and English, and the small corpus that the README filters.
//!
//! Use it where a test, an example or a bench needs plain text of known content and free licence: every sentence is
//! the project's own, people and places are invented, the same seed gives the same bytes on every machine. Do not
//! use it to measure recall or false alarms: a grammar has none of the variety of real text.
//!
//! ```
//! use tamis_corpus::{Generator, Kind, Lang};
//!
//! let text = Generator::new(7).document(Lang::En, Kind::Recipe);
//! assert_eq!(text, Generator::new(7).document(Lang::En, Kind::Recipe));
//! ```
#![warn(missing_docs)]

mod error;
mod generator;
mod grammar;
mod personal;
mod planted;
mod quickstart;

pub use error::CorpusError;
pub use generator::{Generator, Kind, Lang};
pub use personal::{PersonalKind, PersonalSentence};
pub use planted::{PLANTED_RISKS, Planted};
pub use quickstart::{CorpusFile, DAMAGED_SOURCE, QUICKSTART_SEED, SOURCES, SourcePlan, quickstart};
