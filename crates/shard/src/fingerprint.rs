//! What each pass depended on, as one digest: the chain that a run resumes by and that an audit recomputes.
//!
//! A fingerprint is blake3 over parts, each preceded by its length as eight little-endian bytes. There are two chains of
//! three, one for the folder and one for each shard, and one fingerprint for the ledger:
//!
//! | | folder ([`configuration`]) | shard |
//! |---|---|---|
//! | tag | version, columns, limits, assets | folder's tag, `<path>`, blake3 of the input ([`shard_tag`]) |
//! | judge | tag, policy | shard's tag, policy ([`judge`]) |
//! | emit | judge, output options, id of the pseudonym key | shard's judge, rejected sources, folder's emit ([`shard_emit`]) |
//!
//! The pipeline writes them, the audit computes them again from what `manifest/run.json` records; both call these
//! functions, so there is one definition of the chain.

use serde::{Deserialize, Serialize};

use crate::{ColumnMap, Fingerprints, Limits, ShardManifest, ShardStatus};

/// Version of what a pass computes, beside the program's own: raised when the same input would give other bytes.
const TAG_VERSION: &str = "tag/1";
const EMIT_VERSION: &str = "emit/3";
const JUDGED_VERSION: &str = "judged/1";

/// A detector asset, as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// What it is for: `keywords`.
    pub detector: String,
    /// Its name and version.
    pub name: String,
    /// blake3 of its content and the algorithm's version, hex.
    pub digest: String,
}

/// What a folder's three fingerprints are made of: no input and no machine has a part in it.
#[derive(Debug, Clone, Copy)]
pub struct Configuration<'c> {
    /// Version of the program, such as `0.1.0`.
    pub version: &'c str,
    /// How records are read.
    pub columns: &'c ColumnMap,
    /// Bounds that decide outcomes.
    pub limits: &'c Limits,
    /// What the detectors are made of, in their order.
    pub assets: &'c [Asset],
    /// The policy's canonical text.
    pub policy: &'c str,
    /// Whether kept records carry the annotation.
    pub annotate: bool,
    /// Whether dropped records are written.
    pub keep_rejected: bool,
    /// Id of the key that pseudonyms are made with, where the policy asks for any.
    pub pseudonym_key_id: Option<&'c str>,
}

/// The three fingerprints of a folder.
pub fn configuration(parts: &Configuration<'_>) -> Fingerprints {
    let tag = digest(&[TAG_VERSION, parts.version, &json(parts.columns), &json(parts.limits), &json(parts.assets)]);
    let judge = judge(&tag, parts.policy);
    let key = parts.pseudonym_key_id.unwrap_or("-");
    let options = format!("annotate={} keep_rejected={} pseudonym_key={key}", parts.annotate, parts.keep_rejected);
    let emit = digest(&[&judge, EMIT_VERSION, &options]);
    Fingerprints { tag, judge: Some(judge), emit: Some(emit) }
}

/// A shard's tag fingerprint; `configuration` is the folder's, `blake3` the digest of the stored input.
pub fn shard_tag(configuration: &str, path: &str, blake3: &str) -> String {
    digest(&[configuration, path, blake3])
}

/// The judge fingerprint over a tag fingerprint, of a folder or a shard; `policy` is the policy's canonical text.
pub fn judge(tag: &str, policy: &str) -> String {
    digest(&[tag, policy])
}

/// The rejected sources' part of every shard's emit fingerprint; in any order.
pub fn rejected_sources<'s>(names: impl IntoIterator<Item = &'s str>) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    digest(&names)
}

/// A shard's emit fingerprint: its judge fingerprint, [`rejected_sources`] and the folder's emit fingerprint.
pub fn shard_emit(judge: &str, rejected_sources: &str, configuration: &str) -> String {
    digest(&[judge, rejected_sources, configuration])
}

/// What a ledger is made of: the policy and every shard's tags, in order of `<path>`. Shards set aside count too: one
/// that is read the next time changes the ledger.
pub fn judged<'m>(policy: &str, manifests: impl IntoIterator<Item = &'m ShardManifest>) -> String {
    let mut parts = vec![JUDGED_VERSION, policy];
    for manifest in manifests {
        let state = if manifest.status == ShardStatus::Quarantined { "aside" } else { "tagged" };
        parts.extend([manifest.path.as_str(), state, manifest.fingerprints.tag.as_str()]);
    }
    digest(&parts)
}

/// blake3 over parts, each preceded by its length.
fn digest(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourceOrigin;

    #[test]
    fn parts_are_told_apart_and_names_need_no_order() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a", ""]), digest(&["a"]));
        assert_eq!(rejected_sources(["b", "a"]), rejected_sources(["a", "b"]));
    }

    #[test]
    fn every_part_of_the_configuration_changes_its_fingerprint_and_those_after_it() {
        let columns = ColumnMap {
            text: vec!["text".into()],
            id: None,
            source: SourceOrigin::Column("source".into()),
            lang: None,
            modality: None,
        };
        let limits = Limits::default();
        let asset = Asset { detector: "keywords".into(), name: "tiny 1".into(), digest: "d".into() };
        let plain = Configuration {
            version: "1",
            columns: &columns,
            limits: &limits,
            assets: &[],
            policy: "p",
            annotate: true,
            keep_rejected: false,
            pseudonym_key_id: None,
        };
        let first = configuration(&plain);
        for other in [Configuration { version: "2", ..plain }, Configuration { assets: &[asset], ..plain }] {
            let other = configuration(&other);
            assert!(first.tag != other.tag && first.judge != other.judge && first.emit != other.emit);
        }
        let other = configuration(&Configuration { policy: "q", ..plain });
        assert!(first.tag == other.tag && first.judge != other.judge && first.emit != other.emit);
        for other in [
            Configuration { annotate: false, ..plain },
            Configuration { keep_rejected: true, ..plain },
            Configuration { pseudonym_key_id: Some("k"), ..plain },
        ] {
            let other = configuration(&other);
            assert!(first.judge == other.judge && first.emit != other.emit);
        }
    }
}
