//! The plain linear model that `lin31` is held against: n-grams of 1 to 4 characters, words and pairs of words, one logit
//! for the whole text, no windows, no scaling of features, benign texts at a tenth.

use crate::recipe::Solver;

/// Its training.
pub fn solver(of: &Solver) -> Solver {
    Solver { cost: 1.0, benign_cost: 0.1, source_balance: 0.0, ratio: 0.0, ..*of }
}

/// Its n-grams, as numbers of the same buckets.
pub fn ngrams(text: &str) -> Vec<u32> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    for at in 0..chars.len() {
        for length in 1..=4.min(chars.len() - at) {
            out.push(number(&chars[at..at + length], length as u64));
        }
    }
    let words: Vec<Vec<char>> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '_')
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().collect())
        .collect();
    out.extend(words.iter().map(|word| number(word, 5)));
    out.extend(words.windows(2).map(|pair| number(&pair.join(&' '), 6)));
    out
}

/// FNV-1a over the code points, its upper 18 bits.
fn number(chars: &[char], kind: u64) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ kind;
    for &c in chars {
        hash = (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0000_0100_0000_01b3);
    }
    ((hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 46) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ngrams_words_and_pairs() {
        assert_eq!(ngrams("ab cd").len(), 5 + 4 + 3 + 2 + 2 + 1);
        assert!(ngrams("").is_empty());
    }
}
