//! A look at every shard's footer or first lines, so that a wrong mapping is found before any work is done.

use std::collections::BTreeSet;

use serde::Serialize;
use tamis_shard::format::jsonl;
use tamis_shard::format::parquet::ParquetShard;
use tamis_shard::{Format, InputShard, Role, ShardError, nearest_name, nearest_names};

use crate::schedule::guarded;
use crate::{PipelineError, RunPlan};

/// What a shard shows of itself.
#[derive(Debug, Clone, Serialize)]
pub struct ShardPreview {
    /// The shard's `<path>`.
    pub path: String,
    /// Format and compression.
    pub format: &'static str,
    /// Stored bytes.
    pub bytes: u64,
    /// Rows, where the footer tells them.
    pub rows: Option<u64>,
    /// Columns of the footer, or keys of the first objects.
    pub columns: Vec<String>,
    /// Why the shard will be set aside, where that shows already.
    pub trouble: Option<String>,
    #[serde(skip)]
    kinds: Shown,
}

/// How much is known of a shard's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// All columns are known.
    All,
    /// Some objects were seen; later ones may have other keys.
    Some,
    /// Nothing could be read.
    Nothing,
}

/// Looks at every shard of a plan and checks the column mapping against them.
///
/// # Errors
/// [`PipelineError::Usage`] where no readable shard has a mapped text column.
pub fn preflight(plan: &RunPlan) -> Result<Vec<ShardPreview>, PipelineError> {
    let previews: Vec<ShardPreview> = plan.input.shards.iter().map(|shard| preview(plan, shard)).collect();
    for name in &plan.columns.text {
        let readable = previews.iter().filter(|shard| shard.kinds != Shown::Nothing).count();
        if readable > 0 && !previews.iter().any(|shard| shard.may_have(name)) {
            return Err(no_such_column(name, &previews));
        }
    }
    Ok(previews)
}

/// Mapped columns other than text that no shard shows; they will be null throughout.
pub fn absent_columns(plan: &RunPlan, previews: &[ShardPreview]) -> Vec<String> {
    let mut absent: Vec<String> = Vec::new();
    for (role, name) in plan.columns.wanted() {
        let seen = previews.iter().any(|shard| shard.has(name) || shard.kinds == Shown::Nothing);
        if !matches!(role, Role::Text(_)) && !seen && !absent.iter().any(|it| it == name) {
            absent.push(name.to_string());
        }
    }
    absent
}

impl ShardPreview {
    fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column == name || name.starts_with(&format!("{column}.")))
    }

    fn may_have(&self, name: &str) -> bool {
        self.kinds != Shown::Nothing && self.has(name)
    }
}

fn preview(plan: &RunPlan, shard: &InputShard) -> ShardPreview {
    let mut preview = ShardPreview {
        path: shard.path.clone(),
        format: shard.format.name(),
        bytes: shard.bytes,
        rows: None,
        columns: Vec::new(),
        trouble: None,
        kinds: Shown::Nothing,
    };
    if let Err(error) = guarded(|| look(plan, shard, &mut preview)) {
        preview.trouble = Some(error.to_string());
    }
    preview
}

fn look(plan: &RunPlan, shard: &InputShard, preview: &mut ShardPreview) -> Result<(), ShardError> {
    match shard.format {
        Format::Parquet => {
            let file = ParquetShard::open(&shard.file, plan.limits)?;
            preview.rows = Some(file.rows());
            preview.columns = file.column_names();
            preview.kinds = Shown::All;
            file.check_columns(&plan.columns)
        }
        Format::Jsonl(compression) => {
            let seen = jsonl::preview(&shard.file, compression)?;
            preview.kinds = if seen.objects > 0 { Shown::Some } else { Shown::Nothing };
            preview.columns = seen.keys.into_iter().collect();
            Ok(())
        }
    }
}

fn no_such_column(name: &str, previews: &[ShardPreview]) -> PipelineError {
    let columns: BTreeSet<&str> = previews.iter().flat_map(|shard| &shard.columns).map(String::as_str).collect();
    let nearest = nearest_name(name, columns.iter().copied());
    let hint = nearest.map(|nearest| format!("; set input.text = {nearest:?}, or another of them")).unwrap_or_default();
    let columns = nearest_names(name, columns);
    PipelineError::Usage(format!("no shard has the text column {name:?}; columns are {columns}{hint}"))
}
