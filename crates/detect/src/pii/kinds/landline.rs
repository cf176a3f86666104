//! Fixed telephone number of mainland China, with its area code.

use tamis_rules::PiiKind;

use crate::pii::chain::Gap;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::kinds::phone::{self, with_extension};
use crate::pii::number::Number;

/// Area code and number.
pub(in crate::pii) static AREA_CODE: PiiForm = PiiForm {
    kind: PiiKind::Landline,
    name: "landline.area_code",
    description: "area code in use and 7 or 8 digits from 2 to 8 on, perhaps with +86 and an extension",
    source: "YD/T 1000 series numbering plan; area codes of the Ministry of Industry and Information Technology",
    weight: weight::SHAPED,
};

/// Looks for the form.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    let chain = &number.chain;
    let (prefix, national) = match chain.lens() {
        [2, ..] if phone::is_plus(number) && chain.digits(1) == b"86" => (1, false),
        [4, ..] if chain.digits(1) == b"0086" => (1, false),
        _ => (0, true),
    };
    if national && number.view.at(number.start) != b'0' {
        return;
    }
    let skipped = chain.digits(prefix).len();
    for count in (prefix + 1..=chain.groups().len()).rev() {
        let digits = &chain.digits(count)[skipped..];
        let lens = &chain.lens()[prefix..count];
        let gaps = &chain.gaps(count)[prefix..];
        if digits.len() <= 12
            && let Some(reserved) = landline(digits, lens, gaps, national)
            && fits(number, count, lens.len() == 1)
        {
            let start = phone::bracket_start(number);
            let end = with_extension(number.view, chain.groups()[count - 1].end, true);
            finds.add_as(start, end, &AREA_CODE, reserved);
            return;
        }
    }
}

/// A number in one piece needs a word beside it, or no Latin text around.
fn fits(number: &Number<'_>, count: usize, whole: bool) -> bool {
    let end = number.chain.groups()[count - 1].end;
    let closes = phone::closes(number.view, end, true);
    closes && (!whole || phone::is_named(number) || !number.is_serial() && is_beside_han(number, end))
}

fn is_beside_han(number: &Number<'_>, end: usize) -> bool {
    number.view.before(number.start) >= 0x80 || number.view.at(end) >= 0x80
}

/// Whether the digits are a number: with the leading nought of the area code, which stays away behind a country code.
/// True within where its area code is 00 or 00x, which is nobody's.
fn landline(digits: &[u8], lens: &[u8], gaps: &[Gap], national: bool) -> Option<bool> {
    let is_reserved = |nought: usize| {
        let area = &digits[nought..];
        area.starts_with(b"00") && [2, 3].iter().any(|code| is_divided(area, *code, nought, lens, gaps))
    };
    if is_reserved(1) || !national && is_reserved(0) {
        return Some(true);
    }
    let nought = usize::from(national || digits[0] == b'0');
    let area = &digits[nought..];
    is_divided(area, area_code(area)?, nought, lens, gaps).then_some(false)
}

/// Whether what follows the area code is a subscriber's number, in groups that keep the two apart.
fn is_divided(area: &[u8], code: usize, nought: usize, lens: &[u8], gaps: &[Gap]) -> bool {
    let Some(subscriber) = area.get(code..) else { return false };
    let first = subscriber.first().copied().unwrap_or(0);
    let right_length = if code == 2 { subscriber.len() == 8 } else { matches!(subscriber.len(), 7 | 8) };
    let grouping = match lens {
        [_] => true,
        [area, _] | [area, 3 | 4, 4] => usize::from(*area) == code + nought,
        _ => false,
    };
    let even = gaps.iter().all(|gap| matches!(gap, Gap::Space | Gap::Hyphen | Gap::Close));
    right_length && (b'2'..=b'8').contains(&first) && grouping && even
}

/// Length of the area code, without its nought, that the digits begin with.
pub(in crate::pii) fn area_code(digits: &[u8]) -> Option<usize> {
    match digits {
        [b'1', b'0', ..] | [b'2', b'0' | b'1' | b'2' | b'3' | b'4' | b'5' | b'7' | b'8' | b'9', ..] => Some(2),
        [first @ b'3'..=b'9', second, third, ..] => {
            let code = u16::from(first - b'0') * 100 + u16::from(second - b'0') * 10 + u16::from(third - b'0');
            is_area(code).then_some(3)
        }
        _ => None,
    }
}

/// Area codes of three digits that are or were in use.
const fn is_area(code: u16) -> bool {
    matches!(code,
        310..=319 | 335 | 349..=359 | 370..=379 | 391..=398
        | 410..=419 | 421 | 427 | 429 | 431..=439 | 448 | 451..=459 | 464 | 467..=479 | 482 | 483
        | 510..=519 | 523 | 527 | 530..=539 | 543 | 546 | 550..=566 | 570..=580 | 591..=599
        | 631..=635 | 660 | 662 | 663 | 668 | 691 | 692
        | 701 | 710..=719 | 722 | 724 | 728 | 730..=739 | 743..=746 | 750..=769 | 770..=779 | 790..=799
        | 810 | 811..=819 | 825..=827 | 830..=839 | 851..=859 | 870..=888 | 890..=899
        | 901..=909 | 910..=919 | 930..=939 | 941 | 943 | 951..=955 | 970..=979 | 990..=999)
}
