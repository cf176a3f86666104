//! One text, looked at as a run would look at it: what was found where, and what would follow.

use std::sync::Arc;

use tamis_detect::{Batch, Detector, Evidence, RowScore};
use tamis_rules::{ModelScore, Policy, Quarantine, RecordTags, Verdict, judge_record};

use crate::config::PipelineSpec;
use crate::detectors::{DecisionParts, decision_parts};
use crate::{PipelineError, assets};

/// Findings of a text and the verdict on it.
pub struct Explanation {
    /// What the detectors said.
    pub evidence: Evidence,
    /// What the policy decides, the text's source being accepted.
    pub verdict: Verdict,
}

/// Detectors and policy of a pipeline, without its input and output.
pub struct Explainer {
    /// The policy.
    pub policy: Policy,
    detectors: Vec<Box<dyn Detector>>,
}

impl Explainer {
    /// Loads a pipeline's detectors and policy.
    ///
    /// # Errors
    /// As [`RunPlan::resolve`](crate::RunPlan::resolve), for what concerns detectors and policy.
    pub fn new(reference: &str, settings: &[String]) -> Result<Self, PipelineError> {
        let file = assets::pipeline(reference)?;
        let spec = PipelineSpec::parse(&file.text, &file.origin, &file.folder, settings)?;
        let DecisionParts { policy, detectors, .. } = decision_parts(&spec)?;
        Ok(Self { policy, detectors })
    }

    /// Looks at one text.
    pub fn explain(&self, text: &str) -> Explanation {
        let mut batch = Batch::new(1);
        batch.push_field("text", vec![Some(text)]);
        let mut evidence = Evidence::default();
        for detector in &self.detectors {
            detector.scanner().scan(&batch, &mut evidence);
        }
        evidence.sort();
        let keywords: Vec<_> = evidence.keywords.iter().map(|(_, count)| *count).collect();
        let scores: Vec<ModelScore> = evidence.scores.iter().map(|row| self.decided(row)).collect();
        let tags = RecordTags {
            quarantine: (!evidence.failed.is_empty()).then_some(Quarantine::ModelError),
            chars: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
            keywords: &keywords,
            scores: &scores,
            pii: evidence.pii.iter().map(|(_, kind)| *kind).collect(),
        };
        let verdict = judge_record(&tags, false, &self.policy);
        Explanation { evidence, verdict }
    }

    /// A score as a run would take it: which model may decide which risk, the policy says.
    fn decided(&self, row: &RowScore) -> ModelScore {
        ModelScore { enforce: self.policy.model_enforces(&row.model, row.score.risk), ..row.score }
    }

    /// The taxonomy of the policy.
    pub fn taxonomy(&self) -> &Arc<tamis_rules::Taxonomy> {
        self.policy.taxonomy()
    }
}
