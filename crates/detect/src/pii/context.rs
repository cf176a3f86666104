//! Words near a number that say what it is.

use super::view::View;

/// Words of which one must stand near a candidate.
///
/// Between word and candidate there may be `reach` bytes at most, on the same line, without a digit or a brace. ASCII words are
/// matched in any case and as words of a name too (`mobilePhone`, `id_no`): no letter may join them, unless the case
/// changes there.
pub(super) struct Context {
    words: &'static [&'static str],
    reach: usize,
    /// Bytes that a word ends with, in both cases.
    last: [bool; 256],
    /// Bytes that a word begins with, in both cases.
    first: [bool; 256],
}

impl Context {
    /// Words in lower case, none of them empty.
    pub const fn new(words: &'static [&'static str], reach: usize) -> Self {
        let (mut last, mut first) = ([false; 256], [false; 256]);
        let mut at = 0;
        while at < words.len() {
            let word = words[at].as_bytes();
            last[word[word.len() - 1] as usize] = true;
            last[word[word.len() - 1].to_ascii_uppercase() as usize] = true;
            first[word[0] as usize] = true;
            first[word[0].to_ascii_uppercase() as usize] = true;
            at += 1;
        }
        Self { words, reach, last, first }
    }

    /// The words.
    pub const fn words(&self) -> &'static [&'static str] {
        self.words
    }

    /// Most bytes between word and candidate.
    pub const fn reach(&self) -> usize {
        self.reach
    }

    /// Whether a word stands before the position.
    pub fn before(&self, view: View<'_>, position: usize) -> bool {
        self.word_before(view, position).is_some()
    }

    /// End of the nearest word before the position.
    pub fn word_before(&self, view: View<'_>, position: usize) -> Option<usize> {
        let mut end = position;
        loop {
            if self.last[usize::from(view.before(end))] && self.words.iter().any(|word| ends_here(view, end, word)) {
                return Some(end);
            }
            let byte = view.before(end);
            if end == 0 || position - end == self.reach || breaks(byte) {
                return None;
            }
            end -= 1;
        }
    }

    /// Whether a word stands after the position.
    pub fn after(&self, view: View<'_>, position: usize) -> bool {
        let mut start = position;
        loop {
            if self.first[usize::from(view.at(start))] && self.words.iter().any(|word| starts_here(view, start, word)) {
                return true;
            }
            if start >= view.bytes.len() || start - position == self.reach || breaks(view.at(start)) {
                return false;
            }
            start += 1;
        }
    }
}

/// What no context reaches across.
const fn breaks(byte: u8) -> bool {
    matches!(byte, b'\n' | b'0'..=b'9' | b'{' | b'}')
}

fn ends_here(view: View<'_>, end: usize, word: &str) -> bool {
    end.checked_sub(word.len()).is_some_and(|start| stands(view, start, word))
}

fn starts_here(view: View<'_>, start: usize, word: &str) -> bool {
    stands(view, start, word)
}

/// Whether the word stands at `start`, with borders where it begins or ends with an ASCII letter.
fn stands(view: View<'_>, start: usize, word: &str) -> bool {
    let end = start + word.len();
    let Some(found) = view.bytes.get(start..end) else { return false };
    found.eq_ignore_ascii_case(word.as_bytes()) && border(view, start) && border(view, end)
}

/// Whether a word may begin or end between two bytes: they are not both letters, or a lower-case letter is followed by
/// a capital.
fn border(view: View<'_>, position: usize) -> bool {
    let (left, right) = (view.before(position), view.at(position));
    !(left.is_ascii_alphabetic() && right.is_ascii_alphabetic())
        || (left.is_ascii_lowercase() && right.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    static WORDS: Context = Context::new(&["手机", "phone", "id no"], 8);

    fn before(text: &str) -> bool {
        let place = text.find('#').unwrap();
        WORDS.before(View { bytes: text.as_bytes() }, place)
    }

    #[test]
    fn words_are_found_within_reach_on_the_line() {
        for text in ["手机#", "手机号：#", "Phone #", "phone_no: #", "mobilePhone=#", "ID No. #", "手机phone#"]
        {
            assert!(before(text), "{text}");
        }
        for text in ["iphone #", "phones #", "phone\n#", "phone 5 #", "手机号码是什么#", "#phone", "telephone#"]
        {
            assert!(!before(text), "{text}");
        }
    }

    #[test]
    fn words_may_follow() {
        let after = |text: &str| WORDS.after(View { bytes: text.as_bytes() }, 0);
        assert!(after(" is my phone.") && after("手机") && after("，手机号"));
        assert!(!after(" is my iphone") && !after("1手机") && !after("很长很长手机"));
    }
}
