//! Pairs of characters and words of letters that terms have.

use super::is_han;

/// Bits of each table; some ten thousand pairs or words fill a few hundredths of it.
const BITS: usize = 1 << 18;
/// Letters of a word that are looked at.
const MAX_LETTERS: usize = 32;

/// What the patterns that are looked for in disguise are made of: neighbouring characters of which one is Han, and words
/// of letters. What parts two characters that stand side by side in no pattern need not be undone. Now and then a pair or
/// a word is taken for one of them, which costs a look and changes no hit.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary {
    pairs: Vec<u64>,
    words: Vec<u64>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self { pairs: vec![0; BITS / 64], words: vec![0; BITS / 64] }
    }
}

fn bit_of(x: char, y: char) -> usize {
    let mixed = (u64::from(x) << 21 | u64::from(y)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 46) as usize % BITS
}

impl Vocabulary {
    /// Adds what a pattern in normal form is made of.
    pub(super) fn add(&mut self, text: &str) {
        let chars: Vec<char> = text.chars().filter(|&c| c != ' ').collect();
        for pair in chars.windows(2).filter(|pair| is_han(pair[0]) || is_han(pair[1])) {
            let bit = bit_of(pair[0], pair[1]);
            self.pairs[bit / 64] |= 1 << (bit % 64);
        }
        for word in text.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty()) {
            let bit = word.bytes().take(MAX_LETTERS).fold(SEED, step) as usize % BITS;
            self.words[bit / 64] |= 1 << (bit % 64);
        }
    }

    /// Whether two characters, one of them Han, may stand side by side in a pattern.
    pub(super) fn joins(&self, x: char, y: char) -> bool {
        let bit = bit_of(x, y);
        self.pairs[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Whether the word that begins at `start` may be one of a pattern: it is, or it has signs in it.
    pub(super) fn knows_from(&self, text: &str, start: usize) -> bool {
        let bytes = &text.as_bytes()[start..];
        let len = bytes.iter().take(MAX_LETTERS).take_while(|&&byte| is_inner(byte)).count();
        self.knows(&bytes[..len])
    }

    /// Whether the word that ends at `end` may be one of a pattern.
    pub(super) fn knows_until(&self, text: &str, end: usize) -> bool {
        let bytes = &text.as_bytes()[..end];
        let len = bytes.iter().rev().take(MAX_LETTERS).take_while(|&&byte| is_inner(byte)).count();
        self.knows(&bytes[end - len..])
    }

    fn knows(&self, word: &[u8]) -> bool {
        if !word.iter().all(u8::is_ascii_lowercase) {
            return word.iter().any(u8::is_ascii_lowercase);
        }
        let bit = word.iter().copied().fold(SEED, step) as usize % BITS;
        !word.is_empty() && self.words[bit / 64] >> (bit % 64) & 1 == 1
    }
}

/// A letter, or a sign that may stand for one.
fn is_inner(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'$' | b'!')
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) ^ (hash >> 31)
}
