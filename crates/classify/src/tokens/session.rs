//! A network in a session of ONNX Runtime.

use std::borrow::Cow;
use std::sync::Arc;

use ort::ep::{self, ExecutionProvider as _};
use ort::session::builder::SessionBuilder;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::TensorRef;

use super::ModelFiles;
use super::batches::Filled;
use super::graph::TYPES_INPUT;
use super::runtime::Runtime;
use super::workers::{Failure, Network};

/// Words by which a device's lack of memory is known; ONNX Runtime has no code for it.
const MEMORY_WORDS: [&str; 5] =
    ["out of memory", "failed to allocate memory", "bad_alloc", "ALLOC_FAILED", "Available memory of"];

/// Where a session runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    Cpu,
    Cuda(u32),
}

/// Whether the loaded library has the CUDA provider.
pub(super) fn has_cuda() -> bool {
    ep::CUDA::is_available().unwrap_or(false)
}

/// A session with the names of its inputs and of the one output that is asked for.
pub(super) struct OrtNetwork {
    session: Session,
    options: RunOptions<HasSelectedOutputs>,
    ids_input: String,
    mask_input: String,
    output: String,
    /// Zeros for the third input, where the network has it.
    types: Option<Vec<i64>>,
}

impl OrtNetwork {
    /// Opens a session of its own.
    pub fn open(runtime: &Runtime, files: &ModelFiles, placement: Placement) -> Result<Self, String> {
        let tokens = files.tokens();
        let mut builder = builder(runtime, files, placement).map_err(|error| error.to_string())?;
        let session = builder.commit_from_memory(files.onnx()).map_err(|error| error.to_string())?;
        let options = RunOptions::new().map_err(|error| error.to_string())?;
        Ok(Self {
            session,
            options: options.with_outputs(OutputSelector::no_default().with(tokens.output.as_str())),
            ids_input: tokens.ids_input.clone(),
            mask_input: tokens.mask_input.clone(),
            output: tokens.output.clone(),
            types: files.types_input().then(Vec::new),
        })
    }
}

/// One thread per session, for there is a session per worker; weights come from memory that was checked.
fn builder(runtime: &Runtime, files: &ModelFiles, placement: Placement) -> ort::Result<SessionBuilder> {
    let mut builder = Session::builder(runtime.environment())?
        .with_log_level(ort::logging::LogLevel::Fatal)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_deterministic_compute(true)?;
    if let Placement::Cuda(device) = placement {
        let cuda = ep::CUDA::default()
            .with_device_id(i32::try_from(device).unwrap_or(i32::MAX))
            .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested)
            .with_tf32(true);
        builder = builder.with_execution_providers([cuda.build().error_on_failure()])?;
    }
    for (name, content) in files.external() {
        builder = builder.with_external_initializer_file_in_memory(name, Arc::clone(content))?;
    }
    Ok(builder)
}

impl OrtNetwork {
    fn run(&mut self, batch: &Filled) -> ort::Result<Vec<f32>> {
        let shape = [batch.shape.rows, batch.shape.length];
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = vec![
            (self.ids_input.as_str().into(), TensorRef::from_array_view((shape, batch.ids.as_slice()))?.into()),
            (self.mask_input.as_str().into(), TensorRef::from_array_view((shape, batch.mask.as_slice()))?.into()),
        ];
        if let Some(types) = &mut self.types {
            types.resize(batch.ids.len(), 0);
            inputs.push((TYPES_INPUT.into(), TensorRef::from_array_view((shape, types.as_slice()))?.into()));
        }
        let outputs = self.session.run_with_options(inputs, &self.options)?;
        let output = outputs.get(&self.output).ok_or_else(|| ort::Error::new("the output is missing"))?;
        let (_, logits) = output.try_extract_tensor::<f32>()?;
        Ok(logits.to_vec())
    }
}

impl Network for OrtNetwork {
    fn logits(&mut self, batch: &Filled) -> Result<Vec<f32>, Failure> {
        self.run(batch).map_err(|error| failure(error.message()))
    }
}

fn failure(message: &str) -> Failure {
    let lower = message.to_ascii_lowercase();
    if MEMORY_WORDS.iter().any(|words| lower.contains(&words.to_ascii_lowercase())) {
        Failure::Memory(message.into())
    } else {
        Failure::Other(message.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lack_of_memory_is_told_from_other_failures() {
        for message in [
            "Non-zero status code returned while running MatMul node. Failed to allocate memory for requested buffer of size 805306368",
            "CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc",
            "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED",
            "Available memory of 512 is smaller than requested bytes of 1024",
        ] {
            assert!(matches!(failure(message), Failure::Memory(_)), "{message}");
        }
        assert!(matches!(failure("indices element out of data bounds"), Failure::Other(_)));
    }
}
