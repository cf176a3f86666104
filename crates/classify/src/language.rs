//! In which language a text is written, as far as thresholds and windows go.

use tamis_detect::is_word_char;

/// Languages that models have thresholds of their own for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
    /// Any other.
    Other,
}

/// Bytes of a text that are looked at where its language is not known.
const LOOKED_AT: usize = 2048;
/// Text with at least this share of Han characters among its letters, in percent, is Chinese or Japanese.
const HAN_PERCENT: usize = 20;
/// Letters that identification needs; shorter texts in Latin letters count as English.
const SHORT: usize = 24;

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Zh, Self::En, Self::Other];

    /// Name in `model.toml`: `zh`, `en` or `other`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
            Self::Other => "other",
        }
    }

    /// Place in [`ALL`](Self::ALL).
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The language that a record says it has: an ISO 639 code, perhaps with script and region (`zh-Hans`, `en_GB`,
    /// `cmn`, `eng`). None where it says nothing, or that it does not know (`und`, `mul`).
    #[must_use]
    pub fn declared(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().trim();
        let is = |names: &[&str]| names.iter().any(|name| primary.eq_ignore_ascii_case(name));
        if is(&["zh", "zho", "chi", "cmn", "yue", "wuu", "chinese"]) {
            Some(Self::Zh)
        } else if is(&["en", "eng", "english"]) {
            Some(Self::En)
        } else if primary.is_empty() || is(&["und", "mul", "unknown", "null", "none"]) {
            None
        } else {
            Some(Self::Other)
        }
    }

    /// The language of a text, from its first 2 KiB: by the share of Han characters, and between languages in other
    /// scripts by trigrams (`whatlang`). Text too short to tell counts as English where it is in Latin letters.
    #[must_use]
    pub fn identify(text: &str) -> Self {
        let head = &text[..text.floor_char_boundary(LOOKED_AT.min(text.len()))];
        let (mut letters, mut han, mut kana, mut latin) = (0usize, 0usize, 0usize, 0usize);
        for c in head.chars().filter(|&c| is_word_char(c) || !c.is_ascii()) {
            match c {
                '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => han += 1,
                '\u{3040}'..='\u{30ff}' => kana += 1,
                'a'..='z' | 'A'..='Z' => latin += 1,
                _ if !c.is_alphabetic() => continue,
                _ => {}
            }
            letters += 1;
        }
        // Two Han characters say as much as a Latin word.
        if 4 * kana > han && kana > 0 {
            Self::Other
        } else if 100 * han >= HAN_PERCENT * letters && han > 0 {
            Self::Zh
        } else if letters == 0 || (letters < SHORT && latin == letters) {
            Self::En
        } else {
            match whatlang::detect(head) {
                Some(info) if info.lang() == whatlang::Lang::Eng => Self::En,
                // Code and lists of names: nothing is sure, and English is the likeliest in Latin letters.
                Some(info) if !info.is_reliable() && latin == letters => Self::En,
                None if latin == letters => Self::En,
                _ => Self::Other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_every_spelling_are_read() {
        for (tag, expected) in [
            ("zh", Some(Language::Zh)),
            ("zh-Hant-TW", Some(Language::Zh)),
            ("cmn_Hani", Some(Language::Zh)),
            ("EN", Some(Language::En)),
            ("en_GB", Some(Language::En)),
            ("eng", Some(Language::En)),
            ("de", Some(Language::Other)),
            ("", None),
            ("und", None),
        ] {
            assert_eq!(Language::declared(tag), expected, "{tag}");
        }
    }

    #[test]
    fn texts_are_told_apart() {
        for (text, expected) in [
            ("", Language::En),
            ("12:30, 5 %", Language::En),
            ("ok", Language::En),
            ("图书馆周六下午开放到五点", Language::Zh),
            ("用 Rust 写一个 HTTP server 很简单", Language::Zh),
            ("The committee met on Thursday and decided to publish its minutes.", Language::En),
            ("Der Ausschuss tagte am Donnerstag und beschloss, sein Protokoll zu veröffentlichen.", Language::Other),
            ("Комитет собрался в четверг и решил опубликовать протокол.", Language::Other),
            ("図書館は土曜日の午後五時まで開いています", Language::Other),
        ] {
            assert_eq!(Language::identify(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_cut_inside_a_character_is_read() {
        assert_eq!(Language::identify(&format!("a{}", "字".repeat(2000))), Language::Zh);
    }
}
