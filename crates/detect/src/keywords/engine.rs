//! Finding many literal patterns at once.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use crate::KeywordError;

/// Position of a pattern in the list that an engine was built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatternId(pub u32);

/// What an engine looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern<'p> {
    /// The text; not empty.
    pub text: &'p str,
    /// Whether only occurrences count that have a boundary at both ends: that do not begin or end between two [word
    /// characters](crate::is_word_char). An engine may tell the others, too.
    pub bounded: bool,
}

/// Finds every occurrence of every pattern, overlapping ones too.
///
/// The patterns are distinct, and the haystack is valid UTF-8. The order in which occurrences come is the engine's own;
/// each comes once.
pub trait LiteralEngine: Send + Sync + Sized {
    /// An engine for these patterns; a pattern's id is its position.
    ///
    /// # Errors
    /// [`KeywordError::Automaton`] where the patterns are too many or too long.
    fn build(patterns: &[Pattern<'_>]) -> Result<Self, KeywordError>;

    /// Tells `sink` the pattern, first byte and end of every occurrence in `haystack`.
    fn find_all(&self, haystack: &[u8], sink: &mut dyn FnMut(PatternId, usize, usize));
}

/// The Aho–Corasick automaton as a contiguous NFA: linear in the text and the occurrences, whatever the patterns.
#[derive(Clone, Debug)]
pub struct AhoCorasickEngine {
    automaton: AhoCorasick,
}

impl LiteralEngine for AhoCorasickEngine {
    fn build(patterns: &[Pattern<'_>]) -> Result<Self, KeywordError> {
        let automaton = AhoCorasickBuilder::new()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(patterns.iter().map(|pattern| pattern.text))
            .map_err(|source| KeywordError::Automaton { patterns: patterns.len(), source: Box::new(source) })?;
        Ok(Self { automaton })
    }

    fn find_all(&self, haystack: &[u8], sink: &mut dyn FnMut(PatternId, usize, usize)) {
        for found in self.automaton.find_overlapping_iter(haystack) {
            sink(PatternId(found.pattern().as_u32()), found.start(), found.end());
        }
    }
}
