//! `EVAL.md` and `MODEL_CARD.md`: from `eval.json`, `model.toml` and the trainer's `training.json`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use tamis_classify::ModelManifest;
use tamis_pipeline::Evaluation;
use tamis_rules::Level;

use super::Failure;

/// What of `training.json` is told; the file itself has more.
#[derive(Debug, Deserialize)]
pub struct Training {
    data: Data,
    heads: Vec<Head>,
    unseen: Option<Unseen>,
    #[serde(default)]
    labelled_sets: Vec<LabelledSet>,
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Data {
    blake3: String,
    texts: usize,
    train: usize,
    dev: usize,
    datasets: Vec<Dataset>,
}

#[derive(Debug, Deserialize)]
struct Dataset {
    name: String,
    licences: Vec<String>,
    texts: usize,
    clean: usize,
    with_a_risk: usize,
}

#[derive(Debug, Deserialize)]
struct Head {
    code: String,
    level: String,
    why: String,
    gold: u32,
    mapped: u32,
    weak: u32,
    synthetic: u32,
    unseen_precision: Option<f64>,
    unseen_recall: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Unseen {
    parts: usize,
    transfer: Flagged,
    transfer_by_source: BTreeMap<String, Flagged>,
    transfer_by_length: BTreeMap<String, Flagged>,
    recall_at_1_percent: Recall,
    plain_recall_at_1_percent: Option<Recall>,
    recall_by_risk: BTreeMap<String, f64>,
    long_documents: Vec<Long>,
}

#[derive(Debug, Deserialize)]
struct Flagged {
    texts: usize,
    flagged: usize,
}

#[derive(Debug, Deserialize)]
struct Recall {
    any: f64,
    zh: f64,
    en: f64,
    texts: usize,
}

#[derive(Debug, Deserialize)]
struct Long {
    bytes: usize,
    documents: usize,
    clean_documents: usize,
    recall: f64,
}

#[derive(Debug, Deserialize)]
struct LabelledSet {
    name: String,
    texts: usize,
    macro_f1: f64,
    plain_macro_f1: Option<f64>,
}

impl Training {
    /// Reads `training.json` in a model's folder; none where there is no such file.
    pub fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join("training.json");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?,
        };
        let parsed = serde_json::from_str(&text);
        parsed.map(Some).map_err(|error| Failure::usage(format!("{}: {error}; train the model again", path.display())))
    }
}

/// `EVAL.md`.
pub fn evaluation(
    evaluation: &Evaluation,
    manifest: &ModelManifest,
    training: Option<&Training>,
    tables: &str,
) -> String {
    let mut out = format!("# What `{}` {} is worth\n\n", manifest.name, manifest.version);
    let library =
        evaluation.library_blake3.as_deref().map_or("no keywords", |digest| digest.get(..12).unwrap_or(digest));
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "Written by `tamis model eval --write`; the numbers are in `eval.json`. Model `{:.12}…`, asked: {}, beside the keyword \
         library `{library}…`.\n\n## On evaluation texts\nOf sources whose other texts it was trained on.\n\n{tables}",
        evaluation.onnx_blake3,
        evaluation.models.join(", ")
    );
    if let Some(unseen) = training.and_then(|training| training.unseen.as_ref()) {
        out.push_str("\n## On sources that it has not seen\n");
        sources(&mut out, unseen);
    }
    if let Some(training) = training {
        labelled_sets(&mut out, &training.labelled_sets);
        heads(&mut out, &training.heads);
    }
    out
}

fn sources(out: &mut String, unseen: &Unseen) {
    let share = |it: &Flagged| it.flagged as f64 / it.texts.max(1) as f64;
    let _ = writeln!(
        out,
        "Families of clean sources were left out one by one ({} in all), the model trained without each, thresholds set by the \
         others, and the family then looked at: {:.2} % of {} clean texts are flagged by enforcing heads. A new source is to \
         expect that, and the worst of these.\n\n| source | texts | flagged |\n|---|---|---|",
        unseen.parts,
        100.0 * share(&unseen.transfer),
        unseen.transfer.texts
    );
    let mut lines: Vec<_> = unseen.transfer_by_source.iter().collect();
    lines.sort_by(|a, b| share(b.1).total_cmp(&share(a.1)).then_with(|| a.0.cmp(b.0)));
    for (name, it) in lines.into_iter().chain(&unseen.transfer_by_length) {
        let _ = writeln!(out, "| {name} | {} | {:.4} |", it.texts, share(it));
    }
    let line = |it: &Recall| format!("{:.3} (zh {:.3}, en {:.3})", it.any, it.zh, it.en);
    let _ = writeln!(
        out,
        "\nAny risk, where 1 % of the clean texts of unseen sources is flagged, on {} evaluation texts with a risk: recall {}.",
        unseen.recall_at_1_percent.texts,
        line(&unseen.recall_at_1_percent)
    );
    if let Some(plain) = &unseen.plain_recall_at_1_percent {
        let _ = writeln!(
            out,
            "The plain linear model (characters 1–4, words 1–2, whole text, benign texts at a tenth), trained in the same run on \
             the same parts: {}.",
            line(plain)
        );
    }
    out.push_str("\nPer risk, where its own head flags 1 % of them:");
    for (code, recall) in &unseen.recall_by_risk {
        let _ = write!(out, " {code} {recall:.2}");
    }
    out.push_str("\n\n| clean text around one text with a risk | documents | clean documents | recall at 1 % of these |\n|---|---|---|---|\n");
    for long in &unseen.long_documents {
        let _ =
            writeln!(out, "| {} B | {} | {} | {:.3} |", long.bytes, long.documents, long.clean_documents, long.recall);
    }
}

fn labelled_sets(out: &mut String, sets: &[LabelledSet]) {
    if sets.is_empty() {
        return;
    }
    out.push_str("\n## On labelled sets with negatives of their own\n| set | texts | macro-F1 | plain model |\n|---|---|---|---|\n");
    for set in sets {
        let plain = set.plain_macro_f1.map_or_else(|| "–".into(), |it| format!("{it:.3}"));
        let _ = writeln!(out, "| {} | {} | {:.3} | {plain} |", set.name, set.texts, set.macro_f1);
    }
}

fn heads(out: &mut String, heads: &[Head]) {
    out.push_str(
        "\n## Why a head has its level\nPrecision and recall at the operating point, on training texts by a model that had not seen them.\n\n\
         | head | level | gold | mapped | weak | synthetic | precision | recall | why |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    let share = |it: Option<f64>| it.map_or_else(|| "–".into(), |it| format!("{it:.2}"));
    for head in heads {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            head.code,
            head.level,
            head.gold,
            head.mapped,
            head.weak,
            head.synthetic,
            share(head.unseen_precision),
            share(head.unseen_recall),
            head.why
        );
    }
}

/// `MODEL_CARD.md`.
pub fn model_card(evaluation: &Evaluation, manifest: &ModelManifest, training: Option<&Training>) -> String {
    let mut out = format!("# Model card: `{}` {}\n\n{}.\n\n", manifest.name, manifest.version, manifest.summary);
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "- Contract: `{}`; {} heads; licence of the weights: {}.\n- For: finding the risks of GB/T 45654-2025 in records of training \
         data, as one filter beside keywords and spot checks (4.2.1, B.1.4).\n- Not for: judging persons, moderating conversations \
         in real time, languages other than Chinese and English (its heads are silent there).",
        manifest.contract.name(),
        manifest.heads.len(),
        manifest.licence
    );
    let of = |level: Level| -> String {
        let heads = manifest.heads.iter().filter(|head| head.level == level);
        heads.map(|head| head.label.as_str()).collect::<Vec<_>>().join(" ")
    };
    let synthetic = manifest.heads.iter().filter(|head| head.positives == 0 && head.synthetic > 0);
    let synthetic: Vec<&str> = synthetic.map(|head| head.label.as_str()).collect();
    let _ = writeln!(
        out,
        "- Heads that enforce: {}.\n- Heads that are advisory (reported, deciding nothing): {}.\n- Of these, resting on synthetic \
         texts alone: {}.\n",
        of(Level::Enforce),
        of(Level::Advisory),
        if synthetic.is_empty() { "none".into() } else { synthetic.join(" ") }
    );
    out.push_str("## How sure it is\nA score is 0.5 at the operating point of its head, language and length; it is no probability of the \
                  risk in a corpus, where risks are rare. `EVAL.md` has the figures.\n\n");
    failures(&mut out, evaluation);
    if let Some(training) = training {
        trained_on(&mut out, training);
    }
    out
}

/// What is known to go wrong, from the figures.
fn failures(out: &mut String, evaluation: &Evaluation) {
    out.push_str("## Known failures\n");
    let low = evaluation.risks.iter().filter(|risk| risk.positives >= 10 && risk.recall.is_some_and(|it| it < 0.3));
    let low: Vec<String> =
        low.map(|risk| format!("{} {:.2} of {}", risk.code, risk.recall.unwrap_or(0.0), risk.positives)).collect();
    let _ = writeln!(
        out,
        "- Recall below 0.3 on evaluation texts: {}.",
        if low.is_empty() { "none".into() } else { low.join(", ") }
    );
    let loud = evaluation.clean_sets.iter().filter(|set| set.flagged * 100 > set.texts);
    let loud: Vec<String> = loud.map(|set| format!("{} ({} of {})", set.name, set.flagged, set.texts)).collect();
    let _ = writeln!(
        out,
        "- Clean data sets of which more than 1 % is flagged: {}.",
        if loud.is_empty() { "none".into() } else { loud.join(", ") }
    );
    for line in &evaluation.long_documents {
        if let Some(recall) = line.recall {
            let _ =
                writeln!(out, "- One bad text in {} B of clean text is found in {recall:.2} of the cases.", line.bytes);
        }
    }
    out.push_str(
        "- It knows wordings, not meanings: irony, quotation, counter-speech and news that quotes are its false alarms; what is said \
         in plain or new words is missed.\n- Sources of a kind that it was not trained on are flagged more often than the thresholds \
         promise; `tamis model calibrate` sets them by clean texts of your own.\n\n",
    );
}

fn trained_on(out: &mut String, training: &Training) {
    let data = &training.data;
    let _ = writeln!(
        out,
        "## Trained on\n{} labelled texts ({} for training and thresholds, {} for evaluation only), blake3 `{}`. Labels are \
         partial: only the risks that a label settles are learned from a text.\n\n| data set | texts | clean | with a risk | licence |\n|---|---|---|---|---|",
        data.texts, data.train, data.dev, data.blake3
    );
    for set in &data.datasets {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            set.name,
            set.texts,
            set.clean,
            set.with_a_risk,
            set.licences.join(", ")
        );
    }
    out.push_str(
        "\nSets named `tamis-synthetic` were written for this model, about invented persons and places, and lie in \
         `models/train/synthetic`; all others are not part of the project.\n",
    );
    for note in &training.notes {
        let _ = writeln!(out, "\n{note}");
    }
}
