//! JSON lines: plain, gzip or zstd.
//!
//! A line is sliced out of the decompressed stream and parsed strictly; a kept record is the raw line again, with one
//! key added. Nothing is ever re-serialised.

mod annotated;
mod lines;
mod object;
mod preview;
mod read;
mod write;

pub use annotated::annotation_of;
pub use lines::{LineBlock, LineReader};
pub use preview::{JsonlPreview, preview};
pub use read::JsonlParser;
pub use write::{JsonlWriter, annotate_line};

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::format::Compression;
use crate::{BlockSize, Limits, ShardError};

/// Opens a shard as a stream of decompressed bytes.
///
/// # Errors
/// [`ShardError::Bad`] where the file cannot be opened.
fn open_stream(file: &Path, compression: Compression) -> Result<Box<dyn Read + Send>, ShardError> {
    let handle = File::open(file).map_err(ShardError::reading)?;
    Ok(match compression {
        Compression::Plain => Box::new(handle),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(handle)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(handle).map_err(ShardError::reading)?),
    })
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
    Ok(LineReader::new(open_stream(file, compression)?, limits, block))
}
