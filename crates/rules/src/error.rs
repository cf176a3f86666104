use std::cmp::Reverse;
use std::fmt;

/// Why a taxonomy, policy, profile or number was refused. All of them are the user's mistake or bad data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// The text is no TOML, or has an unknown key, a missing key or a value of the wrong type.
    #[error("{at}: {message}")]
    Syntax {
        /// File and line.
        at: Location,
        /// What the TOML reader says.
        message: String,
    },
    /// The TOML is well formed but does not describe a taxonomy.
    #[error("{at}: {message}")]
    Taxonomy {
        /// File and line.
        at: Location,
        /// What was got and what was expected.
        message: String,
    },
    /// A name is neither a risk nor a group of the taxonomy.
    #[error("unknown risk or group {got:?} in taxonomy {taxonomy}; did you mean {nearest:?}? known are {known}")]
    UnknownRisk {
        /// The name as given.
        got: String,
        /// The known name nearest to it.
        nearest: String,
        /// Every known name, groups first.
        known: String,
        /// Name of the taxonomy.
        taxonomy: String,
    },
    /// A name is no kind of personal information.
    #[error("{at}: unknown kind of personal information {got:?}; did you mean {nearest:?}?")]
    UnknownPii {
        /// File.
        at: Location,
        /// The name as given.
        got: String,
        /// The known name nearest to it.
        nearest: String,
    },
    /// A value of the `[policy]` table cannot be used.
    #[error("policy.{key}: {message}")]
    Policy {
        /// Path of the value below `policy`.
        key: String,
        /// What was got, what was expected, and the way out.
        message: String,
    },
    /// A percentage is malformed, too fine or out of range.
    #[error("percentage {got:?} {problem}; expected 0 to 100 with at most 4 decimals, such as 2.5")]
    Percent {
        /// The text as given.
        got: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A ledger names one source twice.
    #[error("ledger: source {name:?} stands in it twice; expected one entry per source")]
    DuplicateSource {
        /// The source.
        name: String,
    },
}

/// A place in a file: its name and, where known, the line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// File name, or `builtin:` name.
    pub origin: String,
    /// Line, counted from 1.
    pub line: Option<usize>,
}

impl Location {
    /// The file as a whole.
    pub(crate) fn file(origin: &str) -> Self {
        Self { origin: origin.to_owned(), line: None }
    }

    /// The line of `text` in which the byte `offset` stands.
    pub(crate) fn in_text(origin: &str, text: &str, offset: usize) -> Self {
        let before = text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|&&byte| byte == b'\n').count();
        Self { origin: origin.to_owned(), line: Some(line) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.origin),
            None => f.write_str(&self.origin),
        }
    }
}

/// Reads TOML; an error names the file and the line.
pub(crate) fn from_toml<T: serde::de::DeserializeOwned>(text: &str, origin: &str) -> Result<T, RulesError> {
    toml::from_str(text).map_err(|error| RulesError::Syntax {
        at: match error.span() {
            Some(span) => Location::in_text(origin, text, span.start),
            None => Location::file(origin),
        },
        message: error.message().trim_end().replace('\n', ", "),
    })
}

/// The candidate nearest to `got`, case ignored; empty where there is none. Of several the one that begins and is as
/// long as `got`, then the first.
pub(crate) fn nearest<'a>(got: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let got = got.to_lowercase();
    let distance = |known: &&str| {
        let known = known.to_lowercase();
        let alike = got.chars().zip(known.chars()).take_while(|(a, b)| a == b).count();
        (strsim::damerau_levenshtein(&got, &known), Reverse(alike), got.len().abs_diff(known.len()))
    };
    candidates.into_iter().min_by_key(distance).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_counts_lines_from_one() {
        assert_eq!(Location::in_text("x.toml", "a\nb\nc", 4).to_string(), "x.toml:3");
        assert_eq!(Location::in_text("x.toml", "a\nb\nc", 0).to_string(), "x.toml:1");
        assert_eq!(Location::file("x.toml").to_string(), "x.toml");
    }

    #[test]
    fn the_nearest_name_ignores_case_and_prefers_a_like_beginning() {
        assert_eq!(nearest("a1D", ["A1a", "A1d"]), "A1d");
        assert_eq!(nearest("A1x", ["A1", "A1a", "A1d"]), "A1a");
        assert_eq!(nearest("B1", ["A1", "B", "B2"]), "B2");
        assert_eq!(nearest("A1x", []), "");
    }
}
