//! What the model makes of sources that it was not trained on: leave some sources out, train, look at them.

use std::collections::BTreeMap;

use serde::Serialize;
use tamis_classify::{CleanLogits, CleanTails, FlagTarget, Language, LinearModel, length_bucket};

use crate::labelled::{Corpus, Quality, Split};
use crate::recipe::Recipe;
use crate::scores::{Normal, Scores};

/// Joined documents that a source gives at most, per language and length.
const JOINED: usize = 300;

/// Which part each text is left out with: clean texts by the family of their source, all others one by one.
pub struct Folds {
    /// Parts: families of clean sources.
    pub parts: usize,
    pub of_text: Vec<usize>,
    /// Family of every data set.
    pub families: Vec<u32>,
    pub names: Vec<String>,
}

impl Folds {
    pub fn deal(corpus: &Corpus, recipe: &Recipe) -> Self {
        let mut names: Vec<String> = corpus.datasets.iter().map(|it| recipe.family(&it.name).to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        let place = |dataset: &str| names.iter().position(|it| it == recipe.family(dataset)).unwrap_or(0) as u32;
        let families: Vec<u32> = corpus.datasets.iter().map(|it| place(&it.name)).collect();
        let mut clean: Vec<u32> =
            corpus.texts.iter().filter(|it| is_source(corpus, it)).map(|it| families[it.dataset]).collect();
        clean.sort_unstable();
        clean.dedup();
        let of_text = corpus.texts.iter().map(|text| {
            let family = families[text.dataset];
            match clean.binary_search(&family) {
                // A text without a risk goes with its family, also where its label does not settle all.
                Ok(at) if text.positive == 0 => at,
                _ => {
                    u16::from_le_bytes(*blake3::hash(text.text.as_bytes()).as_bytes().first_chunk().unwrap_or(&[0; 2]))
                        as usize
                        % clean.len().max(1)
                }
            }
        });
        Self { parts: clean.len(), of_text: of_text.collect(), families, names }
    }

    /// Whether a text may be trained on when a part is left out: no piece of it is of that part.
    pub fn sees(&self, corpus: &Corpus, fold: usize, at: usize) -> bool {
        match corpus.texts[at].embedded {
            None => self.of_text[at] != fold,
            Some(pieces) => pieces.iter().all(|&piece| self.of_text[piece] != fold),
        }
    }
}

/// Whether a text is a clean one of a real source; near misses were written for this and are no source.
fn is_source(corpus: &Corpus, text: &crate::labelled::Labelled) -> bool {
    text.is_benign(corpus.all) && text.quality != Quality::Synthetic
}

/// Clean logits by language and length bucket.
pub type Clean = BTreeMap<(Language, usize), CleanLogits>;

/// What the models of all parts say of what they did not see.
pub struct Unseen {
    /// Clean texts and joined documents by part.
    pub clean: Vec<Clean>,
    /// Training texts by the model that did not see them: pooled logits.
    pub logits: Vec<Vec<f32>>,
    /// Evaluation texts: by part, the logits of each in order of `dev`.
    pub dev_logits: Vec<Vec<Vec<f32>>>,
    /// The evaluation texts.
    pub dev: Vec<usize>,
}

/// The bucket of a length.
pub fn bucket(recipe: &Recipe, chars: usize) -> usize {
    length_bucket(&recipe.length_buckets, chars)
}

/// Asks the model of one part about what it did not see.
pub struct Asked<'a> {
    pub corpus: &'a Corpus,
    pub recipe: &'a Recipe,
    pub normal: &'a [Normal],
    pub folds: &'a Folds,
}

impl Asked<'_> {
    pub fn unseen(&self) -> Unseen {
        let dev = (0..self.corpus.texts.len()).filter(|&at| self.corpus.texts[at].split == Split::Dev);
        Unseen {
            clean: Vec::new(),
            logits: vec![Vec::new(); self.corpus.texts.len()],
            dev_logits: Vec::new(),
            dev: dev.collect(),
        }
    }

    pub fn ask(&self, model: &LinearModel, fold: usize, unseen: &mut Unseen) {
        let pair = |at: usize| (&self.normal[at], self.corpus.texts[at].language);
        let left_out: Vec<usize> = (0..self.corpus.texts.len())
            .filter(|&at| self.folds.of_text[at] == fold && self.corpus.texts[at].split == Split::Train)
            .filter(|&at| self.corpus.texts[at].embedded.is_none())
            .collect();
        let texts: Vec<_> = left_out.iter().map(|&at| pair(at)).collect();
        let scores = Scores::of(model, &self.recipe.windows, &texts);
        let mut clean = Clean::new();
        for (n, &at) in left_out.iter().enumerate() {
            unseen.logits[at] = scores.row(n).to_vec();
            let text = &self.corpus.texts[at];
            if is_source(self.corpus, text) {
                let key = (text.language, bucket(self.recipe, self.normal[at].chars));
                self.push(&mut clean, key, scores.row(n), text.dataset);
            }
        }
        self.ask_joined(model, &left_out, &mut clean);
        unseen.clean.push(clean);
        let dev: Vec<_> = unseen.dev.iter().map(|&at| pair(at)).collect();
        let scores = Scores::of(model, &self.recipe.windows, &dev);
        unseen.dev_logits.push((0..dev.len()).map(|n| scores.row(n).to_vec()).collect());
    }

    fn push(&self, clean: &mut Clean, key: (Language, usize), logits: &[f32], dataset: usize) {
        let family = self.folds.families[dataset];
        clean.entry(key).or_insert_with(|| CleanLogits::new(logits.len())).push(logits, family);
    }

    /// Most clean texts are short; longer ones are made of neighbours in one source.
    fn ask_joined(&self, model: &LinearModel, left_out: &[usize], clean: &mut Clean) {
        let ends: Vec<usize> = self.recipe.length_buckets.iter().map(|&end| end as usize).collect();
        let targets = ends.iter().skip(1).map(|&end| end * 2);
        for target in targets {
            let mut docs: Vec<(Normal, Language, usize)> = Vec::new();
            let mut counts: BTreeMap<(usize, Language), usize> = BTreeMap::new();
            let mut open: BTreeMap<(usize, Language), Normal> = BTreeMap::new();
            for &at in left_out {
                let text = &self.corpus.texts[at];
                if !is_source(self.corpus, text) {
                    continue;
                }
                let key = (text.dataset, text.language);
                let doc = open.entry(key).or_default();
                doc.push_line(&self.normal[at]);
                let count = counts.entry(key).or_default();
                if doc.chars >= target && *count < JOINED {
                    *count += 1;
                    docs.push((std::mem::take(doc), text.language, text.dataset));
                }
            }
            let texts: Vec<_> = docs.iter().map(|(doc, language, _)| (doc, *language)).collect();
            let scores = Scores::of(model, &self.recipe.windows, &texts);
            for (n, (doc, language, dataset)) in docs.iter().enumerate() {
                let key = (*language, bucket(self.recipe, doc.chars));
                self.push(clean, key, scores.row(n), *dataset);
            }
        }
    }
}

/// Thresholds by language, bucket and head.
pub type Table = BTreeMap<(Language, usize), Vec<f32>>;

/// Clean logits of all parts but one, or of all.
pub fn merged(parts: &[Clean], but: Option<usize>) -> Clean {
    let mut all = Clean::new();
    for (_, part) in parts.iter().enumerate().filter(|(at, _)| Some(*at) != but) {
        for (key, logits) in part {
            for at in 0..logits.len() {
                let (row, source) = logits.row(at);
                all.entry(*key).or_insert_with(|| CleanLogits::new(row.len())).push(row, source);
            }
        }
    }
    all
}

/// Thresholds of every language and length, from clean texts. Longer texts never get lower ones; where there are too few
/// texts of a length, those of the length below it are raised by the tail that more windows ask for.
pub fn thresholds(clean: &Clean, recipe: &Recipe, enforcing: &[bool], target: FlagTarget) -> Table {
    table(recipe, enforcing.len(), |key| clean.get(key).filter(|logits| logits.len() >= FEW)?.fit(enforcing, target))
}

/// Tails of clean texts, by language and length.
pub type Tails = BTreeMap<(Language, usize), CleanTails>;

/// The tails of every language and length with enough texts.
pub fn tails(clean: &Clean) -> Tails {
    let enough = clean.iter().filter(|(_, logits)| logits.len() >= FEW);
    enough.filter_map(|(key, logits)| Some((*key, logits.tails()?))).collect()
}

/// The thresholds at which every head flags this share of the texts of every language and length.
pub fn thresholds_at(tails: &Tails, recipe: &Recipe, heads: usize, share: f64) -> Table {
    table(recipe, heads, |key| Some(tails.get(key)?.thresholds(share)))
}

/// Texts of a language and length that thresholds of their own need.
const FEW: usize = 200;
/// Logits that a length without texts of its own is raised by.
const STEP: f32 = 0.25;

fn table(recipe: &Recipe, heads: usize, fit: impl Fn(&(Language, usize)) -> Option<Vec<f32>>) -> Table {
    let mut table = Table::new();
    for language in [Language::Zh, Language::En] {
        let mut before: Option<Vec<f32>> = None;
        for bucket in 0..=recipe.length_buckets.len() {
            let mut row = match (fit(&(language, bucket)), &before) {
                (Some(own), _) => own,
                (None, Some(before)) => before.iter().map(|it| it + STEP).collect(),
                (None, None) => vec![SILENT; heads],
            };
            if let Some(before) = &before {
                row.iter_mut().zip(before).for_each(|(own, before)| *own = own.max(*before));
            }
            table.insert((language, bucket), row.clone());
            before = Some(row);
        }
    }
    table
}

/// A threshold that no text reaches.
pub const SILENT: f32 = 1e6;

/// Of texts that a model did not see: how many it flags.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flagged {
    pub texts: usize,
    pub flagged: usize,
}

impl Flagged {
    pub fn add(&mut self, flagged: bool) {
        self.texts += 1;
        self.flagged += usize::from(flagged);
    }

    pub fn share(&self) -> f64 {
        self.flagged as f64 / self.texts.max(1) as f64
    }
}
