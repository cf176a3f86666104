//! Days of the Gregorian calendar.

use std::fmt;

/// A day, from year 1 to 9999. Days order by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day of this year, month (1 to 12) and day (1 to 31); none where the calendar has no such day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let valid = (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1;
        (valid && day <= days_in_month(year, month)).then_some(Self { year, month, day })
    }

    /// Reads `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        let shape = text.len() == 10 && (0..10).all(|at| digits(at) != matches!(at, 4 | 7));
        let mut parts = text.split('-').filter(|_| shape);
        let date = Self::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)?;
        parts.next().is_none().then_some(date)
    }

    /// Days from `earlier` to this day; negative where `earlier` is later.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i64 {
        self.day_number() - earlier.day_number()
    }

    /// Days since the day before 0001-01-01.
    fn day_number(self) -> i64 {
        let before = i64::from(self.year) - 1;
        let months = (1..self.month).map(|month| i64::from(days_in_month(self.year, month))).sum::<i64>();
        before * 365 + before / 4 - before / 100 + before / 400 + months + i64::from(self.day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn days_in_month(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).expect("a date")
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for bad in ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "2026-01-1 ", "0000-01-01", "", "2026/01/01"]
        {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        assert_eq!(date("2024-02-29").to_string(), "2024-02-29");
        assert_eq!(Date::parse("2100-02-29"), None);
    }

    #[test]
    fn days_between_count_leap_days() {
        assert_eq!(date("2026-11-24").days_since(date("2026-11-17")), 7);
        assert_eq!(date("2024-03-01").days_since(date("2024-02-28")), 2);
        assert_eq!(date("2000-01-01").days_since(date("2001-01-01")), -366);
        assert_eq!(date("1970-01-01").days_since(date("0001-01-01")), 719_162);
        assert!(date("2026-11-24") > date("2026-10-31"));
    }
}
