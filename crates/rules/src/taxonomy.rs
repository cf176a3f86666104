mod file;
mod numbers;

use std::fmt::Write as _;

pub use numbers::{Composition, KeywordMinimum, PersonalInformation, Provenance, SourceRule, SpotChecks};

use crate::error::nearest;
use crate::{RiskId, RiskSet, RulesError};

/// A list of risks in groups, and the numbers that a standard sets for them. Data, not code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxonomy {
    toml: String,
    name: String,
    title: String,
    version: String,
    groups: Vec<Group>,
    risks: Vec<Risk>,
    all: RiskSet,
    source_rule: SourceRule,
    qualified: RiskSet,
    keyword_minimum: KeywordMinimum,
    models_covered: RiskSet,
    flag_only: RiskSet,
    spot_checks: SpotChecks,
    composition: Composition,
    provenance: Provenance,
    personal_information: PersonalInformation,
}

/// A group of risks, such as A1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Code, such as `A1`.
    pub code: String,
    /// What the group is about, for people.
    pub title: String,
}

/// One risk, such as A1f.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// Code, such as `A1f`.
    pub code: String,
    /// Code of its group.
    pub group: String,
    /// What the risk is, for people.
    pub title: String,
}

impl Taxonomy {
    /// Reads a taxonomy file. `origin` is the file's name, for messages.
    ///
    /// # Errors
    /// The file is no TOML, has an unknown or missing key, a code twice, a risk without a known group, a group
    /// without a risk, or more than 64 risks. The message names the line where one is known.
    pub fn parse(toml: &str, origin: &str) -> Result<Self, RulesError> {
        file::parse(toml, origin)
    }

    /// A taxonomy that is part of the program: `gbt45654`.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        let text = match name {
            "gbt45654" => include_str!("../taxonomies/gbt45654.toml"),
            _ => return None,
        };
        Self::parse(text, &format!("builtin:{name}")).ok()
    }

    /// The text that the taxonomy was read from, so that a manifest can keep it whole.
    #[must_use]
    pub fn toml(&self) -> &str {
        &self.toml
    }

    /// Short name, such as `gbt45654`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Full name of the standard.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Edition of the standard.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The groups in order.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The risks in order; a [`RiskId`] is a position in this list.
    #[must_use]
    pub fn risks(&self) -> &[Risk] {
        &self.risks
    }

    /// Every risk.
    #[must_use]
    pub fn all(&self) -> RiskSet {
        self.all
    }

    /// The risk of this code; none for a group's code.
    #[must_use]
    pub fn risk_id(&self, code: &str) -> Option<RiskId> {
        let at = self.risks.iter().position(|risk| risk.code == code)?;
        u8::try_from(at).ok().map(RiskId::new)
    }

    /// Code of a risk, such as `A1f`.
    ///
    /// # Panics
    /// The id is not of this taxonomy.
    #[must_use]
    pub fn code(&self, id: RiskId) -> &str {
        &self.risks[id.index()].code
    }

    /// Codes of a set, in order of the taxonomy; members that the taxonomy does not have are left out.
    pub fn codes(&self, set: RiskSet) -> impl Iterator<Item = &str> {
        set.intersection(self.all).iter().map(|id| self.code(id))
    }

    /// The risks that these codes name; a group's code names all of its risks.
    ///
    /// # Errors
    /// A name is neither a risk nor a group; the message has the known name nearest to it.
    pub fn select(&self, names: &[impl AsRef<str>]) -> Result<RiskSet, RulesError> {
        names.iter().try_fold(RiskSet::EMPTY, |set, name| Ok(set.union(self.select_one(name.as_ref())?)))
    }

    pub(crate) fn select_one(&self, name: &str) -> Result<RiskSet, RulesError> {
        let named = self.risks.iter().enumerate().filter(|(_, risk)| risk.code == name || risk.group == name);
        let set: RiskSet = named.map(|(at, _)| RiskId::new(at as u8)).collect();
        if set.is_empty() { Err(self.unknown(name, &[])) } else { Ok(set) }
    }

    /// The error for a name that is no risk, no group and none of the words that also stand there.
    pub(crate) fn unknown(&self, got: &str, words: &[&str]) -> RulesError {
        let groups = self.groups.iter().map(|group| group.code.as_str());
        let risks = self.risks.iter().map(|risk| risk.code.as_str());
        let known: Vec<&str> = words.iter().copied().chain(groups).chain(risks).collect();
        RulesError::UnknownRisk {
            got: got.to_owned(),
            nearest: nearest(got, known.iter().copied()),
            known: known.join(", "),
            taxonomy: self.name.clone(),
        }
    }

    /// The rule for sources (4.1.1 b).
    #[must_use]
    pub fn source_rule(&self) -> &SourceRule {
        &self.source_rule
    }

    /// Risks that count for the qualified rate (B.2.1.2.1).
    #[must_use]
    pub fn qualified(&self) -> RiskSet {
        self.qualified
    }

    /// What a keyword library must have (B.1.1).
    #[must_use]
    pub fn keyword_minimum(&self) -> &KeywordMinimum {
        &self.keyword_minimum
    }

    /// Risks that the classification models must cover (B.1.4).
    #[must_use]
    pub fn models_covered(&self) -> RiskSet {
        self.models_covered
    }

    /// Risks that mark a record and do not drop it, unless a policy says otherwise.
    #[must_use]
    pub fn flag_only(&self) -> RiskSet {
        self.flag_only
    }

    /// The spot checks of the filtered data (B.2.1.2.1).
    #[must_use]
    pub fn spot_checks(&self) -> &SpotChecks {
        &self.spot_checks
    }

    /// How many sources each language and modality needs (4.1.2 a).
    #[must_use]
    pub fn composition(&self) -> &Composition {
        &self.composition
    }

    /// What an assessor draws of each kind of source (4.1.3).
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Samples that look for personal information and consent (4.2.3).
    #[must_use]
    pub fn personal_information(&self) -> &PersonalInformation {
        &self.personal_information
    }

    /// Name, edition, codes and every number, in a form that never changes for equal taxonomies. Titles decide
    /// nothing and are left out.
    pub(crate) fn canonical(&self) -> String {
        let mut text = format!("taxonomy {:?} version {:?}\n", self.name, self.version);
        for risk in &self.risks {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "risk {} group {}", risk.code, risk.group);
        }
        for (rule, set) in [
            ("source_rule.counted", self.source_rule.counted),
            ("qualified.counted", self.qualified),
            ("keywords.covered", self.keyword_minimum.covered),
            ("models.covered", self.models_covered),
            ("defaults.flag_only", self.flag_only),
        ] {
            let _ = writeln!(text, "{rule} {}", self.listed(set));
        }
        for (number, value) in self.numbers() {
            let _ = writeln!(text, "{number} {value}");
        }
        text
    }

    /// Codes of a set with commas, `-` for none.
    pub(crate) fn listed(&self, set: RiskSet) -> String {
        let codes: Vec<&str> = self.codes(set).collect();
        if codes.is_empty() { "-".to_owned() } else { codes.join(",") }
    }

    fn numbers(&self) -> Vec<(&'static str, String)> {
        let (keywords, checks) = (&self.keyword_minimum, &self.spot_checks);
        let (places, drawn, personal) = (&self.composition, &self.provenance, &self.personal_information);
        vec![
            ("source_rule.limit_percent", self.source_rule.limit.to_string()),
            ("source_rule.recheck_percent", self.source_rule.recheck.to_string()),
            ("keywords.minimum_total", keywords.total.to_string()),
            ("keywords.minimum_per_risk", format!("{:?}", keywords.per_risk)),
            ("keywords.maximum_age_days", format!("{:?}", keywords.maximum_age_days)),
            ("spot_check.manual", checks.manual.canonical()),
            ("spot_check.technical", checks.technical.canonical()),
            ("composition.sources_per_language", places.sources_per_language.to_string()),
            ("composition.sources_per_modality", places.sources_per_modality.to_string()),
            ("provenance.open_source_percent", drawn.open_source_percent.to_string()),
            ("provenance.self_collected_items", drawn.self_collected_items.to_string()),
            ("provenance.forbidden_items", drawn.forbidden_items.to_string()),
            ("provenance.commercial_percent", drawn.commercial_percent.to_string()),
            ("provenance.user_input_percent", drawn.user_input_percent.to_string()),
            ("provenance.user_input_items", drawn.user_input_items.to_string()),
            ("personal_information.consent_percent", personal.consent_percent.to_string()),
            ("personal_information.consent_items", personal.consent_items.to_string()),
            ("personal_information.sample_items", personal.sample_items.to_string()),
            ("personal_information.sensitive_sample_items", personal.sensitive_sample_items.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard() -> Taxonomy {
        Taxonomy::builtin("gbt45654").expect("the builtin taxonomy")
    }

    #[test]
    fn the_builtin_taxonomy_holds_the_standards_numbers() {
        let taxonomy = standard();
        let first: Vec<_> = taxonomy.codes(taxonomy.all()).take(9).collect();
        assert_eq!(first, ["A1a", "A1b", "A1c", "A1d", "A1e", "A1f", "A1g", "A1h", "A2a"]);
        let sizes = taxonomy
            .groups()
            .iter()
            .map(|group| taxonomy.risks().iter().filter(|risk| risk.group == group.code).count());
        assert_eq!(sizes.collect::<Vec<_>>(), [8, 9, 5, 7, 2]);
        assert_eq!(taxonomy.all().bits(), (1 << 31) - 1);
        assert_eq!(taxonomy.source_rule().counted.bits(), (1 << 29) - 1);
        assert_eq!(taxonomy.source_rule().limit.to_string(), "5");
        assert_eq!((taxonomy.qualified(), taxonomy.models_covered()), (taxonomy.all(), taxonomy.all()));
        assert_eq!(taxonomy.keyword_minimum().covered.len(), 17);
        assert_eq!(taxonomy.keyword_minimum().total, 10_000);
        assert_eq!(taxonomy.keyword_minimum().per_risk.iter().sum::<u64>(), 8 * 200 + 9 * 100);
        assert_eq!(taxonomy.keyword_minimum().maximum_age_days, Some(7));
        assert_eq!(taxonomy.codes(taxonomy.flag_only()).collect::<Vec<_>>(), ["A5a", "A5b"]);
        assert_eq!(taxonomy.spot_checks().manual.minimum_items, 4000);
        assert_eq!(taxonomy.spot_checks().technical.required(50_000), 5000);
        assert_eq!(taxonomy.provenance().self_collected_items, 1000);
        assert_eq!(taxonomy.provenance().forbidden_items, 100);
        assert_eq!(taxonomy.composition().sources_per_modality, 2);
        assert_eq!(taxonomy.personal_information().sensitive_sample_items, 4000);
        assert!(Taxonomy::builtin("gbt45655").is_none());
    }

    #[test]
    fn select_takes_codes_and_groups_and_names_the_nearest() {
        let taxonomy = standard();
        let set = taxonomy.select(&["A5", "A1f", "A5a"]).expect("known names");
        assert_eq!(taxonomy.listed(set), "A1f,A5a,A5b");
        assert_eq!(taxonomy.select(&[] as &[&str]), Ok(RiskSet::EMPTY));
        let message = taxonomy.select(&["A1f", "a4E"]).expect_err("unknown").to_string();
        assert!(message.contains("\"a4E\" in taxonomy gbt45654; did you mean \"A4e\"?"), "{message}");
        assert!(taxonomy.risk_id("A1").is_none());
    }

    #[test]
    fn codes_and_ids_agree() {
        let taxonomy = standard();
        for id in taxonomy.all().iter() {
            assert_eq!(taxonomy.risk_id(taxonomy.code(id)), Some(id));
        }
    }
}
