//! The contract `hashed-ngrams/1`: which numbers a normalised text becomes.
//!
//! Every position ends n-grams of characters: of 1 to 3 characters where the last is Han, of 2 to 5 where it is any
//! other. A word (a run of letters and digits that are not Han, `'` and `_`) adds itself and its pair with the word
//! before it, at the character behind it or the end of the text; pairs do not cross a line feed. An n-gram's number is
//! the upper 18 bits of a 64-bit multiplicative hash, with 0 read as 1: number 0 is padding.

use tamis_detect::is_word_char;

/// Buckets; number 0 is padding.
pub const BUCKETS: usize = 1 << BITS;
const BITS: u32 = 18;

/// Characters of the longest n-gram.
const LONGEST: usize = 5;
/// Lengths of n-grams that end with a Han character.
const HAN: std::ops::RangeInclusive<usize> = 1..=3;
/// Lengths of n-grams that end with another.
const OTHER: std::ops::RangeInclusive<usize> = 2..=5;

/// Odd multipliers of the characters of an n-gram, the last first; any would do, but models are made with these.
const BY_PLACE: [u64; LONGEST] =
    [0x910a_2dec_8902_5cc1, 0xbeeb_8da1_658e_ec67, 0xf893_a2ee_fb32_555f, 0x71c1_8690_ee42_c90b, 0x71bb_54d8_d101_b5b9];
/// What tells lengths apart.
const BY_LENGTH: [u64; LONGEST + 1] = [
    0xc34d_0bff_9015_0281,
    0xe099_ec6c_d736_3ca5,
    0x85e7_bb0f_1227_8575,
    0x4912_96e1_f83c_76e7,
    0x6f55_ed9c_a33e_0a65,
    0x2a0b_c68c_6e6c_f1cd,
];
const WORD: u64 = 0x9e37_79b9_7f4a_7c15;
const PAIR: u64 = 0xd6e8_feb8_6659_fd93;
const FINISH: u64 = 0xff51_afd7_ed55_8ccd;

/// Reads a text character by character and says its numbers.
#[derive(Debug, Default)]
pub struct NgramReader {
    /// The last characters, the newest first; 0 where there is none.
    last: [u64; LONGEST],
    /// How many of them there are.
    seen: usize,
    word: u64,
    before: u64,
    in_word: bool,
    had_word: bool,
}

#[inline]
fn number(hash: u64) -> u32 {
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(FINISH);
    ((mixed >> (64 - BITS)) as u32).max(1)
}

/// Whether n-grams that end here are those of Han text.
#[inline]
pub(crate) fn is_han(c: char) -> bool {
    matches!(u32::from(c), 0x3400..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

#[inline]
fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' || c == '\'' } else { !is_han(c) && is_word_char(c) }
}

impl NgramReader {
    /// A reader at the beginning of a text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next character and says what ends with it or before it.
    #[inline]
    pub fn read(&mut self, c: char, mut say: impl FnMut(u32)) {
        self.last.copy_within(0..LONGEST - 1, 1);
        self.last[0] = u64::from(u32::from(c)) + 1;
        self.seen = (self.seen + 1).min(LONGEST);
        let lengths = if is_han(c) { HAN } else { OTHER };
        let mut hash = 0u64;
        for length in 1..=self.seen.min(*lengths.end()) {
            hash = hash.wrapping_add(self.last[length - 1].wrapping_mul(BY_PLACE[length - 1]));
            if length >= *lengths.start() {
                say(number(hash.wrapping_add(BY_LENGTH[length])));
            }
        }
        if is_word(c) {
            self.word = (self.word ^ u64::from(u32::from(c))).wrapping_mul(WORD);
            self.word ^= self.word >> 29;
            self.in_word = true;
        } else {
            self.end_word(&mut say);
            self.had_word &= c != '\n';
        }
    }

    /// Says what ends with the text.
    #[inline]
    pub fn finish(&mut self, mut say: impl FnMut(u32)) {
        self.end_word(&mut say);
    }

    #[inline]
    fn end_word(&mut self, say: &mut impl FnMut(u32)) {
        if !self.in_word {
            return;
        }
        say(number(self.word.wrapping_add(BY_LENGTH[0])));
        if self.had_word {
            let pair = (self.before ^ self.word.rotate_left(23)).wrapping_mul(PAIR);
            say(number(pair ^ (pair >> 31)));
        }
        self.before = self.word;
        self.word = 0;
        self.in_word = false;
        self.had_word = true;
    }
}

/// The numbers of a normalised text, in order.
#[must_use]
pub fn ngrams(text: &str) -> Vec<u32> {
    let mut out = Vec::new();
    let mut reader = NgramReader::new();
    text.chars().for_each(|c| reader.read(c, |id| out.push(id)));
    reader.finish(|id| out.push(id));
    out
}

/// Texts whose numbers bind a model to this code: a model made for other numbers is refused.
const VECTORS: [&str; 8] = [
    "",
    "a",
    "the drum sieve",
    "it's a drum_sieve, isn't it?\nyes",
    "面粉过筛",
    "用 sieve 过筛面粉, 3 次",
    "naïve café ёжик 한국어 かな",
    "𠀀字 😀 a\n\nb",
];

/// blake3 of the numbers of the test vectors, hex: the metadata value `tamis.hash_vectors`.
#[must_use]
pub fn hash_vectors_digest() -> String {
    let mut hasher = blake3::Hasher::new();
    for text in VECTORS {
        let ids = ngrams(text);
        hasher.update(&(ids.len() as u64).to_le_bytes());
        for id in ids {
            hasher.update(&id.to_le_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_contract() {
        for (text, count) in [
            ("", 0),
            ("a", 1),
            ("ab", 2),
            ("abc", 4),
            ("字", 1),
            ("过筛", 1 + 2),
            ("过筛面粉", 1 + 2 + 3 + 3),
            // b: ab; c: abc, bc; space: 3; d: 4; then word abc, word d, and the pair.
            ("abc d", 1 + 2 + 3 + 4 + 3),
            // The line feed parts the words.
            ("a\nb", 1 + 2 + 2),
        ] {
            assert_eq!(ngrams(text).len(), count, "{text:?}");
        }
        assert!(ngrams("the drum 面粉").iter().all(|&id| id > 0 && (id as usize) < BUCKETS));
    }

    #[test]
    fn order_length_and_place_tell_ngrams_apart() {
        let one = |text: &str| ngrams(text)[0];
        assert_ne!(one("ab"), one("ba"));
        assert_ne!(one("过"), one("筛"));
        assert_eq!(ngrams("过筛")[1..], ngrams("面过筛")[3..5]);
    }

    #[test]
    fn the_numbers_are_those_that_models_were_made_with() {
        assert_eq!(hash_vectors_digest(), "986a832a59f2669960bcf8d42c92c76235c881a24e55641f417df689c46bec54");
    }
}
