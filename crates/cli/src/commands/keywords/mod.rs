//! `tamis keywords`.

mod diff;
mod exchange;
mod levels;
mod lint;
mod stats;
mod test;

use tamis_detect::{Date, Entry, KeywordLibrary};
use tamis_pipeline::{SampleOptions, assets};
use tamis_rules::{Level, Taxonomy};

use super::{Failure, print, print_json};
use crate::arguments::{KeywordsCommand, LibraryArguments, SampleArguments};

/// Checks, counts, measures, compares and exchanges libraries.
pub fn keywords(command: &KeywordsCommand) -> Result<u8, Failure> {
    match command {
        KeywordsCommand::Lint { library, as_of } => lint::lint_library(library, as_of.as_deref()),
        KeywordsCommand::Stats { library } => stats::stats(library),
        KeywordsCommand::Test(arguments) => test::test(arguments),
        KeywordsCommand::Diff(arguments) => diff::diff(arguments),
        KeywordsCommand::Import(arguments) => exchange::import_list(arguments),
        KeywordsCommand::Export(arguments) => exchange::export(arguments),
    }
}

fn load(arguments: &LibraryArguments) -> Result<(KeywordLibrary, std::sync::Arc<Taxonomy>), Failure> {
    load_named(&arguments.library, &arguments.taxonomy)
}

fn load_named(library: &str, taxonomy: &str) -> Result<(KeywordLibrary, std::sync::Arc<Taxonomy>), Failure> {
    let taxonomy = assets::taxonomy(taxonomy)?;
    let library = assets::keyword_library(library, &taxonomy)?;
    Ok((library, taxonomy))
}

/// The day that an option names; today where it names none.
fn day(option: &str, text: Option<&str>) -> Result<Date, Failure> {
    let Some(text) = text else { return today() };
    Date::parse(text).ok_or_else(|| Failure::usage(format!("{option} {text}: expected YYYY-MM-DD")))
}

fn today() -> Result<Date, Failure> {
    let text = chrono::Utc::now().date_naive().to_string();
    Date::parse(&text).ok_or_else(|| Failure::usage("the clock tells no date; give --as-of"))
}

/// Whether the entry at this position may decide.
fn enforces(entries: &[Entry], at: u32) -> bool {
    entries.get(at as usize).is_some_and(|entry| entry.level == Level::Enforce)
}

/// How a sample is to be read.
pub(super) fn sample_options(
    arguments: &SampleArguments,
    paths: &[std::path::PathBuf],
) -> Result<SampleOptions, Failure> {
    let only = match arguments.only.as_deref() {
        None => None,
        Some(text) => {
            let parts = text.split_once('=').filter(|(key, _)| !key.is_empty());
            let (key, value) = parts
                .ok_or_else(|| Failure::usage(format!("--only {text}: expected KEY=VALUE, such as split=train")))?;
            Some((key.to_owned(), value.to_owned()))
        }
    };
    Ok(SampleOptions { paths: paths.to_vec(), text: arguments.text.clone(), group: arguments.group.clone(), only })
}
