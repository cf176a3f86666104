//! Entries' conditions by patterns.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::entry::{Alternatives, Words};
use super::evasion::DisguiseIndex;
use super::places::{DISGUISED, Place, Places};
use super::{Disguise, Entry, Evasion, LiteralEngine, Near, Pattern, PatternId};
use crate::{KeywordError, Normalizer};

/// An entry's conditions by patterns.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// Whether its term and its contexts count with boundaries only.
    pub(super) bounded: bool,
    pub(super) evasion: Evasion,
    /// None where the entry counts wherever its term stands.
    pub(super) conditions: Option<Box<Conditions>>,
}

/// What has to hold at a place of the term.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    pub(super) near: Option<Window>,
    pub(super) with: PatternLists,
    pub(super) not_near: Option<Window>,
    pub(super) unless: PatternLists,
}

/// Patterns of a condition, in lists that rules share.
pub(super) type PatternLists = Arc<[Arc<[u32]>]>;

#[derive(Clone, Debug)]
pub(super) struct Window {
    /// Greatest distance in characters.
    pub(super) within: u32,
    patterns: PatternLists,
}

impl Rule {
    /// Whether an alternative of the window stands near the hit.
    pub(super) fn stands(
        &self,
        window: &Window,
        text: &str,
        places: &Places,
        hit: Place,
        same_paragraph: bool,
    ) -> bool {
        self.any(&window.patterns, |pattern| places.is_near(text, pattern, hit, window.within, same_paragraph))
    }

    /// Whether an alternative of `with`, if there is one, stands in the text.
    pub(super) fn has_company(&self, conditions: &Conditions, places: &Places) -> bool {
        conditions.with.is_empty() || self.any(&conditions.with, |pattern| places.has_bounded(pattern))
    }

    /// Whether a context of `unless` covers the hit.
    pub(super) fn is_excused(&self, conditions: &Conditions, places: &Places, hit: Place) -> bool {
        self.any(&conditions.unless, |pattern| places.covers(pattern, self.bounded, hit))
    }

    /// Whether `holds` for a pattern, or for one in disguise where the entry may be in disguise.
    fn any(&self, lists: &[Arc<[u32]>], holds: impl Fn(u32) -> bool) -> bool {
        let disguised = !self.evasion.is_empty();
        let mut patterns = lists.iter().flat_map(|list| list.iter());
        patterns.any(|&pattern| holds(pattern) || (disguised && holds(pattern | DISGUISED)))
    }
}

/// Patterns in normal form, behind an engine for the text as it is and an index for it in disguise.
#[derive(Clone, Debug)]
pub(super) struct Searcher<E> {
    engine: E,
    disguised: DisguiseIndex<E>,
    /// Bytes of the longest pattern.
    pub(super) longest: usize,
}

impl<E: LiteralEngine> Searcher<E> {
    /// Tells `sink` every pattern that stands in the bytes `start..end` of the text, with its place in the text.
    pub(super) fn find(&self, text: &str, (start, end): (usize, usize), mut sink: impl FnMut(Place)) {
        self.engine.find_all(&text.as_bytes()[start..end], &mut |PatternId(pattern), from, to| {
            sink(Place::new(text, pattern, start + from, start + to));
        });
    }

    /// Tells `sink` every pattern that stands in the text in disguise.
    pub(super) fn find_disguised(
        &self,
        text: &str,
        scratch: &mut super::evasion::DisguiseScratch,
        mut sink: impl FnMut(Place),
    ) {
        self.disguised.find(text, scratch, &mut |found| sink(found.into()));
    }
}

/// Patterns that are being gathered, each once, in normal form.
pub(super) struct Patterns {
    normalizer: Normalizer,
    ids: HashMap<Box<str>, u32>,
    /// Whether each counts inside words, too.
    unbounded: Vec<bool>,
    /// Disguises in which each is looked for.
    evasions: Vec<Evasion>,
}

impl Patterns {
    pub(super) fn new(normalizer: Normalizer) -> Self {
        Self { normalizer, ids: HashMap::new(), unbounded: Vec::new(), evasions: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The pattern of a text that is asked for with boundaries or anywhere, and in these disguises.
    pub(super) fn add(&mut self, text: &str, bounded: bool, evasion: Evasion) -> u32 {
        let next = self.ids.len() as u32;
        let id = *self.ids.entry(self.normalizer.normal_form(text).into()).or_insert(next);
        if id == next {
            self.unbounded.push(false);
            self.evasions.push(Evasion::NONE);
        }
        self.widen(id, bounded, evasion);
        id
    }

    fn widen(&mut self, id: u32, bounded: bool, evasion: Evasion) {
        self.unbounded[id as usize] |= !bounded;
        self.evasions[id as usize] = self.evasions[id as usize].and(evasion);
    }

    /// What finds them.
    ///
    /// # Errors
    /// [`KeywordError::Automaton`] where the engine refuses the patterns.
    pub(super) fn searcher<E: LiteralEngine>(&self) -> Result<Searcher<E>, KeywordError> {
        let mut texts = vec![""; self.ids.len()];
        for (text, &id) in &self.ids {
            texts[id as usize] = text;
        }
        let patterns =
            texts.iter().zip(&self.unbounded).map(|(text, &unbounded)| Pattern { text, bounded: !unbounded });
        let patterns: Vec<Pattern<'_>> = patterns.collect();
        let hidden = (0..).zip(&texts).zip(&self.evasions).map(|((id, text), &evasion)| (id, *text, evasion));
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or_default();
        Ok(Searcher { engine: E::build(&patterns)?, disguised: DisguiseIndex::build(hidden)?, longest })
    }
}

/// The conditions' patterns that are being gathered.
pub(super) struct ConditionPatterns {
    pub(super) patterns: Patterns,
    /// Patterns of words as written, so that each is normalised once.
    words: HashMap<Arc<str>, u32>,
    /// Patterns of a list, by where the list lies: conditions share them.
    lists: HashMap<*const Arc<str>, Arc<[u32]>>,
    /// Lists whose patterns are looked for in disguise.
    hidden: HashSet<*const u32>,
}

impl ConditionPatterns {
    pub(super) fn new(normalizer: Normalizer) -> Self {
        Self {
            patterns: Patterns::new(normalizer),
            words: HashMap::new(),
            lists: HashMap::new(),
            hidden: HashSet::new(),
        }
    }

    /// The entry's rule.
    pub(super) fn rule(&mut self, entry: &Entry) -> Rule {
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
        for &pattern in conditions.unless.iter().flat_map(|list| list.iter()) {
            self.patterns.widen(pattern, bounded, Evasion::NONE);
        }
        if !entry.evasion.is_empty() {
            let windows = [&conditions.near, &conditions.not_near].into_iter().flatten().map(|it| &it.patterns);
            for list in windows.chain([&conditions.with, &conditions.unless]).flat_map(|lists| lists.iter()) {
                if self.hidden.insert(list.as_ptr()) {
                    let evasion = Evasion::NONE.with(Disguise::Gaps).with(Disguise::Leet);
                    list.iter().for_each(|&pattern| self.patterns.widen(pattern, true, evasion));
                }
            }
        }
        conditions
    }

    fn window(&mut self, near: &Near) -> Window {
        Window { within: near.within, patterns: self.lists(&near.alternatives) }
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
        let id = self.patterns.add(word, true, Evasion::NONE);
        self.words.insert(word.clone(), id);
        id
    }
}
