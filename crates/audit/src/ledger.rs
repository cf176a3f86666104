//! The ledger, counted again from the verdicts and held against the files cell by cell (4.1.1 b).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use tamis_rules::{Ledger, LedgerEntry, Outcome, RiskSet, SourceVerdict, Tally, Taxonomy};
use tamis_shard::table::{VerdictRow, ledger_csv, read_ledger};
use tamis_shard::{Artefact, LEDGER_FILES, ShardError};

use crate::contained::{contained, each};
use crate::problem::{Check, Problem, Problems};
use crate::run::Run;

const PARQUET: &str = LEDGER_FILES[0];
const CSV: &str = LEDGER_FILES[1];

/// The ledger that the verdicts make; none where some shard's verdicts cannot be read whole, which is told where its
/// rows are checked.
pub(crate) fn of_verdicts(run: &Run<'_>) -> Option<Ledger> {
    let total = Mutex::new(Tally::new());
    let whole = each(&run.complete(), run.threads, |manifest| {
        let (mut tally, mut ignored) = (Tally::new(), Problems::default());
        if !run.has(Artefact::Verdicts, &manifest.path) {
            return false;
        }
        let mut verdicts = run.verdicts(&manifest.path, &mut ignored);
        while let Some(verdict) = verdicts.next(&mut ignored) {
            let examined = verdict.outcome != Outcome::Quarantined.name();
            let risks = risks(&verdict, run.policy.taxonomy());
            tally.record(&verdict.source, examined, risks, run.policy.counted());
        }
        total.lock().unwrap_or_else(PoisonError::into_inner).merge(tally);
        verdicts.is_whole()
    });
    let tally = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    whole.into_iter().all(|whole| whole).then(|| Ledger::judge(&tally, run.policy))
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
