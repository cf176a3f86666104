//! Configuration and the three passes of a run: *tag* every record, *judge* every source, *emit* the filtered shards.
//!
//! A [`RunPlan`] is everything that is known before any record is read; [`run`] carries it out and tells an
//! [`Observer`] what happens. The library prints nothing and reads no arguments. The outputs depend on the input, the
//! configuration and the assets alone, never on threads, memory, batch size or interruptions.
//!
//! ```
//! use tamis_pipeline::{Overrides, Passes, RunPlan, Silent, run};
//!
//! let folder = tempfile::tempdir()?;
//! std::fs::create_dir(folder.path().join("in"))?;
//! std::fs::write(folder.path().join("in/a.jsonl"), "{\"id\": 1, \"text\": \"plain text\", \"source\": \"s\"}\n")?;
//! let overrides = Overrides {
//!     input: vec![folder.path().join("in")],
//!     output: Some(folder.path().join("out")),
//!     settings: Vec::new(),
//! };
//! let plan = RunPlan::resolve("builtin:quickstart", &overrides)?;
//! let report = run(&plan, Passes::All, &Silent)?.expect("all passes were done");
//! assert_eq!((report.records.read, report.records.kept), (1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod assets;
mod budget;
pub mod config;
mod detectors;
mod emit;
mod error;
mod evaluate;
mod explain;
mod folder;
mod judge;
mod observer;
mod panics;
mod plan;
mod preflight;
mod redact;
mod run;
mod sample;
mod schedule;
mod seal;
mod shards;
mod spans;
mod standing;
mod tag;

pub use error::PipelineError;
pub use evaluate::{
    AnyFigures, CleanSet, EVALUATION_FORMAT, EvaluateOptions, Evaluation, LongDocument, RiskFigures, evaluate,
};
pub use explain::{Explainer, Explanation};
pub use observer::{LedgerNews, Observer, Pass, Silent};
pub use panics::panic_line;
pub use plan::{Machine, Overrides, RunPlan};
pub use preflight::{ShardPreview, preflight};
pub use run::{Passes, run};
pub use sample::{SampleCounts, SampleOptions, SampleText, read_sample};
pub use standing::Redo;
pub use tamis_shard::Report;
pub use tamis_shard::fingerprint::Asset;
