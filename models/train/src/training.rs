//! `training.json`: what a model was made of, and what it made of sources that it had not seen.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::recipe::Recipe;
use crate::unseen::Flagged;

/// The whole file.
#[derive(Serialize)]
pub struct Training {
    pub format: &'static str,
    pub model: String,
    pub version: String,
    pub data: Data,
    pub recipe: Recipe,
    pub heads: Vec<Head>,
    pub unseen: UnseenSources,
    pub labelled_sets: Vec<LabelledSet>,
}

/// What it was trained on.
#[derive(Serialize)]
pub struct Data {
    /// blake3 over the lines read, in their order.
    pub blake3: String,
    pub texts: usize,
    pub train: usize,
    pub dev: usize,
    pub datasets: Vec<DatasetCounts>,
}

#[derive(Serialize)]
pub struct DatasetCounts {
    pub name: String,
    pub family: String,
    pub licences: Vec<String>,
    pub texts: usize,
    pub clean: usize,
    pub with_a_risk: usize,
}

/// One head, with what it rests on.
#[derive(Serialize)]
pub struct Head {
    pub code: String,
    pub level: &'static str,
    /// Why it has that level.
    pub why: String,
    /// Positives of the training part by quality of the label.
    pub gold: u32,
    pub mapped: u32,
    pub weak: u32,
    pub synthetic: u32,
    pub rounds: u32,
    pub violation: f32,
    /// On training texts of a part that the model had not seen, at its thresholds.
    pub unseen_precision: Option<f64>,
    pub unseen_recall: Option<f64>,
}

/// Sources left out, part by part.
#[derive(Serialize)]
pub struct UnseenSources {
    pub parts: usize,
    /// Clean texts of unseen sources flagged by thresholds set on other unseen sources: what a new source is to expect.
    pub transfer: Flagged,
    pub transfer_by_source: BTreeMap<String, Flagged>,
    pub transfer_by_length: BTreeMap<String, Flagged>,
    /// Recall on evaluation texts with a risk where 1 % of the clean texts of unseen sources is flagged.
    pub recall_at_1_percent: Recall,
    /// The same of the plain linear model, trained in the same run on the same parts.
    pub plain_recall_at_1_percent: Option<Recall>,
    /// Recall per risk at 1 % of the clean texts of unseen sources.
    pub recall_by_risk: BTreeMap<String, f64>,
    /// One text with a risk in clean text of unseen sources, at 1 % of clean documents of that length.
    pub long_documents: Vec<LongDocument>,
}

/// Shares of 1; evaluation texts without the synthetic ones.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recall {
    pub any: f64,
    pub zh: f64,
    pub en: f64,
    pub texts: usize,
}

#[derive(Serialize)]
pub struct LongDocument {
    pub bytes: usize,
    pub documents: usize,
    pub clean_documents: usize,
    pub recall: f64,
}

/// A labelled set with negatives of its own: macro-F1 of the two classes on its evaluation part.
#[derive(Serialize)]
pub struct LabelledSet {
    pub name: String,
    pub texts: usize,
    pub macro_f1: f64,
    pub plain_macro_f1: Option<f64>,
}
