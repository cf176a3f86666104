//! Decompression that never yields more than a page's header names.
//!
//! The parquet crate's gzip, brotli and LZ4 decoders read to the end of the stream, whatever its length: a page of a
//! few kilobytes may then take gigabytes before its size is compared with the header.

use std::io::Read;

use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};

/// A decoder for the pages of one column chunk.
pub(super) enum Codec {
    Plain,
    Snappy(snap::raw::Decoder),
    Gzip,
    Brotli,
    Lz4Hadoop,
    Lz4,
    Zstd(Box<zstd::bulk::Decompressor<'static>>),
}

impl Codec {
    /// The decoder of a codec.
    ///
    /// # Errors
    /// [`ParquetError::NYI`] for LZO, which no free library decodes.
    pub(super) fn new(compression: Compression) -> Result<Self> {
        Ok(match compression {
            Compression::UNCOMPRESSED => Self::Plain,
            Compression::SNAPPY => Self::Snappy(snap::raw::Decoder::new()),
            Compression::GZIP(_) => Self::Gzip,
            Compression::BROTLI(_) => Self::Brotli,
            Compression::LZ4 => Self::Lz4Hadoop,
            Compression::LZ4_RAW => Self::Lz4,
            Compression::ZSTD(_) => Self::Zstd(Box::new(zstd::bulk::Decompressor::new()?)),
            Compression::LZO => return Err(ParquetError::NYI("the codec LZO is not supported".into())),
        })
    }

    /// True where stored and decoded bytes are the same.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// Appends the decoded bytes to `out`: exactly `size`, or it fails.
    pub(super) fn decompress(&mut self, stored: &[u8], size: usize, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        out.reserve_exact(size);
        match self {
            Self::Plain => out.extend_from_slice(stored),
            Self::Snappy(decoder) => {
                out.resize(start + size, 0);
                let got = decoder.decompress(stored, &mut out[start..]).map_err(external)?;
                out.truncate(start + got);
            }
            Self::Gzip => read_bounded(flate2::bufread::MultiGzDecoder::new(stored), size, out)?,
            Self::Brotli => read_bounded(brotli::Decompressor::new(stored, 4096), size, out)?,
            Self::Lz4 => lz4_block(stored, size, out)?,
            Self::Lz4Hadoop => lz4_hadoop(stored, size, out)?,
            Self::Zstd(decoder) => {
                let mut cursor = std::io::Cursor::new(&mut *out);
                cursor.set_position(start as u64);
                decoder.decompress_to_buffer(stored, &mut cursor)?;
            }
        }
        match out.len() - start {
            got if got == size => Ok(()),
            got => Err(ParquetError::General(format!("a page decodes to {got} bytes where its header names {size}"))),
        }
    }
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// Reads what is allowed, and one byte more to find out whether the stream goes on.
fn read_bounded(mut stream: impl Read, size: usize, out: &mut Vec<u8>) -> Result<()> {
    stream.by_ref().take(size as u64).read_to_end(out)?;
    match stream.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(ParquetError::General(format!("a page decodes to more than the {size} bytes that its header names"))),
    }
}

fn lz4_block(stored: &[u8], size: usize, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    out.resize(start + size, 0);
    let got = lz4_flex::block::decompress_into(stored, &mut out[start..]).map_err(external)?;
    out.truncate(start + got);
    Ok(())
}

/// Hadoop's framing; files of older writers have LZ4's own frames, or no frames, under the same name.
fn lz4_hadoop(stored: &[u8], size: usize, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    if hadoop_frames(stored, size, out).is_some() {
        return Ok(());
    }
    out.truncate(start);
    if read_bounded(lz4_flex::frame::FrameDecoder::new(stored), size, out).is_ok() && out.len() - start == size {
        return Ok(());
    }
    out.truncate(start);
    lz4_block(stored, size, out)
}

/// Frames of (decoded length, stored length, block), lengths in four big-endian bytes.
fn hadoop_frames(mut stored: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut left = size;
    while !stored.is_empty() {
        let (head, rest) = stored.split_first_chunk::<8>()?;
        let [a, b, c, d, e, f, g, h] = *head;
        let (decoded, bytes) = (u32::from_be_bytes([a, b, c, d]) as usize, u32::from_be_bytes([e, f, g, h]) as usize);
        let block = rest.get(..bytes)?;
        left = left.checked_sub(decoded)?;
        let start = out.len();
        lz4_block(block, decoded, out).ok().filter(|()| out.len() - start == decoded)?;
        stored = &rest[bytes..];
    }
    (left == 0).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::{BrotliLevel, GzipLevel, ZstdLevel};
    use std::io::Write;

    fn text() -> Vec<u8> {
        (0..40_000u32).flat_map(|n| (n % 251 * 7).to_le_bytes()).collect()
    }

    fn stored(text: &[u8]) -> Vec<(&'static str, Compression, Vec<u8>)> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text).unwrap();
        let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 1, 20);
        brotli.write_all(text).unwrap();
        let mut frame = lz4_flex::frame::FrameEncoder::new(Vec::new());
        frame.write_all(text).unwrap();
        let hadoop: Vec<u8> = text
            .chunks(50_000)
            .flat_map(|part| {
                let block = lz4_flex::block::compress(part);
                let lengths = [part.len() as u32, block.len() as u32].map(u32::to_be_bytes).concat();
                [lengths, block].concat()
            })
            .collect();
        vec![
            ("plain", Compression::UNCOMPRESSED, text.to_vec()),
            ("snappy", Compression::SNAPPY, snap::raw::Encoder::new().compress_vec(text).unwrap()),
            ("gzip", Compression::GZIP(GzipLevel::default()), gzip.finish().unwrap()),
            ("brotli", Compression::BROTLI(BrotliLevel::default()), brotli.into_inner()),
            ("lz4 raw", Compression::LZ4_RAW, lz4_flex::block::compress(text)),
            ("lz4 hadoop", Compression::LZ4, hadoop),
            ("lz4 frame", Compression::LZ4, frame.finish().unwrap()),
            ("lz4 unframed", Compression::LZ4, lz4_flex::block::compress(text)),
            ("zstd", Compression::ZSTD(ZstdLevel::default()), zstd::encode_all(text, 3).unwrap()),
        ]
    }

    #[test]
    fn every_codec_gives_exactly_the_bytes_that_were_named() {
        let text = text();
        for (name, compression, stored) in stored(&text) {
            let mut out = b"levels".to_vec();
            let mut codec = Codec::new(compression).unwrap();
            codec.decompress(&stored, text.len(), &mut out).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(out.starts_with(b"levels") && out[6..] == text, "{name}");
        }
    }

    #[test]
    fn a_stream_that_holds_more_or_less_than_its_header_names_is_refused_within_that_memory() {
        let text = text();
        for (name, compression, stored) in stored(&text) {
            for size in [0, 1, text.len() / 2, text.len() - 1, text.len() + 1] {
                let mut out = Vec::new();
                let got = Codec::new(compression).unwrap().decompress(&stored, size, &mut out);
                assert!(got.is_err(), "{name} at {size}");
                assert!(name == "plain" || out.capacity() <= size + 64, "{name} at {size}: {}", out.capacity());
            }
        }
    }

    #[test]
    fn bits_that_flip_never_panic() {
        let text = &text()[..3000];
        for (_, compression, stored) in stored(text) {
            for at in 0..stored.len() {
                let mut bad = stored.clone();
                bad[at] ^= 1 << (at % 8);
                let _ = Codec::new(compression).unwrap().decompress(&bad, text.len(), &mut Vec::new());
            }
        }
    }
}
