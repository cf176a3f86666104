//! `report.json`: what a run comes to, the numbers that a person reads first, and a machine too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tamis_rules::{Ledger, LedgerEntry, Policy, SourceVerdict};

use crate::{Redactions, RowCounts, ShardManifest, ShardStatus};

/// The outcome of a run. The same for the same input, configuration and assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Shards in the input.
    pub shards: u64,
    /// Files that the walk passed over.
    pub skipped_files: u64,
    /// Records by outcome.
    pub records: RowCounts,
    /// Bytes of text examined.
    pub text_bytes: u64,
    /// Records by primary reason.
    pub reasons: BTreeMap<String, u64>,
    /// Examined records that carry each kind of personal information, whatever became of them (4.2.3).
    pub pii: BTreeMap<String, u64>,
    /// What was replaced in the kept records.
    pub redactions: Redactions,
    /// Examined records per risk decided on them, in the taxonomy's order; risks with none are left out.
    pub risks: Vec<RiskCount>,
    /// Number of sources.
    pub sources: u64,
    /// The limit of the source rule, percent.
    pub source_limit_percent: String,
    /// Sources that were rejected, worst first.
    pub rejected_sources: Vec<SourceLine>,
    /// What is known of the detectors' errors; none where it is not known.
    pub accuracy: Option<AccuracyLine>,
    /// What the point rule would do at other limits.
    pub what_if: Vec<WhatIf>,
    /// Shards that were set aside whole.
    pub shards_set_aside: Vec<ShardLine>,
}

/// A risk and how many records have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskCount {
    /// Code.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// Examined records with it.
    pub records: u64,
}

/// A source's line of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceLine {
    /// Name; `""` for records that name none.
    pub source: String,
    /// Its records.
    pub records: u64,
    /// Records examined.
    pub examined: u64,
    /// Those with a counted risk.
    pub unqualified: u64,
    /// `unqualified / examined`, 0–1.
    pub rate: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// The rate corrected for the detectors' errors, where these are known.
    pub corrected_rate: Option<f64>,
    /// Lower end of its 95 % interval.
    pub corrected_low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub corrected_high: Option<f64>,
    /// Whether the rate is no more than false alarms alone would give.
    pub under_floor: bool,
}

/// How often the detectors are right, and which sources show no more than their false alarms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccuracyLine {
    /// Share of the records with a counted risk that are found, 0–1.
    pub sensitivity: f64,
    /// Share of the clean records that stay clean, 0–1.
    pub specificity: f64,
    /// Sources with unqualified records whose rate is no more than `1 - specificity`.
    pub sources_under_floor: u64,
    /// Accepted sources whose corrected rate is over the limit.
    pub accepted_over_limit_corrected: u64,
    /// Rejected sources whose corrected rate is not over the limit.
    pub rejected_under_limit_corrected: u64,
}

/// The source rule at another limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// The other limit, percent.
    pub source_limit_percent: String,
    /// Sources that it would reject.
    pub rejected_sources: u64,
    /// Records of those sources.
    pub records: u64,
}

/// A shard that was set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardLine {
    /// Its `<path>`.
    pub path: String,
    /// Why.
    pub reason: String,
    /// Rows read before.
    pub rows_read: u64,
}

impl Report {
    /// Sums up the manifests, in order of `<path>`, and the ledger. `skipped_files` is all that does not follow from
    /// them.
    pub fn new<'m>(
        policy: &Policy,
        skipped_files: u64,
        manifests: impl IntoIterator<Item = &'m ShardManifest>,
        ledger: &Ledger,
    ) -> Self {
        let mut report = Self {
            shards: 0,
            skipped_files,
            records: RowCounts::default(),
            text_bytes: 0,
            reasons: BTreeMap::new(),
            pii: BTreeMap::new(),
            redactions: Redactions::default(),
            risks: risks(policy, ledger),
            sources: ledger.entries().len() as u64,
            source_limit_percent: policy.source_limit().to_string(),
            rejected_sources: rejected(policy, ledger),
            accuracy: accuracy(policy, ledger),
            what_if: [-1, 1].into_iter().map(|points| what_if(policy, ledger, points)).collect(),
            shards_set_aside: Vec::new(),
        };
        for manifest in manifests {
            report.add(manifest);
        }
        report
    }

    fn add(&mut self, manifest: &ShardManifest) {
        self.shards += 1;
        if manifest.status == ShardStatus::Quarantined {
            let reason = manifest.quarantine.as_ref();
            self.shards_set_aside.push(ShardLine {
                path: manifest.path.clone(),
                reason: reason.map(|it| format!("{}: {}", it.kind, it.detail)).unwrap_or_default(),
                rows_read: manifest.rows.read,
            });
            return;
        }
        self.records.add(&manifest.rows);
        self.text_bytes += manifest.text_bytes;
        for (sums, counts) in [(&mut self.reasons, &manifest.reasons), (&mut self.pii, &manifest.pii)] {
            for (name, count) in counts {
                *sums.entry(name.clone()).or_default() += count;
            }
        }
        self.redactions.add(&manifest.redactions);
    }
}

fn risks(policy: &Policy, ledger: &Ledger) -> Vec<RiskCount> {
    let count = |index: usize| ledger.entries().iter().filter_map(|entry| entry.by_risk.get(index)).sum();
    let risks = policy.taxonomy().risks().iter().enumerate();
    let counts = risks.map(|(index, risk)| RiskCount {
        code: risk.code.clone(),
        title: risk.title.clone(),
        records: count(index),
    });
    counts.filter(|risk| risk.records > 0).collect()
}

fn accuracy(policy: &Policy, ledger: &Ledger) -> Option<AccuracyLine> {
    let accuracy = policy.accuracy()?;
    let count = |holds: &dyn Fn(&LedgerEntry) -> bool| ledger.entries().iter().filter(|it| holds(it)).count() as u64;
    let limit = f64::from(policy.source_limit().parts_per_million()) / 1e6;
    let over = |entry: &LedgerEntry| entry.corrected.is_some_and(|it| it.rate > limit);
    let rejected = |entry: &LedgerEntry| entry.verdict == SourceVerdict::Rejected;
    Some(AccuracyLine {
        sensitivity: accuracy.sensitivity(),
        specificity: accuracy.specificity(),
        sources_under_floor: count(&|it| it.unqualified > 0 && accuracy.under_floor(it.unqualified, it.examined)),
        accepted_over_limit_corrected: count(&|it| !rejected(it) && over(it)),
        rejected_under_limit_corrected: count(&|it| rejected(it) && !over(it)),
    })
}

fn rejected(policy: &Policy, ledger: &Ledger) -> Vec<SourceLine> {
    let mut lines: Vec<SourceLine> = ledger.rejected().map(|entry| source_line(policy, entry)).collect();
    let rate = |line: &SourceLine| line.rate.unwrap_or_default();
    lines.sort_by(|a, b| rate(b).total_cmp(&rate(a)).then_with(|| a.source.cmp(&b.source)));
    lines
}

fn source_line(policy: &Policy, entry: &LedgerEntry) -> SourceLine {
    let corrected = entry.corrected.as_ref();
    SourceLine {
        source: entry.source.clone(),
        records: entry.records,
        examined: entry.examined,
        unqualified: entry.unqualified,
        rate: entry.rate,
        low: entry.low,
        high: entry.high,
        corrected_rate: corrected.map(|it| it.rate),
        corrected_low: corrected.map(|it| it.low),
        corrected_high: corrected.map(|it| it.high),
        under_floor: policy.accuracy().is_some_and(|it| it.under_floor(entry.unqualified, entry.examined)),
    }
}

fn what_if(policy: &Policy, ledger: &Ledger, points: i32) -> WhatIf {
    let limit = policy.source_limit().plus_points(points);
    let (sources, records) = ledger.rejected_at(limit).fold((0, 0), |(n, sum), entry| (n + 1, sum + entry.records));
    WhatIf { source_limit_percent: limit.to_string(), rejected_sources: sources, records }
}
