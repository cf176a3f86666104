//! `tamis model calibrate`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use tamis_classify::{
    CleanLogits, Contract, FlagTarget, Language, LinearModel, ModelManifest, Pooling, Windows, length_bucket, metrics,
};
use tamis_detect::{Normalized, Normalizer, Truth};
use tamis_pipeline::{PipelineError, assets, read_sample};
use tamis_rules::Level;

use super::{Failure, print, sample_options};
use crate::arguments::ModelCalibrateArguments;

/// Texts of a language and length that new thresholds need.
const FEW: usize = 200;

/// Clean logits by language and length bucket.
type Clean = BTreeMap<(Language, usize), CleanLogits>;

/// Writes a copy of a model with thresholds set by clean texts.
pub fn calibrate(arguments: &ModelCalibrateArguments) -> Result<u8, Failure> {
    let files = assets::model(&arguments.model)?;
    if files.manifest.contract != Contract::HashedNgrams {
        return Err(Failure::usage(format!(
            "model calibrate {}: it is of {}; thresholds are set for models of hashed-ngrams/1 only",
            arguments.model,
            files.manifest.contract.name()
        )));
    }
    if !(arguments.flagged > 0.0 && arguments.flagged < 100.0) {
        return Err(Failure::usage(format!("--flagged {}: expected a percentage above 0", arguments.flagged)));
    }
    let mut manifest = files.manifest;
    let model = LinearModel::from_onnx(&files.onnx, &manifest).map_err(PipelineError::from)?;
    let clean = read(arguments, &manifest, &model)?;
    let report = set(&mut manifest, &clean, arguments);
    // What was measured was measured with other thresholds.
    manifest.accuracy = None;
    let _ = write!(manifest.version, "+calibrated");
    let put = |name: &str, bytes: &[u8]| {
        let path = arguments.output.join(name);
        fs::write(&path, bytes).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
    };
    fs::create_dir_all(&arguments.output)
        .map_err(|error| Failure::usage(format!("--output {}: {error}", arguments.output.display())))?;
    put("model.onnx", &files.onnx)?;
    put("model.toml", manifest.to_toml().map_err(PipelineError::from)?.as_bytes())?;
    print(&report)?;
    Ok(0)
}

fn read(arguments: &ModelCalibrateArguments, manifest: &ModelManifest, model: &LinearModel) -> Result<Clean, Failure> {
    let taxonomy = assets::taxonomy("builtin:gbt45654")?;
    let normalizer = Normalizer::new();
    let (mut normal, mut windows) = (Normalized::default(), Windows::default());
    let (mut scratch, mut pooling) = (Vec::new(), Vec::new());
    let (mut clean, mut sources): (Clean, BTreeMap<String, u32>) = (Clean::new(), BTreeMap::new());
    read_sample(&sample_options(&arguments.reading, &arguments.sample)?, &taxonomy, |sample| {
        if sample.truth != Truth::Clean {
            return;
        }
        let language = sample.lang.and_then(Language::declared).unwrap_or_else(|| Language::identify(sample.text));
        normalizer.normalize(sample.text, &mut normal);
        windows.read(model, normal.text(), normal.line_breaks(), manifest.windows.of(language) as usize);
        windows.pool(model, &mut scratch, &mut pooling);
        let logits: Vec<f32> =
            pooling.iter().filter_map(Pooling::finish).map(|it| it.value(manifest.windows.pool)).collect();
        let next = sources.len() as u32;
        let source = *sources.entry(sample.group.to_owned()).or_insert(next);
        let bucket = length_bucket(&manifest.length_buckets, windows.chars());
        clean.entry((language, bucket)).or_insert_with(|| CleanLogits::new(model.heads())).push(&logits, source);
    })?;
    Ok(clean)
}

/// Sets the thresholds of every language and length with enough texts, and tells what was done.
fn set(manifest: &mut ModelManifest, clean: &Clean, arguments: &ModelCalibrateArguments) -> String {
    let enforcing: Vec<bool> = manifest.heads.iter().map(|head| head.level == Level::Enforce).collect();
    let target = FlagTarget { flagged: arguments.flagged / 100.0, flagged_worst: 1.0 };
    let mut out =
        String::from("| language | characters | clean texts | flagged before | flagged now |\n|---|---|---|---|---|\n");
    for (&(language, bucket), logits) in clean {
        let before: Vec<f32> = manifest.heads.iter().map(|head| head.thresholds.of(language)[bucket]).collect();
        let fitted = (logits.len() >= FEW).then(|| logits.fit(&enforcing, target)).flatten();
        if let Some(fitted) = &fitted {
            for (head, &threshold) in manifest.heads.iter_mut().zip(fitted) {
                let place = &mut head.thresholds.of_mut(language)[bucket];
                let silent = *place > 1000.0;
                *place = if arguments.raise_only && !silent { place.max(threshold) } else { threshold };
            }
        }
        let share = |thresholds: &[f32]| {
            metrics::ratio(logits.flagged(thresholds, &enforcing).0, logits.len()).unwrap_or_default()
        };
        let now: Vec<f32> = manifest.heads.iter().map(|head| head.thresholds.of(language)[bucket]).collect();
        let end = manifest.length_buckets.get(bucket).map_or_else(|| "more".to_owned(), |end| format!("to {end}"));
        let told = if fitted.is_some() {
            format!("{:.4}", share(&now))
        } else {
            format!("left as it was: fewer than {FEW} texts")
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| {} | {end} | {} | {:.4} | {told} |", language.name(), logits.len(), share(&before));
    }
    out
}
