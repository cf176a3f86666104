//! What a library hits on texts about which something is known.

use tamis_rules::{Level, RiskId, Taxonomy};

use super::{AnchoredEngine, KeywordDetector, LiteralEngine, MatchScratch};
use crate::Normalized;

/// What is known about a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth<'a> {
    /// It carries no risk: every hit is a false alarm.
    Clean,
    /// It carries the risks `found`; of those in `settled` it carries no other. About the rest nothing is known.
    Labelled {
        /// Risks that it carries.
        found: &'a [RiskId],
        /// Risks about which the label says something.
        settled: &'a [RiskId],
    },
}

/// Hits of one entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryHits {
    /// Hits in clean texts.
    pub clean_hits: u64,
    /// Clean texts with a hit.
    pub clean_texts: u64,
    /// Those of them in which every hit was in disguise.
    pub clean_disguised: u64,
    /// Labelled texts that carry the entry's risk.
    pub right: u64,
    /// Labelled texts that are known not to carry it.
    pub wrong: u64,
}

impl EntryHits {
    /// Hits per million characters of clean text; 0 where there is none.
    #[must_use]
    pub fn per_million(&self, clean_chars: u64) -> f64 {
        if clean_chars == 0 { 0.0 } else { self.clean_hits as f64 * 1e6 / clean_chars as f64 }
    }

    /// What the measurement earns: `enforce` where no clean text and no text known to be without the risk was hit, or
    /// where those are at most one for every four that carry it, and not more than `most_per_million` hits stand in a
    /// million characters of clean text.
    #[must_use]
    pub fn earned(&self, clean_chars: u64, most_per_million: f64) -> Level {
        let false_alarms = self.clean_texts + self.wrong;
        let few = self.per_million(clean_chars) <= most_per_million;
        if false_alarms == 0 || (4 * false_alarms <= self.right && few) { Level::Enforce } else { Level::Advisory }
    }
}

/// Texts in which something hit, by risk or in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextCounts {
    /// Hits in clean texts.
    pub clean_hits: u64,
    /// Clean texts.
    pub clean: u64,
    /// Clean texts under [`SHORT_CHARS`] characters.
    pub clean_short: u64,
    /// Labelled texts that carry the risk.
    pub right: u64,
    /// Labelled texts known not to carry it.
    pub wrong: u64,
}

/// A text of fewer characters is short.
pub const SHORT_CHARS: u64 = 200;

/// Counts what a library hits, text by text.
#[derive(Debug)]
pub struct Measurement<'d, E = AnchoredEngine> {
    detector: &'d KeywordDetector<E>,
    entries: Vec<EntryHits>,
    enforcing: Vec<TextCounts>,
    any: Vec<TextCounts>,
    enforcing_total: TextCounts,
    any_total: TextCounts,
    texts: TextCounts,
    positives: Vec<u64>,
    clean_chars: u64,
    normal: Normalized,
    scratch: MatchScratch,
    seen: Vec<(u32, bool, u64)>,
}

impl<'d, E: LiteralEngine> Measurement<'d, E> {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(detector: &'d KeywordDetector<E>, taxonomy: &Taxonomy) -> Self {
        let risks = taxonomy.risks().len();
        Self {
            detector,
            entries: vec![EntryHits::default(); detector.library().entries().len()],
            enforcing: vec![TextCounts::default(); risks],
            any: vec![TextCounts::default(); risks],
            enforcing_total: TextCounts::default(),
            any_total: TextCounts::default(),
            texts: TextCounts::default(),
            positives: vec![0; risks],
            clean_chars: 0,
            normal: Normalized::default(),
            scratch: MatchScratch::default(),
            seen: Vec::new(),
        }
    }

    /// Counts a text. `sink` is told every entry that hit it, once.
    pub fn add(&mut self, text: &str, truth: Truth<'_>, mut sink: impl FnMut(u32)) {
        self.detector.normalizer().normalize(text, &mut self.normal);
        let hits = self.detector.matcher().find(self.normal.text(), &mut self.scratch);
        self.seen.clear();
        self.seen.extend(hits.iter().map(|hit| (hit.entry, hit.used.is_empty(), 1)));
        self.seen.sort_unstable();
        self.seen.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 |= next.1;
                kept.2 += next.2;
            }
            same
        });
        self.seen.iter().for_each(|&(entry, ..)| sink(entry));
        match truth {
            Truth::Clean => self.add_clean(text.chars().count() as u64),
            Truth::Labelled { found, settled } => self.add_labelled(found, settled),
        }
    }

    fn add_clean(&mut self, chars: u64) {
        let short = u64::from(chars < SHORT_CHARS);
        self.clean_chars += chars;
        self.texts.clean += 1;
        self.texts.clean_short += short;
        let library = self.detector.library().entries();
        for &(at, plain, hits) in &self.seen {
            let entry = &mut self.entries[at as usize];
            entry.clean_hits += hits;
            entry.clean_texts += 1;
            entry.clean_disguised += u64::from(!plain);
        }
        let count = |counts: &mut TextCounts, hits: u64| {
            counts.clean += u64::from(hits > 0);
            counts.clean_short += short * u64::from(hits > 0);
            counts.clean_hits += hits;
        };
        let sum = |wanted: &dyn Fn(RiskId, Level) -> bool| -> u64 {
            let of = |&&(at, ..): &&(u32, bool, u64)| {
                library.get(at as usize).is_some_and(|entry| wanted(entry.risk, entry.level))
            };
            self.seen.iter().filter(of).map(|&(.., hits)| hits).sum()
        };
        let mut risks: Vec<RiskId> = self.seen.iter().map(|&(at, ..)| library[at as usize].risk).collect();
        risks.sort_unstable();
        risks.dedup();
        let by_risk: Vec<(RiskId, u64, u64)> = risks
            .into_iter()
            .map(|risk| (risk, sum(&|it, level| it == risk && level == Level::Enforce), sum(&|it, _| it == risk)))
            .collect();
        let (enforcing, any) = (sum(&|_, level| level == Level::Enforce), sum(&|_, _| true));
        for (risk, enforced, all) in by_risk {
            count(&mut self.enforcing[risk.index()], enforced);
            count(&mut self.any[risk.index()], all);
        }
        count(&mut self.enforcing_total, enforcing);
        count(&mut self.any_total, any);
    }

    fn add_labelled(&mut self, found: &[RiskId], settled: &[RiskId]) {
        let library = self.detector.library().entries();
        self.texts.right += 1;
        found.iter().for_each(|risk| self.positives[risk.index()] += 1);
        let truth = |risk: RiskId| (found.contains(&risk), settled.contains(&risk) && !found.contains(&risk));
        let (mut enforced, mut all): (Vec<RiskId>, Vec<RiskId>) = (Vec::new(), Vec::new());
        for &(at, ..) in &self.seen {
            let (entry, hits) = (&library[at as usize], &mut self.entries[at as usize]);
            let (right, wrong) = truth(entry.risk);
            hits.right += u64::from(right);
            hits.wrong += u64::from(wrong);
            all.push(entry.risk);
            enforced.extend((entry.level == Level::Enforce).then_some(entry.risk));
        }
        for (risks, counts, total) in [
            (&mut enforced, &mut self.enforcing, &mut self.enforcing_total),
            (&mut all, &mut self.any, &mut self.any_total),
        ] {
            risks.sort_unstable();
            risks.dedup();
            for risk in risks.iter() {
                let (right, wrong) = truth(*risk);
                counts[risk.index()].right += u64::from(right);
                counts[risk.index()].wrong += u64::from(wrong);
            }
            total.right += u64::from(risks.iter().any(|&risk| truth(risk).0));
            total.wrong += u64::from(risks.iter().any(|&risk| truth(risk).1));
        }
    }

    /// Hits by entry, in the library's order.
    #[must_use]
    pub fn entries(&self) -> &[EntryHits] {
        &self.entries
    }

    /// Texts hit by a risk's entries: by those that enforce, and by all.
    #[must_use]
    pub fn risk(&self, risk: RiskId) -> (TextCounts, TextCounts) {
        (self.enforcing[risk.index()], self.any[risk.index()])
    }

    /// Texts hit by entries of any risk: by those that enforce, and by all.
    #[must_use]
    pub fn total(&self) -> (TextCounts, TextCounts) {
        (self.enforcing_total, self.any_total)
    }

    /// Texts that were counted: clean ones, short ones among them, and as `right` labelled ones.
    #[must_use]
    pub fn texts(&self) -> TextCounts {
        self.texts
    }

    /// Labelled texts that carry a risk.
    #[must_use]
    pub fn positives(&self, risk: RiskId) -> u64 {
        self.positives[risk.index()]
    }

    /// Characters of clean text.
    #[must_use]
    pub fn clean_chars(&self) -> u64 {
        self.clean_chars
    }
}
