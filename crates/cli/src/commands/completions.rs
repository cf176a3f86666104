//! `tamis completions`.

use clap::CommandFactory;

use super::{Failure, print};
use crate::arguments::Arguments;

/// Prints the completion script for a shell.
pub fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "tamis", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
