//! Telephone numbers.

use super::Value;
use super::layout::Layout;
use crate::pii::kinds::{landline, phone};

/// How a number is read.
struct Parts {
    /// Places of the digits that are replaced.
    body: Vec<usize>,
    /// Places of the extension's digits.
    extension: Vec<usize>,
    /// The number without its layout; the plan's own prefix stands before it where there is one.
    canonical: Vec<u8>,
    plan: Plan,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Plan {
    ChineseMobile,
    NorthAmerican,
    Other,
}

/// Another number of the same plan; the country code, the trunk's nought in brackets and the signs stay.
pub(super) fn phone(value: &Value<'_>, out: &mut String) -> Option<()> {
    let parts = read(value.layout)?;
    let mut draw = value.draw(&parts.canonical);
    let mut digits = draw.digits(parts.body.len());
    match parts.plan {
        Plan::ChineseMobile => {
            let network = draw.below(19) as u8;
            digits[..3].copy_from_slice(&[b'1', b'0' + network / 10, b'0' + network % 10]);
        }
        Plan::NorthAmerican => digits[..2].copy_from_slice(&[b'1', b'0' + draw.below(9) as u8]),
        Plan::Other => digits.iter_mut().take(3).for_each(|digit| *digit = b'0'),
    }
    write(value, &parts.canonical, (&parts.body, digits), &parts.extension, out);
    Some(())
}

/// Another number behind an area code that is none; the leading nought and the country code stay.
pub(super) fn landline(value: &Value<'_>, out: &mut String) -> Option<()> {
    let layout = value.layout;
    let mut body = digits_before_words(layout);
    let mut extension = layout.places(|c| c.is_ascii_digit()).split_off(body.len());
    let digits = layout.capitals(&body);
    let plus = is_plus(layout, &body);
    let prefix = match (&digits[..], plus) {
        ([b'8', b'6', ..], true) => 2,
        ([b'0', b'0', b'8', b'6', ..], false) => 4,
        _ => 0,
    };
    body.drain(..prefix);
    if layout.at(*body.first()?) == '0' {
        body.remove(0);
    }
    let last = *group_lens(&body).last()?;
    let sign = body.len().checked_sub(last + 1).map(|before| layout.at(body[before] + 1));
    // Area code and subscriber have nine digits at least.
    if matches!(last, 2..=5) && body.len() >= last + 9 && sign.is_some_and(is_hyphen) {
        extension.splice(0..0, body.split_off(body.len() - last));
    }
    let digits = layout.capitals(&body);
    let area = landline::area_code(&digits).unwrap_or(2);
    if digits.len() < area + 7 {
        return None;
    }
    let mut draw = value.draw(&digits);
    let mut made = draw.digits(digits.len());
    made[..2].copy_from_slice(b"00");
    made[area] = draw.one_of(b"2345678");
    write(value, &digits, (&body, made), &extension, out);
    Some(())
}

/// Writes body and extension; the extension's digits are drawn from number and extension together.
fn write(value: &Value<'_>, canonical: &[u8], body: (&[usize], Vec<u8>), extension: &[usize], out: &mut String) {
    let (body, mut digits) = body;
    let mut known = [canonical, b"x"].concat();
    known.extend(value.layout.capitals(extension));
    digits.extend(value.draw(&known).digits(extension.len()));
    let places: Vec<_> = body.iter().chain(extension).copied().collect();
    value.layout.write(&places, &digits, out);
}

/// Places of the digits before the first letter, which begins an extension.
fn digits_before_words(layout: &Layout) -> Vec<usize> {
    let digits = layout.places(|c| c.is_ascii_digit());
    let first = digits.first().copied().unwrap_or(0);
    let word = layout.places(char::is_alphabetic).into_iter().find(|place| *place > first);
    digits.into_iter().take_while(|place| word.is_none_or(|word| *place < word)).collect()
}

fn is_plus(layout: &Layout, digits: &[usize]) -> bool {
    digits.first().is_some_and(|first| (0..*first).any(|place| layout.at(place) == '+'))
}

const fn is_hyphen(sign: char) -> bool {
    matches!(sign, '-' | '\u{2010}'..='\u{2015}')
}

/// Lengths of the groups that other characters divide the digits into.
fn group_lens(digits: &[usize]) -> Vec<usize> {
    digits.chunk_by(|one, next| one + 1 == *next).map(<[usize]>::len).collect()
}

fn read(layout: &Layout) -> Option<Parts> {
    let mut body = digits_before_words(layout);
    let extension = layout.places(|c| c.is_ascii_digit()).split_off(body.len());
    let digits = layout.capitals(&body);
    let lens = group_lens(&body);
    let skipped = match &digits[..] {
        _ if is_plus(layout, &body) => Some(0),
        [b'0', b'0', b'1'..=b'9', ..] => Some(2),
        _ => None,
    };
    let code = skipped.and_then(|skipped| Some((skipped, phone::country_code(&digits[skipped..])?)));
    let (kept, prefix, plan) = match code {
        Some((skipped, length)) => {
            let prefix = digits[skipped..][..length].to_vec();
            let kept = skipped
                + length
                + usize::from(body.get(skipped + length).is_some_and(|place| layout.is_trunk_nought(*place)));
            match (&prefix[..], &digits[kept..]) {
                (b"86", national) if phone::is_mobile(national) => (kept, Vec::new(), Plan::ChineseMobile),
                (b"1", [_, _, _, _, _, _, _, _, _, _]) => (kept, prefix, Plan::NorthAmerican),
                _ => (kept, prefix, Plan::Other),
            }
        }
        None => national(layout, &digits, &lens),
    };
    body.drain(..kept);
    let canonical = [&prefix, &digits[kept..]].concat();
    (!body.is_empty()).then_some(Parts { body, extension, canonical, plan })
}

/// Digits that stay, the prefix that is meant, and the plan of a number without a country code's sign.
fn national(layout: &Layout, digits: &[u8], lens: &[usize]) -> (usize, Vec<u8>, Plan) {
    let signed = layout.has(|c| is_hyphen(*c) || matches!(c, '.' | '('));
    match digits {
        [b'8', b'6', mobile @ ..] if phone::is_mobile(mobile) => (2, Vec::new(), Plan::ChineseMobile),
        mobile if phone::is_mobile(mobile) && lens[0] != 1 => (0, Vec::new(), Plan::ChineseMobile),
        [b'1', b'2'..=b'9', rest @ ..] if rest.len() == 9 => (1, b"1".to_vec(), Plan::NorthAmerican),
        [b'2'..=b'9', rest @ ..] if rest.len() == 9 => {
            let written = signed && lens == [3, 3, 4];
            (0, b"1".to_vec(), if written { Plan::NorthAmerican } else { Plan::Other })
        }
        _ => (0, Vec::new(), Plan::Other),
    }
}

#[cfg(test)]
mod tests {
    use tamis_rules::PiiKind;

    use crate::Pseudonymizer;

    fn digits(kind: PiiKind, original: &str) -> String {
        let mut out = String::new();
        Pseudonymizer::new(b"k").pseudonym(kind, original, &mut out);
        let signs = |text: &str| text.chars().filter(|c| !c.is_numeric()).collect::<String>();
        assert_eq!((signs(&out), out.chars().count()), (signs(original), original.chars().count()), "{original}");
        out.chars().filter(char::is_ascii_digit).collect()
    }

    #[test]
    fn layouts_of_one_number_correspond() {
        let phone = |original| digits(PiiKind::Phone, original);
        let mobile = phone("13812345678");
        assert!(mobile.starts_with("10") || mobile.starts_with("11"), "{mobile}");
        assert_eq!(phone("138-1234-5678"), mobile);
        for original in ["+86 138 1234 5678", "+8613812345678", "86-13812345678"] {
            assert_eq!(phone(original), format!("86{mobile}"), "{original}");
        }
        assert_eq!(phone("0086 1381234 5678"), format!("0086{mobile}"));
        assert_eq!(phone("13812345678 ext. 12")[..11], mobile);
        let american = phone("(212) 555-7834");
        assert!(american.starts_with('1') && american[1..2] < *"9", "{american}");
        assert_eq!(phone("+1 212.555.7834"), format!("1{american}"));
        assert_eq!(phone("1-212-555-7834"), format!("1{american}"));
        assert_eq!(phone("212 555 7834"), format!("000{}", &american[3..]));
        let german = phone("+49 171 1234567");
        assert!(german.starts_with("49000"), "{german}");
        assert_eq!(phone("0049 (0)171-123 45 67"), format!("00490{}", &german[2..]));
        let landline = |original| digits(PiiKind::Landline, original);
        let known = landline("0755-23456789");
        assert!(known.starts_with("000"), "{known}");
        assert_eq!(landline("(0755) 2345 6789"), known);
        assert_eq!(landline("+86-755-23456789"), format!("86{}", &known[1..]));
        assert_eq!(landline("0755-23456789-801")[..12], known);
        assert_eq!(landline("0755-23456789转801"), landline("0755-23456789-801"));
    }
}
