//! What a model says of texts, by the kernel that a run uses.

use tamis_classify::{Language, LinearModel, Windows};

use crate::recipe;

/// A normalised text.
#[derive(Clone, Default)]
pub struct Normal {
    pub text: String,
    /// Places of spaces that were line breaks.
    pub breaks: Vec<usize>,
    pub chars: usize,
}

/// The highest window per head, one row per text.
pub struct Scores {
    heads: usize,
    logits: Vec<f32>,
}

impl Scores {
    /// Asks the model about texts, in order, on all cores.
    pub fn of(model: &LinearModel, windows: &recipe::Windows, texts: &[(&Normal, Language)]) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = texts.len().div_ceil(threads).max(1);
        let parts: Vec<Vec<f32>> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                texts.chunks(share).map(|part| scope.spawn(|| logits(model, windows, part))).collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        Self { heads: model.heads(), logits: parts.concat() }
    }

    /// The highest window's logit per head of one text.
    pub fn row(&self, at: usize) -> &[f32] {
        &self.logits[at * self.heads..(at + 1) * self.heads]
    }
}

fn logits(model: &LinearModel, sizes: &recipe::Windows, texts: &[(&Normal, Language)]) -> Vec<f32> {
    let (mut windows, mut scratch, mut pooling) = (Windows::default(), Vec::new(), Vec::new());
    let mut out = Vec::with_capacity(texts.len() * model.heads());
    for &(text, language) in texts {
        windows.read(model, &text.text, &text.breaks, sizes.of(language));
        windows.pool(model, &mut scratch, &mut pooling);
        out.extend(pooling.iter().map(|it| it.finish().map_or(f32::NEG_INFINITY, |pooled| pooled.max)));
    }
    out
}

impl recipe::Windows {
    /// Characters of a window in this language.
    pub fn of(&self, language: Language) -> usize {
        let size = match language {
            Language::Zh => self.zh,
            Language::En => self.en,
            Language::Other => self.other,
        };
        size as usize
    }
}

impl Normal {
    /// Adds another text in a line of its own.
    pub fn push_line(&mut self, other: &Self) {
        if !self.text.is_empty() {
            self.breaks.push(self.text.len());
            self.text.push(' ');
            self.chars += 1;
        }
        self.breaks.extend(other.breaks.iter().map(|at| at + self.text.len()));
        self.text.push_str(&other.text);
        self.chars += other.chars;
    }
}
