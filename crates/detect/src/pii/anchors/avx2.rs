//! The classes of a block with AVX2.
//!
//! The only `unsafe` of the crate: a function that is compiled for AVX2 is called after the processor was asked whether
//! it has it. Its intrinsics read no memory; blocks come in as arrays.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x,
    _mm256_set1_epi8, _mm256_sub_epi8,
};

use super::{BLOCK, Classes, FULL_WIDTH_LEAD};

/// The function, where this processor can run it.
#[inline]
pub(super) fn available() -> Option<impl Fn(&[u8; BLOCK]) -> Classes> {
    // SAFETY: only called where the processor has AVX2, which is all that the function asks for.
    is_x86_feature_detected!("avx2").then_some(|block: &[u8; BLOCK]| unsafe { classify(block) })
}

#[target_feature(enable = "avx2")]
fn classify(block: &[u8; BLOCK]) -> Classes {
    let (low, high) = block.split_at(BLOCK / 2);
    let halves = [load(low), load(high)];
    let folded = halves.map(|half| _mm256_or_si256(half, splat(0x20)));
    let open = |half| {
        let is = |byte| _mm256_cmpeq_epi8(half, splat(byte));
        _mm256_or_si256(_mm256_or_si256(is(b'('), is(b'[')), is(b'{'))
    };
    let ci = |half| _mm256_or_si256(_mm256_cmpeq_epi8(half, splat(b'c')), _mm256_cmpeq_epi8(half, splat(b'i')));
    Classes {
        digit: bits(halves.map(|half| within(half, b'0', 9))),
        at: equal(halves, b'@'),
        open: bits(halves.map(open)),
        capital: bits(halves.map(|half| within(half, b'A', 25))),
        high: bits(halves),
        be: equal(halves, 0xBE),
        ae: equal(halves, 0xAE),
        v: equal(folded, b'v'),
        w: equal(folded, b'w'),
        x: equal(folded, b'x'),
        e: equal(folded, b'e'),
        ci: bits(folded.map(ci)),
        wide: equal(halves, FULL_WIDTH_LEAD),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8]) -> __m256i {
    let word = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[8 * at..8 * at + 8]);
        i64::from_le_bytes(word)
    };
    _mm256_set_epi64x(word(3), word(2), word(1), word(0))
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(byte: u8) -> __m256i {
    _mm256_set1_epi8(byte.cast_signed())
}

/// Bytes from `first` to `first + span`.
#[inline]
#[target_feature(enable = "avx2")]
fn within(half: __m256i, first: u8, span: u8) -> __m256i {
    let offset = _mm256_sub_epi8(half, splat(first));
    _mm256_cmpeq_epi8(_mm256_min_epu8(offset, splat(span)), offset)
}

#[inline]
#[target_feature(enable = "avx2")]
fn equal(halves: [__m256i; 2], byte: u8) -> u64 {
    bits(halves.map(|half| _mm256_cmpeq_epi8(half, splat(byte))))
}

/// The top bit of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn bits(halves: [__m256i; 2]) -> u64 {
    let [low, high] = halves.map(|half| u64::from(_mm256_movemask_epi8(half).cast_unsigned()));
    low | high << 32
}
