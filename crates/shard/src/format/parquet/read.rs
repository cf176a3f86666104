//! Blocks of records from the mapped leaves, with the texts borrowed from the decompressed pages.

use std::sync::Arc;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use tamis_rules::Quarantine;

use super::file::ParquetShard;
use super::mapping::{head_leaves, is_integer, is_text, is_unsigned, text_leaves};
use super::pages::{InPage, PageState};
use crate::columns::{ColumnMap, Role, SourceNamer};
use crate::error::BadShardKind;
use crate::limits::Expansion;
use crate::records::{HeadValues, Records, Text};
use crate::{BlockSize, Limits, ShardError};

/// Rows of a step at most. Steps are the same on every machine, so that what a damaged shard is set aside for is too.
const STEP_ROWS: usize = 1024;
/// Bytes of text that a step aims at by the footer's word, and those after which it ends.
const STEP_BYTES: (usize, usize) = (256 << 10, 1 << 20);

/// Reads a shard's mapped columns, block by block, in row order.
pub struct ParquetBlocks {
    shard: ParquetShard,
    text_leaves: Vec<usize>,
    head_leaves: Vec<(Role, usize)>,
    limits: Limits,
    block: BlockSize,
    expansion: Arc<Expansion>,
    group: usize,
    open: Option<OpenGroup>,
    next_row: u64,
    whole_rows: u64,
}

/// The readers of one row group, and what they have read that no block has taken yet.
struct OpenGroup {
    texts: Vec<Leaf>,
    heads: Vec<(Role, Leaf)>,
    rows_left: usize,
    /// Rows read at a time.
    step: usize,
    ready: Rows,
}

/// The stored values of some rows.
#[derive(Default)]
struct Rows {
    count: usize,
    text_bytes: usize,
    texts: Vec<Vec<Option<ByteArray>>>,
    heads: Vec<(Role, Vec<Option<ByteArray>>)>,
}

/// The stored values of the rows of a block.
pub struct ParquetBlock {
    first_row: u64,
    rows: Rows,
    max_row_bytes: usize,
}

impl ParquetBlocks {
    /// Prepares to read; nothing but the footer has been read so far.
    ///
    /// # Errors
    /// [`ShardError::Bad`] of kind `schema` where a text column is missing or is not text.
    pub fn new(shard: ParquetShard, columns: &ColumnMap, limits: Limits, block: BlockSize) -> Result<Self, ShardError> {
        let schema = shard.metadata.file_metadata().schema_descr_ptr();
        let text_leaves = text_leaves(&schema, &columns.text)?;
        let head_leaves = head_leaves(&schema, columns);
        let expansion = shard.expansion();
        Ok(Self {
            shard,
            text_leaves,
            head_leaves,
            limits,
            block,
            expansion,
            group: 0,
            open: None,
            next_row: 0,
            whole_rows: 0,
        })
    }

    /// Rows of the row groups that were read whole so far.
    pub fn whole_rows(&self) -> u64 {
        self.whole_rows
    }

    /// The next rows, or none at the end.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where a page cannot be read or decoded, columns disagree on the number of rows, or the shard
    /// decodes to more than `max_ratio` allows.
    pub fn next_block(&mut self) -> Result<Option<ParquetBlock>, ShardError> {
        loop {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => match self.open_group()? {
                    Some(open) => open,
                    None => return Ok(None),
                },
            };
            open.fill(self.block)?;
            if open.ready.count == 0 {
                self.group += 1;
                self.whole_rows = self.next_row;
                continue;
            }
            let rows = open.ready.take(self.block.rows.max(1));
            let first_row = self.next_row;
            self.next_row += rows.count as u64;
            self.open = Some(open);
            return Ok(Some(ParquetBlock { first_row, rows, max_row_bytes: self.limits.max_row_bytes }));
        }
    }

    fn open_group(&self) -> Result<Option<OpenGroup>, ShardError> {
        let allowed = self.limits.max_rows.map_or(u64::MAX, |rows| rows.saturating_sub(self.next_row));
        if self.group >= self.shard.row_groups() || allowed == 0 {
            return Ok(None);
        }
        let rows = self.shard.rows_of(self.group);
        let leaf = |index: usize| Leaf::open(&self.shard, self.group, index, &self.expansion);
        let texts = self.text_leaves.iter().map(|index| leaf(*index)).collect::<Result<_, _>>()?;
        let heads = self
            .head_leaves
            .iter()
            .map(|(role, index)| Ok((*role, leaf(*index)?)))
            .collect::<Result<_, ShardError>>()?;
        let decoded: usize = self.text_leaves.iter().map(|index| self.shard.claimed_bytes(self.group, *index)).sum();
        let mean = (decoded / rows.max(1)).max(1);
        let step = (STEP_BYTES.0 / mean).clamp(1, STEP_ROWS);
        let rows_left = rows.min(usize::try_from(allowed).unwrap_or(usize::MAX));
        let ready = Rows {
            texts: self.text_leaves.iter().map(|_| Vec::new()).collect(),
            heads: self.head_leaves.iter().map(|(role, _)| (*role, Vec::new())).collect(),
            ..Rows::default()
        };
        Ok(Some(OpenGroup { texts, heads, rows_left, step, ready }))
    }
}

impl OpenGroup {
    /// Reads on until a block is ready, or the group has ended.
    fn fill(&mut self, size: BlockSize) -> Result<(), ShardError> {
        while self.rows_left > 0 && self.ready.count < size.rows.max(1) && self.ready.text_bytes < size.bytes.max(1) {
            self.step()?;
        }
        Ok(())
    }

    /// The first text column says how many rows a step has; the others follow.
    fn step(&mut self) -> Result<(), ShardError> {
        let mut rows = self.step.min(self.rows_left);
        let mut enough = STEP_BYTES.1;
        for (leaf, values) in self.texts.iter_mut().zip(&mut self.ready.texts) {
            let (read, bytes) = leaf.read(rows, enough, values)?;
            rows = read;
            enough = usize::MAX;
            self.ready.text_bytes += bytes;
        }
        for ((_, leaf), (_, values)) in self.heads.iter_mut().zip(&mut self.ready.heads) {
            leaf.read(rows, usize::MAX, values)?;
        }
        self.rows_left -= rows;
        self.ready.count += rows;
        Ok(())
    }
}

impl Rows {
    /// Takes the first rows, `most` of them at most.
    fn take(&mut self, most: usize) -> Self {
        let count = self.count.min(most);
        let first = |values: &mut Vec<Option<ByteArray>>| {
            let rest = values.split_off(count);
            std::mem::replace(values, rest)
        };
        let texts: Vec<_> = self.texts.iter_mut().map(first).collect();
        let heads = self.heads.iter_mut().map(|(role, values)| (*role, first(values))).collect();
        let text_bytes = texts.iter().flatten().flatten().map(ByteArray::len).sum();
        self.count -= count;
        self.text_bytes = self.text_bytes.saturating_sub(text_bytes);
        Self { count, text_bytes, texts, heads }
    }
}

/// Reads one leaf as bytes; integers as their decimal digits.
struct Leaf {
    values: LeafValues,
    pages: Arc<PageState>,
    in_page: InPage,
    expansion: Arc<Expansion>,
    name: String,
    max_def: i16,
    definitions: Vec<i16>,
}

enum LeafValues {
    Bytes(ColumnReaderImpl<ByteArrayType>, Vec<ByteArray>),
    Int32(ColumnReaderImpl<Int32Type>, Vec<i32>, bool),
    Int64(ColumnReaderImpl<Int64Type>, Vec<i64>, bool),
    /// A type that has no meaning in its role: null for every record.
    Other,
}

impl Leaf {
    fn open(shard: &ParquetShard, group: usize, index: usize, expansion: &Arc<Expansion>) -> Result<Self, ShardError> {
        let descriptor = shard.group(group).column(index).column_descr_ptr();
        let (reader, pages) = shard.values(group, index, expansion)?;
        let unsigned = is_unsigned(&descriptor);
        let values = match reader {
            ColumnReader::ByteArrayColumnReader(reader) if is_text(&descriptor) => {
                LeafValues::Bytes(reader, Vec::new())
            }
            ColumnReader::Int32ColumnReader(reader) if is_integer(&descriptor) => {
                LeafValues::Int32(reader, Vec::new(), unsigned)
            }
            ColumnReader::Int64ColumnReader(reader) if is_integer(&descriptor) => {
                LeafValues::Int64(reader, Vec::new(), unsigned)
            }
            _ => LeafValues::Other,
        };
        Ok(Self {
            values,
            in_page: InPage::new(Arc::clone(&pages)),
            pages,
            expansion: Arc::clone(expansion),
            name: descriptor.path().string(),
            max_def: descriptor.max_def_level(),
            definitions: Vec::new(),
        })
    }

    /// Appends `rows` values, or fewer once they have `enough` bytes; the number of values and of bytes.
    fn read(
        &mut self,
        rows: usize,
        enough: usize,
        out: &mut Vec<Option<ByteArray>>,
    ) -> Result<(usize, usize), ShardError> {
        if matches!(self.values, LeafValues::Other) {
            out.extend(std::iter::repeat_n(None, rows));
            return Ok((rows, 0));
        }
        let (mut done, mut bytes) = (0, 0);
        while done < rows && bytes < enough {
            let asked = self.in_page.ask(rows - done);
            let before = out.len();
            if self.read_in_page(asked, out)? != asked {
                let detail = format!("column {:?} ends early: rows are missing", self.name);
                return Err(ShardError::bad(BadShardKind::Truncated, detail));
            }
            self.in_page.took(asked);
            let read = out[before..].iter().flatten().map(ByteArray::len).sum::<usize>();
            if self.pages.in_dictionary() {
                self.expansion.add(read as u64)?;
            }
            bytes += read;
            done += asked;
        }
        Ok((done, bytes))
    }

    fn read_in_page(&mut self, rows: usize, out: &mut Vec<Option<ByteArray>>) -> Result<usize, ShardError> {
        let Self { values, definitions, max_def, .. } = self;
        definitions.clear();
        let text = |digits: String| ByteArray::from(digits.into_bytes());
        match values {
            LeafValues::Bytes(reader, values) => {
                let read = pull(reader, rows, definitions, values)?;
                spread(values.drain(..), definitions, *max_def, out);
                Ok(read)
            }
            LeafValues::Int32(reader, values, unsigned) => {
                let read = pull(reader, rows, definitions, values)?;
                let digits = |v: i32| text(if *unsigned { (v as u32).to_string() } else { v.to_string() });
                spread(values.drain(..).map(digits), definitions, *max_def, out);
                Ok(read)
            }
            LeafValues::Int64(reader, values, unsigned) => {
                let read = pull(reader, rows, definitions, values)?;
                let digits = |v: i64| text(if *unsigned { (v as u64).to_string() } else { v.to_string() });
                spread(values.drain(..).map(digits), definitions, *max_def, out);
                Ok(read)
            }
            LeafValues::Other => Ok(rows),
        }
    }
}

fn pull<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    definitions: &mut Vec<i16>,
    values: &mut Vec<T::T>,
) -> Result<usize, ShardError> {
    values.clear();
    let (records, _, _) = reader.read_records(rows, Some(definitions), None, values).map_err(ShardError::decoding)?;
    Ok(records)
}

/// Puts nulls where the definition levels say so.
fn spread(
    mut values: impl Iterator<Item = ByteArray>,
    definitions: &[i16],
    max_def: i16,
    out: &mut Vec<Option<ByteArray>>,
) {
    if max_def == 0 {
        out.extend(values.map(Some));
    } else {
        out.extend(definitions.iter().map(|level| if *level == max_def { values.next() } else { None }));
    }
}

impl ParquetBlock {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows.count
    }

    /// The records of the block; bytes are checked to be UTF-8 here, row by row.
    pub fn records(self, columns: &ColumnMap, namer: &SourceNamer) -> Records {
        let mut records = Records::with_capacity(self.first_row, columns.text.len(), self.rows.count);
        let Rows { count, texts, heads, .. } = self.rows;
        let mut heads: Vec<_> = heads.into_iter().map(|(role, values)| (role, values.into_iter())).collect();
        let mut texts: Vec<_> = texts.into_iter().map(Vec::into_iter).collect();
        for _ in 0..count {
            let mut values = HeadValues::default();
            for (role, column) in &mut heads {
                let value = column.next().flatten().and_then(|value| value.as_utf8().ok().map(str::to_string));
                match role {
                    Role::Id => values.id = value,
                    Role::Source => values.source = value,
                    Role::Lang => values.lang = value,
                    Role::Modality => values.modality = value,
                    Role::Text(_) => {}
                }
            }
            let row: Vec<Option<Text>> =
                texts.iter_mut().map(|column| column.next().flatten().map(Text::Page)).collect();
            let quarantine = check(&row, self.max_row_bytes);
            let open = quarantine.is_none();
            records.push(values.into_head(namer, quarantine), row.into_iter().map(|text| text.filter(|_| open)));
        }
        records
    }
}

/// Why a row cannot be examined.
fn check(row: &[Option<Text>], max_row_bytes: usize) -> Option<Quarantine> {
    let bytes: usize = row.iter().flatten().map(|text| text.as_ref().len()).sum();
    if row.iter().all(Option::is_none) {
        Some(Quarantine::Schema)
    } else if bytes > max_row_bytes {
        Some(Quarantine::Limit)
    } else if row.iter().flatten().any(|text| simdutf8::basic::from_utf8(text.as_ref()).is_err()) {
        Some(Quarantine::ParseError)
    } else {
        None
    }
}
