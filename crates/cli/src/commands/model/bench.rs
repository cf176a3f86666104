//! `tamis model bench`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tamis_classify::{ClassifyError, Contract, Language, LinearModel, LinearReference, ModelManifest, Windows, ngrams};
use tamis_detect::{Normalized, Normalizer};
use tamis_pipeline::{PipelineError, assets, read_sample};

use super::{Failure, print, sample_options};
use crate::arguments::ModelBenchArguments;

/// Text that is read at most, in bytes.
const MOST: usize = 32 << 20;
/// Texts that ONNX Runtime gets at a time; more take memory and save no time on a CPU.
const BATCH: usize = 32;
/// N-grams that ONNX Runtime is asked about at most.
const MOST_NGRAMS: usize = 4_000_000;
/// How often each thing is done; the fastest counts.
const ROUNDS: usize = 3;

/// Times a model of n-grams on one core.
pub fn bench(arguments: &ModelBenchArguments) -> Result<u8, Failure> {
    let files = assets::model(&arguments.model)?;
    if files.manifest.contract != Contract::HashedNgrams {
        return Err(Failure::usage(format!(
            "model bench {}: it is of {}; this times models of hashed-ngrams/1 (the example second_stage of tamis-classify times the others)",
            arguments.model,
            files.manifest.contract.name()
        )));
    }
    let model = LinearModel::from_onnx(&files.onnx, &files.manifest).map_err(PipelineError::from)?;
    let texts = texts(arguments)?;
    let mut out = String::new();
    kernel(&mut out, &model, &files.manifest, &texts);
    against_runtime(&mut out, &model, &files.onnx, &texts, arguments).map_err(PipelineError::from)?;
    print(&out)?;
    Ok(0)
}

fn texts(arguments: &ModelBenchArguments) -> Result<Vec<String>, Failure> {
    let taxonomy = assets::taxonomy("builtin:gbt45654")?;
    let (mut texts, mut bytes) = (Vec::new(), 0);
    read_sample(&sample_options(&arguments.reading, &arguments.sample)?, &taxonomy, |sample| {
        if bytes < MOST {
            bytes += sample.text.len();
            texts.push(sample.text.to_owned());
        }
    })?;
    Ok(texts)
}

/// The fastest of some rounds.
fn fastest(mut round: impl FnMut()) -> Duration {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        round();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

fn megabytes_per_second(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9)
}

/// Normalising, hashing, windows and pooling, as a run does them.
fn kernel(out: &mut String, model: &LinearModel, manifest: &ModelManifest, texts: &[String]) {
    let bytes: usize = texts.iter().map(String::len).sum();
    let normalizer = Normalizer::new();
    let (mut normal, mut windows) = (Normalized::default(), Windows::default());
    let (mut logits, mut pooling) = (Vec::new(), Vec::new());
    let languages: Vec<Language> = texts.iter().map(|text| Language::identify(text)).collect();
    let identify = fastest(|| {
        std::hint::black_box(
            texts.iter().map(|text| Language::identify(text)).filter(|it| *it == Language::Zh).count(),
        );
    });
    let normalize = fastest(|| texts.iter().for_each(|text| normalizer.normalize(text, &mut normal)));
    let mut count = 0;
    let all = fastest(|| {
        count = 0;
        for (text, language) in texts.iter().zip(&languages) {
            normalizer.normalize(text, &mut normal);
            let window = manifest.windows.of(*language) as usize;
            windows.read(model, normal.text(), normal.line_breaks(), window);
            windows.pool(model, &mut logits, &mut pooling);
            std::hint::black_box(&pooling);
            count += windows.len();
        }
    });
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{} texts, {:.1} MB, {count} windows; one core, fastest of {ROUNDS}",
        texts.len(),
        bytes as f64 / 1e6
    );
    for (name, time) in
        [("identify the language", identify), ("normalise", normalize), ("normalise, hash, windows, pool", all)]
    {
        let _ = writeln!(out, "{name:<34} {:>8.1} MB/s", megabytes_per_second(bytes, time));
    }
}

/// The same n-grams through the kernel and through ONNX Runtime, whole texts.
fn against_runtime(
    out: &mut String,
    model: &LinearModel,
    onnx: &[u8],
    texts: &[String],
    arguments: &ModelBenchArguments,
) -> Result<(), ClassifyError> {
    let mut reference = match LinearReference::open(onnx, model.heads(), arguments.runtime.as_deref()) {
        Ok(reference) => reference,
        Err(error @ ClassifyError::Runtime { .. }) if arguments.runtime.is_none() => {
            let _ = writeln!(out, "not held against ONNX Runtime: {error}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let normalizer = Normalizer::new();
    let mut normal = Normalized::default();
    let mut left = MOST_NGRAMS;
    let mut ids: Vec<Vec<u32>> = Vec::new();
    for text in texts {
        normalizer.normalize(text, &mut normal);
        let text = ngrams(normal.text());
        if text.len() > left {
            break;
        }
        left -= text.len();
        ids.push(text);
    }
    // Texts of like length beside each other, so that padding costs ONNX Runtime as little as it can.
    ids.sort_by_key(Vec::len);
    let mut ours = Vec::new();
    let kernel = fastest(|| {
        ours.clear();
        ids.iter().for_each(|ids| ours.extend(model.logits(ids)));
    });
    let mut theirs = Vec::new();
    let mut failure = None;
    let runtime = fastest(|| {
        theirs.clear();
        for part in ids.chunks(BATCH) {
            let part: Vec<&[u32]> = part.iter().map(Vec::as_slice).collect();
            match reference.logits(&part) {
                Ok(logits) => theirs.extend(logits),
                Err(error) => failure = Some(error),
            }
        }
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    let widest = ours.iter().zip(&theirs).map(|(a, b): (&f32, &f32)| (a - b).abs()).fold(0f32, f32::max);
    let total = MOST_NGRAMS - left;
    let rate = |time: Duration| total as f64 / 1e6 / time.as_secs_f64().max(1e-9);
    let _ = writeln!(
        out,
        "kernel {:.1} M n-grams/s, ONNX Runtime {:.1}: {:.1} times as fast on the same {:.1} M n-grams of {} texts; largest difference of a logit {widest:e}",
        rate(kernel),
        rate(runtime),
        runtime.as_secs_f64() / kernel.as_secs_f64().max(1e-9),
        total as f64 / 1e6,
        ids.len()
    );
    Ok(())
}
