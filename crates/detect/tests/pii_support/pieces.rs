//! Pieces of texts: values of every kind, right or nearly so, in every spelling, and what stands around them.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

/// A piece of a text.
pub type Piece = String;

/// Any piece.
pub fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => spelled(),
        4 => (select(WORDS), select(&["", ":", " ", "：", "是", ": "][..]), spelled()).prop_map(
            |(word, sign, value)| format!("{word}{sign}{value}")
        ),
        3 => select(WORDS).prop_map(str::to_owned),
        3 => select(SIGNS).prop_map(str::to_owned),
        1 => select(HAN).prop_map(str::to_owned),
        1 => select(WRAPPERS).prop_map(str::to_owned),
        1 => "[0-9]{1,12}",
        1 => "[a-zA-Z0-9_]{1,6}",
    ]
}

const SIGNS: &[&str] = &[
    " ", " ", " ", " ", ":", ": ", "：", "-", ".", ", ", "，", "。", "/", "\n", "(", ")", "+", "=", "@", "#", "$", "_",
    "%", "\t", "、", "（", "）", "\u{a0}", "\u{2009}", "\u{2010}", "–", "·", "\"", "'", "*", "^", "~", "×", "~", "{",
    "}", "[", "]",
];

const WORDS: &[&str] = &[
    "手机",
    "电话",
    "Tel",
    "Phone: ",
    "mobilePhone",
    "call",
    "联系人",
    "传真",
    "客服热线",
    "hotline",
    "身份证号",
    "ID No. ",
    "订单号",
    "order",
    "id",
    "time",
    "编号",
    "card",
    "银行卡",
    "visa ",
    "IMEI",
    "串号",
    "SSN",
    "社保号",
    "QQ",
    "qq号",
    "扣扣",
    "QQ群",
    "加q",
    "护照",
    "passport",
    "驾驶证",
    "DL# ",
    "driver's license ",
    "微信",
    "微信号",
    "加微",
    "vx",
    "WeChat",
    "加v",
    "生日",
    "出生于",
    "born on ",
    "DOB",
    "出生",
    "生人",
    "车牌",
    "plate",
    "MAC",
    "物理地址",
    "ip",
    "server",
    "version ",
    "v",
    "版本",
    "chrome/",
    "税号",
    "信用代码",
    "ssh ",
    "ext. 12",
    "转801",
    "x9",
    "分机3",
    "元",
    "人",
    " bytes",
    "git",
    "热线",
];

const HAN: &[&str] =
    &["你好", "请", "的", "联系我", "号码是", "在北京", "一九九九", "é", "😀", "はい", "전화", "я", "中国"];

const WRAPPERS: &[&str] = &[
    "{\"k\":\"",
    "\"}",
    "https://qx-0000.com/a?b=",
    "&c=1",
    "http://",
    "://",
    "<a href=\"",
    "mailto:",
    "\",\"",
    "../",
    "/u/",
    "[at]",
    " (at) ",
    "[dot]",
    " dot ",
    "%20",
    "\\n",
    "v1.2.3",
    "2024-01-02 03:04:05 ",
    "0x",
    "#",
    "==",
    "example.com",
];

/// A value, perhaps with an error in it, in some spelling.
fn spelled() -> impl Strategy<Value = String> {
    (value(), damage(), spelling()).prop_map(|(value, damage, spelling)| spelling.of(&damage.of(value)))
}

/// What is wrong with a value.
#[derive(Clone, Debug)]
enum Damage {
    None,
    Changed(prop::sample::Index, char),
    Missing(prop::sample::Index),
    More(prop::sample::Index, char),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<prop::sample::Index>;
    let character = || select("0123456789aXZ-. @:OI微".chars().collect::<Vec<_>>());
    prop_oneof![
        7 => Just(Damage::None),
        1 => (place(), character()).prop_map(|(place, c)| Damage::Changed(place, c)),
        1 => place().prop_map(Damage::Missing),
        1 => (place(), character()).prop_map(|(place, c)| Damage::More(place, c)),
    ]
}

impl Damage {
    fn of(&self, value: String) -> String {
        let mut chars: Vec<char> = value.chars().collect();
        match self {
            Self::None => {}
            Self::Changed(place, c) => chars[place.index(value.chars().count())] = *c,
            Self::Missing(place) => drop(chars.remove(place.index(value.chars().count()))),
            Self::More(place, c) => chars.insert(place.index(value.chars().count() + 1), *c),
        }
        chars.into_iter().collect()
    }
}

/// How a value is written.
#[derive(Clone, Debug)]
enum Spelling {
    Plain,
    Groups(usize, &'static str),
    FullWidth,
    Upper,
    Lower,
}

fn spelling() -> impl Strategy<Value = Spelling> {
    prop_oneof![
        6 => Just(Spelling::Plain),
        2 => (2..7_usize, select(&[" ", "-", ".", "\u{a0}", "\u{2011}"][..])).prop_map(|(size, sign)| Spelling::Groups(size, sign)),
        1 => Just(Spelling::FullWidth),
        1 => Just(Spelling::Upper),
        1 => Just(Spelling::Lower),
    ]
}

impl Spelling {
    fn of(&self, value: &str) -> String {
        match self {
            Self::Plain => value.to_owned(),
            Self::Groups(size, sign) => {
                let chars: Vec<char> = value.chars().collect();
                chars.chunks(*size).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(sign)
            }
            Self::FullWidth => value.chars().map(full_width).collect(),
            Self::Upper => value.to_ascii_uppercase(),
            Self::Lower => value.to_ascii_lowercase(),
        }
    }
}

fn full_width(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
        ' ' => '\u{3000}',
        other => other,
    }
}

/// A right value of any kind.
fn value() -> impl Strategy<Value = String> {
    Union::new(PATTERNS.iter().map(|(pattern, check)| {
        let body = proptest::string::string_regex(pattern).expect("a pattern");
        body.prop_map(check).boxed()
    }))
}

type Check = fn(String) -> String;

/// Bodies of values, and what completes them.
const PATTERNS: &[(&str, Check)] = &[
    ("(11|31|44|42|81)0[1-9]0[1-9]19[0-9]{2}(0[1-9]|1[0-2])([01][1-9]|2[0-8])[0-9]{3}", mod_11_2),
    ("(11|31|44)0[1-9]0[1-9][5-9][0-9](0[1-9]|1[0-2])([01][1-9]|2[0-8])[0-9]{3}", plain),
    ("62[0-9]{13,16}", luhn),
    ("(4|5[1-5]|22[3-6]|35[3-7])[0-9]{12}", luhn),
    ("(4[0-9]{3}|5[1-5][0-9]{2})0{4}[0-9]{7}", luhn),
    ("(34|37)[0-9]{12}", luhn),
    ("(50|56|63)[0-9]{9,15}", luhn),
    ("3[068][0-9]{11}", luhn),
    ("(35|86|01)[0-9]{12}", luhn),
    ("(35|86|01)[0-9]{12}", device),
    ("[1-8][0-9]{2}-[0-9]{2}-[0-9]{4}", plain),
    ("(91|92|12|52)[0-9]{6}[0-9A-HJ-NP-RTUWXY]{9}", mod_31),
    ("91[1-3][1-4]0{4}[0-9]{8}", organisation),
    ("(A1|N2|Y1)[1-3][1-4]0{4}[0-9A-H]{9}", mod_31),
    ("(DE[0-9]{18}|GB[A-Z]{4}[0-9]{14}|NL[A-Z]{4}[0-9]{10}|NO[0-9]{11}|BE[0-9]{12})", iban),
    ("1(3[0-9]|5[0-35-9]|8[0-9]|7[0-9]|9[0-9])[0-9]{8}", plain),
    (r"(\+86 ?|0086-|86 )?1[38][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}", plain),
    (r"(\+|00)(44|49|33|1|7|852|971|86) ?(\(0\))?[0-9]{2,4}([ -]?[0-9]{2,4}){2,3}", plain),
    (r"(\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])[2-9][0-9]{2}[-.][0-9]{4}( ?x[0-9]{1,4})?", plain),
    (r"0[1-9][0-9]{1,3}[ -][0-9]{3}[ -][0-9]{3,4}", plain),
    (r"0[1-5]( [0-9]{2}|\.[0-9]{2}){4}", plain),
    (r"(\+86[ -])?\(?(010|02[0-9]|0[3-9][1-9][0-9])\)?[ -]?[2-8][0-9]{6,7}(-[0-9]{2,5}|转[0-9]{3})?", plain),
    ("(400|800)-?[0-9]{3}-?[0-9]{4}", plain),
    (r"([1-9][0-9]?|1[0-9]{2}|2[0-5][0-9])(\.(0|[1-9][0-9]?|1[0-9]{2}|2[0-5][0-9])){3}", plain),
    (r"(192\.168|10\.0|172\.16|8\.8|203\.0|114\.114)(\.(8|113|114|[1-9][0-9]{0,2})){2}", plain),
    ("(3ffe|2a0e|2001|fe80|fd00|240e)(:[0-9a-f]{1,4}){7}", plain),
    ("(3ffe|2a0e|2001|fe80|fdab)(:[0-9a-f]{1,4}){0,3}::([0-9a-f]{1,4}:){0,2}[0-9a-f]{1,4}", plain),
    ("[0-9a-f]{2}(:[0-9a-f]{2}){5}", plain),
    ("[0-9A-F]{2}(-[0-9A-F]{2}){5}", plain),
    (r"[0-9a-f]{4}(\.[0-9a-f]{4}){2}", plain),
    ("[京沪粤川苏浙][A-HJ-NP-Z][·• ]?[0-9A-HJ-NP-Z]{5}", plain),
    ("[京沪粤][A-HJ-NP-Z]·?([DF][0-9A-HJ-NP-Z][0-9]{4}|[0-9]{5}[DF]|[0-9A-Z]{4}[警学挂])", plain),
    (r"(19[0-9]{2}|20[01][0-9])[-/.](0?[1-9]|1[0-2])[-/.](0?[1-9]|[12][0-9]|3[01])", plain),
    ("(19[0-9]{2}|20[01][0-9])年(0?[1-9]|1[0-2])月 ?([1-9]|[12][0-9]|3[01])[日号]", plain),
    ("([1-9]|[12][0-9])(st|nd|th)? (of )?(January|Feb|march|Sept|May|December)[,.]? (19|20)[0-9]{2}", plain),
    ("(January|Feb|march|Sept|May|December)[.]? ([1-9]|[12][0-9])(st|nd|th)?,? (19|20)[0-9]{2}", plain),
    ("(19|20)[0-9]{2}(0[1-9]|1[0-2])([01][1-9]|2[0-8])", plain),
    ("[1-9][0-9]{4,10}", plain),
    ("[a-z][a-z0-9_-]{5,12}", plain),
    ("(E|G)[0-9]{8}|E[A-H][0-9]{7}|[A-Z]{1,2}[0-9]{6,7}", plain),
    ("[0-9]{12}|[A-Z][0-9]{3}-[0-9]{4}-[0-9]{4}|[A-Z][0-9]{7}", plain),
    (
        r"[a-z0-9][a-z0-9._+-]{0,8}@(qx-0000\.com|a-b\.co\.uk|mail\.x0\.cn|example\.com|x\.zz|2x\.png|почта\.рф|公司\.中国)",
        plain,
    ),
    (r"[a-z]{2,6} ?[\[(](at|AT)[\])] ?[a-z]{2,5}( ?\[dot\] ?| dot |\.)(com|cn|zz)", plain),
    (r"(https?|ftp)://[a-z]{1,5}:[a-zA-Z0-9%!]{1,9}@(qx-0000\.com|10\.0\.0\.1|localhost|example\.org|\[)", plain),
    ("[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", plain),
    (r"[0-9]{1,3}\.[0-9]{4,6},-?[0-9]{1,3}\.[0-9]{4,6}", plain),
];

fn plain(body: String) -> String {
    body
}

fn luhn(body: String) -> String {
    let doubled = |(place, digit): (usize, u32)| match (place % 2, digit) {
        (0, digit) => 2 * digit - if digit > 4 { 9 } else { 0 },
        (_, digit) => digit,
    };
    let sum: u32 = body.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(doubled).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn device(body: String) -> String {
    let number = luhn(body);
    format!("{}-{}-{}-{}", &number[..2], &number[2..8], &number[8..14], &number[14..])
}

fn mod_11_2(body: String) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.chars().filter_map(|c| c.to_digit(10)).zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    format!("{body}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum as usize % 11])
}

fn organisation(body: String) -> String {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let digits = body.chars().skip(8).filter_map(|c| c.to_digit(10));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    match (11 - sum % 11) % 11 {
        10 => mod_31(format!("{body}X")),
        check => mod_31(format!("{body}{check}")),
    }
}

fn mod_31(body: String) -> String {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut weight = 1;
    let mut sum = 0;
    for c in body.chars() {
        sum += ALPHABET.find(c).unwrap_or(0) * weight;
        weight = weight * 3 % 31;
    }
    format!("{body}{}", &ALPHABET[(31 - sum % 31) % 31..][..1])
}

fn iban(body: String) -> String {
    let (country, account) = body.split_at(2);
    let moved = format!("{account}{country}00");
    let remainder = moved
        .chars()
        .filter_map(|c| c.to_digit(36))
        .fold(0, |remainder, digit| (remainder * if digit > 9 { 100 } else { 10 } + digit) % 97);
    format!("{country}{:02}{account}", 98 - remainder)
}
