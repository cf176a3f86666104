//! Writing a filtered shard: every leaf is copied for the kept rows, row group by row group.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema, parquet_to_arrow_schema};
use parquet::basic::{Compression, GzipLevel, LogicalType, Type as Physical, ZstdLevel};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, ColumnWriterImpl, get_column_writer};
use parquet::data_type::{AsBytes, ByteArrayType, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor, Type, TypePtr};
use tamis_rules::{Outcome, Taxonomy};

use super::annotation::{self, LeafData};
use super::file::ParquetShard;
use super::pages::{InPage, PageState};
use crate::commit::{Staged, StagedFile};
use crate::error::BadShardKind;
use crate::limits::Expansion;
use crate::{ANNOTATION, RowPlan, ShardError};

/// Records read at a time at most; a row group's wide columns are read in smaller steps.
const STEP_RECORDS: usize = 8192;
/// Decoded bytes that one step aims at.
const STEP_BYTES: usize = 8 << 20;

/// How one shard is copied: the schema and the writer's properties, worked out once.
pub struct ParquetCopy {
    shard: ParquetShard,
    schema: TypePtr,
    leaves: SchemaDescriptor,
    /// Input leaves that are copied, in order.
    copied: Vec<usize>,
    annotate: bool,
    properties: WriterPropertiesPtr,
    taxonomy: Arc<Taxonomy>,
    /// What is decoded for the kept rows, and once more for the others.
    expansions: [Arc<Expansion>; 2],
}

/// The column chunks of one row group, encoded in memory.
pub struct EncodedRowGroup {
    chunks: Vec<(Bytes, ColumnCloseResult)>,
    rows: usize,
}

impl ParquetCopy {
    /// Plans the copy: codec by column, metadata and schema as in the input, with `tamis` added or replaced where
    /// `annotate` is true.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where the schema cannot be written again.
    pub fn new(shard: ParquetShard, annotate: bool, taxonomy: Arc<Taxonomy>) -> Result<Self, ShardError> {
        let input = shard.metadata.file_metadata().schema_descr_ptr();
        let replaced = |leaf: &usize| annotate && input.get_column_root(*leaf).name() == ANNOTATION;
        let copied: Vec<usize> = (0..input.num_columns()).filter(|leaf| !replaced(leaf)).collect();
        let schema = if annotate || !is_known(input.root_schema()) {
            output_schema(input.root_schema(), annotate).map_err(ShardError::decoding)?
        } else {
            input.root_schema_ptr()
        };
        let leaves = SchemaDescriptor::new(Arc::clone(&schema));
        let properties = Arc::new(writer_properties(&shard, &copied, annotate));
        let expansions = [shard.expansion(), shard.expansion()];
        Ok(Self { shard, schema, leaves, copied, annotate, properties, taxonomy, expansions })
    }

    /// Number of row groups of the input.
    pub fn row_groups(&self) -> usize {
        self.shard.row_groups()
    }

    /// Rows of one row group.
    pub fn rows_of(&self, group: usize) -> usize {
        self.shard.rows_of(group)
    }

    /// Stored bytes of one row group.
    pub fn stored_bytes_of(&self, group: usize) -> usize {
        self.shard.group(group).columns().iter().map(|column| column.compressed_size().max(0) as usize).sum()
    }

    /// Encodes the rows of one row group that have this outcome. `plans` has one entry per row of the group; rows
    /// beyond it (a run limited to the first rows) are left out.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where the input cannot be decoded.
    pub fn encode(&self, group: usize, plans: &[RowPlan], outcome: Outcome) -> Result<EncodedRowGroup, ShardError> {
        let mask: Vec<bool> = plans.iter().map(|plan| plan.outcome == outcome).collect();
        let rows = mask.iter().filter(|kept| **kept).count();
        let mut chunks = Vec::with_capacity(self.leaves.num_columns());
        if rows > 0 {
            let expansion = &self.expansions[usize::from(outcome != Outcome::Kept)];
            for (at, leaf) in self.copied.iter().enumerate() {
                chunks.push(self.copy_leaf(group, *leaf, self.leaves.column(at), &mask, expansion)?);
            }
            for leaf in 0..if self.annotate { annotation::LEAVES } else { 0 } {
                let data = annotation::leaf_data(leaf, plans, outcome, &self.taxonomy);
                chunks.push(self.write_leaf(self.leaves.column(self.copied.len() + leaf), &data)?);
            }
        }
        Ok(EncodedRowGroup { chunks, rows })
    }

    fn copy_leaf(
        &self,
        group: usize,
        leaf: usize,
        descriptor: ColumnDescPtr,
        mask: &[bool],
        expansion: &Arc<Expansion>,
    ) -> Result<(Bytes, ColumnCloseResult), ShardError> {
        let mean = (self.shard.claimed_bytes(group, leaf) / self.rows_of(group).max(1)).max(1);
        let step = (STEP_BYTES / mean).clamp(1, STEP_RECORDS);
        let (reader, pages) = self.shard.values(group, leaf, expansion)?;
        let input = LeafInput { pages, expansion, mask, step };
        self.encode_chunk(descriptor, |writer| copy_any(reader, writer, &input))
    }

    fn write_leaf(&self, descriptor: ColumnDescPtr, data: &LeafData) -> Result<(Bytes, ColumnCloseResult), ShardError> {
        self.encode_chunk(descriptor, |writer| {
            let writer = typed::<ByteArrayType>(writer)?;
            writer
                .write_batch(&data.values, data.definitions.as_deref(), data.repetitions.as_deref())
                .map_err(ShardError::decoding)?;
            Ok(())
        })
    }

    fn encode_chunk(
        &self,
        descriptor: ColumnDescPtr,
        fill: impl FnOnce(&mut ColumnWriter<'_>) -> Result<(), ShardError>,
    ) -> Result<(Bytes, ColumnCloseResult), ShardError> {
        let mut sink = TrackedWrite::new(Vec::new());
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let mut writer = get_column_writer(descriptor, Arc::clone(&self.properties), pages);
        fill(&mut writer)?;
        let result = writer.close().map_err(ShardError::decoding)?;
        let bytes = sink.into_inner().map_err(ShardError::decoding)?;
        Ok((Bytes::from(bytes), result))
    }
}

/// The input's root with the annotation, where wanted, in place of a column of that name.
fn output_schema(root: &Type, annotate: bool) -> Result<TypePtr, ParquetError> {
    let kept = root.get_fields().iter().filter(|field| !annotate || field.name() != ANNOTATION);
    let mut fields = kept.map(writable).collect::<Result<Vec<_>, _>>()?;
    if annotate {
        fields.push(annotation::parquet_type()?);
    }
    Ok(Arc::new(Type::group_type_builder(root.name()).with_fields(fields).build()?))
}

/// A field as it can be written. A logical type of a later version of the format was read as a bare number and cannot
/// be written again: the field then keeps its physical type and values, and loses that name for them.
fn writable(field: &TypePtr) -> Result<TypePtr, ParquetError> {
    if is_known(field) {
        return Ok(Arc::clone(field));
    }
    let known = |logical: &&LogicalType| !matches!(logical, LogicalType::_Unknown { .. });
    let written = match &**field {
        Type::GroupType { basic_info, fields } => {
            let mut builder = Type::group_type_builder(basic_info.name())
                .with_logical_type(basic_info.logical_type_ref().filter(known).cloned())
                .with_converted_type(basic_info.converted_type())
                .with_fields(fields.iter().map(writable).collect::<Result<_, _>>()?)
                .with_id(basic_info.has_id().then(|| basic_info.id()));
            if basic_info.has_repetition() {
                builder = builder.with_repetition(basic_info.repetition());
            }
            builder.build()?
        }
        Type::PrimitiveType { basic_info, physical_type, type_length, scale, precision } => {
            Type::primitive_type_builder(basic_info.name(), *physical_type)
                .with_repetition(basic_info.repetition())
                .with_converted_type(basic_info.converted_type())
                .with_length(*type_length)
                .with_scale(*scale)
                .with_precision(*precision)
                .with_id(basic_info.has_id().then(|| basic_info.id()))
                .build()?
        }
    };
    Ok(Arc::new(written))
}

/// True where neither the field nor one inside it has a logical type of a later version of the format.
fn is_known(field: &Type) -> bool {
    let unknown = matches!(field.get_basic_info().logical_type_ref(), Some(LogicalType::_Unknown { .. }));
    !unknown && (field.is_primitive() || field.get_fields().iter().all(|field| is_known(field)))
}

fn writer_properties(shard: &ParquetShard, copied: &[usize], annotate: bool) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("tamis ", env!("CARGO_PKG_VERSION")).into())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(key_values(shard, annotate));
    let Some(first) = shard.metadata.row_groups().first() else { return builder.build() };
    for leaf in copied {
        let column = first.column(*leaf);
        let path = column.column_path().clone();
        builder = builder
            .set_column_compression(path.clone(), with_level(column.compression()))
            .set_column_dictionary_enabled(path, column.dictionary_page_offset().is_some());
    }
    if let Some(text) = first.columns().first() {
        builder = builder.set_compression(with_level(text.compression()));
    }
    // Sorting columns are named by their place, which holds only while no column moves.
    if copied.len() == first.num_columns() {
        builder = builder.set_sorting_columns(first.sorting_columns().cloned());
    }
    builder.build()
}

/// A footer names the codec but no level: the usual ones are taken.
fn with_level(codec: Compression) -> Compression {
    match codec {
        Compression::ZSTD(_) => Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()),
        Compression::GZIP(_) => Compression::GZIP(GzipLevel::default()),
        other => other,
    }
}

/// The input's metadata; the Arrow schema kept in it learns of the added column, or goes where it cannot be read.
fn key_values(shard: &ParquetShard, annotate: bool) -> Option<Vec<KeyValue>> {
    let metadata = shard.metadata.file_metadata();
    let pairs = metadata.key_value_metadata()?;
    let update = |pair: &KeyValue| {
        if pair.key != ARROW_SCHEMA_META_KEY || !annotate {
            return Some(pair.clone());
        }
        let schema = parquet_to_arrow_schema(metadata.schema_descr(), Some(pairs)).ok()?;
        let schema = annotation::arrow_schema_with_annotation(&schema);
        Some(KeyValue::new(pair.key.clone(), encode_arrow_schema(&schema)))
    };
    Some(pairs.iter().filter_map(update).collect())
}

/// What is known of a leaf that is copied.
struct LeafInput<'a> {
    pages: Arc<PageState>,
    expansion: &'a Expansion,
    /// Which rows are wanted.
    mask: &'a [bool],
    /// Records read at a time.
    step: usize,
}

/// Copies a leaf of any physical type.
fn copy_any(reader: ColumnReader, writer: &mut ColumnWriter<'_>, input: &LeafInput<'_>) -> Result<(), ShardError> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => copy(reader, typed(writer)?, input),
        ColumnReader::Int32ColumnReader(reader) => copy(reader, typed(writer)?, input),
        ColumnReader::Int64ColumnReader(reader) => copy(reader, typed(writer)?, input),
        ColumnReader::Int96ColumnReader(reader) => copy(reader, typed(writer)?, input),
        ColumnReader::FloatColumnReader(reader) => copy(reader, typed(writer)?, input),
        ColumnReader::DoubleColumnReader(reader) => copy(reader, typed(writer)?, input),
        ColumnReader::ByteArrayColumnReader(reader) => copy(reader, typed(writer)?, input),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => copy(reader, typed(writer)?, input),
    }
}

fn typed<'w, 'a, T: DataType>(writer: &'w mut ColumnWriter<'a>) -> Result<&'w mut ColumnWriterImpl<'a, T>, ShardError> {
    T::get_column_writer_mut(writer)
        .ok_or_else(|| ShardError::bad(BadShardKind::Internal, "column written as another type than it was read"))
}

fn copy<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    writer: &mut ColumnWriterImpl<'_, T>,
    input: &LeafInput<'_>,
) -> Result<(), ShardError> {
    let descriptor = Arc::clone(writer.get_descriptor());
    let (max_def, max_rep) = (descriptor.max_def_level(), descriptor.max_rep_level());
    let byte_array = descriptor.physical_type() == Physical::BYTE_ARRAY;
    let mut step_data = Step::<T>::default();
    let mut in_page = (max_rep == 0).then(|| InPage::new(Arc::clone(&input.pages)));
    let mut row = 0;
    while row < input.mask.len() {
        step_data.clear();
        input.pages.begin_step();
        let wanted = input.step.min(input.mask.len() - row);
        let records = step_data.read(&mut reader, wanted, in_page.as_mut())?;
        if records == 0 {
            let detail = format!("column {:?} ends at row {row} of {}", descriptor.path().string(), input.mask.len());
            return Err(ShardError::bad(BadShardKind::Truncated, detail));
        }
        if byte_array && input.pages.in_dictionary() {
            input.expansion.add(step_data.values.iter().map(|value| value.as_bytes().len() as u64).sum())?;
        }
        let mask = &input.mask[row..row + records];
        row += records;
        if mask.contains(&false) {
            step_data.retain(mask, max_def, max_rep);
        }
        step_data.write(writer, max_def, max_rep)?;
    }
    Ok(())
}

/// Values and levels of some whole records.
struct Step<T: DataType> {
    values: Vec<T::T>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

impl<T: DataType> Default for Step<T> {
    fn default() -> Self {
        Self { values: Vec::new(), definitions: Vec::new(), repetitions: Vec::new() }
    }
}

impl<T: DataType> Step<T> {
    fn clear(&mut self) {
        self.values.clear();
        self.definitions.clear();
        self.repetitions.clear();
    }

    /// Reads records, `wanted` at most; of a flat column, whose place in its page is known, up to the page's end only.
    fn read(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        wanted: usize,
        in_page: Option<&mut InPage>,
    ) -> Result<usize, ShardError> {
        let Self { values, definitions, repetitions } = self;
        let mut read = |records: usize| {
            let read = reader.read_records(records, Some(definitions), Some(repetitions), values);
            read.map(|(records, _, _)| records).map_err(ShardError::decoding)
        };
        let Some(in_page) = in_page else { return read(wanted) };
        let mut records = 0;
        while records < wanted {
            let asked = in_page.ask(wanted - records);
            let got = read(asked)?;
            if got == 0 {
                break;
            }
            in_page.took(asked);
            records += got;
            if in_page.at_end() {
                break;
            }
        }
        Ok(records)
    }

    /// Keeps the records that the mask names. A record begins where the repetition level is 0.
    fn retain(&mut self, mask: &[bool], max_def: i16, max_rep: i16) {
        if max_def == 0 {
            let mut mask = mask.iter();
            self.values.retain(|_| mask.next().copied().unwrap_or_default());
            return;
        }
        let mut out = Self::default();
        let mut values = self.values.drain(..);
        let mut mask = mask.iter();
        let mut kept = false;
        for (index, definition) in self.definitions.iter().enumerate() {
            let repetition = if max_rep > 0 { self.repetitions[index] } else { 0 };
            if repetition == 0 {
                kept = mask.next().copied().unwrap_or_default();
            }
            let value = if *definition == max_def { values.next() } else { None };
            if kept {
                out.definitions.push(*definition);
                out.values.extend(value);
                if max_rep > 0 {
                    out.repetitions.push(repetition);
                }
            }
        }
        drop(values);
        *self = out;
    }

    fn write(&self, writer: &mut ColumnWriterImpl<'_, T>, max_def: i16, max_rep: i16) -> Result<(), ShardError> {
        let definitions = (max_def > 0).then_some(self.definitions.as_slice());
        let repetitions = (max_rep > 0).then_some(self.repetitions.as_slice());
        if self.values.is_empty() && self.definitions.is_empty() {
            return Ok(());
        }
        writer.write_batch(&self.values, definitions, repetitions).map_err(ShardError::decoding)?;
        Ok(())
    }
}

/// Writes a filtered shard under a temporary name; row groups come in order.
pub struct ParquetWriter {
    writer: SerializedFileWriter<StagedFile>,
    target: std::path::PathBuf,
}

impl ParquetWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// [`ShardError::Io`] or [`ShardError::Encode`].
    pub fn create(target: &Path, copy: &ParquetCopy) -> Result<Self, ShardError> {
        let file = StagedFile::create(target)?;
        let schema = Arc::clone(&copy.schema);
        let writer = SerializedFileWriter::new(file, schema, Arc::clone(&copy.properties));
        Ok(Self { writer: writer.map_err(ShardError::encode(target))?, target: target.to_path_buf() })
    }

    /// Appends a row group; one without kept rows leaves no trace.
    ///
    /// # Errors
    /// [`ShardError::Encode`].
    pub fn append(&mut self, group: EncodedRowGroup) -> Result<(), ShardError> {
        if group.rows == 0 {
            return Ok(());
        }
        let append = |writer: &mut SerializedFileWriter<StagedFile>| -> Result<(), ParquetError> {
            let mut out = writer.next_row_group()?;
            for (bytes, result) in group.chunks {
                out.append_column(&bytes, result)?;
            }
            out.close().map(|_| ())
        };
        append(&mut self.writer).map_err(ShardError::encode(&self.target))
    }

    /// Writes the footer and stages the file.
    ///
    /// # Errors
    /// [`ShardError::Encode`] or [`ShardError::Io`].
    pub fn stage(self) -> Result<Staged, ShardError> {
        let file = self.writer.into_inner().map_err(ShardError::encode(&self.target))?;
        file.stage()
    }
}
