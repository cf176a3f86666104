//! The closing table of a run.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use tamis_pipeline::{Report, RunPlan};
use tamis_rules::Taxonomy;

use crate::numbers::{bytes, count, path, percent, plural};

const HEAD: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();

/// Lines of a list beyond which the rest is only counted.
const MOST_LINES: usize = 20;

/// How long the run took, and on how many threads.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Wall time in seconds.
    pub seconds: f64,
    /// Worker threads.
    pub threads: usize,
}

/// The table, with colours that the stream strips where there is no terminal.
pub fn summary(plan: &RunPlan, report: &Report, timing: Timing) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "\n{HEAD}{}{HEAD:#} → {}", plan.pipeline, path(plan.output.root()));
    records(&mut out, report);
    reasons(&mut out, report, plan.taxonomy());
    risks(&mut out, report);
    personal(&mut out, report);
    sources(&mut out, report);
    shards(&mut out, report);
    let rate = bytes((report.text_bytes as f64 / timing.seconds.max(1e-3)) as u64);
    let _ = writeln!(
        out,
        "\n{DIM}{} of text in {:.1} s on {} threads, {rate}/s; everything is named by digest in manifest/run.json{DIM:#}",
        bytes(report.text_bytes),
        timing.seconds,
        timing.threads
    );
    out
}

fn records(out: &mut String, report: &Report) {
    let rows = &report.records;
    let _ = writeln!(out, "\n{HEAD}records{HEAD:#}   {:>12} in", count(rows.read));
    for (style, name, number) in
        [(GOOD, "kept", rows.kept), (BAD, "dropped", rows.dropped), (BAD, "quarantined", rows.quarantined)]
    {
        let _ = writeln!(
            out,
            "          {:>12} {style}{name:<12}{style:#} {:>7}",
            count(number),
            percent(number, rows.read)
        );
    }
    redactions(out, report);
    if rows.blank_lines > 0 {
        let lines = if rows.blank_lines == 1 { "blank line, no record" } else { "blank lines, no records" };
        let _ = writeln!(out, "          {DIM}{:>12} {lines}{DIM:#}", count(rows.blank_lines));
    }
}

fn redactions(out: &mut String, report: &Report) {
    let redacted = &report.redactions;
    if redacted.spans == 0 {
        return;
    }
    let kinds: Vec<String> = redacted.kinds.iter().map(|(kind, number)| format!("{} {kind}", count(*number))).collect();
    let spans = if redacted.spans == 1 { "span" } else { "spans" };
    let _ = writeln!(
        out,
        "{HEAD}redacted{HEAD:#}  {:>12} {spans} in {} {DIM}{}{DIM:#}",
        count(redacted.spans),
        plural(redacted.records, "record"),
        kinds.join(", ")
    );
}

fn reasons(out: &mut String, report: &Report, taxonomy: &Taxonomy) {
    if report.reasons.is_empty() {
        return;
    }
    let mut reasons: Vec<(&String, &u64)> = report.reasons.iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let _ = writeln!(out, "\n{HEAD}why{HEAD:#}");
    for (reason, number) in reasons.iter().take(MOST_LINES) {
        let title = reason.split_once(':').and_then(|(_, code)| taxonomy.risk_id(code));
        let title = title.and_then(|id| taxonomy.risks().get(id.index())).map_or("", |risk| &risk.title);
        let _ = writeln!(out, "          {:>12} {reason:<18} {DIM}{title}{DIM:#}", count(**number));
    }
    more(out, reasons.len());
}

fn risks(out: &mut String, report: &Report) {
    if report.risks.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{HEAD}risks{HEAD:#}     {DIM}records that have them, dropped or not{DIM:#}");
    for risk in &report.risks {
        let _ = writeln!(out, "          {:>12} {:<5} {}", count(risk.records), risk.code, risk.title);
    }
}

fn personal(out: &mut String, report: &Report) {
    if report.pii.is_empty() {
        return;
    }
    let _ =
        writeln!(out, "\n{HEAD}pii{HEAD:#}       {DIM}records that carry personal information, dropped or not{DIM:#}");
    let mut kinds: Vec<(&String, &u64)> = report.pii.iter().collect();
    kinds.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    for (kind, number) in kinds {
        let _ = writeln!(out, "          {:>12} {kind}", count(*number));
    }
}

fn sources(out: &mut String, report: &Report) {
    let rejected = report.rejected_sources.len();
    let _ = writeln!(
        out,
        "\n{HEAD}sources{HEAD:#}   {:>12} seen, {} rejected: more than {} % of their records are unqualified",
        count(report.sources),
        count(rejected as u64),
        report.source_limit_percent
    );
    if rejected > 0 {
        let _ = writeln!(
            out,
            "          {DIM}{:>12} {:>10} {:>8}  {:<15} source{DIM:#}",
            "unqualified", "examined", "rate", "95 % interval"
        );
    }
    for source in report.rejected_sources.iter().take(MOST_LINES) {
        let share = |rate: Option<f64>| rate.map_or_else(|| "–".into(), |rate| format!("{:.1}", rate * 100.0));
        let interval = format!("{} – {} %", share(source.low), share(source.high));
        let name = if source.source.is_empty() { "(no name)" } else { &source.source };
        let _ = writeln!(
            out,
            "          {BAD}{:>12}{BAD:#} {:>10} {:>6} %  {interval:<15} {name}",
            count(source.unqualified),
            count(source.examined),
            share(source.rate)
        );
    }
    more(out, rejected);
    accuracy(out, report);
    for line in &report.what_if {
        let _ = writeln!(
            out,
            "          at {} % the rule would reject {} {} with {} records",
            line.source_limit_percent,
            count(line.rejected_sources),
            if line.rejected_sources == 1 { "source" } else { "sources" },
            count(line.records)
        );
    }
}

/// What is known of the detectors' errors, and what it does to the sources.
fn accuracy(out: &mut String, report: &Report) {
    let Some(accuracy) = &report.accuracy else { return };
    let under = report.rejected_sources.iter().filter(|source| source.under_floor).count() as u64;
    let _ = writeln!(
        out,
        "          {DIM}the detectors find {:.0} % of such records and flag {:.2} % of clean ones; ledger/sources.csv has the \
         corrected rates{DIM:#}",
        100.0 * accuracy.sensitivity,
        100.0 * (1.0 - accuracy.specificity)
    );
    for (number, what) in [
        (accuracy.sources_under_floor, "show no more than false alarms would"),
        (under, "are rejected all the same: judge them by a sample of their records"),
        (accuracy.accepted_over_limit_corrected, "are accepted, and over the limit once corrected for what is missed"),
        (accuracy.rejected_under_limit_corrected, "are rejected, and under it once corrected for false alarms"),
    ] {
        if number > 0 {
            let _ = writeln!(out, "          {:>12} {what}", count(number));
        }
    }
}

fn shards(out: &mut String, report: &Report) {
    let aside = report.shards_set_aside.len();
    let _ = writeln!(
        out,
        "\n{HEAD}shards{HEAD:#}    {:>12} in, {} set aside whole; {} other files skipped",
        count(report.shards),
        count(aside as u64),
        count(report.skipped_files)
    );
    for shard in report.shards_set_aside.iter().take(MOST_LINES) {
        let _ = writeln!(
            out,
            "          {BAD}{}{BAD:#}: {} ({} rows read)",
            shard.path,
            shard.reason,
            count(shard.rows_read)
        );
    }
    more(out, aside);
}

fn more(out: &mut String, all: usize) {
    if all > MOST_LINES {
        let _ = writeln!(
            out,
            "          {DIM}and {} more; report.json has them all{DIM:#}",
            count((all - MOST_LINES) as u64)
        );
    }
}
