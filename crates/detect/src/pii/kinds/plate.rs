//! Number plate of a vehicle of mainland China.

use tamis_rules::PiiKind;

use crate::pii::chain::closes_number;
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::view::View;

/// Five characters behind the region.
pub(in crate::pii) static CIVIL: PiiForm = PiiForm {
    kind: PiiKind::Plate,
    name: "plate.civil",
    description: "province, letter of a region and five characters without I and O, the last perhaps 挂, 学, 警, 港, 澳, 使 or 领",
    source: "GA 36-2018, 5.3",
    weight: weight::SHAPED,
};

/// Six characters behind the region.
pub(in crate::pii) static NEW_ENERGY: PiiForm = PiiForm {
    kind: PiiKind::Plate,
    name: "plate.new_energy",
    description: "province, letter of a region and six characters: a letter first with digits behind it, or last with digits before it",
    source: "GA 36-2018, annex on new-energy vehicles",
    weight: weight::SHAPED,
};

pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "车牌",
        "车牌号",
        "车牌号码",
        "号牌",
        "牌照",
        "车辆",
        "车号",
        "車牌",
        "plate",
        "licence plate",
        "license plate",
        "plate number",
        "car",
    ],
    20,
);

pub(in crate::pii) const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
const SUFFIXES: [&str; 7] = ["挂", "学", "警", "港", "澳", "使", "领"];
const SIGNS: [&str; 6] = ["·", "•", "・", " ", "-", "."];

/// Looks for a plate whose region's letter is at `letter`, behind a character of three bytes.
pub(in crate::pii) fn find(view: View<'_>, letter: usize, finds: &mut Finds) {
    let Some(start) = letter.checked_sub(3) else { return };
    if !is_province(&view.bytes[start..letter]) {
        return;
    }
    let sign = SIGNS.iter().find(|sign| view.goes_on(letter + 1, sign)).map_or(0, |sign| sign.len());
    let serial = letter + 1 + sign;
    let end = view.run_end(serial, 7, is_serial);
    let (end, form) = match end - serial {
        4 => match SUFFIXES.iter().find(|suffix| view.goes_on(end, suffix)) {
            Some(suffix) => (end + suffix.len(), &CIVIL),
            None => return,
        },
        5 => (end, &CIVIL),
        6 if is_new_energy(&view.bytes[serial..end]) => (end, &NEW_ENERGY),
        _ => return,
    };
    let letters = view.bytes[serial..end].iter().filter(|byte| byte.is_ascii_uppercase()).count();
    if closes_number(view, end) && (letters <= 2 || WORDS.before(view, start)) {
        // No region has the letter I.
        finds.add_as(start, end, form, view.at(letter) == b'I');
    }
}

fn is_province(character: &[u8]) -> bool {
    PROVINCES.as_bytes().chunks_exact(3).any(|known| known == character)
}

const fn is_serial(byte: u8) -> bool {
    byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O'))
}

/// Small vehicles: a letter, a letter or digit, four digits. Large ones: five digits and a letter.
fn is_new_energy(serial: &[u8]) -> bool {
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let small = serial[0].is_ascii_uppercase() && digits(&serial[2..]);
    let large = digits(&serial[..5]) && serial[5].is_ascii_uppercase();
    small || large
}
