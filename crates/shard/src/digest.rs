//! Digests computed while bytes pass by: sha256 for the outside world, blake3 for our own bookkeeping.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::ShardError;

/// Size and digests of one file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileDigest {
    /// Size in bytes.
    pub bytes: u64,
    /// sha256, 64 lower-case hex digits.
    pub sha256: String,
    /// blake3, 64 lower-case hex digits.
    pub blake3: String,
}

/// Both hash states of a stream of bytes.
#[derive(Default)]
pub(crate) struct Hashers {
    sha256: Sha256,
    blake3: blake3::Hasher,
    bytes: u64,
}

impl Hashers {
    pub(crate) fn update(&mut self, data: &[u8]) {
        self.sha256.update(data);
        self.blake3.update(data);
        self.bytes += data.len() as u64;
    }

    pub(crate) fn finish(self) -> FileDigest {
        FileDigest {
            bytes: self.bytes,
            sha256: hex(&self.sha256.finalize()),
            blake3: self.blake3.finalize().to_hex().to_string(),
        }
    }
}

/// A writer that hashes what it passes on.
pub(crate) struct HashingWriter<W> {
    inner: W,
    hashers: Hashers,
}

impl<W: Write> HashingWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, hashers: Hashers::default() }
    }

    pub(crate) fn into_parts(self) -> (W, FileDigest) {
        (self.inner, self.hashers.finish())
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(data)?;
        self.hashers.update(&data[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Reads a file once and returns its size and digests.
///
/// # Errors
/// [`ShardError::Io`] where the file cannot be opened or read.
pub fn digest_file(path: &Path) -> Result<FileDigest, ShardError> {
    let mut file = File::open(path).map_err(ShardError::io("open", path))?;
    let mut hashers = Hashers::default();
    let mut buffer = vec![0u8; 1 << 18];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hashers.finish()),
            Ok(n) => hashers.update(&buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ShardError::io("read", path)(error)),
        }
    }
}

/// sha256 of a byte string as lower-case hex.
pub fn sha256_hex(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

/// Lower-case hex of a byte string.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_equal_the_published_ones_of_abc() {
        let mut hashers = Hashers::default();
        hashers.update(b"a");
        hashers.update(b"bc");
        let digest = hashers.finish();
        assert_eq!(digest.bytes, 3);
        assert_eq!(digest.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.blake3, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
    }
}
