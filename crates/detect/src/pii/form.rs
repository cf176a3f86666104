//! Written forms of personal information, and what was found of them.

use std::collections::BTreeMap;

use tamis_rules::PiiKind;

/// One way in which a kind of personal information is written.
#[derive(Debug, PartialEq, Eq)]
pub struct PiiForm {
    /// What it is.
    pub kind: PiiKind,
    /// Name in findings, such as `id_card.18`.
    pub name: &'static str,
    /// What it looks like and what is checked.
    pub description: &'static str,
    /// Where the rule comes from: a standard, a numbering plan, or common usage.
    pub source: &'static str,
    /// Which of two overlapping findings stands: the one with the higher weight, then the longer, then the earlier.
    pub(super) weight: u8,
}

/// Weights of forms: what a check digit confirms goes before what a word beside it says, and that before mere shape.
pub(super) mod weight {
    /// The form includes others on purpose, such as an address in a credential.
    pub const INCLUSIVE: u8 = 9;
    /// A check digit over many digits, and structure.
    pub const CHECKED: u8 = 8;
    /// A single check digit, and a prefix.
    pub const PREFIXED: u8 = 7;
    /// A word beside it says what it is.
    pub const NAMED: u8 = 6;
    /// A structure that little else has.
    pub const SHAPED: u8 = 5;
    /// A loose structure.
    pub const LOOSE: u8 = 4;
}

/// A place that one form fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    pub form: &'static PiiForm,
    /// The value is given to nobody: its place is taken, and nothing is reported.
    of_nobody: bool,
}

/// What scanners found in one text.
#[derive(Debug, Default)]
pub(super) struct Finds {
    found: Vec<Found>,
    /// Places that stand, by their start; used while overlaps are settled.
    standing: BTreeMap<usize, usize>,
}

impl Finds {
    /// Notes a place.
    pub fn add(&mut self, start: usize, end: usize, form: &'static PiiForm) {
        self.add_as(start, end, form, false);
    }

    /// Notes a place that the form fits but for a value that is given to nobody, such as a pseudonym: what overlaps it
    /// stands or falls as if there were a real one.
    pub fn claim(&mut self, start: usize, end: usize, form: &'static PiiForm) {
        self.add_as(start, end, form, true);
    }

    /// One or the other.
    pub fn add_as(&mut self, start: usize, end: usize, form: &'static PiiForm, of_nobody: bool) {
        debug_assert!(start < end);
        self.found.push(Found { start, end, form, of_nobody });
    }

    /// Forgets what was found.
    pub fn clear(&mut self) {
        self.found.clear();
    }

    /// Takes what was found and is of somebody, no two places overlapping, in order.
    pub fn settle(&mut self) -> impl Iterator<Item = Found> {
        if self.found.len() > 1 {
            self.drop_overlaps();
        }
        self.found.drain(..).filter(|found| !found.of_nobody)
    }

    fn drop_overlaps(&mut self) {
        self.found.sort_by(|a, b| {
            let key = |it: &Found| (std::cmp::Reverse(it.form.weight), std::cmp::Reverse(it.end - it.start), it.start);
            key(a).cmp(&key(b)).then_with(|| a.form.kind.cmp(&b.form.kind))
        });
        let Self { found, standing } = self;
        standing.clear();
        found.retain(|it| {
            let before = standing.range(..it.end).next_back();
            let free = before.is_none_or(|(_, end)| *end <= it.start);
            if free {
                standing.insert(it.start, it.end);
            }
            free
        });
        found.sort_unstable_by_key(|it| it.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static STRONG: PiiForm =
        PiiForm { kind: PiiKind::IdCard, name: "strong", description: "", source: "", weight: weight::CHECKED };
    static WEAK: PiiForm =
        PiiForm { kind: PiiKind::Phone, name: "weak", description: "", source: "", weight: weight::LOOSE };

    #[test]
    fn the_weightier_then_the_longer_then_the_earlier_stands() {
        let mut finds = Finds::default();
        for (start, end, form) in [
            (0, 9, &WEAK),
            (8, 12, &STRONG),
            (20, 25, &WEAK),
            (22, 30, &WEAK),
            (30, 31, &WEAK),
            (40, 42, &WEAK),
            (41, 43, &WEAK),
        ] {
            finds.add(start, end, form);
        }
        let places: Vec<_> = finds.settle().map(|it| (it.start, it.end)).collect();
        assert_eq!(places, [(8, 12), (22, 30), (30, 31), (40, 42)]);
        assert_eq!(finds.settle().count(), 0);
        finds.claim(0, 5, &STRONG);
        finds.add(4, 9, &WEAK);
        finds.add(9, 10, &WEAK);
        assert_eq!(finds.settle().map(|it| it.start).collect::<Vec<_>>(), [9]);
    }
}
