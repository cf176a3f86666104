//! The scanners' oracle: every form as regular expressions, tried at every start.
//!
//! Written to be read, and apart from the scanners: it shares their check digits, their lists of words and how overlaps
//! are settled, and nothing of how candidates, borders, groups, words near them and reserved numbers are found.

mod addresses;
mod codes;
mod dates;
mod digits;
mod mail;
mod names;
mod numbers;
mod pattern;
mod phones;

use std::collections::HashMap;
use std::sync::Arc;

use tamis_rules::PiiKind;

use super::detector::{report, settle_hidden};
use super::form::{Finds, Found};
use super::view::without_masks;
use super::{Also, PiiOptions, is_written_in_digits, kinds, placeholder};
use crate::{Batch, Detector, Evidence, Scanner};

const NAME: &str = "pii";
const VERSION: &str = "pii-oracle/1";

/// Finds what [`PiiDetector`](super::PiiDetector) finds, by `regex-automata`: slow, plain, and the measure of it.
///
/// For tests, for benchmarks that prove their answers, and for whoever changes a scanner.
#[derive(Debug)]
pub struct PiiOracle {
    options: PiiOptions,
    numbers: numbers::Numbers,
    phones: phones::Phones,
    dates: dates::Dates,
    addresses: addresses::Addresses,
    codes: codes::Codes,
    mail: mail::Mail,
    names: names::Names,
    entries: HashMap<&'static str, Arc<str>>,
}

impl PiiOracle {
    /// An oracle with these options; it compiles about two hundred patterns.
    #[must_use]
    pub fn new(options: PiiOptions) -> Self {
        Self {
            options,
            numbers: numbers::Numbers::new(),
            phones: phones::Phones::new(),
            dates: dates::Dates::new(),
            addresses: addresses::Addresses::new(),
            codes: codes::Codes::new(),
            mail: mail::Mail::new(),
            names: names::Names::new(),
            entries: kinds::FORMS.iter().map(|form| (form.name, form.name.into())).collect(),
        }
    }

    /// What it looks for.
    #[must_use]
    pub fn options(&self) -> &PiiOptions {
        &self.options
    }

    /// Everything that any form fits.
    fn find_all(&self, text: &[u8], also: Also) -> Finds {
        let mut finds = Finds::default();
        self.numbers.find(text, &mut finds);
        self.phones.find(text, also, &mut finds);
        self.dates.find(text, &mut finds);
        self.addresses.find(text, also, &mut finds);
        self.codes.find(text, &mut finds);
        self.mail.find(text, also, &mut finds);
        self.names.find(text, &mut finds);
        finds
    }
}

impl Default for PiiOracle {
    fn default() -> Self {
        Self::new(PiiOptions::default())
    }
}

impl Detector for PiiOracle {
    fn name(&self) -> &str {
        NAME
    }

    fn digest(&self) -> String {
        let text = format!("{VERSION} {:?}", self.options);
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    fn scanner(&self) -> Box<dyn Scanner + '_> {
        Box::new(OracleScanner { oracle: self })
    }
}

struct OracleScanner<'o> {
    oracle: &'o PiiOracle,
}

impl Scanner for OracleScanner<'_> {
    fn scan(&mut self, batch: &Batch<'_>, out: &mut Evidence) {
        let PiiOracle { options, entries, .. } = self.oracle;
        report(batch, options.kinds, out, |form| Arc::clone(&entries[form.name]), |text| self.places(text));
    }
}

impl OracleScanner<'_> {
    fn places(&self, text: &str) -> Vec<Found> {
        let also = self.oracle.options.also;
        let (folded, original) = fold(&without_masks(text));
        let masked = masked(&folded);
        let find = |text: &[u8]| -> Vec<Found> { self.oracle.find_all(text, also).settle().collect() };
        let mut places = find(masked.as_bytes());
        settle_hidden(masked.as_bytes(), &mut places, &mut Vec::new(), find);
        for found in &mut places {
            (found.start, found.end) = (original[found.start], original[found.end]);
        }
        places
    }
}

/// The text without full-width forms, and for each of its bytes the place of the character in the original.
///
/// Full-width punctuation is folded in one run with a letter, a digit or a sign of numbers and addresses only: it stands
/// in most Chinese texts.
fn fold(text: &str) -> (String, Vec<usize>) {
    let reason = |c: char| matches!(c, '＋' | '－' | '．' | '０'..='９' | '＠' | 'Ａ'..='Ｚ' | '＿' | 'ａ'..='ｚ');
    let (mut folded, mut places) = (String::new(), Vec::new());
    let characters: Vec<_> = text.char_indices().collect();
    for run in characters.chunk_by(|(_, one), (_, next)| (ascii(*one) != *one) == (ascii(*next) != *next)) {
        let folds = run.iter().any(|(_, c)| reason(*c));
        for (place, c) in run {
            folded.push(if folds { ascii(*c) } else { *c });
            places.resize(folded.len(), *place);
        }
    }
    places.push(text.len());
    (folded, places)
}

/// The text with a sign for each character of a placeholder.
fn masked(text: &str) -> String {
    PiiKind::ALL.iter().fold(text.to_owned(), |text, kind| {
        let word = placeholder(*kind);
        let sign = if is_written_in_digits(*kind) { pattern::NUMBER } else { pattern::NAME };
        text.replace(word, &sign.repeat(word.len()))
    })
}

/// The character, or the ASCII character that it is the full-width form of.
fn ascii(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '！'..='～' => char::from_u32(u32::from(c) - u32::from('！') + u32::from('!')).unwrap_or(c),
        other => other,
    }
}
