//! A run from beginning to end, and its passes one by one, over the same output folder.

use std::collections::HashSet;

use tamis_rules::Ledger;
use tamis_shard::ShardStatus;

use crate::budget::Budget;
use crate::emit::EmitPass;
use crate::judge::{judge, manifests, standing_ledger};
use crate::preflight::{absent_columns, preflight};
use crate::seal::{break_seal, seal};
use crate::tag::TagPass;
use crate::{Observer, Pass, PipelineError, Report, RunPlan, folder, schedule};

/// Which passes are to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// All three.
    All,
    /// Tags only.
    Tag,
    /// The ledger from the tags that stand.
    Judge,
    /// The filtered shards from the tags and the ledger that stand.
    Emit,
}

/// Carries out a plan. Shards that stand already, made of the same by the same, are not done again.
///
/// Returns the report where the folder holds a finished run afterwards ([`Passes::All`] and [`Passes::Emit`]).
///
/// # Errors
/// [`PipelineError::Usage`] where the output folder is in use or holds another run, or where no shard has a mapped
/// text column; [`PipelineError::FailFast`]; or what the system refused.
pub fn run(plan: &RunPlan, passes: Passes, observer: &dyn Observer) -> Result<Option<Report>, PipelineError> {
    let started_at = chrono::Utc::now();
    let previews = preflight(plan)?;
    for name in absent_columns(plan, &previews) {
        observer.notice(&format!("no shard shows the mapped column {name:?}; it is null for every record"));
    }
    // Looked at before the lock is taken too: a folder that is refused is left as it was.
    folder::check(plan, passes)?;
    let _lock = plan.output.lock().map_err(PipelineError::start)?;
    let state = folder::check(plan, passes)?;
    break_seal(&plan.output).map_err(PipelineError::start)?;
    folder::accept(plan, passes, state.as_ref(), observer).map_err(PipelineError::start)?;
    folder::clear_temporaries(&plan.output)?;
    folder::forget_vanished(plan, observer)?;
    let policy_changed = state.is_some_and(|state| state.configuration.judge != plan.configuration().judge);
    match passes {
        Passes::Tag => {
            tag(plan, observer)?;
            Ok(None)
        }
        Passes::Judge => {
            judge(plan, policy_changed, observer)?;
            Ok(None)
        }
        Passes::Emit => {
            let ledger = standing_ledger(plan, &manifests(plan))?;
            let ledger = emit_all(plan, ledger, observer)?;
            seal(plan, &ledger, started_at).map(Some)
        }
        Passes::All => {
            tag(plan, observer)?;
            let ledger = judge(plan, policy_changed, observer)?;
            let ledger = emit_all(plan, ledger, observer)?;
            seal(plan, &ledger, started_at).map(Some)
        }
    }
}

fn tag(plan: &RunPlan, observer: &dyn Observer) -> Result<(), PipelineError> {
    start(plan, observer, Pass::Tag);
    schedule::run(&TagPass::new(plan, observer), &largest_first(plan), plan.machine.threads)?;
    observer.pass_finished(Pass::Tag);
    Ok(())
}

/// Emits until no shard is set aside any more: one that turns out to be unreadable takes its rows out of the ledger,
/// and the sources are judged again without them.
fn emit_all(plan: &RunPlan, mut ledger: Ledger, observer: &dyn Observer) -> Result<Ledger, PipelineError> {
    loop {
        let before = set_aside_count(plan);
        let rejected: HashSet<String> = ledger.rejected().map(|entry| entry.source.clone()).collect();
        let budget = Budget::new(plan.machine.memory);
        start(plan, observer, Pass::Emit);
        let pass = EmitPass::new(plan, observer, rejected, &budget);
        schedule::run(&pass, &largest_first(plan), plan.machine.threads)?;
        observer.pass_finished(Pass::Emit);
        if set_aside_count(plan) == before {
            return Ok(ledger);
        }
        ledger = judge(plan, false, observer)?;
    }
}

fn set_aside_count(plan: &RunPlan) -> usize {
    manifests(plan).values().filter(|manifest| manifest.status == ShardStatus::Quarantined).count()
}

fn start(plan: &RunPlan, observer: &dyn Observer, pass: Pass) {
    let bytes = plan.input.shards.iter().map(|shard| shard.bytes).sum();
    observer.pass_started(pass, plan.input.shards.len(), bytes);
}

/// Large shards first, so that no thread is left alone with one at the end.
fn largest_first(plan: &RunPlan) -> Vec<usize> {
    let mut order: Vec<usize> = (0..plan.input.shards.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(plan.input.shards[*index].bytes));
    order
}
