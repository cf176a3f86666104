//! Date of birth.

use tamis_rules::PiiKind;

use crate::pii::checksum::{BIRTH_YEARS, days_in, number as value};
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;
use crate::pii::view::View;

/// Beside a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::Dob,
    name: "dob.named",
    description: "a whole date from 1900 on, in figures or with the month's name, beside a word for birth",
    source: "ISO 8601, GB/T 7408 and common usage",
    weight: weight::NAMED,
};

pub(in crate::pii) static BEFORE: Context = Context::new(
    &[
        "出生",
        "出生日期",
        "出生年月",
        "出生年月日",
        "生于",
        "生於",
        "出生于",
        "生日",
        "阳历生日",
        "农历生日",
        "born",
        "born on",
        "birthday",
        "birthdate",
        "birth date",
        "date of birth",
        "dob",
        "d.o.b.",
        "d.o.b",
        "birth",
        "geboren",
        "né le",
        "née le",
        "nacido",
        "fecha de nacimiento",
        "生年月日",
    ],
    16,
);

pub(in crate::pii) static AFTER: Context = Context::new(&["出生", "生人", "诞生", "生まれ"], 3);

pub(in crate::pii) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Looks for a date that begins, or whose year stands, at the number.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    let Some((start, end, year)) = date(number) else { return };
    if BEFORE.before(number.view, start) || AFTER.after(number.view, end) {
        finds.add_as(start, end, &NAMED, year < *BIRTH_YEARS.start());
    }
}

/// Whether it is a day on which somebody may be or may have been born: those of 18xx have no living bearer, and stand
/// in place of others.
fn is_date(year: u32, month: u32, day: u32) -> bool {
    (1800..=*BIRTH_YEARS.end()).contains(&year) && day >= 1 && day <= days_in(year, month)
}

/// Where the date begins and ends, and its year.
type Place = (usize, usize, u32);

fn date(number: &Number<'_>) -> Option<Place> {
    let view = number.view;
    let group = number.chain.groups().first()?;
    if !view.opens(group.start) {
        return None;
    }
    match group.len() {
        4 if view.goes_on(group.end, "年") => chinese(view, group.start, group.end),
        4 => year_first(number).or_else(|| named_month(number)),
        8 => {
            let digits = number.chain.digits(1);
            let year = value(&digits[..4]);
            let fits = is_date(year, value(&digits[4..6]), value(&digits[6..]));
            (fits && number.chain.closes(view, 1)).then_some((group.start, group.end, year))
        }
        1 | 2 => year_last(number),
        _ => None,
    }
}

/// `1988年7月18日`, with or without spaces.
fn chinese(view: View<'_>, start: usize, year_end: usize) -> Option<Place> {
    let year = value(&view.bytes[start..year_end]);
    let (month, at) = figure(view, year_end + "年".len())?;
    let at = spaced(view, at);
    if !view.goes_on(at, "月") {
        return None;
    }
    let (day, at) = figure(view, at + "月".len())?;
    let at = spaced(view, at);
    let sign = ["日", "号"].into_iter().find(|sign| view.goes_on(at, sign))?;
    is_date(year, month, day).then_some((start, at + sign.len(), year))
}

fn spaced(view: View<'_>, at: usize) -> usize {
    view.run_end(at, 1, |byte| byte == b' ')
}

/// One or two digits, perhaps after a space.
fn figure(view: View<'_>, at: usize) -> Option<(u32, usize)> {
    let start = spaced(view, at);
    let end = view.run_end(start, 3, |byte| byte.is_ascii_digit());
    (1..=2).contains(&(end - start)).then(|| (value(&view.bytes[start..end]), end))
}

/// `1988-07-18`, `1988/7/18`, `1988.07.18`.
fn year_first(number: &Number<'_>) -> Option<Place> {
    let [4, 1 | 2, 1 | 2, ..] = number.chain.lens() else { return None };
    let [first, second] = number.chain.gaps(3) else { return None };
    let [year, month, day] = three(number);
    (first == second && number.chain.closes(number.view, 3) && is_date(year, month, day))
        .then(|| (number.start, number.chain.groups()[2].end, year))
}

/// `18/07/1988`, `7-18-1988`: day and month in either order.
fn year_last(number: &Number<'_>) -> Option<Place> {
    let [1 | 2, 1 | 2, 4, ..] = number.chain.lens() else { return None };
    let [first, second] = number.chain.gaps(3) else { return None };
    let [one, other, year] = three(number);
    let fits = is_date(year, other, one) || is_date(year, one, other);
    (first == second && number.chain.closes(number.view, 3) && fits)
        .then(|| (number.start, number.chain.groups()[2].end, year))
}

fn three(number: &Number<'_>) -> [u32; 3] {
    let groups = number.chain.groups();
    [0, 1, 2].map(|at| value(&number.view.bytes[groups[at].start..groups[at].end]))
}

/// `July 18, 1988` and `18th of July, 1988`, from the year backwards.
fn named_month(number: &Number<'_>) -> Option<Place> {
    let view = number.view;
    let year_end = number.chain.groups()[0].end;
    if !number.chain.closes(view, 1) {
        return None;
    }
    let at = view.run_start(number.start, 2, |byte| matches!(byte, b' ' | b',' | b'.'));
    let year = value(&view.bytes[number.start..year_end]);
    let (start, month, day) = month_then_day(view, at).or_else(|| day_then_month(view, at))?;
    is_date(year, month, day).then_some((start, year_end, year))
}

/// The start, month and day of `July 18`, `Jul. 18th` that end at a position.
fn month_then_day(view: View<'_>, end: usize) -> Option<(usize, u32, u32)> {
    let (day_start, day) = day_before(view, end)?;
    if view.before(day_start) != b' ' {
        return None;
    }
    let month_end = view.run_start(day_start - 1, 1, |byte| byte == b'.');
    month_before(view, month_end).map(|(start, month)| (start, month, day))
}

/// The start, month and day of `18 July`, `18th of July` that end at a position.
fn day_then_month(view: View<'_>, end: usize) -> Option<(usize, u32, u32)> {
    let (month_start, month) = month_before(view, end)?;
    let spaced = view.run_start(month_start, 1, |byte| byte == b' ');
    let day_end = if view.ends_with(spaced, " of") { spaced - " of".len() } else { spaced };
    let (start, day) = day_before(view, day_end).filter(|_| day_end < month_start)?;
    Some((start, month, day))
}

/// The day, perhaps an ordinal, that ends at a position.
fn day_before(view: View<'_>, end: usize) -> Option<(usize, u32)> {
    let ordinal = ["st", "nd", "rd", "th"].iter().find(|ordinal| view.ends_with(end, ordinal)).map_or(0, |it| it.len());
    let end = end - ordinal;
    let start = view.run_start(end, 3, |byte| byte.is_ascii_digit());
    ((1..=2).contains(&(end - start)) && view.opens(start)).then(|| (start, value(&view.bytes[start..end])))
}

/// The month whose name, whole or by its first three letters, ends at a position.
fn month_before(view: View<'_>, end: usize) -> Option<(usize, u32)> {
    let start = view.run_start(end, 10, |byte| byte.is_ascii_alphabetic());
    let name = &view.bytes[start..end];
    let is_it = |month: &str| {
        let month = month.as_bytes();
        name.eq_ignore_ascii_case(month) || name.eq_ignore_ascii_case(&month[..3])
    };
    let at = MONTHS.iter().position(|month| is_it(month))?;
    view.opens(start).then_some((start, at as u32 + 1))
}
