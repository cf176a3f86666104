/// What can go wrong while making a corpus.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A grammar does not parse.
    #[error("{grammar} line {line}: {problem}")]
    Grammar {
        /// The grammar's name, such as `en.grammar`.
        grammar: String,
        /// The line, counted from one.
        line: usize,
        /// What was found there and what was expected.
        problem: String,
    },
    /// `planted.toml` does not parse.
    #[error("planted.toml: {0}")]
    Planted(#[from] toml::de::Error),
    /// `planted.toml` has no text for a risk in a language.
    #[error("planted.toml: no text for risk {risk} in {lang}; expected at least one [[text]] for each pair")]
    NothingPlanted {
        /// The risk's code.
        risk: &'static str,
        /// The language's code.
        lang: &'static str,
    },
    /// A shard could not be encoded as Parquet.
    #[error("shard {path}: {source}")]
    Parquet {
        /// The shard's path below `data/`.
        path: String,
        /// What the encoder said.
        source: parquet::errors::ParquetError,
    },
    /// A shard's columns do not fit each other.
    #[error("shard {path}: {source}")]
    Arrow {
        /// The shard's path below `data/`.
        path: String,
        /// What Arrow said.
        source: arrow_schema::ArrowError,
    },
    /// A shard or a file could not be compressed or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
