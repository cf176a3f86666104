//! From texts to tokens with their places.

use tokenizers::Tokenizer;

/// Bytes of a text that are tokenised at once; longer texts are cut at white space, so that memory stays bounded. The
/// tokens on both sides of a cut stand side by side again before windows are made.
const PIECE: usize = 1 << 16;
/// Texts that special tokens are found out with; some tokenizers know one script only.
const PROBES: [&str; 4] = ["a", "的", "1", "test 测试"];

/// A tokenizer that never cuts a text short, and what it puts around one.
pub(super) struct TextTokenizer {
    inner: Tokenizer,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
}

/// The tokens of a text without special ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    pub ids: Vec<u32>,
    /// First byte in the text, and the one behind the last.
    pub spans: Vec<(usize, usize)>,
}

impl TextTokenizer {
    /// Reads `tokenizer.json`. Its truncation and padding are set aside, and special tokens that are spelled out in a
    /// text are text.
    pub fn new(json: &[u8]) -> Result<Self, String> {
        refuse_dropout(json)?;
        let mut inner = Tokenizer::from_bytes(json).map_err(|error| format!("no tokenizer.json: {error}"))?;
        inner.with_truncation(None).map_err(|error| error.to_string())?.with_padding(None);
        inner.set_encode_special_tokens(true);
        let (prefix, suffix) = PROBES.iter().find_map(|probe| around(&inner, probe)).ok_or_else(|| {
            format!("it gives no token for any of {PROBES:?}, or changes the text's own when it adds special ones")
        })?;
        Ok(Self { inner, prefix, suffix })
    }

    /// Special tokens before the tokens of a text.
    pub fn prefix(&self) -> &[u32] {
        &self.prefix
    }

    /// Special tokens behind them.
    pub fn suffix(&self) -> &[u32] {
        &self.suffix
    }

    /// The highest id that a text can have.
    pub fn highest_id(&self) -> u32 {
        self.inner.get_vocab(false).into_values().max().unwrap_or_default()
    }

    /// Replaces `out` by the tokens of a text. `Err` where the tokenizer gives up.
    pub fn read(&self, text: &str, out: &mut Tokens) -> Result<(), tokenizers::Error> {
        out.ids.clear();
        out.spans.clear();
        let mut from = 0;
        while from < text.len() {
            let piece = &text[from..from + first_piece(&text[from..], PIECE)];
            let encoding = self.inner.encode(piece, false)?;
            out.ids.extend_from_slice(encoding.get_ids());
            out.spans.extend(encoding.get_offsets().iter().map(|&(start, end)| (from + start, from + end)));
            from += piece.len();
        }
        Ok(())
    }
}

/// Bytes of a text's first piece: up to the last white space in the second half of `limit`, which stays with what
/// follows, as tokenizers join a space to the word behind it.
fn first_piece(text: &str, limit: usize) -> usize {
    if text.len() <= limit {
        return text.len();
    }
    let end = text.floor_char_boundary(limit);
    let half = text.floor_char_boundary(limit / 2);
    let space = text[half..end].char_indices().rev().find(|(_, c)| c.is_whitespace());
    space.map_or(end, |(at, _)| half + at).max(1)
}

/// What the tokenizer puts before and behind the tokens of a text.
fn around(tokenizer: &Tokenizer, probe: &str) -> Option<(Vec<u32>, Vec<u32>)> {
    let own = tokenizer.encode(probe, false).ok()?;
    let all = tokenizer.encode(probe, true).ok()?;
    let (own, all) = (own.get_ids(), all.get_ids());
    if own.is_empty() {
        return None;
    }
    let at = all.windows(own.len()).position(|window| window == own)?;
    Some((all[..at].to_vec(), all[at + own.len()..].to_vec()))
}

/// Dropout draws tokens by chance; a text must have the same ones in every run.
fn refuse_dropout(json: &[u8]) -> Result<(), String> {
    let value: serde_json::Value = serde_json::from_slice(json).map_err(|error| format!("no JSON: {error}"))?;
    match value["model"]["dropout"].as_f64() {
        Some(dropout) if dropout > 0.0 => {
            Err(format!("model.dropout is {dropout}, which makes tokens random; set it to null"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters as tokens, 你 and 好 and a known, in brackets of two special tokens.
    fn json() -> String {
        r#"{"version":"1.0","truncation":{"direction":"Right","max_length":4,"strategy":"LongestFirst","stride":0},"padding":null,
        "added_tokens":[{"id":3,"content":"[E]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
        "normalizer":null,"decoder":null,
        "pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?s)."},"behavior":"Isolated","invert":false},
        "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[B]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[E]","type_id":0}}],"pair":[],
        "special_tokens":{"[B]":{"id":"[B]","ids":[2],"tokens":["[B]"]},"[E]":{"id":"[E]","ids":[3],"tokens":["[E]"]}}},
        "model":{"type":"WordLevel","vocab":{"[P]":0,"[U]":1,"[B]":2,"[E]":3,"你":4,"好":5,"a":6," ":7},"unk_token":"[U]"}}"#.into()
    }

    #[test]
    fn special_tokens_are_found_and_texts_are_never_cut_short() {
        let tokenizer = TextTokenizer::new(json().as_bytes()).unwrap();
        assert_eq!((tokenizer.prefix(), tokenizer.suffix()), (&[2][..], &[3][..]));
        assert_eq!(tokenizer.highest_id(), 7);
        let mut tokens = Tokens::default();
        tokenizer.read("你好a你好ab[E]", &mut tokens).unwrap();
        assert_eq!(tokens.ids, [4, 5, 6, 4, 5, 6, 1, 1, 1, 1]);
        assert_eq!(tokens.spans[..3], [(0, 3), (3, 6), (6, 7)]);
    }

    #[test]
    fn long_texts_are_read_in_pieces_and_places_go_on() {
        let tokenizer = TextTokenizer::new(json().as_bytes()).unwrap();
        for text in ["你好 ".repeat(30_000), "好".repeat(70_000), format!("{} a", "\u{3000}".repeat(40_000))] {
            let mut tokens = Tokens::default();
            tokenizer.read(&text, &mut tokens).unwrap();
            assert_eq!(tokens.ids.len(), text.chars().count());
            let expected: Vec<_> = text.char_indices().map(|(at, c)| (at, at + c.len_utf8())).collect();
            assert_eq!(tokens.spans, expected);
        }
    }

    #[test]
    fn pieces_end_before_white_space() {
        assert_eq!(first_piece("abc", 8), 3);
        assert_eq!(first_piece("abcdef ghij", 8), 6);
        assert_eq!(first_piece("ab cdefghij", 8), 8);
        assert_eq!(first_piece("你好你好", 8), 6);
    }

    #[test]
    fn random_tokens_are_refused() {
        let random = json().replace(r#""unk_token""#, r#""dropout":0.1,"unk_token""#);
        assert!(TextTokenizer::new(random.as_bytes()).is_err_and(|message| message.contains("dropout")));
        assert!(TextTokenizer::new(b"{").is_err());
    }
}
