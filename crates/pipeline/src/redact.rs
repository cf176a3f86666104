//! What is written in place of personal information: the policy's word, and the key that pseudonyms are made with.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use tamis_detect::{Pseudonymizer, placeholder};
use tamis_rules::{PiiKind, PiiSet, Policy};
use tamis_shard::{ColumnMap, Redactor, Role};

use crate::PipelineError;

/// Bytes that a key must have, and those that it may have: more is another file.
const KEY_BYTES: (usize, usize) = (16, 64 << 10);

/// How a key file is made.
const MAKE_KEY: &str = "a file of 32 random bytes is right: head -c 32 /dev/urandom > pseudonym.key";

/// Puts in place of personal information what a policy says.
#[derive(Debug, Clone)]
pub(crate) struct PolicyRedactor {
    /// Kinds that are replaced at all.
    redacts: PiiSet,
    /// Those of them that a pseudonym stands for.
    pseudonymized: PiiSet,
    pseudonyms: Option<Pseudonymizer>,
}

impl PolicyRedactor {
    /// Reads the key where the policy asks for pseudonyms; else no file is looked at.
    ///
    /// # Errors
    /// [`PipelineError::Usage`] where a key is needed and missing, unreadable, or too short to be secret.
    pub(crate) fn new(policy: &Policy, key: Option<&Path>) -> Result<Self, PipelineError> {
        let pseudonymized = policy.pseudonymizes();
        let pseudonyms = match (pseudonymized.is_empty(), key) {
            (true, _) => None,
            (false, Some(path)) => Some(Pseudonymizer::new(&read_key(path)?)),
            (false, None) => {
                return Err(PipelineError::Usage(format!(
                    "output.pseudonym_key is missing: the policy replaces {} by pseudonyms, which are made with a \
                     secret key; {MAKE_KEY}",
                    few(pseudonymized)
                )));
            }
        };
        Ok(Self { redacts: policy.redacts(), pseudonymized, pseudonyms })
    }

    /// Kinds that are replaced.
    pub(crate) fn redacts(&self) -> PiiSet {
        self.redacts
    }

    /// Id of the key; none where it is not used.
    pub(crate) fn key_id(&self) -> Option<String> {
        self.pseudonyms.as_ref().map(Pseudonymizer::key_id)
    }

    /// A column that is redacted can play no other part: ids, sources, languages and modalities stand in tags, verdicts
    /// and ledger as they were read.
    ///
    /// # Errors
    /// [`PipelineError::Usage`] with the column and its parts.
    pub(crate) fn check_columns(&self, columns: &ColumnMap) -> Result<(), PipelineError> {
        if self.redacts.is_empty() {
            return Ok(());
        }
        let wanted = columns.wanted();
        let other = wanted
            .iter()
            .find(|(role, name)| !matches!(role, Role::Text(_)) && columns.text.iter().any(|text| text == name));
        let Some((role, name)) = other else { return Ok(()) };
        let role = match role {
            Role::Text(_) => "text",
            Role::Id => "id",
            Role::Source => "source",
            Role::Lang => "lang",
            Role::Modality => "modality",
        };
        Err(PipelineError::Usage(format!(
            "column {name:?} is input.text, in which the policy redacts personal information, and input.{role}, which \
             stands in tags and verdicts as it was read; map input.{role} to another column, or take {name:?} out of \
             input.text"
        )))
    }
}

impl Redactor for PolicyRedactor {
    fn replacement(&self, kind: PiiKind, original: &str, out: &mut String) {
        match &self.pseudonyms {
            Some(pseudonyms) if self.pseudonymized.contains(kind) => pseudonyms.pseudonym(kind, original, out),
            _ => out.push_str(placeholder(kind)),
        }
    }
}

/// The first kinds by name, and how many more there are.
fn few(kinds: PiiSet) -> String {
    let names: Vec<&str> = kinds.names().take(3).collect();
    let more = kinds.len() - names.len();
    if more == 0 { names.join(", ") } else { format!("{} and {more} more kinds", names.join(", ")) }
}

fn read_key(path: &Path) -> Result<Vec<u8>, PipelineError> {
    let refuse =
        |what: String| PipelineError::Usage(format!("output.pseudonym_key: {}: {what}; {MAKE_KEY}", path.display()));
    let mut key = Vec::new();
    let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
    file.take(KEY_BYTES.1 as u64 + 1).read_to_end(&mut key).map_err(|error| refuse(error.to_string()))?;
    if key.len() < KEY_BYTES.0 {
        return Err(refuse(format!("it holds {} bytes, expected {} or more", key.len(), KEY_BYTES.0)));
    }
    if key.len() > KEY_BYTES.1 {
        return Err(refuse(format!("it holds more than {} bytes, so it is no key", KEY_BYTES.1)));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tamis_rules::{PolicySpec, Taxonomy};
    use tamis_shard::SourceOrigin;

    use super::*;

    fn policy(toml: &str) -> Policy {
        let spec: PolicySpec = toml::from_str(toml).unwrap();
        Policy::resolve(&spec, Arc::new(Taxonomy::builtin("gbt45654").unwrap())).unwrap()
    }

    const PSEUDONYMS: &str =
        "pii.email = { action = \"redact\", replace = \"pseudonym\" }\npii.phone.action = \"redact\"";

    fn replaced(redactor: &PolicyRedactor, kind: PiiKind, original: &str) -> String {
        let mut out = String::new();
        redactor.replacement(kind, original, &mut out);
        out
    }

    #[test]
    fn each_kind_is_replaced_as_the_policy_says() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, [7; 32]).unwrap();
        let redactor = PolicyRedactor::new(&policy(PSEUDONYMS), Some(&key)).unwrap();
        assert_eq!(replaced(&redactor, PiiKind::Phone, "13800138000"), "[PHONE]");
        let email = replaced(&redactor, PiiKind::Email, "li.lei@mail.example.com");
        assert!(!email.contains("li.lei") && email != "[EMAIL]", "{email}");
        assert!(redactor.key_id().is_some() && !format!("{redactor:?}").contains("7, 7"));
        // Where nothing is made with it, the key is not even looked at.
        let plain = PolicyRedactor::new(&policy("pii.email.action = \"redact\""), Some(Path::new("/none"))).unwrap();
        assert_eq!((plain.key_id(), replaced(&plain, PiiKind::Email, "a@b.cn")), (None, "[EMAIL]".into()));
    }

    #[test]
    fn a_key_that_cannot_be_used_is_refused_with_the_way_to_make_one() {
        let folder = tempfile::tempdir().unwrap();
        let (short, long) = (folder.path().join("short"), folder.path().join("long"));
        std::fs::write(&short, "geheim").unwrap();
        std::fs::write(&long, vec![0; 70_000]).unwrap();
        for (key, expected) in [
            (None, "output.pseudonym_key is missing: the policy replaces email by pseudonyms"),
            (Some(folder.path().join("none")), "none: No such file"),
            (Some(short), "short: it holds 6 bytes, expected 16 or more"),
            (Some(long), "long: it holds more than 65536 bytes"),
        ] {
            let error = PolicyRedactor::new(&policy(PSEUDONYMS), key.as_deref()).unwrap_err();
            let message = error.to_string();
            assert!(error.exit_code() == 2 && message.contains(expected), "{message}");
            assert!(message.ends_with(MAKE_KEY) && !message.contains("geheim"), "{message}");
        }
    }

    #[test]
    fn a_redacted_column_plays_no_other_part() {
        let columns = |id: Option<&str>, source: SourceOrigin| ColumnMap {
            text: vec!["title".into(), "text".into()],
            id: id.map(str::to_string),
            source,
            lang: None,
            modality: None,
        };
        let constant = || SourceOrigin::Constant("text".into());
        let redactor = PolicyRedactor::new(&policy("pii.email.action = \"redact\""), None).unwrap();
        for (columns, role) in [
            (columns(Some("text"), constant()), "input.id"),
            (columns(None, SourceOrigin::Url("title".into())), "input.source"),
            (ColumnMap { lang: Some("text".into()), ..columns(None, constant()) }, "input.lang"),
        ] {
            let message = redactor.check_columns(&columns).unwrap_err().to_string();
            assert!(message.contains(&format!("and {role}, which stands in tags")), "{message}");
            assert!(PolicyRedactor::new(&policy(""), None).unwrap().check_columns(&columns).is_ok());
        }
        assert!(redactor.check_columns(&columns(Some("id"), constant())).is_ok());
    }
}
