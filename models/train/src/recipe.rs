//! The recipe of a linear model: every number that training takes.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// A recipe file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    pub name: String,
    pub version: String,
    pub licence: String,
    pub summary: String,
    pub windows: Windows,
    pub length_buckets: Vec<u32>,
    pub solver: Solver,
    pub thresholds: Thresholds,
    pub families: BTreeMap<String, Vec<String>>,
}

/// Characters of a window.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    pub zh: u32,
    pub en: u32,
    pub other: u32,
}

/// What the solver minimises.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Solver {
    pub cost: f32,
    pub benign_cost: f32,
    pub weak_cost: f32,
    pub source_balance: f32,
    pub most_positive_cost: f32,
    pub ratio: f32,
    pub embedded_cost: f32,
    pub tolerance: f32,
    pub rounds: u32,
}

/// Where thresholds are put, and which heads may enforce.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    pub flagged: f64,
    pub flagged_worst: f64,
    pub gold_positives: u32,
    pub precision: f64,
}

impl Recipe {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    /// The family of a data set: sources of one origin.
    pub fn family<'a>(&'a self, dataset: &'a str) -> &'a str {
        let found = self.families.iter().find(|(_, members)| members.iter().any(|it| it == dataset));
        found.map_or(dataset, |(name, _)| name)
    }
}
