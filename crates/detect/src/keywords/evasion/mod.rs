//! Terms in disguise: a second view of the text, for the entries that ask for it.
//!
//! The normaliser undoes what never carries meaning (width, case, zero-width characters, look-alike letters, traditional
//! characters). What is left may be a disguise or may be ordinary writing: a hyphen, a digit, a space. So it is undone
//! only in a view of its own, only where an entry names the [disguise](super::Disguise), and a hit counts there only if
//! it *contains* something that was undone; `Scunthorpe` and `as-sassin` stay what they are.
//!
//! - **gaps** ([`gap`]): between Han characters, or one and a word of the term, up to four marks or emoji, a
//!   single space, or a punctuation mark that stands after every character; between Latin letters the same separator
//!   after every single letter (`k.i.l.l`), or stars, dots in the middle and emoji; `_`, `-`, `+`, `~` and `|` may stand
//!   for the space between two words. A lone space counts only in terms of [`MIN_SPACED_HAN`] Han characters or
//!   more.
//! - **leet** ([`leet`]): digits and symbols beside Latin letters, not more of them than letters.
//! - **sound** ([`sound`]): pinyin, or characters of the same reading without tone, for some of the characters of a term.
//!
//! Gaps and leet are undone only around the places where either could be ([`candidates`]), so that text without any
//! costs one look; the view and its hits are the same as if all of the text had been rewritten.

mod candidates;
mod gap;
mod index;
mod leet;
mod sound;
mod view;
mod vocabulary;

pub(super) use index::{DisguiseIndex, DisguiseScratch, Disguised};

use super::Disguise;

/// Characters that a term or a condition has at most to be looked for in disguise.
pub(super) const MAX_CHARS: usize = 32;
/// Han characters of a term in which a lone space may stand.
const MIN_SPACED_HAN: usize = 4;
/// Han characters of a term in which a mark of punctuation may stand after each: of two, a list has every pair.
const MIN_EVEN_HAN: usize = 3;
/// Letters or Han characters that a term must have to be looked for with gaps.
const MIN_GAPPED: (usize, usize) = (4, 2);
/// Letters that a term must have to be looked for in leet.
const MIN_LEET: usize = 4;

/// Whether a term in normal form can be looked for in a disguise; else why not.
pub(super) fn suits(term: &str, disguise: Disguise) -> Result<(), String> {
    let letters = term.chars().filter(char::is_ascii_lowercase).count();
    let han = term.chars().filter(|&c| is_han(c)).count();
    let chars = term.chars().filter(|&c| c != ' ').count();
    if chars > MAX_CHARS {
        return Err(format!("has {chars} characters; in disguise {MAX_CHARS} are looked for at most"));
    }
    if term.chars().any(|c| !matches!(c, ' ' | '\'') && !is_solid(c)) {
        return Err("has a character that is no letter or digit, so that there is no telling gaps from it".to_owned());
    }
    match disguise {
        Disguise::Gaps if letters < MIN_GAPPED.0 && han < MIN_GAPPED.1 => {
            Err(format!("is too short; expected {} Latin letters or {} Han characters", MIN_GAPPED.0, MIN_GAPPED.1))
        }
        Disguise::Leet if letters < MIN_LEET => {
            Err(format!("has {letters} Latin letters; expected {MIN_LEET} at least"))
        }
        Disguise::Sound if han < sound::MIN_HAN || han != chars => {
            Err(format!("is not of {} Han characters or more and nothing else", sound::MIN_HAN))
        }
        _ => Ok(()),
    }
}

/// A Han character.
pub(super) fn is_han(c: char) -> bool {
    matches!(u32::from(c), 0x3400..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

/// What a term is made of: a letter or digit of any script.
fn is_solid(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    // Punctuation, symbols and emoji come often and are slow to look up.
    let code = u32::from(c);
    is_han(c) || (!matches!(code, 0x2000..=0x206f | 0x3000..=0x3004 | 0x1_f000..=0x1_faff) && c.is_alphanumeric())
}

fn char_before(text: &str, at: usize) -> Option<char> {
    text[..at].chars().next_back()
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text[at..].chars().next()
}
