//! Blocks of records from the mapped leaves, with the texts borrowed from the decompressed pages.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use tamis_rules::Quarantine;

use super::file::ParquetShard;
use super::mapping::{head_leaves, is_integer, is_text, is_unsigned, text_leaves};
use crate::columns::{ColumnMap, Role, SourceNamer};
use crate::error::BadShardKind;
use crate::records::{HeadValues, Records, Text};
use crate::{BlockSize, Limits, ShardError};

/// Reads a shard's mapped columns, block by block, in row order.
pub struct ParquetBlocks {
    shard: ParquetShard,
    text_leaves: Vec<usize>,
    head_leaves: Vec<(Role, usize)>,
    limits: Limits,
    block: BlockSize,
    group: usize,
    open: Option<OpenGroup>,
    next_row: u64,
}

/// The readers of one row group.
struct OpenGroup {
    texts: Vec<Leaf>,
    heads: Vec<(Role, Leaf)>,
    rows_left: usize,
    /// Rows read at a time.
    step: usize,
}

/// The stored values of some rows.
pub struct ParquetBlock {
    first_row: u64,
    rows: usize,
    texts: Vec<Vec<Option<ByteArray>>>,
    heads: Vec<(Role, Vec<Option<ByteArray>>)>,
    max_row_bytes: usize,
}

impl ParquetBlocks {
    /// Prepares to read; nothing but the footer has been read so far.
    ///
    /// # Errors
    /// [`ShardError::Bad`] of kind `schema` where a text column is missing or is not text.
    pub fn new(shard: ParquetShard, columns: &ColumnMap, limits: Limits, block: BlockSize) -> Result<Self, ShardError> {
        let schema = shard.metadata.file_metadata().schema_descr_ptr();
        let text_leaves = text_leaves(&schema, columns)?;
        let head_leaves = head_leaves(&schema, columns);
        Ok(Self { shard, text_leaves, head_leaves, limits, block, group: 0, open: None, next_row: 0 })
    }

    /// The next rows, or none at the end.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where a page cannot be read or decoded, or columns disagree on the number of rows.
    pub fn next_block(&mut self) -> Result<Option<ParquetBlock>, ShardError> {
        let allowed = self.limits.max_rows.map_or(u64::MAX, |rows| rows.saturating_sub(self.next_row));
        let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
        loop {
            let Some(mut open) = self.open.take().map_or_else(|| self.open_group(), |open| Ok(Some(open)))? else {
                return Ok(None);
            };
            if open.rows_left == 0 {
                self.group += 1;
                continue;
            }
            if allowed == 0 {
                return Ok(None);
            }
            let block = open.read(self.block, allowed, self.next_row, self.limits.max_row_bytes)?;
            self.next_row += block.rows as u64;
            self.open = Some(open);
            return Ok(Some(block));
        }
    }

    fn open_group(&self) -> Result<Option<OpenGroup>, ShardError> {
        if self.group >= self.shard.row_groups() {
            return Ok(None);
        }
        let rows = self.shard.rows_of(self.group);
        let leaf = |index: usize| Leaf::open(&self.shard, self.group, index);
        let texts = self.text_leaves.iter().map(|index| leaf(*index)).collect::<Result<_, _>>()?;
        let heads = self
            .head_leaves
            .iter()
            .map(|(role, index)| Ok((*role, leaf(*index)?)))
            .collect::<Result<_, ShardError>>()?;
        let stored: i64 =
            self.text_leaves.iter().map(|index| self.shard.group(self.group).column(*index).uncompressed_size()).sum();
        let mean = (stored.max(0) as usize / rows.max(1)).max(1);
        let step = (self.block.bytes / 4 / mean).clamp(1, 1024);
        Ok(Some(OpenGroup { texts, heads, rows_left: rows, step }))
    }
}

impl OpenGroup {
    fn read(
        &mut self,
        size: BlockSize,
        allowed: usize,
        first_row: u64,
        max_row_bytes: usize,
    ) -> Result<ParquetBlock, ShardError> {
        let mut texts: Vec<Vec<Option<ByteArray>>> = self.texts.iter().map(|_| Vec::new()).collect();
        let mut heads: Vec<(Role, Vec<Option<ByteArray>>)> =
            self.heads.iter().map(|(role, _)| (*role, Vec::new())).collect();
        let (mut rows, mut bytes) = (0, 0);
        let most = size.rows.min(allowed).min(self.rows_left);
        while rows < most && bytes < size.bytes {
            let step = self.step.min(most - rows);
            for (leaf, values) in self.texts.iter_mut().zip(&mut texts) {
                leaf.read(step, values)?;
                bytes += values[rows..].iter().flatten().map(ByteArray::len).sum::<usize>();
            }
            for ((_, leaf), (_, values)) in self.heads.iter_mut().zip(&mut heads) {
                leaf.read(step, values)?;
            }
            rows += step;
        }
        self.rows_left -= rows;
        Ok(ParquetBlock { first_row, rows, texts, heads, max_row_bytes })
    }
}

/// Reads one leaf as bytes; integers as their decimal digits.
struct Leaf {
    values: LeafValues,
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
    fn open(shard: &ParquetShard, group: usize, index: usize) -> Result<Self, ShardError> {
        let descriptor = shard.group(group).column(index).column_descr_ptr();
        let reader = get_column_reader(descriptor.clone(), Box::new(shard.pages(group, index)?));
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
        let name = descriptor.path().string();
        Ok(Self { values, name, max_def: descriptor.max_def_level(), definitions: Vec::new() })
    }

    /// Appends exactly `rows` values.
    fn read(&mut self, rows: usize, out: &mut Vec<Option<ByteArray>>) -> Result<(), ShardError> {
        self.definitions.clear();
        let definitions = Some(&mut self.definitions);
        let (read, values): (_, Box<dyn Iterator<Item = ByteArray> + '_>) = match &mut self.values {
            LeafValues::Bytes(reader, values) => {
                values.clear();
                let read = reader.read_records(rows, definitions, None, values);
                (read, Box::new(values.drain(..)))
            }
            LeafValues::Int32(reader, values, unsigned) => {
                values.clear();
                let read = reader.read_records(rows, definitions, None, values);
                let unsigned = *unsigned;
                let text = move |v: i32| if unsigned { (v as u32).to_string() } else { v.to_string() };
                (read, Box::new(values.drain(..).map(move |v| ByteArray::from(text(v).into_bytes()))))
            }
            LeafValues::Int64(reader, values, unsigned) => {
                values.clear();
                let read = reader.read_records(rows, definitions, None, values);
                let unsigned = *unsigned;
                let text = move |v: i64| if unsigned { (v as u64).to_string() } else { v.to_string() };
                (read, Box::new(values.drain(..).map(move |v| ByteArray::from(text(v).into_bytes()))))
            }
            LeafValues::Other => {
                out.extend(std::iter::repeat_n(None, rows));
                return Ok(());
            }
        };
        let (records, _, _) = read.map_err(ShardError::decoding)?;
        if records != rows {
            let detail = format!("column {:?} ends early: {records} rows read where {rows} were expected", self.name);
            return Err(ShardError::bad(BadShardKind::Truncated, detail));
        }
        if self.max_def == 0 {
            out.extend(values.map(Some));
        } else {
            let mut values = values;
            out.extend(self.definitions.iter().map(|level| if *level == self.max_def { values.next() } else { None }));
        }
        Ok(())
    }
}

impl ParquetBlock {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The records of the block; bytes are checked to be UTF-8 here, row by row.
    pub fn records(self, columns: &ColumnMap, namer: &SourceNamer) -> Records {
        let mut records = Records::with_capacity(self.first_row, columns.text.len(), self.rows);
        let mut heads: Vec<_> = self.heads.into_iter().map(|(role, values)| (role, values.into_iter())).collect();
        let mut texts: Vec<_> = self.texts.into_iter().map(Vec::into_iter).collect();
        for _ in 0..self.rows {
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
