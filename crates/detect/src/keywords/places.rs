//! Where patterns stand in one text, and what stands near what.

use super::Evasion;
use super::evasion::Disguised;
use crate::is_word_char;

/// An occurrence of a pattern.
///
/// The order of fields is the order of places: by pattern, those with boundaries first, then by position. So the
/// places that a rule asks for lie together, and a search among them takes a logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) pattern: u32,
    /// Whether a boundary is missing at either end.
    pub(super) inside_word: bool,
    pub(super) start: usize,
    pub(super) end: usize,
    /// What had to be undone to see it; the pattern's number then has [`DISGUISED`].
    pub(super) used: Evasion,
}

/// Set in the number of a pattern that stands in disguise, so that it is a pattern of its own.
pub(super) const DISGUISED: u32 = 1 << 31;

impl Place {
    pub(super) fn new(text: &str, pattern: u32, start: usize, end: usize) -> Self {
        let inside_word = joins(text, start) || joins(text, end);
        Self { pattern, inside_word, start, end, used: Evasion::NONE }
    }
}

impl From<Disguised> for Place {
    fn from(Disguised { pattern, start, end, inside_word, used }: Disguised) -> Self {
        Self { pattern: pattern | DISGUISED, inside_word, start, end, used }
    }
}

/// Whether the characters on both sides of `at` belong to one word.
fn joins(text: &str, at: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else {
        return false;
    };
    before.chars().next_back().is_some_and(is_word_char) && after.chars().next().is_some_and(is_word_char)
}

/// The places of one text. Its memory is used again from text to text.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) list: Vec<Place>,
    /// Characters before each block of bytes; empty until a distance is asked for.
    chars_before: Vec<usize>,
    /// Where paragraphs end; empty until asked for.
    paragraph_ends: Vec<usize>,
    indexed: bool,
}

const BLOCK: usize = 64;

impl Places {
    /// Makes ready for another text.
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.indexed = false;
    }

    /// Whether the pattern stands anywhere with boundaries.
    pub(super) fn has_bounded(&self, pattern: u32) -> bool {
        let at = self.first_after(pattern, false, 0);
        self.list.get(at).is_some_and(|place| place.pattern == pattern && !place.inside_word)
    }

    /// Whether an occurrence of the pattern covers the hit.
    pub(super) fn covers(&self, pattern: u32, bounded: bool, hit: Place) -> bool {
        // Occurrences of one pattern have one length, gaps apart: the last that begins before the hit reaches farthest.
        let last = |inside_word| self.last_until(pattern, inside_word, hit.start);
        let covering = |place: Place| place.end >= hit.end;
        last(false).is_some_and(covering) || (!bounded && last(true).is_some_and(covering))
    }

    /// Whether the pattern stands, with boundaries, within so many characters of the hit.
    pub(super) fn is_near(&self, text: &str, pattern: u32, hit: Place, within: u32, same_paragraph: bool) -> bool {
        let before = self.last_until(pattern, false, hit.start);
        let at = self.first_after(pattern, false, hit.start + 1);
        let behind = self.list.get(at).filter(|place| place.pattern == pattern && !place.inside_word);
        [before, behind.copied()].into_iter().flatten().any(|place| {
            let (from, to) = if place.start <= hit.start { (place.end, hit.start) } else { (hit.end, place.start) };
            from >= to
                || (self.distance(text, from, to) <= within as usize && !(same_paragraph && self.parted(from, to)))
        })
    }

    /// Works out what distances need; to be called before [`Self::is_near`].
    pub(super) fn index(&mut self, text: &str) {
        if self.indexed {
            return;
        }
        self.indexed = true;
        self.chars_before.clear();
        let mut chars = 0;
        for block in text.as_bytes().chunks(BLOCK) {
            self.chars_before.push(chars);
            chars += count_chars(block);
        }
        self.chars_before.push(chars);
        self.paragraph_ends.clear();
        self.paragraph_ends.extend(text.match_indices('\n').map(|(at, _)| at));
    }

    fn distance(&self, text: &str, from: usize, to: usize) -> usize {
        self.char_at(text, to).saturating_sub(self.char_at(text, from))
    }

    fn char_at(&self, text: &str, byte: usize) -> usize {
        let block = byte / BLOCK;
        let rest = text.as_bytes().get(block * BLOCK..byte).unwrap_or_default();
        self.chars_before.get(block).copied().unwrap_or_default() + count_chars(rest)
    }

    /// Whether a paragraph ends in the range. Normalised text has line feeds nowhere else.
    fn parted(&self, from: usize, to: usize) -> bool {
        let at = self.paragraph_ends.partition_point(|&end| end < from);
        self.paragraph_ends.get(at).is_some_and(|&end| end < to)
    }

    /// The last place of the pattern that begins at or before `start`.
    fn last_until(&self, pattern: u32, inside_word: bool, start: usize) -> Option<Place> {
        let at = self.first_after(pattern, inside_word, start + 1);
        let place = *self.list.get(at.checked_sub(1)?)?;
        (place.pattern == pattern && place.inside_word == inside_word).then_some(place)
    }

    /// Position of the first place of the pattern that begins at or after `start`.
    fn first_after(&self, pattern: u32, inside_word: bool, start: usize) -> usize {
        let key = (pattern, inside_word, start);
        self.list.partition_point(|place| (place.pattern, place.inside_word, place.start) < key)
    }
}

/// Characters that begin in these bytes of UTF-8.
fn count_chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, patterns: &[&str]) -> Places {
        let mut places = Places::default();
        for (id, pattern) in (0..).zip(patterns) {
            places.list.extend(text.match_indices(pattern).map(|(at, _)| Place::new(text, id, at, at + pattern.len())));
        }
        places.list.sort_unstable();
        places.index(text);
        places
    }

    #[test]
    fn distance_counts_characters_between_nearest_edges() {
        let text = format!("近{}hit{}远\n\n段", "中".repeat(70), "·".repeat(5));
        let found = places(&text, &["hit", "近", "远", "段"]);
        let hit = *found.list.first().expect("a hit");
        let near = |pattern, within| found.is_near(&text, pattern, hit, within, true);
        assert!(near(1, 70) && !near(1, 69));
        assert!(near(2, 5) && !near(2, 4));
        assert!(!near(3, 99) && found.is_near(&text, 3, hit, 8, false) && !found.is_near(&text, 3, hit, 7, false));
        assert!(near(0, 0));
    }

    #[test]
    fn boundaries_stand_beside_han_and_not_beside_letters() {
        let found = places("cat大cat cats", &["cat"]);
        let inside: Vec<bool> = found.list.iter().map(|place| place.inside_word).collect();
        assert_eq!(inside, [false, false, true]);
        assert!(found.has_bounded(0) && !found.has_bounded(1));
        assert!(!places("cats", &["cat"]).has_bounded(0));
    }
}
