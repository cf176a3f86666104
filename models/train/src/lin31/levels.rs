//! Thresholds, slopes, and which heads may enforce.

use tamis_classify::{FlagTarget, Language};
use tamis_rules::Level;

use crate::labelled::{Corpus, Quality, Split};
use crate::linear::Heads;
use crate::training::Head;
use crate::unseen::{Asked, Table, Unseen, bucket, merged, thresholds};

/// What was settled.
pub struct Levels {
    pub enforcing: Vec<bool>,
    pub table: Table,
    pub slopes: Vec<f32>,
    counts: Vec<[u32; 4]>,
    why: Vec<String>,
    precision: Vec<Option<f64>>,
    recall: Vec<Option<f64>>,
    codes: Vec<String>,
}

impl Levels {
    /// Heads with enough positives enforce, unless they prove wrong too often on labelled texts that they did not see; the
    /// thresholds are then those at which the enforcing heads together keep the target.
    pub fn settle(asked: &Asked<'_>, unseen: &Unseen) -> Self {
        let corpus = asked.corpus;
        let heads = corpus.codes.len();
        let counts: Vec<[u32; 4]> = (0..heads).map(|head| counts(corpus, head)).collect();
        let target = target(asked);
        let wanted = asked.recipe.thresholds;
        let clean = merged(&unseen.clean, None);
        let mut enforcing: Vec<bool> = counts.iter().map(|of| of[0] + of[1] >= wanted.gold_positives).collect();
        let mut why: Vec<String> = counts
            .iter()
            .map(|of| match of[0] + of[1] {
                real if real >= wanted.gold_positives => format!("{real} labelled positives"),
                real => format!("{real} labelled positives, {} needed", wanted.gold_positives),
            })
            .collect();
        let mut table = thresholds(&clean, asked.recipe, &enforcing, target);
        for head in 0..heads {
            let (precision, _) = quality(asked, unseen, &table, head);
            if enforcing[head] && precision.is_none_or(|it| it < wanted.precision) {
                enforcing[head] = false;
                let got = precision.map_or_else(|| "no hit".to_owned(), |it| format!("precision {it:.2}"));
                why[head] = format!("{got} on labelled texts it had not seen, {} needed", wanted.precision);
            }
        }
        table = thresholds(&clean, asked.recipe, &enforcing, target);
        let of = |head: usize| quality(asked, unseen, &table, head);
        Self {
            precision: (0..heads).map(|head| of(head).0).collect(),
            recall: (0..heads).map(|head| of(head).1).collect(),
            slopes: (0..heads).map(|head| slope(asked, unseen, &table, head)).collect(),
            enforcing,
            table,
            counts,
            why,
            codes: corpus.codes.clone(),
        }
    }

    pub fn level(&self, head: usize) -> Level {
        if self.enforcing[head] { Level::Enforce } else { Level::Advisory }
    }

    /// Positives with a label of quality gold or mapped.
    pub fn real(&self, head: usize) -> u32 {
        self.counts[head][0] + self.counts[head][1]
    }

    pub fn synthetic(&self, head: usize) -> u32 {
        self.counts[head][3]
    }

    pub fn report(&self, trained: &Heads) -> Vec<Head> {
        let heads = self.codes.iter().zip(&trained.solutions).enumerate();
        let report = heads.map(|(head, (code, solution))| {
            let [gold, mapped, weak, synthetic] = self.counts[head];
            Head {
                code: code.clone(),
                level: self.level(head).name(),
                why: self.why[head].clone(),
                gold,
                mapped,
                weak,
                synthetic,
                rounds: solution.rounds,
                violation: solution.violation,
                unseen_precision: self.precision[head],
                unseen_recall: self.recall[head],
            }
        });
        report.collect()
    }
}

/// What clean texts of unseen sources may be flagged.
pub fn target(asked: &Asked<'_>) -> FlagTarget {
    let wanted = asked.recipe.thresholds;
    FlagTarget { flagged: wanted.flagged, flagged_worst: wanted.flagged_worst }
}

/// Training positives by quality of the label.
fn counts(corpus: &Corpus, head: usize) -> [u32; 4] {
    let mut counts = [0; 4];
    let of_head = |text: &&crate::labelled::Labelled| {
        text.positive & (1 << head) != 0 && text.split == Split::Train && text.embedded.is_none()
    };
    for text in corpus.texts.iter().filter(of_head) {
        counts[match text.quality {
            Quality::Gold => 0,
            Quality::Mapped => 1,
            Quality::Weak => 2,
            Quality::Synthetic => 3,
        }] += 1;
    }
    counts
}

/// How far above its threshold a text lies, by the model that had not seen it.
pub fn margin(asked: &Asked<'_>, table: &Table, at: usize, head: usize, logit: f32) -> f32 {
    let language = match asked.corpus.texts[at].language {
        Language::Zh => Language::Zh,
        _ => Language::En,
    };
    let key = (language, bucket(asked.recipe, asked.normal[at].chars));
    logit - table.get(&key).map_or(0.0, |row| row[head])
}

/// Training texts whose label settles the head, with the margin by the model that had not seen them.
fn settled<'a>(
    asked: &'a Asked<'a>,
    unseen: &'a Unseen,
    table: &'a Table,
    head: usize,
) -> impl Iterator<Item = (usize, f32, bool)> + 'a {
    let bit = 1u64 << head;
    let texts = asked.corpus.texts.iter().enumerate();
    let known = texts.filter(move |(at, text)| text.known & bit != 0 && !unseen.logits[*at].is_empty());
    known.map(move |(at, text)| (at, margin(asked, table, at, head, unseen.logits[at][head]), text.positive & bit != 0))
}

/// Precision and recall on real labelled texts.
fn quality(asked: &Asked<'_>, unseen: &Unseen, table: &Table, head: usize) -> (Option<f64>, Option<f64>) {
    let (mut right, mut wrong, mut missed) = (0, 0, 0);
    let real = |at: usize| asked.corpus.texts[at].quality != Quality::Synthetic;
    for (_, margin, positive) in settled(asked, unseen, table, head).filter(|(at, ..)| real(*at)) {
        match (margin >= 0.0, positive) {
            (true, true) => right += 1,
            (true, false) => wrong += 1,
            (false, true) => missed += 1,
            (false, false) => {}
        }
    }
    (tamis_classify::metrics::ratio(right, right + wrong), tamis_classify::metrics::ratio(right, right + missed))
}

/// The steepness at which `1 / (1 + exp(-slope · margin))` fits the labels best (Platt 1999, the threshold fixed). Clean
/// texts of every risk count together as much as the positives, so that a head is not judged by how many there are.
fn slope(asked: &Asked<'_>, unseen: &Unseen, table: &Table, head: usize) -> f32 {
    let texts: Vec<(f32, bool, bool)> = settled(asked, unseen, table, head)
        .map(|(at, margin, positive)| (margin, positive, asked.corpus.texts[at].is_benign(asked.corpus.all)))
        .collect();
    let positives = texts.iter().filter(|it| it.1).count() as f64;
    let clean = texts.iter().filter(|it| it.2).count() as f64;
    let weight = if clean > 0.0 { (positives / clean).min(1.0) } else { 1.0 };
    let rise = |slope: f64| -> f64 {
        let terms = texts.iter().map(|&(margin, positive, clean)| {
            let margin = f64::from(margin);
            let share = 1.0 / (1.0 + (-slope * margin).exp());
            let weight = if clean { weight } else { 1.0 };
            weight * (f64::from(u8::from(positive)) - share) * margin
        });
        terms.sum()
    };
    let (mut low, mut high) = (0.5f64, 20.0f64);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if rise(middle) > 0.0 { low = middle } else { high = middle }
    }
    // Two digits are all that is known of it.
    ((low * 100.0).round() / 100.0) as f32
}
