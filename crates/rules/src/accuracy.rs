use serde::{Deserialize, Serialize};

use crate::{Corrected, RulesError};

/// How often the detectors are right about a record, and on how many records that was measured: what a source's rate is
/// corrected by. Shares, 0 to 1; their sum must exceed 1, else the detectors tell nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccuracySpec {
    /// Share of the records with a counted risk that are found.
    pub sensitivity: f64,
    /// Records with a counted risk that this was measured on, at least 1.
    pub positives: u32,
    /// Share of the clean records that stay clean.
    pub specificity: f64,
    /// Clean records that this was measured on, at least 1.
    pub negatives: u32,
}

/// Parts of 1 that sensitivity and specificity are kept in, so that equal policies are equal bytes.
const PARTS: f64 = 1e6;
/// 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// [`AccuracySpec`], checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accuracy {
    sensitivity_ppm: u32,
    positives: u32,
    specificity_ppm: u32,
    negatives: u32,
}

impl Accuracy {
    /// Checks an accuracy; shares are rounded to millionths.
    ///
    /// # Errors
    /// A share is out of its range, nothing was measured, or the two shares together do not exceed 1.
    pub fn new(spec: &AccuracySpec) -> Result<Self, RulesError> {
        let refuse = |message: String| RulesError::Policy { key: "accuracy".into(), message };
        let parts = |name: &str, share: f64| {
            let inside = (0.0..=1.0).contains(&share);
            inside
                .then(|| (share * PARTS).round() as u32)
                .ok_or_else(|| refuse(format!("{name} is {share}, expected a share, 0 to 1")))
        };
        let accuracy = Self {
            sensitivity_ppm: parts("sensitivity", spec.sensitivity)?,
            positives: spec.positives,
            specificity_ppm: parts("specificity", spec.specificity)?,
            negatives: spec.negatives,
        };
        if accuracy.positives == 0 || accuracy.negatives == 0 {
            return Err(refuse(
                "positives and negatives say how many records it was measured on; expected 1 or more".into(),
            ));
        }
        if f64::from(accuracy.sensitivity_ppm) + f64::from(accuracy.specificity_ppm) <= PARTS {
            return Err(refuse("sensitivity and specificity together must exceed 1; detectors that are no better than chance correct nothing".into()));
        }
        Ok(accuracy)
    }

    /// As written.
    #[must_use]
    pub fn to_spec(&self) -> AccuracySpec {
        AccuracySpec {
            sensitivity: self.sensitivity(),
            positives: self.positives,
            specificity: self.specificity(),
            negatives: self.negatives,
        }
    }

    /// Share of the records with a counted risk that are found.
    #[must_use]
    pub fn sensitivity(&self) -> f64 {
        f64::from(self.sensitivity_ppm) / PARTS
    }

    /// Share of the clean records that stay clean.
    #[must_use]
    pub fn specificity(&self) -> f64 {
        f64::from(self.specificity_ppm) / PARTS
    }

    /// Share of clean records that are found all the same: the rate that a clean source shows.
    #[must_use]
    pub fn false_positive_floor(&self) -> f64 {
        f64::from(1_000_000 - self.specificity_ppm) / PARTS
    }

    /// Whether so many of so many records are no more than false alarms alone would give.
    #[must_use]
    pub fn under_floor(&self, unqualified: u64, examined: u64) -> bool {
        let floor = u128::from(1_000_000 - self.specificity_ppm);
        u128::from(unqualified) * 1_000_000 <= floor * u128::from(examined)
    }

    /// The rate behind a counted one (Rogan and Gladen 1978), with the 95 % interval of Lang and Reiczigel (2014), which
    /// knows that sensitivity and specificity were measured too. All are cut to 0 to 1. None where nothing was examined.
    ///
    /// It holds for sources whose bad records are as easy to find as those of the evaluation, and whose clean records are
    /// as hard to mistake.
    #[must_use]
    pub fn correct(&self, unqualified: u64, examined: u64) -> Option<Corrected> {
        if examined == 0 {
            return None;
        }
        let (se, sp) = (self.sensitivity(), self.specificity());
        let n = examined as f64;
        let apparent = unqualified as f64 / n;
        let rate = (apparent + sp - 1.0) / (se + sp - 1.0);
        // The interval's own centre: every share moved towards the middle by what its sample size deserves.
        let n_wide = n + Z * Z;
        let apparent_wide = (n * apparent + Z * Z / 2.0) / n_wide;
        let (n_se, n_sp) = (f64::from(self.positives) + 2.0, f64::from(self.negatives) + 2.0);
        let se_wide = (f64::from(self.positives) * se + 1.0) / n_se;
        let sp_wide = (f64::from(self.negatives) * sp + 1.0) / n_sp;
        let span = se_wide + sp_wide - 1.0;
        let centre = (apparent_wide + sp_wide - 1.0) / span;
        let (v_se, v_sp) = (se_wide * (1.0 - se_wide) / n_se, sp_wide * (1.0 - sp_wide) / n_sp);
        let shift = 2.0 * Z * Z * (centre * v_se - (1.0 - centre) * v_sp);
        let variance = apparent_wide * (1.0 - apparent_wide) / n_wide
            + centre * centre * v_se
            + (1.0 - centre) * (1.0 - centre) * v_sp;
        let width = Z * variance.sqrt() / span;
        // Few records of evaluation can leave no span at all; then nothing is known.
        let (low, high) = if span > 0.0 { (centre + shift - width, centre + shift + width) } else { (0.0, 1.0) };
        let cut = |share: f64| share.clamp(0.0, 1.0);
        let rate = cut(rate);
        Some(Corrected { rate, low: cut(low).min(rate), high: cut(high).max(rate) })
    }

    pub(crate) fn canonical(&self) -> String {
        format!(
            "sensitivity_ppm {} of {} specificity_ppm {} of {}",
            self.sensitivity_ppm, self.positives, self.specificity_ppm, self.negatives
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accuracy(sensitivity: f64, positives: u32, specificity: f64, negatives: u32) -> Result<Accuracy, String> {
        let spec = AccuracySpec { sensitivity, positives, specificity, negatives };
        Accuracy::new(&spec).map_err(|error| error.to_string())
    }

    #[test]
    fn the_floor_is_what_false_alarms_alone_would_give() {
        let accuracy = accuracy(0.4, 1000, 0.99, 4000).unwrap();
        assert!(accuracy.under_floor(0, 100) && accuracy.under_floor(1, 100) && !accuracy.under_floor(2, 100));
        assert_eq!(accuracy.correct(1, 100).unwrap().rate, 0.0);
        assert_eq!(accuracy.correct(0, 0), None);
        let high = accuracy.correct(40, 100).unwrap();
        assert!((high.rate - 1.0).abs() < 1e-9 && high.high == 1.0, "{high:?}");
    }

    #[test]
    fn a_rate_is_what_rogan_and_gladen_make_of_it() {
        let accuracy = accuracy(0.5, 2000, 0.98, 2000).unwrap();
        let corrected = accuracy.correct(100, 1000).unwrap();
        assert!((corrected.rate - (0.1 - 0.02) / 0.48).abs() < 1e-12);
        assert!(corrected.low < corrected.rate && corrected.rate < corrected.high, "{corrected:?}");
        let more = accuracy.correct(10_000, 100_000).unwrap();
        assert!(more.high - more.low < corrected.high - corrected.low);
    }

    #[test]
    fn the_interval_covers_the_rate_as_often_as_it_says() {
        // 2,000 draws of 300 records of which 8 % are bad, from detectors measured on 400 and 600 records each time.
        let (se, sp, p) = (0.6, 0.97, 0.08);
        let mut state = 7u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut draw = |n: u32, share: f64| (0..n).filter(|_| uniform() < share).count() as f64;
        let covered = (0..2000).filter(|_| {
            let found = draw(300, p * se + (1.0 - p) * (1.0 - sp)) as u64;
            let measured = accuracy(draw(400, se) / 400.0, 400, draw(600, sp) / 600.0, 600).unwrap();
            let corrected = measured.correct(found, 300).unwrap();
            (corrected.low..=corrected.high).contains(&p)
        });
        let share = covered.count() as f64 / 2000.0;
        assert!((0.93..=0.985).contains(&share), "{share}");
    }

    #[test]
    fn what_corrects_nothing_is_refused() {
        for (spec, expected) in [
            ((0.1, 10, 0.9, 10), "exceed 1"),
            ((1.5, 10, 0.9, 10), "sensitivity is 1.5"),
            ((0.5, 0, 0.9, 10), "1 or more"),
        ] {
            let message = accuracy(spec.0, spec.1, spec.2, spec.3).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
