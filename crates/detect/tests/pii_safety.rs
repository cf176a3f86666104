//! No text makes the scanners panic, answer with places that are none, or take more than their time.

mod pii_support;

use std::time::{Duration, Instant};

use pii_support::hits;
use proptest::prelude::*;
use tamis_detect::{Also, Batch, Detector, Evidence, PiiDetector, PiiOptions};

fn everything() -> PiiDetector {
    let also = Also { private: true, documentation: true, service: true };
    PiiDetector::new(PiiOptions { also, ..PiiOptions::default() })
}

fn is_safe(text: &str) -> Result<(), TestCaseError> {
    for detector in [PiiDetector::default(), everything()] {
        let mut last = 0;
        for hit in hits(&detector, text) {
            prop_assert!(last <= hit.start && hit.start < hit.end, "{:?} in {:?}", hit, text);
            prop_assert!(text.get(hit.range()).is_some(), "{:?} in {:?}", hit, text);
            last = hit.end;
        }
    }
    Ok(())
}

/// Characters that scanners look at, and those whose bytes are like them.
const CHARACTERS: &str = "0123456789abcdefxXvVwWeiIEGOZ@.:-_+/()[]{} \t\n,%#$~^='\"\\*\u{0}\u{7f}\u{a0}\u{2009}\u{2010}\
    微信加号侮京沪警年月日身份证电话卡护照驾驶車·・：，（）＠．－＋０１９ａＺ＿\u{3000}\u{ff5f}\u{ef00}éßя한ｶ🀄\u{1f9ae}\u{10ffff}";

fn characters() -> impl Strategy<Value = String> {
    let characters: Vec<char> = CHARACTERS.chars().collect();
    prop::collection::vec(prop::sample::select(characters), 0..80).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(8000) })]

    #[test]
    fn any_string_is_safe(text in any::<String>()) {
        is_safe(&text)?;
    }

    #[test]
    fn strings_of_what_scanners_look_at_are_safe(text in characters()) {
        is_safe(&text)?;
    }

    #[test]
    fn pieces_cut_anywhere_are_safe(
        pieces in prop::collection::vec(pii_support::pieces::piece(), 1..6),
        cuts in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let text: Vec<char> = pieces.concat().chars().collect();
        let (one, other) = (cuts.0.index(text.len() + 1), cuts.1.index(text.len() + 1));
        is_safe(&String::from_iter(&text[one.min(other)..one.max(other)]))?;
    }
}

const MEGABYTE: usize = 1 << 20;

fn repeated(part: &str) -> String {
    part.repeat(MEGABYTE / part.len())
}

/// The shortest of three scans.
fn scan_time(text: &str) -> Duration {
    let detector = everything();
    let mut scanner = detector.scanner();
    let mut batch = Batch::new(1);
    batch.push_field("text", vec![Some(text)]);
    let mut evidence = Evidence::default();
    let times = (0..3).map(|_| {
        evidence.clear();
        let start = Instant::now();
        scanner.scan(&batch, &mut evidence);
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

/// A megabyte of anchors costs as much as it has anchors. Were anything about a text of one megabyte quadratic, it
/// would cost far more than this allows.
const MOST_TIMES_PLAIN: u32 = 2000;

#[test]
fn hostile_texts_are_scanned_in_linear_time() {
    let plain =
        scan_time(&repeated("Der Text hat 3 Wörter, 普通的文字 and a few others (see 12) with no more in it. "));
    let domains = format!("a@{} ", "a.".repeat(126));
    let spelled = format!("{}a(at)b.com ", "a(dot)".repeat(60));
    let info = format!("://{}@a", "a:".repeat(127));
    let hostile = [
        "0",
        "1",
        "1 ",
        "12 ",
        "1234 ",
        "12345678 ",
        "1-",
        ".1",
        "1.",
        "1/",
        "(1)",
        "1(",
        "1:",
        "a:",
        "1a:",
        "0a:1-",
        "@",
        "a@",
        "a@a",
        "a.@",
        "é@",
        "@é",
        ".",
        "a.",
        "(",
        "[",
        "[at]",
        "a(at)a",
        "(dot)",
        "a(at)a(dot)a ",
        "微",
        "微信",
        "加微",
        "微信:",
        "wx",
        "vx:",
        "v信",
        "京A",
        "京A1",
        "６２",
        "１ ",
        "＠",
        "：",
        "+1",
        "00",
        "86 ",
        "phone ",
        "QQ",
        "电话1",
        "19",
        "1年",
        "18 July ",
        "E1",
        "A1",
        "a1b",
        "DE00",
        "91MA",
        "://",
        "a://a:a@",
        "0123456789",
        "4111 ",
        "6217 ",
        "62170000000000000000",
        "\u{a0}1",
        "\n1",
        &domains,
        &spelled,
        &info,
    ];
    let mut slow = Vec::new();
    for part in hostile {
        let time = scan_time(&repeated(part));
        if time > plain * MOST_TIMES_PLAIN {
            slow.push(format!("{:?}: {time:?}", &part[..part.len().min(30)]));
        }
    }
    assert!(slow.is_empty(), "plain {plain:?}\n{}", slow.join("\n"));
}

#[test]
fn twice_the_text_takes_about_twice_the_time() {
    for part in ["1 ", "a@", "(at)", "微信", "4111 "] {
        let text = repeated(part);
        let (whole, half) = (scan_time(&text), scan_time(&text[..text.floor_char_boundary(text.len() / 2)]));
        assert!(whole < half * 8, "{part:?}: {half:?} for a half, {whole:?} for all");
    }
}
