//! What can go wrong on disk, split by who has to act.

use std::path::{Path, PathBuf};

use crate::way_out::{is_lack_of_space, way_out};

/// Failure while finding, reading or writing shards and artefacts.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The content of one input shard cannot be read as what its name says: the shard is set aside whole.
    #[error("{0}")]
    Bad(BadShard),
    /// The operating system refused a file operation.
    #[error("{action} {}: {source}{}", path.display(), way_out(action, source))]
    Io {
        /// What was tried, as a verb ("read", "write", "rename").
        action: &'static str,
        /// The file or folder concerned.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// What the user named cannot be used as input or output.
    #[error("{0}")]
    Usage(String),
    /// A file that the program itself wrote does not have the form it must have.
    #[error("{}: {message}; delete the output folder or restore the file, and run again", path.display())]
    Artefact {
        /// The artefact.
        path: PathBuf,
        /// What was got and what was expected.
        message: String,
    },
    /// An artefact could not be encoded.
    #[error("encode {}: {source}", path.display())]
    Encode {
        /// The artefact being written.
        path: PathBuf,
        /// The encoder's answer.
        source: parquet::errors::ParquetError,
    },
}

/// Why an input shard was set aside whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}", kind = kind.name())]
pub struct BadShard {
    /// The class of the failure, stable and machine-readable.
    pub kind: BadShardKind,
    /// What was got, for a person. Never holds text of a record.
    pub detail: String,
}

/// Classes of failure of a whole shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadShardKind {
    /// The bytes are not a whole Parquet, gzip or zstd file.
    Corrupt,
    /// The file ends too early.
    Truncated,
    /// The file is encrypted, or uses a codec or an encoding that cannot be read.
    Unsupported,
    /// The mapped text column is missing, or is not text.
    Schema,
    /// A bound on size or ratio was exceeded.
    Limit,
    /// The file could not be opened or read, or changed between two passes.
    Unreadable,
    /// A fault of ours while handling this shard.
    Internal,
}

impl BadShardKind {
    /// The stable name used in manifests and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::Truncated => "truncated",
            Self::Unsupported => "unsupported",
            Self::Schema => "schema",
            Self::Limit => "limit",
            Self::Unreadable => "unreadable",
            Self::Internal => "internal",
        }
    }
}

impl ShardError {
    /// A failure of the shard's content.
    pub fn bad(kind: BadShardKind, detail: impl Into<String>) -> Self {
        Self::Bad(BadShard { kind, detail: detail.into() })
    }

    /// Wraps an input/output failure with what was tried on which path.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// Wraps an encoder's failure with the artefact's path; what the system refused it stays the system's refusal.
    pub fn encode(path: &Path) -> impl FnOnce(parquet::errors::ParquetError) -> Self {
        use parquet::errors::ParquetError;
        let path = path.to_path_buf();
        move |source| match source {
            ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
                Ok(source) => Self::Io { action: "write", path, source: *source },
                Err(inner) => Self::Encode { path, source: ParquetError::External(inner) },
            },
            source => Self::Encode { path, source },
        }
    }

    /// True where the disk, a quota or a limit on file sizes is to blame.
    pub fn is_lack_of_space(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_lack_of_space(source))
    }

    /// A failure to read or decode an *input* shard, which sets that shard aside and stops nothing.
    pub fn reading(error: std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let kind = match error.kind() {
            K::UnexpectedEof => BadShardKind::Truncated,
            K::InvalidData | K::InvalidInput | K::Other => BadShardKind::Corrupt,
            _ => BadShardKind::Unreadable,
        };
        Self::bad(kind, error.to_string())
    }

    /// A failure of the Parquet decoder on an *input* shard.
    pub fn decoding(error: parquet::errors::ParquetError) -> Self {
        use parquet::errors::ParquetError as P;
        let error = match error {
            // What was refused below the decoder comes back through it.
            P::External(inner) => match inner.downcast::<BadShard>() {
                Ok(bad) => return Self::Bad(*bad),
                Err(inner) => match inner.downcast::<std::io::Error>() {
                    Ok(error) => return Self::reading(*error),
                    Err(inner) => P::External(inner),
                },
            },
            other => other,
        };
        let kind = match &error {
            P::EOF(_) | P::NeedMoreData(_) => BadShardKind::Truncated,
            P::NYI(_) => BadShardKind::Unsupported,
            P::General(text) if text.contains("encrypt") => BadShardKind::Unsupported,
            _ => BadShardKind::Corrupt,
        };
        Self::bad(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::errors::ParquetError;

    #[test]
    fn a_full_disk_is_told_as_such_through_the_encoder_too() {
        let full = || std::io::Error::from_raw_os_error(28);
        let error = ShardError::encode(Path::new("tags/x"))(ParquetError::from(full()));
        assert!(error.is_lack_of_space(), "{error:?}");
        assert_eq!(error.to_string(), ShardError::io("write", Path::new("tags/x"))(full()).to_string());
        assert!(error.to_string().contains("then run again"), "{error}");
        let other = ShardError::encode(Path::new("tags/x"))(ParquetError::General("odd".into()));
        assert!(matches!(other, ShardError::Encode { .. }) && !other.is_lack_of_space());
    }
}
