//! From occurrences of patterns to hits of entries.

use std::collections::HashMap;

use super::places::{Place, Places};
use super::{AhoCorasickEngine, Entry, KeywordLibrary, LiteralEngine, Near};
use crate::{KeywordError, Normalizer};

/// A keyword's occurrence that fulfils all of its conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// First byte in the normalised text.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
    /// Position of the entry in the library's list.
    pub entry: u32,
}

/// Memory that a [`Matcher`] uses again from text to text.
#[derive(Debug, Default)]
pub struct MatchScratch {
    places: Places,
    hits: Vec<Hit>,
}

/// Finds a library's hits in normalised text.
///
/// Terms, conditions and contexts are patterns of one engine, each once. A text in which no term stands costs one search;
/// else each occurrence of a term costs a binary search per condition, also on hostile text.
#[derive(Clone, Debug)]
pub struct Matcher<E = AhoCorasickEngine> {
    engine: E,
    /// Entries per pattern of which it is the term.
    entries_of: Vec<Vec<u32>>,
    rules: Vec<Rule>,
}

/// An entry's conditions by patterns.
#[derive(Clone, Debug)]
struct Rule {
    bounded: bool,
    near: Option<Window>,
    with: Vec<u32>,
    not_near: Option<Window>,
    unless: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Window {
    within: u32,
    patterns: Vec<u32>,
}

impl<E: LiteralEngine> Matcher<E> {
    /// A matcher for the library's entries. Takes time linear in the library's size.
    ///
    /// # Errors
    /// [`KeywordError::Automaton`] where the engine refuses the patterns.
    pub fn new(library: &KeywordLibrary, normalizer: &Normalizer) -> Result<Self, KeywordError> {
        let mut patterns = Patterns { normalizer, ids: HashMap::new() };
        let mut entries_of: Vec<Vec<u32>> = Vec::new();
        let mut rules = Vec::with_capacity(library.entries().len());
        for (at, entry) in (0..).zip(library.entries()) {
            let term = patterns.id(&entry.term) as usize;
            rules.push(patterns.rule(entry));
            entries_of.resize(patterns.ids.len(), Vec::new());
            entries_of[term].push(at);
        }
        let mut texts: Vec<(&String, &u32)> = patterns.ids.iter().collect();
        texts.sort_unstable_by_key(|&(_, id)| id);
        let texts: Vec<&str> = texts.into_iter().map(|(text, _)| text.as_str()).collect();
        Ok(Self { engine: E::build(&texts)?, entries_of, rules })
    }

    /// The hits in `text`, which is normalised, by start, end and entry. Overlapping hits count each.
    pub fn find<'s>(&self, text: &str, scratch: &'s mut MatchScratch) -> &'s [Hit] {
        let MatchScratch { places, hits } = scratch;
        hits.clear();
        places.clear();
        let mut any_term = false;
        self.engine.find_all(text.as_bytes(), &mut |pattern, start, end| {
            any_term |= !self.entries_of[pattern.0 as usize].is_empty();
            places.list.push(Place::new(text, pattern.0, start, end));
        });
        if !any_term {
            return hits;
        }
        places.list.sort_unstable();
        let mut from = 0;
        while let Some(&Place { pattern, .. }) = places.list.get(from) {
            let to = from + places.list[from..].partition_point(|place| place.pattern == pattern);
            for &entry in &self.entries_of[pattern as usize] {
                self.rules[entry as usize].accept(text, places, from..to, |start, end| {
                    hits.push(Hit { start, end, entry });
                });
            }
            from = to;
        }
        hits.sort_unstable();
        hits
    }
}

impl Rule {
    /// Tells `sink` those of the places `range`, all of the entry's term, that fulfil the conditions.
    fn accept(
        &self,
        text: &str,
        places: &mut Places,
        range: std::ops::Range<usize>,
        mut sink: impl FnMut(usize, usize),
    ) {
        if !self.with.is_empty() && !self.with.iter().any(|&pattern| places.has_bounded(pattern)) {
            return;
        }
        if self.near.is_some() || self.not_near.is_some() {
            places.index(text);
        }
        for &hit in &places.list[range] {
            if self.bounded && hit.inside_word {
                return;
            }
            let stands = |window: &Window, same_paragraph| {
                let near = |&pattern: &u32| places.is_near(text, pattern, hit, window.within, same_paragraph);
                window.patterns.iter().any(near)
            };
            let counts = self.near.as_ref().is_none_or(|window| stands(window, true))
                && !self.not_near.as_ref().is_some_and(|window| stands(window, false))
                && !self.unless.iter().any(|&pattern| places.covers(pattern, self.bounded, hit));
            if counts {
                sink(hit.start, hit.end);
            }
        }
    }
}

/// Patterns that are being gathered, each once, in normal form.
struct Patterns<'n> {
    normalizer: &'n Normalizer,
    ids: HashMap<String, u32>,
}

impl Patterns<'_> {
    fn id(&mut self, text: &str) -> u32 {
        let next = self.ids.len() as u32;
        *self.ids.entry(self.normalizer.normal_form(text)).or_insert(next)
    }

    fn list(&mut self, texts: &[String]) -> Vec<u32> {
        texts.iter().map(|text| self.id(text)).collect()
    }

    fn window(&mut self, near: &Near) -> Window {
        Window { within: near.within, patterns: self.list(&near.alternatives) }
    }

    fn rule(&mut self, entry: &Entry) -> Rule {
        Rule {
            bounded: entry.kind.is_bounded(),
            near: entry.near.as_ref().map(|near| self.window(near)),
            with: self.list(&entry.with),
            not_near: entry.not_near.as_ref().map(|near| self.window(near)),
            unless: self.list(&entry.unless),
        }
    }
}
