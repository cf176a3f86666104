//! A model that reads tokens as a detector.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tamis_detect::{Batch, Detector, Evidence, Normalizer, Scanner};
use tamis_rules::Taxonomy;

use super::batches::{Block, Shape, Shapes};
use super::device::{Device, DeviceReport, MAX_BATCH_TOKENS, Running};
use super::files::ModelFiles;
use super::rows::RowMode;
use super::texts::{TextExaminer, TextLogits, TextReader};
use super::tokenizer::TextTokenizer;
use crate::heads::{Best, Heads};
use crate::{Calibration, ClassifyError, ModelManifest};

/// Raised whenever the same files could give another answer.
const VERSION: &str = "classify-tokens/1";

/// How a model that reads tokens is run.
#[derive(Clone, Debug, Default)]
pub struct TokensOptions {
    /// Which rows it is asked about.
    pub mode: RowMode,
    /// What it runs on.
    pub device: Device,
    /// Refuse where the device is not there, instead of falling back to the CPU.
    pub strict: bool,
    /// ONNX Runtime's library, or a folder that has it; else it is looked for (see
    /// [`RuntimeLibrary::find`](super::RuntimeLibrary::find)).
    pub library: Option<PathBuf>,
    /// Device workers, each with a session and so with the weights in memory; 0 is one per core on a CPU. On CUDA it
    /// is the number per device, and 0 is one.
    pub workers: usize,
    /// Tokens of a batch, padding included, up to [`MAX_BATCH_TOKENS`]; else what suits the device.
    pub batch_tokens: Option<usize>,
}

/// Looks at texts with a model that ONNX Runtime carries out, window by window (4.2.1, B.1.4).
///
/// Every text field of a row is read by itself; a head's score is that of the field where it is highest. A row gets a
/// score per head and risk from 0.01 on, and a finding with the span of the highest window from 0.25 on. A row with a
/// window that the network has no finite answer for is told as failed and has neither.
pub struct TokensDetector {
    manifest: ModelManifest,
    calibration: Calibration,
    heads: Heads,
    mode: RowMode,
    reader: TextReader,
    shapes: Shapes,
    running: Running,
    digest: String,
}

impl fmt::Debug for TokensDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokensDetector").field("name", &self.manifest.name).finish_non_exhaustive()
    }
}

impl TokensDetector {
    /// Reads, checks and starts the model in a folder.
    ///
    /// # Errors
    /// As [`ModelFiles::read`] and [`new`](Self::new).
    pub fn open(folder: &Path, taxonomy: &Taxonomy, options: &TokensOptions) -> Result<Self, ClassifyError> {
        Self::new(ModelFiles::read(folder)?, taxonomy, options)
    }

    /// Starts a model: loads ONNX Runtime, opens a session per device worker and tries the network once.
    ///
    /// # Errors
    /// [`ClassifyError::Runtime`] where the library or, if `strict`, the device is not there; the others where the
    /// model does not fit itself, the options or the taxonomy.
    pub fn new(files: ModelFiles, taxonomy: &Taxonomy, options: &TokensOptions) -> Result<Self, ClassifyError> {
        let manifest = files.manifest().clone();
        check_options(&manifest.name, options)?;
        let heads = Heads::new(&manifest, taxonomy)?;
        let refuse = |message: String| ClassifyError::Tokenizer { model: manifest.name.clone(), message };
        let tokenizer = TextTokenizer::new(files.tokenizer()).map_err(refuse)?;
        let reader = TextReader::new(&manifest, files.tokens(), tokenizer).map_err(refuse)?;
        let digest = digest(&files, &options.mode)?;
        let running = Running::start(&Arc::new(files), options, &reader.empty_row())?;
        let shapes = reader.shapes(running.batch_tokens);
        try_network(&running, &shapes, &reader)
            .map_err(|message| ClassifyError::Onnx { model: manifest.name.clone(), message })?;
        let calibration = Calibration::new(&manifest);
        Ok(Self { manifest, calibration, heads, mode: options.mode.clone(), reader, shapes, running, digest })
    }

    /// What the model is.
    #[must_use]
    pub fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    /// What it runs on, and what happened so far.
    #[must_use]
    pub fn report(&self) -> DeviceReport {
        self.running.report()
    }

    /// What the model says of every text of a batch, whatever its mode, before it becomes scores.
    #[must_use]
    pub fn logits(&self, batch: &Batch<'_>) -> Vec<TextLogits> {
        let mut all = Vec::new();
        self.examiner().examine(batch, &vec![true; batch.rows()], |said| all.push(said));
        all
    }

    fn examiner(&self) -> TextExaminer<'_> {
        let Self { reader, shapes, running, calibration, manifest, .. } = self;
        TextExaminer::new(reader, shapes, &running.workers, calibration, manifest.heads.len())
    }
}

fn check_options(model: &str, options: &TokensOptions) -> Result<(), ClassifyError> {
    let tokens = options.batch_tokens;
    let budget = if tokens.is_some_and(|tokens| tokens == 0 || tokens > MAX_BATCH_TOKENS) {
        Err(format!("batch_tokens is {}, expected 1 to {MAX_BATCH_TOKENS}", tokens.unwrap_or_default()))
    } else {
        Ok(())
    };
    let checked = options.mode.check().and(budget);
    checked.map_err(|message| ClassifyError::Manifest { origin: format!("model {model}"), message })
}

/// Everything that can change an answer; the manifest has the digests of network, weights and tokenizer.
fn digest(files: &ModelFiles, mode: &RowMode) -> Result<String, ClassifyError> {
    let mut hasher = blake3::Hasher::new();
    let text = files.manifest().to_toml()?;
    hasher.update(VERSION.as_bytes()).update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    if files.tokens().normalize {
        Normalizer::new().fingerprint(&mut hasher);
    }
    mode.fingerprint(&mut hasher);
    Ok(hasher.finalize().to_hex().to_string())
}

/// The longest window there is, of the highest token that there is, beside an empty row: a network that cannot take
/// them fails here and not in the middle of a run.
fn try_network(running: &Running, shapes: &Shapes, reader: &TextReader) -> Result<(), String> {
    let length = shapes.longest();
    let highest = reader.highest_id();
    let mut block = Block::new(Shape { rows: 2, length });
    block.push(std::iter::repeat_n(highest, length), 0);
    let mut answered = false;
    running.workers.run(std::iter::once(block), |_, logits| answered = !logits.iter().all(|logit| logit.is_nan()));
    let failure = running.report().first_failure;
    running.workers.counters().reset();
    match failure {
        Some(failure) => Err(format!(
            "it fails on {length} tokens with ids up to {highest}: {failure}; see tokens.max_tokens, and take the tokenizer that the network was trained with"
        )),
        None if answered => Ok(()),
        None => Err(format!("it has no number to say of {length} tokens with ids up to {highest}")),
    }
}

impl Detector for TokensDetector {
    fn name(&self) -> &str {
        &self.manifest.name
    }

    fn digest(&self) -> String {
        self.digest.clone()
    }

    fn scanner(&self) -> Box<dyn Scanner + '_> {
        Box::new(TokensScanner { detector: self, examiner: self.examiner() })
    }
}

struct TokensScanner<'d> {
    detector: &'d TokensDetector,
    examiner: TextExaminer<'d>,
}

impl Scanner for TokensScanner<'_> {
    fn scan(&mut self, batch: &Batch<'_>, out: &mut Evidence) {
        let detector = self.detector;
        let chosen = detector.mode.choose(batch, out);
        let mut row = RowAnswer::new(detector);
        self.examiner.examine(batch, &chosen, |said| {
            if said.row != row.row {
                row.report(out);
                row.begin(said.row);
            }
            row.take(&said);
        });
        row.report(out);
    }
}

/// The texts of one row together.
struct RowAnswer<'d> {
    detector: &'d TokensDetector,
    row: u32,
    best: Vec<Best>,
    failed: bool,
}

impl<'d> RowAnswer<'d> {
    fn new(detector: &'d TokensDetector) -> Self {
        Self { detector, row: 0, best: vec![Best::default(); detector.manifest.heads.len()], failed: false }
    }

    fn begin(&mut self, row: u32) {
        self.row = row;
        self.best.fill(Best::default());
        self.failed = false;
    }

    fn take(&mut self, said: &TextLogits) {
        let Some(heads) = &said.heads else {
            self.failed = true;
            return;
        };
        let TokensDetector { calibration, manifest, .. } = self.detector;
        for (head, pooled) in heads.iter().enumerate() {
            let value = pooled.value(manifest.windows.pool);
            match calibration.score_milli(head, value, said.language, said.length_bucket) {
                None => self.failed = true,
                Some(milli) => self.best[head].raise(milli, said.field, || said.spans[pooled.best].clone()),
            }
        }
    }

    fn report(&self, out: &mut Evidence) {
        if self.failed {
            out.failed.push(self.row);
        } else {
            self.detector.heads.report(self.row, &self.best, out);
        }
    }
}
