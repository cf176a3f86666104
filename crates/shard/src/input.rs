//! Which shards a run reads: files, folders and globs, each shard under a `<path>` of its own.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;
use walkdir::WalkDir;

use crate::output::relative_name;
use crate::{Format, ShardError};

/// One shard to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputShard {
    /// Where the file stands.
    pub file: PathBuf,
    /// The `<path>` under which its artefacts stand: relative, `/`-separated, extension kept.
    pub path: String,
    /// Format and compression, by extension.
    pub format: Format,
    /// Stored size in bytes when it was listed.
    pub bytes: u64,
}

/// Files that were passed over, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// No shard extension.
    pub other: u64,
    /// Name begins with `.` or `_`.
    pub hidden: u64,
    /// Symbolic links.
    pub links: u64,
    /// Names that are not UTF-8.
    pub unnameable: u64,
}

impl Skipped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.other + self.hidden + self.links + self.unnameable
    }
}

/// The shards of a run, sorted by `<path>`.
#[derive(Debug, Clone, Default)]
pub struct InputSet {
    /// Sorted by `<path>` bytes.
    pub shards: Vec<InputShard>,
    /// What the walk passed over.
    pub skipped: Skipped,
}

impl InputSet {
    /// Lists the shards below every given file, folder or glob.
    ///
    /// # Errors
    /// [`ShardError::Usage`] where a path does not exist, a folder or glob holds no shard, a file has no shard
    /// extension, or two inputs have one `<path>`; [`ShardError::Io`] where a folder cannot be read.
    pub fn discover(paths: &[PathBuf]) -> Result<Self, ShardError> {
        let mut found = BTreeMap::new();
        let mut skipped = Skipped::default();
        for path in paths {
            let any = if path.is_file() {
                insert(&mut found, single_file(path)?)?;
                true
            } else if path.is_dir() {
                walk(path, None, &mut found, &mut skipped)?
            } else if is_glob(path) {
                walk_glob(path, &mut found, &mut skipped)?
            } else {
                let hint = did_you_mean(path);
                return Err(ShardError::Usage(format!("input {} does not exist{hint}", path.display())));
            };
            if !any {
                return Err(ShardError::Usage(format!(
                    "input {} holds no shard; expected files ending in {} ({} other files skipped)",
                    path.display(),
                    Format::EXTENSIONS.join(", "),
                    skipped.total()
                )));
            }
        }
        Ok(Self { shards: found.into_values().collect(), skipped })
    }
}

/// The name nearest to a missing path among its neighbours, as a question; nothing where none is near.
pub fn did_you_mean(missing: &Path) -> String {
    let folder = missing.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = missing.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let neighbours = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = neighbours.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let nearest = names.map(|other| (strsim::damerau_levenshtein(&name, &other), other)).min();
    match nearest {
        Some((far, other)) if far <= name.chars().count().div_ceil(3) => {
            format!("; did you mean {}?", missing.with_file_name(other).display())
        }
        _ => String::new(),
    }
}

fn single_file(file: &Path) -> Result<InputShard, ShardError> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(format) = Format::of_name(name) else {
        return Err(ShardError::Usage(format!(
            "input {} is no shard; expected a name ending in {}",
            file.display(),
            Format::EXTENSIONS.join(", ")
        )));
    };
    let bytes = file.metadata().map_err(ShardError::io("read", file))?.len();
    Ok(InputShard { file: file.to_path_buf(), path: name.to_string(), format, bytes })
}

fn insert(found: &mut BTreeMap<String, InputShard>, shard: InputShard) -> Result<(), ShardError> {
    match found.get(&shard.path) {
        Some(other) if other.file != shard.file => Err(ShardError::Usage(format!(
            "inputs {} and {} would both be written as {}; give a folder above both, or run them apart",
            other.file.display(),
            shard.file.display(),
            shard.path
        ))),
        _ => {
            found.insert(shard.path.clone(), shard);
            Ok(())
        }
    }
}

fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[', '{'])
}

/// Walks the folder above a pattern's first wild part.
fn walk_glob(
    pattern: &Path,
    found: &mut BTreeMap<String, InputShard>,
    skipped: &mut Skipped,
) -> Result<bool, ShardError> {
    let fixed: PathBuf = pattern.components().take_while(|part| !is_glob(Path::new(part))).collect();
    let root = if fixed.as_os_str().is_empty() { PathBuf::from(".") } else { fixed.clone() };
    let wild = relative_name(&fixed, pattern);
    let matcher = GlobBuilder::new(&wild)
        .literal_separator(true)
        .build()
        .map_err(|error| ShardError::Usage(format!("input pattern {}: {error}", pattern.display())))?
        .compile_matcher();
    if !root.is_dir() {
        return Err(ShardError::Usage(format!("input pattern {}: {} is no folder", pattern.display(), root.display())));
    }
    walk(&root, Some(&matcher), found, skipped)
}

/// Adds the shards below a folder; true where there was any.
fn walk(
    root: &Path,
    only: Option<&globset::GlobMatcher>,
    found: &mut BTreeMap<String, InputShard>,
    skipped: &mut Skipped,
) -> Result<bool, ShardError> {
    let mut any = false;
    for entry in WalkDir::new(root).sort_by_file_name() {
        let entry = entry.map_err(|error| ShardError::Io {
            action: "list",
            path: error.path().unwrap_or(root).to_path_buf(),
            source: error.into(),
        })?;
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if entry.file_type().is_dir() {
            continue;
        }
        if only.is_some_and(|matcher| !matcher.is_match(relative)) {
            continue;
        }
        if entry.path_is_symlink() {
            skipped.links += 1;
        } else if hidden(relative) {
            skipped.hidden += 1;
        } else if relative.to_str().is_none() {
            skipped.unnameable += 1;
        } else if let Some(format) = Format::of_name(&entry.file_name().to_string_lossy()) {
            let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
            let path = relative_name(root, entry.path());
            insert(found, InputShard { file: entry.path().to_path_buf(), path, format, bytes })?;
            any = true;
        } else {
            skipped.other += 1;
        }
    }
    Ok(any)
}

/// True where any part of the relative path begins with `.` or `_`.
fn hidden(relative: &Path) -> bool {
    relative.components().any(|part| match part {
        Component::Normal(name) => name.to_string_lossy().starts_with(['.', '_']),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/x.jsonl.zst", "a/b/y.parquet", "z.jsonl", "_tmp/q.jsonl", ".h.jsonl", "notes.txt", "a/_SUCCESS"]
        {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        std::os::unix::fs::symlink(folder.path().join("z.jsonl"), folder.path().join("link.jsonl")).unwrap();
        folder
    }

    fn paths(set: &InputSet) -> Vec<&str> {
        set.shards.iter().map(|shard| shard.path.as_str()).collect()
    }

    #[test]
    fn folders_are_walked_and_what_is_skipped_is_counted() {
        let folder = tree();
        let set = InputSet::discover(&[folder.path().to_path_buf()]).unwrap();
        assert_eq!(paths(&set), ["a/b/y.parquet", "a/x.jsonl.zst", "z.jsonl"]);
        assert_eq!(set.skipped, Skipped { other: 1, hidden: 3, links: 1, unnameable: 0 });
    }

    #[test]
    fn a_glob_is_named_below_its_fixed_folder() {
        let folder = tree();
        let set = InputSet::discover(&[folder.path().join("a/**/*.parquet")]).unwrap();
        assert_eq!(paths(&set), ["b/y.parquet"]);
    }

    #[test]
    fn two_inputs_with_one_path_and_empty_folders_are_refused() {
        let folder = tree();
        let one = folder.path().join("z.jsonl");
        fs::create_dir_all(folder.path().join("c")).unwrap();
        let two = folder.path().join("c/z.jsonl");
        fs::write(&two, b"x").unwrap();
        let message = InputSet::discover(&[one.clone(), two]).unwrap_err().to_string();
        assert!(message.contains("both be written as z.jsonl"), "{message}");
        assert_eq!(InputSet::discover(&[one.clone(), one]).unwrap().shards.len(), 1);
        let empty = tempfile::tempdir().unwrap();
        assert!(InputSet::discover(&[empty.path().to_path_buf()]).is_err());
        let missing = folder.path().join("y.jsonl");
        let message = InputSet::discover(&[missing]).unwrap_err().to_string();
        assert!(message.contains("does not exist; did you mean") && message.ends_with("z.jsonl?"), "{message}");
    }
}
