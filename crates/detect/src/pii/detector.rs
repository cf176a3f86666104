//! The scanners as one detector.

use std::ops::ControlFlow;
use std::sync::Arc;

use tamis_rules::PiiSet;

use super::anchors::{Anchors, each_block};
use super::fold::{Folded, is_trigger};
use super::form::{Finds, Found, PiiForm};
use super::view::{MASK, MASK_OF_DIGITS, View, without_masks};
use super::{Also, is_written_in_digits, kinds, number, structured_kinds};
use crate::{Batch, Code, Detector, Evidence, Finding, Scanner};

const NAME: &str = "pii";
/// Raised whenever the same text and options could give another answer.
const VERSION: &str = "pii/1";

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PiiOptions {
    /// Kinds that are reported; those without a structure are ignored. Which kinds are asked for changes nothing about
    /// the others.
    pub kinds: PiiSet,
    /// What is reported beside what is always reported.
    pub also: Also,
}

impl Default for PiiOptions {
    fn default() -> Self {
        Self { kinds: structured_kinds(), also: Also::default() }
    }
}

/// Finds personal information of structured kinds (4.2.3).
///
/// Works on the text as it is, full-width forms aside; positions are those of the original text. Findings of a field
/// never overlap: what a check digit confirms goes before what a word beside it says, and that before mere shape. There
/// is no bound on their number, for whoever redacts has to know all of them. Findings behind byte 4,294,967,295 of a text
/// are left out; their kinds are reported.
#[derive(Debug)]
pub struct PiiDetector {
    options: PiiOptions,
    /// Names of the forms, in the order of [`kinds::FORMS`].
    entries: Vec<Arc<str>>,
}

impl PiiDetector {
    /// A detector with these options.
    #[must_use]
    pub fn new(options: PiiOptions) -> Self {
        Self { options, entries: kinds::FORMS.iter().map(|form| form.name.into()).collect() }
    }

    /// What it looks for.
    #[must_use]
    pub fn options(&self) -> &PiiOptions {
        &self.options
    }

    fn entry(&self, form: &PiiForm) -> Arc<str> {
        let place = kinds::FORMS.iter().position(|known| std::ptr::eq(*known, form));
        place.map_or_else(|| form.name.into(), |place| Arc::clone(&self.entries[place]))
    }
}

impl Default for PiiDetector {
    fn default() -> Self {
        Self::new(PiiOptions::default())
    }
}

impl Detector for PiiDetector {
    fn name(&self) -> &str {
        NAME
    }

    fn digest(&self) -> String {
        let Also { private, documentation, service } = self.options.also;
        let mut hasher = blake3::Hasher::new();
        hasher.update(VERSION.as_bytes());
        for kind in self.options.kinds.names() {
            hasher.update(kind.as_bytes()).update(b"\n");
        }
        hasher.update(&[u8::from(private), u8::from(documentation), u8::from(service)]);
        hasher.finalize().to_hex().to_string()
    }

    fn scanner(&self) -> Box<dyn Scanner + '_> {
        Box::new(PiiScanner { detector: self, folded: Folded::default(), finds: Finds::default(), masked: Vec::new() })
    }
}

struct PiiScanner<'d> {
    detector: &'d PiiDetector,
    folded: Folded,
    finds: Finds,
    /// The text with what was found taken out.
    masked: Vec<u8>,
}

impl Scanner for PiiScanner<'_> {
    fn scan(&mut self, batch: &Batch<'_>, out: &mut Evidence) {
        let detector = self.detector;
        report(batch, detector.options.kinds, out, |form| detector.entry(form), |text| self.places(text));
    }
}

impl PiiScanner<'_> {
    /// The places of a text, in order and in its own bytes.
    fn places(&mut self, text: &str) -> Vec<Found> {
        let Self { detector, folded, finds, masked } = self;
        let also = detector.options.also;
        let text = &*without_masks(text);
        folded.clear();
        let mut bytes = text.as_bytes();
        if !find_all(View { bytes }, also, Wide::Stops, finds) {
            // Few texts have full-width letters or digits: they are folded once one is met.
            finds.clear();
            bytes = folded.fold(text);
            find_all(View { bytes }, also, Wide::Passes, finds);
        }
        let mut places: Vec<Found> = finds.settle().collect();
        find_hidden(bytes, also, &mut places, masked, finds);
        for found in &mut places {
            (found.start, found.end) = (folded.original(found.start), folded.original(found.end));
        }
        places
    }
}

/// Adds the places of every text of a batch to the evidence, those of `kinds`: what scanners and oracle have in common.
pub(super) fn report(
    batch: &Batch<'_>,
    kinds: PiiSet,
    out: &mut Evidence,
    entry: impl Fn(&'static PiiForm) -> Arc<str>,
    mut places: impl FnMut(&str) -> Vec<Found>,
) {
    for row in 0..batch.rows() {
        let mut seen = PiiSet::EMPTY;
        for field in 0..batch.fields().len() {
            let Some(text) = batch.texts(field)[row] else { continue };
            for found in places(text).into_iter().filter(|found| kinds.contains(found.form.kind)) {
                seen.insert(found.form.kind);
                if let (Ok(start), Ok(end)) = (found.start.try_into(), found.end.try_into()) {
                    out.findings.push(Finding {
                        row: row as u32,
                        field: field as u16,
                        code: Code::Pii(found.form.kind),
                        score: 1.0,
                        start,
                        end,
                        entry: entry(found.form),
                        detector: NAME,
                    });
                }
            }
        }
        out.pii.extend(seen.iter().map(|kind| (row as u32, kind)));
    }
}

/// Adds what only comes to light once what was found is taken out: a number that seemed to go on with its neighbour. So a
/// scan of the redacted text finds nothing new.
pub(super) fn settle_hidden(
    bytes: &[u8],
    places: &mut Vec<Found>,
    masked: &mut Vec<u8>,
    mut find: impl FnMut(&[u8]) -> Vec<Found>,
) {
    /// Each round is a scan of the whole text, and texts that need more than two are made for it.
    const MOST_ROUNDS: usize = 8;
    if places.is_empty() {
        return;
    }
    masked.clear();
    masked.extend_from_slice(bytes);
    let mut first = 0;
    for _ in 0..MOST_ROUNDS {
        for found in &places[first..] {
            let mask = if is_written_in_digits(found.form.kind) { MASK_OF_DIGITS } else { MASK };
            masked[found.start..found.end].fill(mask);
        }
        first = places.len();
        places.extend(find(masked));
        if places.len() == first {
            break;
        }
    }
    places.sort_unstable_by_key(|found| found.start);
}

fn find_hidden(bytes: &[u8], also: Also, places: &mut Vec<Found>, masked: &mut Vec<u8>, finds: &mut Finds) {
    settle_hidden(bytes, places, masked, |bytes| {
        finds.clear();
        find_all(View { bytes }, also, Wide::Passes, finds);
        finds.settle().collect()
    });
}

/// What a full-width letter, digit or sign does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wide {
    Stops,
    Passes,
}

/// Runs every scanner at every anchor; false where it stopped at a full-width form.
fn find_all(view: View<'_>, also: Also, wide: Wide, finds: &mut Finds) -> bool {
    each_block(view.bytes, |place, anchors| {
        let mut stops = false;
        if wide == Wide::Stops {
            each_bit(anchors.wide, |bit| stops |= is_trigger(view.bytes, place + bit));
        }
        if stops {
            return ControlFlow::Break(());
        }
        find_in_block(view, place, anchors, also, finds);
        ControlFlow::Continue(())
    })
}

fn find_in_block(view: View<'_>, place: usize, anchors: Anchors, also: Also, finds: &mut Finds) {
    each_bit(anchors.digit, |bit| number::scan(view, place + bit, also, finds));
    each_bit(anchors.at, |bit| {
        kinds::email::find(view, place + bit, also, finds);
        kinds::url_credential::find(view, place + bit, also, finds);
    });
    each_bit(anchors.open, |bit| kinds::email::find_obfuscated(view, place + bit, also, finds));
    each_bit(anchors.capital, |bit| kinds::plate::find(view, place + bit, finds));
    each_bit(anchors.wechat, |bit| kinds::wechat::find(view, place + bit, finds));
}

#[inline]
fn each_bit(mut mask: u64, mut found: impl FnMut(usize)) {
    while mask != 0 {
        found(mask.trailing_zeros() as usize);
        mask &= mask - 1;
    }
}
