//! A run from beginning to end, and its passes one by one, over the same output folder.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use tamis_rules::Ledger;
use tamis_shard::{
    Artefact, OutputDir, RunState, ShardError, ShardManifest, ShardStatus, is_temporary, remove_if_there,
};

use crate::budget::Budget;
use crate::emit::EmitPass;
use crate::judge::{judge, manifests, standing_ledger};
use crate::preflight::{absent_columns, preflight};
use crate::seal::{break_seal, seal};
use crate::shards::remove_outputs;
use crate::tag::TagPass;
use crate::{Observer, Pass, PipelineError, Report, RunPlan, schedule};

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
    // Looked at before the lock is taken too: a folder that is not ours is left as it was.
    check_folder(plan, passes)?;
    let _lock = plan.output.lock()?;
    accept_folder(plan, passes)?;
    break_seal(&plan.output)?;
    clear_temporaries(&plan.output)?;
    forget_strangers(plan, observer)?;
    match passes {
        Passes::Tag => {
            tag(plan, observer)?;
            Ok(None)
        }
        Passes::Judge => {
            judge(plan, observer)?;
            Ok(None)
        }
        Passes::Emit => {
            let ledger = standing_ledger(plan)?;
            let ledger = emit_all(plan, ledger, observer)?;
            seal(plan, &ledger, started_at).map(Some)
        }
        Passes::All => {
            tag(plan, observer)?;
            let ledger = judge(plan, observer)?;
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
        ledger = judge(plan, observer)?;
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

/// Takes the folder for this plan. A pass called by name may replace what comes after the tags.
fn accept_folder(plan: &RunPlan, passes: Passes) -> Result<(), PipelineError> {
    let wanted = plan.configuration();
    match (check_folder(plan, passes)?, passes) {
        (None, _) => Ok(RunState::new(wanted).write(&plan.output)?),
        (Some(_), Passes::All | Passes::Tag) => Ok(()),
        (Some(state), Passes::Judge | Passes::Emit) => {
            Ok(RunState { configuration: wanted, ..state }.write(&plan.output)?)
        }
    }
}

/// The state of a folder that may be used: one that is empty, or holds this run.
fn check_folder(plan: &RunPlan, passes: Passes) -> Result<Option<RunState>, PipelineError> {
    let wanted = plan.configuration();
    let refuse = |message: &str| {
        let root = plan.output.root().display();
        Err(PipelineError::Usage(format!("output folder {root}: {message}")))
    };
    let Some(state) = RunState::read(&plan.output)? else {
        return match passes {
            _ if holds_files(plan.output.root())? => {
                refuse("it is not empty and holds no run; give another folder with -o")
            }
            Passes::Judge | Passes::Emit => refuse("it holds no run; `tamis tag` or `tamis run` comes first"),
            Passes::All | Passes::Tag => Ok(None),
        };
    };
    let standing = &state.configuration;
    if standing.tag != wanted.tag {
        return refuse(
            "it holds another run (other detectors, columns, limits or version); give another folder with -o",
        );
    }
    match passes {
        Passes::All if standing.judge != wanted.judge => refuse(
            "it holds this run under another policy; `tamis judge` and `tamis emit` replace its verdicts, or give another folder",
        ),
        Passes::All if standing.emit != wanted.emit => refuse(
            "it holds this run with other output options; `tamis emit` replaces its shards, or give another folder",
        ),
        _ => Ok(Some(state)),
    }
}

/// True where any file stands below a folder besides a lock and temporary files. Empty folders are what a run leaves
/// that was killed before its first file.
fn holds_files(folder: &Path) -> Result<bool, ShardError> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let listed = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            listed => listed.map_err(ShardError::io("read", &folder))?,
        };
        for entry in listed.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            } else if entry.file_name() != "run.lock" && !is_temporary(&entry.path()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Half-written files of a run that was killed.
fn clear_temporaries(output: &OutputDir) -> Result<(), PipelineError> {
    let mut folders = vec![output.root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(ShardError::io("read", &folder))?.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            } else if is_temporary(&entry.path()) {
                remove_if_there(&entry.path())?;
            }
        }
    }
    Ok(())
}

/// Outputs of shards that are no longer in the input go, and that is said.
fn forget_strangers(plan: &RunPlan, observer: &dyn Observer) -> Result<(), PipelineError> {
    let wanted: BTreeSet<String> =
        plan.input.shards.iter().map(|shard| OutputDir::name(Artefact::Manifest, &shard.path)).collect();
    for name in plan.output.subject_files()? {
        let path = name.strip_prefix("manifest/shards/").and_then(|name| name.strip_suffix(".json"));
        let Some(path) = path.filter(|_| !wanted.contains(&name)) else { continue };
        if ShardManifest::read(&plan.output, path).is_some() {
            observer.notice(&format!("shard {path} is no longer in the input; its outputs are removed"));
            remove_outputs(&plan.output, path)?;
            remove_if_there(&plan.output.at(&name))?;
        }
    }
    Ok(())
}
