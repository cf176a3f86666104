//! The end of a run: the manifest that names every file by digest, the report, and `_SUCCESS`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tamis_classify::DeviceReport;
use tamis_rules::Ledger;
use tamis_shard::statement::{
    BUILD_TYPE, BuildDefinition, Builder, Dependency, InternalParameters, PREDICATE_TYPE, Parameters, Predicate,
    RunDetails, STATEMENT_TYPE, Statement, TaxonomyText,
};
use tamis_shard::{
    Artefact, LEDGER_FILES, OutputDir, Report, ShardError, ShardManifest, Subject, SubjectDigest, digest_file,
    remove_if_there, root_hash, write_atomically, write_json,
};

use crate::judge::manifests;
use crate::plan::{Machine, VERSION};
use crate::{PipelineError, RunPlan};

/// Files that say that a run is finished; removed before anything is changed.
const SEALS: [&str; 3] = ["_SUCCESS", "manifest/run.json", "report.json"];

/// Removes what says that the folder holds a finished run.
pub(crate) fn break_seal(output: &OutputDir) -> Result<(), ShardError> {
    SEALS.iter().try_for_each(|name| remove_if_there(&output.at(name)).map(|_| ()))
}

/// The one place for what differs between two runs of the same thing.
#[derive(Serialize)]
struct Metadata<'p> {
    started_at: String,
    finished_at: String,
    machine: Machine,
    output: String,
    input: Vec<String>,
    pipeline: &'p str,
    /// What models ran on, and what happened there.
    devices: Vec<DeviceReport>,
}

/// Names every file by digest and marks the folder as finished.
pub(crate) fn seal(
    plan: &RunPlan,
    ledger: &Ledger,
    started_at: chrono::DateTime<chrono::Utc>,
) -> Result<Report, PipelineError> {
    let output = &plan.output;
    let manifests = manifests(plan);
    let report = Report::new(&plan.policy, plan.input.skipped.total(), manifests.values(), ledger);
    let subjects = subjects(output, &manifests)?;
    refuse_strangers(output, &subjects)?;
    let root = root_hash(&subjects);
    let statement = Statement {
        kind: STATEMENT_TYPE.into(),
        predicate: predicate(plan, &manifests),
        subject: subjects,
        predicate_type: PREDICATE_TYPE.into(),
        totals: report.clone(),
        counted_risks: plan.taxonomy().codes(plan.policy.counted()).map(str::to_string).collect(),
        root: root.clone(),
        metadata: serde_json::to_value(metadata(plan, started_at)).unwrap_or_default(),
    };
    write_json(&output.at("manifest/run.json"), &statement)?;
    write_json(&output.at("report.json"), &report)?;
    write_atomically(&output.at("_SUCCESS"), format!("{root}\n").as_bytes())?;
    Ok(report)
}

/// Every output file with its digest, sorted by name.
fn subjects(output: &OutputDir, manifests: &BTreeMap<String, ShardManifest>) -> Result<Vec<Subject>, PipelineError> {
    let mut digests: BTreeMap<String, String> = BTreeMap::new();
    for (path, manifest) in manifests {
        let outputs = manifest.outputs.iter().map(|(name, digest)| (name.clone(), digest.sha256.clone()));
        digests.extend(outputs);
        let name = OutputDir::name(Artefact::Manifest, path);
        digests.insert(name.clone(), digest_file(&output.at(&name))?.sha256);
    }
    for name in LEDGER_FILES {
        digests.insert(name.to_string(), digest_file(&output.at(name))?.sha256);
    }
    let subject = |(name, sha256)| Subject { name, digest: SubjectDigest { sha256 } };
    Ok(digests.into_iter().map(subject).collect())
}

/// A file among the outputs that no shard of this run wrote would make the manifest a lie.
fn refuse_strangers(output: &OutputDir, subjects: &[Subject]) -> Result<(), PipelineError> {
    let known: BTreeSet<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    match output.subject_files()?.into_iter().find(|name| !known.contains(name.as_str())) {
        None => Ok(()),
        Some(name) => Err(PipelineError::Usage(format!(
            "{} is not of this run; move it out of the output folder and run again",
            output.at(&name).display()
        ))),
    }
}

fn predicate(plan: &RunPlan, manifests: &BTreeMap<String, ShardManifest>) -> Predicate {
    let inputs = manifests.values().map(Dependency::input);
    let assets = plan.assets.iter().map(Dependency::asset);
    Predicate {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE.into(),
            external_parameters: parameters(plan),
            internal_parameters: InternalParameters { fingerprints: plan.configuration() },
            resolved_dependencies: inputs.chain(assets).collect(),
        },
        run_details: RunDetails { builder: Builder::of_version(VERSION) },
    }
}

fn parameters(plan: &RunPlan) -> Parameters {
    Parameters {
        columns: plan.columns.clone(),
        limits: plan.limits,
        assets: plan.assets.clone(),
        taxonomy: TaxonomyText::of(plan.taxonomy()),
        policy: plan.policy.to_spec(),
        policy_canonical: plan.policy.canonical(),
        annotate: plan.annotate,
        keep_rejected: plan.keep_rejected,
        pseudonym_key_id: plan.redactor.key_id(),
    }
}

fn metadata(plan: &RunPlan, started_at: chrono::DateTime<chrono::Utc>) -> Metadata<'_> {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let absolute =
        |path: &std::path::Path| std::path::absolute(path).unwrap_or(path.to_path_buf()).display().to_string();
    Metadata {
        started_at: time(started_at),
        finished_at: time(chrono::Utc::now()),
        machine: plan.machine,
        output: absolute(plan.output.root()),
        input: plan.input.shards.iter().map(|shard| absolute(&shard.file)).collect(),
        pipeline: &plan.pipeline,
        devices: plan.devices.iter().map(|model| model.report()).collect(),
    }
}
