//! Social security number of the United States.

use tamis_rules::PiiKind;

use crate::pii::chain::Gap;
use crate::pii::checksum::number;
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;

/// With its hyphens.
pub(in crate::pii) static FORMATTED: PiiForm = PiiForm {
    kind: PiiKind::SocialSecurity,
    name: "social_security.us",
    description: "area, group and serial number as 3-2-4 with hyphens, none of them of those never given out",
    source: "US Social Security Administration, POMS RM 10201.030 and 10201.035",
    weight: weight::SHAPED,
};

/// Beside a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::SocialSecurity,
    name: "social_security.named",
    description: "nine digits beside a word for social security number, also as 3-2-4",
    source: "US Social Security Administration, POMS RM 10201.030 and 10201.035",
    weight: weight::NAMED,
};

pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "ssn",
        "ssns",
        "social security",
        "social security number",
        "social security no",
        "soc sec",
        "社会安全号",
        "社会安全号码",
        "社保号",
        "社会安全",
    ],
    24,
);

/// Looks for both forms.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    let (count, hyphens) = match number.chain.lens() {
        [3, 2, 4, ..] => (3, number.chain.gaps(3) == [Gap::Hyphen, Gap::Hyphen]),
        [9, ..] => (1, false),
        _ => return,
    };
    if !number.chain.is_even(count) || !number.chain.closes(number.view, count) {
        return;
    }
    let digits = number.chain.digits(count);
    let reserved = digits.starts_with(b"000");
    if !reserved && !is_given(digits) {
        return;
    }
    let end = number.chain.groups()[count - 1].end;
    if WORDS.before(number.view, number.start) {
        finds.add_as(number.start, end, &NAMED, reserved);
    } else if hyphens && !number.is_serial() {
        finds.add_as(number.start, end, &FORMATTED, reserved);
    }
}

/// Numbers of advertisements and examples, which stand for nobody.
const KNOWN_EXAMPLES: [&[u8; 9]; 4] = [b"078051120", b"219099999", b"123456789", b"111223333"];

fn is_given(digits: &[u8]) -> bool {
    let (area, group, serial) = (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..]));
    !matches!(area, 0 | 666 | 900..)
        && group != 0
        && serial != 0
        && !KNOWN_EXAMPLES.iter().any(|known| *known == digits)
}
