//! JSON lines: plain, gzip or zstd.
//!
//! A line is sliced out of the decompressed stream and parsed strictly; a kept record is the raw line again, with what is
//! redacted replaced in place and one key added. Nothing is ever re-serialised.

mod annotated;
mod lines;
mod object;
mod preview;
mod read;
mod redact;
mod write;

pub use annotated::annotation_of;
pub use lines::{LineBlock, LineReader};
pub use preview::{JsonlPreview, preview};
pub use read::JsonlParser;
pub use redact::redact_line;
pub use write::{JsonlWriter, annotate_line};

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use crate::error::BadShardKind;
use crate::format::Compression;
use crate::limits::Expansion;
use crate::{BlockSize, Limits, ShardError};

/// First bytes of the formats that are mistaken for one another, and where such a file belongs.
const MAGICS: [(&[u8], &str, &str); 4] = [
    (b"PAR1", "a Parquet file", ".parquet"),
    (b"PARE", "an encrypted Parquet file", ".parquet"),
    (&[0x1f, 0x8b], "gzip", ".jsonl.gz"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd", ".jsonl.zst"),
];

/// A decompressed stream and what its file stores.
struct Stream {
    bytes: Box<dyn Read + Send>,
    stored: u64,
}

/// Opens a shard as a stream of decompressed bytes.
///
/// # Errors
/// [`ShardError::Bad`] where the file cannot be opened, or begins as a file of another format.
fn open_stream(file: &Path, compression: Compression) -> Result<Stream, ShardError> {
    let mut handle = File::open(file).map_err(ShardError::reading)?;
    let stored = handle.metadata().map_err(ShardError::reading)?.len();
    let mut head = Vec::with_capacity(4);
    handle.by_ref().take(4).read_to_end(&mut head).map_err(ShardError::reading)?;
    check_head(&head, compression)?;
    let whole = Cursor::new(head).chain(handle);
    let bytes: Box<dyn Read + Send> = match compression {
        Compression::Plain => Box::new(whole),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(whole)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(whole).map_err(ShardError::reading)?),
    };
    Ok(Stream { bytes, stored })
}

/// A file whose first bytes are those of another format would be read as a million bad lines.
fn check_head(head: &[u8], compression: Compression) -> Result<(), ShardError> {
    let expected = match compression {
        Compression::Plain => None,
        Compression::Gzip => Some((".jsonl.gz", "gzip")),
        Compression::Zstd => Some((".jsonl.zst", "zstd")),
    };
    if head.is_empty() && expected.is_some() {
        return Err(ShardError::bad(BadShardKind::Truncated, "an empty file is no compressed stream"));
    }
    let found = MAGICS.iter().find(|(magic, ..)| head.starts_with(magic));
    match (found, expected) {
        (Some((_, what, extension)), expected) if expected.is_none_or(|(own, _)| own != *extension) => {
            let detail = format!("its first bytes are those of {what}; rename it to end in {extension}");
            Err(ShardError::bad(BadShardKind::Corrupt, detail))
        }
        (None, Some((_, name))) if !is_skippable(head) => {
            let detail = format!("its first bytes are not those of {name}; rename it to end in .jsonl if it is plain");
            Err(ShardError::bad(BadShardKind::Corrupt, detail))
        }
        _ => Ok(()),
    }
}

/// A zstd stream may begin with a frame that holds no content.
fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

/// Opens a shard as blocks of whole lines.
///
/// # Errors
/// [`ShardError::Bad`] where the file cannot be opened.
pub fn open_lines(
    file: &Path,
    compression: Compression,
    limits: Limits,
    block: BlockSize,
) -> Result<LineReader, ShardError> {
    let stream = open_stream(file, compression)?;
    Ok(LineReader::new(stream.bytes, limits, block, Expansion::new(stream.stored, limits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_format_is_known_by_its_first_bytes() {
        use Compression::{Gzip, Plain, Zstd};
        let zstd: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
        let cases: [(&[u8], Compression, Option<&str>); 11] = [
            (b"{\"a\"", Plain, None),
            (b"", Plain, None),
            (b"", Gzip, Some("truncated: an empty file")),
            (b"PAR1", Plain, Some("corrupt: its first bytes are those of a Parquet file")),
            (b"PAR1", Zstd, Some("end in .parquet")),
            (&[0x1f, 0x8b, 8, 0], Plain, Some("end in .jsonl.gz")),
            (&[0x1f, 0x8b, 8, 0], Gzip, None),
            (zstd, Gzip, Some("end in .jsonl.zst")),
            (zstd, Zstd, None),
            (&[0x50, 0x2a, 0x4d, 0x18], Zstd, None),
            (b"{\"te", Zstd, Some("not those of zstd")),
        ];
        for (head, compression, expected) in cases {
            match (check_head(head, compression), expected) {
                (Ok(()), None) => {}
                (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{head:?}: {error}"),
                (got, _) => panic!("{head:?} as {compression:?}: {got:?}"),
            }
        }
    }
}
