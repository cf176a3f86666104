//! What a model is worth on labelled texts, by itself and beside the keywords (B.1.4).

mod documents;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tamis_classify::{Accuracy, ModelManifest, metrics};
use tamis_detect::{Batch, Detector, Evidence, KeywordDetector, KeywordLibrary, Truth};
use tamis_rules::{Level, RiskId, RiskSet, Taxonomy};

use crate::config::ModelSpec;
use crate::detectors::models;
use crate::sample::{SampleOptions, read_sample};
use crate::{PipelineError, assets};
pub use documents::LongDocument;

/// Version of the form of `eval.json`.
pub const EVALUATION_FORMAT: &str = "tamis-evaluation/1";
/// Clean texts of at most so many characters are short.
pub const SHORT_CHARS: usize = 128;
/// Texts that are looked at at once.
const BATCH: usize = 1024;
/// Share of clean texts at which recalls are compared.
const ONE_PERCENT: f64 = 0.01;
/// Score of a model that decides, in thousandths: its operating point.
const DECIDES: u16 = 500;

/// What is evaluated.
#[derive(Debug, Clone)]
pub struct EvaluateOptions {
    /// The models, asked in this order; the last is the one evaluated.
    pub models: Vec<ModelSpec>,
    /// Keyword library that stands beside them; none for the models alone.
    pub library: Option<String>,
    /// Labelled texts.
    pub sample: SampleOptions,
}

/// `eval.json`. Shares are of 1; a share of nothing is none.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// [`EVALUATION_FORMAT`].
    pub format: &'static str,
    /// Name and version of the model.
    pub model: String,
    /// blake3 of its `model.onnx`.
    pub onnx_blake3: String,
    /// Models that were asked, in order.
    pub models: Vec<String>,
    /// Digest of the keyword library beside them.
    pub library_blake3: Option<String>,
    /// Texts, those of them that are clean of every risk, and those with a risk.
    pub texts: [usize; 3],
    /// Per risk, in the taxonomy's order; risks without a positive and without a head are left out.
    pub risks: Vec<RiskFigures>,
    /// Over all risks.
    pub any: AnyFigures,
    /// Clean texts by data set, those flagged most first.
    pub clean_sets: Vec<CleanSet>,
    /// One text with a risk inside clean text.
    pub long_documents: Vec<LongDocument>,
    /// What the ledger corrects rates by.
    pub accuracy: Option<Accuracy>,
}

/// Figures of one risk. Negatives are texts whose label settles the risk; AUC and recall at 1 % are against clean texts.
#[derive(Debug, Clone, Serialize)]
pub struct RiskFigures {
    /// Code.
    pub code: String,
    /// Level of its heads.
    pub level: Option<&'static str>,
    /// Texts that carry it.
    pub positives: usize,
    /// Texts that are known not to.
    pub negatives: usize,
    /// Share of the positives at or above the operating point.
    pub recall: Option<f64>,
    /// Share of positives among the texts at or above it.
    pub precision: Option<f64>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Share of the positives above the score that 1 % of the clean texts lie above.
    pub recall_at_1_percent: Option<f64>,
    /// Expected calibration error of the score over positives and negatives, ten bins.
    pub calibration_error: Option<f64>,
    /// Share of the positives that enforcing keywords find.
    pub keyword_recall: Option<f64>,
}

/// Figures over all risks.
#[derive(Debug, Clone, Serialize)]
pub struct AnyFigures {
    /// Share of the texts with a risk for which an enforcing head decides any.
    pub recall: Option<f64>,
    /// The same with the keywords.
    pub recall_with_keywords: Option<f64>,
    /// The same, advisory heads and keywords included.
    pub recall_with_advisory: Option<f64>,
    /// Share of the clean texts that enforcing heads flag.
    pub clean_flagged: Option<f64>,
    /// The same with the keywords.
    pub clean_flagged_with_keywords: Option<f64>,
    /// The same of clean texts of at most [`SHORT_CHARS`] characters.
    pub clean_short_flagged: Option<f64>,
    /// The same of the longer ones.
    pub clean_long_flagged: Option<f64>,
    /// Mean over the risks with positives of F1 at the operating points, keywords included.
    pub macro_f1: Option<f64>,
}

/// Clean texts of one data set.
#[derive(Debug, Clone, Serialize)]
pub struct CleanSet {
    /// Name.
    pub name: String,
    /// Texts.
    pub texts: usize,
    /// Those that enforcing heads flag.
    pub flagged: usize,
    /// Those that enforcing heads or keywords flag.
    pub flagged_with_keywords: usize,
}

/// A text, its label, and what was said of it.
struct Judged {
    text: String,
    lang: Option<String>,
    group: String,
    /// None where it is clean of everything.
    label: Option<(RiskSet, RiskSet)>,
    /// Highest score per risk, in thousandths.
    scores: Vec<u16>,
    by_model: RiskSet,
    by_model_advisory: RiskSet,
    by_keyword: RiskSet,
}

/// Evaluates the last of the models on labelled texts.
///
/// # Errors
/// [`PipelineError`] where a model, the library or the sample cannot be used.
pub fn evaluate(options: &EvaluateOptions, taxonomy: &Taxonomy) -> Result<Evaluation, PipelineError> {
    let loaded = models::load(&options.models, taxonomy)?;
    let library = options.library.as_ref().map(|reference| assets::keyword_library(reference, taxonomy)).transpose()?;
    let panel = Panel::new(loaded, library, taxonomy)?;
    let mut texts = read(&options.sample, taxonomy)?;
    panel.judge(&mut texts);
    let manifest = panel.manifest()?;
    let clean: Vec<&Judged> = texts.iter().filter(|text| text.label.is_none()).collect();
    let positive = |text: &&Judged| text.label.is_some_and(|(found, _)| !found.is_empty());
    let positives: Vec<&Judged> = texts.iter().filter(positive).collect();
    let risks = taxonomy.all().iter().filter_map(|risk| figures(risk, taxonomy, manifest, &texts, &clean));
    Ok(Evaluation {
        format: EVALUATION_FORMAT,
        model: format!("{} {}", manifest.name, manifest.version),
        onnx_blake3: manifest.onnx_blake3.clone(),
        models: panel.names(),
        library_blake3: panel.library_digest(),
        texts: [texts.len(), clean.len(), positives.len()],
        risks: risks.collect(),
        any: any(&positives, &clean, taxonomy, &texts),
        clean_sets: clean_sets(&clean),
        long_documents: documents::long_documents(&panel, &counted_only(taxonomy, &positives), &clean),
        accuracy: accuracy(&panel, taxonomy, &positives, &clean),
    })
}

/// The detectors that are asked.
pub(crate) struct Panel {
    models: Vec<models::Model>,
    keywords: Option<KeywordDetector>,
    /// Risks of the taxonomy.
    risks: usize,
    /// Places in the taxonomy of the risks that an enforcing head speaks of.
    enforcing: BTreeSet<usize>,
}

impl Panel {
    fn new(
        models: Vec<models::Model>,
        library: Option<KeywordLibrary>,
        taxonomy: &Taxonomy,
    ) -> Result<Self, PipelineError> {
        let keywords = library.map(KeywordDetector::new).transpose()?;
        let mut enforcing = BTreeSet::new();
        for model in &models {
            let heads = model.manifest.heads.iter().filter(|head| head.level == Level::Enforce);
            enforcing
                .extend(heads.flat_map(|head| &head.risks).filter_map(|code| Some(taxonomy.risk_id(code)?.index())));
        }
        Ok(Self { models, keywords, risks: taxonomy.risks().len(), enforcing })
    }

    fn manifest(&self) -> Result<&ModelManifest, PipelineError> {
        let last = self.models.last().map(|model| &model.manifest);
        last.ok_or_else(|| PipelineError::Usage("no model to evaluate".into()))
    }

    fn names(&self) -> Vec<String> {
        self.models.iter().map(|model| model.manifest.name.clone()).collect()
    }

    fn library_digest(&self) -> Option<String> {
        self.keywords.as_ref().map(|detector| detector.library().digest())
    }

    fn judge(&self, texts: &mut [Judged]) {
        let mut scanners: Vec<_> = self.models.iter().map(|model| model.detector.scanner()).collect();
        let mut keywords = self.keywords.as_ref().map(|detector| detector.scanner());
        let mut evidence = Evidence::default();
        for part in texts.chunks_mut(BATCH) {
            evidence.clear();
            let mut batch = Batch::new(part.len());
            batch.push_field("text", part.iter().map(|text| Some(text.text.as_str())).collect());
            batch.set_languages(part.iter().map(|text| text.lang.as_deref()).collect());
            scanners.iter_mut().for_each(|scanner| scanner.scan(&batch, &mut evidence));
            if let Some(keywords) = &mut keywords {
                keywords.scan(&batch, &mut evidence);
            }
            self.take(&evidence, part);
        }
    }

    fn take(&self, evidence: &Evidence, part: &mut [Judged]) {
        for text in part.iter_mut() {
            text.scores = vec![0; self.risks];
        }
        for row in &evidence.scores {
            let text = &mut part[row.row as usize];
            let highest = &mut text.scores[row.score.risk.index()];
            *highest = (*highest).max(row.score.score_milli);
            if row.score.score_milli >= DECIDES {
                let decided = if row.score.enforce { &mut text.by_model } else { &mut text.by_model_advisory };
                decided.insert(row.score.risk);
            }
        }
        for (row, count) in &evidence.keywords {
            if count.level == Level::Enforce {
                part[*row as usize].by_keyword.insert(count.risk);
            }
        }
    }
}

fn read(options: &SampleOptions, taxonomy: &Taxonomy) -> Result<Vec<Judged>, PipelineError> {
    let mut texts = Vec::new();
    read_sample(options, taxonomy, |sample| {
        let set = |ids: &[RiskId]| ids.iter().copied().collect::<RiskSet>();
        let label = match sample.truth {
            Truth::Clean => None,
            Truth::Labelled { found, settled } => Some((set(found), set(settled))),
        };
        texts.push(Judged {
            text: sample.text.to_owned(),
            lang: sample.lang.map(str::to_owned),
            group: sample.group.to_owned(),
            label,
            scores: Vec::new(),
            by_model: RiskSet::EMPTY,
            by_model_advisory: RiskSet::EMPTY,
            by_keyword: RiskSet::EMPTY,
        });
    })?;
    Ok(texts)
}

fn figures(
    risk: RiskId,
    taxonomy: &Taxonomy,
    manifest: &ModelManifest,
    texts: &[Judged],
    clean: &[&Judged],
) -> Option<RiskFigures> {
    let code = taxonomy.code(risk);
    let level = manifest.heads.iter().find(|head| head.risks.iter().any(|it| it == code)).map(|head| head.level.name());
    let score = |text: &Judged| f32::from(text.scores[risk.index()]) / 1000.0;
    let carries = |text: &&Judged| text.label.is_some_and(|(found, _)| found.contains(risk));
    let lacks = |text: &&Judged| match text.label {
        None => true,
        Some((found, settled)) => settled.contains(risk) && !found.contains(risk),
    };
    let positives: Vec<&Judged> = texts.iter().filter(carries).collect();
    let negatives: Vec<&Judged> = texts.iter().filter(lacks).collect();
    if level.is_none() && positives.is_empty() {
        return None;
    }
    let over = |texts: &[&Judged]| texts.iter().filter(|text| text.scores[risk.index()] >= DECIDES).count();
    let (right, wrong) = (over(&positives), over(&negatives));
    let scores = |texts: &[&Judged]| -> Vec<f32> { texts.iter().map(|text| score(text)).collect() };
    let (high, low) = (scores(&positives), scores(clean));
    let labelled =
        positives.iter().map(|text| (score(text), true)).chain(negatives.iter().map(|text| (score(text), false)));
    let by_keyword = positives.iter().filter(|text| text.by_keyword.contains(risk)).count();
    Some(RiskFigures {
        code: code.to_owned(),
        level,
        positives: positives.len(),
        negatives: negatives.len(),
        recall: metrics::ratio(right, positives.len()),
        precision: metrics::ratio(right, right + wrong),
        auc: metrics::auc(&high, &low),
        recall_at_1_percent: (!high.is_empty()).then(|| metrics::recall_at(&high, &low, ONE_PERCENT)).flatten(),
        calibration_error: metrics::calibration_error(&labelled.collect::<Vec<_>>()),
        keyword_recall: metrics::ratio(by_keyword, positives.len()),
    })
}

fn any(positives: &[&Judged], clean: &[&Judged], taxonomy: &Taxonomy, texts: &[Judged]) -> AnyFigures {
    let share = |texts: &[&Judged], holds: &dyn Fn(&Judged) -> bool| {
        metrics::ratio(texts.iter().filter(|text| holds(text)).count(), texts.len())
    };
    let together = |text: &Judged| !text.by_model.union(text.by_keyword).is_empty();
    let (short, long): (Vec<&Judged>, Vec<&Judged>) =
        clean.iter().partition(|text| text.text.chars().count() <= SHORT_CHARS);
    AnyFigures {
        recall: share(positives, &|text| !text.by_model.is_empty()),
        recall_with_keywords: share(positives, &together),
        recall_with_advisory: share(positives, &|text| together(text) || !text.by_model_advisory.is_empty()),
        clean_flagged: share(clean, &|text| !text.by_model.is_empty()),
        clean_flagged_with_keywords: share(clean, &together),
        clean_short_flagged: share(&short, &together),
        clean_long_flagged: share(&long, &together),
        macro_f1: macro_f1(taxonomy, texts),
    }
}

fn macro_f1(taxonomy: &Taxonomy, texts: &[Judged]) -> Option<f64> {
    let of = |risk: RiskId| {
        let (mut right, mut wrong, mut missed) = (0, 0, 0);
        for text in texts {
            let decided = text.by_model.union(text.by_keyword).contains(risk);
            match text.label {
                Some((found, _)) if found.contains(risk) => {
                    right += usize::from(decided);
                    missed += usize::from(!decided);
                }
                Some((_, settled)) if !settled.contains(risk) => {}
                _ => wrong += usize::from(decided),
            }
        }
        (right + missed > 0).then(|| metrics::f1(right, wrong, missed))
    };
    let values: Vec<f64> = taxonomy.all().iter().filter_map(of).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn clean_sets(clean: &[&Judged]) -> Vec<CleanSet> {
    let mut sets: BTreeMap<&str, CleanSet> = BTreeMap::new();
    for text in clean {
        let empty = CleanSet { name: text.group.clone(), texts: 0, flagged: 0, flagged_with_keywords: 0 };
        let set = sets.entry(&text.group).or_insert(empty);
        set.texts += 1;
        set.flagged += usize::from(!text.by_model.is_empty());
        set.flagged_with_keywords += usize::from(!text.by_model.union(text.by_keyword).is_empty());
    }
    let mut sets: Vec<CleanSet> = sets.into_values().collect();
    let share = |set: &CleanSet| set.flagged_with_keywords as f64 / set.texts as f64;
    sets.sort_by(|a, b| share(b).total_cmp(&share(a)).then_with(|| a.name.cmp(&b.name)));
    sets
}

/// The texts that carry a risk of the source rule.
fn counted_only<'t>(taxonomy: &Taxonomy, positives: &[&'t Judged]) -> Vec<&'t Judged> {
    let counted = taxonomy.source_rule().counted;
    let counts = |text: &&&Judged| text.label.is_some_and(|(found, _)| !found.intersection(counted).is_empty());
    positives.iter().filter(counts).copied().collect()
}

/// What enforcing heads and keywords together find of the records with a risk that counts, and leave of the clean ones.
fn accuracy(panel: &Panel, taxonomy: &Taxonomy, positives: &[&Judged], clean: &[&Judged]) -> Option<Accuracy> {
    let counted = taxonomy.source_rule().counted;
    let finds = |text: &&&Judged| !text.by_model.union(text.by_keyword).intersection(counted).is_empty();
    let with_counted = counted_only(taxonomy, positives);
    let with_risk = with_counted.len();
    let found = with_counted.iter().filter(finds).count();
    let flagged = clean.iter().filter(finds).count();
    Some(Accuracy {
        sensitivity: rounded(metrics::ratio(found, with_risk)?),
        positives: u32::try_from(with_risk).ok()?,
        specificity: rounded(1.0 - metrics::ratio(flagged, clean.len())?),
        negatives: u32::try_from(clean.len()).ok()?,
        models: panel.names(),
        library_blake3: panel.library_digest()?,
    })
}

/// Four digits are all that is known of it.
fn rounded(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}
