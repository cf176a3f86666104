//! The keyword library as a detector.

use tamis_rules::{KeywordCount, Level, RiskId};

use super::{AnchoredEngine, Hit, KeywordLibrary, LiteralEngine, MatchScratch, Matcher};
use crate::detector::sort_findings;
use crate::{Batch, Code, Detector, Evidence, Finding, KeywordError, Normalized, Normalizer, Scanner};

/// Findings that an entry has in a row at most; hits beyond it are counted and leave no finding, so that one word
/// repeated a million times does not fill the evidence.
pub const MAX_FINDINGS_PER_ENTRY: u32 = 64;

const NAME: &str = "keywords";
/// Raised whenever the same library and normaliser could give another answer.
const VERSION: &str = "keywords/2";

/// Finds the keywords of a library (4.2.1).
///
/// Every text field of a row is scanned by itself, never joined with another. A row gets one [`KeywordCount`] per risk
/// and level over all of its fields, and a [`Finding`] per hit with positions in the original text. Findings behind byte
/// 4,294,967,295 of a text are left out; their hits count.
#[derive(Clone, Debug)]
pub struct KeywordDetector<E = AnchoredEngine> {
    library: KeywordLibrary,
    normalizer: Normalizer,
    matcher: Matcher<E>,
    digest: String,
}

impl KeywordDetector {
    /// A detector for the library, with the default engine.
    ///
    /// # Errors
    /// [`KeywordError::Automaton`] where the library is too large for an automaton.
    pub fn new(library: KeywordLibrary) -> Result<Self, KeywordError> {
        Self::with_engine(library)
    }
}

impl<E: LiteralEngine> KeywordDetector<E> {
    /// A detector for the library, with an engine of the caller's choice; all engines give the same answers.
    ///
    /// # Errors
    /// [`KeywordError::Automaton`] where the engine refuses the library.
    pub fn with_engine(library: KeywordLibrary) -> Result<Self, KeywordError> {
        let normalizer = Normalizer::new();
        let matcher = Matcher::new(&library, &normalizer)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(VERSION.as_bytes()).update(library.digest().as_bytes());
        normalizer.fingerprint(&mut hasher);
        Ok(Self { library, normalizer, matcher, digest: hasher.finalize().to_hex().to_string() })
    }
}

impl<E> KeywordDetector<E> {
    /// The library.
    #[must_use]
    pub fn library(&self) -> &KeywordLibrary {
        &self.library
    }

    pub(super) fn normalizer(&self) -> &Normalizer {
        &self.normalizer
    }

    pub(super) fn matcher(&self) -> &Matcher<E> {
        &self.matcher
    }
}

impl<E: LiteralEngine> Detector for KeywordDetector<E> {
    fn name(&self) -> &str {
        NAME
    }

    fn digest(&self) -> String {
        self.digest.clone()
    }

    fn scanner(&self) -> Box<dyn Scanner + '_> {
        Box::new(KeywordScanner {
            detector: self,
            normal: Normalized::default(),
            scratch: MatchScratch::default(),
            hits_of: vec![0; self.library.entries().len()],
            touched: Vec::new(),
            counts: Vec::new(),
        })
    }
}

struct KeywordScanner<'d, E> {
    detector: &'d KeywordDetector<E>,
    normal: Normalized,
    scratch: MatchScratch,
    /// Hits per entry in the current row.
    hits_of: Vec<u32>,
    /// Entries with a hit in the current row.
    touched: Vec<u32>,
    counts: Vec<KeywordCount>,
}

impl<E: LiteralEngine> Scanner for KeywordScanner<'_, E> {
    fn scan(&mut self, batch: &Batch<'_>, out: &mut Evidence) {
        for row in 0..batch.rows() {
            let first = out.findings.len();
            for field in 0..batch.fields().len() {
                if let Some(text) = batch.texts(field)[row] {
                    self.scan_text(row as u32, field as u16, text, out);
                }
            }
            // Entries that hit at one place come in order of the library's list, which is the order of ids.
            sort_findings(&mut out.findings[first..]);
            self.count_row();
            out.keywords.extend(self.counts.drain(..).map(|count| (row as u32, count)));
        }
    }
}

impl<E: LiteralEngine> KeywordScanner<'_, E> {
    fn scan_text(&mut self, row: u32, field: u16, text: &str, out: &mut Evidence) {
        self.detector.normalizer.normalize(text, &mut self.normal);
        let hits = self.detector.matcher.find(self.normal.text(), &mut self.scratch);
        for &hit in hits {
            let seen = &mut self.hits_of[hit.entry as usize];
            if *seen == 0 {
                self.touched.push(hit.entry);
            }
            *seen = seen.saturating_add(1);
            if *seen <= MAX_FINDINGS_PER_ENTRY {
                out.findings.extend(self.detector.finding(row, field, hit, &self.normal));
            }
        }
    }

    /// Sums the row's hits by risk and level, and makes ready for the next row.
    fn count_row(&mut self) {
        for entry in self.touched.drain(..) {
            let hits = std::mem::take(&mut self.hits_of[entry as usize]);
            let entry = &self.detector.library.entries()[entry as usize];
            add(&mut self.counts, entry.risk, entry.level, hits);
        }
        self.counts.sort_unstable_by_key(|count| (count.risk, count.level));
    }
}

impl<E> KeywordDetector<E> {
    fn finding(&self, row: u32, field: u16, hit: Hit, normal: &Normalized) -> Option<Finding> {
        let entry = &self.library.entries()[hit.entry as usize];
        let range = normal.original_range(hit.start, hit.end);
        Some(Finding {
            row,
            field,
            code: Code::Risk(entry.risk),
            score: 1.0,
            start: range.start.try_into().ok()?,
            end: range.end.try_into().ok()?,
            entry: entry.id.clone(),
            detector: NAME,
        })
    }
}

fn add(counts: &mut Vec<KeywordCount>, risk: RiskId, level: Level, hits: u32) {
    let hits = u16::try_from(hits).unwrap_or(u16::MAX);
    match counts.iter_mut().find(|count| count.risk == risk && count.level == level) {
        Some(count) => {
            count.entries = count.entries.saturating_add(1);
            count.hits = count.hits.saturating_add(hits);
        }
        None => counts.push(KeywordCount { risk, level, entries: 1, hits }),
    }
}

#[cfg(test)]
mod tests;
