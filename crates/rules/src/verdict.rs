use crate::{Action, PiiAction, PiiSet, Policy, Quarantine, Reason, RiskId, RiskSet};

/// How much a keyword counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It may decide.
    Enforce,
    /// It is reported and decides nothing.
    Advisory,
}

impl Level {
    /// Name in tags and keyword files: `enforce` or `advisory`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Advisory => "advisory",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Enforce, Self::Advisory].into_iter().find(|level| level.name() == name)
    }
}

/// What the keywords of one risk and one level found in a record. A record has at most one per risk and level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeywordCount {
    /// The risk.
    pub risk: RiskId,
    /// The keywords' level.
    pub level: Level,
    /// Different keywords found.
    pub entries: u16,
    /// Places where one was found.
    pub hits: u16,
}

/// What one head of a model says of a record. Several heads may name one risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ModelScore {
    /// The risk.
    pub risk: RiskId,
    /// Calibrated score in thousandths, 0 to 1000.
    pub score_milli: u16,
    /// Whether the head may decide; else it is advisory.
    pub enforce: bool,
}

/// What the detectors said of a record: all that a verdict needs of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordTags<'a> {
    /// Why the record could not be examined.
    pub quarantine: Option<Quarantine>,
    /// Length of the text, in characters.
    pub chars: u32,
    /// What the keywords found.
    pub keywords: &'a [KeywordCount],
    /// What the models said.
    pub scores: &'a [ModelScore],
    /// Kinds of personal information found. They never set a risk.
    pub pii: PiiSet,
}

/// Which risks a record has, by a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Risks that pass an enforcing rule, whatever their action.
    pub risks: RiskSet,
    /// Risks that were seen and are not decided.
    pub advisory: RiskSet,
    /// Those of `risks` that keywords decided.
    pub by_keyword: RiskSet,
    /// Those of `risks` that a model decided.
    pub by_model: RiskSet,
}

/// Which risks the tags show (4.2.1). Per risk, keywords decide by enough different entries or by enough hits per
/// thousand characters, a model by its score; a risk whose rule is not enforced is advisory.
///
/// A record that could not be examined shows nothing.
///
/// # Panics
/// The tags name a risk that is not of the policy's taxonomy.
#[must_use]
pub fn decide(tags: &RecordTags<'_>, policy: &Policy) -> Decision {
    if tags.quarantine.is_some() {
        return Decision::default();
    }
    let mut decision = Decision::default();
    let mut seen = RiskSet::EMPTY;
    for count in tags.keywords.iter().filter(|count| count.entries > 0 || count.hits > 0) {
        seen.insert(count.risk);
        if keywords_suffice(count, tags.chars, policy) {
            decision.by_keyword.insert(count.risk);
        }
    }
    for score in tags.scores {
        let rule = policy.rule(score.risk);
        if score.score_milli < rule.threshold_milli {
            continue;
        }
        seen.insert(score.risk);
        if score.enforce && rule.enforce {
            decision.by_model.insert(score.risk);
        }
    }
    decision.risks = decision.by_keyword.union(decision.by_model);
    decision.advisory = seen.difference(decision.risks);
    decision
}

fn keywords_suffice(count: &KeywordCount, chars: u32, policy: &Policy) -> bool {
    let rule = policy.rule(count.risk);
    let dense = rule
        .min_per_mille
        .is_some_and(|least| count.hits > 0 && 1000 * u64::from(count.hits) >= u64::from(least) * u64::from(chars));
    count.level == Level::Enforce && rule.enforce && (count.entries >= rule.min_entries || dense)
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It is in the output.
    Kept,
    /// It is left out, for its source or for itself.
    Dropped,
    /// It is left out, for it could not be examined.
    Quarantined,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Kept, Self::Dropped, Self::Quarantined];

    /// Name in verdicts: `kept`, `dropped` or `quarantined`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Dropped => "dropped",
            Self::Quarantined => "quarantined",
        }
    }

    /// The outcome of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What becomes of a record, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its risks.
    pub decision: Decision,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why, the primary reason first; empty where it is kept.
    pub reasons: Vec<Reason>,
}

impl Verdict {
    /// The primary reason; none where the record is kept.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.reasons.first()
    }
}

/// The verdict on a record, from its tags and its source's verdict (4.1.1 b, 4.2.1, 4.2.3). Personal information never
/// sets a risk; it drops a record where its kind's rule says so.
///
/// # Panics
/// The tags name a risk that is not of the policy's taxonomy.
#[must_use]
pub fn judge_record(tags: &RecordTags<'_>, source_rejected: bool, policy: &Policy) -> Verdict {
    let decision = decide(tags, policy);
    if let Some(quarantine) = tags.quarantine {
        let reasons = vec![quarantine.into()];
        return Verdict { decision, outcome: Outcome::Quarantined, reasons };
    }
    let drops = |risk: &RiskId| policy.rule(*risk).action == Action::Drop;
    // In the order of precedence: the source, keywords, models, personal information.
    let source = source_rejected.then_some(Reason::SourceRejected);
    let keywords = decision.by_keyword.iter().filter(drops).map(Reason::Keyword);
    let models = decision.by_model.iter().filter(drops).map(Reason::Model);
    let dropped = tags.pii.iter().filter(|kind| policy.pii_rule(*kind).action == PiiAction::Drop);
    let pii = dropped.map(Reason::Pii);
    let reasons: Vec<Reason> = source.into_iter().chain(keywords).chain(models).chain(pii).collect();
    let outcome = if reasons.is_empty() { Outcome::Kept } else { Outcome::Dropped };
    Verdict { decision, outcome, reasons }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::{PiiKind, PolicySpec, Taxonomy};

    fn policy(toml: &str) -> Policy {
        let spec: PolicySpec = toml::from_str(toml).expect("policy table");
        let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
        Policy::resolve(&spec, Arc::new(taxonomy)).expect("policy")
    }

    fn risk(policy: &Policy, code: &str) -> RiskId {
        policy.taxonomy().risk_id(code).expect("known code")
    }

    /// `code level entries hits` or `code score enforce|advisory`.
    fn verdict(policy: &Policy, chars: u32, tags: &str, source_rejected: bool) -> String {
        let (mut keywords, mut scores) = (Vec::new(), Vec::new());
        for tag in tags.split(';').map(str::trim).filter(|tag| !tag.is_empty()) {
            let words: Vec<&str> = tag.split(' ').collect();
            let id = risk(policy, words[0]);
            match words[..] {
                [_, level, entries, hits] => keywords.push(KeywordCount {
                    risk: id,
                    level: Level::parse(level).expect("level"),
                    entries: entries.parse().expect("entries"),
                    hits: hits.parse().expect("hits"),
                }),
                [_, score, level] => scores.push(ModelScore {
                    risk: id,
                    score_milli: score.parse().expect("score"),
                    enforce: level == "enforce",
                }),
                _ => panic!("bad tag {tag}"),
            }
        }
        let pii = PiiSet::from_iter([PiiKind::IdCard]);
        let tags = RecordTags { chars, keywords: &keywords, scores: &scores, pii, ..Default::default() };
        let verdict = judge_record(&tags, source_rejected, policy);
        let taxonomy = policy.taxonomy();
        let list = |set| taxonomy.codes(set).collect::<Vec<_>>().join(",");
        let reasons: Vec<_> = verdict.reasons.iter().map(|reason| reason.label(taxonomy)).collect();
        let decision = verdict.decision;
        format!(
            "{} [{}] [{}] {}",
            verdict.outcome.name(),
            list(decision.risks),
            list(decision.advisory),
            reasons.join(" ")
        )
    }

    #[test]
    fn verdicts_follow_the_rules() {
        let plain = "";
        let two = "risks.default.min_entries = 2";
        let dense = "risks.default = { min_entries = 9, min_per_mille = 20 }";
        let off = "risks.A1f.enforce = false";
        for (table, chars, tags, expected) in [
            (plain, 100, "", "kept [] [] "),
            (plain, 100, "A1f enforce 1 1", "dropped [A1f] [] keyword:A1f"),
            (plain, 100, "A1f enforce 0 0", "kept [] [] "),
            (plain, 100, "A1f advisory 9 9", "kept [] [A1f] "),
            (plain, 100, "A5a enforce 1 1", "kept [A5a] [] "),
            (plain, 100, "A5a enforce 1 1; A1f 500 enforce", "dropped [A1f,A5a] [] model:A1f"),
            (plain, 100, "A1f 499 enforce", "kept [] [] "),
            (plain, 100, "A1f 500 advisory", "kept [] [A1f] "),
            (plain, 100, "A1f 900 advisory; A1f 500 enforce", "dropped [A1f] [] model:A1f"),
            (
                plain,
                100,
                "A2e 700 enforce; A1f 700 enforce; A2a enforce 1 1; A1f enforce 1 1; A1f advisory 1 1",
                "dropped [A1f,A2a,A2e] [] keyword:A1f keyword:A2a model:A1f model:A2e",
            ),
            (two, 100, "A1f enforce 1 50", "kept [] [A1f] "),
            (two, 100, "A1f enforce 1 1; A1f advisory 1 1", "kept [] [A1f] "),
            (two, 100, "A1f enforce 2 2", "dropped [A1f] [] keyword:A1f"),
            (dense, 100, "A1f enforce 1 2", "dropped [A1f] [] keyword:A1f"),
            (dense, 101, "A1f enforce 1 2", "kept [] [A1f] "),
            (dense, 0, "A1f enforce 1 0", "kept [] [A1f] "),
            (dense, u32::MAX, "A1f advisory 1 65535", "kept [] [A1f] "),
            (off, 100, "A1f enforce 5 5; A1f 999 enforce", "kept [] [A1f] "),
        ] {
            assert_eq!(verdict(&policy(table), chars, tags, false), expected, "{table} / {tags}");
        }
    }

    #[test]
    fn a_rejected_source_drops_all_its_records_and_is_the_primary_reason() {
        let policy = policy("");
        assert_eq!(verdict(&policy, 9, "", true), "dropped [] [] source_rejected");
        let all = verdict(&policy, 9, "A1a enforce 1 1; A5a enforce 1 1", true);
        assert_eq!(all, "dropped [A1a,A5a] [] source_rejected keyword:A1a");
    }

    #[test]
    fn personal_information_drops_by_its_own_rule_after_the_models_and_is_no_risk() {
        // The record carries an id card.
        let dropping = policy("pii.id_card.action = \"drop\"");
        assert_eq!(verdict(&dropping, 9, "", false), "dropped [] [] pii:id_card");
        let all = verdict(&dropping, 9, "A1f 900 enforce; A1a enforce 1 1", true);
        assert_eq!(all, "dropped [A1a,A1f] [] source_rejected keyword:A1a model:A1f pii:id_card");
        for table in ["pii.default.action = \"redact\"", "pii.default.action = \"drop\"\npii.id_card.action = \"flag\""]
        {
            assert_eq!(verdict(&policy(table), 9, "", false), "kept [] [] ", "{table}");
        }
    }

    #[test]
    fn a_quarantined_record_has_that_one_reason_and_no_risk() {
        let policy = policy("");
        let count = KeywordCount { risk: risk(&policy, "A1f"), level: Level::Enforce, entries: 1, hits: 1 };
        for quarantine in Quarantine::ALL {
            let tags = RecordTags { quarantine: Some(quarantine), keywords: &[count], ..Default::default() };
            let verdict = judge_record(&tags, true, &policy);
            assert_eq!(verdict.outcome, Outcome::Quarantined);
            assert_eq!(verdict.decision, Decision::default());
            assert_eq!(verdict.reasons, [Reason::from(quarantine)]);
        }
    }

    #[test]
    fn names_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.name()), Some(outcome));
        }
        assert_eq!(Level::parse("enforce"), Some(Level::Enforce));
        assert_eq!(Level::parse("advisory"), Some(Level::Advisory));
        assert_eq!(Level::parse("Enforce"), None);
    }

    proptest! {
        #[test]
        fn reasons_are_sorted_and_a_risk_is_decided_or_advisory(
            counts in proptest::collection::vec((0u8..31, any::<bool>(), 0u16..4, 0u16..9), 0..12),
            heads in proptest::collection::vec((0u8..31, 0u16..=1000, any::<bool>()), 0..12),
            chars in 0u32..5000, rejected in any::<bool>(),
        ) {
            let policy = policy("risks.default.min_entries = 2\nrisks.A2.action = \"flag\"\nrisks.A3.enforce = false");
            let keywords: Vec<_> = counts.iter().map(|&(risk, enforce, entries, hits)| KeywordCount {
                risk: RiskId::new(risk), entries, hits,
                level: if enforce { Level::Enforce } else { Level::Advisory },
            }).collect();
            let scores: Vec<_> = heads.iter().map(|&(risk, score_milli, enforce)| ModelScore {
                risk: RiskId::new(risk), score_milli, enforce,
            }).collect();
            let tags = RecordTags { chars, keywords: &keywords, scores: &scores, ..Default::default() };
            let verdict = judge_record(&tags, rejected, &policy);
            let decision = verdict.decision;
            prop_assert!(verdict.reasons.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(verdict.reasons.is_empty(), verdict.outcome == Outcome::Kept);
            prop_assert_eq!(decision.risks, decision.by_keyword.union(decision.by_model));
            prop_assert!(decision.risks.intersection(decision.advisory).is_empty());
            let unenforced = policy.taxonomy().select(&["A3"]).expect("group");
            prop_assert!(decision.risks.intersection(unenforced).is_empty());
        }
    }
}
