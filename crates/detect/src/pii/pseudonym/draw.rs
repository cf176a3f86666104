//! Where the digits and letters of a pseudonym come from.

use tamis_rules::PiiKind;

/// Letters of pseudonyms. None of the words and signs that scanners know can be spelled with them: no vowel is among
/// them, no `x` of an extension, no `c`, `l`, `s`, `q`, `v` and `w` of `cc`, `dl`, `ssn`, `qq`, `vx` and `wx`.
const LETTERS: &[u8] = b"bdfghjkmnprtyz";

/// The secret that pseudonyms are made with.
#[derive(Clone)]
pub(super) struct Secret([u8; 32]);

impl Secret {
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Figures for a value, the same for the same kind, value and attempt.
    pub fn draw(&self, kind: PiiKind, attempt: u8, value: &[u8]) -> Draw {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(kind.name().as_bytes()).update(&[0, attempt]).update(value);
        Draw { stream: hasher.finalize_xof() }
    }
}

/// Keyed figures that do not end.
pub(super) struct Draw {
    stream: blake3::OutputReader,
}

impl Draw {
    /// A number below `bound`, which is 1 to 256, each as likely as any other.
    pub fn below(&mut self, bound: usize) -> usize {
        let fair = 256 - 256 % bound;
        loop {
            let mut byte = [0];
            self.stream.fill(&mut byte);
            let number = usize::from(byte[0]);
            if number < fair {
                return number % bound;
            }
        }
    }

    /// A number of the range.
    pub fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below((last - first + 1) as usize) as u32
    }

    /// An ASCII digit.
    pub fn digit(&mut self) -> u8 {
        b'0' + self.below(10) as u8
    }

    /// A lower-case letter.
    pub fn letter(&mut self) -> u8 {
        self.one_of(LETTERS)
    }

    /// One of the bytes.
    pub fn one_of(&mut self, bytes: &[u8]) -> u8 {
        bytes[self.below(bytes.len())]
    }

    /// ASCII digits.
    pub fn digits(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.digit()).collect()
    }

    /// A digit for a digit, and a capital for anything else.
    pub fn like(&mut self, known: u8) -> u8 {
        if known.is_ascii_digit() { self.digit() } else { self.letter().to_ascii_uppercase() }
    }

    /// Lower-case hex digits.
    pub fn hex(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.one_of(b"0123456789abcdef")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_keyed_and_spread_evenly() {
        let draw = |key, kind, attempt, value: &[u8]| Secret::new([key; 32]).draw(kind, attempt, value).digits(12);
        let known = draw(1, PiiKind::Qq, 0, b"12345");
        assert_eq!(known, draw(1, PiiKind::Qq, 0, b"12345"));
        for other in [
            draw(2, PiiKind::Qq, 0, b"12345"),
            draw(1, PiiKind::Phone, 0, b"12345"),
            draw(1, PiiKind::Qq, 1, b"12345"),
            draw(1, PiiKind::Qq, 0, b"12346"),
        ] {
            assert_ne!(known, other);
        }
        let mut draw = Secret::new([1; 32]).draw(PiiKind::Qq, 0, b"");
        let mut counts = [0; 10];
        (0..10_000).for_each(|_| counts[draw.below(10)] += 1);
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }
}
