//! Telephone number: Chinese mobile, and any other national or international number.

use tamis_rules::PiiKind;

use crate::pii::Also;
use crate::pii::chain::{Gap, is_cut};
use crate::pii::checksum::{days_in, number as value};
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;
use crate::pii::view::{View, is_word};

/// Mobile number of mainland China.
pub(in crate::pii) static MOBILE: PiiForm = PiiForm {
    kind: PiiKind::Phone,
    name: "phone.mobile_cn",
    description: "11 digits of a mobile network of mainland China, in one piece or as 3-4-4, 3-8 or 7-4, perhaps with +86",
    source: "numbering plan of the Ministry of Industry and Information Technology (network numbers 13x to 19x)",
    weight: weight::SHAPED,
};

/// Number with a country code.
pub(in crate::pii) static INTERNATIONAL: PiiForm = PiiForm {
    kind: PiiKind::Phone,
    name: "phone.international",
    description: "+ or 00, a country code in use and up to 15 digits in all, perhaps with an extension",
    source: "ITU-T E.164 and its list of country codes; E.123 (notation)",
    weight: weight::SHAPED,
};

/// Number of the North American plan.
pub(in crate::pii) static NORTH_AMERICAN: PiiForm = PiiForm {
    kind: PiiKind::Phone,
    name: "phone.north_american",
    description: "area code and number as 3-3-4 with brackets, hyphens or full stops, perhaps with an extension",
    source: "North American Numbering Plan",
    weight: weight::SHAPED,
};

/// National number that begins with a nought and is written in groups.
pub(in crate::pii) static NATIONAL: PiiForm = PiiForm {
    kind: PiiKind::Phone,
    name: "phone.national",
    description: "10 or 11 digits in groups, of which the first begins with the nought of national numbers",
    source: "ITU-T E.123 (national notation); national numbering plans",
    weight: weight::LOOSE,
};

/// Any number beside a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::Phone,
    name: "phone.named",
    description: "7 to 15 digits, perhaps in groups and with an extension, beside a word for telephone",
    source: "ITU-T E.164 (length)",
    weight: weight::LOOSE,
};

pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "tel",
        "tel.",
        "telephone",
        "phone",
        "phone number",
        "phones",
        "mobile",
        "mobile number",
        "cell",
        "cellphone",
        "cell phone",
        "fax",
        "whatsapp",
        "sms",
        "landline",
        "telefon",
        "teléfono",
        "téléphone",
        "tél",
        "telefono",
        "telefone",
        "handy",
        "móvil",
        "handphone",
        "手机",
        "手机号",
        "手机号码",
        "电话",
        "电话号码",
        "联系电话",
        "联系方式",
        "传真",
        "座机",
        "固话",
        "致电",
        "来电",
        "拨打",
        "短信",
        "手機",
        "電話",
        "携帯",
        "携帯電話",
        "連絡先",
        "전화",
        "휴대폰",
        "телефон",
        "тел",
    ],
    20,
);

/// Words beside which a number must also look like one.
pub(in crate::pii) static LOOSE_WORDS: Context = Context::new(
    &[
        "call",
        "call me",
        "call us",
        "calling",
        "contact",
        "desk",
        "dial",
        "reach",
        "reach me",
        "office",
        "home",
        "work",
        "text me",
        "联系",
        "联系人",
        "联络",
    ],
    16,
);

/// Words for a line of an office or a firm that serves everybody.
pub(in crate::pii) static HOTLINES: Context = Context::new(
    &[
        "hotline",
        "hotlines",
        "hot-line",
        "hot line",
        "helpline",
        "help line",
        "toll free",
        "toll-free",
        "freephone",
        "热线",
        "热线电话",
        "客服",
        "客服电话",
        "服务电话",
        "举报电话",
        "投诉电话",
        "监督电话",
        "咨询电话",
        "熱線",
        "客服熱線",
    ],
    16,
);
pub(in crate::pii) static HOTLINES_AFTER: Context =
    Context::new(&["hotline", "helpline", "热线", "市长热线", "客服", "熱線"], 8);

/// Units behind a number that counts.
pub(in crate::pii) const UNITS: [&str; 22] = [
    "元", "人", "万", "亿", "个", "美元", "次", "件", "年", "吨", "円", "户", "股", "米", "字", "份", " bytes",
    " dollars", " USD", " users", " ms", " people",
];

/// Looks for all forms. The first that fits ends the search.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    let looks = [international, mobile, north_american, national, named];
    if let Some(Place { start, end, form, of_nobody }) = looks.iter().find_map(|look| look(number))
        && (number.also.service || of_nobody || std::ptr::eq(form, &MOBILE) || !is_hotline(number.view, start, end))
    {
        finds.add_as(start, end, form, of_nobody);
    }
}

fn is_hotline(view: View<'_>, start: usize, end: usize) -> bool {
    HOTLINES.before(view, start) || HOTLINES_AFTER.after(view, end)
}

/// Digits of a number beside a word at least.
const SHORTEST: usize = 7;

/// A number that a form fits.
struct Place {
    start: usize,
    end: usize,
    form: &'static PiiForm,
    /// No plan gives it out.
    of_nobody: bool,
}

/// Whether a plus sign makes the first group a country code.
pub(in crate::pii) fn is_plus(number: &Number<'_>) -> bool {
    number.view.before(number.start) == b'+'
        && !is_word(number.view.back(number.start, 2))
        && number.view.placeholder_before(number.start - 1).is_none()
}

/// First byte of the number with the plus sign and the bracket before it, where the bracket closes within it.
pub(in crate::pii) fn bracket_start(number: &Number<'_>) -> usize {
    let start = number.start - usize::from(is_plus(number));
    let closes = number.chain.gaps(3).first() == Some(&Gap::Close) || number.chain.gap_after(1) == Some(Gap::Close);
    start - usize::from(number.view.before(start) == b'(' && closes)
}

/// Whether a word for telephone stands before the number.
pub(in crate::pii) fn is_named(number: &Number<'_>) -> bool {
    WORDS.before(number.view, number.start)
}

/// Whether a number may end at the position: with `hyphens`, a hyphen and more digits are no part of it.
pub(in crate::pii) fn closes(view: View<'_>, end: usize, hyphens: bool) -> bool {
    let extended = with_extension(view, end, hyphens);
    if extended > end {
        return true;
    }
    crate::pii::chain::closes_number(view, end) && !UNITS.iter().any(|unit| view.goes_on(end, unit))
}

const EXTENSION_SIGNS: [&str; 12] =
    ["x", " x", " ext. ", " ext.", " ext ", "ext", ", ext. ", " extension ", "转", " 转 ", "分机", " 分机 "];

/// End of the number with its extension: `x123`, `ext. 123`, `转123`, with `hyphens` also `-123`.
pub(in crate::pii) fn with_extension(view: View<'_>, end: usize, hyphens: bool) -> usize {
    let signs = EXTENSION_SIGNS.iter().copied().chain(hyphens.then_some("-"));
    let ends = signs.filter(|sign| view.goes_on(end, sign)).filter_map(|sign| {
        let start = end + sign.len();
        let last = view.run_end(start, 7, |byte| byte.is_ascii_digit());
        let least = if sign == "-" { 2 } else { 1 };
        let most = if sign == "-" { 5 } else { 6 };
        ((least..=most).contains(&(last - start)) && crate::pii::chain::closes_number(view, last)).then_some(last)
    });
    ends.max().unwrap_or(end)
}

fn international(number: &Number<'_>) -> Option<Place> {
    let chain = &number.chain;
    let plus = is_plus(number);
    let skipped = match (plus, chain.digits(1)) {
        (true, _) => 0,
        (false, [b'0', b'0', b'1'..=b'9', ..]) => 2,
        _ => return None,
    };
    let code = country_code(&chain.digits(chain.groups().len())[skipped..])?;
    let china = &chain.digits(chain.groups().len())[skipped..][..code] == b"86";
    let (least, most) = match &chain.digits(chain.groups().len())[skipped..][..code] {
        b"1" => (11, 11),
        b"86" => (13, 13),
        _ => (10, 15),
    };
    let (count, of_nobody) = (1..=chain.groups().len()).rev().find_map(|count| {
        let digits = &chain.digits(count)[skipped..];
        let gaps = chain.gaps(count);
        // Groups of noughts and figures stand in every table of characters.
        let written = plus || gaps.contains(&Gap::Hyphen) || is_named(number) || is_loosely_named(number);
        let fits = (least..=most).contains(&digits.len())
            && gaps.iter().all(|gap| *gap != Gap::Slash)
            && !is_astronomical_date(&chain.lens()[..count], digits)
            && written
            && closes(number.view, chain.groups()[count - 1].end, false);
        let (code, national) = digits.split_at_checked(code).filter(|_| fits)?;
        let of_nobody = is_reserved(code, national);
        (of_nobody || is_national(code, national, number.also)).then_some((count, of_nobody))
    })?;
    let form = if china { &MOBILE } else { &INTERNATIONAL };
    let end = with_extension(number.view, chain.groups()[count - 1].end, false);
    Some(Place { start: bracket_start(number), end, form, of_nobody })
}

/// Whether no plan gives out what follows the country code.
fn is_reserved(code: &[u8], digits: &[u8]) -> bool {
    match code {
        b"86" => is_reserved_mobile(digits),
        b"1" => digits.len() == 10 && matches!(digits[0], b'0' | b'1'),
        _ => digits.starts_with(b"000"),
    }
}

/// `+262142-12-31`: a date whose year has more than four digits.
fn is_astronomical_date(lens: &[u8], digits: &[u8]) -> bool {
    matches!(lens, [_, 2, 2]) && is_day(&digits[digits.len() - 4..digits.len() - 2], &digits[digits.len() - 2..])
}

/// What may follow a country code.
fn is_national(code: &[u8], digits: &[u8], also: Also) -> bool {
    match code {
        b"86" => is_mobile(digits) && (also.documentation || !is_stand_in(digits)),
        b"1" => is_north_american(digits, also),
        // Freephone numbers begin so in most countries.
        _ => also.service || !digits.starts_with(b"800"),
    }
}

/// Length of the country code that the digits begin with.
pub(in crate::pii) fn country_code(digits: &[u8]) -> Option<usize> {
    let [first, second, third, ..] = digits else { return None };
    let two = value(&[*first, *second]);
    match first {
        b'1' | b'7' => Some(1),
        b'0' => None,
        _ if matches!(two, 20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66 | 81 | 82 | 84 | 86 | 90..=95 | 98) => {
            Some(2)
        }
        _ => is_long_code(two * 10 + u32::from(third - b'0')).then_some(3),
    }
}

/// Country codes of three digits.
const fn is_long_code(code: u32) -> bool {
    matches!(code,
        211..=213 | 216 | 218 | 220..=258 | 260..=269 | 290 | 291 | 297..=299 | 350..=359 | 370..=378 | 380..=383 | 385..=387
        | 389 | 420 | 421 | 423 | 500..=509 | 590..=599 | 670 | 672..=683 | 685..=692 | 850 | 852 | 853 | 855 | 856 | 880
        | 886 | 960..=968 | 970..=977 | 992..=996 | 998)
}

fn mobile(number: &Number<'_>) -> Option<Place> {
    let chain = &number.chain;
    // 86 without a sign before it.
    let prefix = usize::from(
        matches!(chain.digits(1), b"86" | b"0086") && matches!(chain.gap_after(1), Some(Gap::Space | Gap::Hyphen)),
    );
    let lens = &chain.lens()[prefix..];
    let count = prefix
        + match lens {
            [11, ..] => 1,
            [3, 4, 4, ..] => 3,
            [3, 8, ..] | [7, 4, ..] => 2,
            _ => return None,
        };
    let gaps = &chain.gaps(count)[prefix..];
    let even = gaps.iter().all(|gap| matches!(gap, Gap::Space | Gap::Hyphen | Gap::Dot))
        && gaps.windows(2).all(|pair| pair[0] == pair[1]);
    let end = chain.groups()[count - 1].end;
    let skipped = chain.digits(prefix).len();
    let digits = &chain.digits(count)[skipped..];
    let of_nobody = is_reserved_mobile(digits);
    if !even || !(of_nobody || is_mobile(digits)) || !closes(number.view, end, false) || is_in_path(number) {
        return None;
    }
    if !number.also.documentation && !of_nobody && is_stand_in(digits) {
        return None;
    }
    (is_named(number) || !number.is_serial() && !is_power_of_two(digits)).then(|| Place {
        start: number.start,
        end: with_extension(number.view, end, false),
        form: &MOBILE,
        of_nobody,
    })
}

/// Whether the number is 2^34, the one power of two in the range, or so near that it is made of it.
fn is_power_of_two(digits: &[u8]) -> bool {
    let value = digits.iter().fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    value.abs_diff(1 << 34) <= 4096
}

/// Whether the number is a part of a URL's path.
fn is_in_path(number: &Number<'_>) -> bool {
    let view = number.view;
    view.before(number.start) == b'/'
        && (matches!(view.back(number.start, 2), b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-')
            || view.placeholder_before(number.start - 1).is_some())
}

/// Numbers that manuals write: eight equal digits at the end, or in order, and an operator's own.
fn is_stand_in(digits: &[u8]) -> bool {
    let tail = &digits[digits.len() - 8..];
    tail.iter().all(|digit| *digit == tail[0]) || matches!(tail, b"12345678" | b"87654321" | b"00138000" | b"01234567")
}

/// Eleven digits that no network has, nor a plan that leaves its country code away: mobile numbers of São Paulo have a
/// nine behind their 11.
fn is_reserved_mobile(digits: &[u8]) -> bool {
    digits.len() == 11 && matches!(digits, [b'1', b'0', ..] | [b'1', b'1', b'0'..=b'8', ..])
}

/// Eleven digits in a network's range.
pub(in crate::pii) fn is_mobile(digits: &[u8]) -> bool {
    let [b'1', second, third, ..] = digits else { return false };
    digits.len() == 11
        && match second {
            b'3' | b'8' => true,
            b'4' => matches!(third, b'0' | b'1' | b'4'..=b'9'),
            b'5' => *third != b'4',
            b'6' => matches!(third, b'2' | b'5'..=b'7'),
            b'7' => *third != b'9',
            b'9' => *third != b'4',
            _ => false,
        }
}

fn north_american(number: &Number<'_>) -> Option<Place> {
    let chain = &number.chain;
    let prefix = usize::from(chain.digits(1) == b"1" && chain.lens().len() > 3);
    let [3, 3, 4, ..] = chain.lens()[prefix..] else { return None };
    let count = prefix + 3;
    let gaps = &chain.gaps(count)[prefix..];
    let bracketed = number.view.before(chain.groups()[prefix].start) == b'(';
    let signed = match gaps {
        [Gap::Close, Gap::Hyphen | Gap::Space | Gap::Dot] => bracketed,
        [Gap::Hyphen, Gap::Hyphen] | [Gap::Dot, Gap::Dot] => true,
        _ => false,
    };
    let digits = &chain.digits(count)[prefix..];
    let end = chain.groups()[count - 1].end;
    let start = if prefix == 1 { number.start } else { bracket_start(number) };
    let of_nobody = digits[0] == b'1';
    (signed && (of_nobody || is_north_american(digits, number.also)) && closes(number.view, end, false))
        .then(|| Place { start, end: with_extension(number.view, end, false), form: &NORTH_AMERICAN, of_nobody })
}

/// Ten digits of a subscriber: no free or service number, and none of those kept for fiction (555-0100 to 0199).
fn is_north_american(digits: &[u8], also: Also) -> bool {
    let free = matches!(&digits[..3], b"800" | b"888" | b"877" | b"866" | b"855" | b"844" | b"833" | b"822" | b"900");
    let fiction = &digits[3..8] == b"55501" || &digits[..3] == b"555";
    // No area has two noughts; numbers written like this are Chinese service numbers (400).
    let area = digits[0] >= b'2' && (free || &digits[1..3] != b"00");
    area && &digits[3..6] != b"000" && (also.service || !free) && (also.documentation || !fiction)
}

fn national(number: &Number<'_>) -> Option<Place> {
    let chain = &number.chain;
    if !matches!(chain.digits(1), [b'0', b'1'..=b'9', ..]) {
        return None;
    }
    let count = chain.lens().len();
    let total = chain.groups()[count - 1].total;
    let grouped = match chain.lens() {
        [2, 2, 2, 2, 2] => {
            chain.gaps(count).iter().all(|gap| *gap == Gap::Dot) || is_named(number) || is_loosely_named(number)
        }
        [first @ 3..=5, rest @ ..] => {
            (1..=3).contains(&rest.len()) && rest.iter().all(|len| *len >= 2) && *first < 6 && chain.is_even(count)
        }
        _ => false,
    };
    let end = chain.groups()[count - 1].end;
    let free = matches!(chain.digits(count), [b'0', b'8', b'0', b'0' | b'8', ..]) && !number.also.service;
    let whole = !is_cut(number.view, end);
    (grouped && whole && !free && matches!(total, 10 | 11) && closes(number.view, end, false) && !number.is_serial())
        .then(|| Place {
            start: bracket_start(number),
            end: with_extension(number.view, end, false),
            form: &NATIONAL,
            of_nobody: false,
        })
}

fn is_loosely_named(number: &Number<'_>) -> bool {
    LOOSE_WORDS.before(number.view, number.start)
}

fn named(number: &Number<'_>) -> Option<Place> {
    let chain = &number.chain;
    if chain.groups().last().is_none_or(|group| group.total < SHORTEST) {
        return None;
    }
    let named = WORDS.word_before(number.view, number.start);
    if named.is_some_and(|end| end + 1 == number.start && number.view.at(end) == b'(')
        && bracket_start(number) == number.start
    {
        // The argument of a function.
        return None;
    }
    let certain = named.is_some();
    if !certain && !is_loosely_named(number) {
        return None;
    }
    let (count, of_nobody) = (1..=chain.groups().len()).rev().find_map(|count| {
        let digits = chain.digits(count);
        let gaps = chain.gaps(count);
        let of_nobody = is_of_no_plan(number, digits);
        let written = if certain { SHORTEST } else { SHORTEST + 2 };
        let fits = (written..=15).contains(&digits.len())
            && (gaps.is_empty() || digits.len() <= 13)
            && gaps.iter().all(|gap| *gap != Gap::Slash)
            && (digits.len() <= 12 || !gaps.is_empty())
            && (of_nobody || is_telephone(digits, &chain.lens()[..count], gaps))
            && (certain || !gaps.is_empty() || digits.len() >= 10)
            && closes(number.view, chain.groups()[count - 1].end, false);
        fits.then_some((count, of_nobody))
    })?;
    let end = with_extension(number.view, chain.groups()[count - 1].end, false);
    // What begins in it is none either: it takes its place as certainly as a number with its country code.
    let form = if of_nobody { &INTERNATIONAL } else { &NAMED };
    Some(Place { start: bracket_start(number), end, form, of_nobody })
}

/// Whether no plan gives out the digits, behind a country code or without one.
fn is_of_no_plan(number: &Number<'_>, digits: &[u8]) -> bool {
    let international = match digits {
        _ if is_plus(number) => digits,
        [b'0', b'0', rest @ ..] if rest.first() != Some(&b'0') => rest,
        [b'8', b'6', ..] if digits.len() > 11 => digits,
        _ => &[],
    };
    if let Some(code) = country_code(international) {
        let (code, national) = international.split_at(code);
        return is_reserved(code, national) || code == b"86" && national.starts_with(b"00");
    }
    digits.starts_with(b"000")
        || is_reserved_mobile(digits)
        || matches!(digits, [b'1', b'0' | b'1', ..]) && digits.len() == 11 && number.chain.lens()[0] == 1
}

/// Whether digits in such groups may be a number: no date, span of years, address, decimal or service.
fn is_telephone(digits: &[u8], lens: &[u8], gaps: &[Gap]) -> bool {
    let year = |digits: &[u8]| matches!(digits, [b'1', b'9', _, _] | [b'2', b'0', _, _]);
    let date = match lens {
        [8] => year(&digits[..4]) && is_day(&digits[4..6], &digits[6..8]),
        [4, 2, 2, ..] => year(&digits[..4]) && is_day(&digits[4..6], &digits[6..8]),
        [4, 4] => year(&digits[..4]) && year(&digits[4..]),
        [2, 2, 4] => is_day(&digits[..2], &digits[2..4]) || is_day(&digits[2..4], &digits[..2]),
        _ => false,
    };
    let decimal = matches!(gaps, [Gap::Dot]);
    // Short numbers of a city, behind its area code.
    let city = matches!(lens, [3 | 4, 5]) && digits[0] == b'0' && matches!(digits[digits.len() - 5], b'1' | b'9');
    let address = lens.len() == 4 && gaps.iter().all(|gap| *gap == Gap::Dot);
    let free = matches!(digits, [b'0', b'8', b'0', b'0' | b'8', ..]);
    let service = free
        || matches!(digits, [b'4', b'0', b'0', ..]) && digits.len() == 10
        || digits.starts_with(b"800") && digits.len() == 10;
    !date && !city && !decimal && !address && !service && digits.iter().any(|digit| *digit != digits[0])
}

fn is_day(month: &[u8], day: &[u8]) -> bool {
    let (month, day) = (value(month), value(day));
    day >= 1 && day <= days_in(2000, month)
}
