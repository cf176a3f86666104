//! The models of a pipeline, and what they add to its policy.

use std::path::Path;
use std::sync::Arc;

use tamis_classify::{Contract, Device, LinearDetector, ModelManifest, RowMode, TokensDetector, TokensOptions};
use tamis_detect::{Detector, KeywordLibrary};
use tamis_rules::{AccuracySpec, Level, ModelRuleSpec, PolicySpec, Taxonomy};

use crate::config::{ModeSpec, ModelSpec};
use crate::{PipelineError, assets};

/// A model, ready to be asked.
pub(crate) struct Model {
    pub manifest: ModelManifest,
    pub detector: Box<dyn Detector>,
    /// The detector once more, where it runs on a device of its own.
    pub device: Option<Arc<TokensDetector>>,
}

/// Loads the models in their order.
pub(crate) fn load(specs: &[ModelSpec], taxonomy: &Taxonomy) -> Result<Vec<Model>, PipelineError> {
    let mut models: Vec<Model> = Vec::new();
    for spec in specs {
        if let ModeSpec::Uncertain { model, .. } = &spec.mode
            && !models.iter().any(|earlier| earlier.manifest.name == *model)
        {
            let known: Vec<&str> = models.iter().map(|earlier| earlier.manifest.name.as_str()).collect();
            return Err(PipelineError::Usage(format!(
                "detect.model {}: mode.uncertain.model is {model:?}, but no model of that name stands before it; there are [{}]",
                spec.path,
                known.join(", ")
            )));
        }
        let model = load_one(spec, taxonomy)?;
        if models.iter().any(|earlier| earlier.manifest.name == model.manifest.name) {
            return Err(PipelineError::Usage(format!(
                "detect.model: two models have the name {:?}; scores are told apart by it",
                model.manifest.name
            )));
        }
        models.push(model);
    }
    Ok(models)
}

fn load_one(spec: &ModelSpec, taxonomy: &Taxonomy) -> Result<Model, PipelineError> {
    let files = assets::model(&spec.path)?;
    let manifest = files.manifest.clone();
    match manifest.contract {
        Contract::HashedNgrams => {
            refuse_idle_keys(spec)?;
            let detector = Box::new(LinearDetector::new(files.manifest, &files.onnx, taxonomy)?);
            Ok(Model { manifest, detector, device: None })
        }
        Contract::Tokens => {
            let folder = files.folder.as_deref().unwrap_or(Path::new(""));
            let detector = Arc::new(TokensDetector::open(folder, taxonomy, &tokens_options(spec)?)?);
            Ok(Model { manifest, detector: Box::new(Arc::clone(&detector)), device: Some(detector) })
        }
    }
}

fn tokens_options(spec: &ModelSpec) -> Result<TokensOptions, PipelineError> {
    let device = spec.device.as_deref().map_or(Ok(Device::default()), str::parse);
    let device =
        device.map_err(|message: String| PipelineError::Usage(format!("detect.model {}: {message}", spec.path)))?;
    let milli = |share: f32| (share.clamp(0.0, 1.0) * 1000.0).round() as u16;
    let mode = match &spec.mode {
        ModeSpec::All => RowMode::All,
        ModeSpec::Sample { per_mille, seed } => RowMode::Sample { per_mille: *per_mille, seed: *seed },
        ModeSpec::Uncertain { model, low, high } => {
            RowMode::Uncertain { model: model.clone(), low_milli: milli(*low), high_milli: milli(*high) }
        }
    };
    Ok(TokensOptions {
        mode,
        device,
        strict: spec.strict,
        library: spec.runtime.clone(),
        workers: spec.workers,
        batch_tokens: spec.batch_tokens,
    })
}

/// A linear model looks at every record on the threads that read them; keys that say otherwise would do nothing.
fn refuse_idle_keys(spec: &ModelSpec) -> Result<(), PipelineError> {
    let idle = if spec.mode != ModeSpec::All {
        "mode"
    } else if spec.device.as_deref().is_some_and(|device| device != "cpu" && device != "auto") {
        "device"
    } else if spec.runtime.is_some() {
        "runtime"
    } else if spec.workers != 0 {
        "workers"
    } else if spec.strict {
        "strict"
    } else if spec.batch_tokens.is_some() {
        "batch_tokens"
    } else {
        return Ok(());
    };
    Err(PipelineError::Usage(format!(
        "detect.model {}: {idle} is for models that ONNX Runtime carries out; this one looks at every record by itself, take the key out",
        spec.path
    )))
}

/// The policy with what the models say of themselves: which of their heads are advisory, and how often the detectors
/// together are right. What the user wrote stays.
pub(super) fn complete(
    spec: &PolicySpec,
    models: &[Model],
    library: Option<&KeywordLibrary>,
) -> Result<PolicySpec, PipelineError> {
    if let Some(name) = spec.models.keys().find(|name| !models.iter().any(|model| model.manifest.name == **name)) {
        let known: Vec<&str> = models.iter().map(|model| model.manifest.name.as_str()).collect();
        return Err(PipelineError::Usage(format!(
            "policy.models.{name}: the pipeline has no model of that name; it has [{}]",
            known.join(", ")
        )));
    }
    let mut complete = spec.clone();
    for model in models {
        let rule = complete.models.entry(model.manifest.name.clone()).or_default();
        if rule.advisory.is_none() {
            *rule = ModelRuleSpec { advisory: Some(advisory(&model.manifest)) };
        }
    }
    if complete.accuracy.is_none() && !changes_decisions(spec) {
        complete.accuracy = accuracy(models, library);
    }
    Ok(complete)
}

fn advisory(manifest: &ModelManifest) -> Vec<String> {
    let heads = manifest.heads.iter().filter(|head| head.level == Level::Advisory);
    let mut codes: Vec<String> = heads.flat_map(|head| head.risks.clone()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Whether a policy decides otherwise than the one that accuracies are measured with.
fn changes_decisions(spec: &PolicySpec) -> bool {
    let changes = |rule: &tamis_rules::RiskRuleSpec| {
        rule.enforce.is_some() || rule.min_entries.is_some() || rule.min_per_mille.is_some() || rule.threshold.is_some()
    };
    spec.counted.is_some() || !spec.models.is_empty() || spec.risks.values().any(changes)
}

/// The accuracy that the last model knows, if it was measured with these models and this library.
fn accuracy(models: &[Model], library: Option<&KeywordLibrary>) -> Option<AccuracySpec> {
    let known = models.last()?.manifest.accuracy.as_ref()?;
    let names: Vec<&str> = models.iter().map(|model| model.manifest.name.as_str()).collect();
    let same = known.models == names && library.is_some_and(|library| library.digest() == known.library_blake3);
    same.then_some(AccuracySpec {
        sensitivity: known.sensitivity,
        positives: known.positives,
        specificity: known.specificity,
        negatives: known.negatives,
    })
}
