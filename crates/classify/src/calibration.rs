//! From a head's pooled logit to the score that tags hold.

use std::sync::LazyLock;

use crate::{Language, ModelManifest};

/// Margins are cut to multiples of this share of a logit before they become scores, so that no mathematical library's
/// last digit reaches a file.
const STEPS: f64 = 4096.0;

/// Logits of the lower ends of the scores 1 to 1000 thousandths, in steps. A score is a rounded one: that of k
/// thousandths begins at k − ½.
static CUTS: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let cut = |k: u32| {
        let share = (f64::from(k) - 0.5) / 1000.0;
        ((share / (1.0 - share)).ln() * STEPS).round() as i64
    };
    (1..=1000).map(cut).collect()
});

/// The thresholds and slopes of a model, ready for use.
///
/// A score is `1 / (1 + exp(−slope · (logit − threshold)))`, in thousandths. So 500 is the head's operating point in
/// that language and length, whatever the head, and a policy's threshold of 0.5 means "where the model says yes".
#[derive(Clone, Debug)]
pub struct Calibration {
    length_buckets: Vec<u32>,
    heads: usize,
    slopes: Vec<f32>,
    /// By language, bucket and head.
    thresholds: Vec<f32>,
}

impl Calibration {
    /// The calibration of a model.
    #[must_use]
    pub fn new(manifest: &ModelManifest) -> Self {
        let buckets = manifest.length_buckets.len() + 1;
        let mut thresholds = Vec::with_capacity(3 * buckets * manifest.heads.len());
        for language in Language::ALL {
            for bucket in 0..buckets {
                thresholds.extend(manifest.heads.iter().map(|head| head.thresholds.of(language)[bucket]));
            }
        }
        Self {
            length_buckets: manifest.length_buckets.clone(),
            heads: manifest.heads.len(),
            slopes: manifest.heads.iter().map(|head| head.slope).collect(),
            thresholds,
        }
    }

    /// The bucket of a text of so many characters.
    #[must_use]
    pub fn bucket(&self, chars: usize) -> usize {
        length_bucket(&self.length_buckets, chars)
    }

    /// The score of a head in thousandths, 0 to 1000, from its pooled logit. None where the logit is no number.
    #[must_use]
    pub fn score_milli(&self, head: usize, logit: f32, language: Language, bucket: usize) -> Option<u16> {
        let buckets = self.length_buckets.len() + 1;
        let threshold = self.thresholds[(language.index() * buckets + bucket) * self.heads + head];
        score_milli(logit, threshold, self.slopes[head])
    }
}

/// The bucket of a text of so many characters, by the buckets' upper ends in ascending order.
#[must_use]
pub fn length_bucket(length_buckets: &[u32], chars: usize) -> usize {
    length_buckets.partition_point(|&end| (end as usize) < chars)
}

/// The score in thousandths of a logit, 0 to 1000; none where the logit is no number.
#[must_use]
pub fn score_milli(logit: f32, threshold: f32, slope: f32) -> Option<u16> {
    let margin = f64::from(slope) * (f64::from(logit) - f64::from(threshold));
    if margin.is_nan() {
        return None;
    }
    let steps = (margin * STEPS).round().clamp(-1e15, 1e15) as i64;
    Some(CUTS.partition_point(|&cut| cut <= steps) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_rounded_logistic_of_the_margin() {
        for step in -2000..=2000 {
            let logit = step as f32 / 200.0;
            let exact = 1000.0 / (1.0 + (-f64::from(logit)).exp());
            let got = f64::from(score_milli(logit, 0.0, 1.0).unwrap());
            assert!((got - exact).abs() <= 0.6, "{logit}: {got} {exact}");
        }
    }

    #[test]
    fn the_threshold_is_half_and_ends_are_ends() {
        assert_eq!(score_milli(1.5, 1.5, 2.0), Some(500));
        assert!(score_milli(1.499, 1.5, 2.0).unwrap() <= 500);
        assert_eq!(score_milli(f32::INFINITY, 0.0, 1.0), Some(1000));
        assert_eq!(score_milli(f32::NEG_INFINITY, 0.0, 1.0), Some(0));
        assert_eq!(score_milli(f32::NAN, 0.0, 1.0), None);
    }

    #[test]
    fn lengths_fall_into_buckets_by_their_upper_ends() {
        let ends = [64, 256];
        let got: Vec<usize> = [0, 64, 65, 256, 257, 1 << 30].iter().map(|&chars| length_bucket(&ends, chars)).collect();
        assert_eq!(got, [0, 0, 1, 1, 2, 2]);
    }
}
