//! Written records against the verdicts: those of the one outcome, all of them, in order.

use std::collections::VecDeque;

use tamis_rules::Outcome;
use tamis_shard::table::VerdictRow;
use tamis_shard::{Annotation, Artefact, WrittenRecord};

use crate::contained::Rows;
use crate::ledger::{Rejected, source_name};
use crate::problem::{Check, Problem, Problems, listed};
use crate::run::Run;

/// Written records that are looked at to find out whether one is missing or others were put before it.
const LOOK_AHEAD: usize = 256;

/// One written file, while the verdicts of its shard go by.
pub(crate) struct OutputCheck<'r> {
    outcome: Outcome,
    rejected: &'r Rejected,
    annotated: bool,
    tells_id: bool,
    records: Rows<WrittenRecord>,
    ahead: VecDeque<WrittenRecord>,
    expected: u64,
    got: u64,
}

impl<'r> OutputCheck<'r> {
    /// The checks of a shard's written files, as many as stand.
    pub fn of_shard(run: &Run<'r>, path: &str, rejected: &'r Rejected, problems: &mut Problems) -> Vec<Self> {
        let dropped = run.parameters.keep_rejected.then_some((Artefact::Rejected, Outcome::Dropped));
        let kinds = [(Artefact::Data, Outcome::Kept)].into_iter().chain(dropped);
        let standing = kinds.filter(|(kind, _)| run.has(*kind, path));
        let open = |(kind, outcome)| {
            let (records, tells_id) = run.written(kind, path, problems);
            let annotated = run.parameters.annotate;
            Self { outcome, rejected, annotated, tells_id, records, ahead: VecDeque::new(), expected: 0, got: 0 }
        };
        standing.map(open).collect()
    }

    /// The next verdict of the shard.
    pub fn verdict(&mut self, verdict: &VerdictRow, problems: &mut Problems) {
        let wanted = verdict.outcome == self.outcome.name();
        self.expected += u64::from(wanted);
        if !self.annotated {
            if wanted && let Some(record) = self.take(problems) {
                self.compare(verdict, &record, problems);
            }
            return;
        }
        let is_it = |record: &WrittenRecord| record_id(record) == Some(&verdict.record_id);
        let next_is_it = self.peek(problems).is_some_and(is_it);
        if !wanted {
            if next_is_it && let Some(record) = self.take(problems) {
                let verdict =
                    format!("{} by its verdict ({})", verdict.outcome, verdict.reason.as_deref().unwrap_or("-"));
                self.surplus(&record, &verdict, problems);
            }
            return;
        }
        if !next_is_it {
            match self.place_ahead(is_it, problems) {
                Some(place) => {
                    for _ in 0..place {
                        if let Some(record) = self.take(problems) {
                            self.surplus(&record, "no record that its verdicts put here", problems);
                        }
                    }
                }
                None => return self.missing(verdict, problems),
            }
        }
        if let Some(record) = self.take(problems) {
            self.compare(verdict, &record, problems);
        }
    }

    /// After the last verdict; `whole` says whether all of them were seen.
    pub fn finish(mut self, whole: bool, problems: &mut Problems) {
        while let Some(record) = self.take(problems) {
            if whole {
                self.surplus(&record, "no record that its verdicts put here", problems);
            }
        }
        if whole && self.records.is_whole() && self.expected != self.got {
            let what = format!("records {}", self.outcome.name());
            problems.push(Problem::new(self.records.file(), Check::Conservation, what, self.expected, self.got));
        }
    }

    fn peek(&mut self, problems: &mut Problems) -> Option<&WrittenRecord> {
        if self.ahead.is_empty() {
            self.ahead.extend(self.records.next(problems));
        }
        self.ahead.front()
    }

    fn take(&mut self, problems: &mut Problems) -> Option<WrittenRecord> {
        let record = self.ahead.pop_front().or_else(|| self.records.next(problems))?;
        self.got += 1;
        self.check_source(&record, problems);
        Some(record)
    }

    /// Where the record stands among the next ones.
    fn place_ahead(&mut self, is_it: impl Fn(&WrittenRecord) -> bool, problems: &mut Problems) -> Option<usize> {
        while self.ahead.len() < LOOK_AHEAD {
            let Some(record) = self.records.next(problems) else { break };
            self.ahead.push_back(record);
        }
        self.ahead.iter().position(is_it)
    }

    /// Nothing of a rejected source is used, whatever the verdicts say (4.1.1 b).
    fn check_source(&self, record: &WrittenRecord, problems: &mut Problems) {
        if self.outcome != Outcome::Kept {
            return;
        }
        let carried = record.annotation.as_ref().map(|it| &it.source);
        if let Some(source) = record.source.as_ref().into_iter().chain(carried).find(|it| self.rejected.contains(it)) {
            let what = format!("record {}, of the rejected {}", record.place, source_name(source));
            problems.push(Problem::new(self.records.file(), Check::SourceRule, what, "not in the output", "written"));
        }
    }

    fn surplus(&self, record: &WrittenRecord, expected: &str, problems: &mut Problems) {
        let got = match record_id(record) {
            Some(id) => format!("record_id {id}"),
            None => "a record without the annotation".into(),
        };
        let what = format!("record {}", record.place);
        problems.push(Problem::new(self.records.file(), Check::Output, what, expected, got));
    }

    fn missing(&self, verdict: &VerdictRow, problems: &mut Problems) {
        // Where the file could not be read on, that is the problem.
        if self.records.is_whole() {
            let what = format!("record of row {}, {} by its verdict", verdict.row, verdict.outcome);
            let expected = format!("record_id {}", verdict.record_id);
            problems.push(Problem::new(self.records.file(), Check::Output, what, expected, "none in its place"));
        }
    }

    fn compare(&self, verdict: &VerdictRow, record: &WrittenRecord, problems: &mut Problems) {
        let what = format!("record {}, of row {}", record.place, verdict.row);
        let mut wrong = |name: &str, expected: String, got: String| {
            let what = format!("{what}, {name}");
            problems.push(Problem::new(self.records.file(), Check::Output, what, expected, got));
        };
        // A record's own id may be mapped to anything, also to its text.
        if self.tells_id && record.id != verdict.id {
            wrong("id", "that of its verdict".into(), "another".into());
        }
        if let Some(source) = record.source.as_ref().filter(|source| **source != verdict.source) {
            wrong("source", format!("{:?}", verdict.source), format!("{source:?}"));
        }
        if !record.examinable && self.outcome != Outcome::Quarantined {
            wrong("content", "a record that can be examined".into(), "one that cannot".into());
        }
        if !self.annotated {
            return;
        }
        let Some(carried) = &record.annotation else {
            return wrong("tamis", "the annotation".into(), "none".into());
        };
        if !agrees(verdict, carried) {
            let cells = annotation_cells(verdict, carried).into_iter().filter(|(_, expected, got)| expected != got);
            cells.for_each(|(name, expected, got)| wrong(&format!("tamis.{name}"), expected, got));
        }
    }
}

fn record_id(record: &WrittenRecord) -> Option<&String> {
    record.annotation.as_ref().map(|annotation| &annotation.record_id)
}

fn agrees(verdict: &VerdictRow, carried: &Annotation) -> bool {
    verdict.record_id == carried.record_id
        && verdict.source == carried.source
        && verdict.risks == carried.risks
        && verdict.advisory == carried.advisory
        && verdict.pii == carried.pii
}

fn annotation_cells(verdict: &VerdictRow, carried: &Annotation) -> [(&'static str, String, String); 5] {
    let text = |value: &String| format!("{value:?}");
    [
        ("record_id", text(&verdict.record_id), text(&carried.record_id)),
        ("source", text(&verdict.source), text(&carried.source)),
        ("risks", listed(&verdict.risks), listed(&carried.risks)),
        ("advisory", listed(&verdict.advisory), listed(&carried.advisory)),
        ("pii", listed(&verdict.pii), listed(&carried.pii)),
    ]
}
