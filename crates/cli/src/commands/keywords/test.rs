//! `tamis keywords test`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tamis_detect::{Entry, EntryHits, KeywordDetector, KeywordLibrary, Measurement, SHORT_CHARS, TextCounts, Truth};
use tamis_pipeline::{PipelineError, SampleCounts, read_sample};
use tamis_rules::{Level, Taxonomy};

use super::{Failure, enforces, levels, load_named, print, print_json, sample_options};
use crate::arguments::KeywordsTestArguments;
use crate::numbers::{count, percent};

/// Entries that the report lists one by one at most.
const MOST_LISTED: usize = 400;

/// Measures a library on a sample.
pub fn test(arguments: &KeywordsTestArguments) -> Result<u8, Failure> {
    let (library, taxonomy) = load_named(&arguments.library, &arguments.taxonomy)?;
    let options = sample_options(&arguments.reading, &arguments.sample)?;
    let detector = KeywordDetector::new(library).map_err(PipelineError::from)?;
    let mut measurement = Measurement::new(&detector, &taxonomy);
    let mut groups: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let entries = detector.library().entries();
    let counts = read_sample(&options, &taxonomy, |sample| {
        let mut enforced = false;
        measurement.add(sample.text, sample.truth, |entry| enforced |= enforces(entries, entry));
        if sample.truth == Truth::Clean {
            let group = groups.entry(sample.group.to_owned()).or_default();
            group.0 += 1;
            group.1 += u64::from(enforced);
        }
    })?;
    let report = Report { library: detector.library(), taxonomy: &taxonomy, measurement: &measurement, counts, groups };
    if let Some(file) = &arguments.report {
        let text = report.markdown(arguments.most_per_million);
        std::fs::write(file, text).map_err(|error| Failure::usage(format!("--report {}: {error}", file.display())))?;
    }
    if arguments.set_levels {
        let unearned = report.unearned(arguments.most_per_million).map(|(entry, _)| &*entry.id).collect();
        let changed = levels::make_advisory(&arguments.library, &unearned)?;
        anstream::eprintln!("entries made advisory: {}", count(changed));
    }
    if arguments.json {
        print_json(&report.json(arguments.most_per_million))?;
    } else {
        print(&report.text(arguments.most_per_million))?;
    }
    Ok(0)
}

struct Report<'a> {
    library: &'a KeywordLibrary,
    taxonomy: &'a Taxonomy,
    measurement: &'a Measurement<'a>,
    counts: SampleCounts,
    /// Clean texts per data set, and those that an enforcing entry hit.
    groups: BTreeMap<String, (u64, u64)>,
}

impl Report<'_> {
    /// Enforcing entries that do not earn it.
    fn unearned(&self, most_per_million: f64) -> impl Iterator<Item = (&Entry, &EntryHits)> {
        let chars = self.measurement.clean_chars();
        let pairs = self.library.entries().iter().zip(self.measurement.entries());
        pairs.filter(move |(entry, hits)| {
            entry.level == Level::Enforce && hits.earned(chars, most_per_million) == Level::Advisory
        })
    }

    /// Entries with a hit that is a false alarm, the worst first.
    fn false_alarms(&self) -> Vec<(&Entry, &EntryHits)> {
        let pairs = self.library.entries().iter().zip(self.measurement.entries());
        let mut listed: Vec<_> = pairs.filter(|(_, hits)| hits.clean_texts + hits.wrong > 0).collect();
        listed.sort_by_key(|(entry, hits)| (std::cmp::Reverse(hits.clean_texts + hits.wrong), &entry.id));
        listed
    }

    fn risks(&self) -> Vec<RiskRow> {
        let risks = self.taxonomy.risks().iter().filter_map(|risk| {
            let id = self.taxonomy.risk_id(&risk.code)?;
            let of_risk = self.library.entries().iter().filter(|entry| entry.risk == id);
            let enforcing = of_risk.clone().filter(|entry| entry.level == Level::Enforce).count() as u64;
            let entries = of_risk.count() as u64;
            let (enforced, any) = self.measurement.risk(id);
            let positives = self.measurement.positives(id);
            (entries > 0).then(|| RiskRow { code: risk.code.clone(), entries, enforcing, positives, enforced, any })
        });
        risks.collect()
    }

    fn text(&self, most_per_million: f64) -> String {
        let mut out = format!("{} {}\n", self.library.name(), self.library.version());
        let texts = self.measurement.texts();
        let SampleCounts { texts: all, unusable, passed_over } = self.counts;
        let _ = writeln!(
            out,
            "{} texts: {} clean ({} of under {SHORT_CHARS} characters; {} characters in all), {} labelled; {} unusable, \
             {} of another part\n",
            count(all),
            count(texts.clean),
            count(texts.clean_short),
            count(self.measurement.clean_chars()),
            count(texts.right),
            count(unusable),
            count(passed_over),
        );
        let per_million = |hits: u64| per_million(hits, self.measurement.clean_chars());
        let _ = writeln!(
            out,
            "  {:<6}{:>8}{:>9}{:>11}{:>12}{:>10}{:>9}{:>8}{:>11}",
            "risk", "entries", "enforce", "per mill.", "clean texts", "positives", "recall", "wrong", "precision"
        );
        for row in self.risks() {
            let _ = writeln!(
                out,
                "  {:<6}{:>8}{:>9}{:>11}{:>12}{:>10}{:>9}{:>8}{:>11}",
                row.code,
                count(row.entries),
                count(row.enforcing),
                per_million(row.enforced.clean_hits),
                count(row.enforced.clean),
                count(row.positives),
                share(row.enforced.right, row.positives),
                count(row.enforced.wrong),
                row.precision(),
            );
        }
        let (enforced, any) = self.measurement.total();
        for (name, counts) in [("enforcing entries", enforced), ("all entries", any)] {
            let _ = writeln!(
                out,
                "\n  {name} hit {} of the clean texts ({}), {} of the short ones ({}), {} a million characters",
                count(counts.clean),
                percent(counts.clean, texts.clean),
                count(counts.clean_short),
                percent(counts.clean_short, texts.clean_short),
                per_million(counts.clean_hits),
            );
        }
        for (group, (all, hit)) in self.groups.iter().filter(|(_, (_, hit))| *hit > 0) {
            let _ = writeln!(out, "    {:>8} of {:>7}  {}  {group}", count(*hit), count(*all), percent(*hit, *all));
        }
        let alarms = self.false_alarms();
        if !alarms.is_empty() {
            let _ = writeln!(out, "\n  {:<18}{:<10}{:>7}{:>7}{:>7}  term", "entry", "level", "clean", "wrong", "right");
        }
        for (entry, hits) in alarms.iter().take(40) {
            let EntryHits { clean_texts, wrong, right, .. } = **hits;
            let level = entry.level.name();
            let _ = writeln!(out, "  {:<18}{level:<10}{clean_texts:>7}{wrong:>7}{right:>7}  {}", entry.id, entry.term);
        }
        if alarms.len() > 40 {
            let _ = writeln!(out, "  … and {} more; --json or --report has them", alarms.len() - 40);
        }
        let unearned = self.unearned(most_per_million).count();
        let _ = writeln!(out, "\n  {} of the enforcing entries do not earn it", count(unearned as u64));
        out
    }

    fn markdown(&self, most_per_million: f64) -> String {
        let texts = self.measurement.texts();
        let chars = self.measurement.clean_chars();
        let mut out = format!("# {} {}: what it hits\n\n", self.library.name(), self.library.version());
        let _ = writeln!(
            out,
            "Measured on {} clean texts ({} of under {SHORT_CHARS} characters) with {} characters, and {} labelled ones, \
             by `tamis keywords test`. Library digest `{}`.\n",
            count(texts.clean),
            count(texts.clean_short),
            count(chars),
            count(texts.right),
            self.library.digest(),
        );
        let _ = writeln!(
            out,
            "An entry may enforce that hits no clean text and none known to be without its risk, or one for every four \
             that carry it and {most_per_million} times in a million characters of clean text at most. What has no hit in \
             {} characters of clean text stands there, with 95 % confidence, {} times in a million or less.\n",
            count(chars),
            per_million(3, chars),
        );
        out.push_str(
            "| risk | entries | enforce | per million | clean texts | positives | recall | wrong | precision |\n",
        );
        out.push_str("|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        for row in self.risks() {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                row.code,
                row.entries,
                row.enforcing,
                per_million(row.enforced.clean_hits, chars),
                row.enforced.clean,
                row.positives,
                share(row.enforced.right, row.positives),
                row.enforced.wrong,
                row.precision(),
            );
        }
        let (enforced, _) = self.measurement.total();
        let _ = writeln!(
            out,
            "\nEnforcing entries hit {} of the clean texts ({}) and {} of the short ones ({}).\n",
            enforced.clean,
            percent(enforced.clean, texts.clean),
            enforced.clean_short,
            percent(enforced.clean_short, texts.clean_short),
        );
        let alarms = self.false_alarms();
        let _ = writeln!(out, "## Entries with a false alarm ({})\n", alarms.len());
        out.push_str("| entry | level | hits in clean text | clean texts | in disguise | wrong | right |\n|---|---|---:|---:|---:|---:|---:|\n");
        for (entry, hits) in alarms.iter().take(MOST_LISTED) {
            let EntryHits { clean_hits, clean_texts, clean_disguised, wrong, right } = **hits;
            let level = entry.level.name();
            let id = &entry.id;
            let _ = writeln!(
                out,
                "| {id} | {level} | {clean_hits} | {clean_texts} | {clean_disguised} | {wrong} | {right} |"
            );
        }
        out
    }

    fn json(&self, most_per_million: f64) -> serde_json::Value {
        let texts = self.measurement.texts();
        let counts = |counts: TextCounts| {
            serde_json::json!({
                "clean_hits": counts.clean_hits, "clean_texts": counts.clean, "clean_short_texts": counts.clean_short,
                "right": counts.right, "wrong": counts.wrong,
            })
        };
        let risks = self.risks().into_iter().map(|row| {
            serde_json::json!({
                "risk": row.code, "entries": row.entries, "enforcing": row.enforcing, "positives": row.positives,
                "enforced": counts(row.enforced), "any": counts(row.any),
            })
        });
        let chars = self.measurement.clean_chars();
        let pairs = self.library.entries().iter().zip(self.measurement.entries());
        let hit = pairs.filter(|(_, hits)| **hits != EntryHits::default()).map(|(entry, hits)| {
            serde_json::json!({
                "entry": &*entry.id, "level": entry.level.name(), "earned": hits.earned(chars, most_per_million).name(),
                "clean_hits": hits.clean_hits, "per_million": hits.per_million(chars), "clean_texts": hits.clean_texts,
                "clean_disguised": hits.clean_disguised, "right": hits.right, "wrong": hits.wrong,
            })
        });
        let groups = self
            .groups
            .iter()
            .map(|(group, (all, hit))| serde_json::json!({ "group": group, "clean_texts": all, "enforced": hit }));
        let (enforced, any) = self.measurement.total();
        serde_json::json!({
            "library": self.library.name(), "version": self.library.version(), "digest": self.library.digest(),
            "texts": self.counts.texts, "unusable": self.counts.unusable, "clean": texts.clean,
            "clean_short": texts.clean_short, "clean_chars": chars, "labelled": texts.right,
            "enforced": counts(enforced), "any": counts(any), "risks": risks.collect::<Vec<_>>(),
            "groups": groups.collect::<Vec<_>>(), "entries": hit.collect::<Vec<_>>(),
        })
    }
}

struct RiskRow {
    code: String,
    entries: u64,
    enforcing: u64,
    positives: u64,
    enforced: TextCounts,
    any: TextCounts,
}

impl RiskRow {
    /// Share of the texts that its enforcing entries hit, clean ones among them, which carry the risk.
    fn precision(&self) -> String {
        share(self.enforced.right, self.enforced.right + self.enforced.wrong + self.enforced.clean)
    }
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.3}", part as f64 / whole as f64) }
}

fn per_million(hits: u64, chars: u64) -> String {
    if chars == 0 { "–".to_owned() } else { format!("{:.2}", hits as f64 * 1e6 / chars as f64) }
}
