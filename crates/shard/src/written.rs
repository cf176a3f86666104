//! The records that a run wrote, under `data` and `rejected`, read back to be held against their verdicts.

use std::collections::VecDeque;
use std::path::Path;

use serde::Deserialize;

use crate::columns::{ColumnMap, SourceNamer, SourceOrigin};
use crate::format::jsonl::{self, JsonlParser, LineReader};
use crate::format::parquet::{AnnotationReader, ParquetBlocks, ParquetShard};
use crate::{ANNOTATION, BlockSize, Format, Limits, Records, ShardError};

/// What a kept record carries, as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// Identity of the record, 32 hex digits.
    pub record_id: String,
    /// Name of its source.
    pub source: String,
    /// Decided risks.
    pub risks: Vec<String>,
    /// Risks seen and not enforced.
    pub advisory: Vec<String>,
    /// Kinds of personal information found.
    pub pii: Vec<String>,
}

/// One written record, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRecord {
    /// Place in the file, 0-based.
    pub place: u64,
    /// The record's own id, where it is mapped.
    pub id: Option<String>,
    /// Its source by the record itself; none where only the annotation tells it.
    pub source: Option<String>,
    /// True where the record can be examined, as every written record could.
    pub examinable: bool,
    /// What it carries; none where it carries none.
    pub annotation: Option<Annotation>,
}

/// Reads the records of one file in order. Memory: one block.
pub struct WrittenRecords {
    stream: Stream,
    columns: ColumnMap,
    namer: SourceNamer,
    tells_source: bool,
    annotated: bool,
    next_place: u64,
}

enum Stream {
    Parquet(Box<ParquetBlocks>, Option<Box<AnnotationReader>>),
    Jsonl(Box<LineReader>, JsonlParser),
}

impl WrittenRecords {
    /// Opens a file that was written for the shard with this `<path>`. `annotated` says whether its records carry the
    /// annotation; `columns` and `limits` are those of the run.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where the file cannot be read, or lacks a mapped text column or the annotation.
    pub fn open(
        file: &Path,
        path: &str,
        format: Format,
        columns: &ColumnMap,
        limits: Limits,
        annotated: bool,
    ) -> Result<Self, ShardError> {
        let (columns, tells_source) = if annotated { outside_annotation(columns) } else { (columns.clone(), true) };
        let limits = wide(limits);
        let stream = match format {
            Format::Parquet => {
                let shard = ParquetShard::open(file, limits)?;
                let annotations = annotated.then(|| AnnotationReader::new(shard.clone())).transpose()?.map(Box::new);
                let blocks = ParquetBlocks::new(shard, &columns, limits, BlockSize::default())?;
                Stream::Parquet(Box::new(blocks), annotations)
            }
            Format::Jsonl(compression) => Stream::Jsonl(
                Box::new(jsonl::open_lines(file, compression, limits, BlockSize::default())?),
                JsonlParser::new(&columns, path),
            ),
        };
        let namer = SourceNamer::new(&columns.source, path);
        Ok(Self { stream, columns, namer, tells_source, annotated, next_place: 0 })
    }

    /// True where [`WrittenRecord::id`] is the record's own id: it is mapped, and not to the annotation.
    pub fn tells_id(&self) -> bool {
        self.columns.id.is_some()
    }

    /// The next records, none at the end.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where the file is damaged.
    pub fn next_records(&mut self) -> Result<Option<VecDeque<WrittenRecord>>, ShardError> {
        let (records, annotations) = match &mut self.stream {
            Stream::Parquet(blocks, reader) => {
                let Some(block) = blocks.next_block()? else { return Ok(None) };
                let annotations = match reader {
                    Some(reader) => reader.read(block.rows())?.into_iter().map(Some).collect(),
                    None => vec![None; block.rows()],
                };
                (block.records(&self.columns, &self.namer), annotations)
            }
            Stream::Jsonl(lines, parser) => {
                let Some(block) = lines.next_block()? else { return Ok(None) };
                let annotation = |index| {
                    let line = block.line(index).filter(|_| self.annotated)?;
                    jsonl::annotation_of(&line)
                };
                ((parser.parse(&block)), (0..block.lines.len()).map(annotation).collect())
            }
        };
        Ok(Some(self.join(records, annotations)))
    }

    fn join(&mut self, records: Records, annotations: Vec<Option<Annotation>>) -> VecDeque<WrittenRecord> {
        // Without a mapped text there is nothing that a record could lack.
        let no_text = self.columns.text.is_empty();
        let first = self.next_place;
        self.next_place += records.len() as u64;
        let heads = records.heads.into_iter().zip(annotations).enumerate();
        let written = heads.map(|(index, (head, annotation))| WrittenRecord {
            place: first + index as u64,
            id: head.id,
            source: self.tells_source.then_some(head.source),
            examinable: no_text || head.quarantine.is_none(),
            annotation,
        });
        written.collect()
    }
}

/// The mapping without what the annotation has replaced, and whether it still tells the source. Only a data set that
/// was filtered before can be mapped so.
fn outside_annotation(columns: &ColumnMap) -> (ColumnMap, bool) {
    let outside = |name: &String| name != ANNOTATION && !name.starts_with(&format!("{ANNOTATION}."));
    let mut columns = columns.clone();
    columns.text.retain(outside);
    columns.id = columns.id.filter(outside);
    let tells_source = match &columns.source {
        SourceOrigin::Column(name) | SourceOrigin::Url(name) => outside(name),
        SourceOrigin::PathPart(_) | SourceOrigin::Constant(_) => true,
    };
    if !tells_source {
        columns.source = SourceOrigin::Constant(String::new());
    }
    (columns, tells_source)
}

/// Bounds that every record passes that the run's own bounds let through, with its annotation: names in it may be
/// escaped, and so twice as long as they were.
fn wide(mut limits: Limits) -> Limits {
    const ANNOTATION_BYTES: usize = 64 << 10;
    limits.max_row_bytes = limits.max_row_bytes.saturating_mul(2).saturating_add(ANNOTATION_BYTES);
    // What is left of a shard may be its most repetitive part.
    limits.max_ratio = u64::MAX;
    limits.max_rows = None;
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> ColumnMap {
        ColumnMap {
            text: vec!["text".into()],
            id: Some("id".into()),
            source: SourceOrigin::Column("source".into()),
            lang: None,
            modality: None,
        }
    }

    #[test]
    fn lines_come_back_with_what_they_carry() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.jsonl");
        let carried = r#"{"record_id":"r","source":"s","risks":["A1f"],"advisory":[],"pii":[]}"#;
        let lines = format!(
            "{{\"id\":7,\"text\":\"t\",\"source\":\"s\",\"tamis\":{carried}}}\n{{\"text\":\"t\",\"tamis\":3}}\nno json\n"
        );
        std::fs::write(&file, lines).unwrap();
        let format = Format::of_name("x.jsonl").unwrap();
        let mut written = WrittenRecords::open(&file, "x.jsonl", format, &columns(), Limits::default(), true).unwrap();
        let records = written.next_records().unwrap().unwrap();
        assert_eq!((records[0].id.as_deref(), records[0].source.as_deref()), (Some("7"), Some("s")));
        let want = Annotation {
            record_id: "r".into(),
            source: "s".into(),
            risks: vec!["A1f".into()],
            ..Annotation::default()
        };
        assert_eq!(records[0].annotation.as_ref(), Some(&want));
        assert!(records[0].examinable && records[1].examinable && !records[2].examinable);
        assert_eq!((&records[1].annotation, &records[2].annotation), (&None, &None));
        assert_eq!(records[2].place, 2);
        assert!(written.next_records().unwrap().is_none());
    }

    #[test]
    fn what_the_annotation_replaced_is_not_asked_of_the_record() {
        let mapped = ColumnMap {
            id: Some("tamis.record_id".into()),
            source: SourceOrigin::Column("tamis.source".into()),
            ..columns()
        };
        let (outside, tells_source) = outside_annotation(&mapped);
        assert_eq!((outside.id, tells_source), (None, false));
        assert_eq!(outside_annotation(&columns()), (columns(), true));
    }
}
