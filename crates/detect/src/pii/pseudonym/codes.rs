//! Numbers of cards, documents, accounts, devices and vehicles: a run of digits and letters, however it is grouped.

use super::Value;
use super::draw::Draw;
use crate::pii::checksum::{ALPHABET_31, days_in, luhn_remainder, mod_11_2, mod_31};
use crate::pii::kinds::{credit_card, phone, plate};

const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The places of the ASCII letters and digits, and what stands there, letters as capitals.
fn characters(value: &Value<'_>) -> (Vec<usize>, Vec<u8>) {
    let places = value.layout.places(|c| c.is_ascii_alphanumeric());
    let known = value.layout.capitals(&places);
    (places, known)
}

/// Digits alone, between `least` and `most`.
fn digits(value: &Value<'_>, least: usize, most: usize) -> Option<(Vec<usize>, Vec<u8>)> {
    let (places, known) = characters(value);
    ((least..=most).contains(&known.len()) && known.iter().all(u8::is_ascii_digit)).then_some((places, known))
}

/// A digit that differs from another by what is drawn.
fn other_digit(draw: &mut Draw, right: u8) -> u8 {
    (right - b'0' + 1 + draw.below(9) as u8) % 10 + b'0'
}

/// Resident numbers of 18 and 15 characters.
pub(super) fn id_card(value: &Value<'_>, out: &mut String) -> Option<()> {
    let (places, known) = characters(value);
    if !matches!(known.len(), 15 | 18) {
        return None;
    }
    let mut draw = value.draw(&known);
    let mut made = b"000".to_vec();
    made.extend(draw.digits(3));
    let (year, month) = (draw.between(1800, 1899), draw.between(1, 12));
    let date = format!("{year}{month:02}{:02}", draw.between(1, days_in(year, month)));
    made.extend(&date.as_bytes()[if known.len() == 15 { 2 } else { 0 }..]);
    made.extend(draw.digits(3));
    if known.len() == 18 {
        made.extend(b"0123456789X".iter().find(|check| mod_11_2(&made, **check)));
    }
    value.layout.write(&places, &made, out);
    Some(())
}

/// Numbers of passports and driving licences.
pub(super) fn document(value: &Value<'_>, out: &mut String) -> Option<()> {
    let (places, known) = characters(value);
    let mut draw = value.draw(&known);
    let mut made: Vec<u8> = known.iter().map(|character| draw.like(*character)).collect();
    if known.first()?.is_ascii_alphabetic() {
        made[0] = b'O';
    } else {
        made.iter_mut().take(3).for_each(|digit| *digit = b'0');
    }
    value.layout.write(&places, &made, out);
    Some(())
}

pub(super) fn social_security(value: &Value<'_>, out: &mut String) -> Option<()> {
    let (places, known) = digits(value, 9, 9)?;
    let mut made = value.draw(&known).digits(known.len());
    made[..3].copy_from_slice(b"000");
    value.layout.write(&places, &made, out);
    Some(())
}

/// Numbers of payment cards of all schemes.
pub(super) fn card(value: &Value<'_>, out: &mut String) -> Option<()> {
    let (places, known) = digits(value, 12, 19)?;
    let mut draw = value.draw(&known);
    let mut made = draw.digits(known.len());
    let scheme = if known.starts_with(b"62") { 2 } else { 1 };
    made[..scheme].copy_from_slice(&known[..scheme]);
    made[scheme..scheme + 3].copy_from_slice(b"000");
    let last = made.len() - 1;
    let off = (credit_card::RESERVED_REMAINDER + 10 - luhn_remainder(&[&made[..last], b"0"].concat())) % 10;
    made[last] = b'0' + off as u8;
    value.layout.write(&places, &made, out);
    Some(())
}

pub(super) fn iban(value: &Value<'_>, out: &mut String) -> Option<()> {
    let (places, known) = characters(value);
    let [country @ .., _, _] = known.get(..4)? else { return None };
    let mut draw = value.draw(&known);
    let like = |character: &u8| if character.is_ascii_digit() { draw.digit() } else { draw.one_of(CAPITALS) };
    let mut made: Vec<u8> = known.iter().map(like).collect();
    made[..2].copy_from_slice(country);
    made[2..4].copy_from_slice(b"00");
    value.layout.write(&places, &made, out);
    Some(())
}

pub(super) fn imei(value: &Value<'_>, out: &mut String) -> Option<()> {
    let (places, known) = digits(value, 15, 15)?;
    let mut draw = value.draw(&known);
    let mut made = draw.digits(known.len());
    made[..3].copy_from_slice(b"000");
    made[14] = b'0';
    let right = b'0' + ((10 - luhn_remainder(&made)) % 10) as u8;
    made[14] = other_digit(&mut draw, right);
    value.layout.write(&places, &made, out);
    Some(())
}

/// Social credit codes; digits stay digits and letters letters, the check character too.
pub(super) fn uscc(value: &Value<'_>, out: &mut String) -> Option<()> {
    let (places, known) = characters(value);
    if known.len() != 18 {
        return None;
    }
    let (figures, letters) = ALPHABET_31.split_at(10);
    let mut draw = value.draw(&known);
    let like = |character: &u8| draw.one_of(if character.is_ascii_digit() { figures } else { letters });
    let mut made: Vec<u8> = known.iter().map(like).collect();
    made[..2].copy_from_slice(&known[..2]);
    made[2..4].copy_from_slice(b"00");
    if mod_31(&made) {
        let class = if known[17].is_ascii_digit() { figures } else { letters };
        let right = made[17];
        while made[17] == right {
            made[17] = draw.one_of(class);
        }
    }
    value.layout.write(&places, &made, out);
    Some(())
}

pub(super) fn plate(value: &Value<'_>, out: &mut String) -> Option<()> {
    let (layout, provinces) = (value.layout, plate::PROVINCES);
    let (places, known) = characters(value);
    let province = layout.at(0);
    if !provinces.contains(province) || places.first() != Some(&1) || known[0].is_ascii_digit() {
        return None;
    }
    let whole = [province.to_string().as_bytes(), &known].concat();
    let mut draw = value.draw(&whole);
    out.extend(provinces.chars().nth(draw.below(provinces.chars().count())));
    let mut made: Vec<u8> = known.iter().map(|character| draw.like(*character)).collect();
    made[0] = b'I';
    let rest = layout.after(1);
    let places: Vec<_> = places.iter().map(|place| place - 1).collect();
    rest.write(&places, &made, out);
    Some(())
}

pub(super) fn qq(value: &Value<'_>, out: &mut String) -> Option<()> {
    let (places, known) = digits(value, 5, usize::MAX)?;
    let mut draw = value.draw(&known);
    let mut made = draw.digits(known.len());
    made[..2].copy_from_slice(b"00");
    // Five digits may be a country code with its 00.
    while made.len() == 5 && phone::country_code(&made[2..]).is_some() {
        made[2..].copy_from_slice(&draw.digits(3));
    }
    value.layout.write(&places, &made, out);
    Some(())
}

#[cfg(test)]
mod tests {
    use tamis_rules::PiiKind;

    use crate::Pseudonymizer;

    fn of(kind: PiiKind, original: &str) -> String {
        let mut out = String::new();
        Pseudonymizer::new(b"k").pseudonym(kind, original, &mut out);
        out
    }

    #[test]
    fn layouts_of_one_value_correspond() {
        for (kind, one, other) in [
            (PiiKind::IdCard, "11010519491231002X", "110105 19491231 002x"),
            (PiiKind::BankCard, "6222021234567890128", "6222 0212 3456 7890 128"),
            (PiiKind::CreditCard, "4111111111111111", "4111-1111-1111-1111"),
            (PiiKind::Iban, "DE89370400440532013000", "de89 3704 0044 0532 0130 00"),
            (PiiKind::Imei, "490154203237518", "49-015420-323751-8"),
            (PiiKind::Uscc, "91350100M000100Y43", "913501-00m000-100y43"),
            (PiiKind::SocialSecurity, "123-45-6789", "123456789"),
            (PiiKind::Passport, "E12345678", "Ｅ１２３４５６７８"),
            (PiiKind::DriverLicense, "D123-4567-8901", "D123 4567 8901"),
            (PiiKind::Plate, "京A12345", "京A·12345"),
            (PiiKind::Qq, "123456789", "１２３４５６７８９"),
        ] {
            let bare = |text: &str| {
                let text = crate::pii::pseudonym::Layout::read(text).text().to_uppercase();
                text.chars().filter(|c| c.is_alphanumeric()).collect::<String>()
            };
            let made = of(kind, one);
            assert_eq!((bare(&made), of(kind, other).chars().count()), (bare(&of(kind, other)), other.chars().count()));
            assert_eq!(made.chars().count(), one.chars().count(), "{made}");
        }
    }

    #[test]
    fn what_a_scheme_keeps_stays() {
        let starts = |kind, original: &str, expected: &str| {
            let made = of(kind, original);
            assert!(made.starts_with(expected) && made != original, "{made}");
        };
        starts(PiiKind::BankCard, "6222021234567890128", "62000");
        starts(PiiKind::CreditCard, "4111111111111111", "4000");
        starts(PiiKind::Iban, "DE89370400440532013000", "DE00");
        starts(PiiKind::Uscc, "91350100M000100Y43", "9100");
        starts(PiiKind::IdCard, "11010519491231002X", "000");
        starts(PiiKind::Passport, "EA1234567", "O");
        starts(PiiKind::DriverLicense, "110105194912", "000");
        starts(PiiKind::Qq, "10001", "00");
    }
}
