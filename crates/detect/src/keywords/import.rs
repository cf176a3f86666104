//! Other people's lists, brought into the file format for review.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use tamis_rules::Level;

use super::{Date, Lang, MatchKind};
use crate::Normalizer;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    /// One term per line; lines that begin with `#` are comments.
    Plain,
    /// A term, white space, and its tags separated by commas, per line.
    Tagged,
    /// A table with a header line; see [`ImportOptions::term_column`].
    Csv,
    /// An array of objects with `match` (alternatives parted by `|`, `*` for letters that may be there), and optional
    /// `tags` and `exceptions` (`*` for the match).
    Json,
    /// `lemma_pos`, a tab, and `TRUE`, `FALSE` or a score, per line: what is `FALSE` or under 0 is left out.
    Lexicon,
}

impl ListFormat {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Plain, Self::Tagged, Self::Csv, Self::Json, Self::Lexicon];

    /// Name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tagged => "tagged",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Lexicon => "lexicon",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format that a file's name tells; plain where it tells none.
    #[must_use]
    pub fn of_file(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("csv") => Self::Csv,
            Some("json") => Self::Json,
            _ => Self::Plain,
        }
    }
}

/// What the imported entries have in common.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// How the list is written.
    pub format: ListFormat,
    /// Code of the risk, such as `A2e`.
    pub risk: String,
    /// Language; told by each term's characters where it is [`Lang::Any`].
    pub lang: Lang,
    /// Level until somebody reviews them.
    pub level: Level,
    /// Letters before the number in every id, so that the ids of two libraries differ; may be empty.
    pub tag: String,
    /// Number of the first entry of each language.
    pub first: u32,
    /// Day that stands as added and reviewed.
    pub date: Date,
    /// Where the list comes from; becomes each entry's note.
    pub from: String,
    /// Column of a table that holds the term, by its header. Default: `term`, `word` or `text`, else the first.
    pub term_column: Option<String>,
    /// Columns of a table that become part of the note.
    pub note_columns: Vec<String>,
}

/// A list in the file format.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Lines of a `.tsv` file with the columns of [`COLUMNS`], without a header.
    pub rows: Vec<String>,
    /// Why terms were left out, and how many of each.
    pub left_out: BTreeMap<&'static str, u64>,
}

/// Columns of imported and exported rows.
pub const COLUMNS: [&str; 13] = [
    "id", "level", "lang", "match", "term", "near", "with", "not_near", "unless", "evasion", "added", "reviewed",
    "note",
];

/// One term as its list has it.
struct Raw {
    term: String,
    note: String,
    exceptions: Vec<String>,
}

/// Brings a list into the file format. `known` are terms in normal form that need not come again.
///
/// # Errors
/// What is wrong with the list as a whole, with the line where it is.
pub fn import(text: &str, options: &ImportOptions, known: &HashSet<String>) -> Result<Imported, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let raw = match options.format {
        ListFormat::Plain => lines(text).map(|line| raw(line, "")).collect(),
        ListFormat::Tagged => lines(text)
            .map(|line| line.split_once(char::is_whitespace).map_or(raw(line, ""), |(a, b)| raw(a, b)))
            .collect(),
        ListFormat::Csv => table(text, options)?,
        ListFormat::Json => objects(text)?,
        ListFormat::Lexicon => lexicon(text)?,
    };
    Ok(rows(raw, options, known))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn raw(term: &str, note: &str) -> Raw {
    Raw { term: term.trim().to_owned(), note: note.trim().to_owned(), exceptions: Vec::new() }
}

fn table(text: &str, options: &ImportOptions) -> Result<Vec<Raw>, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let find = |name: &str| header.iter().position(|column| column.trim() == name);
    let listed = || header.iter().collect::<Vec<_>>().join(", ");
    let missing = |name: &String| format!("no column {name:?}; columns are {}", listed());
    let term = match &options.term_column {
        Some(name) => find(name).ok_or_else(|| missing(name))?,
        None => ["term", "word", "text"].into_iter().find_map(find).unwrap_or(0),
    };
    let notes = options.note_columns.iter().map(|name| find(name).ok_or_else(|| missing(name)));
    let notes = notes.collect::<Result<Vec<_>, _>>()?;
    let mut out = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let note: Vec<&str> = notes.iter().filter_map(|&at| record.get(at)).filter(|cell| !cell.is_empty()).collect();
        out.push(raw(record.get(term).unwrap_or_default(), &note.join(", ")));
    }
    Ok(out)
}

#[derive(Deserialize)]
struct Object {
    #[serde(rename = "match")]
    pattern: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    exceptions: Vec<String>,
}

fn objects(text: &str) -> Result<Vec<Raw>, String> {
    let objects: Vec<Object> = serde_json::from_str(text).map_err(|error| {
        format!("{error}; expected an array of objects with \"match\", and optional \"tags\" and \"exceptions\"")
    })?;
    let mut out = Vec::new();
    for object in &objects {
        for alternative in object.pattern.split('|').filter(|part| !part.trim().is_empty()) {
            let term = alternative.replace('*', "");
            let exceptions = object.exceptions.iter().map(|exception| exception.replace('*', &term)).collect();
            out.push(Raw { exceptions, ..raw(&term, &object.tags.join(", ")) });
        }
    }
    Ok(out)
}

fn lexicon(text: &str) -> Result<Vec<Raw>, String> {
    let mut out = Vec::new();
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let wrong = || format!("line {number}: {line:?} is not lemma_pos, a tab, and TRUE, FALSE or a score");
        let (lemma, value) = line.split_once('\t').ok_or_else(wrong)?;
        let (word, pos) = lemma.rsplit_once('_').ok_or_else(wrong)?;
        let keep = match value.trim() {
            "TRUE" => true,
            "FALSE" => false,
            score => score.parse::<f64>().map_err(|_| wrong())? >= 0.0,
        };
        if keep {
            out.push(raw(&word.replace('_', " "), pos));
        }
    }
    Ok(out)
}

fn rows(raw: Vec<Raw>, options: &ImportOptions, known: &HashSet<String>) -> Imported {
    let normalizer = Normalizer::new();
    let mut out = Imported::default();
    let mut seen = known.clone();
    let mut numbers: BTreeMap<Lang, u32> = BTreeMap::new();
    for Raw { term, note, exceptions } in raw {
        let term = normalizer.normal_form(&term);
        let why = if term.is_empty() {
            Some("nothing left after normalisation")
        } else if term.contains(['|', '\t']) {
            Some("has a | or a tab")
        } else if term.chars().count() < 2 {
            Some("one character")
        } else if !seen.insert(term.clone()) {
            Some("known already")
        } else {
            None
        };
        if let Some(why) = why {
            *out.left_out.entry(why).or_default() += 1;
            continue;
        }
        let lang = told(options.lang, &term);
        let number = numbers.entry(lang).or_insert(options.first);
        let id = format!("{}-{}-{}{number:04}", options.risk, id_lang(lang), options.tag);
        *number += 1;
        let kind = kind_of(&term);
        let contexts = exceptions.iter().map(|text| normalizer.normal_form(text));
        let contexts = contexts.filter(|text| kind == MatchKind::Substring && text.contains(&term) && *text != term);
        let unless = contexts.collect::<Vec<_>>().join(" | ");
        let note =
            [options.from.as_str(), note.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        let note = note.join(": ").replace(['\t', '\n', '\r'], " ");
        let date = options.date.to_string();
        let cells =
            [&id, options.level.name(), lang.name(), kind.name(), &term, "", "", "", &unless, "", &date, &date, &note];
        out.rows.push(cells.join("\t"));
    }
    out
}

/// The language that a term's characters tell.
fn told(lang: Lang, term: &str) -> Lang {
    match lang {
        Lang::Any if term.chars().any(super::evasion::is_han) => Lang::Zh,
        Lang::Any => Lang::En,
        lang => lang,
    }
}

fn id_lang(lang: Lang) -> &'static str {
    if lang == Lang::Any { "any" } else { lang.name() }
}

/// Substring where the script parts no words, else a word or phrase.
fn kind_of(term: &str) -> MatchKind {
    if term.chars().any(super::evasion::is_han) {
        MatchKind::Substring
    } else if term.contains(' ') {
        MatchKind::Phrase
    } else {
        MatchKind::Word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(format: ListFormat) -> ImportOptions {
        ImportOptions {
            format,
            risk: "A2e".to_owned(),
            lang: Lang::Any,
            level: Level::Advisory,
            tag: "x".to_owned(),
            first: 1,
            date: Date::parse("2026-11-24").expect("a date"),
            from: "list".to_owned(),
            term_column: None,
            note_columns: Vec::new(),
        }
    }

    fn terms(imported: &Imported) -> Vec<String> {
        let cell = |row: &String, at: usize| row.split('\t').nth(at).unwrap_or_default().to_owned();
        imported.rows.iter().map(|row| format!("{} {} {}", cell(row, 0), cell(row, 3), cell(row, 4))).collect()
    }

    #[test]
    fn plain_lists_say_what_they_leave_out() {
        let text = "\u{feff}# head\nzorb\n\nＢＩＧ  zorb\n梨梨\nzorb\nz\n\u{200b}\na|b\n";
        let got = import(text, &options(ListFormat::Plain), &HashSet::from(["梨梨".to_owned()])).expect("a list");
        assert_eq!(terms(&got), ["A2e-en-x0001 word zorb", "A2e-en-x0002 phrase big zorb"]);
        let left: Vec<_> = got.left_out.iter().map(|(&why, &count)| (why, count)).collect();
        let expected = [
            ("has a | or a tab", 1),
            ("known already", 2),
            ("nothing left after normalisation", 1),
            ("one character", 1),
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn other_formats_give_terms_and_notes() {
        let note = |got: &Imported| {
            got.rows.iter().map(|row| row.rsplit('\t').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        let got = import("梨梨 甲,乙\nzorb", &options(ListFormat::Tagged), &HashSet::new()).expect("a list");
        assert_eq!(terms(&got), ["A2e-zh-x0001 substring 梨梨", "A2e-en-x0001 word zorb"]);
        assert_eq!(note(&got), ["list: 甲,乙", "list"]);
        let csv = ImportOptions { note_columns: vec!["kind".to_owned()], ..options(ListFormat::Csv) };
        let got = import("kind,text\nfruit,\"zo,rb\"\n", &csv, &HashSet::new()).expect("a table");
        assert_eq!(
            (terms(&got), note(&got)),
            (vec!["A2e-en-x0001 word zo,rb".to_owned()], vec!["list: fruit".to_owned()])
        );
        let wrong = ImportOptions { term_column: Some("wrod".to_owned()), ..csv };
        assert_eq!(
            import("kind,text\n", &wrong, &HashSet::new()).expect_err("a mistake"),
            "no column \"wrod\"; columns are kind, text"
        );
        let json =
            r#"[{"match": "zo*rb|梨", "tags": ["t"], "exceptions": ["*s"]}, {"match": "梨梨", "exceptions": ["大*"]}]"#;
        let got = import(json, &options(ListFormat::Json), &HashSet::new()).expect("objects");
        assert_eq!(terms(&got), ["A2e-en-x0001 word zorb", "A2e-zh-x0001 substring 梨梨"]);
        assert!(got.rows[1].contains("\t大梨梨\t"), "{:?}", got.rows);
        let lexicon = "zorb_noun\tTRUE\nblah_adj\tFALSE\ngrob_verb\t-0.2\nfloob_up_verb\t1.5\n";
        let got = import(lexicon, &options(ListFormat::Lexicon), &HashSet::new()).expect("a lexicon");
        assert_eq!(terms(&got), ["A2e-en-x0001 word zorb", "A2e-en-x0002 phrase floob up"]);
        assert!(
            import("zorb\n", &options(ListFormat::Lexicon), &HashSet::new()).expect_err("a mistake").contains("line 1")
        );
    }
}
