mod pii;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use pii::{PiiAction, PiiRule, PiiRuleSpec, Replace};

use crate::{Accuracy, AccuracySpec, Percent, PiiKind, PiiProfile, PiiSet, RiskId, RiskSet, RulesError, Taxonomy};
use pii::PiiRules;

/// The `[policy]` table of a pipeline file, as written. [`Policy::resolve`] makes a policy of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySpec {
    /// Reference of the taxonomy, `builtin:gbt45654` where it is left out; the caller resolves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxonomy: Option<String>,
    /// Codes and groups that make a record unqualified; the taxonomy's source rule where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<Vec<String>>,
    /// Limit of the source rule; the taxonomy's where it is left out (4.1.1 b).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_limit_percent: Option<Percent>,
    /// Which figure is held against the limit; the point rate where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decide_on: Option<DecideOn>,
    /// Rules by code, group or `default`: a code's value goes before its group's, and that before the default.
    pub risks: BTreeMap<String, RiskRuleSpec>,
    /// Name of the profile that says which kinds of personal information are sensitive: `pipl` where it is left out, or
    /// `gbt35273`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pii_profile: Option<String>,
    /// Rules by kind of personal information, `sensitive` or `default`: a kind's value goes before that of `sensitive`,
    /// and that before the default.
    pub pii: BTreeMap<String, PiiRuleSpec>,
    /// Rules by name of a model; the pipeline fills in what the model's own file says and is left out here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, ModelRuleSpec>,
    /// How often the detectors together are right; the pipeline fills in what the evaluation of a shipped model says,
    /// where nothing that it rests on was changed. Without it, rates are not corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<AccuracySpec>,
}

/// What a model's scores may decide.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelRuleSpec {
    /// Codes and groups whose scores of this model are advisory; none where it is empty. Left out: those whose heads
    /// the model's own file calls advisory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advisory: Option<Vec<String>>,
}

/// A rule as written; what is left out comes from the next wider rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiskRuleSpec {
    /// What happens to a record with this risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Whether the risk is decided at all; `false` makes every finding of it advisory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforce: Option<bool>,
    /// Different keywords that a record must hold, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_entries: Option<u16>,
    /// Keyword hits per thousand characters that suffice on their own, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_per_mille: Option<u16>,
    /// Score of a model that suffices, 0.01 to 1 in steps of 0.001.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
}

/// Which figure of a source is held against the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecideOn {
    /// The rate as counted, by the standard's own words (4.1.1 b).
    #[default]
    Point,
    /// The upper end of the rate's 95 % interval: more cautious, the more so the smaller the source.
    UpperBound,
    /// The rate corrected for the detectors' errors (Rogan and Gladen 1978), which needs their accuracy: false alarms
    /// reject no source, and what they miss is counted.
    Corrected,
}

impl DecideOn {
    /// Name in files: `point`, `upper_bound` or `corrected`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::UpperBound => "upper_bound",
            Self::Corrected => "corrected",
        }
    }
}

/// What happens to a record with a decided risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is left out of the output (4.2.1).
    Drop,
    /// It is kept with its code.
    Flag,
}

impl Action {
    /// Name in files: `drop` or `flag`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Flag => "flag",
        }
    }
}

/// The rule by which one risk is decided on a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskRule {
    /// What happens to a record with this risk.
    pub action: Action,
    /// Whether the risk is decided at all; else every finding of it is advisory.
    pub enforce: bool,
    /// Different keywords that a record must hold, at least 1.
    pub min_entries: u16,
    /// Keyword hits per thousand characters that suffice on their own.
    pub min_per_mille: Option<u16>,
    /// Score of a model that suffices, in thousandths.
    pub threshold_milli: u16,
}

/// Every decision input of a run: the taxonomy, a rule per risk and per kind of personal information, and the source
/// rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    taxonomy: Arc<Taxonomy>,
    counted: RiskSet,
    source_limit: Percent,
    decide_on: DecideOn,
    rules: Vec<RiskRule>,
    pii: PiiRules,
    /// Per model, sorted by name, the risks whose scores are advisory.
    models: Vec<(String, RiskSet)>,
    accuracy: Option<Accuracy>,
}

const DEFAULT: &str = "default";

/// Tags hold the scores from here on, so a lower threshold could not be kept (thousandths).
const LOWEST_THRESHOLD: f32 = 10.0;

impl Policy {
    /// Fills a policy's table up from the taxonomy: risks that the taxonomy only flags are flagged and all others
    /// dropped, one keyword or a score of 0.5 suffices, and everything is enforced. Personal information is flagged.
    ///
    /// # Errors
    /// A name is no risk, no kind and no group of the one or the other, or a value is out of its range.
    pub fn resolve(spec: &PolicySpec, taxonomy: Arc<Taxonomy>) -> Result<Self, RulesError> {
        check_risks(spec, &taxonomy)?;
        let counted = match &spec.counted {
            Some(names) => taxonomy.select(names).map_err(|error| refuse("counted", error))?,
            None => taxonomy.source_rule().counted,
        };
        let models = spec.models.iter().map(|(name, rule)| {
            let advisory = taxonomy.select(rule.advisory.as_deref().unwrap_or_default());
            Ok((name.clone(), advisory.map_err(|error| refuse(format!("models.{name}.advisory"), error))?))
        });
        let models = models.collect::<Result<_, RulesError>>()?;
        let accuracy = spec.accuracy.as_ref().map(Accuracy::new).transpose()?;
        if spec.decide_on == Some(DecideOn::Corrected) && accuracy.is_none() {
            let message =
                "\"corrected\" needs the detectors' accuracy; add [policy.accuracy], or use a model that knows its own";
            return Err(refuse("decide_on", message));
        }
        let rules = taxonomy.all().iter().map(|risk| rule_of(risk, spec, &taxonomy)).collect();
        Ok(Self {
            counted,
            source_limit: spec.source_limit_percent.unwrap_or(taxonomy.source_rule().limit),
            decide_on: spec.decide_on.unwrap_or_default(),
            rules,
            pii: PiiRules::resolve(spec.pii_profile.as_deref(), &spec.pii)?,
            models,
            accuracy,
            taxonomy,
        })
    }

    /// The taxonomy whose risks are decided.
    #[must_use]
    pub fn taxonomy(&self) -> &Arc<Taxonomy> {
        &self.taxonomy
    }

    /// Risks that make a record unqualified for the source rule (4.1.1 note 1).
    #[must_use]
    pub fn counted(&self) -> RiskSet {
        self.counted
    }

    /// A source with more than this share of unqualified records is not used (4.1.1 b).
    #[must_use]
    pub fn source_limit(&self) -> Percent {
        self.source_limit
    }

    /// Which figure of a source is held against the limit.
    #[must_use]
    pub fn decide_on(&self) -> DecideOn {
        self.decide_on
    }

    /// The rule of one risk.
    ///
    /// # Panics
    /// The id is not of this policy's taxonomy.
    #[must_use]
    pub fn rule(&self, risk: RiskId) -> &RiskRule {
        &self.rules[risk.index()]
    }

    /// Whether a score of this model may decide this risk; true for a model that the policy has no rule for.
    #[must_use]
    pub fn model_enforces(&self, model: &str, risk: RiskId) -> bool {
        let found = self.models.binary_search_by(|(name, _)| name.as_str().cmp(model));
        found.map_or(true, |at| !self.models[at].1.contains(risk))
    }

    /// How often the detectors together are right, where that is known.
    #[must_use]
    pub fn accuracy(&self) -> Option<&Accuracy> {
        self.accuracy.as_ref()
    }

    /// The rule of one kind of personal information.
    #[must_use]
    pub fn pii_rule(&self, kind: PiiKind) -> PiiRule {
        self.pii.rule(kind)
    }

    /// Which kinds of personal information are sensitive (4.2.3 b).
    #[must_use]
    pub fn pii_profile(&self) -> &PiiProfile {
        self.pii.profile()
    }

    /// Kinds of personal information that something else is written for; a record with none of them stays as it is.
    #[must_use]
    pub fn redacts(&self) -> PiiSet {
        self.pii.kinds(|rule| rule.action == PiiAction::Redact)
    }

    /// Those of [`redacts`](Self::redacts) that a pseudonym stands for, which takes a key.
    #[must_use]
    pub fn pseudonymizes(&self) -> PiiSet {
        self.pii.kinds(|rule| rule.action == PiiAction::Redact && rule.replace == Replace::Pseudonym)
    }

    /// The policy as a table with every value written out, one rule per risk and kind: what a manifest keeps, so that
    /// anyone can resolve the same policy again from it and the taxonomy's text. `taxonomy` is left out, for the text
    /// stands beside it.
    #[must_use]
    pub fn to_spec(&self) -> PolicySpec {
        let risks = self.taxonomy.risks().iter().zip(&self.rules);
        PolicySpec {
            taxonomy: None,
            counted: Some(self.taxonomy.codes(self.counted).map(str::to_owned).collect()),
            source_limit_percent: Some(self.source_limit),
            decide_on: Some(self.decide_on),
            risks: risks.map(|(risk, rule)| (risk.code.clone(), rule.to_spec())).collect(),
            pii_profile: Some(self.pii.profile().name().to_owned()),
            pii: self.pii.to_spec(),
            models: self.models.iter().map(|(name, advisory)| (name.clone(), self.model_spec(*advisory))).collect(),
            accuracy: self.accuracy.as_ref().map(Accuracy::to_spec),
        }
    }

    fn model_spec(&self, advisory: RiskSet) -> ModelRuleSpec {
        ModelRuleSpec { advisory: Some(self.taxonomy.codes(advisory).map(str::to_owned).collect()) }
    }

    /// Every decision input as text: equal for equal policies, different for different ones. Its digest is part of
    /// the judge fingerprint.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = String::from("tamis-policy/3\n");
        text.push_str(&self.taxonomy.canonical());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "counted {}", self.taxonomy.listed(self.counted));
        let _ = writeln!(text, "source_limit_percent {}", self.source_limit);
        let _ = writeln!(text, "decide_on {}", self.decide_on.name());
        for (risk, rule) in self.taxonomy.risks().iter().zip(&self.rules) {
            let _ = writeln!(text, "rule {} {}", risk.code, rule.canonical());
        }
        text.push_str(&self.pii.canonical());
        for (name, advisory) in &self.models {
            let _ = writeln!(text, "model {name} advisory {}", self.taxonomy.listed(*advisory));
        }
        let accuracy = self.accuracy.as_ref().map_or_else(|| "-".to_owned(), Accuracy::canonical);
        let _ = writeln!(text, "accuracy {accuracy}");
        text
    }
}

impl RiskRule {
    fn to_spec(self) -> RiskRuleSpec {
        RiskRuleSpec {
            action: Some(self.action),
            enforce: Some(self.enforce),
            min_entries: Some(self.min_entries),
            min_per_mille: self.min_per_mille,
            threshold: Some(f32::from(self.threshold_milli) / 1000.0),
        }
    }

    fn canonical(&self) -> String {
        let density = self.min_per_mille.map_or_else(|| "-".to_owned(), |value| value.to_string());
        format!(
            "action {} enforce {} min_entries {} min_per_mille {density} threshold_milli {}",
            self.action.name(),
            self.enforce,
            self.min_entries,
            self.threshold_milli,
        )
    }
}

fn refuse(key: impl Into<String>, message: impl ToString) -> RulesError {
    RulesError::Policy { key: key.into(), message: message.to_string() }
}

fn check_risks(spec: &PolicySpec, taxonomy: &Taxonomy) -> Result<(), RulesError> {
    for (name, rule) in &spec.risks {
        let key = format!("risks.{name}");
        if name != DEFAULT && taxonomy.select_one(name).is_err() {
            return Err(refuse(key, taxonomy.unknown(name, &[DEFAULT])));
        }
        if rule.min_entries == Some(0) {
            let message = "0 would find the risk in every record; expected 1 or more";
            return Err(refuse(format!("{key}.min_entries"), message));
        }
        if rule.min_per_mille == Some(0) {
            let message = "0 would let any hit suffice; expected 1 or more, or leave it out to switch it off";
            return Err(refuse(format!("{key}.min_per_mille"), message));
        }
        if let Some(threshold) = rule.threshold.filter(|&threshold| milli(threshold).is_none()) {
            let message = format!(
                "{threshold} cannot be used; expected 0.01 to 1 in steps of 0.001, or enforce = false to decide nothing"
            );
            return Err(refuse(format!("{key}.threshold"), message));
        }
    }
    Ok(())
}

/// A threshold in thousandths, as tags keep scores; none where it is no such number.
fn milli(threshold: f32) -> Option<u16> {
    let scaled = threshold * 1000.0;
    let whole = scaled.round();
    // A float's own error at 1000 is below 0.0001.
    let exact = (scaled - whole).abs() < 0.001;
    (exact && (LOWEST_THRESHOLD..=1000.0).contains(&whole)).then_some(whole as u16)
}

fn rule_of(risk: RiskId, spec: &PolicySpec, taxonomy: &Taxonomy) -> RiskRule {
    let entry = &taxonomy.risks()[risk.index()];
    let action = if taxonomy.flag_only().contains(risk) { Action::Flag } else { Action::Drop };
    let mut rule = RiskRule { action, enforce: true, min_entries: 1, min_per_mille: None, threshold_milli: 500 };
    for name in [DEFAULT, &entry.group, &entry.code] {
        if let Some(written) = spec.risks.get(name) {
            rule.overlay(written);
        }
    }
    rule
}

impl RiskRule {
    fn overlay(&mut self, written: &RiskRuleSpec) {
        self.action = written.action.unwrap_or(self.action);
        self.enforce = written.enforce.unwrap_or(self.enforce);
        self.min_entries = written.min_entries.unwrap_or(self.min_entries);
        self.min_per_mille = written.min_per_mille.or(self.min_per_mille);
        self.threshold_milli = written.threshold.and_then(milli).unwrap_or(self.threshold_milli);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn resolve(toml: &str) -> Result<Policy, String> {
        let spec: PolicySpec = toml::from_str(toml).map_err(|error| error.message().to_owned())?;
        let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
        Policy::resolve(&spec, Arc::new(taxonomy)).map_err(|error| error.to_string())
    }

    fn rule(policy: &Policy, code: &str) -> RiskRule {
        *policy.rule(policy.taxonomy().risk_id(code).expect("known code"))
    }

    #[test]
    fn an_empty_table_is_the_standard() {
        let policy = resolve("").expect("empty policy");
        assert_eq!(policy.counted().bits(), (1 << 29) - 1);
        assert_eq!(policy.source_limit().to_string(), "5");
        assert_eq!(policy.decide_on(), DecideOn::Point);
        assert_eq!(rule(&policy, "A4g").action, Action::Drop);
        assert_eq!(rule(&policy, "A5a").action, Action::Flag);
        let expected =
            RiskRule { action: Action::Drop, enforce: true, min_entries: 1, min_per_mille: None, threshold_milli: 500 };
        assert_eq!(rule(&policy, "A1a"), expected);
    }

    #[test]
    fn a_code_goes_before_its_group_and_that_before_the_default() {
        let policy = resolve(
            "counted = [\"A1\", \"A5b\"]
             source_limit_percent = 2.5
             decide_on = \"upper_bound\"
             [risks]
             default = { min_entries = 2, threshold = 0.9 }
             A3 = { action = \"flag\", min_entries = 3 }
             A3c = { min_entries = 4, min_per_mille = 20, enforce = false }
             A5a = { action = \"drop\" }",
        )
        .expect("policy");
        assert_eq!(policy.counted().len(), 9);
        assert_eq!(policy.source_limit().to_string(), "2.5");
        assert_eq!(policy.decide_on(), DecideOn::UpperBound);
        assert_eq!((rule(&policy, "A1a").min_entries, rule(&policy, "A1a").threshold_milli), (2, 900));
        assert_eq!((rule(&policy, "A3a").min_entries, rule(&policy, "A3a").action), (3, Action::Flag));
        let narrowest = RiskRule {
            action: Action::Flag,
            enforce: false,
            min_entries: 4,
            min_per_mille: Some(20),
            threshold_milli: 900,
        };
        assert_eq!(rule(&policy, "A3c"), narrowest);
        assert_eq!(rule(&policy, "A5a").action, Action::Drop);
        assert_eq!(rule(&policy, "A5b").action, Action::Flag);
    }

    #[test]
    fn mistakes_are_refused_with_the_key() {
        for (toml, expected) in [
            ("limit = 5", "unknown field `limit`"),
            ("risks.A1f.min_entry = 2", "unknown field `min_entry`"),
            ("risks.A1f.action = \"delete\"", "unknown variant `delete`"),
            ("decide_on = \"rate\"", "unknown variant `rate`"),
            ("source_limit_percent = 101", "out of range"),
            ("counted = [\"A9\"]", "policy.counted: unknown risk or group \"A9\""),
            (
                "risks.defualt.enforce = true",
                "policy.risks.defualt: unknown risk or group \"defualt\" in taxonomy gbt45654; did you mean \"default\"?",
            ),
            ("risks.A1.min_entries = 0", "policy.risks.A1.min_entries: 0 would"),
            ("risks.A1.min_per_mille = 0", "policy.risks.A1.min_per_mille: 0 would"),
            ("risks.A1.threshold = 0.0", "policy.risks.A1.threshold: 0 cannot"),
            ("risks.A1.threshold = 1.001", "policy.risks.A1.threshold"),
            ("risks.A1.threshold = 0.1234", "policy.risks.A1.threshold: 0.1234 cannot"),
            ("risks.A1.threshold = nan", "policy.risks.A1.threshold"),
            ("risks.A1.threshold = -0.5", "policy.risks.A1.threshold"),
        ] {
            let message = resolve(toml).expect_err(toml);
            assert!(message.contains(expected), "{toml}: {message}");
        }
    }

    #[test]
    fn a_policy_written_out_resolves_to_itself() {
        for toml in [
            "",
            "counted = []",
            "source_limit_percent = 2.5
             decide_on = \"upper_bound\"
             [risks]
             default = { min_entries = 2, threshold = 0.907, min_per_mille = 3 }
             A3 = { action = \"flag\", enforce = false }
             A5a = { action = \"drop\", min_entries = 9 }
             [pii]
             default = { action = \"redact\", replace = \"pseudonym\" }
             email = { replace = \"placeholder\" }
             sensitive = { action = \"drop\" }",
            "pii_profile = \"gbt35273\"",
        ] {
            let policy = resolve(toml).expect(toml);
            let written = policy.to_spec();
            let again = Policy::resolve(&written, Arc::clone(policy.taxonomy())).expect(toml);
            assert_eq!(again, policy, "{toml}");
            assert_eq!(again.to_spec(), written, "{toml}");
        }
    }

    #[test]
    fn every_thousandth_is_a_threshold() {
        for thousandth in 10..=1000u16 {
            assert_eq!(milli(f32::from(thousandth) / 1000.0), Some(thousandth));
        }
    }

    #[test]
    fn the_canonical_text_changes_with_every_input() {
        let plain = resolve("").expect("policy").canonical();
        assert_eq!(plain, resolve("risks.A1.enforce = true").expect("policy").canonical());
        for changed in [
            "counted = [\"A1\"]",
            "source_limit_percent = 5.0001",
            "decide_on = \"upper_bound\"",
            "risks.A1f.action = \"flag\"",
            "risks.A1f.enforce = false",
            "risks.A1f.min_entries = 2",
            "risks.A1f.min_per_mille = 1",
            "risks.A1f.threshold = 0.501",
        ] {
            assert_ne!(resolve(changed).expect(changed).canonical(), plain, "{changed}");
        }
        assert!(
            plain.contains("\nrule A5b action flag enforce true min_entries 1 min_per_mille - threshold_milli 500\n")
        );
        assert!(plain.contains("\nspot_check.manual items 4000 percent - qualified 96\n"));
    }
}
