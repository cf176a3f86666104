//! One form for texts that look alike, with the way back to the original.
//!
//! A [`Normalizer`] makes one pass over a text and applies, per character:
//!
//! - compatibility forms of NFKC (full width, ligatures, circled and mathematical letters), lower case, and traditional
//!   to simplified Chinese, one character for one;
//! - zero-width characters, variation selectors, soft hyphens, controls of direction, byte order marks and tags vanish;
//! - the combining marks U+0300 to U+036F join the letter before them where a joined form exists, else they vanish;
//! - Cyrillic, Greek, Armenian and Cherokee letters that look Latin become Latin inside a word (a run of letters) that
//!   also has a Latin letter, so that Russian and Greek text stays what it is; small capitals become letters;
//! - a run of white space and control characters becomes one space, or two line feeds where it has two or more line
//!   breaks, so that a phrase never crosses a blank line and normalising twice changes nothing.

mod edits;
mod letters;
mod pass;
mod table;

use std::ops::Range;

use edits::Edits;
pub use letters::is_word_char;
use pass::Pass;
use table::Table;

/// Brings texts into one form. Cheap to make; the tables are built once per process.
#[derive(Clone, Copy)]
pub struct Normalizer {
    table: &'static Table,
}

impl Normalizer {
    /// A normaliser; the first call in a process builds the tables, which takes some milliseconds.
    #[must_use]
    pub fn new() -> Self {
        Self { table: Table::shared() }
    }

    /// Normalises `text` into `out`, whose memory is used again. Linear in the text's length.
    pub fn normalize(&self, text: &str, out: &mut Normalized) {
        out.text.clear();
        out.edits.clear();
        out.breaks.clear();
        Pass::new(self.table, text, out).run();
    }

    /// The normalised form of a short text, such as a keyword, without space at its ends.
    #[must_use]
    pub fn normal_form(&self, text: &str) -> String {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if text.bytes().all(plain) {
            return text.to_owned();
        }
        let mut out = Normalized::default();
        self.normalize(text, &mut out);
        out.text.trim().to_owned()
    }

    /// Adds to `hasher` all that can change a normalised text: rules, data files and Unicode version.
    pub fn fingerprint(&self, hasher: &mut blake3::Hasher) {
        table::fingerprint(hasher);
    }
}

impl Default for Normalizer {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Normalizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Normalizer").field("version", &table::VERSION).finish()
    }
}

/// A normalised text that knows where its characters came from.
#[derive(Clone, Debug, Default)]
pub struct Normalized {
    text: String,
    edits: Edits,
    breaks: Vec<usize>,
}

impl Normalized {
    /// The normalised text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the normalised text has a space for a run of white space with one line break, in order.
    #[must_use]
    pub fn line_breaks(&self) -> &[usize] {
        &self.breaks
    }

    /// How many places of the text changed their length. Zero means that positions are those of the original.
    #[must_use]
    pub fn edit_count(&self) -> usize {
        self.edits.len()
    }

    /// The bytes of the original from which the normalised bytes `start..end` came.
    ///
    /// The range covers exactly the characters that produced them: what vanished before the first or after the last
    /// is left out, what vanished between is inside. Characters that came from one (`ﬁ`) cannot be told apart there.
    /// `start` and `end` are moved outwards to characters, and to the text's length where they are beyond it; the
    /// answer is always on boundaries of the original's characters. Takes the logarithm of the number of edits.
    #[must_use]
    pub fn original_range(&self, start: usize, end: usize) -> Range<usize> {
        let start = self.text.floor_char_boundary(start);
        let end = self.text.ceil_char_boundary(end).max(start);
        let from = self.edits.original_start(start);
        if start == end { from..from } else { from..self.edits.original_end(end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        let mut out = Normalized::default();
        Normalizer::new().normalize(text, &mut out);
        out.text().to_owned()
    }

    #[test]
    fn texts_that_look_alike_become_one() {
        for (text, expected) in [
            ("", ""),
            ("ＡＢＣ　１２３", "abc 123"),
            ("軟體開發，國語", "软体开发,国语"),
            ("a\u{200b}b\u{fe0f}c\u{ad}d", "abcd"),
            ("cafe\u{301} CAFÉ", "café café"),
            ("x\u{336}y\u{336}", "xy"),
            ("a  b\t\u{a0}c\u{3000} \u{200b} d", "a b c d"),
            ("a\nb\r\nc\n\nd \r\n \r\n\r\n e\u{2029}f", "a b c\n\nd\n\ne\n\nf"),
            (" a ", " a "),
            ("ﬁ…㎏", "fi...kg"),
            ("𝓪𝐁🅒", "ab🅒"),
            ("Ｐаyраl раз ΝΟΝ νον", "paypal раз νον νον"),
            ("xΝν", "xnv"),
            ("ᴛᴇsᴛ", "test"),
            ("Ё ЁЖИК ёe", "ё ёжик ëe"),
            ("大а大a", "大а大a"),
            ("℃а", "°ca"),
            ("ｶﾞ", "カ\u{3099}"),
        ] {
            assert_eq!(normal(text), expected, "{text:?}");
        }
    }

    #[test]
    fn ranges_lead_back_to_the_original() {
        let text = "Ａ\u{200b}B e\u{301}ﬁx \u{200b} y\u{200b}";
        let mut out = Normalized::default();
        Normalizer::new().normalize(text, &mut out);
        assert_eq!(out.text(), "ab éfix y");
        let original = |start, end| &text[out.original_range(start, end)];
        assert_eq!(original(0, 1), "Ａ");
        assert_eq!(original(1, 2), "B");
        assert_eq!(original(0, 2), "Ａ\u{200b}B");
        assert_eq!(original(3, 5), "e\u{301}");
        assert_eq!(original(5, 6), "ﬁ");
        assert_eq!(original(6, 8), "ﬁx");
        assert_eq!(original(8, 9), " \u{200b} ");
        assert_eq!(original(9, 10), "y");
        assert_eq!(out.original_range(5, 5).len(), 0);
        assert_eq!(original(0, 99), &text[..text.len() - 3]);
    }

    #[test]
    fn line_breaks_that_became_spaces_are_known() {
        let mut out = Normalized::default();
        Normalizer::new().normalize("Ａ\nb \r\n 中 c\n\nd\u{2028}e", &mut out);
        assert_eq!(out.text(), "a b 中 c\n\nd e");
        assert_eq!(out.line_breaks(), [1, 3, 12]);
    }

    #[test]
    fn plain_text_needs_no_edits() {
        let mut out = Normalized::default();
        Normalizer::new().normalize("One Line\nand 中文，\n\nmore", &mut out);
        assert_eq!(out.text(), "one line and 中文,\n\nmore");
        assert_eq!(out.edit_count(), 1, "the comma");
    }
}
