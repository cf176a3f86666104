//! Numbers of cards, people and devices.

use super::digits::{Even, Written};
use super::pattern::{CLOSES, HYPHEN, NO_WORD_BEHIND, NUMBER, OPENS, Pattern, SPACE, Words};
use crate::pii::checksum::{is_birth_date, luhn, luhn_remainder, mod_11_2, number};
use crate::pii::form::Finds;
use crate::pii::kinds::{bank_card, credit_card, id_card, imei, qq, social_security};
use crate::pii::number as words;

/// What an order, a transaction, a record or a moment is called.
#[derive(Debug)]
pub(super) struct Serials {
    orders: Words,
    serials: Words,
}

impl Serials {
    pub fn new() -> Self {
        Self { orders: Words::new(&words::ORDERS), serials: Words::new(&words::SERIALS) }
    }

    /// Whether the number is that of an order.
    pub fn is_order(&self, text: &[u8], start: usize) -> bool {
        self.orders.before(text, start)
    }

    /// Whether the number is that of an order or of something else that is counted.
    pub fn is_serial(&self, text: &[u8], start: usize) -> bool {
        self.is_order(text, start) || self.serials.before(text, start)
    }
}

/// Numbers, or words of hex digits of which one is a digit, right before or behind.
#[derive(Debug)]
pub(super) struct Neighbours {
    before: Pattern,
    behind: Pattern,
    placeholder_before: Pattern,
    placeholder_behind: Pattern,
}

impl Neighbours {
    pub fn new() -> Self {
        Self {
            before: Pattern::new(r"(?:\A|[ \n\t\x00])([0-9A-Fa-f]{2,9})[ \n\t]\z"),
            behind: Pattern::new(r"[ \n\t]([0-9A-Fa-f]{2,9})(?:\z|[ \n\t\x00])"),
            placeholder_before: Pattern::new(&format!(r"({NUMBER})[ \n\t]\z")),
            placeholder_behind: Pattern::new(&format!(r"[ \n\t]{NUMBER}")),
        }
    }

    /// Whether what stands between the positions is among other numbers, as in a table.
    pub fn are_beside(&self, text: &[u8], start: usize, end: usize) -> bool {
        let words = [self.before.ending_at(text, start, 11), self.behind.at(text, end)];
        words.into_iter().flatten().any(|word| text[word].iter().any(u8::is_ascii_digit))
            || self.placeholder_before.ending_at(text, start, 2).is_some()
            || self.placeholder_behind.is_at(text, end)
    }
}

/// Identity, bank, credit and social security cards, devices and QQ numbers.
#[derive(Debug)]
pub(super) struct Numbers {
    starts: Pattern,
    behind_q: Pattern,
    even: Even,
    seventeen_and_x: [Pattern; 2],
    three_two_four: [Pattern; 2],
    qq: Pattern,
    country: Pattern,
    at_sign: Pattern,
    serials: Serials,
    neighbours: Neighbours,
    identity_words: Words,
    card_words: Words,
    device_words: Words,
    security_words: Words,
    qq_words: Words,
    qq_groups: Words,
}

impl Numbers {
    pub fn new() -> Self {
        let signed = |pattern: fn(&str) -> String| [SPACE, HYPHEN].map(|sign| Pattern::new(&pattern(sign)));
        Self {
            starts: Pattern::new(&format!("{OPENS}([0-9])")),
            behind_q: Pattern::new("[Qq]([0-9])"),
            even: Even::new(),
            seventeen_and_x: signed(|sign| format!("([0-9](?:{sign}?[0-9]){{16}}[Xx]){NO_WORD_BEHIND}")),
            three_two_four: signed(|sign| format!("([0-9]{{3}}{sign}[0-9]{{2}}{sign}[0-9]{{4}})")),
            qq: Pattern::new(&format!("((?:[1-9][0-9]|00)[0-9]{{3,9}}){CLOSES}")),
            country: Pattern::new(&super::phones::ranges(super::phones::COUNTRY_CODES)),
            at_sign: Pattern::new("@"),
            serials: Serials::new(),
            neighbours: Neighbours::new(),
            identity_words: Words::new(&id_card::WORDS),
            card_words: Words::new(&credit_card::WORDS),
            device_words: Words::new(&imei::WORDS),
            security_words: Words::new(&social_security::WORDS),
            // A path or a domain is no announcement.
            qq_words: Words::across(&qq::WORDS, r"[^0-9\n{}/.\x01\x02]"),
            qq_groups: Words::new(&qq::GROUPS),
        }
    }

    pub fn find(&self, text: &[u8], finds: &mut Finds) {
        for place in self.behind_q.every(text) {
            self.qq(text, place.start, finds);
        }
        for place in self.starts.every(text) {
            let start = place.start;
            self.identity_card(text, start, finds);
            self.bank_card(text, start, finds);
            self.credit_card(text, start, finds);
            self.device(text, start, finds);
            self.social_security(text, start, finds);
            self.qq(text, start, finds);
        }
    }

    fn identity_card(&self, text: &[u8], start: usize, finds: &mut Finds) {
        let digits = || self.even.at(text, start, 18).filter(|it| is_resident(&it.digits[..17], it.digits[17]));
        let with_x = || {
            let place = self.seventeen_and_x.iter().find_map(|pattern| pattern.at(text, start))?;
            let written = Written::at(text, &(start..place.end - 1));
            is_resident(&written.digits, b'X').then_some(Written { end: place.end, ..written })
        };
        let of_nobody = text[start] == b'0';
        if let Some(written) = digits().or_else(with_x)
            && !self.serials.is_order(text, start)
        {
            finds.add_as(start, written.end, &id_card::CURRENT, of_nobody);
        } else if let Some(written) = self.even.at(text, start, 15)
            && (is_first_generation(&written.digits) || written.digits.starts_with(b"000"))
            && self.identity_words.before(text, start)
        {
            finds.add_as(start, written.end, &id_card::FIRST_GENERATION, of_nobody);
        }
    }

    fn bank_card(&self, text: &[u8], start: usize, finds: &mut Finds) {
        let invented = self.even.longest(text, start, 16..=19, |it| is_invented_card(2, it));
        let of_nobody = invented.is_some();
        let Some(written) = invented.or_else(|| self.even.longest(text, start, 16..=19, luhn)) else { return };
        let in_table = !written.is_whole() && self.neighbours.are_beside(text, start, written.end);
        let stands = !self.serials.is_serial(text, start) && !in_table;
        if text[start..].starts_with(b"62") && (stands || self.card_words.before(text, start)) {
            finds.add_as(start, written.end, &bank_card::UNIONPAY, of_nobody);
        }
    }

    fn credit_card(&self, text: &[u8], start: usize, finds: &mut Finds) {
        let invented = self.even.longest(text, start, 12..=19, |it| is_invented_card(1, it));
        let of_nobody = invented.is_some();
        let issued = || self.even.longest(text, start, 12..=19, |it| is_issued(it) && luhn(it));
        let Some(written) = invented.or_else(issued).filter(|it| matches!(it.digits[0], b'1'..=b'6')) else { return };
        let in_table = !written.is_whole() && self.neighbours.are_beside(text, start, written.end);
        let grouped = written.is_whole() || matches!(written.lens[..], [4, 4, 4, 4] | [4, 6, 5]);
        if self.card_words.before(text, start) {
            finds.add_as(start, written.end, &credit_card::NAMED, of_nobody);
        } else if (of_nobody || is_distinct(&written.digits))
            && grouped
            && !self.serials.is_serial(text, start)
            && !in_table
        {
            finds.add_as(start, written.end, &credit_card::ISSUER, of_nobody);
        }
    }

    fn device(&self, text: &[u8], start: usize, finds: &mut Finds) {
        let of_nobody = |digits: &[u8]| digits.starts_with(b"000");
        let Some(written) =
            self.even.longest(text, start, 15..=15, |it| of_nobody(it) || luhn(it) && !it.starts_with(b"00"))
        else {
            return;
        };
        let of_nobody = of_nobody(&written.digits);
        if self.device_words.before(text, start) {
            finds.add_as(start, written.end, &imei::NAMED, of_nobody);
        } else if written.lens == [2, 6, 6, 1] && written.gaps[0] == '-' {
            finds.add_as(start, written.end, &imei::FORMATTED, of_nobody);
        }
    }

    fn social_security(&self, text: &[u8], start: usize, finds: &mut Finds) {
        let Some(written) = self.even.at(text, start, 9) else { return };
        let grouped = self.three_two_four.iter().any(|pattern| pattern.is_at(text, start));
        let of_nobody = written.digits.starts_with(b"000");
        if !(of_nobody || is_given(&written.digits)) || !(grouped || written.is_whole()) {
            return;
        }
        if self.security_words.before(text, start) {
            finds.add_as(start, written.end, &social_security::NAMED, of_nobody);
        } else if written.gaps == ['-', '-'] && !self.serials.is_serial(text, start) {
            finds.add_as(start, written.end, &social_security::FORMATTED, of_nobody);
        }
    }

    fn qq(&self, text: &[u8], start: usize, finds: &mut Finds) {
        if let Some(place) = self.qq.at(text, start)
            && !self.at_sign.is_at(text, place.end)
            && self.qq_words.before(text, start)
            && !self.qq_groups.before(text, start)
        {
            let of_nobody = text[start] == b'0';
            let abroad = of_nobody && place.len() == 5 && self.country.is_at(text, start + 2);
            if !abroad {
                finds.add_as(start, place.end, &qq::NAMED, of_nobody);
            }
        }
    }
}

/// Provinces, and the residence permits of Hong Kong, Macau and Taiwan.
const PROVINCES: &str =
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83";

/// Whether the digits begin with the number of a province.
pub(super) fn is_of_province(digits: &[u8]) -> bool {
    PROVINCES.split(' ').any(|province| digits.starts_with(province.as_bytes()))
}

fn is_resident(digits: &[u8], check: u8) -> bool {
    if digits.starts_with(b"000") {
        // A number of nobody.
        return &digits[6..8] == b"18" && mod_11_2(digits, check);
    }
    is_of_province(digits)
        && is_birth_date(number(&digits[6..10]), number(&digits[10..12]), number(&digits[12..14]))
        && mod_11_2(digits, check)
}

fn is_first_generation(digits: &[u8]) -> bool {
    let year = 1900 + number(&digits[6..8]);
    is_of_province(digits) && is_birth_date(year, number(&digits[8..10]), number(&digits[10..12]))
}

/// The first and the last head of a range.
type Heads = (&'static str, &'static str);

/// Ranges of issuers by number of digits.
const ISSUERS: &[(&[usize], &[Heads])] = &[
    (&[12, 16, 17, 18, 19], &[("50", "50"), ("56", "58"), ("63", "63"), ("67", "67")]),
    (&[13, 16, 19], &[("4", "4")]),
    (&[14], &[("30", "30"), ("36", "36"), ("38", "39")]),
    (&[15], &[("34", "34"), ("37", "37"), ("1800", "1800"), ("2131", "2131")]),
    (
        &[16],
        &[
            ("35", "35"),
            ("51", "55"),
            ("65", "65"),
            ("2200", "2204"),
            ("2221", "2720"),
            ("6011", "6011"),
            ("6440", "6499"),
            ("3000", "3059"),
            ("3600", "3699"),
            ("3800", "3999"),
        ],
    ),
    (&[19], &[("65", "65")]),
];

/// Whether it is a card of nobody, with noughts behind so many digits of a scheme.
fn is_invented_card(scheme: usize, digits: &[u8]) -> bool {
    &digits[scheme..scheme + 3] == b"000" && luhn_remainder(digits) == 5
}

fn is_issued(digits: &[u8]) -> bool {
    let within = |(first, last): &Heads| {
        let head = &digits[..first.len()];
        head >= first.as_bytes() && head <= last.as_bytes()
    };
    ISSUERS.iter().any(|(counts, ranges)| counts.contains(&digits.len()) && ranges.iter().any(within))
}

/// Whether a card's number is long enough to stand without a word, and no moment or article begins like it.
fn is_distinct(digits: &[u8]) -> bool {
    let begins = |heads: &[&str]| heads.iter().any(|head| digits.starts_with(head.as_bytes()));
    match digits.len() {
        15 => begins(&["34", "37"]),
        16 if begins(&["35"]) => (3528..=3589).contains(&number(&digits[..4])),
        16 => !begins(&["50", "63", "67"]),
        _ => false,
    }
}

/// Areas, groups and serials never given out, and the numbers of advertisements.
fn is_given(digits: &[u8]) -> bool {
    let never =
        digits.starts_with(b"666") || digits.starts_with(b"9") || &digits[3..5] == b"00" || &digits[5..] == b"0000";
    !never && !["078051120", "219099999", "123456789", "111223333"].iter().any(|known| known.as_bytes() == digits)
}
