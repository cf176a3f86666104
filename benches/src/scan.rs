//! The detectors alone, over texts in memory: megabytes of text a second of one core, and findings per million characters.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use tamis_detect::{AhoCorasickEngine, AnchoredEngine, Batch, Code, Detector, Evidence, KeywordDetector, PiiDetector};
use tamis_pipeline::assets;

use crate::corpus::read_pool;

/// Texts of one batch, as in a run.
const BATCH_ROWS: usize = 256;

/// Scans every text of a folder's records `runs` times and prints the medians, with a plain look at every byte beside them.
pub fn scan(from: &Path, library: &str, runs: usize) -> anyhow::Result<()> {
    let engines = Engines::load(library)?;
    let texts: Vec<String> = read_pool(from)?.into_iter().map(|document| document.text).collect();
    anyhow::ensure!(!texts.is_empty(), "no records in {}", from.display());
    for (language, texts) in by_language(&texts) {
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        let utf8 = median(runs, || texts.iter().filter(|text| std::str::from_utf8(text.as_bytes()).is_ok()).count());
        println!("{language}: {} texts, {:.1} MB", texts.len(), bytes as f64 / 1e6);
        println!("  {:<22}{:>9.0} MB/s", "std from_utf8", rate(bytes, utf8));
        report("pii", &PiiDetector::default(), &texts, bytes, runs);
        engines.report(&texts, bytes, runs)?;
    }
    Ok(())
}

/// The same library behind both engines.
struct Engines {
    anchored: KeywordDetector<AnchoredEngine>,
    automaton: KeywordDetector<AhoCorasickEngine>,
}

impl Engines {
    fn load(library: &str) -> anyhow::Result<Self> {
        let taxonomy = assets::taxonomy("builtin:gbt45654")?;
        let start = Instant::now();
        let library = assets::keyword_library(library, &taxonomy)?;
        let (entries, read) = (library.entries().len(), start.elapsed());
        let again = library.clone();
        let start = Instant::now();
        let anchored = KeywordDetector::with_engine(library)?;
        let built = start.elapsed();
        let start = Instant::now();
        let automaton = KeywordDetector::with_engine(again)?;
        println!(
            "{entries} keywords: read in {read:.0?}, anchored search built in {built:.0?}, automaton in {:.0?}",
            start.elapsed()
        );
        Ok(Self { anchored, automaton })
    }

    /// Rates of both, which must find the same.
    fn report(&self, texts: &[&str], bytes: usize, runs: usize) -> anyhow::Result<()> {
        let (mut anchored, mut automaton) = (Evidence::default(), Evidence::default());
        let fast = median(runs, || keywords(&self.anchored, texts, &mut anchored));
        let slow = median(runs, || keywords(&self.automaton, texts, &mut automaton));
        anyhow::ensure!(
            (&anchored.findings, &anchored.keywords) == (&automaton.findings, &automaton.keywords),
            "the engines differ"
        );
        println!(
            "  {:<22}{:>9.0} MB/s  {:.1} times the automaton",
            "keywords, anchored",
            rate(bytes, fast),
            slow / fast
        );
        println!(
            "  {:<22}{:>9.0} MB/s  the same {} findings",
            "keywords, automaton",
            rate(bytes, slow),
            anchored.findings.len()
        );
        Ok(())
    }
}

fn keywords(detector: &dyn Detector, texts: &[&str], evidence: &mut Evidence) -> usize {
    let mut scanner = detector.scanner();
    evidence.clear();
    for texts in texts.chunks(BATCH_ROWS) {
        let mut batch = Batch::new(texts.len());
        batch.push_field("text", texts.iter().map(|text| Some(*text)).collect());
        scanner.scan(&batch, evidence);
    }
    evidence.findings.len()
}

/// Chinese, English and all texts, by the share of bytes that are not ASCII.
fn by_language(texts: &[String]) -> [(&'static str, Vec<&str>); 3] {
    let share = |text: &&str| text.bytes().filter(|byte| *byte >= 0x80).count() as f64 / text.len().max(1) as f64;
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    let chinese = all.iter().copied().filter(|text| share(text) > 0.5).collect();
    let english = all.iter().copied().filter(|text| share(text) < 0.02).collect();
    [("Chinese", chinese), ("English", english), ("all", all)]
}

fn report(name: &str, detector: &dyn Detector, texts: &[&str], bytes: usize, runs: usize) {
    let mut scanner = detector.scanner();
    let mut evidence = Evidence::default();
    let mut found: BTreeMap<&'static str, u64> = BTreeMap::new();
    let seconds = median(runs, || {
        found.clear();
        for texts in texts.chunks(BATCH_ROWS) {
            let mut batch = Batch::new(texts.len());
            batch.push_field("text", texts.iter().map(|text| Some(*text)).collect());
            evidence.clear();
            scanner.scan(&batch, &mut evidence);
            for finding in &evidence.findings {
                if let Code::Pii(kind) = finding.code {
                    *found.entry(kind.name()).or_default() += 1;
                }
            }
        }
        found.len()
    });
    let chars: usize = texts.iter().map(|text| text.chars().count()).sum();
    println!("  {name:<22}{:>9.0} MB/s", rate(bytes, seconds));
    for (kind, count) in &found {
        println!("    {kind:<20}{count:>9}  {:.2} per million characters", *count as f64 * 1e6 / chars as f64);
    }
}

/// Seconds of the middle run.
fn median(runs: usize, mut work: impl FnMut() -> usize) -> f64 {
    let mut seconds: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(work());
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[runs / 2]
}

fn rate(bytes: usize, seconds: f64) -> f64 {
    bytes as f64 / 1e6 / seconds
}
