//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Filters the training data of language models: finds 31 content risks in every record, judges every source by the
/// 5 % rule, and writes filtered shards with manifests that an auditor can check.
#[derive(Debug, Parser)]
#[command(name = "tamis", version, max_term_width = 110)]
pub struct Arguments {
    /// When to colour what is printed.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Print errors only.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tag, judge and emit: the whole job.
    Run(RunArguments),
    /// Only tag: read every record and hear every detector.
    Tag(RunArguments),
    /// Only judge: make the ledger of sources from the tags that stand.
    Judge(RunArguments),
    /// Only emit: write the filtered shards from the tags and the ledger that stand.
    Emit(RunArguments),
    /// Show what is found in one text, and what would follow from it.
    Explain(ExplainArguments),
    /// Check and count a keyword library.
    #[command(subcommand)]
    Keywords(KeywordsCommand),
    /// Check a finished run by computing everything after the tags again; exit code 1 where something is wrong.
    Verify(VerifyArguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub struct RunArguments {
    /// Pipeline file, or a built-in one such as builtin:quickstart.
    #[arg(value_name = "PIPELINE.toml", default_value = "builtin:quickstart")]
    pub pipeline: String,
    /// File, folder or glob to read, instead of the pipeline's; repeats.
    #[arg(short, long, value_name = "PATH")]
    pub input: Vec<PathBuf>,
    /// Folder to write, instead of the pipeline's.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Lay a setting over the pipeline file, for example policy.source_limit_percent=4; repeats.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Worker threads (default: one per core). Never changes the outputs.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Memory for blocks in flight, for example 512MiB. Never changes the outputs.
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Read only the first N records of every shard.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Stop at the first shard that has to be set aside.
    #[arg(long)]
    pub fail_fast: bool,
    /// Resolve everything and list the shards; read footers and first lines only, write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print the report as JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// File with one text, or - for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: String,
    /// Pipeline whose detectors and policy are used.
    #[arg(short, long, value_name = "PIPELINE.toml", default_value = "builtin:quickstart")]
    pub pipeline: String,
    /// Lay a setting over the pipeline file; repeats.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print findings and verdict as JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Output folder of a run.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Print problems and counts as JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum KeywordsCommand {
    /// Check a library against B.1.1 and for entries that are of no use; exit code 1 where it falls short.
    Lint {
        #[command(flatten)]
        library: LibraryArguments,
        /// Day that the library's age is judged by, YYYY-MM-DD (default: today, UTC).
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
    },
    /// Count a library's entries by risk, language and level.
    Stats {
        #[command(flatten)]
        library: LibraryArguments,
    },
}

#[derive(Debug, Args)]
pub struct LibraryArguments {
    /// Library folder, or builtin:keywords.
    #[arg(value_name = "LIBRARY", default_value = "builtin:keywords")]
    pub library: String,
    /// Taxonomy file, or a built-in one.
    #[arg(long, value_name = "TAXONOMY.toml", default_value = "builtin:gbt45654")]
    pub taxonomy: String,
    /// Print JSON on standard output.
    #[arg(long)]
    pub json: bool,
}
