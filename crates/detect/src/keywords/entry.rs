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
    pub with: Alternatives,
    /// No alternative may stand near it.
    pub not_near: Option<Near>,
    /// It does not count inside these contexts.
    pub unless: Alternatives,
    /// Disguises in which it is looked for too.
    pub evasion: Evasion,
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
    pub alternatives: Alternatives,
}

/// Texts of a condition, as named lists and words that entries share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alternatives {
    parts: Arc<[Words]>,
}

/// Texts that stand together in a list or a cell.
pub type Words = Arc<[Arc<str>]>;

impl Alternatives {
    /// The texts of these parts, in their order.
    #[must_use]
    pub fn new(parts: Vec<Words>) -> Self {
        Self { parts: parts.into() }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The texts; a text that stands in two parts comes twice.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.parts.iter().flat_map(|part| part.iter())
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> &[Words] {
        &self.parts
    }

    /// The texts with `separator` between.
    #[must_use]
    pub fn join(&self, separator: &str) -> String {
        self.iter().map(|text| &**text).collect::<Vec<_>>().join(separator)
    }
}

/// Ways of hiding a term from a search, of which an entry names those that it is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Disguise {
    /// Separators, spaces, symbols or emoji between the characters.
    Gaps,
    /// Digits and symbols for Latin letters.
    Leet,
    /// Pinyin or characters of the same sound for Han characters.
    Sound,
}

impl Disguise {
    /// Every disguise.
    pub const ALL: [Self; 3] = [Self::Gaps, Self::Leet, Self::Sound];

    /// Name in keyword files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gaps => "gaps",
            Self::Leet => "leet",
            Self::Sound => "sound",
        }
    }

    /// The disguise of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|disguise| disguise.name() == name)
    }
}

/// A set of disguises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Evasion(u8);

impl Evasion {
    /// No disguise: the term is looked for as it is.
    pub const NONE: Self = Self(0);

    /// This set and `disguise`.
    #[must_use]
    pub const fn with(self, disguise: Disguise) -> Self {
        Self(self.0 | 1 << disguise as u8)
    }

    /// This set and `other`.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set has `disguise`.
    #[must_use]
    pub const fn has(self, disguise: Disguise) -> bool {
        self.0 & 1 << disguise as u8 != 0
    }

    /// Whether the set has all of `other`.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl std::fmt::Display for Evasion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = Disguise::ALL.into_iter().filter(|&disguise| self.has(disguise)).map(Disguise::name);
        f.write_str(&names.collect::<Vec<_>>().join(" | "))
    }
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
