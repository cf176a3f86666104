//! The pipeline file: typed TOML, unknown keys refused with the nearest right one.

mod source;
mod units;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tamis_rules::PolicySpec;
use tamis_shard::Limits;

pub use source::SourceSpec;
pub use units::{ByteSize, OneOrMany};

use crate::PipelineError;

/// A pipeline file as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineSpec {
    /// What is read.
    pub input: InputSpec,
    /// What looks at it.
    pub detect: DetectSpec,
    /// What follows from what was seen.
    pub policy: PolicySpec,
    /// What is written.
    pub output: OutputSpec,
    /// How the machine is used.
    pub run: RunSpec,
}

/// `[input]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputSpec {
    /// Files, folders and globs, relative to the pipeline file.
    pub paths: Vec<PathBuf>,
    /// Text column, or several that are scanned each.
    pub text: OneOrMany,
    /// Column of the record's own id.
    pub id: Option<String>,
    /// Where a record's source comes from.
    pub source: SourceSpec,
    /// Column of the language tag.
    pub lang: Option<String>,
    /// Column of the modality tag.
    pub modality: Option<String>,
    /// Largest record; a larger one is quarantined as `limit`.
    pub max_row_bytes: ByteSize,
    /// Most bytes that a shard may decode to per stored byte, beyond its first 64 MiB; a shard over it is set aside as
    /// `limit`.
    pub max_ratio: u64,
    /// Largest page of a Parquet shard once decompressed; a shard with a larger one is set aside as `limit`.
    pub max_page_bytes: ByteSize,
}

impl Default for InputSpec {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            text: OneOrMany(vec!["text".into()]),
            id: Some("id".into()),
            source: SourceSpec::default(),
            lang: Some("lang".into()),
            modality: None,
            max_row_bytes: ByteSize(Limits::default().max_row_bytes),
            max_ratio: Limits::default().max_ratio,
            max_page_bytes: ByteSize(Limits::default().max_page_bytes),
        }
    }
}

/// `[detect]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectSpec {
    /// `[detect.keywords]`
    pub keywords: KeywordsSpec,
    /// `[detect.pii]`; without it, personal information is not looked for.
    pub pii: Option<PiiSpec>,
    /// `[[detect.model]]`, in the order in which they are asked.
    pub model: Vec<ModelSpec>,
}

/// `[[detect.model]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Folder of the model, or `builtin:lin31`.
    pub path: String,
    /// Which records it is asked about.
    #[serde(default)]
    pub mode: ModeSpec,
    /// What runs it: `cpu`, `cuda`, `cuda:1` or `auto`. Models of `hashed-ngrams/1` always run on the CPU.
    #[serde(default)]
    pub device: Option<String>,
    /// Refuse where the device is not there, instead of falling back to the CPU.
    #[serde(default)]
    pub strict: bool,
    /// ONNX Runtime's library, where it is not found by itself.
    #[serde(default)]
    pub runtime: Option<PathBuf>,
    /// Device workers; 0 is one per thread on a CPU and one per device else.
    #[serde(default)]
    pub workers: usize,
    /// Tokens of a batch, padding included.
    #[serde(default)]
    pub batch_tokens: Option<usize>,
}

impl ModelSpec {
    /// The model of this path, asked about every record on the processor.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            mode: ModeSpec::All,
            device: None,
            strict: false,
            runtime: None,
            workers: 0,
            batch_tokens: None,
        }
    }
}

/// Which records a model is asked about.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ModeSpec {
    /// Every record.
    #[default]
    All,
    /// A share of them, drawn by a keyed hash of the text, so that a record is drawn in every run or in none.
    Sample {
        /// Records of a thousand.
        per_mille: u16,
        /// Key of the draw.
        #[serde(default)]
        seed: u64,
    },
    /// Those of which an earlier model has a score in a band.
    Uncertain {
        /// The earlier model's name.
        model: String,
        /// Lowest score, 0 to 1.
        low: f32,
        /// Highest score, 0 to 1.
        high: f32,
    },
}

/// `[detect.pii]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PiiSpec {
    /// Kinds that are looked for; every kind that has a structure where it is left out.
    pub kinds: Option<Vec<String>>,
    /// What is reported beside what is always reported: addresses of private networks, names and numbers kept for
    /// documentation, those of public services.
    pub also: Vec<AlsoSpec>,
}

/// What belongs to nobody in particular, and is reported where it is asked for only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlsoSpec {
    /// `192.168.0.1`, `fe80::1`.
    Private,
    /// `192.0.2.1`, `a@example.com`, `555-0100`.
    Documentation,
    /// Public resolvers such as `8.8.8.8`.
    Service,
}

/// `[detect.keywords]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeywordsSpec {
    /// Library folders, or `builtin:keywords`, stacked in this order. Empty: no keyword detector.
    pub libraries: Vec<String>,
    /// Ids of entries that are left out.
    pub remove: Vec<String>,
}

impl Default for KeywordsSpec {
    fn default() -> Self {
        Self { libraries: vec!["builtin:keywords".into()], remove: Vec::new() }
    }
}

/// `[output]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutputSpec {
    /// Output folder, relative to the pipeline file.
    pub path: Option<PathBuf>,
    /// Whether kept records carry the `tamis` column.
    pub annotate: bool,
    /// Whether dropped records are written under `rejected/`.
    pub keep_rejected: bool,
    /// File of the secret key that pseudonyms are made with, relative to the pipeline file; read only where the policy
    /// asks for any.
    pub pseudonym_key: Option<PathBuf>,
}

impl Default for OutputSpec {
    fn default() -> Self {
        Self { path: None, annotate: true, keep_rejected: false, pseudonym_key: None }
    }
}

/// `[run]`: never changes a byte of the outputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunSpec {
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// Memory that blocks in flight may take.
    pub memory: ByteSize,
    /// Most rows of a block.
    pub batch_rows: usize,
    /// Read only the first records of every shard. (This one does change the outputs, and their fingerprints.)
    pub limit: Option<u64>,
    /// Stop at the first shard that is set aside.
    pub fail_fast: bool,
}

impl Default for RunSpec {
    fn default() -> Self {
        Self { threads: 0, memory: ByteSize(512 << 20), batch_rows: 8192, limit: None, fail_fast: false }
    }
}

impl PipelineSpec {
    /// Parses a pipeline file with `key=value` settings laid over it. Paths in the file become relative to its
    /// folder; paths in settings stay as they are.
    ///
    /// # Errors
    /// [`PipelineError::Usage`] with the file, the line, and the nearest right name for an unknown key.
    pub fn parse(text: &str, origin: &str, folder: &Path, settings: &[String]) -> Result<Self, PipelineError> {
        // Read as written first: only this text has lines to point at.
        toml::from_str::<Self>(text).map_err(|error| refuse(origin, text, &error))?;
        let mut table: toml::Table = toml::from_str(text).map_err(|error| refuse(origin, text, &error))?;
        PATH_KEYS.iter().for_each(|key| rebase(&mut table, key, folder));
        settings.iter().try_for_each(|setting| set(&mut table, setting))?;
        Self::deserialize(table).map_err(|error| refuse("--set", "", &error))
    }
}

/// Keys whose values are paths, or references that may be.
const PATH_KEYS: [&[&str]; 7] = [
    &["input", "paths"],
    &["output", "path"],
    &["output", "pseudonym_key"],
    &["detect", "keywords", "libraries"],
    &["detect", "model", "path"],
    &["detect", "model", "runtime"],
    &["policy", "taxonomy"],
];

/// Makes the paths under a key relative to the pipeline file's folder; `builtin:` references stay.
fn rebase(table: &mut toml::Table, key: &[&str], folder: &Path) {
    match key {
        [] => {}
        [last] => {
            if let Some(value) = table.get_mut(*last) {
                rebase_value(value, folder);
            }
        }
        [first, rest @ ..] => match table.get_mut(*first) {
            Some(toml::Value::Table(inner)) => rebase(inner, rest, folder),
            Some(toml::Value::Array(many)) => {
                many.iter_mut().filter_map(toml::Value::as_table_mut).for_each(|inner| rebase(inner, rest, folder));
            }
            _ => {}
        },
    }
}

fn rebase_value(value: &mut toml::Value, folder: &Path) {
    match value {
        toml::Value::Array(values) => values.iter_mut().for_each(|value| rebase_value(value, folder)),
        toml::Value::String(text) if !text.starts_with("builtin:") => *text = folder.join(&*text).display().to_string(),
        _ => {}
    }
}

/// Lays `a.b.c=value` over a table; a value that is no TOML is taken as a string.
fn set(table: &mut toml::Table, setting: &str) -> Result<(), PipelineError> {
    let usage = |message: &str| PipelineError::Usage(format!("--set {setting}: {message}"));
    let (key, text) = setting.split_once('=').ok_or_else(|| usage("expected key=value, for example run.threads=4"))?;
    let value = toml::from_str::<toml::Table>(&format!("v = {text}")).ok().and_then(|mut table| table.remove("v"));
    let value = value.unwrap_or_else(|| toml::Value::String(text.to_string()));
    let mut parts = key.trim().split('.').peekable();
    let mut at = table;
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            at.insert(part.to_string(), value);
            return Ok(());
        }
        let next = at.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = next.as_table_mut().ok_or_else(|| usage("a part of the key before the last is no table"))?;
    }
    Err(usage("the key is empty"))
}

/// Turns a TOML error into a message with file, line and the nearest right name.
fn refuse(origin: &str, text: &str, error: &toml::de::Error) -> PipelineError {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let place = line.map_or_else(|| origin.to_string(), |line| format!("{origin}, line {line}"));
    let message = error.message();
    let hint = nearest(message).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    PipelineError::Usage(format!("{place}: {message}{hint}"))
}

/// The nearest of the names that serde expected to the one it got: both stand in its message in backticks.
fn nearest(message: &str) -> Option<&str> {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (got, expected) = names.split_first().filter(|_| message.starts_with("unknown "))?;
    let distance = |name: &&&str| strsim::damerau_levenshtein(got, name);
    expected.iter().min_by_key(distance).filter(|name| distance(name) <= got.len().div_ceil(2)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, settings: &[&str]) -> Result<PipelineSpec, String> {
        let settings: Vec<String> = settings.iter().map(|it| (*it).to_string()).collect();
        PipelineSpec::parse(text, "p.toml", Path::new("/base"), &settings).map_err(|error| error.to_string())
    }

    #[test]
    fn unknown_keys_are_refused_with_line_and_nearest_name() {
        let message = parse("[run]\nthreds = 2\n", &[]).unwrap_err();
        assert!(message.contains("p.toml, line 2") && message.contains("did you mean `threads`?"), "{message}");
        let message = parse("[polcy]\n", &[]).unwrap_err();
        assert!(message.contains("did you mean `policy`?"), "{message}");
        let message = parse("[policy.risks.A1f]\nacton = \"drop\"\n", &[]).unwrap_err();
        assert!(message.contains("did you mean `action`?"), "{message}");
        let message = parse("", &["run.threds=2"]).unwrap_err();
        assert!(message.contains("did you mean `threads`?"), "{message}");
    }

    #[test]
    fn paths_are_relative_to_the_file_and_settings_to_the_caller() {
        let text = "[input]\npaths = ['in']\n[output]\npath = '../out'\npseudonym_key = 'k'\n";
        let spec = parse(text, &["run.threads=3"]).unwrap();
        assert_eq!(spec.input.paths, [PathBuf::from("/base/in")]);
        assert_eq!(spec.output.path, Some(PathBuf::from("/base/../out")));
        assert_eq!(spec.output.pseudonym_key, Some(PathBuf::from("/base/k")));
        assert_eq!(spec.run.threads, 3);
        let spec = parse(text, &["output.path=elsewhere", "output.pseudonym_key=k", "run.memory=1GiB"]).unwrap();
        assert_eq!(spec.output.path, Some(PathBuf::from("elsewhere")));
        assert_eq!(spec.output.pseudonym_key, Some(PathBuf::from("k")));
        assert_eq!(spec.run.memory, ByteSize(1 << 30));
    }
}
