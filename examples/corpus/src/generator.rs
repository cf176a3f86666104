use std::fmt;
use std::sync::LazyLock;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::grammar::Grammar;

/// The language of a document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Chinese, simplified characters.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Both languages.
    pub const ALL: [Lang; 2] = [Lang::Zh, Lang::En];

    /// `zh` or `en`.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What a document is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A local news report.
    News,
    /// A paragraph or two of an encyclopaedia.
    Encyclopaedia,
    /// A recipe with ingredients and steps.
    Recipe,
    /// A product review.
    Review,
    /// A question in a forum and its answers.
    Forum,
    /// A technical how-to with shell, code or configuration.
    HowTo,
    /// A short story.
    Story,
    /// A letter or an e-mail.
    Letter,
    /// Text in the manner of a by-law.
    Regulation,
    /// Prose in classical style in Chinese, a diary in English.
    Prose,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 10] = [
        Kind::News,
        Kind::Encyclopaedia,
        Kind::Recipe,
        Kind::Review,
        Kind::Forum,
        Kind::HowTo,
        Kind::Story,
        Kind::Letter,
        Kind::Regulation,
        Kind::Prose,
    ];

    /// The kind's name, which is also its symbol in the grammars.
    pub fn name(self) -> &'static str {
        match self {
            Kind::News => "news",
            Kind::Encyclopaedia => "encyclopaedia",
            Kind::Recipe => "recipe",
            Kind::Review => "review",
            Kind::Forum => "forum",
            Kind::HowTo => "howto",
            Kind::Story => "story",
            Kind::Letter => "letter",
            Kind::Regulation => "regulation",
            Kind::Prose => "prose",
        }
    }
}

/// A grammar with its entry symbols looked up: per kind the whole document and one more part of it.
struct Entries {
    grammar: Grammar,
    kinds: Vec<(usize, usize)>,
}

impl Entries {
    fn embedded(name: &str, text: &str, sentence_gap: &'static str) -> Entries {
        let grammar = Grammar::parse(name, text, sentence_gap)
            .unwrap_or_else(|error| panic!("the embedded grammar is broken: {error}"));
        let symbol = |name: String| {
            grammar.symbol(&name).unwrap_or_else(|| panic!("the embedded grammar has no symbol \"{name}\""))
        };
        let kinds = Kind::ALL
            .iter()
            .map(|kind| {
                let name = kind.name();
                (symbol(name.to_owned()), symbol(format!("{name}.part")))
            })
            .collect();
        Entries { grammar, kinds }
    }
}

static ZH: LazyLock<Entries> =
    LazyLock::new(|| Entries::embedded("zh.grammar", include_str!("../grammar/zh.grammar"), ""));
static EN: LazyLock<Entries> =
    LazyLock::new(|| Entries::embedded("en.grammar", include_str!("../grammar/en.grammar"), " "));

/// A seeded stream of documents. The same seed and the same calls give the same bytes on every machine.
#[derive(Clone, Debug)]
pub struct Generator {
    rng: ChaCha8Rng,
}

impl Generator {
    /// A generator that starts at `seed`.
    pub fn new(seed: u64) -> Generator {
        Generator::stream(seed, 0)
    }

    /// One of 2^64 independent generators of one seed, so that shards can be made in any order and in parallel.
    pub fn stream(seed: u64, stream: u64) -> Generator {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Generator { rng }
    }

    /// The next document: 30 bytes to about 6 KB, most of them 200 bytes to 2 KB; no line break at the end.
    pub fn document(&mut self, lang: Lang, kind: Kind) -> String {
        self.document_of(lang, kind, 0)
    }

    /// A document with parts added until it holds `minimum_bytes` bytes of UTF-8.
    ///
    /// Linear in the bytes written. Above about 20 KB sentences come again with other words in them.
    pub fn document_of(&mut self, lang: Lang, kind: Kind, minimum_bytes: usize) -> String {
        let entries: &Entries = match lang {
            Lang::Zh => &ZH,
            Lang::En => &EN,
        };
        let (whole, part) = entries.kinds[kind as usize];
        let mut expansion = entries.grammar.begin();
        let mut text = String::new();
        expansion.expand(whole, &mut self.rng, &mut text);
        while text.len() < minimum_bytes {
            text.push_str("\n\n");
            expansion.expand(part, &mut self.rng, &mut text);
        }
        text
    }

    /// The generator's own random numbers, for what a caller draws around the documents.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.rng
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_comes_out_whole_in_both_languages() {
        let mut generator = Generator::new(1);
        for (lang, kind) in Lang::ALL.iter().flat_map(|lang| Kind::ALL.map(|kind| (*lang, kind))) {
            for _ in 0..200 {
                let text = generator.document(lang, kind);
                assert!((30..8_000).contains(&text.len()), "{lang} {kind:?}: {text}");
                assert!(!text.contains(['{', '}', '\\']), "{lang} {kind:?}: {text}");
                assert_eq!(text, text.trim(), "{lang} {kind:?}");
            }
        }
    }

    #[test]
    fn documents_differ() {
        let mut generator = Generator::new(2);
        for kind in Kind::ALL {
            let texts: BTreeSet<String> = (0..200).map(|_| generator.document(Lang::Zh, kind)).collect();
            assert!(texts.len() > 195, "{kind:?}: {} of 200", texts.len());
        }
    }

    #[test]
    fn long_documents_reach_their_length() {
        let text = Generator::new(3).document_of(Lang::Zh, Kind::Story, 20_000);
        assert!((20_000..24_000).contains(&text.len()), "{}", text.len());
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let first = |stream| Generator::stream(4, stream).document(Lang::En, Kind::Letter);
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
