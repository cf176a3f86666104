//! The struct column `tamis` of a written file, read leaf by leaf.

use std::sync::Arc;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};

use super::annotation::{LISTS, SCALARS};
use super::file::ParquetShard;
use crate::error::BadShardKind;
use crate::limits::Expansion;
use crate::{ANNOTATION, Annotation, ShardError};

/// Reads the annotations of a file in row order, across row groups.
pub struct AnnotationReader {
    shard: ParquetShard,
    expansion: Arc<Expansion>,
    /// Places of the leaves in the schema: the scalars, then the lists.
    leaves: Vec<usize>,
    group: usize,
    open: Option<(Vec<Leaf>, usize)>,
}

struct Leaf {
    reader: ColumnReaderImpl<ByteArrayType>,
    name: String,
    max_def: i16,
}

impl AnnotationReader {
    /// Finds the column's leaves.
    ///
    /// # Errors
    /// [`ShardError::Bad`] of kind `schema` where one is missing.
    pub fn new(shard: ParquetShard) -> Result<Self, ShardError> {
        let schema = shard.metadata.file_metadata().schema_descr_ptr();
        let scalars = SCALARS.map(|name| format!("{ANNOTATION}.{name}"));
        let lists = LISTS.map(|name| format!("{ANNOTATION}.{name}.list.element"));
        let find = |name: &String| {
            let place = schema.columns().iter().position(|leaf| leaf.path().string() == *name);
            place.ok_or_else(|| ShardError::bad(BadShardKind::Schema, format!("column {name:?} not found")))
        };
        let leaves = scalars.iter().chain(&lists).map(find).collect::<Result<_, _>>()?;
        Ok(Self { expansion: shard.expansion(), shard, leaves, group: 0, open: None })
    }

    /// The annotations of the next `rows` rows.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where a leaf is damaged, of another type, or ends early.
    pub fn read(&mut self, rows: usize) -> Result<Vec<Annotation>, ShardError> {
        let mut out = Vec::with_capacity(rows);
        while out.len() < rows {
            let (mut leaves, left) = match self.open.take().filter(|(_, left)| *left > 0) {
                Some(open) => open,
                None => self.open_group()?,
            };
            let step = left.min(rows - out.len());
            read_rows(&mut leaves, step, &mut out)?;
            self.open = Some((leaves, left - step));
        }
        Ok(out)
    }

    fn open_group(&mut self) -> Result<(Vec<Leaf>, usize), ShardError> {
        let group = self.group;
        if group >= self.shard.row_groups() {
            return Err(ShardError::bad(BadShardKind::Truncated, format!("column {ANNOTATION:?} ends early")));
        }
        self.group += 1;
        let leaves = self.leaves.iter().map(|leaf| Leaf::open(&self.shard, group, *leaf, &self.expansion));
        Ok((leaves.collect::<Result<_, _>>()?, self.shard.rows_of(group)))
    }
}

impl Leaf {
    fn open(shard: &ParquetShard, group: usize, index: usize, expansion: &Arc<Expansion>) -> Result<Self, ShardError> {
        let descriptor = shard.group(group).column(index).column_descr_ptr();
        let (name, max_def) = (descriptor.path().string(), descriptor.max_def_level());
        match shard.values(group, index, expansion)?.0 {
            ColumnReader::ByteArrayColumnReader(reader) => Ok(Self { reader, name, max_def }),
            _ => Err(ShardError::bad(BadShardKind::Schema, format!("column {name:?} is not text"))),
        }
    }

    /// The strings of the next `rows` rows, one list a row.
    fn read(&mut self, rows: usize) -> Result<Vec<Vec<String>>, ShardError> {
        let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let read = self.reader.read_records(rows, Some(&mut definitions), Some(&mut repetitions), &mut values);
        let (records, _, _) = read.map_err(ShardError::decoding)?;
        // A leaf that is neither optional nor repeated has no levels.
        if definitions.is_empty() {
            definitions = vec![self.max_def; values.len()];
        }
        repetitions.resize(definitions.len(), 0);
        let mut values = values.into_iter();
        let mut out: Vec<Vec<String>> = Vec::with_capacity(rows);
        for (definition, repetition) in definitions.iter().zip(repetitions) {
            if repetition == 0 {
                out.push(Vec::new());
            }
            let value = (*definition == self.max_def).then(|| values.next()).flatten();
            if let (Some(list), Some(value)) = (out.last_mut(), value) {
                list.push(text(&value));
            }
        }
        if records == rows && out.len() == rows {
            return Ok(out);
        }
        let detail = format!("column {:?} ends early: {records} rows read where {rows} were expected", self.name);
        Err(ShardError::bad(BadShardKind::Truncated, detail))
    }
}

fn text(value: &ByteArray) -> String {
    String::from_utf8_lossy(value.data()).into_owned()
}

fn read_rows(leaves: &mut [Leaf], rows: usize, out: &mut Vec<Annotation>) -> Result<(), ShardError> {
    let columns = leaves.iter_mut().map(|leaf| leaf.read(rows)).collect::<Result<Vec<_>, _>>()?;
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    for _ in 0..rows {
        let mut next = columns.iter_mut().map(|column| column.next().unwrap_or_default());
        let mut next = || next.next().unwrap_or_default();
        out.push(Annotation {
            record_id: next().concat(),
            source: next().concat(),
            risks: next(),
            advisory: next(),
            pii: next(),
        });
    }
    Ok(())
}
