//! A linear model as a detector.

use tamis_detect::{Batch, Detector, Evidence, Normalized, Normalizer, Scanner};
use tamis_rules::Taxonomy;

use super::{LinearModel, Windows};
use crate::heads::{Best, Heads};
use crate::{Calibration, ClassifyError, Language, ModelManifest, Pooling};

/// Raised whenever the same files could give another answer.
const VERSION: &str = "classify/1";

/// Looks at every text with a linear model, window by window (4.2.1, B.1.4).
///
/// Every text field of a row is read by itself; a head's score is that of the field where it is highest. A row gets a
/// score per head and risk from 0.01 on, and a [`Finding`] with the span of the highest window from 0.25 on.
#[derive(Debug)]
pub struct LinearDetector {
    manifest: ModelManifest,
    model: LinearModel,
    calibration: Calibration,
    normalizer: Normalizer,
    heads: Heads,
    digest: String,
}

impl LinearDetector {
    /// A detector from the text of `model.toml` and the bytes of `model.onnx`; `origin` is named in messages.
    ///
    /// # Errors
    /// [`ClassifyError::Manifest`] or [`ClassifyError::Onnx`] where the two do not fit each other, this program or the
    /// taxonomy.
    pub fn new(manifest: ModelManifest, onnx: &[u8], taxonomy: &Taxonomy) -> Result<Self, ClassifyError> {
        let found = blake3::hash(onnx).to_hex();
        if found.as_str() != manifest.onnx_blake3 {
            return Err(ClassifyError::Onnx {
                model: manifest.name,
                message: format!(
                    "its blake3 is {found}, model.toml says {}; take both files from one training",
                    manifest.onnx_blake3
                ),
            });
        }
        let model = LinearModel::from_onnx(onnx, &manifest)?;
        let heads = Heads::new(&manifest, taxonomy)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(VERSION.as_bytes()).update(manifest.to_toml()?.as_bytes());
        let normalizer = Normalizer::new();
        normalizer.fingerprint(&mut hasher);
        Ok(Self {
            calibration: Calibration::new(&manifest),
            manifest,
            model,
            normalizer,
            heads,
            digest: hasher.finalize().to_hex().to_string(),
        })
    }

    /// What the model is.
    #[must_use]
    pub fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    /// Its weights.
    #[must_use]
    pub fn model(&self) -> &LinearModel {
        &self.model
    }
}

impl Detector for LinearDetector {
    fn name(&self) -> &str {
        &self.manifest.name
    }

    fn digest(&self) -> String {
        self.digest.clone()
    }

    fn scanner(&self) -> Box<dyn Scanner + '_> {
        let heads = self.manifest.heads.len();
        Box::new(LinearScanner {
            detector: self,
            normal: Normalized::default(),
            windows: Windows::default(),
            logits: Vec::with_capacity(heads),
            pooling: Vec::with_capacity(heads),
            best: Vec::with_capacity(heads),
        })
    }
}

struct LinearScanner<'d> {
    detector: &'d LinearDetector,
    normal: Normalized,
    windows: Windows,
    logits: Vec<f32>,
    pooling: Vec<Pooling>,
    best: Vec<Best>,
}

impl Scanner for LinearScanner<'_> {
    fn scan(&mut self, batch: &Batch<'_>, out: &mut Evidence) {
        for row in 0..batch.rows() {
            self.best.clear();
            self.best.resize(self.detector.manifest.heads.len(), Best::default());
            for field in 0..batch.fields().len() {
                if let Some(text) = batch.texts(field)[row] {
                    self.scan_text(field as u16, text, batch.language(row));
                }
            }
            self.detector.heads.report(row as u32, &self.best, out);
        }
    }
}

impl LinearScanner<'_> {
    fn scan_text(&mut self, field: u16, text: &str, declared: Option<&str>) {
        let detector = self.detector;
        let language = declared.and_then(Language::declared).unwrap_or_else(|| Language::identify(text));
        detector.normalizer.normalize(text, &mut self.normal);
        let window = detector.manifest.windows.of(language) as usize;
        self.windows.read(&detector.model, self.normal.text(), self.normal.line_breaks(), window);
        self.windows.pool(&detector.model, &mut self.logits, &mut self.pooling);
        let bucket = detector.calibration.bucket(self.windows.chars());
        for (head, pooling) in self.pooling.iter().enumerate() {
            let Some(pooled) = pooling.finish() else { continue };
            let value = pooled.value(detector.manifest.windows.pool);
            // Weights are finite, so every logit is a number.
            let milli = detector.calibration.score_milli(head, value, language, bucket).unwrap_or(0);
            self.best[head].raise(milli, field, || {
                let range = self.windows.range(pooled.best);
                self.normal.original_range(range.start, range.end)
            });
        }
    }
}
