//! The output folder: where each artefact stands, and the lock that keeps a second run out.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::ShardError;

/// Kinds of per-shard artefacts, in the order in which they are named in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Artefact {
    /// `data/<path>`: the filtered shard.
    Data,
    /// `tags/<path>.tags.parquet`.
    Tags,
    /// `findings/<path>.findings.parquet`.
    Findings,
    /// `verdicts/<path>.verdicts.parquet`.
    Verdicts,
    /// `rejected/<path>`: the dropped records.
    Rejected,
    /// `manifest/shards/<path>.json`.
    Manifest,
}

/// The folders whose files are subjects of the run's manifest.
pub const SUBJECT_FOLDERS: [&str; 7] =
    ["data", "findings", "ledger", "manifest/shards", "rejected", "tags", "verdicts"];

/// The ledger's files.
pub const LEDGER_FILES: [&str; 2] = ["ledger/sources.parquet", "ledger/sources.csv"];

/// A run's output folder.
#[derive(Debug, Clone)]
pub struct OutputDir {
    root: PathBuf,
}

impl OutputDir {
    /// Names the folder; nothing is created.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Name of a shard's artefact, relative to the folder, with `/` as separator.
    pub fn name(kind: Artefact, path: &str) -> String {
        match kind {
            Artefact::Data => format!("data/{path}"),
            Artefact::Tags => format!("tags/{path}.tags.parquet"),
            Artefact::Findings => format!("findings/{path}.findings.parquet"),
            Artefact::Verdicts => format!("verdicts/{path}.verdicts.parquet"),
            Artefact::Rejected => format!("rejected/{path}"),
            Artefact::Manifest => format!("manifest/shards/{path}.json"),
        }
    }

    /// Full path of a name given relative to the folder.
    pub fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Full path of a shard's artefact.
    pub fn artefact(&self, kind: Artefact, path: &str) -> PathBuf {
        self.at(&Self::name(kind, path))
    }

    /// Creates the folder and takes its lock for the life of the returned value.
    ///
    /// # Errors
    /// [`ShardError::Usage`] where another process holds the lock, [`ShardError::Io`] where the folder is not writable.
    pub fn lock(&self) -> Result<RunLock, ShardError> {
        fs::create_dir_all(&self.root).map_err(ShardError::io("create folder", &self.root))?;
        let path = self.at("run.lock");
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(ShardError::io("create", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                return Err(ShardError::Usage(format!(
                    "output folder {} is in use by another run (process {}); wait for it, or give another folder with -o",
                    self.root.display(),
                    holder.trim()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(ShardError::io("lock", &path)(error)),
        }
        file.set_len(0).map_err(ShardError::io("write", &path))?;
        write!(file, "{}", std::process::id()).map_err(ShardError::io("write", &path))?;
        Ok(RunLock { _file: file })
    }

    /// Every regular file below the subject folders, relative to the root, sorted; temporary files are not named.
    ///
    /// # Errors
    /// [`ShardError::Io`] where a folder cannot be read.
    pub fn subject_files(&self) -> Result<Vec<String>, ShardError> {
        let mut names = Vec::new();
        for folder in SUBJECT_FOLDERS {
            let top = self.at(folder);
            if !top.exists() {
                continue;
            }
            for entry in walkdir::WalkDir::new(&top) {
                let entry = entry.map_err(|error| ShardError::Io {
                    action: "list",
                    path: top.clone(),
                    source: error.into(),
                })?;
                if entry.file_type().is_file() && !is_temporary(entry.path()) {
                    names.push(relative_name(&self.root, entry.path()));
                }
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Holds the output folder's lock until dropped.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// True for the temporary names of unfinished files.
pub fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tmp"))
}

/// `path` below `root` with `/` between its parts.
pub(crate) fn relative_name(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_and_names_the_holder() {
        let folder = tempfile::tempdir().unwrap();
        let output = OutputDir::new(folder.path());
        let lock = output.lock().unwrap();
        let message = output.lock().unwrap_err().to_string();
        assert!(message.contains(&std::process::id().to_string()), "{message}");
        drop(lock);
        output.lock().unwrap();
    }

    #[test]
    fn artefact_names_follow_the_contract() {
        assert_eq!(OutputDir::name(Artefact::Verdicts, "a/x.jsonl.zst"), "verdicts/a/x.jsonl.zst.verdicts.parquet");
        assert_eq!(OutputDir::name(Artefact::Manifest, "a/x.jsonl.zst"), "manifest/shards/a/x.jsonl.zst.json");
    }
}
