//! Digits in groups, as numbers are written.

use super::pattern::{CLOSES, HYPHEN, Pattern, Place, SPACE, gap};

/// Groups of a number at most.
const MOST_GROUPS: usize = 12;

/// A number as it is written: its digits, and how they are divided.
#[derive(Debug, PartialEq)]
pub(super) struct Written {
    /// Its digits in ASCII.
    pub digits: Vec<u8>,
    /// The length of each group.
    pub lens: Vec<usize>,
    /// The sign between each two groups: a space, `-`, `.`, `/`, `(` or `)`.
    pub gaps: Vec<char>,
    /// Byte behind the last digit.
    pub end: usize,
}

impl Written {
    /// The number that stands at a place.
    pub fn at(text: &[u8], place: &Place) -> Self {
        let (mut digits, mut lens, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
        for group in text[place.clone()].chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
            if group[0].is_ascii_digit() {
                digits.extend_from_slice(group);
                lens.push(group.len());
            } else {
                gaps.push(sign(&String::from_utf8_lossy(group)));
            }
        }
        Self { digits, lens, gaps, end: place.end }
    }

    /// Whether it is written without a sign.
    pub fn is_whole(&self) -> bool {
        self.gaps.is_empty()
    }
}

fn sign(gap: &str) -> char {
    let is_hyphen = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2015}');
    match gap {
        "." => '.',
        "/" => '/',
        _ if gap.contains('(') => '(',
        _ if gap.contains(')') => ')',
        _ if gap.contains(is_hyphen) => '-',
        _ => ' ',
    }
}

/// Numbers of each number of digits with one sign, space or hyphen, between all groups.
#[derive(Debug)]
pub(super) struct Even {
    patterns: Vec<[Pattern; 2]>,
}

const LONGEST_EVEN: usize = 19;

impl Even {
    /// Up to 19 digits.
    pub fn new() -> Self {
        let pattern =
            |count: usize, sign: &str| Pattern::new(&format!("([0-9](?:{sign}?[0-9]){{{}}}){CLOSES}", count - 1));
        Self { patterns: (1..=LONGEST_EVEN).map(|count| [SPACE, HYPHEN].map(|sign| pattern(count, sign))).collect() }
    }

    /// The number of exactly so many digits that begins at the position and may end where it does.
    pub fn at(&self, text: &[u8], start: usize, count: usize) -> Option<Written> {
        let place = self.patterns[count - 1].iter().find_map(|pattern| pattern.at(text, start))?;
        Some(Written::at(text, &place)).filter(|written| written.lens.len() <= MOST_GROUPS)
    }

    /// The longest number of some lengths that begins at the position and is accepted.
    pub fn longest(
        &self,
        text: &[u8],
        start: usize,
        counts: std::ops::RangeInclusive<usize>,
        accept: impl Fn(&[u8]) -> bool,
    ) -> Option<Written> {
        counts.rev().find_map(|count| self.at(text, start, count).filter(|written| accept(&written.digits)))
    }
}

/// Numbers of each number of digits with any signs but slashes between groups, whatever follows.
#[derive(Debug)]
pub(super) struct Loose {
    patterns: Vec<Pattern>,
}

const LONGEST_LOOSE: usize = 17;

impl Loose {
    /// Up to 17 digits.
    pub fn new() -> Self {
        let gap = gap();
        let pattern = |count: usize| Pattern::new(&format!("([0-9](?:{gap}?[0-9]){{{}}})", count - 1));
        Self { patterns: (1..=LONGEST_LOOSE).map(pattern).collect() }
    }

    /// The number of exactly so many digits that begins at the position.
    pub fn at(&self, text: &[u8], start: usize, count: usize) -> Option<Written> {
        let place = self.patterns[count - 1].at(text, start)?;
        Some(Written::at(text, &place)).filter(|written| written.lens.len() <= MOST_GROUPS)
    }
}
