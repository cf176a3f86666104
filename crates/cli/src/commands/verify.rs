//! `tamis verify`.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use tamis_audit::{AuditError, Verification, VerifyOptions, verify as verify_folder};

use super::{Failure, print, print_json};
use crate::arguments::VerifyArguments;
use crate::numbers::{bytes, count, path};

const HEAD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// Exit code of a run that does not verify.
const GATE_FAILED: u8 = 1;

/// Verifies the run in a folder; exit code 1 where something is wrong with it.
pub fn verify(arguments: &VerifyArguments, quiet: bool) -> Result<u8, Failure> {
    let verification = verify_folder(&arguments.folder, &VerifyOptions::default())?;
    if arguments.json {
        print_json(&json(&verification))?;
    } else if !verification.is_ok() {
        print(&problems(&verification))?;
    } else if !quiet {
        print(&table(arguments, &verification))?;
    }
    Ok(if verification.is_ok() { 0 } else { GATE_FAILED })
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        let code = match error {
            AuditError::NoFolder { .. } | AuditError::NoRun { .. } => 2,
            AuditError::Io { .. } => 4,
        };
        Self { code, error: error.into() }
    }
}

fn problems(verification: &Verification) -> String {
    let mut out = String::new();
    let listed = &verification.problems;
    for (index, problem) in listed.iter().enumerate() {
        let _ = writeln!(out, "{BAD}problem{BAD:#}: {problem}");
        let next = listed.get(index + 1).is_some_and(|it| (&it.file, it.check) == (&problem.file, problem.check));
        let more = verification.not_listed.iter().find(|it| (&it.file, it.check) == (&problem.file, problem.check));
        if let Some(more) = more.filter(|_| !next) {
            let (file, check) = (&more.file, more.check.name());
            let _ = writeln!(out, "{BAD}problem{BAD:#}: {file}: and {} more of the kind {check}", count(more.count));
        }
    }
    let noun = if verification.count() == 1 { "problem" } else { "problems" };
    let _ = writeln!(out, "{} {noun}", count(verification.count()));
    out
}

fn table(arguments: &VerifyArguments, verification: &Verification) -> String {
    let checked = &verification.checked;
    let records = &checked.records;
    let mut out = format!("{HEAD}{}{HEAD:#}: {GOOD}verified{GOOD:#}\n\n", path(&arguments.folder));
    let lines = [
        ("files", checked.files, format!("{} by their digests, none missing, none unlisted", bytes(checked.bytes))),
        ("shards", checked.shards, format!("{} set aside whole", count(checked.shards_set_aside))),
        (
            "records",
            records.read,
            format!(
                "{} kept, {} dropped, {} quarantined, as their tags and the policy say",
                count(records.kept),
                count(records.dropped),
                count(records.quarantined)
            ),
        ),
        (
            "sources",
            checked.sources,
            format!("{} over the limit, none of their records kept", count(checked.rejected_sources)),
        ),
    ];
    for (name, number, more) in lines {
        let _ = writeln!(out, "{HEAD}{name:<10}{HEAD:#}{:>12}   {more}", count(number));
    }
    let _ = writeln!(out, "{HEAD}root hash{HEAD:#}   {}", checked.root.as_deref().unwrap_or_default());
    out
}

fn json(verification: &Verification) -> serde_json::Value {
    serde_json::json!({
        "ok": verification.is_ok(),
        "count": verification.count(),
        "problems": verification.problems,
        "not_listed": verification.not_listed,
        "checked": verification.checked,
    })
}
