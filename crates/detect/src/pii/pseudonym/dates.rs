//! Dates of birth.

use super::Value;
use super::layout::Layout;
use crate::pii::checksum::number;
use crate::pii::kinds::dob::MONTHS;

/// Year, month and day.
type Date = [u32; 3];

/// A part of a date that is replaced: its places and what they mean.
struct Part {
    start: usize,
    end: usize,
    meaning: Meaning,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Year,
    Month,
    Day,
    /// All of it: `19880718`.
    Whole,
    MonthName,
    /// The letters behind a day: `18th`.
    Ordinal,
}

/// A day of 18xx in the same notation. Months and days keep their number of digits, and so does the whole.
pub(super) fn dob(value: &Value<'_>, out: &mut String) -> Option<()> {
    let layout = value.layout;
    let (parts, [year, month, day]) = read(layout)?;
    let mut draw = value.draw(format!("{year}-{month}-{day}").as_bytes());
    let made = [
        draw.between(1800, 1899),
        if month < 10 { draw.between(1, 9) } else { draw.between(10, 12) },
        // A day that may be a month stays one: nobody knows which of two figures is which.
        match day {
            0..=9 => draw.between(1, 9),
            10..=12 => draw.between(10, 12),
            _ => draw.between(13, 28),
        },
    ];
    let mut at = 0;
    for part in &parts {
        layout.copy(at, part.start, out);
        write(layout, part, made, out);
        at = part.end;
    }
    layout.copy(at, layout.len(), out);
    Some(())
}

fn write(layout: &Layout, part: &Part, [year, month, day]: Date, out: &mut String) {
    let width = part.end - part.start;
    let text = match part.meaning {
        Meaning::Whole => format!("{year}{month:02}{day:02}"),
        Meaning::Year => year.to_string(),
        Meaning::Month => format!("{month:0width$}"),
        Meaning::Day => format!("{day:0width$}"),
        Meaning::MonthName => {
            let name = MONTHS[month as usize - 1];
            if width == 3 { name[..3].to_owned() } else { name.to_owned() }
        }
        Meaning::Ordinal => match day {
            1 | 21 => "st",
            2 | 22 => "nd",
            3 | 23 => "rd",
            _ => "th",
        }
        .to_owned(),
    };
    // Case as that of the first and of the second letter.
    let upper = |ahead: usize| layout.at(part.start + ahead).is_uppercase();
    let (first, rest) = text.split_at(1);
    layout.push_like(part.start, &if upper(0) { first.to_uppercase() } else { first.to_owned() }, out);
    layout.push_like(part.start, &if upper(1) { rest.to_uppercase() } else { rest.to_owned() }, out);
}

/// The parts of a date in their order, and the date.
fn read(layout: &Layout) -> Option<(Vec<Part>, Date)> {
    let digits = runs(layout, |c| c.is_ascii_digit());
    let figure = |(start, end): (usize, usize)| {
        let places: Vec<_> = (start..end).collect();
        number(&layout.capitals(&places))
    };
    let part = |(start, end): (usize, usize), meaning| Part { start, end, meaning };
    match digits[..] {
        [whole @ (start, end)] if end - start == 8 => {
            let date = figure(whole);
            Some((vec![part(whole, Meaning::Whole)], [date / 10_000, date / 100 % 100, date % 100]))
        }
        [year @ (start, end), month, day] if end - start == 4 && is_short(month) && is_short(day) => Some((
            vec![part(year, Meaning::Year), part(month, Meaning::Month), part(day, Meaning::Day)],
            [figure(year), figure(month), figure(day)],
        )),
        [one, other, year @ (start, end)] if end - start == 4 && is_short(one) && is_short(other) => {
            // The month first, unless there is no such month.
            let (first, second) = match figure(one) {
                0..=12 => (Meaning::Month, Meaning::Day),
                _ => (Meaning::Day, Meaning::Month),
            };
            let (month, day) = if first == Meaning::Month { (one, other) } else { (other, one) };
            Some((
                vec![part(one, first), part(other, second), part(year, Meaning::Year)],
                [figure(year), figure(month), figure(day)],
            ))
        }
        [one, other] => {
            let is_year = |(start, end): (usize, usize)| end - start == 4;
            let (day, year) = if is_year(other) { (one, other) } else { (other, one) };
            let words = runs(layout, |c| c.is_ascii_alphabetic());
            let (name, month) = words.iter().find_map(|word| Some((*word, month_of(layout, *word)?)))?;
            let mut parts = vec![part(day, Meaning::Day), part(year, Meaning::Year), part(name, Meaning::MonthName)];
            let ordinal = words.iter().find(|(start, end)| *start == day.1 && end - start == 2);
            parts.extend(ordinal.map(|word| part(*word, Meaning::Ordinal)));
            parts.sort_by_key(|part| part.start);
            (is_year(year) && is_short(day)).then(|| (parts, [figure(year), month, figure(day)]))
        }
        _ => None,
    }
}

fn is_short((start, end): (usize, usize)) -> bool {
    end - start <= 2
}

/// Runs of characters of a kind.
fn runs(layout: &Layout, belongs: impl Fn(char) -> bool) -> Vec<(usize, usize)> {
    let places = layout.places(belongs);
    places.chunk_by(|one, next| one + 1 == *next).map(|run| (run[0], run[run.len() - 1] + 1)).collect()
}

fn month_of(layout: &Layout, (start, end): (usize, usize)) -> Option<u32> {
    let name: String = (start..end).map(|place| layout.at(place).to_ascii_lowercase()).collect();
    MONTHS.iter().position(|month| *month == name || month[..3] == name).map(|at| at as u32 + 1)
}

#[cfg(test)]
mod tests {
    use tamis_rules::PiiKind;

    use crate::Pseudonymizer;

    fn of(original: &str) -> String {
        let mut out = String::new();
        Pseudonymizer::new(b"k").pseudonym(PiiKind::Dob, original, &mut out);
        out
    }

    #[test]
    fn notations_of_one_day_correspond() {
        let whole = of("19880718");
        let (year, month, day) = (&whole[..4], &whole[5..6], &whole[6..]);
        assert!(whole.len() == 8 && year.starts_with("18") && &whole[4..5] == "0", "{whole}");
        assert_eq!(of("1988-07-18"), format!("{year}-0{month}-{day}"));
        assert_eq!(of("1988年7月18日"), format!("{year}年{month}月{day}日"));
        assert_eq!(of("1988 年 7 月 18 号"), format!("{year} 年 {month} 月 {day} 号"));
        assert_eq!(of("18/07/1988"), format!("{day}/0{month}/{year}"));
        assert_eq!(of("7.18.1988"), format!("{month}.{day}.{year}"));
        let name = super::MONTHS[month.parse::<usize>().unwrap() - 1];
        let capital = name[..1].to_uppercase();
        assert_eq!(of("July 18, 1988"), format!("{capital}{} {day}, {year}", &name[1..]));
        assert_eq!(of("jul. 18, 1988"), format!("{}. {day}, {year}", &name[..3]));
        assert_eq!(of("18 JUL 1988"), format!("{day} {} {year}", name[..3].to_uppercase()));
        let ordinal = of("18th of July, 1988");
        assert!(ordinal.starts_with(day) && ordinal.ends_with(&format!(", {year}")), "{ordinal}");
        // Either figure may be the month.
        assert_eq!(of("03/11/1988").len(), 10);
    }
}
