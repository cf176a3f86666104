//! `tamis keywords diff`.

use std::fmt::Write as _;

use tamis_detect::{KeywordDetector, KeywordLibrary, LibraryDiff, Measurement, TextCounts};
use tamis_pipeline::{PipelineError, read_sample};
use tamis_rules::Taxonomy;

use super::{Failure, enforces, load_named, print, print_json, sample_options};
use crate::arguments::KeywordsDiffArguments;
use crate::numbers::count;

/// Shows what changes from one library to another.
pub fn diff(arguments: &KeywordsDiffArguments) -> Result<u8, Failure> {
    let (before, taxonomy) = load_named(&arguments.before, &arguments.taxonomy)?;
    let (after, _) = load_named(&arguments.after, &arguments.taxonomy)?;
    let diff = LibraryDiff::between(&before, &after);
    let heads = [head(&before), head(&after)];
    let effect =
        if arguments.sample.is_empty() { None } else { Some(Effect::measure(arguments, [before, after], &taxonomy)?) };
    if arguments.json {
        print_json(&json(&diff, &heads, effect.as_ref()))?;
    } else {
        print(&text(&diff, &heads, effect.as_ref()))?;
    }
    Ok(0)
}

fn head(library: &KeywordLibrary) -> String {
    let entries = count(library.entries().len() as u64);
    format!("{} {} ({entries} entries, {})", library.name(), library.version(), &library.digest()[..16])
}

/// What both libraries hit in the same texts.
struct Effect {
    texts: u64,
    /// Texts that enforcing entries hit, per risk that differs, before and after.
    risks: Vec<(String, [TextCounts; 2])>,
    /// Texts in which one library has an enforcing hit and the other has none.
    newly_hit: u64,
    no_longer_hit: u64,
}

impl Effect {
    fn measure(
        arguments: &KeywordsDiffArguments,
        libraries: [KeywordLibrary; 2],
        taxonomy: &Taxonomy,
    ) -> Result<Self, Failure> {
        let options = sample_options(&arguments.reading, &arguments.sample)?;
        let [before, after] = libraries;
        let detectors = [KeywordDetector::new(before), KeywordDetector::new(after)];
        let [before, after] = detectors.map(|detector| detector.map_err(PipelineError::from));
        let detectors = [before?, after?];
        let mut measured = [Measurement::new(&detectors[0], taxonomy), Measurement::new(&detectors[1], taxonomy)];
        let (mut newly_hit, mut no_longer_hit) = (0, 0);
        let counts = read_sample(&options, taxonomy, |sample| {
            let mut hit = [false; 2];
            for ((measured, detector), hit) in measured.iter_mut().zip(&detectors).zip(&mut hit) {
                let entries = detector.library().entries();
                measured.add(sample.text, sample.truth, |at| *hit |= enforces(entries, at));
            }
            newly_hit += u64::from(hit == [false, true]);
            no_longer_hit += u64::from(hit == [true, false]);
        })?;
        let risks = taxonomy.risks().iter().filter_map(|risk| {
            let id = taxonomy.risk_id(&risk.code)?;
            let both = [measured[0].risk(id).0, measured[1].risk(id).0];
            (both[0] != both[1]).then(|| (risk.code.clone(), both))
        });
        Ok(Self { texts: counts.texts, risks: risks.collect(), newly_hit, no_longer_hit })
    }
}

fn text(diff: &LibraryDiff, heads: &[String; 2], effect: Option<&Effect>) -> String {
    let mut out = format!("- {}\n+ {}\n\n", heads[0], heads[1]);
    for id in &diff.removed {
        let _ = writeln!(out, "- {id}");
    }
    for id in &diff.added {
        let _ = writeln!(out, "+ {id}");
    }
    for (id, changes) in &diff.changed {
        let _ = writeln!(out, "~ {id}");
        for change in changes {
            let _ = writeln!(out, "    {}: {:?} → {:?}", change.column, change.before, change.after);
        }
    }
    let counts = [diff.added.len(), diff.removed.len(), diff.changed.len()].map(|n| count(n as u64));
    let _ = writeln!(out, "{} added, {} removed, {} changed", counts[0], counts[1], counts[2]);
    if let Some(effect) = effect {
        let _ = writeln!(
            out,
            "\nof {} texts of the sample {} are hit now that were not, {} no longer (enforcing entries)",
            count(effect.texts),
            count(effect.newly_hit),
            count(effect.no_longer_hit)
        );
        for (risk, [before, after]) in &effect.risks {
            let _ = writeln!(
                out,
                "  {risk:<6} clean texts {} → {}, right {} → {}, wrong {} → {}",
                before.clean, after.clean, before.right, after.right, before.wrong, after.wrong
            );
        }
    }
    out
}

fn json(diff: &LibraryDiff, heads: &[String; 2], effect: Option<&Effect>) -> serde_json::Value {
    let changed = diff.changed.iter().map(|(id, changes)| {
        let changes = changes.iter().map(
            |change| serde_json::json!({ "column": change.column, "before": change.before, "after": change.after }),
        );
        serde_json::json!({ "entry": id, "changes": changes.collect::<Vec<_>>() })
    });
    let effect = effect.map(|effect| {
        let side = |counts: &TextCounts| {
            serde_json::json!({ "clean_texts": counts.clean, "right": counts.right, "wrong": counts.wrong })
        };
        let risks = effect.risks.iter().map(|(risk, both)| {
            serde_json::json!({ "risk": risk, "before": side(&both[0]), "after": side(&both[1]) })
        });
        serde_json::json!({
            "texts": effect.texts, "newly_hit": effect.newly_hit, "no_longer_hit": effect.no_longer_hit,
            "risks": risks.collect::<Vec<_>>(),
        })
    });
    serde_json::json!({
        "before": heads[0], "after": heads[1], "added": diff.added, "removed": diff.removed,
        "changed": changed.collect::<Vec<_>>(), "effect": effect,
    })
}
