//! What stands before every page.

use parquet::basic::Encoding;

use super::thrift::{Compact, Fault, STRUCT};

/// A page's header, as far as reading the page takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// Bytes of the page once decompressed.
    pub decoded_bytes: usize,
    /// Bytes of the page as stored.
    pub stored_bytes: usize,
    /// CRC-32 of the stored bytes.
    pub crc: Option<u32>,
    pub kind: PageKind,
}

/// Kinds of pages and what each adds to the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    Dictionary {
        values: u32,
        encoding: Encoding,
        sorted: bool,
    },
    Data {
        values: u32,
        encoding: Encoding,
        definition: Encoding,
        repetition: Encoding,
    },
    DataV2(DataV2),
    /// An index: it holds no values.
    Index,
}

/// A data page of version 2: its levels are never compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DataV2 {
    pub values: u32,
    pub nulls: u32,
    pub rows: u32,
    pub encoding: Encoding,
    pub definition_bytes: u32,
    pub repetition_bytes: u32,
    pub compressed: bool,
}

impl PageHeader {
    /// Reads a header from the start of `bytes`; the header and its length.
    ///
    /// # Errors
    /// [`Fault::Short`] where it may go on behind `bytes`.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), Fault> {
        let mut compact = Compact::new(bytes);
        let (mut kind, mut decoded, mut stored, mut crc) = (None, None, None, None);
        let (mut data, mut dictionary, mut data_v2) = (None, None, None);
        compact.fields(|it, id, field| {
            match (id, field) {
                (1, 5) => kind = Some(it.int()?),
                (2, 5) => decoded = Some(it.int()?),
                (3, 5) => stored = Some(it.int()?),
                (4, 5) => crc = Some(it.int()? as u32),
                (5, STRUCT) => data = Some(Numbers::read(it)?),
                (7, STRUCT) => dictionary = Some(Numbers::read(it)?),
                (8, STRUCT) => data_v2 = Some(Numbers::read(it)?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let kind = match kind.ok_or(MISSING)? {
            0 => data.ok_or(MISSING)?.data()?,
            2 => dictionary.ok_or(MISSING)?.dictionary()?,
            3 => PageKind::DataV2(data_v2.ok_or(MISSING)?.data_v2()?),
            1 => PageKind::Index,
            _ => return Err(Fault::Invalid("a page of an unknown kind")),
        };
        let header = Self { decoded_bytes: size(decoded)?, stored_bytes: size(stored)?, crc, kind };
        Ok((header, compact.position()))
    }
}

const MISSING: Fault = Fault::Invalid("a page header without a required field");
const NEGATIVE: Fault = Fault::Invalid("a page header with a negative size");

fn size(number: Option<i32>) -> Result<usize, Fault> {
    usize::try_from(number.ok_or(MISSING)?).map_err(|_| NEGATIVE)
}

/// The numbers and flags of one of the inner headers, by field id.
#[derive(Debug, Default)]
struct Numbers {
    ints: [Option<i32>; 8],
    flags: [Option<bool>; 8],
}

impl Numbers {
    fn read(it: &mut Compact<'_>) -> Result<Self, Fault> {
        let mut numbers = Self::default();
        it.fields(|it, id, field| {
            let Some(index) = usize::try_from(id).ok().filter(|index| *index < numbers.ints.len()) else {
                return Ok(false);
            };
            match field {
                1 | 2 => numbers.flags[index] = Some(field == 1),
                5 => numbers.ints[index] = Some(it.int()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(numbers)
    }

    fn count(&self, id: usize) -> Result<u32, Fault> {
        u32::try_from(self.ints[id].ok_or(MISSING)?).map_err(|_| NEGATIVE)
    }

    fn encoding(&self, id: usize) -> Result<Encoding, Fault> {
        Ok(match self.ints[id].ok_or(MISSING)? {
            0 => Encoding::PLAIN,
            2 => Encoding::PLAIN_DICTIONARY,
            3 => Encoding::RLE,
            #[allow(deprecated)] // old files have it
            4 => Encoding::BIT_PACKED,
            5 => Encoding::DELTA_BINARY_PACKED,
            6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            7 => Encoding::DELTA_BYTE_ARRAY,
            8 => Encoding::RLE_DICTIONARY,
            9 => Encoding::BYTE_STREAM_SPLIT,
            _ => return Err(Fault::Invalid("a page in an unknown encoding")),
        })
    }

    fn data(&self) -> Result<PageKind, Fault> {
        Ok(PageKind::Data {
            values: self.count(1)?,
            encoding: self.encoding(2)?,
            definition: self.encoding(3)?,
            repetition: self.encoding(4)?,
        })
    }

    fn dictionary(&self) -> Result<PageKind, Fault> {
        Ok(PageKind::Dictionary {
            values: self.count(1)?,
            encoding: self.encoding(2)?,
            sorted: self.flags[3].unwrap_or_default(),
        })
    }

    fn data_v2(&self) -> Result<DataV2, Fault> {
        Ok(DataV2 {
            values: self.count(1)?,
            nulls: self.count(2)?,
            rows: self.count(3)?,
            encoding: self.encoding(4)?,
            definition_bytes: self.count(5)?,
            repetition_bytes: self.count(6)?,
            compressed: self.flags[7].unwrap_or(true),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_with_its_length() {
        // type 0, 300 decoded, 20 stored, crc -1, data { 7 values, PLAIN, RLE, RLE }
        let bytes =
            [0x15, 0, 0x15, 0xd8, 0x04, 0x15, 40, 0x15, 1, 0x1c, 0x15, 14, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0, 99, 99];
        let (header, length) = PageHeader::read(&bytes).unwrap();
        assert_eq!((header.decoded_bytes, header.stored_bytes, header.crc), (300, 20, Some(u32::MAX)));
        let kind = PageKind::Data {
            values: 7,
            encoding: Encoding::PLAIN,
            definition: Encoding::RLE,
            repetition: Encoding::RLE,
        };
        assert_eq!((header.kind, length), (kind, bytes.len() - 2));
        for end in 0..length {
            assert_eq!(PageHeader::read(&bytes[..end]), Err(Fault::Short), "{end}");
        }
    }

    #[test]
    fn negative_sizes_and_missing_fields_are_refused() {
        assert_eq!(PageHeader::read(&[0x15, 0, 0]), Err(MISSING));
        let negative = [0x15, 2, 0x15, 1, 0x15, 40, 0];
        assert_eq!(PageHeader::read(&negative), Err(NEGATIVE));
        let index = [0x15, 2, 0x15, 2, 0x15, 40, 0];
        assert_eq!(PageHeader::read(&index).unwrap().0.kind, PageKind::Index);
    }
}
