//! Values of every kind in every layout, and what may stand around them.

#![allow(dead_code, reason = "no test uses all of it")]

use proptest::prelude::*;
use tamis_rules::PiiKind;

#[derive(Clone, Debug)]
pub struct Value {
    pub kind: PiiKind,
    /// As it stands in a text.
    pub written: String,
    /// In its shortest layout.
    pub plain: String,
    /// A word that may stand before it, with its sign.
    pub word: &'static str,
    /// What it ends with in a text.
    pub behind: &'static str,
}

/// Numbers that were thrown.
struct Dice<'a>(std::slice::Iter<'a, u32>);

impl Dice<'_> {
    fn below(&mut self, bound: usize) -> usize {
        *self.0.next().expect("enough numbers") as usize % bound
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn digits(&mut self, count: usize) -> String {
        self.of("0123456789", count)
    }

    fn of(&mut self, alphabet: &str, count: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..count).map(|_| self.one(&alphabet)).collect()
    }
}

pub fn value() -> impl Strategy<Value = Value> {
    prop::collection::vec(any::<u32>(), 120).prop_map(|numbers| {
        let mut dice = Dice(numbers.iter());
        let make = dice.one(MAKERS);
        let mut value = make(&mut dice);
        if dice.below(8) == 0 && value.kind != PiiKind::UrlCredential {
            value.written = wide(&value.written);
        }
        value
    })
}

/// A value with any word before it, its own or that of another kind, and something behind it.
pub fn in_context() -> impl Strategy<Value = (String, Value, String)> {
    (value(), prop::collection::vec(any::<u32>(), 8)).prop_map(|(value, numbers)| {
        let mut dice = Dice(numbers.iter());
        let mut before = dice.one(OPENINGS).to_owned();
        before += match dice.below(3) {
            0 => dice.one(WORDS),
            _ => value.word,
        };
        let after = [value.behind, dice.one(ENDINGS)].concat();
        (before, value, after)
    })
}

/// Up to five values with few signs and words between them.
pub fn glued() -> impl Strategy<Value = Vec<String>> {
    // Signs that part: what nothing, a hyphen, an underscore or a full stop joins is one word, and its pieces are none.
    const SIGNS: &[&str] = &[" ", "，", "/", "、", "\n", ",", ": ", "(", ")", "　", " / ", "|", "；", "\t"];
    let part = (value(), prop::collection::vec(any::<u32>(), 4)).prop_map(|(value, numbers)| {
        let mut dice = Dice(numbers.iter());
        let word = match dice.below(4) {
            0 => dice.one(WORDS),
            1 => "",
            _ => value.word,
        };
        [dice.one(SIGNS), word, &value.written, value.behind].concat()
    });
    prop::collection::vec(part, 1..6)
}

const OPENINGS: &[&str] =
    &["", "请", "（", "\n", "see ", "名单：张三，", "/", "[", "2023年", "1. ", "-", "订单号 ", "ID "];
const ENDINGS: &[&str] =
    &["", "。", "，谢谢", " please", ")", "\n", ".", "/", "]", "的", ", 12", "元", "出生", "热线", "（QQ同号）"];

/// Words of all kinds.
const WORDS: &[&str] = &[
    "电话：",
    "手机号",
    "QQ：",
    "加QQ ",
    "护照号：",
    "passport no ",
    "驾驶证号：",
    "DL ",
    "手机串号：",
    "IMEI ",
    "SSN ",
    "身份证号：",
    "卡号：",
    "card ",
    "出生日期：",
    "born ",
    "微信号：",
    "加微信",
    "账号：",
    "ip ",
    "mac ",
    "税号：",
    "车牌号",
    "联系方式：",
    "tel. ",
    "call me ",
    "联系QQ：",
    "联系电话/微信：",
    "手机/QQ：",
    "phone=",
    "fax: ",
    "license number ",
    "Desk: ",
    "邮箱：",
    "订单号：",
    "版本 ",
    "热线 ",
    "驾驶证/身份证：",
    "QQ电话",
    "微信手机同号",
];

const MAKERS: &[fn(&mut Dice<'_>) -> Value] = &[
    mobile,
    mobile,
    north_american,
    international,
    national,
    named_phone,
    landline,
    landline,
    id_card,
    id_card_15,
    passport,
    driver_license,
    social_security,
    bank_card,
    credit_card,
    iban,
    ip,
    mac,
    imei,
    plate,
    uscc,
    dob,
    dob,
    wechat,
    qq,
    email,
    email,
    url_credential,
];

fn made(kind: PiiKind, word: &'static str, plain: String, written: String) -> Value {
    Value { kind, written, plain, word, behind: "" }
}

/// Divides characters into groups of these lengths, the last one what is left.
fn grouped(text: &str, lens: &[usize], sign: &str) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for len in lens {
        out.push_str(&text[at..at + len]);
        at += len;
        if at < text.len() {
            out.push_str(sign);
        }
    }
    out + &text[at..]
}

fn wide(text: &str) -> String {
    let widened = |c: char| match c {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
        c => c,
    };
    text.chars().map(widened).collect()
}

fn luhn(digits: &str) -> u32 {
    let value = |(place, digit): (usize, u8)| match (place % 2, u32::from(digit - b'0')) {
        (1, digit) if digit > 4 => 2 * digit - 9,
        (1, digit) => 2 * digit,
        (_, digit) => digit,
    };
    digits.bytes().rev().enumerate().map(value).sum::<u32>() % 10
}

fn with_luhn(body: &str) -> String {
    format!("{body}{}", (10 - luhn(&format!("{body}0"))) % 10)
}

fn mobile(dice: &mut Dice<'_>) -> Value {
    let plain = format!("{}{}", dice.one(&["130", "138", "150", "159", "177", "186", "199", "166"]), dice.digits(8));
    let lens: &[usize] = dice.one(&[&[], &[3, 4], &[3], &[7]]);
    let sign = dice.one(&["-", " ", ".", "\u{a0}"]);
    let body = grouped(&plain, lens, sign);
    let sign = dice.one(&["-", " "]);
    let (prefix, sign) = match dice.below(6) {
        0 => ("+86", dice.one(&["", sign])),
        1 => ("86", sign),
        2 => ("0086", sign),
        _ => ("", ""),
    };
    let extension = dice.one(&["", "", "", "x12", " ext. 345", "转801"]);
    made(PiiKind::Phone, dice.one(&["", "手机号：", "tel: "]), plain, format!("{prefix}{sign}{body}{extension}"))
}

fn north_american(dice: &mut Dice<'_>) -> Value {
    let plain =
        format!("{}{}{}", dice.one(&["212", "415", "303", "919"]), dice.one(&["234", "687", "990"]), dice.digits(4));
    let written = match dice.below(5) {
        0 => format!("({}) {}-{}", &plain[..3], &plain[3..6], &plain[6..]),
        1 => grouped(&plain, &[3, 3], "-"),
        2 => grouped(&plain, &[3, 3], "."),
        3 => format!("+1 {}", grouped(&plain, &[3, 3], "-")),
        _ => format!("1-{}", grouped(&plain, &[3, 3], "-")),
    };
    let extension = dice.one(&["", "", " ext. 12", "x7"]);
    made(PiiKind::Phone, dice.one(&["", "phone: "]), grouped(&plain, &[3, 3], "-"), written + extension)
}

fn international(dice: &mut Dice<'_>) -> Value {
    let code = dice.one(&["44", "49", "33", "81", "7", "852", "351", "20"]);
    let national = format!("{}{}", dice.one(&["1", "2", "6", "9", "17"]), dice.digits(8));
    let sign = dice.one(&["", " ", "-"]);
    let lens: &[usize] = dice.one(&[&[], &[3], &[2, 3], &[3, 3], &[3, 2, 2], &[1, 2, 2, 2]]);
    let body = grouped(&national, lens, dice.one(&[" ", "-"]));
    let trunk = dice.one(&["", "", "(0)"]);
    let prefix = dice.one(&["+", "+", "00"]);
    let word = if prefix == "00" { "tel: " } else { dice.one(&["", "tel: "]) };
    made(PiiKind::Phone, word, format!("+{code}{national}"), format!("{prefix}{code}{sign}{trunk}{body}"))
}

fn national(dice: &mut Dice<'_>) -> Value {
    let count = dice.one(&[8, 9]);
    let plain = format!("0{}{}", dice.one(&["1", "3", "7", "9"]), dice.digits(count));
    let lens: &[usize] = dice.one(&[&[4, 3], &[3, 4], &[5], &[4]]);
    let written = grouped(&plain, lens, dice.one(&["-", " "]));
    made(PiiKind::Phone, dice.one(&["", "fax: "]), plain, written)
}

fn named_phone(dice: &mut Dice<'_>) -> Value {
    let plain = format!("{}{}", dice.one(&["2", "5", "8", "49", "3"]), dice.digits(8));
    let lens: &[usize] = dice.one(&[&[], &[4], &[2, 3], &[3, 3], &[2, 2, 2]]);
    let written = grouped(&plain, lens, dice.one(&["-", " "]));
    made(PiiKind::Phone, dice.one(&["电话：", "Tel. ", "phone "]), plain, written)
}

fn landline(dice: &mut Dice<'_>) -> Value {
    let (area, count) = dice.one(&[("10", 7), ("21", 7), ("755", 7), ("571", 7), ("373", 6), ("898", 7)]);
    let subscriber = format!("{}{}", dice.one(&["2", "5", "6", "8"]), dice.digits(count));
    let split = if dice.below(3) == 0 { subscriber.len() - 4 } else { subscriber.len() };
    let body = |sign| grouped(&subscriber, &[split], sign);
    let (written, word) = match dice.below(6) {
        0 => (format!("(0{area}){}", body("-")), ""),
        1 => (format!("0{area} {}", body(" ")), ""),
        2 => (format!("+86-{area}-{}", body("-")), ""),
        3 => (format!("+86 {area} {}", body(" ")), ""),
        4 => (format!("0{area}{subscriber}"), "座机："),
        _ => (format!("0{area}-{}", body("-")), dice.one(&["", "电话"])),
    };
    let extension = dice.one(&["", "", "-801", "转12", "-8012"]);
    made(PiiKind::Landline, word, format!("+86-{area}-{subscriber}"), format!("{written}{extension}"))
}

fn date(dice: &mut Dice<'_>) -> (usize, usize, usize) {
    (1930 + dice.below(80), 1 + dice.below(12), 1 + dice.below(28))
}

fn id_card(dice: &mut Dice<'_>) -> Value {
    let (year, month, day) = date(dice);
    let region = format!("{}{}", dice.one(&["11", "31", "44", "51", "62", "37"]), dice.digits(4));
    let body = format!("{region}{year}{month:02}{day:02}{}", dice.digits(3));
    let sum = body.bytes().fold(0, |rest, digit| (rest + u32::from(digit - b'0')) * 2 % 11);
    let check = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "X"][((12 - sum) % 11) as usize];
    let plain = format!("{body}{check}");
    let lens: &[usize] = dice.one(&[&[], &[], &[6, 8], &[6, 4, 4], &[3, 3, 4, 4], &[4, 4, 4, 4]]);
    let written = grouped(&plain, lens, dice.one(&[" ", "-"]));
    let written = if dice.below(2) == 0 { written.to_lowercase() } else { written };
    made(PiiKind::IdCard, dice.one(&["", "身份证号：", "驾驶证号", "ID No. "]), plain, written)
}

fn id_card_15(dice: &mut Dice<'_>) -> Value {
    let (year, month, day) = date(dice);
    let region = format!("{}{}", dice.one(&["11", "31", "44"]), dice.digits(4));
    let plain = format!("{region}{:02}{month:02}{day:02}{}", year % 100, dice.digits(3));
    let written = grouped(&plain, dice.one(&[&[][..], &[6, 6]]), " ");
    made(PiiKind::IdCard, "身份证：", plain, written)
}

fn passport(dice: &mut Dice<'_>) -> Value {
    let (plain, word) = match dice.below(5) {
        0 => (format!("E{}", dice.digits(8)), ""),
        1 => (format!("E{}{}", dice.of("ABCDEFGHJKLMNPQRSTUVWXYZ", 1), dice.digits(7)), ""),
        2 => (format!("G{}", dice.digits(8)), "护照号码："),
        3 => (format!("{}{}", dice.of("123456789", 1), dice.digits(8)), "passport number "),
        _ => (format!("{}{}", dice.of("ABCDFH", 2), dice.digits(6)), "Passport: "),
    };
    made(PiiKind::Passport, word, plain.clone(), plain)
}

fn driver_license(dice: &mut Dice<'_>) -> Value {
    let plain = match dice.below(4) {
        0 => format!("{}{}", dice.of("ABCDEFGHJK", 1), dice.digits(7)),
        1 => format!("{}{}", dice.of("123456789", 1), dice.digits(11)),
        2 => format!("{}{}", dice.of("ABCDEFGHJK", 1), dice.digits(12)),
        _ => format!("{}{}{}", dice.of("123456789", 1), dice.digits(6), dice.of("ABCDEFGH", 1)),
    };
    let lens: &[usize] = dice.one(&[&[], &[], &[4, 4], &[3, 3]]);
    let lens = if plain.len() == 8 { &[] } else { lens };
    let written = grouped(&plain, lens, dice.one(&["-", " "]));
    made(PiiKind::DriverLicense, dice.one(&["driver's license ", "驾照号：", "DL# "]), plain, written)
}

fn social_security(dice: &mut Dice<'_>) -> Value {
    let plain = format!("{}{}{}", dice.one(&["123", "412", "701"]), dice.one(&["12", "45"]), 1000 + dice.below(9000));
    let (written, word) = match dice.below(3) {
        0 => (grouped(&plain, &[3, 2], "-"), ""),
        1 => (grouped(&plain, &[3, 2], " "), "SSN "),
        _ => (plain.clone(), "social security number: "),
    };
    made(PiiKind::SocialSecurity, word, plain, written)
}

fn bank_card(dice: &mut Dice<'_>) -> Value {
    let count = dice.one(&[13, 13, 16, 15]);
    let plain = with_luhn(&format!("62{}", dice.digits(count)));
    let lens: &[usize] = dice.one(&[&[], &[], &[4, 4, 4], &[4, 4, 4, 4], &[6]]);
    let lens = if plain.len() == 16 && lens.len() == 4 { &lens[..3] } else { lens };
    let written = grouped(&plain, lens, dice.one(&[" ", "-"]));
    made(PiiKind::BankCard, dice.one(&["", "卡号：", "银行卡"]), plain, written)
}

fn credit_card(dice: &mut Dice<'_>) -> Value {
    let (head, count) =
        dice.one(&[("4", 14), ("51", 13), ("2221", 11), ("37", 12), ("6011", 11), ("36", 11), ("50", 9)]);
    let plain = with_luhn(&format!("{head}{}", dice.digits(count)));
    let lens: &[usize] = dice.one(&[&[], &[4, 4, 4]]);
    let lens = if plain.len() == 15 && !lens.is_empty() { &[4, 6] } else { lens };
    let lens = if plain.len() < 15 { &[] } else { lens };
    let written = grouped(&plain, lens, dice.one(&[" ", "-"]));
    let word = if plain.len() < 15 { "card number " } else { dice.one(&["", "visa "]) };
    made(PiiKind::CreditCard, word, plain, written)
}

fn iban(dice: &mut Dice<'_>) -> Value {
    let (country, bank, count) =
        dice.one(&[("DE", "", 18), ("GB", "WEST", 14), ("FR", "", 23), ("NL", "ABNA", 10), ("BE", "", 12)]);
    let account = format!("{bank}{}", dice.digits(count));
    let value = |c: char| c.to_digit(36).unwrap_or(0);
    let rest = format!("{account}{country}00").chars().fold(0, |rest, c| match value(c) {
        digit @ 0..=9 => (rest * 10 + digit) % 97,
        letter => (rest * 100 + letter) % 97,
    });
    let plain = format!("{country}{:02}{account}", 98 - rest);
    let fours: Vec<usize> = std::iter::repeat_n(4, (plain.len() - 1) / 4).collect();
    let written = match dice.below(3) {
        0 => plain.clone(),
        1 => grouped(&plain, &fours, " "),
        _ => grouped(&plain, &fours, "-").to_lowercase(),
    };
    made(PiiKind::Iban, dice.one(&["", "IBAN: "]), plain, written)
}

fn ip(dice: &mut Dice<'_>) -> Value {
    let written = match dice.below(3) {
        0 => format!("2408:{:x}::{:x}:{:x}", 0x8000 + dice.below(999), 1 + dice.below(9999), dice.below(99)),
        1 => {
            let groups: Vec<String> = (0..7).map(|_| format!("{:04X}", dice.below(65536))).collect();
            format!("2A02:{}", groups.join(":"))
        }
        _ => format!("{}.{}.{}.{}", 41 + dice.below(58), 50 + dice.below(200), dice.below(256), 1 + dice.below(254)),
    };
    made(PiiKind::Ip, dice.one(&["", "IP：", "来自"]), written.clone(), written)
}

fn mac(dice: &mut Dice<'_>) -> Value {
    let plain = format!("3c{}", dice.of("0123456789abcdef", 10));
    let written = match dice.below(4) {
        0 => grouped(&plain, &[2, 2, 2, 2, 2], ":"),
        1 => grouped(&plain, &[2, 2, 2, 2, 2], ":").to_uppercase(),
        2 => grouped(&plain, &[2, 2, 2, 2, 2], "-").to_uppercase(),
        _ => grouped(&plain, &[4, 4], "."),
    };
    made(PiiKind::Mac, dice.one(&["", "MAC "]), plain, written)
}

fn imei(dice: &mut Dice<'_>) -> Value {
    let plain = with_luhn(&format!("35{}", dice.digits(12)));
    let lens: &[usize] = dice.one(&[&[], &[2, 6, 6]]);
    let written = grouped(&plain, lens, dice.one(&["-", " "]));
    made(PiiKind::Imei, dice.one(&["IMEI: ", "手机串号："]), plain, written)
}

fn plate(dice: &mut Dice<'_>) -> Value {
    let sign = dice.one(&["", "·", " ", "-"]);
    let province = dice.of("京沪粤浙苏川鄂湘", 1);
    let letter = dice.of("ABCDEFGH", 1);
    let serial = match dice.below(4) {
        0 => format!("D{}", dice.digits(5)),
        1 => format!("{}挂", dice.digits(4)),
        _ => format!("{}{}", dice.of("ABCDEF0123456789", 2), dice.digits(3)),
    };
    made(
        PiiKind::Plate,
        dice.one(&["", "车牌"]),
        format!("{province}{letter}{serial}"),
        format!("{province}{letter}{sign}{serial}"),
    )
}

fn uscc(dice: &mut Dice<'_>) -> Value {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let head = dice.one(&["9111", "9131", "5244", "1211", "9351"]);
    let body = format!("{head}{}MA{}", dice.digits(4), dice.of(ALPHABET, 7));
    let mut weight = 1;
    let mut sum = 0;
    for c in body.chars() {
        sum += ALPHABET.find(c).unwrap() * weight;
        weight = weight * 3 % 31;
    }
    let plain = format!("{body}{}", &ALPHABET[(31 - sum % 31) % 31..][..1]);
    let (written, word) = match dice.below(4) {
        0 => (grouped(&plain, &[2, 6, 9], "-"), "税号："),
        1 => (plain.to_lowercase(), "信用代码 "),
        _ => (plain.clone(), dice.one(&["", "统一社会信用代码："])),
    };
    made(PiiKind::Uscc, word, plain, written)
}

fn dob(dice: &mut Dice<'_>) -> Value {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, month, day) = date(dice);
    let name = MONTHS[month - 1];
    let ordinal = match day {
        1 | 21 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    let written = match dice.below(10) {
        0 => format!("{year}年{month}月{day}日"),
        1 => format!("{year} 年 {month} 月 {day} 号"),
        2 => format!("{year}-{month:02}-{day:02}"),
        3 => format!("{year}/{month}/{day}"),
        4 => format!("{year}{month:02}{day:02}"),
        5 => format!("{day:02}/{month:02}/{year}"),
        6 => format!("{month}.{day}.{year}"),
        7 => format!("{name} {day}, {year}"),
        8 => format!("{day}{ordinal} of {name} {year}"),
        _ => format!("{day} {} {year}", &name[..3].to_uppercase()),
    };
    let word = dice.one(&["出生日期：", "生于", "born ", "DOB: ", "date of birth "]);
    made(PiiKind::Dob, word, format!("{year}{month:02}{day:02}"), written)
}

fn wechat(dice: &mut Dice<'_>) -> Value {
    let tail = 4 + dice.below(8);
    let plain = format!(
        "{}{}{}",
        dice.of("abcdefghijklmnopqrstuvwxyzABCDE", 2),
        dice.of("_-a0123456789kxw", tail),
        dice.of("0123456789", 2)
    );
    let word = dice.one(&["微信号：", "加微信", "微信:", "WeChat ID: ", "vx："]);
    Value { behind: dice.one(&["，", " ", "。"]), ..made(PiiKind::Wechat, word, plain.clone(), plain) }
}

fn qq(dice: &mut Dice<'_>) -> Value {
    let count = 4 + dice.below(7);
    let plain = format!("{}{}", dice.of("123456789", 1), dice.digits(count));
    made(PiiKind::Qq, dice.one(&["QQ：", "加QQ ", "QQ号", "扣扣 "]), plain.clone(), plain)
}

fn email(dice: &mut Dice<'_>) -> Value {
    let local = match dice.below(5) {
        0 => format!("1{}", dice.digits(10)),
        1 => format!("E{}", dice.digits(8)),
        2 => format!("{}.{}", dice.of("abcxyz", 4), dice.of("abcxyz0123", 5)),
        3 => format!("{}_{}+tag", dice.of("ABCxyz", 3), dice.digits(4)),
        _ => dice.of("abcdefghijklmnopqrstuvwxyz", 7),
    };
    let domain = dice.one(&["gmail.com", "qq.com", "mail.example.co.uk", "sina.com.cn", "web.de"]);
    let plain = format!("{local}@{domain}");
    let written = match dice.below(6) {
        0 => format!("{local} [at] {}", domain.replace('.', " [dot] ")),
        1 => format!("{local}(at){domain}"),
        2 => plain.to_uppercase(),
        _ => plain.clone(),
    };
    made(PiiKind::Email, dice.one(&["", "邮箱：", "mail "]), plain, written)
}

fn url_credential(dice: &mut Dice<'_>) -> Value {
    let plain = match dice.below(3) {
        0 => format!("ghp{}1", dice.of("abcdefgh0123456789", 20)),
        1 => format!("{}:{}", dice.of("abcxyz", 4), dice.of("0123456789", 11)),
        _ => format!("{}:{}", dice.of("abcxyz", 4), dice.of("abcxyz0123456789!$", 9)),
    };
    let behind = dice.one(&["@host.io/x", "@git.corp.com", "@db.net:5432/x"]);
    let word = dice.one(&["https://", "postgres://", "clone http://"]);
    Value { behind, ..made(PiiKind::UrlCredential, word, plain.clone(), plain) }
}
