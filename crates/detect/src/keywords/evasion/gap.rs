//! What stands between two characters of a term.

use super::vocabulary::Vocabulary;
use super::{char_at, char_before, is_han, is_solid};

/// Separators that a gap has at most.
const MAX_FILLERS: usize = 4;

/// How two characters of a term are parted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Gap {
    /// Not at all.
    #[default]
    None,
    /// By marks or emoji.
    Marks,
    /// By a separator that parts their neighbours too.
    Even,
    /// Two Han characters by a space.
    Space,
    /// A Han character and a letter by a space, as many people write.
    Typographic,
}

/// What a run of characters between two others is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// A gap within a term.
    Gap(Gap),
    /// A mark in place of the space between two words.
    WordGap,
    /// What it seems.
    Plain,
}

/// What the run is that begins at `start`, where the character before is a letter, digit or Han character; and its end.
pub(super) fn run_at(text: &str, start: usize, vocabulary: &Vocabulary) -> (Run, usize) {
    let rest = &text[start..];
    let mut end = start;
    let mut fillers = 0;
    for c in rest.chars() {
        if is_solid(c) {
            break;
        }
        fillers += 1;
        if fillers > MAX_FILLERS || c == '\n' {
            return (Run::Plain, end.max(start + rest.chars().next().map_or(0, char::len_utf8)));
        }
        end += c.len_utf8();
    }
    let sides = char_before(text, start).filter(|&c| is_solid(c)).zip(char_at(text, end));
    let run = sides.map_or(Run::Plain, |(x, y)| classify(text, (x, start), (y, end), vocabulary));
    (run, end)
}

fn classify(text: &str, (x, start): (char, usize), (y, end): (char, usize), vocabulary: &Vocabulary) -> Run {
    let run = &text[start..end];
    let (han, both) = (is_han(x) || is_han(y), is_han(x) && is_han(y));
    if !han {
        return classify_letters(text, (x, start), (y, end), vocabulary);
    }
    if !vocabulary.joins(x, y) {
        return Run::Plain;
    }
    let single = run.chars().nth(1).is_none();
    if both && single && is_even(text, (x, start), (y, end), is_han) {
        return Run::Gap(Gap::Even);
    }
    if run == " " {
        return Run::Gap(if both { Gap::Space } else { Gap::Typographic });
    }
    let marks = run.chars().any(is_mark) && run.chars().all(|c| is_mark(c) || c == ' ');
    if marks || (run == "." && both) { Run::Gap(Gap::Marks) } else { Run::Plain }
}

fn classify_letters(text: &str, (x, start): (char, usize), (y, end): (char, usize), vocabulary: &Vocabulary) -> Run {
    if !x.is_ascii() || !y.is_ascii() {
        return Run::Plain;
    }
    let run = &text[start..end];
    let x_alone = !char_before(text, start - x.len_utf8()).is_some_and(is_solid);
    let y_alone = !char_at(text, end + y.len_utf8()).is_some_and(is_solid);
    if x_alone && y_alone && is_even(text, (x, start), (y, end), |c| c.is_ascii_alphanumeric()) {
        return Run::Gap(Gap::Even);
    }
    if run.chars().all(|c| matches!(c, '*' | '·' | '•') || is_emoji(c)) {
        return Run::Gap(Gap::Marks);
    }
    let joint = matches!(run, "_" | "-" | "+" | "~" | "|") && !x_alone && !y_alone;
    let known = || vocabulary.knows_until(text, start) && vocabulary.knows_from(text, end);
    if joint && known() { Run::WordGap } else { Run::Plain }
}

/// Whether the same run parts the characters before or behind, too.
fn is_even(text: &str, (x, start): (char, usize), (y, end): (char, usize), solid: fn(char) -> bool) -> bool {
    let run = &text[start..end];
    let before = text[..start - x.len_utf8()].strip_suffix(run);
    let behind = text[end + y.len_utf8()..].strip_prefix(run);
    before.is_some_and(|text| text.chars().next_back().is_some_and(solid))
        || behind.is_some_and(|text| text.chars().next().is_some_and(solid))
}

/// Marks and symbols that no sentence has between two Han characters.
pub(super) fn is_mark(c: char) -> bool {
    if c.is_ascii() {
        return matches!(
            c,
            '*' | '_' | '~' | '^' | '|' | '+' | '=' | '#' | '@' | '&' | '%' | '$' | '\\' | '/' | '-' | '`'
        );
    }
    is_emoji(c) || matches!(c, '·' | '•' | '¤' | '§' | '¦' | '¨' | '¬' | '¯' | '°' | '±' | '´' | '¸' | '×' | '÷' | '€')
}

/// Pictures and symbols: arrows, boxes, dingbats, emoji.
fn is_emoji(c: char) -> bool {
    matches!(u32::from(c), 0x2190..=0x2bff | 0x3004 | 0x3012 | 0x3013 | 0x3020 | 0x1_f000..=0x1_faff)
}
