use crate::bit_set::bit_set;

/// A risk by its position in a [`Taxonomy`](crate::Taxonomy), counted from 0.
///
/// An id says nothing without its taxonomy; on disk a risk is always written by its code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RiskId(u8);

impl RiskId {
    /// The risk at this position. A [`RiskSet`] holds positions below 64 and ignores others.
    #[must_use]
    pub const fn new(index: u8) -> Self {
        Self(index)
    }

    /// Position in the taxonomy.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A set of risks of one taxonomy, in taxonomy order.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
pub struct RiskSet(u64);

bit_set!(RiskSet of RiskId, bits: u64, known: u64::MAX, at: |at: u32| RiskId(at as u8));

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(members: &BTreeSet<u8>) -> RiskSet {
        members.iter().map(|&index| RiskId::new(index)).collect()
    }

    fn members(set: RiskSet) -> BTreeSet<u8> {
        set.iter().map(|risk| risk.index() as u8).collect()
    }

    #[test]
    fn positions_beyond_the_set_are_never_members() {
        let mut set = RiskSet::EMPTY;
        for index in [64, 65, 128, 255] {
            assert!(!set.insert(RiskId::new(index)), "{index}");
            assert!(!set.contains(RiskId::new(index)), "{index}");
        }
        assert!(set.is_empty());
        assert!(set.insert(RiskId::new(63)));
        assert!(!set.insert(RiskId::new(63)));
        assert_eq!(set.bits(), 1 << 63);
    }

    proptest! {
        #[test]
        fn a_risk_set_is_a_set(a in proptest::collection::btree_set(0u8..64, 0..64),
                               b in proptest::collection::btree_set(0u8..64, 0..64),
                               one in 0u8..64) {
            let (x, y) = (set(&a), set(&b));
            prop_assert_eq!(members(x.union(y)), &a | &b);
            prop_assert_eq!(members(x.intersection(y)), &a & &b);
            prop_assert_eq!(members(x.difference(y)), &a - &b);
            prop_assert_eq!(x.len(), a.len());
            prop_assert_eq!(x.is_empty(), a.is_empty());
            prop_assert_eq!(x.contains(RiskId::new(one)), a.contains(&one));
            prop_assert_eq!(RiskSet::from_bits(x.bits()), x);
            let order: Vec<_> = x.iter().map(|risk| risk.index() as u8).collect();
            prop_assert_eq!(order, a.iter().copied().collect::<Vec<_>>());
            let mut without = x;
            prop_assert_eq!(without.remove(RiskId::new(one)), a.contains(&one));
            prop_assert!(!without.contains(RiskId::new(one)));
        }
    }
}
