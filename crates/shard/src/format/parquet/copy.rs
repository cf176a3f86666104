//! Writing a filtered shard: every leaf is copied for the kept rows, row group by row group. In text leaves, spans may be
//! replaced on the way; the new values are the only ones that the writer sees, so dictionaries and statistics are
//! made of them.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema, parquet_to_arrow_schema};
use parquet::basic::{Compression, GzipLevel, LogicalType, ZstdLevel};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::ByteArrayType;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor, Type, TypePtr};
use tamis_rules::{Outcome, Taxonomy};

use super::annotation::{self, LeafData};
use super::file::ParquetShard;
use super::leaf::{LeafInput, RowsIn, copy_any, typed};
use super::mapping;
use crate::commit::{Staged, StagedFile};
use crate::error::BadShardKind;
use crate::limits::Expansion;
use crate::redact::{Redaction, Span};
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
    /// Leaves of the text columns in which spans may be replaced; empty where none are.
    texts: Vec<usize>,
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
    /// `annotate` is true. `redacted` names the text columns where spans may be replaced; the file does not claim to be
    /// sorted by any of them.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where the schema cannot be written again, or a column of `redacted` is missing or no text.
    pub fn new(
        shard: ParquetShard,
        annotate: bool,
        redacted: &[String],
        taxonomy: Arc<Taxonomy>,
    ) -> Result<Self, ShardError> {
        let input = shard.metadata.file_metadata().schema_descr_ptr();
        let replaced = |leaf: &usize| annotate && input.get_column_root(*leaf).name() == ANNOTATION;
        let copied: Vec<usize> = (0..input.num_columns()).filter(|leaf| !replaced(leaf)).collect();
        let schema = if annotate || !is_known(input.root_schema()) {
            output_schema(input.root_schema(), annotate).map_err(ShardError::decoding)?
        } else {
            input.root_schema_ptr()
        };
        let leaves = SchemaDescriptor::new(Arc::clone(&schema));
        let texts = mapping::text_leaves(&input, redacted)?;
        let properties = Arc::new(writer_properties(&shard, &copied, &texts, annotate));
        let expansions = [shard.expansion(), shard.expansion()];
        Ok(Self { shard, schema, leaves, copied, annotate, texts, properties, taxonomy, expansions })
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

    /// Encodes the rows of one row group that have this outcome, the spans of their plans replaced. `plans` has one entry
    /// per row of the group; rows beyond it (a run limited to the first rows) are left out.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where the input cannot be decoded; [`ShardError::Artefact`] where a span fits no text.
    pub fn encode(
        &self,
        group: usize,
        plans: &[RowPlan],
        outcome: Outcome,
        redaction: Option<&Redaction<'_>>,
    ) -> Result<EncodedRowGroup, ShardError> {
        let mask: Vec<bool> = plans.iter().map(|plan| plan.outcome == outcome).collect();
        let rows = mask.iter().filter(|kept| **kept).count();
        let rows_in = RowsIn { group, mask: &mask, plans, redaction };
        self.check_spans(&rows_in)?;
        let mut chunks = Vec::with_capacity(self.leaves.num_columns());
        if rows > 0 {
            let expansion = &self.expansions[usize::from(outcome != Outcome::Kept)];
            for (at, leaf) in self.copied.iter().enumerate() {
                chunks.push(self.copy_leaf(*leaf, self.leaves.column(at), &rows_in, expansion)?);
            }
            for leaf in 0..if self.annotate { annotation::LEAVES } else { 0 } {
                let data = annotation::leaf_data(leaf, plans, outcome, &self.taxonomy);
                chunks.push(self.write_leaf(self.leaves.column(self.copied.len() + leaf), &data)?);
            }
        }
        Ok(EncodedRowGroup { chunks, rows })
    }

    /// A span that nothing would replace must not pass.
    fn check_spans(&self, rows: &RowsIn<'_>) -> Result<(), ShardError> {
        let fields = if rows.redaction.is_some() { self.texts.len() } else { 0 };
        let lost = |span: &Span| usize::from(span.field) >= fields;
        match rows.wanted().any(|plan| plan.spans.iter().any(lost)) {
            true => {
                Err(ShardError::bad(BadShardKind::Internal, "spans to be replaced in a column that is none of text"))
            }
            false => Ok(()),
        }
    }

    fn copy_leaf(
        &self,
        leaf: usize,
        descriptor: ColumnDescPtr,
        rows: &RowsIn<'_>,
        expansion: &Arc<Expansion>,
    ) -> Result<(Bytes, ColumnCloseResult), ShardError> {
        let group = rows.group;
        let mean = (self.shard.claimed_bytes(group, leaf) / self.rows_of(group).max(1)).max(1);
        let step = (STEP_BYTES / mean).clamp(1, STEP_RECORDS);
        let (reader, pages) = self.shard.values(group, leaf, expansion)?;
        let field = self.texts.iter().position(|text| *text == leaf);
        let input = LeafInput { pages, expansion, rows, field, step };
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

fn writer_properties(shard: &ParquetShard, copied: &[usize], texts: &[usize], annotate: bool) -> WriterProperties {
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
    // Sorting columns are named by their place, which holds only while no column moves; the order of texts goes with
    // what is replaced in them, and that of the columns after them too.
    if copied.len() == first.num_columns() {
        let sorting = first.sorting_columns().map(|columns| {
            let stays = |leaf: i32| usize::try_from(leaf).is_ok_and(|leaf| !texts.contains(&leaf));
            columns.iter().take_while(|column| stays(column.column_idx)).cloned().collect::<Vec<_>>()
        });
        builder = builder.set_sorting_columns(sorting.filter(|columns| !columns.is_empty()));
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
