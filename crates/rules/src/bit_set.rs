//! The set operations that [`RiskSet`](crate::RiskSet) and [`PiiSet`](crate::PiiSet) share.

/// Writes the methods of a set that keeps its members as bits.
///
/// A member gives its bit by `index()`. A bit outside of `known` is never kept, so `iter` cannot meet one.
macro_rules! bit_set {
    ($set:ident of $item:ident, bits: $bits:ident, known: $known:expr, at: $at:expr) => {
        impl $set {
            /// The set without members.
            pub const EMPTY: Self = Self(0);

            /// The set of these bits; bits that stand for no member are left out.
            #[must_use]
            pub const fn from_bits(bits: $bits) -> Self {
                Self(bits & $known)
            }

            /// The members as bits, the first in the lowest.
            #[must_use]
            pub const fn bits(self) -> $bits {
                self.0
            }

            fn bit(item: $item) -> $bits {
                let bit = u32::try_from(item.index()).ok().and_then(|at| $bits::checked_shl(1, at));
                bit.unwrap_or(0) & $known
            }

            /// Adds a member; true where it was not in the set.
            pub fn insert(&mut self, item: $item) -> bool {
                let before = self.0;
                self.0 |= Self::bit(item);
                self.0 != before
            }

            /// Takes a member out; true where it was in the set.
            pub fn remove(&mut self, item: $item) -> bool {
                let before = self.0;
                self.0 &= !Self::bit(item);
                self.0 != before
            }

            /// Whether the set holds this member.
            #[must_use]
            pub fn contains(self, item: $item) -> bool {
                self.0 & Self::bit(item) != 0
            }

            /// Members of either set.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Members of both sets.
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// Members of this set that are not in the other.
            #[must_use]
            pub const fn difference(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Whether the set has no members.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Number of members.
            #[must_use]
            pub const fn len(self) -> usize {
                self.0.count_ones() as usize
            }

            /// The members in order.
            pub fn iter(self) -> impl Iterator<Item = $item> {
                let mut left = self.0;
                std::iter::from_fn(move || {
                    if left == 0 {
                        return None;
                    }
                    let at = left.trailing_zeros();
                    left &= left - 1;
                    Some($at(at))
                })
            }
        }

        impl FromIterator<$item> for $set {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                let mut set = Self::EMPTY;
                for item in items {
                    set.insert(item);
                }
                set
            }
        }
    };
}

pub(crate) use bit_set;
