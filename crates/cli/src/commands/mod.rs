//! One file per command.

mod completions;
mod explain;
mod keywords;
mod model;
mod run;
mod verify;

use anstyle::{AnsiColor, Style};
use tamis_pipeline::{Passes, PipelineError};

use crate::arguments::{Arguments, Command};

/// How errors are announced.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Why a command did not succeed, with the exit code that says so.
pub struct Failure {
    /// 1 a gate failed, 2 the user's mistake, 3 bad input, 4 ours.
    pub code: u8,
    /// What to print.
    pub error: anyhow::Error,
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        Self { code: error.exit_code(), error: error.into() }
    }
}

impl From<tamis_shard::ShardError> for Failure {
    fn from(error: tamis_shard::ShardError) -> Self {
        PipelineError::from(error).into()
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { code: 4, error: error.into() }
    }
}

impl Failure {
    /// The user's mistake.
    fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, error: anyhow::anyhow!(message.into()) }
    }
}

/// Carries out the command; the value is the exit code.
pub fn dispatch(arguments: Arguments) -> Result<u8, Failure> {
    let quiet = arguments.quiet;
    match arguments.command {
        Command::Run(run) => run::run(&run, Passes::All, quiet),
        Command::Tag(run) => run::run(&run, Passes::Tag, quiet),
        Command::Judge(run) => run::run(&run, Passes::Judge, quiet),
        Command::Emit(run) => run::run(&run, Passes::Emit, quiet),
        Command::Explain(explain) => explain::explain(&explain),
        Command::Keywords(keywords) => keywords::keywords(&keywords),
        Command::Model(model) => model::model(&model),
        Command::Verify(arguments) => verify::verify(&arguments, quiet),
        Command::Completions { shell } => completions::completions(shell),
    }
}

/// Writes to standard output; a reader that has gone away is no error.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure { code: 4, error: error.into() })?;
    print(&(text + "\n"))
}
