//! Bounds on what a record, a page and a shard may take. They count bytes and rows, never time.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::ShardError;
use crate::error::BadShardKind;

/// What every shard may decode to, however little it stores: short shards of repeated text compress without bound.
const FREE_BYTES: u64 = 64 << 20;

/// Bounds that decide an outcome; part of the tag fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest record in bytes: a JSONL line, or the mapped columns of a Parquet row. A larger one is quarantined as
    /// `limit`.
    pub max_row_bytes: usize,
    /// Most bytes that a shard may decode to per stored byte, beyond the first 64 MiB. A shard over it is set aside as
    /// `limit`: a few kilobytes can hold hundreds of gigabytes of text.
    pub max_ratio: u64,
    /// Largest page of a Parquet shard once decompressed, in bytes; a shard with a larger one is set aside as `limit`.
    pub max_page_bytes: usize,
    /// Read only the first records of every shard.
    pub max_rows: Option<u64>,
}

impl Default for Limits {
    /// 32 MiB a record, 250 times the stored bytes, 512 MiB a page, every record.
    fn default() -> Self {
        Self { max_row_bytes: 32 << 20, max_ratio: 250, max_page_bytes: 512 << 20, max_rows: None }
    }
}

impl Limits {
    /// No bound at all: for files that the program wrote itself.
    pub const NONE: Self =
        Self { max_row_bytes: usize::MAX, max_ratio: u64::MAX, max_page_bytes: usize::MAX, max_rows: None };
}

/// Counts what one reading of a shard decodes to, against what the shard stores.
#[derive(Debug)]
pub(crate) struct Expansion {
    stored: u64,
    max_ratio: u64,
    decoded: AtomicU64,
}

impl Expansion {
    /// For a shard with so many stored bytes.
    pub(crate) fn new(stored: u64, limits: Limits) -> Self {
        Self { stored, max_ratio: limits.max_ratio, decoded: AtomicU64::new(0) }
    }

    /// Counts bytes that are about to be decoded, or were.
    ///
    /// # Errors
    /// [`ShardError::Bad`] of kind `limit` once the sum is over the bound. The message depends on the shard and the
    /// bound alone, not on which thread came first.
    pub(crate) fn add(&self, bytes: u64) -> Result<(), ShardError> {
        let before = self.decoded.fetch_add(bytes, Ordering::Relaxed);
        let allowed = self.stored.saturating_mul(self.max_ratio).max(FREE_BYTES);
        if before.saturating_add(bytes) <= allowed {
            return Ok(());
        }
        let detail = format!(
            "{} stored bytes decode to more than {allowed}; raise input.max_ratio (now {}) if they may",
            self.stored, self.max_ratio
        );
        Err(ShardError::bad(BadShardKind::Limit, detail))
    }
}

/// How much is read at a time; never changes an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockSize {
    /// Rows at most.
    pub rows: usize,
    /// Bytes after which a block ends.
    pub bytes: usize,
}

impl Default for BlockSize {
    /// 8,192 rows or 1 MiB.
    fn default() -> Self {
        Self { rows: 8192, bytes: 1 << 20 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_shards_are_free_and_long_ones_bounded_by_what_they_store() {
        let limits = Limits { max_ratio: 10, ..Limits::default() };
        let short = Expansion::new(100, limits);
        assert!(short.add(FREE_BYTES).is_ok());
        let message = short.add(1).unwrap_err().to_string();
        assert!(message.starts_with("limit: 100 stored bytes") && message.contains("input.max_ratio"), "{message}");
        let long = Expansion::new(FREE_BYTES, limits);
        assert!(long.add(10 * FREE_BYTES).is_ok() && long.add(1).is_err());
        assert!(Expansion::new(1, Limits::NONE).add(u64::MAX / 2).is_ok());
    }
}
