//! The judge pass: tags become tallies, tallies a ledger. Small and mergeable; clause 4.1.1 b.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tamis_rules::{Ledger, LedgerEntry, Policy, Tally, decide};
use tamis_shard::table::{Tagged, TagsReader, read_ledger, write_ledger};
use tamis_shard::{
    Artefact, InputShard, LEDGER_FILES, OutputDir, RunState, ShardError, ShardManifest, ShardStatus, fingerprint,
};

use crate::shards::tag_fingerprint;
use crate::{LedgerNews, Observer, Pass, PipelineError, RunPlan};

/// Manifests of the plan's shards, by `<path>`; a shard without one is not there.
pub(crate) fn manifests(plan: &RunPlan) -> BTreeMap<String, ShardManifest> {
    let read = |path: &String| ShardManifest::read(&plan.output, path).map(|manifest| (path.clone(), manifest));
    plan.input.shards.iter().filter_map(|shard| read(&shard.path)).collect()
}

/// What the ledger is made of.
pub(crate) fn judged_fingerprint(plan: &RunPlan, manifests: &BTreeMap<String, ShardManifest>) -> String {
    fingerprint::judged(&plan.policy.canonical(), manifests.values())
}

/// Judges every source and writes the ledger, unless the one that stands was made of the same. `policy_changed` tells
/// whether the folder was under another policy before.
pub(crate) fn judge(plan: &RunPlan, policy_changed: bool, observer: &dyn Observer) -> Result<Ledger, PipelineError> {
    let manifests = manifests(plan);
    require_tags(plan, &manifests)?;
    observer.pass_started(Pass::Judge, manifests.len(), 0);
    if let Ok(ledger) = standing_ledger(plan, &manifests) {
        observer.ledger_done(&LedgerNews::Stood);
        observer.pass_finished(Pass::Judge);
        return Ok(ledger);
    }
    let tagged: Vec<&ShardManifest> =
        manifests.values().filter(|manifest| manifest.status != ShardStatus::Quarantined).collect();
    let ledger = Ledger::judge(&tally(plan, observer, &tagged)?, &plan.policy);
    let news = news(plan, policy_changed, &ledger)?;
    place_ledger(plan, &ledger, judged_fingerprint(plan, &manifests))?;
    observer.ledger_done(&news);
    observer.pass_finished(Pass::Judge);
    Ok(ledger)
}

/// Writes the ledger's files, and last what they were made of. While they are replaced, the state names no ledger.
fn place_ledger(plan: &RunPlan, ledger: &Ledger, judged: String) -> Result<(), ShardError> {
    let [parquet, csv] = LEDGER_FILES.map(|name| plan.output.at(name));
    let staged = write_ledger(&parquet, &csv, ledger, plan.taxonomy())?;
    let mut state = RunState::new(plan.configuration());
    if RunState::read(&plan.output)?.is_some_and(|standing| standing.judged.is_some()) {
        state.write(&plan.output)?;
    }
    for (name, staged) in LEDGER_FILES.into_iter().zip(staged) {
        state.ledger.insert(name.to_string(), staged.place()?);
    }
    state.judged = Some(judged);
    state.write(&plan.output)
}

/// What the new ledger changes, beside the one that still stands.
fn news(plan: &RunPlan, policy_changed: bool, ledger: &Ledger) -> Result<LedgerNews, ShardError> {
    let Some(state) = RunState::read(&plan.output)?.filter(|state| state.judged.is_some()) else {
        return Ok(LedgerNews::New);
    };
    let before =
        state.ledger_stands(&plan.output).then(|| read_ledger(&plan.output.at(LEDGER_FILES[0]), plan.taxonomy()));
    let changed = before.and_then(Result::ok).map(|before| {
        let before: BTreeMap<&str, _> = before.iter().map(|entry| (entry.source.as_str(), entry.verdict)).collect();
        let other = |entry: &&LedgerEntry| before.get(entry.source.as_str()).is_some_and(|it| *it != entry.verdict);
        ledger.entries().iter().filter(other).map(|entry| entry.source.clone()).collect()
    });
    Ok(LedgerNews::Remade { policy_changed, sources: ledger.entries().len() as u64, changed })
}

/// The ledger on disk, which must be the one of the tags and the policy at hand.
pub(crate) fn standing_ledger(
    plan: &RunPlan,
    manifests: &BTreeMap<String, ShardManifest>,
) -> Result<Ledger, PipelineError> {
    let fingerprint = judged_fingerprint(plan, manifests);
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

/// Every shard must have been tagged by this configuration, or set aside: tags of two configurations are never mixed.
pub(crate) fn require_tags(plan: &RunPlan, manifests: &BTreeMap<String, ShardManifest>) -> Result<(), PipelineError> {
    let configuration = plan.configuration().tag;
    let trouble = plan.input.shards.iter().find_map(|shard| {
        let trouble = match manifests.get(&shard.path) {
            None => "has no tags",
            Some(manifest) if manifest.is_retracted() => "has no tags",
            Some(manifest) if !tagged_by(&configuration, shard, manifest) => "has tags by another configuration",
            Some(_) => return None,
        };
        Some((shard, trouble))
    });
    match trouble {
        None => Ok(()),
        Some((shard, trouble)) => Err(PipelineError::Usage(format!(
            "shard {} {trouble} in {}; run `tamis tag` (or `tamis run`) first",
            shard.path,
            plan.output.root().display()
        ))),
    }
}

/// True where a shard's manifest was made by this configuration. One whose input could not even be read has no digest,
/// and says the same under any.
fn tagged_by(configuration: &str, shard: &InputShard, manifest: &ShardManifest) -> bool {
    match &manifest.input.digest {
        None => manifest.status == ShardStatus::Quarantined,
        Some(digest) => manifest.fingerprints.tag == tag_fingerprint(configuration, shard, digest),
    }
}

/// The tags that a later pass is about to read must be those that the tag pass wrote.
pub(crate) fn require_sound_tags(output: &OutputDir, manifest: &ShardManifest) -> Result<(), ShardError> {
    match manifest.damaged_output(output, &[Artefact::Tags, Artefact::Findings]) {
        None => Ok(()),
        Some(name) => Err(ShardError::Usage(format!(
            "{} is missing, or is not what its manifest says; run `tamis tag` (or `tamis run`) first",
            output.at(&name).display()
        ))),
    }
}

fn tally(plan: &RunPlan, observer: &dyn Observer, shards: &[&ShardManifest]) -> Result<Tally, PipelineError> {
    let next = AtomicUsize::new(0);
    let total = Mutex::new(Ok(Tally::default()));
    let worker = || {
        let mut own = Tally::default();
        while let Some(manifest) = shards.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = add_shard(&plan.output, &plan.policy, manifest, observer, &mut own) {
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
    manifest: &ShardManifest,
    observer: &dyn Observer,
    tally: &mut Tally,
) -> Result<(), ShardError> {
    let taxonomy = std::sync::Arc::clone(policy.taxonomy());
    require_sound_tags(output, manifest)?;
    let mut tags = TagsReader::open(&output.artefact(Artefact::Tags, &manifest.path), taxonomy)?;
    let mut rows = 0;
    while let Some(row) = tags.next_row()? {
        let decision = decide(&Tagged::new(&row, policy).tags(), policy);
        tally.record(&row.source, row.quarantine.is_none(), decision.risks, policy.counted());
        rows += 1;
    }
    observer.rows_done(Pass::Judge, rows, 0);
    Ok(())
}
