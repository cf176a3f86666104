//! Han characters by their reading.

use std::collections::HashMap;
use std::sync::OnceLock;

use pinyin::ToPinyin as _;

use super::index::Disguised;
use super::is_han;
use crate::keywords::{Disguise, Evasion};

/// Han characters that a term must have.
pub(super) const MIN_HAN: usize = 3;
/// Syllables without a Han character of the term among them that must be written out.
const MIN_WRITTEN: usize = 4;
/// Letters of the longest syllable, `zhuang`.
const MAX_LETTERS: usize = 6;
/// Letters and spaces before a run's first Han character that are looked at.
const MAX_BEFORE: usize = 64;

/// A reading without tone, by its number.
type Syllable = u16;
const NONE: Syllable = 0;

/// Readings of characters, and syllables by their letters.
struct Readings {
    /// Reading of each character from U+3400 to U+9FFF; 0 where there is none.
    of: Box<[Syllable]>,
    written: HashMap<&'static str, Syllable>,
}

const FIRST: u32 = 0x3400;
const LAST: u32 = 0x9fff;

impl Readings {
    fn shared() -> &'static Self {
        static READINGS: OnceLock<Readings> = OnceLock::new();
        READINGS.get_or_init(|| {
            let mut written: HashMap<&'static str, Syllable> = HashMap::new();
            let mut of = vec![NONE; (LAST - FIRST + 1) as usize].into_boxed_slice();
            for (code, slot) in (FIRST..=LAST).zip(of.iter_mut()) {
                let reading = char::from_u32(code).and_then(|c| c.to_pinyin()).map(pinyin::Pinyin::plain);
                if let Some(reading) = reading {
                    let next = written.len() as Syllable + 1;
                    *slot = *written.entry(reading).or_insert(next);
                }
            }
            // Written with v where a keyboard has no ü.
            let umlauts: Vec<_> =
                written.iter().filter(|(text, _)| text.contains('ü')).map(|(&k, &v)| (k, v)).collect();
            for (text, syllable) in umlauts {
                let spelled: &'static str = match text {
                    "lü" => "lv",
                    "nü" => "nv",
                    "lüe" => "lve",
                    "nüe" => "nve",
                    _ => continue,
                };
                written.entry(spelled).or_insert(syllable);
            }
            Self { of, written }
        })
    }

    fn of(&self, c: char) -> Syllable {
        let at = u32::from(c).checked_sub(FIRST).and_then(|at| self.of.get(at as usize));
        at.copied().unwrap_or(NONE)
    }
}

/// One syllable of a text.
#[derive(Clone, Copy, Debug)]
struct Spoken {
    syllable: Syllable,
    start: usize,
    end: usize,
    /// The character; none where letters are written.
    han: Option<char>,
}

/// Memory that a search uses again.
#[derive(Debug, Default)]
pub(super) struct SoundScratch {
    run: Vec<Spoken>,
}

/// Terms by the sound of their first three characters.
#[derive(Clone, Debug, Default)]
pub(super) struct SoundIndex {
    terms: Vec<Term>,
    by_start: HashMap<[Syllable; 3], Vec<u32>>,
    /// A bit for each pair of syllables with which a term begins.
    pairs: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Term {
    pattern: u32,
    chars: Box<[char]>,
    syllables: Box<[Syllable]>,
}

const PAIR_BITS: usize = 1 << 18;

fn pair(a: Syllable, b: Syllable) -> usize {
    (usize::from(a) << 9 ^ usize::from(b)) & (PAIR_BITS - 1)
}

impl SoundIndex {
    /// Adds a pattern in normal form; one that has characters without a reading is left out.
    pub(super) fn add(&mut self, pattern: u32, text: &str) {
        let readings = Readings::shared();
        let chars: Box<[char]> = text.chars().collect();
        let syllables: Box<[Syllable]> = chars.iter().map(|&c| readings.of(c)).collect();
        if chars.len() < MIN_HAN || syllables.contains(&NONE) {
            return;
        }
        self.by_start.entry([syllables[0], syllables[1], syllables[2]]).or_default().push(self.terms.len() as u32);
        self.terms.push(Term { pattern, chars, syllables });
    }

    pub(super) fn finish(&mut self) {
        if self.terms.is_empty() {
            return;
        }
        self.pairs = vec![0; PAIR_BITS / 64];
        for term in &self.terms {
            let at = pair(term.syllables[0], term.syllables[1]);
            self.pairs[at / 64] |= 1 << (at % 64);
        }
    }

    /// Tells `sink` every term that stands in `text` with some characters replaced by others of their sound.
    pub(super) fn find(&self, text: &str, scratch: &mut SoundScratch, sink: &mut dyn FnMut(Disguised)) {
        if self.terms.is_empty() {
            return;
        }
        let readings = Readings::shared();
        let mut at = 0;
        while let Some(start) = next_run(text, at) {
            at = read_run(text, start, readings, &mut scratch.run);
            self.find_in(&scratch.run, sink);
        }
    }

    fn find_in(&self, run: &[Spoken], sink: &mut dyn FnMut(Disguised)) {
        for (at, window) in run.windows(MIN_HAN).enumerate() {
            let bit = pair(window[0].syllable, window[1].syllable);
            if self.pairs[bit / 64] >> (bit % 64) & 1 == 0 {
                continue;
            }
            let key = [window[0].syllable, window[1].syllable, window[2].syllable];
            for &term in self.by_start.get(&key).into_iter().flatten() {
                let found = self.terms[term as usize].check(&run[at..]);
                found.into_iter().for_each(&mut *sink);
            }
        }
    }
}

impl Term {
    fn check(&self, run: &[Spoken]) -> Option<Disguised> {
        let spoken = run.get(..self.chars.len())?;
        let same = spoken.iter().zip(&self.syllables).all(|(spoken, &syllable)| spoken.syllable == syllable);
        if !same {
            return None;
        }
        let written = spoken.iter().filter(|spoken| spoken.han.is_none()).count();
        let kept = spoken.iter().zip(&self.chars).filter(|(spoken, c)| spoken.han == Some(**c)).count();
        let replaced = self.chars.len() - written - kept;
        let told = kept > 0 || (written == self.chars.len() && written >= MIN_WRITTEN);
        // Of short terms one character, of longer ones half of them at most may be another of the same sound.
        if written + replaced == 0 || replaced > self.chars.len() / 2 || !told {
            return None;
        }
        Some(Disguised {
            pattern: self.pattern,
            start: spoken.first()?.start,
            end: spoken.last()?.end,
            inside_word: false,
            used: Evasion::NONE.with(Disguise::Sound),
        })
    }
}

/// Where the next run with a Han character begins, at `from` or behind it: letters and single spaces before it belong
/// to it.
fn next_run(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += bytes[at..].iter().position(|&byte| (0xe3..=0xe9).contains(&byte))?;
        let c = text[at..].chars().next()?;
        if is_han(c) {
            break;
        }
        at += c.len_utf8();
    }
    let before = bytes[from..at].iter().rev().take(MAX_BEFORE);
    let letters = before.take_while(|byte| byte.is_ascii_lowercase() || **byte == b' ').count();
    Some(at - letters)
}

/// Reads a run of Han characters and written syllables from `start` on into `run`; the answer is where to go on.
fn read_run(text: &str, start: usize, readings: &Readings, run: &mut Vec<Spoken>) -> usize {
    run.clear();
    let bytes = text.as_bytes();
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_lowercase() {
            let letters = bytes[at..].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
            if !read_word(text, (at, at + letters), readings, run) {
                return at + letters;
            }
            at += letters;
        } else if byte == b' ' {
            at += 1;
            let parted = run.last().is_some_and(|last| last.han.is_some());
            if parted && !bytes.get(at).is_some_and(u8::is_ascii_lowercase) {
                return at;
            }
        } else {
            let Some(c) = text[at..].chars().next().filter(|&c| is_han(c)) else {
                return at + text[at..].chars().next().map_or(1, char::len_utf8);
            };
            let end = at + c.len_utf8();
            run.push(Spoken { syllable: readings.of(c), start: at, end, han: Some(c) });
            at = end;
        }
    }
    at
}

/// Reads a word of letters as syllables, the longest first; whether it is made of nothing else.
fn read_word(text: &str, (start, end): (usize, usize), readings: &Readings, run: &mut Vec<Spoken>) -> bool {
    let before = run.len();
    let mut at = start;
    while at < end {
        let longest = MAX_LETTERS.min(end - at);
        let found = (1..=longest).rev().find_map(|len| {
            let syllable = *readings.written.get(&text[at..at + len])?;
            // What is left must not begin with a letter that begins no syllable.
            let rest = text.as_bytes().get(at + len).filter(|_| at + len < end);
            let goes_on = rest.is_none_or(|byte| !matches!(byte, b'i' | b'u' | b'v'));
            goes_on.then_some((syllable, len))
        });
        let Some((syllable, len)) = found else {
            run.truncate(before);
            return false;
        };
        run.push(Spoken { syllable, start: at, end: at + len, han: None });
        at += len;
    }
    true
}
