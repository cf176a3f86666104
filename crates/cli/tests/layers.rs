//! Dependencies run one way: cli → pipeline, audit → shard, classify → detect → rules.

mod support;

use std::fs;

/// What each crate of ours may use of ours, and what of others it must not.
const LAYERS: [(&str, &[&str], &[&str]); 7] = [
    ("rules", &[], &[]),
    ("detect", &["rules"], &["parquet", "ort", "walkdir"]),
    ("classify", &["rules", "detect"], &["parquet", "arrow", "walkdir"]),
    ("shard", &["rules"], &["aho-corasick", "ort"]),
    ("pipeline", &["rules", "detect", "classify", "shard"], &["arrow", "parquet", "ort"]),
    ("audit", &["rules", "shard"], &["arrow", "parquet", "ort"]),
    ("cli", &["rules", "detect", "classify", "shard", "pipeline", "audit"], &["aho-corasick", "ort"]),
];

#[test]
fn crates_know_only_what_lies_below_them() {
    for (name, ours, banned) in LAYERS {
        let path = support::root().join(format!("crates/{name}/Cargo.toml"));
        let text = fs::read_to_string(path).expect("a manifest");
        let (_, rest) = text.split_once("\n[dependencies]").expect("dependencies");
        let section = rest.split("\n[").next().unwrap_or_default();
        let used: Vec<&str> =
            section.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|it| !it.is_empty()).collect();
        assert!(!used.is_empty() || name == "rules", "{name}: no dependency was read");
        for dependency in used {
            if let Some(crate_name) = dependency.strip_prefix("tamis-") {
                assert!(ours.contains(&crate_name), "{name} must not use {dependency}");
            }
            assert!(dependency != "tamis", "{name} must not use the program");
            assert!(!banned.iter().any(|it| dependency.starts_with(it)), "{name} must not use {dependency}");
            let terminal =
                ["clap", "indicatif", "anstream", "anstyle", "anyhow"].iter().any(|it| dependency.starts_with(it));
            assert!(!terminal || name == "cli", "only the program may use {dependency}");
            let pure = ["serde", "strsim", "thiserror", "toml"].contains(&dependency);
            assert!(pure || name != "rules", "rules must not use {dependency}");
        }
    }
    let crates = fs::read_dir(support::root().join("crates")).expect("crates").count();
    assert_eq!(crates, LAYERS.len(), "a new crate needs its layer here");
}
