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
    /// Look at a classification model, measure it, set its thresholds.
    #[command(subcommand)]
    Model(ModelCommand),
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
    /// Measure what a library hits in texts that are known to be clean, or are labelled, by entry and by risk.
    Test(KeywordsTestArguments),
    /// Show what one library has that another has not, and what that changes in a sample.
    Diff(KeywordsDiffArguments),
    /// Bring a word list into a library folder, to be reviewed there.
    Import(KeywordsImportArguments),
    /// Write a library's entries to standard output, named lists written out.
    Export(KeywordsExportArguments),
}

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Show what a model is: contract, heads, levels, thresholds, accuracy.
    Info {
        /// Folder of the model, or builtin:lin31.
        #[arg(value_name = "MODEL", default_value = "builtin:lin31")]
        model: String,
        /// Print JSON on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Measure a model on labelled texts: per risk, per clean data set, and in long documents.
    Eval(ModelEvalArguments),
    /// Set a model's thresholds by clean texts of your own, into a copy of it.
    Calibrate(ModelCalibrateArguments),
    /// Measure how fast a model of n-grams reads, on one core, beside ONNX Runtime where that is there.
    Bench(ModelBenchArguments),
}

#[derive(Debug, Args)]
pub struct ModelEvalArguments {
    /// Folder of the model, or builtin:lin31.
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Labelled JSONL: `text`, `lang`, `categories` (codes that it carries), `known` (codes that its label settles, "*" for
    /// all), `dataset`; repeats.
    #[arg(long, value_name = "PATH", required = true)]
    pub data: Vec<PathBuf>,
    /// Folders of models that are asked before it; repeats.
    #[arg(long, value_name = "MODEL")]
    pub after: Vec<String>,
    /// Keyword library beside it; "none" for the model alone.
    #[arg(long, value_name = "LIBRARY", default_value = "builtin:keywords")]
    pub library: String,
    /// Taxonomy file, or a built-in one.
    #[arg(long, value_name = "TAXONOMY.toml", default_value = "builtin:gbt45654")]
    pub taxonomy: String,
    #[command(flatten)]
    pub reading: SampleArguments,
    /// ONNX Runtime's library, for models that need it, where it is not found by itself.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
    /// Write eval.json, EVAL.md and MODEL_CARD.md into the model's folder, and what the ledger corrects rates by into its
    /// model.toml.
    #[arg(long)]
    pub write: bool,
    /// Print JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ModelCalibrateArguments {
    /// Folder of the model, or builtin:lin31.
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Clean texts: shards, folders or globs; repeats. Records with labels count where these say that they are clean.
    #[arg(long, value_name = "PATH", required = true)]
    pub sample: Vec<PathBuf>,
    /// Folder that the calibrated copy is written to.
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Clean texts that enforcing heads may flag, percent, per language and length.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.5)]
    pub flagged: f64,
    /// Never set a threshold below the one that the model came with.
    #[arg(long)]
    pub raise_only: bool,
    #[command(flatten)]
    pub reading: SampleArguments,
}

#[derive(Debug, Args)]
pub struct ModelBenchArguments {
    /// Folder of the model, or builtin:lin31.
    #[arg(value_name = "MODEL", default_value = "builtin:lin31")]
    pub model: String,
    /// Texts to read: shards, folders or globs; repeats.
    #[arg(long, value_name = "PATH", required = true)]
    pub sample: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: SampleArguments,
    /// ONNX Runtime's library, to be held against, where it is not found by itself.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SampleArguments {
    /// Column that holds the text.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: String,
    /// JSONL column that names the data set, by which false alarms are broken down.
    #[arg(long, value_name = "COLUMN", default_value = "dataset")]
    pub group: String,
    /// Read only JSONL records that have this value, such as split=train.
    #[arg(long, value_name = "KEY=VALUE")]
    pub only: Option<String>,
}

#[derive(Debug, Args)]
pub struct KeywordsTestArguments {
    /// Shards, folders or globs. JSONL records may have `categories` (codes they carry) and `known` (codes that their
    /// label settles, "*" for all); others are taken for clean.
    #[arg(value_name = "SAMPLE", required = true)]
    pub sample: Vec<PathBuf>,
    /// Library folder, or builtin:keywords.
    #[arg(long, value_name = "LIBRARY", default_value = "builtin:keywords")]
    pub library: String,
    /// Taxonomy file, or a built-in one.
    #[arg(long, value_name = "TAXONOMY.toml", default_value = "builtin:gbt45654")]
    pub taxonomy: String,
    #[command(flatten)]
    pub reading: SampleArguments,
    /// Most hits per million characters of clean text with which an entry may enforce.
    #[arg(long, value_name = "N", default_value_t = 0.5)]
    pub most_per_million: f64,
    /// Make advisory, in the library's files, every entry that does not earn to enforce.
    #[arg(long)]
    pub set_levels: bool,
    /// Keep the report in this file, as Markdown, too.
    #[arg(long, value_name = "FILE.md")]
    pub report: Option<PathBuf>,
    /// Print JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct KeywordsDiffArguments {
    /// Library folder, or builtin:keywords.
    #[arg(value_name = "BEFORE")]
    pub before: String,
    /// Library folder, or builtin:keywords.
    #[arg(value_name = "AFTER")]
    pub after: String,
    /// Shards, folders or globs on which both are measured; repeats.
    #[arg(long, value_name = "PATH")]
    pub sample: Vec<PathBuf>,
    /// Taxonomy file, or a built-in one.
    #[arg(long, value_name = "TAXONOMY.toml", default_value = "builtin:gbt45654")]
    pub taxonomy: String,
    #[command(flatten)]
    pub reading: SampleArguments,
    /// Print JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct KeywordsImportArguments {
    /// The list; - for standard input.
    #[arg(value_name = "LIST")]
    pub list: PathBuf,
    /// Library folder to add to; made where there is none.
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
    /// Code of the risk that the terms point to, such as A2e.
    #[arg(long, value_name = "RISK")]
    pub risk: String,
    /// How the list is written: plain (a term per line), tagged (term, space, tags), csv, json (objects with "match"),
    /// lexicon (lemma_pos, tab, TRUE or a score). Default: by the file's extension.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Language of the terms: zh, en or * (default: by their characters).
    #[arg(long, value_name = "LANG")]
    pub lang: Option<String>,
    /// Level until they are reviewed: advisory or enforce.
    #[arg(long, value_name = "LEVEL", default_value = "advisory")]
    pub level: String,
    /// Small letters before the number in every id, so that the ids of stacked libraries differ (default: the
    /// folder's name, its letters).
    #[arg(long, value_name = "LETTERS")]
    pub tag: Option<String>,
    /// Column of a CSV that holds the term, by its header.
    #[arg(long, value_name = "COLUMN")]
    pub term_column: Option<String>,
    /// Column of a CSV that is kept as a note; repeats.
    #[arg(long, value_name = "COLUMN")]
    pub note_column: Vec<String>,
    /// Taxonomy file, or a built-in one.
    #[arg(long, value_name = "TAXONOMY.toml", default_value = "builtin:gbt45654")]
    pub taxonomy: String,
    /// Day that stands as added and reviewed, YYYY-MM-DD (default: today, UTC).
    #[arg(long, value_name = "DATE")]
    pub date: Option<String>,
}

#[derive(Debug, Args)]
pub struct KeywordsExportArguments {
    #[command(flatten)]
    pub library: LibraryArguments,
    /// Only entries of this risk; repeats.
    #[arg(long, value_name = "RISK")]
    pub risk: Vec<String>,
    /// Only entries of this level.
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,
    /// tsv (every column), or plain (a term per line; conditions are lost).
    #[arg(long, value_name = "FORMAT", default_value = "tsv")]
    pub format: String,
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
