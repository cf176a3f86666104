//! What ends a run, split by whose move it is: the exit codes follow from it.

use tamis_classify::ClassifyError;
use tamis_detect::KeywordError;
use tamis_rules::RulesError;
use tamis_shard::ShardError;

/// Why a run did not finish.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The user's mistake: arguments, configuration, paths, assets.
    #[error("{0}")]
    Usage(String),
    /// A policy or taxonomy that cannot be used.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A keyword library that cannot be used.
    #[error(transparent)]
    Keywords(#[from] KeywordError),
    /// A model that cannot be used.
    #[error(transparent)]
    Model(#[from] ClassifyError),
    /// Reading or writing failed in a way that concerns the whole run.
    #[error(transparent)]
    Shard(ShardError),
    /// The system refused the very beginning: a folder that cannot be listed, created, locked or written.
    #[error(transparent)]
    Start(ShardError),
    /// A shard was set aside and the run was asked to stop at the first.
    #[error("stopped at the first shard that was set aside: {path}: {reason}")]
    FailFast {
        /// The shard's `<path>`.
        path: String,
        /// Why it was set aside.
        reason: String,
    },
    /// A fault of ours: counts that must agree do not.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

impl PipelineError {
    /// A failure before any work was done: another folder is the way out, unless room is what is lacking.
    pub(crate) fn start(error: ShardError) -> Self {
        match error {
            ShardError::Io { .. } if !error.is_lack_of_space() => Self::Start(error),
            other => Self::Shard(other),
        }
    }

    /// The process exit code: 2 the user's mistake, 3 bad input, 4 ours (or the system's).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Rules(_)
            | Self::Keywords(_)
            | Self::Model(_)
            | Self::Start(_)
            | Self::Shard(ShardError::Usage(_)) => 2,
            Self::FailFast { .. } => 3,
            Self::Shard(_) | Self::Internal(_) => 4,
        }
    }
}

impl From<ShardError> for PipelineError {
    fn from(error: ShardError) -> Self {
        Self::Shard(error)
    }
}
