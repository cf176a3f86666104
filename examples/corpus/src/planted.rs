use std::sync::LazyLock;

use crate::{CorpusError, Lang};

/// The risks of which texts are planted: groups A.1 and A.2 of GB/T 45654-2025, which a keyword library must cover (B.1.1).
pub const PLANTED_RISKS: [&str; 17] = [
    "A1a", "A1b", "A1c", "A1d", "A1e", "A1f", "A1g", "A1h", "A2a", "A2b", "A2c", "A2d", "A2e", "A2f", "A2g", "A2h",
    "A2i",
];

/// The hand-written paragraphs that make a clean document a bad one.
///
/// Each carries the act of one risk in mild words, about invented persons and places, and an enforcing entry of the
/// shipped keyword library.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planted {
    text: Vec<PlantedText>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PlantedText {
    risk: String,
    lang: Lang,
    text: String,
}

static EMBEDDED: LazyLock<Planted> = LazyLock::new(|| {
    Planted::parse(include_str!("../planted.toml"))
        .unwrap_or_else(|error| panic!("the embedded list is broken: {error}"))
});

impl Planted {
    /// The list that the crate carries.
    pub fn embedded() -> &'static Planted {
        &EMBEDDED
    }

    /// Parses a list; every one of the 17 risks needs a text in both languages.
    pub fn parse(toml: &str) -> Result<Planted, CorpusError> {
        let planted: Planted = toml::from_str(toml)?;
        for risk in PLANTED_RISKS {
            for lang in Lang::ALL {
                if planted.texts(risk, lang).next().is_none() {
                    return Err(CorpusError::NothingPlanted { risk, lang: lang.code() });
                }
            }
        }
        Ok(planted)
    }

    /// The texts of a risk in a language, in the order of the list.
    pub fn texts<'a>(&'a self, risk: &'a str, lang: Lang) -> impl Iterator<Item = &'a str> {
        self.text.iter().filter(move |text| text.risk == risk && text.lang == lang).map(|text| text.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_risk_has_three_texts_in_each_language() {
        for risk in PLANTED_RISKS {
            for lang in Lang::ALL {
                let count = Planted::embedded().texts(risk, lang).count();
                assert!(count >= 3, "{risk} {lang}: {count}");
            }
        }
        let known = |text: &PlantedText| PLANTED_RISKS.contains(&text.risk.as_str());
        assert!(Planted::embedded().text.iter().all(known));
    }

    #[test]
    fn texts_are_single_paragraphs_and_differ() {
        let mut texts: Vec<&str> = Planted::embedded().text.iter().map(|text| text.text.as_str()).collect();
        assert!(texts.iter().all(|text| !text.contains('\n') && text.len() > 20));
        let count = texts.len();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }

    #[test]
    fn a_list_with_a_gap_is_refused() {
        let one = "[[text]]\nrisk = \"A1a\"\nlang = \"zh\"\ntext = \"x\"\n";
        let error = Planted::parse(one).unwrap_err().to_string();
        assert!(error.contains("no text for risk A1a in en"), "{error}");
    }
}
