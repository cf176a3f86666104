//! One shard, row by row: findings against tags, tags against verdicts, and all of them against what was written.

use std::collections::BTreeMap;

use tamis_rules::{Outcome, Reason, Taxonomy, Verdict, judge_record};
use tamis_shard::table::{TagRow, Tagged, VerdictRow};
use tamis_shard::{Artefact, OutputDir, RecordIds, Redactions, RowCounts, ShardManifest, Span};

use crate::contained::Rows;
use crate::ledger::{Rejected, source_name};
use crate::output::OutputCheck;
use crate::problem::{Check, Problem, Problems, listed};
use crate::redactions::FindingsCheck;
use crate::run::Run;

/// What a shard's rows come to.
#[derive(Debug, Default)]
pub(crate) struct Recount {
    pub rows: RowCounts,
    pub text_bytes: u64,
    pub pii: BTreeMap<String, u64>,
    pub reasons: BTreeMap<String, u64>,
    pub redactions: Redactions,
}

/// Checks every row of a shard. The count is none where not all of its rows could be read.
pub(crate) fn check(run: &Run<'_>, manifest: &ShardManifest, rejected: &Rejected) -> (Option<Recount>, Problems) {
    let mut problems = Problems::default();
    let path = manifest.path.as_str();
    if !run.has(Artefact::Tags, path) || !run.has(Artefact::Verdicts, path) {
        return (None, problems);
    }
    let mut shard = ShardRows::new(run, manifest, rejected);
    let mut tags = run.tags(path, &mut problems);
    let mut verdicts = run.verdicts(path, &mut problems);
    let mut findings = FindingsCheck::of_shard(run, path, &mut problems);
    let mut outputs = OutputCheck::of_shard(run, path, rejected, &mut problems);
    let (mut tag, mut verdict) = (tags.next(&mut problems), verdicts.next(&mut problems));
    // Joined by row number, so that a row that is missing in one file does not shift all that follow.
    loop {
        let order = match (&tag, &verdict) {
            (None, None) => break,
            (Some(tag), Some(verdict)) => tag.row.cmp(&verdict.row),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        let this_tag = if order.is_le() { std::mem::replace(&mut tag, tags.next(&mut problems)) } else { None };
        let this_verdict =
            if order.is_ge() { std::mem::replace(&mut verdict, verdicts.next(&mut problems)) } else { None };
        let mut spans = None;
        if let Some(tag) = &this_tag {
            shard.tag(tag, &mut problems);
            spans = findings.as_mut().and_then(|findings| findings.row(tag, &mut problems));
        }
        if let Some(verdict) = &this_verdict {
            shard.verdict(verdict, &mut problems);
            outputs.iter_mut().for_each(|output| output.verdict(verdict, &mut problems));
        }
        if let (Some(tag), Some(verdict)) = (&this_tag, &this_verdict) {
            shard.replay(tag, verdict, spans.as_deref(), &mut problems);
        }
        if let (Some(findings), Some(verdict), Some(spans)) = (&mut findings, &this_verdict, &spans) {
            findings.count(verdict, spans);
        }
    }
    outputs.into_iter().for_each(|output| output.finish(verdicts.is_whole(), &mut problems));
    let recount = shard.finish(&tags, &verdicts, findings, &mut problems);
    (recount, problems)
}

struct ShardRows<'r> {
    run: &'r Run<'r>,
    manifest: &'r ShardManifest,
    rejected: &'r Rejected,
    ids: Option<RecordIds>,
    tags_file: String,
    verdicts_file: String,
    next_tag: u64,
    next_verdict: u64,
    tag_rows: u64,
    recount: Recount,
}

impl<'r> ShardRows<'r> {
    fn new(run: &'r Run<'r>, manifest: &'r ShardManifest, rejected: &'r Rejected) -> Self {
        let digest = manifest.input.digest.as_ref();
        Self {
            run,
            manifest,
            rejected,
            ids: digest.map(|digest| RecordIds::new(&manifest.path, &digest.blake3)),
            tags_file: OutputDir::name(Artefact::Tags, &manifest.path),
            verdicts_file: OutputDir::name(Artefact::Verdicts, &manifest.path),
            next_tag: 0,
            next_verdict: 0,
            tag_rows: 0,
            recount: Recount::default(),
        }
    }

    /// A row of the tags by itself.
    fn tag(&mut self, tag: &TagRow, problems: &mut Problems) {
        self.recount.text_bytes += u64::from(tag.bytes);
        self.tag_rows += 1;
        for kind in tag.pii.iter() {
            *self.recount.pii.entry(kind.name().to_string()).or_default() += 1;
        }
        check_row(&self.tags_file, tag.row, &mut self.next_tag, problems);
        self.check_id(&self.tags_file, tag.row, &tag.record_id.hex(), problems);
    }

    /// A row of the verdicts by itself.
    fn verdict(&mut self, verdict: &VerdictRow, problems: &mut Problems) {
        check_row(&self.verdicts_file, verdict.row, &mut self.next_verdict, problems);
        self.check_id(&self.verdicts_file, verdict.row, verdict.record_id.as_bytes(), problems);
        let rows = &mut self.recount.rows;
        rows.read += 1;
        match Outcome::parse(&verdict.outcome) {
            Some(Outcome::Kept) => rows.kept += 1,
            Some(Outcome::Dropped) => rows.dropped += 1,
            Some(Outcome::Quarantined) => rows.quarantined += 1,
            None => {}
        }
        // Only labels that the taxonomy knows are counted: a file may hold any number of others.
        let known = verdict.reason.as_ref().filter(|it| Reason::parse(it, self.run.policy.taxonomy()).is_some());
        if let Some(reason) = known {
            match self.recount.reasons.get_mut(reason) {
                Some(count) => *count += 1,
                None => drop(self.recount.reasons.insert(reason.clone(), 1)),
            }
        }
        if verdict.outcome == Outcome::Kept.name() && self.rejected.contains(&verdict.source) {
            let what = format!("row {}, a record of the rejected {}", verdict.row, source_name(&verdict.source));
            problems.push(Problem::new(&self.verdicts_file, Check::SourceRule, what, "dropped", "kept"));
        }
    }

    fn check_id(&self, file: &str, row: u64, got: &[u8], problems: &mut Problems) {
        let Some(expected) = self.ids.as_ref().map(|ids| ids.row(row)) else { return };
        if expected.hex() != got {
            let got = String::from_utf8_lossy(got);
            problems.push(Problem::new(file, Check::Rows, format!("row {row}, record_id"), expected, got));
        }
    }

    /// The verdict that follows from the tags, and from the spans that the policy redacts, is the one that stands.
    fn replay(&self, tag: &TagRow, verdict: &VerdictRow, spans: Option<&[Span]>, problems: &mut Problems) {
        let taxonomy = self.run.policy.taxonomy();
        let replayed = judge_record(
            &Tagged::new(tag, self.run.policy).tags(),
            self.rejected.contains(&tag.source),
            self.run.policy,
        );
        // Where the findings cannot be read, that is the problem.
        let found = spans.map_or(u64::from(verdict.redactions), |spans| spans.len() as u64);
        let redactions = if replayed.outcome == Outcome::Kept { found } else { 0 };
        if agrees(tag, &replayed, redactions, verdict, taxonomy) {
            return;
        }
        let codes = |set| listed(taxonomy.codes(set));
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".into());
        let reasons: Vec<String> = replayed.reasons.iter().map(|reason| reason.label(taxonomy)).collect();
        let pii: Vec<&str> = tag.pii.iter().map(|kind| kind.name()).collect();
        let cells = [
            ("id", "that of its tags".into(), if tag.id == verdict.id { "that of its tags" } else { "another" }.into()),
            ("source", format!("{:?}", tag.source), format!("{:?}", verdict.source)),
            ("outcome", replayed.outcome.name().into(), verdict.outcome.clone()),
            ("reason", text(&reasons.first().cloned()), text(&verdict.reason)),
            ("reasons", listed(&reasons), listed(&verdict.reasons)),
            ("risks", codes(replayed.decision.risks), listed(&verdict.risks)),
            ("advisory", codes(replayed.decision.advisory), listed(&verdict.advisory)),
            ("pii", listed(&pii), listed(&verdict.pii)),
            ("redactions", redactions.to_string(), verdict.redactions.to_string()),
        ];
        let differing: Vec<_> = cells.iter().filter(|(_, expected, got)| expected != got).collect();
        let side = |pick: fn(&(&str, String, String)) -> String| {
            differing.iter().map(|cell| format!("{}={}", cell.0, pick(cell))).collect::<Vec<_>>().join(" ")
        };
        let what = format!("row {}, verdict by its tags and the policy", verdict.row);
        let (expected, got) = (side(|cell| cell.1.clone()), side(|cell| cell.2.clone()));
        problems.push(Problem::new(&self.verdicts_file, Check::Verdict, what, expected, got));
    }

    /// The numbers of the manifest against those of the rows.
    fn finish(
        mut self,
        tags: &Rows<TagRow>,
        verdicts: &Rows<VerdictRow>,
        findings: Option<FindingsCheck>,
        problems: &mut Problems,
    ) -> Option<Recount> {
        let manifest = self.manifest;
        let file = OutputDir::name(Artefact::Manifest, &manifest.path);
        let mut check = |file: &str, what: String, expected: u64, got: u64| {
            if expected != got {
                problems.push(Problem::new(file, Check::Conservation, what, expected, got));
            }
        };
        if tags.is_whole() {
            check(tags.file(), "rows".into(), manifest.rows.read, self.tag_rows);
            check(&file, "text_bytes, as the tags count them".into(), self.recount.text_bytes, manifest.text_bytes);
            for (kind, expected, got) in joined(&self.recount.pii, &manifest.pii) {
                check(&file, format!("pii.{kind}, as the tags count them"), expected, got);
            }
        }
        if !verdicts.is_whole() {
            return None;
        }
        check(verdicts.file(), "rows".into(), manifest.rows.read, self.recount.rows.read);
        for (name, expected, got) in [
            ("kept", self.recount.rows.kept, manifest.rows.kept),
            ("dropped", self.recount.rows.dropped, manifest.rows.dropped),
            ("quarantined", self.recount.rows.quarantined, manifest.rows.quarantined),
        ] {
            check(&file, format!("rows.{name}, as the verdicts count them"), expected, got);
        }
        for (reason, expected, got) in joined(&self.recount.reasons, &manifest.reasons) {
            check(&file, format!("reasons.{reason}, as the verdicts count them"), expected, got);
        }
        if !tags.is_whole() {
            return None;
        }
        self.recount.redactions = findings?.finish(&file, manifest, problems)?;
        Some(self.recount)
    }
}

/// Each name of either map with what stands under it; a name that is not there counts nought.
fn joined<'m>(
    expected: &'m BTreeMap<String, u64>,
    got: &'m BTreeMap<String, u64>,
) -> impl Iterator<Item = (&'m str, u64, u64)> {
    let mine = expected.iter().map(|(name, count)| (name.as_str(), *count, got.get(name).copied().unwrap_or_default()));
    let other =
        got.iter().filter(|(name, _)| !expected.contains_key(*name)).map(|(name, count)| (name.as_str(), 0, *count));
    mine.chain(other)
}

/// Whether a verdict that stands is the replayed one, in every column.
fn agrees(tag: &TagRow, replayed: &Verdict, redactions: u64, got: &VerdictRow, taxonomy: &Taxonomy) -> bool {
    fn same<'a>(expected: impl Iterator<Item = &'a str>, got: &'a [String]) -> bool {
        expected.eq(got.iter().map(String::as_str))
    }
    let reasons: Vec<String> = replayed.reasons.iter().map(|reason| reason.label(taxonomy)).collect();
    tag.id == got.id
        && tag.source == got.source
        && replayed.outcome.name() == got.outcome
        && reasons.first() == got.reason.as_ref()
        && reasons == got.reasons
        && same(taxonomy.codes(replayed.decision.risks), &got.risks)
        && same(taxonomy.codes(replayed.decision.advisory), &got.advisory)
        && same(tag.pii.iter().map(|kind| kind.name()), &got.pii)
        && u64::from(got.redactions) == redactions
}

/// Rows are numbered 0, 1, 2 …; after a gap the count goes on from there.
fn check_row(file: &str, got: u64, next: &mut u64, problems: &mut Problems) {
    if got != *next {
        problems.push(Problem::new(file, Check::Rows, "number of the next row", *next, got));
    }
    *next = got.saturating_add(1);
}
