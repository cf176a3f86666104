//! The ledger, counted again from the verdicts and held against the files cell by cell (4.1.1 b).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use tamis_rules::{Ledger, LedgerEntry, Outcome, RiskSet, SourceVerdict, Tally, Taxonomy, decide};
use tamis_shard::table::{Tagged, VerdictRow, ledger_csv, read_ledger};
use tamis_shard::{Artefact, LEDGER_FILES, ShardError};

use crate::contained::{contained, each};
use crate::problem::{Check, Problem, Problems};
use crate::run::Run;

const PARQUET: &str = LEDGER_FILES[0];
const CSV: &str = LEDGER_FILES[1];

/// The ledgers that the rows make; none where some shard's rows cannot be read whole, which is told where they are
/// checked.
pub(crate) struct Counted {
    pub by_tags: Option<Ledger>,
    pub by_verdicts: Option<Ledger>,
}

/// Counts the sources twice: by what the tags show, and by what the verdicts say.
pub(crate) fn count(run: &Run<'_>) -> Counted {
    Counted { by_tags: ledger_of(run, tally_tags), by_verdicts: ledger_of(run, tally_verdicts) }
}

/// Memory: one tally in all, and one for each thread's shard.
fn ledger_of(run: &Run<'_>, tally_shard: fn(&Run<'_>, &str) -> Option<Tally>) -> Option<Ledger> {
    let total = Mutex::new(Tally::new());
    let whole = each(&run.complete(), run.threads, |manifest| match tally_shard(run, &manifest.path) {
        None => false,
        Some(tally) => {
            total.lock().unwrap_or_else(PoisonError::into_inner).merge(tally);
            true
        }
    });
    let tally = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    whole.into_iter().all(|whole| whole).then(|| Ledger::judge(&tally, run.policy))
}

fn tally_tags(run: &Run<'_>, path: &str) -> Option<Tally> {
    let (mut tally, mut told_later) = (Tally::new(), Problems::default());
    let mut tags = run.has(Artefact::Tags, path).then(|| run.tags(path, &mut told_later))?;
    while let Some(tag) = tags.next(&mut told_later) {
        let risks = decide(&Tagged::new(&tag, run.policy).tags(), run.policy).risks;
        tally.record(&tag.source, tag.quarantine.is_none(), risks, run.policy.counted());
    }
    tags.is_whole().then_some(tally)
}

fn tally_verdicts(run: &Run<'_>, path: &str) -> Option<Tally> {
    let (mut tally, mut told_later) = (Tally::new(), Problems::default());
    let mut verdicts = run.has(Artefact::Verdicts, path).then(|| run.verdicts(path, &mut told_later))?;
    while let Some(verdict) = verdicts.next(&mut told_later) {
        let examined = verdict.outcome != Outcome::Quarantined.name();
        let risks = risks(&verdict, run.policy.taxonomy());
        tally.record(&verdict.source, examined, risks, run.policy.counted());
    }
    verdicts.is_whole().then_some(tally)
}

/// The sources of which nothing may be used (4.1.1 b).
///
/// Tags, verdicts and the ledger that stands each tell them. Where they do not agree, that is a problem of its own, row
/// by row or cell by cell; what two of the three say then judges the rows, so that one forged number does not turn
/// every row of its source into a problem.
pub(crate) struct Rejected(BTreeSet<String>);

impl Rejected {
    pub fn by_majority(counted: &Counted, standing: Option<&Ledger>) -> Self {
        let voters: Vec<&Ledger> =
            [counted.by_tags.as_ref(), counted.by_verdicts.as_ref(), standing].into_iter().flatten().collect();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in voters.iter().flat_map(|ledger| ledger.rejected()) {
            *votes.entry(&entry.source).or_default() += 1;
        }
        let first = voters.first();
        let carried = |source: &str, votes: usize| {
            2 * votes > voters.len() || (2 * votes == voters.len() && first.is_some_and(|it| it.is_rejected(source)))
        };
        let rejected = votes.into_iter().filter(|(source, votes)| carried(source, *votes));
        Self(rejected.map(|(source, _)| source.to_string()).collect())
    }

    pub fn contains(&self, source: &str) -> bool {
        self.0.contains(source)
    }

    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The risks that a verdict names; unknown ones are told by the replay.
fn risks(verdict: &VerdictRow, taxonomy: &Taxonomy) -> RiskSet {
    verdict.risks.iter().filter_map(|code| taxonomy.risk_id(code)).collect()
}

/// The ledger as it stands; none where it cannot be read, which is then a problem.
pub(crate) fn read(run: &Run<'_>, problems: &mut Problems) -> Option<Ledger> {
    if !run.folder.has(PARQUET) {
        return None;
    }
    let taxonomy = run.policy.taxonomy();
    let read = contained(PARQUET, || read_ledger(&run.folder.output.at(PARQUET), taxonomy));
    let entries = read.map_err(|problem| problems.push(problem)).ok()?;
    if !entries.is_sorted_by(|a, b| a.source < b.source) {
        let expected = "sources in order of their bytes, each once";
        problems.push(Problem::new(PARQUET, Check::Ledger, "order", expected, "another order"));
    }
    Ledger::from_entries(entries)
        .map_err(|error| problems.push(Problem::new(PARQUET, Check::Ledger, "sources", "each once", error)))
        .ok()
}

/// Holds the ledger's files against the one that the verdicts make.
pub(crate) fn check(run: &Run<'_>, expected: Option<&Ledger>, got: Option<&Ledger>, problems: &mut Problems) {
    let Some(expected) = expected else {
        let got = "verdicts that cannot be read whole";
        return problems.push(Problem::new(PARQUET, Check::Ledger, "rows", "the count of the verdicts", got));
    };
    if let Some(got) = got {
        compare(expected, got, run, problems);
    }
    if run.folder.has(CSV) {
        check_csv(expected, run, problems);
    }
}

fn compare(expected: &Ledger, got: &Ledger, run: &Run<'_>, problems: &mut Problems) {
    let mut by_source: BTreeMap<&str, &LedgerEntry> =
        got.entries().iter().map(|entry| (entry.source.as_str(), entry)).collect();
    for entry in expected.entries() {
        match by_source.remove(entry.source.as_str()) {
            Some(got) => compare_entry(entry, got, run, problems),
            None => {
                let expected = format!("a row: {} records have it", entry.records);
                problems.push(Problem::new(PARQUET, Check::Ledger, source_name(&entry.source), expected, "none"));
            }
        }
    }
    for source in by_source.into_keys() {
        let got = "a row of a source that no verdict names";
        problems.push(Problem::new(PARQUET, Check::Ledger, source_name(source), "none", got));
    }
}

pub(crate) fn source_name(source: &str) -> String {
    format!("source {source:?}")
}

fn compare_entry(expected: &LedgerEntry, got: &LedgerEntry, run: &Run<'_>, problems: &mut Problems) {
    let name = source_name(&expected.source);
    let (want, have) = (cells(expected, run.policy.taxonomy()), cells(got, run.policy.taxonomy()));
    for ((column, expected), (_, got)) in want.into_iter().zip(have).filter(|(expected, got)| expected.1 != got.1) {
        problems.push(Problem::new(PARQUET, Check::Ledger, format!("{name}, {column}"), expected, got));
    }
    if expected.verdict != got.verdict {
        let over = if expected.verdict == SourceVerdict::Rejected { "is over" } else { "is not over" };
        let what = format!(
            "{name}: {} unqualified of {} examined {over} the limit of {} %",
            expected.unqualified,
            expected.examined,
            run.policy.source_limit()
        );
        problems.push(Problem::new(PARQUET, Check::SourceRule, what, expected.verdict.name(), got.verdict.name()));
    }
}

/// Every cell of an entry but its source and its verdict.
fn cells<'t>(entry: &LedgerEntry, taxonomy: &'t Taxonomy) -> Vec<(&'t str, String)> {
    let rate = |rate: Option<f64>| rate.map_or_else(|| "null".to_string(), |rate| rate.to_string());
    let corrected = entry.corrected.as_ref();
    let counts = [("records", entry.records), ("examined", entry.examined), ("unqualified", entry.unqualified)];
    let risks = taxonomy.risks().iter().map(|risk| risk.code.as_str()).zip(entry.by_risk.iter().copied());
    let mut cells: Vec<_> = counts.into_iter().chain(risks).map(|(name, count)| (name, count.to_string())).collect();
    cells.extend([
        ("rate", rate(entry.rate)),
        ("low", rate(entry.low)),
        ("high", rate(entry.high)),
        ("corrected_rate", rate(corrected.map(|it| it.rate))),
        ("corrected_low", rate(corrected.map(|it| it.low))),
        ("corrected_high", rate(corrected.map(|it| it.high))),
        ("basis", entry.basis.name().to_string()),
    ]);
    cells
}

fn check_csv(expected: &Ledger, run: &Run<'_>, problems: &mut Problems) {
    let path = run.folder.output.at(CSV);
    let lines: Vec<String> = ledger_csv(expected, run.policy.taxonomy()).collect();
    // One byte more than expected tells a longer file, whatever its size.
    let most = lines.iter().map(String::len).sum::<usize>() as u64 + 1;
    let read = contained(CSV, || {
        let mut text = Vec::new();
        let file = File::open(&path).map_err(ShardError::io("open", &path))?;
        file.take(most).read_to_end(&mut text).map_err(ShardError::io("read", &path))?;
        Ok(text)
    });
    match read {
        Err(problem) => problems.push(problem),
        Ok(text) => compare_csv(&lines, &text, problems),
    }
}

/// The first line that differs; those after it are not worth a line of their own.
fn compare_csv(lines: &[String], text: &[u8], problems: &mut Problems) {
    let mut rest = text;
    for (number, line) in lines.iter().enumerate() {
        match rest.strip_prefix(line.as_bytes()) {
            Some(after) => rest = after,
            None => {
                let got = rest.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
                let got = format!("{:?}", String::from_utf8_lossy(got));
                let what = format!("line {}", number + 1);
                return problems.push(Problem::new(CSV, Check::Ledger, what, format!("{line:?}"), got));
            }
        }
    }
    if !rest.is_empty() {
        problems.push(Problem::new(CSV, Check::Ledger, "lines", lines.len(), "more"));
    }
}
