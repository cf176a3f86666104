//! Runs `tests/cases/keywords/*.toml` over every engine.
//!
//! A case has a library's rows, a text, and the hits as pairs of an entry and what it hit in the original text.

mod support;

use std::path::Path;

use support::{NaiveEngine, RowSpec, library};
use tamis_detect::{AhoCorasickEngine, AnchoredEngine, Batch, Detector, Evidence, KeywordDetector, LiteralEngine};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    rows: Vec<RowSpec>,
    text: String,
    hits: Vec<(String, String)>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/keywords");
    let mut paths: Vec<_> = folder.read_dir().expect("the cases").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("a text file");
        let file: CaseFile = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.case
    };
    paths.iter().flat_map(read).collect()
}

fn run<E: LiteralEngine>() {
    let cases = cases();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    for Case { name, rows, text, hits } in cases {
        let library = library(&rows).unwrap_or_else(|error| panic!("{name}: {error}"));
        let detector = KeywordDetector::<E>::with_engine(library).expect("a small library");
        let mut batch = Batch::new(1);
        batch.push_field("text", vec![Some(&text)]);
        let mut evidence = Evidence::default();
        detector.scanner().scan(&batch, &mut evidence);
        let got = evidence.findings.iter().map(|found| {
            let matched = text.get(found.start as usize..found.end as usize).expect("a range on boundaries");
            (found.entry.to_string(), matched.to_owned())
        });
        assert_eq!(got.collect::<Vec<_>>(), hits, "{name}");
        let counted: u32 = evidence.keywords.iter().map(|(_, count)| u32::from(count.hits)).sum();
        assert_eq!(counted as usize, hits.len(), "{name}");
    }
}

#[test]
fn the_anchored_search_passes_every_case() {
    run::<AnchoredEngine>();
}

#[test]
fn aho_corasick_passes_every_case() {
    run::<AhoCorasickEngine>();
}

#[test]
fn the_naive_engine_passes_every_case() {
    run::<NaiveEngine>();
}
