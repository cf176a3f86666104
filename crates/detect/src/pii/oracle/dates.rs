//! Dates of birth.

use super::pattern::{CLOSES, HYPHEN, NO_WORD_BEFORE, Pattern, Place, SPACE, Words};
use crate::pii::checksum::{days_in, number};
use crate::pii::form::Finds;
use crate::pii::kinds::dob;

/// In which order a date's parts are written.
#[derive(Clone, Copy, Debug)]
enum Order {
    YearMonthDay,
    /// Or day and month the other way round.
    DayMonthYear,
    NamedMonthDayYear,
    DayNamedMonthYear,
}

/// Dates in figures and with names of months.
#[derive(Debug)]
pub(super) struct Dates {
    patterns: Vec<(Order, Pattern)>,
    words: Words,
    words_behind: Words,
}

const MONTHS: &str = "january february march april may june july august september october november december";

impl Dates {
    pub fn new() -> Self {
        let months: Vec<_> = MONTHS.split(' ').flat_map(|month| [month, &month[..3]]).map(any_case).collect();
        let month = format!("((?:{}))", months.join("|"));
        let mut patterns = vec![
            (Order::YearMonthDay, "(([0-9]{4})年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?(?:日|号))".to_owned()),
            (Order::YearMonthDay, format!("(([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})){CLOSES}")),
            (
                Order::DayNamedMonthYear,
                format!(r"(([0-9]{{1,2}})(?:st|nd|rd|th)?(?: of | ){month}[ ,.]{{1,2}}([0-9]{{4}})){CLOSES}"),
            ),
            (
                Order::NamedMonthDayYear,
                format!(r"({month}\.? ([0-9]{{1,2}})(?:st|nd|rd|th)?[ ,.]{{1,2}}([0-9]{{4}})){CLOSES}"),
            ),
        ];
        for sign in [SPACE, HYPHEN, r"\.", "/"] {
            let short = "([0-9]{1,2})";
            patterns.push((Order::YearMonthDay, format!("(([0-9]{{4}}){sign}{short}{sign}{short}){CLOSES}")));
            patterns.push((Order::DayMonthYear, format!("({short}{sign}{short}{sign}([0-9]{{4}})){CLOSES}")));
        }
        Self {
            patterns: patterns
                .into_iter()
                .map(|(order, pattern)| (order, Pattern::new(&format!("{NO_WORD_BEFORE}{pattern}"))))
                .collect(),
            words: Words::new(&dob::BEFORE),
            words_behind: Words::new(&dob::AFTER),
        }
    }

    pub fn find(&self, text: &[u8], finds: &mut Finds) {
        for (order, pattern) in &self.patterns {
            for groups in pattern.every_group(text) {
                let [_, Some(whole), Some(first), Some(second), Some(third)] = &groups[..] else { continue };
                let parts = [first, second, third].map(|part| &text[part.clone()]);
                let year = match order {
                    Order::YearMonthDay => parts[0],
                    _ => parts[2],
                };
                if is_date(*order, parts) && self.is_named(text, whole) {
                    finds.add_as(whole.start, whole.end, &dob::NAMED, *year < b"1900"[..]);
                }
            }
        }
    }

    fn is_named(&self, text: &[u8], whole: &Place) -> bool {
        self.words.before(text, whole.start) || self.words_behind.behind(text, whole.end)
    }
}

/// A word in any case, as a pattern.
fn any_case(word: &str) -> String {
    word.chars().map(|letter| format!("[{letter}{}]", letter.to_ascii_uppercase())).collect()
}

/// A day of a living person, or of 18xx and so of none.
fn is_birth_date(year: u32, month: u32, day: u32) -> bool {
    (1800..=2035).contains(&year) && (1..=days_in(year, month)).contains(&day)
}

fn is_date(order: Order, [first, second, third]: [&[u8]; 3]) -> bool {
    match order {
        Order::YearMonthDay => is_birth_date(number(first), number(second), number(third)),
        Order::DayMonthYear => {
            is_birth_date(number(third), number(second), number(first))
                || is_birth_date(number(third), number(first), number(second))
        }
        Order::NamedMonthDayYear => is_birth_date(number(third), month(first), number(second)),
        Order::DayNamedMonthYear => is_birth_date(number(third), month(second), number(first)),
    }
}

fn month(name: &[u8]) -> u32 {
    let head = String::from_utf8_lossy(&name[..3]).to_lowercase();
    MONTHS.split(' ').position(|month| month.starts_with(&head)).map_or(0, |place| place as u32 + 1)
}
