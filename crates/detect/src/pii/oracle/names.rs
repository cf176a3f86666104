//! Names of WeChat users.

use super::pattern::{NO_WORD_BEFORE, NO_WORD_BEHIND, Pattern};
use crate::pii::form::Finds;
use crate::pii::kinds::wechat;

/// Names behind a word for WeChat.
///
/// What stands between the word and the name is read step by step, and what was read is not given back.
#[derive(Debug)]
pub(super) struct Names {
    words: Vec<(Pattern, bool)>,
    nouns: [Pattern; 2],
    signs: [Pattern; 2],
    name: Pattern,
    goes_on: Pattern,
}

impl Names {
    pub fn new() -> Self {
        let words = [
            ("(加(?:微信|[Vv]信|微))".to_owned(), true),
            (format!("(加[Vv]){NO_WORD_BEHIND}"), true),
            (r"(微信|[\x80-\xFF][Vv]信)".to_owned(), false),
            (format!("{NO_WORD_BEFORE}([VvWw][Xx]|[Ww][Ee][Cc][Hh][Aa][Tt]|[Ww][Ee][Ii][Xx][Ii][Nn])"), false),
        ];
        Self {
            words: words.map(|(pattern, inviting)| (Pattern::new(&pattern), inviting)).into(),
            nouns: steps("[ _]?", "号码|号|账号|帐号|號|帳號|账户", "id|ID|Id"),
            signs: steps(" {0,2}", ":|：|是|为|為|=|→|加|搜", "is"),
            name: Pattern::new(" {0,2}([A-Za-z][0-9A-Za-z_-]{5,19})"),
            goes_on: Pattern::new(r"[0-9A-Za-z_@(/=\-\x01\x02]|\.[0-9A-Za-z]"),
        }
    }

    pub fn find(&self, text: &[u8], finds: &mut Finds) {
        for (pattern, inviting) in &self.words {
            for word in pattern.every(text) {
                if let Some((start, end)) = self.name_behind(text, word.end, *inviting) {
                    finds.add(start, end, &wechat::NAMED);
                }
            }
        }
    }

    fn name_behind(&self, text: &[u8], word_end: usize, inviting: bool) -> Option<(usize, usize)> {
        let noun_end = step(&self.nouns, text, word_end);
        let announced = inviting || noun_end.is_some();
        let noun_end = noun_end.unwrap_or(word_end);
        let first = step(&self.signs, text, noun_end);
        let signs_end = first.and_then(|end| step(&self.signs, text, end)).or(first).unwrap_or(noun_end);
        let name = self.name.at(text, signs_end)?;
        if self.goes_on.is_at(text, name.end) {
            return None;
        }
        // Latin letters right behind the word's own would be one word with it.
        let apart = name.start > noun_end || !text[name.start - 1].is_ascii_alphanumeric();
        let signed = first.is_some();
        let mixed = text[name.clone()].iter().any(|byte| byte.is_ascii_digit() || *byte == b'_');
        let in_sentence =
            text[name.end..].first() == Some(&b' ') && text.get(name.end + 1).is_some_and(u8::is_ascii_alphabetic);
        let fits = if announced { mixed || signed || !in_sentence } else { signed && mixed };
        (apart && fits).then_some((name.start, name.end))
    }
}

/// Words after some spaces: of Han characters, and of Latin letters that no more of them follow.
fn steps(spaces: &str, han: &str, latin: &str) -> [Pattern; 2] {
    [Pattern::new(&format!("({spaces}(?:{han}))")), Pattern::new(&format!("({spaces}(?:{latin})){NO_WORD_BEHIND}"))]
}

/// End of the word that begins at the position.
fn step(words: &[Pattern; 2], text: &[u8], position: usize) -> Option<usize> {
    words.iter().find_map(|pattern| pattern.at(text, position)).map(|word| word.end)
}
