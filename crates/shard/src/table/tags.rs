//! `tags/<path>.tags.parquet`: what the detectors said, one row per input record.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{
    Float32Builder, ListBuilder, StringBuilder, StructBuilder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow_array::{
    Array, ArrayRef, Float32Array, ListArray, RecordBatch, StringArray, StructArray, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use tamis_rules::{KeywordCount, Level, PiiKind, PiiSet, Quarantine, RiskId, RiskSet, Taxonomy};

use super::{Columns, StringLists, TableWriter, artefact, column, id_text, list_of, open, optional, strings_of};
use crate::commit::Staged;
use crate::{RecordId, ShardError};

/// A model head's score of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreTag {
    /// Name of the model.
    pub model: Arc<str>,
    /// The risk that the head scores.
    pub risk: RiskId,
    /// Calibrated score, 0–1000.
    pub score_milli: u16,
}

/// What the detectors said of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct TagRow {
    /// Row in the shard, 0-based.
    pub row: u64,
    /// Identity of the record.
    pub record_id: RecordId,
    /// The record's own id.
    pub id: Option<String>,
    /// Name of its source.
    pub source: String,
    /// Language tag of the record.
    pub lang: Option<String>,
    /// Modality tag of the record.
    pub modality: Option<String>,
    /// Bytes of its texts.
    pub bytes: u32,
    /// Characters of its texts.
    pub chars: u32,
    /// Why it was not examined.
    pub quarantine: Option<Quarantine>,
    /// Keyword evidence, one entry per risk and level.
    pub keywords: Vec<KeywordCount>,
    /// Model scores.
    pub scores: Vec<ScoreTag>,
    /// Kinds of personal information found.
    pub pii: PiiSet,
}

/// Columns of the file.
pub fn tags_schema() -> SchemaRef {
    let optional = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        Field::new("row", DataType::UInt64, false),
        Field::new("record_id", DataType::Utf8, false),
        optional("id"),
        Field::new("source", DataType::Utf8, false),
        optional("lang"),
        optional("modality"),
        Field::new("bytes", DataType::UInt32, false),
        Field::new("chars", DataType::UInt32, false),
        optional("quarantine"),
        Field::new("keyword_risks", list_of(DataType::Utf8), false),
        Field::new("keywords", list_of(DataType::Struct(keyword_fields())), false),
        Field::new("model_scores", list_of(DataType::Struct(score_fields())), false),
        Field::new("pii", list_of(DataType::Utf8), false),
    ]))
}

fn keyword_fields() -> Fields {
    Fields::from(vec![
        Field::new("code", DataType::Utf8, false),
        Field::new("level", DataType::Utf8, false),
        Field::new("entries", DataType::UInt16, false),
        Field::new("hits", DataType::UInt16, false),
    ])
}

fn score_fields() -> Fields {
    Fields::from(vec![
        Field::new("model", DataType::Utf8, false),
        Field::new("code", DataType::Utf8, false),
        Field::new("score", DataType::Float32, false),
    ])
}

/// Writes the file.
pub struct TagsWriter(TableWriter<TagColumns>);

impl TagsWriter {
    /// Creates the file; codes are written as the taxonomy spells them.
    ///
    /// # Errors
    /// [`ShardError::Io`] or [`ShardError::Encode`].
    pub fn create(target: &Path, taxonomy: Arc<Taxonomy>) -> Result<Self, ShardError> {
        let columns = TagColumns::new(taxonomy);
        Ok(Self(TableWriter::create(target, tags_schema(), columns)?))
    }

    /// Appends the next row.
    ///
    /// # Errors
    /// [`ShardError::Encode`].
    pub fn push(&mut self, row: &TagRow) -> Result<(), ShardError> {
        self.0.push(row)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`ShardError::Encode`] or [`ShardError::Io`].
    pub fn stage(self) -> Result<Staged, ShardError> {
        self.0.stage()
    }
}

struct TagColumns {
    taxonomy: Arc<Taxonomy>,
    row: UInt64Builder,
    record_id: StringBuilder,
    id: StringBuilder,
    source: StringBuilder,
    lang: StringBuilder,
    modality: StringBuilder,
    bytes: UInt32Builder,
    chars: UInt32Builder,
    quarantine: StringBuilder,
    keyword_risks: StringLists,
    keywords: ListBuilder<StructBuilder>,
    model_scores: ListBuilder<StructBuilder>,
    pii: StringLists,
}

impl TagColumns {
    fn new(taxonomy: Arc<Taxonomy>) -> Self {
        let lists = |fields: Fields| {
            let element = Arc::new(Field::new("element", DataType::Struct(fields.clone()), false));
            ListBuilder::new(StructBuilder::from_fields(fields, 0)).with_field(element)
        };
        Self {
            taxonomy,
            row: UInt64Builder::new(),
            record_id: StringBuilder::new(),
            id: StringBuilder::new(),
            source: StringBuilder::new(),
            lang: StringBuilder::new(),
            modality: StringBuilder::new(),
            bytes: UInt32Builder::new(),
            chars: UInt32Builder::new(),
            quarantine: StringBuilder::new(),
            keyword_risks: StringLists::default(),
            keywords: lists(keyword_fields()),
            model_scores: lists(score_fields()),
            pii: StringLists::default(),
        }
    }

    fn push_keywords(&mut self, counts: &[KeywordCount]) {
        let values = self.keywords.values();
        for count in counts {
            append_text(values, 0, self.taxonomy.code(count.risk));
            append_text(values, 1, count.level.name());
            for (field, number) in [(2, count.entries), (3, count.hits)] {
                if let Some(builder) = values.field_builder::<UInt16Builder>(field) {
                    builder.append_value(number);
                }
            }
            values.append(true);
        }
        self.keywords.append(true);
    }

    fn push_scores(&mut self, scores: &[ScoreTag]) {
        let values = self.model_scores.values();
        for score in scores {
            append_text(values, 0, &score.model);
            append_text(values, 1, self.taxonomy.code(score.risk));
            if let Some(builder) = values.field_builder::<Float32Builder>(2) {
                builder.append_value(f32::from(score.score_milli) / 1000.0);
            }
            values.append(true);
        }
        self.model_scores.append(true);
    }
}

/// Risks with a keyword that may decide.
fn enforced(row: &TagRow) -> RiskSet {
    row.keywords.iter().filter(|count| count.level == Level::Enforce).map(|count| count.risk).collect()
}

fn append_text(values: &mut StructBuilder, field: usize, text: &str) {
    if let Some(builder) = values.field_builder::<StringBuilder>(field) {
        builder.append_value(text);
    }
}

impl Columns for TagColumns {
    type Row = TagRow;

    fn push(&mut self, row: &TagRow) {
        self.row.append_value(row.row);
        self.record_id.append_value(id_text(&row.record_id.hex()));
        self.id.append_option(row.id.as_deref());
        self.source.append_value(&row.source);
        self.lang.append_option(row.lang.as_deref());
        self.modality.append_option(row.modality.as_deref());
        self.bytes.append_value(row.bytes);
        self.chars.append_value(row.chars);
        self.quarantine.append_option(row.quarantine.map(|reason| reason.name()));
        self.keyword_risks.push(self.taxonomy.codes(enforced(row)));
        self.push_keywords(&row.keywords);
        self.push_scores(&row.scores);
        self.pii.push(row.pii.iter().map(|kind| kind.name()));
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.row.finish()),
            Arc::new(self.record_id.finish()),
            Arc::new(self.id.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.lang.finish()),
            Arc::new(self.modality.finish()),
            Arc::new(self.bytes.finish()),
            Arc::new(self.chars.finish()),
            Arc::new(self.quarantine.finish()),
            self.keyword_risks.finish(),
            Arc::new(self.keywords.finish()),
            Arc::new(self.model_scores.finish()),
            self.pii.finish(),
        ]
    }
}

/// Reads the file back, row by row.
pub struct TagsReader {
    path: std::path::PathBuf,
    taxonomy: Arc<Taxonomy>,
    batches: ParquetRecordBatchReader,
    rows: std::vec::IntoIter<TagRow>,
    check_derived: bool,
}

impl TagsReader {
    /// Opens the file.
    ///
    /// # Errors
    /// [`ShardError::Io`], or [`ShardError::Artefact`] where it is no tags file.
    pub fn open(path: &Path, taxonomy: Arc<Taxonomy>) -> Result<Self, ShardError> {
        let batches = open(path, &tags_schema())?;
        Ok(Self { path: path.to_path_buf(), taxonomy, batches, rows: Vec::new().into_iter(), check_derived: false })
    }

    /// Also holds `keyword_risks`, which no row needs, against the `keywords` that it is derived from.
    #[must_use]
    pub fn check_derived(mut self) -> Self {
        self.check_derived = true;
        self
    }

    /// The next row, none at the end.
    ///
    /// # Errors
    /// [`ShardError::Artefact`] where the file is damaged or names a code that the taxonomy lacks.
    pub fn next_row(&mut self) -> Result<Option<TagRow>, ShardError> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            match self.batches.next() {
                None => return Ok(None),
                Some(batch) => {
                    let batch = batch.map_err(|error| artefact(&self.path, error.to_string()))?;
                    self.rows = self.read(&batch)?.into_iter();
                }
            }
        }
    }

    fn read(&self, batch: &RecordBatch) -> Result<Vec<TagRow>, ShardError> {
        let path = &self.path;
        let text = |name: &str| column::<StringArray>(batch, name, path);
        let row = column::<UInt64Array>(batch, "row", path)?;
        let (record_id, id, source) = (text("record_id")?, text("id")?, text("source")?);
        let (lang, modality, quarantine) = (text("lang")?, text("modality")?, text("quarantine")?);
        let bytes = column::<UInt32Array>(batch, "bytes", path)?;
        let chars = column::<UInt32Array>(batch, "chars", path)?;
        let keywords = column::<ListArray>(batch, "keywords", path)?;
        let scores = column::<ListArray>(batch, "model_scores", path)?;
        let pii = column::<ListArray>(batch, "pii", path)?;
        let derived = if self.check_derived { Some(column::<ListArray>(batch, "keyword_risks", path)?) } else { None };
        let rows = (0..batch.num_rows()).map(|n| {
            let tag = TagRow {
                row: row.value(n),
                record_id: self.known(RecordId::parse, record_id.value(n), "record id")?,
                id: optional(id, n),
                source: source.value(n).to_string(),
                lang: optional(lang, n),
                modality: optional(modality, n),
                bytes: bytes.value(n),
                chars: chars.value(n),
                quarantine: match optional(quarantine, n) {
                    Some(name) => Some(self.known(Quarantine::parse, &name, "quarantine reason")?),
                    None => None,
                },
                keywords: self.keyword_counts(&keywords.value(n))?,
                scores: self.score_tags(&scores.value(n))?,
                pii: strings_of(pii, n)
                    .iter()
                    .map(|name| self.known(PiiKind::parse, name, "kind of personal information"))
                    .collect::<Result<PiiSet, _>>()?,
            };
            match derived {
                Some(derived) if !self.keyword_risks(&tag).eq(strings_of(derived, n)) => {
                    let message = format!("row {}: keyword_risks are not the enforced codes of keywords", tag.row);
                    Err(artefact(path, message))
                }
                _ => Ok(tag),
            }
        });
        rows.collect()
    }

    fn keyword_risks(&self, row: &TagRow) -> impl Iterator<Item = &str> {
        self.taxonomy.codes(enforced(row))
    }

    fn keyword_counts(&self, list: &ArrayRef) -> Result<Vec<KeywordCount>, ShardError> {
        let Some(fields) = list.as_any().downcast_ref::<StructArray>().filter(|list| !list.is_empty()) else {
            return Ok(Vec::new());
        };
        let batch = RecordBatch::from(fields);
        let codes = column::<StringArray>(&batch, "code", &self.path)?;
        let levels = column::<StringArray>(&batch, "level", &self.path)?;
        let entries = column::<UInt16Array>(&batch, "entries", &self.path)?;
        let hits = column::<UInt16Array>(&batch, "hits", &self.path)?;
        let counts = (0..batch.num_rows()).map(|n| {
            Ok(KeywordCount {
                risk: self.risk(codes.value(n))?,
                level: self.known(Level::parse, levels.value(n), "level")?,
                entries: entries.value(n),
                hits: hits.value(n),
            })
        });
        counts.collect()
    }

    fn score_tags(&self, list: &ArrayRef) -> Result<Vec<ScoreTag>, ShardError> {
        let Some(fields) = list.as_any().downcast_ref::<StructArray>().filter(|list| !list.is_empty()) else {
            return Ok(Vec::new());
        };
        let batch = RecordBatch::from(fields);
        let models = column::<StringArray>(&batch, "model", &self.path)?;
        let codes = column::<StringArray>(&batch, "code", &self.path)?;
        let scores = column::<Float32Array>(&batch, "score", &self.path)?;
        let tags = (0..batch.num_rows()).map(|n| {
            Ok(ScoreTag {
                model: models.value(n).into(),
                risk: self.risk(codes.value(n))?,
                score_milli: (scores.value(n) * 1000.0).round() as u16,
            })
        });
        tags.collect()
    }

    fn risk(&self, code: &str) -> Result<RiskId, ShardError> {
        self.known(|code| self.taxonomy.risk_id(code), code, "risk")
    }

    fn known<T>(&self, parse: impl Fn(&str) -> Option<T>, text: &str, what: &str) -> Result<T, ShardError> {
        parse(text).ok_or_else(|| artefact(&self.path, format!("unknown {what} {text:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordIds;

    #[test]
    fn rows_come_back_as_they_were_written() {
        let taxonomy = Arc::new(Taxonomy::builtin("gbt45654").unwrap());
        let risk = taxonomy.risk_id("A2e").unwrap();
        let ids = RecordIds::new("x", "");
        let row = |row: u64| TagRow {
            row,
            record_id: ids.row(row),
            id: (row.is_multiple_of(2)).then(|| row.to_string()),
            source: "源".into(),
            lang: Some("zh".into()),
            modality: None,
            bytes: 3,
            chars: 1,
            quarantine: (row.is_multiple_of(5)).then_some(Quarantine::Schema),
            keywords: (0..row % 3)
                .map(|_| KeywordCount { risk, level: Level::Advisory, entries: 2, hits: 9 })
                .collect(),
            scores: (0..row % 2).map(|_| ScoreTag { model: "m".into(), risk, score_milli: 123 }).collect(),
            pii: (row.is_multiple_of(7)).then_some(PiiKind::ALL[3]).into_iter().collect(),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tags.parquet");
        let mut writer = TagsWriter::create(&path, Arc::clone(&taxonomy)).unwrap();
        let rows: Vec<TagRow> = (0..20_000).map(row).collect();
        rows.iter().for_each(|row| writer.push(row).unwrap());
        writer.stage().unwrap().place().unwrap();
        let mut reader = TagsReader::open(&path, taxonomy).unwrap();
        for row in &rows {
            assert_eq!(reader.next_row().unwrap().as_ref(), Some(row));
        }
        assert_eq!(reader.next_row().unwrap(), None);
    }

    #[test]
    fn another_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"no parquet").unwrap();
        let taxonomy = Arc::new(Taxonomy::builtin("gbt45654").unwrap());
        let message = TagsReader::open(&path, taxonomy).err().unwrap().to_string();
        assert!(message.contains("x:") && message.contains("run again"), "{message}");
    }
}
