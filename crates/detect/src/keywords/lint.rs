//! What is questionable in a keyword library, and what B.1.1 finds missing.

use std::collections::HashMap;

use tamis_rules::{Level, Taxonomy};

use super::entry::Alternatives;
use super::everyday::{has_no_rare_pair, is_everyday};
use super::places::Place;
use super::template::one_slot_apart;
use super::{AhoCorasickEngine, Date, Entry, KeywordLibrary, LiteralEngine, MatchKind, Near, Pattern};
use crate::{KeywordError, Normalizer, Origin};

/// Something that lint found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintIssue {
    /// How bad it is.
    pub severity: Severity,
    /// Name of the rule, by which issues can be counted: `minimum-total`, `minimum-per-risk`, `stale`, `future-date`,
    /// `one-slot-share`, `duplicate`, `subsumed`, `one-character`, `not-normal`, `vain-context`, `everyday-word`,
    /// `common-anchor`.
    pub rule: &'static str,
    /// Where it is.
    pub origin: Origin,
    /// What was found and what was expected.
    pub message: String,
}

/// How bad an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The library does not meet the standard, or an entry makes no sense.
    Error,
    /// Somebody should look at it.
    Warning,
}

/// Checks a library against B.1.1 and for entries that are of no use, as of a day. Issues about the library as a
/// whole come first, the others in order of entries.
///
/// # Errors
/// [`KeywordError::Automaton`] where the library is too large for an automaton.
pub fn lint(library: &KeywordLibrary, taxonomy: &Taxonomy, as_of: Date) -> Result<Vec<LintIssue>, KeywordError> {
    let normalizer = Normalizer::new();
    let normal = library.entries().iter().map(|entry| NormalEntry::new(entry, &normalizer)).collect();
    let mut linter = Linter { library, normal, issues: Vec::new() };
    linter.minimum(taxonomy);
    linter.freshness(taxonomy, as_of);
    linter.templates(taxonomy);
    let whole = linter.issues.len();
    linter.entries(as_of);
    linter.duplicates();
    linter.subsumed()?;
    linter.issues[whole..].sort_by(|a, b| (&a.origin, a.rule).cmp(&(&b.origin, b.rule)));
    Ok(linter.issues)
}

/// Most entries of a risk, in percent, that may differ from another one in a single slot.
const MOST_ONE_SLOT_PERCENT: usize = 30;

/// Entries of a risk from which on their share is judged.
const LEAST_FOR_SHARE: usize = 20;

/// How many entries of a risk differ from another of it in a single slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneSlotShare {
    /// Code of the risk.
    pub risk: String,
    /// Entries of the risk; never 0.
    pub entries: usize,
    /// Those that differ from another one in one run of words, or of characters where they are Chinese, and have more
    /// than half in common with it.
    pub apart: usize,
}

/// The shares of the risks that have entries, in order of the taxonomy.
#[must_use]
pub fn one_slot_shares(library: &KeywordLibrary, taxonomy: &Taxonomy) -> Vec<OneSlotShare> {
    let normalizer = Normalizer::new();
    let mut terms: Vec<Vec<String>> = vec![Vec::new(); taxonomy.risks().len()];
    for entry in library.entries() {
        terms[entry.risk.index()].push(normalizer.normal_form(&entry.term));
    }
    let shares = taxonomy.risks().iter().zip(terms).filter(|(_, terms)| !terms.is_empty());
    shares
        .map(|(risk, terms)| {
            let texts: Vec<&str> = terms.iter().map(String::as_str).collect();
            OneSlotShare { risk: risk.code.clone(), entries: terms.len(), apart: one_slot_apart(&texts).len() }
        })
        .collect()
}

struct Linter<'a> {
    library: &'a KeywordLibrary,
    normal: Vec<NormalEntry<'a>>,
    issues: Vec<LintIssue>,
}

/// An entry with its texts in normal form.
struct NormalEntry<'a> {
    entry: &'a Entry,
    term: String,
    unless: Vec<String>,
    /// The conditions in one text, the same for the same conditions in any order.
    conditions: String,
}

impl<'a> NormalEntry<'a> {
    fn new(entry: &'a Entry, normalizer: &Normalizer) -> Self {
        let list = |texts: &Alternatives| -> Vec<String> {
            let mut texts: Vec<String> = texts.iter().map(|text| normalizer.normal_form(text)).collect();
            texts.sort_unstable();
            texts
        };
        let near = |near: &Option<Near>| near.as_ref().map(|near| (near.within, list(&near.alternatives)));
        let unless = list(&entry.unless);
        let conditions = format!("{:?}", (near(&entry.near), list(&entry.with), near(&entry.not_near), &unless));
        Self { entry, term: normalizer.normal_form(&entry.term), unless, conditions }
    }

    /// What is wrong with contexts that leave no hit, or that no hit can lie in.
    fn vain_contexts(&self) -> Vec<String> {
        let bounded = self.entry.kind.is_bounded();
        let holds_a_hit = |context: &str| {
            let mut places = context.match_indices(&self.term);
            places.any(|(at, _)| !Place::new(context, 0, at, at + self.term.len()).inside_word)
        };
        let message = |context: &String| {
            if *context == self.term {
                Some(format!("unless {context:?} is the term itself, so that the entry never hits"))
            } else if bounded && !holds_a_hit(context) {
                Some(format!(
                    "unless {context:?} has the term inside a word, where a {} never hits",
                    self.entry.kind.name()
                ))
            } else {
                None
            }
        };
        self.unless.iter().filter_map(message).collect()
    }
}

impl<'a> Linter<'a> {
    fn report(&mut self, severity: Severity, rule: &'static str, origin: &Origin, message: String) {
        self.issues.push(LintIssue { severity, rule, origin: origin.clone(), message });
    }

    /// B.1.1 a and b.
    fn minimum(&mut self, taxonomy: &Taxonomy) {
        let (stats, minimum) = (self.library.stats(taxonomy), taxonomy.keyword_minimum());
        let origin = self.library.origin();
        if stats.total < minimum.total {
            let message = format!("library has {} entries; expected at least {}", stats.total, minimum.total);
            self.report(Severity::Error, "minimum-total", origin, message);
        }
        for ((code, count), &least) in
            stats.per_risk.iter().zip(&minimum.per_risk).filter(|(risk, least)| risk.1 < **least)
        {
            let message = format!("{code} has {count} entries; expected at least {least}");
            self.report(Severity::Error, "minimum-per-risk", origin, message);
        }
    }

    /// B.1.1 c.
    fn freshness(&mut self, taxonomy: &Taxonomy, as_of: Date) {
        let (updated, origin) = (self.library.updated(), self.library.origin());
        let age = as_of.days_since(updated);
        if age < 0 {
            let message = format!("library was updated on {updated}, which is after {as_of}");
            self.report(Severity::Error, "future-date", origin, message);
        }
        if let Some(most) = taxonomy.keyword_minimum().maximum_age_days.filter(|&most| age > i64::from(most)) {
            let message =
                format!("library was updated on {updated}, {age} days before {as_of}; expected {most} at most");
            self.report(Severity::Error, "stale", origin, message);
        }
    }

    /// How many entries of a risk look like products of a template, which no person wrote one by one.
    fn templates(&mut self, taxonomy: &Taxonomy) {
        let shares = one_slot_shares(self.library, taxonomy);
        let many = |share: &OneSlotShare| {
            share.entries >= LEAST_FOR_SHARE && share.apart * 100 > share.entries * MOST_ONE_SLOT_PERCENT
        };
        for share in shares.into_iter().filter(many) {
            let OneSlotShare { risk, entries, apart } = share;
            let message = format!(
                "{apart} of {entries} entries of {risk} differ from another in one slot only; expected \
                 {MOST_ONE_SLOT_PERCENT} % at most"
            );
            let origin = self.library.origin();
            self.report(Severity::Error, "one-slot-share", origin, message);
        }
    }

    /// What an entry shows by itself.
    fn entries(&mut self, as_of: Date) {
        for at in 0..self.normal.len() {
            let (entry, term) = (self.normal[at].entry, self.normal[at].term.clone());
            let (origin, written) = (&entry.origin, &entry.term);
            let (one, changed) = (term.chars().count() < 2, *written != term);
            let vain = self.normal[at].vain_contexts();
            let changed = changed.then(|| format!("term {written:?} becomes {term:?} when normalised; write it so"));
            if let Some(message) = changed {
                self.report(Severity::Warning, "not-normal", origin, message);
            }
            if one {
                let message = format!("term {written:?} has one character and hits everyday text");
                self.report(Severity::Warning, "one-character", origin, message);
            }
            let unhinged = entry.near.is_none() && entry.with.is_empty();
            if unhinged && is_everyday(&term) {
                let message = format!("term {written:?} is a word of everyday text; give it near or with");
                let severity = if entry.level == Level::Enforce { Severity::Error } else { Severity::Warning };
                self.report(severity, "everyday-word", origin, message);
            }
            if has_no_rare_pair(&term) {
                let message = format!("term {written:?} has no rare pair of characters that a search could start from");
                self.report(Severity::Warning, "common-anchor", origin, message);
            }
            for message in vain {
                self.report(Severity::Error, "vain-context", origin, message);
            }
            if entry.added > as_of || entry.reviewed > as_of || entry.reviewed < entry.added {
                let message =
                    format!("added {} and reviewed {} are not in order before {as_of}", entry.added, entry.reviewed);
                self.report(Severity::Warning, "future-date", origin, message);
            }
        }
    }

    /// Entries that hit at the same places for the same risk.
    fn duplicates(&mut self) {
        let mut first = HashMap::new();
        let mut found = Vec::new();
        for NormalEntry { entry, term, conditions, .. } in &self.normal {
            let key = (entry.risk, term, entry.kind, conditions);
            if let Some(other) = first.get(&key) {
                found.push((*entry, format!("{} has the same term and conditions as {other}", entry.id)));
            } else {
                first.insert(key, &entry.id);
            }
        }
        for (entry, message) in found {
            self.report(Severity::Error, "duplicate", &entry.origin, message);
        }
    }

    /// Entries that hit only where a shorter one of the same risk and level hits anyway.
    fn subsumed(&mut self) -> Result<(), KeywordError> {
        let is_wide = |it: &&NormalEntry<'_>| it.entry.kind == MatchKind::Substring && it.entry.is_unconditional();
        let mut wide: HashMap<&str, Vec<&Entry>> = HashMap::new();
        for normal in self.normal.iter().filter(is_wide) {
            wide.entry(&normal.term).or_default().push(normal.entry);
        }
        let terms: Vec<&str> = wide.keys().copied().collect();
        let patterns: Vec<Pattern<'_>> = terms.iter().map(|&text| Pattern { text, bounded: false }).collect();
        let engine = AhoCorasickEngine::build(&patterns)?;
        let mut found = Vec::new();
        for NormalEntry { entry, term, .. } in &self.normal {
            let mut by: Option<&Entry> = None;
            engine.find_all(term.as_bytes(), &mut |pattern, start, end| {
                let inner = wide[terms[pattern.0 as usize]].iter().copied();
                let same =
                    |other: &&Entry| other.risk == entry.risk && other.level == entry.level && other.id != entry.id;
                // Of equal terms, one that is as wide is a duplicate, and reported as such.
                let shorter =
                    end - start < term.len() || entry.kind != MatchKind::Substring || !entry.is_unconditional();
                by = inner.filter(same).filter(|_| shorter).chain(by).min_by_key(|other| &other.id);
            });
            if let Some(by) = by {
                let message = format!("{} hits only where {} ({:?}) hits anyway", entry.id, by.id, by.term);
                found.push((*entry, message));
            }
        }
        for (entry, message) in found {
            self.report(Severity::Warning, "subsumed", &entry.origin, message);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
