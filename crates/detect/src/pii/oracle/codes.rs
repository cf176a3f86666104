//! Codes of letters and digits.

use super::pattern::{CLOSES, NO_WORD_BEFORE, NO_WORD_BEHIND, OPENS, Pattern, Place, Words, one_of};
use crate::pii::checksum::{mod_31, mod_97};
use crate::pii::form::Finds;
use crate::pii::kinds::{driver_license, iban, passport, plate, uscc};

/// Passports, licences, accounts, organisations and vehicles.
#[derive(Debug)]
pub(super) struct Codes {
    chinese_passport: Pattern,
    passports: Vec<Pattern>,
    passport_words: Words,
    licences: Vec<Pattern>,
    licence_group: Pattern,
    closes: Pattern,
    licence_words: Words,
    account_starts: Pattern,
    accounts: Vec<(&'static str, [Pattern; 3])>,
    organisations: Vec<Pattern>,
    organisation_words: Words,
    plates: Vec<Pattern>,
    plate_words: Words,
}

/// Countries with the lengths of their accounts.
const ACCOUNTS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 \
    EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 \
    KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 \
    PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

const PROVINCES: [&str; 31] = [
    "京", "津", "沪", "渝", "冀", "豫", "云", "辽", "黑", "湘", "皖", "鲁", "新", "苏", "浙", "赣", "鄂", "桂", "甘",
    "晋", "蒙", "陕", "吉", "闽", "贵", "粤", "青", "藏", "川", "宁", "琼",
];

impl Codes {
    pub fn new() -> Self {
        Self {
            chinese_passport: Pattern::new(&format!(
                r"(?:\A|[^0-9A-Za-z_\-./#$\x01\x02])([EG][0-9]{{8}}|E[A-HJ-NP-Z][0-9]{{7}}){CLOSES}"
            )),
            passports: [NO_WORD_BEFORE.to_owned() + "([A-Za-z]{1,3}", OPENS.to_owned() + "("]
                .map(|head| Pattern::new(&format!("{head}[0-9]{{5,9}}(?:[A-Za-z][0-9A-Za-z]*)?){CLOSES}")))
                .into(),
            passport_words: Words::new(&passport::WORDS),
            licences: [NO_WORD_BEFORE.to_owned() + "([A-Z]{1,5}", OPENS.to_owned() + "("]
                .map(|head| Pattern::new(&format!("{head}[0-9][0-9A-Z]*)")))
                .into(),
            licence_group: Pattern::new("[ -]([0-9A-Z]*[0-9][0-9A-Z]*)"),
            closes: Pattern::new(CLOSES),
            licence_words: Words::new(&driver_license::WORDS),
            account_starts: Pattern::new(&format!("{NO_WORD_BEFORE}([A-Za-z]{{2}})[0-9]{{2}}")),
            accounts: ACCOUNTS.split_whitespace().map(account).collect(),
            organisations: organisations(),
            organisation_words: Words::new(&uscc::WORDS),
            plates: plates(),
            plate_words: Words::new(&plate::WORDS),
        }
    }

    pub fn find(&self, text: &[u8], finds: &mut Finds) {
        self.passports(text, finds);
        for start in self.licences.iter().flat_map(|pattern| pattern.every(text)) {
            self.licence(text, &start, finds);
        }
        for country in self.account_starts.every(text) {
            self.account(text, &country, finds);
        }
        for place in self.organisations.iter().flat_map(|pattern| pattern.every(text)) {
            self.organisation(text, &place, finds);
        }
        for (place, form) in [&plate::CIVIL, &plate::CIVIL, &plate::NEW_ENERGY]
            .iter()
            .zip(&self.plates)
            .flat_map(|(form, pattern)| pattern.every(text).into_iter().map(move |place| (place, form)))
        {
            let capitals = text[place.clone()].iter().filter(|byte| byte.is_ascii_uppercase()).count();
            // One of them is the region's.
            if capitals <= 3 || self.plate_words.before(text, place.start) {
                // No region has the letter I.
                finds.add_as(place.start, place.end, form, text[place.start + 3] == b'I');
            }
        }
    }

    fn passports(&self, text: &[u8], finds: &mut Finds) {
        let chinese = self.chinese_passport.every(text);
        for place in self.passports.iter().flat_map(|pattern| pattern.every(text)) {
            let number = &text[place.clone()];
            let reserved = number.starts_with(b"000") || number.starts_with(b"O") || number.starts_with(b"o");
            let named = (6..=10).contains(&number.len()) && self.passport_words.before(text, place.start);
            if named && !chinese.contains(&place) {
                finds.add_as(place.start, place.end, &passport::NAMED, reserved);
            }
        }
        for place in chinese {
            finds.add(place.start, place.end, &passport::CHINESE);
        }
    }

    /// A licence of which the first group is given.
    fn licence(&self, text: &[u8], first: &Place, finds: &mut Finds) {
        let mut groups = vec![first.clone()];
        while let Some(last) = groups.last()
            && let Some(next) = self.licence_group.at(text, last.end)
        {
            groups.push(next);
        }
        let joined = |group: &&Place| !text.get(group.end).is_some_and(u8::is_ascii_lowercase);
        let groups: Vec<_> = groups.iter().take_while(joined).collect();
        let characters = |count: usize| groups[..count].iter().map(|group| group.len()).sum::<usize>();
        let Some(count) = (1..=groups.len()).rev().find(|count| characters(*count) <= 18) else { return };
        let end = groups[count - 1].end;
        let number = &text[first.start..end];
        let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
        let reserved = plain(text, &(first.start..end)).starts_with(b"000") || number.starts_with(b"O");
        let fits = characters(count) >= 5 && digits >= 4 && self.closes.is_at(text, end);
        if fits && self.licence_words.before(text, first.start) {
            finds.add_as(first.start, end, &driver_license::NAMED, reserved);
        }
    }

    fn account(&self, text: &[u8], country: &Place, finds: &mut Finds) {
        let name = text[country.clone()].to_ascii_uppercase();
        let Some((_, writings)) = self.accounts.iter().find(|(known, _)| known.as_bytes() == name) else { return };
        let Some(place) = writings.iter().find_map(|pattern| pattern.at(text, country.start)) else { return };
        let number = plain(text, &place);
        let of_nobody = &number[2..4] == b"00";
        let checked = !matches!(&number[2..4], b"01" | b"99") && mod_97(&number);
        if (of_nobody || checked) && is_of_one_case(&text[place.clone()]) {
            finds.add_as(place.start, place.end, &iban::ACCOUNT, of_nobody);
        }
    }

    fn organisation(&self, text: &[u8], place: &Place, finds: &mut Finds) {
        let written = &text[place.clone()];
        let code = plain(text, place).to_ascii_uppercase();
        let whole = written.len() == code.len();
        let groups: Vec<_> = written.split(|byte| matches!(byte, b' ' | b'-')).collect();
        let long_groups = groups[..groups.len() - 1].iter().all(|group| group.len() >= 2);
        let alone = whole && is_distinct(&code);
        if long_groups
            && is_of_one_case(written)
            && let Some(of_nobody) = organisation(&code)
            && (of_nobody || alone || self.organisation_words.before(text, place.start))
        {
            finds.add_as(place.start, place.end, &uscc::CODE, of_nobody);
        }
    }
}

/// Letters and digits of a place.
fn plain(text: &[u8], place: &Place) -> Vec<u8> {
    text[place.clone()].iter().copied().filter(u8::is_ascii_alphanumeric).collect()
}

fn is_of_one_case(code: &[u8]) -> bool {
    !(code.iter().any(u8::is_ascii_lowercase) && code.iter().any(u8::is_ascii_uppercase))
}

/// Accounts of a country, in one piece and in fours.
fn account(country: &'static str) -> (&'static str, [Pattern; 3]) {
    let (country, length) = country.split_at(2);
    let length: usize = length.parse().unwrap_or(0);
    let grouped = |sign: &str| {
        let (fours, rest) = ((length - 4) / 4, (length - 4) % 4);
        let rest = if rest == 0 { String::new() } else { format!("{sign}[0-9A-Za-z]{{{rest}}}") };
        format!("(?:{sign}[0-9A-Za-z]{{4}}){{{fours}}}{rest}")
    };
    // Four more characters behind a hyphen would be a part of it.
    let full = r"(?:\z|[^0-9A-Za-z_\-\x01\x02]|-(?:\z|[^0-9A-Za-z]))";
    let writings = [
        (format!("[0-9A-Za-z]{{{}}}", length - 4), NO_WORD_BEHIND),
        (grouped(" "), NO_WORD_BEHIND),
        (grouped("-"), if length.is_multiple_of(4) { full } else { NO_WORD_BEHIND }),
    ];
    (country, writings.map(|(rest, behind)| Pattern::new(&format!("([A-Za-z]{{2}}[0-9]{{2}}{rest}){behind}"))))
}

/// Eighteen letters and digits with one sign between groups, or none.
fn organisations() -> Vec<Pattern> {
    let pattern =
        |sign: &str| Pattern::new(&format!("{NO_WORD_BEFORE}([0-9ANYany](?:{sign}?[0-9A-Za-z]){{17}}){CLOSES}"));
    [" ", "-"].map(pattern).into()
}

/// With a suffix, of five characters, of six.
fn plates() -> Vec<Pattern> {
    let head = format!("{}[A-Z]{}?", one_of(&PROVINCES), one_of(&["·", "•", "・", " ", "-", "."]));
    let serial = "[0-9A-HJ-NP-Z]";
    let suffix = one_of(&["挂", "学", "警", "港", "澳", "使", "领"]);
    let letter = "[A-HJ-NP-Z]";
    [
        format!("({head}{serial}{{4}}{suffix}){CLOSES}"),
        format!("({head}{serial}{{5}}){CLOSES}"),
        format!("({head}(?:{letter}{serial}[0-9]{{4}}|[0-9]{{5}}{letter})){CLOSES}"),
    ]
    .map(|pattern| Pattern::new(&pattern))
    .into()
}

/// Categories of organisations by registrar.
const CATEGORIES: &str = "1:1239 2:19 3:123459 4:19 5:1239 6:129 7:129 8:19 9:123 A:123459 N:1239 Y:1";

/// Whether 18 characters, in capitals, are a code; true within where it is nobody's, for no region begins with 00.
fn organisation(code: &[u8]) -> Option<bool> {
    let [registrar, category] = [char::from(code[0]), char::from(code[1])];
    let known = CATEGORIES.split(' ').any(|known| known.starts_with(registrar) && known[2..].contains(category));
    let region = String::from_utf8_lossy(&code[2..8]);
    let regions =
        "10 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82";
    let located = region.chars().all(|c| c.is_ascii_digit()) && regions.split(' ').any(|it| region.starts_with(it));
    let nowhere = region.chars().all(|c| c.is_ascii_digit()) && region.starts_with("00");
    let of_nobody = known && nowhere && !mod_31(code);
    (of_nobody || known && located && mod_31(code)).then_some(of_nobody)
}

/// Whether the code is more than a number: it has a letter, or the check digit of the organisation's own number too.
fn is_distinct(code: &[u8]) -> bool {
    if code.iter().any(u8::is_ascii_alphabetic) {
        return true;
    }
    let weighted = |(digit, weight): (&u8, u32)| u32::from(digit - b'0') * weight;
    let sum: u32 = code[8..16].iter().zip([3, 7, 9, 10, 5, 8, 4, 2]).map(weighted).sum();
    let check = (11 - sum % 11) % 11;
    u32::from(code[16] - b'0') == check && matches!(code[0], b'1' | b'5' | b'9')
}
