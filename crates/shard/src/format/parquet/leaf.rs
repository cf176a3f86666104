//! One leaf of one row group on its way from the input to the output: physical values with their levels, for the
//! wanted rows.

use std::ops::Range;
use std::sync::Arc;

use parquet::basic::Type as Physical;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{AsBytes, ByteArray, ByteArrayType, DataType};

use super::pages::{InPage, PageState};
use crate::error::BadShardKind;
use crate::limits::Expansion;
use crate::redact::Redaction;
use crate::{RowPlan, ShardError};

/// The rows of a row group, and what becomes of them.
pub(super) struct RowsIn<'a> {
    pub group: usize,
    /// Which rows are wanted.
    pub mask: &'a [bool],
    pub plans: &'a [RowPlan],
    pub redaction: Option<&'a Redaction<'a>>,
}

impl RowsIn<'_> {
    /// The plans of the wanted rows.
    pub fn wanted(&self) -> impl Iterator<Item = &RowPlan> {
        self.plans.iter().zip(self.mask).filter(|(_, wanted)| **wanted).map(|(plan, _)| plan)
    }
}

/// What is known of a leaf that is copied.
pub(super) struct LeafInput<'a> {
    pub pages: Arc<PageState>,
    pub expansion: &'a Expansion,
    pub rows: &'a RowsIn<'a>,
    /// Which text column it is, where spans may be replaced in it.
    pub field: Option<usize>,
    /// Records read at a time.
    pub step: usize,
}

/// Changes the values of some records, of which the first is named by its row in the group.
type Edit<'e, T> = &'e dyn Fn(&mut Step<T>, Range<usize>) -> Result<(), ShardError>;

fn as_they_are<T: DataType>(_: &mut Step<T>, _: Range<usize>) -> Result<(), ShardError> {
    Ok(())
}

/// Copies a leaf of any physical type.
pub(super) fn copy_any(
    reader: ColumnReader,
    writer: &mut ColumnWriter<'_>,
    input: &LeafInput<'_>,
) -> Result<(), ShardError> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => copy(reader, typed(writer)?, input, &as_they_are),
        ColumnReader::Int32ColumnReader(reader) => copy(reader, typed(writer)?, input, &as_they_are),
        ColumnReader::Int64ColumnReader(reader) => copy(reader, typed(writer)?, input, &as_they_are),
        ColumnReader::Int96ColumnReader(reader) => copy(reader, typed(writer)?, input, &as_they_are),
        ColumnReader::FloatColumnReader(reader) => copy(reader, typed(writer)?, input, &as_they_are),
        ColumnReader::DoubleColumnReader(reader) => copy(reader, typed(writer)?, input, &as_they_are),
        ColumnReader::ByteArrayColumnReader(reader) => copy_bytes(reader, typed(writer)?, input),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => copy(reader, typed(writer)?, input, &as_they_are),
    }
}

/// Copies a leaf of bytes, the spans replaced where it is a text column.
fn copy_bytes(
    reader: ColumnReaderImpl<ByteArrayType>,
    writer: &mut ColumnWriterImpl<'_, ByteArrayType>,
    input: &LeafInput<'_>,
) -> Result<(), ShardError> {
    let (Some(field), Some(redaction)) = (input.field, input.rows.redaction) else {
        return copy(reader, writer, input, &as_they_are);
    };
    let max_def = writer.get_descriptor().max_def_level();
    copy(reader, writer, input, &|step, rows| {
        let plans = input.rows.plans[rows.clone()].iter().zip(&input.rows.mask[rows]);
        step.redact(plans.map(|(plan, wanted)| if *wanted { Some(plan) } else { None }), field, max_def, redaction)
    })
}

pub(super) fn typed<'w, 'a, T: DataType>(
    writer: &'w mut ColumnWriter<'a>,
) -> Result<&'w mut ColumnWriterImpl<'a, T>, ShardError> {
    T::get_column_writer_mut(writer)
        .ok_or_else(|| ShardError::bad(BadShardKind::Internal, "column written as another type than it was read"))
}

fn copy<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    writer: &mut ColumnWriterImpl<'_, T>,
    input: &LeafInput<'_>,
    edit: Edit<'_, T>,
) -> Result<(), ShardError> {
    let all = input.rows.mask;
    let descriptor = Arc::clone(writer.get_descriptor());
    let (max_def, max_rep) = (descriptor.max_def_level(), descriptor.max_rep_level());
    let byte_array = descriptor.physical_type() == Physical::BYTE_ARRAY;
    let mut step_data = Step::<T>::default();
    let mut in_page = (max_rep == 0).then(|| InPage::new(Arc::clone(&input.pages)));
    let mut row = 0;
    while row < all.len() {
        step_data.clear();
        input.pages.begin_step();
        let wanted = input.step.min(all.len() - row);
        let records = step_data.read(&mut reader, wanted, in_page.as_mut())?;
        if records == 0 {
            let detail = format!("column {:?} ends at row {row} of {}", descriptor.path().string(), all.len());
            return Err(ShardError::bad(BadShardKind::Truncated, detail));
        }
        if byte_array && input.pages.in_dictionary() {
            input.expansion.add(step_data.values.iter().map(|value| value.as_bytes().len() as u64).sum())?;
        }
        let mask = &all[row..row + records];
        edit(&mut step_data, row..row + records)?;
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

impl Step<ByteArrayType> {
    /// Replaces the spans of a text leaf's records, which are those of `plans`; none for a row that is not wanted.
    /// The leaf has one value a record, or none.
    fn redact<'p>(
        &mut self,
        plans: impl Iterator<Item = Option<&'p RowPlan>>,
        field: usize,
        max_def: i16,
        redaction: &Redaction<'_>,
    ) -> Result<(), ShardError> {
        let mut values = self.values.iter_mut();
        for (index, plan) in plans.enumerate() {
            let present = max_def == 0 || self.definitions.get(index) == Some(&max_def);
            let value = if present { values.next() } else { None };
            let Some(plan) = plan else { continue };
            let Some(first) = plan.spans_in(field).first() else { continue };
            let stored = value.ok_or_else(|| redaction.misplaced(plan.record_id, first))?;
            let text = std::str::from_utf8(stored.data()).map_err(|_| redaction.misplaced(plan.record_id, first))?;
            let redacted = redaction.text(plan.record_id, text, plan.spans_in(field))?;
            *stored = ByteArray::from(redacted.into_bytes());
        }
        Ok(())
    }
}
