//! Check digits, each by its standard.

/// Luhn's formula (ISO/IEC 7812-1, annex B) over ASCII digits, the check digit last.
pub(super) fn luhn(digits: &[u8]) -> bool {
    luhn_remainder(digits) == 0
}

/// What is left of the sum of Luhn's formula by ten; 0 for a right check digit.
pub(super) fn luhn_remainder(digits: &[u8]) -> u32 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit - b'0')) {
            (1, digit) if digit > 4 => 2 * digit - 9,
            (1, digit) => 2 * digit,
            (_, digit) => digit,
        })
        .sum();
    sum % 10
}

/// ISO 7064 MOD 11-2 over 17 digits and a check character, as GB 11643-1999 prescribes for resident numbers.
pub(super) fn mod_11_2(digits: &[u8], check: u8) -> bool {
    let remainder = digits.iter().fold(0u32, |remainder, digit| (remainder + u32::from(digit - b'0')) * 2 % 11);
    let expected = match (12 - remainder) % 11 {
        10 => b'X',
        digit => b'0' + digit as u8,
    };
    check.to_ascii_uppercase() == expected
}

/// MOD 97-10 (ISO 7064) over an account number as ISO 13616 moves it: the first four characters last, letters as two
/// digits.
pub(super) fn mod_97(characters: &[u8]) -> bool {
    let (head, tail) = characters.split_at(characters.len().min(4));
    let remainder = tail.iter().chain(head).fold(0u32, |remainder, character| match character {
        b'0'..=b'9' => (remainder * 10 + u32::from(character - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter.to_ascii_uppercase().wrapping_sub(b'A')) + 10) % 97,
    });
    remainder == 1
}

/// MOD 31-3 over 17 characters and a check character, as GB 32100-2015 prescribes for social credit codes. False where
/// a character is not of the code's alphabet, which has no I, O, S, V and Z.
pub(super) fn mod_31(characters: &[u8]) -> bool {
    let [body @ .., check] = characters else { return false };
    let mut weight = 1u32;
    let mut sum = 0;
    for character in body {
        let Some(value) = value_31(*character) else { return false };
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    value_31(*check) == Some((31 - sum % 31) % 31)
}

/// Characters of GB 32100-2015 in the order of their values.
pub(super) const ALPHABET_31: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Value of a character in [`ALPHABET_31`], in either case.
pub(super) fn value_31(character: u8) -> Option<u32> {
    ALPHABET_31.iter().position(|known| *known == character.to_ascii_uppercase()).map(|value| value as u32)
}

/// Days of a month; 0 for no month. GB 11643 and all dates here are Gregorian.
pub(super) const fn days_in(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Years in which a living person may be born. The last one is far off on purpose: answers must not change with the
/// day on which a text is scanned.
pub(super) const BIRTH_YEARS: std::ops::RangeInclusive<u32> = 1900..=2035;

/// Whether it is a day on which a living person may be born.
pub(super) fn is_birth_date(year: u32, month: u32, day: u32) -> bool {
    BIRTH_YEARS.contains(&year) && day >= 1 && day <= days_in(year, month)
}

/// The number that ASCII digits write, nine at most.
pub(super) fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_fail() {
        assert!(luhn(b"79927398713") && !luhn(b"79927398710"));
        // The example of GB 11643-1999.
        assert!(mod_11_2(b"11010519491231002", b'X') && mod_11_2(b"11010519491231002", b'x'));
        assert!(mod_11_2(b"44052418800101001", b'4') && !mod_11_2(b"44052418800101001", b'5'));
        // The example of ISO 13616.
        assert!(mod_97(b"GB82WEST12345698765432") && !mod_97(b"GB82WEST12345698765423"));
        assert!(mod_31(b"91350100M000100Y43") && !mod_31(b"91350100M000100Y44") && !mod_31(b"9135010IM000100Y43"));
    }

    #[test]
    fn dates_are_gregorian() {
        assert!(is_birth_date(2000, 2, 29) && !is_birth_date(1900, 2, 29) && !is_birth_date(1999, 13, 1));
        assert!(!is_birth_date(1999, 4, 31) && !is_birth_date(1881, 9, 25) && !is_birth_date(1999, 1, 0));
    }
}
