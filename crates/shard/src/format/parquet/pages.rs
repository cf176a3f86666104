//! The pages of a column chunk, each bounded before it is decompressed.
//!
//! Takes the place of the parquet crate's page reader, which makes room for whatever a header claims.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use bytes::Bytes;
use parquet::basic::{Encoding, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::ColumnDescriptor;

use super::codec::Codec;
use super::delta;
use super::file::PositionedFile;
use super::page_header::{DataV2, PageHeader, PageKind};
use super::thrift::Fault;
use crate::error::BadShardKind;
use crate::limits::Expansion;
use crate::{BadShard, ShardError};

/// Most memory of the pages that one step of a reader runs through, in largest pages.
const MAX_STEP_PAGES: usize = 2;
/// Memory of one value in the hands of a reader.
const VALUE_BYTES: usize = 32;
/// Bytes that a chunk may run over its stated end: old writers left a dictionary's header out of the sum (PARQUET-816).
const UNCOUNTED_BYTES: u64 = 100;
/// What is read of a header at first, and at most (old writers put whole values into its statistics).
const HEADER_BYTES: (usize, usize) = (256, 32 << 20);

/// What a reader may know of the page at hand. Shared by the reader and its pages.
#[derive(Debug, Default)]
pub(super) struct PageState {
    values: AtomicU32,
    dictionary: AtomicBool,
    /// Memory of the pages opened since the step began.
    step_bytes: AtomicUsize,
}

impl PageState {
    /// Values of the data page opened last.
    pub(super) fn values(&self) -> usize {
        self.values.load(Ordering::Relaxed) as usize
    }

    /// True where the page's values stand in a dictionary, so that the page itself does not tell their size.
    pub(super) fn in_dictionary(&self) -> bool {
        self.dictionary.load(Ordering::Relaxed)
    }

    /// Begins a step of a reader.
    pub(super) fn begin_step(&self) {
        self.step_bytes.store(0, Ordering::Relaxed);
    }
}

/// How far a reader of a flat column is in the page at hand. It never asks for values beyond the page's end, so that
/// no more than a page is held at a time.
#[derive(Debug)]
pub(super) struct InPage {
    state: Arc<PageState>,
    left: usize,
}

impl InPage {
    pub(super) fn new(state: Arc<PageState>) -> Self {
        Self { state, left: 0 }
    }

    /// How many of the wanted values, one at least, to ask for next. The first value of a page opens it, and only then
    /// it is known how many there are.
    pub(super) fn ask(&self, wanted: usize) -> usize {
        self.left.clamp(1, wanted.max(1))
    }

    /// Notes that as many values as were asked for have been read.
    pub(super) fn took(&mut self, asked: usize) {
        self.left = if self.left == 0 { self.state.values() } else { self.left }.saturating_sub(asked);
    }

    /// True where the page at hand has been read to its end.
    pub(super) fn at_end(&self) -> bool {
        self.left == 0
    }
}

/// Reads pages in order.
pub(super) struct BoundedPages {
    file: Arc<PositionedFile>,
    at: u64,
    /// Bytes of the chunk from there on.
    left: u64,
    uncounted: u64,
    /// Values that were not met yet, by the footer's word.
    values_left: u64,
    max_page_bytes: usize,
    codec: Codec,
    column: Arc<ColumnDescriptor>,
    peeked: Option<PageHeader>,
    expansion: Arc<Expansion>,
    state: Arc<PageState>,
}

impl BoundedPages {
    /// The pages of one column chunk; what they decode to is counted by `expansion`.
    pub(super) fn new(
        file: Arc<PositionedFile>,
        chunk: &ColumnChunkMetaData,
        max_page_bytes: usize,
        expansion: Arc<Expansion>,
    ) -> Result<Self> {
        let (at, left) = byte_range(chunk);
        Ok(Self {
            uncounted: file.length().saturating_sub(at.saturating_add(left)).min(UNCOUNTED_BYTES),
            file,
            at,
            left,
            values_left: u64::try_from(chunk.num_values()).unwrap_or_default(),
            max_page_bytes,
            codec: Codec::new(chunk.compression())?,
            column: chunk.column_descr_ptr(),
            peeked: None,
            expansion,
            state: Arc::default(),
        })
    }

    /// What a reader may know of the page at hand.
    pub(super) fn state(&self) -> Arc<PageState> {
        Arc::clone(&self.state)
    }

    /// The header of the next page that holds values; the cursor stands behind it.
    fn header(&mut self) -> Result<Option<PageHeader>> {
        if let Some(header) = self.peeked.take() {
            return Ok(Some(header));
        }
        while self.left > 0 || self.extend() {
            let (header, length) = self.read_header()?;
            self.pass(length);
            if header.stored_bytes as u64 > self.left {
                self.extend();
            }
            if header.stored_bytes as u64 > self.left {
                let detail = format!("a page of {} bytes where {} are left", header.stored_bytes, self.left);
                return Err(self.bad(BadShardKind::Corrupt, &detail));
            }
            match header.kind {
                PageKind::Data { values: 0, .. } | PageKind::DataV2(DataV2 { values: 0, .. }) | PageKind::Index => {
                    self.pass(header.stored_bytes);
                }
                PageKind::Data { values, .. } | PageKind::DataV2(DataV2 { values, .. }) => {
                    self.values_left = self.values_left.saturating_sub(u64::from(values));
                    return Ok(Some(header));
                }
                PageKind::Dictionary { .. } => return Ok(Some(header)),
            }
        }
        Ok(None)
    }

    /// Takes the bytes behind the chunk's stated end, once, where values are missing.
    fn extend(&mut self) -> bool {
        let more = if self.values_left > 0 { std::mem::take(&mut self.uncounted) } else { 0 };
        self.left += more;
        more > 0
    }

    fn read_header(&mut self) -> Result<(PageHeader, usize)> {
        let (mut window, most) = HEADER_BYTES;
        loop {
            let length = (window as u64).min(self.left) as usize;
            let bytes = self.file.read(self.at, length)?;
            let fault = match PageHeader::read(&bytes) {
                Ok(header) => return Ok(header),
                Err(Fault::Short) if (length as u64) < self.left && window < most => {
                    window *= 8;
                    continue;
                }
                Err(Fault::Short) if length as u64 == self.left && self.extend() => continue,
                Err(Fault::Short) => "a page header that does not end",
                Err(Fault::Invalid(what)) => what,
            };
            return Err(self.bad(BadShardKind::Corrupt, fault));
        }
    }

    fn pass(&mut self, bytes: usize) {
        self.at += bytes as u64;
        self.left -= bytes as u64;
    }

    fn bad(&self, kind: BadShardKind, what: &str) -> ParquetError {
        let detail = format!("column {:?}: {what}", self.column.path().string());
        ParquetError::External(Box::new(BadShard { kind, detail }))
    }

    /// Counts a page before anything is made of it.
    fn admit(&self, header: &PageHeader) -> Result<()> {
        let (values, data) = match header.kind {
            PageKind::Dictionary { values, .. } => (values as usize, false),
            PageKind::Data { values, .. } | PageKind::DataV2(DataV2 { values, .. }) => (values as usize, true),
            PageKind::Index => (0, false),
        };
        let values_bytes = values * VALUE_BYTES;
        // The entries of a dictionary are held by themselves.
        let page_bytes = if data { header.decoded_bytes } else { header.decoded_bytes.max(values_bytes) };
        self.check_size(page_bytes as u64)?;
        let decoded = (header.decoded_bytes as u64).max(values as u64 * 4);
        self.expansion.add(decoded).map_err(from_shard)?;
        // A flat column is read page by page and value by value; the values of a repeated one come in whole records.
        let held = if data && self.column.max_rep_level() == 0 { 0 } else { values_bytes };
        let held = header.decoded_bytes.saturating_add(held);
        let step = self.state.step_bytes.fetch_add(held, Ordering::Relaxed).saturating_add(held);
        let most = self.max_page_bytes.saturating_mul(MAX_STEP_PAGES);
        if data && self.column.max_rep_level() > 0 && step > most {
            let detail =
                format!("some records take more than {most} bytes of memory; raise input.max_page_bytes if they may");
            return Err(self.bad(BadShardKind::Limit, &detail));
        }
        Ok(())
    }

    fn check_size(&self, bytes: u64) -> Result<()> {
        if bytes <= self.max_page_bytes as u64 {
            return Ok(());
        }
        let most = self.max_page_bytes;
        let detail = format!("a page of {bytes} bytes, at most {most} are read; raise input.max_page_bytes if it may");
        Err(self.bad(BadShardKind::Limit, &detail))
    }

    fn page(&mut self, header: PageHeader) -> Result<Page> {
        self.admit(&header)?;
        let stored = self.file.read(self.at, header.stored_bytes)?;
        self.pass(header.stored_bytes);
        if header.crc.is_some_and(|crc| crc != crc32fast::hash(&stored)) {
            return Err(self.bad(BadShardKind::Corrupt, "a page whose checksum is wrong"));
        }
        match header.kind {
            PageKind::Dictionary { values, encoding, sorted } => {
                let buf = self.decompress(stored, 0, header.decoded_bytes, true)?;
                self.check_dictionary(&buf, values)?;
                Ok(Page::DictionaryPage { buf, num_values: values, encoding, is_sorted: sorted })
            }
            PageKind::Data { values, encoding, definition, repetition } => {
                let buf = self.decompress(stored, 0, header.decoded_bytes, true)?;
                let offset = self.levels_end(&buf, values, definition, repetition);
                self.check_values(&buf, offset, values, encoding)?;
                Ok(Page::DataPage {
                    buf,
                    num_values: values,
                    encoding,
                    def_level_encoding: definition,
                    rep_level_encoding: repetition,
                    statistics: None,
                })
            }
            PageKind::DataV2(head) => self.page_v2(head, stored, header.decoded_bytes),
            PageKind::Index => Err(self.bad(BadShardKind::Internal, "a page without values was opened")),
        }
    }

    fn page_v2(&mut self, head: DataV2, stored: Bytes, decoded_bytes: usize) -> Result<Page> {
        let levels = (head.definition_bytes as usize).saturating_add(head.repetition_bytes as usize);
        if levels > decoded_bytes || levels > stored.len() {
            return Err(self.bad(BadShardKind::Corrupt, "a page whose levels are longer than the page"));
        }
        let buf = self.decompress(stored, levels, decoded_bytes, head.compressed)?;
        self.check_values(&buf, Some(levels), head.values, head.encoding)?;
        Ok(Page::DataPageV2 {
            buf,
            num_values: head.values,
            encoding: head.encoding,
            num_nulls: head.nulls,
            num_rows: head.rows,
            def_levels_byte_len: head.definition_bytes,
            rep_levels_byte_len: head.repetition_bytes,
            is_compressed: head.compressed,
            statistics: None,
        })
    }

    /// The page's bytes, of which the first `plain` are stored as they are.
    fn decompress(&mut self, stored: Bytes, plain: usize, decoded_bytes: usize, compressed: bool) -> Result<Bytes> {
        if !compressed || self.codec.is_plain() {
            return Ok(stored);
        }
        let mut out = Vec::with_capacity(decoded_bytes);
        out.extend_from_slice(&stored[..plain]);
        // A page of nulls alone has nothing to decompress, and some writers store nothing for it.
        if decoded_bytes > plain {
            self.codec.decompress(&stored[plain..], decoded_bytes - plain, &mut out)?;
        }
        Ok(Bytes::from(out))
    }

    /// The decoder makes room for every entry that the header names.
    fn check_dictionary(&self, buf: &[u8], values: u32) -> Result<()> {
        let width = match self.column.physical_type() {
            Physical::BOOLEAN => return Ok(()),
            Physical::INT32 | Physical::FLOAT | Physical::BYTE_ARRAY => 4,
            Physical::INT64 | Physical::DOUBLE => 8,
            Physical::INT96 => 12,
            Physical::FIXED_LEN_BYTE_ARRAY => usize::try_from(self.column.type_length()).unwrap_or_default().max(1),
        };
        if values as usize > buf.len() / width {
            return Err(self.bad(BadShardKind::Corrupt, "a dictionary with fewer entries than its header names"));
        }
        Ok(())
    }

    /// Where the values of a page of version 1 begin; none where its levels cannot be read.
    fn levels_end(&self, buf: &[u8], values: u32, definition: Encoding, repetition: Encoding) -> Option<usize> {
        let mut offset = 0usize;
        for (most, encoding) in [(self.column.max_rep_level(), repetition), (self.column.max_def_level(), definition)] {
            if most == 0 {
                continue;
            }
            offset = match encoding {
                Encoding::RLE => {
                    let length = buf.get(offset..)?.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))?;
                    offset.checked_add(4)?.checked_add(length as usize)?
                }
                _ => {
                    let width = (16 - most.leading_zeros()) as usize;
                    offset.checked_add((values as usize * width).div_ceil(8))?
                }
            };
        }
        (offset <= buf.len()).then_some(offset)
    }

    /// Delta encodings tell the number and the length of their values by themselves.
    fn check_values(&self, buf: &[u8], offset: Option<usize>, values: u32, encoding: Encoding) -> Result<()> {
        let measure = match encoding {
            Encoding::DELTA_BYTE_ARRAY => delta::byte_array_bytes,
            Encoding::DELTA_LENGTH_BYTE_ARRAY => delta::length_array_bytes,
            _ => return Ok(()),
        };
        let data = offset.and_then(|offset| buf.get(offset..)).unwrap_or_default();
        if data.is_empty() {
            return Ok(());
        }
        let bytes = measure(data, values as usize)
            .map_err(|_| self.bad(BadShardKind::Corrupt, "a page whose lengths cannot be read"))?;
        self.check_size(bytes)?;
        self.expansion.add(bytes.saturating_sub(buf.len() as u64)).map_err(from_shard)
    }
}

/// Where a chunk begins and how long it is. Some writers say 0 for a dictionary that is not there.
fn byte_range(chunk: &ColumnChunkMetaData) -> (u64, u64) {
    let data = chunk.data_page_offset();
    let start = chunk.dictionary_page_offset().filter(|at| (1..data).contains(at)).unwrap_or(data);
    (u64::try_from(start).unwrap_or_default(), u64::try_from(chunk.compressed_size()).unwrap_or_default())
}

fn from_shard(error: ShardError) -> ParquetError {
    match error {
        ShardError::Bad(bad) => ParquetError::External(Box::new(bad)),
        other => ParquetError::General(other.to_string()),
    }
}

impl Iterator for BoundedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for BoundedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(header) = self.header()? else { return Ok(None) };
        let page = self.page(header)?;
        if page.is_data_page() {
            self.state.values.store(page.num_values(), Ordering::Relaxed);
            let in_dictionary = matches!(page.encoding(), Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
            self.state.dictionary.store(in_dictionary, Ordering::Relaxed);
        }
        Ok(Some(page))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.peeked = self.header()?;
        Ok(self.peeked.map(|header| match header.kind {
            PageKind::Data { values, .. } => {
                PageMetadata { num_rows: None, num_levels: Some(values as usize), is_dict: false }
            }
            PageKind::DataV2(head) => PageMetadata {
                num_rows: Some(head.rows as usize),
                num_levels: Some(head.values as usize),
                is_dict: false,
            },
            PageKind::Dictionary { .. } | PageKind::Index => {
                PageMetadata { num_rows: None, num_levels: None, is_dict: true }
            }
        }))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        if let Some(header) = self.header()? {
            self.pass(header.stored_bytes);
        }
        Ok(())
    }
}
