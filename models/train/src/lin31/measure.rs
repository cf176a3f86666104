//! What is measured of a training, on sources that the models had not seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tamis_classify::metrics::{f1, ratio};
use tamis_classify::{Language, LinearModel};

use super::levels::{Levels, margin, target};
use crate::labelled::{Labelled, Quality, Split};
use crate::linear::{Heads, train as train_heads};
use crate::rows::Rows;
use crate::scores::{Normal, Scores};
use crate::training::{LabelledSet, LongDocument, Recall, Training, UnseenSources};
use crate::unseen::{Asked, Flagged, Unseen, bucket, merged, tails, thresholds, thresholds_at};
use crate::{baseline, lin31};

/// Share of clean texts at which recalls are compared.
const ONE_PERCENT: f64 = 0.01;
/// Sets with negatives of their own, and the risks that they are about.
const LABELLED_SETS: [(&str, &[&str]); 3] = [("COLD", &["A2a", "A2d", "A2e"]), ("SWSR", &["A2e"]), ("EDOS", &["A2e"])];

/// The plain model: of every part left out, and of everything.
pub struct Plain {
    rows: Rows,
    parts: Vec<Heads>,
    whole: Heads,
}

impl Plain {
    pub fn train(asked: &Asked<'_>) -> Self {
        let rows = lin31::rows(asked.normal, baseline::ngrams);
        let solver = baseline::solver(&asked.recipe.solver);
        let whole_texts = |at: usize| asked.corpus.texts[at].embedded.is_none();
        let sees = |fold: usize, at: usize| whole_texts(at) && asked.folds.sees(asked.corpus, fold, at);
        let parts = (0..asked.folds.parts).map(|fold| train_heads(asked.corpus, &rows, &solver, &|at| sees(fold, at)));
        let parts = parts.collect();
        let whole = train_heads(asked.corpus, &rows, &solver, &whole_texts);
        Self { rows, parts, whole }
    }

    /// The highest logit of any head, or of some.
    fn score(&self, heads: &Heads, at: usize, of: &[usize]) -> f32 {
        let (ids, values) = self.rows.row(at);
        let logit = |head: &usize| {
            let solution = &heads.solutions[*head];
            let dot = ids.iter().zip(values).map(|(&id, &value)| solution.weights[id as usize] * value);
            solution.bias + dot.sum::<f32>()
        };
        of.iter().map(logit).fold(f32::NEG_INFINITY, f32::max)
    }
}

/// Texts with a risk inside clean documents of unseen sources.
#[derive(Default)]
pub struct LongDocuments {
    /// By size in bytes: highest margins-to-be of clean documents and of documents with one bad text, as rows of logits.
    sizes: BTreeMap<usize, Logits>,
}

/// Logits of documents with their language and length in characters.
#[derive(Default)]
struct Logits {
    clean: Vec<(Language, usize, Vec<f32>)>,
    bad: Vec<(Language, usize, Vec<f32>)>,
}

/// Sizes of documents in bytes.
const SIZES: [usize; 3] = [200, 2_000, 20_000];

impl LongDocuments {
    /// Makes documents of clean texts of the part that was left out, and puts an evaluation text with a risk into the
    /// middle of some of them.
    pub fn ask(&mut self, asked: &Asked<'_>, model: &LinearModel, fold: usize) {
        let corpus = asked.corpus;
        let clean: Vec<usize> = (0..corpus.texts.len())
            .filter(|&at| {
                let text = &corpus.texts[at];
                asked.folds.of_text[at] == fold && text.is_benign(corpus.all) && text.quality != Quality::Synthetic
            })
            .collect();
        for language in [Language::Zh, Language::En] {
            let texts = || clean.iter().copied().filter(|&at| corpus.texts[at].language == language);
            let bad: Vec<usize> = (0..corpus.texts.len())
                .filter(|&at| is_real_positive(&corpus.texts[at]) && corpus.texts[at].language == language)
                .filter(|&at| asked.normal[at].text.len() <= 300)
                .collect();
            for size in SIZES {
                // Lines before and behind, so that a bad one can be put between them.
                let mut docs: Vec<[Normal; 2]> = Vec::new();
                let mut open: [Normal; 2] = Default::default();
                for at in texts() {
                    let behind = open[0].text.len() * 2 >= size;
                    open[usize::from(behind)].push_line(&asked.normal[at]);
                    if open[0].text.len() + open[1].text.len() >= size {
                        docs.push(std::mem::take(&mut open));
                    }
                }
                let join = |parts: &[&Normal]| {
                    let mut whole = Normal::default();
                    parts.iter().filter(|part| part.chars > 0).for_each(|part| whole.push_line(part));
                    whole
                };
                let with_bad = docs.iter().enumerate().filter_map(|(n, [before, behind])| {
                    let bad = bad.get((n * 7919 + fold) % bad.len().max(1))?;
                    Some(join(&[before, &asked.normal[*bad], behind]))
                });
                let with_bad: Vec<Normal> = with_bad.collect();
                let docs: Vec<Normal> = docs.iter().map(|[before, behind]| join(&[before, behind])).collect();
                let of = self.sizes.entry(size).or_default();
                ask_all(asked, model, language, &docs, &mut of.clean);
                ask_all(asked, model, language, &with_bad, &mut of.bad);
            }
        }
    }

    fn report(&self, asked: &Asked<'_>, levels: &Levels) -> Vec<LongDocument> {
        let lines = self.sizes.iter().map(|(&bytes, of)| {
            let score = |(language, chars, logits): &(Language, usize, Vec<f32>)| {
                let row = levels.table.get(&(*language, bucket(asked.recipe, *chars)));
                highest(logits, row.map(Vec::as_slice), levels)
            };
            let clean: Vec<f32> = of.clean.iter().map(score).collect();
            let bad: Vec<f32> = of.bad.iter().map(score).collect();
            let recall = tamis_classify::metrics::recall_at(&bad, &clean, ONE_PERCENT).unwrap_or(0.0);
            LongDocument { bytes, documents: bad.len(), clean_documents: clean.len(), recall }
        });
        lines.collect()
    }
}

fn ask_all(
    asked: &Asked<'_>,
    model: &LinearModel,
    language: Language,
    docs: &[Normal],
    out: &mut Vec<(Language, usize, Vec<f32>)>,
) {
    let texts: Vec<_> = docs.iter().map(|doc| (doc, language)).collect();
    let scores = Scores::of(model, &asked.recipe.windows, &texts);
    out.extend(docs.iter().enumerate().map(|(n, doc)| (language, doc.chars, scores.row(n).to_vec())));
}

/// The score of the head that lies highest above its threshold, of those that enforce.
fn highest(logits: &[f32], thresholds: Option<&[f32]>, levels: &Levels) -> f32 {
    let margin = |head: usize| levels.slopes[head] * (logits[head] - thresholds.map_or(0.0, |row| row[head]));
    (0..logits.len()).filter(|&head| levels.enforcing[head]).map(margin).fold(f32::NEG_INFINITY, f32::max)
}

/// An evaluation text with a risk, not written by us.
fn is_real_positive(text: &Labelled) -> bool {
    text.split == Split::Dev && text.positive != 0 && text.quality != Quality::Synthetic
}

/// A finished training.
pub struct Measured<'a> {
    pub asked: &'a Asked<'a>,
    pub unseen: &'a Unseen,
    pub levels: &'a Levels,
    pub plain: Option<&'a Plain>,
}

impl Measured<'_> {
    pub fn unseen_sources(&self, long: &LongDocuments) -> UnseenSources {
        let (mut all, mut by_source, mut by_length) = (Flagged::default(), BTreeMap::new(), BTreeMap::new());
        for fold in 0..self.asked.folds.parts {
            let others = merged(&self.unseen.clean, Some(fold));
            let table = thresholds(&others, self.asked.recipe, &self.levels.enforcing, target(self.asked));
            self.transfer(fold, &table, &mut all, &mut by_source, &mut by_length);
        }
        let (recall, by_risk) = self.recall();
        UnseenSources {
            parts: self.asked.folds.parts,
            transfer: all,
            transfer_by_source: by_source,
            transfer_by_length: by_length,
            recall_at_1_percent: recall,
            plain_recall_at_1_percent: self.plain.map(|plain| self.plain_recall(plain)),
            recall_by_risk: by_risk,
            long_documents: long.report(self.asked, self.levels),
        }
    }

    /// Flags the clean training texts of one part by thresholds that are not of it.
    fn transfer(
        &self,
        fold: usize,
        table: &crate::unseen::Table,
        all: &mut Flagged,
        by_source: &mut BTreeMap<String, Flagged>,
        by_length: &mut BTreeMap<String, Flagged>,
    ) {
        for at in self.clean_of(fold) {
            let logits = &self.unseen.logits[at];
            let over = |head: &usize| {
                self.levels.enforcing[*head] && margin(self.asked, table, at, *head, logits[*head]) >= 0.0
            };
            let flagged = (0..logits.len()).any(|head| over(&head));
            let text = &self.asked.corpus.texts[at];
            all.add(flagged);
            by_source.entry(self.asked.corpus.datasets[text.dataset].name.clone()).or_default().add(flagged);
            let end = self.asked.recipe.length_buckets.get(bucket(self.asked.recipe, self.asked.normal[at].chars));
            let length = end.map_or_else(|| "longer".to_owned(), |end| format!("up to {end:05}"));
            by_length.entry(format!("{} {length}", text.language.name())).or_default().add(flagged);
        }
    }

    /// Clean training texts of real sources of one part.
    fn clean_of(&self, fold: usize) -> impl Iterator<Item = usize> + '_ {
        let corpus = self.asked.corpus;
        (0..corpus.texts.len()).filter(move |&at| {
            let text = &corpus.texts[at];
            self.asked.folds.of_text[at] == fold
                && text.split == Split::Train
                && text.is_benign(corpus.all)
                && text.quality != Quality::Synthetic
        })
    }

    /// Recall where one percent of the clean texts of unseen sources is flagged: every head is given the same share of the
    /// clean texts of the *other* parts, and that share is the one at which this part's flags come to one percent.
    fn recall(&self) -> (Recall, BTreeMap<String, f64>) {
        let heads = self.asked.corpus.codes.len();
        let parts = self.asked.folds.parts;
        let cross: Vec<_> = (0..parts).map(|fold| tails(&merged(&self.unseen.clean, Some(fold)))).collect();
        let tables = |share: f64| -> Vec<_> {
            cross.iter().map(|tails| thresholds_at(tails, self.asked.recipe, heads, share)).collect()
        };
        let flagged = |tables: &[crate::unseen::Table]| {
            let mut all = Flagged::default();
            for (fold, table) in tables.iter().enumerate() {
                for at in self.clean_of(fold) {
                    let over = |head: usize| {
                        self.levels.enforcing[head]
                            && margin(self.asked, table, at, head, self.unseen.logits[at][head]) >= 0.0
                    };
                    all.add((0..heads).any(over));
                }
            }
            all.share()
        };
        let (mut low, mut high) = (-14f64, (0.05f64).ln());
        for _ in 0..14 {
            let middle = f64::midpoint(low, high);
            if flagged(&tables(middle.exp())) <= ONE_PERCENT { low = middle } else { high = middle }
        }
        let tables = tables(low.exp());
        let over = |fold: usize, n: usize| {
            let (at, logits) = (self.unseen.dev[n], &self.unseen.dev_logits[fold][n]);
            (0..heads).any(|head| {
                self.levels.enforcing[head] && margin(self.asked, &tables[fold], at, head, logits[head]) >= 0.0
            })
        };
        (self.recall_by(over), self.recall_by_risk())
    }

    /// Mean over the parts of the share of evaluation texts with a risk that are found.
    fn recall_by(&self, found: impl Fn(usize, usize) -> bool) -> Recall {
        let mut counts = [Flagged::default(), Flagged::default()];
        for (n, &at) in self.unseen.dev.iter().enumerate() {
            let text = &self.asked.corpus.texts[at];
            if !is_real_positive(text) {
                continue;
            }
            for fold in 0..self.asked.folds.parts {
                counts[usize::from(text.language != Language::Zh)].add(found(fold, n));
            }
        }
        let [zh, en] = counts;
        let all = Flagged { texts: zh.texts + en.texts, flagged: zh.flagged + en.flagged };
        Recall { any: all.share(), zh: zh.share(), en: en.share(), texts: all.texts / self.asked.folds.parts }
    }

    /// Per risk: recall where its own head flags one percent of the clean texts of unseen sources.
    fn recall_by_risk(&self) -> BTreeMap<String, f64> {
        let heads = self.asked.corpus.codes.len();
        let tables: Vec<_> = (0..self.asked.folds.parts)
            .map(|fold| tails(&merged(&self.unseen.clean, Some(fold))))
            .map(|tails| thresholds_at(&tails, self.asked.recipe, heads, ONE_PERCENT))
            .collect();
        let mut recalls = BTreeMap::new();
        for (head, code) in self.asked.corpus.codes.iter().enumerate() {
            let mut found = Flagged::default();
            for (n, &at) in self.unseen.dev.iter().enumerate() {
                let text = &self.asked.corpus.texts[at];
                if text.positive & (1 << head) != 0 && text.quality != Quality::Synthetic {
                    for (fold, table) in tables.iter().enumerate() {
                        found.add(margin(self.asked, table, at, head, self.unseen.dev_logits[fold][n][head]) >= 0.0);
                    }
                }
            }
            if found.texts > 0 {
                recalls.insert(code.clone(), found.share());
            }
        }
        recalls
    }

    fn plain_recall(&self, plain: &Plain) -> Recall {
        let every: Vec<usize> =
            (0..self.asked.corpus.codes.len()).filter(|&head| self.levels.enforcing[head]).collect();
        let clean: Vec<f32> = (0..self.asked.folds.parts)
            .flat_map(|fold| self.clean_of(fold).map(move |at| (fold, at)))
            .map(|(fold, at)| plain.score(&plain.parts[fold], at, &every))
            .collect();
        let threshold = tamis_classify::metrics::upper_quantile(&clean, ONE_PERCENT).unwrap_or(0.0);
        self.recall_by(|fold, n| plain.score(&plain.parts[fold], self.unseen.dev[n], &every) > threshold)
    }

    /// Macro-F1 on sets with negatives of their own; the threshold is the best on the set's training part, by a model that
    /// had not seen the text.
    pub fn labelled_sets(&self, model: &LinearModel) -> Vec<LabelledSet> {
        let corpus = self.asked.corpus;
        let sets = LABELLED_SETS.iter().filter_map(|(name, codes)| {
            let dataset = corpus.datasets.iter().position(|it| it.name == *name)?;
            let heads: Vec<usize> =
                codes.iter().filter_map(|code| corpus.codes.iter().position(|it| it == code)).collect();
            let of = |split: Split| -> Vec<usize> {
                let texts = corpus.texts.iter().enumerate();
                texts
                    .filter(|(_, it)| it.dataset == dataset && it.split == split && it.embedded.is_none())
                    .map(|(at, _)| at)
                    .collect()
            };
            let (train, dev) = (of(Split::Train), of(Split::Dev));
            let texts: Vec<_> = dev.iter().map(|&at| (&self.asked.normal[at], corpus.texts[at].language)).collect();
            let scores = Scores::of(model, &self.asked.recipe.windows, &texts);
            let max = |logits: &[f32]| heads.iter().map(|&head| logits[head]).fold(f32::NEG_INFINITY, f32::max);
            let label = |at: usize| corpus.texts[at].positive != 0;
            let seen = train.iter().map(|&at| (max(&self.unseen.logits[at]), label(at))).collect();
            let asked: Vec<_> = dev.iter().enumerate().map(|(n, &at)| (max(scores.row(n)), label(at))).collect();
            let plain_f1 = self.plain.map(|plain| {
                let fold = |at: usize| &plain.parts[self.asked.folds.of_text[at]];
                let seen = train.iter().map(|&at| (plain.score(fold(at), at, &heads), label(at))).collect();
                let asked: Vec<_> = dev.iter().map(|&at| (plain.score(&plain.whole, at, &heads), label(at))).collect();
                macro_f1(&asked, best_threshold(seen))
            });
            Some(LabelledSet {
                name: (*name).to_owned(),
                texts: dev.len(),
                macro_f1: macro_f1(&asked, best_threshold(seen)),
                plain_macro_f1: plain_f1,
            })
        });
        sets.collect()
    }

    /// What a person reads when the training is done.
    pub fn summary(&self, training: &Training) -> String {
        let mut out = String::new();
        let unseen = &training.unseen;
        let line = |recall: &Recall| format!("{:.3} (zh {:.3}, en {:.3})", recall.any, recall.zh, recall.en);
        // Writing to a string cannot fail.
        let _ =
            writeln!(out, "unseen clean texts flagged: {:.4} of {}", unseen.transfer.share(), unseen.transfer.texts);
        let mut worst: Vec<_> = unseen.transfer_by_source.iter().collect();
        worst.sort_by(|a, b| b.1.share().total_cmp(&a.1.share()));
        for (name, flagged) in worst.iter().take(8) {
            let _ = writeln!(out, "  {:.4} of {:5} {name}", flagged.share(), flagged.texts);
        }
        for (name, flagged) in &unseen.transfer_by_length {
            let _ = writeln!(out, "  {:.4} of {:5} {name}", flagged.share(), flagged.texts);
        }
        let _ = writeln!(out, "any risk at 1 %: {}", line(&unseen.recall_at_1_percent));
        if let Some(plain) = &unseen.plain_recall_at_1_percent {
            let _ = writeln!(out, "plain model:     {}", line(plain));
        }
        for set in &training.labelled_sets {
            let _ = writeln!(out, "{}: macro-F1 {:.3}, plain {:?}", set.name, set.macro_f1, set.plain_macro_f1);
        }
        for long in &unseen.long_documents {
            let _ = writeln!(out, "one in {} B: recall {:.3} of {}", long.bytes, long.recall, long.documents);
        }
        for head in &training.heads {
            let _ = writeln!(
                out,
                "{} {:8} {:?} precision {:.2?} recall {:.2?}: {}",
                head.code,
                head.level,
                [head.gold, head.mapped, head.weak, head.synthetic],
                head.unseen_precision,
                head.unseen_recall,
                head.why
            );
        }
        out
    }
}

fn macro_f1(scored: &[(f32, bool)], threshold: f32) -> f64 {
    let count =
        |over: bool, positive: bool| scored.iter().filter(|it| (it.0 > threshold) == over && it.1 == positive).count();
    let (right, wrong, missed, rest) = (count(true, true), count(true, false), count(false, true), count(false, false));
    f64::midpoint(f1(right, wrong, missed), f1(rest, missed, wrong))
}

/// The score at which macro-F1 is highest.
fn best_threshold(mut scored: Vec<(f32, bool)>) -> f32 {
    scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let positives = scored.iter().filter(|it| it.1).count();
    let (mut below_positive, mut below_negative) = (0, 0);
    let mut best = (0.0, f32::NEG_INFINITY);
    for (score, positive) in &scored {
        if *positive {
            below_positive += 1
        } else {
            below_negative += 1
        }
        let negatives = scored.len() - positives;
        let (right, wrong) = (positives - below_positive, negatives - below_negative);
        let value = f64::midpoint(f1(right, wrong, below_positive), f1(below_negative, below_positive, wrong));
        if value > best.0 {
            best = (value, *score);
        }
    }
    let _ = ratio;
    best.1
}
