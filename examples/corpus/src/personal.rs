use rand::{Rng, RngExt};

use crate::Lang;

/// A kind of invented personal information, formally valid and of nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PersonalKind {
    /// A resident identity number with its right check character, born 1901–1909.
    IdCard,
    /// A mainland mobile number with four noughts in its middle.
    Phone,
    /// An address at a domain reserved for examples.
    Email,
    /// A bank card number of 19 digits with its right Luhn digit and an account of noughts.
    BankCard,
    /// An IPv4 address of the ranges reserved for documentation.
    Ip,
    /// A number plate of a series that is not given out.
    Plate,
}

/// A sentence that carries one piece of personal information.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PersonalSentence {
    /// The sentence.
    pub text: String,
    /// Where the information begins, in Unicode code points of `text`.
    pub start: usize,
    /// Where it ends, in code points.
    pub end: usize,
}

impl PersonalKind {
    /// All kinds.
    pub const ALL: [PersonalKind; 6] = [
        PersonalKind::IdCard,
        PersonalKind::Phone,
        PersonalKind::Email,
        PersonalKind::BankCard,
        PersonalKind::Ip,
        PersonalKind::Plate,
    ];

    /// The kind's name in the detectors' terms, such as `id_card`.
    pub fn name(self) -> &'static str {
        match self {
            PersonalKind::IdCard => "id_card",
            PersonalKind::Phone => "phone",
            PersonalKind::Email => "email",
            PersonalKind::BankCard => "bank_card",
            PersonalKind::Ip => "ip",
            PersonalKind::Plate => "plate",
        }
    }

    /// Draws a value of this kind.
    pub fn value(self, rng: &mut impl Rng) -> String {
        match self {
            PersonalKind::IdCard => id_card(rng),
            PersonalKind::Phone => {
                let prefix = pick(rng, &["138", "139", "150", "158", "186", "189"]);
                format!("{prefix}0000{:04}", rng.random_range(0..10_000u32))
            }
            PersonalKind::Email => email(rng),
            PersonalKind::BankCard => bank_card(rng),
            PersonalKind::Ip => {
                let net = pick(rng, &["192.0.2", "198.51.100", "203.0.113"]);
                format!("{net}.{}", rng.random_range(1..255u32))
            }
            PersonalKind::Plate => {
                let province = pick(rng, &["青", "宁", "藏", "琼"]);
                format!("{province}Z{:05}", rng.random_range(0..100_000u32))
            }
        }
    }

    /// Draws a value and a sentence around it.
    pub fn sentence(self, lang: Lang, rng: &mut impl Rng) -> PersonalSentence {
        let (before, after) = self.frame(lang);
        let value = self.value(rng);
        let start = before.chars().count();
        PersonalSentence { end: start + value.chars().count(), text: format!("{before}{value}{after}"), start }
    }

    fn frame(self, lang: Lang) -> (&'static str, &'static str) {
        match (lang, self) {
            (Lang::Zh, PersonalKind::IdCard) => ("登记时填写的身份证号是", "，请核对。"),
            (Lang::Zh, PersonalKind::Phone) => ("有事请打我的手机", "，白天都在。"),
            (Lang::Zh, PersonalKind::Email) => ("照片请发到", "，谢谢。"),
            (Lang::Zh, PersonalKind::BankCard) => ("余款请转到银行卡", "，收到后回复。"),
            (Lang::Zh, PersonalKind::Ip) => ("后台显示登录地址为", "，是我本人。"),
            (Lang::Zh, PersonalKind::Plate) => ("当天来接的车，车牌号", "，停在东门。"),
            (Lang::En, PersonalKind::IdCard) => ("The resident ID number on the form is ", ", please check it."),
            (Lang::En, PersonalKind::Phone) => ("Call me on my mobile, ", ", at any time of the day."),
            (Lang::En, PersonalKind::Email) => ("Write to me at ", " and I will send the plan."),
            (Lang::En, PersonalKind::BankCard) => {
                ("Please pay the rest to bank card ", " and tell me when it is done.")
            }
            (Lang::En, PersonalKind::Ip) => ("The last login came from IP address ", ", and that was me."),
            (Lang::En, PersonalKind::Plate) => ("The car with licence plate ", " waits at the east gate."),
        }
    }
}

pub(crate) fn pick<'a>(rng: &mut impl Rng, items: &[&'a str]) -> &'a str {
    items[rng.random_range(0..items.len() as u32) as usize]
}

fn id_card(rng: &mut impl Rng) -> String {
    let region = pick(rng, &["110101", "310104", "320106", "440305", "510107", "630102"]);
    let digits = format!(
        "{region}190{}{:02}{:02}{}",
        rng.random_range(1..10u32),
        rng.random_range(1..13u32),
        rng.random_range(1..29u32),
        rng.random_range(900..1000u32)
    );
    let check = id_card_check(&digits);
    format!("{digits}{check}")
}

/// The check character of ISO 7064 MOD 11-2 over the first 17 digits.
fn id_card_check(digits: &str) -> char {
    let remainder = digits.bytes().fold(0u32, |remainder, digit| (remainder + u32::from(digit - b'0')) * 2 % 11);
    match (12 - remainder) % 11 {
        10 => 'X',
        digit => char::from(b'0' + digit as u8),
    }
}

fn email(rng: &mut impl Rng) -> String {
    let name = pick(rng, &["orchard", "heron", "linden", "willow", "otter", "rowan"]);
    let host = pick(rng, &["example.com", "example.org", "example.net"]);
    format!("{name}.{}@{host}", rng.random_range(10..1000u32))
}

fn bank_card(rng: &mut impl Rng) -> String {
    let digits = format!("6222000000000{:05}", rng.random_range(0..100_000u32));
    let check = luhn_check(&digits);
    format!("{digits}{check}")
}

fn luhn_check(digits: &str) -> u32 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit - b'0')) {
            (0, digit) => digit * 2 / 10 + digit * 2 % 10,
            (_, digit) => digit,
        })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// The weights as GB 11643 prints them; the code above uses the recurrence.
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

    #[test]
    fn id_cards_have_the_right_check_character() {
        assert_eq!(id_card_check("11010519491231002"), 'X');
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..500 {
            let id = id_card(&mut rng);
            assert_eq!(id.len(), 18);
            let sum: u32 = id.bytes().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
            let expected = b"10X98765432"[(sum % 11) as usize];
            assert_eq!(id.as_bytes()[17], expected, "{id}");
        }
    }

    #[test]
    fn bank_cards_pass_luhn() {
        assert_eq!(luhn_check("7992739871"), 3);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..500 {
            let card = bank_card(&mut rng);
            assert_eq!(card.len(), 19);
            let (digits, check) = card.split_at(18);
            assert_eq!(luhn_check(digits).to_string(), check);
        }
    }

    #[test]
    fn a_sentence_says_where_its_value_stands() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for lang in Lang::ALL {
            for kind in PersonalKind::ALL {
                let sentence = kind.sentence(lang, &mut rng);
                let value: String =
                    sentence.text.chars().skip(sentence.start).take(sentence.end - sentence.start).collect();
                let shape_fits = match kind {
                    PersonalKind::Email => value.contains("@example."),
                    PersonalKind::Plate => value.chars().count() == 7,
                    PersonalKind::Ip => value.split('.').count() == 4,
                    _ => value.len() >= 11 && value[..10].bytes().all(|b| b.is_ascii_digit()),
                };
                assert!(shape_fits, "{kind:?}: {value}");
            }
        }
    }
}
