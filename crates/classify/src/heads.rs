//! A row's highest scores, and what becomes of them in the evidence.

use std::ops::Range;
use std::sync::Arc;

use tamis_detect::{Code, Evidence, Finding, RowScore};
use tamis_rules::{Level, ModelScore, RiskId, Taxonomy};

use crate::{ClassifyError, ModelManifest};

/// Name of the detector that findings carry; which model and head, their `entry` says.
pub const MODEL_DETECTOR: &str = "model";
/// Scores from here on are kept in the tags (thousandths).
pub const TAGGED_FROM: u16 = 10;
/// Scores from here on leave the span of their window as a finding (thousandths).
pub const FOUND_FROM: u16 = 250;

/// The heads of a model, as evidence names them.
#[derive(Debug)]
pub(crate) struct Heads {
    model: Arc<str>,
    list: Vec<Head>,
}

#[derive(Debug)]
struct Head {
    /// Entry in findings.
    entry: Arc<str>,
    risks: Vec<RiskId>,
    enforce: bool,
}

impl Heads {
    pub fn new(manifest: &ModelManifest, taxonomy: &Taxonomy) -> Result<Self, ClassifyError> {
        let heads = manifest.heads.iter().zip(manifest.risks(taxonomy)?);
        let list = heads.map(|(head, risks)| Head {
            entry: format!("{}/{}", manifest.name, head.label).into(),
            risks,
            enforce: head.level == Level::Enforce,
        });
        Ok(Self { model: manifest.name.as_str().into(), list: list.collect() })
    }

    /// Adds a row's scores and findings to the evidence, head by head.
    pub fn report(&self, row: u32, best: &[Best], out: &mut Evidence) {
        for (best, head) in best.iter().zip(&self.list) {
            if best.milli < TAGGED_FROM {
                continue;
            }
            for &risk in &head.risks {
                let score = ModelScore { risk, score_milli: best.milli, enforce: head.enforce };
                out.scores.push(RowScore { row, model: Arc::clone(&self.model), score });
                out.findings.extend(best.finding(row, risk, &head.entry));
            }
        }
    }
}

/// A head's highest field in a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Best {
    milli: u16,
    field: u16,
    span: Range<usize>,
}

impl Best {
    /// Takes a field's score where it is higher; `span` is asked for only where it becomes a finding.
    pub fn raise(&mut self, milli: u16, field: u16, span: impl FnOnce() -> Range<usize>) {
        if milli > self.milli {
            let span = if milli >= FOUND_FROM { span() } else { 0..0 };
            *self = Self { milli, field, span };
        }
    }

    fn finding(&self, row: u32, risk: RiskId, entry: &Arc<str>) -> Option<Finding> {
        if self.milli < FOUND_FROM || self.span.is_empty() {
            return None;
        }
        Some(Finding {
            row,
            field: self.field,
            code: Code::Risk(risk),
            score: f32::from(self.milli) / 1000.0,
            start: self.span.start.try_into().ok()?,
            end: self.span.end.try_into().ok()?,
            entry: Arc::clone(entry),
            detector: MODEL_DETECTOR,
        })
    }
}
