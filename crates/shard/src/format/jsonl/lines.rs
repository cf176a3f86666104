//! Cuts a stream of bytes into blocks of whole lines.

use std::io::Read;
use std::ops::Range;

use bytes::Bytes;

use crate::limits::Expansion;
use crate::{BlockSize, Limits, ShardError};

/// A line of a block that is a record (never a blank one).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Byte range in the block, without the line feed and without a byte-order mark.
    Whole(Range<usize>),
    /// A line longer than `max_row_bytes`; its bytes were passed over. Length in bytes.
    TooLong(u64),
}

/// Some whole lines.
#[derive(Debug)]
pub struct LineBlock {
    /// The bytes that the ranges point into.
    pub data: Bytes,
    /// One per record.
    pub lines: Vec<Line>,
    /// Row number of the first record.
    pub first_row: u64,
    /// Lines of white space only met in this block.
    pub blank_lines: u64,
}

impl LineBlock {
    /// The bytes of a line; none where it was too long.
    pub fn line(&self, index: usize) -> Option<Bytes> {
        match self.lines.get(index)? {
            Line::Whole(range) => Some(self.data.slice(range.clone())),
            Line::TooLong(_) => None,
        }
    }
}

/// Reads blocks of lines. Memory: one block, or one line of up to `max_row_bytes`, whichever is larger.
pub struct LineReader {
    stream: Box<dyn Read + Send>,
    limits: Limits,
    block: BlockSize,
    expansion: Expansion,
    /// Decompressed bytes that no block has taken yet.
    ahead: Vec<u8>,
    next_row: u64,
    ended: bool,
    /// Why the stream cannot be read on; told once the lines before it have been handed out.
    failure: Option<ShardError>,
}

impl LineReader {
    pub(super) fn new(stream: Box<dyn Read + Send>, limits: Limits, block: BlockSize, expansion: Expansion) -> Self {
        Self { stream, limits, block, expansion, ahead: Vec::new(), next_row: 0, ended: false, failure: None }
    }

    /// The next block, or none at the end of the stream. A block may hold blank lines only.
    ///
    /// Where the stream breaks, the whole lines before it still come, so that their number does not depend on the size
    /// of blocks.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where the stream cannot be read or decompressed, or decodes to more than `max_ratio` allows.
    pub fn next_block(&mut self) -> Result<Option<LineBlock>, ShardError> {
        if let Some(failure) = self.failure.take() {
            self.ended = true;
            return Err(failure);
        }
        let rows_left = self.limits.max_rows.map_or(u64::MAX, |rows| rows.saturating_sub(self.next_row));
        if self.ended || rows_left == 0 {
            return Ok(None);
        }
        let mut data = std::mem::take(&mut self.ahead);
        let mut cut = Cut::default();
        let mut searched = 0;
        while cut.end < self.block.bytes && cut.count() < self.block.rows && (cut.lines.len() as u64) < rows_left {
            if let Some(at) = memchr::memchr(b'\n', &data[searched..]) {
                cut.line(&data, searched + at, searched + at + 1, self.limits.max_row_bytes);
                searched = cut.end;
            } else if data.len() - cut.end > self.limits.max_row_bytes {
                match self.pass_over_line(cut.end, &mut data) {
                    Ok(length) => cut.lines.push(Line::TooLong(length)),
                    Err(failure) => {
                        self.failure = Some(failure);
                        break;
                    }
                }
                searched = cut.end;
            } else {
                searched = data.len();
                match self.fill(&mut data) {
                    Ok(0) => {
                        self.ended = true;
                        if searched > cut.end {
                            cut.line(&data, searched, searched, self.limits.max_row_bytes);
                        }
                        break;
                    }
                    Ok(_) => {}
                    Err(failure) => {
                        self.failure = Some(failure);
                        break;
                    }
                }
            }
        }
        self.ahead = data.split_off(cut.end);
        let first_row = self.next_row;
        self.next_row += cut.lines.len() as u64;
        Ok(Some(LineBlock { data: Bytes::from(data), lines: cut.lines, first_row, blank_lines: cut.blank_lines }))
    }

    /// Reads on; the number of bytes got, 0 at the end.
    fn fill(&mut self, data: &mut Vec<u8>) -> Result<usize, ShardError> {
        let before = data.len();
        data.resize(before + (1 << 18), 0);
        let got = loop {
            match self.stream.read(&mut data[before..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(ShardError::reading),
            }
        };
        data.truncate(before + *got.as_ref().unwrap_or(&0));
        let got = got?;
        self.expansion.add(got as u64)?;
        Ok(got)
    }

    /// Drops the unfinished line that begins at `start` up to and with its line feed; its length in bytes.
    fn pass_over_line(&mut self, start: usize, data: &mut Vec<u8>) -> Result<u64, ShardError> {
        let mut length = (data.len() - start) as u64;
        data.truncate(start);
        let mut chunk = Vec::new();
        loop {
            chunk.clear();
            let got = self.fill(&mut chunk)?;
            if let Some(at) = memchr::memchr(b'\n', &chunk) {
                data.extend_from_slice(&chunk[at + 1..]);
                return Ok(length + at as u64);
            }
            if got == 0 {
                return Ok(length);
            }
            length += got as u64;
        }
    }
}

/// The lines cut off the front of the bytes at hand.
#[derive(Default)]
struct Cut {
    lines: Vec<Line>,
    blank_lines: u64,
    /// Where the next line begins.
    end: usize,
}

impl Cut {
    fn count(&self) -> usize {
        self.lines.len() + self.blank_lines as usize
    }

    /// Takes the line from the last cut up to `end`; the next one begins at `next`.
    fn line(&mut self, data: &[u8], end: usize, next: usize, max_row_bytes: usize) {
        let start = self.end + byte_order_marks(&data[self.end..end]);
        self.end = next;
        if end - start > max_row_bytes {
            self.lines.push(Line::TooLong((end - start) as u64));
        } else if is_blank(&data[start..end]) {
            self.blank_lines += 1;
        } else {
            self.lines.push(Line::Whole(start..end));
        }
    }
}

/// Length of the byte-order marks at the start: files that were joined carry one where each began.
fn byte_order_marks(line: &[u8]) -> usize {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    line.chunks_exact(MARK.len()).take_while(|chunk| *chunk == MARK).count() * MARK.len()
}

/// True for white space only, in the sense of Unicode and of ASCII's separators (0x1c–0x1f).
fn is_blank(line: &[u8]) -> bool {
    if line.first().is_some_and(|byte| (0x21..0x80).contains(byte)) {
        return false;
    }
    std::str::from_utf8(line)
        .is_ok_and(|text| text.chars().all(|c| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reader(data: &[u8], limits: Limits, block: BlockSize) -> LineReader {
        let expansion = Expansion::new(data.len() as u64, limits);
        LineReader::new(Box::new(std::io::Cursor::new(data.to_vec())), limits, block, expansion)
    }

    /// All lines as (text or length), with the count of blank ones.
    fn all(data: &[u8], limits: Limits, block: BlockSize) -> (Vec<Result<Vec<u8>, u64>>, u64) {
        let mut reader = reader(data, limits, block);
        let (mut lines, mut blank) = (Vec::new(), 0);
        while let Some(block) = reader.next_block().unwrap() {
            assert_eq!(block.first_row, lines.len() as u64);
            blank += block.blank_lines;
            lines.extend(block.lines.iter().map(|line| match line {
                Line::Whole(range) => Ok(block.data[range.clone()].to_vec()),
                Line::TooLong(length) => Err(*length),
            }));
        }
        (lines, blank)
    }

    #[test]
    fn blank_lines_marks_and_a_last_line_without_feed() {
        let data = "\u{feff}{1}\n \t\r\n\u{3000}\n{2}\r\n\n\u{feff}{3}".as_bytes();
        let (lines, blank) = all(data, Limits::default(), BlockSize::default());
        assert_eq!(lines, [Ok(b"{1}".to_vec()), Ok(b"{2}\r".to_vec()), Ok(b"{3}".to_vec())]);
        assert_eq!(blank, 3);
    }

    #[test]
    fn a_line_over_the_bound_is_passed_over_and_its_neighbours_stay() {
        let mut data = b"{a}\n".to_vec();
        data.extend(std::iter::repeat_n(b'x', 1_000_000));
        data.extend_from_slice(b"\n{b}\n");
        let limits = Limits { max_row_bytes: 1000, ..Limits::default() };
        let (lines, _) = all(&data, limits, BlockSize { rows: 2, bytes: 64 });
        assert_eq!(lines, [Ok(b"{a}".to_vec()), Err(1_000_000), Ok(b"{b}".to_vec())]);
    }

    #[test]
    fn max_rows_counts_records_not_lines() {
        let limits = Limits { max_rows: Some(2), ..Limits::default() };
        let (lines, _) = all(b"\n1\n\n2\n3\n", limits, BlockSize { rows: 1, bytes: 1 });
        assert_eq!(lines.len(), 2);
    }

    /// A stream that breaks after its bytes.
    struct Broken(std::io::Cursor<Vec<u8>>);

    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
                got => Ok(got),
            }
        }
    }

    #[test]
    fn the_lines_before_a_break_are_the_same_for_any_block() {
        let data: Vec<u8> = (0..500).flat_map(|n| format!("{{{n}}}\n").into_bytes()).chain(*b"{50").collect();
        for block in [BlockSize::default(), BlockSize { rows: 7, bytes: 1 << 20 }, BlockSize { rows: 9999, bytes: 1 }] {
            let limits = Limits::default();
            let stream = Box::new(Broken(std::io::Cursor::new(data.clone())));
            let mut reader = LineReader::new(stream, limits, block, Expansion::new(1, limits));
            let mut lines = 0;
            let failure = loop {
                match reader.next_block() {
                    Ok(Some(block)) => lines += block.lines.len(),
                    Ok(None) => panic!("the break is told"),
                    Err(failure) => break failure.to_string(),
                }
            };
            assert_eq!(lines, 500, "{block:?}");
            assert!(failure.starts_with("truncated"), "{failure}");
            assert!(reader.next_block().unwrap().is_none(), "it is told once");
        }
    }

    #[test]
    fn a_stream_beyond_its_ratio_ends_as_limit() {
        let limits = Limits { max_ratio: 2, ..Limits::default() };
        let data = "{}\n".repeat(30 << 20).into_bytes();
        let stream = Box::new(std::io::Cursor::new(data));
        let mut reader = LineReader::new(stream, limits, BlockSize::default(), Expansion::new(100, limits));
        let failure = loop {
            match reader.next_block() {
                Ok(block) => assert!(block.is_some(), "the end is never reached"),
                Err(failure) => break failure.to_string(),
            }
        };
        assert!(failure.starts_with("limit: 100 stored bytes decode to more than 67108864"), "{failure}");
    }

    proptest! {
        #[test]
        fn blocks_of_any_size_give_the_same_lines(
            data in prop::collection::vec(prop::sample::select(vec![b'\n', b' ', b'x', b'y', 0xef, 0xbb, 0xbf]), 0..200),
            rows in 1usize..5, bytes in 1usize..40, max_row_bytes in 1usize..20,
        ) {
            let limits = Limits { max_row_bytes, ..Limits::default() };
            let whole = all(&data, limits, BlockSize::default());
            prop_assert_eq!(all(&data, limits, BlockSize { rows, bytes }), whole);
        }
    }
}
