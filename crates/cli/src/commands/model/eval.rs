//! `tamis model eval`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tamis_pipeline::{EvaluateOptions, Evaluation, LongDocument, RiskFigures, assets, evaluate};

use super::{Failure, asked, card, print, print_json, sample_options};
use crate::arguments::ModelEvalArguments;
use crate::numbers::count;

/// Measures a model, and keeps the figures in its folder where that is asked for.
pub fn eval(arguments: &ModelEvalArguments) -> Result<u8, Failure> {
    let taxonomy = assets::taxonomy(&arguments.taxonomy)?;
    let models = arguments.after.iter().chain([&arguments.model]);
    let options = EvaluateOptions {
        models: models.map(|model| asked(model, arguments.runtime.as_deref())).collect(),
        library: (arguments.library != "none").then(|| arguments.library.clone()),
        sample: sample_options(&arguments.reading, &arguments.data)?,
    };
    let evaluation = evaluate(&options, &taxonomy)?;
    if arguments.write {
        write(&arguments.model, &evaluation)?;
    }
    if arguments.json {
        print_json(&evaluation)?;
    } else {
        print(&tables(&evaluation))?;
    }
    Ok(0)
}

fn write(model: &str, evaluation: &Evaluation) -> Result<(), Failure> {
    let folder = Path::new(model);
    if model.starts_with("builtin:") {
        return Err(Failure::usage(format!("--write: {model} is part of the program; give the folder of a model")));
    }
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
    };
    let mut manifest = assets::model(model)?.manifest;
    if evaluation.accuracy.is_some() {
        manifest.accuracy.clone_from(&evaluation.accuracy);
        let text = manifest.to_toml().map_err(tamis_pipeline::PipelineError::from)?;
        put("model.toml", &text)?;
    }
    let json = serde_json::to_string_pretty(evaluation).map_err(|error| Failure { code: 4, error: error.into() })?;
    put("eval.json", &(json + "\n"))?;
    let training = card::Training::read(folder)?;
    put("EVAL.md", &card::evaluation(evaluation, &manifest, training.as_ref(), &tables(evaluation)))?;
    put("MODEL_CARD.md", &card::model_card(evaluation, &manifest, training.as_ref()))
}

/// The tables, as Markdown that is read as it is.
pub fn tables(evaluation: &Evaluation) -> String {
    let mut out = String::new();
    let [texts, clean, positives] = evaluation.texts;
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{} texts: {} with a risk, {} clean of every risk.\n",
        count(texts as u64),
        count(positives as u64),
        count(clean as u64)
    );
    risks(&mut out, &evaluation.risks);
    any(&mut out, evaluation);
    clean_sets(&mut out, evaluation);
    long_documents(&mut out, &evaluation.long_documents);
    out
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.3}"))
}

fn risks(out: &mut String, risks: &[RiskFigures]) {
    out.push_str("| risk | level | positives | recall | precision | AUC | recall at 1 % | calibration error | keywords' recall |\n");
    out.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for risk in risks {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            risk.code,
            risk.level.unwrap_or("no head"),
            count(risk.positives as u64),
            share(risk.recall),
            share(risk.precision),
            share(risk.auc),
            share(risk.recall_at_1_percent),
            share(risk.calibration_error),
            share(risk.keyword_recall)
        );
    }
    out.push('\n');
}

fn any(out: &mut String, evaluation: &Evaluation) {
    let any = &evaluation.any;
    for (name, value) in [
        ("any risk found by enforcing heads", any.recall),
        ("… and enforcing keywords", any.recall_with_keywords),
        ("… and advisory heads", any.recall_with_advisory),
        ("clean texts flagged by enforcing heads", any.clean_flagged),
        ("… and enforcing keywords", any.clean_flagged_with_keywords),
        ("… short ones (128 characters or less)", any.clean_short_flagged),
        ("… longer ones", any.clean_long_flagged),
        ("macro-F1 over the risks with positives", any.macro_f1),
    ] {
        let value = value.map_or_else(|| "–".into(), |value| format!("{value:.4}"));
        let _ = writeln!(out, "- {name}: {value}");
    }
    out.push('\n');
}

fn clean_sets(out: &mut String, evaluation: &Evaluation) {
    if evaluation.clean_sets.is_empty() {
        return;
    }
    out.push_str("| clean data set | texts | flagged by heads | with keywords | share |\n|---|---|---|---|---|\n");
    for set in &evaluation.clean_sets {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {:.4} |",
            set.name,
            count(set.texts as u64),
            count(set.flagged as u64),
            count(set.flagged_with_keywords as u64),
            set.flagged_with_keywords as f64 / set.texts as f64
        );
    }
    out.push('\n');
}

fn long_documents(out: &mut String, documents: &[LongDocument]) {
    out.push_str("| clean text around one text with a risk | documents | recall at 1 % of clean documents | recall at the operating point | clean documents | flagged |\n|---|---|---|---|---|---|\n");
    for line in documents {
        let _ = writeln!(
            out,
            "| {} B | {} | {} | {} | {} | {} |",
            count(line.bytes as u64),
            count(line.with_a_risk as u64),
            share(line.recall_at_1_percent),
            share(line.recall),
            count(line.clean as u64),
            share(line.clean_flagged)
        );
    }
}
