//! `tamis model info`.

use std::fmt::Write as _;

use tamis_classify::{HeadSpec, Language, ModelManifest};
use tamis_pipeline::assets;
use tamis_rules::Level;

use super::{Failure, print, print_json};

/// Shows a model's `model.toml` as a person reads it.
pub fn info(model: &str, json: bool) -> Result<u8, Failure> {
    let files = assets::model(model)?;
    if json {
        print_json(&files.manifest)?;
    } else {
        print(&text(&files.manifest, files.onnx.len()))?;
    }
    Ok(0)
}

fn text(manifest: &ModelManifest, bytes: usize) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{} {}  {}, {}", manifest.name, manifest.version, manifest.contract.name(), manifest.licence);
    let _ = writeln!(out, "{}", manifest.summary);
    let _ = writeln!(out, "model.onnx  {bytes} bytes, blake3 {}", manifest.onnx_blake3);
    let windows = &manifest.windows;
    let _ = writeln!(out, "windows     zh {}, en {}, other {}", windows.zh, windows.en, windows.other);
    match &manifest.accuracy {
        Some(accuracy) => {
            let _ = writeln!(
                out,
                "accuracy    sensitivity {} of {}, specificity {} of {}, asked: {}, beside keywords {:.12}…",
                accuracy.sensitivity,
                accuracy.positives,
                accuracy.specificity,
                accuracy.negatives,
                accuracy.models.join(", "),
                accuracy.library_blake3
            );
        }
        None => {
            let _ = writeln!(out, "accuracy    not measured; `tamis model eval --write` measures it");
        }
    }
    let enforcing = manifest.heads.iter().filter(|head| head.level == Level::Enforce).count();
    let _ = writeln!(out, "heads       {} in all, {enforcing} enforce\n", manifest.heads.len());
    let ends: Vec<String> =
        manifest.length_buckets.iter().map(|end| format!("≤{end}")).chain(["more".into()]).collect();
    let _ =
        writeln!(out, "head   level     positives synthetic  thresholds by length in characters ({})", ends.join(" "));
    manifest.heads.iter().for_each(|head| line(&mut out, head));
    out
}

fn line(out: &mut String, head: &HeadSpec) {
    let of = |language: Language| {
        let thresholds = head.thresholds.of(language).iter();
        let shown = thresholds.map(|&it| if it > 1000.0 { "silent".to_owned() } else { format!("{it:.2}") });
        let shown: Vec<String> = shown.collect();
        match shown.iter().all(|it| *it == shown[0]) {
            true => format!("{} {}", language.name(), shown[0]),
            false => format!("{} {}", language.name(), shown.join(" ")),
        }
    };
    let thresholds: Vec<String> = Language::ALL.into_iter().map(of).collect();
    let risks =
        if head.risks == [head.label.clone()] { String::new() } else { format!("  → {}", head.risks.join(" ")) };
    let _ = writeln!(
        out,
        "{:<6} {:<9} {:>9} {:>9}  {}{risks}",
        head.label,
        head.level.name(),
        head.positives,
        head.synthetic,
        thresholds.join("; ")
    );
}
