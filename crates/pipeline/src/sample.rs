//! Texts to measure a keyword library on: clean ones, or labelled ones.

use std::path::PathBuf;

use serde_json::Value;
use tamis_detect::Truth;
use tamis_rules::{RiskId, Taxonomy};
use tamis_shard::format::jsonl::{self, LineBlock};
use tamis_shard::format::parquet::{ParquetBlocks, ParquetShard};
use tamis_shard::{BlockSize, ColumnMap, Format, InputSet, InputShard, Limits, ShardError, SourceNamer, SourceOrigin};

use crate::PipelineError;

/// Where a sample stands and how it is read.
#[derive(Debug, Clone)]
pub struct SampleOptions {
    /// Shards, folders or globs.
    pub paths: Vec<PathBuf>,
    /// Column of the text.
    pub text: String,
    /// Column that names the data set, by which results are broken down.
    pub group: String,
    /// Read only JSONL records that have this text under this key.
    pub only: Option<(String, String)>,
}

/// One text of a sample.
#[derive(Debug, Clone, Copy)]
pub struct SampleText<'a> {
    /// The text.
    pub text: &'a str,
    /// Its data set; empty where it names none.
    pub group: &'a str,
    /// The language that it claims under `lang`; Parquet samples claim none.
    pub lang: Option<&'a str>,
    /// What is known about it.
    pub truth: Truth<'a>,
}

/// What was read of a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SampleCounts {
    /// Texts that were handed on.
    pub texts: u64,
    /// Records without a usable text, or with labels that cannot be read.
    pub unusable: u64,
    /// Records that another part of the sample has.
    pub passed_over: u64,
}

/// Reads a sample and hands each text to `sink`.
///
/// A JSONL record may be labelled: `categories` lists the codes that it carries and `known` those that its label
/// settles, `["*"]` for all of them. A record without labels, and every record of a Parquet shard, is taken for clean.
///
/// # Errors
/// [`PipelineError`] where there is no shard, where one cannot be read, or where nothing usable is in any.
pub fn read_sample(
    options: &SampleOptions,
    taxonomy: &Taxonomy,
    mut sink: impl FnMut(SampleText<'_>),
) -> Result<SampleCounts, PipelineError> {
    let input = InputSet::discover(&options.paths)?;
    let mut counts = SampleCounts::default();
    for shard in &input.shards {
        match shard.format {
            Format::Parquet => read_parquet(options, shard, &mut counts, &mut sink)?,
            Format::Jsonl(compression) => {
                let mut lines = jsonl::open_lines(&shard.file, compression, Limits::default(), BlockSize::default())
                    .map_err(|error| unreadable(shard, error))?;
                while let Some(block) = lines.next_block().map_err(|error| unreadable(shard, error))? {
                    read_lines(options, taxonomy, &block, &mut counts, &mut sink);
                }
            }
        }
    }
    if counts.texts == 0 {
        let SampleCounts { unusable, passed_over, .. } = counts;
        return Err(PipelineError::Usage(format!(
            "the sample has no text: {unusable} records have none under {:?}, {passed_over} are of another part; give \
             --text the name of the column",
            options.text
        )));
    }
    Ok(counts)
}

fn unreadable(shard: &InputShard, error: ShardError) -> PipelineError {
    match error {
        ShardError::Bad(bad) => PipelineError::Usage(format!("sample {}: {bad}", shard.file.display())),
        other => other.into(),
    }
}

fn read_parquet(
    options: &SampleOptions,
    shard: &InputShard,
    counts: &mut SampleCounts,
    sink: &mut impl FnMut(SampleText<'_>),
) -> Result<(), PipelineError> {
    let columns = ColumnMap {
        text: vec![options.text.clone()],
        id: None,
        source: SourceOrigin::Constant(String::new()),
        lang: None,
        modality: None,
    };
    let limits = Limits::default();
    let open = || ParquetBlocks::new(ParquetShard::open(&shard.file, limits)?, &columns, limits, BlockSize::default());
    let mut blocks = open().map_err(|error| unreadable(shard, error))?;
    let namer = SourceNamer::new(&columns.source, &shard.path);
    while let Some(block) = blocks.next_block().map_err(|error| unreadable(shard, error))? {
        for text in block.records(&columns, &namer).column(0) {
            match text {
                Some(text) => {
                    counts.texts += 1;
                    sink(SampleText { text, group: &shard.path, lang: None, truth: Truth::Clean });
                }
                None => counts.unusable += 1,
            }
        }
    }
    Ok(())
}

fn read_lines(
    options: &SampleOptions,
    taxonomy: &Taxonomy,
    block: &LineBlock,
    counts: &mut SampleCounts,
    sink: &mut impl FnMut(SampleText<'_>),
) {
    for at in 0..block.lines.len() {
        let record = block.line(at).and_then(|line| serde_json::from_slice::<Value>(&line).ok());
        let Some((labels, record)) = record.and_then(|record| Some((labels(&record, taxonomy)?, record))) else {
            counts.unusable += 1;
            continue;
        };
        if options.only.as_ref().is_some_and(|(key, value)| record.get(key).and_then(Value::as_str) != Some(value)) {
            counts.passed_over += 1;
            continue;
        }
        let Some(text) = record.get(&options.text).and_then(Value::as_str) else {
            counts.unusable += 1;
            continue;
        };
        let truth = match &labels {
            None => Truth::Clean,
            Some((found, settled)) => Truth::Labelled { found, settled },
        };
        counts.texts += 1;
        let group = record.get(&options.group).and_then(Value::as_str).unwrap_or_default();
        let lang = record.get("lang").and_then(Value::as_str);
        sink(SampleText { text, group, lang, truth });
    }
}

/// Codes that a record carries and those that are settled; `None` within where it is clean.
type Labels = Option<(Vec<RiskId>, Vec<RiskId>)>;

/// A record's labels; none where they cannot be read.
fn labels(record: &Value, taxonomy: &Taxonomy) -> Option<Labels> {
    let codes = |key: &str| -> Option<Vec<&str>> {
        match record.get(key) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(value) => value.as_array()?.iter().map(Value::as_str).collect(),
        }
    };
    let (found, known) = (codes("categories")?, codes("known")?);
    let all = known.contains(&"*");
    if found.is_empty() && (all || record.get("known").is_none()) {
        return Some(None);
    }
    let ids = |codes: &[&str]| codes.iter().map(|code| taxonomy.risk_id(code)).collect::<Option<Vec<_>>>();
    let found = ids(&found)?;
    let every = || taxonomy.risks().iter().filter_map(|risk| taxonomy.risk_id(&risk.code)).collect();
    let settled = if all { every() } else { ids(&known)? };
    Some(Some((found, settled)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_settle_what_they_name() {
        let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
        let read = |text: &str| labels(&serde_json::from_str(text).expect("JSON"), &taxonomy);
        let id = |code: &str| taxonomy.risk_id(code).expect("a code");
        assert_eq!(read(r#"{"text": "a"}"#), Some(None));
        assert_eq!(read(r#"{"categories": [], "known": ["*"]}"#), Some(None));
        assert_eq!(read(r#"{"known": ["A2e"]}"#), Some(Some((vec![], vec![id("A2e")]))));
        let both = read(r#"{"categories": ["A2e"], "known": ["A2e", "A2d"]}"#);
        assert_eq!(both, Some(Some((vec![id("A2e")], vec![id("A2e"), id("A2d")]))));
        assert_eq!(read(r#"{"categories": ["A2e"], "known": ["*"]}"#).flatten().expect("labels").1.len(), 31);
        assert_eq!(read(r#"{"categories": ["Z9"], "known": []}"#), None);
        assert_eq!(read(r#"{"categories": "A2e"}"#), None);
    }
}
