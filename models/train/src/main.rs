//! Trains the models that the project ships.
//!
//! `tamis-train lin31 --data LABELLED… --out models/lin31` reads labelled JSONL, trains, sets thresholds by sources that the
//! model did not see, and writes `model.onnx`, `model.toml` and `training.json`. The same data and recipe give the same
//! bytes. `tamis model eval` then measures the folder that it wrote.
#![allow(clippy::print_stderr, reason = "a program of steps that take minutes says where it is")]

mod baseline;
mod embed;
mod labelled;
mod lin31;
mod linear;
mod recipe;
mod rows;
mod scores;
mod solver;
mod training;
mod unseen;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "tamis-train", about = "Trains the models that tamis ships.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a linear model on hashed n-grams.
    Lin31(Lin31Arguments),
}

/// What `lin31` takes.
#[derive(Args)]
pub struct Lin31Arguments {
    /// Labelled texts: .jsonl or .jsonl.zst files, or folders of them; repeats.
    #[arg(long, required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Recipe.
    #[arg(long, default_value = "models/train/lin31.toml")]
    recipe: PathBuf,
    /// Folder that the model is written to.
    #[arg(long, default_value = "models/lin31")]
    out: PathBuf,
    /// Leave out the plain model that the unseen sources are also held against.
    #[arg(long)]
    no_baseline: bool,
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Lin31(arguments) => lin31::train(&arguments),
    }
}
