//! Everything of a run that is known before any record is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use tamis_classify::TokensDetector;
use tamis_detect::Detector;
use tamis_rules::{Policy, Taxonomy};
use tamis_shard::fingerprint::{self, Asset, Configuration};
use tamis_shard::{BlockSize, ColumnMap, Fingerprints, InputSet, Limits, OutputDir, check_names};

use crate::config::PipelineSpec;
use crate::detectors::{DecisionParts, decision_parts};
use crate::redact::PolicyRedactor;
use crate::{PipelineError, assets};

/// The program's version, which every fingerprint depends on.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the command line adds to a pipeline file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Replaces `input.paths` where it is not empty.
    pub input: Vec<PathBuf>,
    /// Replaces `output.path`.
    pub output: Option<PathBuf>,
    /// `key=value` settings.
    pub settings: Vec<String>,
}

/// A run, resolved: typed values only, every asset loaded, every shard listed.
pub struct RunPlan {
    /// Name of the pipeline for messages and manifests.
    pub pipeline: String,
    /// The shards.
    pub input: InputSet,
    /// How records are read.
    pub columns: ColumnMap,
    /// Bounds that decide outcomes.
    pub limits: Limits,
    /// The detectors, in order.
    pub detectors: Vec<Box<dyn Detector>>,
    /// What the detectors are made of.
    pub assets: Vec<Asset>,
    /// Those of them that run on a device of their own.
    pub(crate) devices: Vec<Arc<TokensDetector>>,
    /// What follows from what they say.
    pub policy: Policy,
    /// Where the outputs go.
    pub output: OutputDir,
    /// Whether kept records carry the annotation.
    pub annotate: bool,
    /// Whether dropped records are written.
    pub keep_rejected: bool,
    /// What stands in place of personal information.
    pub(crate) redactor: PolicyRedactor,
    /// How the machine is used.
    pub machine: Machine,
    /// Stop at the first shard that is set aside.
    pub fail_fast: bool,
}

/// How the machine is used; never changes a byte of the outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Worker threads.
    pub threads: usize,
    /// Bytes that blocks in flight may take.
    pub memory: usize,
    /// Most rows of a block.
    pub batch_rows: usize,
}

impl Machine {
    /// How much a reader takes at a time: small enough that every thread's blocks fit the memory.
    pub fn block(&self) -> BlockSize {
        let bytes = (self.memory / (8 * self.threads)).clamp(64 << 10, 1 << 20);
        BlockSize { rows: self.batch_rows, bytes }
    }
}

impl RunPlan {
    /// Reads the pipeline, loads its assets and lists its shards.
    ///
    /// # Errors
    /// [`PipelineError::Usage`] and its like: nothing has been written yet.
    pub fn resolve(reference: &str, overrides: &Overrides) -> Result<Self, PipelineError> {
        let file = assets::pipeline(reference)?;
        let mut spec = PipelineSpec::parse(&file.text, &file.origin, &file.folder, &overrides.settings)?;
        if file.built_in {
            // Its own paths are those of a checkout, which an installed program does not have.
            spec.input.paths.clear();
            spec.output.path = None;
        }
        let paths = if overrides.input.is_empty() { &spec.input.paths } else { &overrides.input };
        if paths.is_empty() {
            return Err(PipelineError::Usage(format!("{}: no input; set input.paths, or give --input", file.origin)));
        }
        let output = overrides.output.as_ref().or(spec.output.path.as_ref()).ok_or_else(|| {
            PipelineError::Usage(format!("{}: no output folder; set output.path, or give --output", file.origin))
        })?;
        let DecisionParts { policy, detectors, assets, devices } = decision_parts(&spec)?;
        let columns = columns(&spec);
        let redactor = PolicyRedactor::new(&policy, spec.output.pseudonym_key.as_deref())?;
        redactor.check_columns(&columns)?;
        let input = InputSet::discover(paths).map_err(PipelineError::start)?;
        refuse_overlap(paths, &input, output)?;
        refuse_key_among_outputs(&spec, output)?;
        let output = OutputDir::new(output);
        check_names(&output, &input.shards)?;
        let threads = match spec.run.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        Ok(Self {
            pipeline: file.origin,
            input,
            limits: Limits {
                max_row_bytes: spec.input.max_row_bytes.0,
                max_ratio: spec.input.max_ratio,
                max_page_bytes: spec.input.max_page_bytes.0,
                max_rows: spec.run.limit,
            },
            columns,
            detectors,
            assets,
            devices,
            policy,
            output,
            annotate: spec.output.annotate,
            keep_rejected: spec.output.keep_rejected,
            redactor,
            machine: Machine { threads, memory: spec.run.memory.0, batch_rows: spec.run.batch_rows.max(1) },
            fail_fast: spec.run.fail_fast,
        })
    }

    /// The taxonomy of the policy.
    pub fn taxonomy(&self) -> &Arc<Taxonomy> {
        self.policy.taxonomy()
    }

    /// The configuration's part of the three fingerprints: what no input and no machine has a part in.
    pub fn configuration(&self) -> Fingerprints {
        fingerprint::configuration(&Configuration {
            version: VERSION,
            columns: &self.columns,
            limits: &self.limits,
            assets: &self.assets,
            policy: &self.policy.canonical(),
            annotate: self.annotate,
            keep_rejected: self.keep_rejected,
            pseudonym_key_id: self.redactor.key_id().as_deref(),
        })
    }
}

/// An output folder inside the input would be read by the next run, and shards inside the output folder would be
/// overwritten by this one.
fn refuse_overlap(paths: &[PathBuf], input: &InputSet, output: &Path) -> Result<(), PipelineError> {
    let root = resolved(output);
    if let Some(path) = paths.iter().find(|path| path.is_dir() && root.starts_with(resolved(path))) {
        return Err(PipelineError::Usage(format!(
            "output folder {} lies inside the input {}; a second run would read its own output",
            output.display(),
            path.display()
        )));
    }
    match input.shards.iter().find(|shard| resolved(&shard.file).starts_with(&root)) {
        None => Ok(()),
        Some(shard) => Err(PipelineError::Usage(format!(
            "input {} lies inside the output folder {}, where this run would overwrite it; give another folder with -o",
            shard.file.display(),
            output.display()
        ))),
    }
}

/// A key that is handed on with the outputs is no secret.
fn refuse_key_among_outputs(spec: &PipelineSpec, output: &Path) -> Result<(), PipelineError> {
    match spec.output.pseudonym_key.as_ref().filter(|key| resolved(key).starts_with(resolved(output))) {
        None => Ok(()),
        Some(key) => Err(PipelineError::Usage(format!(
            "output.pseudonym_key: {} lies inside the output folder {}, which is handed on with its outputs; keep the key elsewhere",
            key.display(),
            output.display()
        ))),
    }
}

/// The path without links and `..`, also where its last parts do not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let standing = absolute.ancestors().find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    match standing {
        Some((folder, real)) => absolute.strip_prefix(folder).map_or(real.clone(), |rest| real.join(rest)),
        None => absolute,
    }
}

fn columns(spec: &PipelineSpec) -> ColumnMap {
    ColumnMap {
        text: spec.input.text.0.clone(),
        id: spec.input.id.clone(),
        source: spec.input.source.0.clone(),
        lang: spec.input.lang.clone(),
        modality: spec.input.modality.clone(),
    }
}
