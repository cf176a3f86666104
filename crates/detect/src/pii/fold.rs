//! Full-width forms folded to ASCII, with the way back.

use super::anchors::FULL_WIDTH_LEAD;

/// A text without full-width forms.
///
/// Only a text that has a full-width letter, digit or sign of an address or number is copied; full-width commas and
/// colons alone, which stand in most Chinese texts, are no reason.
#[derive(Debug, Default)]
pub(super) struct Folded {
    bytes: Vec<u8>,
    /// Per folded character, where the byte behind it stands in the folded text, and how much shorter that is by then.
    edits: Vec<(u32, u32)>,
}

const FULL_WIDTH_LENGTH: usize = 3;

impl Folded {
    /// A folded copy of the text.
    pub fn fold<'v>(&'v mut self, text: &str) -> &'v [u8] {
        let bytes = text.as_bytes();
        self.edits.clear();
        self.bytes.clear();
        let (mut copied, mut at) = (0, 0);
        while let Some(found) = memchr_lead(&bytes[at..]) {
            let start = at + found;
            match folded(&bytes[start..]) {
                Some(ascii) => {
                    self.bytes.extend_from_slice(&bytes[copied..start]);
                    self.bytes.push(ascii);
                    copied = start + FULL_WIDTH_LENGTH;
                    at = copied;
                    let saved = copied - self.bytes.len();
                    self.edits.push((self.bytes.len() as u32, saved as u32));
                }
                None => at = start + 1,
            }
        }
        self.bytes.extend_from_slice(&bytes[copied..]);
        &self.bytes
    }

    /// Forgets the copy: positions are those of the text itself.
    pub fn clear(&mut self) {
        self.edits.clear();
    }

    /// Position in the original text of a place between two characters of the folded one.
    pub fn original(&self, position: usize) -> usize {
        let before = self.edits.partition_point(|&(end, _)| end as usize <= position);
        position + before.checked_sub(1).map_or(0, |edit| self.edits[edit].1 as usize)
    }
}

/// Whether a full-width letter, digit or sign of an address or number begins at `start`.
#[inline]
pub(super) fn is_trigger(bytes: &[u8], start: usize) -> bool {
    match bytes.get(start + 1..start + FULL_WIDTH_LENGTH) {
        Some(&[second, third]) => triggers(second, third),
        _ => false,
    }
}

/// First byte of a full-width form or of the ideographic space.
fn memchr_lead(bytes: &[u8]) -> Option<usize> {
    memchr::memchr2(FULL_WIDTH_LEAD, 0xE3, bytes)
}

/// `＋ － ．`, digits, `＠`, letters and `＿`.
const fn triggers(second: u8, third: u8) -> bool {
    match second {
        0xBC => matches!(third, 0x8B | 0x8D | 0x8E | 0x90..=0x99 | 0xA0..=0xBA | 0xBF),
        0xBD => matches!(third, 0x81..=0x9A),
        _ => false,
    }
}

/// The ASCII form of the full-width character that the bytes begin with.
const fn folded(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [FULL_WIDTH_LEAD, 0xBC, third, ..] if *third >= 0x81 && *third <= 0xBF => Some(*third - 0x81 + b'!'),
        [FULL_WIDTH_LEAD, 0xBD, third, ..] if *third >= 0x80 && *third <= 0x9E => Some(*third - 0x80 + b'`'),
        [0xE3, 0x80, 0x80, ..] => Some(b' '),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by characters.
    fn plain(text: &str) -> (String, Vec<usize>) {
        let mut out = String::new();
        let mut places = Vec::new();
        for (at, c) in text.char_indices() {
            let ascii = match c {
                '\u{3000}' => ' ',
                '\u{FF01}'..='\u{FF5E}' => char::from(u32::from(c).wrapping_sub(0xFEE0) as u8),
                other => other,
            };
            places.extend(std::iter::repeat_n(at, 1));
            places.extend((1..ascii.len_utf8()).map(|byte| at + byte));
            out.push(ascii);
        }
        places.push(text.len());
        (out, places)
    }

    #[test]
    fn commas_alone_are_no_reason_to_copy() {
        let triggered = |text: &str| {
            (0..text.len()).any(|at| text.as_bytes()[at] == FULL_WIDTH_LEAD && is_trigger(text.as_bytes(), at))
        };
        assert!(triggered("电话：１３８，好") && triggered("a＠b") && triggered("ｚ") && triggered("1．2"));
        assert!(!triggered("电话：138，好！（一）") && !triggered("\u{feff}") && !triggered("ﬁ"));
        let mut folded = Folded::default();
        assert_eq!(folded.fold("电话：１３８，好"), "电话:138,好".as_bytes());
        assert_eq!((folded.original(6), folded.original(7), folded.original(10)), (6, 9, 18));
        folded.clear();
        assert_eq!(folded.original(9), 9);
    }

    proptest! {
        #[test]
        fn folding_is_that_by_characters(text in "[ａ１＠．，：\u{3000}a1好é😀]{0,40}") {
            let mut folded = Folded::default();
            let bytes = folded.fold(&text).to_vec();
            let (want, places) = plain(&text);
            prop_assert_eq!(&bytes, want.as_bytes());
            for (at, place) in places.iter().enumerate().filter(|(at, _)| want.is_char_boundary(*at)) {
                prop_assert_eq!(folded.original(at), *place);
            }
        }
    }
}
