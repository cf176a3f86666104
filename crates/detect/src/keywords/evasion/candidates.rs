//! Where a text may hold something to undo, and how much around it is needed.

use super::gap::{Run, run_at};
use super::vocabulary::Vocabulary;
use super::{MAX_CHARS, char_before, is_solid, leet};

/// Characters around a place of which a disguised term that contains it can consist, gaps apart.
const REACH: usize = MAX_CHARS + 2;
/// Characters around a place that are looked at, gaps included.
const MAX_REACH: usize = 4 * REACH;

/// Tells `sink` the stretches of text, in order and apart from each other, in which a disguised term can stand.
pub(super) fn windows(text: &str, vocabulary: &Vocabulary, mut sink: impl FnMut(usize, usize)) {
    // Start of the open stretch, its last place, and how far that was seen to reach when last asked.
    let mut open: Option<(usize, usize, usize)> = None;
    edits(text, vocabulary, |at| {
        if let Some((start, last, end)) = open {
            let end = if at < end { end } else { reach_right(text, last) };
            if at < end {
                open = Some((start, at, end));
                return;
            }
            let from = reach_left(text, at);
            if from <= end {
                open = Some((start, at, at));
                return;
            }
            sink(start, end);
            open = Some((from, at, at));
        } else {
            open = Some((reach_left(text, at), at, at));
        }
    });
    if let Some((start, last, _)) = open {
        sink(start, reach_right(text, last));
    }
}

/// Tells `sink` every place where a run of separators or a sign begins that the view undoes, in order.
fn edits(text: &str, vocabulary: &Vocabulary, mut sink: impl FnMut(usize)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match CLASS[usize::from(byte)] {
            Class::Letter => at += 1,
            Class::Han => at += 3,
            Class::Space => {
                if space_may_part(bytes, at) && undone(text, at, vocabulary) {
                    sink(at);
                }
                at += 1;
            }
            Class::Digit => {
                if beside_letter(bytes, at) && leet::stands_for_letter(text, at, char::from(byte)) {
                    sink(at);
                }
                at += 1;
            }
            Class::Other => {
                let runs = mark_may_part(bytes, at) && undone(text, at, vocabulary);
                if runs || leet::stands_for_letter(text, at, char::from(byte)) {
                    sink(at);
                }
                at += 1;
            }
            Class::Wide => {
                let c = text[at..].chars().next().unwrap_or_default();
                if !is_solid(c) && (undone(text, at, vocabulary) || leet::stands_for_letter(text, at, c)) {
                    sink(at);
                }
                at += c.len_utf8();
            }
        }
    }
}

/// Whether a run of separators begins here that the view takes out or for a space.
fn undone(text: &str, at: usize, vocabulary: &Vocabulary) -> bool {
    char_before(text, at).is_some_and(is_solid) && run_at(text, at, vocabulary).0 != Run::Plain
}

/// Whether a space stands beside a character that is not ASCII, beside a mark, or between single letters.
fn space_may_part(bytes: &[u8], at: usize) -> bool {
    let get = |offset: isize| at.checked_add_signed(offset).and_then(|at| bytes.get(at)).copied();
    let solid = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80);
    let (l1, r1) = (get(-1), get(1));
    let plain =
        l1.is_some_and(|byte| byte.is_ascii_alphanumeric()) && r1.is_some_and(|byte| byte.is_ascii_alphanumeric());
    !plain || (!solid(get(-2)) && !solid(get(2)))
}

/// Whether the ASCII mark at `at` may begin a run that the view undoes, as far as the bytes around it tell. Most marks
/// are punctuation behind a word, or between two Han characters of which no other mark of its kind is near.
fn mark_may_part(bytes: &[u8], at: usize) -> bool {
    let get = |offset: isize| at.checked_add_signed(offset).and_then(|at| bytes.get(at)).copied();
    let letter = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let wide = |byte: Option<u8>| byte.is_some_and(|byte| byte >= 0x80);
    let (byte, l1, r1) = (get(0), get(-1), get(1));
    if matches!(byte, Some(b'*' | b'_' | b'-' | b'+' | b'~' | b'|')) {
        return letter(l1) || wide(l1);
    }
    if letter(l1) {
        // Behind a word of two letters and more only a Han character or a picture can go on with a term.
        return !letter(get(-2)) || wide(r1) || wide(get(2)) || wide(get(3)) || wide(get(4));
    }
    if !wide(l1) {
        return false;
    }
    // Another kind of mark parts Han characters as it is; punctuation only where it comes again, three or four bytes on.
    let punctuation = matches!(
        byte,
        Some(b',' | b';' | b':' | b'!' | b'?' | b'"' | b'\'' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>')
    );
    !punctuation || !wide(r1) || [-5, -4, 4, 5].into_iter().any(|offset| get(offset) == byte)
}

fn beside_letter(bytes: &[u8], at: usize) -> bool {
    // Two characters to either side decide; none of them is wider than four bytes.
    let around = &bytes[at.saturating_sub(8)..bytes.len().min(at + 9)];
    around.iter().any(u8::is_ascii_lowercase)
}

/// The start of what is needed before `at`.
fn reach_left(text: &str, at: usize) -> usize {
    let mut start = at;
    let mut solids = 0;
    for (many, c) in text[..at].chars().rev().enumerate() {
        if solids == REACH || many == MAX_REACH || c == '\n' {
            break;
        }
        solids += usize::from(is_solid(c));
        start -= c.len_utf8();
    }
    start
}

/// The end of what is needed from `at` on.
fn reach_right(text: &str, at: usize) -> usize {
    let mut end = at;
    let mut solids = 0;
    for (many, c) in text[at..].chars().enumerate() {
        if solids == REACH || many == MAX_REACH || c == '\n' {
            break;
        }
        solids += usize::from(is_solid(c));
        end += c.len_utf8();
    }
    end
}

/// What a character may be by its first byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Nothing that is undone.
    Letter,
    /// A Han character of three bytes.
    Han,
    Space,
    /// A digit.
    Digit,
    /// Another ASCII character.
    Other,
    /// Another character that is not ASCII.
    Wide,
}

const CLASS: [Class; 256] = {
    let mut class = [Class::Wide; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b' ' => Class::Space,
            b'0'..=b'9' => Class::Digit,
            b'a'..=b'z' | b'A'..=b'Z' | 0..=0x1f | 0x80..=0xbf => Class::Letter,
            0x21..=0x7f => Class::Other,
            0xe4..=0xe9 => Class::Han,
            _ => Class::Wide,
        };
        byte += 1;
    }
    class
};
