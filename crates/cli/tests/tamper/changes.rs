//! The changes, one by one. Each alters what it names and nothing that depends on it.

use std::fs;
use std::path::Path;

use tamis_rules::SourceVerdict;
use tamis_shard::statement::Parameters;
use tamis_shard::{OutputDir, ShardManifest};

use super::{
    JSONL, PARQUET, batches, edit_ledger, edit_lines, edit_statement, edit_tags, edit_verdicts, entry, manifests,
    replace, write_batches,
};
use crate::support::write;

pub fn flip_byte(out: &Path) {
    let file = out.join("data").join(JSONL);
    let mut bytes = fs::read(&file).unwrap();
    bytes[100] ^= 1;
    fs::write(file, bytes).unwrap();
}

pub fn change_id(out: &Path) {
    edit_lines(&out.join("data").join(JSONL), |lines| lines[0] = lines[0].replacen("\"id\":\"", "\"id\":\"x", 1));
}

pub fn remove_verdict(out: &Path) {
    edit_verdicts(out, JSONL, |rows| drop(rows.remove(3)));
}

pub fn remove_last_verdict(out: &Path) {
    edit_verdicts(out, JSONL, |rows| drop(rows.pop()));
}

pub fn renumber_verdicts(out: &Path) {
    edit_verdicts(out, JSONL, |rows| {
        rows.remove(3);
        rows.iter_mut().enumerate().for_each(|(n, row)| row.row = n as u64);
    });
}

pub fn change_ledger(out: &Path) {
    edit_ledger(out, |entries| entry(entries, "board.example").unqualified = 49);
}

pub fn change_csv(out: &Path) {
    replace(&out.join("ledger/sources.csv"), "board.example,1000", "board.example,1001");
}

pub fn add_file(out: &Path) {
    write(&out.join("data/extra.jsonl"), "{}\n");
}

pub fn add_stray(out: &Path) {
    write(&out.join("notes/secret.txt"), "x");
}

pub fn add_temporary(out: &Path) {
    write(&out.join("data/.tmp-x.jsonl"), "x");
}

pub fn remove_file(out: &Path) {
    fs::remove_file(out.join(format!("findings/{JSONL}.findings.parquet"))).unwrap();
}

pub fn remove_manifest(out: &Path) {
    fs::remove_file(out.join(format!("manifest/shards/{JSONL}.json"))).unwrap();
}

pub fn remove_shard(out: &Path) {
    let artefacts = ["data/", "rejected/", "tags/", "findings/", "verdicts/", "manifest/shards/"];
    for (folder, end) in
        artefacts.iter().zip(["", "", ".tags.parquet", ".findings.parquet", ".verdicts.parquet", ".json"])
    {
        fs::remove_file(out.join(format!("{folder}{JSONL}{end}"))).unwrap();
    }
}

const OTHER: &str = "forum/2025-12.jsonl.zst";

pub fn swap_manifests(out: &Path) {
    let [a, b] = [JSONL, OTHER].map(|path| out.join(format!("manifest/shards/{path}.json")));
    let text = fs::read(&a).unwrap();
    fs::copy(&b, &a).unwrap();
    fs::write(b, text).unwrap();
}

/// Each manifest with the other's content under its own names.
pub fn swap_renamed(out: &Path) {
    let both = manifests(out);
    for (own, other) in [(JSONL, OTHER), (OTHER, JSONL)] {
        let find = |path: &str| both.iter().find(|manifest| manifest.path == path).unwrap();
        let mut swapped = find(other).clone();
        swapped.path = own.into();
        swapped.input.format = find(own).input.format.clone();
        swapped.outputs =
            swapped.outputs.into_iter().map(|(name, digest)| (name.replace(other, own), digest)).collect();
        swapped.write(&OutputDir::new(out)).unwrap();
    }
}

/// A row of a rejected source, where it stood in the input.
pub fn put_back(out: &Path) {
    let rejected = fs::read_to_string(out.join("rejected").join(JSONL)).unwrap();
    let row = rejected.lines().find(|line| line.contains("board.example")).unwrap();
    edit_lines(&out.join("data").join(JSONL), |lines| lines.insert(1, format!("{row}\n")));
}

/// The first row of the rejected source, as if it had been kept, in its right place in the data.
pub fn put_back_kept(out: &Path) {
    let mut before = 0;
    edit_verdicts(out, JSONL, |rows| {
        let at = rows.iter().position(|row| row.source == "board.example").unwrap();
        before = rows[..at].iter().filter(|row| row.outcome == "kept").count();
        rows[at].outcome = "kept".into();
        rows[at].reason = None;
        rows[at].reasons.clear();
    });
    let mut moved = String::new();
    edit_lines(&out.join("rejected").join(JSONL), |lines| {
        let at = lines.iter().position(|line| line.contains("board.example")).unwrap();
        moved = lines.remove(at);
    });
    edit_lines(&out.join("data").join(JSONL), |lines| lines.insert(before, moved));
}

pub fn put_back_parquet(out: &Path) {
    let file = out.join("data").join(PARQUET);
    let mut all = batches(&file);
    all.push(batches(&out.join("rejected").join(PARQUET))[0].slice(0, 1));
    write_batches(&file, &all);
}

pub fn remove_row(out: &Path) {
    edit_lines(&out.join("data").join(JSONL), |lines| drop(lines.remove(10)));
}

pub fn remove_row_parquet(out: &Path) {
    let file = out.join("data").join(PARQUET);
    let mut all = batches(&file);
    all[0] = all[0].slice(1, all[0].num_rows() - 1);
    write_batches(&file, &all);
}

pub fn repeat_row(out: &Path) {
    edit_lines(&out.join("data").join(JSONL), |lines| lines.insert(10, lines[10].clone()));
}

pub fn swap_rows(out: &Path) {
    edit_lines(&out.join("data").join(JSONL), |lines| lines.swap(10, 11));
}

pub fn strip_annotation(out: &Path) {
    edit_lines(&out.join("data").join(JSONL), |lines| {
        let (line, _) = lines[10].split_once(",\"tamis\":").unwrap();
        lines[10] = format!("{line}}}\n");
    });
}

pub fn forge_annotation(out: &Path) {
    edit_lines(&out.join("data").join(JSONL), |lines| {
        lines[10] = lines[10].replacen("\"risks\":[]", "\"risks\":[\"A1a\"]", 1);
    });
}

pub fn remove_rejected(out: &Path) {
    edit_lines(&out.join("rejected").join(JSONL), |lines| drop(lines.remove(0)));
}

/// An unqualified record that looks like a good one, so that its source would pass.
pub fn change_risks(out: &Path) {
    edit_verdicts(out, JSONL, |rows| {
        let row = rows.iter_mut().find(|row| row.source == "board.example" && !row.risks.is_empty());
        row.unwrap().risks.clear();
    });
}

pub fn change_tags(out: &Path) {
    edit_tags(out, JSONL, |rows| {
        let row = rows.iter_mut().find(|row| row.source == "forum.example" && !row.keywords.is_empty());
        row.unwrap().keywords.clear();
    });
}

pub fn change_source(out: &Path) {
    edit_tags(out, JSONL, |rows| rows[5].source = "nobody.example".into());
}

pub fn remove_tag(out: &Path) {
    edit_tags(out, JSONL, |rows| drop(rows.remove(3)));
}

pub fn accept_source(out: &Path) {
    edit_ledger(out, |entries| entry(entries, "board.example").verdict = SourceVerdict::Accepted);
}

pub fn reject_source(out: &Path) {
    edit_ledger(out, |entries| entry(entries, "wiki.example").verdict = SourceVerdict::Rejected);
}

pub fn forget_source(out: &Path) {
    edit_ledger(out, |entries| entries.retain(|entry| entry.source != "board.example"));
}

pub fn invent_source(out: &Path) {
    edit_ledger(out, |entries| {
        let mut invented = entries[0].clone();
        invented.source = "nobody.example".into();
        entries.push(invented);
    });
}

pub fn edit_manifest(out: &Path, edit: impl FnOnce(&mut ShardManifest)) {
    let mut manifest = manifests(out).into_iter().find(|manifest| manifest.path == JSONL).unwrap();
    edit(&mut manifest);
    manifest.write(&OutputDir::new(out)).unwrap();
}

pub fn change_counts(out: &Path) {
    edit_manifest(out, |manifest| {
        manifest.rows.kept += 1;
        manifest.rows.dropped -= 1;
    });
}

pub fn change_read(out: &Path) {
    edit_manifest(out, |manifest| manifest.rows.read += 1);
}

pub fn add_key(out: &Path) {
    replace(&out.join(format!("manifest/shards/{JSONL}.json")), "{\n", "{\n  \"reviewed\": true,\n");
}

pub fn garbage_manifest(out: &Path) {
    fs::write(out.join(format!("manifest/shards/{JSONL}.json")), "\u{1b}[31m no json").unwrap();
}

pub fn change_report(out: &Path) {
    replace(&out.join("report.json"), "\"kept\": 2380", "\"kept\": 2381");
}

pub fn change_totals(out: &Path) {
    for file in ["report.json", "manifest/run.json"] {
        replace(&out.join(file), "\"sources\": 10", "\"sources\": 9");
    }
}

pub fn change_canonical(out: &Path) {
    replace(&out.join("manifest/run.json"), "\\nsource_limit_percent 5\\n", "\\nsource_limit_percent 6\\n");
}

pub fn change_policy(out: &Path) {
    parameters(out, |parameters| parameters.policy.source_limit_percent = "6".parse().ok());
}

pub fn change_both(out: &Path) {
    change_canonical(out);
    change_policy(out);
}

pub fn parameters(out: &Path, edit: impl FnOnce(&mut Parameters)) {
    edit_statement(out, |statement| edit(&mut statement.predicate.build_definition.external_parameters));
}

pub fn change_limits(out: &Path) {
    parameters(out, |parameters| parameters.limits.max_row_bytes += 1);
}

pub fn change_asset(out: &Path) {
    parameters(out, |parameters| parameters.assets[0].digest = "0".repeat(64));
}

/// Another input behind a shard, in the manifest and in the dependencies.
pub fn change_input(out: &Path) {
    let other = "0".repeat(64);
    edit_manifest(out, |manifest| manifest.input.digest.as_mut().unwrap().blake3.clone_from(&other));
    edit_statement(out, |statement| {
        let inputs = &mut statement.predicate.build_definition.resolved_dependencies;
        let input = inputs.iter_mut().find(|input| input.name == JSONL).unwrap();
        input.digest.as_mut().unwrap().blake3.clone_from(&other);
    });
}

pub fn change_root(out: &Path) {
    fs::write(out.join("_SUCCESS"), format!("{}\n", "0".repeat(64))).unwrap();
}

pub fn unfinish(out: &Path) {
    for name in ["_SUCCESS", "manifest/run.json", "report.json"] {
        fs::remove_file(out.join(name)).unwrap();
    }
}

pub fn cut(file: &Path) {
    let bytes = fs::read(file).unwrap();
    fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
}

pub fn truncate(out: &Path) {
    cut(&out.join(format!("verdicts/{JSONL}.verdicts.parquet")));
}

pub fn truncate_data(out: &Path) {
    cut(&out.join("data").join(PARQUET));
}

pub fn garbage_run(out: &Path) {
    fs::write(out.join("manifest/run.json"), "[1, 2").unwrap();
}

pub fn hostile_subject(out: &Path) {
    replace(&out.join("manifest/run.json"), "\"name\": \"data/forum/2025-10.jsonl\"", "\"name\": \"../../etc/passwd\"");
}

pub fn link(out: &Path) {
    let file = out.join("data").join(JSONL);
    let elsewhere = out.with_extension("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(elsewhere, file).unwrap();
}

pub fn change_state(out: &Path) {
    replace(&out.join("manifest/state.json"), "\"judged\": \"", "\"judged\": \"0");
}
