//! The steps of `tamis-train lin31`.

mod levels;
mod measure;

use std::fs;

use anyhow::{Context as _, Result};
use tamis_classify::{
    Contract, HeadSpec, Language, LinearModel, MODEL_FORMAT, ModelManifest, Pool, Thresholds, WindowSpec,
};
use tamis_detect::{Normalized, Normalizer};
use tamis_rules::Taxonomy;

use crate::Lin31Arguments;
use crate::labelled::{Corpus, Split};
use crate::linear::train as train_heads;
use crate::recipe::Recipe;
use crate::rows::Rows;
use crate::scores::Normal;
use crate::training::{Data, DatasetCounts, Training};
use crate::unseen::{Asked, Folds, Table};
use crate::{embed, unseen};
use levels::Levels;

/// Trains and writes the model.
pub fn train(arguments: &Lin31Arguments) -> Result<()> {
    let taxonomy = Taxonomy::builtin("gbt45654").context("the built-in taxonomy")?;
    let recipe = Recipe::read(&arguments.recipe)?;
    let mut corpus = Corpus::read(&arguments.data, &taxonomy)?;
    if recipe.solver.embedded_cost > 0.0 {
        embed::add_embedded(&mut corpus, &recipe.windows);
    }
    let corpus = corpus;
    let normal = normalize(&corpus);
    let rows = rows(&normal, tamis_classify::ngrams);
    let folds = Folds::deal(&corpus, &recipe);
    eprintln!(
        "{} texts, {} data sets, {} families of clean sources",
        corpus.texts.len(),
        corpus.datasets.len(),
        folds.parts
    );

    let asked = Asked { corpus: &corpus, recipe: &recipe, normal: &normal, folds: &folds };
    let mut unseen = asked.unseen();
    let mut long = measure::LongDocuments::default();
    for fold in 0..folds.parts {
        let model = train_heads(&corpus, &rows, &recipe.solver, &|at| folds.sees(&corpus, fold, at)).quantize();
        asked.ask(&model, fold, &mut unseen);
        long.ask(&asked, &model, fold);
        eprintln!("left out {} of {}", fold + 1, folds.parts);
    }
    let levels = Levels::settle(&asked, &unseen);
    let heads = train_heads(&corpus, &rows, &recipe.solver, &|_| true);
    let model = heads.quantize();
    eprintln!("trained on everything");
    let plain = if arguments.no_baseline { None } else { Some(measure::Plain::train(&asked)) };
    let measured = measure::Measured { asked: &asked, unseen: &unseen, levels: &levels, plain: plain.as_ref() };

    let manifest = manifest(&recipe, &corpus, &levels, &model)?;
    fs::create_dir_all(&arguments.out).with_context(|| arguments.out.display().to_string())?;
    let write = |name: &str, bytes: &[u8]| {
        let path = arguments.out.join(name);
        fs::write(&path, bytes).with_context(|| path.display().to_string())
    };
    write("model.onnx", &model.to_onnx(&manifest.labels()))?;
    write("model.toml", manifest.to_toml()?.as_bytes())?;
    let training = Training {
        format: "tamis-training/1",
        model: recipe.name.clone(),
        version: recipe.version.clone(),
        data: data(&corpus, &folds),
        heads: levels.report(&heads),
        unseen: measured.unseen_sources(&long),
        labelled_sets: measured.labelled_sets(&model),
        recipe: recipe.clone(),
    };
    write("training.json", (serde_json::to_string_pretty(&training)? + "\n").as_bytes())?;
    eprintln!("{}", measured.summary(&training));
    Ok(())
}

fn normalize(corpus: &Corpus) -> Vec<Normal> {
    let normalizer = Normalizer::new();
    let mut out = Normalized::default();
    let normal = corpus.texts.iter().map(|text| {
        normalizer.normalize(&text.text, &mut out);
        Normal { text: out.text().to_owned(), breaks: out.line_breaks().to_vec(), chars: out.text().chars().count() }
    });
    normal.collect()
}

fn rows(normal: &[Normal], ngrams: fn(&str) -> Vec<u32>) -> Rows {
    let mut rows = Rows::default();
    normal.iter().for_each(|text| rows.push(&mut ngrams(&text.text)));
    rows
}

fn manifest(recipe: &Recipe, corpus: &Corpus, levels: &Levels, model: &LinearModel) -> Result<ModelManifest> {
    let heads = corpus.codes.iter().enumerate().map(|(head, code)| HeadSpec {
        label: code.clone(),
        risks: vec![code.clone()],
        level: levels.level(head),
        positives: levels.real(head),
        synthetic: levels.synthetic(head),
        slope: levels.slopes[head],
        thresholds: thresholds(&levels.table, head),
    });
    let mut manifest = ModelManifest {
        format: MODEL_FORMAT.into(),
        name: recipe.name.clone(),
        version: recipe.version.clone(),
        contract: Contract::HashedNgrams,
        licence: recipe.licence.clone(),
        summary: recipe.summary.clone(),
        onnx_blake3: String::new(),
        external_data: Vec::new(),
        length_buckets: recipe.length_buckets.clone(),
        windows: WindowSpec {
            zh: recipe.windows.zh,
            en: recipe.windows.en,
            other: recipe.windows.other,
            pool: Pool::Max,
        },
        tokens: None,
        accuracy: None,
        heads: heads.collect(),
    };
    manifest.onnx_blake3 = blake3::hash(&model.to_onnx(&manifest.labels())).to_hex().to_string();
    Ok(manifest)
}

fn thresholds(table: &Table, head: usize) -> Thresholds {
    let of = |language: Language| -> Vec<f32> {
        let rows = table.iter().filter(|((its, _), _)| *its == language);
        rows.map(|(_, row)| (row[head] * 1e4).round() / 1e4).collect()
    };
    let zh = of(Language::Zh);
    let other = vec![unseen::SILENT; zh.len()];
    Thresholds { zh, en: of(Language::En), other }
}

fn data(corpus: &Corpus, folds: &Folds) -> Data {
    let split =
        |split: Split| corpus.texts.iter().filter(|text| text.split == split && text.embedded.is_none()).count();
    let datasets = corpus.datasets.iter().enumerate().map(|(at, dataset)| {
        let of = || corpus.texts.iter().filter(move |text| text.dataset == at && text.embedded.is_none());
        DatasetCounts {
            name: dataset.name.clone(),
            family: folds.names[folds.families[at] as usize].clone(),
            licences: dataset.licences.clone(),
            texts: of().count(),
            clean: of().filter(|text| text.is_benign(corpus.all)).count(),
            with_a_risk: of().filter(|text| text.positive != 0).count(),
        }
    });
    Data {
        blake3: corpus.blake3.clone(),
        texts: corpus.texts.iter().filter(|text| text.embedded.is_none()).count(),
        train: split(Split::Train),
        dev: split(Split::Dev),
        datasets: datasets.collect(),
    }
}
