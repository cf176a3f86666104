//! Figures of an evaluation. Scores may be of any scale; higher means more surely positive.

/// Area under the ROC curve: the share of pairs in which the positive is higher, ties counting half. None where either
/// side is empty. O((n + m) log m).
#[must_use]
pub fn auc(positives: &[f32], negatives: &[f32]) -> Option<f64> {
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let sorted = sorted(negatives);
    let below = |score: f32| {
        let lower = sorted.partition_point(|&it| it < score);
        let not_higher = sorted.partition_point(|&it| it <= score);
        (lower + not_higher) as f64 / 2.0
    };
    let sum: f64 = positives.iter().map(|&score| below(score)).sum();
    Some(sum / (positives.len() as f64 * negatives.len() as f64))
}

/// The score that no more than `share` of the scores lie above; none where there is none. `share` is 0 to 1.
#[must_use]
pub fn upper_quantile(scores: &[f32], share: f64) -> Option<f32> {
    let sorted = sorted(scores);
    let above = (share * sorted.len() as f64).floor() as usize;
    let at = sorted.len().checked_sub(1 + above.min(sorted.len().checked_sub(1)?))?;
    Some(sorted[at])
}

/// Share of the positives above the score that `share` of the negatives lie above. None where either side is empty.
#[must_use]
pub fn recall_at(positives: &[f32], negatives: &[f32], share: f64) -> Option<f64> {
    let threshold = upper_quantile(negatives, share)?;
    ratio(positives.iter().filter(|&&score| score > threshold).count(), positives.len())
}

/// `part / all`; none of nothing.
#[must_use]
pub fn ratio(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// F1 of counts of true positives, false positives and false negatives; 0 where nothing is true.
#[must_use]
pub fn f1(true_positives: usize, false_positives: usize, false_negatives: usize) -> f64 {
    ratio(2 * true_positives, 2 * true_positives + false_positives + false_negatives).unwrap_or(0.0)
}

/// Expected calibration error: over ten equal bins of the score (0 to 1), the mean distance between the mean score and the
/// share of positives, weighted by the bin's size. None of nothing.
#[must_use]
pub fn calibration_error(scored: &[(f32, bool)]) -> Option<f64> {
    const BINS: usize = 10;
    let mut bins = [(0usize, 0usize, 0f64); BINS];
    for &(score, positive) in scored {
        let bin = &mut bins[((score * BINS as f32) as usize).min(BINS - 1)];
        *bin = (bin.0 + 1, bin.1 + usize::from(positive), bin.2 + f64::from(score));
    }
    let distances =
        bins.iter().map(|&(all, positives, scores)| (scores - positives as f64).abs() / all.max(1) as f64 * all as f64);
    (!scored.is_empty()).then(|| distances.sum::<f64>() / scored.len() as f64)
}

fn sorted(scores: &[f32]) -> Vec<f32> {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_their_definitions() {
        assert_eq!(auc(&[2.0, 3.0], &[0.0, 2.0]), Some((1.0 + 0.5 + 2.0) / 4.0));
        assert_eq!(auc(&[], &[1.0]), None);
        let negatives: Vec<f32> = (0..100u8).map(f32::from).collect();
        assert_eq!(upper_quantile(&negatives, 0.01), Some(98.0));
        assert_eq!(upper_quantile(&negatives, 0.0), Some(99.0));
        assert_eq!(upper_quantile(&[], 0.5), None);
        assert_eq!(recall_at(&[98.5, 50.0], &negatives, 0.01), Some(0.5));
        assert_eq!((f1(0, 0, 0), f1(2, 1, 1)), (0.0, 4.0 / 6.0));
    }

    #[test]
    fn scores_that_are_shares_have_no_calibration_error() {
        let scored: Vec<(f32, bool)> = (0..1000).map(|at| (0.25, at % 4 == 0)).collect();
        assert!(calibration_error(&scored).unwrap() < 1e-6);
        let off: Vec<(f32, bool)> = scored.iter().map(|&(_, positive)| (0.75, positive)).collect();
        assert!((calibration_error(&off).unwrap() - 0.5).abs() < 1e-6);
    }
}
