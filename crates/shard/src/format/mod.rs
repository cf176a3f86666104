//! Input formats: one folder each, with how its records are read and how kept records are written back.

pub mod jsonl;
pub mod parquet;

/// Format of a shard, known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line, as it is or compressed.
    Jsonl(Compression),
}

/// Compression of a JSONL shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// As it is.
    Plain,
    /// gzip (RFC 1952), any number of members.
    Gzip,
    /// zstd (RFC 8878), any number of frames.
    Zstd,
}

impl Format {
    /// What a shard's name may end in.
    pub const EXTENSIONS: [&'static str; 4] = [".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst"];

    /// The format that a file name tells.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            _ if name.ends_with(".parquet") => Some(Self::Parquet),
            _ if name.ends_with(".jsonl") => Some(Self::Jsonl(Compression::Plain)),
            _ if name.ends_with(".jsonl.gz") => Some(Self::Jsonl(Compression::Gzip)),
            _ if name.ends_with(".jsonl.zst") => Some(Self::Jsonl(Compression::Zstd)),
            _ => None,
        }
    }

    /// The name used in manifests and listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Jsonl(Compression::Plain) => "jsonl",
            Self::Jsonl(Compression::Gzip) => "jsonl.gz",
            Self::Jsonl(Compression::Zstd) => "jsonl.zst",
        }
    }
}
