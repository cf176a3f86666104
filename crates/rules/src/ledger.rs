use crate::{DecideOn, Percent, Policy, RulesError, SourceTally, Tally, clopper_pearson, clopper_pearson_upper};

/// Whether a source may be used (4.1.1 b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceVerdict {
    /// It may be used; its records are judged one by one.
    Accepted,
    /// None of its records may be used.
    Rejected,
}

impl SourceVerdict {
    /// Name in the ledger: `accepted` or `rejected`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }

    /// The verdict of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Accepted, Self::Rejected].into_iter().find(|verdict| verdict.name() == name)
    }
}

/// What a source's verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The rate of all of its records.
    Census,
    /// The rate of some of its records: others were not drawn, or could not be examined.
    Sample,
    /// The upper end of the rate's interval.
    UpperBound,
    /// The rate corrected by what is known of the detectors.
    Corrected,
    /// A person's decision.
    Manual,
}

impl Basis {
    /// Every basis.
    pub const ALL: [Self; 5] = [Self::Census, Self::Sample, Self::UpperBound, Self::Corrected, Self::Manual];

    /// Name in the ledger, such as `census`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Census => "census",
            Self::Sample => "sample",
            Self::UpperBound => "upper_bound",
            Self::Corrected => "corrected",
            Self::Manual => "manual",
        }
    }

    /// The basis of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.name() == name)
    }
}

/// A rate corrected for the detectors' errors (Rogan–Gladen), with its 95 % interval. All are shares, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corrected {
    /// Corrected rate.
    pub rate: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
}

/// One source, what was counted of it, and its verdict (4.1.1 b).
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// The source; `""` for records without one.
    pub source: String,
    /// Its records, also those that could not be examined.
    pub records: u64,
    /// Records examined.
    pub examined: u64,
    /// Examined records with at least one counted risk.
    pub unqualified: u64,
    /// Examined records per risk, counted or not, one number for each risk of the taxonomy.
    pub by_risk: Vec<u64>,
    /// Share of the examined records that are unqualified, 0 to 1 in steps of 1e-7; none where none was examined.
    pub rate: Option<f64>,
    /// Lower end of the rate's two-sided 95 % Clopper–Pearson interval, in the same steps.
    pub low: Option<f64>,
    /// Upper end of that interval, in the same steps.
    pub high: Option<f64>,
    /// The corrected rate in the same steps, where the policy knows the detectors' sensitivity and specificity.
    pub corrected: Option<Corrected>,
    /// Whether the source may be used.
    pub verdict: SourceVerdict,
    /// What the verdict rests on.
    pub basis: Basis,
}

const CONFIDENCE: f64 = 0.95;

/// Steps in which rates are written, so that the last digits of a mathematical library never reach a file.
const STEPS: f64 = 1e7;
const STEPS_PER_MILLIONTH: u64 = 10;

fn rounded(share: f64) -> f64 {
    (share * STEPS).round() / STEPS
}

impl LedgerEntry {
    /// A source's verdict from plain numbers (4.1.1 b), so that whoever has a ledger can decide it again.
    ///
    /// By [`DecideOn::Point`] a source is rejected when more than `limit` of its examined records are unqualified, in
    /// integers; by [`DecideOn::UpperBound`] also when the upper end of the two-sided 95 % interval, rounded to 1e-7,
    /// is above it; by [`DecideOn::Corrected`] when the corrected rate is. A source of which nothing was examined is
    /// accepted.
    #[must_use]
    pub fn decide(
        records: u64,
        examined: u64,
        unqualified: u64,
        limit: Percent,
        decide_on: DecideOn,
        corrected: Option<Corrected>,
    ) -> (SourceVerdict, Basis) {
        let over = limit.exceeded_by(unqualified, examined);
        let (rejected, basis) = match decide_on {
            DecideOn::Corrected if corrected.is_some() => {
                (exceeds(limit, corrected.map_or(0.0, |it| it.rate)), Basis::Corrected)
            }
            DecideOn::UpperBound if examined > 0 => {
                (over || upper_end_exceeds(limit, unqualified, examined), Basis::UpperBound)
            }
            _ if examined == records => (over, Basis::Census),
            _ => (over, Basis::Sample),
        };
        (if rejected { SourceVerdict::Rejected } else { SourceVerdict::Accepted }, basis)
    }

    /// The entry of one source.
    fn judge(source: &str, counts: &SourceTally, policy: &Policy) -> Self {
        let &SourceTally { records, examined, unqualified, .. } = counts;
        let corrected = policy.accuracy().and_then(|accuracy| accuracy.correct(unqualified, examined));
        let corrected = corrected.map(Corrected::rounded);
        let (verdict, basis) =
            Self::decide(records, examined, unqualified, policy.source_limit(), policy.decide_on(), corrected);
        let interval = (examined > 0).then(|| clopper_pearson(unqualified, examined, CONFIDENCE));
        Self {
            source: source.to_owned(),
            records,
            examined,
            unqualified,
            by_risk: policy.taxonomy().all().iter().map(|risk| counts.count(risk)).collect(),
            rate: (examined > 0).then(|| rounded(unqualified as f64 / examined as f64)),
            low: interval.map(|(low, _)| rounded(low)),
            high: interval.map(|(_, high)| rounded(high)),
            corrected,
            verdict,
            basis,
        }
    }
}

fn upper_end_exceeds(limit: Percent, unqualified: u64, examined: u64) -> bool {
    let one_sided = f64::midpoint(1.0, CONFIDENCE);
    exceeds(limit, clopper_pearson_upper(unqualified, examined, one_sided))
}

/// Whether a share, rounded to the steps in which rates are written, is above the limit.
fn exceeds(limit: Percent, share: f64) -> bool {
    (share * STEPS).round() as u64 > u64::from(limit.parts_per_million()) * STEPS_PER_MILLIONTH
}

impl Corrected {
    fn rounded(self) -> Self {
        Self { rate: rounded(self.rate), low: rounded(self.low), high: rounded(self.high) }
    }
}

/// Every source with its verdict, sorted by the bytes of its name (4.1.1 b).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    entries: Vec<LedgerEntry>,
    // Places in `entries`, in their order: few sources are rejected, and every record asks.
    rejected: Vec<usize>,
}

impl Ledger {
    /// Judges every source of a tally.
    #[must_use]
    pub fn judge(tally: &Tally, policy: &Policy) -> Self {
        let judged = tally.sources().map(|(source, counts)| LedgerEntry::judge(source, counts, policy));
        let mut entries: Vec<LedgerEntry> = judged.collect();
        entries.sort_unstable_by(|a, b| a.source.cmp(&b.source));
        Self::sorted(entries)
    }

    /// A ledger from entries that were written down, in any order. Their verdicts stand as they are.
    ///
    /// # Errors
    /// One source has two entries.
    pub fn from_entries(mut entries: Vec<LedgerEntry>) -> Result<Self, RulesError> {
        entries.sort_unstable_by(|a, b| a.source.cmp(&b.source));
        match entries.windows(2).find(|pair| pair[0].source == pair[1].source) {
            Some(pair) => Err(RulesError::DuplicateSource { name: pair[0].source.clone() }),
            None => Ok(Self::sorted(entries)),
        }
    }

    fn sorted(entries: Vec<LedgerEntry>) -> Self {
        let places = entries.iter().enumerate();
        let rejected = places.filter(|(_, entry)| entry.verdict == SourceVerdict::Rejected);
        let rejected = rejected.map(|(at, _)| at).collect();
        Self { entries, rejected }
    }

    /// The entries, sorted by the bytes of the source.
    #[must_use]
    pub fn entries(&self) -> &[LedgerEntry] {
        &self.entries
    }

    /// The entry of one source.
    #[must_use]
    pub fn get(&self, source: &str) -> Option<&LedgerEntry> {
        let at = self.entries.binary_search_by(|entry| entry.source.as_str().cmp(source)).ok()?;
        self.entries.get(at)
    }

    /// Whether nothing of this source may be used; false for a source that the ledger does not know.
    #[must_use]
    pub fn is_rejected(&self, source: &str) -> bool {
        let found = self.rejected.binary_search_by(|&at| self.entries[at].source.as_str().cmp(source));
        found.is_ok()
    }

    /// The rejected sources, in order.
    pub fn rejected(&self) -> impl Iterator<Item = &LedgerEntry> {
        self.rejected.iter().map(|&at| &self.entries[at])
    }

    /// The sources that the point rule would reject at another limit, in order.
    pub fn rejected_at(&self, limit: Percent) -> impl Iterator<Item = &LedgerEntry> {
        self.entries.iter().filter(move |entry| limit.exceeded_by(entry.unqualified, entry.examined))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::{PolicySpec, RiskId, Taxonomy};

    fn policy(toml: &str) -> Policy {
        let spec: PolicySpec = toml::from_str(toml).expect("policy table");
        let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
        Policy::resolve(&spec, Arc::new(taxonomy)).expect("policy")
    }

    fn ledger(sources: &[(&str, u64, u64, u64)], policy: &Policy) -> Ledger {
        let mut tally = Tally::new();
        for &(source, records, examined, unqualified) in sources {
            let by_risk = [(RiskId::new(5), unqualified)];
            tally.add(source, &SourceTally::new(records, examined, unqualified, by_risk));
        }
        Ledger::judge(&tally, policy)
    }

    fn names<'a>(entries: impl Iterator<Item = &'a LedgerEntry>) -> Vec<&'a str> {
        entries.map(|entry| entry.source.as_str()).collect()
    }

    const SOURCES: [(&str, u64, u64, u64); 6] = [
        ("b.example", 400, 400, 20),
        ("a.example", 1000, 1000, 51),
        ("é", 1000, 600, 300),
        ("", 3, 3, 0),
        ("unread", 8, 0, 0),
        ("Z", 20, 19, 1),
    ];

    #[test]
    fn more_than_five_percent_is_rejected_and_exactly_five_is_not() {
        let ledger = ledger(&SOURCES, &policy(""));
        let sources = names(ledger.entries().iter());
        assert_eq!(sources, ["", "Z", "a.example", "b.example", "unread", "é"]);
        assert_eq!(names(ledger.rejected()), ["Z", "a.example", "é"]);
        for (source, ..) in SOURCES {
            assert_eq!(ledger.is_rejected(source), names(ledger.rejected()).contains(&source));
        }
        assert!(!ledger.is_rejected("unknown"));
        let five_point_one = "5.1".parse().expect("percentage");
        assert_eq!(names(ledger.rejected_at(five_point_one)), ["Z", "é"]);
        assert_eq!(names(ledger.rejected_at(Percent::ZERO)).len(), 4);
    }

    #[test]
    fn an_entry_holds_counts_interval_and_basis() {
        let ledger = ledger(&SOURCES, &policy(""));
        let entry = ledger.get("a.example").expect("entry");
        assert_eq!((entry.rate, entry.basis), (Some(0.051), Basis::Census));
        assert_eq!((entry.low, entry.high), (Some(0.038_205_2), Some(0.066_513_5)));
        assert_eq!(entry.by_risk.len(), 31);
        assert_eq!((entry.by_risk[5], entry.by_risk.iter().sum::<u64>()), (51, 51));
        assert_eq!(ledger.get("é").map(|entry| entry.basis), Some(Basis::Sample));
        let clean = ledger.get("").expect("entry");
        assert_eq!((clean.rate, clean.low, clean.high), (Some(0.0), Some(0.0), Some(0.707_598_2)));
        let unread = ledger.get("unread").expect("entry");
        assert_eq!((unread.rate, unread.low, unread.high), (None, None, None));
        assert_eq!(unread.verdict, SourceVerdict::Accepted);
    }

    #[test]
    fn the_upper_bound_is_more_cautious() {
        let policy = policy("decide_on = \"upper_bound\"");
        let sources = [("few", 3, 3, 0), ("shown", 1000, 1000, 36), ("not shown", 1000, 1000, 37), ("unread", 1, 0, 0)];
        let ledger = ledger(&sources, &policy);
        let entry = |source| ledger.get(source).expect("entry");
        assert_eq!(names(ledger.rejected()), ["few", "not shown"]);
        assert_eq!((entry("shown").high, entry("not shown").high), (Some(0.049_492_9), Some(0.050_641_1)));
        assert_eq!((entry("shown").basis, entry("unread").basis), (Basis::UpperBound, Basis::Sample));
    }

    #[test]
    fn written_entries_make_the_same_ledger_and_a_source_stands_once() {
        let ledger = ledger(&SOURCES, &policy(""));
        let mut entries = ledger.entries().to_vec();
        entries.reverse();
        assert_eq!(Ledger::from_entries(entries.clone()).as_ref(), Ok(&ledger));
        entries.push(entries[2].clone());
        let message = Ledger::from_entries(entries).expect_err("twice").to_string();
        assert!(message.contains("\"b.example\" stands in it twice"), "{message}");
    }

    #[test]
    fn names_read_back() {
        for basis in Basis::ALL {
            assert_eq!(Basis::parse(basis.name()), Some(basis));
        }
        for verdict in [SourceVerdict::Accepted, SourceVerdict::Rejected] {
            assert_eq!(SourceVerdict::parse(verdict.name()), Some(verdict));
        }
    }

    proptest! {
        #[test]
        fn the_verdict_follows_from_the_written_numbers(
            examined in 1u64..5000, share in 0u64..=1000, parts in 0u32..=1_000_000, upper in any::<bool>(),
        ) {
            let unqualified = examined * share / 1000;
            let limit = Percent::from_parts_per_million(parts).expect("in range");
            let decide_on = if upper { DecideOn::UpperBound } else { DecideOn::Point };
            let (verdict, _) = LedgerEntry::decide(examined, examined, unqualified, limit, decide_on, None);
            let (_, high) = clopper_pearson(unqualified, examined, CONFIDENCE);
            let figure = if upper { rounded(high) } else { unqualified as f64 / examined as f64 };
            let distance = figure - f64::from(parts) / 1e6;
            if distance.abs() > 1e-9 {
                prop_assert_eq!(verdict == SourceVerdict::Rejected, distance > 0.0);
            }
        }
    }
}
