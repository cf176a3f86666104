//! Reads one `.tsv` of a keyword library.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tamis_rules::{Level, RiskId, Taxonomy};

use super::entry::{Alternatives, Words};
use super::lists::NamedLists;
use super::{Date, Disguise, Entry, Evasion, Lang, MatchKind, Near, evasion};
use crate::error::did_you_mean;
use crate::{Normalizer, Origin, Problem};

const REQUIRED: [&str; 7] = ["id", "level", "lang", "match", "term", "added", "reviewed"];
const OPTIONAL: [&str; 6] = ["near", "with", "not_near", "unless", "evasion", "note"];

/// Characters that a term must have to enforce; one character hits everyday text.
const MIN_ENFORCED_CHARS: usize = 2;

/// What the files of a library share while they are read.
pub(super) struct Reader<'a> {
    pub(super) taxonomy: &'a Taxonomy,
    pub(super) lists: &'a NamedLists,
    pub(super) normalizer: Normalizer,
    /// Alternatives by their cell, so that equal cells are read and kept once.
    cells: HashMap<String, Alternatives>,
    /// Words that have been checked, so that each is kept once.
    words: HashSet<Arc<str>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(taxonomy: &'a Taxonomy, lists: &'a NamedLists) -> Self {
        Self { taxonomy, lists, normalizer: Normalizer::new(), cells: HashMap::new(), words: HashSet::new() }
    }
}

/// Reads a file's entries; what is wrong goes to `problems`, and the entry is left out.
pub(super) fn parse(name: &str, text: &str, reader: &mut Reader<'_>, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let taxonomy = reader.taxonomy;
    let file: Arc<str> = name.into();
    let Some(risk) = risk_of(name, taxonomy) else {
        let known = taxonomy.risks().iter().map(|risk| risk.code.as_str());
        let hint = did_you_mean(stem(name), known);
        let message = format!("file is named for no risk of {}; expected RISK.tsv{hint}", taxonomy.name());
        problems.push(Problem { origin: Origin { file, line: None }, message });
        return Vec::new();
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().zip(1_u32..).filter(|(line, _)| !line.starts_with('#') && !line.trim().is_empty());
    let Some((header, line)) = lines.next() else {
        let message = "no header; expected a line with the columns id, level, lang, match, term, …".to_owned();
        problems.push(Problem { origin: Origin { file, line: None }, message });
        return Vec::new();
    };
    let columns: Vec<&str> = header.split('\t').map(str::trim).collect();
    let before = problems.len();
    check_columns(&columns, &Origin { file: file.clone(), line: Some(line) }, problems);
    if problems.len() > before {
        return Vec::new();
    }
    let rows = lines.filter_map(|(row, line)| {
        let origin = Origin { file: file.clone(), line: Some(line) };
        let cells = row.split('\t').map(str::trim).collect();
        Row { cells, columns: &columns, origin, problems, reader }.entry(risk)
    });
    rows.collect()
}

fn is_punctuation(c: char) -> bool {
    c == ' ' || c.is_ascii_punctuation() || matches!(u32::from(c), 0x2000..=0x206f | 0x3000..=0x303f)
}

/// `0001`, or `acme0001`.
fn is_number(part: &str) -> bool {
    let digits = part.trim_start_matches(|c: char| c.is_ascii_lowercase());
    (4..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.strip_suffix(".tsv").unwrap_or(file)
}

fn risk_of(name: &str, taxonomy: &Taxonomy) -> Option<RiskId> {
    taxonomy.risk_id(stem(name))
}

fn check_columns(columns: &[&str], origin: &Origin, problems: &mut Vec<Problem>) {
    let mut report = |message| problems.push(Problem { origin: origin.clone(), message });
    for (at, column) in columns.iter().enumerate() {
        if !REQUIRED.contains(column) && !OPTIONAL.contains(column) {
            let hint = did_you_mean(column, REQUIRED.into_iter().chain(OPTIONAL));
            report(format!("unknown column {column:?}{hint}"));
        } else if columns[..at].contains(column) {
            report(format!("column {column:?} stands twice; remove one"));
        }
    }
    for missing in REQUIRED.iter().filter(|column| !columns.contains(column)) {
        report(format!("column {missing:?} is missing; got {}", columns.join(", ")));
    }
}

/// A line that is being read.
struct Row<'a, 'r, 'l> {
    columns: &'a [&'a str],
    cells: Vec<&'a str>,
    origin: Origin,
    problems: &'r mut Vec<Problem>,
    reader: &'r mut Reader<'l>,
}

impl<'a> Row<'a, '_, '_> {
    fn entry(&mut self, risk: RiskId) -> Option<Entry> {
        let before = self.problems.len();
        if self.cells.len() > self.columns.len() {
            self.report(format!(
                "{} cells under {} columns; look for a stray tab",
                self.cells.len(),
                self.columns.len()
            ));
        }
        let level = self.named("level", Level::parse, &["enforce", "advisory"]);
        let lang = self.named("lang", Lang::parse, &Lang::ALL.map(Lang::name));
        let kind = self.named("match", MatchKind::parse, &MatchKind::ALL.map(MatchKind::name));
        let (added, reviewed) = (self.date("added"), self.date("reviewed"));
        let term = self.reader.normalizer.normal_form(self.cell("term"));
        let taxonomy = self.reader.taxonomy;
        self.check_id(taxonomy.code(risk), lang);
        self.check_term(&term, kind, level);
        let (near, not_near) = (self.near("near"), self.near("not_near"));
        let with = self.alternatives("with", self.cell("with"));
        let unless = self.alternatives("unless", self.cell("unless"));
        self.check_contexts(&unless, &term);
        let evasion = self.evasion(&term);
        let entry = Entry {
            id: self.cell("id").into(),
            risk,
            level: level?,
            lang: lang?,
            kind: kind?,
            term: self.cell("term").to_owned(),
            near,
            with,
            not_near,
            unless,
            evasion,
            added: added?,
            reviewed: reviewed?,
            note: self.cell("note").to_owned(),
            origin: self.origin.clone(),
        };
        (self.problems.len() == before).then_some(entry)
    }

    fn report(&mut self, message: String) {
        self.problems.push(Problem { origin: self.origin.clone(), message });
    }

    /// The cell under a column; empty where the column or the cell is absent.
    fn cell(&self, column: &str) -> &'a str {
        let at = self.columns.iter().position(|name| *name == column);
        at.and_then(|at| self.cells.get(at)).copied().unwrap_or_default()
    }

    fn named<T>(&mut self, column: &str, parse: impl Fn(&str) -> Option<T>, known: &[&str]) -> Option<T> {
        let got = self.cell(column);
        let value = parse(got);
        if value.is_none() {
            let hint = did_you_mean(got, known.iter().copied());
            self.report(format!("{column} {got:?} is unknown; expected {}{hint}", known.join(", ")));
        }
        value
    }

    fn date(&mut self, column: &str) -> Option<Date> {
        let got = self.cell(column);
        let value = Date::parse(got);
        if value.is_none() {
            self.report(format!("{column} {got:?} is no date; expected YYYY-MM-DD"));
        }
        value
    }

    fn check_id(&mut self, code: &str, lang: Option<Lang>) {
        let id = self.cell("id");
        let mut parts = id.split('-');
        let risk = parts.next() == Some(code);
        let lang = parts.next().is_some_and(|part| match lang {
            Some(Lang::Any) | None => !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()),
            Some(lang) => part == lang.name(),
        });
        let number = parts.next().is_some_and(is_number);
        if !(risk && lang && number && parts.next().is_none()) {
            self.report(format!(
                "id {id:?} does not fit; expected {code}-LANG-NNNN with the row's language and 4 to 6 digits, before \
                 which small letters may stand"
            ));
        }
    }

    fn check_term(&mut self, term: &str, kind: Option<MatchKind>, level: Option<Level>) {
        let written = self.cell("term");
        let spaced = term.contains(' ');
        if written.is_empty() {
            self.report("term is empty".to_owned());
        } else if written.contains('|') {
            self.report(format!("term {written:?} has a |, which separates alternatives; write one row for each"));
        } else if term.is_empty() {
            self.report(format!("term {written:?} has no character left after normalisation"));
        } else if term.chars().all(is_punctuation) {
            self.report(format!(
                "term {written:?} is punctuation, which stands in every text; give it a letter or a sign"
            ));
        } else if level == Some(Level::Enforce) && term.chars().count() < MIN_ENFORCED_CHARS {
            self.report(format!("term {written:?} has one character; at level enforce it needs {MIN_ENFORCED_CHARS}"));
        } else if kind == Some(MatchKind::Word) && spaced {
            self.report(format!("match word, but term {written:?} has a space; use match phrase"));
        } else if kind == Some(MatchKind::Phrase) && !spaced {
            self.report(format!("match phrase, but term {written:?} has no space; use match word or substring"));
        }
    }

    fn near(&mut self, column: &str) -> Option<Near> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return None;
        }
        let parts = cell.split_once(':').and_then(|(n, list)| Some((n.trim().parse::<u32>().ok()?, list)));
        let Some((within, list)) = parts else {
            self.report(format!("{column} {cell:?} has no distance; expected N: one | two"));
            return None;
        };
        let alternatives = self.alternatives(column, list.trim());
        if list.trim().is_empty() {
            self.report(format!("{column} {cell:?} has no alternative; expected N: one | two"));
        }
        Some(Near { within, alternatives })
    }

    /// The alternatives of a cell, those of named lists among them, each once.
    fn alternatives(&mut self, column: &str, cell: &str) -> Alternatives {
        if let Some(known) = self.reader.cells.get(cell) {
            return known.clone();
        }
        let before = self.problems.len();
        let mut parts: Vec<Words> = Vec::new();
        let mut own: Vec<Arc<str>> = Vec::new();
        for part in cell.split('|').map(str::trim).filter(|_| !cell.is_empty()) {
            if let Some(name) = part.strip_prefix('@') {
                match self.reader.lists.get(name) {
                    Some(words) => parts.push(words),
                    None => self.unknown_list(column, name),
                }
            } else if part.is_empty() {
                self.report(format!("{column} {cell:?} has an empty alternative; remove the stray |"));
            } else {
                own.extend(self.word(column, part));
            }
        }
        if !own.is_empty() {
            parts.push(own.into());
        }
        let alternatives = Alternatives::new(parts);
        if self.problems.len() == before {
            self.reader.cells.insert(cell.to_owned(), alternatives.clone());
        }
        alternatives
    }

    fn word(&mut self, column: &str, text: &str) -> Option<Arc<str>> {
        if let Some(known) = self.reader.words.get(text) {
            return Some(known.clone());
        }
        if self.reader.normalizer.normal_form(text).is_empty() {
            self.report(format!("{column}: {text:?} has no character left after normalisation"));
            return None;
        }
        let word: Arc<str> = text.into();
        self.reader.words.insert(word.clone());
        Some(word)
    }

    fn unknown_list(&mut self, column: &str, name: &str) {
        let hint = did_you_mean(name, self.reader.lists.names());
        self.report(format!("{column}: @{name} is no list of lists.toml{hint}"));
    }

    fn check_contexts(&mut self, contexts: &Alternatives, term: &str) {
        let normalizer = self.reader.normalizer;
        for context in contexts.iter().filter(|context| !normalizer.normal_form(context).contains(term)) {
            let written = self.cell("term");
            self.report(format!("unless {context:?} does not contain the term {written:?}; it could never apply"));
        }
    }

    fn evasion(&mut self, term: &str) -> Evasion {
        let cell = self.cell("evasion");
        let mut evasion = Evasion::NONE;
        for name in cell.split('|').map(str::trim).filter(|_| !cell.is_empty()) {
            let Some(disguise) = Disguise::parse(name) else {
                let hint = did_you_mean(name, Disguise::ALL.map(Disguise::name));
                self.report(format!("evasion {name:?} is unknown; expected gaps, leet, sound{hint}"));
                continue;
            };
            if let Err(why) = evasion::suits(term, disguise) {
                self.report(format!("evasion {name}: term {:?} {why}", self.cell("term")));
            }
            evasion = evasion.with(disguise);
        }
        evasion
    }
}
