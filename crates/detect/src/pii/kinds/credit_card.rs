//! Number of a payment card of any other scheme.

use tamis_rules::PiiKind;

use crate::pii::checksum::{luhn, luhn_remainder, number};
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;

/// Lengths and ranges that hardly anything else has.
pub(in crate::pii) static ISSUER: PiiForm = PiiForm {
    kind: PiiKind::CreditCard,
    name: "credit_card.issuer",
    description: "16 digits, or 15 of American Express, in an issuer's range, Luhn check digit; also in groups",
    source: "ISO/IEC 7812-1 (Luhn); issuer ranges of Visa, Mastercard, American Express, Discover, JCB, Mir, Maestro",
    weight: weight::PREFIXED,
};

/// The other lengths, beside a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::CreditCard,
    name: "credit_card.named",
    description: "12 to 19 digits in an issuer's range beside a word for card, Luhn check digit; also in groups",
    source: "ISO/IEC 7812-1 (Luhn); issuer ranges, with Diners Club, Maestro of 12 digits and JCB of 15",
    weight: weight::PREFIXED,
};

/// Words for the card.
pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "card",
        "cards",
        "card number",
        "cc",
        "ccn",
        "visa",
        "mastercard",
        "maestro",
        "amex",
        "american express",
        "diners",
        "discover",
        "jcb",
        "卡号",
        "银行卡",
        "信用卡",
        "借记卡",
        "储蓄卡",
        "卡片",
        "银行账号",
        "账号",
        "卡號",
        "銀行卡",
        "カード",
        "carte",
        "tarjeta",
        "karte",
        "kreditkarte",
    ],
    28,
);

/// Looks for both forms.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    let first = number.view.at(number.start);
    if !matches!(first, b'1'..=b'6') || number.view.goes_on(number.start, "62") {
        return;
    }
    let reserved = number.longest_even(12, 19, |digits| is_reserved(1, digits));
    let real = || number.longest_even(12, 19, |digits| is_issued(digits) && luhn(digits));
    let Some((count, end)) = reserved.or_else(real) else { return };
    let digits = number.chain.digits(count);
    let named = WORDS.before(number.view, number.start);
    if named {
        finds.add_as(number.start, end, &NAMED, reserved.is_some());
    } else if (reserved.is_some() || is_distinct(digits))
        && is_grouped_as_on_cards(&number.chain.lens()[..count])
        && !number.is_serial()
        && (count == 1 || !number.is_among_numbers(end))
    {
        finds.add_as(number.start, end, &ISSUER, reserved.is_some());
    }
}

/// What Luhn's formula leaves of a number that stands for nobody's.
pub(in crate::pii) const RESERVED_REMAINDER: u32 = 5;

/// Whether it is the pseudonym of a card: noughts behind the digits of the scheme, and a check digit off by five.
pub(in crate::pii) fn is_reserved(scheme: usize, digits: &[u8]) -> bool {
    digits[scheme..].starts_with(b"000") && luhn_remainder(digits) == RESERVED_REMAINDER
}

/// Whether an issuer gives out numbers of this range and length.
fn is_issued(digits: &[u8]) -> bool {
    let (two, four) = (number(&digits[..2]), number(&digits[..4]));
    match digits.len() {
        12 => matches!(two, 50 | 56..=58 | 63 | 67),
        13 => two / 10 == 4,
        14 => matches!(two, 30 | 36 | 38 | 39),
        15 => matches!(two, 34 | 37) || matches!(four, 1800 | 2131),
        16 => is_issued_16(two, four),
        17 | 18 => matches!(two, 50 | 56..=58 | 63 | 67),
        _ => two / 10 == 4 || matches!(two, 50 | 56..=58 | 63 | 67 | 65),
    }
}

const fn is_issued_16(two: u32, four: u32) -> bool {
    matches!(two, 35 | 40..=58 | 63 | 65 | 67)
        || matches!(four, 2200..=2204 | 2221..=2720 | 6011 | 6440..=6499 | 3000..=3059 | 3600..=3699 | 3800..=3999)
}

/// Lengths and ranges that stand without a word: they are long enough, and not the start of a moment or an article.
fn is_distinct(digits: &[u8]) -> bool {
    let two = number(&digits[..2]);
    match digits.len() {
        15 => matches!(two, 34 | 37),
        16 => {
            !matches!(two, 35 | 50 | 63 | 67) | (3528..=3589).contains(&number(&digits[..4]))
                && digits.iter().any(|digit| *digit != digits[2])
        }
        _ => false,
    }
}

/// One group, four fours, or four, six and five.
fn is_grouped_as_on_cards(lens: &[u8]) -> bool {
    matches!(lens, [_] | [4, 4, 4, 4] | [4, 6, 5])
}
