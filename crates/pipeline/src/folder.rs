//! Whether a run may have its output folder, and making it ready: what a folder holds decides what may be done in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tamis_shard::{
    Artefact, Fingerprints, LEDGER_FILES, OutputDir, RunState, ShardError, ShardManifest, is_temporary, remove_if_there,
};

use crate::judge::{manifests, require_tags, standing_ledger};
use crate::shards::remove_outputs;
use crate::{Observer, Passes, PipelineError, RunPlan};

/// The state of a folder that these passes may use: none where it is empty. Changes nothing.
///
/// # Errors
/// [`PipelineError::Usage`] with the way out, where the folder holds something else.
pub(crate) fn check(plan: &RunPlan, passes: Passes) -> Result<Option<RunState>, PipelineError> {
    let Some(state) = RunState::read(&plan.output).map_err(PipelineError::start)? else {
        return check_empty(plan, passes).map(|()| None);
    };
    check_configuration(plan, passes, &state.configuration)?;
    check_shards(plan, passes)?;
    match passes {
        Passes::All | Passes::Tag => {}
        Passes::Judge => require_tags(plan, &manifests(plan))?,
        Passes::Emit => {
            let manifests = manifests(plan);
            require_tags(plan, &manifests)?;
            standing_ledger(plan, &manifests)?;
        }
    }
    Ok(Some(state))
}

fn refuse<T>(plan: &RunPlan, message: &str) -> Result<T, PipelineError> {
    Err(PipelineError::Usage(format!("output folder {}: {message}", plan.output.root().display())))
}

fn check_empty(plan: &RunPlan, passes: Passes) -> Result<(), PipelineError> {
    if holds_files(plan.output.root()).map_err(PipelineError::start)? {
        return refuse(plan, "it is not empty and holds no run; give another folder with -o");
    }
    match passes {
        Passes::Judge | Passes::Emit => refuse(plan, "it holds no run; `tamis tag` or `tamis run` comes first"),
        Passes::All | Passes::Tag => Ok(()),
    }
}

/// A pass called by name replaces itself and what follows from it; `run` replaces nothing that another configuration
/// made.
fn check_configuration(plan: &RunPlan, passes: Passes, standing: &Fingerprints) -> Result<(), PipelineError> {
    let wanted = plan.configuration();
    match passes {
        Passes::Tag => Ok(()),
        Passes::All if standing.tag != wanted.tag => refuse(
            plan,
            "it holds another run (other detectors, columns, limits or version); `tamis tag`, `tamis judge` and \
             `tamis emit` replace it pass by pass, or give another folder with -o",
        ),
        Passes::Judge | Passes::Emit if standing.tag != wanted.tag => refuse(
            plan,
            "its tags are of another run (other detectors, columns, limits or version); `tamis tag` replaces them and \
             all that follows from them, or give another folder with -o",
        ),
        Passes::All if standing.judge != wanted.judge => refuse(
            plan,
            "it holds this run under another policy; `tamis judge` and `tamis emit` replace its verdicts, or give \
             another folder",
        ),
        Passes::All if standing.emit != wanted.emit => refuse(
            plan,
            "it holds this run with other output options, or another pseudonym key; `tamis emit` replaces its shards, or give \
             another folder",
        ),
        _ => Ok(()),
    }
}

/// A folder of other shards is another run, however alike its configuration. Shards that have vanished between two
/// passes called by name may be back the next moment: their tags are dear, so only `tag` and `run` let them go.
fn check_shards(plan: &RunPlan, passes: Passes) -> Result<(), PipelineError> {
    let standing = standing_shards(&plan.output)?;
    let vanished: Vec<&String> = vanished(plan, &standing);
    if !standing.is_empty() && vanished.len() == standing.len() {
        let message = format!(
            "it holds another run: none of its {} shards (such as {}) is in the input; give another folder with -o",
            standing.len(),
            vanished[0]
        );
        return refuse(plan, &message);
    }
    match (passes, vanished.first()) {
        (Passes::Judge | Passes::Emit, Some(path)) => refuse(
            plan,
            &format!(
                "{} of its shards (such as {path}) are no longer in the input; put them back, or let `tamis tag` (or \
                 `tamis run`) go on without them",
                vanished.len()
            ),
        ),
        _ => Ok(()),
    }
}

/// `<path>` of every shard that has a manifest in the folder.
fn standing_shards(output: &OutputDir) -> Result<BTreeSet<String>, PipelineError> {
    let names = output.subject_files().map_err(PipelineError::start)?;
    let path = |name: &String| Some(name.strip_prefix("manifest/shards/")?.strip_suffix(".json")?.to_string());
    Ok(names.iter().filter_map(path).collect())
}

fn vanished<'s>(plan: &RunPlan, standing: &'s BTreeSet<String>) -> Vec<&'s String> {
    let wanted: BTreeSet<&str> = plan.input.shards.iter().map(|shard| shard.path.as_str()).collect();
    standing.iter().filter(|path| !wanted.contains(path.as_str())).collect()
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

/// Writes whose folder this is now. The seal is broken already.
pub(crate) fn accept(
    plan: &RunPlan,
    passes: Passes,
    state: Option<&RunState>,
    observer: &dyn Observer,
) -> Result<(), ShardError> {
    let wanted = plan.configuration();
    let state = match state {
        Some(state) if state.configuration == wanted => state.clone(),
        // Only `tag` comes here with tags of another configuration.
        Some(state) if state.configuration.tag != wanted.tag => {
            observer.notice(
                "the folder holds tags by another configuration; they are made anew, and the source verdicts and \
                 filtered shards that follow from them go",
            );
            RunState::new(wanted)
        }
        // The policy and the output options are no matter to it where its own part is the same.
        Some(state) if passes == Passes::Tag => state.clone(),
        Some(state) => RunState { configuration: wanted, ..state.clone() },
        None => RunState::new(wanted),
    };
    state.write(&plan.output)?;
    if state.judged.is_none() {
        // A ledger that nothing vouches for: its tags have gone, or it was being replaced when a run was killed.
        for name in LEDGER_FILES {
            remove_if_there(&plan.output.at(name))?;
        }
    }
    Ok(())
}

/// Half-written files of a run that was killed.
pub(crate) fn clear_temporaries(output: &OutputDir) -> Result<(), PipelineError> {
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
pub(crate) fn forget_vanished(plan: &RunPlan, observer: &dyn Observer) -> Result<(), PipelineError> {
    let standing = standing_shards(&plan.output)?;
    for path in vanished(plan, &standing) {
        if ShardManifest::read(&plan.output, path).is_some() {
            observer.notice(&format!("shard {path} is no longer in the input; its outputs are removed"));
            forget(&plan.output, path)?;
        }
    }
    Ok(())
}

/// The manifest goes last: as long as it stands, a run that was killed here knows whose the files are.
fn forget(output: &OutputDir, path: &str) -> Result<(), ShardError> {
    ShardManifest::retracted(path, "").write(output)?;
    remove_outputs(output, path)?;
    remove_if_there(&output.artefact(Artefact::Manifest, path)).map(|_| ())
}
