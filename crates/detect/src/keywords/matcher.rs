//! From occurrences of patterns to hits of entries.

use super::evasion::DisguiseScratch;
use super::places::{DISGUISED, Place, Places};
use super::rule::{ConditionPatterns, Conditions, Patterns, Rule, Searcher};
use super::{AnchoredEngine, Evasion, KeywordLibrary, LiteralEngine};
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
    terms: Vec<Place>,
    /// Places of terms with the entry that has yet to be judged by its conditions.
    open: Vec<(Place, u32)>,
    places: Places,
    /// Places of conditions in disguise, which are the same for every stretch of the text.
    disguised: Vec<Place>,
    stretches: Vec<(usize, usize)>,
    hits: Vec<Hit>,
    disguise: DisguiseScratch,
}

/// Finds a library's hits in normalised text.
///
/// A text is searched for the terms alone. Only where terms stand that have conditions are these looked for, each in as
/// much of the text as it can reach: first what has to stand near, then, for what is left, the other conditions. Each
/// place of a term costs a binary search per condition, also on hostile text. Entries that name a
/// [`Disguise`](super::Disguise) are looked for in a second view of the text, too, and so are their conditions.
#[derive(Clone, Debug)]
pub struct Matcher<E = AnchoredEngine> {
    terms: Searcher<E>,
    conditions: Searcher<E>,
    /// Where the entries of a term begin in `entries`, per pattern, and where the last end.
    first_entry: Vec<u32>,
    /// Entries by the pattern of their term.
    entries: Vec<u32>,
    /// Rules per entry.
    rules: Vec<Rule>,
}

impl<E: LiteralEngine> Matcher<E> {
    /// A matcher for the library's entries. Takes time linear in the library's size.
    ///
    /// # Errors
    /// [`KeywordError::Automaton`] where the engine refuses the patterns.
    pub fn new(library: &KeywordLibrary, normalizer: &Normalizer) -> Result<Self, KeywordError> {
        let (mut terms, mut conditions) = (Patterns::new(*normalizer), ConditionPatterns::new(*normalizer));
        let mut term_of: Vec<u32> = Vec::with_capacity(library.entries().len());
        let mut rules = Vec::with_capacity(library.entries().len());
        for entry in library.entries() {
            term_of.push(terms.add(&entry.term, entry.kind.is_bounded(), entry.evasion));
            rules.push(conditions.rule(entry));
        }
        let (first_entry, entries) = grouped(&term_of, terms.len());
        let (terms, conditions) = (terms.searcher()?, conditions.patterns.searcher()?);
        Ok(Self { terms, conditions, first_entry, entries, rules })
    }

    /// The hits in `text`, which is normalised, by start, end and entry. Overlapping hits count each.
    pub fn find<'s>(&self, text: &str, scratch: &'s mut MatchScratch) -> &'s [Hit] {
        scratch.hits.clear();
        scratch.open.clear();
        scratch.terms.clear();
        self.terms.find(text, (0, text.len()), |place| scratch.terms.push(place));
        self.terms.find_disguised(text, &mut scratch.disguise, |place| scratch.terms.push(place));
        scratch.terms.sort_unstable();
        scratch.terms.dedup();
        for &place in &scratch.terms {
            for &entry in self.entries_of(place.pattern & !DISGUISED) {
                let rule = &self.rules[entry as usize];
                if !rule.evasion.covers(place.used) || (rule.bounded && place.inside_word) {
                    continue;
                }
                match rule.conditions {
                    None => scratch.hits.push(hit(place, entry)),
                    Some(_) => scratch.open.push((place, entry)),
                }
            }
        }
        if !scratch.open.is_empty() {
            self.judge(text, scratch);
        }
        scratch.hits.sort_unstable();
        &scratch.hits
    }

    /// Adds the open places whose conditions hold to the hits.
    fn judge(&self, text: &str, scratch: &mut MatchScratch) {
        let MatchScratch { open, places, disguised, stretches, hits, disguise, .. } = scratch;
        places.clear();
        disguised.clear();
        if open.iter().any(|&(_, entry)| !self.rules[entry as usize].evasion.is_empty()) {
            self.conditions.find_disguised(text, disguise, |place| disguised.push(place));
        }
        let reach = |within: u32| (within as usize).saturating_mul(4).saturating_add(self.conditions.longest);
        let near = |conditions: &Conditions| conditions.near.as_ref().map(|window| reach(window.within));
        self.gather(text, open, near, stretches, places, disguised);
        open.retain(|&(place, entry)| {
            let (rule, conditions) = self.rule(entry);
            conditions.near.as_ref().is_none_or(|window| rule.stands(window, text, places, place, true))
        });
        let others = |conditions: &Conditions| {
            let not_near = conditions.not_near.as_ref().map(|window| reach(window.within));
            let unless = (!conditions.unless.is_empty()).then_some(self.conditions.longest);
            let with = (!conditions.with.is_empty()).then_some(usize::MAX);
            not_near.max(unless).max(with)
        };
        self.gather(text, open, others, stretches, places, disguised);
        for &(place, entry) in &*open {
            let (rule, conditions) = self.rule(entry);
            let barred = conditions.not_near.as_ref().is_some_and(|it| rule.stands(it, text, places, place, false));
            if !barred && rule.has_company(conditions, places) && !rule.is_excused(conditions, places, place) {
                hits.push(hit(place, entry));
            }
        }
    }

    /// Finds the conditions' patterns around the open places, as far as `reach` says in bytes for each.
    fn gather(
        &self,
        text: &str,
        open: &[(Place, u32)],
        reach: impl Fn(&Conditions) -> Option<usize>,
        stretches: &mut Vec<(usize, usize)>,
        places: &mut Places,
        disguised: &[Place],
    ) {
        stretches.clear();
        for &(place, entry) in open {
            if let Some(reach) = reach(self.rule(entry).1) {
                let start = text.floor_char_boundary(place.start.saturating_sub(reach));
                stretches.push((start, text.ceil_char_boundary(place.end.saturating_add(reach))));
            }
        }
        places.list.clear();
        if stretches.is_empty() {
            return;
        }
        stretches.sort_unstable();
        let mut joined: Option<(usize, usize)> = None;
        for &(start, end) in stretches.iter().chain([&(usize::MAX, usize::MAX)]) {
            joined = match joined {
                Some((first, last)) if start <= last => Some((first, last.max(end))),
                other => {
                    if let Some(stretch) = other {
                        self.conditions.find(text, stretch, |place| places.list.push(place));
                    }
                    Some((start, end))
                }
            };
        }
        places.list.extend_from_slice(disguised);
        places.list.sort_unstable();
        places.list.dedup();
        places.index(text);
    }

    /// Entries of which the pattern is the term.
    fn entries_of(&self, term: u32) -> &[u32] {
        let at = term as usize;
        &self.entries[self.first_entry[at] as usize..self.first_entry[at + 1] as usize]
    }

    /// The rule of an entry that has conditions.
    fn rule(&self, entry: u32) -> (&Rule, &Conditions) {
        static NO_CONDITIONS: std::sync::LazyLock<Conditions> = std::sync::LazyLock::new(Conditions::default);
        let rule = &self.rules[entry as usize];
        (rule, rule.conditions.as_deref().unwrap_or(&NO_CONDITIONS))
    }
}

fn hit(place: Place, entry: u32) -> Hit {
    Hit { start: place.start, end: place.end, entry, used: place.used }
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
