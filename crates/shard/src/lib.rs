//! Everything of a run that touches the disk: which shards there are, how their records are read, how kept records
//! are written back in the same format, the Parquet artefacts beside them, and the manifests that bind all of it by
//! digest.
//!
//! The crate knows no detector and no policy: it is handed the plan of each row and carries it out. Every file appears
//! whole or not at all (temporary name, fsync, rename), and the shard's manifest is written last.
//!
//! ```
//! use tamis_shard::{Format, RecordIds, registrable_domain};
//!
//! assert_eq!(Format::of_name("web/0001.jsonl.zst").unwrap().name(), "jsonl.zst");
//! assert_eq!(registrable_domain("https://www.news.example.co.uk/a"), "example.co.uk");
//! let ids = RecordIds::new("web/0001.jsonl.zst", "");
//! assert_ne!(ids.row(0), ids.row(1));
//! ```

mod columns;
mod commit;
mod digest;
mod error;
pub mod fingerprint;
pub mod format;
mod input;
mod limits;
mod manifest;
mod names;
mod nearest;
mod output;
mod plan;
mod record_id;
mod records;
mod redact;
mod report;
pub mod statement;
pub mod table;
mod way_out;
mod written;

pub use columns::{ColumnMap, Role, SourceNamer, SourceOrigin, registrable_domain};
pub use commit::{Staged, StagedFile, remove_if_there, write_atomically};
pub use digest::{FileDigest, digest_file, sha256_hex};
pub use error::{BadShard, BadShardKind, ShardError};
pub use format::{Compression, Format};
pub use input::{InputSet, InputShard, Skipped, did_you_mean};
pub use limits::{BlockSize, Limits};
pub use manifest::{
    Fingerprints, InputRecord, QuarantineRecord, RowCounts, RunState, SHARD_FORMAT, ShardManifest, ShardStatus,
    Subject, SubjectDigest, json_text, root_hash, write_json,
};
pub use names::check_names;
pub use nearest::{nearest_name, nearest_names};
pub use output::{Artefact, LEDGER_FILES, OutputDir, RunLock, SUBJECT_FOLDERS, is_temporary};
pub use plan::{ANNOTATION, RowPlan};
pub use record_id::{RecordId, RecordIds};
pub use records::{RecordHead, Records, Text};
pub use redact::{Redaction, Redactions, Redactor, Span};
pub use report::{Report, RiskCount, ShardLine, SourceLine, WhatIf};
pub use written::{Annotation, WrittenRecord, WrittenRecords};
