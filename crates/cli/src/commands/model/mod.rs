//! `tamis model`.

mod bench;
mod calibrate;
mod card;
mod eval;
mod info;

use tamis_pipeline::config::ModelSpec;

use super::keywords::sample_options;
use super::{Failure, print, print_json};
use crate::arguments::ModelCommand;

/// Shows, measures and calibrates models.
pub fn model(command: &ModelCommand) -> Result<u8, Failure> {
    match command {
        ModelCommand::Info { model, json } => info::info(model, *json),
        ModelCommand::Eval(arguments) => eval::eval(arguments),
        ModelCommand::Calibrate(arguments) => calibrate::calibrate(arguments),
        ModelCommand::Bench(arguments) => bench::bench(arguments),
    }
}

/// A model of this path, asked about every text.
fn asked(path: &str, runtime: Option<&std::path::Path>) -> ModelSpec {
    ModelSpec { runtime: runtime.map(std::path::Path::to_path_buf), ..ModelSpec::new(path) }
}
