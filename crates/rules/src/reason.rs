use crate::{PiiKind, RiskId, Taxonomy};

/// Why a record is not in the output as it was. The order is the precedence: the first reason is the primary one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A row or ratio is over its bound.
    Limit,
    /// The row could not be read.
    ParseError,
    /// The row has not the type that its column promises.
    Schema,
    /// Its source is over the limit (4.1.1 b).
    SourceRejected,
    /// Its owner forbade the collection (4.1.3 b).
    Forbidden,
    /// It is on a takedown list (4.2.2).
    Takedown,
    /// Keywords found this risk (4.2.1).
    Keyword(RiskId),
    /// A model found this risk (4.2.1).
    Model(RiskId),
    /// A model could not examine it.
    ModelError,
    /// It carries this kind of personal information (4.2.3).
    Pii(PiiKind),
    /// A consent is missing or was withdrawn (4.1.3 d, 4.2.3).
    Consent,
    /// A person decided so.
    Manual,
}

const KEYWORD: &str = "keyword:";
const MODEL: &str = "model:";
const PII: &str = "pii:";

const PLAIN: [Reason; 9] = [
    Reason::Limit,
    Reason::ParseError,
    Reason::Schema,
    Reason::SourceRejected,
    Reason::Forbidden,
    Reason::Takedown,
    Reason::ModelError,
    Reason::Consent,
    Reason::Manual,
];

impl Reason {
    /// Text in verdicts and manifests, such as `keyword:A1f`.
    ///
    /// # Panics
    /// The reason names a risk that is not of this taxonomy.
    #[must_use]
    pub fn label(&self, taxonomy: &Taxonomy) -> String {
        match self {
            Self::Keyword(risk) => format!("{KEYWORD}{}", taxonomy.code(*risk)),
            Self::Model(risk) => format!("{MODEL}{}", taxonomy.code(*risk)),
            Self::Pii(kind) => format!("{PII}{}", kind.name()),
            plain => plain.plain_name().to_owned(),
        }
    }

    /// The reason of this label.
    #[must_use]
    pub fn parse(label: &str, taxonomy: &Taxonomy) -> Option<Self> {
        if let Some(code) = label.strip_prefix(KEYWORD) {
            taxonomy.risk_id(code).map(Self::Keyword)
        } else if let Some(code) = label.strip_prefix(MODEL) {
            taxonomy.risk_id(code).map(Self::Model)
        } else if let Some(kind) = label.strip_prefix(PII) {
            PiiKind::parse(kind).map(Self::Pii)
        } else {
            PLAIN.iter().find(|reason| reason.plain_name() == label).cloned()
        }
    }

    const fn plain_name(&self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::ParseError => "parse_error",
            Self::Schema => "schema",
            Self::SourceRejected => "source_rejected",
            Self::Forbidden => "forbidden",
            Self::Takedown => "takedown",
            Self::ModelError => "model_error",
            Self::Consent => "consent",
            Self::Manual => "manual",
            Self::Keyword(_) => "keyword",
            Self::Model(_) => "model",
            Self::Pii(_) => "pii",
        }
    }
}

/// Why a record could not be examined. Such a record is counted and set aside, never lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quarantine {
    /// A row or ratio is over its bound.
    Limit,
    /// The row could not be read.
    ParseError,
    /// The row has not the type that its column promises.
    Schema,
    /// A model could not examine it.
    ModelError,
}

impl Quarantine {
    /// Every reason to set a record aside.
    pub const ALL: [Self; 4] = [Self::Limit, Self::ParseError, Self::Schema, Self::ModelError];

    /// Name in the tags, such as `parse_error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::ParseError => "parse_error",
            Self::Schema => "schema",
            Self::ModelError => "model_error",
        }
    }

    /// The reason of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl From<Quarantine> for Reason {
    fn from(quarantine: Quarantine) -> Self {
        match quarantine {
            Quarantine::Limit => Self::Limit,
            Quarantine::ParseError => Self::ParseError,
            Quarantine::Schema => Self::Schema,
            Quarantine::ModelError => Self::ModelError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_read_back_in_the_order_of_precedence() {
        let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
        let order = [
            "limit",
            "parse_error",
            "schema",
            "source_rejected",
            "forbidden",
            "takedown",
            "keyword:A1f",
            "keyword:A2a",
            "model:A1a",
            "model_error",
            "pii:name",
            "pii:url_credential",
            "consent",
            "manual",
        ];
        let reasons: Vec<Reason> = order.iter().filter_map(|label| Reason::parse(label, &taxonomy)).collect();
        let labels: Vec<String> = reasons.iter().map(|reason| reason.label(&taxonomy)).collect();
        assert_eq!(labels, order);
        assert!(reasons.is_sorted());
        for label in ["", "keyword", "keyword:", "keyword:A9z", "keyword:A1", "pii:iris", "Limit"] {
            assert_eq!(Reason::parse(label, &taxonomy), None, "{label}");
        }
    }

    #[test]
    fn a_quarantine_has_the_name_of_its_reason() {
        let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
        for quarantine in Quarantine::ALL {
            assert_eq!(Reason::from(quarantine).label(&taxonomy), quarantine.name());
            assert_eq!(Quarantine::parse(quarantine.name()), Some(quarantine));
        }
        assert_eq!(Quarantine::parse("consent"), None);
    }
}
