//! Where thresholds are put: by texts known to be clean, of sources that the model has not seen (4.2.1).

/// What a model says of clean texts of one language and length bucket: the pooled logit of every head.
#[derive(Clone, Debug)]
pub struct CleanLogits {
    heads: usize,
    logits: Vec<f32>,
    sources: Vec<u32>,
}

/// How many clean texts may be flagged, shares of 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlagTarget {
    /// Of all texts, by any enforcing head.
    pub flagged: f64,
    /// Of the texts of any source, but for the worst tenth of the sources.
    pub flagged_worst: f64,
}

/// Texts that a source needs to be judged by itself.
const SOURCE_TEXTS: usize = 50;
/// Share of the texts whose logits make up a head's upper tail, and bounds of their number.
const TAIL_SHARE: usize = 200;
const TAIL_LEAST: usize = 5;
const TAIL_MOST: usize = 60;
/// How much more than its share of all texts a head may flag of any one source.
const WORST: f64 = 10.0;
/// Steps of the search; the share of flagged texts per head lies between e^-14 and 1/20.
const STEPS: usize = 60;

impl CleanLogits {
    /// No text yet.
    #[must_use]
    pub fn new(heads: usize) -> Self {
        Self { heads, logits: Vec::new(), sources: Vec::new() }
    }

    /// Adds a text: the pooled logits of all heads, and the source that it is of.
    ///
    /// # Panics
    /// The number of logits is not that of the heads.
    pub fn push(&mut self, logits: &[f32], source: u32) {
        assert_eq!(logits.len(), self.heads, "one logit per head");
        self.logits.extend_from_slice(logits);
        self.sources.push(source);
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Logits and source of a text.
    #[must_use]
    pub fn row(&self, at: usize) -> (&[f32], u32) {
        (&self.logits[at * self.heads..(at + 1) * self.heads], self.sources[at])
    }

    /// Thresholds, one per head: every head may flag the same share of the texts, and ten times that of any one source, and
    /// the share is as large as it can be while the heads that enforce flag no more than the target together. Beyond the highest texts a head's tail is taken to fall
    /// exponentially (the mean excess of its highest 0.5 %), so that few texts give thresholds too, and cautious ones.
    ///
    /// None where there are fewer than five texts.
    #[must_use]
    pub fn fit(&self, enforcing: &[bool], target: FlagTarget) -> Option<Vec<f32>> {
        let tails = self.tails()?;
        let at = |share: f64| tails.thresholds(share);
        let (mut low, mut high) = (-14f64, (0.05f64).ln());
        for _ in 0..STEPS {
            let middle = f64::midpoint(low, high);
            if self.keeps(&at(middle.exp()), enforcing, target) { low = middle } else { high = middle }
        }
        Some(at(low.exp()))
    }

    /// The upper tails of all heads; none where there are fewer than five texts.
    #[must_use]
    pub fn tails(&self) -> Option<CleanTails> {
        (self.len() >= TAIL_LEAST).then(|| CleanTails((0..self.heads).map(|head| self.tail(head)).collect()))
    }

    /// Texts that the heads flag together by these thresholds: all, and per source with the number of its texts.
    #[must_use]
    pub fn flagged(&self, thresholds: &[f32], enforcing: &[bool]) -> (usize, Vec<(u32, usize, usize)>) {
        let mut by_source: std::collections::BTreeMap<u32, (usize, usize)> = std::collections::BTreeMap::new();
        let mut all = 0;
        for at in 0..self.len() {
            let (logits, source) = self.row(at);
            let over =
                logits.iter().zip(thresholds).zip(enforcing).any(|((logit, threshold), &on)| on && logit >= threshold);
            all += usize::from(over);
            let counts = by_source.entry(source).or_default();
            counts.0 += usize::from(over);
            counts.1 += 1;
        }
        (all, by_source.into_iter().map(|(source, (flagged, texts))| (source, flagged, texts)).collect())
    }

    fn keeps(&self, thresholds: &[f32], enforcing: &[bool], target: FlagTarget) -> bool {
        let (all, by_source) = self.flagged(thresholds, enforcing);
        let mut shares: Vec<f64> = by_source
            .iter()
            .filter(|(.., texts)| *texts >= SOURCE_TEXTS)
            .map(|&(_, flagged, texts)| flagged as f64 / texts as f64)
            .collect();
        shares.sort_unstable_by(f64::total_cmp);
        let spared = shares.len().div_ceil(10).min(shares.len());
        let worst = shares[..shares.len() - spared].last().copied().unwrap_or(0.0);
        all as f64 <= target.flagged * self.len() as f64 && worst <= target.flagged_worst
    }

    fn tail(&self, head: usize) -> Tails {
        let mut by_source: std::collections::BTreeMap<u32, Vec<f32>> = std::collections::BTreeMap::new();
        for (at, source) in self.sources.iter().enumerate() {
            by_source.entry(*source).or_default().push(self.logits[at * self.heads + head]);
        }
        let all = by_source.values().flatten().copied().collect();
        let sources = by_source.into_values().filter(|logits| logits.len() >= SOURCE_TEXTS);
        Tails { all: Tail::new(all), sources: sources.map(Tail::new).collect() }
    }
}

/// The upper tails of the heads of a model, from which thresholds are read.
#[derive(Clone, Debug)]
pub struct CleanTails(Vec<Tails>);

impl CleanTails {
    /// The logits, one per head, that this share of the texts lies above, and ten times that of any one source.
    #[must_use]
    pub fn thresholds(&self, share: f64) -> Vec<f32> {
        self.0.iter().map(|tails| tails.threshold(share)).collect()
    }
}

#[derive(Clone, Debug)]
struct Tail {
    /// Descending.
    sorted: Vec<f32>,
    count: usize,
    from: f32,
    excess: f32,
}

/// The tails of a head over all texts and over those of every source.
#[derive(Clone, Debug)]
struct Tails {
    all: Tail,
    sources: Vec<Tail>,
}

impl Tails {
    /// The logit that this share of the texts lies above, and [`WORST`] times that of any one source.
    fn threshold(&self, share: f64) -> f32 {
        let worst = (WORST * share).min(0.5);
        self.sources.iter().map(|tail| tail.threshold(worst)).fold(self.all.threshold(share), f32::max)
    }
}

impl Tail {
    fn new(mut sorted: Vec<f32>) -> Self {
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        let count = (sorted.len() / TAIL_SHARE).clamp(TAIL_LEAST, TAIL_MOST).min(sorted.len() - 1);
        let from = sorted[count];
        let excess: f32 = sorted[..count].iter().map(|logit| logit - from).sum::<f32>() / count as f32;
        Self { sorted, count, from, excess }
    }

    /// The logit that this share of the texts lies above.
    fn threshold(&self, share: f64) -> f32 {
        let rank = share * self.sorted.len() as f64;
        if rank < self.count as f64 {
            self.from + self.excess * ((self.count as f64 / rank).ln() as f32)
        } else {
            self.sorted[(rank as usize).min(self.sorted.len() - 1)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two heads with exponential tails over 20 sources; the second source of the last head is worse.
    fn clean(texts: usize) -> CleanLogits {
        let mut state = 5u64;
        let mut exponential = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            -((((state >> 11) as f64 + 1.0) / (1u64 << 53) as f64).ln() as f32)
        };
        let mut clean = CleanLogits::new(2);
        for at in 0..texts {
            let source = (at % 20) as u32;
            let shift = if source == 1 { 3.0 } else { 0.0 };
            clean.push(&[exponential(), exponential() + shift], source);
        }
        clean
    }

    #[test]
    fn no_more_is_flagged_than_the_target_and_not_much_less() {
        let clean = clean(40_000);
        let target = FlagTarget { flagged: 0.01, flagged_worst: 1.0 };
        let thresholds = clean.fit(&[true, true], target).unwrap();
        let (all, _) = clean.flagged(&thresholds, &[true, true]);
        assert!((300..=400).contains(&all), "{all}");
        let thresholds = clean.fit(&[true, false], target).unwrap();
        let (all, _) = clean.flagged(&thresholds, &[true, false]);
        assert!((300..=400).contains(&all), "{all}");
    }

    #[test]
    fn the_worst_source_but_one_tenth_is_held() {
        let clean = clean(40_000);
        let thresholds = clean.fit(&[true, true], FlagTarget { flagged: 1.0, flagged_worst: 0.005 }).unwrap();
        let (_, by_source) = clean.flagged(&thresholds, &[true, true]);
        let over = by_source.iter().filter(|(_, flagged, texts)| *flagged * 200 > *texts).count();
        assert!(over <= 2, "{by_source:?}");
    }

    #[test]
    fn few_texts_give_cautious_thresholds_and_none_give_none() {
        let few = clean(40);
        let many = clean(40_000);
        let target = FlagTarget { flagged: 0.001, flagged_worst: 1.0 };
        let highest = (0..few.len()).map(|at| few.row(at).0[0]).fold(f32::MIN, f32::max);
        let thresholds = few.fit(&[true, true], target).unwrap();
        assert!(thresholds[0] >= highest, "{thresholds:?} {highest}");
        assert!(many.fit(&[true, true], target).is_some());
        assert!(clean(4).fit(&[true, true], target).is_none());
    }
}
