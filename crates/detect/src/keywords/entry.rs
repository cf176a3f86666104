//! One keyword.

use std::sync::Arc;

use tamis_rules::{Level, RiskId};

use super::Date;
use crate::Origin;

/// One keyword with its conditions, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Stable id, such as `A1d-zh-0001`.
    pub id: Arc<str>,
    /// The risk that it points to.
    pub risk: RiskId,
    /// Whether it may decide.
    pub level: Level,
    /// The language that it is written in.
    pub lang: Lang,
    /// How it is looked for.
    pub kind: MatchKind,
    /// What is looked for, as written.
    pub term: String,
    /// Some alternative must stand near it.
    pub near: Option<Near>,
    /// Some alternative must stand in the same text; empty where nothing is asked.
    pub with: Vec<String>,
    /// No alternative may stand near it.
    pub not_near: Option<Near>,
    /// It does not count inside these contexts.
    pub unless: Vec<String>,
    /// Day on which it was added.
    pub added: Date,
    /// Day on which somebody last looked at it.
    pub reviewed: Date,
    /// What is not obvious.
    pub note: String,
    /// Where it stands.
    pub origin: Origin,
}

impl Entry {
    /// Whether it counts wherever its term stands.
    #[must_use]
    pub fn is_unconditional(&self) -> bool {
        self.near.is_none() && self.with.is_empty() && self.not_near.is_none() && self.unless.is_empty()
    }
}

/// Alternatives and how far from a hit they may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// Greatest distance in characters of the normalised text.
    pub within: u32,
    /// What stands there; at least one.
    pub alternatives: Vec<String>,
}

/// How a term is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchKind {
    /// One word, with boundaries at both ends.
    Word,
    /// Several words parted by spaces, with boundaries at both ends.
    Phrase,
    /// Anywhere.
    Substring,
}

impl MatchKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Word, Self::Phrase, Self::Substring];

    /// Name in keyword files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Phrase => "phrase",
            Self::Substring => "substring",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it wants boundaries at both ends.
    #[must_use]
    pub const fn is_bounded(self) -> bool {
        !matches!(self, Self::Substring)
    }
}

/// The language that a keyword is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lang {
    /// Chinese.
    Zh,
    /// English.
    En,
    /// Any, or none.
    Any,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Zh, Self::En, Self::Any];

    /// Name in keyword files: `zh`, `en` or `*`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
            Self::Any => "*",
        }
    }

    /// The language of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.name() == name)
    }
}
