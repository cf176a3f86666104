//! The matcher against an oracle that tries every position and follows the rules word by word.

mod support;

use proptest::prelude::*;
use support::{NaiveEngine, RowSpec, library};
use tamis_detect::{AhoCorasickEngine, AnchoredEngine, LiteralEngine, MatchScratch, Matcher, Normalizer, is_word_char};

/// A hit as (first character, character behind the last, entry).
type OracleHit = (usize, usize, String);

struct Oracle {
    chars: Vec<char>,
}

impl Oracle {
    fn new(text: &str) -> Self {
        Self { chars: text.chars().collect() }
    }

    fn occurrences(&self, pattern: &str, bounded: bool) -> Vec<(usize, usize)> {
        let pattern: Vec<char> = pattern.chars().collect();
        let joined = |at: usize| {
            at > 0 && at < self.chars.len() && is_word_char(self.chars[at - 1]) && is_word_char(self.chars[at])
        };
        (0..self.chars.len())
            .map(|start| (start, start + pattern.len()))
            .filter(|&(start, end)| self.chars.get(start..end) == Some(&pattern[..]))
            .filter(|&(start, end)| !(bounded && (joined(start) || joined(end))))
            .collect()
    }

    fn near(&self, cell: &str, hit: (usize, usize), same_paragraph: bool) -> bool {
        let (within, list) = cell.split_once(": ").expect("a distance");
        let within: usize = within.parse().expect("a number");
        list.split(" | ").flat_map(|alternative| self.occurrences(alternative, true)).any(|other| {
            let (from, to) = if other.0 <= hit.0 { (other.1, hit.0) } else { (hit.1, other.0) };
            let between = self.chars.get(from..to).unwrap_or_default();
            between.len() <= within && !(same_paragraph && between.contains(&'\n'))
        })
    }

    fn hits(&self, row: &RowSpec) -> Vec<OracleHit> {
        let bounded = row.kind != "substring";
        let counts = |&hit: &(usize, usize)| {
            let inside = |context: &str| {
                self.occurrences(context, bounded).iter().any(|other| other.0 <= hit.0 && hit.1 <= other.1)
            };
            (row.near.is_empty() || self.near(&row.near, hit, true))
                && (row.not_near.is_empty() || !self.near(&row.not_near, hit, false))
                && (row.with.is_empty() || row.with.split(" | ").any(|it| !self.occurrences(it, true).is_empty()))
                && (row.unless.is_empty() || !row.unless.split(" | ").any(inside))
        };
        let places = self.occurrences(&row.term, bounded).into_iter().filter(counts);
        places.map(|(start, end)| (start, end, row.id.clone())).collect()
    }
}

fn found<E: LiteralEngine>(rows: &[RowSpec], text: &str) -> Vec<OracleHit> {
    let library = library(rows).expect("a valid library");
    let matcher = Matcher::<E>::new(&library, &Normalizer::new()).expect("a small library");
    let mut scratch = MatchScratch::default();
    // Twice, so that what a text leaves in the scratch would show.
    matcher.find("ab 大小 ab ab", &mut scratch);
    let char_at = |byte: usize| text[..byte].chars().count();
    let hits = matcher.find(text, &mut scratch).iter();
    hits.map(|hit| (char_at(hit.start), char_at(hit.end), library.entries()[hit.entry as usize].id.to_string()))
        .collect()
}

fn token() -> impl Strategy<Value = String> {
    "[ab大小]{1,3}"
}

fn list() -> impl Strategy<Value = String> {
    prop::collection::vec(token(), 1..3).prop_map(|parts| parts.join(" | "))
}

fn window() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), (0..6_u32, list()).prop_map(|(within, list)| format!("{within}: {list}"))]
}

fn row() -> impl Strategy<Value = RowSpec> {
    let kind = prop::sample::select(vec!["word", "phrase", "substring"]);
    let context = prop_oneof![Just(None), ("[ab大]{0,2}", "[ab小]{0,2}").prop_map(Some)];
    let maybe_list = prop_oneof![3 => Just(String::new()), 1 => list()];
    (kind, token(), token(), window(), maybe_list, window(), context).prop_map(
        |(kind, one, two, near, with, not_near, context)| {
            let term = if kind == "phrase" { format!("{one} {two}") } else { one };
            let unless = context.map_or(String::new(), |(before, after)| format!("{before}{term}{after}"));
            let level = "advisory".to_owned();
            RowSpec {
                id: String::new(),
                level,
                kind: kind.to_owned(),
                term,
                near,
                with,
                not_near,
                unless,
                evasion: String::new(),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn matcher_and_oracle_agree(
        mut rows in prop::collection::vec(row(), 1..5),
        parts in prop::collection::vec("[ab大小]{1,5}|-|é", 0..30),
        gaps in prop::collection::vec(prop::sample::select(vec!["", " ", "\n\n", ""]), 30),
    ) {
        for (at, row) in rows.iter_mut().enumerate() {
            row.id = format!("A1d-zh-{at:04}");
        }
        let text: String = parts.iter().zip(&gaps).map(|(part, gap)| format!("{part}{gap}")).collect();
        let mut expected: Vec<OracleHit> = rows.iter().flat_map(|row| Oracle::new(&text).hits(row)).collect();
        expected.sort();
        prop_assert_eq!(&found::<AnchoredEngine>(&rows, &text), &expected);
        prop_assert_eq!(&found::<AhoCorasickEngine>(&rows, &text), &expected);
        prop_assert_eq!(&found::<NaiveEngine>(&rows, &text), &expected);
    }
}

/// Every occurrence has three conditions to check against a million others: only a matcher that is not quadratic
/// ends within the time of a test run.
#[test]
fn a_term_repeated_a_million_times_is_no_trouble() {
    let row = |term: &str, near: &str, not_near: &str, unless: &str| RowSpec {
        id: "A1d-en-0001".to_owned(),
        level: "enforce".to_owned(),
        kind: "word".to_owned(),
        term: term.to_owned(),
        near: near.to_owned(),
        with: String::new(),
        not_near: not_near.to_owned(),
        unless: unless.to_owned(),
        evasion: String::new(),
    };
    let text = "ab ".repeat(1_000_000);
    let hits = |row: RowSpec| found_bytes(&[row], &text);
    assert_eq!(hits(row("ab", "9000000: zz | ab", "", "")), 1_000_000);
    assert_eq!(hits(row("ab", "", "9000000: zz", "ab zz | ab ab zz")), 1_000_000);
    assert_eq!(hits(row("ab", "", "", "ab ab")), 0);
}

fn found_bytes(rows: &[RowSpec], text: &str) -> usize {
    let library = library(rows).expect("a valid library");
    let matcher = Matcher::<AnchoredEngine>::new(&library, &Normalizer::new()).expect("a small library");
    matcher.find(text, &mut MatchScratch::default()).len()
}
