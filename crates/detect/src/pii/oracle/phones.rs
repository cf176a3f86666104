//! Telephone numbers.

use super::digits::{Loose, Written};
use super::numbers::Serials;
use super::pattern::{CLOSE, CLOSES, HYPHEN, OPENS, Pattern, SPACE, Words, gap, one_of};
use crate::pii::Also;
use crate::pii::checksum::{days_in, number};
use crate::pii::form::{Finds, PiiForm};
use crate::pii::kinds::{landline, phone};

/// A place with its form, and whether no plan gives the number out.
type Number = (usize, usize, &'static PiiForm, bool);

/// Mobile, fixed and foreign numbers.
#[derive(Debug)]
pub(super) struct Phones {
    starts: Pattern,
    plus: Pattern,
    first_closes: Pattern,
    two_noughts: Pattern,
    extension: Pattern,
    extension_or_hyphen: Pattern,
    closes: Pattern,
    units: Pattern,
    goes_on: Pattern,
    loose: Loose,
    country: Pattern,
    mobile: Pattern,
    mobile_networks: Pattern,
    in_path: Pattern,
    north_american: Vec<Pattern>,
    national: Vec<Pattern>,
    pairs: Pattern,
    landlines: Vec<(bool, bool, Pattern)>,
    words: Words,
    loose_words: Words,
    hotlines: Words,
    hotlines_behind: Words,
    serials: Serials,
}

/// Signs of an extension; digits follow.
const EXTENSION: &str = r"(?: ?x|ext| ext\.? | ext\.|, ext\. | extension |转| 转 |分机| 分机 )";

pub(super) const COUNTRY_CODES: &str = "1 7 20 27 30-34 36 39-41 43-49 51-58 60-66 81 82 84 86 90-95 98 \
    211-213 216 218 220-258 260-269 290 291 297-299 350-359 370-378 380-383 385-387 389 420 421 423 500-509 590-599 \
    670 672-683 685-692 850 852 853 855 856 880 886 960-968 970-977 992-996 998";

/// Area codes of eight-digit numbers, without their nought.
const CITIES: &str = "10 20-25 27-29";

/// The other area codes, without their nought.
const AREAS: &str = "310-319 335 349-359 370-379 391-398 410-419 421 427 429 431-439 448 451-459 464 467-479 482 483 \
    510-519 523 527 530-539 543 546 550-566 570-580 591-599 631-635 660 662 663 668 691 692 701 710-719 722 724 728 \
    730-739 743-746 750-779 790-799 810-819 825-827 830-839 851-859 870-888 890-899 901-919 930-939 941 943 951-955 \
    970-979 990-999";

/// Numbers and ranges of numbers as alternatives.
pub(super) fn ranges(list: &str) -> String {
    let numbers = list.split_whitespace().flat_map(|item| {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        number(first.as_bytes())..=number(last.as_bytes())
    });
    format!("(?:{})", numbers.map(|number| number.to_string()).collect::<Vec<_>>().join("|"))
}

impl Phones {
    pub fn new() -> Self {
        let (gap, even) = (gap(), [SPACE, HYPHEN]);
        let pattern = |text: String| Pattern::new(&text);
        let mobile = [SPACE, HYPHEN, r"\."]
            .map(|sign| {
                format!(
                    "[0-9]{{3}}{sign}[0-9]{{4}}{sign}[0-9]{{4}}|[0-9]{{3}}{sign}[0-9]{{8}}|[0-9]{{7}}{sign}[0-9]{{4}}"
                )
            })
            .join("|");
        Self {
            starts: pattern(format!("{OPENS}([0-9])")),
            plus: pattern(r"(?:\A|[^0-9A-Za-z_\x01\x02])(\+)\z".into()),
            first_closes: pattern(format!("[0-9]+{CLOSE}[0-9]")),
            two_noughts: Pattern::new("00[1-9]"),
            extension: pattern(format!("{EXTENSION}([0-9]{{1,6}}){CLOSES}")),
            extension_or_hyphen: pattern(format!("(?:{EXTENSION}([0-9]{{1,6}})|-([0-9]{{2,5}})){CLOSES}")),
            closes: Pattern::new(CLOSES),
            units: Pattern::new(&one_of(&phone::UNITS)),
            goes_on: pattern(format!(r"(?:{gap}|/)[0-9\x01\x02]")),
            loose: Loose::new(),
            country: pattern(format!("({})", ranges(COUNTRY_CODES))),
            mobile: pattern(format!("(?:(?:86|0086)(?:{SPACE}|{HYPHEN}))?([0-9]{{11}}|{mobile})")),
            mobile_networks: Pattern::new(r"1(?:3|8|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|9[0-35-9])"),
            in_path: Pattern::new(r"[A-Za-z_\-\x01\x02](/)\z"),
            north_american: north_american(&gap),
            national: even.map(|sign| pattern(format!("(0[1-9][0-9]{{1,3}}(?:{sign}[0-9]{{2,}}){{1,3}})"))).into(),
            pairs: pattern(format!("(0[1-9](?:(?:{gap}|/)[0-9]{{2}}){{4}})")),
            landlines: landlines(&gap),
            words: Words::new(&phone::WORDS),
            loose_words: Words::new(&phone::LOOSE_WORDS),
            hotlines: Words::new(&phone::HOTLINES),
            hotlines_behind: Words::new(&phone::HOTLINES_AFTER),
            serials: Serials::new(),
        }
    }

    pub fn find(&self, text: &[u8], also: Also, finds: &mut Finds) {
        for place in self.starts.every(text) {
            let start = place.start;
            if let Some((start, end, form, of_nobody)) = self.landline(text, start) {
                finds.add_as(start, end, form, of_nobody);
            }
            let number = self
                .international(text, start, also)
                .or_else(|| self.mobile(text, start, also))
                .or_else(|| self.north_american(text, start, also))
                .or_else(|| self.national(text, start, also))
                .or_else(|| self.named(text, start));
            if let Some((start, end, form, of_nobody)) = number
                && (also.service || of_nobody || form == &phone::MOBILE || !self.is_hotline(text, start, end))
            {
                finds.add_as(start, end, form, of_nobody);
            }
        }
    }

    fn is_hotline(&self, text: &[u8], start: usize, end: usize) -> bool {
        self.hotlines.before(text, start) || self.hotlines_behind.behind(text, end)
    }

    fn is_named(&self, text: &[u8], start: usize) -> bool {
        self.words.before(text, start)
    }

    fn is_loosely_named(&self, text: &[u8], start: usize) -> bool {
        self.loose_words.before(text, start)
    }

    fn has_plus(&self, text: &[u8], start: usize) -> bool {
        self.plus.ending_at(text, start, 2).is_some()
    }

    /// The start with the plus sign, and with the bracket that closes behind the first group.
    fn lead(&self, text: &[u8], start: usize) -> usize {
        let signed = start - usize::from(self.has_plus(text, start));
        let bracketed = self.first_closes.is_at(text, start) && text[..signed].ends_with(b"(");
        signed - usize::from(bracketed)
    }

    /// The end with the extension, where a number may end.
    fn end(&self, text: &[u8], end: usize, hyphens: bool) -> Option<usize> {
        let extension = if hyphens { &self.extension_or_hyphen } else { &self.extension };
        if let Some(groups) = extension.groups_at(text, end) {
            return groups.into_iter().skip(1).flatten().map(|digits| digits.end).next();
        }
        (self.closes.is_at(text, end) && !self.units.is_at(text, end)).then_some(end)
    }

    fn international(&self, text: &[u8], start: usize, also: Also) -> Option<Number> {
        let plus = self.has_plus(text, start);
        let noughts = match plus {
            true => 0,
            false if self.two_noughts.is_at(text, start) => 2,
            false => return None,
        };
        let named = plus || self.is_named(text, start) || self.is_loosely_named(text, start);
        (10..=15).rev().find_map(|count| {
            let written = self.loose.at(text, start, noughts + count)?;
            let digits = &written.digits[noughts..];
            let code = self.country.at(digits, 0)?;
            let (code, national) = digits.split_at(code.end);
            let of_nobody = is_of_nobody(code, national);
            let (fits, form) = match code {
                b"1" => (count == 11 && is_north_american(national, also), &phone::INTERNATIONAL),
                b"86" => (self.is_mobile(national, also), &phone::MOBILE),
                _ => (also.service || !national.starts_with(b"800"), &phone::INTERNATIONAL),
            };
            let fits = fits || of_nobody;
            let is_written = named || written.gaps.contains(&'-');
            let end = self.end(text, written.end, false)?;
            (fits && is_written && !is_date_of_long_year(&written))
                .then(|| (self.lead(text, start), end, form, of_nobody))
        })
    }

    /// A mobile number of no operator's own and of no manual.
    fn is_mobile(&self, digits: &[u8], also: Also) -> bool {
        digits.len() == 11 && self.mobile_networks.is_at(digits, 0) && (also.documentation || !is_stand_in(digits))
    }

    fn mobile(&self, text: &[u8], start: usize, also: Also) -> Option<Number> {
        let place = self.mobile.at(text, start)?;
        let written = Written::at(text, &place);
        let end = self.end(text, place.end, false)?;
        let in_path = self.in_path.ending_at(text, start, 2).is_some();
        let other = self.serials.is_serial(text, start) || is_near_power_of_two(&written.digits);
        let of_nobody = is_no_network(&written.digits);
        let is_one = of_nobody || self.is_mobile(&written.digits, also);
        let fits = is_one && !in_path && (!other || self.is_named(text, start));
        fits.then_some((start, end, &phone::MOBILE, of_nobody))
    }

    fn north_american(&self, text: &[u8], start: usize, also: Also) -> Option<Number> {
        let groups = self.north_american.iter().find_map(|pattern| pattern.groups_at(text, start))?;
        let (prefix, place) = (groups[1].clone(), groups[2].clone()?);
        let written = Written::at(text, &place);
        let bracketed = written.gaps[0] != ')' || text[..place.start].ends_with(b"(");
        let end = self.end(text, place.end, false)?;
        let first = if prefix.is_some() { start } else { self.lead(text, start) };
        let of_nobody = written.digits.starts_with(b"1");
        let fits = bracketed && (of_nobody || is_north_american(&written.digits, also));
        fits.then_some((first, end, &phone::NORTH_AMERICAN, of_nobody))
    }

    fn national(&self, text: &[u8], start: usize, also: Also) -> Option<Number> {
        let grouped = self.national.iter().find_map(|pattern| pattern.at(text, start));
        let pairs = || {
            let place = self.pairs.at(text, start)?;
            let dotted = Written::at(text, &place).gaps == ['.'; 4];
            (dotted || self.is_named(text, start) || self.is_loosely_named(text, start)).then_some(place)
        };
        let place = grouped.or_else(pairs)?;
        let written = Written::at(text, &place);
        let free = written.digits.starts_with(b"0800") || written.digits.starts_with(b"0808");
        let fits = matches!(written.digits.len(), 10 | 11)
            && !self.goes_on.is_at(text, place.end)
            && (also.service || !free)
            && !self.serials.is_serial(text, start);
        let end = self.end(text, place.end, false)?;
        fits.then(|| (self.lead(text, start), end, &phone::NATIONAL, false))
    }

    fn named(&self, text: &[u8], start: usize) -> Option<Number> {
        let bracketed = text[..start].ends_with(b"(") && self.words.right_before(text, start - 1);
        if bracketed && self.lead(text, start) == start {
            // The argument of a function.
            return None;
        }
        let certain = self.is_named(text, start);
        if !certain && !self.is_loosely_named(text, start) {
            return None;
        }
        (7..=13).rev().find_map(|count| {
            let written = self.loose.at(text, start, count)?;
            let enough = match (certain, written.is_whole()) {
                (_, true) if count == 13 => false,
                (true, _) => true,
                (false, true) => count >= 10,
                (false, false) => count >= 9,
            };
            let end = self.end(text, written.end, false)?;
            let of_nobody = self.is_of_no_plan(&written, self.has_plus(text, start));
            let form = if of_nobody { &phone::INTERNATIONAL } else { &phone::NAMED };
            (enough && (of_nobody || is_telephone(&written))).then(|| (self.lead(text, start), end, form, of_nobody))
        })
    }

    /// Whether no plan gives out the number, with a country code or without one.
    fn is_of_no_plan(&self, written: &Written, plus: bool) -> bool {
        let digits = &written.digits;
        let noughts = if !plus && self.two_noughts.is_at(digits, 0) { 2 } else { 0 };
        let abroad = plus || noughts > 0 || digits.starts_with(b"86") && digits.len() > 11;
        if let Some(code) = self.country.at(&digits[noughts..], 0).filter(|_| abroad) {
            let (code, national) = digits[noughts..].split_at(code.end);
            return is_of_nobody(code, national) || code == b"86" && national.starts_with(b"00");
        }
        let north_american = written.lens[0] == 1 && digits.len() == 11 && matches!(digits[..2], [b'1', b'0' | b'1']);
        digits.starts_with(b"000") || is_no_network(digits) || north_american
    }

    fn landline(&self, text: &[u8], start: usize) -> Option<Number> {
        self.landlines.iter().find_map(|(whole, of_nobody, pattern)| {
            let last = pattern.at(text, start)?.end;
            if text[start..].starts_with(b"86") && !self.has_plus(text, start) {
                return None;
            }
            let end = self.end(text, last, true)?;
            let not_ascii = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii());
            let beside_han = not_ascii(text[..start].last()) || not_ascii(text.get(last));
            let stands = !whole || self.is_named(text, start) || (!self.serials.is_serial(text, start) && beside_han);
            stands.then(|| (self.lead(text, start), end, &landline::AREA_CODE, *of_nobody))
        })
    }
}

/// An area, an exchange and a number, perhaps behind a 1.
fn north_american(gap: &str) -> Vec<Pattern> {
    let signs = [
        (HYPHEN.to_owned(), HYPHEN.to_owned()),
        (r"\.".to_owned(), r"\.".to_owned()),
        (CLOSE.to_owned(), format!(r"(?:{SPACE}|{HYPHEN}|\.)")),
    ];
    let pattern = |(first, second): &(String, String)| {
        Pattern::new(&format!("(1(?:{gap}|/))?([0-9]{{3}}{first}[0-9]{{3}}{second}[0-9]{{4}})"))
    };
    signs.iter().map(pattern).collect()
}

/// Area and number, in one piece or in two or three groups; whether it is in one, and whether no area has the code.
fn landlines(gap: &str) -> Vec<(bool, bool, Pattern)> {
    let prefix = format!("(?:86|0086)(?:{gap}|/)");
    let sign = format!("(?:{SPACE}|{HYPHEN}|{CLOSE})");
    let mut patterns = Vec::new();
    let areas = [
        ("00".to_owned(), &[8][..], true),
        ("00[0-9]".to_owned(), &[8, 7], true),
        (ranges(CITIES), &[8], false),
        (ranges(AREAS), &[8, 7], false),
    ];
    for (areas, lengths, of_nobody) in areas {
        for length in lengths {
            let (first, rest) = (length - 5, length - 1);
            let writings = [
                (false, format!("{sign}[2-8][0-9]{{{first}}}{sign}[0-9]{{4}}")),
                (false, format!("{sign}[2-8][0-9]{{{rest}}}")),
                (true, format!("[2-8][0-9]{{{rest}}}")),
            ];
            for (whole, number) in writings {
                patterns.push((whole, of_nobody, Pattern::new(&format!("{prefix}(0?{areas}{number})"))));
                patterns.push((whole, of_nobody, Pattern::new(&format!("(0{areas}{number})"))));
            }
        }
    }
    patterns
}

/// Numbers that manuals write, and an operator's own.
fn is_stand_in(digits: &[u8]) -> bool {
    let tail = &digits[3..];
    tail.iter().all(|digit| *digit == tail[0])
        || ["12345678", "87654321", "01234567", "00138000"].iter().any(|known| known.as_bytes() == tail)
}

/// Within 4096 of 2^34.
fn is_near_power_of_two(digits: &[u8]) -> bool {
    let value: u64 = String::from_utf8_lossy(digits).parse().unwrap_or(0);
    (17_179_865_088..=17_179_873_280).contains(&value)
}

/// Ten digits of a subscriber.
fn is_north_american(digits: &[u8], also: Also) -> bool {
    let begins = |heads: &[&str]| heads.iter().any(|head| digits.starts_with(head.as_bytes()));
    let free = begins(&["800", "888", "877", "866", "855", "844", "833", "822", "900"]);
    let fiction = digits.starts_with(b"555") || &digits[3..8] == b"55501";
    let area = digits[0] > b'1' && (free || &digits[1..3] != b"00");
    area && &digits[3..6] != b"000" && (also.service || !free) && (also.documentation || !fiction)
}

/// Whether no plan gives out what follows the country code.
fn is_of_nobody(code: &[u8], national: &[u8]) -> bool {
    match code {
        b"1" => national.len() == 10 && matches!(national[0], b'0' | b'1'),
        b"86" => is_no_network(national),
        _ => national.starts_with(b"000"),
    }
}

/// Eleven digits that are of no mobile network of China, nor of Brazil without its country code.
fn is_no_network(digits: &[u8]) -> bool {
    digits.len() == 11 && (digits.starts_with(b"10") || digits.starts_with(b"11") && digits[2] != b'9')
}

/// `+262142-12-31`.
fn is_date_of_long_year(written: &Written) -> bool {
    let count = written.digits.len();
    matches!(written.lens[..], [_, 2, 2]) && is_day(&written.digits[count - 4..count - 2], &written.digits[count - 2..])
}

/// Whether digits in such groups may be a number: no date, span of years, address, decimal or service.
fn is_telephone(written: &Written) -> bool {
    let Written { digits, lens, gaps, .. } = written;
    let year = |from: usize| matches!(digits[from..from + 2], [b'1', b'9'] | [b'2', b'0']);
    let day = |month: usize, day: usize| is_day(&digits[month..month + 2], &digits[day..day + 2]);
    let date = match lens[..] {
        [8] | [4, 2, 2, ..] => year(0) && day(4, 6),
        [4, 4] => year(0) && year(4),
        [2, 2, 4] => day(0, 2) || day(2, 0),
        _ => false,
    };
    let decimal = gaps[..] == ['.'];
    let address = gaps[..] == ['.'; 3];
    let begins = |heads: &[&str]| heads.iter().any(|head| digits.starts_with(head.as_bytes()));
    let city = matches!(lens[..], [3 | 4, 5]) && begins(&["0"]) && matches!(digits[lens[0]], b'1' | b'9');
    let service = begins(&["0800", "0808"]) || (digits.len() == 10 && begins(&["400", "800"]));
    let repeated = digits.iter().all(|digit| *digit == digits[0]);
    !(date || decimal || address || city || service || repeated)
}

/// Whether it is a day of a leap year.
fn is_day(month: &[u8], day: &[u8]) -> bool {
    let (month, day) = (number(month), number(day));
    (1..=days_in(2000, month)).contains(&day)
}
