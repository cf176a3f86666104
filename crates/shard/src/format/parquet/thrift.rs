//! The compact protocol of Apache Thrift, as far as it takes to look at a footer or a page header before anything is
//! allocated for what it claims.
//!
//! The parquet crate reads the same bytes again and keeps what they say; this reader only refuses what would make it
//! allocate or recurse without bound.

/// Structs and lists inside one another, at most. Parquet's own structures have fewer than ten levels.
const MAX_DEPTH: u32 = 32;

/// Field types of the protocol.
pub(super) const I32: u8 = 5;
pub(super) const I64: u8 = 6;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// Why bytes cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// They end too early: more may be there.
    Short,
    /// They are not of the protocol.
    Invalid(&'static str),
}

/// A cursor over encoded bytes.
#[derive(Debug, Clone)]
pub(super) struct Compact<'a> {
    data: &'a [u8],
    at: usize,
    depth: u32,
    field_start: usize,
}

/// Length of a list and the type of its elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListHead {
    pub length: usize,
    pub kind: u8,
}

impl<'a> Compact<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, depth: 0, field_start: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Where the head of the field that is being visited begins.
    pub(super) fn field_start(&self) -> usize {
        self.field_start
    }

    fn remaining(&self) -> usize {
        self.data.len() - self.at
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = *self.data.get(self.at).ok_or(Fault::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn pass(&mut self, bytes: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.checked_add(bytes).filter(|end| *end <= self.data.len()).ok_or(Fault::Short)?;
        let passed = &self.data[self.at..end];
        self.at = end;
        Ok(passed)
    }

    /// An unsigned number of variable length.
    pub(super) fn unsigned(&mut self) -> Result<u64, Fault> {
        let mut number = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Fault::Invalid("a number of more than 64 bits"))
    }

    /// A signed number, zigzag-encoded.
    pub(super) fn signed(&mut self) -> Result<i64, Fault> {
        let number = self.unsigned()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A signed number of 32 bits.
    pub(super) fn int(&mut self) -> Result<i32, Fault> {
        i32::try_from(self.signed()?).map_err(|_| Fault::Invalid("a number of more than 32 bits"))
    }

    /// A byte string.
    pub(super) fn binary(&mut self) -> Result<&'a [u8], Fault> {
        let length = usize::try_from(self.unsigned()?).map_err(|_| Fault::Invalid("a string without end"))?;
        self.pass(length)
    }

    /// A list's head. Every element takes a byte at least, so a list is never longer than the bytes that are left.
    pub(super) fn list(&mut self) -> Result<ListHead, Fault> {
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => usize::try_from(self.unsigned()?).map_err(|_| Fault::Invalid("a list without end"))?,
            short => usize::from(short),
        };
        if length > self.remaining() {
            return Err(Fault::Short);
        }
        Ok(ListHead { length, kind: head & 0x0f })
    }

    /// Visits the fields of a struct: `visit` reads the field's value and returns true, or leaves it and returns
    /// false.
    pub(super) fn fields(
        &mut self,
        mut visit: impl FnMut(&mut Self, i16, u8) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        self.enter()?;
        let mut id = 0i16;
        loop {
            self.field_start = self.at;
            let head = self.byte()?;
            if head == 0 {
                break;
            }
            id = match head >> 4 {
                0 => i16::try_from(self.signed()?).map_err(|_| Fault::Invalid("a field id of more than 16 bits"))?,
                delta => id.checked_add(i16::from(delta)).ok_or(Fault::Invalid("a field id of more than 16 bits"))?,
            };
            let kind = head & 0x0f;
            if !visit(self, id, kind)? {
                self.skip(kind)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Passes over a field's value.
    pub(super) fn skip(&mut self, kind: u8) -> Result<(), Fault> {
        match kind {
            // A boolean field is its type.
            1 | 2 => Ok(()),
            3 => self.byte().map(|_| ()),
            4..=6 => self.unsigned().map(|_| ()),
            7 => self.pass(8).map(|_| ()),
            8 => self.binary().map(|_| ()),
            LIST | 10 => {
                let list = self.list()?;
                self.elements(list, |it| it.skip_element(list.kind))
            }
            11 => self.skip_map(),
            STRUCT => self.fields(|_, _, _| Ok(false)),
            13 => self.pass(16).map(|_| ()),
            _ => Err(Fault::Invalid("an unknown field type")),
        }
    }

    /// Visits every element of a list.
    pub(super) fn elements(
        &mut self,
        list: ListHead,
        mut visit: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.enter()?;
        (0..list.length).try_for_each(|_| visit(self))?;
        self.depth -= 1;
        Ok(())
    }

    /// Unlike a field, a boolean in a list is a byte.
    fn skip_element(&mut self, kind: u8) -> Result<(), Fault> {
        if matches!(kind, 1 | 2) { self.byte().map(|_| ()) } else { self.skip(kind) }
    }

    fn skip_map(&mut self) -> Result<(), Fault> {
        let length = usize::try_from(self.unsigned()?).map_err(|_| Fault::Invalid("a map without end"))?;
        if length == 0 {
            return Ok(());
        }
        let kinds = self.byte()?;
        if length > self.remaining() {
            return Err(Fault::Short);
        }
        let list = ListHead { length, kind: 0 };
        self.elements(list, |it| {
            it.skip_element(kinds >> 4)?;
            it.skip_element(kinds & 0x0f)
        })
    }

    fn enter(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Fault::Invalid("structs nested too deep")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_visited_and_the_rest_is_passed_over() {
        // 1: i32 = -3, 3: list of two strings, 4: true, 20: struct { 1: double }
        let bytes =
            [0x15, 0x05, 0x29, 0x28, 1, b'a', 2, b'b', b'c', 0x11, 0x0c, 40, 0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        let mut compact = Compact::new(&bytes);
        let mut seen = Vec::new();
        let mut first = 0;
        compact
            .fields(|it, id, kind| {
                seen.push((id, kind));
                if id == 1 {
                    first = it.int()?;
                }
                Ok(id == 1)
            })
            .unwrap();
        assert_eq!(seen, [(1, 5), (3, 9), (4, 1), (20, 12)]);
        assert_eq!((first, compact.position()), (-3, bytes.len() - 1));
    }

    #[test]
    fn claims_beyond_the_bytes_are_refused() {
        // A list of 2^31 structs, a string of 2^63 bytes, a number without end, structs without end.
        assert_eq!(Compact::new(&[0xfc, 0xff, 0xff, 0xff, 0xff, 0x07]).skip(LIST), Err(Fault::Short));
        let long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(Compact::new(&long).binary(), Err(Fault::Short));
        assert!(matches!(Compact::new(&[0xff; 20]).unsigned(), Err(Fault::Invalid(_))));
        assert!(matches!(Compact::new(&[0x1c; 100]).skip(STRUCT), Err(Fault::Invalid(_))));
        assert!(matches!(Compact::new(&[0x19; 100]).skip(LIST), Err(Fault::Invalid(_) | Fault::Short)));
    }

    proptest! {
        #[test]
        fn any_bytes_end(data in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Compact::new(&data).skip(STRUCT);
        }
    }
}
