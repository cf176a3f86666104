//! Hardware address of a network interface.

use tamis_rules::PiiKind;

use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::view::{View, is_word};

/// Six pairs, or three fours.
pub(in crate::pii) static EUI48: PiiForm = PiiForm {
    kind: PiiKind::Mac,
    name: "mac.eui48",
    description: "six pairs of hex digits with colons or hyphens, or three fours with dots, one of them a letter and one a digit; no group or reserved address",
    source: "IEEE 802 (EUI-48); RFC 9542 (reserved blocks)",
    weight: weight::NAMED,
};

pub(in crate::pii) static WORDS: crate::pii::context::Context =
    crate::pii::context::Context::new(&["mac", "mac address", "物理地址", "网卡", "硬件地址", "hwaddr", "ether"], 12);

const LENGTH: usize = 17;
const DOTTED_LENGTH: usize = 14;

/// Looks for an address of which the run of digits `start..end` holds the first.
pub(in crate::pii) fn find(view: View<'_>, start: usize, end: usize, finds: &mut Finds) {
    if end - start > 4 {
        return;
    }
    let sign = |byte: u8| matches!(byte, b':' | b'-');
    if end - start <= 2 && is_near(view, start, 2, sign) {
        let floor = view.run_start(start, LENGTH - 1, |byte| is_letter(byte) || sign(byte));
        (floor..=start).for_each(|first| find_at(view, first, read_pairs, LENGTH, finds));
    }
    if is_near(view, start, 4, |byte| byte == b'.') {
        let floor = view.run_start(start, DOTTED_LENGTH - 1, |byte| is_letter(byte) || byte == b'.');
        (floor..=start).for_each(|first| find_at(view, first, read_fours, DOTTED_LENGTH, finds));
    }
}

/// Whether a sign stands within a group's length before the position or behind it.
fn is_near(view: View<'_>, position: usize, group: usize, sign: impl Fn(u8) -> bool) -> bool {
    (1..=group).any(|distance| sign(view.at(position + distance)) || sign(view.back(position, distance)))
}

const fn is_letter(byte: u8) -> bool {
    matches!(byte, b'a'..=b'f' | b'A'..=b'F')
}

fn find_at(
    view: View<'_>,
    first: usize,
    read: fn(View<'_>, usize) -> Option<[u8; 12]>,
    length: usize,
    finds: &mut Finds,
) {
    let group = if length == LENGTH { 2 } else { 4 };
    if !view.opens(first) || follows_group(view, first, group) {
        return;
    }
    let Some(digits) = read(view, first) else { return };
    let end = first + length;
    let sign = view.at(first + group);
    let closes = view.closes(end) && !(view.at(end) == sign && view.at(end + 1).is_ascii_hexdigit());
    // Tables of other things have dots and capitals too.
    let lettered = digits.iter().any(u8::is_ascii_alphabetic)
        && (sign != b'.' || !view.bytes[first..end].iter().any(u8::is_ascii_uppercase));
    if closes && !is_reserved(&digits) && (lettered || WORDS.before(view, first)) {
        finds.add(first, end, &EUI48);
    }
}

/// Whether one more group with its sign stands before the first: then it is no address of six.
fn follows_group(view: View<'_>, first: usize, group: usize) -> bool {
    let sign = view.before(first);
    let signed = if group == 2 { matches!(sign, b':' | b'-') } else { sign == b'.' };
    signed
        && (2..2 + group).all(|back| view.back(first, back).is_ascii_hexdigit())
        && !is_word(view.back(first, group + 2))
}

/// The twelve digits of six pairs with one sign, in lower case.
fn read_pairs(view: View<'_>, first: usize) -> Option<[u8; 12]> {
    let sign = view.at(first + 2);
    read_groups(view, first, 2, sign).filter(|_| matches!(sign, b':' | b'-'))
}

fn read_fours(view: View<'_>, first: usize) -> Option<[u8; 12]> {
    read_groups(view, first, 4, b'.')
}

fn read_groups(view: View<'_>, first: usize, group: usize, sign: u8) -> Option<[u8; 12]> {
    let mut digits = [0; 12];
    let mut at = first;
    for (count, digit) in digits.iter_mut().enumerate() {
        if count > 0 && count % group == 0 {
            if view.at(at) != sign {
                return None;
            }
            at += 1;
        }
        *digit = view.at(at).to_ascii_lowercase();
        if !digit.is_ascii_hexdigit() {
            return None;
        }
        at += 1;
    }
    Some(digits)
}

/// Nought, broadcast, the blocks of IANA and of the multicast protocols: addresses of no device.
fn is_reserved(digits: &[u8; 12]) -> bool {
    digits.iter().all(|digit| *digit == digits[0])
        || [&b"00005e"[..], b"01005e", b"3333", b"0180c2"].iter().any(|block| digits.starts_with(block))
}
