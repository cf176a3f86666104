//! Internet address.

use std::net::{Ipv4Addr, Ipv6Addr};

use tamis_rules::PiiKind;

use crate::pii::Also;
use crate::pii::chain::Gap;
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;
use crate::pii::view::{View, is_word};

/// Version 4.
pub(in crate::pii) static V4: PiiForm = PiiForm {
    kind: PiiKind::Ip,
    name: "ip.v4",
    description: "four numbers up to 255 that are no version and no block of addresses; public, no public resolver",
    source: "RFC 791; special ranges of RFC 6890 and RFC 5737",
    weight: weight::SHAPED,
};

/// Version 6.
pub(in crate::pii) static V6: PiiForm = PiiForm {
    kind: PiiKind::Ip,
    name: "ip.v6",
    description: "an address of the global range 2000::/3, in full or shortened",
    source: "RFC 4291, RFC 5952; special ranges of RFC 6890 and RFC 3849",
    weight: weight::NAMED,
};

/// Words for an address, beside which a number is no chapter.
pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "ip",
        "ips",
        "ipv4",
        "ip address",
        "ip addresses",
        "addr",
        "address",
        "host",
        "server",
        "client",
        "remote",
        "peer",
        "gateway",
        "dns",
        "ping",
        "地址",
        "登录",
        "服务器",
        "主机",
        "来自",
        "用户从",
    ],
    16,
);

/// Words that make four numbers a version or a chapter.
pub(in crate::pii) static VERSIONS: Context = Context::new(
    &[
        "version",
        "versions",
        "ver",
        "ver.",
        "v",
        "release",
        "build",
        "firmware",
        "revision",
        "rev",
        "section",
        "sections",
        "sec",
        "chapter",
        "clause",
        "appendix",
        "paragraph",
        "oid",
        "table",
        "figure",
        "update",
        "upgrade",
        "rfc",
        "§",
        "版本",
        "版本号",
        "升级到",
        "升级至",
        "更新到",
        "更新至",
        "固件",
        "章",
        "节",
        "第",
        "条",
        "内核",
        "補丁",
        "补丁",
        "驱动",
        "==",
        ">=",
        "<=",
        "~=",
        "chrome",
        "firefox",
        "safari",
        "opera",
        "edge",
    ],
    6,
);
pub(in crate::pii) static VERSIONS_AFTER: Context =
    Context::new(&["版本", "版", "节", "章", "条", "版及", "version", "release", "build"], 4);

/// Looks for version 4.
pub(in crate::pii) fn find_v4(number: &Number<'_>, finds: &mut Finds) {
    let lens = number.chain.lens();
    if lens.len() < 4 || number.chain.gaps(4) != [Gap::Dot, Gap::Dot, Gap::Dot] || lens[..4].iter().any(|len| *len > 3)
    {
        return;
    }
    let (view, start) = (number.view, number.start);
    let end = number.chain.groups()[3].end;
    let text = std::str::from_utf8(&view.bytes[start..end]).unwrap_or_default();
    let Ok(address) = text.parse::<Ipv4Addr>() else { return };
    if opens_v4(view, start)
        && closes_v4(view, end)
        && is_reported_v4(address, number.also)
        && !is_version(number, address, end)
    {
        finds.add(start, end, &V4);
    }
}

fn opens_v4(view: View<'_>, start: usize) -> bool {
    match view.before(start) {
        // Behind a slash, a product's version, unless a second slash makes it a URL's host.
        b'.' | b'-' | b'/' => view.opens(start - 1),
        b'^' | b'~' => false,
        _ => view.opens(start),
    }
}

/// What follows is no fifth number, no word, and no length of a block's prefix.
fn closes_v4(view: View<'_>, end: usize) -> bool {
    match view.at(end) {
        b'.' | b'-' => view.closes(end + 1),
        b'/' => {
            let digits = view.run_end(end + 1, 3, |byte| byte.is_ascii_digit()) - end - 1;
            !(1..=2).contains(&digits) || is_word(view.at(end + 1 + digits))
        }
        _ => view.closes(end),
    }
}

/// Numbers of versions and chapters are small, or a word says so.
fn is_version(number: &Number<'_>, address: Ipv4Addr, end: usize) -> bool {
    const SMALL: u8 = 40;
    let (view, start) = (number.view, number.start);
    let (word, other) = (WORDS.word_before(view, start), VERSIONS.word_before(view, start));
    if word.is_some() && word >= other {
        return false;
    }
    let [first, second, third, fourth] = address.octets();
    let small = [first, second, third, fourth].iter().filter(|octet| **octet < SMALL).count();
    let low = first < SMALL / 2 && second < SMALL;
    small == 4
        || low
        || is_among_decimals(view, start, end)
        || (small >= 3 && (third, fourth) == (0, 0))
        || other.is_some()
        || VERSIONS_AFTER.after(view, end)
}

/// Whether decimals stand on both sides, as in the path of a drawing, where full stops begin numbers too.
fn is_among_decimals(view: View<'_>, start: usize, end: usize) -> bool {
    const LONGEST: usize = 16;
    let of_decimal = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let is_decimal = |word: &[u8]| matches!(word.iter().filter(|byte| **byte == b'.').count(), 1 | 2);
    if view.before(start) != b' ' || view.at(end) != b' ' {
        return false;
    }
    let first = view.run_start(start - 1, LONGEST, of_decimal);
    let last = view.run_end(end + 1, LONGEST, of_decimal);
    is_decimal(&view.bytes[first..start - 1]) && is_decimal(&view.bytes[end + 1..last])
}

/// Addresses of whoever asks first: they are the resolvers', not a person's.
const RESOLVERS: [[u8; 4]; 12] = [
    [1, 0, 0, 1],
    [1, 1, 1, 1],
    [1, 2, 4, 8],
    [4, 2, 2, 2],
    [8, 8, 4, 4],
    [8, 8, 8, 8],
    [9, 9, 9, 9],
    [114, 114, 114, 114],
    [119, 29, 29, 29],
    [180, 76, 76, 76],
    [208, 67, 222, 222],
    [223, 5, 5, 5],
];

fn is_reported_v4(address: Ipv4Addr, also: Also) -> bool {
    let octets = address.octets();
    let [first, second, third, fourth] = octets;
    let is_stand_in = octets == [1, 2, 3, 4] || (second == first && third == first && fourth == first);
    if address.is_documentation() || is_stand_in && !RESOLVERS.contains(&octets) {
        return also.documentation;
    }
    if address.is_private() || address.is_link_local() || matches!(octets, [100, 64..=127, ..]) {
        return also.private;
    }
    let special = matches!(
        octets,
        [0 | 127 | 224..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [_, _, 0, 0]
    );
    !special && (also.service || !RESOLVERS.contains(&octets) && octets != [223, 6, 6, 6])
}

/// Looks for version 6 in the run of hex digits and colons around the digits `start..end`.
pub(in crate::pii) fn find_v6(view: View<'_>, start: usize, end: usize, also: Also, finds: &mut Finds) {
    const LONGEST: usize = 45;
    let group_end = view.run_end(end, 4, |byte| byte.is_ascii_hexdigit());
    let group_start = view.run_start(start, 4, |byte| byte.is_ascii_hexdigit());
    if end - start > 4 || (view.at(group_end) != b':' && view.before(group_start) != b':') {
        return;
    }
    let of_address = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
    let first = view.run_start(start, LONGEST, of_address);
    // The run is looked at once: from its first digit.
    if view.bytes[first..start].iter().any(u8::is_ascii_digit) {
        return;
    }
    let last = view.run_end(first, LONGEST + 1, |byte| of_address(byte) || byte == b'.');
    let trimmed = view.run_start(last, 2, |byte| matches!(byte, b':' | b'.'));
    for last in (trimmed..=last).rev() {
        let text = std::str::from_utf8(&view.bytes[first..last]).unwrap_or_default();
        if let Ok(address) = text.parse::<Ipv6Addr>()
            && view.opens(first)
            && view.closes(last)
            && is_reported_v6(address, text, also)
        {
            finds.add(first, last, &V6);
            return;
        }
    }
}

fn is_reported_v6(address: Ipv6Addr, text: &str, also: Also) -> bool {
    let segments = address.segments();
    // `2::3` and the like are ratios, times and names more often than addresses.
    if text.bytes().filter(|byte| *byte == b':').count() < 3 {
        return false;
    }
    match segments {
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => also.documentation,
        [0xfe80..=0xfebf | 0xfc00..=0xfdff, ..] => also.private,
        [0x2001, 0x4860, 0x4860, ..] | [0x2606, 0x4700, 0x4700, ..] => also.service,
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}
