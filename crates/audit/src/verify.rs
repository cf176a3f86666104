//! The whole audit of a folder, check by check.

use std::path::Path;

use serde::Serialize;
use tamis_rules::Ledger;
use tamis_shard::statement::Statement;
use tamis_shard::{Report, RowCounts, ShardManifest, ShardStatus};

use crate::contained::each;
use crate::folder::Folder;
use crate::ledger::Rejected;
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
/// policy. Offline; reads outputs twice, tags and verdicts three times; memory does not grow with the number of records.
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
    manifests::check_owners(folder, statement, &manifests, problems);
    manifests::check_dependencies(statement, &manifests, problems);
    let policy = chain::resolve_policy(statement, problems);
    let report = policy.as_ref().and_then(|policy| {
        let run = Run { folder, parameters, policy, manifests: &manifests, threads };
        let rows = check_rows(&run, checked, problems);
        chain::check(folder, statement, policy, &rows.rejected, &manifests, &digests, problems);
        let skipped = seal::read_json::<Report>(folder, REPORT, &mut Problems::default()).map(|it| it.skipped_files);
        rows.report(&run, skipped.unwrap_or(statement.totals.skipped_files))
    });
    seal::check_report(folder, statement, report.as_ref(), problems);
}

/// What the rows of all shards come to.
struct RowsChecked {
    ledger: Option<Ledger>,
    rejected: Rejected,
    /// In the order of [`Run::complete`].
    recounts: Vec<Option<Recount>>,
}

/// Checks the ledger and every row.
fn check_rows(run: &Run<'_>, checked: &mut Checked, problems: &mut Problems) -> RowsChecked {
    let counted = ledger::count(run);
    let standing = ledger::read(run, problems);
    ledger::check(run, counted.by_verdicts.as_ref(), standing.as_ref(), problems);
    let rejected = Rejected::by_majority(&counted, standing.as_ref());
    checked.sources = counted.by_verdicts.as_ref().map_or(0, |ledger| ledger.entries().len() as u64);
    checked.rejected_sources = rejected.names().len() as u64;
    let mut recounts = Vec::new();
    let complete = run.complete();
    let checks = each(&complete, run.threads, |manifest| rows::check(run, manifest, &rejected));
    for ((recount, found), manifest) in checks.into_iter().zip(&complete) {
        if let Some(recount) = &recount {
            // Blank lines leave no trace but the manifest's.
            checked.records.add(&RowCounts { blank_lines: manifest.rows.blank_lines, ..recount.rows });
        }
        problems.merge(found);
        recounts.push(recount);
    }
    RowsChecked { ledger: counted.by_verdicts, rejected, recounts }
}

impl RowsChecked {
    /// The report that follows from the verdicts; where a shard's rows could not be read, from its manifest.
    fn report(self, run: &Run<'_>, skipped_files: u64) -> Option<Report> {
        let mut recounts = self.recounts.into_iter();
        let counted = run.manifests.values().map(|manifest| {
            let recount = if manifest.status == ShardStatus::Complete { recounts.next().flatten() } else { None };
            match recount {
                Some(Recount { rows, text_bytes, pii, reasons, redactions }) => {
                    let rows = RowCounts { blank_lines: manifest.rows.blank_lines, ..rows };
                    ShardManifest { rows, text_bytes, pii, reasons, redactions, ..manifest.clone() }
                }
                None => manifest.clone(),
            }
        });
        let counted: Vec<ShardManifest> = counted.collect();
        Some(Report::new(run.policy, skipped_files, &counted, self.ledger.as_ref()?))
    }
}
