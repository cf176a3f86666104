//! From windows to one value per head (max, mean of the three highest, count).

use crate::Pool;

/// What the windows of a text say of one head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooled {
    /// Highest logit; not a number where any window's is none.
    pub max: f32,
    /// Mean of the three highest, or of all where there are fewer.
    pub top3: f32,
    /// Window of the highest, the first of equal ones.
    pub best: usize,
    /// Windows above the threshold that was asked for.
    pub over: u32,
}

/// Takes the windows of one head one by one.
#[derive(Clone, Copy, Debug)]
pub struct Pooling {
    highest: [f32; 3],
    best: usize,
    windows: usize,
    over: u32,
    threshold: f32,
    failed: bool,
}

impl Pooling {
    /// No window yet; those above `threshold` are counted.
    #[must_use]
    pub fn new(threshold: f32) -> Self {
        let highest = [f32::NEG_INFINITY; 3];
        Self { highest, best: 0, windows: 0, over: 0, threshold, failed: false }
    }

    /// Takes the next window.
    #[inline]
    pub fn push(&mut self, logit: f32) {
        let [first, second, third] = &mut self.highest;
        if logit > *first {
            (*third, *second, *first) = (*second, *first, logit);
            self.best = self.windows;
        } else if logit > *second {
            (*third, *second) = (*second, logit);
        } else if logit > *third {
            *third = logit;
        }
        self.failed |= logit.is_nan();
        self.over += u32::from(logit > self.threshold);
        self.windows += 1;
    }

    /// What they say together; none where there was no window.
    #[must_use]
    pub fn finish(&self) -> Option<Pooled> {
        let counted = self.windows.min(3);
        if counted == 0 {
            return None;
        }
        let sum: f32 = self.highest[..counted].iter().sum();
        let (max, top3) = if self.failed { (f32::NAN, f32::NAN) } else { (self.highest[0], sum / counted as f32) };
        Some(Pooled { max, top3, best: self.best, over: self.over })
    }
}

impl Pooled {
    /// The value that a way of pooling takes.
    #[must_use]
    pub fn value(&self, pool: Pool) -> f32 {
        match pool {
            Pool::Max => self.max,
            Pool::Top3 => self.top3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooled(logits: &[f32]) -> Option<Pooled> {
        let mut pooling = Pooling::new(1.0);
        logits.iter().for_each(|&logit| pooling.push(logit));
        pooling.finish()
    }

    #[test]
    fn highest_mean_of_three_and_count() {
        assert_eq!(pooled(&[]), None);
        assert_eq!(pooled(&[-2.0]), Some(Pooled { max: -2.0, top3: -2.0, best: 0, over: 0 }));
        assert_eq!(pooled(&[1.0, 3.0, 2.0, 3.0]), Some(Pooled { max: 3.0, top3: 8.0 / 3.0, best: 1, over: 3 }));
        assert!(pooled(&[0.0, f32::NAN, 1.0]).unwrap().max.is_nan());
    }
}
