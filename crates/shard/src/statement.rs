//! `manifest/run.json`: an in-toto statement (v1) with a SLSA provenance predicate.
//!
//! It names every output file by digest and records all that a verdict follows from, so that whoever has the folder can
//! compute everything after the tags again.

use serde::{Deserialize, Serialize};
use tamis_rules::{Policy, PolicySpec, RulesError, Taxonomy};

use crate::fingerprint::{Asset, Configuration};
use crate::{ColumnMap, Fingerprints, Limits, Report, Subject};

/// Kind of the statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Kind of the predicate.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// Kind of the build.
pub const BUILD_TYPE: &str = "tamis run/4";
/// What stands before the version in the builder's id.
const BUILDER: &str = "tamis ";

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// Every output file, sorted by name.
    pub subject: Vec<Subject>,
    /// [`PREDICATE_TYPE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// How the files came to be.
    pub predicate: Predicate,
    /// Records, sources and reasons, as in `report.json`.
    pub totals: Report,
    /// Codes that make a record unqualified by the source rule.
    pub counted_risks: Vec<String>,
    /// [`root_hash`](crate::root_hash) of the subjects.
    pub root: String,
    /// Times, machine and places: what may differ between two runs of the same thing. Nothing depends on it.
    pub metadata: serde_json::Value,
}

/// SLSA provenance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Predicate {
    /// What was asked for, and what was read.
    pub build_definition: BuildDefinition,
    /// What carried it out.
    pub run_details: RunDetails,
}

/// What was asked for, and what was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BuildDefinition {
    /// [`BUILD_TYPE`].
    pub build_type: String,
    /// What the user chose.
    pub external_parameters: Parameters,
    /// What follows from it.
    pub internal_parameters: InternalParameters,
    /// Inputs in order of `<path>`, then assets.
    pub resolved_dependencies: Vec<Dependency>,
}

/// What the user chose: all that the outputs follow from, beside the inputs' bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// How records are read.
    pub columns: ColumnMap,
    /// Bounds that decide outcomes.
    pub limits: Limits,
    /// What the detectors are made of.
    pub assets: Vec<Asset>,
    /// The taxonomy.
    pub taxonomy: TaxonomyText,
    /// The policy with every value written out.
    pub policy: PolicySpec,
    /// The same as the text that the judge fingerprint is made of.
    pub policy_canonical: String,
    /// Whether kept records carry the annotation.
    pub annotate: bool,
    /// Whether dropped records are written.
    pub keep_rejected: bool,
    /// Id of the key that pseudonyms were made with, which tells nothing of the key; none where the policy asks for no
    /// pseudonyms. The key itself is nowhere in a run.
    pub pseudonym_key_id: Option<String>,
}

/// A taxonomy, whole: its own file may be gone when the run is audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxonomyText {
    /// Short name.
    pub name: String,
    /// Edition.
    pub version: String,
    /// The text of its file.
    pub toml: String,
}

/// What follows from the parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternalParameters {
    /// The folder's three fingerprints.
    pub fingerprints: Fingerprints,
}

/// An input shard or an asset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// A shard's `<path>`, or `detector: name and version`.
    pub name: String,
    /// None for an input that could not be read.
    pub digest: Option<DependencyDigest>,
}

/// Digests of a dependency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DependencyDigest {
    /// sha256 of the stored bytes; assets have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// blake3, hex.
    pub blake3: String,
}

/// What carried the build out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunDetails {
    /// The program.
    pub builder: Builder,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// `tamis ` and the version.
    pub id: String,
}

impl Builder {
    /// The program of this version.
    pub fn of_version(version: &str) -> Self {
        Self { id: format!("{BUILDER}{version}") }
    }

    /// The version; none where another program is named.
    pub fn version(&self) -> Option<&str> {
        self.id.strip_prefix(BUILDER)
    }
}

impl TaxonomyText {
    /// The text of a taxonomy.
    pub fn of(taxonomy: &Taxonomy) -> Self {
        Self { name: taxonomy.name().into(), version: taxonomy.version().into(), toml: taxonomy.toml().into() }
    }
}

impl Parameters {
    /// The policy, resolved again from what is recorded; `origin` is named in messages.
    ///
    /// # Errors
    /// The recorded taxonomy or policy cannot be used.
    pub fn policy(&self, origin: &str) -> Result<Policy, RulesError> {
        let taxonomy = Taxonomy::parse(&self.taxonomy.toml, origin)?;
        Policy::resolve(&self.policy, std::sync::Arc::new(taxonomy))
    }

    /// What the folder's fingerprints are made of.
    pub fn configuration<'c>(&'c self, version: &'c str) -> Configuration<'c> {
        Configuration {
            version,
            columns: &self.columns,
            limits: &self.limits,
            assets: &self.assets,
            policy: &self.policy_canonical,
            annotate: self.annotate,
            keep_rejected: self.keep_rejected,
            pseudonym_key_id: self.pseudonym_key_id.as_deref(),
        }
    }
}

impl Dependency {
    /// An input shard.
    pub fn input(manifest: &crate::ShardManifest) -> Self {
        let digest = manifest.input.digest.as_ref();
        let digest = digest.map(|it| DependencyDigest { sha256: Some(it.sha256.clone()), blake3: it.blake3.clone() });
        Self { name: manifest.path.clone(), digest }
    }

    /// A detector's asset.
    pub fn asset(asset: &Asset) -> Self {
        let digest = Some(DependencyDigest { sha256: None, blake3: asset.digest.clone() });
        Self { name: format!("{}: {}", asset.detector, asset.name), digest }
    }
}
