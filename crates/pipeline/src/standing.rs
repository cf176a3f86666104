//! Whether a pass over a shard stands already, and if it does not, why.

use tamis_shard::{Artefact, BadShardKind, FileDigest, OutputDir, ShardManifest, ShardStatus};

/// Why a pass over a shard is done again, or for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redo {
    /// It was not done before.
    New,
    /// It was stopped while it replaced what stood.
    Interrupted,
    /// The stored bytes of the input are others.
    InputChanged,
    /// Detectors, their assets, columns, limits or the version are others.
    ConfigurationChanged,
    /// The policy is another.
    PolicyChanged,
    /// Other sources are rejected, or the output options are others.
    SourcesOrOptionsChanged,
    /// A file, named relative to the output folder, is missing or is not what the manifest says.
    OutputDamaged(String),
    /// The input could not be read the last time.
    Unreadable,
}

/// Why a shard is to be tagged; none where its tags stand, made of the same input by the same configuration.
pub(crate) fn tag_redo(output: &OutputDir, path: &str, digest: &FileDigest, fingerprint: &str) -> Option<Redo> {
    let Some(manifest) = ShardManifest::read(output, path) else {
        let name = OutputDir::name(Artefact::Manifest, path);
        return Some(if output.at(&name).exists() { Redo::OutputDamaged(name) } else { Redo::New });
    };
    // What could not be read then may be readable now.
    if manifest.quarantine.as_ref().is_some_and(|reason| reason.kind == BadShardKind::Unreadable.name()) {
        return Some(Redo::Unreadable);
    }
    if manifest.is_retracted() {
        return Some(Redo::Interrupted);
    }
    if manifest.input.digest.as_ref() != Some(digest) {
        return Some(Redo::InputChanged);
    }
    if manifest.fingerprints.tag != fingerprint {
        return Some(Redo::ConfigurationChanged);
    }
    match manifest.status {
        ShardStatus::Quarantined => None,
        _ => manifest.damaged_output(output, &[Artefact::Tags, Artefact::Findings]).map(Redo::OutputDamaged),
    }
}

/// Why a tagged shard is to be emitted; none where all of its outputs stand.
pub(crate) fn emit_redo(
    output: &OutputDir,
    manifest: &ShardManifest,
    (judge, emit): (&str, &str),
    kinds: &[Artefact],
) -> Option<Redo> {
    let standing = &manifest.fingerprints;
    match (standing.judge.as_deref(), standing.emit.as_deref()) {
        (Some(standing), _) if standing != judge => Some(Redo::PolicyChanged),
        (Some(_), Some(standing)) if standing != emit => Some(Redo::SourcesOrOptionsChanged),
        (Some(_), Some(_)) => manifest.damaged_output(output, kinds).map(Redo::OutputDamaged),
        _ => Some(Redo::New),
    }
}
