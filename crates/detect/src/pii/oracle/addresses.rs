//! Addresses of machines.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::pattern::{NO_WORD_BEFORE, Pattern, Words};
use crate::pii::Also;
use crate::pii::form::Finds;
use crate::pii::kinds::{ip, mac};

/// Internet and hardware addresses.
#[derive(Debug)]
pub(super) struct Addresses {
    v4: Pattern,
    v6: Pattern,
    pairs: Vec<Pattern>,
    pair_before: Pattern,
    fours: Pattern,
    four_before: Pattern,
    words: Words,
    versions: Words,
    versions_behind: Words,
    mac_words: Words,
}

const HEX: &str = "[0-9A-Fa-f]";

/// Whether a word of figures with one or two full stops ends before the address, and one begins behind it.
fn is_among_decimals(head: &[u8], tail: &[u8]) -> bool {
    let (Some((b' ', head)), Some((b' ', tail))) = (head.split_last(), tail.split_first()) else { return false };
    let dots = |word: &mut dyn Iterator<Item = &u8>| {
        word.take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').filter(|byte| **byte == b'.').count()
    };
    let (before, behind) = (dots(&mut head.iter().rev()), dots(&mut tail.iter()));
    (1..=2).contains(&before) && (1..=2).contains(&behind)
}

impl Addresses {
    pub fn new() -> Self {
        let octet = "(?:0|[1-9][0-9]{0,2})";
        // A product and its version, a block of addresses, a requirement.
        let before = r"(?:\A|[^0-9A-Za-z_.\-/^~\x01\x02]|(?:\A|[^0-9A-Za-z_\x01\x02])[.\-/])";
        let behind = r"(?:\z|[^0-9A-Za-z_.\-/\x01\x02]|[.\-](?:\z|[^0-9A-Za-z_\x01\x02])|/(?:\z|[^0-9]|[0-9]{3}|[0-9]{1,2}[A-Za-z_]))";
        let pairs = |sign: &str| {
            Pattern::new(&format!(
                "{NO_WORD_BEFORE}({HEX}{{2}}(?:{sign}{HEX}{{2}}){{5}})(?:\\z|[^0-9A-Za-z_{sign}\\x01\\x02]|{sign}(?:\\z|[^0-9A-Fa-f]))"
            ))
        };
        Self {
            v4: Pattern::new(&format!(r"{before}({octet}\.{octet}\.{octet}\.{octet}){behind}")),
            v6: Pattern::new(r"(?:\A|[^0-9A-Za-z_:\x01\x02])([0-9A-Fa-f:]+[0-9A-Fa-f:.]*)"),
            pairs: [":", r"\-"].map(pairs).into(),
            pair_before: Pattern::new(&format!(r"{NO_WORD_BEFORE}({HEX}{{2}}[:\-])\z")),
            fours: Pattern::new(&format!(
                r"{NO_WORD_BEFORE}({HEX}{{4}}\.{HEX}{{4}}\.{HEX}{{4}})(?:\z|[^0-9A-Za-z_.\x01\x02]|\.(?:\z|[^0-9A-Fa-f]))"
            )),
            four_before: Pattern::new(&format!(r"{NO_WORD_BEFORE}({HEX}{{4}}\.)\z")),
            words: Words::new(&ip::WORDS),
            versions: Words::new(&ip::VERSIONS),
            versions_behind: Words::new(&ip::VERSIONS_AFTER),
            mac_words: Words::new(&mac::WORDS),
        }
    }

    pub fn find(&self, text: &[u8], also: Also, finds: &mut Finds) {
        for place in self.v4.every(text) {
            let address = String::from_utf8_lossy(&text[place.clone()]).parse::<Ipv4Addr>();
            if address.is_ok_and(|it| {
                is_reported_v4(it.octets(), also) && !self.is_version(text, it.octets(), place.start, place.end)
            }) {
                finds.add(place.start, place.end, &ip::V4);
            }
        }
        for place in self.v6.every(text) {
            if let Some(length) = self.v6_length(&text[place.clone()], text.get(place.end), also) {
                finds.add(place.start, place.start + length, &ip::V6);
            }
        }
        self.hardware(text, finds);
    }

    /// Small numbers are versions and chapters, and so are others where a word says it.
    fn is_version(&self, text: &[u8], octets: [u8; 4], start: usize, end: usize) -> bool {
        let address = self.words.nearest_before(text, start);
        let version = self.versions.nearest_before(text, start);
        if address.is_some() && address >= version {
            return false;
        }
        let [first, second, third, fourth] = octets;
        let small = octets.iter().filter(|octet| **octet < 40).count();
        let low = small == 4 || (first < 20 && second < 40) || (small == 3 && third == 0 && fourth == 0);
        low || version.is_some()
            || self.versions_behind.behind(text, end)
            || is_among_decimals(&text[..start], &text[end..])
    }

    /// Length of the address that the run begins with, without colons and full stops of the sentence.
    fn v6_length(&self, run: &[u8], next: Option<&u8>, also: Also) -> Option<usize> {
        let run = std::str::from_utf8(run).ok()?;
        let joined = next.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte <= 2);
        let whole = Some(run).filter(|_| !joined);
        let cut = |count: usize| {
            let (head, tail) = run.split_at_checked(run.len().checked_sub(count)?)?;
            tail.chars().all(|c| c == ':' || c == '.').then_some(head)
        };
        let tails = [cut(1), cut(2)];
        let address =
            whole.into_iter().chain(tails.into_iter().flatten()).find(|text| text.parse::<Ipv6Addr>().is_ok())?;
        let segments = address.parse::<Ipv6Addr>().ok()?.segments();
        let is_long = address.matches(':').count() >= 3 && address.contains(|c: char| c.is_ascii_digit());
        (is_long && is_reported_v6(segments, also)).then_some(address.len())
    }

    fn hardware(&self, text: &[u8], finds: &mut Finds) {
        let pairs = self.pairs.iter().flat_map(|pattern| pattern.every(text));
        let pairs = pairs.filter(|place| self.pair_before.ending_at(text, place.start, 4).is_none());
        let fours = self.fours.every(text).into_iter();
        let fours = fours.filter(|place| self.four_before.ending_at(text, place.start, 6).is_none());
        for place in pairs.chain(fours) {
            let written = String::from_utf8_lossy(&text[place.clone()]);
            let digits: String = written.to_lowercase().chars().filter(char::is_ascii_hexdigit).collect();
            let digit = digits.contains(|c: char| c.is_ascii_digit());
            let letter = digits.contains(|c: char| c.is_ascii_alphabetic());
            // Tables of other things have dots and capitals too.
            let table = written.contains('.') && written.contains(|c: char| c.is_ascii_uppercase());
            let named = (letter && !table) || self.mac_words.before(text, place.start);
            if digit && named && !is_reserved(&digits) {
                finds.add(place.start, place.end, &mac::EUI48);
            }
        }
    }
}

/// No block of IANA, no multicast, no broadcast, not the same digit throughout.
fn is_reserved(digits: &str) -> bool {
    ["00005e", "01005e", "3333", "0180c2"].iter().any(|block| digits.starts_with(block))
        || digits.chars().all(|digit| digits.starts_with(digit))
}

const RESOLVERS: &str = "1.0.0.1 1.1.1.1 1.2.4.8 4.2.2.2 8.8.4.4 8.8.8.8 9.9.9.9 114.114.114.114 119.29.29.29 180.76.76.76 \
    208.67.222.222 223.5.5.5 223.6.6.6";

/// An address of the public internet that is nobody's example and no resolver.
fn is_reported_v4(octets: [u8; 4], also: Also) -> bool {
    let resolver = RESOLVERS.split(' ').any(|known| known.parse() == Ok(Ipv4Addr::from(octets)));
    let example = octets == [1, 2, 3, 4] || (octets == [octets[0]; 4] && !resolver);
    match octets {
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => also.documentation,
        _ if example => also.documentation,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [169, 254, ..] | [100, 64..=127, ..] => also.private,
        [0 | 127 | 224..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [_, _, 0, 0] => false,
        _ => also.service || !resolver,
    }
}

fn is_reported_v6(segments: [u16; 8], also: Also) -> bool {
    match (segments[0], segments[1], segments[2]) {
        (0x2001, 0x0DB8, _) | (0x3FFF, 0..0x1000, _) => also.documentation,
        (0xFC00..0xFE00 | 0xFE80..0xFEC0, ..) => also.private,
        (0x2001, 0x4860, 0x4860) | (0x2606, 0x4700, 0x4700) => also.service,
        (0x2000..0x4000, ..) => true,
        _ => false,
    }
}
