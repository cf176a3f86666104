//! Number of a resident identity card: region, date of birth, sequence, check character.

use tamis_rules::PiiKind;

use crate::pii::checksum::{is_birth_date, mod_11_2, number};
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;

/// Eighteen characters.
pub(in crate::pii) static CURRENT: PiiForm = PiiForm {
    kind: PiiKind::IdCard,
    name: "id_card.18",
    description: "18 characters: region of a province, date of birth, sequence, check character; also in groups",
    source: "GB 11643-1999 (check: ISO 7064 MOD 11-2); regions: GB/T 2260",
    weight: weight::CHECKED,
};

/// Fifteen digits, given out until 1999.
pub(in crate::pii) static FIRST_GENERATION: PiiForm = PiiForm {
    kind: PiiKind::IdCard,
    name: "id_card.15",
    description: "15 digits beside a word for identity card: region, date of birth of 19xx, sequence",
    source: "GB 11643-1989",
    weight: weight::NAMED,
};

/// Words for the card.
pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "身份证",
        "身份证号",
        "身份证号码",
        "居民身份证",
        "公民身份号码",
        "證號",
        "身份證",
        "身分證",
        "id card",
        "id number",
        "id no",
        "idcard",
        "idno",
        "identity card",
        "identity number",
        "resident id",
        "citizen id",
    ],
    24,
);

/// The first two digits of a region: provinces, and the residence permits of Hong Kong, Macau and Taiwan (81 to 83).
const fn is_province(code: u32) -> bool {
    matches!(code, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
}

/// Looks for both forms.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    let reserved = number.view.at(number.start) == b'0';
    let is_one = if reserved { is_reserved } else { is_current };
    let is_first = |digits: &[u8]| if reserved { digits.starts_with(b"000") } else { is_first_generation(digits) };
    if let Some(end) = current(number, is_one)
        && !number.is_order()
    {
        finds.add_as(number.start, end, &CURRENT, reserved);
    } else if let Some((_, end)) = number.longest_even(15, 15, is_first)
        && WORDS.before(number.view, number.start)
    {
        finds.add_as(number.start, end, &FIRST_GENERATION, reserved);
    }
}

fn current(number: &Number<'_>, is_one: fn(&[u8], u8) -> bool) -> Option<usize> {
    if let Some((_, end)) = number.longest_even(18, 18, |digits| is_one(&digits[..17], digits[17])) {
        return Some(end);
    }
    // The check character of one number in eleven is a letter.
    let groups = number.chain.groups();
    let count = groups.iter().position(|group| group.total == 17)? + 1;
    let end = groups[count - 1].end;
    let is_x = matches!(number.view.at(end), b'X' | b'x') && number.view.closes(end + 1);
    (is_x && number.chain.is_even(count) && is_one(number.chain.digits(count), b'X')).then_some(end + 1)
}

fn is_current(digits: &[u8], check: u8) -> bool {
    is_province(number_of(digits, 0, 2))
        && is_birth_date(number_of(digits, 6, 10), number_of(digits, 10, 12), number_of(digits, 12, 14))
        && mod_11_2(digits, check)
}

/// Numbers of nobody: no province begins with a nought, and the system is younger than the date.
fn is_reserved(digits: &[u8], check: u8) -> bool {
    digits.starts_with(b"000") && number_of(digits, 6, 8) == 18 && mod_11_2(digits, check)
}

fn is_first_generation(digits: &[u8]) -> bool {
    is_province(number_of(digits, 0, 2))
        && is_birth_date(1900 + number_of(digits, 6, 8), number_of(digits, 8, 10), number_of(digits, 10, 12))
}

fn number_of(digits: &[u8], from: usize, to: usize) -> u32 {
    number(&digits[from..to])
}
