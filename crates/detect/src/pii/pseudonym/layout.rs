//! How a value is written: its characters, and which of them carry it.

use super::draw::Draw;

/// A value as it is written.
#[derive(Clone)]
pub(super) struct Layout {
    cells: Vec<Cell>,
}

#[derive(Clone, Copy)]
struct Cell {
    written: char,
    /// Full-width forms in ASCII.
    folded: char,
}

const FULL_WIDTH: u32 = 0xFEE0;

impl Layout {
    pub fn read(original: &str) -> Self {
        let folded = |written: char| match written {
            '\u{3000}' => ' ',
            '\u{FF01}'..='\u{FF5E}' => char::from((u32::from(written) - FULL_WIDTH) as u8),
            other => other,
        };
        Self { cells: original.chars().map(|written| Cell { written, folded: folded(written) }).collect() }
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The character at a place, full-width forms folded; a nought character outside.
    pub fn at(&self, place: usize) -> char {
        self.cells.get(place).map_or('\0', |cell| cell.folded)
    }

    /// The characters, full-width forms folded.
    pub fn text(&self) -> String {
        self.cells.iter().map(|cell| cell.folded).collect()
    }

    /// The places of characters of a kind.
    pub fn places(&self, belongs: impl Fn(char) -> bool) -> Vec<usize> {
        (0..self.len()).filter(|place| belongs(self.at(*place))).collect()
    }

    /// The ASCII characters at the places, letters as capitals.
    pub fn capitals(&self, places: &[usize]) -> Vec<u8> {
        places.iter().map(|place| self.at(*place).to_ascii_uppercase() as u8).collect()
    }

    /// Whether the character at the place is a full-width form.
    pub fn is_wide(&self, place: usize) -> bool {
        self.cells.get(place).is_some_and(|cell| cell.written != cell.folded)
    }

    /// Whether the value has a letter in this case.
    pub fn has(&self, case: impl Fn(&char) -> bool) -> bool {
        self.cells.iter().any(|cell| case(&cell.folded))
    }

    /// Appends the value with others at the places, which are in order; the rest as it is written. A letter takes the
    /// case of the letter whose place it takes, and a full-width form stays one.
    pub fn write(&self, places: &[usize], values: &[u8], out: &mut String) {
        let mut values = places.iter().zip(values).peekable();
        for (place, cell) in self.cells.iter().enumerate() {
            match values.next_if(|(at, _)| **at == place) {
                Some((_, value)) => out.push(cell.dressed(*value)),
                None => out.push(cell.written),
            }
        }
    }

    /// Whether the nought of `(0)` stands at the place, which is not dialled behind a country code.
    pub fn is_trunk_nought(&self, place: usize) -> bool {
        place > 0 && (self.at(place - 1), self.at(place), self.at(place + 1)) == ('(', '0', ')')
    }

    /// What stands from a place on.
    pub fn after(&self, place: usize) -> Self {
        Self { cells: self.cells[place..].to_vec() }
    }

    /// Appends the characters of a range as they are written.
    pub fn copy(&self, from: usize, to: usize, out: &mut String) {
        out.extend(self.cells[from..to].iter().map(|cell| cell.written));
    }

    /// Appends ASCII text, in full-width forms where the character at the place is one.
    pub fn push_like(&self, place: usize, text: &str, out: &mut String) {
        let wide = self.is_wide(place);
        out.extend(text.chars().map(|c| if wide { widened(c) } else { c }));
    }

    /// Appends something of the same shape: the first three digits noughts, the others and all letters drawn.
    pub fn write_any(&self, draw: &mut Draw, out: &mut String) {
        const STEMS: [char; 9] = ['甲', '乙', '丙', '丁', '戊', '己', '庚', '辛', '壬'];
        let mut digits = 0;
        for cell in &self.cells {
            let c = match cell.folded {
                '0'..='9' => {
                    digits += 1;
                    cell.dressed(if digits > 3 { draw.digit() } else { b'0' })
                }
                letter if letter.is_ascii_alphabetic() => cell.dressed(draw.letter()),
                letter if letter.is_alphanumeric() => STEMS[draw.below(STEMS.len())],
                _ => cell.written,
            };
            out.push(c);
        }
    }
}

impl Cell {
    fn dressed(self, value: u8) -> char {
        let value = match self.folded {
            'a'..='z' => value.to_ascii_lowercase(),
            'A'..='Z' => value.to_ascii_uppercase(),
            _ => value,
        };
        let c = char::from(value);
        if self.written == self.folded { c } else { widened(c) }
    }
}

fn widened(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + FULL_WIDTH).unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_place_stays_and_dress_is_kept() {
        let layout = Layout::read("（１2）-aＢ 好");
        let places = layout.places(|c| c.is_ascii_alphanumeric());
        assert_eq!((layout.text().as_str(), layout.capitals(&places)), ("(12)-aB 好", b"12AB".to_vec()));
        let mut out = String::new();
        layout.write(&places, b"34Xy", &mut out);
        assert_eq!(out, "（３4）-xＹ 好");
        out.clear();
        layout.push_like(1, "a1", &mut out);
        layout.push_like(2, "a1", &mut out);
        assert_eq!(out, "ａ１a1");
    }
}
