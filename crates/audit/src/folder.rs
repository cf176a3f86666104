//! Which files an output folder has, and which of them belong there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tamis_shard::{FileDigest, OutputDir, SUBJECT_FOLDERS, did_you_mean, digest_file, is_temporary};

use crate::AuditError;
use crate::contained::{contained, each};
use crate::problem::{Check, Problem, Problems};

/// Files of a run that are no subjects, some of them of commands that may have been run over it.
const BESIDE_SUBJECTS: [&str; 8] = [
    "_SUCCESS",
    "manifest/croissant.json",
    "manifest/run.intoto.jsonl",
    "manifest/run.json",
    "manifest/state.json",
    "report.html",
    "report.json",
    "run.lock",
];

/// Files by which a folder is known to hold a run.
const MARKS: [&str; 3] = ["_SUCCESS", "manifest/run.json", "manifest/state.json"];

/// What stands in the folder.
pub(crate) struct Folder {
    pub output: OutputDir,
    /// Regular files, relative to the folder.
    files: BTreeSet<String>,
}

impl Folder {
    /// Lists the folder and names what does not belong there. Links are never followed.
    pub fn list(root: &Path, problems: &mut Problems) -> Result<Self, AuditError> {
        if !root.is_dir() {
            return Err(AuditError::NoFolder { path: root.to_path_buf(), hint: did_you_mean(root) });
        }
        let mut folder = Self { output: OutputDir::new(root), files: BTreeSet::new() };
        folder.walk(problems)?;
        if MARKS.iter().any(|name| folder.has(name)) {
            Ok(folder)
        } else {
            Err(AuditError::NoRun { path: root.to_path_buf() })
        }
    }

    /// True where a regular file of this name stands in the folder.
    pub fn has(&self, name: &str) -> bool {
        self.files.contains(name)
    }

    /// Files below the subject folders, in order of name.
    pub fn subject_files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str).filter(|name| is_subject_name(name))
    }

    /// Size and digests of every subject file, by name; a file that cannot be read has none.
    pub fn digests(&self, threads: usize, problems: &mut Problems) -> BTreeMap<String, FileDigest> {
        let names: Vec<&str> = self.subject_files().collect();
        let digests = each(&names, threads, |name| contained(name, || digest_file(&self.output.at(name))));
        let mut found = BTreeMap::new();
        for (name, digest) in names.into_iter().zip(digests) {
            match digest {
                Ok(digest) => drop(found.insert(name.to_string(), digest)),
                Err(problem) => problems.push(problem),
            }
        }
        found
    }

    fn walk(&mut self, problems: &mut Problems) -> Result<(), AuditError> {
        let mut folders = vec![String::new()];
        while let Some(at) = folders.pop() {
            let path = self.output.at(&at);
            let refused = |source| AuditError::Io { path: path.clone(), source };
            for entry in fs::read_dir(&path).map_err(refused)? {
                let entry = entry.map_err(refused)?;
                let kind = entry.file_type().map_err(refused)?;
                let own = entry.file_name();
                let name = if at.is_empty() { shown_name(&own) } else { format!("{at}/{}", shown_name(&own)) };
                if own.to_str().is_none() {
                    problems.push(stray(&name, "a name that is not UTF-8"));
                } else if kind.is_dir() {
                    folders.push(name);
                } else if !kind.is_file() {
                    problems.push(Problem::new(&name, Check::Name, "kind", "a regular file", "a link or device"));
                } else {
                    self.add(name, problems);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, name: String, problems: &mut Problems) {
        if is_temporary(Path::new(&name)) {
            problems.push(stray(&name, "a temporary file that a stopped run left; run again"));
        } else if is_subject_name(&name) || BESIDE_SUBJECTS.contains(&name.as_str()) {
            self.files.insert(name);
        } else {
            problems.push(stray(&name, "a file that no run writes"));
        }
    }
}

fn shown_name(name: &std::ffi::OsStr) -> String {
    name.to_string_lossy().into_owned()
}

fn stray(name: &str, got: &str) -> Problem {
    Problem::new(name, Check::Unlisted, "file", "none of this name", got)
}

/// True for names below the folders whose files are subjects.
pub(crate) fn is_subject_name(name: &str) -> bool {
    SUBJECT_FOLDERS.iter().any(|folder| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

/// True where a name stays below the folder that it is relative to.
pub(crate) fn stays_inside(name: &str) -> bool {
    !name.contains('\0') && name.split('/').all(|part| !["", ".", ".."].contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_told_from_those_that_do_not() {
        for name in ["data/a/x.jsonl", "data/..a/.x", "x"] {
            assert!(stays_inside(name), "{name}");
        }
        for name in ["/etc/passwd", "data/../../etc/passwd", "..", "", "data//x", "./x", "data/"] {
            assert!(!stays_inside(name), "{name}");
        }
        assert!(is_subject_name("manifest/shards/x.json") && !is_subject_name("manifest/run.json"));
        assert!(!is_subject_name("database/x") && !is_subject_name("data"));
    }
}
