//! The records of the quickstart corpus: clean documents, and what is planted in some of them.

use std::collections::VecDeque;

use rand::{Rng, RngExt};

use super::plan::{SOURCES, SourcePlan};
use crate::{Generator, Lang, PLANTED_RISKS, PersonalKind, Planted};

/// One examinable record.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) source: &'static str,
    pub(super) lang: Lang,
    pub(super) text: String,
    pub(super) risk: Option<&'static str>,
    pub(super) personal: Option<PersonalSpan>,
    /// A number for the columns that carry no meaning.
    pub(super) noise: u32,
}

/// Where personal information stands, in Unicode code points of the text.
#[derive(Debug)]
pub(super) struct PersonalSpan {
    pub(super) kind: PersonalKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The records of every source, in the order of [`SOURCES`].
pub(super) fn make(seed: u64, planted: &Planted) -> Vec<(&'static str, VecDeque<Record>)> {
    let mut turns = Turns::new(planted);
    SOURCES
        .iter()
        .zip(1u64..)
        .map(|(source, stream)| {
            let mut generator = Generator::stream(seed, stream);
            (source.name, of_source(source, &mut generator, &mut turns))
        })
        .collect()
}

fn of_source(source: &SourcePlan, generator: &mut Generator, turns: &mut Turns<'_>) -> VecDeque<Record> {
    let mut bad: Vec<bool> = (0..source.records).map(|index| index < source.bad).collect();
    shuffle(&mut bad, generator.rng());
    (1..=source.records)
        .zip(bad)
        .map(|(number, bad)| {
            let mut record = clean(source, number, generator);
            if bad {
                turns.plant(&mut record, generator);
            } else if generator.rng().random_range(0..1000u32) < source.personal_per_mille {
                plant_personal(&mut record, generator);
            }
            record
        })
        .collect()
}

fn clean(source: &SourcePlan, number: u32, generator: &mut Generator) -> Record {
    let rng = generator.rng();
    let lang = source.langs[rng.random_range(0..source.langs.len() as u32) as usize];
    let kind = source.kinds[rng.random_range(0..source.kinds.len() as u32) as usize];
    let minimum_bytes = length(rng);
    let noise = rng.random_range(0..1_000_000u32);
    Record {
        id: format!("{}-{number:05}", source.id_prefix),
        source: source.name,
        lang,
        text: generator.document_of(lang, kind, minimum_bytes),
        risk: None,
        personal: None,
        noise,
    }
}

/// Most documents end where their grammar ends; one in 25 is longer, one in 400 much longer.
fn length(rng: &mut impl Rng) -> usize {
    let bytes = match rng.random_range(0..400u32) {
        0 => rng.random_range(8_000..20_000u32),
        1..=16 => rng.random_range(1_500..4_000),
        _ => 0,
    };
    bytes as usize
}

/// Whose turn it is to be planted: the risks in turn, and the texts of each in turn.
struct Turns<'p> {
    planted: &'p Planted,
    risk: usize,
    text: Vec<[usize; 2]>,
}

impl Turns<'_> {
    fn new(planted: &Planted) -> Turns<'_> {
        Turns { planted, risk: 0, text: vec![[0; 2]; PLANTED_RISKS.len()] }
    }

    fn plant(&mut self, record: &mut Record, generator: &mut Generator) {
        let risk = PLANTED_RISKS[self.risk];
        let texts: Vec<&str> = self.planted.texts(risk, record.lang).collect();
        let turn = &mut self.text[self.risk][record.lang as usize];
        insert(&mut record.text, texts[*turn % texts.len()], generator.rng());
        record.risk = Some(risk);
        *turn += 1;
        self.risk = (self.risk + 1) % PLANTED_RISKS.len();
    }
}

fn plant_personal(record: &mut Record, generator: &mut Generator) {
    let rng = generator.rng();
    let kind = PersonalKind::ALL[rng.random_range(0..PersonalKind::ALL.len() as u32) as usize];
    let sentence = kind.sentence(record.lang, rng);
    let at = insert(&mut record.text, &sentence.text, rng);
    record.personal = Some(PersonalSpan { kind, start: at + sentence.start, end: at + sentence.end });
}

/// Puts `paragraph` between two paragraphs of `text` or after the last; says where, in code points.
fn insert(text: &mut String, paragraph: &str, rng: &mut impl Rng) -> usize {
    let mut paragraphs: Vec<&str> = text.split("\n\n").collect();
    let at = rng.random_range(1..=paragraphs.len() as u32) as usize;
    let before: usize = paragraphs[..at].iter().map(|before| before.chars().count() + 2).sum();
    paragraphs.insert(at, paragraph);
    *text = paragraphs.join("\n\n");
    before
}

pub(super) fn shuffle<T>(items: &mut [T], rng: &mut impl Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.random_range(0..=last as u32) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_risk_is_planted_in_both_languages() {
        let records = make(45_654, Planted::embedded());
        for risk in PLANTED_RISKS {
            for lang in Lang::ALL {
                let there = |record: &Record| record.risk == Some(risk) && record.lang == lang;
                assert!(records.iter().any(|(_, of)| of.iter().any(there)), "{risk} {lang}");
            }
        }
    }

    #[test]
    fn spans_point_at_the_planted_information() {
        let records = make(45_654, Planted::embedded());
        let mut seen = 0;
        for record in records.iter().flat_map(|(_, of)| of) {
            let Some(span) = &record.personal else {
                continue;
            };
            let value: String = record.text.chars().skip(span.start).take(span.end - span.start).collect();
            let edge = |c: char| c.is_alphanumeric();
            assert!(value.starts_with(edge) && value.ends_with(edge), "{}: {value}", record.id);
            assert!(value.chars().any(|c| c.is_ascii_digit()), "{}: {value}", record.id);
            assert_eq!(record.risk, None);
            seen += 1;
        }
        assert!((20..80).contains(&seen), "{seen}");
    }
}
