//! Where something may stand: one pass over the bytes that most of a text does not survive.
//!
//! A block of 64 bytes becomes one bit mask for each kind of anchor. Where no bit is set, nothing is looked at again.

#[cfg(target_arch = "x86_64")]
mod avx2;

use std::ops::ControlFlow;

/// First byte of U+F000 to U+FFFF, where the full-width forms are.
pub(super) const FULL_WIDTH_LEAD: u8 = 0xEF;

/// Bytes of a block; bit `n` of a mask belongs to byte `n`.
pub(super) const BLOCK: usize = 64;

/// Anchors of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Anchors {
    /// First digits of runs.
    pub digit: u64,
    /// `@`.
    pub at: u64,
    /// Opening brackets.
    pub open: u64,
    /// Capitals behind a byte that is not ASCII.
    pub capital: u64,
    /// Last bytes or letters of what names WeChat: 微, vx, wx, wec, wei, and v behind a byte that is not ASCII.
    pub wechat: u64,
    /// First bytes of what may be a full-width form.
    pub wide: u64,
}

impl Anchors {
    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.digit | self.at | self.open | self.capital | self.wechat | self.wide == 0
    }
}

/// Which bytes of a block are what; anchors are made of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Classes {
    digit: u64,
    at: u64,
    open: u64,
    capital: u64,
    /// Not ASCII.
    high: u64,
    /// Second and third byte of 微.
    be: u64,
    ae: u64,
    v: u64,
    w: u64,
    x: u64,
    e: u64,
    /// c and i.
    ci: u64,
    /// First byte of full-width forms.
    wide: u64,
}

/// The top bits of the block before.
#[derive(Clone, Copy, Debug, Default)]
struct Carry {
    digit: u64,
    high: u64,
    be: u64,
    w: u64,
    v: u64,
    we: u64,
}

impl Carry {
    fn anchors(&mut self, classes: &Classes) -> Anchors {
        let shift = |mask: u64, carry: &mut u64| {
            let shifted = mask << 1 | *carry;
            *carry = mask >> (BLOCK - 1);
            shifted
        };
        let after_digit = shift(classes.digit, &mut self.digit);
        let after_high = shift(classes.high, &mut self.high);
        let after_be = shift(classes.be, &mut self.be);
        let after_w = shift(classes.w, &mut self.w);
        let after_v = shift(classes.v, &mut self.v);
        let after_we = shift(classes.e & after_w, &mut self.we);
        let wechat =
            classes.ae & after_be | classes.x & (after_w | after_v) | classes.ci & after_we | classes.v & after_high;
        Anchors {
            digit: classes.digit & !after_digit,
            at: classes.at,
            open: classes.open,
            capital: classes.capital & after_high,
            wechat,
            wide: classes.wide,
        }
    }
}

/// Calls `found` with the place of each block that has an anchor, in order, until it breaks off; says whether it did not.
#[inline]
pub(super) fn each_block(bytes: &[u8], found: impl FnMut(usize, Anchors) -> ControlFlow<()>) -> bool {
    #[cfg(target_arch = "x86_64")]
    if let Some(classify) = avx2::available() {
        return walk(bytes, classify, found);
    }
    walk(bytes, classify, found)
}

#[inline]
fn walk(
    bytes: &[u8],
    classify: impl Fn(&[u8; BLOCK]) -> Classes,
    mut found: impl FnMut(usize, Anchors) -> ControlFlow<()>,
) -> bool {
    let mut carry = Carry::default();
    let mut place = 0;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    for block in blocks.iter().chain(std::iter::once(&last)) {
        let anchors = carry.anchors(&classify(block));
        if !anchors.is_empty() && found(place, anchors).is_break() {
            return false;
        }
        place += BLOCK;
    }
    true
}

/// The classes by a table: what every processor can do, and what the fast way is held against.
fn classify(block: &[u8; BLOCK]) -> Classes {
    let mut classes = Classes::default();
    for (bit, byte) in block.iter().enumerate() {
        let set = |mask: &mut u64, is_it: bool| *mask |= u64::from(is_it) << bit;
        let lower = byte | 0x20;
        set(&mut classes.digit, byte.is_ascii_digit());
        set(&mut classes.at, *byte == b'@');
        set(&mut classes.open, matches!(byte, b'(' | b'[' | b'{'));
        set(&mut classes.capital, byte.is_ascii_uppercase());
        set(&mut classes.high, *byte >= 0x80);
        set(&mut classes.be, *byte == 0xBE);
        set(&mut classes.ae, *byte == 0xAE);
        set(&mut classes.v, lower == b'v');
        set(&mut classes.w, lower == b'w');
        set(&mut classes.x, lower == b'x');
        set(&mut classes.e, lower == b'e');
        set(&mut classes.ci, matches!(lower, b'c' | b'i'));
        set(&mut classes.wide, *byte == FULL_WIDTH_LEAD);
    }
    classes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(bytes: &[u8], classify: impl Fn(&[u8; BLOCK]) -> Classes) -> Vec<(usize, Anchors)> {
        let mut places = Vec::new();
        walk(bytes, classify, |place, anchors| {
            places.push((place, anchors));
            ControlFlow::Continue(())
        });
        places
    }

    #[test]
    fn anchors_cross_blocks() {
        let text = format!("{}微x1", "a".repeat(BLOCK - 2));
        let [(0, ..)] = places(text.as_bytes(), classify)[..] else {
            let [(place, anchors)] = places(text.as_bytes(), classify)[..] else { panic!("one block") };
            assert_eq!((place, anchors.wechat, anchors.digit), (BLOCK, 0b1, 0b100));
            return;
        };
        panic!("the first block has none");
    }

    proptest! {
        #[test]
        fn the_fast_way_agrees_with_the_table(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            #[cfg(target_arch = "x86_64")]
            if let Some(fast) = avx2::available() {
                prop_assert_eq!(places(&bytes, fast), places(&bytes, classify));
            }
        }

        #[test]
        fn anchors_are_those_of_the_plain_definition(text in "[微信vxwWXeci@(a1\\-九A ]{0,200}") {
            let bytes = text.as_bytes();
            let mut digit = Vec::new();
            let mut wechat = Vec::new();
            walk(bytes, classify, |place, anchors| {
                digit.extend((0..BLOCK).filter(|bit| anchors.digit >> bit & 1 == 1).map(|bit| place + bit));
                wechat.extend((0..BLOCK).filter(|bit| anchors.wechat >> bit & 1 == 1).map(|bit| place + bit));
                ControlFlow::Continue(())
            });
            let at = |place: usize, back: usize| place.checked_sub(back).map_or(0, |it| bytes[it].to_ascii_lowercase());
            let is_digit = |place: &usize| bytes[*place].is_ascii_digit() && !at(*place, 1).is_ascii_digit();
            prop_assert_eq!(digit, (0..bytes.len()).filter(is_digit).collect::<Vec<_>>());
            let is_wechat = |place: &usize| match at(*place, 0) {
                0xAE => at(*place, 1) == 0xBE,
                b'x' => matches!(at(*place, 1), b'v' | b'w'),
                b'c' | b'i' => at(*place, 1) == b'e' && at(*place, 2) == b'w',
                b'v' => at(*place, 1) >= 0x80,
                _ => false,
            };
            prop_assert_eq!(wechat, (0..bytes.len()).filter(is_wechat).collect::<Vec<_>>());
        }
    }
}
