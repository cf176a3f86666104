use std::collections::HashMap;

use crate::{RiskId, RiskSet};

/// What was counted of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceTally {
    /// Records of the source, also those that could not be examined.
    pub records: u64,
    /// Records that were examined.
    pub examined: u64,
    /// Examined records with at least one counted risk.
    pub unqualified: u64,
    // Sorted by risk and without zeros: most sources have few risks, and there may be millions of sources.
    by_risk: Vec<(RiskId, u64)>,
}

impl SourceTally {
    /// A tally from numbers that were written down. Zeros are left out; a risk named twice is summed.
    #[must_use]
    pub fn new(
        records: u64,
        examined: u64,
        unqualified: u64,
        by_risk: impl IntoIterator<Item = (RiskId, u64)>,
    ) -> Self {
        let mut tally = Self { records, examined, unqualified, by_risk: Vec::new() };
        for (risk, count) in by_risk {
            tally.add(risk, count);
        }
        tally
    }

    /// Examined records with this risk, counted or not.
    #[must_use]
    pub fn count(&self, risk: RiskId) -> u64 {
        match self.place(risk) {
            Ok(at) => self.by_risk[at].1,
            Err(_) => 0,
        }
    }

    /// Examined records per risk, in order of the taxonomy, without zeros.
    pub fn by_risk(&self) -> impl Iterator<Item = (RiskId, u64)> {
        self.by_risk.iter().copied()
    }

    fn place(&self, risk: RiskId) -> Result<usize, usize> {
        self.by_risk.binary_search_by_key(&risk, |&(known, _)| known)
    }

    fn add(&mut self, risk: RiskId, count: u64) {
        match self.place(risk) {
            Ok(at) => self.by_risk[at].1 += count,
            Err(at) if count > 0 => self.by_risk.insert(at, (risk, count)),
            Err(_) => {}
        }
    }

    fn record(&mut self, examined: bool, risks: RiskSet, counted: RiskSet) {
        self.records += 1;
        if !examined {
            return;
        }
        self.examined += 1;
        self.unqualified += u64::from(!risks.intersection(counted).is_empty());
        risks.iter().for_each(|risk| self.add(risk, 1));
    }

    fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.examined += other.examined;
        self.unqualified += other.unqualified;
        other.by_risk.iter().for_each(|&(risk, count)| self.add(risk, count));
    }
}

/// Counts per source. Tallies merge in any order and any grouping to the same counts, so shards may be counted apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    sources: HashMap<String, SourceTally>,
}

impl Tally {
    /// A tally without sources.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one record. `risks` are its decided risks; of a record that was not examined they do not count.
    /// `counted` are the risks that make it unqualified (4.1.1 note 1). A source without a name is `""`.
    pub fn record(&mut self, source: &str, examined: bool, risks: RiskSet, counted: RiskSet) {
        self.with(source, |counts| counts.record(examined, risks, counted));
    }

    /// Adds what was counted of one source elsewhere.
    pub fn add(&mut self, source: &str, counts: &SourceTally) {
        self.with(source, |known| known.merge(counts));
    }

    /// Adds another tally. Associative and commutative.
    pub fn merge(&mut self, other: Self) {
        // The larger map stays where it is.
        let mut other = other.sources;
        if other.len() > self.sources.len() {
            std::mem::swap(&mut self.sources, &mut other);
        }
        for (source, counts) in other {
            self.sources.entry(source).or_default().merge(&counts);
        }
    }

    /// The sources, in no order.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = (&str, &SourceTally)> {
        self.sources.iter().map(|(source, counts)| (source.as_str(), counts))
    }

    /// What was counted of one source.
    #[must_use]
    pub fn get(&self, source: &str) -> Option<&SourceTally> {
        self.sources.get(source)
    }

    // A name is copied for a source's first record only.
    fn with(&mut self, source: &str, change: impl FnOnce(&mut SourceTally)) {
        match self.sources.get_mut(source) {
            Some(counts) => change(counts),
            None => change(self.sources.entry(source.to_owned()).or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COUNTED: RiskSet = RiskSet::from_bits(0b0111);

    fn set(bits: u64) -> RiskSet {
        RiskSet::from_bits(bits)
    }

    #[test]
    fn a_record_counts_once_and_only_where_examined() {
        let mut tally = Tally::new();
        tally.record("a", true, set(0b0011), COUNTED);
        tally.record("a", true, set(0b1000), COUNTED);
        tally.record("a", false, set(0b0001), COUNTED);
        tally.record("", true, set(0), COUNTED);
        let source = tally.get("a").expect("source");
        assert_eq!((source.records, source.examined, source.unqualified), (3, 2, 1));
        let counts: Vec<_> = (0..5).map(|risk| source.count(RiskId::new(risk))).collect();
        assert_eq!(counts, [1, 1, 0, 1, 0]);
        assert_eq!(tally.get("").map(|source| source.records), Some(1));
        assert_eq!(tally.sources().len(), 2);
        assert_eq!(tally.get("b"), None);
    }

    #[test]
    fn written_numbers_make_the_same_tally() {
        let mut tally = Tally::new();
        tally.record("a", true, set(0b1010), COUNTED);
        tally.record("a", true, set(0b0010), COUNTED);
        let counted = tally.get("a").expect("source");
        let every = (0..31).map(RiskId::new).map(|risk| (risk, counted.count(risk)));
        let read = SourceTally::new(counted.records, counted.examined, counted.unqualified, every);
        assert_eq!(&read, counted);
    }

    type Record = (u8, bool, u64);

    fn tally_of(records: &[Record]) -> Tally {
        let mut tally = Tally::new();
        for &(source, examined, risks) in records {
            tally.record(&format!("s{source}"), examined, set(risks), COUNTED);
        }
        tally
    }

    fn merged(mut left: Tally, right: Tally) -> Tally {
        left.merge(right);
        left
    }

    proptest! {
        #[test]
        fn any_split_and_order_gives_the_same_tally(
            (records, shuffled) in proptest::collection::vec((0u8..5, any::<bool>(), 0u64..16), 0..60)
                .prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
            cuts in (0usize..=60, 0usize..=60),
        ) {
            let whole = tally_of(&records);
            let first = cuts.0.min(cuts.1).min(shuffled.len());
            let second = cuts.0.max(cuts.1).min(shuffled.len());
            let [a, b, c] = [&shuffled[..first], &shuffled[first..second], &shuffled[second..]].map(tally_of);
            let left = merged(merged(a.clone(), b.clone()), c.clone());
            let right = merged(a.clone(), merged(b.clone(), c.clone()));
            let turned = merged(c, merged(b, a));
            prop_assert_eq!(&left, &whole);
            prop_assert_eq!(&right, &whole);
            prop_assert_eq!(&turned, &whole);
        }
    }
}
