//! What ordinary text is full of.

use std::collections::HashSet;
use std::sync::OnceLock;

const WORDS: &str = include_str!("data/everyday.txt");
const PAIRS: &str = include_str!("data/common_pairs.txt");

fn listed(text: &'static str) -> HashSet<&'static str> {
    text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
}

/// Whether the term, in normal form, is a word of everyday text.
pub(super) fn is_everyday(term: &str) -> bool {
    static SET: OnceLock<HashSet<&str>> = OnceLock::new();
    SET.get_or_init(|| listed(WORDS)).contains(term)
}

/// Whether ordinary text is full of these two characters.
pub(super) fn is_common_pair(pair: &str) -> bool {
    static SET: OnceLock<HashSet<&str>> = OnceLock::new();
    SET.get_or_init(|| listed(PAIRS)).contains(pair)
}

/// Whether every pair of neighbouring characters of the term, in normal form, is common: whatever pair a search
/// takes as the term's anchor, ordinary text is full of it.
pub(super) fn has_no_rare_pair(term: &str) -> bool {
    let starts: Vec<usize> = term.char_indices().map(|(at, _)| at).chain([term.len()]).collect();
    starts.len() > 2 && starts.windows(3).all(|ends| is_common_pair(&term[ends[0]..ends[2]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_pairs_of_characters() {
        assert!(has_no_rare_pair("there") && has_no_rare_pair("可以") && !has_no_rare_pair("zorb"));
        assert!(!has_no_rare_pair("the end") && !has_no_rare_pair("x") && !has_no_rare_pair("可以吗"));
        assert!(is_everyday("people") && is_everyday("穆斯林") && !is_everyday("zorb") && !is_everyday("#"));
    }
}
