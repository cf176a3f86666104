//! Models as detectors (GB/T 45654-2025, B.1.4).
//!
//! A model is a folder: `model.onnx`, `model.toml` ([`ModelManifest`]), and `tokenizer.json` where it reads tokens.

mod calibration;
mod error;
mod fit;
mod heads;
mod language;
mod linear;
mod manifest;
pub mod metrics;
pub mod onnx;
mod pool;
#[cfg(feature = "onnx")]
mod tokens;

pub use calibration::{Calibration, length_bucket, score_milli};
pub use error::ClassifyError;
pub use fit::{CleanLogits, CleanTails, FlagTarget};
pub use heads::{FOUND_FROM, MODEL_DETECTOR, TAGGED_FROM};
pub use language::Language;
#[cfg(feature = "onnx")]
pub use linear::LinearReference;
pub use linear::{
    BUCKETS, LinearDetector, LinearModel, NgramReader, Windows, hash_vectors_digest, inverse_norm, ngrams,
};
pub use manifest::{
    Accuracy, Contract, ExternalData, HeadSpec, MAX_HEADS, MODEL_FORMAT, ModelManifest, Pool, Thresholds, TokensSpec,
    WindowSpec,
};
pub use pool::{Pooled, Pooling};
#[cfg(feature = "onnx")]
pub use tokens::{
    Device, DeviceReport, FETCH_STEP, MAX_BATCH_TOKENS, ModelFiles, RowMode, Runtime, RuntimeLibrary, TextLogits,
    TokensDetector, TokensOptions,
};
