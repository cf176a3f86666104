//! The chain of fingerprints, computed again from what the run's manifest records.

use std::collections::BTreeMap;

use tamis_rules::Policy;
use tamis_shard::statement::{Statement, TaxonomyText};
use tamis_shard::{
    Artefact, FileDigest, Fingerprints, LEDGER_FILES, OutputDir, RunState, ShardManifest, ShardStatus, fingerprint,
};

use crate::contained::contained;
use crate::folder::Folder;
use crate::ledger::Rejected;
use crate::problem::{Check, Problem, Problems};
use crate::seal::RUN;

const STATE: &str = "manifest/state.json";

/// The policy, resolved again from the run's manifest; none where it cannot be, which is then a problem.
pub(crate) fn resolve_policy(statement: &Statement, problems: &mut Problems) -> Option<Policy> {
    let recorded = &statement.predicate.build_definition.external_parameters;
    let policy = match recorded.policy(RUN) {
        Ok(policy) => policy,
        Err(error) => {
            let expected = "a policy and a taxonomy that can be resolved";
            problems.push(Problem::new(RUN, Check::Fingerprint, "policy", expected, error));
            return None;
        }
    };
    let mut wrong = |what: &str, expected: String, got: String| {
        problems.push(Problem::new(RUN, Check::Fingerprint, what, expected, got));
    };
    let canonical = policy.canonical();
    if let Some((expected, got)) = first_difference(&canonical, &recorded.policy_canonical) {
        wrong("policy_canonical against policy and taxonomy", format!("{expected:?}"), format!("{got:?}"));
    }
    if policy.to_spec() != recorded.policy {
        wrong("policy", "every value written out".into(), "a table with values left out".into());
    }
    let taxonomy = TaxonomyText::of(policy.taxonomy());
    for (what, expected, got) in [
        ("taxonomy.name", taxonomy.name, &recorded.taxonomy.name),
        ("taxonomy.version", taxonomy.version, &recorded.taxonomy.version),
    ] {
        if expected != *got {
            wrong(what, expected, got.clone());
        }
    }
    let (asked, named) = (!policy.pseudonymizes().is_empty(), recorded.pseudonym_key_id.is_some());
    if asked != named {
        let told = |key: bool| if key { "the id of a key" } else { "none" }.to_string();
        wrong("pseudonym_key_id, by the policy", told(asked), told(named));
    }
    let counted: Vec<&str> = policy.taxonomy().codes(policy.counted()).collect();
    if counted != statement.counted_risks {
        wrong("counted_risks", counted.join(","), statement.counted_risks.join(","));
    }
    Some(policy)
}

/// The first line in which two texts differ.
fn first_difference<'t>(expected: &'t str, got: &'t str) -> Option<(&'t str, &'t str)> {
    if expected == got {
        return None;
    }
    let (mut expected, mut got) = (expected.split('\n'), got.split('\n'));
    loop {
        match (expected.next(), got.next()) {
            (Some(a), Some(b)) if a == b => {}
            (a, b) => return Some((a.unwrap_or_default(), b.unwrap_or_default())),
        }
    }
}

/// The folder's fingerprints, those of every shard, and what the ledger was made of.
pub(crate) fn check(
    folder: &Folder,
    statement: &Statement,
    policy: &Policy,
    rejected: &Rejected,
    manifests: &BTreeMap<String, ShardManifest>,
    digests: &BTreeMap<String, FileDigest>,
    problems: &mut Problems,
) {
    let build = &statement.predicate.build_definition;
    let builder = &statement.predicate.run_details.builder;
    let Some(version) = builder.version() else {
        problems.push(Problem::new(RUN, Check::Fingerprint, "builder.id", "tamis and its version", &builder.id));
        return;
    };
    let canonical = policy.canonical();
    let mut parts = build.external_parameters.configuration(version);
    parts.policy = &canonical;
    let configuration = fingerprint::configuration(&parts);
    compare(RUN, "fingerprints", &configuration, &build.internal_parameters.fingerprints, problems);
    let rejected = fingerprint::rejected_sources(rejected.names());
    for manifest in manifests.values() {
        let file = OutputDir::name(Artefact::Manifest, &manifest.path);
        let expected = of_shard(manifest, &configuration, &canonical, &rejected);
        compare(&file, "fingerprints", &expected, &manifest.fingerprints, problems);
    }
    check_state(folder, &configuration, &canonical, manifests, digests, problems);
}

/// What a shard's fingerprints must be.
fn of_shard(manifest: &ShardManifest, configuration: &Fingerprints, policy: &str, rejected: &str) -> Fingerprints {
    let digest = manifest.input.digest.as_ref();
    let tag = digest.map(|digest| fingerprint::shard_tag(&configuration.tag, &manifest.path, &digest.blake3));
    // A shard whose file could not even be read has no tag fingerprint.
    let tag = tag.unwrap_or_default();
    if manifest.status != ShardStatus::Complete {
        return Fingerprints { tag, ..Fingerprints::default() };
    }
    let judge = fingerprint::judge(&tag, policy);
    let emit = fingerprint::shard_emit(&judge, rejected, configuration.emit.as_deref().unwrap_or_default());
    Fingerprints { tag, judge: Some(judge), emit: Some(emit) }
}

fn compare(file: &str, what: &str, expected: &Fingerprints, got: &Fingerprints, problems: &mut Problems) {
    let pairs = [
        ("tag", Some(&expected.tag), Some(&got.tag)),
        ("judge", expected.judge.as_ref(), got.judge.as_ref()),
        ("emit", expected.emit.as_ref(), got.emit.as_ref()),
    ];
    for (pass, expected, got) in pairs.into_iter().filter(|(_, expected, got)| expected != got) {
        let text = |it: Option<&String>| it.map_or_else(|| "none".to_string(), String::clone);
        problems.push(Problem::new(file, Check::Fingerprint, format!("{what}.{pass}"), text(expected), text(got)));
    }
}

/// `manifest/state.json`, by which a run resumes.
fn check_state(
    folder: &Folder,
    configuration: &Fingerprints,
    policy: &str,
    manifests: &BTreeMap<String, ShardManifest>,
    digests: &BTreeMap<String, FileDigest>,
    problems: &mut Problems,
) {
    let read = || if folder.has(STATE) { RunState::read(&folder.output) } else { Ok(None) };
    let state = match contained(STATE, read) {
        Ok(Some(state)) => state,
        Ok(None) => return problems.push(Problem::new(STATE, Check::Missing, "file", "a file of the run", "none")),
        Err(problem) => return problems.push(problem),
    };
    compare(STATE, "configuration", configuration, &state.configuration, problems);
    let judged = fingerprint::judged(policy, manifests.values());
    if state.judged.as_ref() != Some(&judged) {
        let got = state.judged.as_deref().unwrap_or("none");
        problems.push(Problem::new(STATE, Check::Fingerprint, "judged", &judged, got));
    }
    for name in LEDGER_FILES {
        let (expected, got) = (digests.get(name), state.ledger.get(name));
        if let Some(expected) = expected.filter(|expected| got != Some(expected)) {
            let got = got.map_or("none", |got| &got.sha256);
            problems.push(Problem::new(STATE, Check::Digest, format!("sha256 of {name}"), &expected.sha256, got));
        }
    }
    for name in state.ledger.keys().filter(|name| !LEDGER_FILES.contains(&name.as_str())) {
        problems.push(Problem::new(STATE, Check::Fingerprint, "ledger", LEDGER_FILES.join(", "), format!("{name:?}")));
    }
}
