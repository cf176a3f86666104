//! Why a keyword library was refused.

use std::fmt;
use std::sync::Arc;

/// Why a keyword library was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeywordError {
    /// The files hold mistakes: all of them, in order of files and lines.
    #[error("keyword library {library}: {} {}\n{}", .problems.len(), plural(.problems.len()), listed(.problems))]
    Library {
        /// Name of the library or of its manifest.
        library: String,
        /// What is wrong; never empty.
        problems: Vec<Problem>,
    },
    /// The automaton for this many patterns cannot be built.
    #[error("cannot build the automaton for {patterns} keyword patterns: {source}; use a smaller library")]
    Automaton {
        /// Distinct terms, conditions and contexts.
        patterns: usize,
        /// What the builder says.
        source: Box<aho_corasick::BuildError>,
    },
}

impl KeywordError {
    /// The mistakes in the files; empty for other errors.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Library { problems, .. } => problems,
            Self::Automaton { .. } => &[],
        }
    }
}

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it is.
    pub origin: Origin,
    /// What was got, what was expected, and the way out.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)
    }
}

/// A place in a library's files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The file's name as the caller gave it.
    pub file: Arc<str>,
    /// Line, counted from 1; none for the file as a whole.
    pub line: Option<u32>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// The known name nearest to `got`, as a question, where one is near enough to be meant.
pub(crate) fn did_you_mean<'a>(got: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let got = got.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&got, &name.to_lowercase());
    let nearest = known.into_iter().map(|name| (distance(name), name)).min_by_key(|&(far, _)| far);
    match nearest {
        Some((far, name)) if far <= 3.min(name.chars().count().saturating_sub(1)) => {
            format!("; did you mean {name:?}?")
        }
        _ => String::new(),
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "problem" } else { "problems" }
}

fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_offered() {
        assert_eq!(did_you_mean("Enforced", ["enforce", "advisory"]), "; did you mean \"enforce\"?");
        assert_eq!(did_you_mean("zzzzzzzz", ["enforce", "advisory"]), "");
        assert_eq!(did_you_mean("x", [] as [&str; 0]), "");
    }

    #[test]
    fn every_problem_is_told() {
        let at = |line| Problem { origin: Origin { file: "A1d.tsv".into(), line }, message: "bad".into() };
        let error = KeywordError::Library { library: "mine".into(), problems: vec![at(Some(2)), at(None)] };
        assert_eq!(error.to_string(), "keyword library mine: 2 problems\n  A1d.tsv:2: bad\n  A1d.tsv: bad");
    }
}
