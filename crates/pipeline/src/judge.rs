//! The judge pass: tags become tallies, tallies a ledger. Small and mergeable; clause 4.1.1 b.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tamis_rules::{Ledger, Policy, Tally, decide};
use tamis_shard::table::{Tagged, TagsReader, read_ledger, write_ledger};
use tamis_shard::{Artefact, LEDGER_FILES, OutputDir, RunState, ShardError, ShardManifest, ShardStatus, fingerprint};

use crate::{Observer, Pass, PipelineError, RunPlan};

/// Manifests of the plan's shards, by `<path>`; a shard without one is not there.
pub(crate) fn manifests(plan: &RunPlan) -> BTreeMap<String, ShardManifest> {
    let read = |path: &String| ShardManifest::read(&plan.output, path).map(|manifest| (path.clone(), manifest));
    plan.input.shards.iter().filter_map(|shard| read(&shard.path)).collect()
}

/// What the ledger is made of.
pub(crate) fn judged_fingerprint(plan: &RunPlan, manifests: &BTreeMap<String, ShardManifest>) -> String {
    fingerprint::judged(&plan.policy.canonical(), manifests.values())
}

/// Judges every source and writes the ledger, unless the one that stands was made of the same.
pub(crate) fn judge(plan: &RunPlan, observer: &dyn Observer) -> Result<Ledger, PipelineError> {
    let manifests = manifests(plan);
    require_tags(plan, &manifests)?;
    observer.pass_started(Pass::Judge, manifests.len(), 0);
    if let Ok(ledger) = standing_ledger(plan) {
        observer.pass_finished(Pass::Judge);
        return Ok(ledger);
    }
    let tagged: Vec<&str> = manifests
        .values()
        .filter(|manifest| manifest.status != ShardStatus::Quarantined)
        .map(|manifest| manifest.path.as_str())
        .collect();
    let ledger = Ledger::judge(&tally(plan, observer, &tagged)?, &plan.policy);
    let [parquet, csv] = LEDGER_FILES.map(|name| plan.output.at(name));
    let mut state = RunState::new(plan.configuration());
    let staged = write_ledger(&parquet, &csv, &ledger, plan.taxonomy())?;
    for (name, staged) in LEDGER_FILES.into_iter().zip(staged) {
        state.ledger.insert(name.to_string(), staged.place()?);
    }
    state.judged = Some(judged_fingerprint(plan, &manifests));
    state.write(&plan.output)?;
    observer.pass_finished(Pass::Judge);
    Ok(ledger)
}

/// The ledger on disk, which must be the one of the tags and the policy at hand.
pub(crate) fn standing_ledger(plan: &RunPlan) -> Result<Ledger, PipelineError> {
    let fingerprint = judged_fingerprint(plan, &manifests(plan));
    let state = RunState::read(&plan.output)?;
    let stands = state.is_some_and(|it| it.judged == Some(fingerprint) && it.ledger_stands(&plan.output));
    if !stands {
        let message = format!(
            "output folder {}: its ledger was not made of these tags by this policy, or was changed; run `tamis judge` first",
            plan.output.root().display()
        );
        return Err(PipelineError::Usage(message));
    }
    let entries = read_ledger(&plan.output.at(LEDGER_FILES[0]), plan.taxonomy())?;
    Ok(Ledger::from_entries(entries)?)
}

/// Every shard must have been tagged by this configuration, or set aside.
fn require_tags(plan: &RunPlan, manifests: &BTreeMap<String, ShardManifest>) -> Result<(), PipelineError> {
    match plan.input.shards.iter().find(|shard| !manifests.contains_key(&shard.path)) {
        None => Ok(()),
        Some(shard) => Err(PipelineError::Usage(format!(
            "shard {} has no tags in {}; run `tamis tag` (or `tamis run`) first",
            shard.path,
            plan.output.root().display()
        ))),
    }
}

fn tally(plan: &RunPlan, observer: &dyn Observer, shards: &[&str]) -> Result<Tally, PipelineError> {
    let next = AtomicUsize::new(0);
    let total = Mutex::new(Ok(Tally::default()));
    let worker = || {
        let mut own = Tally::default();
        while let Some(path) = shards.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = add_shard(&plan.output, &plan.policy, path, observer, &mut own) {
                *total.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
                return;
            }
        }
        if let Ok(total) = &mut *total.lock().unwrap_or_else(PoisonError::into_inner) {
            total.merge(own);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..plan.machine.threads {
            scope.spawn(worker);
        }
        worker();
    });
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner)?)
}

fn add_shard(
    output: &OutputDir,
    policy: &Policy,
    path: &str,
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<(), ShardError> {
    let taxonomy = std::sync::Arc::clone(policy.taxonomy());
    let mut tags = TagsReader::open(&output.artefact(Artefact::Tags, path), taxonomy)?;
    let mut rows = 0;
    while let Some(row) = tags.next_row()? {
        let decision = decide(&Tagged::new(&row).tags(), policy);
        tally.record(&row.source, row.quarantine.is_none(), decision.risks, policy.counted());
        rows += 1;
    }
    observer.rows_done(Pass::Judge, rows, 0);
    Ok(())
}
