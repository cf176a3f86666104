//! From occurrences of patterns to hits of entries.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::entry::{Alternatives, Words};
use super::evasion::{DisguiseIndex, DisguiseScratch};
use super::places::{DISGUISED, Place, Places};
use super::{AnchoredEngine, Disguise, Entry, Evasion, KeywordLibrary, LiteralEngine, Near, Pattern};
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
    /// The disguises that had to be undone to see it; empty where the term stands as it is.
    pub used: Evasion,
}

/// Memory that a [`Matcher`] uses again from text to text.
#[derive(Debug, Default)]
pub struct MatchScratch {
    places: Places,
    hits: Vec<Hit>,
    disguise: DisguiseScratch,
}

/// Finds a library's hits in normalised text.
///
/// Terms, conditions and contexts are patterns of one engine, each once. A text in which no term stands costs one search;
/// else each occurrence of a term costs a binary search per condition, also on hostile text. Entries that name a
/// [`Disguise`](super::Disguise) are looked for in a second view of the text, too, and so are their conditions.
#[derive(Clone, Debug)]
pub struct Matcher<E = AnchoredEngine> {
    engine: E,
    disguised: DisguiseIndex<E>,
    /// Where the entries of which a pattern is the term begin in `terms`, per pattern, and where the last end.
    first_term: Vec<u32>,
    /// Entries by the pattern of their term.
    terms: Vec<u32>,
    /// Rules per entry.
    rules: Vec<Rule>,
}

/// An entry's conditions by patterns.
#[derive(Clone, Debug)]
struct Rule {
    bounded: bool,
    evasion: Evasion,
    /// None where the entry counts wherever its term stands.
    conditions: Option<Box<Conditions>>,
}

#[derive(Clone, Debug)]
struct Conditions {
    near: Option<Window>,
    with: PatternLists,
    not_near: Option<Window>,
    unless: PatternLists,
}

/// Patterns of a condition, in lists that rules share.
type PatternLists = Arc<[Arc<[u32]>]>;

#[derive(Clone, Debug)]
struct Window {
    within: u32,
    patterns: PatternLists,
}

impl<E: LiteralEngine> Matcher<E> {
    /// A matcher for the library's entries. Takes time linear in the library's size.
    ///
    /// # Errors
    /// [`KeywordError::Automaton`] where the engine refuses the patterns.
    pub fn new(library: &KeywordLibrary, normalizer: &Normalizer) -> Result<Self, KeywordError> {
        let mut patterns = Patterns {
            normalizer,
            ids: HashMap::new(),
            words: HashMap::new(),
            lists: HashMap::new(),
            unbounded: Vec::new(),
            hidden: HashSet::new(),
            evasions: Vec::new(),
        };
        let mut term_of: Vec<u32> = Vec::with_capacity(library.entries().len());
        let mut rules = Vec::with_capacity(library.entries().len());
        for entry in library.entries() {
            let term = patterns.id(&entry.term);
            patterns.used(term as usize, entry.kind.is_bounded());
            rules.push(patterns.rule(entry));
            patterns.hide(term as usize, entry.evasion);
            term_of.push(term);
        }
        let (first_term, terms) = grouped(&term_of, patterns.ids.len());
        let mut texts: Vec<(&Box<str>, &u32)> = patterns.ids.iter().collect();
        texts.sort_unstable_by_key(|&(_, id)| id);
        let texts: Vec<&str> = texts.into_iter().map(|(text, _)| &**text).collect();
        let evasions = patterns.evasions.iter().copied().chain(std::iter::repeat(Evasion::NONE));
        let bounded = |at: usize| !patterns.unbounded.get(at).copied().unwrap_or_default();
        let wanted: Vec<Pattern<'_>> =
            texts.iter().enumerate().map(|(at, &text)| Pattern { text, bounded: bounded(at) }).collect();
        let hidden = (0..).zip(&texts).zip(evasions).map(|((id, text), evasion)| (id, *text, evasion));
        Ok(Self { engine: E::build(&wanted)?, disguised: DisguiseIndex::build(hidden)?, first_term, terms, rules })
    }

    /// The hits in `text`, which is normalised, by start, end and entry. Overlapping hits count each.
    pub fn find<'s>(&self, text: &str, scratch: &'s mut MatchScratch) -> &'s [Hit] {
        let MatchScratch { places, hits, disguise } = scratch;
        hits.clear();
        places.clear();
        let mut any_term = false;
        self.engine.find_all(text.as_bytes(), &mut |pattern, start, end| {
            any_term |= !self.entries_of(pattern.0).is_empty();
            places.list.push(Place::new(text, pattern.0, start, end));
        });
        self.disguised.find(text, disguise, &mut |found| {
            any_term |= !self.entries_of(found.pattern).is_empty();
            places.list.push(found.into());
        });
        if !any_term {
            return hits;
        }
        places.list.sort_unstable();
        places.list.dedup();
        let mut from = 0;
        while let Some(&Place { pattern, .. }) = places.list.get(from) {
            let to = from + places.list[from..].partition_point(|place| place.pattern == pattern);
            for &entry in self.entries_of(pattern & !DISGUISED) {
                self.rules[entry as usize].accept(text, places, from..to, |place| {
                    hits.push(Hit { start: place.start, end: place.end, entry, used: place.used });
                });
            }
            from = to;
        }
        hits.sort_unstable();
        hits
    }

    /// Entries of which the pattern is the term.
    fn entries_of(&self, pattern: u32) -> &[u32] {
        let at = pattern as usize;
        &self.terms[self.first_term[at] as usize..self.first_term[at + 1] as usize]
    }
}

/// Positions in `groups` by their group, of which there are so many, and where each group's begin.
fn grouped(groups: &[u32], many: usize) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0; many + 1];
    groups.iter().for_each(|&group| first[group as usize + 1] += 1);
    for at in 1..first.len() {
        first[at] += first[at - 1];
    }
    let mut members: Vec<u32> = (0..groups.len() as u32).collect();
    members.sort_by_key(|&at| groups[at as usize]);
    (first, members)
}

impl Rule {
    /// Tells `sink` those of the places `range`, all of the entry's term, that fulfil the conditions.
    fn accept(&self, text: &str, places: &mut Places, range: std::ops::Range<usize>, mut sink: impl FnMut(Place)) {
        let conditions = self.conditions.as_deref();
        if let Some(Conditions { with, near, not_near, .. }) = conditions {
            if !with.is_empty() && !self.any(with, |pattern| places.has_bounded(pattern)) {
                return;
            }
            if near.is_some() || not_near.is_some() {
                places.index(text);
            }
        }
        for &hit in &places.list[range] {
            if self.bounded && hit.inside_word {
                return;
            }
            let allowed = conditions.is_none_or(|conditions| self.allows(conditions, text, places, hit));
            if allowed && self.evasion.covers(hit.used) {
                sink(hit);
            }
        }
    }

    fn allows(&self, conditions: &Conditions, text: &str, places: &Places, hit: Place) -> bool {
        let stands = |window: &Window, same_paragraph| {
            self.any(&window.patterns, |pattern| places.is_near(text, pattern, hit, window.within, same_paragraph))
        };
        conditions.near.as_ref().is_none_or(|window| stands(window, true))
            && !conditions.not_near.as_ref().is_some_and(|window| stands(window, false))
            && !self.any(&conditions.unless, |pattern| places.covers(pattern, self.bounded, hit))
    }

    /// Whether `holds` for a pattern, or for one in disguise where the entry may be in disguise.
    fn any(&self, lists: &[Arc<[u32]>], holds: impl Fn(u32) -> bool) -> bool {
        let disguised = !self.evasion.is_empty();
        let mut patterns = lists.iter().flat_map(|list| list.iter());
        patterns.any(|&pattern| holds(pattern) || (disguised && holds(pattern | DISGUISED)))
    }
}

/// Patterns that are being gathered, each once, in normal form.
struct Patterns<'n> {
    normalizer: &'n Normalizer,
    ids: HashMap<Box<str>, u32>,
    /// Patterns of words as written, so that each is normalised once.
    words: HashMap<Arc<str>, u32>,
    /// Patterns of a list, by where the list lies: conditions share them.
    lists: HashMap<*const Arc<str>, Arc<[u32]>>,
    /// Whether a pattern counts inside words, too.
    unbounded: Vec<bool>,
    /// Lists whose patterns are looked for in disguise.
    hidden: HashSet<*const u32>,
    /// Disguises of the patterns, as far as any was asked for.
    evasions: Vec<Evasion>,
}

impl Patterns<'_> {
    fn id(&mut self, text: &str) -> u32 {
        let next = self.ids.len() as u32;
        *self.ids.entry(self.normalizer.normal_form(text).into()).or_insert(next)
    }

    fn lists(&mut self, alternatives: &Alternatives) -> PatternLists {
        alternatives.parts().iter().map(|words| self.list(words)).collect()
    }

    fn list(&mut self, words: &Words) -> Arc<[u32]> {
        if let Some(known) = self.lists.get(&words.as_ptr()) {
            return known.clone();
        }
        let list: Arc<[u32]> = words.iter().map(|word| self.word(word)).collect();
        self.lists.insert(words.as_ptr(), list.clone());
        list
    }

    fn word(&mut self, word: &Arc<str>) -> u32 {
        if let Some(&known) = self.words.get(word) {
            return known;
        }
        let id = self.id(word);
        self.words.insert(word.clone(), id);
        id
    }

    fn window(&mut self, near: &Near) -> Window {
        Window { within: near.within, patterns: self.lists(&near.alternatives) }
    }

    fn rule(&mut self, entry: &Entry) -> Rule {
        let bounded = entry.kind.is_bounded();
        let conditions = (!entry.is_unconditional()).then(|| Box::new(self.conditions(entry, bounded)));
        Rule { bounded, evasion: entry.evasion, conditions }
    }

    fn conditions(&mut self, entry: &Entry, bounded: bool) -> Conditions {
        let conditions = Conditions {
            near: entry.near.as_ref().map(|near| self.window(near)),
            with: self.lists(&entry.with),
            not_near: entry.not_near.as_ref().map(|near| self.window(near)),
            unless: self.lists(&entry.unless),
        };
        for pattern in conditions.unless.iter().flat_map(|list| list.iter()) {
            self.used(*pattern as usize, bounded);
        }
        if !entry.evasion.is_empty() {
            let windows = [&conditions.near, &conditions.not_near].into_iter().flatten().map(|it| &it.patterns);
            for list in windows.chain([&conditions.with, &conditions.unless]).flat_map(|lists| lists.iter()) {
                if self.hidden.insert(list.as_ptr()) {
                    for &pattern in list.iter() {
                        self.hide(pattern as usize, Evasion::NONE.with(Disguise::Gaps).with(Disguise::Leet));
                    }
                }
            }
        }
        conditions
    }

    /// The pattern is asked for, with boundaries or anywhere.
    fn used(&mut self, pattern: usize, bounded: bool) {
        if !bounded {
            self.unbounded.resize(self.unbounded.len().max(pattern + 1), false);
            self.unbounded[pattern] = true;
        }
    }

    /// The pattern is looked for in these disguises, too.
    fn hide(&mut self, pattern: usize, evasion: Evasion) {
        if evasion.is_empty() {
            return;
        }
        if self.evasions.len() <= pattern {
            self.evasions.resize(pattern + 1, Evasion::NONE);
        }
        self.evasions[pattern] = self.evasions[pattern].and(evasion);
    }
}
