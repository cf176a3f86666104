//! Addresses of people and machines, and names of accounts.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Value;
use super::layout::Layout;

/// An address of class E or of 4000::/3.
pub(super) fn ip(value: &Value<'_>, out: &mut String) -> Option<()> {
    let layout = value.layout;
    let text = layout.text();
    let made = if let Ok(address) = text.parse::<Ipv4Addr>() {
        let mut draw = value.draw(&address.octets());
        let [first, second, third] = [(); 3].map(|()| draw.below(256) as u8);
        // 255.255.255.255 is broadcast.
        Ipv4Addr::new(240 + draw.below(15) as u8, first, second, third).to_string()
    } else {
        let mut draw = value.draw(&text.parse::<Ipv6Addr>().ok()?.octets());
        let mut octets = [(); 16].map(|()| draw.below(256) as u8);
        octets[0] = 0x40 | octets[0] & 0x1F;
        let made = Ipv6Addr::from(octets).to_string();
        if layout.has(char::is_ascii_uppercase) { made.to_ascii_uppercase() } else { made }
    };
    layout.push_like(0, &made, out);
    Some(())
}

/// An address of IANA's block.
pub(super) fn mac(value: &Value<'_>, out: &mut String) -> Option<()> {
    let layout = value.layout;
    let places = layout.places(|c| c.is_ascii_hexdigit());
    if places.len() != 12 {
        return None;
    }
    let mut made = b"00005e".to_vec();
    made.extend(value.draw(&layout.capitals(&places)).hex(6));
    if layout.has(char::is_ascii_uppercase) {
        made.make_ascii_uppercase();
    }
    layout.write(&places, &made, out);
    Some(())
}

/// A name that begins with a nought. Its second character is a letter, lest the name reads as a number.
pub(super) fn wechat(value: &Value<'_>, out: &mut String) -> Option<()> {
    let places = value.layout.places(|c| c.is_ascii_alphanumeric());
    let known = value.layout.capitals(&places);
    let mut draw = value.draw(value.layout.text().to_lowercase().as_bytes());
    let mut made: Vec<u8> = known.iter().map(|character| draw.like(*character).to_ascii_lowercase()).collect();
    *made.first_mut()? = b'0';
    if let Some(second) = made.get_mut(1) {
        *second = draw.letter();
    }
    value.layout.write(&places, &made, out);
    Some(())
}

/// Name and password that say that they are none.
pub(super) fn url_credential(value: &Value<'_>, out: &mut String) -> Option<()> {
    let text = value.layout.text();
    if text.is_empty() {
        return None;
    }
    let hex = value.draw(text.as_bytes()).hex(16);
    out.push_str("user:redacted-");
    out.extend(hex.into_iter().map(char::from));
    Some(())
}

/// Letters for the local part's letters and digits, and a label under `.invalid`; signs as they are spelled.
pub(super) fn email(value: &Value<'_>, out: &mut String) -> Option<()> {
    const LABEL: usize = 8;
    let layout = value.layout;
    let (local_end, domain) = sign(layout)?;
    let dots = spelled_dots(layout);
    let (dot, dot_end) = dots.iter().rfind(|(start, _)| *start > domain).copied()?;
    let in_dot = |place: usize| dots.iter().any(|(start, end)| (*start..*end).contains(&place));
    let mut draw = value.draw(meant(layout, &dots, local_end, domain).as_bytes());
    let label: String = (0..LABEL).map(|_| char::from(draw.letter())).collect();
    let mut made = String::new();
    for place in 0..local_end {
        if layout.at(place).is_alphanumeric() && !in_dot(place) {
            let letter = draw.letter();
            let upper = layout.at(place).is_ascii_uppercase();
            let letter = char::from(if upper { letter.to_ascii_uppercase() } else { letter });
            layout.push_like(place, letter.encode_utf8(&mut [0; 4]), &mut made);
        } else {
            layout.copy(place, place + 1, &mut made);
        }
    }
    layout.copy(local_end, domain, &mut made);
    let letters = |case: fn(&char) -> bool| (domain..layout.len()).any(|place| case(&layout.at(place)));
    let upper = letters(char::is_ascii_uppercase) && !letters(char::is_ascii_lowercase);
    let dressed = |text: &str| if upper { text.to_ascii_uppercase() } else { text.to_owned() };
    layout.push_like(domain, &dressed(&label), &mut made);
    layout.copy(dot, dot_end, &mut made);
    layout.push_like(layout.len() - 1, &dressed("invalid"), &mut made);
    out.push_str(&made);
    Some(())
}

/// Where the local part ends and the domain begins: around `@`, or around `at` in brackets.
fn sign(layout: &Layout) -> Option<(usize, usize)> {
    let (start, end) = (0..layout.len())
        .find_map(|place| bracketed(layout, place, &["at", "@"]).map(|end| (place, end)))
        .or_else(|| (0..layout.len()).find(|place| layout.at(*place) == '@').map(|place| (place, place + 1)))?;
    let spaces = |from: usize| (from..).take_while(|place| layout.at(*place) == ' ').count();
    let local_end = (0..start).rev().find(|place| layout.at(*place) != ' ')? + 1;
    Some((local_end, end + spaces(end)))
}

/// Where full stops are, however they are spelled, with the spaces around them.
fn spelled_dots(layout: &Layout) -> Vec<(usize, usize)> {
    let mut dots = Vec::new();
    let mut place = 0;
    while place < layout.len() {
        match dot_end(layout, place) {
            Some(end) => {
                dots.push((place, end));
                place = end;
            }
            None => place += 1,
        }
    }
    dots
}

fn dot_end(layout: &Layout, start: usize) -> Option<usize> {
    if layout.at(start) == '.' {
        return Some(start + 1);
    }
    let spaces = |from: usize| from + (from..).take_while(|place| layout.at(*place) == ' ').count();
    let open = spaces(start);
    if let Some(end) = bracketed(layout, open, &["dot", "."]) {
        return Some(spaces(end));
    }
    let word: String = (start..start + 5).map(|place| layout.at(place).to_ascii_lowercase()).collect();
    (word == " dot ").then_some(start + 5)
}

/// End of a word in brackets, which begins at `open`.
fn bracketed(layout: &Layout, open: usize, words: &[&str]) -> Option<usize> {
    if !matches!(layout.at(open), '(' | '[' | '{') {
        return None;
    }
    let close = (open..(open + 10).min(layout.len())).find(|place| matches!(layout.at(*place), ')' | ']' | '}'))?;
    let word: String = (open + 1..close).map(|place| layout.at(place).to_ascii_lowercase()).collect();
    words.contains(&word.trim_matches(' ')).then_some(close + 1)
}

/// The address that is meant, in lower case.
fn meant(layout: &Layout, dots: &[(usize, usize)], local_end: usize, domain: usize) -> String {
    let part = |from: usize, to: usize| {
        let in_dot = |place: &usize| dots.iter().find(|(start, end)| (*start..*end).contains(place));
        (from..to)
            .filter_map(|place| match in_dot(&place) {
                Some((start, _)) => (*start == place).then_some('.'),
                None => Some(layout.at(place)),
            })
            .collect::<String>()
            .to_lowercase()
    };
    format!("{}@{}", part(0, local_end), part(domain, layout.len()))
}

#[cfg(test)]
mod tests {
    use tamis_rules::PiiKind;

    use crate::Pseudonymizer;

    fn of(kind: PiiKind, original: &str) -> String {
        let mut out = String::new();
        Pseudonymizer::new(b"k").pseudonym(kind, original, &mut out);
        out
    }

    #[test]
    fn spellings_of_one_address_correspond() {
        let known = of(PiiKind::Email, "li.lei88@mail.qq.com");
        let (local, domain) = known.split_once('@').unwrap();
        assert!(local.len() == 8 && &local[2..3] == "." && domain.len() == 16 && domain.ends_with(".invalid"));
        assert_eq!(of(PiiKind::Email, "LI.Lei88@Mail.QQ.com").to_lowercase(), known);
        assert_eq!(of(PiiKind::Email, "li.lei88 [at] mail.qq.com"), known.replace('@', " [at] "));
        let spelled = known.replace('@', "(AT)").replace('.', " (dot) ");
        assert_eq!(of(PiiKind::Email, "li (dot) lei88(AT)mail (dot) qq (dot) com"), spelled);
        let dotted = of(PiiKind::Email, "li.lei88 {at} mail dot qq dot com");
        assert_eq!(dotted, known.replace('@', " {at} ").replace(".invalid", " dot invalid"));
        let wide = of(PiiKind::Email, "ｌｉ．ｌｅｉ８８＠ｍａｉｌ．ｑｑ．ｃｏｍ");
        assert!(wide.chars().all(|c| !c.is_ascii()), "{wide}");
        assert!(of(PiiKind::Email, "张三@例子.中国").ends_with(".invalid"));
    }

    #[test]
    fn other_addresses_are_of_nobody() {
        assert!(of(PiiKind::Ip, "36.110.2.3").starts_with("24"));
        let known = of(PiiKind::Ip, "2408:8000::1");
        assert!(matches!(&known[..1], "4" | "5"), "{known}");
        assert_eq!(of(PiiKind::Ip, "2408:8000:0:0:0:0:0:1"), known);
        let mac = of(PiiKind::Mac, "3C:52:82:AB:CD:01");
        assert!(mac.starts_with("00:00:5E:"), "{mac}");
        assert_eq!(of(PiiKind::Mac, "3c52.82ab.cd01").replace('.', ""), mac.to_lowercase().replace(':', ""));
        let name = of(PiiKind::Wechat, "Li_lei-88");
        assert!(name.starts_with('0') && (&name[2..3], &name[6..7]) == ("_", "-"), "{name}");
        let login = of(PiiKind::UrlCredential, "bob:hunter22");
        assert!(login.starts_with("user:redacted-") && login.len() == 30, "{login}");
    }
}
