//! A stretch of text with gaps taken out and letters put for signs.

use super::gap::{Gap, Run, run_at};
use super::vocabulary::Vocabulary;
use super::{char_before, is_solid, leet};

/// One character of the view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// First byte in the view.
    pub(super) at: usize,
    /// Where it came from in the normalised text.
    pub(super) start: usize,
    pub(super) end: usize,
    /// What parted it from the unit before.
    pub(super) gap: Gap,
    /// What was done to the character itself.
    pub(super) made: Made,
}

/// What was done to a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// Nothing.
    Kept,
    /// A sign became a letter.
    Letter,
    /// A mark became the space between two words.
    Space,
}

/// A stretch as the view shows it. Its memory is used again.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) text: String,
    pub(super) units: Vec<Unit>,
}

impl View {
    /// Shows the bytes `start..end` of `text`, which is normalised; what stands around them is looked at, too.
    pub(super) fn show(&mut self, text: &str, (start, end): (usize, usize), vocabulary: &Vocabulary) {
        self.text.clear();
        self.units.clear();
        let mut at = start;
        let mut gap = Gap::None;
        while let Some(c) = text[at..end].chars().next() {
            let next = at + c.len_utf8();
            if leet::stands_for_letter(text, at, c) {
                self.push(letter(c), at, next, gap, Made::Letter);
            } else if is_solid(c) {
                self.push(fold(c), at, next, gap, Made::Kept);
            } else {
                let (run, run_end) = if char_before(text, at).is_some_and(is_solid) {
                    run_at(text, at, vocabulary)
                } else {
                    (Run::Plain, next)
                };
                match run {
                    Run::Gap(parted) => {
                        (gap, at) = (parted, run_end);
                        continue;
                    }
                    Run::WordGap => self.push(' ', at, next, gap, Made::Space),
                    Run::Plain => self.push(c, at, next, gap, Made::Kept),
                }
            }
            (gap, at) = (Gap::None, next);
        }
    }

    /// The units of the bytes `start..end` of the view, which lie on characters.
    pub(super) fn range(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        let index = |at: usize| self.units.partition_point(|unit| unit.at < at);
        index(start)..index(end)
    }

    fn push(&mut self, c: char, start: usize, end: usize, gap: Gap, made: Made) {
        self.units.push(Unit { at: self.text.len(), start, end, gap, made });
        self.text.push(c);
    }
}

/// What a sign looks like in the view.
fn letter(sign: char) -> char {
    leet::letters(sign).first().map_or(sign, |&letter| fold(char::from(letter)))
}

/// `l` looks like `i`, so that a sign which may be either finds both.
pub(super) fn fold(c: char) -> char {
    if c == 'l' { 'i' } else { c }
}
