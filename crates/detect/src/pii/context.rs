//! Words near a number that say what it is.

use super::view::View;

/// Words of which one must stand near a candidate.
///
/// Between word and candidate there may be `reach` bytes at most, on the same line, without a digit, a brace or a
/// placeholder. ASCII words are matched in any case and as words of a name too (`mobilePhone`, `id_no`): no letter may join
/// them, unless the case changes there.
pub(super) struct Context {
    words: &'static [&'static str],
    reach: usize,
    /// Pairs of bytes that a word ends with.
    last: Pairs,
    /// Pairs of bytes that a word begins with.
    first: Pairs,
}

/// A set of pairs of bytes, case aside, that may hold more than was put in: most places of a text are none of them.
struct Pairs([u64; Pairs::BITS / 64]);

impl Pairs {
    const BITS: usize = 1024;

    const fn new() -> Self {
        Self([0; Self::BITS / 64])
    }

    const fn place(left: u8, right: u8) -> usize {
        ((left | 0x20) as usize * 37 + (right | 0x20) as usize * 5) % Self::BITS
    }

    const fn insert(&mut self, left: u8, right: u8) {
        let place = Self::place(left, right);
        self.0[place / 64] |= 1 << (place % 64);
    }

    #[inline]
    const fn may_hold(&self, left: u8, right: u8) -> bool {
        let place = Self::place(left, right);
        self.0[place / 64] >> (place % 64) & 1 == 1
    }
}

impl Context {
    /// Words in lower case, none of them empty.
    pub const fn new(words: &'static [&'static str], reach: usize) -> Self {
        let (mut last, mut first) = (Pairs::new(), Pairs::new());
        let mut at = 0;
        while at < words.len() {
            let word = words[at].as_bytes();
            if let [only] = word {
                let mut other = 0;
                while other <= u8::MAX as u16 {
                    last.insert(other as u8, *only);
                    first.insert(*only, other as u8);
                    other += 1;
                }
            } else {
                last.insert(word[word.len() - 2], word[word.len() - 1]);
                first.insert(word[0], word[1]);
            }
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
            let byte = view.before(end);
            if self.last.may_hold(view.back(end, 2), byte) && self.words.iter().any(|word| ends_here(view, end, word)) {
                return Some(end);
            }
            if end == 0 || position - end == self.reach || breaks(byte) || view.placeholder_before(end).is_some() {
                return None;
            }
            end -= 1;
        }
    }

    /// Whether a word stands after the position.
    pub fn after(&self, view: View<'_>, position: usize) -> bool {
        let mut start = position;
        loop {
            let pair = (view.at(start), view.at(start + 1));
            if self.first.may_hold(pair.0, pair.1) && self.words.iter().any(|word| stands(view, start, word)) {
                return true;
            }
            if start >= view.bytes.len()
                || start - position == self.reach
                || breaks(view.at(start))
                || view.placeholder_at(start).is_some()
            {
                return false;
            }
            start += 1;
        }
    }
}

/// What no context reaches across, beside placeholders, which stand for numbers.
const fn breaks(byte: u8) -> bool {
    matches!(byte, b'\n' | b'0'..=b'9' | b'{' | b'}')
}

fn ends_here(view: View<'_>, end: usize, word: &str) -> bool {
    end.checked_sub(word.len()).is_some_and(|start| stands(view, start, word))
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
        for text in [
            "iphone #",
            "phones #",
            "phone\n#",
            "phone 5 #",
            "手机号码是什么#",
            "#phone",
            "telephone#",
            "[PHONE]: #",
            "手机[QQ]#",
        ] {
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
