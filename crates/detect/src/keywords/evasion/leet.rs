//! Digits and symbols that stand for Latin letters.

/// The letters that a character may stand for; the first is the one that the view shows.
pub(super) fn letters(c: char) -> &'static [u8] {
    match c {
        '0' => b"o",
        '1' | '!' | '|' => b"il",
        '3' | '€' => b"e",
        '4' | '@' => b"a",
        '5' | '$' => b"s",
        '6' => b"gb",
        '7' | '+' => b"t",
        '8' => b"b",
        '9' => b"g",
        _ => b"",
    }
}

/// Whether the character `c` at `at` stands where it can be a letter: a digit beside a letter, or beside another such
/// sign beside a letter, or between single letters; a symbol inside a word or at its edge. Looks at two characters on
/// either side.
pub(super) fn stands_for_letter(text: &str, at: usize, c: char) -> bool {
    if letters(c).is_empty() {
        return false;
    }
    let mut left = text[..at].chars().rev();
    let mut right = text[at + c.len_utf8()..].chars();
    let ((l1, l2), (r1, r2)) = ((left.next(), left.next()), (right.next(), right.next()));
    if c.is_ascii_digit() {
        let beside = |one: Option<char>, two: Option<char>| is_letter(one) || (is_sign(one) && is_letter(two));
        let spelled = l1 == r1 && l1.is_some_and(|c| !c.is_alphanumeric()) && is_letter(l2) && is_letter(r2);
        return beside(l1, l2) || beside(r1, r2) || spelled;
    }
    let inside = is_letter(l1) && is_letter(r1);
    let (joined, ends) = (matches!(c, '@' | '$' | '€'), !r1.is_some_and(char::is_alphanumeric));
    let edge = joined && ((is_letter_or_sign(r1) && !is_digit(l1)) || (is_letter_or_sign(l1) && ends));
    inside || edge
}

fn is_letter(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_lowercase())
}

fn is_digit(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_digit())
}

/// A sign that joins on to others: `a$$`, `b00b`.
fn is_sign(c: Option<char>) -> bool {
    c.is_some_and(|c| matches!(c, '@' | '$') || (c.is_ascii_digit() && !letters(c).is_empty()))
}

fn is_letter_or_sign(c: Option<char>) -> bool {
    is_letter(c) || c.is_some_and(|c| matches!(c, '@' | '$'))
}
