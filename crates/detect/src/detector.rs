//! What a detector is, and what it says.

use std::sync::Arc;

use tamis_rules::{KeywordCount, ModelScore, PiiKind, RiskId};

use crate::Batch;

/// Finds something in texts. It knows no thresholds, no sources and no files.
pub trait Detector: Send + Sync {
    /// Short name, as in findings: `keywords`.
    fn name(&self) -> &str;

    /// Hex BLAKE3 of everything that can change an answer: the assets and the algorithm's version. Equal digests
    /// promise equal answers.
    fn digest(&self) -> String;

    /// A scanner for one thread, with memory of its own.
    fn scanner(&self) -> Box<dyn Scanner + '_>;
}

impl<D: Detector + ?Sized> Detector for Arc<D> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn digest(&self) -> String {
        (**self).digest()
    }

    fn scanner(&self) -> Box<dyn Scanner + '_> {
        (**self).scanner()
    }
}

/// A detector at work in one thread. It keeps its memory between batches.
pub trait Scanner {
    /// Examines every text of the batch and adds what it says to `out`, in order of rows.
    fn scan(&mut self, batch: &Batch<'_>, out: &mut Evidence);
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A risk of the taxonomy.
    Risk(RiskId),
    /// Personal information of a kind.
    Pii(PiiKind),
}

/// A place in a text where something was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Row in the batch.
    pub row: u32,
    /// Position of the field in the batch.
    pub field: u16,
    /// What was found.
    pub code: Code,
    /// How sure the detector is, 0 to 1; 1 for keywords.
    pub score: f32,
    /// First byte in the original text, on a character's boundary.
    pub start: u32,
    /// Byte behind the last, on a character's boundary; greater than `start`.
    pub end: u32,
    /// What found it: a keyword's id or a model's head.
    pub entry: Arc<str>,
    /// Name of the detector.
    pub detector: &'static str,
}

/// What one head of a model says of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowScore {
    /// Row in the batch.
    pub row: u32,
    /// Name of the model.
    pub model: Arc<str>,
    /// What it says.
    pub score: ModelScore,
}

/// What detectors say of a batch. A row's keyword counts have at most one per risk and level.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Places, by row, field, start, end and entry.
    pub findings: Vec<Finding>,
    /// Keyword counts with their rows, by row.
    pub keywords: Vec<(u32, KeywordCount)>,
    /// Kinds of personal information with their rows, by row.
    pub pii: Vec<(u32, PiiKind)>,
    /// Models' scores, by row.
    pub scores: Vec<RowScore>,
    /// Rows that a model could not examine, in order; they are quarantined.
    pub failed: Vec<u32>,
}

impl Evidence {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.findings.clear();
        self.keywords.clear();
        self.pii.clear();
        self.scores.clear();
        self.failed.clear();
    }

    /// Puts the lists in order again after several scanners added to them. One scanner's evidence is in order.
    pub fn sort(&mut self) {
        sort_findings(&mut self.findings);
        self.keywords.sort_by_key(|&(row, _)| row);
        self.pii.sort_by_key(|&(row, _)| row);
        self.scores.sort_by_key(|score| score.row);
        self.failed.sort_unstable();
        self.failed.dedup();
    }
}

/// Sorts findings by row, field, start, end, entry and detector.
pub(crate) fn sort_findings(findings: &mut [Finding]) {
    findings.sort_unstable_by(|a, b| {
        let key = |it: &Finding| (it.row, it.field, it.start, it.end);
        key(a).cmp(&key(b)).then_with(|| a.entry.cmp(&b.entry)).then_with(|| a.detector.cmp(b.detector))
    });
}
