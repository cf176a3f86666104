//! Kept lines on their way out: the raw line with one key added, in the compression of the input.

use std::io::{self, Write};
use std::path::Path;

use serde_json::value::RawValue;

use super::object::members;
use crate::commit::{Staged, StagedFile};
use crate::format::Compression;
use crate::{ANNOTATION, ShardError};

/// Input of an encoder is cut to this size, so that its output does not depend on how blocks were read.
const ENCODER_CHUNK: usize = 64 << 10;

/// Compression levels of what is written: the default of the command-line tools.
const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;

/// Appends `line` to `out` with the key `tamis` set to `annotation` (a JSON text), and a line feed.
///
/// Everything else stays byte for byte; members of that name, however it is escaped, are cut out. The line must be a
/// valid JSON object.
pub fn annotate_line(line: &[u8], annotation: &[u8], out: &mut Vec<u8>) {
    let cleaned = may_hold_annotation(line).then(|| without_annotation(line)).flatten();
    let line = cleaned.as_deref().unwrap_or(line);
    let brace = memchr::memrchr(b'}', line).unwrap_or(line.len());
    let body = line[..brace].trim_ascii_end();
    out.extend_from_slice(&line[..brace]);
    if body.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(ANNOTATION.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(annotation);
    out.extend_from_slice(&line[brace..]);
    out.push(b'\n');
}

/// False where the key surely does not stand in the line, escaped or not.
fn may_hold_annotation(line: &[u8]) -> bool {
    memchr::memmem::find(line, ANNOTATION.as_bytes()).is_some() || memchr::memmem::find(line, b"\\u00").is_some()
}

/// The line without its top-level `tamis` keys; none where it has none.
fn without_annotation(line: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(line).ok()?;
    members(text, &[ANNOTATION]).values[0]?;
    let members = RawMembers::read(text)?;
    let mut out = Vec::with_capacity(line.len());
    // A member reaches from the end of the one before it, and so begins with its comma, to the end of its value.
    let mut start = text.find('{')? + 1;
    out.extend_from_slice(&line[..start]);
    let first = out.len();
    for (key, value) in &members.0 {
        let end = value.get().as_ptr() as usize - text.as_ptr() as usize + value.get().len();
        if key != ANNOTATION {
            let member = &line[start..end];
            let comma = if out.len() == first { memchr::memchr(b',', leading(member)).map(|at| at + 1) } else { None };
            out.extend_from_slice(&member[comma.unwrap_or(0)..]);
        }
        start = end;
    }
    out.extend_from_slice(&line[start..]);
    Some(out)
}

/// What stands before a member's key.
fn leading(member: &[u8]) -> &[u8] {
    &member[..memchr::memchr(b'"', member).unwrap_or(0)]
}

/// All members of an object in order, repeated keys too, values as they stand in the text.
struct RawMembers<'a>(Vec<(String, &'a RawValue)>);

impl<'a> RawMembers<'a> {
    fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl<'de> serde::Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> serde::de::Visitor<'de> for All {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// Writes a shard in its compression under a temporary name.
pub struct JsonlWriter {
    encoder: Encoder,
    /// Less than one chunk, not yet shown to the encoder.
    pending: Vec<u8>,
}

enum Encoder {
    Plain(StagedFile),
    Gzip(Box<flate2::write::GzEncoder<StagedFile>>),
    Zstd(zstd::stream::write::Encoder<'static, StagedFile>),
}

impl JsonlWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// [`ShardError::Io`].
    pub fn create(target: &Path, compression: Compression) -> Result<Self, ShardError> {
        let file = StagedFile::create(target)?;
        let encoder = match compression {
            Compression::Plain => Encoder::Plain(file),
            Compression::Gzip => {
                let header = flate2::GzBuilder::new().mtime(0).operating_system(255);
                Encoder::Gzip(Box::new(header.write(file, flate2::Compression::new(GZIP_LEVEL))))
            }
            Compression::Zstd => {
                let mut encoder =
                    zstd::stream::write::Encoder::new(file, ZSTD_LEVEL).map_err(ShardError::io("write", target))?;
                encoder.include_checksum(true).map_err(ShardError::io("write", target))?;
                Encoder::Zstd(encoder)
            }
        };
        Ok(Self { encoder, pending: Vec::with_capacity(ENCODER_CHUNK) })
    }

    /// Appends whole lines.
    ///
    /// # Errors
    /// [`ShardError::Io`].
    pub fn write(&mut self, mut lines: &[u8]) -> Result<(), ShardError> {
        while !lines.is_empty() {
            let taken = lines.len().min(ENCODER_CHUNK - self.pending.len());
            self.pending.extend_from_slice(&lines[..taken]);
            lines = &lines[taken..];
            if self.pending.len() == ENCODER_CHUNK {
                self.encode_pending()?;
            }
        }
        Ok(())
    }

    fn encode_pending(&mut self) -> Result<(), ShardError> {
        let written = self.encoder.write_all(&self.pending);
        self.pending.clear();
        written.map_err(|source| ShardError::Io { action: "write", path: self.target(), source })
    }

    /// Ends the stream and stages the file.
    ///
    /// # Errors
    /// [`ShardError::Io`].
    pub fn stage(mut self) -> Result<Staged, ShardError> {
        self.encode_pending()?;
        let target = self.target();
        let file = match self.encoder {
            Encoder::Plain(file) => Ok(file),
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd(encoder) => encoder.finish(),
        };
        file.map_err(ShardError::io("write", &target))?.stage()
    }

    fn target(&self) -> std::path::PathBuf {
        match &self.encoder {
            Encoder::Plain(file) => file.target(),
            Encoder::Gzip(encoder) => encoder.get_ref().target(),
            Encoder::Zstd(encoder) => encoder.get_ref().target(),
        }
        .to_path_buf()
    }
}

impl Write for Encoder {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(data),
            Self::Gzip(encoder) => encoder.write(data),
            Self::Zstd(encoder) => encoder.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // Flushing a codec would cut its stream; `stage` ends it properly.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(line: &str) -> String {
        let mut out = Vec::new();
        annotate_line(line.as_bytes(), b"{}", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_key_is_added_and_the_rest_stays() {
        assert_eq!(annotated("{\"a\" : 1.50 } \r"), "{\"a\" : 1.50 ,\"tamis\":{}} \r\n");
        assert_eq!(annotated("{ }"), "{ \"tamis\":{}}\n");
        assert_eq!(annotated(r#"{"a":"tamis \u00e9"}"#), "{\"a\":\"tamis \\u00e9\",\"tamis\":{}}\n");
        assert_eq!(annotated(r#"{"b":{"tamis":1}}"#), "{\"b\":{\"tamis\":1},\"tamis\":{}}\n");
    }

    #[test]
    fn a_key_of_that_name_is_replaced() {
        assert_eq!(annotated(r#"{"tamis":{"x":1},"a":1e400}"#), "{\"a\":1e400,\"tamis\":{}}\n");
        assert_eq!(annotated(r#"{"a":1,"t\u0061mis":2,"a":3}"#), "{\"a\":1,\"a\":3,\"tamis\":{}}\n");
        // The rest stays byte for byte, escapes and a carriage return too.
        assert_eq!(
            annotated(" { \"tamis\" : 1 , \"\\u0061\" : [1, 2]\t, \"tamis\":{} , \"b\":\"\\/\" } \r"),
            " { \"\\u0061\" : [1, 2] , \"b\":\"\\/\" ,\"tamis\":{}} \r\n"
        );
        assert_eq!(annotated(r#"{"tamis":1}"#), "{\"tamis\":{}}\n");
        assert_eq!(annotated(r#"{"tamis":1,"tamis":2, "a":1}"#), "{ \"a\":1,\"tamis\":{}}\n");
    }

    #[test]
    fn compressed_bytes_do_not_depend_on_the_size_of_writes() {
        let folder = tempfile::tempdir().unwrap();
        let text: Vec<u8> =
            (0..300_000u32).flat_map(|n| format!("{{\"n\":{}}}\n", n * 7919 % 1013).into_bytes()).collect();
        for (compression, name) in [(Compression::Gzip, "g"), (Compression::Zstd, "z"), (Compression::Plain, "p")] {
            let digests: Vec<_> = [7usize, 65_536, 1_000_003]
                .into_iter()
                .map(|size| {
                    let mut writer = JsonlWriter::create(&folder.path().join(name), compression).unwrap();
                    text.chunks(size).for_each(|chunk| writer.write(chunk).unwrap());
                    writer.stage().unwrap().digest().clone()
                })
                .collect();
            assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{name}");
        }
    }
}
