//! Windows of tokens, and the fixed shapes of the batches that they go through the network in.

use std::ops::Range;

/// Shortest batches are so many tokens long.
const SHORTEST: usize = 16;

/// Windows over `tokens` tokens, `size` long and half overlapping, as those of characters are: none where there are no
/// tokens, one where half a window holds them all.
pub(super) fn windows(tokens: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    let half = (size / 2).max(1);
    let blocks = tokens.div_ceil(half);
    let count = if blocks == 0 { 0 } else { (blocks - 1).max(1) };
    (0..count).map(move |at| at * half..(at * half + 2 * half).min(tokens))
}

/// The shapes of batches: one per length, each with a fixed number of rows. So what a row is computed with never
/// depends on how many others there are.
#[derive(Clone, Debug)]
pub(super) struct Shapes {
    /// Ascending.
    lengths: Vec<usize>,
    budget: usize,
}

/// The shape of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub rows: usize,
    /// Tokens of a row, padding included.
    pub length: usize,
}

impl Shapes {
    /// Shapes of at most `budget` tokens each, but of one row at least. Lengths grow by a third or a half; those of
    /// `full` windows are among them, because most windows of long texts are full.
    pub fn new(full: &[usize], budget: usize) -> Self {
        let longest = full.iter().copied().max().unwrap_or(SHORTEST);
        let ladder =
            (0..usize::BITS - SHORTEST.ilog2()).flat_map(|step| [SHORTEST << step, (SHORTEST << step) * 3 / 2]);
        let mut lengths: Vec<usize> =
            ladder.take_while(|&length| length < longest).chain(full.iter().copied()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Self { lengths, budget }
    }

    /// The shape of the batches of this length.
    fn shape(&self, length: usize) -> Shape {
        Shape { rows: (self.budget / length).max(1), length }
    }

    /// The longest shape.
    pub fn longest(&self) -> usize {
        self.lengths.last().copied().unwrap_or(SHORTEST)
    }

    /// Batches of windows with so many tokens each, special ones included: the longest first, windows in order.
    pub fn plan(&self, tokens: &[usize]) -> Vec<(Shape, Vec<usize>)> {
        let mut buckets = vec![Vec::new(); self.lengths.len()];
        for (window, &count) in tokens.iter().enumerate() {
            buckets[self.lengths.partition_point(|&length| length < count).min(self.lengths.len() - 1)].push(window);
        }
        let batches = buckets.iter().zip(&self.lengths).rev().flat_map(|(windows, &length)| {
            let shape = self.shape(length);
            windows.chunks(shape.rows).map(move |windows| (shape, windows.to_vec()))
        });
        batches.collect()
    }
}

/// Rows of a batch, without those that fill it up.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub shape: Shape,
    /// Tokens of every row, filled up to the shape's length.
    ids: Vec<i64>,
    /// Tokens per row before that.
    tokens: Vec<usize>,
}

/// A batch as the network takes it.
#[derive(Clone, Debug)]
pub(super) struct Filled {
    pub shape: Shape,
    pub ids: Vec<i64>,
    pub mask: Vec<i64>,
}

impl Block {
    /// No row yet.
    pub fn new(shape: Shape) -> Self {
        Self { shape, ids: Vec::with_capacity(shape.rows * shape.length), tokens: Vec::with_capacity(shape.rows) }
    }

    /// Adds a row, filled up with `pad`.
    pub fn push(&mut self, ids: impl Iterator<Item = u32>, pad: u32) {
        let from = self.ids.len();
        self.ids.extend(ids.map(i64::from));
        self.tokens.push(self.ids.len() - from);
        self.ids.resize(from + self.shape.length, i64::from(pad));
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Tokens of all rows.
    pub fn tokens(&self) -> usize {
        self.tokens.iter().sum()
    }

    /// Some of the rows as a batch of `rows` rows; `empty` fills it up.
    pub fn fill(&self, range: Range<usize>, rows: usize, empty: &EmptyRow) -> Filled {
        let length = self.shape.length;
        let mut ids = Vec::with_capacity(rows * length);
        let mut mask = Vec::with_capacity(rows * length);
        ids.extend_from_slice(&self.ids[range.start * length..range.end * length]);
        let counts = self.tokens[range.clone()].iter().copied();
        for count in counts.chain((range.len()..rows).map(|_| empty.ids.len().min(length))) {
            mask.resize(mask.len() + count, 1);
            mask.resize(mask.len() + length - count, 0);
        }
        while ids.len() < rows * length {
            let end = ids.len() + length;
            ids.extend(empty.ids.iter().take(length));
            ids.resize(end, empty.pad);
        }
        Filled { shape: Shape { rows, length }, ids, mask }
    }
}

/// What fills up a batch: the tokens of an empty text. Where there are none it is one token of padding that counts,
/// because networks divide by the number of tokens.
#[derive(Clone, Debug)]
pub(super) struct EmptyRow {
    ids: Vec<i64>,
    pad: i64,
}

impl EmptyRow {
    pub fn new(special: impl Iterator<Item = u32>, pad: u32) -> Self {
        let mut ids: Vec<i64> = special.map(i64::from).collect();
        if ids.is_empty() {
            ids.push(i64::from(pad));
        }
        Self { ids, pad: i64::from(pad) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_overlap_by_half_and_leave_nothing_out() {
        let all = |tokens, size| windows(tokens, size).map(|it| (it.start, it.end)).collect::<Vec<_>>();
        assert_eq!(all(0, 8), []);
        assert_eq!(all(3, 8), [(0, 3)]);
        assert_eq!(all(8, 8), [(0, 8)]);
        assert_eq!(all(9, 8), [(0, 8), (4, 9)]);
        assert_eq!(all(17, 8), [(0, 8), (4, 12), (8, 16), (12, 17)]);
    }

    #[test]
    fn lengths_have_those_of_full_windows() {
        let shapes = Shapes::new(&[130, 66, 130], 512);
        assert_eq!(shapes.lengths, [16, 24, 32, 48, 64, 66, 96, 128, 130]);
        assert_eq!(shapes.shape(130), Shape { rows: 3, length: 130 });
        assert_eq!(Shapes::new(&[600], 512).shape(600).rows, 1);
        assert_eq!(Shapes::new(&[10], 512).lengths, [10]);
    }

    #[test]
    fn a_plan_has_every_window_once_in_batches_of_its_length() {
        let shapes = Shapes::new(&[32], 64);
        let plan = shapes.plan(&[5, 32, 16, 17, 20, 1, 2, 3, 30]);
        let expected = [
            (Shape { rows: 2, length: 32 }, vec![1, 8]),
            (Shape { rows: 2, length: 24 }, vec![3, 4]),
            (Shape { rows: 4, length: 16 }, vec![0, 2, 5, 6]),
            (Shape { rows: 4, length: 16 }, vec![7]),
        ];
        assert_eq!(plan, expected);
    }

    #[test]
    fn what_fills_up_is_masked() {
        let mut block = Block::new(Shape { rows: 3, length: 4 });
        block.push([7, 8, 9].into_iter(), 0);
        block.push([5].into_iter(), 0);
        assert_eq!((block.len(), block.tokens()), (2, 4));
        let filled = block.fill(0..2, 3, &EmptyRow::new([2, 3].into_iter(), 0));
        assert_eq!(filled.ids, [7, 8, 9, 0, 5, 0, 0, 0, 2, 3, 0, 0]);
        assert_eq!(filled.mask, [1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0]);
        let alone = block.fill(1..2, 1, &EmptyRow::new([].into_iter(), 0));
        assert_eq!((alone.ids, alone.mask), (vec![5, 0, 0, 0], vec![1, 0, 0, 0]));
    }
}
