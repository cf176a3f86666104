//! Full-width forms folded to ASCII, with the way back.

use super::anchors::FULL_WIDTH_LEAD;

/// A text without full-width forms.
///
/// Only a text that has a full-width letter, digit or sign of an address or number is copied; full-width commas and
/// colons alone, which stand in most Chinese texts, are no reason. Nor are they folded elsewhere than in one run with
/// such a letter, digit or sign: what is found at one place must not hang on what is written at another.
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
            let end = run_end(bytes, start);
            at = end.max(start + 1);
            if !(start..end).step_by(FULL_WIDTH_LENGTH).any(|place| is_trigger(bytes, place)) {
                continue;
            }
            self.bytes.extend_from_slice(&bytes[copied..start]);
            for place in (start..end).step_by(FULL_WIDTH_LENGTH) {
                self.bytes.extend(folded(&bytes[place..]));
                let saved = place + FULL_WIDTH_LENGTH - self.bytes.len();
                self.edits.push((self.bytes.len() as u32, saved as u32));
            }
            copied = end;
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

/// End of the run of full-width forms and ideographic spaces at `start`.
fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while folded(&bytes[end..]).is_some() {
        end += FULL_WIDTH_LENGTH;
    }
    end
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

    /// The same by characters: the folded text, and for each character of it where it stands in the original.
    fn plain(text: &str) -> (String, Vec<(usize, usize)>) {
        let ascii = |written: char| match written {
            '\u{3000}' => Some(' '),
            '\u{FF01}'..='\u{FF5E}' => Some(char::from(u32::from(written).wrapping_sub(0xFEE0) as u8)),
            _ => None,
        };
        let triggers = |c: char| c.is_ascii_alphanumeric() || "+-.@_".contains(c);
        let characters: Vec<_> = text.char_indices().collect();
        let (mut out, mut places) = (String::new(), Vec::new());
        for run in characters.chunk_by(|one, next| ascii(one.1).is_some() == ascii(next.1).is_some()) {
            let folds = run.iter().any(|(_, c)| ascii(*c).is_some_and(triggers));
            for (at, c) in run {
                places.push((out.len(), *at));
                out.push(if folds { ascii(*c).unwrap_or(*c) } else { *c });
            }
        }
        places.push((out.len(), text.len()));
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
        assert_eq!(folded.fold("卡：1，１（2）"), "卡：1,1(2）".as_bytes());
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
            for (at, place) in places {
                prop_assert_eq!(folded.original(at), place);
            }
        }
    }
}
