//! E-mail addresses, and credentials in URLs.

use std::net::Ipv4Addr;

use super::pattern::{Pattern, Place, Words, one_of};
use crate::pii::Also;
use crate::pii::form::Finds;
use crate::pii::kinds::{email, url_credential};

/// Whatever has an `@`.
#[derive(Debug)]
pub(super) struct Mail {
    address: Pattern,
    latin_domain: Pattern,
    joined: Pattern,
    han_domain: Pattern,
    spelled_at: Pattern,
    spelled_piece_before: Pattern,
    label: Pattern,
    spelled_dot: Pattern,
    logins: Words,
    credential: Pattern,
    user_before: Pattern,
    host: Pattern,
    number: Pattern,
}

/// Characters of names and passwords in URLs.
const USER_INFO: &str = r"[0-9A-Za-z\-._~!$&'()*+,;=%:#^]";
/// Name and colon, and the scheme's sign.
const LONGEST_USER: usize = 256 + 3;
const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 253;
const LONGEST_HAN_DOMAIN: usize = 96;

/// Letters of scripts that set spaces between words, ASCII aside, as a class.
fn spaced_letters() -> String {
    letters('\u{80}'..'\u{2E80}', char::is_alphabetic)
}

/// Letters and digits of the scripts that set none.
fn unspaced_letters() -> String {
    letters('\u{2E80}'..char::MAX, char::is_alphanumeric)
}

fn letters(range: std::ops::Range<char>, belongs: fn(char) -> bool) -> String {
    let letters: Vec<char> = range.filter(|c| belongs(*c)).collect();
    let runs = letters.chunk_by(|a, b| u32::from(*a) + 1 == u32::from(*b));
    let run = |run: &[char]| match run {
        [first, .., last] => format!(r"\x{{{:X}}}-\x{{{:X}}}", u32::from(*first), u32::from(*last)),
        [only] => format!(r"\x{{{:X}}}", u32::from(*only)),
        [] => String::new(),
    };
    runs.map(run).collect()
}

/// A word in brackets of any of three kinds, perhaps with two spaces on each side.
fn bracketed(word: &str) -> String {
    let kinds = [(r"\[", r"\]"), (r"\(", r"\)"), (r"\{", r"\}")];
    let kinds = kinds.map(|(open, close)| format!("{open} {{0,2}}{word} {{0,2}}{close}"));
    format!("(?:{})", kinds.join("|"))
}

impl Mail {
    pub fn new() -> Self {
        let (spaced, unspaced) = (spaced_letters(), unspaced_letters());
        let local = format!(r"((?:[0-9A-Za-z_.%+\-']|(?u:[{spaced}]))+)");
        let han_suffixes = one_of(&email::HAN_SUFFIXES);
        Self {
            address: Pattern::new(&format!("{local}@")),
            latin_domain: Pattern::new(&format!(r"((?:[0-9A-Za-z.\-]|(?u:[{spaced}]))+)")),
            joined: Pattern::new("[_@]"),
            han_domain: Pattern::new(&format!(
                r"((?u:[{unspaced}])(?:[0-9A-Za-z.\-]|(?u:[{unspaced}]))*?{han_suffixes})"
            )),
            spelled_at: Pattern::new(&format!("{local} {{0,2}}{}", bracketed("(?:[Aa][Tt]|@)"))),
            spelled_piece_before: Pattern::new(&format!(r"{local} ?(?:\(dot\)|\[dot\]|\{{dot\}}|\(DOT\)|\[DOT\]) ?\z")),
            label: Pattern::new(r"([0-9A-Za-z\-]+)"),
            spelled_dot: Pattern::new(&format!(
                r"(\.| {{0,2}}{} {{0,2}}| [Dd][Oo][Tt] )",
                bracketed(r"(?:[Dd][Oo][Tt]|\.)")
            )),
            logins: Words::new(&email::LOGINS),
            credential: Pattern::new(&format!(r"[0-9A-Za-z]://({USER_INFO}{{1,256}})@[0-9A-Za-z\[\x80-\xFF\x01\x02]")),
            user_before: Pattern::new(&format!(r"://({USER_INFO}+)\z")),
            host: Pattern::new(r"([0-9A-Za-z.\-]*)"),
            number: Pattern::new(r"([0-9.]*)"),
        }
    }

    pub fn find(&self, text: &[u8], also: Also, finds: &mut Finds) {
        for groups in self.address.each(text) {
            let Some(run) = &groups[1] else { continue };
            let at = run.end;
            if let Some(local) = local_part(text, run)
                && let Some(end) = self.domain(text, at + 1)
                && is_address(&text[local.clone()], &text[at + 1..end], also)
                && !self.logins.before(text, local.start)
                && !self.is_password(text, local.start)
            {
                finds.add_as(local.start, end, &email::ADDRESS, is_invalid(&text[at + 1..end]));
            }
        }
        self.spelled(text, also, finds);
        self.credentials(text, also, finds);
    }

    /// Whether a URL's user name and colon stand before the position.
    fn is_password(&self, text: &[u8], start: usize) -> bool {
        let user = self.user_before.ending_at(text, start, LONGEST_USER);
        user.is_some_and(|user| text[user.clone()].contains(&b':') && !contains(&text[user], b"mailto:"))
    }

    /// End of the domain that begins at the position.
    fn domain(&self, text: &[u8], start: usize) -> Option<usize> {
        let latin = || {
            let place = self.latin_domain.at(text, start)?;
            let run = std::str::from_utf8(&text[place.clone()]).ok()?;
            let bounded = run.len() <= LONGEST_DOMAIN && !self.joined.is_at(text, place.end);
            heads(run).find(|head| bounded && is_domain(head)).map(|head| start + head.len())
        };
        let han = || {
            let place = self.han_domain.at(text, start)?;
            let suffix = email::HAN_SUFFIXES.iter().find(|suffix| text[place.clone()].ends_with(suffix.as_bytes()))?;
            (place.len() - suffix.len() < LONGEST_HAN_DOMAIN).then_some(place.end)
        };
        latin().or_else(han)
    }

    fn spelled(&self, text: &[u8], also: Also, finds: &mut Finds) {
        for groups in self.spelled_at.each(text) {
            let (Some(whole), Some(run)) = (&groups[0], &groups[1]) else { continue };
            let Some(local) = local_part(text, run) else { continue };
            let spaces = text[whole.end..].iter().take(2).take_while(|byte| **byte == b' ').count();
            let start = self.spelled_start(text, local.start);
            if let Some((end, domain)) = self.spelled_domain(text, whole.end + spaces)
                && is_address(&text[start..local.end], domain.as_bytes(), also)
            {
                finds.add_as(start, end, &email::OBFUSCATED, is_invalid(domain.as_bytes()));
            }
        }
    }

    /// Start of a local part with the pieces before it that brackets around dot divide.
    fn spelled_start(&self, text: &[u8], start: usize) -> usize {
        let piece = self.spelled_piece_before.ending_at(text, start, 4 * LONGEST_LOCAL);
        match piece.and_then(|run| local_part(text, &run)) {
            Some(local) => self.spelled_start(text, local.start),
            None => start,
        }
    }

    /// End of the longest domain whose full stops may be spelled, and what it means.
    fn spelled_domain(&self, text: &[u8], start: usize) -> Option<(usize, String)> {
        let (mut domain, mut at, mut longest) = (String::new(), start, None);
        while let Some(label) = self.label.at(text, at)
            && label.end - start <= LONGEST_DOMAIN
        {
            domain += &String::from_utf8_lossy(&text[label.clone()]);
            if is_domain(&domain) {
                longest = Some((label.end, domain.clone()));
            }
            let Some(dot) = self.spelled_dot.at(text, label.end) else { break };
            domain.push('.');
            at = dot.end;
        }
        longest
    }

    fn credentials(&self, text: &[u8], also: Also, finds: &mut Finds) {
        for info in self.credential.every(text) {
            let host = self.host.at(text, info.end + 1).map_or(&[][..], |place| &text[place]);
            let number = self.number.at(text, info.end + 1).map_or(&[][..], |place| &text[place]);
            let example = is_documentation_domain(host) || host.starts_with(b"127.0.0.1");
            let private = String::from_utf8_lossy(number)
                .parse::<Ipv4Addr>()
                .is_ok_and(|it| matches!(it.octets(), [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [169, 254, ..]));
            let reported = (also.documentation || !example) && (also.private || !private);
            if reported && is_secret(&text[info.clone()]) {
                finds.add(info.start, info.end, &url_credential::USER_INFO);
            }
        }
    }
}

/// The local part that a run of its characters ends with: signs do not stand at its ends.
fn local_part(text: &[u8], run: &Place) -> Option<Place> {
    let sign = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'_';
    let signs = text[run.clone()].iter().take_while(|byte| sign(byte)).count();
    let local = &text[run.start + signs..run.end];
    let doubled = local.windows(2).any(|pair| pair == b"..");
    let handle = signs == 0 && text[..run.start].ends_with(b"@");
    let fits = !local.is_empty() && run.len() <= LONGEST_LOCAL && !local.ends_with(b".") && !doubled && !handle;
    fits.then_some(run.start + signs..run.end)
}

/// Heads of a run that end before one of its full stops, longest first, and without what ends a sentence.
fn heads(run: &str) -> impl Iterator<Item = &str> {
    let whole = run.trim_end_matches(['.', '-']);
    std::iter::successors(Some(whole), |head| head.rsplit_once('.').map(|(head, _)| head))
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<_> = domain.split('.').collect();
    let [.., top] = labels[..] else { return false };
    let lettered = top.chars().all(char::is_alphabetic) || top.starts_with("xn--");
    let fits = |label: &&str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    let lower = domain.to_lowercase();
    let suffix = psl::suffix(lower.as_bytes()).filter(psl::Suffix::is_known);
    let owned = |suffix: psl::Suffix| suffix.typ() == Some(psl::Type::Private) || suffix.as_bytes() != lower.as_bytes();
    labels.len() > 1
        && lettered
        && labels.iter().all(fits)
        && !is_picture(&labels)
        && (suffix.is_some_and(owned) || is_invalid(lower.as_bytes()))
}

/// `2x.png`, `1.5x.jpg`.
fn is_picture(labels: &[&str]) -> bool {
    let host = labels[..labels.len() - 1].join(".");
    let digits = host.strip_suffix(['x', 'X']);
    digits.is_some_and(|digits| digits.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn is_address(local: &[u8], domain: &[u8], also: Also) -> bool {
    let program = ["git", "hg", "svn", "ssh"].iter().any(|account| account.as_bytes() == local);
    !program && (also.documentation || is_invalid(domain) || !is_documentation_domain(domain))
}

/// Whether the domain is one of a pseudonym.
fn is_invalid(domain: &[u8]) -> bool {
    String::from_utf8_lossy(domain).to_lowercase().ends_with(".invalid")
}

const DOCUMENTATION: &str = "example.com example.net example.org example.edu domain.com yourdomain.com mydomain.com \
    example test invalid localhost local";

/// Whether a domain is one kept for examples, or under it.
fn is_documentation_domain(domain: &[u8]) -> bool {
    let domain = String::from_utf8_lossy(domain).to_lowercase();
    DOCUMENTATION.split_whitespace().any(|kept| domain == kept || domain.ends_with(&format!(".{kept}")))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// A password that is no stand-in, or a token.
fn is_secret(info: &[u8]) -> bool {
    let info = String::from_utf8_lossy(info);
    if info.contains("mailto:") {
        return false;
    }
    match info.split_once(':') {
        None => info.len() >= 16 && info.contains(|c: char| c.is_ascii_digit()),
        Some((_, password)) => {
            let lower = password.to_ascii_lowercase();
            let known = url_credential::STAND_INS.contains(&&*lower);
            let masked = password.chars().all(|c| "*.xX-_".contains(c));
            let variable = password.starts_with(['$', '%', '(', '#']) || password.starts_with("redacted-");
            password.len() >= 3 && !known && !masked && !variable
        }
    }
}
