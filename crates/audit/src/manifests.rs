//! The manifests of the shards: each in its place, with the files that it names and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tamis_shard::statement::{Dependency, Statement};
use tamis_shard::{
    Artefact, FileDigest, Format, LEDGER_FILES, OutputDir, SHARD_FORMAT, ShardError, ShardManifest, ShardStatus,
    json_text,
};

use crate::contained::{contained, each};
use crate::folder::{Folder, stays_inside};
use crate::problem::{Check, Problem, Problems};
use crate::seal::RUN;

const FOLDER: &str = "manifest/shards/";
const EXTENSION: &str = ".json";

/// Reads every shard's manifest, by `<path>`.
pub(crate) fn read_all(folder: &Folder, threads: usize, problems: &mut Problems) -> BTreeMap<String, ShardManifest> {
    let names: Vec<&str> = folder.subject_files().filter(|name| name.starts_with(FOLDER)).collect();
    let read = each(&names, threads, |name| {
        let mut problems = Problems::default();
        (read(folder, name, &mut problems), problems)
    });
    let mut manifests = BTreeMap::new();
    for (manifest, found) in read {
        problems.merge(found);
        manifests.extend(manifest.map(|manifest| (manifest.path.clone(), manifest)));
    }
    manifests
}

/// One manifest; none where it cannot be used.
fn read(folder: &Folder, name: &str, problems: &mut Problems) -> Option<ShardManifest> {
    let Some(path) = name.strip_prefix(FOLDER).and_then(|name| name.strip_suffix(EXTENSION)) else {
        let expected = format!("a name that ends in {EXTENSION}");
        problems.push(Problem::new(name, Check::Unlisted, "file", expected, "another"));
        return None;
    };
    let file = folder.output.at(name);
    let text = contained(name, || fs::read(&file).map_err(ShardError::io("read", &file)));
    let text = text.map_err(|problem| problems.push(problem)).ok()?;
    let manifest: ShardManifest = match serde_json::from_slice(&text) {
        Ok(manifest) => manifest,
        Err(error) => {
            problems.push(Problem::new(name, Check::Unreadable, "content", "a shard's manifest", error));
            return None;
        }
    };
    if json_text(&manifest).ok().as_deref() != Some(&*text) {
        let got = "other or more content; it says something that nothing checks";
        problems.push(Problem::new(name, Check::Manifest, "form", "the text that its own values make", got));
    }
    if manifest.format != SHARD_FORMAT {
        problems.push(Problem::new(name, Check::Manifest, "format", SHARD_FORMAT, &manifest.format));
    }
    if manifest.path != path || !stays_inside(&manifest.path) {
        problems.push(Problem::new(name, Check::Manifest, "path", path, &manifest.path));
        return None;
    }
    Some(manifest)
}

/// Artefacts that a shard of this status must have, besides its manifest.
fn artefacts(status: ShardStatus, keep_rejected: bool) -> Vec<Artefact> {
    match status {
        ShardStatus::Quarantined => Vec::new(),
        ShardStatus::Tagged => vec![Artefact::Tags, Artefact::Findings],
        ShardStatus::Complete => {
            let mut kinds = vec![Artefact::Data, Artefact::Tags, Artefact::Findings, Artefact::Verdicts];
            kinds.extend(keep_rejected.then_some(Artefact::Rejected));
            kinds
        }
    }
}

/// Holds one manifest against its files and its own numbers.
pub(crate) fn check(
    manifest: &ShardManifest,
    digests: &BTreeMap<String, FileDigest>,
    keep_rejected: bool,
    problems: &mut Problems,
) {
    let file = OutputDir::name(Artefact::Manifest, &manifest.path);
    let mut wrong = |check, what: String, expected: String, got: String| {
        problems.push(Problem::new(&file, check, what, expected, got));
    };
    let expected: BTreeSet<String> = artefacts(manifest.status, keep_rejected)
        .into_iter()
        .map(|kind| OutputDir::name(kind, &manifest.path))
        .collect();
    for name in expected.iter().filter(|name| !manifest.outputs.contains_key(*name)) {
        wrong(Check::Manifest, "outputs".into(), name.clone(), "none".into());
    }
    for (name, written) in &manifest.outputs {
        if !expected.contains(name) {
            wrong(Check::Manifest, "outputs".into(), "files of this shard alone".into(), format!("{name:?}"));
            continue;
        }
        let Some(got) = digests.get(name) else { continue };
        for (what, expected, got) in [
            ("bytes", written.bytes.to_string(), got.bytes.to_string()),
            ("sha256", written.sha256.clone(), got.sha256.clone()),
            ("blake3", written.blake3.clone(), got.blake3.clone()),
        ] {
            if expected != got {
                wrong(Check::Digest, format!("{what} of {name}"), expected, got);
            }
        }
    }
    let format = Format::of_name(&manifest.path).map_or("none", Format::name);
    if manifest.input.format != format {
        wrong(Check::Manifest, "input.format".into(), format.into(), manifest.input.format.clone());
    }
    match manifest.status {
        ShardStatus::Tagged => {
            wrong(Check::Manifest, "status".into(), "complete or quarantined".into(), "tagged".into());
        }
        ShardStatus::Complete if manifest.quarantine.is_some() || manifest.input.digest.is_none() => {
            let expected = "an input digest and no reason for setting it aside";
            wrong(
                Check::Manifest,
                "status".into(),
                expected.into(),
                "complete without the one or with the other".into(),
            );
        }
        ShardStatus::Quarantined if manifest.quarantine.is_none() => {
            wrong(Check::Manifest, "quarantine".into(), "the reason why it was set aside".into(), "none".into());
        }
        _ => {}
    }
    conservation(manifest, &mut wrong);
}

fn conservation(manifest: &ShardManifest, wrong: &mut impl FnMut(Check, String, String, String)) {
    if manifest.status != ShardStatus::Complete {
        return;
    }
    let rows = &manifest.rows;
    let sum = [rows.kept, rows.dropped, rows.quarantined].iter().map(|n| u128::from(*n)).sum::<u128>();
    if u128::from(rows.read) != sum {
        let got = format!("{} + {} + {}", rows.kept, rows.dropped, rows.quarantined);
        wrong(Check::Conservation, "rows read, kept + dropped + quarantined".into(), rows.read.to_string(), got);
    }
    let reasons = manifest.reasons.values().map(|n| u128::from(*n)).sum::<u128>();
    let out = u128::from(rows.dropped) + u128::from(rows.quarantined);
    if reasons != out {
        let what = "reasons, one for each record dropped or quarantined";
        wrong(Check::Conservation, what.into(), out.to_string(), reasons.to_string());
    }
}

/// Every subject is an output of a shard, a shard's manifest or the ledger: a file of anyone else has no part in a run,
/// however well it is listed.
pub(crate) fn check_owners(
    folder: &Folder,
    statement: &Statement,
    manifests: &BTreeMap<String, ShardManifest>,
    problems: &mut Problems,
) {
    let keep_rejected = statement.predicate.build_definition.external_parameters.keep_rejected;
    let of_shard = |manifest: &ShardManifest| {
        let kinds = artefacts(manifest.status, keep_rejected).into_iter().chain([Artefact::Manifest]);
        kinds.map(|kind| OutputDir::name(kind, &manifest.path)).collect::<Vec<_>>()
    };
    let mut owned: BTreeSet<String> = manifests.values().flat_map(of_shard).collect();
    owned.extend(LEDGER_FILES.map(str::to_string));
    let names = statement.subject.iter().map(|subject| subject.name.as_str());
    for name in names.filter(|name| folder.has(name) && !owned.contains(*name)) {
        problems.push(Problem::new(name, Check::Unlisted, "file", "an output of a shard with a manifest", "of none"));
    }
}

/// The dependencies of the run are the inputs of the shards and the recorded assets, digest by digest.
pub(crate) fn check_dependencies(
    statement: &Statement,
    manifests: &BTreeMap<String, ShardManifest>,
    problems: &mut Problems,
) {
    let build = &statement.predicate.build_definition;
    let inputs = manifests.values().map(Dependency::input);
    let assets = build.external_parameters.assets.iter().map(Dependency::asset);
    let expected: BTreeSet<Dependency> = inputs.chain(assets).collect();
    let got: BTreeSet<Dependency> = build.resolved_dependencies.iter().cloned().collect();
    let text = |it: &Dependency| match &it.digest {
        Some(digest) => format!("{:?} with blake3 {}", it.name, digest.blake3),
        None => format!("{:?} without a digest", it.name),
    };
    let mut wrong = |expected: &str, got: &str| {
        problems.push(Problem::new(RUN, Check::Manifest, "resolvedDependencies", expected, got));
    };
    expected.difference(&got).for_each(|it| wrong(&text(it), "none such"));
    got.difference(&expected).for_each(|it| wrong("inputs of the shards' manifests and assets alone", &text(it)));
    if got.len() != build.resolved_dependencies.len() {
        wrong("each once", "one twice");
    }
}
