//! The kernel: logits of all windows of a text from prefix sums.

use super::model::inverse_norm;
use super::{LinearModel, NgramReader};
use crate::Pooling;

/// Rows that may be added in 16 bits before the sums can overflow: 256 · 127 < 2^15.
const SPILL: usize = 256;
/// Sentences shorter than this share of a window are taken together with what follows.
const LEAST_SHARE: usize = 5;

/// Windows of one text, and the memory for those of the next.
///
/// There are two kinds. *Grid* windows begin at every half window; a text of half a window or less is one. *Sentences* are
/// what stands between line breaks and `. ! ? ; …` (those of Chinese too), where that is shorter than a window: what is said
/// in one sentence is then not diluted by its neighbours. Short sentences are taken together with the next ones. An n-gram
/// belongs to the character that it was said at.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    /// First byte of every block; blocks end where a window may begin or end.
    starts: Vec<usize>,
    /// N-grams before every block, and before the end.
    counts: Vec<u32>,
    /// Sums per lane before every block, and before the end.
    sums: Vec<i32>,
    /// Blocks of every window, from and to.
    spans: Vec<(u32, u32)>,
    /// First block of every half window.
    grid: Vec<u32>,
    text_len: usize,
    chars: usize,
    ids: Vec<u32>,
    short: Vec<i16>,
}

impl Windows {
    /// Reads a normalised text; `window` is in characters, `line_breaks` are places of spaces that were line breaks, in
    /// order.
    pub fn read(&mut self, model: &LinearModel, text: &str, line_breaks: &[usize], window: usize) {
        let half = (window / 2).max(1);
        self.clear(model, text);
        let mut reader = NgramReader::new();
        let mut breaks = line_breaks.iter().copied().peekable();
        let mut sentence = Sentence::default();
        let mut left = half;
        let mut ended = false;
        let mut before = ' ';
        for (at, c) in text.char_indices() {
            let sentence_ends = ended && c != ' ';
            if left == 0 || sentence_ends {
                self.close_block(model, at);
            }
            if left == 0 {
                self.grid.push(self.blocks());
                left = half;
            }
            if sentence_ends {
                self.end_sentence(&mut sentence, window);
                ended = false;
            }
            left -= 1;
            self.chars += 1;
            sentence.chars += 1;
            reader.read(c, |id| self.ids.push(id));
            let broke = breaks.next_if(|&place| place == at).is_some();
            ended |= broke || ends_sentence(before, c);
            before = c;
        }
        reader.finish(|id| self.ids.push(id));
        self.close_block(model, text.len());
        self.end_sentence(&mut sentence, window);
        self.add_grid();
    }

    fn clear(&mut self, model: &LinearModel, text: &str) {
        self.starts.clear();
        self.starts.push(0);
        self.counts.clear();
        self.counts.push(0);
        self.sums.clear();
        self.sums.resize(model.stride(), 0);
        self.short.resize(model.stride(), 0);
        self.spans.clear();
        self.grid.clear();
        self.grid.push(0);
        self.text_len = text.len();
        self.chars = 0;
        self.ids.clear();
    }

    /// Number of closed blocks.
    fn blocks(&self) -> u32 {
        (self.counts.len() - 1) as u32
    }

    fn close_block(&mut self, model: &LinearModel, end: usize) {
        let stride = model.stride();
        let from = self.sums.len();
        self.sums.extend_from_within(from - stride..);
        let sums = &mut self.sums[from..];
        for ids in self.ids.chunks(SPILL) {
            self.short.fill(0);
            for &id in ids {
                add(&mut self.short, model.row(id));
            }
            sums.iter_mut().zip(&self.short).for_each(|(sum, &short)| *sum += i32::from(short));
        }
        let before = self.counts.last().copied().unwrap_or(0);
        self.counts.push(before + self.ids.len() as u32);
        self.starts.push(end);
        self.ids.clear();
    }

    /// Closes a sentence, if what has been read since the last is long enough to be one.
    fn end_sentence(&mut self, sentence: &mut Sentence, window: usize) {
        if sentence.chars * LEAST_SHARE < window {
            return;
        }
        let to = self.blocks();
        if sentence.chars <= window {
            self.spans.push((sentence.from, to));
        }
        *sentence = Sentence { from: to, chars: 0 };
    }

    fn add_grid(&mut self) {
        let end = self.blocks();
        for at in 0..self.grid.len().saturating_sub(1).max(1) {
            let span = (self.grid[at], self.grid.get(at + 2).copied().unwrap_or(end));
            // Only a text of one window can have a sentence that is the same.
            if self.spans.first() != Some(&span) {
                self.spans.push(span);
            }
        }
    }

    /// Number of windows, at least 1 once a text was read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether nothing was read yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Characters of the text.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.chars
    }

    /// Bytes of the text that a window covers.
    #[must_use]
    pub fn range(&self, window: usize) -> std::ops::Range<usize> {
        let (from, to) = self.spans[window];
        self.starts[from as usize]..self.starts.get(to as usize).copied().unwrap_or(self.text_len)
    }

    /// Pools all windows, one [`Pooling`] per head, into `pooling`; `logits` is memory.
    pub fn pool(&self, model: &LinearModel, logits: &mut Vec<f32>, pooling: &mut Vec<Pooling>) {
        pooling.clear();
        pooling.resize(model.heads(), Pooling::new(0.0));
        self.logits(model, logits, |logits| {
            pooling.iter_mut().zip(logits).for_each(|(pooling, &logit)| pooling.push(logit));
        });
    }

    /// Calls `say` with every window's logits, one per head; `out` is memory.
    pub fn logits(&self, model: &LinearModel, out: &mut Vec<f32>, mut say: impl FnMut(&[f32])) {
        let (stride, heads) = (model.stride(), model.heads());
        for &(from, to) in &self.spans {
            let (from, to) = (from as usize, to as usize);
            let norm = inverse_norm((self.counts[to] - self.counts[from]) as usize);
            let before = &self.sums[from * stride..][..heads];
            let behind = &self.sums[to * stride..][..heads];
            out.clear();
            let sums = before.iter().zip(behind).map(|(before, behind)| behind - before);
            out.extend(sums.enumerate().map(|(head, sum)| model.logit(head, sum, norm)));
            say(out);
        }
    }
}

/// A sentence while it is read.
#[derive(Clone, Copy, Default)]
struct Sentence {
    from: u32,
    chars: usize,
}

/// Whether a sentence ends behind `c`, which stands behind `before`.
fn ends_sentence(before: char, c: char) -> bool {
    match c {
        '。' | '!' | '?' | ';' | '…' | '\n' => true,
        // A full stop ends a sentence where a space follows, which the next character shows.
        ' ' => before == '.',
        _ => false,
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

#[cfg(test)]
mod tests {
    use super::super::BUCKETS;
    use super::*;

    fn model() -> LinearModel {
        let weights = (0..BUCKETS * 2).map(|at| if at < 2 { 0 } else { ((at * 2_654_435_761) >> 7) as i8 });
        LinearModel::new(&weights.collect::<Vec<_>>(), vec![0.01, 0.02], vec![-0.5, 0.5])
    }

    fn spans<'t>(text: &'t str, breaks: &[usize], window: usize) -> Vec<&'t str> {
        let mut windows = Windows::default();
        windows.read(&model(), text, breaks, window);
        (0..windows.len()).map(|at| &text[windows.range(at)]).collect()
    }

    #[test]
    fn grid_windows_overlap_by_half() {
        assert_eq!(spans("", &[], 8), [""]);
        assert_eq!(spans("abc", &[], 8), ["abc"]);
        assert_eq!(spans("abcdefghijkl", &[], 8), ["abcdefgh", "efghijkl"]);
        assert_eq!(spans("abcdefghijklm", &[], 8), ["abcdefgh", "efghijkl", "ijklm"]);
    }

    #[test]
    fn sentences_are_windows_of_their_own() {
        let got = spans("面粉过筛。然后和面!再醒一会儿。好。", &[], 10);
        for sentence in ["面粉过筛。", "然后和面!", "再醒一会儿。", "好。"] {
            assert!(got.contains(&sentence), "{sentence} in {got:?}");
        }
        let got = spans("flour is sieved. it is 3.5 kg then kneaded", &[], 40);
        assert!(got.contains(&"flour is sieved. ") && got.contains(&"it is 3.5 kg then kneaded"), "{got:?}");
        let got = spans("one line another line", &[8], 20);
        assert!(got.contains(&"one line ") && got.contains(&"another line"), "{got:?}");
    }

    #[test]
    fn a_window_says_what_its_ngrams_say() {
        let model = model();
        let text = "用 sieve 过筛面粉, 3 次。then rest it for a while; and bake";
        let mut windows = Windows::default();
        windows.read(&model, text, &[], text.chars().count());
        let mut out = Vec::new();
        let mut all = Vec::new();
        windows.logits(&model, &mut out, |logits| all.push(logits.to_vec()));
        let whole = (0..windows.len()).find(|&at| windows.range(at) == (0..text.len())).unwrap();
        assert_eq!(all[whole], model.logits(&super::super::ngrams(text)));
    }
}
