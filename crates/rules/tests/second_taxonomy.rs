//! Another standard is another file: a small taxonomy goes the whole way from tags to the ledger.

use std::sync::Arc;

use tamis_rules::{
    KeywordCount, Ledger, Level, Outcome, Policy, PolicySpec, RecordTags, RiskId, SourceVerdict, Tally, Taxonomy,
    decide, judge_record,
};

const SMALL: &str = r#"
name = "small"
title = "three risks in two groups"
version = "1"
[[group]]
code = "H"
title = "harm"
[[group]]
code = "Q"
title = "quality"
[[risk]]
code = "H1"
group = "H"
title = "first harm"
[[risk]]
code = "H2"
group = "H"
title = "second harm"
[[risk]]
code = "Q1"
group = "Q"
title = "poor quality"
[source_rule]
counted = ["H"]
limit_percent = 2.5
[defaults]
flag_only = ["Q"]
"#;

/// Counts `bad` records with this risk and fills up to `all` records with clean ones.
fn fill(tally: &mut Tally, policy: &Policy, source: &str, risk: RiskId, bad: u64, all: u64) {
    let found = [KeywordCount { risk, level: Level::Enforce, entries: 1, hits: 1 }];
    for at in 0..all {
        let keywords = if at < bad { &found[..] } else { &[] };
        let tags = RecordTags { chars: 10, keywords, ..RecordTags::default() };
        tally.record(source, true, decide(&tags, policy).risks, policy.counted());
    }
}

#[test]
fn a_small_taxonomy_decides_counts_and_judges() {
    let taxonomy = Arc::new(Taxonomy::parse(SMALL, "small.toml").expect("small taxonomy"));
    let policy = Policy::resolve(&PolicySpec::default(), Arc::clone(&taxonomy)).expect("policy");
    let risk = |code| taxonomy.risk_id(code).expect("known code");
    let mut tally = Tally::new();
    fill(&mut tally, &policy, "at the limit", risk("H2"), 1, 40);
    fill(&mut tally, &policy, "over it", risk("H1"), 26, 1000);
    fill(&mut tally, &policy, "only poor", risk("Q1"), 40, 40);

    let ledger = Ledger::judge(&tally, &policy);
    let verdicts: Vec<_> = ledger.entries().iter().map(|entry| (entry.source.as_str(), entry.verdict)).collect();
    let expected = [
        ("at the limit", SourceVerdict::Accepted),
        ("only poor", SourceVerdict::Accepted),
        ("over it", SourceVerdict::Rejected),
    ];
    assert_eq!(verdicts, expected);
    let poor = ledger.get("only poor").expect("entry");
    assert_eq!((poor.unqualified, poor.by_risk.as_slice()), (0, &[0, 0, 40][..]));

    let found = [KeywordCount { risk: risk("Q1"), level: Level::Enforce, entries: 1, hits: 1 }];
    let tags = RecordTags { chars: 10, keywords: &found, ..RecordTags::default() };
    assert_eq!(judge_record(&tags, false, &policy).outcome, Outcome::Kept);
    let dropped = judge_record(&tags, ledger.is_rejected("over it"), &policy);
    assert_eq!(dropped.outcome, Outcome::Dropped);
}
