//! Finding many literal patterns at once, by their rarest part.

use std::collections::HashMap;

use memchr::memmem::Finder;

use super::engine::{AhoCorasickEngine, LiteralEngine, Pattern, PatternId};
use super::everyday::{is_common_pair, is_everyday};
use crate::KeywordError;

/// Looks only at the places where some pattern's anchor could stand.
///
/// Every pattern has one anchor: a pair of neighbouring three-byte characters (Han, Kana and the like), one such
/// character, a word of ASCII letters and digits, or two words with one space between. The text is read once; at each
/// such place the anchor's hash is tested against a bitmap, which most places do not pass, then looked up, then the
/// pattern's bytes are compared. What has no anchor, such as part of a word, is left to [`AhoCorasickEngine`].
///
/// An occurrence of a [bounded](Pattern::bounded) pattern inside a word is found or not, as it happens.
#[derive(Clone, Debug)]
pub struct AnchoredEngine {
    /// The patterns' bytes, one after another.
    bytes: Vec<u8>,
    /// Where each pattern begins in `bytes`, and where the last ends.
    starts: Vec<u32>,
    pairs: AnchorTable,
    words: AnchorTable,
    word_pairs: AnchorTable,
    /// Patterns by a single character; few, since only patterns without another anchor are here.
    singles: HashMap<u32, Vec<Anchored>>,
    /// A bit for each character of the basic plane with which `singles` has patterns; empty where it has none.
    single_bits: Vec<u64>,
    rest: Rest,
}

/// Patterns that have no anchor.
#[derive(Clone, Debug)]
enum Rest {
    /// A few, each looked for by itself.
    Few(Vec<(Finder<'static>, PatternId)>),
    /// More, by an automaton whose patterns are at these positions.
    Many(AhoCorasickEngine, Vec<PatternId>),
}

/// Patterns without an anchor up to which each is looked for by itself.
const FEW: usize = 8;

impl Rest {
    fn new(patterns: &[Pattern<'_>], ids: Vec<u32>) -> Result<Self, KeywordError> {
        let ids: Vec<PatternId> = ids.into_iter().map(PatternId).collect();
        let texts: Vec<Pattern<'_>> = ids.iter().map(|id| patterns[id.0 as usize]).collect();
        if ids.len() > FEW {
            return Ok(Self::Many(AhoCorasickEngine::build(&texts)?, ids));
        }
        let finder = |pattern: &Pattern<'_>| Finder::new(pattern.text).into_owned();
        Ok(Self::Few(texts.iter().map(finder).zip(ids).collect()))
    }

    fn find_all(&self, haystack: &[u8], sink: &mut dyn FnMut(PatternId, usize, usize)) {
        match self {
            Self::Few(finders) => {
                for (finder, pattern) in finders {
                    let (mut at, len) = (0, finder.needle().len());
                    // One by one, since occurrences may overlap.
                    while let Some(found) = finder.find(&haystack[at..]) {
                        sink(*pattern, at + found, at + found + len);
                        at += found + 1;
                    }
                }
            }
            Self::Many(engine, patterns) => {
                engine.find_all(haystack, &mut |found, start, end| sink(patterns[found.0 as usize], start, end));
            }
        }
    }
}

/// A pattern, and how many of its bytes stand before its anchor.
#[derive(Clone, Copy, Debug)]
struct Anchored {
    pattern: u32,
    before: u32,
}

/// An anchor that a pattern may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    Pair(u64),
    Word(u64),
    WordPair(u64),
    Single(u32),
}

impl LiteralEngine for AnchoredEngine {
    fn build(patterns: &[Pattern<'_>]) -> Result<Self, KeywordError> {
        let mut uses = Uses::new(patterns.len());
        let mut candidates: Vec<Candidate> = Vec::new();
        for pattern in patterns {
            gather(pattern, &mut candidates);
            candidates.iter().for_each(|candidate| uses.add(candidate.anchor));
        }
        let mut chosen: Vec<(Anchor, Anchored)> = Vec::with_capacity(patterns.len());
        let mut rest: Vec<u32> = Vec::new();
        for (pattern, wanted) in (0..).zip(patterns) {
            gather(wanted, &mut candidates);
            let rarest = candidates.iter().min_by_key(|it| (it.commonness, uses.of(it.anchor)));
            match rarest {
                Some(&Candidate { anchor, before, .. }) => chosen.push((anchor, Anchored { pattern, before })),
                None => rest.push(pattern),
            }
        }
        let mut bytes = Vec::with_capacity(patterns.iter().map(|pattern| pattern.text.len()).sum());
        let mut starts = Vec::with_capacity(patterns.len() + 1);
        for pattern in patterns {
            starts.push(bytes.len() as u32);
            bytes.extend_from_slice(pattern.text.as_bytes());
        }
        starts.push(bytes.len() as u32);
        let table = |wanted: fn(Anchor) -> Option<u64>| {
            AnchorTable::new(chosen.iter().filter_map(|&(anchor, at)| Some((wanted(anchor)?, at))).collect())
        };
        let mut singles: HashMap<u32, Vec<Anchored>> = HashMap::new();
        let mut single_bits = Vec::new();
        for &(anchor, at) in &chosen {
            if let Anchor::Single(c) = anchor {
                single_bits.resize(0x1_0000 / 64, 0);
                single_bits[c as usize / 64] |= 1_u64 << (c % 64);
                singles.entry(c).or_default().push(at);
            }
        }
        let rest = Rest::new(patterns, rest)?;
        Ok(Self {
            bytes,
            starts,
            pairs: table(|anchor| if let Anchor::Pair(hash) = anchor { Some(hash) } else { None }),
            words: table(|anchor| if let Anchor::Word(hash) = anchor { Some(hash) } else { None }),
            word_pairs: table(|anchor| if let Anchor::WordPair(hash) = anchor { Some(hash) } else { None }),
            singles,
            single_bits,
            rest,
        })
    }

    fn find_all(&self, haystack: &[u8], sink: &mut dyn FnMut(PatternId, usize, usize)) {
        self.rest.find_all(haystack, sink);
        let mut at = 0;
        // Start, end and hash of the last word.
        let mut last: Option<(usize, usize, u64)> = None;
        while let Some(&byte) = haystack.get(at) {
            match CLASS[usize::from(byte)] {
                Class::Word => {
                    let end = word_end(haystack, at);
                    let hash = hash_word(&haystack[at..end]);
                    self.check(&self.words, hash, haystack, at, sink);
                    if let Some((start, last_end, last_hash)) = last
                        && last_end + 1 == at
                        && haystack[last_end] == b' '
                    {
                        self.check(&self.word_pairs, join(last_hash, hash), haystack, start, sink);
                    }
                    last = Some((at, end, hash));
                    at = end;
                }
                Class::Wide => {
                    self.wide(haystack, at, sink);
                    at += 3;
                }
                Class::Other => at += 1,
            }
        }
    }
}

impl AnchoredEngine {
    /// A three-byte character at `at`.
    fn wide(&self, haystack: &[u8], at: usize, sink: &mut dyn FnMut(PatternId, usize, usize)) {
        if let Some(pair) = haystack[at..].first_chunk::<6>()
            && CLASS[usize::from(pair[3])] == Class::Wide
        {
            self.check(&self.pairs, hash_pair(pair), haystack, at, sink);
        }
        if !self.single_bits.is_empty()
            && let Some(&bytes) = haystack[at..].first_chunk::<3>()
        {
            let c = code(bytes);
            if self.single_bits[c as usize / 64] >> (c % 64) & 1 == 1 {
                for &found in self.singles.get(&c).into_iter().flatten() {
                    self.verify(found, haystack, at, sink);
                }
            }
        }
    }

    #[inline]
    fn check(
        &self,
        table: &AnchorTable,
        hash: u64,
        haystack: &[u8],
        at: usize,
        sink: &mut dyn FnMut(PatternId, usize, usize),
    ) {
        if table.may_have(hash) {
            for &found in table.get(hash) {
                self.verify(found, haystack, at, sink);
            }
        }
    }

    /// Tells `sink` the pattern, if it stands where its anchor is at `at`.
    fn verify(&self, found: Anchored, haystack: &[u8], at: usize, sink: &mut dyn FnMut(PatternId, usize, usize)) {
        let range = self.starts[found.pattern as usize] as usize..self.starts[found.pattern as usize + 1] as usize;
        let Some(start) = at.checked_sub(found.before as usize) else { return };
        let pattern = &self.bytes[range];
        if haystack[start..].starts_with(pattern) {
            sink(PatternId(found.pattern), start, start + pattern.len());
        }
    }
}

/// Patterns by the hash of their anchor.
#[derive(Clone, Debug, Default)]
struct AnchorTable {
    /// A bit per hash, by its upper bits.
    bits: Vec<u64>,
    bits_shift: u32,
    /// By the lower bits of the hash: where its patterns begin in `list`. Patterns of other hashes may stand among
    /// them; comparing the bytes tells them apart.
    slots: Vec<u32>,
    list: Vec<Anchored>,
}

impl AnchorTable {
    fn new(mut anchors: Vec<(u64, Anchored)>) -> Self {
        if anchors.is_empty() {
            return Self { bits: vec![0], bits_shift: 58, slots: vec![0, 0], list: Vec::new() };
        }
        // Sixteen bits and two slots per anchor.
        let bits = (anchors.len() * 16).next_power_of_two().max(64);
        let slots = (anchors.len() * 2).next_power_of_two();
        let slot = |hash: u64| hash as usize & (slots - 1);
        anchors.sort_by_key(|&(hash, at)| (slot(hash), at.pattern));
        let mut table = Self {
            bits: vec![0; bits / 64],
            bits_shift: 64 - bits.trailing_zeros(),
            slots: vec![0; slots + 1],
            list: Vec::new(),
        };
        for &(hash, at) in &anchors {
            let bit = (hash >> table.bits_shift) as usize;
            table.bits[bit / 64] |= 1 << (bit % 64);
            table.slots[slot(hash) + 1] += 1;
            table.list.push(at);
        }
        for at in 1..table.slots.len() {
            table.slots[at] += table.slots[at - 1];
        }
        table
    }

    #[inline]
    fn may_have(&self, hash: u64) -> bool {
        let bit = (hash >> self.bits_shift) as usize;
        self.bits[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn get(&self, hash: u64) -> &[Anchored] {
        let slot = hash as usize & (self.slots.len() - 2);
        &self.list[self.slots[slot] as usize..self.slots[slot + 1] as usize]
    }
}

/// What a text's bytes begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// An ASCII letter, digit or underscore.
    Word,
    /// The first byte of a three-byte character.
    Wide,
    Other,
}

const CLASS: [Class; 256] = {
    let mut class = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || b == b'_' {
            class[byte] = Class::Word;
        } else if b >= 0xe0 && b < 0xf0 {
            class[byte] = Class::Wide;
        }
        byte += 1;
    }
    class
};

fn word_end(text: &[u8], start: usize) -> usize {
    let rest = text[start..].iter().position(|&byte| CLASS[usize::from(byte)] != Class::Word);
    rest.map_or(text.len(), |len| start + len)
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(value: u64) -> u64 {
    let product = value.wrapping_mul(MULTIPLIER);
    product ^ (product >> 29)
}

fn hash_pair(&[a, b, c, d, e, f]: &[u8; 6]) -> u64 {
    mix(u64::from_le_bytes([a, b, c, d, e, f, 0, 0])).wrapping_mul(MULTIPLIER)
}

/// By the first and the last eight bytes, and the length.
fn hash_word(word: &[u8]) -> u64 {
    let (front, back) = match (word.first_chunk::<8>(), word.last_chunk::<8>()) {
        (Some(front), Some(back)) => (u64::from_le_bytes(*front), u64::from_le_bytes(*back)),
        _ => {
            let short = word.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
            (short, 0)
        }
    };
    mix(mix(front) ^ back ^ (word.len() as u64) << 56).wrapping_mul(MULTIPLIER)
}

fn join(first: u64, second: u64) -> u64 {
    mix(first.rotate_left(21) ^ second).wrapping_mul(MULTIPLIER)
}

fn code([a, b, c]: [u8; 3]) -> u32 {
    u32::from(a & 0xf) << 12 | u32::from(b & 0x3f) << 6 | u32::from(c & 0x3f)
}

/// A place in a pattern that could be its anchor.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    anchor: Anchor,
    before: u32,
    /// How often ordinary text has it, from 0 for seldom.
    commonness: u8,
}

/// How many patterns could have an anchor, roughly: anchors that share a counter are counted together.
struct Uses {
    counters: Vec<u32>,
}

impl Uses {
    fn new(patterns: usize) -> Self {
        Self { counters: vec![0; (patterns * 8).next_power_of_two()] }
    }

    fn counter(&self, anchor: Anchor) -> usize {
        let (Anchor::Pair(hash) | Anchor::Word(hash) | Anchor::WordPair(hash)) = anchor else {
            return 0;
        };
        (hash >> 20) as usize & (self.counters.len() - 1)
    }

    fn add(&mut self, anchor: Anchor) {
        let counter = self.counter(anchor);
        self.counters[counter] += 1;
    }

    fn of(&self, anchor: Anchor) -> u32 {
        self.counters[self.counter(anchor)]
    }
}

/// Puts into `out` where a pattern could be anchored.
fn gather(pattern: &Pattern<'_>, out: &mut Vec<Candidate>) {
    out.clear();
    let bytes = pattern.text.as_bytes();
    let mut last: Option<(usize, usize, u64)> = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match CLASS[usize::from(byte)] {
            Class::Word => {
                let end = word_end(bytes, at);
                let word = &pattern.text[at..end];
                let hash = hash_word(word.as_bytes());
                if is_whole(pattern, at, end) {
                    let commonness = if is_everyday(word) || word.len() < 4 { 3 } else { u8::from(word.len() < 6) };
                    out.push(Candidate { anchor: Anchor::Word(hash), before: at as u32, commonness });
                    if let Some((start, last_end, last_hash)) = last.filter(|&(_, end, _)| end + 1 == at)
                        && bytes[last_end] == b' '
                    {
                        let anchor = Anchor::WordPair(join(last_hash, hash));
                        out.push(Candidate { anchor, before: start as u32, commonness: 1 });
                    }
                    last = Some((at, end, hash));
                } else {
                    last = None;
                }
                at = end;
            }
            Class::Wide => {
                if let Some(pair) =
                    bytes[at..].first_chunk::<6>().filter(|pair| CLASS[usize::from(pair[3])] == Class::Wide)
                {
                    let common = is_common_pair(&pattern.text[at..at + 6]);
                    let anchor = Anchor::Pair(hash_pair(pair));
                    out.push(Candidate { anchor, before: at as u32, commonness: 2 * u8::from(common) });
                }
                let single = bytes[at..].first_chunk::<3>().map(|&bytes| Anchor::Single(code(bytes)));
                out.extend(single.map(|anchor| Candidate { anchor, before: at as u32, commonness: 4 }));
                at += 3;
            }
            Class::Other => at += 1,
        }
    }
}

/// Whether these bytes of the pattern are a whole run of word characters wherever the pattern has to be found.
fn is_whole(pattern: &Pattern<'_>, start: usize, end: usize) -> bool {
    // A letter that is not ASCII beside the run ends it in the text as it does here.
    pattern.bounded || (start > 0 && end < pattern.text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::is_word_char;

    type Found = (u32, usize, usize);

    fn found<E: LiteralEngine>(patterns: &[Pattern<'_>], text: &str) -> Vec<Found> {
        let mut found = Vec::new();
        let engine = E::build(patterns).expect("few patterns");
        engine.find_all(text.as_bytes(), &mut |pattern, start, end| found.push((pattern.0, start, end)));
        let joined = |at: usize| {
            let beside = (text[..at].chars().next_back(), text[at..].chars().next());
            matches!(beside, (Some(a), Some(b)) if is_word_char(a) && is_word_char(b))
        };
        // Inside words a bounded pattern may be told or not.
        found.retain(|&(pattern, start, end)| !(patterns[pattern as usize].bounded && (joined(start) || joined(end))));
        found.sort_unstable();
        found
    }

    fn agree(patterns: &[(String, bool)], text: &str) -> Vec<Found> {
        let patterns: Vec<Pattern<'_>> =
            patterns.iter().map(|(text, bounded)| Pattern { text, bounded: *bounded }).collect();
        let got = found::<AnchoredEngine>(&patterns, text);
        assert_eq!(got, found::<AhoCorasickEngine>(&patterns, text), "{patterns:?} in {text:?}");
        got
    }

    #[test]
    fn every_kind_of_anchor_is_found() {
        let patterns: Vec<(String, bool)> = [
            ("zorb", true),
            ("big zorb", true),
            ("the of", true),
            ("zo", false),
            ("甲乙", false),
            ("蝻", false),
            ("加qq", false),
            ("k粉", true),
            ("é", true),
            ("a-b", true),
            ("wordlongerthaneight", true),
            ("甲 乙丙", false),
            ("x😀", false),
        ]
        .map(|(text, bounded)| (text.to_owned(), bounded))
        .to_vec();
        let text = "big zorb, the of zorbs 甲乙蝻加qq号 k粉 é a-b wordlongerthaneight甲 乙丙 x😀 mayzorb zorb_ the  of";
        let mut seen: Vec<u32> = agree(&patterns, text).into_iter().map(|(pattern, ..)| pattern).collect();
        seen.dedup();
        assert_eq!(seen, (0..13).collect::<Vec<u32>>());
        agree(&patterns, "");
        agree(&patterns, "甲");
        agree(&patterns, "the of");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

        #[test]
        fn agrees_with_aho_corasick(
            patterns in prop::collection::btree_map("[ab_1甲乙é -]{1,4}|the|of the|甲乙甲", any::<bool>(), 1..8),
            text in "([ab_1甲乙é -]|the |of |甲乙){0,40}",
        ) {
            let patterns: Vec<(String, bool)> = patterns.into_iter().collect();
            agree(&patterns, &text);
        }
    }
}
