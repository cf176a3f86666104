//! Linear models on hashed n-grams: the contract `hashed-ngrams/1`, read from the ONNX file by a kernel of our own.

mod detector;
mod model;
mod ngrams;
#[cfg(feature = "onnx")]
mod reference;
mod windows;

pub use detector::LinearDetector;
pub use model::{LinearModel, inverse_norm};
pub use ngrams::{BUCKETS, NgramReader, hash_vectors_digest, ngrams};
#[cfg(feature = "onnx")]
pub use reference::LinearReference;
pub use windows::Windows;
