//! E-mail address.

use tamis_rules::PiiKind;

use crate::pii::Also;
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::kinds::url_credential;
use crate::pii::view::{View, is_continuation, is_word};

/// With its sign.
pub(in crate::pii) static ADDRESS: PiiForm = PiiForm {
    kind: PiiKind::Email,
    name: "email.address",
    description: "local part, @ and a domain under a suffix that is known; letters of alphabets other than Latin too; no git@, no icon@2x",
    source: "RFC 5321 and RFC 6531; Public Suffix List; RFC 2606 (names kept for examples)",
    weight: weight::NAMED,
};

/// With `[at]` in place of the sign.
pub(in crate::pii) static OBFUSCATED: PiiForm = PiiForm {
    kind: PiiKind::Email,
    name: "email.obfuscated",
    description: "an address in which brackets around at, and perhaps around dot, stand for the signs",
    source: "common usage",
    weight: weight::NAMED,
};

/// Commands that log in: what follows is an account at a host.
pub(in crate::pii) static LOGINS: Context = Context::new(&["ssh", "scp", "sftp", "rsync", "ssh-copy-id", "mosh"], 60);

const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 253;

/// Looks for an address around the `@` at `at`.
pub(in crate::pii) fn find(view: View<'_>, at: usize, also: Also, finds: &mut Finds) {
    let Some(start) = local_start(view, at) else { return };
    let Some(end) = domain_end(view, at + 1).or_else(|| han_domain_end(view, at + 1)) else { return };
    let (local, domain) = (&view.bytes[start..at], &view.bytes[at + 1..end]);
    if is_address(local, domain, also) && !LOGINS.before(view, start) && !url_credential::is_password(view, start) {
        finds.add_as(start, end, &ADDRESS, is_invalid(domain));
    }
}

/// Looks for an address around the bracket at `open`.
pub(in crate::pii) fn find_obfuscated(view: View<'_>, open: usize, also: Also, finds: &mut Finds) {
    let Some(close) = bracketed(view, open, &["at", "@"]) else { return };
    let local_end = view.run_start(open, 2, |byte| byte == b' ');
    let Some(start) = local_start(view, local_end).map(|start| spelled_local_start(view, start)) else { return };
    let domain_start = view.run_end(close, 2, |byte| byte == b' ');
    let Some((end, domain)) = spelled_domain(view, domain_start) else { return };
    if is_address(&view.bytes[start..local_end], domain.as_bytes(), also) {
        finds.add_as(start, end, &OBFUSCATED, is_invalid(domain.as_bytes()));
    }
}

/// First byte of the local part that ends at `end`; none where there is none, or a handle or further @ before it.
fn local_start(view: View<'_>, end: usize) -> Option<usize> {
    let mut start = end;
    while start > 0 && end - start <= LONGEST_LOCAL {
        let byte = view.before(start);
        if is_local(byte) {
            start -= 1;
        } else if byte >= 0x80 {
            match letter_before(view, start) {
                Some(length) => start -= length,
                None => break,
            }
        } else {
            break;
        }
    }
    if end - start > LONGEST_LOCAL {
        return None;
    }
    // Signs may stand within a local part, not at its ends.
    start = view.run_end(start, end - start, |byte| !byte.is_ascii_alphanumeric() && byte != b'_' && byte < 0x80);
    let apart = !matches!(view.before(start), b'@');
    let last = view.before(end);
    (start < end && apart && last != b'.' && !doubled_dot(&view.bytes[start..end])).then_some(start)
}

/// First byte of a local part of which `start` is the last piece: the pieces before it end with brackets around dot.
fn spelled_local_start(view: View<'_>, start: usize) -> usize {
    let mut start = start;
    loop {
        let spaced = view.run_start(start, 1, |byte| byte == b' ');
        let piece_end = ["(dot)", "[dot]", "{dot}", "(DOT)", "[DOT]"].iter().find(|dot| view.ends_with(spaced, dot));
        let Some(end) = piece_end.map(|dot| view.run_start(spaced - dot.len(), 1, |byte| byte == b' ')) else {
            return start;
        };
        match local_start(view, end) {
            Some(first) => start = first,
            None => return start,
        }
    }
}

const fn is_local(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'.' | b'%' | b'+' | b'-' | b'\'')
}

fn doubled_dot(local: &[u8]) -> bool {
    local.windows(2).any(|pair| pair == b"..")
}

/// Letters from here on are of scripts that set no spaces.
const FIRST_OF_EAST_ASIA: char = '\u{2E80}';

/// Length of the letter that ends at `end`, where it is one of an alphabet with spaces between its words.
fn letter_before(view: View<'_>, end: usize) -> Option<usize> {
    let start = (1..=4).map(|back| end - back.min(end)).find(|start| !is_continuation(view.at(*start)))?;
    letter(view, start).filter(|length| start + length == end)
}

/// Length of the letter at `start`, where it is one of an alphabet other than ASCII with spaces between its words.
fn letter(view: View<'_>, start: usize) -> Option<usize> {
    let c = character(view, start)?;
    (c.is_alphabetic() && c < FIRST_OF_EAST_ASIA && !c.is_ascii()).then(|| c.len_utf8())
}

fn character(view: View<'_>, start: usize) -> Option<char> {
    let bytes = view.bytes.get(start..(start + 4).min(view.bytes.len()))?;
    bytes.utf8_chunks().next()?.valid().chars().next()
}

/// End of the longest domain under a known suffix that begins at `start`.
fn domain_end(view: View<'_>, start: usize) -> Option<usize> {
    let mut end = start;
    while end - start <= LONGEST_DOMAIN {
        let byte = view.at(end);
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') {
            end += 1;
        } else if byte >= 0x80
            && let Some(length) = letter(view, end)
        {
            end += length;
        } else {
            break;
        }
    }
    if end - start > LONGEST_DOMAIN || matches!(view.at(end), b'_' | b'@') {
        return None;
    }
    let text = std::str::from_utf8(&view.bytes[start..end]).ok()?;
    longest_domain(text).map(|length| start + length)
}

/// Length of the longest head of `text` that is a domain: the end of a sentence is no suffix.
fn longest_domain(text: &str) -> Option<usize> {
    let mut head = text.trim_end_matches(['.', '-']);
    loop {
        if is_domain(head) {
            return Some(head.len());
        }
        head = &head[..head.rfind('.')?];
    }
}

/// At least two labels, none of them empty, too long or with a hyphen at an end, under a suffix that is known.
fn is_domain(domain: &str) -> bool {
    let label = |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    let Some((host, top)) = domain.rsplit_once('.') else { return false };
    top.chars().all(char::is_alphabetic) | top.starts_with("xn--")
        && domain.split('.').all(label)
        && !is_pixel_density(host)
        && is_known_suffix(domain)
}

fn is_known_suffix(domain: &str) -> bool {
    let lower = domain.to_lowercase();
    if is_invalid(lower.as_bytes()) {
        return true;
    }
    let Some(suffix) = psl::suffix(lower.as_bytes()).filter(psl::Suffix::is_known) else { return false };
    // A private suffix is a domain that somebody owns.
    suffix.typ() == Some(psl::Type::Private) || suffix.as_bytes().len() < lower.len()
}

/// `2x` of `icon@2x.png`; some extensions of files are top-level domains too.
fn is_pixel_density(host: &str) -> bool {
    host.strip_suffix(['x', 'X']).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

pub(in crate::pii) const HAN_SUFFIXES: [&str; 12] =
    [".中国", ".公司", ".网络", ".中國", ".集团", ".网址", ".在线", ".中文网", ".香港", ".台湾", ".移动", ".我爱你"];

/// End of the shortest domain of Han labels under a suffix of Han letters.
fn han_domain_end(view: View<'_>, start: usize) -> Option<usize> {
    const LONGEST: usize = 96;
    if character(view, start)? < FIRST_OF_EAST_ASIA {
        return None;
    }
    let mut end = start;
    while end - start < LONGEST {
        if let Some(suffix) = HAN_SUFFIXES.iter().find(|suffix| view.goes_on(end, suffix)) {
            return (end > start).then_some(end + suffix.len());
        }
        let c = character(view, end)?;
        let in_label =
            c.is_ascii_alphanumeric() || matches!(c, '-' | '.') || (c.is_alphanumeric() && c >= FIRST_OF_EAST_ASIA);
        if !in_label {
            return None;
        }
        end += c.len_utf8();
    }
    None
}

/// End of `[ word ]`, with any of three kinds of brackets and in any case.
fn bracketed(view: View<'_>, open: usize, words: &[&str]) -> Option<usize> {
    let close = match view.at(open) {
        b'[' => b']',
        b'(' => b')',
        b'{' => b'}',
        _ => return None,
    };
    let start = view.run_end(open + 1, 2, |byte| byte == b' ');
    let is_here = |word: &&&str| {
        view.bytes.get(start..start + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
    };
    let word = words.iter().find(is_here)?;
    let end = view.run_end(start + word.len(), 2, |byte| byte == b' ');
    (view.at(end) == close).then_some(end + 1)
}

/// A domain in which brackets around dot may stand for full stops: its end, and the domain as it is meant.
fn spelled_domain(view: View<'_>, start: usize) -> Option<(usize, String)> {
    let mut domain = String::new();
    let mut best = None;
    let mut at = start;
    loop {
        let end = view.run_end(at, 64, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if end == at || end - start > LONGEST_DOMAIN {
            break;
        }
        domain.push_str(std::str::from_utf8(&view.bytes[at..end]).ok()?);
        if is_domain(&domain) {
            best = Some((end, domain.clone()));
        }
        let Some(next) = spelled_dot(view, end) else { break };
        domain.push('.');
        at = next;
    }
    best
}

/// End of a full stop, however it is spelled.
fn spelled_dot(view: View<'_>, at: usize) -> Option<usize> {
    if view.at(at) == b'.' {
        return Some(at + 1);
    }
    let open = view.run_end(at, 2, |byte| byte == b' ');
    if let Some(end) = bracketed(view, open, &["dot", "."]) {
        return Some(view.run_end(end, 2, |byte| byte == b' '));
    }
    let word = view.bytes.get(at..at + 5)?;
    word.eq_ignore_ascii_case(b" dot ").then_some(at + 5)
}

/// Accounts of programs, which `@` leads to a host and not to a person.
const ACCOUNTS: [&[u8]; 4] = [b"git", b"hg", b"svn", b"ssh"];

fn is_address(local: &[u8], domain: &[u8], also: Also) -> bool {
    !ACCOUNTS.contains(&local) && (also.documentation || is_invalid(domain) || !is_documentation_domain(domain))
}

/// Names that never lead anywhere (RFC 2606): pseudonyms have them, and nobody else.
fn is_invalid(domain: &[u8]) -> bool {
    const INVALID: &[u8] = b".invalid";
    domain.len() > INVALID.len() && domain[domain.len() - INVALID.len()..].eq_ignore_ascii_case(INVALID)
}

/// Names kept for examples and tests (RFC 2606, RFC 6761), and those that stand for them in every manual.
pub(in crate::pii) fn is_documentation_domain(domain: &[u8]) -> bool {
    const SECOND: [&str; 7] =
        ["example.com", "example.net", "example.org", "example.edu", "domain.com", "yourdomain.com", "mydomain.com"];
    const TOP: [&str; 5] = ["example", "test", "invalid", "localhost", "local"];
    let domain = String::from_utf8_lossy(domain).to_lowercase();
    let under = |name: &str| domain.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    SECOND.iter().chain(&TOP).any(|name| under(name))
}
