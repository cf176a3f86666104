//! The text as scanners see it: bytes, and where a token may begin or end.

use std::borrow::Cow;

use tamis_rules::PiiKind;

use super::placeholder;

/// A text whose full-width forms are folded ([`Folded`](super::fold::Folded)), read byte by byte.
///
/// Word characters, for the purpose of borders, are ASCII letters, digits and underscore only: Chinese text sets no
/// space between 话 and 1, or between 系 and z, so no other script may join a number or an address.
#[derive(Clone, Copy)]
pub(super) struct View<'t> {
    /// The text's bytes, valid UTF-8.
    pub bytes: &'t [u8],
}

impl View<'_> {
    /// The byte at a position; 0 outside the text.
    #[inline]
    pub fn at(&self, position: usize) -> u8 {
        self.bytes.get(position).copied().unwrap_or(0)
    }

    /// The byte before a position; 0 at the beginning.
    #[inline]
    pub fn before(&self, position: usize) -> u8 {
        match position {
            0 => 0,
            _ => self.at(position - 1),
        }
    }

    /// The byte `back` bytes before a position; 0 before the beginning.
    #[inline]
    pub fn back(&self, position: usize, back: usize) -> u8 {
        position.checked_sub(back).map_or(0, |at| self.at(at))
    }

    /// True where no word character stands before the position, and no placeholder: what it stands for is a word too.
    #[inline]
    pub fn opens(&self, position: usize) -> bool {
        let byte = self.before(position);
        !is_word(byte) && (!(byte == b']' || is_mask(byte)) || self.placeholder_before(position).is_none())
    }

    /// True where no word character stands at the position, and no placeholder.
    #[inline]
    pub fn closes(&self, position: usize) -> bool {
        let byte = self.at(position);
        !is_word(byte) && (!(byte == b'[' || is_mask(byte)) || self.placeholder_at(position).is_none())
    }

    /// End of the run of bytes for which `belongs` holds, from `start` on and `limit` bytes at most.
    #[inline]
    pub fn run_end(&self, start: usize, limit: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        start + rest.iter().take(limit).take_while(|byte| belongs(**byte)).count()
    }

    /// Start of the run of bytes for which `belongs` holds and that ends at `end`, `limit` bytes at most.
    #[inline]
    pub fn run_start(&self, end: usize, limit: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(..end).unwrap_or_default();
        end - rest.iter().rev().take(limit).take_while(|byte| belongs(**byte)).count()
    }

    /// True where the text goes on with `word` at the position.
    #[inline]
    pub fn goes_on(&self, position: usize, word: &str) -> bool {
        self.bytes.get(position..).is_some_and(|rest| rest.starts_with(word.as_bytes()))
    }

    /// True where `word` ends at the position.
    #[inline]
    pub fn ends_with(&self, position: usize, word: &str) -> bool {
        self.bytes.get(..position).is_some_and(|head| head.ends_with(word.as_bytes()))
    }

    /// The kind of the placeholder, such as `[PHONE]`, that ends at the position.
    #[inline]
    pub fn placeholder_before(&self, position: usize) -> Option<PiiKind> {
        match self.before(position) {
            b']' => {}
            MASK_OF_DIGITS => return Some(PiiKind::Phone),
            MASK => return Some(PiiKind::Email),
            _ => return None,
        }
        let start = self.run_start(position - 1, LONGEST_PLACEHOLDER, in_placeholder);
        kind_of(self.bytes.get(start.checked_sub(1)?..position)?)
    }

    /// The kind of the placeholder that begins at the position.
    #[inline]
    pub fn placeholder_at(&self, position: usize) -> Option<PiiKind> {
        match self.at(position) {
            b'[' => {}
            MASK_OF_DIGITS => return Some(PiiKind::Phone),
            MASK => return Some(PiiKind::Email),
            _ => return None,
        }
        let end = self.run_end(position + 1, LONGEST_PLACEHOLDER, in_placeholder);
        kind_of(self.bytes.get(position..=end)?)
    }
}

/// What stands for each byte of a finding that is written in digits, once it is found: it acts as a placeholder.
pub(super) const MASK_OF_DIGITS: u8 = 1;
/// What stands for each byte of another finding.
pub(super) const MASK: u8 = 2;

/// The text with another control character, as long, for those that are masks: only what was found is masked.
pub(super) fn without_masks(text: &str) -> Cow<'_, str> {
    match memchr::memchr2(MASK_OF_DIGITS, MASK, text.as_bytes()) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.replace(['\u{1}', '\u{2}'], "\u{3}")),
    }
}

const fn is_mask(byte: u8) -> bool {
    matches!(byte, MASK_OF_DIGITS | MASK)
}

/// Most letters of a placeholder.
const LONGEST_PLACEHOLDER: usize = 16;

const fn in_placeholder(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte == b'_'
}

/// The kind that a placeholder stands for.
fn kind_of(word: &[u8]) -> Option<PiiKind> {
    PiiKind::ALL.into_iter().find(|kind| placeholder(*kind).as_bytes() == word)
}

/// ASCII letters, digits and underscore.
#[inline]
pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Bytes within a UTF-8 character.
#[inline]
pub(super) const fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_know_ascii_only() {
        let text = "话1系z_a";
        let view = View { bytes: text.as_bytes() };
        assert!(view.opens(3) && !view.closes(3));
        assert!(view.closes(4) && view.opens(7));
        assert!(!view.opens(8) && !view.opens(9));
        assert_eq!((view.at(99), view.before(0), view.back(2, 3)), (0, 0, 0));
    }

    #[test]
    fn placeholders_are_told_from_other_brackets() {
        let text = "[PHONE] [IP]x [NOTE] [1] PHONE]";
        let view = View { bytes: text.as_bytes() };
        let places = |is_there: &dyn Fn(usize) -> Option<PiiKind>| -> Vec<_> {
            (0..=text.len()).filter_map(|place| Some((place, is_there(place)?))).collect()
        };
        assert_eq!(places(&|place| view.placeholder_before(place)), [(7, PiiKind::Phone), (12, PiiKind::Ip)]);
        assert_eq!(places(&|place| view.placeholder_at(place)), [(0, PiiKind::Phone), (8, PiiKind::Ip)]);
        for kind in PiiKind::ALL {
            assert_eq!(View { bytes: placeholder(kind).as_bytes() }.placeholder_at(0), Some(kind));
        }
    }

    #[test]
    fn runs_end_at_limits() {
        let view = View { bytes: "系12345".as_bytes() };
        assert_eq!(view.run_end(3, 3, |byte| byte.is_ascii_digit()), 6);
        assert_eq!(view.run_start(8, 9, |byte| byte.is_ascii_digit()), 3);
        assert!(view.goes_on(3, "123") && view.ends_with(3, "系") && !view.ends_with(9, "x"));
    }
}
