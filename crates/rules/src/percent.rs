use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use crate::RulesError;

/// An exact decimal percentage, 0 to 100 with at most four decimals.
///
/// Kept in parts per million of the whole, so that a limit is compared in integers and never rounds.
/// TOML may write it as an integer, a float or a string: `5`, `2.5`, `"2.5"`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Percent {
    parts_per_million: u32,
}

const WHOLE: u32 = 1_000_000;
const POINT: u32 = WHOLE / 100;
const DECIMALS: usize = 4;

impl Percent {
    /// 0 %.
    pub const ZERO: Self = Self { parts_per_million: 0 };
    /// 100 %.
    pub const HUNDRED: Self = Self { parts_per_million: WHOLE };

    /// The percentage of this many parts per million of the whole; none above 1,000,000.
    #[must_use]
    pub const fn from_parts_per_million(parts: u32) -> Option<Self> {
        if parts > WHOLE { None } else { Some(Self { parts_per_million: parts }) }
    }

    /// Parts per million of the whole: 5 % is 50,000.
    #[must_use]
    pub const fn parts_per_million(self) -> u32 {
        self.parts_per_million
    }

    /// Whether `part` of `whole` is more than this percentage. Exactly at the limit is not more, and nothing of
    /// nothing is not more (4.1.1 b: a source *over* the limit).
    #[must_use]
    pub fn exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(WHOLE) > self.scaled(whole)
    }

    /// Whether `part` of `whole` is at least this percentage.
    #[must_use]
    pub fn reached_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(WHOLE) >= self.scaled(whole)
    }

    /// The least whole number that is at least this percentage of `whole`.
    #[must_use]
    pub fn of_rounded_up(self, whole: u64) -> u64 {
        // At most `whole`, since the percentage is at most 100.
        self.scaled(whole).div_ceil(u128::from(WHOLE)) as u64
    }

    /// This percentage moved by whole percentage points, kept within 0 and 100.
    #[must_use]
    pub fn plus_points(self, points: i32) -> Self {
        let moved = i64::from(self.parts_per_million) + i64::from(points) * i64::from(POINT);
        Self { parts_per_million: moved.clamp(0, i64::from(WHOLE)) as u32 }
    }

    fn scaled(self, whole: u64) -> u128 {
        u128::from(self.parts_per_million) * u128::from(whole)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (points, rest) = (self.parts_per_million / POINT, self.parts_per_million % POINT);
        if rest == 0 {
            return write!(f, "{points}");
        }
        let decimals = format!("{rest:0DECIMALS$}");
        write!(f, "{points}.{}", decimals.trim_end_matches('0'))
    }
}

impl FromStr for Percent {
    type Err = RulesError;

    fn from_str(text: &str) -> Result<Self, RulesError> {
        parse(text).map_err(|problem| RulesError::Percent { got: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> Result<Percent, &'static str> {
    let (points, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(points) || !digits(decimals) {
        return Err("is no plain decimal number");
    }
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > DECIMALS {
        return Err("has too many decimals");
    }
    let points: u32 = points.parse().map_err(|_| "is out of range")?;
    let rest: u32 = format!("{decimals:0<DECIMALS$}").parse().map_err(|_| "has bad decimals")?;
    let parts = points.checked_mul(POINT).and_then(|parts| parts.checked_add(rest));
    parts.and_then(Percent::from_parts_per_million).ok_or("is out of range")
}

/// Written as a string, the one form that every reader keeps exactly.
impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PercentVisitor)
    }
}

struct PercentVisitor;

impl Visitor<'_> for PercentVisitor {
    type Value = Percent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a percentage, 0 to 100, such as 5, 2.5 or \"2.5\"")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Percent, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Percent, E> {
        self.visit_str(&value.to_string())
    }

    // The shortest decimal that reads back as this float is the one that stood in the file.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Percent, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Percent, E> {
        value.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct File {
        limit: Percent,
    }

    fn read(value: &str) -> Result<String, String> {
        let file = toml::from_str::<File>(&format!("limit = {value}"));
        file.map(|file| file.limit.to_string()).map_err(|error| error.message().to_owned())
    }

    fn percent(text: &str) -> Percent {
        text.parse().expect("test percentage")
    }

    #[test]
    fn toml_numbers_and_strings_read_exactly() {
        for (value, shown) in [
            ("5", "5"),
            ("2.5", "2.5"),
            ("\"2.5\"", "2.5"),
            ("0", "0"),
            ("100", "100"),
            ("100.0", "100"),
            ("0.1", "0.1"),
            ("0.0001", "0.0001"),
            ("33.3333", "33.3333"),
            ("\"05.50\"", "5.5"),
        ] {
            assert_eq!(read(value).as_deref(), Ok(shown), "{value}");
        }
    }

    #[test]
    fn malformed_percentages_are_refused_with_the_reason() {
        for (value, problem) in [
            ("-1", "no plain decimal"),
            ("\"5 %\"", "no plain decimal"),
            ("\"\"", "no plain decimal"),
            ("\".5\"", "no plain decimal"),
            ("\"5.\"", "no plain decimal"),
            ("nan", "no plain decimal"),
            ("inf", "no plain decimal"),
            ("100.0001", "out of range"),
            ("101", "out of range"),
            ("\"99999999999\"", "out of range"),
            ("0.00001", "too many decimals"),
            ("true", "expected a percentage"),
        ] {
            let message = read(value).expect_err(value);
            assert!(message.contains(problem), "{value}: {message}");
        }
    }

    #[test]
    fn exactly_at_the_limit_is_not_exceeded() {
        let limit = percent("5");
        assert!(!limit.exceeded_by(50, 1000));
        assert!(limit.exceeded_by(51, 1000));
        assert!(!limit.exceeded_by(0, 0));
        assert!(limit.exceeded_by(1, 19) && !limit.exceeded_by(1, 20));
        assert!(!percent("100").exceeded_by(u64::MAX, u64::MAX));
        assert!(percent("99.9999").exceeded_by(u64::MAX, u64::MAX));
        assert!(percent("0").exceeded_by(1, u64::MAX));
        assert!(percent("5").reached_by(50, 1000) && !percent("5").reached_by(49, 1000));
    }

    #[test]
    fn points_saturate() {
        assert_eq!(percent("5").plus_points(-1), percent("4"));
        assert_eq!(percent("2.5").plus_points(3), percent("5.5"));
        assert_eq!(percent("5").plus_points(i32::MIN), Percent::ZERO);
        assert_eq!(percent("5").plus_points(i32::MAX), Percent::HUNDRED);
    }

    proptest! {
        #[test]
        fn display_reads_back(parts in 0u32..=1_000_000) {
            let percent = Percent::from_parts_per_million(parts).expect("in range");
            prop_assert_eq!(percent.to_string().parse::<Percent>().ok(), Some(percent));
        }

        #[test]
        fn the_rounded_share_is_the_least_that_reaches_it(parts in 1u32..=1_000_000, whole in 1u64..1 << 40) {
            let percent = Percent::from_parts_per_million(parts).expect("in range");
            let share = percent.of_rounded_up(whole);
            prop_assert!(share <= whole && percent.reached_by(share, whole));
            prop_assert!(share == 0 || !percent.reached_by(share - 1, whole));
        }
    }
}
