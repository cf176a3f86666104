//! Properties of the normaliser on any text.

use proptest::prelude::*;
use tamis_detect::{Normalized, Normalizer};

fn normalize(text: &str) -> Normalized {
    let mut out = Normalized::default();
    Normalizer::new().normalize(text, &mut out);
    out
}

/// Characters of every kind that the normaliser treats, so that they meet.
fn awkward() -> impl Strategy<Value = String> {
    let some = prop::sample::select(
        "aB zé\u{301}\u{308}\u{344}\u{336}大國薴ﬁ…㎏℃Ａ　\u{a0}\n\r\t\u{200b}\u{fe0f}\u{2028}\u{2029}аоνΝёИ\u{306}ᴛ´İẞςﷺ㈀ｶﾞ①𝐙😀\u{e0041}㑮\0_1="
            .chars()
            .collect::<Vec<char>>(),
    );
    prop::collection::vec(prop_oneof![8 => some, 1 => any::<char>()], 0..40).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn normalising_twice_changes_nothing(text in prop_oneof![awkward(), any::<String>()]) {
        let once = normalize(&text);
        let twice = normalize(once.text());
        prop_assert_eq!(twice.text(), once.text());
    }

    #[test]
    fn ranges_are_in_order_and_on_boundaries(text in prop_oneof![awkward(), any::<String>()]) {
        let normal = normalize(&text);
        let mut before = 0..0;
        for (start, c) in normal.text().char_indices() {
            let end = start + c.len_utf8();
            let range = normal.original_range(start, end);
            prop_assert!(range.start < range.end && range.end <= text.len());
            prop_assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
            // One unit has one range; different units follow each other.
            prop_assert!(range == before || range.start >= before.end, "{range:?} after {before:?}");
            let both = normal.original_range(0, end);
            prop_assert_eq!(both.end, range.end);
            before = range;
        }
        if !normal.text().is_empty() {
            prop_assert_eq!(normal.original_range(0, usize::MAX).end, before.end);
        }
    }

    /// A character's range alone gives that character again. Excepted are lookalikes, whose form depends on the word
    /// around them, and line feeds, one of which alone is a space; characters of a unit (`ﬁ`) give the whole unit.
    #[test]
    fn a_range_gives_its_character_again(text in prop_oneof![awkward(), any::<String>()]) {
        let normal = normalize(&text);
        for (start, c) in normal.text().char_indices().filter(|&(_, c)| c != '\n') {
            let range = normal.original_range(start, start + c.len_utf8());
            let alone = normalize(&text[range.clone()]);
            let beside_latin = normalize(&format!("q{}", &text[range]));
            let again = alone.text().contains(c) || beside_latin.text().contains(c);
            prop_assert!(again, "{c:?} became {:?}", alone.text());
        }
    }

    #[test]
    fn plain_lower_case_text_stays(words in prop::collection::vec("[!-@\\[-~]{1,20}", 0..20)) {
        let text = words.join(" ");
        let normal = normalize(&text);
        prop_assert_eq!(normal.text(), &text);
        prop_assert_eq!(normal.edit_count(), 0);
    }
}

#[test]
fn hostile_runs_take_linear_time() {
    let long = |unit: &str| unit.repeat(200_000);
    let hostile = ["а", "\u{301}", "\u{200b}", " \u{200b}", "аa", "℃а", "a\u{301}", "ﷺ", "а\u{200b}1", " \n"];
    for text in hostile.map(long).into_iter().chain([format!(" {}", long("\u{200b}")), format!("{}q", long("а"))]) {
        let normal = normalize(&text);
        assert!(normal.original_range(0, normal.text().len()).end <= text.len());
    }
}
