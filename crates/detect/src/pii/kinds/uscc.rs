//! Unified social credit code of an organisation or sole trader.

use tamis_rules::PiiKind;

use crate::pii::checksum::{mod_31, number};
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
        && is_code(&code)
    {
        finds.add(start, end, &CODE);
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

fn is_code(code: &[u8; LENGTH]) -> bool {
    let region = &code[2..8];
    matches!(code[0].to_ascii_uppercase(), b'1'..=b'9' | b'A' | b'N' | b'Y')
        && matches!(code[1], b'1'..=b'9')
        && region.iter().all(u8::is_ascii_digit)
        && matches!(number(&region[..2]), 10..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81 | 82)
        && mod_31(code)
}
