//! Which characters make a word.

/// Whether two such characters side by side belong to one word: a letter, digit or underscore of a script that
/// parts its words by spaces. Han, Kana, Hangul, Thai and the like part none, so that there is a boundary beside each.
#[must_use]
pub fn is_word_char(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    c.is_alphanumeric() && !is_unspaced(c)
}

/// A letter of a script that parts its words by spaces.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !is_unspaced(c)
}

/// A letter of the Latin script.
pub(super) fn is_latin(c: char) -> bool {
    let latin = matches!(u32::from(c), 0x41..=0x5a | 0x61..=0x7a | 0xaa | 0xba | 0xc0..=0x2af
        | 0x1d00..=0x1d25 | 0x1d6b..=0x1d77 | 0x1d79..=0x1d9a | 0x1e00..=0x1eff | 0x2c60..=0x2c7f
        | 0xa722..=0xa787 | 0xa78b..=0xa7ff | 0xab30..=0xab5a | 0xab66..=0xab68);
    latin && c.is_alphabetic()
}

fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x0e00..=0x109f // Thai, Lao, Tibetan, Myanmar
        | 0x1100..=0x11ff | 0xa960..=0xa97f | 0xac00..=0xd7ff // Hangul
        | 0x1780..=0x17ff | 0x1950..=0x19df | 0x1a20..=0x1aaf // Khmer, Tai Le, New Tai Lue, Tai Tham
        | 0xa9e0..=0xa9ff | 0xaa60..=0xaadf // Myanmar extensions, Tai Viet
        | 0x2e80..=0xa4cf | 0xf900..=0xfaff // Han, Kana, Bopomofo, Yi
        | 0x16fe0..=0x1b2ff | 0x20000..=0x3ffff) // Tangut, Kana supplements, Han extensions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_made_of_alphabetic_scripts_only() {
        assert!("aZ0_éßжλաا".chars().all(is_word_char));
        assert!("大かカ한ไพ𠀀-.'。 😀".chars().all(|c| !is_word_char(c)));
    }

    #[test]
    fn latin_is_told_from_its_neighbours() {
        assert!("aZéıʀᴀếꜱ".chars().all(is_latin));
        assert!("×÷жλ大1ա".chars().all(|c| !is_latin(c)));
    }
}
