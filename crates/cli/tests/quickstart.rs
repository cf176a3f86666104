//! The README's main command, and its accounting recomputed from what it left. `.ci/accounting.py` and the
//! acceptance checks do the same with nothing of ours.

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;

use support::{folder, report, root, tamis, tree, verdicts};

const SHARDS: [&str; 8] = [
    "forum/2025-10.jsonl",
    "forum/2025-11.jsonl.gz",
    "forum/2025-12.jsonl.zst",
    "shop/reviews.jsonl.gz",
    "web/archive/part-002.parquet",
    "web/part-000.parquet",
    "web/part-001.parquet",
    "wiki/extract.jsonl.zst",
];

#[test]
fn every_planted_record_is_found_and_everything_is_accounted_for() {
    let folder = folder();
    let out = folder.path().join("out");
    let output = tamis(&["run", "pipelines/quickstart.toml", "-o", &out.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("dump.example") && table.contains("board.example"), "{table}");

    let rows: Vec<_> = SHARDS.iter().flat_map(|path| verdicts(&out, path)).collect();
    let report = report(&out);
    let count = |outcome: &str| rows.iter().filter(|row| row.outcome == outcome).count() as u64;
    for (key, outcome) in [("kept", "kept"), ("dropped", "dropped"), ("quarantined", "quarantined")] {
        assert_eq!(report["records"][key], count(outcome), "{key}");
    }
    assert_eq!(report["records"]["read"], rows.len() as u64);
    assert_eq!(count("quarantined"), 8);

    let mut sources: BTreeMap<&str, (u64, u64, bool)> = BTreeMap::new();
    for row in &rows {
        let source = sources.entry(&row.source).or_default();
        source.0 += u64::from(row.outcome != "quarantined");
        source.1 += u64::from(!row.risks.is_empty());
        source.2 |= row.outcome == "kept";
        assert_eq!(row.reason.is_none(), row.outcome == "kept");
    }
    for (name, (examined, unqualified, any_kept)) in sources {
        assert_eq!(any_kept, unqualified * 100 <= examined * 5, "{name}: {unqualified} of {examined}");
    }

    let found: HashMap<(&str, Option<&str>), &[String]> =
        rows.iter().map(|row| ((row.source.as_str(), row.id.as_deref()), row.risks.as_slice())).collect();
    for line in fs::read_to_string(root().join("examples/quickstart/truth.jsonl")).unwrap().lines() {
        let truth: serde_json::Value = serde_json::from_str(line).unwrap();
        let key = (truth["source"].as_str().unwrap(), truth["id"].as_str());
        let want: Vec<&str> = truth["risk"].as_str().into_iter().collect();
        assert_eq!(found[&key], want, "{key:?}");
    }

    let run: serde_json::Value = serde_json::from_slice(&fs::read(out.join("manifest/run.json")).unwrap()).unwrap();
    let mut listed = BTreeMap::new();
    for subject in run["subject"].as_array().unwrap() {
        let name = subject["name"].as_str().unwrap();
        let sha256 = tamis_shard::sha256_hex(&fs::read(out.join(name)).unwrap());
        assert_eq!(subject["digest"]["sha256"], sha256, "{name}");
        listed.insert(name.to_string(), sha256);
    }
    let outside = ["manifest/run.json", "manifest/state.json", "report.json", "_SUCCESS"];
    let present: Vec<String> = tree(&out).into_keys().filter(|name| !outside.contains(&name.as_str())).collect();
    assert_eq!(present, listed.keys().cloned().collect::<Vec<_>>());
    let lines: String = listed.iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect();
    assert_eq!(fs::read_to_string(out.join("_SUCCESS")).unwrap().trim(), tamis_shard::sha256_hex(lines.as_bytes()));
}
