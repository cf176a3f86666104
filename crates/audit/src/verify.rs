//! The whole audit of a folder, check by check.

use std::path::Path;

use serde::Serialize;
use tamis_rules::{Ledger, Policy};
use tamis_shard::statement::Statement;
use tamis_shard::{Report, RowCounts, ShardManifest, ShardStatus};

use crate::contained::each;
use crate::folder::Folder;
use crate::problem::Problems;
use crate::rows::Recount;
use crate::run::Run;
use crate::seal::REPORT;
use crate::{AuditError, NotListed, Problem, chain, ledger, manifests, rows, seal};

/// How a run is verified. Never changes what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyOptions {
    /// Files and shards that are read at once, at least 1.
    pub threads: usize,
}

impl Default for VerifyOptions {
    /// As many threads as cores.
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// What is wrong, in order of file; of many of one kind in one file the first ten.
    pub problems: Vec<Problem>,
    /// How many more there are of those.
    pub not_listed: Vec<NotListed>,
    /// What was looked at.
    pub checked: Checked,
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Files below the subject folders that were read whole.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// Shards with a manifest.
    pub shards: u64,
    /// Of them, shards that were set aside whole.
    pub shards_set_aside: u64,
    /// Records whose verdict was replayed, by the outcome that stands.
    pub records: RowCounts,
    /// Sources that were judged again.
    pub sources: u64,
    /// Of them, sources over the limit.
    pub rejected_sources: u64,
    /// The root hash of the subjects; none where there is no manifest to take them from.
    pub root: Option<String>,
}

impl Verification {
    /// True where nothing is wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// Number of problems, those not listed too.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.problems.len() as u64 + self.not_listed.iter().map(|more| more.count).sum::<u64>()
    }
}

/// Verifies the run in a folder: nothing in it is believed that can be computed again from the tags and the recorded
/// policy. Offline; reads every file twice, the verdicts three times; memory does not grow with the number of records.
///
/// # Errors
/// [`AuditError`] where the folder is not there, cannot be listed, or holds no run. What is wrong in a run is no error
/// but a [`Problem`].
pub fn verify(folder: &Path, options: &VerifyOptions) -> Result<Verification, AuditError> {
    let mut problems = Problems::default();
    let folder = Folder::list(folder, &mut problems)?;
    let mut checked = Checked::default();
    if let Some(statement) = seal::read_statement(&folder, &mut problems) {
        check(&folder, &statement, options.threads.max(1), &mut checked, &mut problems);
    }
    let (problems, not_listed) = problems.finish();
    Ok(Verification { problems, not_listed, checked })
}

fn check(folder: &Folder, statement: &Statement, threads: usize, checked: &mut Checked, problems: &mut Problems) {
    checked.root = Some(seal::check_root(folder, statement, problems));
    let digests = folder.digests(threads, problems);
    checked.files = digests.len() as u64;
    checked.bytes = digests.values().map(|digest| digest.bytes).sum();
    seal::check_subjects(folder, statement, &digests, problems);
    let manifests = manifests::read_all(folder, threads, problems);
    let parameters = &statement.predicate.build_definition.external_parameters;
    for manifest in manifests.values() {
        checked.shards += 1;
        checked.shards_set_aside += u64::from(manifest.status == ShardStatus::Quarantined);
        manifests::check(manifest, &digests, parameters.keep_rejected, problems);
    }
    manifests::check_dependencies(statement, &manifests, problems);
    let policy = chain::resolve_policy(statement, problems);
    let report = policy.as_ref().and_then(|policy| {
        let run = Run { folder, parameters, policy, manifests: &manifests, threads };
        let (ledger, recounts) = check_rows(&run, checked, problems);
        chain::check(folder, statement, policy, ledger.as_ref(), &manifests, &digests, problems);
        let skipped = seal::read_json::<Report>(folder, REPORT, &mut Problems::default()).map(|it| it.skipped_files);
        Some(report(&run, ledger.as_ref()?, recounts, skipped.unwrap_or(statement.totals.skipped_files)))
    });
    seal::check_report(folder, statement, report.as_ref(), problems);
}

/// The ledger and every row; the ledger that the verdicts make, and what each shard's rows come to, in the order of
/// [`Run::complete`].
fn check_rows(run: &Run<'_>, checked: &mut Checked, problems: &mut Problems) -> (Option<Ledger>, Vec<Option<Recount>>) {
    let counted = ledger::of_verdicts(run);
    let standing = ledger::read(run, problems);
    ledger::check(run, counted.as_ref(), standing.as_ref(), problems);
    // Without all verdicts the ledger that stands is the best that is known of the sources.
    let judged = counted.clone().or(standing).unwrap_or_default();
    checked.sources = judged.entries().len() as u64;
    checked.rejected_sources = judged.rejected().count() as u64;
    let mut recounts = Vec::new();
    for (recount, found) in each(&run.complete(), run.threads, |manifest| rows::check(run, manifest, &judged)) {
        if let Some(recount) = &recount {
            checked.records.add(&recount.rows);
        }
        problems.merge(found);
        recounts.push(recount);
    }
    (counted, recounts)
}

/// The report that follows from the rows; where a shard's rows could not be read, from its manifest.
fn report(run: &Run<'_>, ledger: &Ledger, recounts: Vec<Option<Recount>>, skipped_files: u64) -> Report {
    let policy: &Policy = run.policy;
    let mut recounts = recounts.into_iter();
    let counted = run.manifests.values().map(|manifest| {
        let recount = if manifest.status == ShardStatus::Complete { recounts.next().flatten() } else { None };
        match recount {
            Some(Recount { rows, text_bytes, reasons }) => {
                let rows = RowCounts { blank_lines: manifest.rows.blank_lines, ..rows };
                ShardManifest { rows, text_bytes, reasons, ..manifest.clone() }
            }
            None => manifest.clone(),
        }
    });
    let counted: Vec<ShardManifest> = counted.collect();
    Report::new(policy, skipped_files, &counted, ledger)
}
