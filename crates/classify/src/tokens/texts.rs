//! From texts to the pooled logits of their windows.

use std::ops::Range;

use tamis_detect::{Batch, Normalized, Normalizer};

use super::batches::{Block, EmptyRow, Shapes, windows};
use super::tokenizer::{TextTokenizer, Tokens};
use super::workers::Workers;
use crate::{Calibration, Language, ModelManifest, Pooled, Pooling, TokensSpec};

/// Windows whose logits lie in memory at once are cut off behind the text that brings them to so many bytes.
const LOGITS_BYTES: usize = 64 << 20;
/// The same for tokens.
const TOKENS: usize = 4 << 20;

/// What a model says of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLogits {
    /// Row in the batch.
    pub row: u32,
    /// Position of the field in the batch.
    pub field: u16,
    /// The text's language.
    pub language: Language,
    /// Its length bucket.
    pub length_bucket: usize,
    /// Bytes of the original text that each window covers.
    pub spans: Vec<Range<usize>>,
    /// Per head; empty where the text has no token. None where it could not be examined.
    pub heads: Option<Vec<Pooled>>,
}

/// All that turns texts into windows.
pub(super) struct TextReader {
    tokenizer: TextTokenizer,
    normalizer: Option<Normalizer>,
    pad: u32,
    /// Tokens of a window without special ones, by language.
    sizes: [usize; 3],
}

impl TextReader {
    pub fn new(manifest: &ModelManifest, spec: &TokensSpec, tokenizer: TextTokenizer) -> Result<Self, String> {
        let special = tokenizer.prefix().len() + tokenizer.suffix().len();
        let room = (spec.max_tokens as usize).saturating_sub(special) / 2 * 2;
        if room == 0 {
            return Err(format!(
                "max_tokens is {}, of which it puts {special} special ones around a text; expected at least {}",
                spec.max_tokens,
                special + 2
            ));
        }
        let sizes = Language::ALL.map(|language| (manifest.windows.of(language) as usize).min(room));
        let normalizer = spec.normalize.then(Normalizer::new);
        Ok(Self { tokenizer, normalizer, pad: spec.pad_id, sizes })
    }

    /// What fills up batches.
    pub fn empty_row(&self) -> EmptyRow {
        EmptyRow::new(self.special(), self.pad)
    }

    /// The shapes of batches of this budget.
    pub fn shapes(&self, budget: usize) -> Shapes {
        Shapes::new(&self.sizes.map(|size| size + self.special().count()), budget)
    }

    /// The highest id of the vocabulary.
    pub fn highest_id(&self) -> u32 {
        self.tokenizer.highest_id()
    }

    fn special(&self) -> impl Iterator<Item = u32> {
        self.tokenizer.prefix().iter().chain(self.tokenizer.suffix()).copied()
    }
}

/// Examines texts in one thread, with memory of its own.
pub(super) struct TextExaminer<'d> {
    pub reader: &'d TextReader,
    pub shapes: &'d Shapes,
    pub workers: &'d Workers,
    pub calibration: &'d Calibration,
    pub heads: usize,
    normal: Normalized,
    tokens: Tokens,
    pending: Pending,
}

/// Texts that are tokenised and not yet examined.
#[derive(Default)]
struct Pending {
    /// Tokens of all of them, without special ones.
    ids: Vec<u32>,
    /// Places in `ids`.
    windows: Vec<Range<usize>>,
    texts: Vec<TextLogits>,
}

impl<'d> TextExaminer<'d> {
    pub fn new(
        reader: &'d TextReader,
        shapes: &'d Shapes,
        workers: &'d Workers,
        calibration: &'d Calibration,
        heads: usize,
    ) -> Self {
        let (normal, tokens, pending) = (Normalized::default(), Tokens::default(), Pending::default());
        Self { reader, shapes, workers, calibration, heads, normal, tokens, pending }
    }

    /// What the model says of every text of the chosen rows, in order of rows and fields.
    pub fn examine(&mut self, batch: &Batch<'_>, chosen: &[bool], mut say: impl FnMut(TextLogits)) {
        for row in (0..batch.rows()).filter(|&row| chosen[row]) {
            for field in 0..batch.fields().len() {
                if let Some(text) = batch.texts(field)[row] {
                    self.read(row as u32, field as u16, text, batch.language(row));
                }
            }
            let logits = self.pending.windows.len() * self.heads * size_of::<f32>();
            if logits >= LOGITS_BYTES || self.pending.ids.len() >= TOKENS {
                self.flush(&mut say);
            }
        }
        self.flush(&mut say);
    }

    fn read(&mut self, row: u32, field: u16, text: &str, declared: Option<&str>) {
        let language = declared.and_then(Language::declared).unwrap_or_else(|| Language::identify(text));
        let read = match &self.reader.normalizer {
            Some(normalizer) => {
                normalizer.normalize(text, &mut self.normal);
                self.normal.text()
            }
            None => text,
        };
        let length_bucket = self.calibration.bucket(read.chars().count());
        let mut said = TextLogits { row, field, language, length_bucket, spans: Vec::new(), heads: Some(Vec::new()) };
        if self.reader.tokenizer.read(read, &mut self.tokens).is_err() {
            said.heads = None;
            self.pending.texts.push(said);
            return;
        }
        let from = self.pending.ids.len();
        self.pending.ids.extend_from_slice(&self.tokens.ids);
        for window in windows(self.tokens.ids.len(), self.reader.sizes[language.index()]) {
            let spans = &self.tokens.spans[window.clone()];
            let start = spans.iter().map(|span| span.0).min().unwrap_or_default();
            let end = spans.iter().map(|span| span.1).max().unwrap_or_default();
            said.spans.push(match &self.reader.normalizer {
                Some(_) => self.normal.original_range(start, end),
                None => text.floor_char_boundary(start)..text.ceil_char_boundary(end),
            });
            self.pending.windows.push(from + window.start..from + window.end);
        }
        self.pending.texts.push(said);
    }

    /// Sends what is pending through the network, and says what came of it.
    fn flush(&mut self, say: &mut impl FnMut(TextLogits)) {
        let Pending { ids, windows, texts } = std::mem::take(&mut self.pending);
        let special = self.reader.special().count();
        let counts: Vec<usize> = windows.iter().map(|window| window.len() + special).collect();
        let plan = self.shapes.plan(&counts);
        let mut logits = vec![f32::NAN; windows.len() * self.heads];
        let blocks = plan.iter().map(|(shape, batch)| {
            let mut block = Block::new(*shape);
            for &window in batch {
                let TextReader { tokenizer, pad, .. } = self.reader;
                let own = ids[windows[window].clone()].iter();
                block.push(tokenizer.prefix().iter().chain(own).chain(tokenizer.suffix()).copied(), *pad);
            }
            block
        });
        self.workers.run(blocks, |at, got| {
            for (&window, got) in plan[at].1.iter().zip(got.chunks(self.heads)) {
                logits[window * self.heads..][..self.heads].copy_from_slice(got);
            }
        });
        let mut rest = logits.as_slice();
        for mut text in texts {
            let (own, after) = rest.split_at(text.spans.len() * self.heads);
            rest = after;
            text.heads = text.heads.and_then(|_| pool(own, self.heads));
            say(text);
        }
    }
}

/// Per head what its windows say together. None where a logit is no finite number.
fn pool(logits: &[f32], heads: usize) -> Option<Vec<Pooled>> {
    if !logits.iter().all(|logit| logit.is_finite()) {
        return None;
    }
    let mut pooling = vec![Pooling::new(0.0); heads];
    for window in logits.chunks(heads) {
        pooling.iter_mut().zip(window).for_each(|(pooling, &logit)| pooling.push(logit));
    }
    Some(pooling.iter().filter_map(Pooling::finish).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_pooled_each_by_itself() {
        let pooled = pool(&[1.0, -1.0, 0.5, 2.0], 2).unwrap();
        assert_eq!((pooled[0].max, pooled[0].best, pooled[0].over), (1.0, 0, 2));
        assert_eq!((pooled[1].max, pooled[1].best, pooled[1].over), (2.0, 1, 1));
        assert_eq!(pool(&[], 2), Some(Vec::new()));
        assert_eq!(pool(&[1.0, f32::NAN], 2), None);
        assert_eq!(pool(&[1.0, f32::INFINITY], 2), None);
    }
}
