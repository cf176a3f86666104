//! The kernel and ONNX Runtime on the shipped model and thousands of texts. Where ONNX Runtime's library is not found
//! (`tools/fetch-onnxruntime` puts it in place) this is skipped and says so.
#![cfg(feature = "onnx")]
#![allow(clippy::print_stderr)]

use std::path::Path;

use tamis_classify::{LinearModel, LinearReference, ModelManifest, RuntimeLibrary, ngrams};
use tamis_detect::{Normalized, Normalizer};

/// The texts that were written for the model, normalised.
fn texts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/train/synthetic");
    let normalizer = Normalizer::new();
    let mut normal = Normalized::default();
    let mut texts = vec![String::new(), "a".into()];
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for line in files
        .iter()
        .flat_map(|file| std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
    {
        let record: serde_json::Value = serde_json::from_str(&line).unwrap();
        normalizer.normalize(record["text"].as_str().unwrap(), &mut normal);
        texts.push(normal.text().to_owned());
    }
    texts
}

#[test]
fn the_kernel_and_onnx_runtime_agree() {
    if let Err(error) = RuntimeLibrary::find(None) {
        eprintln!("skipped the_kernel_and_onnx_runtime_agree: {error}");
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/lin31");
    let manifest = ModelManifest::parse(&std::fs::read_to_string(folder.join("model.toml")).unwrap(), "lin31").unwrap();
    let onnx = std::fs::read(folder.join("model.onnx")).unwrap();
    let model = LinearModel::from_onnx(&onnx, &manifest).unwrap();
    let mut reference = LinearReference::open(&onnx, model.heads(), None).unwrap();
    let ids: Vec<Vec<u32>> = texts().iter().map(|text| ngrams(text)).collect();
    assert!(ids.len() > 5000, "{}", ids.len());
    let mut widest = 0f32;
    for part in ids.chunks(64) {
        let part: Vec<&[u32]> = part.iter().map(Vec::as_slice).collect();
        let logits = reference.logits(&part).unwrap();
        for (row, ids) in part.iter().enumerate() {
            for (got, expected) in logits[row * model.heads()..].iter().zip(model.logits(ids)) {
                widest = widest.max((got - expected).abs());
            }
        }
    }
    eprintln!("{} texts, largest difference of a logit {widest:e}", ids.len());
    assert!(widest < 1e-4, "{widest}");
}
