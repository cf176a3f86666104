//! Number of a driving licence.
//!
//! A Chinese licence bears its holder's resident number, which is found as one; its file number and the numbers of other
//! countries have no check digit that is known, so all of them need a word beside them.

use tamis_rules::PiiKind;

use crate::pii::chain::closes_number;
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::view::View;

/// Beside a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::DriverLicense,
    name: "driver_license.named",
    description: "5 to 18 letters and digits, four of them digits, beside a word for driving licence; also in groups",
    source: "GA 482 (file number of 12 digits); AAMVA DL/ID card design standard (state formats)",
    weight: weight::NAMED,
};

pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "驾驶证",
        "驾驶证号",
        "驾照",
        "驾照号",
        "档案编号",
        "駕駛執照",
        "駕照",
        "driver license",
        "drivers license",
        "driver's license",
        "driver’s license",
        "driver licence",
        "drivers licence",
        "driver's licence",
        "driver’s licence",
        "driving licence",
        "driving license",
        "license number",
        "licence number",
        "license no",
        "dl number",
        "dl no",
        "dln",
        "dl#",
        "dl",
        "driver_license",
        "driverlicense",
        "permis de conduire",
        "führerschein",
        "licencia de conducir",
    ],
    20,
);

/// Letters and digits at most.
const LONGEST: usize = 18;

/// Looks for a number that begins with the digit at `start`.
pub(in crate::pii) fn find(view: View<'_>, start: usize, finds: &mut Finds) {
    find_at(view, start, finds);
}

/// Looks for a number whose first digit, behind one letter or more, is at `digit`.
pub(in crate::pii) fn find_coded(view: View<'_>, digit: usize, finds: &mut Finds) {
    let start = view.run_start(digit, 6, |byte| byte.is_ascii_alphabetic());
    if digit - start <= 5 && view.opens(start) {
        find_at(view, start, finds);
    }
}

fn find_at(view: View<'_>, start: usize, finds: &mut Finds) {
    let Some(end) = groups_end(view, start) else { return };
    if closes_number(view, end) && WORDS.before(view, start) {
        finds.add_as(start, end, &NAMED, is_reserved(&view.bytes[start..end]));
    }
}

/// The end of the first groups that all hold a digit: what follows in words is no part of the number.
fn groups_end(view: View<'_>, start: usize) -> Option<usize> {
    let (mut at, mut end, mut characters, mut digits) = (start, start, 0, 0);
    loop {
        let group_end = view.run_end(at, LONGEST + 1, |byte| byte.is_ascii_alphanumeric());
        let group = &view.bytes[at..group_end];
        let in_group = group.iter().filter(|byte| byte.is_ascii_digit()).count();
        if in_group == 0 || characters + group.len() > LONGEST || group.iter().any(u8::is_ascii_lowercase) {
            break;
        }
        characters += group.len();
        digits += in_group;
        end = group_end;
        if !matches!(view.at(group_end), b'-' | b' ') {
            break;
        }
        at = group_end + 1;
    }
    (characters >= 5 && digits >= 4).then_some(end)
}

/// Numbers that are given to nobody: noughts first, in however many groups, or a letter that reads like one.
fn is_reserved(number: &[u8]) -> bool {
    let mut first = number.iter().filter(|byte| byte.is_ascii_alphanumeric()).take(3);
    number[0] == b'O' || first.all(|byte| *byte == b'0')
}
