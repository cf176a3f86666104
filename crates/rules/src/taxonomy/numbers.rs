//! The numbers that a standard sets beside its list of risks.

use serde::Deserialize;

use crate::{Percent, RiskId, RiskSet, SpotCheck};

/// The rule by which a source is used or not (4.1.1 b).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRule {
    /// Risks that make a record unqualified for this rule (4.1.1 note 1).
    pub counted: RiskSet,
    /// A source with more than this share of unqualified records is not used.
    pub limit: Percent,
    /// Share of the assessment records that an assessor checks again, at least (B.2.1.1.1).
    pub recheck: Percent,
}

/// What a keyword library must have (B.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeywordMinimum {
    /// Risks that the library covers, at least (B.1.1 b).
    pub covered: RiskSet,
    /// Entries in all (B.1.1 a).
    pub total: u64,
    /// Entries per risk, by position in the taxonomy; 0 where nothing is asked (B.1.1 b).
    pub per_risk: Vec<u64>,
    /// Age of the last update, in days; none where nothing is asked (B.1.1 c).
    pub maximum_age_days: Option<u32>,
}

impl KeywordMinimum {
    /// Entries that this risk must have; 0 where nothing is asked (B.1.1 b).
    #[must_use]
    pub fn for_risk(&self, risk: RiskId) -> u64 {
        self.per_risk.get(risk.index()).copied().unwrap_or(0)
    }
}

/// The two spot checks of the filtered data, each per modality (B.2.1.2.1). The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpotChecks {
    /// By people (B.2.1.2.1 a).
    pub manual: SpotCheck,
    /// By keywords and models (B.2.1.2.1 b).
    pub technical: SpotCheck,
}

/// How many sources each language and modality needs (4.1.2 a). The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Composition {
    /// Sources per language, at least.
    pub sources_per_language: u64,
    /// Sources per modality, at least.
    pub sources_per_modality: u64,
}

/// What an assessor draws of each kind of source (4.1.3, B.2.1.1.3). The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Provenance {
    /// Share of the open-source data sets whose licence is checked (B.2.1.1.3 b).
    pub open_source_percent: Percent,
    /// Self-collected items whose collection record is checked (B.2.1.1.3 c).
    pub self_collected_items: u64,
    /// Of those, items checked again for data that others forbade to collect (B.2.1.1.3 c).
    pub forbidden_items: u64,
    /// Share of the commercial transactions checked (B.2.1.1.3 d).
    pub commercial_percent: Percent,
    /// Share of the users' input checked for authorisation; this or `user_input_items` (B.2.1.1.3 e).
    pub user_input_percent: Percent,
    /// Items of users' input checked for authorisation; these or `user_input_percent` (B.2.1.1.3 e).
    pub user_input_items: u64,
}

/// Samples that look for personal information and consent (4.2.3, B.2.1.2.3). The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonalInformation {
    /// Share of the items carrying it whose consent is checked; this or `consent_items` (B.2.1.2.3 b, c).
    pub consent_percent: Percent,
    /// Items carrying it whose consent is checked; these or `consent_percent` (B.2.1.2.3 b, c).
    pub consent_items: u64,
    /// Items of all data looked through for personal information (B.2.1.2.3 d).
    pub sample_items: u64,
    /// Items of all data looked through for sensitive personal information (B.2.1.2.3 e).
    pub sensitive_sample_items: u64,
}
