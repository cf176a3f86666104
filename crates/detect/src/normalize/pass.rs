//! The one pass over a text.

use unicode_normalization::char::{compose, decompose_canonical};

use super::Normalized;
use super::letters::{is_latin, is_letter};
use super::table::{Lookalike, Mapping, Table};

/// Bytes tried at once for plain ASCII; one more is read to see what follows a space.
const BLOCK: usize = 16;

pub(super) struct Pass<'t, 'o> {
    table: &'static Table,
    text: &'t str,
    out: &'o mut Normalized,
    /// Next byte to read.
    at: usize,
    /// What was read since this byte goes out as it is, but for the case of ASCII letters.
    kept_from: usize,
    /// Before this byte, `word_is_mixed` holds for letters that look Latin.
    word_until: usize,
    word_is_mixed: bool,
}

impl<'t, 'o> Pass<'t, 'o> {
    pub(super) fn new(table: &'static Table, text: &'t str, out: &'o mut Normalized) -> Self {
        out.text.reserve(text.len());
        Self { table, text, out, at: 0, kept_from: 0, word_until: 0, word_is_mixed: false }
    }

    pub(super) fn run(mut self) {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            if byte < 0x80 {
                self.at = plain_ascii_end(self.text.as_bytes(), self.at);
                self.ascii_white_space();
            } else {
                self.skip_kept();
                self.other();
            }
        }
        self.flush();
    }

    /// Passes over three-byte characters that stay, which most Han characters do.
    fn skip_kept(&mut self) {
        while let Some(&[a @ 0xe0..=0xef, b, c, ..]) = self.text.as_bytes().get(self.at..) {
            let code = u16::from(a) << 12 | (u16::from(b) & 0x3f) << 6 | (u16::from(c) & 0x3f);
            if self.table.bmp[usize::from(code)] != 0 {
                return;
            }
            self.at += 3;
        }
    }

    /// Reads one character that is not ASCII, if there is one.
    fn other(&mut self) {
        let Some(c) = self.text[self.at..].chars().next().filter(|c| !c.is_ascii()) else {
            return;
        };
        let end = self.at + c.len_utf8();
        match self.table.get(c) {
            Mapping::Same => self.at = end,
            Mapping::One(one) => self.put(one, end),
            Mapping::Many(many) => self.put_unit(many, end),
            Mapping::Drop => self.drop_until(end),
            Mapping::Space | Mapping::Break | Mapping::Paragraph => self.white_space(),
            Mapping::Mark => self.mark(c, end),
            Mapping::Lookalike(letter) => self.lookalike(letter, c, end),
        }
    }

    /// Writes what was kept since the last change.
    fn flush(&mut self) {
        if self.kept_from < self.at {
            let from = self.out.text.len();
            self.out.text.push_str(&self.text[self.kept_from..self.at]);
            self.out.text[from..].make_ascii_lowercase();
        }
        self.kept_from = self.at;
    }

    fn put(&mut self, c: char, end: usize) {
        self.flush();
        let from = self.out.text.len();
        self.out.text.push(c);
        if c.len_utf8() != end - self.at {
            self.out.edits.replace(from..self.out.text.len(), self.at..end);
        }
        self.read_until(end);
    }

    fn put_unit(&mut self, unit: &str, end: usize) {
        self.flush();
        let from = self.out.text.len();
        self.out.text.push_str(unit);
        self.out.edits.replace(from..self.out.text.len(), self.at..end);
        self.read_until(end);
    }

    fn drop_until(&mut self, end: usize) {
        self.flush();
        self.out.edits.drop(self.out.text.len(), self.at..end);
        self.read_until(end);
    }

    /// What was read up to `end` has been written.
    fn read_until(&mut self, end: usize) {
        self.at = end;
        self.kept_from = end;
    }

    /// Joins a mark to the character before it, or drops it.
    fn mark(&mut self, mark: char, end: usize) {
        self.flush();
        let before = self.out.text.chars().next_back();
        let mut parts = before;
        decompose_canonical(mark, |part| {
            parts = parts.map(|letter| compose(letter, part).unwrap_or(letter));
        });
        match (before, parts) {
            (Some(letter), Some(joined)) if letter != joined => {
                let normal = self.out.text.len() - letter.len_utf8()..self.out.text.len();
                self.out.text.pop();
                self.out.text.push(joined);
                self.out.edits.extend(normal, self.out.text.len(), end);
                self.read_until(end);
            }
            _ => self.drop_until(end),
        }
    }

    /// Reads the white space that begins here, if its first byte is ASCII. The usual kinds have short ways.
    fn ascii_white_space(&mut self) {
        match self.text.as_bytes().get(self.at..).unwrap_or_default() {
            [b'\n', b'\n', next, ..] if next.is_ascii_graphic() => self.at += 2,
            [b'\n', next, ..] if next.is_ascii_graphic() => {
                self.flush();
                self.out.breaks.push(self.out.text.len());
                self.out.text.push(' ');
                self.read_until(self.at + 1);
            }
            [first, ..] if first.is_ascii() => self.white_space(),
            _ => {}
        }
    }

    /// Reads the white space that begins here; what vanishes between two spaces is part of it.
    fn white_space(&mut self) {
        let (end, breaks) = self.white_space_end();
        if breaks < 2 {
            if breaks == 1 {
                self.flush();
                self.out.breaks.push(self.out.text.len());
            }
            self.put(' ', end);
        } else if end - self.at == 2 {
            // Two line breaks of a byte each become two line feeds: no position moves.
            self.flush();
            self.out.text.push_str("\n\n");
            self.read_until(end);
        } else {
            self.put_unit("\n\n", end);
        }
    }

    /// Where the white space that begins here ends, and how many line breaks it has.
    fn white_space_end(&self) -> (usize, usize) {
        let (mut at, mut end, mut breaks, mut after_return) = (self.at, self.at, 0, false);
        for c in self.text[self.at..].chars() {
            at += c.len_utf8();
            match self.table.get(c) {
                Mapping::Break if c == '\n' && after_return => {}
                Mapping::Break => breaks += 1,
                Mapping::Paragraph => breaks += 2,
                Mapping::Drop | Mapping::Mark => continue,
                Mapping::Space => {}
                Mapping::Same if c == ' ' => {}
                _ => break,
            }
            after_return = c == '\r';
            end = at;
        }
        (end, breaks)
    }

    fn lookalike(&mut self, letter: Lookalike, c: char, end: usize) {
        if self.at >= self.word_until {
            self.look_at_word();
        }
        match if self.word_is_mixed { letter.latin } else { letter.plain } {
            same if same == c => self.at = end,
            other => self.put(other, end),
        }
    }

    /// Finds out whether the word around the next character has a Latin letter, and where it ends. Each character is
    /// looked at once as part of what is before and once as part of what comes, so that the pass stays linear.
    fn look_at_word(&mut self) {
        self.flush();
        let before = self.out.text.chars().rev().take_while(|&c| is_letter(c));
        let mut mixed = before.into_iter().any(is_latin);
        let mut at = self.at;
        for c in self.text[self.at..].chars() {
            at += c.len_utf8();
            match self.table.get(c) {
                Mapping::Drop | Mapping::Mark => continue,
                Mapping::Same if is_letter(c) => mixed |= is_latin(c),
                Mapping::Lookalike(letter) => mixed |= is_latin(letter.plain),
                Mapping::One(one) if is_letter(one) => mixed |= is_latin(one),
                Mapping::Many(many) => {
                    mixed |= many.chars().take_while(|&c| is_letter(c)).any(is_latin);
                    if !many.chars().all(is_letter) {
                        break;
                    }
                }
                _ => break,
            }
        }
        self.word_until = at;
        self.word_is_mixed = mixed;
    }
}

/// Where the run of visible ASCII and single spaces that begins at `at` ends.
fn plain_ascii_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<{ BLOCK + 1 }>()) {
        if !is_plain(block) {
            break;
        }
        at += BLOCK;
    }
    while let Some(&byte) = bytes.get(at) {
        let space = byte == b' ' && bytes.get(at + 1).is_some_and(u8::is_ascii_graphic);
        if !space && !byte.is_ascii_graphic() {
            break;
        }
        at += 1;
    }
    at
}

/// Whether the block's first bytes are visible ASCII or spaces with visible ASCII behind. Without branches, so that
/// it becomes vector code.
fn is_plain(block: &[u8; BLOCK + 1]) -> bool {
    let mut odd = 0;
    for at in 0..BLOCK {
        let (byte, next) = (block[at], block[at + 1]);
        odd |= u8::from(byte.wrapping_sub(0x20) > 0x5e);
        odd |= u8::from(byte == b' ') & u8::from(next.wrapping_sub(0x21) > 0x5d);
    }
    odd == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ascii_ends_where_something_may_change() {
        let end = |text: &str| plain_ascii_end(text.as_bytes(), 0);
        let long = "All of this sentence, and of the next, is plain.";
        assert_eq!(end(long), long.len());
        for odd in ["  ", " \n", "\n", "\u{7f}", " \u{200b}", "é", "大", "\0"] {
            for before in 0..long.len() {
                let text = format!("{}{odd}{long}", &long.replace(' ', "_")[..before]);
                assert_eq!(end(&text), before, "{odd:?} after {before}");
            }
        }
    }
}
