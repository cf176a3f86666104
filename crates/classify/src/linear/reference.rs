//! A linear model's ONNX file, carried out by ONNX Runtime: what the kernel is held against.

use std::path::Path;
use std::sync::Arc;

use ort::session::Session;
use ort::value::TensorRef;

use super::inverse_norm;
use crate::{ClassifyError, Runtime};

/// An ONNX file of `hashed-ngrams/1` in a session of ONNX Runtime with one thread.
#[derive(Debug)]
pub struct LinearReference {
    session: Session,
    heads: usize,
    /// The library must outlive the session.
    _runtime: Arc<Runtime>,
}

impl LinearReference {
    /// Opens a session; `library` is where ONNX Runtime's library lies, if it is not to be looked for.
    ///
    /// # Errors
    /// [`ClassifyError::Runtime`] where the library is not there, [`ClassifyError::Onnx`] where it refuses the file.
    pub fn open(onnx: &[u8], heads: usize, library: Option<&Path>) -> Result<Self, ClassifyError> {
        let runtime = Runtime::load(library)?;
        let session = (|| -> ort::Result<Session> {
            let builder = Session::builder(runtime.environment())?
                .with_log_level(ort::logging::LogLevel::Fatal)?
                .with_intra_threads(1)?
                .with_inter_threads(1)?;
            let mut builder = builder;
            builder.commit_from_memory(onnx)
        })();
        let session = session.map_err(|error| refuse(&error))?;
        Ok(Self { session, heads, _runtime: runtime })
    }

    /// The logits of texts as n-grams, one row of heads per text, in one run of the network.
    ///
    /// # Errors
    /// [`ClassifyError::Onnx`] where ONNX Runtime fails.
    pub fn logits(&mut self, texts: &[&[u32]]) -> Result<Vec<f32>, ClassifyError> {
        let longest = texts.iter().map(|ids| ids.len()).max().unwrap_or(0).max(1);
        let mut ids = vec![0i64; texts.len() * longest];
        for (row, text) in ids.chunks_exact_mut(longest).zip(texts) {
            row.iter_mut().zip(*text).for_each(|(place, &id)| *place = i64::from(id));
        }
        let norms: Vec<f32> = texts.iter().map(|ids| inverse_norm(ids.len())).collect();
        self.run(&ids, &norms, [texts.len(), longest]).map_err(|error| refuse(&error))
    }

    fn run(&mut self, ids: &[i64], norms: &[f32], [rows, longest]: [usize; 2]) -> ort::Result<Vec<f32>> {
        let outputs = self.session.run(ort::inputs![
            "ids" => TensorRef::from_array_view(([rows, longest], ids))?,
            "inverse_norm" => TensorRef::from_array_view(([rows, 1], norms))?,
        ])?;
        let (_, logits) = outputs["logits"].try_extract_tensor::<f32>()?;
        debug_assert_eq!(logits.len(), rows * self.heads, "a logit per head");
        Ok(logits.to_vec())
    }
}

fn refuse(error: &ort::Error) -> ClassifyError {
    ClassifyError::Onnx { model: "of n-grams".into(), message: error.message().into() }
}
