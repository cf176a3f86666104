//! User name and password, or a token, in a URL.

use tamis_rules::PiiKind;

use crate::pii::Also;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::view::View;

/// Between the scheme and the host.
pub(in crate::pii) static USER_INFO: PiiForm = PiiForm {
    kind: PiiKind::UrlCredential,
    name: "url_credential.user_info",
    description: "user name and password, or a token of 16 characters and more, before the host of a URL; no stand-ins",
    source: "RFC 3986, 3.2.1",
    weight: weight::INCLUSIVE,
};

const LONGEST: usize = 256;
const SHORTEST_TOKEN: usize = 16;
const SHORTEST_PASSWORD: usize = 3;

/// Looks for a credential that ends at the `@` at `at`.
pub(in crate::pii) fn find(view: View<'_>, at: usize, also: Also, finds: &mut Finds) {
    let start = view.run_start(at, LONGEST, is_user_info);
    if !view.ends_with(start, "://") || !view.back(start, 4).is_ascii_alphanumeric() || start == at {
        return;
    }
    if !view.at(at + 1).is_ascii_alphanumeric() && view.at(at + 1) != b'[' && view.at(at + 1) < 0x80 {
        return;
    }
    let info = &view.bytes[start..at];
    let colon = info.iter().position(|byte| *byte == b':');
    if info.windows(7).any(|part| part == b"mailto:") {
        return;
    }
    let real = match colon {
        Some(colon) => colon + SHORTEST_PASSWORD < info.len() && !is_stand_in(&info[colon + 1..]),
        None => info.len() >= SHORTEST_TOKEN && info.iter().any(u8::is_ascii_digit),
    };
    if real && (also.documentation || !is_example(view, at + 1)) && (also.private || !is_private(view, at + 1)) {
        finds.add(start, at, &USER_INFO);
    }
}

/// Whether what begins at `start`, and ends before an `@`, is a password in a URL and no name in front of a host.
pub(in crate::pii) fn is_password(view: View<'_>, start: usize) -> bool {
    let info = view.run_start(start, LONGEST, is_user_info);
    let before = &view.bytes[info..start];
    before.contains(&b':') && view.ends_with(info, "://") && !before.windows(7).any(|part| part == b"mailto:")
}

/// Characters of RFC 3986's userinfo, as they are written in the wild.
const fn is_user_info(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b'%'
                | b':'
                | b'#'
                | b'^'
        )
}

pub(in crate::pii) const STAND_INS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "passw0rd",
    "pwd",
    "secret",
    "token",
    "redacted",
    "yourpassword",
    "your_password",
    "your-password",
    "mypassword",
    "my-password",
    "mysecretpassword",
    "user",
    "xxx",
    "key",
    "api_key",
    "apikey",
    "access_token",
    "credentials",
    "guest",
    "root",
    "admin",
    "test",
    "foo",
    "bar",
    "changeme",
    "postgres",
    "example",
    "anoncvs",
    "anonymous",
    "pserver:anoncvs",
    "pserver:anonymous",
];

/// What is written where a password would stand.
fn is_stand_in(password: &[u8]) -> bool {
    let first = password[0];
    STAND_INS.iter().any(|known| password.eq_ignore_ascii_case(known.as_bytes()))
        || matches!(first, b'$' | b'%' | b'(' | b'#')
        || password.starts_with(b"redacted-")
        || password.iter().all(|byte| matches!(byte, b'*' | b'.' | b'x' | b'X' | b'-' | b'_'))
}

/// Whether the host is an address of a private network.
fn is_private(view: View<'_>, start: usize) -> bool {
    let end = view.run_end(start, 16, |byte| byte.is_ascii_digit() || byte == b'.');
    let host = std::str::from_utf8(&view.bytes[start..end]).unwrap_or_default();
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_private() || address.is_link_local())
}

/// Hosts that stand for none: this machine, and the names kept for examples (RFC 2606, RFC 6761).
fn is_example(view: View<'_>, start: usize) -> bool {
    let end = view.run_end(start, LONGEST, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    super::email::is_documentation_domain(&view.bytes[start..end]) || view.goes_on(start, "127.0.0.1")
}
