//! The kernel: logits of all windows of a text from sums over half windows.

use super::model::inverse_norm;
use super::{LinearModel, NgramReader};

/// Rows that may be added in 16 bits before the sums can overflow: 256 · 127 < 2^15.
const SPILL: usize = 256;

/// Windows of one text, and the memory for those of the next.
///
/// The text is cut into blocks of half a window; a window is two neighbouring blocks, and a text of one block or less
/// is one window. An n-gram belongs to the block of the character that it was said at.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    /// First byte of every block in the text.
    starts: Vec<usize>,
    /// N-grams per block.
    counts: Vec<u32>,
    /// Sums per block and lane.
    sums: Vec<i32>,
    text_len: usize,
    chars: usize,
    ids: Vec<u32>,
    short: Vec<i16>,
}

impl Windows {
    /// Reads a normalised text; `window` is in characters.
    pub fn read(&mut self, model: &LinearModel, text: &str, window: usize) {
        let half = (window / 2).max(1);
        self.starts.clear();
        self.counts.clear();
        self.sums.clear();
        self.text_len = text.len();
        self.chars = 0;
        self.ids.clear();
        let mut reader = NgramReader::new();
        let mut left = half;
        self.starts.push(0);
        for (at, c) in text.char_indices() {
            if left == 0 {
                self.close_block(model);
                self.starts.push(at);
                left = half;
            }
            left -= 1;
            self.chars += 1;
            reader.read(c, |id| self.ids.push(id));
        }
        reader.finish(|id| self.ids.push(id));
        self.close_block(model);
    }

    fn close_block(&mut self, model: &LinearModel) {
        let stride = model.stride();
        let from = self.sums.len();
        self.sums.resize(from + stride, 0);
        self.short.resize(stride, 0);
        let sums = &mut self.sums[from..];
        for ids in self.ids.chunks(SPILL) {
            self.short.fill(0);
            for &id in ids {
                add(&mut self.short, model.row(id));
            }
            sums.iter_mut().zip(&self.short).for_each(|(sum, &short)| *sum += i32::from(short));
        }
        self.counts.push(self.ids.len() as u32);
        self.ids.clear();
    }

    /// Number of windows, at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.len().saturating_sub(1).max(1)
    }

    /// Whether nothing was read yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Characters of the text.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.chars
    }

    /// Bytes of the text that a window covers.
    #[must_use]
    pub fn range(&self, window: usize) -> std::ops::Range<usize> {
        self.starts[window]..self.starts.get(window + 2).copied().unwrap_or(self.text_len)
    }

    /// Calls `say` with every window's logits, one per head.
    pub fn logits(&self, model: &LinearModel, out: &mut Vec<f32>, mut say: impl FnMut(&[f32])) {
        let (stride, heads) = (model.stride(), model.heads());
        for window in 0..self.len() {
            let second = window + 1 < self.counts.len();
            let ngrams = self.counts[window] + if second { self.counts[window + 1] } else { 0 };
            let norm = inverse_norm(ngrams as usize);
            let first = &self.sums[window * stride..][..heads];
            out.clear();
            if second {
                let next = &self.sums[(window + 1) * stride..][..heads];
                let sums = first.iter().zip(next).map(|(a, b)| a + b);
                out.extend(sums.enumerate().map(|(head, sum)| model.logit(head, sum, norm)));
            } else {
                out.extend(first.iter().enumerate().map(|(head, &sum)| model.logit(head, sum, norm)));
            }
            say(out);
        }
    }
}

/// Adds a row of weights to sums of the same length, a multiple of 32.
#[inline]
fn add(sums: &mut [i16], row: &[i8]) {
    let (sums, _) = sums.as_chunks_mut::<32>();
    let (row, _) = row.as_chunks::<32>();
    for (sums, row) in sums.iter_mut().zip(row) {
        for (sum, &weight) in sums.iter_mut().zip(row) {
            *sum = sum.wrapping_add(i16::from(weight));
        }
    }
}
