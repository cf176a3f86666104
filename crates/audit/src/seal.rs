//! What closes a run: `manifest/run.json` with its subjects, the root hash in `_SUCCESS`, and `report.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::de::DeserializeOwned;
use tamis_shard::statement::{BUILD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE, Statement};
use tamis_shard::{FileDigest, LEDGER_FILES, Report, ShardError, root_hash};

use crate::contained::contained;
use crate::folder::{Folder, is_subject_name, stays_inside};
use crate::problem::{Check, Problem, Problems};

pub(crate) const RUN: &str = "manifest/run.json";
const SUCCESS: &str = "_SUCCESS";
pub(crate) const REPORT: &str = "report.json";

/// A JSON file of the run; none where it is missing or of another form, which is then a problem.
pub(crate) fn read_json<T: DeserializeOwned>(folder: &Folder, name: &str, problems: &mut Problems) -> Option<T> {
    if !folder.has(name) {
        problems.push(Problem::new(name, Check::Missing, "file", "a file of the run", "none"));
        return None;
    }
    let path = folder.output.at(name);
    let read = contained(name, || {
        let text = fs::read(&path).map_err(ShardError::io("read", &path))?;
        serde_json::from_slice(&text)
            .map_err(|error| ShardError::Artefact { path: path.clone(), message: error.to_string() })
    });
    read.map_err(|problem| problems.push(problem)).ok()
}

/// The run's manifest; none where the run is not finished or the manifest cannot be understood.
pub(crate) fn read_statement(folder: &Folder, problems: &mut Problems) -> Option<Statement> {
    if !folder.has(SUCCESS) {
        let got = "none: the run is not finished; run it again";
        problems.push(Problem::new(SUCCESS, Check::Seal, "file", "the root hash of a finished run", got));
        if !folder.has(RUN) {
            return None;
        }
    }
    let value: serde_json::Value = read_json(folder, RUN, problems)?;
    // A manifest of another version has another form; that is the cause to name, not the first field that differs.
    let made_by = value.pointer("/predicate/buildDefinition/buildType").and_then(serde_json::Value::as_str);
    if let Some(other) = made_by.filter(|made_by| *made_by != BUILD_TYPE) {
        problems.push(Problem::new(RUN, Check::Seal, "buildType", BUILD_TYPE, other));
        return None;
    }
    let statement: Statement = read_json(folder, RUN, problems)?;
    let build = &statement.predicate.build_definition.build_type;
    for (what, expected, got) in [
        ("_type", STATEMENT_TYPE, &statement.kind),
        ("predicateType", PREDICATE_TYPE, &statement.predicate_type),
        ("buildType", BUILD_TYPE, build),
    ] {
        if expected != got {
            problems.push(Problem::new(RUN, Check::Seal, what, expected, got));
        }
    }
    Some(statement)
}

/// The root hash by the subjects, as it stands in the manifest and in `_SUCCESS`.
pub(crate) fn check_root(folder: &Folder, statement: &Statement, problems: &mut Problems) -> String {
    let root = root_hash(&statement.subject);
    if statement.root != root {
        problems.push(Problem::new(RUN, Check::Seal, "root hash of its subjects", &root, &statement.root));
    }
    if folder.has(SUCCESS) {
        // A root hash and a line feed; no more is read of a file that may be anything.
        let got = contained(SUCCESS, || read_start(folder, root.len() as u64 + 2));
        match got {
            Ok(got) if got == format!("{root}\n") => {}
            Ok(got) => problems.push(Problem::new(SUCCESS, Check::Seal, "root hash", &root, got.trim_end())),
            Err(problem) => problems.push(problem),
        }
    }
    root
}

fn read_start(folder: &Folder, bytes: u64) -> Result<String, ShardError> {
    use std::io::Read as _;
    let path = folder.output.at(SUCCESS);
    let mut start = Vec::new();
    let file = fs::File::open(&path).map_err(ShardError::io("open", &path))?;
    file.take(bytes).read_to_end(&mut start).map_err(ShardError::io("read", &path))?;
    Ok(String::from_utf8_lossy(&start).into_owned())
}

/// Every subject stands with its digest, and every file below the subject folders is a subject.
pub(crate) fn check_subjects(
    folder: &Folder,
    statement: &Statement,
    digests: &BTreeMap<String, FileDigest>,
    problems: &mut Problems,
) {
    let mut names = BTreeSet::new();
    for subject in &statement.subject {
        let name = subject.name.as_str();
        if !names.insert(name) {
            problems.push(Problem::new(RUN, Check::Name, format!("subject {name:?}"), "once", "twice"));
        } else if !stays_inside(name) || !is_subject_name(name) {
            let expected = "a relative name below one of the folders of outputs";
            problems.push(Problem::new(RUN, Check::Name, "subject", expected, format!("{name:?}")));
        } else if !folder.has(name) {
            problems.push(Problem::new(name, Check::Missing, "file", subject.digest.sha256.as_str(), "none"));
        } else if let Some(got) = digests.get(name).filter(|got| got.sha256 != subject.digest.sha256) {
            problems.push(Problem::new(name, Check::Digest, "sha256", &subject.digest.sha256, &got.sha256));
        }
    }
    for name in folder.subject_files().filter(|name| !names.contains(name)) {
        problems.push(Problem::new(name, Check::Unlisted, "file", "a subject of manifest/run.json", "none"));
    }
    for name in LEDGER_FILES.into_iter().filter(|name| !names.contains(name)) {
        problems.push(Problem::new(RUN, Check::Missing, format!("subject {name:?}"), "the run's ledger", "none"));
    }
}

/// `report.json`, the totals of the run's manifest and the report that follows from the shards are one and the same.
pub(crate) fn check_report(folder: &Folder, statement: &Statement, computed: Option<&Report>, problems: &mut Problems) {
    let records = &statement.totals.records;
    if records.read != records.kept + records.dropped + records.quarantined {
        let got = format!("{} + {} + {}", records.kept, records.dropped, records.quarantined);
        problems.push(Problem::new(
            RUN,
            Check::Conservation,
            "rows in total, kept + dropped + quarantined",
            records.read,
            got,
        ));
    }
    compare(RUN, "totals", computed, &statement.totals, problems);
    if let Some(report) = read_json::<Report>(folder, REPORT, problems) {
        compare(REPORT, "report", computed.or(Some(&statement.totals)), &report, problems);
    }
}

fn compare(file: &str, what: &str, expected: Option<&Report>, got: &Report, problems: &mut Problems) {
    let (Some(serde_json::Value::Object(expected)), serde_json::Value::Object(got)) =
        (expected.map(as_written), as_written(got))
    else {
        return;
    };
    for (key, expected) in &expected {
        if got.get(key) != Some(expected) {
            let got = got.get(key).map(ToString::to_string).unwrap_or_default();
            problems.push(Problem::new(file, Check::Report, format!("{what}.{key}"), expected, got));
        }
    }
}

/// The report as it reads from a file: numbers pass through their text, as those of a file did.
fn as_written(report: &Report) -> serde_json::Value {
    let text = serde_json::to_string(report).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
