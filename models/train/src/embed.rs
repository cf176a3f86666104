//! Positives inside clean text: in a long document a window seldom holds the bad sentence alone.

use tamis_classify::Language;

use crate::labelled::{Corpus, Labelled, Quality, Split};
use crate::recipe::Windows;
use crate::solver::Random;

/// Adds, for every training positive that is shorter than three quarters of a window, one that clean text of its language
/// fills up, before it and behind it. Only the risks that it carries are known of it.
pub fn add_embedded(corpus: &mut Corpus, windows: &Windows) {
    let mut random = Random(0x656d_6265_6464_6564);
    let clean = |language: Language| -> Vec<usize> {
        let texts = corpus.texts.iter().enumerate();
        let fits = |text: &Labelled| {
            text.language == language
                && text.split == Split::Train
                && text.is_benign(corpus.all)
                && text.quality != Quality::Synthetic
        };
        texts.filter(|(_, text)| fits(text)).map(|(at, _)| at).collect()
    };
    let (zh, en) = (clean(Language::Zh), clean(Language::En));
    let mut added = Vec::new();
    for (at, text) in corpus.texts.iter().enumerate() {
        let contexts = if text.language == Language::Zh { &zh } else { &en };
        let (chars, window) = (text.text.chars().count(), windows.of(text.language));
        if text.positive == 0 || text.split != Split::Train || 4 * chars >= 3 * window || contexts.is_empty() {
            continue;
        }
        let context = contexts[random.below(contexts.len())];
        let room = window - chars;
        let before: String = corpus.texts[context].text.chars().take(random.below(room + 1)).collect();
        let left = room - before.chars().count();
        let behind: String = corpus.texts[context].text.chars().skip(room - left).take(left).collect();
        added.push(Labelled {
            text: format!("{before} {} {behind}", text.text),
            known: text.positive,
            embedded: Some([at, context]),
            ..text.clone()
        });
    }
    corpus.texts.extend(added);
}
