//! A footer is looked at before it is decoded: what it claims must fit the bytes that it has.

use std::fs::File;
use std::os::unix::fs::FileExt;

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::thrift::{Compact, Fault, I32, I64, LIST, ListHead, STRUCT};
use crate::ShardError;
use crate::error::BadShardKind;

/// Largest footer. Ten thousand columns in a hundred row groups take about as much.
const MAX_FOOTER_BYTES: u64 = 128 << 20;
/// Columns inside one another, at most: the decoder recurses once for each.
const MAX_SCHEMA_DEPTH: usize = 100;
/// Most row groups: the decoder numbers them in 16 bits.
const MAX_ROW_GROUPS: usize = i16::MAX as usize;

/// Reads and decodes the footer of a file.
///
/// # Errors
/// [`ShardError::Bad`] where there is none, or one that must not be decoded.
pub(super) fn read_footer(file: &File, length: u64) -> Result<ParquetMetaData, ShardError> {
    let mut tail = [0u8; 8];
    let Some(tail_at) = length.checked_sub(8).filter(|_| length >= 12) else {
        let detail = format!("{length} bytes are too few for a Parquet file");
        return Err(ShardError::bad(BadShardKind::Truncated, detail));
    };
    file.read_exact_at(&mut tail, tail_at).map_err(ShardError::reading)?;
    let [a, b, c, d, magic @ ..] = tail;
    match &magic {
        b"PAR1" => {}
        b"PARE" => return Err(encrypted("its footer is encrypted")),
        _ => return Err(ShardError::bad(BadShardKind::Corrupt, no_magic(file))),
    }
    let bytes = u64::from(u32::from_le_bytes([a, b, c, d]));
    let Some(start) = tail_at.checked_sub(bytes) else {
        let detail = format!("a footer of {bytes} bytes in a file of {length}");
        return Err(ShardError::bad(BadShardKind::Truncated, detail));
    };
    if bytes > MAX_FOOTER_BYTES {
        let detail = format!("a footer of {bytes} bytes; at most {MAX_FOOTER_BYTES} are read");
        return Err(ShardError::bad(BadShardKind::Limit, detail));
    }
    let mut footer = vec![0; bytes as usize];
    file.read_exact_at(&mut footer, start).map_err(ShardError::reading)?;
    let strays = check(&footer)?;
    let footer = if strays.is_empty() { footer } else { without(&footer, &strays) };
    ParquetMetaDataReader::decode_metadata(&footer).map_err(ShardError::decoding)
}

fn no_magic(file: &File) -> String {
    let mut head = [0u8; 4];
    let begins = file.read_exact_at(&mut head, 0).is_ok() && &head == b"PAR1";
    let what = if begins { "it begins as a Parquet file and was cut off" } else { "it is no Parquet file" };
    format!("its last bytes are not PAR1: {what}")
}

fn encrypted(what: &str) -> ShardError {
    ShardError::bad(BadShardKind::Unsupported, format!("{what}; decrypt the file first"))
}

/// Refuses what the decoder would allocate or recurse for without bound; gives the fields that it would misread.
fn check(footer: &[u8]) -> Result<Vec<Stray>, ShardError> {
    let mut shape = Shape::default();
    match shape.read(footer) {
        Ok(()) if shape.encrypted => Err(encrypted("columns of it are encrypted")),
        Ok(()) => Ok(shape.strays),
        Err(fault) => {
            let what = match fault {
                Fault::Short => "it claims more than it holds",
                Fault::Invalid(what) => what,
            };
            Err(ShardError::bad(BadShardKind::Corrupt, format!("the footer cannot be read: {what}")))
        }
    }
}

/// A field of a column's metadata whose number means something of another type: some writers used numbers of their
/// own that the standard gave away later. The decoder goes by the number alone.
#[derive(Debug)]
struct Stray {
    start: usize,
    end: usize,
    /// By how much its number is above the one before it.
    delta: u8,
}

/// The footer without some fields, which stand in order.
fn without(footer: &[u8], strays: &[Stray]) -> Vec<u8> {
    let (mut kept, mut at) = (Vec::with_capacity(footer.len()), 0);
    for stray in strays {
        kept.extend_from_slice(&footer[at..stray.start]);
        at = stray.end;
        // The next field counts from the one before the stray now.
        if let Some(head) = footer.get(at).filter(|head| **head >> 4 != 0) {
            kept.push(head.saturating_add(stray.delta << 4));
            at += 1;
        }
    }
    kept.extend_from_slice(&footer[at..]);
    kept
}

#[derive(Default)]
struct Shape {
    leaves: usize,
    encrypted: bool,
    strays: Vec<Stray>,
}

impl Shape {
    fn read(&mut self, footer: &[u8]) -> Result<(), Fault> {
        Compact::new(footer).fields(|it, id, kind| match (id, kind) {
            (2, LIST) => {
                let list = it.list()?;
                self.leaves = schema_leaves(it, list)?;
                Ok(true)
            }
            (4, LIST) => {
                let list = it.list()?;
                if list.length > MAX_ROW_GROUPS {
                    return Err(Fault::Invalid("more than 32,767 row groups"));
                }
                it.elements(list, |it| self.row_group(it))?;
                Ok(true)
            }
            (8, _) => {
                self.encrypted = true;
                Ok(false)
            }
            _ => Ok(false),
        })
    }

    /// The decoder makes room for every column of the schema in every row group.
    fn row_group(&mut self, group: &mut Compact<'_>) -> Result<(), Fault> {
        let mut columns = 0;
        group.fields(|it, id, kind| {
            if (id, kind) != (1, LIST) {
                return Ok(false);
            }
            let list = it.list()?;
            columns = list.length;
            it.elements(list, |it| self.column_chunk(it))?;
            Ok(true)
        })?;
        if columns == self.leaves {
            Ok(())
        } else {
            Err(Fault::Invalid("a row group with other columns than the schema"))
        }
    }
}

impl Shape {
    fn column_chunk(&mut self, chunk: &mut Compact<'_>) -> Result<(), Fault> {
        chunk.fields(|it, id, kind| {
            self.encrypted |= id == 8;
            if (id, kind) != (3, STRUCT) {
                return Ok(false);
            }
            let mut before = 0i16;
            it.fields(|it, id, kind| {
                let delta = u8::try_from(id - before).ok().filter(|delta| (1..8).contains(delta));
                before = id;
                let (start, means) = (it.field_start(), optional_kind(id));
                let Some(delta) = delta.filter(|_| means.is_some_and(|means| means != kind)) else { return Ok(false) };
                it.skip(kind)?;
                let end = it.position();
                match self.strays.last_mut().filter(|last| last.end == start) {
                    Some(last) => (last.end, last.delta) = (end, last.delta + delta),
                    None => self.strays.push(Stray { start, end, delta }),
                }
                Ok(true)
            })?;
            Ok(true)
        })
    }
}

/// Types of the later fields of a column's metadata, which may be missing.
fn optional_kind(id: i16) -> Option<u8> {
    match id {
        14 => Some(I64),
        15 => Some(I32),
        16 | 17 => Some(STRUCT),
        _ => None,
    }
}

/// Number of leaves of a flattened schema tree; every node names how many children follow it.
fn schema_leaves(it: &mut Compact<'_>, list: ListHead) -> Result<usize, Fault> {
    if list.kind != STRUCT {
        return Err(Fault::Invalid("a schema that is no list of structs"));
    }
    let mut open: Vec<usize> = Vec::new();
    let (mut leaves, mut left) = (0, list.length);
    it.elements(list, |it| {
        let (mut children, mut typed) = (0, false);
        it.fields(|it, id, kind| match (id, kind) {
            (5, I32) => {
                children =
                    usize::try_from(it.int()?).map_err(|_| Fault::Invalid("a column with fewer than no parts"))?;
                Ok(true)
            }
            (1, _) => {
                typed = true;
                Ok(false)
            }
            _ => Ok(false),
        })?;
        left -= 1;
        if children > left {
            return Err(Fault::Invalid("a column with more parts than the schema has"));
        }
        if let Some(parent) = open.last_mut() {
            *parent -= 1;
        }
        leaves += usize::from(children == 0 && typed);
        open.push(children);
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > MAX_SCHEMA_DEPTH { Err(Fault::Invalid("columns nested too deep")) } else { Ok(()) }
    })?;
    Ok(leaves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(name: u8, children: Option<u8>) -> Vec<u8> {
        let mut bytes = Vec::new();
        if children.is_none() {
            bytes.extend([0x15, 12, 0x25, 0, 0x18]); // type BYTE_ARRAY, required
        } else {
            bytes.extend([0x48]);
        }
        bytes.extend([1, name]);
        if let Some(children) = children {
            bytes.extend([0x15, children * 2]);
        }
        bytes.push(0);
        bytes
    }

    fn footer(elements: &[Vec<u8>], claimed: usize, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xfc];
        let mut number = claimed as u64;
        while number > 127 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes.extend(elements.concat());
        bytes.extend(rest);
        bytes.push(0);
        bytes
    }

    fn refused(footer: &[u8]) -> String {
        check(footer).unwrap_err().to_string()
    }

    #[test]
    fn what_the_decoder_would_choke_on_is_refused_before() {
        let flat = [element(b'r', Some(1)), element(b'a', None)];
        assert!(check(&footer(&flat, 2, &[])).is_ok());
        assert!(refused(&footer(&flat, 1 << 30, &[])).contains("claims more than it holds"));
        assert!(refused(&footer(&[element(b'r', Some(60)), element(b'a', None)], 2, &[])).contains("more parts"));
        let mut deep: Vec<Vec<u8>> = (0..5000).map(|_| element(b'g', Some(1))).collect();
        deep.push(element(b'a', None));
        assert!(refused(&footer(&deep, 5001, &[])).contains("nested too deep"));
        // 4: a list of one row group { 1: no columns }
        assert!(refused(&footer(&flat, 2, &[0x29, 0x1c, 0x19, 0x0c, 0])).contains("other columns"));
        assert!(refused(&footer(&flat, 2, &[0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07])).contains("claims more"));
    }

    #[test]
    fn encryption_is_named() {
        let flat = [element(b'r', Some(1)), element(b'a', None)];
        assert!(refused(&footer(&flat, 2, &[0x6c, 0])).starts_with("unsupported: columns of it are encrypted"));
    }
}
