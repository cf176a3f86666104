use tamis_rules::Taxonomy;

use super::*;

const MANIFEST: &str = "name = \"n\"\nversion = \"1\"\nupdated = \"2026-11-24\"\ntaxonomy = \"gbt45654\"\n";

fn detector(rows: &[(&str, &str, &str)]) -> KeywordDetector {
    let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
    let files: Vec<(String, String)> = rows
        .iter()
        .map(|(id, level, term)| {
            let header = "id\tlevel\tlang\tmatch\tterm\tadded\treviewed\n";
            let row = format!("{id}\t{level}\t*\tsubstring\t{term}\t2026-11-01\t2026-11-24\n");
            (format!("{}.tsv", &id[..3]), header.to_owned() + &row)
        })
        .collect();
    let library = KeywordLibrary::parse(("library.toml", MANIFEST), &files, &taxonomy).expect("a library");
    KeywordDetector::new(library).expect("a small library")
}

fn scan(detector: &KeywordDetector, batch: &Batch<'_>) -> Evidence {
    let mut out = Evidence::default();
    detector.scanner().scan(batch, &mut out);
    out
}

#[test]
fn counts_are_summed_over_fields_and_findings_keep_them_apart() {
    let detector = detector(&[("A1d-en-0001", "enforce", "zorb"), ("A2a-en-0001", "advisory", "zarb")]);
    let mut batch = Batch::new(4);
    batch.push_field("title", vec![Some("ZORB"), None, Some("zo"), Some("none")]);
    batch.push_field("text", vec![Some("zarb zorb"), None, Some("rb"), Some("zarb")]);
    let out = scan(&detector, &batch);
    let places: Vec<_> = out.findings.iter().map(|it| (it.row, it.field, it.start, it.end, &*it.entry)).collect();
    assert_eq!(
        places,
        [
            (0, 0, 0, 4, "A1d-en-0001"),
            (0, 1, 0, 4, "A2a-en-0001"),
            (0, 1, 5, 9, "A1d-en-0001"),
            (3, 1, 0, 4, "A2a-en-0001"),
        ]
    );
    let counts: Vec<_> =
        out.keywords.iter().map(|(row, it)| (*row, it.risk.index(), it.level.name(), it.entries, it.hits)).collect();
    assert_eq!(counts, [(0, 3, "enforce", 1, 2), (0, 8, "advisory", 1, 1), (3, 8, "advisory", 1, 1)]);
    assert!(out.findings.iter().all(|it| it.score == 1.0 && it.detector == "keywords"));
}

#[test]
fn findings_are_bounded_and_counts_saturate() {
    let detector = detector(&[("A1d-en-0001", "enforce", "zorb")]);
    let long = "zorb".repeat(70_000);
    let mut batch = Batch::new(2);
    batch.push_field("text", vec![Some(&long), Some("zorb")]);
    let out = scan(&detector, &batch);
    assert_eq!(out.findings.len(), MAX_FINDINGS_PER_ENTRY as usize + 1);
    assert_eq!(out.keywords.iter().map(|(_, it)| it.hits).collect::<Vec<_>>(), [u16::MAX, 1]);
}

#[test]
fn scanning_again_with_one_scanner_gives_the_same() {
    let detector = detector(&[("A1d-en-0001", "enforce", "zorb"), ("A2a-en-0001", "enforce", "orb")]);
    let mut batch = Batch::new(1);
    batch.push_field("text", vec![Some("zorb orb")]);
    let (mut first, mut second) = (Evidence::default(), Evidence::default());
    let mut scanner = detector.scanner();
    scanner.scan(&batch, &mut first);
    scanner.scan(&batch, &mut second);
    assert_eq!((&first.findings, &first.keywords), (&second.findings, &second.keywords));
    assert_eq!(first.findings.len(), 3);
    second.sort();
    assert_eq!(first.findings, second.findings);
    second.clear();
    assert!(second.findings.is_empty() && second.keywords.is_empty());
}

#[test]
fn the_digest_changes_with_the_library() {
    let digest = |term| detector(&[("A1d-en-0001", "enforce", term)]).digest();
    assert_eq!(digest("zorb"), digest("zorb"));
    assert_ne!(digest("zorb"), digest("zarb"));
    assert_eq!(digest("zorb").len(), 64);
}
