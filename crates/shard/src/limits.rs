//! Bounds on what one record and one block may take. They count bytes and rows, never time.

use serde::{Deserialize, Serialize};

/// Bounds that decide an outcome; part of the tag fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest record in bytes: a JSONL line, or the mapped columns of a Parquet row. A larger one is quarantined as
    /// `limit`.
    pub max_row_bytes: usize,
    /// Read only the first records of every shard.
    pub max_rows: Option<u64>,
}

impl Default for Limits {
    /// 32 MiB a record, every record.
    fn default() -> Self {
        Self { max_row_bytes: 32 << 20, max_rows: None }
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
