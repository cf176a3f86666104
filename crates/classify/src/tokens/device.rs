//! Where a network runs, and what is said about it afterwards.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::batches::EmptyRow;
use super::runtime::{FETCH_STEP, Runtime};
use super::session::{OrtNetwork, Placement, has_cuda};
use super::workers::{Opener, Workers};
use super::{ModelFiles, TokensOptions};
use crate::ClassifyError;

/// Tokens of a batch on a CPU. A session has one thread, so larger batches save no time, and the last one of each length
/// has more rows that fill it up: of BERT's sizes, 20 documents took 38 s with 512, 55 s with 1024.
const CPU_BATCH_TOKENS: usize = 512;
/// The same on a CUDA device.
const CUDA_BATCH_TOKENS: usize = 1 << 14;
/// Most tokens of a batch that can be asked for.
pub const MAX_BATCH_TOKENS: usize = 1 << 22;

/// What a network runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The first CUDA device where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA devices by their numbers, at least one.
    Cuda(Vec<u32>),
}

impl FromStr for Device {
    type Err = String;

    /// `auto`, `cpu`, `cuda`, `cuda:1` or `cuda:0,1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!("device is {text:?}, expected auto, cpu, cuda, or cuda: and numbers of devices such as cuda:0,1")
        };
        match text.split_once(':') {
            None => match text {
                "auto" => Ok(Self::Auto),
                "cpu" => Ok(Self::Cpu),
                "cuda" => Ok(Self::Cuda(vec![0])),
                _ => Err(refuse()),
            },
            Some(("cuda", numbers)) => {
                let devices: Vec<u32> =
                    numbers.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| refuse())?;
                let twice = devices.iter().enumerate().any(|(at, device)| devices[..at].contains(device));
                if twice { Err(refuse()) } else { Ok(Self::Cuda(devices)) }
            }
            Some(_) => Err(refuse()),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(devices) => {
                let numbers: Vec<String> = devices.iter().map(u32::to_string).collect();
                write!(f, "cuda:{}", numbers.join(","))
            }
        }
    }
}

impl TryFrom<String> for Device {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

/// What a model was run with, and what happened: for the metadata of a run. It is no part of any fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// Name of the model.
    pub model: String,
    /// The device that was asked for.
    pub asked: String,
    /// The device that was used.
    pub used: String,
    /// The execution provider that was used, by ONNX Runtime's name for it.
    pub provider: String,
    /// Device workers, each with a session of its own.
    pub workers: usize,
    /// ONNX Runtime's library.
    pub library: String,
    /// What the library says of its build.
    pub build: String,
    /// Tokens of a batch, padding included.
    pub batch_tokens: usize,
    /// Fallbacks, each in a sentence.
    pub notes: Vec<String>,
    /// Batches that were planned and carried out.
    pub batches: u64,
    /// Windows in them.
    pub windows: u64,
    /// Tokens in them, special tokens included.
    pub tokens: u64,
    /// Tokens that were computed: with padding, and with what was tried again.
    pub computed_tokens: u64,
    /// How often a worker halved its budget because the device had too little memory.
    pub halved_budgets: u64,
    /// Windows that could not be examined.
    pub failed_windows: u64,
    /// Why the first of them could not.
    pub first_failure: Option<String>,
}

/// Workers on a device.
pub(super) struct Running {
    pub workers: Workers,
    pub batch_tokens: usize,
    runtime: Arc<Runtime>,
    model: String,
    asked: Device,
    used: Device,
    notes: Vec<String>,
}

impl Running {
    /// Opens the model on the device that is asked for, or on the CPU where that is not there.
    pub fn start(files: &Arc<ModelFiles>, options: &TokensOptions, empty: &EmptyRow) -> Result<Self, ClassifyError> {
        let runtime = Runtime::load(options.library.as_deref())?;
        let mut notes = Vec::new();
        let devices = match &options.device {
            Device::Cpu => None,
            Device::Auto => Some(vec![0]),
            Device::Cuda(devices) => Some(devices.clone()),
        };
        let start = |placements: Vec<Placement>| {
            let openers = placements.into_iter().map(|placement| opener(&runtime, files, placement)).collect();
            Workers::start(openers, files.manifest().heads.len(), empty)
        };
        let on_cuda = devices.map(|devices| {
            let per_device = options.workers.max(1);
            let placements = devices.iter().flat_map(|&device| vec![Placement::Cuda(device); per_device]).collect();
            let workers = if has_cuda() {
                start(placements)
            } else {
                Err(format!("{} has no CUDA provider; {FETCH_STEP} gpu fetches one", runtime.library().path.display()))
            };
            (workers, Device::Cuda(devices))
        });
        let (workers, used) = match on_cuda {
            Some((Ok(workers), used)) => (Some(workers), used),
            Some((Err(message), _)) if options.strict && options.device != Device::Auto => {
                let message =
                    format!("model {}: {} is not available: {message}", files.manifest().name, options.device);
                return Err(ClassifyError::Runtime { message });
            }
            Some((Err(message), _)) => {
                notes.push(format!("{} is not available, the CPU is used: {message}", options.device));
                (None, Device::Cpu)
            }
            None => (None, Device::Cpu),
        };
        let workers = match workers {
            Some(workers) => workers,
            None => start(vec![Placement::Cpu; cpu_workers(options.workers)]).map_err(|error| ClassifyError::Onnx {
                model: files.manifest().name.clone(),
                message: format!("ONNX Runtime does not take it: {error}"),
            })?,
        };
        let usual = if used == Device::Cpu { CPU_BATCH_TOKENS } else { CUDA_BATCH_TOKENS };
        Ok(Self {
            workers,
            batch_tokens: options.batch_tokens.unwrap_or(usual),
            runtime,
            model: files.manifest().name.clone(),
            asked: options.device.clone(),
            used,
            notes,
        })
    }

    pub fn report(&self) -> DeviceReport {
        let counters = self.workers.counters();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let provider = if self.used == Device::Cpu { "CPUExecutionProvider" } else { "CUDAExecutionProvider" };
        DeviceReport {
            model: self.model.clone(),
            asked: self.asked.to_string(),
            used: self.used.to_string(),
            provider: provider.into(),
            workers: self.workers.count(),
            library: self.runtime.library().path.display().to_string(),
            build: self.runtime.build(),
            batch_tokens: self.batch_tokens,
            notes: self.notes.clone(),
            batches: count(&counters.batches),
            windows: count(&counters.windows),
            tokens: count(&counters.tokens),
            computed_tokens: count(&counters.computed),
            halved_budgets: count(&counters.halved),
            failed_windows: count(&counters.failed),
            first_failure: counters.first_failure.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

fn opener(runtime: &Arc<Runtime>, files: &Arc<ModelFiles>, placement: Placement) -> Opener {
    let (runtime, files) = (Arc::clone(runtime), Arc::clone(files));
    Box::new(move || Ok(Box::new(OrtNetwork::open(&runtime, &files, placement)?)))
}

fn cpu_workers(asked: usize) -> usize {
    if asked > 0 { asked } else { std::thread::available_parallelism().map_or(1, usize::from) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_and_written() {
        for (text, device, written) in [
            ("auto", Device::Auto, "auto"),
            ("cpu", Device::Cpu, "cpu"),
            ("cuda", Device::Cuda(vec![0]), "cuda:0"),
            ("cuda:1", Device::Cuda(vec![1]), "cuda:1"),
            ("cuda:0,2", Device::Cuda(vec![0, 2]), "cuda:0,2"),
        ] {
            let read: Device = text.parse().unwrap();
            assert_eq!(read.to_string(), written);
            assert_eq!(read, device);
        }
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:0,0", "cpu:1", "CUDA"] {
            assert!(text.parse::<Device>().is_err(), "{text}");
        }
    }
}
