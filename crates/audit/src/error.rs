//! Why a folder could not be verified at all. What is wrong *in* a run is a [`Problem`](crate::Problem), not an error.

use std::path::PathBuf;

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The folder is not there.
    #[error("{} is no folder; give the output folder of a run{hint}", path.display())]
    NoFolder {
        /// The folder as given.
        path: PathBuf,
        /// The nearest name, as a question.
        hint: String,
    },
    /// The folder holds no run, finished or not.
    #[error(
        "{} holds no run: neither _SUCCESS nor manifest/run.json nor manifest/state.json is there; give the output folder of a run",
        path.display()
    )]
    NoRun {
        /// The folder as given.
        path: PathBuf,
    },
    /// The operating system refused to list the folder.
    #[error("list {}: {source}", path.display())]
    Io {
        /// The folder concerned.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}
