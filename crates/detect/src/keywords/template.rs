//! Entries that look like products of one template.

use std::collections::{HashMap, HashSet};

/// Positions of the terms that differ from another one in a single slot: what they have in common at both ends is
/// more than half of the longer one. Characters are compared where a term has Han characters, else words.
///
/// Takes time linear in the terms' number and cubic in their length, but for terms that share an end.
pub(super) fn one_slot_apart(terms: &[&str]) -> HashSet<usize> {
    let parts: Vec<Vec<String>> = terms.iter().map(|term| parts(term)).collect();
    let mut ends: HashMap<(&[String], &[String]), Vec<usize>> = HashMap::new();
    for (at, term) in parts.iter().enumerate() {
        // Two terms have more than half of the longer in common only if they agree in some such pair of ends.
        for both in term.len() / 2 + 1..=term.len() {
            for front in 0..=both {
                ends.entry((&term[..front], &term[term.len() - (both - front)..])).or_default().push(at);
            }
        }
    }
    let mut found = HashSet::new();
    for group in ends.values().filter(|group| group.len() > 1) {
        for (rank, &one) in group.iter().enumerate() {
            for &other in &group[rank + 1..] {
                if !(found.contains(&one) && found.contains(&other)) && differ_in_one_slot(&parts[one], &parts[other]) {
                    found.extend([one, other]);
                }
            }
        }
    }
    found
}

fn parts(term: &str) -> Vec<String> {
    if term.chars().any(super::evasion::is_han) {
        return term.chars().filter(|c| !c.is_whitespace()).map(String::from).collect();
    }
    term.split_whitespace().map(str::to_owned).collect()
}

fn differ_in_one_slot(one: &[String], other: &[String]) -> bool {
    let front = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let rest = (&one[front..], &other[front..]);
    let back = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(|(a, b)| a == b).count();
    2 * (front + back) > one.len().max(other.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slot_is_a_single_run_in_the_smaller_half() {
        let apart = |terms: &[&str]| {
            let mut found: Vec<_> = one_slot_apart(terms).into_iter().collect();
            found.sort_unstable();
            found
        };
        assert_eq!(apart(&["buy cheap zorbs", "buy old zorbs", "zorbs", "sell a kite"]), [0, 1]);
        assert_eq!(apart(&["甲乙丙丁", "甲乙丙戊", "甲乙己庚"]), [0, 1]);
        assert_eq!(apart(&["zorb", "zorbs", "big zorb", "big kite"]), [0_usize; 0]);
        assert_eq!(apart(&["one two three", "one two three four"]), [0, 1]);
        assert_eq!(apart(&["same term", "same term"]), [0, 1]);
        assert_eq!(apart(&["a b c d e", "x b c d y"]), [0_usize; 0]);
    }
}
