//! Numbers as they are written: groups of digits with signs between them.

use super::view::View;

/// Groups that are read at most; no number of any kind has more.
const MAX_GROUPS: usize = 12;
/// Digits that are read at most.
const MAX_DIGITS: usize = 32;

/// What stands between two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// A space: ASCII, unbroken, or thin.
    Space,
    /// A hyphen or dash.
    Hyphen,
    /// A full stop.
    Dot,
    /// A slash.
    Slash,
    /// An opening bracket, perhaps with a space or hyphen before it.
    Open,
    /// A closing bracket, perhaps with a space or hyphen behind it.
    Close,
}

/// A run of digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// First byte.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
    /// Digits of the chain up to its end.
    pub total: usize,
}

impl Group {
    /// Number of its digits.
    pub const fn len(&self) -> usize {
        self.end - self.start
    }
}

/// Groups of digits that one sign each divides, from a given group on.
#[derive(Debug)]
pub(super) struct Chain {
    groups: [Group; MAX_GROUPS],
    gaps: [Gap; MAX_GROUPS],
    lens: [u8; MAX_GROUPS],
    len: usize,
    digits: [u8; MAX_DIGITS],
}

impl Chain {
    /// Reads the chain whose first group begins at `start`, where a digit stands.
    pub fn read(view: View<'_>, start: usize) -> Self {
        let none = Group { start, end: start, total: 0 };
        let mut chain = Self {
            groups: [none; MAX_GROUPS],
            gaps: [Gap::Space; MAX_GROUPS],
            lens: [0; MAX_GROUPS],
            len: 0,
            digits: [0; MAX_DIGITS],
        };
        let (mut at, mut gap, mut total) = (start, Gap::Space, 0);
        while chain.len < MAX_GROUPS {
            let end = view.run_end(at, MAX_DIGITS + 1 - total, |byte| byte.is_ascii_digit());
            let count = end - at;
            if count == 0 || total + count > MAX_DIGITS {
                break;
            }
            chain.digits[total..total + count].copy_from_slice(&view.bytes[at..end]);
            total += count;
            chain.groups[chain.len] = Group { start: at, end, total };
            chain.gaps[chain.len] = gap;
            chain.lens[chain.len] = count as u8;
            chain.len += 1;
            let Some((next, length)) = gap_at(view, end) else { break };
            (gap, at) = (next, end + length);
        }
        chain
    }

    /// The groups.
    pub fn groups(&self) -> &[Group] {
        &self.groups[..self.len]
    }

    /// Numbers of digits, group by group.
    pub fn lens(&self) -> &[u8] {
        &self.lens[..self.len]
    }

    /// The digits of the first `groups` groups, in ASCII.
    pub fn digits(&self, groups: usize) -> &[u8] {
        match groups.checked_sub(1) {
            None => &[],
            Some(last) => &self.digits[..self.groups[last].total],
        }
    }

    /// The signs between the first `groups` groups.
    pub fn gaps(&self, groups: usize) -> &[Gap] {
        self.gaps.get(1..groups).unwrap_or_default()
    }

    /// The sign that leads from the first `groups` groups to the next, where there is one.
    pub fn gap_after(&self, groups: usize) -> Option<Gap> {
        (groups < self.len).then(|| self.gaps[groups])
    }

    /// Whether one sign, space or hyphen, divides the first `groups` groups.
    pub fn is_even(&self, groups: usize) -> bool {
        let gaps = self.gaps(groups);
        match gaps.first() {
            None => true,
            Some(first) => matches!(first, Gap::Space | Gap::Hyphen) && gaps.iter().all(|gap| gap == first),
        }
    }

    /// Whether a number may end with the first `groups` groups: no word, decimal or further part follows.
    pub fn closes(&self, view: View<'_>, groups: usize) -> bool {
        closes_number(view, self.groups[groups - 1].end)
    }
}

/// Whether a number may end at the position.
pub(super) fn closes_number(view: View<'_>, end: usize) -> bool {
    match view.at(end) {
        b'.' | b'-' => !(view.at(end + 1).is_ascii_alphanumeric() || view.placeholder_at(end + 1).is_some()),
        b'%' => false,
        _ => view.closes(end),
    }
}

/// Whether a number may begin at the position: no word, decimal, amount or further part stands before it.
pub(super) fn opens_number(view: View<'_>, start: usize) -> bool {
    match view.before(start) {
        b'.' | b'-' => !(view.back(start, 2).is_ascii_alphanumeric() || view.placeholder_before(start - 1).is_some()),
        b'$' | b'#' | b'%' => false,
        _ => view.opens(start),
    }
}

/// Whether a sign and then a placeholder follow: what was a further group is taken out.
pub(super) fn is_cut(view: View<'_>, end: usize) -> bool {
    sign_at(view, end).is_some_and(|(_, length)| view.placeholder_at(end + length).is_some())
}

/// The sign at a position that a digit follows, and its length in bytes.
fn gap_at(view: View<'_>, at: usize) -> Option<(Gap, usize)> {
    sign_at(view, at).filter(|(_, length)| view.at(at + length).is_ascii_digit())
}

/// The sign at a position, and its length in bytes.
fn sign_at(view: View<'_>, at: usize) -> Option<(Gap, usize)> {
    let found = match view.at(at) {
        b' ' | b'-' if view.at(at + 1) == b'(' => (Gap::Open, 2),
        b' ' => (Gap::Space, 1),
        b'-' => (Gap::Hyphen, 1),
        b'.' => (Gap::Dot, 1),
        b'/' => (Gap::Slash, 1),
        b'(' => (Gap::Open, 1),
        b')' if matches!(view.at(at + 1), b' ' | b'-') => (Gap::Close, 2),
        b')' => (Gap::Close, 1),
        0xC2 if view.at(at + 1) == 0xA0 => (Gap::Space, 2),
        0xE2 if view.at(at + 1) == 0x80 => match view.at(at + 2) {
            0x80..=0x8A | 0xAF => (Gap::Space, 3),
            0x90..=0x95 => (Gap::Hyphen, 3),
            _ => return None,
        },
        _ => return None,
    };
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Chain {
        Chain::read(View { bytes: text.as_bytes() }, text.find(|c: char| c.is_ascii_digit()).unwrap())
    }

    #[test]
    fn groups_and_signs_are_told_apart() {
        let chain = read("(898)666-3621");
        assert_eq!((chain.lens(), chain.gaps(3)), (&[3, 3, 4][..], &[Gap::Close, Gap::Hyphen][..]));
        let chain = read("46 (0)157 548 89 ");
        assert_eq!(chain.gaps(5), [Gap::Open, Gap::Close, Gap::Space, Gap::Space]);
        assert_eq!((chain.digits(2), chain.digits(9.min(chain.lens().len()))), (&b"460"[..], &b"46015754889"[..]));
        let chain = read("138\u{a0}1234\u{2010}5678");
        assert_eq!((chain.lens(), chain.gaps(3)), (&[3, 4, 4][..], &[Gap::Space, Gap::Hyphen][..]));
        assert_eq!(read("1--2").lens(), [1]);
        assert_eq!(read("1  2").lens(), [1]);
    }

    #[test]
    fn a_chain_has_bounds() {
        assert_eq!(read(&"1 ".repeat(40)).lens().len(), MAX_GROUPS);
        assert_eq!(read(&"1".repeat(40)).lens().len(), 0);
        assert_eq!(read(&format!("12 {}", "1".repeat(31))).lens(), [2]);
    }

    #[test]
    fn numbers_have_borders() {
        let closes = |text: &str| closes_number(View { bytes: text.as_bytes() }, 0);
        assert!(closes("") && closes(".") && closes(". A") && closes("-") && closes("好") && closes("@x"));
        assert!(!closes("a") && !closes(".5") && !closes("-5") && !closes(".jpg") && !closes("%") && !closes("_"));
        assert!(closes("-[1]") && !closes("-[IBAN]") && !closes(".[QQ]"));
        let opens = |text: &str| opens_number(View { bytes: text.as_bytes() }, text.len());
        assert!(opens("") && opens("好") && opens(" -") && opens("：") && opens("/") && opens("..."));
        assert!(!opens("a") && !opens("3.") && !opens("3-") && !opens("$") && !opens("_"));
        assert!(opens("[1]-") && !opens("[IBAN]-") && !opens("[MAC]."));
    }
}
