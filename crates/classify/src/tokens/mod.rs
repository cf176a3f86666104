//! Models that read tokens, carried out by ONNX Runtime: contract `tokens/1`.
//!
//! A folder has `model.toml`, `model.onnx` and `tokenizer.json` ([`ModelFiles`]). Texts become tokens, tokens become
//! half-overlapping windows, and windows go through the network in batches of fixed shapes: a window's answer never
//! depends on what lies beside it, so neither the cut of the rows nor the number of threads changes a score.

mod batches;
mod detector;
mod device;
mod files;
mod graph;
mod rows;
mod runtime;
mod session;
mod texts;
mod tokenizer;
mod workers;

pub use detector::{TokensDetector, TokensOptions};
pub use device::{Device, DeviceReport, MAX_BATCH_TOKENS};
pub use files::ModelFiles;
pub use rows::RowMode;
pub use runtime::{FETCH_STEP, Runtime, RuntimeLibrary};
pub use texts::TextLogits;
