//! A taxonomy's TOML file, read and checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{
    Composition, Group, KeywordMinimum, PersonalInformation, Provenance, Risk, SourceRule, SpotChecks, Taxonomy,
};
use crate::error::{Location, from_toml};
use crate::{Percent, RiskId, RiskSet, RulesError};

/// A `RiskSet` has one bit per risk.
const MOST_RISKS: usize = 64;
/// Codes are column names, labels and file names.
const LONGEST_CODE: usize = 16;
/// A policy has this word beside the codes.
const RESERVED: &str = "default";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    title: String,
    version: String,
    group: Vec<GroupTable>,
    risk: Vec<RiskTable>,
    source_rule: SourceRuleTable,
    qualified: Option<CountedTable>,
    #[serde(default)]
    keywords: KeywordsTable,
    models: Option<CoveredTable>,
    #[serde(default)]
    defaults: DefaultsTable,
    #[serde(default)]
    spot_check: SpotChecks,
    #[serde(default)]
    composition: Composition,
    #[serde(default)]
    provenance: Provenance,
    #[serde(default)]
    personal_information: PersonalInformation,
}

type Names = Vec<Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupTable {
    code: Spanned<String>,
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RiskTable {
    code: Spanned<String>,
    group: Spanned<String>,
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRuleTable {
    counted: Names,
    limit_percent: Percent,
    #[serde(default)]
    recheck_percent: Percent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountedTable {
    counted: Names,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CoveredTable {
    covered: Names,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KeywordsTable {
    covered: Names,
    minimum_total: u64,
    minimum_per_risk: BTreeMap<String, u64>,
    maximum_age_days: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DefaultsTable {
    flag_only: Names,
}

pub(super) fn parse(text: &str, origin: &str) -> Result<Taxonomy, RulesError> {
    let file: File = from_toml(text, origin)?;
    let source = Source { text, origin };
    let mut taxonomy = source.codes(&file)?;
    taxonomy.source_rule = SourceRule {
        counted: source.set(&taxonomy, &file.source_rule.counted)?,
        limit: file.source_rule.limit_percent,
        recheck: file.source_rule.recheck_percent,
    };
    if let Some(qualified) = &file.qualified {
        taxonomy.qualified = source.set(&taxonomy, &qualified.counted)?;
    }
    if let Some(models) = &file.models {
        taxonomy.models_covered = source.set(&taxonomy, &models.covered)?;
    }
    taxonomy.flag_only = source.set(&taxonomy, &file.defaults.flag_only)?;
    taxonomy.keyword_minimum = source.keyword_minimum(&taxonomy, &file.keywords)?;
    taxonomy.spot_checks = file.spot_check;
    taxonomy.composition = file.composition;
    taxonomy.provenance = file.provenance;
    taxonomy.personal_information = file.personal_information;
    Ok(taxonomy)
}

/// The text being read, for messages.
struct Source<'a> {
    text: &'a str,
    origin: &'a str,
}

impl Source<'_> {
    fn at<T>(&self, place: &Spanned<T>) -> Location {
        Location::in_text(self.origin, self.text, place.span().start)
    }

    fn refuse<T>(&self, place: &Spanned<T>, message: String) -> RulesError {
        RulesError::Taxonomy { at: self.at(place), message }
    }

    /// The groups and risks alone; every rule still asks for nothing.
    fn codes(&self, file: &File) -> Result<Taxonomy, RulesError> {
        self.check_codes(file)?;
        let groups: Vec<Group> = file.group.iter().map(GroupTable::group).collect();
        let risks: Vec<Risk> = file.risk.iter().map(RiskTable::risk).collect();
        let all: RiskSet = (0..risks.len() as u8).map(RiskId::new).collect();
        Ok(Taxonomy {
            toml: self.text.to_owned(),
            name: file.name.get_ref().clone(),
            title: file.title.clone(),
            version: file.version.clone(),
            groups,
            risks,
            all,
            source_rule: SourceRule { counted: RiskSet::EMPTY, limit: Percent::HUNDRED, recheck: Percent::ZERO },
            qualified: all,
            keyword_minimum: KeywordMinimum {
                covered: RiskSet::EMPTY,
                total: 0,
                per_risk: Vec::new(),
                maximum_age_days: None,
            },
            models_covered: all,
            flag_only: RiskSet::EMPTY,
            spot_checks: SpotChecks::default(),
            composition: Composition::default(),
            provenance: Provenance::default(),
            personal_information: PersonalInformation::default(),
        })
    }

    fn check_codes(&self, file: &File) -> Result<(), RulesError> {
        self.check_code(&file.name)?;
        if file.risk.is_empty() || file.risk.len() > MOST_RISKS {
            let message = format!("{} risks; expected 1 to {MOST_RISKS}", file.risk.len());
            return Err(RulesError::Taxonomy { at: Location::file(self.origin), message });
        }
        let mut seen: Vec<&str> = Vec::new();
        let groups = file.group.iter().map(|group| &group.code);
        for code in groups.chain(file.risk.iter().map(|risk| &risk.code)) {
            self.check_code(code)?;
            let name = code.get_ref().as_str();
            if seen.contains(&name) {
                let message = format!("code {name:?} is used twice; expected one risk or group per code");
                return Err(self.refuse(code, message));
            }
            seen.push(name);
        }
        self.check_groups(file)
    }

    fn check_code(&self, code: &Spanned<String>) -> Result<(), RulesError> {
        let name = code.get_ref();
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if plain && (1..=LONGEST_CODE).contains(&name.len()) && name != RESERVED {
            return Ok(());
        }
        let message = format!(
            "code {name:?} cannot be used; expected 1 to {LONGEST_CODE} ASCII letters, digits, \"_\" or \"-\", not {RESERVED:?}"
        );
        Err(self.refuse(code, message))
    }

    fn check_groups(&self, file: &File) -> Result<(), RulesError> {
        let known: Vec<&str> = file.group.iter().map(|group| group.code.get_ref().as_str()).collect();
        for risk in &file.risk {
            let group = risk.group.get_ref();
            if !known.contains(&group.as_str()) {
                let message = format!("unknown group {group:?}; groups are {}", known.join(", "));
                return Err(self.refuse(&risk.group, message));
            }
        }
        let empty =
            file.group.iter().find(|group| file.risk.iter().all(|risk| risk.group.get_ref() != group.code.get_ref()));
        match empty {
            None => Ok(()),
            Some(group) => {
                let code = group.code.get_ref();
                let message = format!("group {code:?} has no risk; expected one at least");
                Err(self.refuse(&group.code, message))
            }
        }
    }

    fn set(&self, taxonomy: &Taxonomy, names: &Names) -> Result<RiskSet, RulesError> {
        let mut set = RiskSet::EMPTY;
        for name in names {
            let selected = taxonomy.select_one(name.get_ref());
            set = set.union(selected.map_err(|error| self.refuse(name, error.to_string()))?);
        }
        Ok(set)
    }

    fn keyword_minimum(&self, taxonomy: &Taxonomy, table: &KeywordsTable) -> Result<KeywordMinimum, RulesError> {
        let mut per_risk = vec![0; taxonomy.risks().len()];
        // Groups before codes, so that a code's own number stands.
        let (groups, codes): (Vec<_>, Vec<_>) =
            table.minimum_per_risk.iter().partition(|(name, _)| taxonomy.risk_id(name).is_none());
        for (name, &minimum) in groups.into_iter().chain(codes) {
            let selected = taxonomy.select_one(name).map_err(|error| RulesError::Taxonomy {
                at: Location::file(self.origin),
                message: format!("keywords.minimum_per_risk: {error}"),
            })?;
            selected.iter().for_each(|risk| per_risk[risk.index()] = minimum);
        }
        Ok(KeywordMinimum {
            covered: self.set(taxonomy, &table.covered)?,
            total: table.minimum_total,
            per_risk,
            maximum_age_days: table.maximum_age_days,
        })
    }
}

impl GroupTable {
    fn group(&self) -> Group {
        Group { code: self.code.get_ref().clone(), title: self.title.clone() }
    }
}

impl RiskTable {
    fn risk(&self) -> Risk {
        Risk { code: self.code.get_ref().clone(), group: self.group.get_ref().clone(), title: self.title.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"name = "small"
title = "a small standard"
version = "1"
[[group]]
code = "X"
title = "x"
[[group]]
code = "Y"
title = "y"
[[risk]]
code = "X1"
group = "X"
title = "first"
[[risk]]
code = "X2"
group = "X"
title = "second"
[[risk]]
code = "Y1"
group = "Y"
title = "third"
[source_rule]
counted = ["X"]
limit_percent = 2.5
[keywords]
minimum_per_risk = { X = 10, X2 = 5 }
"#;

    fn refusal(from: &str, to: &str) -> String {
        assert!(SMALL.contains(from), "{from:?} is not in the file");
        match parse(&SMALL.replacen(from, to, 1), "small.toml") {
            Ok(_) => panic!("{to:?} was taken"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_table_left_out_asks_for_nothing() {
        let taxonomy = parse(SMALL, "small.toml").expect("small taxonomy");
        assert_eq!(taxonomy.source_rule().limit.to_string(), "2.5");
        assert_eq!(taxonomy.source_rule().counted.bits(), 0b011);
        assert_eq!(taxonomy.qualified(), taxonomy.all());
        assert_eq!(taxonomy.models_covered(), taxonomy.all());
        assert!(taxonomy.flag_only().is_empty());
        assert_eq!(*taxonomy.spot_checks(), SpotChecks::default());
        assert_eq!(taxonomy.keyword_minimum().per_risk, [10, 5, 0]);
        assert_eq!(taxonomy.keyword_minimum().maximum_age_days, None);
    }

    #[test]
    fn errors_name_file_line_and_what_was_got() {
        for (from, to, expected) in [
            ("title = \"first\"", "tilte = \"first\"", "small.toml:13: unknown field `tilte`"),
            ("code = \"X2\"", "code = \"X1\"", "small.toml:15: code \"X1\" is used twice"),
            ("code = \"X2\"", "code = \"X\"", "small.toml:15: code \"X\" is used twice"),
            ("code = \"X2\"", "code = \"default\"", "small.toml:15: code \"default\" cannot"),
            ("code = \"X2\"", "code = \"../x\"", "small.toml:15: code \"../x\" cannot"),
            ("group = \"Y\"", "group = \"Z\"", "small.toml:20: unknown group \"Z\"; groups are X, Y"),
            ("group = \"Y\"", "group = \"X\"", "small.toml:8: group \"Y\" has no risk"),
            ("counted = [\"X\"]", "counted = [\"y2\"]", "did you mean \"Y1\"?"),
            ("counted = [\"X\"]", "counted = [\"y2\"]", "small.toml:23: "),
            ("2.5", "250", "small.toml:24: percentage \"250\" is out of range"),
            ("X2 = 5", "X3 = 5", "small.toml: keywords.minimum_per_risk: unknown risk or group \"X3\""),
            ("name = \"small\"\n", "", "missing field `name`"),
            ("title = \"y\"", "title = y", "small.toml:9: "),
        ] {
            let message = refusal(from, to);
            assert!(message.contains(expected), "{to:?}: {message}");
        }
    }

    #[test]
    fn more_risks_than_bits_are_refused() {
        let more: String =
            (0..62).map(|n| format!("[[risk]]\ncode = \"n{n}\"\ngroup = \"Y\"\ntitle = \"t\"\n")).collect();
        assert!(refusal("[source_rule]", &format!("{more}[source_rule]")).contains("65 risks"));
    }
}
