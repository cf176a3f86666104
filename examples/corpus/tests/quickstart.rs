//! The committed corpus, its truth, and the pinned bytes of the generator.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tamis_corpus::{Generator, Kind, Lang, QUICKSTART_SEED, SOURCES, quickstart};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../quickstart")
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn truth() -> Vec<Value> {
    let files = quickstart(QUICKSTART_SEED).unwrap();
    let truth = files.iter().find(|file| file.path == "truth.jsonl").unwrap();
    std::str::from_utf8(&truth.bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_committed_corpus_is_what_the_generator_makes() {
    let mut expected = BTreeSet::new();
    for file in quickstart(QUICKSTART_SEED).unwrap() {
        let path = committed().join(&file.path);
        let bytes = fs::read(&path).unwrap_or_default();
        assert!(
            bytes == file.bytes,
            "{} differs from what the generator makes; run make-quickstart as examples/quickstart/README.md says",
            file.path
        );
        expected.insert(path);
    }
    let mut found = Vec::new();
    files_below(&committed().join("data"), &mut found);
    for path in found {
        assert!(expected.contains(&path), "{} is not ours", path.display());
    }
}

#[test]
fn the_corpus_is_small_and_has_every_format() {
    let files = quickstart(QUICKSTART_SEED).unwrap();
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    assert!(bytes <= 2_000_000, "{bytes}");
    for (ending, least) in [(".parquet", 3), (".jsonl", 1), (".jsonl.gz", 2), (".jsonl.zst", 2)] {
        let shards = files.iter().filter(|file| file.path.starts_with("data/") && file.path.ends_with(ending));
        assert!(shards.count() >= least, "{ending}");
    }
}

#[test]
fn planned_rates_are_exact() {
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for record in truth() {
        let of_source = counts.entry(record["source"].as_str().unwrap().to_owned()).or_default();
        of_source.0 += 1;
        of_source.1 += u64::from(record["bad"].as_bool().unwrap());
    }
    assert_eq!(counts.len(), SOURCES.len());
    for source in SOURCES {
        let expected = (u64::from(source.records), u64::from(source.bad));
        assert_eq!(counts[source.name], expected, "{}", source.name);
    }
    assert!(counts.values().map(|count| count.0).sum::<u64>() >= 3_000);
}

#[test]
fn one_source_stands_on_the_limit_and_one_just_over_it() {
    let of = |name: &str| SOURCES.iter().find(|source| source.name == name).unwrap();
    let (on, over) = (of("forum.example"), of("board.example"));
    assert_eq!(100 * on.bad, 5 * on.records);
    assert!(100 * over.bad > 5 * over.records);
    assert!(100 * (over.bad - 1) <= 5 * over.records);
}

#[test]
fn ids_are_unique_and_records_that_are_bad_name_their_risk() {
    let truth = truth();
    let ids: BTreeSet<&str> = truth.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), truth.len());
    for record in &truth {
        let categories = record["categories"].as_array().unwrap();
        assert_eq!(record["bad"].as_bool().unwrap(), categories.len() == 1);
        assert_eq!(record["risk"], *categories.first().unwrap_or(&Value::Null));
    }
}

#[test]
fn another_seed_gives_another_corpus_with_the_same_files() {
    let ours = quickstart(QUICKSTART_SEED).unwrap();
    let other = quickstart(1).unwrap();
    assert_eq!(ours.len(), other.len());
    for (ours, other) in ours.iter().zip(&other) {
        assert_eq!(ours.path, other.path);
        assert!(ours.bytes != other.bytes, "{}", ours.path);
    }
}

#[test]
fn documents_of_a_seed_are_pinned() {
    let mut generator = Generator::new(7);
    let mut hasher = blake3::Hasher::new();
    for lang in Lang::ALL {
        for kind in Kind::ALL {
            for _ in 0..20 {
                hasher.update(generator.document(lang, kind).as_bytes());
            }
        }
        hasher.update(generator.document_of(lang, Kind::Story, 5_000).as_bytes());
    }
    assert_eq!(
        hasher.finalize().to_hex().as_str(),
        "edd9dee87655a21ef28758e9d0b13e322a6f33619cb9783a3e5bade5f02ac994",
        "the generator's output has changed: pin the new hash and make the quickstart corpus anew"
    );
}
