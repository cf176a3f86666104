//! International bank account number.

use tamis_rules::PiiKind;

use crate::pii::checksum::mod_97;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::view::View;

/// The number.
pub(in crate::pii) static ACCOUNT: PiiForm = PiiForm {
    kind: PiiKind::Iban,
    name: "iban.account",
    description: "country, two check digits and the country's number of characters; also in groups of four",
    source: "ISO 13616-1 and the IBAN registry (lengths); check: MOD 97-10",
    weight: weight::CHECKED,
};

/// Countries of the registry with the lengths of their numbers.
#[rustfmt::skip]
const LENGTHS: &[(&[u8; 2], u8)] = &[
    (b"AD", 24), (b"AE", 23), (b"AL", 28), (b"AT", 20), (b"AZ", 28), (b"BA", 20), (b"BE", 16), (b"BG", 22), (b"BH", 22),
    (b"BI", 27), (b"BR", 29), (b"BY", 28), (b"CH", 21), (b"CR", 22), (b"CY", 28), (b"CZ", 24), (b"DE", 22), (b"DJ", 27),
    (b"DK", 18), (b"DO", 28), (b"EE", 20), (b"EG", 29), (b"ES", 24), (b"FI", 18), (b"FK", 18), (b"FO", 18), (b"FR", 27),
    (b"GB", 22), (b"GE", 22), (b"GI", 23), (b"GL", 18), (b"GR", 27), (b"GT", 28), (b"HN", 28), (b"HR", 21), (b"HU", 28),
    (b"IE", 22), (b"IL", 23), (b"IQ", 23), (b"IS", 26), (b"IT", 27), (b"JO", 30), (b"KW", 30), (b"KZ", 20), (b"LB", 28),
    (b"LC", 32), (b"LI", 21), (b"LT", 20), (b"LU", 20), (b"LV", 21), (b"LY", 25), (b"MC", 27), (b"MD", 24), (b"ME", 22),
    (b"MK", 19), (b"MN", 20), (b"MR", 27), (b"MT", 31), (b"MU", 30), (b"NI", 28), (b"NL", 18), (b"NO", 15), (b"OM", 23),
    (b"PK", 24), (b"PL", 28), (b"PS", 29), (b"PT", 25), (b"QA", 29), (b"RO", 24), (b"RS", 22), (b"RU", 33), (b"SA", 24),
    (b"SC", 31), (b"SD", 18), (b"SE", 24), (b"SI", 19), (b"SK", 24), (b"SM", 27), (b"SO", 23), (b"ST", 25), (b"SV", 28),
    (b"TL", 23), (b"TN", 24), (b"TR", 26), (b"UA", 29), (b"VA", 22), (b"VG", 24), (b"XK", 20), (b"YE", 30),
];

const LONGEST: usize = 34;

/// Looks for a number whose check digits begin at `digit`.
pub(in crate::pii) fn find(view: View<'_>, digit: usize, finds: &mut Finds) {
    let Some(start) = digit.checked_sub(2).filter(|start| view.opens(*start)) else { return };
    let country = [view.at(start).to_ascii_uppercase(), view.at(start + 1).to_ascii_uppercase()];
    let Some(&(_, length)) = LENGTHS.iter().find(|(known, _)| **known == country) else { return };
    let mut account = [0; LONGEST];
    let account = &mut account[..usize::from(length)];
    let Some(end) = read(view, start, account) else { return };
    match &account[2..4] {
        // Check digits are 02 to 98.
        b"00" => finds.claim(start, end, &ACCOUNT),
        b"01" | b"99" => {}
        check if check.iter().all(u8::is_ascii_digit) && mod_97(account) => finds.add(start, end, &ACCOUNT),
        _ => {}
    }
}

/// Reads as many letters and digits, of one case, in one piece or in groups of four with spaces or hyphens between.
fn read(view: View<'_>, start: usize, account: &mut [u8]) -> Option<usize> {
    let sign = Some(view.at(start + 4)).filter(|sign| matches!(sign, b' ' | b'-'));
    let mut at = start;
    let mut cases = [false; 2];
    let length = account.len();
    for (count, character) in account.iter_mut().enumerate() {
        if let Some(sign) = sign
            && count > 0
            && count.is_multiple_of(4)
        {
            if view.at(at) != sign {
                return None;
            }
            at += 1;
        }
        let byte = view.at(at);
        if !byte.is_ascii_alphanumeric() {
            return None;
        }
        cases[0] |= byte.is_ascii_lowercase();
        cases[1] |= byte.is_ascii_uppercase();
        *character = byte;
        at += 1;
    }
    let grouped_on = sign.is_some_and(|sign| {
        length.is_multiple_of(4) && view.at(at) == sign && view.at(at + 1).is_ascii_alphanumeric() && sign == b'-'
    });
    (cases != [true, true] && view.closes(at) && !grouped_on).then_some(at)
}
