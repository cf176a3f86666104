//! Whether every artefact of every shard can have the name that the contract gives it. Found out before any work.

use std::collections::BTreeMap;

use crate::output::{Artefact, OutputDir};
use crate::{InputShard, ShardError};

/// Longest file name of the usual file systems, bytes.
const MOST_NAME_BYTES: usize = 255;
/// Longest path that the system takes, bytes.
const MOST_PATH_BYTES: usize = 4095;

/// Kinds of artefacts that stand for every shard, with what a message calls them.
const KINDS: [Artefact; 5] =
    [Artefact::Data, Artefact::Tags, Artefact::Findings, Artefact::Verdicts, Artefact::Manifest];

/// Refuses shards whose artefacts could not be written beside each other, or at all.
///
/// # Errors
/// [`ShardError::Usage`] that names the shard, the limit and a way out.
pub fn check_names(output: &OutputDir, shards: &[InputShard]) -> Result<(), ShardError> {
    let by_path: BTreeMap<&str, &InputShard> = shards.iter().map(|shard| (shard.path.as_str(), shard)).collect();
    shards.iter().try_for_each(|shard| {
        check_length(output, shard)?;
        check_temporary(shard)?;
        check_folders(shard, &by_path)
    })
}

/// A shard below a folder that has the name of another shard's artefact: one of the two could not be written.
fn check_folders(shard: &InputShard, by_path: &BTreeMap<&str, &InputShard>) -> Result<(), ShardError> {
    for (end, _) in shard.path.match_indices('/') {
        let folder = &shard.path[..end];
        for kind in KINDS {
            let suffix = suffix(kind);
            let other = folder.strip_suffix(suffix).and_then(|path| by_path.get(path));
            if let Some(other) = other {
                return Err(ShardError::Usage(format!(
                    "inputs {} and {} cannot both be written: {} would be a file for the one and a folder for the \
                     other; rename one of them, or run them apart",
                    other.file.display(),
                    shard.file.display(),
                    OutputDir::name(kind, &other.path)
                )));
            }
        }
    }
    Ok(())
}

fn check_length(output: &OutputDir, shard: &InputShard) -> Result<(), ShardError> {
    let name = shard.path.rsplit('/').next().unwrap_or_default();
    let longest = KINDS.into_iter().map(suffix).map(str::len).max().unwrap_or_default();
    if name.len() + longest > MOST_NAME_BYTES {
        return Err(ShardError::Usage(format!(
            "input {}: its name has {} bytes, and at most {} leave room for those of its tags and verdicts; rename it",
            shard.file.display(),
            name.len(),
            MOST_NAME_BYTES - longest
        )));
    }
    let path = KINDS.into_iter().map(|kind| output.artefact(kind, &shard.path).as_os_str().len()).max();
    if path.unwrap_or_default() > MOST_PATH_BYTES {
        return Err(ShardError::Usage(format!(
            "input {}: below {} its outputs would have paths of more than {MOST_PATH_BYTES} bytes; give a folder with \
             a shorter path with -o",
            shard.file.display(),
            output.root().display()
        )));
    }
    Ok(())
}

/// Temporary names are swept away at the start of a run.
fn check_temporary(shard: &InputShard) -> Result<(), ShardError> {
    if shard.path.split('/').any(|part| part.starts_with(".tmp")) {
        return Err(ShardError::Usage(format!(
            "input {}: names that begin with .tmp are kept for unfinished files; rename it",
            shard.file.display()
        )));
    }
    Ok(())
}

/// What a kind of artefact adds to the shard's `<path>`.
fn suffix(kind: Artefact) -> &'static str {
    match kind {
        Artefact::Data | Artefact::Rejected => "",
        Artefact::Tags => ".tags.parquet",
        Artefact::Findings => ".findings.parquet",
        Artefact::Verdicts => ".verdicts.parquet",
        Artefact::Manifest => ".json",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    fn refused(paths: &[&str]) -> Option<String> {
        let shard = |path: &&str| InputShard {
            file: format!("in/{path}").into(),
            path: path.to_string(),
            format: Format::Parquet,
            bytes: 0,
        };
        let shards: Vec<InputShard> = paths.iter().map(shard).collect();
        check_names(&OutputDir::new("out"), &shards).err().map(|error| error.to_string())
    }

    #[test]
    fn a_suffix_is_what_the_contract_adds() {
        for kind in KINDS {
            assert!(OutputDir::name(kind, "a/x.jsonl").ends_with(&format!("a/x.jsonl{}", suffix(kind))));
        }
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_are_refused() {
        let folders =
            ["x.jsonl", "x.jsonl.tags.parquet", "x.jsonl.findings.parquet", "x.jsonl.verdicts.parquet", "x.jsonl.json"];
        for folder in folders {
            let message = refused(&["a/x.jsonl", &format!("a/{folder}/deep/y.jsonl")]).unwrap();
            assert!(message.contains("a/x.jsonl") && message.contains("y.jsonl"), "{message}");
        }
        assert_eq!(refused(&["x.jsonl", "x.jsonl.zst/y.jsonl", "x.jsonl.tags.parquet", "b/x.jsonl.gz"]), None);
    }

    #[test]
    fn names_that_are_too_long_are_refused_with_the_limit() {
        let fits = format!("deep/{}.jsonl", "n".repeat(238 - 6));
        assert_eq!(refused(&[&fits]), None);
        let message = refused(&[&format!("deep/{}.jsonl", "n".repeat(239 - 6))]).unwrap();
        assert!(message.contains("239 bytes") && message.contains("238"), "{message}");
        let deep = format!("{}x.jsonl", "folder/".repeat(600));
        assert!(refused(&[&deep]).unwrap().contains("4095"));
        assert!(refused(&[".tmp-x.jsonl"]).unwrap().contains(".tmp"));
    }
}
