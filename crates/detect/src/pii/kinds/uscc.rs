//! Unified social credit code of an organisation or sole trader.

use tamis_rules::PiiKind;

use crate::pii::checksum::{mod_31, number};
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;
use crate::pii::view::View;

/// The code.
pub(in crate::pii) static CODE: PiiForm = PiiForm {
    kind: PiiKind::Uscc,
    name: "uscc.code",
    description: "18 characters: registrar, category, region, organisation, check character; also with spaces or hyphens",
    source: "GB 32100-2015 (check: MOD 31-3)",
    weight: weight::CHECKED,
};

/// Words for the code.
pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "信用代码",
        "社会信用代码",
        "统一社会信用代码",
        "税号",
        "纳税人识别号",
        "纳税识别号",
        "信用代碼",
        "uscc",
        "credit code",
    ],
    20,
);

const LENGTH: usize = 18;
/// Room for the code with a sign between any two of its groups.
const LONGEST: usize = LENGTH + 8;

/// Looks for a code that begins with a digit.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    if number.view.opens(number.start) {
        find_at(number.view, number.start, finds);
    }
}

/// Looks for a code that begins with the letter before the digit at `digit`.
pub(in crate::pii) fn find_coded(view: View<'_>, digit: usize, finds: &mut Finds) {
    let start = digit - 1;
    if matches!(view.at(start).to_ascii_uppercase(), b'A' | b'N' | b'Y') && view.opens(start) {
        find_at(view, start, finds);
    }
}

fn find_at(view: View<'_>, start: usize, finds: &mut Finds) {
    let mut code = [0; LENGTH];
    if let Some(end) = read(view, start, &mut code)
        && is_category(code[0], code[1])
    {
        if is_reserved(&code) {
            finds.claim(start, end, &CODE);
        } else if is_code(&code) && (end - start == LENGTH && is_distinct(&code) || WORDS.before(view, start)) {
            finds.add(start, end, &CODE);
        }
    }
}

/// Reads exactly eighteen letters and digits, of one case, with single spaces or hyphens between groups of two and
/// more; none where they do not end there.
fn read(view: View<'_>, start: usize, code: &mut [u8; LENGTH]) -> Option<usize> {
    let (mut at, mut count, mut in_group) = (start, 0, 0);
    let mut sign = None;
    let mut cases = [false; 2];
    while count < LENGTH && at - start < LONGEST {
        let byte = view.at(at);
        if byte.is_ascii_alphanumeric() {
            cases[0] |= byte.is_ascii_lowercase();
            cases[1] |= byte.is_ascii_uppercase();
            code[count] = byte;
            count += 1;
            in_group += 1;
        } else if matches!(byte, b' ' | b'-') && in_group >= 2 && *sign.get_or_insert(byte) == byte {
            in_group = 0;
        } else {
            return None;
        }
        at += 1;
    }
    (count == LENGTH && cases != [true, true] && crate::pii::chain::closes_number(view, at)).then_some(at)
}

/// Whether it is no mere number: it has a letter, or the organisation's own check digit (GB 11714) is right too.
fn is_distinct(code: &[u8; LENGTH]) -> bool {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = code[8..16].iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit & 0x0F) * weight).sum();
    let checked = 11 - sum % 11 == u32::from(code[16] & 0x0F) || (sum.is_multiple_of(11) && code[16] == b'0');
    code.iter().any(u8::is_ascii_alphabetic) || (checked && matches!(code[0], b'1' | b'5' | b'9'))
}

/// Categories of organisations, by registrar.
fn is_category(registrar: u8, category: u8) -> bool {
    match registrar.to_ascii_uppercase() {
        b'1' | b'5' | b'N' => matches!(category, b'1'..=b'3' | b'9'),
        b'2' | b'4' | b'8' => matches!(category, b'1' | b'9'),
        b'3' | b'A' => matches!(category, b'1'..=b'5' | b'9'),
        b'6' | b'7' => matches!(category, b'1' | b'2' | b'9'),
        b'9' => matches!(category, b'1'..=b'3'),
        b'Y' => category == b'1',
        _ => false,
    }
}

/// Codes of nobody: no region begins with 00.
fn is_reserved(code: &[u8; LENGTH]) -> bool {
    code[2..8].starts_with(b"00") && code[4..8].iter().all(u8::is_ascii_digit) && !mod_31(code)
}

fn is_code(code: &[u8; LENGTH]) -> bool {
    let region = &code[2..8];
    region.iter().all(u8::is_ascii_digit)
        && matches!(number(&region[..2]), 10..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81 | 82)
        && mod_31(code)
}
