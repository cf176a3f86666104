//! Words of letters that terms have.

/// Bits of the table; a few thousand words fill a fiftieth of it.
const BITS: usize = 1 << 18;
/// Letters of a word that are looked at.
const MAX_LETTERS: usize = 32;

/// The words of letters in all patterns that are looked for in disguise. A mark or a space beside a word that no pattern
/// has parts what it seems to part. Now and then a word is taken for one of them, always the same ones.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary {
    bits: Vec<u64>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self { bits: vec![0; BITS / 64] }
    }
}

impl Vocabulary {
    /// Adds every word of a pattern in normal form.
    pub(super) fn add(&mut self, text: &str) {
        for word in text.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty()) {
            let bit = word.bytes().take(MAX_LETTERS).fold(SEED, step) as usize % BITS;
            self.bits[bit / 64] |= 1 << (bit % 64);
        }
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
        !word.is_empty() && self.bits[bit / 64] >> (bit % 64) & 1 == 1
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
