//! What happens to personal information: the `pii` table of a policy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DEFAULT, refuse};
use crate::error::nearest;
use crate::{PiiKind, PiiProfile, PiiSet, RulesError};

/// The group of the kinds that the profile calls sensitive.
const SENSITIVE: &str = "sensitive";

/// The profile where none is named.
const PROFILE: &str = "pipl";

/// What happens to a record with personal information of a kind (4.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PiiAction {
    /// It is kept with the kind's name.
    #[default]
    Flag,
    /// It is left out of the output.
    Drop,
    /// It is kept, with something else in place of the personal information.
    Redact,
}

impl PiiAction {
    /// Name in files: `flag`, `drop` or `redact`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Drop => "drop",
            Self::Redact => "redact",
        }
    }
}

/// What stands in place of redacted personal information.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replace {
    /// A word for the kind, such as `[EMAIL]`.
    #[default]
    Placeholder,
    /// An invented value of the kind: the same for the same original under the same key.
    Pseudonym,
}

impl Replace {
    /// Name in files: `placeholder` or `pseudonym`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::Pseudonym => "pseudonym",
        }
    }
}

/// A rule as written; what is left out comes from the next wider rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PiiRuleSpec {
    /// What happens to a record with personal information of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<PiiAction>,
    /// What stands in its place where it is redacted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<Replace>,
}

/// The rule for one kind of personal information.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PiiRule {
    /// What happens to a record with personal information of this kind.
    pub action: PiiAction,
    /// What stands in its place where it is redacted; a placeholder where it is not.
    pub replace: Replace,
}

impl PiiRule {
    fn overlay(&mut self, written: &PiiRuleSpec) {
        self.action = written.action.unwrap_or(self.action);
        self.replace = written.replace.unwrap_or(self.replace);
    }

    /// Rules that do the same are equal: what replaces nothing is no part of them.
    fn normalized(self) -> Self {
        if self.action == PiiAction::Redact { self } else { Self { replace: Replace::default(), ..self } }
    }

    fn to_spec(self) -> PiiRuleSpec {
        let replace = (self.action == PiiAction::Redact).then_some(self.replace);
        PiiRuleSpec { action: Some(self.action), replace }
    }
}

/// The rules for all kinds, and the profile that says which of them are sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PiiRules {
    profile: PiiProfile,
    rules: [PiiRule; PiiKind::ALL.len()],
}

impl PiiRules {
    /// A kind's own entry goes before that of `sensitive`, and that before `default`; without any it is flagged.
    pub fn resolve(profile: Option<&str>, written: &BTreeMap<String, PiiRuleSpec>) -> Result<Self, RulesError> {
        let profile = profile_of(profile.unwrap_or(PROFILE))?;
        written.iter().try_for_each(|(name, rule)| check(name, rule))?;
        let mut rules = [PiiRule::default(); PiiKind::ALL.len()];
        for kind in PiiKind::ALL {
            let sensitive = profile.is_sensitive(kind).then_some(SENSITIVE);
            let names = [Some(DEFAULT), sensitive, Some(kind.name())];
            let mut rule = PiiRule::default();
            names.into_iter().flatten().filter_map(|name| written.get(name)).for_each(|it| rule.overlay(it));
            rules[kind.index()] = rule.normalized();
        }
        Ok(Self { profile, rules })
    }

    pub fn profile(&self) -> &PiiProfile {
        &self.profile
    }

    pub fn rule(&self, kind: PiiKind) -> PiiRule {
        self.rules[kind.index()]
    }

    /// Kinds whose rule fits.
    pub fn kinds(&self, fits: impl Fn(&PiiRule) -> bool) -> PiiSet {
        PiiKind::ALL.into_iter().filter(|kind| fits(&self.rules[kind.index()])).collect()
    }

    /// Every rule written out, by kind.
    pub fn to_spec(&self) -> BTreeMap<String, PiiRuleSpec> {
        PiiKind::ALL.into_iter().map(|kind| (kind.name().to_owned(), self.rule(kind).to_spec())).collect()
    }

    /// Lines of the policy's canonical text.
    pub fn canonical(&self) -> String {
        let rule = |kind: PiiKind| {
            let rule = self.rule(kind);
            format!("pii {} action {} replace {}\n", kind.name(), rule.action.name(), rule.replace.name())
        };
        let rules: String = PiiKind::ALL.into_iter().map(rule).collect();
        format!("pii_profile {}\n{rules}", self.profile.name())
    }
}

fn profile_of(name: &str) -> Result<PiiProfile, RulesError> {
    PiiProfile::builtin(name).ok_or_else(|| {
        let known = PiiProfile::builtin_names();
        let near = nearest(name, known.iter().map(String::as_str));
        refuse(
            "pii_profile",
            format!("unknown profile {name:?}; did you mean {near:?}? known are {}", known.join(", ")),
        )
    })
}

fn check(name: &str, rule: &PiiRuleSpec) -> Result<(), RulesError> {
    let key = format!("pii.{name}");
    if ![DEFAULT, SENSITIVE].contains(&name) && PiiKind::parse(name).is_none() {
        let known: Vec<&str> = [DEFAULT, SENSITIVE].into_iter().chain(PiiKind::ALL.map(PiiKind::name)).collect();
        let near = nearest(name, known.iter().copied());
        let message = format!(
            "unknown kind of personal information or group {name:?}; did you mean {near:?}? known are {}",
            known.join(", ")
        );
        return Err(refuse(key, message));
    }
    match (rule.action, rule.replace) {
        (Some(action @ (PiiAction::Flag | PiiAction::Drop)), Some(_)) => {
            let action = action.name();
            let message = format!(
                "nothing is replaced where the action is {action:?}; set action = \"redact\" or leave replace out"
            );
            Err(refuse(format!("{key}.replace"), message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::resolve;
    use super::*;
    use crate::Policy;

    fn rules(policy: &Policy, kinds: [PiiKind; 3]) -> [(&'static str, &'static str); 3] {
        kinds.map(|kind| (policy.pii_rule(kind).action.name(), policy.pii_rule(kind).replace.name()))
    }

    #[test]
    fn everything_is_flagged_unless_the_table_says_otherwise() {
        let policy = resolve("").expect("empty policy");
        assert!(PiiKind::ALL.into_iter().all(|kind| policy.pii_rule(kind) == PiiRule::default()));
        assert!(policy.redacts().is_empty() && policy.pseudonymizes().is_empty());
        assert_eq!(policy.pii_profile().name(), "pipl");
    }

    #[test]
    fn a_kind_goes_before_sensitive_and_that_before_the_default() {
        let table = "
            [pii]
            default = { action = \"redact\" }
            sensitive = { action = \"drop\" }
            iban = { action = \"redact\", replace = \"pseudonym\" }
            phone = { replace = \"pseudonym\" }
            ip.action = \"flag\"";
        let policy = resolve(table).expect("policy");
        let kinds = [PiiKind::Phone, PiiKind::BankCard, PiiKind::Iban];
        assert_eq!(rules(&policy, kinds), [("redact", "pseudonym"), ("drop", "placeholder"), ("redact", "pseudonym")]);
        assert_eq!(rules(&policy, [PiiKind::Ip, PiiKind::Email, PiiKind::IdCard])[0], ("flag", "placeholder"));
        assert_eq!(policy.pseudonymizes().names().collect::<Vec<_>>(), ["phone", "iban"]);
        assert_eq!(policy.redacts().len(), PiiKind::ALL.len() - 3);
        // By the other profile a telephone number is sensitive too.
        let policy = resolve(&format!("pii_profile = \"gbt35273\"\n{table}")).expect("policy");
        assert_eq!(rules(&policy, kinds)[0], ("drop", "placeholder"));
    }

    #[test]
    fn mistakes_are_refused_with_the_key() {
        for (toml, expected) in [
            (
                "pii.emial.action = \"drop\"",
                "policy.pii.emial: unknown kind of personal information or group \"emial\"; did you mean \"email\"? known are default, sensitive, name, ",
            ),
            ("pii.defualt.action = \"drop\"", "did you mean \"default\"?"),
            ("pii.email.action = \"delete\"", "unknown variant `delete`"),
            ("pii.email.acton = \"drop\"", "unknown field `acton`"),
            ("pii.email = { action = \"drop\", replace = \"placeholder\" }", "policy.pii.email.replace: nothing is"),
            ("pii.default = { action = \"flag\", replace = \"pseudonym\" }", "policy.pii.default.replace: nothing is"),
            (
                "pii_profile = \"pipi\"",
                "policy.pii_profile: unknown profile \"pipi\"; did you mean \"pipl\"? known are pipl, gbt35273",
            ),
        ] {
            let message = resolve(toml).expect_err(toml);
            assert!(message.contains(expected), "{toml}: {message}");
        }
        // A wider rule may take the action away again: then nothing is replaced, and nothing is said.
        let policy =
            resolve("pii.default = { action = \"redact\", replace = \"pseudonym\" }\npii.qq.action = \"flag\"");
        assert_eq!(policy.expect("policy").pii_rule(PiiKind::Qq), PiiRule::default());
    }

    #[test]
    fn what_replaces_nothing_is_no_part_of_the_policy() {
        let plain = resolve("").expect("policy");
        assert_eq!(resolve("pii.email.replace = \"pseudonym\"").expect("policy").canonical(), plain.canonical());
        for changed in ["pii.email.action = \"redact\"", "pii.email.action = \"drop\"", "pii_profile = \"gbt35273\""] {
            assert_ne!(resolve(changed).expect(changed).canonical(), plain.canonical(), "{changed}");
        }
        let pseudonyms = resolve("pii.email = { action = \"redact\", replace = \"pseudonym\" }").expect("policy");
        assert!(pseudonyms.canonical().contains("\npii email action redact replace pseudonym\n"));
        assert!(pseudonyms.canonical().contains("\npii_profile pipl\npii name action flag replace placeholder\n"));
    }
}
