//! QQ number.

use tamis_rules::PiiKind;

use crate::pii::chain::closes_number;
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::kinds::phone::country_code;
use crate::pii::number::Number;
use crate::pii::view::View;

/// Beside a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::Qq,
    name: "qq.named",
    description: "5 to 11 digits beside QQ or a word for it; numbers of groups are none",
    source: "common usage: the service gives out numbers from 10000 on",
    weight: weight::NAMED,
};

pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "qq",
        "qq号",
        "qq号码",
        "扣扣",
        "扣扣号",
        "扣扣号码",
        "企鹅号",
        "q号",
        "加q",
        "加qq",
        "qq是",
        "qq number",
        "qq no",
    ],
    14,
);

pub(in crate::pii) static GROUPS: Context = Context::new(&["群", "群号", "group", "版", "游戏"], 10);

/// Looks for the form.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    if let Some(group) = number.chain.groups().first() {
        find_at(number.view, group.start, group.end, finds);
    }
}

/// Looks for a number right behind the word's own letter, as in `QQ10000`.
pub(in crate::pii) fn find_coded(view: View<'_>, start: usize, end: usize, finds: &mut Finds) {
    if matches!(view.before(start), b'q' | b'Q') {
        find_at(view, start, end, finds);
    }
}

fn find_at(view: View<'_>, start: usize, end: usize, finds: &mut Finds) {
    let reserved = view.at(start) == b'0';
    let named = (5..=11).contains(&(end - start))
        && (!reserved || is_reserved(&view.bytes[start..end]))
        && closes_number(view, end)
        && view.at(end) != b'@'
        && WORDS
            .word_before(view, start)
            .is_some_and(|end| !view.bytes[end..start].iter().any(|byte| matches!(byte, b'/' | b'.')))
        && !GROUPS.before(view, start);
    if named {
        finds.add_as(start, end, &NAMED, reserved);
    }
}

/// Numbers of nobody: none begins with a nought, and 00 before anything but a country code begins nothing else.
fn is_reserved(digits: &[u8]) -> bool {
    digits.starts_with(b"00") && (digits.len() > 5 || country_code(&digits[2..]).is_none())
}
