//! Files appear under their final name whole or not at all: temporary name, fsync, rename.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::digest::HashingWriter;
use crate::{FileDigest, ShardError};

/// A file being written beside its final place under a name that begins with `.tmp`.
///
/// Dropped without [`StagedFile::stage`], the temporary file is removed.
pub struct StagedFile {
    writer: Option<HashingWriter<BufWriter<File>>>,
    temporary: PathBuf,
    target: PathBuf,
}

impl StagedFile {
    /// Creates the temporary file, and the folders above it.
    ///
    /// # Errors
    /// [`ShardError::Io`] where the folder or the file cannot be created.
    pub fn create(target: &Path) -> Result<Self, ShardError> {
        let folder = target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(ShardError::io("create folder", folder))?;
        let temporary = folder.join(temporary_name(target));
        // Messages name the file that was to be, not its temporary name.
        let file = File::create(&temporary).map_err(ShardError::io("create", target))?;
        let writer = Some(HashingWriter::new(BufWriter::with_capacity(1 << 18, file)));
        Ok(Self { writer, temporary, target: target.to_path_buf() })
    }

    /// Where the file will stand.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Flushes and syncs; the file still has its temporary name.
    ///
    /// # Errors
    /// [`ShardError::Io`], for example when the disk is full.
    pub fn stage(mut self) -> Result<Staged, ShardError> {
        let Some(writer) = self.writer.take() else {
            return Err(ShardError::Usage("file staged twice".into()));
        };
        let (buffered, digest) = writer.into_parts();
        let write = ShardError::io("write", &self.target);
        let file = buffered.into_inner().map_err(|error| write(error.into_error()))?;
        file.sync_all().map_err(ShardError::io("sync", &self.target))?;
        let staged = Staged {
            temporary: std::mem::take(&mut self.temporary),
            target: self.target.clone(),
            digest,
            placed: false,
        };
        Ok(staged)
    }
}

impl Write for StagedFile {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.writer.as_mut().map_or(Ok(0), |writer| writer.write(data))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.temporary.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// A finished file that waits under its temporary name for its shard to commit.
pub struct Staged {
    temporary: PathBuf,
    target: PathBuf,
    digest: FileDigest,
    placed: bool,
}

impl Staged {
    /// Size and digests of the content.
    pub fn digest(&self) -> &FileDigest {
        &self.digest
    }

    /// Where the file will stand.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Renames the file to its final name and syncs the folder.
    ///
    /// # Errors
    /// [`ShardError::Io`] where the rename is refused.
    pub fn place(mut self) -> Result<FileDigest, ShardError> {
        fs::rename(&self.temporary, &self.target).map_err(ShardError::io("rename", &self.target))?;
        self.placed = true;
        sync_folder(&self.target)?;
        Ok(self.digest.clone())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.placed {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a small file atomically.
///
/// # Errors
/// [`ShardError::Io`].
pub fn write_atomically(target: &Path, content: &[u8]) -> Result<FileDigest, ShardError> {
    let mut file = StagedFile::create(target)?;
    file.write_all(content).map_err(ShardError::io("write", target))?;
    file.stage()?.place()
}

/// Removes a file that may not be there.
///
/// # Errors
/// [`ShardError::Io`] where it is there and cannot be removed.
pub fn remove_if_there(path: &Path) -> Result<bool, ShardError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ShardError::io("remove", path)(error)),
    }
}

/// Of one length, whatever the file's name: a name that just fits must not fail for its temporary twin.
fn temporary_name(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default();
    let hash = blake3::hash(name.as_encoded_bytes()).to_hex();
    format!(".tmp-{}", &hash.as_str()[..16])
}

fn sync_folder(path: &Path) -> Result<(), ShardError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|handle| handle.sync_all()).map_err(ShardError::io("sync", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("deep/er/x.json");
        let mut file = StagedFile::create(&target).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 0, "nothing is left of an abandoned file");

        let mut file = StagedFile::create(&target).unwrap();
        file.write_all(b"abc").unwrap();
        let staged = file.stage().unwrap();
        assert!(!target.exists());
        assert_eq!(staged.place().unwrap().bytes, 3);
        assert_eq!(fs::read(&target).unwrap(), b"abc");
    }

    #[test]
    fn the_longest_names_of_two_files_are_written_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|end| folder.path().join("n".repeat(254) + end));
        let (one, two) = (StagedFile::create(&a).unwrap(), StagedFile::create(&b).unwrap());
        let unfinished: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().path()).collect();
        assert!(unfinished.len() == 2 && unfinished.iter().all(|path| crate::is_temporary(path)), "{unfinished:?}");
        one.stage().unwrap().place().unwrap();
        two.stage().unwrap().place().unwrap();
        assert!(a.exists() && b.exists());
    }
}
