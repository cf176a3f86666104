//! From a row of the tags file to what a verdict is made of.

use tamis_rules::{ModelScore, Policy, RecordTags};

use super::TagRow;

/// The tags of a record as the rules take them.
#[derive(Debug)]
pub struct Tagged<'t> {
    row: &'t TagRow,
    scores: Vec<ModelScore>,
}

impl<'t> Tagged<'t> {
    /// Prepares a row; which models may decide which risks, the policy says.
    pub fn new(row: &'t TagRow, policy: &Policy) -> Self {
        let scores = row.scores.iter().map(|tag| ModelScore {
            risk: tag.risk,
            score_milli: tag.score_milli,
            enforce: policy.model_enforces(&tag.model, tag.risk),
        });
        Self { row, scores: scores.collect() }
    }

    /// What [`judge_record`](tamis_rules::judge_record) is given.
    pub fn tags(&self) -> RecordTags<'_> {
        RecordTags {
            quarantine: self.row.quarantine,
            chars: self.row.chars,
            keywords: &self.row.keywords,
            scores: &self.scores,
            pii: self.row.pii,
        }
    }
}
