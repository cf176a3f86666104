//! Manifests: what was read, what was written, and how the two are bound by digest.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::commit::write_atomically;
use crate::output::{Artefact, OutputDir};
use crate::{FileDigest, Redactions, ShardError};

/// Version of the shard manifest's form.
pub const SHARD_FORMAT: &str = "tamis-shard/1";
/// Version of the state file's form.
const STATE_FORMAT: &str = "tamis-state/1";

/// How far a shard has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShardStatus {
    /// Tags and findings stand; nothing has been emitted.
    Tagged,
    /// Everything stands.
    Complete,
    /// The shard was set aside whole.
    Quarantined,
}

/// What each pass depended on; a chain, each over the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// Input digest, column mapping, limits, detectors and their assets, version.
    pub tag: String,
    /// `tag` and the policy.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judge: Option<String>,
    /// `judge`, the rejected sources and the output options.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub emit: Option<String>,
}

/// Rows of a shard: `read = kept + dropped + quarantined` once the shard is complete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Records met.
    pub read: u64,
    /// Lines of white space only (JSONL), which are no records.
    pub blank_lines: u64,
    /// Records written to `data`.
    pub kept: u64,
    /// Records the policy left out.
    pub dropped: u64,
    /// Records that could not be examined.
    pub quarantined: u64,
}

impl RowCounts {
    /// Adds another shard's counts.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.blank_lines += other.blank_lines;
        self.kept += other.kept;
        self.dropped += other.dropped;
        self.quarantined += other.quarantined;
    }
}

/// The input file behind a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// Format and compression.
    pub format: String,
    /// Size and digests of the stored bytes; none where the file could not be read.
    #[serde(flatten)]
    pub digest: Option<FileDigest>,
}

/// Why a shard was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineRecord {
    /// Class of the failure.
    pub kind: String,
    /// What was got.
    pub detail: String,
}

/// `manifest/shards/<path>.json`: the commit marker of a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardManifest {
    /// `tamis-shard/1`.
    pub format: String,
    /// The shard's `<path>`.
    pub path: String,
    /// How far it has come.
    pub status: ShardStatus,
    /// The input file.
    pub input: InputRecord,
    /// What each pass depended on.
    pub fingerprints: Fingerprints,
    /// Rows by outcome.
    pub rows: RowCounts,
    /// Bytes of the texts scanned.
    pub text_bytes: u64,
    /// Rows that carry each kind of personal information, whatever became of them.
    #[serde(default)]
    pub pii: BTreeMap<String, u64>,
    /// Rows by primary reason.
    #[serde(default)]
    pub reasons: BTreeMap<String, u64>,
    /// What was replaced in the kept records.
    #[serde(default)]
    pub redactions: Redactions,
    /// Files written for this shard, relative to the output folder.
    pub outputs: BTreeMap<String, FileDigest>,
    /// Why it was set aside, where it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quarantine: Option<QuarantineRecord>,
}

impl ShardManifest {
    /// A manifest of a shard of which nothing is known yet.
    pub fn new(path: &str, input: InputRecord, status: ShardStatus, tag: String) -> Self {
        Self {
            format: SHARD_FORMAT.into(),
            path: path.into(),
            status,
            input,
            fingerprints: Fingerprints { tag, ..Fingerprints::default() },
            rows: RowCounts::default(),
            text_bytes: 0,
            pii: BTreeMap::new(),
            reasons: BTreeMap::new(),
            redactions: Redactions::default(),
            outputs: BTreeMap::new(),
            quarantine: None,
        }
    }

    /// Reads a shard's manifest; none where it is not there or cannot be understood (the shard is then done again).
    pub fn read(output: &OutputDir, path: &str) -> Option<Self> {
        let text = std::fs::read(output.artefact(Artefact::Manifest, path)).ok()?;
        let manifest: Self = serde_json::from_slice(&text).ok()?;
        (manifest.format == SHARD_FORMAT && manifest.path == path).then_some(manifest)
    }

    /// Writes the manifest: the last step of a shard's commit.
    ///
    /// # Errors
    /// [`ShardError::Io`].
    pub fn write(&self, output: &OutputDir) -> Result<FileDigest, ShardError> {
        write_json(&output.artefact(Artefact::Manifest, &self.path), self)
    }

    /// The first output of these kinds that is missing, or is not what the manifest says.
    pub fn damaged_output(&self, output: &OutputDir, kinds: &[Artefact]) -> Option<String> {
        let mut names = kinds.iter().map(|kind| OutputDir::name(*kind, &self.path));
        let stands = |name: &String| {
            let expected = self.outputs.get(name);
            expected.is_some_and(|expected| crate::digest_file(&output.at(name)).is_ok_and(|got| got == *expected))
        };
        names.find(|name| !stands(name))
    }

    /// The manifest of a shard whose outputs are about to be replaced: it claims nothing. Should the run be killed, the
    /// shard's files are still known to be ours.
    pub fn retracted(path: &str, format: &str) -> Self {
        let input = InputRecord { format: format.into(), digest: None };
        Self::new(path, input, ShardStatus::Tagged, String::new())
    }

    /// True for a manifest that claims nothing.
    pub fn is_retracted(&self) -> bool {
        self.status == ShardStatus::Tagged && self.fingerprints.tag.is_empty()
    }

    /// This manifest as it was before anything was emitted.
    pub fn without_emission(mut self) -> Self {
        let kept = [Artefact::Tags, Artefact::Findings].map(|kind| OutputDir::name(kind, &self.path));
        self.outputs.retain(|name, _| kept.contains(name));
        self.status = ShardStatus::Tagged;
        self.fingerprints = Fingerprints { tag: self.fingerprints.tag, ..Fingerprints::default() };
        self.rows = RowCounts { kept: 0, dropped: 0, ..self.rows };
        self.reasons.clear();
        self.redactions = Redactions::default();
        self
    }
}

/// `manifest/state.json`: which run a folder holds, by configuration alone (no input, no machine).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunState {
    /// `tamis-state/1`.
    pub format: String,
    /// Configuration part of the three fingerprints.
    pub configuration: Fingerprints,
    /// What the ledger that stands was made of: every shard's tags and the policy. None before the judge pass.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judged: Option<String>,
    /// Files of that ledger, relative to the output folder.
    #[serde(default)]
    pub ledger: BTreeMap<String, FileDigest>,
}

impl RunState {
    /// A state file's content.
    pub fn new(configuration: Fingerprints) -> Self {
        Self { format: STATE_FORMAT.into(), configuration, judged: None, ledger: BTreeMap::new() }
    }

    /// Reads the folder's state; none where it holds no run.
    ///
    /// # Errors
    /// [`ShardError::Artefact`] where the file is there and cannot be understood.
    pub fn read(output: &OutputDir) -> Result<Option<Self>, ShardError> {
        let path = Self::path(output);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ShardError::io("read", &path)(error)),
        };
        let state: Self = serde_json::from_slice(&text)
            .map_err(|error| ShardError::Artefact { path: path.clone(), message: error.to_string() })?;
        if state.format != STATE_FORMAT {
            let message = format!("format {:?}, expected {STATE_FORMAT:?}", state.format);
            return Err(ShardError::Artefact { path, message });
        }
        Ok(Some(state))
    }

    /// Writes the state.
    ///
    /// # Errors
    /// [`ShardError::Io`].
    pub fn write(&self, output: &OutputDir) -> Result<(), ShardError> {
        write_json(&Self::path(output), self).map(|_| ())
    }

    /// True where the ledger's files stand as they were written.
    pub fn ledger_stands(&self, output: &OutputDir) -> bool {
        let stands = |(name, expected): (&String, &FileDigest)| {
            crate::digest_file(&output.at(name)).is_ok_and(|got| got == *expected)
        };
        !self.ledger.is_empty() && self.ledger.iter().all(stands)
    }

    fn path(output: &OutputDir) -> std::path::PathBuf {
        output.at("manifest/state.json")
    }
}

/// A file named in the run's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Name relative to the output folder.
    pub name: String,
    /// Digests by algorithm.
    pub digest: SubjectDigest,
}

/// The digest that in-toto consumers check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigest {
    /// sha256, lower-case hex.
    pub sha256: String,
}

/// The dataset's root hash: sha256 over the lines that `sha256sum` would print for the subjects in order of name.
pub fn root_hash(subjects: &[Subject]) -> String {
    let mut names: Vec<&Subject> = subjects.iter().collect();
    names.sort_by(|a, b| a.name.cmp(&b.name));
    let lines: String = names.iter().map(|it| format!("{}  {}\n", it.digest.sha256, it.name)).collect();
    crate::digest::sha256_hex(lines.as_bytes())
}

/// Writes a value as [`json_text`].
///
/// # Errors
/// [`ShardError::Io`].
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<FileDigest, ShardError> {
    let text = json_text(value)
        .map_err(|error| ShardError::Artefact { path: path.to_path_buf(), message: error.to_string() })?;
    write_atomically(path, &text)
}

/// A value as every JSON file of a run is written: indented, with a line feed at the end.
///
/// # Errors
/// The value has a map whose keys are no strings.
pub fn json_text<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_hash_is_what_sha256sum_gives() {
        let subject =
            |name: &str, sha256: &str| Subject { name: name.into(), digest: SubjectDigest { sha256: sha256.into() } };
        // printf 'aa  data/a\nbb  tags/b\n' | sha256sum
        let want = crate::digest::sha256_hex(b"aa  data/a\nbb  tags/b\n");
        assert_eq!(root_hash(&[subject("tags/b", "bb"), subject("data/a", "aa")]), want);
    }

    #[test]
    fn a_manifest_is_accepted_only_with_its_outputs() {
        let folder = tempfile::tempdir().unwrap();
        let output = OutputDir::new(folder.path());
        let input = InputRecord { format: "jsonl".into(), digest: None };
        let mut manifest = ShardManifest::new("a/x.jsonl", input, ShardStatus::Tagged, "t".into());
        let name = OutputDir::name(Artefact::Tags, "a/x.jsonl");
        let digest = write_atomically(&output.at(&name), b"tags").unwrap();
        manifest.outputs.insert(name.clone(), digest);
        manifest.write(&output).unwrap();
        let read = ShardManifest::read(&output, "a/x.jsonl").unwrap();
        assert_eq!(read, manifest);
        assert!(read.damaged_output(&output, &[Artefact::Tags]).is_none());
        assert!(read.damaged_output(&output, &[Artefact::Tags, Artefact::Findings]).is_some());
        std::fs::write(output.at(&name), b"tagz").unwrap();
        assert!(read.damaged_output(&output, &[Artefact::Tags]).is_some());
    }
}
