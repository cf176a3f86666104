//! WeChat name.

use tamis_rules::PiiKind;

use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::view::View;

/// Behind a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::Wechat,
    name: "wechat.named",
    description: "a letter and 5 to 19 letters, digits, hyphens and underscores behind a word for WeChat name",
    source: "rules of the service for names",
    weight: weight::NAMED,
};

/// What makes the word before it announce a name, and not only the service.
const NOUNS: [&str; 10] = ["号码", "号", "账号", "帐号", "號", "帳號", "id", "ID", "Id", "账户"];
/// What leads from the word to the name.
const SIGNS: [&str; 10] = [":", "：", "是", "为", "為", "=", "→", "加", "搜", "is"];

const SHORTEST: usize = 6;
const LONGEST: usize = 20;

/// Looks for a name behind the word around `anchor`: the last byte of 微, a v behind another character, the x of vx
/// or wx, or the third letter of wechat or weixin.
pub(in crate::pii) fn find(view: View<'_>, anchor: usize, finds: &mut Finds) {
    let Some((inviting, word_end)) = word(view, anchor) else { return };
    let noun_start = view.run_end(word_end, 1, |byte| matches!(byte, b' ' | b'_'));
    let noun = NOUNS.iter().find(|noun| stands(view, noun_start, noun));
    let strong = inviting || noun.is_some();
    let after = noun.map_or(word_end, |noun| noun_start + noun.len());
    let (signed, start) = signs(view, after);
    let end = view.run_end(start, LONGEST + 1, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let name = &view.bytes[start..end];
    if !(SHORTEST..=LONGEST).contains(&name.len()) || !name[0].is_ascii_alphabetic() || !ends(view, end) {
        return;
    }
    // Latin letters right behind the word's own would be one word with it.
    let apart = start > after || !view.before(start).is_ascii_alphanumeric();
    let mixed = name.iter().any(|byte| byte.is_ascii_digit() || *byte == b'_');
    let alone = view.at(end) != b' ' || !view.at(end + 1).is_ascii_alphabetic();
    if apart && ((strong && (mixed || signed || alone)) || (signed && mixed)) {
        finds.add(start, end, &NAMED);
    }
}

/// Whether the word around the anchor invites to add somebody, and where it ends.
fn word(view: View<'_>, anchor: usize) -> Option<(bool, usize)> {
    let end = anchor + 1;
    match view.at(anchor).to_ascii_lowercase() {
        0xAE if !view.ends_with(end, "微") => None,
        0xAE if view.goes_on(end, "信") => Some((view.ends_with(anchor - 2, "加"), end + "信".len())),
        0xAE => view.ends_with(anchor - 2, "加").then_some((true, end)),
        b'v' if view.goes_on(end, "信") => Some((view.ends_with(anchor, "加"), end + "信".len())),
        b'v' => (view.ends_with(anchor, "加") && view.closes(end)).then_some((true, end)),
        b'x' => view.opens(anchor - 1).then_some((false, end)),
        _ => {
            let start = anchor - 2;
            let word = view.bytes.get(start..start + 6)?;
            let known = [&b"wechat"[..], b"weixin"].iter().any(|known| word.eq_ignore_ascii_case(known));
            (known && view.opens(start)).then_some((false, start + 6))
        }
    }
}

/// Whether a name may end at the position: no address, call, assignment or path goes on.
fn ends(view: View<'_>, end: usize) -> bool {
    match view.at(end) {
        b'.' => !view.at(end + 1).is_ascii_alphanumeric(),
        b'@' | b'(' | b'/' | b'=' => false,
        _ => view.closes(end),
    }
}

/// Skips spaces and two signs at most; says whether there was a sign.
fn signs(view: View<'_>, from: usize) -> (bool, usize) {
    let (mut at, mut signed) = (from, false);
    for _ in 0..2 {
        let next = spaced(view, at);
        let Some(sign) = SIGNS.iter().find(|sign| stands(view, next, sign)) else { break };
        signed = true;
        at = next + sign.len();
    }
    (signed, spaced(view, at))
}

/// Whether the text goes on with the word, which is not the beginning of a longer one.
fn stands(view: View<'_>, at: usize, word: &str) -> bool {
    view.goes_on(at, word) && (!word.ends_with(|c: char| c.is_ascii_alphabetic()) || view.closes(at + word.len()))
}

fn spaced(view: View<'_>, at: usize) -> usize {
    view.run_end(at, 2, |byte| byte == b' ')
}
