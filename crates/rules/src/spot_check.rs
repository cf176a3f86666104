use serde::Deserialize;

use crate::Percent;

/// A spot check of filtered data: how many items are drawn and how many of them must be qualified (B.2.1.2.1).
///
/// The default asks for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpotCheck {
    /// Items to draw, at least, per modality.
    pub minimum_items: u64,
    /// Share of the volume to draw, at least, per modality.
    pub minimum_percent: Option<Percent>,
    /// Share of the drawn items that must be qualified, at least.
    pub qualified_percent: Percent,
}

impl SpotCheck {
    /// Items to draw of a modality with `volume` items: the larger of the two minima, all items where there are fewer.
    #[must_use]
    pub fn required(&self, volume: u64) -> u64 {
        let share = self.minimum_percent.unwrap_or(Percent::ZERO).of_rounded_up(volume);
        self.minimum_items.max(share).min(volume)
    }

    /// Whether a sample of `items` with `unqualified` among them reaches the qualified rate, by the standard's own
    /// point rule and in integers. An empty sample shows nothing: it passes only where no rate is asked for.
    ///
    /// Whether the sample was large enough is [`required`](Self::required)'s question.
    #[must_use]
    pub fn passes(&self, items: u64, unqualified: u64) -> bool {
        let Some(qualified) = items.checked_sub(unqualified) else { return false };
        let shown = items > 0 || self.qualified_percent == Percent::ZERO;
        shown && self.qualified_percent.reached_by(qualified, items)
    }

    pub(crate) fn canonical(&self) -> String {
        let share = self.minimum_percent.map_or_else(|| "-".to_owned(), |share| share.to_string());
        format!("items {} percent {share} qualified {}", self.minimum_items, self.qualified_percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(items: u64, percent: Option<&str>, qualified: &str) -> SpotCheck {
        let percent_of = |text: &str| text.parse().expect("test percentage");
        SpotCheck {
            minimum_items: items,
            minimum_percent: percent.map(percent_of),
            qualified_percent: percent_of(qualified),
        }
    }

    #[test]
    fn the_manual_check_passes_at_exactly_96_percent() {
        let manual = check(4000, None, "96");
        assert!(manual.passes(4000, 160));
        assert!(!manual.passes(4000, 161));
        assert!(manual.passes(4001, 160));
    }

    #[test]
    fn the_larger_minimum_stands_and_never_more_than_there_is() {
        let technical = check(100, Some("10"), "98");
        assert_eq!(technical.required(0), 0);
        assert_eq!(technical.required(99), 99);
        assert_eq!(technical.required(500), 100);
        assert_eq!(technical.required(1001), 101);
        assert_eq!(technical.required(u64::MAX), u64::MAX / 10 + 1);
        assert_eq!(check(4000, None, "96").required(1_000_000), 4000);
    }

    #[test]
    fn an_empty_or_impossible_sample_does_not_pass() {
        assert!(!check(1, None, "96").passes(0, 0));
        assert!(!check(1, None, "0").passes(1, 2));
        assert!(SpotCheck::default().passes(0, 0));
    }
}
