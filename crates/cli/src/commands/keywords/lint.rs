//! `tamis keywords lint`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tamis_detect::{KeywordLibrary, LintIssue, Severity, lint, one_slot_shares};
use tamis_pipeline::PipelineError;
use tamis_rules::Taxonomy;

use super::{Failure, day, load, print, print_json};
use crate::arguments::LibraryArguments;
use crate::numbers::{count, percent};

/// Checks a library; 1 where it falls short.
pub fn lint_library(arguments: &LibraryArguments, as_of: Option<&str>) -> Result<u8, Failure> {
    let as_of = day("--as-of", as_of)?;
    let (library, taxonomy) = load(arguments)?;
    let issues = lint(&library, &taxonomy, as_of).map_err(PipelineError::from)?;
    let failed = issues.iter().any(|issue| issue.severity == Severity::Error);
    if arguments.json {
        print_json(&lint_json(&library, &taxonomy, &issues))?;
    } else {
        print(&lint_text(&library, &taxonomy, &issues))?;
    }
    Ok(u8::from(failed))
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn lint_text(library: &KeywordLibrary, taxonomy: &Taxonomy, issues: &[LintIssue]) -> String {
    let mut out = String::new();
    let mut by_rule: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for issue in issues {
        let _ = writeln!(out, "{}: {} [{}] {}", issue.origin, name(issue.severity), issue.rule, issue.message);
        *by_rule.entry((name(issue.severity), issue.rule)).or_default() += 1;
    }
    let entries = count(library.entries().len() as u64);
    let _ = writeln!(out, "{} {}: {entries} entries, updated {}", library.name(), library.version(), library.updated());
    for ((severity, rule), issues) in by_rule {
        let _ = writeln!(out, "  {issues:>6} {severity:<8} {rule}");
    }
    if issues.is_empty() {
        out.push_str("  no issues\n");
    }
    let most = one_slot_shares(library, taxonomy).into_iter().max_by_key(|share| share.apart * 1000 / share.entries);
    if let Some(share) = most {
        let percent = percent(share.apart as u64, share.entries as u64);
        let _ = writeln!(out, "  most entries that differ from another in one slot only: {percent} of {}", share.risk);
    }
    out
}

fn lint_json(library: &KeywordLibrary, taxonomy: &Taxonomy, issues: &[LintIssue]) -> serde_json::Value {
    let issues = issues.iter().map(|issue| {
        serde_json::json!({
            "severity": name(issue.severity), "rule": issue.rule, "origin": issue.origin.to_string(), "message": issue.message,
        })
    });
    let shares = one_slot_shares(library, taxonomy).into_iter().map(
        |share| serde_json::json!({ "risk": share.risk, "entries": share.entries, "one_slot_apart": share.apart }),
    );
    serde_json::json!({
        "library": library.name(), "version": library.version(), "updated": library.updated().to_string(),
        "digest": library.digest(), "entries": library.entries().len(), "issues": issues.collect::<Vec<_>>(),
        "one_slot": shares.collect::<Vec<_>>(),
    })
}
