//! Whole runs of `tamis` against a plain copy of the same files: `tamis-bench corpus | copy | compare | scan | memory`.

mod compare;
mod copy;
mod corpus;
mod process;
mod scan;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "tamis-bench", about = "Whole runs against a plain zstd-3 copy of the same Parquet files")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a folder of zstd-3 Parquet shards by drawing records.
    Corpus {
        /// Folder of shards whose records are drawn; without it, documents are generated.
        #[arg(long)]
        from: Option<PathBuf>,
        /// Folder to write.
        #[arg(long)]
        out: PathBuf,
        /// Megabytes of text.
        #[arg(long)]
        megabytes: u64,
        /// Seed of the draw.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The baseline: reader to writer, zstd level 3, one file a thread, nothing else.
    Copy {
        /// Folder to read.
        #[arg(long)]
        input: PathBuf,
        /// Folder to write.
        #[arg(long)]
        output: PathBuf,
        /// Threads.
        #[arg(long, default_value_t = 2, value_parser = at_least_one)]
        threads: usize,
    },
    /// Run copy, tag and run in turn on one folder and print the ratios of their medians.
    Compare {
        /// Folder of Parquet shards.
        #[arg(long)]
        input: PathBuf,
        /// The `tamis` binary.
        #[arg(long, default_value = "target/release/tamis")]
        tamis: PathBuf,
        /// Threads of each.
        #[arg(long, default_value_t = 2, value_parser = at_least_one)]
        threads: usize,
        /// Counted rounds.
        #[arg(long, default_value_t = 3, value_parser = at_least_one)]
        runs: usize,
        /// Folder that keeps the tables.
        #[arg(long)]
        keep: Option<PathBuf>,
    },
    /// The detectors alone over texts in memory, one core: megabytes a second, and findings per million characters.
    Scan {
        /// Folder of shards whose texts are scanned.
        #[arg(long)]
        from: PathBuf,
        /// Keyword library.
        #[arg(long, default_value = "builtin:keywords")]
        library: String,
        /// Counted rounds.
        #[arg(long, default_value_t = 5, value_parser = at_least_one)]
        runs: usize,
    },
    /// Peak memory of `tamis run` over corpora of several sizes; fails above 1 GiB, or where it grows with the input.
    Memory {
        /// Folder of shards whose records are drawn.
        #[arg(long)]
        from: Option<PathBuf>,
        /// Megabytes of text of each corpus, smallest first.
        #[arg(long, value_delimiter = ',', default_value = "500,1000,2000")]
        sizes: Vec<u64>,
        /// Folder below which a temporary one holds corpora and outputs.
        #[arg(long)]
        work: PathBuf,
        /// The `tamis` binary.
        #[arg(long, default_value = "target/release/tamis")]
        tamis: PathBuf,
        /// Threads.
        #[arg(long, default_value_t = 2, value_parser = at_least_one)]
        threads: usize,
    },
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a whole number above 0".to_string())
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Corpus { from, out, megabytes, seed } => corpus::make(from.as_deref(), &out, megabytes, seed),
        Command::Copy { input, output, threads } => copy::copy(&input, &output, threads),
        Command::Compare { input, tamis, threads, runs, keep } => {
            compare::compare(&compare::Plan { input, tamis, threads, runs }, keep.as_deref())
        }
        Command::Scan { from, library, runs } => scan::scan(&from, &library, runs),
        Command::Memory { from, sizes, work, tamis, threads } => {
            compare::memory(from.as_deref(), &sizes, &work, &tamis, threads)
        }
    }
}
