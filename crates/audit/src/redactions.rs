//! Findings of personal information against tags and verdicts: the kinds that a row is tagged with, and how much of a
//! kept record was replaced.

use tamis_rules::{Outcome, PiiSet};
use tamis_shard::table::{RowSpans, TagRow, VerdictRow};
use tamis_shard::{Artefact, Redactions, ShardManifest, Span};

use crate::contained::Rows;
use crate::problem::{Check, Problem, Problems, listed};
use crate::run::Run;

/// The findings of one shard, while its rows go by.
pub(crate) struct FindingsCheck {
    rows: Rows<RowSpans>,
    ahead: Option<RowSpans>,
    redacts: PiiSet,
    /// What is replaced in the records that the verdicts keep.
    redactions: Redactions,
}

impl FindingsCheck {
    /// None where the file is missing, which is told elsewhere.
    pub fn of_shard(run: &Run<'_>, path: &str, problems: &mut Problems) -> Option<Self> {
        run.has(Artefact::Findings, path).then(|| {
            let mut rows = run.spans(path, problems);
            let ahead = rows.next(problems);
            Self { rows, ahead, redacts: run.policy.redacts(), redactions: Redactions::default() }
        })
    }

    /// The next row of the tags; its spans that the policy redacts. None where the findings could not be read that far.
    pub fn row(&mut self, tag: &TagRow, problems: &mut Problems) -> Option<Vec<Span>> {
        self.pass_over(|row| row < tag.row, problems);
        let its = self.ahead.as_ref().is_some_and(|ahead| ahead.row == tag.row);
        let found = if its { std::mem::replace(&mut self.ahead, self.rows.next(problems)) } else { None };
        if !self.rows.is_whole() {
            return None;
        }
        let mut spans = found.map(|found| found.spans).unwrap_or_default();
        let kinds: PiiSet = spans.iter().map(|span| span.kind).collect();
        if kinds != tag.pii {
            let what = format!("row {}, kinds of personal information, as its tags have them", tag.row);
            let (expected, got) = (listed(tag.pii.names()), listed(kinds.names()));
            problems.push(Problem::new(self.rows.file(), Check::Findings, what, expected, got));
        }
        spans.retain(|span| self.redacts.contains(span.kind));
        Some(spans)
    }

    /// Counts what is replaced in a row, where its verdict keeps it.
    pub fn count(&mut self, verdict: &VerdictRow, spans: &[Span]) {
        if verdict.outcome == Outcome::Kept.name() {
            self.redactions.add_record(spans);
        }
    }

    /// After the last row: the count of a shard whose findings could be read whole, held against its manifest.
    pub fn finish(mut self, file: &str, manifest: &ShardManifest, problems: &mut Problems) -> Option<Redactions> {
        self.pass_over(|_| true, problems);
        if !self.rows.is_whole() {
            return None;
        }
        let (expected, got) = (&self.redactions, &manifest.redactions);
        let mut wrong = |name: &str, expected: u64, got: u64| {
            if expected != got {
                let what = format!("redactions.{name}, as the findings and the policy make them");
                problems.push(Problem::new(file, Check::Conservation, what, expected, got));
            }
        };
        wrong("spans", expected.spans, got.spans);
        wrong("records", expected.records, got.records);
        for (kind, count) in &expected.kinds {
            wrong(&format!("kinds.{kind}"), *count, got.kinds.get(kind).copied().unwrap_or_default());
        }
        for (kind, count) in got.kinds.iter().filter(|(kind, _)| !expected.kinds.contains_key(*kind)) {
            wrong(&format!("kinds.{kind}"), 0, *count);
        }
        Some(self.redactions)
    }

    /// Findings of rows that the tags have not, or not in their place.
    fn pass_over(&mut self, is_stray: impl Fn(u64) -> bool, problems: &mut Problems) {
        while let Some(stray) = self.ahead.take_if(|ahead| is_stray(ahead.row)) {
            let what = format!("findings of row {}", stray.row);
            problems.push(Problem::new(self.rows.file(), Check::Findings, what, "a row that the tags have", "none"));
            self.ahead = self.rows.next(problems);
        }
    }
}
