//! Where each normalised byte came from.

use std::ops::Range;

/// A stretch of normalised text that came, as one unit, from a stretch of the original. Between two edits text is
/// as long as it was, so that positions differ by a constant there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edit {
    normal_start: usize,
    /// Equal to `normal_start` where characters vanished.
    normal_end: usize,
    original_start: usize,
    original_end: usize,
}

/// The edits of one text, in order of both positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edits {
    list: Vec<Edit>,
}

impl Edits {
    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The stretch `normal` came from `original`.
    pub(super) fn replace(&mut self, normal: Range<usize>, original: Range<usize>) {
        self.list.push(Edit {
            normal_start: normal.start,
            normal_end: normal.end,
            original_start: original.start,
            original_end: original.end,
        });
    }

    /// The stretch `original` vanished before the normalised position `at`.
    pub(super) fn drop(&mut self, at: usize, original: Range<usize>) {
        match self.list.last_mut() {
            Some(last) if last.normal_start == at && last.original_end == original.start => {
                last.original_end = original.end;
            }
            _ => self.replace(at..at, original),
        }
    }

    /// The last normalised character, at `normal`, now ends at `normal_end` and came also from what the original
    /// has up to `original_end`.
    pub(super) fn extend(&mut self, normal: Range<usize>, normal_end: usize, original_end: usize) {
        while self.list.last().is_some_and(|last| last.normal_start >= normal.end) {
            self.list.pop();
        }
        match self.list.last_mut() {
            Some(last) if last.normal_end > normal.start => {
                last.normal_end = normal_end;
                last.original_end = original_end;
            }
            last => {
                let start = last.map_or(normal.start, |last| after(last, normal.start));
                self.replace(normal.start..normal_end, start..original_end);
            }
        }
    }

    /// Where the unit that has the normalised byte `at` begins.
    pub(super) fn original_start(&self, at: usize) -> usize {
        match self.before(|edit| edit.normal_start <= at) {
            Some(edit) if at < edit.normal_end => edit.original_start,
            Some(edit) => after(edit, at),
            None => at,
        }
    }

    /// Where the unit that has the normalised byte before `end` ends.
    pub(super) fn original_end(&self, end: usize) -> usize {
        match self.before(|edit| edit.normal_start < end) {
            Some(edit) if end <= edit.normal_end => edit.original_end,
            Some(edit) => after(edit, end),
            None => end,
        }
    }

    fn before(&self, holds: impl Fn(&Edit) -> bool) -> Option<&Edit> {
        let count = self.list.partition_point(holds);
        self.list[..count].last()
    }
}

fn after(edit: &Edit, at: usize) -> usize {
    edit.original_end + (at - edit.normal_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vanished_characters_belong_to_neither_neighbour() {
        let mut edits = Edits::default();
        edits.drop(1, 1..4);
        edits.drop(1, 4..7);
        assert_eq!(edits.len(), 1);
        assert_eq!((edits.original_start(0), edits.original_end(1)), (0, 1));
        assert_eq!((edits.original_start(1), edits.original_end(2)), (7, 8));
        assert_eq!((edits.original_start(0), edits.original_end(2)), (0, 8));
    }

    #[test]
    fn a_unit_is_never_cut() {
        let mut edits = Edits::default();
        edits.replace(2..5, 2..3);
        for (start, end) in [(2, 3), (3, 4), (4, 5), (2, 5)] {
            assert_eq!((edits.original_start(start), edits.original_end(end)), (2, 3));
        }
        assert_eq!((edits.original_start(1), edits.original_end(6)), (1, 4));
    }

    #[test]
    fn a_mark_joins_its_letter_across_what_vanished() {
        let mut edits = Edits::default();
        edits.drop(1, 1..4);
        edits.extend(0..1, 2, 6);
        assert_eq!((edits.original_start(0), edits.original_end(2)), (0, 6));
        assert_eq!(edits.len(), 1);
    }
}
