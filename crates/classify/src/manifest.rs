//! `model.toml`: what a model is, what its outputs mean, and where its thresholds lie.

use serde::{Deserialize, Serialize};
use tamis_rules::{Level, RiskId, Taxonomy};

use crate::{ClassifyError, Language};

/// Version of the form of `model.toml`.
pub const MODEL_FORMAT: &str = "tamis-model/1";
/// Outputs that a model may have at most.
pub const MAX_HEADS: usize = 4096;

/// What goes into a network and what comes out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Contract {
    /// `ids` (i64, windows × n-grams, 0 is padding) and `inverse_norm` (f32, windows × 1) give `logits` (f32,
    /// windows × heads).
    #[serde(rename = "hashed-ngrams/1")]
    HashedNgrams,
    /// `input_ids` and `attention_mask` (i64, windows × tokens) give `logits` (f32, windows × heads).
    #[serde(rename = "tokens/1")]
    Tokens,
}

impl Contract {
    /// Name in `model.toml` and in the ONNX file's metadata (`tamis.contract`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HashedNgrams => "hashed-ngrams/1",
            Self::Tokens => "tokens/1",
        }
    }
}

/// How the windows of a text become one value per head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// The highest window.
    #[default]
    Max,
    /// Mean of the three highest windows (of all where there are fewer).
    Top3,
}

/// `model.toml`, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelManifest {
    /// [`MODEL_FORMAT`].
    pub format: String,
    /// Short name, as in tags and findings: lower-case ASCII letters, digits, `-` and `_`.
    pub name: String,
    /// Edition.
    pub version: String,
    /// Inputs and outputs.
    pub contract: Contract,
    /// Licence of the weights.
    pub licence: String,
    /// One line on what it is.
    pub summary: String,
    /// blake3 of `model.onnx`, hex.
    pub onnx_blake3: String,
    /// Files beside `model.onnx` that it draws weights from, by name inside the model's folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_data: Vec<ExternalData>,
    /// Upper ends of the length buckets in characters, ascending; what is longer is in one more bucket.
    pub length_buckets: Vec<u32>,
    /// Windows.
    pub windows: WindowSpec,
    /// Tokenizer; needed by `tokens/1` and by nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokensSpec>,
    /// What the evaluation says of the pipeline that this model belongs to (see [`Accuracy`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
    /// One per output, in order of the outputs.
    #[serde(rename = "head")]
    pub heads: Vec<HeadSpec>,
}

/// A file of weights beside `model.onnx`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalData {
    /// Name inside the model's folder; no path leads out of it.
    pub file: String,
    /// blake3 of it, hex.
    pub blake3: String,
}

/// Windows over a text, each half overlapping the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// Characters of a window in Chinese text; even. Of `tokens/1`: tokens.
    pub zh: u32,
    /// The same in English.
    pub en: u32,
    /// The same in any other language.
    pub other: u32,
    /// How windows become one value.
    pub pool: Pool,
}

/// How texts become tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokensSpec {
    /// blake3 of `tokenizer.json`, hex.
    pub tokenizer_blake3: String,
    /// Whether texts go through our normaliser before they are tokenised.
    pub normalize: bool,
    /// Most tokens of a window that the network takes, special tokens included.
    pub max_tokens: u32,
    /// Id of the token that fills up a batch.
    pub pad_id: u32,
    /// Name of the network's first input where it is not `input_ids`.
    #[serde(default = "input_ids")]
    pub ids_input: String,
    /// Name of its second input where it is not `attention_mask`.
    #[serde(default = "attention_mask")]
    pub mask_input: String,
    /// Name of its output where it is not `logits`.
    #[serde(default = "logits")]
    pub output: String,
}

fn input_ids() -> String {
    "input_ids".into()
}

fn attention_mask() -> String {
    "attention_mask".into()
}

fn logits() -> String {
    "logits".into()
}

/// How often a pipeline with this model and the shipped keywords is right about a record: what the ledger's corrected
/// rate is made of (Rogan and Gladen 1978). Shares, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accuracy {
    /// Share of the records with a counted risk that are found.
    pub sensitivity: f64,
    /// Records with a counted risk that this was measured on.
    pub positives: u32,
    /// Share of the clean records that stay clean.
    pub specificity: f64,
    /// Clean records that this was measured on.
    pub negatives: u32,
    /// Names of the models that were asked, in order, this one last.
    pub models: Vec<String>,
    /// Digest of the keyword library that was used beside them.
    pub library_blake3: String,
}

/// One output of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadSpec {
    /// Its name, as in the ONNX file's metadata (`tamis.labels`) and in findings.
    pub label: String,
    /// Codes of the risks that it speaks of; several heads may name one risk. None: it is not reported.
    pub risks: Vec<String>,
    /// Whether it may decide; else it is advisory.
    pub level: Level,
    /// Positives of quality gold or mapped that it was trained on.
    pub positives: u32,
    /// Positives that the project wrote itself.
    pub synthetic: u32,
    /// Steepness of the score around its threshold, per unit of logit.
    pub slope: f32,
    /// The logits at which the score is 0.5.
    pub thresholds: Thresholds,
}

/// Logits at which a head's score is 0.5, one per length bucket (one more than `length_buckets`), by language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Chinese.
    pub zh: Vec<f32>,
    /// English.
    pub en: Vec<f32>,
    /// Any other language.
    pub other: Vec<f32>,
}

impl Thresholds {
    /// Those of one language.
    #[must_use]
    pub fn of(&self, language: Language) -> &[f32] {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
            Language::Other => &self.other,
        }
    }

    /// Those of one language, to be set.
    pub fn of_mut(&mut self, language: Language) -> &mut Vec<f32> {
        match language {
            Language::Zh => &mut self.zh,
            Language::En => &mut self.en,
            Language::Other => &mut self.other,
        }
    }
}

impl WindowSpec {
    /// Characters (of `tokens/1`: tokens) of a window in this language.
    #[must_use]
    pub const fn of(&self, language: Language) -> u32 {
        match language {
            Language::Zh => self.zh,
            Language::En => self.en,
            Language::Other => self.other,
        }
    }
}

impl ModelManifest {
    /// Reads and checks the text of `model.toml`; `origin` is named in messages.
    ///
    /// # Errors
    /// [`ClassifyError::Manifest`] with what is wrong, and where.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ClassifyError> {
        let refuse = |message: String| ClassifyError::Manifest { origin: origin.to_owned(), message };
        let manifest: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            refuse(format!("{place}{}", error.message()))
        })?;
        manifest.check().map_err(refuse)?;
        Ok(manifest)
    }

    /// The text of `model.toml`.
    ///
    /// # Errors
    /// [`ClassifyError::Manifest`] where the manifest itself breaks a rule, or a number cannot be written.
    pub fn to_toml(&self) -> Result<String, ClassifyError> {
        let refuse = |message: String| ClassifyError::Manifest { origin: "model.toml".into(), message };
        self.check().map_err(refuse)?;
        toml::to_string(self).map_err(|error| refuse(error.to_string()))
    }

    fn check(&self) -> Result<(), String> {
        if self.format != MODEL_FORMAT {
            return Err(format!("format is {:?}, expected {MODEL_FORMAT:?}", self.format));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(format!(
                "name is {:?}, expected lower-case ASCII letters, digits, hyphens and underscores",
                self.name
            ));
        }
        if self.heads.is_empty() || self.heads.len() > MAX_HEADS {
            return Err(format!("{} heads, expected 1 to {MAX_HEADS}", self.heads.len()));
        }
        if !self.length_buckets.is_sorted_by(|a, b| a < b) {
            return Err("length_buckets must ascend".into());
        }
        for language in Language::ALL {
            let size = self.windows.of(language);
            if size < 2 || !size.is_multiple_of(2) {
                return Err(format!("windows.{} is {size}, expected an even number from 2 on", language.name()));
            }
        }
        if (self.contract == Contract::Tokens) != self.tokens.is_some() {
            return Err(format!("contract {}: [tokens] belongs to tokens/1, and to it only", self.contract.name()));
        }
        if let Some(accuracy) = &self.accuracy {
            let share = |value: f64| (0.0..=1.0).contains(&value);
            if !share(accuracy.sensitivity) || !share(accuracy.specificity) {
                return Err("accuracy: sensitivity and specificity are shares, 0 to 1".into());
            }
        }
        self.heads.iter().try_for_each(|head| self.check_head(head))?;
        self.check_levels()?;
        for (at, head) in self.heads.iter().enumerate() {
            if self.heads[..at].iter().any(|other| other.label == head.label) {
                return Err(format!("two heads have the label {:?}", head.label));
            }
        }
        Ok(())
    }

    /// Tags keep the risk of a score and not its head, so heads that speak of one risk must be of one level.
    fn check_levels(&self) -> Result<(), String> {
        for (at, head) in self.heads.iter().enumerate() {
            let other = self.heads[..at]
                .iter()
                .find(|other| other.level != head.level && other.risks.iter().any(|risk| head.risks.contains(risk)));
            if let Some(other) = other {
                return Err(format!(
                    "heads {} and {} speak of one risk and are of different levels; give both one level",
                    other.label, head.label
                ));
            }
        }
        Ok(())
    }

    fn check_head(&self, head: &HeadSpec) -> Result<(), String> {
        let label = &head.label;
        if label.is_empty() {
            return Err("a head has no label".into());
        }
        if !(head.slope.is_finite() && head.slope > 0.0) {
            return Err(format!("head {label}: slope is {}, expected a number above 0", head.slope));
        }
        let buckets = self.length_buckets.len() + 1;
        for language in Language::ALL {
            let thresholds = head.thresholds.of(language);
            if thresholds.len() != buckets {
                return Err(format!(
                    "head {label}: {} thresholds for {}, expected {buckets}, one more than length_buckets",
                    thresholds.len(),
                    language.name()
                ));
            }
            if thresholds.iter().any(|it| !it.is_finite()) {
                return Err(format!("head {label}: a threshold for {} is no number", language.name()));
            }
        }
        Ok(())
    }

    /// Per head, the risks that it speaks of.
    ///
    /// # Errors
    /// [`ClassifyError::Manifest`] where the taxonomy has no such risk.
    pub fn risks(&self, taxonomy: &Taxonomy) -> Result<Vec<Vec<RiskId>>, ClassifyError> {
        let of = |head: &HeadSpec| {
            let ids = head.risks.iter().map(|code| {
                taxonomy.risk_id(code).ok_or_else(|| ClassifyError::Manifest {
                    origin: format!("model {}", self.name),
                    message: format!(
                        "head {}: the taxonomy {} has no risk {code:?}; map it in model.toml, or use a model made for this taxonomy",
                        head.label,
                        taxonomy.name()
                    ),
                })
            });
            ids.collect()
        };
        self.heads.iter().map(of).collect()
    }

    /// The labels, in order of the outputs, as they stand in the ONNX file's metadata: joined by commas.
    #[must_use]
    pub fn labels(&self) -> String {
        self.heads.iter().map(|head| head.label.as_str()).collect::<Vec<_>>().join(",")
    }
}
