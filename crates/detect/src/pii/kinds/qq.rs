//! QQ number.

use tamis_rules::PiiKind;

use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;

/// Beside a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::Qq,
    name: "qq.named",
    description: "5 to 11 digits beside QQ or a word for it; numbers of groups are none",
    source: "common usage: the service gives out numbers from 10000 on",
    weight: weight::NAMED,
};

static WORDS: Context = Context::new(
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

static GROUPS: Context = Context::new(&["群", "群号", "group", "版", "游戏"], 10);

/// Looks for the form.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    let Some(group) = number.chain.groups().first().filter(|group| (5..=11).contains(&group.len())) else { return };
    let view = number.view;
    let named = view.at(group.start) != b'0'
        && number.chain.closes(view, 1)
        && view.at(group.end) != b'@'
        && WORDS.word_before(view, group.start).is_some_and(|end| !view.bytes[end..group.start].contains(&b'/'))
        && !GROUPS.before(view, group.start);
    if named {
        finds.add(group.start, group.end, &NAMED);
    }
}
