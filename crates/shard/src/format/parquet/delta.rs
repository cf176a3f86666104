//! How much the delta encodings of byte arrays decode to, worked out before they are decoded.
//!
//! Their decoder makes room for as many lengths as the page's own data name, which may be any number, and every value
//! of `DELTA_BYTE_ARRAY` may repeat the whole value before it.

use super::thrift::{Compact, Fault};

const BAD: Fault = Fault::Invalid("delta-encoded lengths that cannot be read");

/// A run of delta-encoded lengths.
struct Lengths {
    /// Sum of those that are not negative.
    sum: u64,
    /// Where the run ends.
    end: usize,
}

/// Decoded bytes of a `DELTA_LENGTH_BYTE_ARRAY` page of at most `most` values.
pub(super) fn length_array_bytes(data: &[u8], most: usize) -> Result<u64, Fault> {
    lengths(data, most).map(|lengths| lengths.sum)
}

/// Decoded bytes of a `DELTA_BYTE_ARRAY` page of at most `most` values.
pub(super) fn byte_array_bytes(data: &[u8], most: usize) -> Result<u64, Fault> {
    let prefixes = lengths(data, most)?;
    let suffixes = lengths(data.get(prefixes.end..).ok_or(BAD)?, most)?;
    Ok(prefixes.sum.saturating_add(suffixes.sum))
}

/// Reads a `DELTA_BINARY_PACKED` run of 32-bit numbers.
fn lengths(data: &[u8], most: usize) -> Result<Lengths, Fault> {
    let mut head = Compact::new(data);
    let number = |it: &mut Compact<'_>| usize::try_from(it.unsigned()?).map_err(|_| BAD);
    let (block, minis, total) = (number(&mut head)?, number(&mut head)?, number(&mut head)?);
    let first = head.signed()? as i32;
    if minis == 0 || block == 0 || block % minis != 0 || total > most {
        return Err(BAD);
    }
    let mut run = Run { data, at: head.position(), value: first, sum: 0, left: total };
    if total > 0 {
        run.take_value();
    }
    while run.left > 0 {
        run.block(minis, block / minis)?;
    }
    Ok(Lengths { sum: run.sum, end: run.at })
}

struct Run<'a> {
    data: &'a [u8],
    at: usize,
    value: i32,
    sum: u64,
    left: usize,
}

impl Run<'_> {
    fn take_value(&mut self) {
        self.sum = self.sum.saturating_add(u64::try_from(self.value).unwrap_or_default());
        self.left -= 1;
    }

    fn block(&mut self, minis: usize, per_mini: usize) -> Result<(), Fault> {
        let mut head = Compact::new(self.data.get(self.at..).ok_or(BAD)?);
        let least = head.signed()? as i32;
        self.at += head.position();
        let widths_end = self.at.checked_add(minis).ok_or(BAD)?;
        let widths = self.data.get(self.at..widths_end).ok_or(BAD)?;
        self.at = widths_end;
        for width in widths {
            // Widths behind the last value mean nothing.
            if self.left == 0 {
                break;
            }
            self.mini(usize::from(*width), per_mini, least)?;
        }
        Ok(())
    }

    fn mini(&mut self, width: usize, per_mini: usize, least: i32) -> Result<(), Fault> {
        if width > 32 {
            return Err(BAD);
        }
        let packed = self.data.get(self.at..).ok_or(BAD)?;
        for index in 0..per_mini.min(self.left) {
            let delta = unpack(packed, index, width).ok_or(BAD)?;
            self.value = self.value.wrapping_add(least).wrapping_add(delta as i32);
            self.take_value();
        }
        self.at = per_mini.checked_mul(width).and_then(|bits| self.at.checked_add(bits / 8)).ok_or(BAD)?;
        Ok(())
    }
}

/// The number at a place of a run packed from the lowest bit on.
fn unpack(packed: &[u8], index: usize, width: usize) -> Option<u32> {
    let bit = index.checked_mul(width)?;
    let mut number = 0u64;
    for (place, at) in (bit / 8..(bit + width).div_ceil(8)).enumerate() {
        number |= u64::from(*packed.get(at)?) << (8 * place);
    }
    Some((number >> (bit % 8) & ((1u64 << width) - 1)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::column::writer::{ColumnWriter, get_column_writer};
    use parquet::data_type::ByteArray;
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use parquet::file::writer::SerializedPageWriter;
    use parquet::file::writer::TrackedWrite;
    use parquet::schema::types::{ColumnDescriptor, ColumnPath, Type};
    use proptest::prelude::*;
    use std::sync::Arc;

    use crate::format::parquet::page_header::PageHeader;
    use parquet::basic::{Encoding, Type as Physical};

    /// The values section of one page of a required column, written by the parquet crate.
    fn page(values: &[Vec<u8>], encoding: Encoding) -> Vec<u8> {
        let leaf = Type::primitive_type_builder("v", Physical::BYTE_ARRAY)
            .with_repetition(parquet::basic::Repetition::REQUIRED)
            .build()
            .unwrap();
        let descriptor = Arc::new(ColumnDescriptor::new(Arc::new(leaf), 0, 0, ColumnPath::from("v")));
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_dictionary_enabled(false)
            .set_encoding(encoding)
            .build();
        let mut sink = TrackedWrite::new(Vec::new());
        let mut writer =
            get_column_writer(descriptor, Arc::new(properties), Box::new(SerializedPageWriter::new(&mut sink)));
        let ColumnWriter::ByteArrayColumnWriter(typed) = &mut writer else { unreachable!() };
        let values: Vec<ByteArray> = values.iter().map(|value| ByteArray::from(value.clone())).collect();
        typed.write_batch(&values, None, None).unwrap();
        writer.close().unwrap();
        let bytes = sink.into_inner().unwrap();
        let (header, length) = PageHeader::read(&bytes).unwrap();
        bytes[length..length + header.stored_bytes].to_vec()
    }

    proptest! {
        #[test]
        fn the_sum_is_what_the_values_hold(
            values in prop::collection::vec(prop::collection::vec(0u8..3, 0..200), 1..400),
        ) {
            let sum: usize = values.iter().map(Vec::len).sum();
            let most = values.len();
            let lengths = page(&values, Encoding::DELTA_LENGTH_BYTE_ARRAY);
            prop_assert_eq!(length_array_bytes(&lengths, most), Ok(sum as u64));
            let deltas = page(&values, Encoding::DELTA_BYTE_ARRAY);
            prop_assert_eq!(byte_array_bytes(&deltas, most), Ok(sum as u64));
            prop_assert!(byte_array_bytes(&deltas, most - 1).is_err());
        }

        #[test]
        fn any_bytes_end(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = byte_array_bytes(&data, 10_000);
        }
    }

    #[test]
    fn runs_that_name_more_values_than_the_page_are_refused() {
        // Blocks of 2^40 values in one part, 2^40 values.
        let huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0, 0, 0];
        assert!(length_array_bytes(&huge, 1000).is_err());
    }
}
