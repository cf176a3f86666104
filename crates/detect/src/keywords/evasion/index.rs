//! Terms and conditions in the view.

use std::collections::HashMap;

use super::gap::Gap;
use super::sound::SoundIndex;
use super::view::{Made, Unit, View, fold};
use super::vocabulary::Vocabulary;
use super::{MAX_CHARS, MIN_EVEN_HAN, MIN_GAPPED, MIN_SPACED_HAN, candidates, is_han, is_solid, leet};
use crate::keywords::{Disguise, Evasion, LiteralEngine, Pattern};
use crate::{KeywordError, is_word_char};

/// A pattern that stands in the text in disguise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disguised {
    /// The pattern.
    pub(crate) pattern: u32,
    /// First byte in the normalised text.
    pub(crate) start: usize,
    /// Byte behind the last.
    pub(crate) end: usize,
    /// Whether a boundary is missing at either end.
    pub(crate) inside_word: bool,
    /// What had to be undone.
    pub(crate) used: Evasion,
}

/// Finds patterns in disguise.
#[derive(Clone, Debug)]
pub(crate) struct DisguiseIndex<E> {
    engine: Option<E>,
    /// What each pattern of the engine stands for.
    targets: Vec<Vec<Target>>,
    vocabulary: Vocabulary,
    sound: SoundIndex,
}

/// A pattern as the view shows it.
#[derive(Clone, Debug)]
struct Target {
    pattern: u32,
    /// The pattern's characters without spaces, which the view may have folded.
    chars: Box<[char]>,
    han: usize,
    letters: usize,
}

/// Memory that a search uses again from text to text.
#[derive(Debug, Default)]
pub(crate) struct DisguiseScratch {
    view: View,
    sound: super::sound::SoundScratch,
}

impl<E: LiteralEngine> DisguiseIndex<E> {
    /// An index of these patterns in normal form, with the disguises in which each is looked for. A pattern for which
    /// a disguise does not suit is left out there: so are conditions that are too short.
    ///
    /// # Errors
    /// [`KeywordError::Automaton`] where the engine refuses the patterns.
    pub(crate) fn build<'p>(patterns: impl Iterator<Item = (u32, &'p str, Evasion)>) -> Result<Self, KeywordError> {
        let mut shown: HashMap<String, Vec<Target>> = HashMap::new();
        let (mut vocabulary, mut sound) = (Vocabulary::default(), SoundIndex::default());
        for (pattern, text, evasion) in patterns {
            if evasion.has(Disguise::Sound) {
                sound.add(pattern, text);
            }
            if evasion.has(Disguise::Gaps) || evasion.has(Disguise::Leet) {
                let Some(target) = Target::new(pattern, text) else { continue };
                vocabulary.add(text);
                let spaced: String = text.chars().map(fold).collect();
                let joined: String = target.chars.iter().copied().map(fold).collect();
                if is_latin(text) && joined != spaced {
                    shown.entry(spaced).or_default().push(target.clone());
                }
                shown.entry(joined).or_default().push(target);
            }
        }
        let mut shown: Vec<(String, Vec<Target>)> = shown.into_iter().collect();
        shown.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let texts: Vec<Pattern<'_>> = shown.iter().map(|(text, _)| Pattern { text, bounded: true }).collect();
        let engine = if texts.is_empty() { None } else { Some(E::build(&texts)?) };
        sound.finish();
        Ok(Self { engine, targets: shown.into_iter().map(|(_, targets)| targets).collect(), vocabulary, sound })
    }

    /// Tells `sink` every pattern that stands in `text`, which is normalised, in disguise, in no order.
    pub(crate) fn find(&self, text: &str, scratch: &mut DisguiseScratch, sink: &mut dyn FnMut(Disguised)) {
        if self.engine.is_some() {
            candidates::windows(text, &self.vocabulary, |start, end| {
                self.find_in(text, (start, end), &mut scratch.view, sink)
            });
        }
        self.sound.find(text, &mut scratch.sound, sink);
    }

    /// As [`Self::find`], with all of the text shown at once: what the windows are tested against.
    #[cfg(test)]
    pub(crate) fn find_slowly(&self, text: &str, scratch: &mut DisguiseScratch, sink: &mut dyn FnMut(Disguised)) {
        self.find_in(text, (0, text.len()), &mut scratch.view, sink);
        self.sound.find(text, &mut scratch.sound, sink);
    }

    fn find_in(&self, text: &str, (start, end): (usize, usize), view: &mut View, sink: &mut dyn FnMut(Disguised)) {
        let Some(engine) = &self.engine else { return };
        view.show(text, (start, end), &self.vocabulary);
        engine.find_all(view.text.as_bytes(), &mut |shown, from, to| {
            let range = view.range(from, to);
            for target in &self.targets[shown.0 as usize] {
                if let Some(found) = target.check(text, view, range.clone()) {
                    sink(found);
                }
            }
        });
    }
}

fn is_latin(text: &str) -> bool {
    text.contains(' ') && !text.chars().any(is_han)
}

impl Target {
    fn new(pattern: u32, text: &str) -> Option<Self> {
        let chars: Box<[char]> = text.chars().filter(|&c| c != ' ').collect();
        let han = chars.iter().filter(|&&c| is_han(c)).count();
        let letters = chars.iter().filter(|c| c.is_ascii_lowercase()).count();
        let long = letters >= MIN_GAPPED.0 || han >= MIN_GAPPED.1;
        let fits = long && chars.len() <= MAX_CHARS && chars.iter().all(|&c| c == '\'' || is_solid(c));
        fits.then_some(Self { pattern, chars, han, letters })
    }

    /// The find, where what the view shows at `range` is the pattern in disguise.
    fn check(&self, text: &str, view: &View, range: std::ops::Range<usize>) -> Option<Disguised> {
        let units = &view.units[range.clone()];
        let mut used = Evasion::NONE;
        let (mut signs, mut solids) = (0, self.chars.iter());
        for (at, unit) in units.iter().enumerate() {
            if at > 0 && unit.gap != Gap::None {
                used = used.with(Disguise::Gaps);
                let least = match unit.gap {
                    Gap::Space => MIN_SPACED_HAN,
                    Gap::Even if self.letters == 0 => MIN_EVEN_HAN,
                    _ => 0,
                };
                if self.han < least {
                    return None;
                }
            }
            let written = text[unit.start..unit.end].chars().next()?;
            match unit.made {
                Made::Space => used = used.with(Disguise::Gaps),
                Made::Kept if written == ' ' => {}
                Made::Kept => (*solids.next()? == written).then_some(())?,
                Made::Letter => {
                    let meant = *solids.next()?;
                    signs += 1;
                    leet::letters(written).iter().any(|&letter| char::from(letter) == meant).then_some(())?;
                    used = used.with(Disguise::Leet);
                }
            }
        }
        let legible = signs * 2 <= self.letters;
        (!used.is_empty() && legible && solids.next().is_none()).then_some(())?;
        let inside_word = joins(view, range.start) || joins(view, range.end);
        let (first, last) = (units.first()?, units.last()?);
        Some(Disguised { pattern: self.pattern, start: first.start, end: last.end, inside_word, used })
    }
}

/// Whether the units before and at `at` belong to one word.
fn joins(view: &View, at: usize) -> bool {
    let shown = |unit: &Unit| view.text[unit.at..].chars().next().is_some_and(is_word_char);
    let units = at.checked_sub(1).and_then(|before| Some((view.units.get(before)?, view.units.get(at)?)));
    units.is_some_and(|(before, unit)| shown(before) && shown(unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Normalizer;
    use crate::keywords::{AhoCorasickEngine, AnchoredEngine};

    /// A way to search.
    type Find<'a> = dyn Fn(&mut DisguiseScratch, &mut dyn FnMut(Disguised)) + 'a;

    fn every() -> Evasion {
        Disguise::ALL.into_iter().fold(Evasion::NONE, Evasion::with)
    }

    fn index<E: LiteralEngine>(terms: &[&str]) -> DisguiseIndex<E> {
        DisguiseIndex::build((0..).zip(terms).map(|(id, &term)| (id, term, every()))).expect("few terms")
    }

    /// What is found, as (term, what stands there, what was undone).
    fn found(terms: &[&str], text: &str) -> Vec<(String, String, String)> {
        let mut normal = crate::Normalized::default();
        Normalizer::new().normalize(text, &mut normal);
        let mut out = Vec::new();
        let mut sink = |found: Disguised| {
            if !found.inside_word {
                let stands = normal.text()[found.start..found.end].to_owned();
                out.push((terms[found.pattern as usize].to_owned(), stands, found.used.to_string()));
            }
        };
        index::<AnchoredEngine>(terms).find(normal.text(), &mut DisguiseScratch::default(), &mut sink);
        out.sort();
        out
    }

    #[test]
    fn disguises_are_undone() {
        for (term, text, used) in [
            ("代开发票", "长期代*开*发*票，", "gaps"),
            ("代开发票", "代 开 发 票", "gaps"),
            ("代开发票", "代开 发票", "gaps"),
            ("代开发票", "代。开。发。票", "gaps"),
            ("代开发票", "代😀开💰发票", "gaps"),
            ("代开发票", "代-开 * 发/票", "gaps"),
            ("代开发票", "代kai发票", "sound"),
            ("代开发票", "dai kai fa票", "sound"),
            ("代开发票", "找我daikaifapiao吧", "sound"),
            ("代开发票", "代开发漂", "sound"),
            ("代开发票", "待开发漂", "sound"),
            ("加qq群", "加 QQ 群", "gaps"),
            ("zorbing", "z.o.r.b.i.n.g", "gaps"),
            ("zorbing", "so z o r b i n g.", "gaps"),
            ("zorbing", "z*o*r*b*i*n*g", "gaps"),
            ("zorbing", "zor*bing", "gaps"),
            ("zorbing", "zor😀bing", "gaps"),
            ("枪支弹", "枪,支,弹", "gaps"),
            ("zorbing", "z0rb1ng", "leet"),
            ("zorbing", "Z0RB!NG", "leet"),
            ("zorbing", "z-0-r-b-i-n-g", "gaps | leet"),
            ("sell zorbs", "sell_zorbs", "gaps"),
            ("sell zorbs", "$e11 zorbs", "leet"),
            ("sell zorbs", "s e l l z o r b s", "gaps"),
            ("sell zorbs", "s.e.l.l zorbs", "gaps"),
            ("don't zorb", "don't z0rb", "leet"),
        ] {
            let got = found(&[term], text);
            let seen: Vec<_> = got.iter().map(|(term, _, used)| (term.as_str(), used.as_str())).collect();
            assert_eq!(seen, [(term, used)], "{text:?}");
        }
    }

    #[test]
    fn ordinary_writing_is_no_disguise() {
        for (terms, text) in [
            (["zorb", "枪支"], "the zo-rb, 买了枪,支持。枪 支持 z.orb zo.rb"),
            (["zorb", "枪支"], "20rb z0rbs xz0rb 2021 z-o-r-b-s 强制 qiang制"),
            (["ass hole", "自杀身"], "class hole as.shole glass-hole 字沙神 自鲨深"),
            (["zorbing", "办假证"], "z0 r b ing zor-bing 班价征 板甲争"),
            (["1999", "三年"], "1999 一。三。年"),
        ] {
            assert_eq!(found(&terms, text), [], "{text:?}");
        }
    }

    #[test]
    fn a_term_as_it_is_belongs_to_the_first_view() {
        assert_eq!(found(&["zorbing", "代开发票", "sell zorbs"], "zorbing 代开发票 sell zorbs, z0 代*"), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

        /// Rewriting windows finds what rewriting all of the text finds, whatever the engine.
        #[test]
        fn windows_lose_nothing(
            text in "([ailos01!@$*._ -]|甲|乙|丙|,|😀|the |kill |甲乙丙| *|\n\n){0,60}",
        ) {
            let terms = ["kill all", "soil", "ails", "甲乙", "甲乙丙丁", "乙a", "sail", "isolla", "丙甲乙丙"];
            let mut normal = crate::Normalized::default();
            Normalizer::new().normalize(&text, &mut normal);
            let text = normal.text();
            let run = |find: &Find<'_>| {
                let mut out = Vec::new();
                find(&mut DisguiseScratch::default(), &mut |found| {
                    if !found.inside_word {
                        out.push((found.start, found.end, found.pattern, found.used));
                    }
                });
                out.sort_unstable();
                out
            };
            let (anchored, plain) = (index::<AnchoredEngine>(&terms), index::<AhoCorasickEngine>(&terms));
            let expected = run(&|scratch, sink| plain.find_slowly(text, scratch, sink));
            prop_assert_eq!(&run(&|scratch, sink| plain.find(text, scratch, sink)), &expected);
            prop_assert_eq!(&run(&|scratch, sink| anchored.find(text, scratch, sink)), &expected);
        }
    }
}
