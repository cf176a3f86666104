//! One bad paragraph in a long document: what windows are for.

use serde::Serialize;
use tamis_classify::{Language, metrics};
use tamis_rules::RiskSet;

use super::{Judged, ONE_PERCENT, Panel};

/// Documents of one size.
#[derive(Debug, Clone, Serialize)]
pub struct LongDocument {
    /// Bytes of clean text, about.
    pub bytes: usize,
    /// Documents with one text that has a risk in their middle.
    pub with_a_risk: usize,
    /// Documents without.
    pub clean: usize,
    /// Share of the former whose highest score of an enforcing head lies above that of 99 % of the latter.
    pub recall_at_1_percent: Option<f64>,
    /// Share of the former that enforcing heads flag.
    pub recall: Option<f64>,
    /// Share of the latter that enforcing heads flag.
    pub clean_flagged: Option<f64>,
}

/// Sizes of documents in bytes.
const SIZES: [usize; 3] = [200, 2_000, 20_000];
/// Documents of a language and size, about.
const MOST_DOCUMENTS: usize = 1000;
/// A longer text is no sentence.
const LONGEST: usize = 300;

/// Puts every short text with a risk as a line of its own into the middle of clean lines of its language, for every size.
pub(super) fn long_documents(panel: &Panel, positives: &[&Judged], clean: &[&Judged]) -> Vec<LongDocument> {
    SIZES.iter().map(|&size| documents(panel, positives, clean, size)).collect()
}

fn documents(panel: &Panel, positives: &[&Judged], clean: &[&Judged], size: usize) -> LongDocument {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for language in [Language::Zh, Language::En] {
        let lines: Vec<&Judged> = clean.iter().copied().filter(|text| language_of(text) == language).collect();
        let documents = cut(&lines, size);
        let bad = positives.iter().filter(|text| language_of(text) == language && text.text.len() <= LONGEST);
        for (n, text) in bad.enumerate() {
            // Every document is used about as often; a bad text meets a different one in every size.
            let Some([before, behind]) = documents.get((n * 7919 + size) % documents.len().max(1)) else { continue };
            with.push(judged(format!("{before}{}\n{behind}", text.text), language));
        }
        without.extend(documents.into_iter().map(|parts| judged(parts.concat(), language)));
    }
    panel.judge(&mut without);
    panel.judge(&mut with);
    let highest = |texts: &[Judged]| -> Vec<f32> { texts.iter().map(|text| panel.highest_enforcing(text)).collect() };
    let flagged =
        |texts: &[Judged]| metrics::ratio(texts.iter().filter(|text| !text.by_model.is_empty()).count(), texts.len());
    LongDocument {
        bytes: size,
        with_a_risk: with.len(),
        clean: without.len(),
        recall_at_1_percent: if with.is_empty() {
            None
        } else {
            metrics::recall_at(&highest(&with), &highest(&without), ONE_PERCENT)
        },
        recall: flagged(&with),
        clean_flagged: flagged(&without),
    }
}

/// Documents of about this size, as lines before and behind a place in the middle. They begin at every line, or at every
/// n-th where there are many lines, so that few texts give many documents; neighbours share lines.
fn cut(lines: &[&Judged], size: usize) -> Vec<[String; 2]> {
    let mut documents = Vec::new();
    for from in (0..lines.len()).step_by(lines.len().div_ceil(MOST_DOCUMENTS).max(1)) {
        let mut parts: [String; 2] = Default::default();
        for line in &lines[from..] {
            let behind = parts[0].len() * 2 >= size;
            let part = &mut parts[usize::from(behind)];
            part.push_str(&line.text);
            part.push('\n');
            if parts[0].len() + parts[1].len() >= size {
                documents.push(parts);
                break;
            }
        }
    }
    documents
}

fn language_of(text: &Judged) -> Language {
    text.lang.as_deref().and_then(Language::declared).unwrap_or_else(|| Language::identify(&text.text))
}

fn judged(text: String, language: Language) -> Judged {
    Judged {
        text,
        lang: Some(language.name().to_owned()),
        group: String::new(),
        label: None,
        scores: Vec::new(),
        by_model: RiskSet::EMPTY,
        by_model_advisory: RiskSet::EMPTY,
        by_keyword: RiskSet::EMPTY,
    }
}

impl Panel {
    /// The highest score of a head that enforces.
    fn highest_enforcing(&self, text: &Judged) -> f32 {
        let scores = text.scores.iter().enumerate().filter(|(risk, _)| self.enforcing.contains(risk));
        scores.map(|(_, &score)| f32::from(score)).fold(0.0, f32::max)
    }
}
