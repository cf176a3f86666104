//! Models as detectors (GB/T 45654-2025, B.1.4).
//!
//! A model is a folder: `model.onnx`, `model.toml` ([`ModelManifest`]), and `tokenizer.json` where it reads tokens.

mod calibration;
mod error;
mod language;
mod manifest;
pub mod onnx;

pub use calibration::{Calibration, score_milli};
pub use error::ClassifyError;
pub use language::Language;
pub use manifest::{
    Accuracy, Contract, ExternalData, HeadSpec, MAX_HEADS, MODEL_FORMAT, ModelManifest, Pool, Thresholds, TokensSpec,
    WindowSpec,
};
