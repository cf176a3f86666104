//! The grammar that documents are expanded from: parsing and drawing.
//!
//! A grammar is a text of symbols. `[name]` on a line of its own opens a symbol, each following line is one
//! alternative of it, `#` and blank lines are comments. Inside an alternative:
//!
//! | written | means |
//! |---|---|
//! | `{name}` | one alternative of `name` |
//! | `{name@tag}` | the same alternative wherever this document says `@tag` again |
//! | `{^name}` | with its first letter in upper case |
//! | `{name*2-5}` | two to five of them as sentences |
//! | `{name/2-5}`, `{name//2-5}` | as lines, as paragraphs |
//! | `{#10-99}` | a whole number of that range, both ends included |
//! | `\n` | a line break |
//!
//! Within one document a symbol does not repeat an alternative before it has used all of them.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};

use crate::CorpusError;

/// A parsed grammar of one language.
#[derive(Debug)]
pub(crate) struct Grammar {
    symbols: Vec<Vec<Alternative>>,
    names: BTreeMap<String, usize>,
    tags: usize,
    sentence_gap: &'static str,
}

type Alternative = Vec<Part>;

#[derive(Debug)]
enum Part {
    Text(String),
    Number { low: u32, high: u32 },
    Symbol(Reference),
}

#[derive(Debug)]
struct Reference {
    symbol: usize,
    tag: Option<usize>,
    capital: bool,
    repeat: Option<Repeat>,
}

#[derive(Clone, Copy, Debug)]
struct Repeat {
    low: u32,
    high: u32,
    gap: Gap,
}

#[derive(Clone, Copy, Debug)]
enum Gap {
    Sentence,
    Line,
    Paragraph,
}

impl Grammar {
    /// Parses `text`. `sentence_gap` stands between the sentences of a `*` repetition.
    pub(crate) fn parse(name: &str, text: &str, sentence_gap: &'static str) -> Result<Grammar, CorpusError> {
        Parser { grammar: name, names: headings(name, text)?, tags: Vec::new() }.parse(text, sentence_gap)
    }

    /// The symbol's number, if the grammar has it.
    pub(crate) fn symbol(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// A document's state: what it has used and remembers.
    pub(crate) fn begin(&self) -> Expansion<'_> {
        Expansion { grammar: self, unused: vec![Vec::new(); self.symbols.len()], tagged: vec![None; self.tags] }
    }
}

/// One document under expansion.
pub(crate) struct Expansion<'g> {
    grammar: &'g Grammar,
    unused: Vec<Vec<u32>>,
    tagged: Vec<Option<String>>,
}

impl Expansion<'_> {
    /// Appends one alternative of `symbol` to `out`.
    pub(crate) fn expand(&mut self, symbol: usize, rng: &mut impl Rng, out: &mut String) {
        let alternative = self.draw(symbol, rng);
        let grammar = self.grammar;
        for part in &grammar.symbols[symbol][alternative] {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Number { low, high } => {
                    out.push_str(&rng.random_range(*low..=*high).to_string());
                }
                Part::Symbol(reference) => self.refer(reference, rng, out),
            }
        }
    }

    fn draw(&mut self, symbol: usize, rng: &mut impl Rng) -> usize {
        let unused = &mut self.unused[symbol];
        if unused.is_empty() {
            unused.extend(0..self.grammar.symbols[symbol].len() as u32);
        }
        let at = rng.random_range(0..unused.len() as u32);
        unused.swap_remove(at as usize) as usize
    }

    fn refer(&mut self, reference: &Reference, rng: &mut impl Rng, out: &mut String) {
        let start = out.len();
        match (reference.repeat, reference.tag) {
            (Some(repeat), _) => self.repeat(reference.symbol, repeat, rng, out),
            (None, Some(tag)) => self.remember(reference.symbol, tag, rng, out),
            (None, None) => self.expand(reference.symbol, rng, out),
        }
        if reference.capital {
            capitalise(out, start);
        }
    }

    fn repeat(&mut self, symbol: usize, repeat: Repeat, rng: &mut impl Rng, out: &mut String) {
        for turn in 0..rng.random_range(repeat.low..=repeat.high) {
            if turn > 0 {
                out.push_str(match repeat.gap {
                    Gap::Sentence => self.grammar.sentence_gap,
                    Gap::Line => "\n",
                    Gap::Paragraph => "\n\n",
                });
            }
            self.expand(symbol, rng, out);
        }
    }

    fn remember(&mut self, symbol: usize, tag: usize, rng: &mut impl Rng, out: &mut String) {
        if self.tagged[tag].is_none() {
            let mut text = String::new();
            self.expand(symbol, rng, &mut text);
            self.tagged[tag] = Some(text);
        }
        out.push_str(self.tagged[tag].as_deref().unwrap_or_default());
    }
}

fn capitalise(out: &mut String, start: usize) {
    if let Some(first) = out[start..].chars().next() {
        let upper: String = first.to_uppercase().collect();
        out.replace_range(start..start + first.len_utf8(), &upper);
    }
}

fn heading(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

fn headings(grammar: &str, text: &str) -> Result<BTreeMap<String, usize>, CorpusError> {
    let mut names = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let Some(name) = heading(line) else { continue };
        let next = names.len();
        if names.insert(name.to_owned(), next).is_some() {
            return Err(CorpusError::Grammar {
                grammar: grammar.to_owned(),
                line: index + 1,
                problem: format!("symbol \"{name}\" stands here a second time; merge the two"),
            });
        }
    }
    Ok(names)
}

struct Parser<'a> {
    grammar: &'a str,
    names: BTreeMap<String, usize>,
    tags: Vec<String>,
}

impl Parser<'_> {
    fn parse(mut self, text: &str, sentence_gap: &'static str) -> Result<Grammar, CorpusError> {
        let mut symbols: Vec<Vec<Alternative>> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if heading(line).is_some() {
                symbols.push(Vec::new());
                continue;
            }
            let alternative = self.alternative(line).map_err(|problem| self.error(index + 1, problem))?;
            match symbols.last_mut() {
                Some(symbol) => symbol.push(alternative),
                None => return Err(self.error(index + 1, "text before the first [symbol]".into())),
            }
        }
        if let Some((name, _)) = self.names.iter().find(|(_, at)| symbols[**at].is_empty()) {
            return Err(self.error(0, format!("symbol \"{name}\" has no alternative")));
        }
        Ok(Grammar { symbols, names: self.names, tags: self.tags.len(), sentence_gap })
    }

    fn error(&self, line: usize, problem: String) -> CorpusError {
        CorpusError::Grammar { grammar: self.grammar.to_owned(), line, problem }
    }

    fn alternative(&mut self, line: &str) -> Result<Alternative, String> {
        let mut parts = Vec::new();
        let mut rest = line;
        while let Some(open) = rest.find('{') {
            push_text(&mut parts, &rest[..open]);
            let close = rest[open..].find('}').ok_or_else(|| "\"{\" without \"}\"".to_owned())?;
            parts.push(self.part(&rest[open + 1..open + close])?);
            rest = &rest[open + close + 1..];
        }
        push_text(&mut parts, rest);
        Ok(parts)
    }

    fn part(&mut self, inside: &str) -> Result<Part, String> {
        if let Some(numbers) = inside.strip_prefix('#') {
            let (low, high) = range(numbers)?;
            return Ok(Part::Number { low, high });
        }
        let (capital, inside) = match inside.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, inside),
        };
        let (inside, repeat) = repetition(inside)?;
        let (name, tag) = match inside.split_once('@') {
            Some((name, tag)) => (name, Some(self.tag(tag))),
            None => (inside, None),
        };
        let symbol = self.names.get(name).copied();
        Ok(Part::Symbol(Reference {
            symbol: symbol.ok_or_else(|| format!("no symbol \"{name}\" in this grammar"))?,
            tag,
            capital,
            repeat,
        }))
    }

    fn tag(&mut self, name: &str) -> usize {
        match self.tags.iter().position(|known| known == name) {
            Some(at) => at,
            None => {
                self.tags.push(name.to_owned());
                self.tags.len() - 1
            }
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.replace("\\n", "\n")));
    }
}

fn repetition(inside: &str) -> Result<(&str, Option<Repeat>), String> {
    for (mark, gap) in [("//", Gap::Paragraph), ("/", Gap::Line), ("*", Gap::Sentence)] {
        if let Some((name, times)) = inside.split_once(mark) {
            let (low, high) = range(times)?;
            return Ok((name, Some(Repeat { low, high, gap })));
        }
    }
    Ok((inside, None))
}

fn range(text: &str) -> Result<(u32, u32), String> {
    let wrong = || format!("range \"{text}\"; expected two whole numbers as in 2-5");
    let (low, high) = text.split_once('-').ok_or_else(wrong)?;
    let low: u32 = low.parse().map_err(|_| wrong())?;
    let high: u32 = high.parse().map_err(|_| wrong())?;
    if low > high {
        return Err(wrong());
    }
    Ok((low, high))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn expand(text: &str, seed: u64) -> String {
        let grammar = Grammar::parse("test", text, " ").unwrap();
        let mut out = String::new();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        grammar.begin().expand(grammar.symbol("top").unwrap(), &mut rng, &mut out);
        out
    }

    #[test]
    fn a_tag_is_remembered() {
        let text = "[top]\n{w@x} {w@x} {^w@x}\n[w]\na\nb\nc\n";
        for seed in 0..20 {
            let out = expand(text, seed);
            let words: Vec<&str> = out.split(' ').collect();
            assert_eq!(words[0], words[1]);
            assert_eq!(words[0].to_uppercase(), words[2]);
        }
    }

    #[test]
    fn all_alternatives_come_before_one_comes_again() {
        let out = expand("[top]\n{w/4-4}\n[w]\na\nb\nc\nd\n", 1);
        let mut lines: Vec<&str> = out.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["a", "b", "c", "d"]);
    }

    #[test]
    fn numbers_stay_in_their_range() {
        for seed in 0..50 {
            let number: u32 = expand("[top]\n{#7-9}\n", seed).parse().unwrap();
            assert!((7..=9).contains(&number));
        }
    }

    #[test]
    fn mistakes_name_the_line() {
        for (text, line) in [
            ("[top]\n{gone}\n", 2),
            ("[top]\na\n{top", 3),
            ("[top]\n{#9-7}\n", 2),
            ("a\n", 1),
            ("[top]\na\n[top]\nb\n", 3),
        ] {
            let error = Grammar::parse("test", text, " ").unwrap_err();
            assert!(matches!(error, CorpusError::Grammar { line: at, .. } if at == line), "{text:?}: {error}");
        }
    }
}
