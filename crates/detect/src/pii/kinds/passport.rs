//! Passport number.

use tamis_rules::PiiKind;

use crate::pii::chain::closes_number;
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;
use crate::pii::view::View;

/// A Chinese ordinary passport.
pub(in crate::pii) static CHINESE: PiiForm = PiiForm {
    kind: PiiKind::Passport,
    name: "passport.chinese",
    description: "E or G and eight digits, or E, a letter other than I and O, and seven digits; capitals",
    source: "series of the ordinary passport, National Immigration Administration (G from 1997, E from 2012)",
    weight: weight::SHAPED,
};

/// Any passport beside a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::Passport,
    name: "passport.named",
    description: "6 to 10 letters and digits, five of them digits, beside a word for passport number",
    source: "ICAO Doc 9303-4 (document number); series of the issuing states",
    weight: weight::NAMED,
};

pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "护照",
        "护照号",
        "护照号码",
        "護照",
        "護照號碼",
        "通行证",
        "通行证号",
        "passport",
        "passport no",
        "passport number",
        "passport num",
        "pasaporte",
        "passeport",
        "reisepass",
        "パスポート",
    ],
    20,
);

const MOST_DIGITS: usize = 9;
const MOST_LETTERS: usize = 3;

/// Looks for a number whose first digit, behind one letter or more, is at `digit`.
pub(in crate::pii) fn find_coded(view: View<'_>, digit: usize, finds: &mut Finds) {
    let start = view.run_start(digit, MOST_LETTERS + 1, |byte| byte.is_ascii_alphabetic());
    let end = view.run_end(digit, MOST_DIGITS + 1, |byte| byte.is_ascii_digit());
    let digits = end - digit;
    if digit - start > MOST_LETTERS || !view.opens(start) {
        return;
    }
    let chinese = match (view.at(start), digit - start) {
        (b'E' | b'G', 1) => digits == 8,
        (b'E', 2) => {
            digits == 7 && view.at(start + 1).is_ascii_uppercase() && !matches!(view.at(start + 1), b'I' | b'O')
        }
        _ => false,
    };
    if chinese && closes_number(view, end) && !matches!(view.before(start), b'-' | b'.' | b'/' | b'#' | b'$') {
        finds.add(start, end, &CHINESE);
    } else {
        find_named(view, start, digits, finds);
    }
}

/// Looks for a number that begins with a digit.
pub(in crate::pii) fn find_digits(number: &Number<'_>, finds: &mut Finds) {
    if let Some(group) = number.chain.groups().first() {
        find_named(number.view, group.start, group.len(), finds);
    }
}

fn find_named(view: View<'_>, start: usize, digits: usize, finds: &mut Finds) {
    if !(5..=MOST_DIGITS).contains(&digits) || !WORDS.before(view, start) {
        return;
    }
    let end = view.run_end(start, 11, |byte| byte.is_ascii_alphanumeric());
    // O stands for no letter in document numbers, so that it is not taken for a nought.
    let reserved = matches!(view.at(start), b'O' | b'o') || view.goes_on(start, "000");
    if (6..=10).contains(&(end - start)) && closes_number(view, end) {
        finds.add_as(start, end, &NAMED, reserved);
    }
}
