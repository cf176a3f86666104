//! `tamis run`, and its passes `tag`, `judge` and `emit`.

use std::fmt::Write as _;
use std::time::Instant;

use tamis_pipeline::{Overrides, Passes, RunPlan, ShardPreview, preflight, run as run_plan};

use tamis_shard::nearest_names;

use super::{Failure, print, print_json};
use crate::arguments::RunArguments;
use crate::numbers::{bytes, count, path};
use crate::progress::Progress;
use crate::summary::{Timing, summary};

/// Exit code of a run that finished without some shards.
const SHARDS_SET_ASIDE: u8 = 3;

/// Carries out a pipeline, or one pass of it.
pub fn run(arguments: &RunArguments, passes: Passes, quiet: bool) -> Result<u8, Failure> {
    let started = Instant::now();
    let plan = RunPlan::resolve(&arguments.pipeline, &overrides(arguments))?;
    if arguments.dry_run {
        let previews = preflight(&plan)?;
        return if arguments.json {
            print_json(&dry_run_json(&plan, &previews))
        } else {
            print(&dry_run(&plan, &previews))
        }
        .map(|()| 0);
    }
    let progress = Progress::new(quiet);
    let report = run_plan(&plan, passes, &progress)?;
    let aside = progress.set_aside();
    drop(progress);
    if let Some(report) = report {
        if arguments.json {
            print_json(&report)?;
        } else if !quiet {
            let timing = Timing { seconds: started.elapsed().as_secs_f64(), threads: plan.machine.threads };
            print(&summary(&plan, &report, timing))?;
        }
        return Ok(if report.shards_set_aside.is_empty() { 0 } else { SHARDS_SET_ASIDE });
    }
    Ok(if aside == 0 { 0 } else { SHARDS_SET_ASIDE })
}

fn overrides(arguments: &RunArguments) -> Overrides {
    let mut settings = arguments.set.clone();
    let flags = [
        ("run.threads", arguments.threads.map(|it| it.to_string())),
        ("run.memory", arguments.memory.as_ref().map(|it| format!("{it:?}"))),
        ("run.limit", arguments.limit.map(|it| it.to_string())),
        ("run.fail_fast", arguments.fail_fast.then(|| "true".to_string())),
    ];
    settings.extend(flags.into_iter().filter_map(|(key, value)| value.map(|value| format!("{key}={value}"))));
    Overrides { input: arguments.input.clone(), output: arguments.output.clone(), settings }
}

fn dry_run(plan: &RunPlan, previews: &[ShardPreview]) -> String {
    let mut out = format!("{} → {} (nothing is written)\n\n", plan.pipeline, path(plan.output.root()));
    for asset in &plan.assets {
        let _ = writeln!(out, "  {:<10} {}  {}", asset.detector, asset.name, &asset.digest[..16]);
    }
    let columns = plan.columns.text.join(", ");
    let text = plan.columns.text.first().map_or("", String::as_str);
    let _ = writeln!(out, "  {:<10} {} {}", "taxonomy", plan.taxonomy().name(), plan.taxonomy().version());
    let _ = writeln!(
        out,
        "  {:<10} more than {} % of {} codes",
        "source rule",
        plan.policy.source_limit(),
        plan.policy.counted().len()
    );
    let _ = writeln!(out, "  {:<10} text = {columns}\n", "columns");
    for shard in previews {
        let rows = shard.rows.map_or_else(|| "?".to_string(), count);
        let _ = writeln!(
            out,
            "  {:<40} {:>10} {:>12} rows  {}",
            shard.path,
            bytes(shard.bytes),
            rows,
            nearest_names(text, shard.columns.iter().map(String::as_str))
        );
        if let Some(trouble) = &shard.trouble {
            let _ = writeln!(out, "      will be set aside: {trouble}");
        }
    }
    let stored = previews.iter().map(|shard| shard.bytes).sum();
    let _ =
        writeln!(out, "\n  {} shards, {}; {} files skipped", previews.len(), bytes(stored), plan.input.skipped.total());
    out
}

fn dry_run_json(plan: &RunPlan, previews: &[ShardPreview]) -> serde_json::Value {
    serde_json::json!({
        "pipeline": plan.pipeline,
        "output": plan.output.root(),
        "columns": plan.columns,
        "limits": plan.limits,
        "assets": plan.assets,
        "fingerprints": plan.configuration(),
        "shards": previews,
        "skipped_files": plan.input.skipped.total(),
    })
}
