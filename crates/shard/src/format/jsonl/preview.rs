//! A look at the first 64 KiB of a shard, so that a wrong mapping is found before any work is done.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use super::open_stream;
use crate::ShardError;
use crate::format::Compression;

/// Stored bytes that a preview may read.
const PREVIEW_BYTES: u64 = 64 << 10;

/// What the first lines of a shard show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonlPreview {
    /// Keys of the objects seen.
    pub keys: BTreeSet<String>,
    /// Number of lines that were JSON objects.
    pub objects: u64,
}

/// Reads the first lines of a shard: those that end within its first 64 KiB.
///
/// # Errors
/// [`ShardError::Bad`] where the file cannot be opened or is not compressed as its name says.
pub fn preview(file: &Path, compression: Compression) -> Result<JsonlPreview, ShardError> {
    let mut head = Vec::new();
    let mut stream = open_stream(file, compression)?.bytes.take(PREVIEW_BYTES);
    stream.read_to_end(&mut head).map_err(ShardError::reading)?;
    let whole =
        if (head.len() as u64) < PREVIEW_BYTES { head.len() } else { memchr::memrchr(b'\n', &head).unwrap_or(0) };
    let mut seen = JsonlPreview::default();
    for line in head[..whole].split(|byte| *byte == b'\n') {
        if let Ok(object) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line) {
            seen.objects += 1;
            seen.keys.extend(object.into_iter().map(|(key, _)| key));
        }
    }
    Ok(seen)
}
