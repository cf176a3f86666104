//! `tamis keywords stats`.

use std::fmt::Write as _;

use tamis_detect::{KeywordLibrary, LibraryStats};
use tamis_rules::Level;

use super::{Failure, load, print, print_json};
use crate::arguments::LibraryArguments;
use crate::numbers::count;

/// Counts a library's entries.
pub fn stats(arguments: &LibraryArguments) -> Result<u8, Failure> {
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
