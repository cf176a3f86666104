//! `tamis keywords`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tamis_detect::{Date, KeywordLibrary, LibraryStats, LintIssue, Severity, lint};
use tamis_pipeline::{PipelineError, assets};
use tamis_rules::{Level, Taxonomy};

use super::{Failure, print, print_json};
use crate::arguments::{KeywordsCommand, LibraryArguments};
use crate::numbers::count;

/// Checks or counts a library.
pub fn keywords(command: &KeywordsCommand) -> Result<u8, Failure> {
    match command {
        KeywordsCommand::Lint { library, as_of } => lint_library(library, as_of.as_deref()),
        KeywordsCommand::Stats { library } => stats(library),
    }
}

fn load(arguments: &LibraryArguments) -> Result<(KeywordLibrary, std::sync::Arc<Taxonomy>), Failure> {
    let taxonomy = assets::taxonomy(&arguments.taxonomy)?;
    let library = assets::keyword_library(&arguments.library, &taxonomy)?;
    Ok((library, taxonomy))
}

fn lint_library(arguments: &LibraryArguments, as_of: Option<&str>) -> Result<u8, Failure> {
    let as_of = match as_of {
        Some(text) => {
            Date::parse(text).ok_or_else(|| Failure::usage(format!("--as-of {text}: expected YYYY-MM-DD")))?
        }
        None => today()?,
    };
    let (library, taxonomy) = load(arguments)?;
    let issues = lint(&library, &taxonomy, as_of).map_err(PipelineError::from)?;
    let failed = issues.iter().any(|issue| issue.severity == Severity::Error);
    if arguments.json {
        print_json(&lint_json(&library, &issues))?;
    } else {
        print(&lint_text(&library, &issues))?;
    }
    Ok(u8::from(failed))
}

fn today() -> Result<Date, Failure> {
    let text = chrono::Utc::now().date_naive().to_string();
    Date::parse(&text).ok_or_else(|| Failure::usage("the clock tells no date; give --as-of"))
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn lint_text(library: &KeywordLibrary, issues: &[LintIssue]) -> String {
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
    out
}

fn lint_json(library: &KeywordLibrary, issues: &[LintIssue]) -> serde_json::Value {
    let issues = issues.iter().map(|issue| {
        serde_json::json!({
            "severity": name(issue.severity), "rule": issue.rule, "origin": issue.origin.to_string(), "message": issue.message,
        })
    });
    serde_json::json!({
        "library": library.name(), "version": library.version(), "updated": library.updated().to_string(),
        "digest": library.digest(), "entries": library.entries().len(), "issues": issues.collect::<Vec<_>>(),
    })
}

fn stats(arguments: &LibraryArguments) -> Result<u8, Failure> {
    let (library, taxonomy) = load(arguments)?;
    let stats = library.stats(&taxonomy);
    if arguments.json {
        print_json(&stats_json(&library, &stats))?;
    } else {
        print(&stats_text(&library, &stats))?;
    }
    Ok(0)
}

fn stats_text(library: &KeywordLibrary, stats: &LibraryStats) -> String {
    let mut languages: Vec<&str> = stats.rows.iter().map(|row| row.lang.name()).collect();
    languages.sort();
    languages.dedup();
    let mut out = format!("{} {} (digest {})\n\n", library.name(), library.version(), &library.digest()[..16]);
    let _ = write!(out, "  {:<6}{:>9}", "risk", "entries");
    languages.iter().for_each(|lang| {
        let _ = write!(out, "{lang:>9}");
    });
    let _ = writeln!(out, "{:>10}{:>10}", "enforce", "advisory");
    let risks = stats.per_risk.iter().filter(|(_, entries)| *entries > 0);
    for (risk, entries) in risks {
        let sum = |wanted: &dyn Fn(&tamis_detect::StatsRow) -> bool| -> u64 {
            stats.rows.iter().filter(|row| row.risk == *risk && wanted(row)).map(|row| row.entries).sum()
        };
        let _ = write!(out, "  {risk:<6}{:>9}", count(*entries));
        for lang in &languages {
            let _ = write!(out, "{:>9}", count(sum(&|row| row.lang.name() == *lang)));
        }
        let enforce = sum(&|row| row.level == Level::Enforce);
        let _ = writeln!(out, "{:>10}{:>10}", count(enforce), count(entries - enforce));
    }
    let _ = writeln!(out, "  {:<6}{:>9}", "all", count(stats.total));
    out
}

fn stats_json(library: &KeywordLibrary, stats: &LibraryStats) -> serde_json::Value {
    let rows = stats.rows.iter().map(|row| {
        serde_json::json!({
            "risk": row.risk, "lang": row.lang.name(), "level": row.level.name(), "match": row.kind.name(),
            "entries": row.entries,
        })
    });
    serde_json::json!({
        "library": library.name(), "version": library.version(), "digest": library.digest(),
        "total": stats.total, "rows": rows.collect::<Vec<_>>(),
    })
}
