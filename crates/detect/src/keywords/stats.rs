//! What a keyword library consists of.

use std::collections::BTreeMap;

use tamis_rules::{Level, RiskId, Taxonomy};

use super::{KeywordLibrary, Lang, MatchKind};

/// How many entries a library has, in all and per risk, language, level and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryStats {
    /// Entries in all.
    pub total: u64,
    /// Entries per risk in order of the taxonomy, zeros among them.
    pub per_risk: Vec<(String, u64)>,
    /// What there is, in order of risk, language, level and kind; without zeros.
    pub rows: Vec<StatsRow>,
}

/// Entries that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatsRow {
    /// Code of the risk.
    pub risk: String,
    /// Language.
    pub lang: Lang,
    /// Level.
    pub level: Level,
    /// Kind of match.
    pub kind: MatchKind,
    /// How many there are.
    pub entries: u64,
}

impl LibraryStats {
    pub(super) fn of(library: &KeywordLibrary, taxonomy: &Taxonomy) -> Self {
        let mut counts: BTreeMap<(RiskId, Lang, Level, MatchKind), u64> = BTreeMap::new();
        let mut per_risk: Vec<(String, u64)> = taxonomy.risks().iter().map(|risk| (risk.code.clone(), 0)).collect();
        for entry in library.entries() {
            *counts.entry((entry.risk, entry.lang, entry.level, entry.kind)).or_default() += 1;
            if let Some((_, count)) = per_risk.get_mut(entry.risk.index()) {
                *count += 1;
            }
        }
        let rows = counts.into_iter().filter_map(|((risk, lang, level, kind), entries)| {
            let risk = taxonomy.risks().get(risk.index())?.code.clone();
            Some(StatsRow { risk, lang, level, kind, entries })
        });
        Self { total: library.entries().len() as u64, per_risk, rows: rows.collect() }
    }
}
