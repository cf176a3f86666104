//! Regular expressions over bytes, and the words near a candidate as such.

use std::ops::Range;

use regex_automata::meta::{BuildError, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use crate::pii::context::Context;

/// A place in a text.
pub(super) type Place = Range<usize>;
/// The groups of a match, the whole match first.
pub(super) type Groups = Vec<Option<Place>>;

/// What stands for each character of a number's placeholder.
pub(super) const NUMBER: &str = "\x01";
/// What stands for each character of another placeholder.
pub(super) const NAME: &str = "\x02";

/// No word, decimal, amount or further part before a number.
pub(super) const OPENS: &str = r"(?:\A|[^0-9A-Za-z_$#%.\-\x01\x02]|(?:\A|[^0-9A-Za-z\x01\x02])[.\-])";
/// No word, decimal or further part behind a number.
pub(super) const CLOSES: &str = r"(?:\z|[^0-9A-Za-z_%.\-\x01\x02]|[.\-](?:\z|[^0-9A-Za-z\x01\x02]))";
/// No word before.
pub(super) const NO_WORD_BEFORE: &str = r"(?:\A|[^0-9A-Za-z_\x01\x02])";
/// No word behind.
pub(super) const NO_WORD_BEHIND: &str = r"(?:\z|[^0-9A-Za-z_\x01\x02])";

/// A space between groups of digits: ASCII, unbroken or thin.
pub(super) const SPACE: &str = "(?: |\u{a0}|\\xE2\\x80[\\x80-\\x8A\\xAF])";
/// A hyphen or dash between groups of digits.
pub(super) const HYPHEN: &str = r"(?:-|\xE2\x80[\x90-\x95])";
/// A closing bracket between groups of digits.
pub(super) const CLOSE: &str = r"(?:\)[ \-]?)";
/// An opening bracket between groups of digits.
pub(super) const OPEN: &str = r"(?:[ \-]?\()";

/// Whatever may stand between two groups of digits, slashes aside.
pub(super) fn gap() -> String {
    format!(r"(?:{SPACE}|{HYPHEN}|\.|{OPEN}|{CLOSE})")
}

/// A regular expression over bytes. What is to be captured is its first group.
#[derive(Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern, in which characters that are not ASCII stand for their bytes.
    ///
    /// # Panics
    /// Where the pattern is none: every pattern is one of ours, and compiled by every test.
    pub fn new(pattern: &str) -> Self {
        match compile(pattern) {
            Ok(regex) => Self(regex),
            Err(error) => panic!("{pattern}: {error}"),
        }
    }

    /// Whether the text goes on like this at the position.
    pub fn is_at(&self, text: &[u8], position: usize) -> bool {
        self.0.is_match(anchored(text, position))
    }

    /// The first group of a match that begins at the position.
    pub fn at(&self, text: &[u8], position: usize) -> Option<Place> {
        self.groups(anchored(text, position))?.into_iter().nth(1).flatten()
    }

    /// The groups of a match that begins at the position, the whole match first.
    pub fn groups_at(&self, text: &[u8], position: usize) -> Option<Groups> {
        self.groups(anchored(text, position))
    }

    /// The first group of a match that ends at the position and begins at most `window` bytes before it. The pattern says
    /// itself that the text ends there.
    pub fn ending_at(&self, text: &[u8], position: usize, window: usize) -> Option<Place> {
        let from = position.saturating_sub(window);
        self.groups(Input::new(&text[..position]).range(from..))?.into_iter().nth(1).flatten()
    }

    /// The first group of every match, at every start.
    pub fn every(&self, text: &[u8]) -> Vec<Place> {
        self.every_group(text).into_iter().filter_map(|groups: Groups| groups.into_iter().nth(1).flatten()).collect()
    }

    /// The groups of every match, at every start: there is no looking around, so what stands before a candidate is
    /// matched with it, and the search goes on one byte behind the start of the last match.
    pub fn every_group(&self, text: &[u8]) -> Vec<Groups> {
        let mut every = Vec::new();
        let mut from = 0;
        while from <= text.len()
            && let Some(groups) = self.groups(Input::new(text).range(from..))
        {
            from = groups[0].as_ref().map_or(text.len(), |whole| whole.start) + 1;
            every.push(groups);
        }
        every
    }

    /// The groups of every match, no two matches overlapping.
    pub fn each(&self, text: &[u8]) -> Vec<Groups> {
        self.0.captures_iter(text).map(|captures| groups_of(&captures)).collect()
    }

    fn groups(&self, input: Input<'_>) -> Option<Groups> {
        let mut captures = self.0.create_captures();
        self.0.search_captures(&input, &mut captures);
        captures.is_match().then(|| groups_of(&captures))
    }
}

fn groups_of(captures: &Captures) -> Groups {
    (0..captures.group_len()).map(|group| captures.get_group(group).map(Place::from)).collect()
}

fn anchored(text: &[u8], position: usize) -> Input<'_> {
    Input::new(text).range(position..).anchored(Anchored::Yes)
}

fn compile(pattern: &str) -> Result<Regex, Box<BuildError>> {
    let bytes: String = pattern.chars().map(escaped).collect();
    Regex::builder()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .configure(Regex::config().utf8_empty(false).nfa_size_limit(None))
        .build(&bytes)
        .map_err(Box::new)
}

/// A character of a pattern; its bytes where it is not ASCII.
fn escaped(c: char) -> String {
    if c.is_ascii() {
        return c.to_string();
    }
    let bytes: String = c.to_string().bytes().map(|byte| format!(r"\x{byte:02X}")).collect();
    format!("(?:{bytes})")
}

/// A word as a pattern, in its own case.
pub(super) fn literal(word: &str) -> String {
    word.bytes().map(|byte| format!(r"\x{byte:02X}")).collect()
}

/// One of several words as a pattern, in their own case.
pub(super) fn one_of(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| literal(word)).collect();
    format!("(?:{})", words.join("|"))
}

/// What no context reaches across is not in it.
const GAP: &str = r"[^0-9\n{}\x01\x02]";

/// Words of a [`Context`] before or behind a candidate.
///
/// The patterns hold one byte of the candidate itself, on which it depends whether a letter ends a word there.
#[derive(Debug)]
pub(super) struct Words {
    before: Pattern,
    behind: Pattern,
    right_before: Pattern,
    reach: usize,
    /// Most bytes of the text before a candidate that matter.
    window: usize,
}

impl Words {
    /// The words of a context, as far from a candidate as it says.
    pub fn new(context: &Context) -> Self {
        Self::across(context, GAP)
    }

    /// The same, where what stands between the word and the candidate is of a class.
    pub fn across(context: &Context, gap: &str) -> Self {
        let longest = context.words().iter().map(|word| word.len()).max().unwrap_or(0);
        Self {
            before: Pattern::new(&before(context, gap, context.reach())),
            behind: Pattern::new(&behind(context, gap, context.reach())),
            right_before: Pattern::new(&before(context, gap, 0)),
            reach: context.reach(),
            window: context.reach() + longest + 1,
        }
    }

    /// Whether a word stands before the candidate that begins at the position.
    pub fn before(&self, text: &[u8], position: usize) -> bool {
        self.is_before(&self.before, text, position)
    }

    /// Whether a word ends at the position.
    pub fn right_before(&self, text: &[u8], position: usize) -> bool {
        self.is_before(&self.right_before, text, position)
    }

    /// Where the nearest word before the candidate ends.
    pub fn nearest_before(&self, text: &[u8], position: usize) -> Option<usize> {
        let nearest = (0..=self.reach.min(position)).map(|back| position - back);
        self.before(text, position).then(|| nearest.into_iter().find(|end| self.right_before(text, *end))).flatten()
    }

    /// Whether a word stands behind the candidate that ends at the position.
    pub fn behind(&self, text: &[u8], position: usize) -> bool {
        self.behind.is_at(text, position - 1)
    }

    fn is_before(&self, pattern: &Pattern, text: &[u8], position: usize) -> bool {
        let from = position.saturating_sub(self.window);
        pattern.0.is_match(Input::new(&text[..=position]).range(from..))
    }
}

/// How a word may begin, or end.
#[derive(Clone, Copy, PartialEq)]
enum Edge {
    /// With a letter in any case, and no letter beside it.
    Apart,
    /// With a letter at a border of a name like `mobilePhone`.
    Camel,
    /// With no letter, so that anything may stand beside it.
    Open,
}

const EDGES: [Edge; 3] = [Edge::Apart, Edge::Camel, Edge::Open];

/// The words of a context, by how they begin and end, each as alternatives.
fn spelled(context: &Context) -> Vec<(Edge, String, Edge)> {
    let pairs = EDGES.iter().flat_map(|head| EDGES.iter().map(move |tail| (*head, *tail)));
    pairs
        .filter_map(|(head, tail)| {
            let words: Vec<_> = context.words().iter().filter_map(|word| cased(word, head, tail)).collect();
            (!words.is_empty()).then(|| (head, format!("(?:{})", words.join("|")), tail))
        })
        .collect()
}

/// The word in the cases in which it may begin and end so.
fn cased(word: &str, head: Edge, tail: Edge) -> Option<String> {
    let (first, last) = (word.as_bytes()[0], word.as_bytes()[word.len() - 1]);
    let fits = |edge: Edge, byte: u8| (edge == Edge::Open) != byte.is_ascii_alphabetic();
    // A single letter is not both a capital and a small one.
    let both = word.len() == 1 && head == Edge::Camel && tail == Edge::Camel;
    let letter = |(place, byte): (usize, u8)| {
        let (lower, upper) = (byte.to_ascii_lowercase(), byte.to_ascii_uppercase());
        match byte.is_ascii_alphabetic() {
            true if place == 0 && head == Edge::Camel => format!(r"\x{upper:02X}"),
            true if place + 1 == word.len() && tail == Edge::Camel => format!(r"\x{lower:02X}"),
            true => format!(r"[\x{lower:02X}\x{upper:02X}]"),
            false => format!(r"\x{byte:02X}"),
        }
    };
    (fits(head, first) && fits(tail, last) && !both).then(|| word.bytes().enumerate().map(letter).collect())
}

/// A word, at most so many bytes of a class, and the candidate's first byte.
fn before(context: &Context, gap: &str, reach: usize) -> String {
    let head = |head| match head {
        Edge::Apart => r"(?:\A|[^A-Za-z])",
        Edge::Camel => "[a-z]",
        Edge::Open => "",
    };
    let beside = |beside: &str| match reach.checked_sub(1) {
        None => beside.to_owned(),
        Some(further) => format!(r"(?:{beside}|[{gap}&&{beside}]{gap}{{0,{further}}}[\x00-\xFF])"),
    };
    let tail = |tail| match tail {
        Edge::Apart => beside("[^A-Za-z]"),
        Edge::Camel => beside("[A-Z]"),
        Edge::Open => format!(r"{gap}{{0,{reach}}}[\x00-\xFF]"),
    };
    let ways = spelled(context).into_iter().map(|(first, words, last)| format!("{}{words}{}", head(first), tail(last)));
    format!(r"(?:{})\z", ways.collect::<Vec<_>>().join("|"))
}

/// The candidate's last byte, at most so many bytes of a class, and a word.
fn behind(context: &Context, gap: &str, reach: usize) -> String {
    let further = reach - 1;
    let beside = |beside: &str| format!(r"(?:{beside}|[\x00-\xFF]{gap}{{0,{further}}}[{gap}&&{beside}])");
    let head = |head| match head {
        Edge::Apart => beside("[^A-Za-z]"),
        Edge::Camel => beside("[a-z]"),
        Edge::Open => format!(r"[\x00-\xFF]{gap}{{0,{reach}}}"),
    };
    let tail = |tail| match tail {
        Edge::Apart => r"(?:\z|[^A-Za-z])",
        Edge::Camel => "[A-Z]",
        Edge::Open => "",
    };
    let ways = spelled(context).into_iter().map(|(first, words, last)| format!("{}{words}{}", head(first), tail(last)));
    format!(r"(?:{})", ways.collect::<Vec<_>>().join("|"))
}
