//! What becomes of each character, worked out once per process.

use std::collections::HashMap;
use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{compose, decompose_canonical, decompose_compatible};

/// Raised whenever the rules below or the data files change what a text becomes.
pub(super) const VERSION: &str = "normalize/1";
const TRADITIONAL: &str = include_str!("data/traditional.tsv");
const LOOKALIKES: &str = include_str!("data/lookalikes.tsv");

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mapping<'t> {
    /// It stays.
    Same,
    /// It becomes this one.
    One(char),
    /// It becomes these, never with a space at either end.
    Many(&'t str),
    /// It vanishes.
    Drop,
    /// White space other than a line break, or a control character.
    Space,
    /// A line break.
    Break,
    /// A character that ends a paragraph by itself.
    Paragraph,
    /// A combining mark: joins the letter before it, or vanishes.
    Mark,
    /// A letter that looks like a Latin one.
    Lookalike(Lookalike),
}

/// A letter that looks like a Latin one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lookalike {
    from: char,
    /// What it becomes among letters of its own script.
    pub(super) plain: char,
    /// What it becomes in a word that has a Latin letter.
    pub(super) latin: char,
}

// A table entry is the character that another becomes, 0 for itself, or one of these codes, which are surrogates
// or for private use, so that no character becomes one of them.
const SAME: u16 = 0;
const DROP: u16 = 0xd800;
const SPACE: u16 = 0xd801;
const BREAK: u16 = 0xd802;
const PARAGRAPH: u16 = 0xd803;
const MARK: u16 = 0xd804;
const LOOKALIKE: u16 = 0xd805;
const FIRST_STRING: u16 = 0xd810;
const LAST_STRING: u16 = 0xf8ff;

/// Blocks outside of which no character changes; the tests try every character there is.
const CHANGING: [std::ops::Range<u32>; 9] = [
    0x80..0x3400,
    0xa000..0xac00,
    0xf900..0x1_0000,
    0x1_0400..0x1_2000,
    0x1_6e00..0x1_7000,
    0x1_b100..0x1_f300,
    0x1_fbf0..0x1_fbfa,
    0x2_f800..0x2_fa20,
    0xe_0000..0xe_0200,
];

pub(super) struct Table {
    /// Code of every character of the basic plane.
    pub(super) bmp: Box<[u16]>,
    /// Codes of the other characters that change, by character.
    astral: Vec<(char, u16)>,
    strings: Vec<Box<str>>,
    lookalikes: Vec<Lookalike>,
}

impl Table {
    pub(super) fn shared() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(Self::build)
    }

    pub(super) fn get(&self, c: char) -> Mapping<'_> {
        self.decode(c, self.code(c))
    }

    /// Code of a character; 0 where it stays.
    pub(super) fn code(&self, c: char) -> u16 {
        if let Some(&code) = self.bmp.get(c as usize) {
            return code;
        }
        let at = self.astral.binary_search_by_key(&c, |&(from, _)| from);
        at.map_or(SAME, |at| self.astral[at].1)
    }

    pub(super) fn decode(&self, c: char, code: u16) -> Mapping<'_> {
        match code {
            SAME => Mapping::Same,
            DROP => Mapping::Drop,
            SPACE => Mapping::Space,
            BREAK => Mapping::Break,
            PARAGRAPH => Mapping::Paragraph,
            MARK => Mapping::Mark,
            LOOKALIKE => match self.lookalikes.binary_search_by_key(&c, |it| it.from) {
                Ok(at) => Mapping::Lookalike(self.lookalikes[at]),
                Err(_) => Mapping::Same,
            },
            FIRST_STRING..=LAST_STRING => Mapping::Many(&self.strings[usize::from(code - FIRST_STRING)]),
            _ => char::from_u32(code.into()).map_or(Mapping::Same, Mapping::One),
        }
    }

    fn build() -> Self {
        let traditional: HashMap<char, char> = pairs(TRADITIONAL).collect();
        let mut table = Self {
            bmp: vec![SAME; 0x1_0000].into_boxed_slice(),
            astral: Vec::new(),
            strings: Vec::new(),
            lookalikes: Vec::new(),
        };
        for c in (0..0x80).chain(CHANGING.into_iter().flatten()).filter_map(char::from_u32) {
            let code =
                special(c).or_else(|| changes(c, &traditional).then(|| table.code_of(c, &fold(c, &traditional))));
            table.set(c, code.unwrap_or(SAME));
        }
        for (&from, &to) in &traditional {
            let code = table.code_of(from, to.encode_utf8(&mut [0; 4]));
            table.set(from, code);
        }
        table.astral.sort_unstable();
        table.add_lookalikes();
        table
    }

    fn set(&mut self, c: char, code: u16) {
        match self.bmp.get_mut(c as usize) {
            Some(entry) => *entry = code,
            None if code != SAME => self.astral.push((c, code)),
            None => {}
        }
    }

    /// The code for "`c` becomes `folded`".
    fn code_of(&mut self, c: char, folded: &str) -> u16 {
        let mut chars = folded.chars();
        match (chars.next(), chars.next()) {
            (None, _) => DROP,
            (Some(' '), None) => SPACE,
            (Some(only), None) if only == c => SAME,
            (Some(only), None) if is_mark(only) => MARK,
            (Some(only), None) if u32::from(only) <= 0xffff => only as u16,
            _ => {
                self.strings.push(folded.into());
                FIRST_STRING + (self.strings.len() - 1) as u16
            }
        }
    }

    /// Enters the letters of the data file, and those accented letters whose base letter is among them.
    fn add_lookalikes(&mut self) {
        let latin: HashMap<char, char> = pairs(LOOKALIKES).collect();
        let accented = (0x370..0x530).chain(0x1f00..0x2000).filter_map(char::from_u32);
        let mut letters: Vec<Lookalike> = Vec::new();
        for from in latin.keys().copied().chain(accented.filter(|c| !latin.contains_key(c))) {
            let (Some(latin), Some(plain)) = (unaccented(from, &latin), self.plain(from)) else {
                continue;
            };
            letters.push(Lookalike { from, plain, latin });
        }
        let of: HashMap<char, char> = letters.iter().map(|it| (it.from, it.latin)).collect();
        // A capital or variant that becomes such a letter must look like it too, or a second pass would differ.
        let variants = self.changed().filter(|(from, _)| !of.contains_key(from)).collect::<Vec<_>>().into_iter();
        letters.extend(variants.filter_map(|(from, plain)| Some(Lookalike { from, plain, latin: *of.get(&plain)? })));
        letters.sort_unstable_by_key(|it| it.from);
        for letter in &letters {
            match self.astral.binary_search_by_key(&letter.from, |&(from, _)| from) {
                Ok(at) => self.astral[at].1 = LOOKALIKE,
                Err(_) => self.bmp[letter.from as usize] = LOOKALIKE,
            }
        }
        self.lookalikes = letters;
    }

    /// The characters that become one other.
    fn changed(&self) -> impl Iterator<Item = (char, char)> {
        let astral = self.astral.iter().map(|&(from, _)| from);
        let chars = (0..0x1_0000).filter_map(char::from_u32).chain(astral);
        chars.filter_map(|from| match self.get(from) {
            Mapping::One(to) => Some((from, to)),
            _ => None,
        })
    }

    fn plain(&self, c: char) -> Option<char> {
        match self.get(c) {
            Mapping::Same => Some(c),
            Mapping::One(other) => Some(other),
            _ => None,
        }
    }
}

/// What the tables hold, for a digest of everything that can change a normalised text.
pub(super) fn fingerprint(hasher: &mut blake3::Hasher) {
    for part in [VERSION, TRADITIONAL, LOOKALIKES] {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    let (major, minor, patch) = unicode_normalization::UNICODE_VERSION;
    hasher.update(format!("unicode {major}.{minor}.{patch}").as_bytes());
}

/// U+0300 to U+036F.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// The pairs of a data file; its lines are checked by a test.
fn pairs(file: &str) -> impl Iterator<Item = (char, char)> {
    let rows = file.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| {
        let (from, to) = row.split_once('\t')?;
        Some((from.chars().next()?, to.chars().next()?))
    })
}

fn special(c: char) -> Option<u16> {
    Some(match c {
        '\n' | '\r' | '\u{85}' | '\u{2028}' => BREAK,
        '\u{2029}' => PARAGRAPH,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => DROP,
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => DROP,
        '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' => DROP,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e01ff}' => DROP,
        _ if is_mark(c) => MARK,
        _ if c.is_control() || c.is_whitespace() => SPACE,
        _ => return None,
    })
}

/// Whether `fold` may change a character; dear to find out by folding each.
fn changes(c: char, traditional: &HashMap<char, char>) -> bool {
    let mut parts = 0;
    let mut same = true;
    decompose_compatible(c, |part| {
        parts += 1;
        same &= part == c;
    });
    !same || parts != 1 || lower(c).ne([c]) || traditional.contains_key(&c)
}

/// Compatibility form, lower case, simplified form, until nothing changes; without marks that join no letter,
/// and without spaces at the ends.
fn fold(c: char, traditional: &HashMap<char, char>) -> String {
    let mut text = c.to_string();
    // Two rounds suffice for every character of Unicode 17; the bound keeps a bad data file from hanging us.
    for _ in 0..8 {
        let simplify = |c| traditional.get(&c).copied().unwrap_or(c);
        let next: String = text.nfkc().flat_map(lower).map(simplify).collect();
        if next == text {
            break;
        }
        text = next;
    }
    if !text.is_empty() && text.chars().all(is_mark) {
        return '\u{300}'.to_string();
    }
    let kept = text.chars().filter(|&c| special(c) != Some(DROP) && !is_mark(c));
    let spaced: String = kept.map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    if spaced.trim().is_empty() && !spaced.is_empty() { " ".to_owned() } else { spaced.trim().to_owned() }
}

/// Lower case; the two small sigmas are one.
fn lower(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c })
}

/// The Latin look of a letter, with its accents where Latin has them.
fn unaccented(c: char, latin: &HashMap<char, char>) -> Option<char> {
    let mut parts = Vec::new();
    decompose_canonical(c, |part| parts.push(part));
    let (&base, marks) = parts.split_first()?;
    let base = latin.get(&base).copied()?;
    marks.iter().all(|&mark| is_mark(mark)).then_some(())?;
    Some(marks.iter().fold(base, |letter, &mark| compose(letter, mark).unwrap_or(letter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_char() -> impl Iterator<Item = char> {
        (0..=0x10_ffff).filter_map(char::from_u32)
    }

    #[test]
    fn no_character_outside_the_blocks_changes() {
        let (table, none) = (Table::shared(), HashMap::new());
        for c in every_char().filter(|&c| table.get(c) == Mapping::Same) {
            assert!(special(c).is_none(), "{c:?}");
            let folded = fold(c, &none);
            assert!(!changes(c, &none) || folded == c.to_string(), "{c:?} {folded:?}");
        }
    }

    #[test]
    fn what_a_character_becomes_stays() {
        let table = Table::shared();
        let stays = |c: char| c == ' ' || table.get(c) == Mapping::Same;
        for c in every_char() {
            match table.get(c) {
                Mapping::One(one) => assert!(stays(one), "{c:?} {one:?}"),
                Mapping::Many(many) => {
                    assert!(many.chars().all(stays), "{c:?} {many:?}");
                    assert_eq!(many.trim(), many, "{c:?}");
                    assert!(!many.contains("  "), "{c:?}");
                }
                Mapping::Lookalike(it) => {
                    let plain = table.get(it.plain);
                    let same = matches!(plain, Mapping::Lookalike(of) if of.plain == it.plain && of.latin == it.latin);
                    assert!(same || it.plain != c, "{c:?} {it:?}");
                    assert!(table.get(it.latin) == Mapping::Same, "{c:?} {it:?}");
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_joined_mark_gives_a_character_that_stays() {
        let table = Table::shared();
        let bases = every_char().filter(|&c| (c as u32) < 0x3100 && matches!(table.get(c), Mapping::Same));
        for base in bases {
            for joined in ('\u{300}'..='\u{36f}').filter_map(|mark| compose(base, mark)) {
                assert_eq!(table.get(joined), Mapping::Same, "{base:?} {joined:?}");
                assert!(base != ' ' && base != '\n');
            }
        }
    }

    #[test]
    fn the_data_files_are_well_formed() {
        for file in [TRADITIONAL, LOOKALIKES] {
            let rows: Vec<&str> = file.lines().filter(|line| !line.starts_with('#')).collect();
            assert_eq!(pairs(file).collect::<HashMap<_, _>>().len(), rows.len());
            assert!(rows.iter().all(|row| row.chars().count() == 3), "one character, tab, one character");
        }
        assert!(pairs(LOOKALIKES).all(|(_, to)| to.is_ascii_lowercase()));
        assert!(pairs(LOOKALIKES).all(|(from, _)| u32::from(from) <= 0xffff));
        assert!(Table::shared().strings.len() < usize::from(LAST_STRING - FIRST_STRING));
    }

    #[test]
    fn rules_reach_the_table() {
        let table = Table::shared();
        assert_eq!(table.get('Ａ'), Mapping::One('a'));
        assert_eq!(table.get('K'), Mapping::One('k'), "the Kelvin sign");
        assert_eq!(table.get('𝐙'), Mapping::One('z'));
        assert_eq!(table.get('①'), Mapping::One('1'));
        assert_eq!(table.get('ﬁ'), Mapping::Many("fi"));
        assert_eq!(table.get('國'), Mapping::One('国'));
        assert_eq!(table.get('İ'), Mapping::One('i'));
        assert_eq!(table.get('\u{3000}'), Mapping::Space);
        assert_eq!(table.get('´'), Mapping::Space);
        assert_eq!(table.get('\u{200d}'), Mapping::Drop);
        assert_eq!(table.get('\u{e0041}'), Mapping::Drop);
        assert!(matches!(table.get('Ν'), Mapping::Lookalike(it) if (it.plain, it.latin) == ('ν', 'n')));
        assert!(matches!(table.get('ν'), Mapping::Lookalike(it) if it.latin == 'v'));
        assert!(matches!(table.get('ё'), Mapping::Lookalike(it) if (it.plain, it.latin) == ('ё', 'ë')));
    }
}
