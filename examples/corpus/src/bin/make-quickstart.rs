//! Writes the quickstart corpus: `make-quickstart --out DIR [--seed N]`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tamis_corpus::{CorpusError, QUICKSTART_SEED, quickstart};

const USAGE: &str = "usage: make-quickstart --out DIR [--seed N]";

fn main() -> ExitCode {
    let (out, seed) = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => return fail(&format!("{problem}\n{USAGE}"), 2),
    };
    match write(&out, seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string(), 4),
    }
}

#[expect(clippy::print_stderr, reason = "this is a command")]
fn fail(message: &str, code: u8) -> ExitCode {
    eprintln!("make-quickstart: {message}");
    ExitCode::from(code)
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<(PathBuf, u64), String> {
    let (mut out, mut seed) = (None, QUICKSTART_SEED);
    while let Some(name) = given.next() {
        let mut value = || given.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--out" => out = Some(PathBuf::from(value()?)),
            "--seed" => {
                let text = value()?;
                seed = text.parse().map_err(|_| format!("--seed {text}: expected a whole number"))?;
            }
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    Ok((out.ok_or("--out is missing")?, seed))
}

/// Writes the files below `out`, over those of the same names; others stay.
fn write(out: &Path, seed: u64) -> Result<(), CorpusError> {
    for file in quickstart(seed)? {
        let path = out.join(&file.path);
        let folder = path.parent().unwrap_or(out);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, &file.bytes))
            .map_err(|source| CorpusError::Io { path: path.display().to_string(), source })?;
    }
    Ok(())
}
