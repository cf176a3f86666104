//! What can be wrong with a model.

use std::path::PathBuf;

/// Why a model cannot be used. Nothing of a text is ever part of it.
#[derive(Debug, thiserror::Error)]
pub enum ClassifyError {
    /// A file of the model cannot be read.
    #[error("model {model}: {}: {source}", path.display())]
    Io {
        /// Name of the model, or its folder where the name is not known yet.
        model: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// `model.toml` cannot be used.
    #[error("{origin}: {message}")]
    Manifest {
        /// The file.
        origin: String,
        /// What is wrong, what was expected, and the way out.
        message: String,
    },
    /// `model.onnx` is not what `model.toml` promises.
    #[error("model {model}: model.onnx: {message}")]
    Onnx {
        /// Name of the model.
        model: String,
        /// What is wrong, what was expected, and the way out.
        message: String,
    },
    /// The tokenizer is not what `model.toml` promises.
    #[error("model {model}: tokenizer: {message}")]
    Tokenizer {
        /// Name of the model.
        model: String,
        /// What is wrong, what was expected, and the way out.
        message: String,
    },
    /// ONNX Runtime's library is not there or cannot be used.
    #[error("ONNX Runtime: {message}")]
    Runtime {
        /// What is wrong and the step that mends it.
        message: String,
    },
}
