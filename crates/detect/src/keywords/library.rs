//! A keyword library as a whole.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use tamis_rules::Taxonomy;

use super::format::{self, Reader};
use super::lists::{self, NamedLists};
use super::{Date, Entry, LibraryStats, Near};
use crate::error::did_you_mean;
use crate::{KeywordError, Origin, Problem};

/// Keywords that were checked, by id.
#[derive(Clone, Debug)]
pub struct KeywordLibrary {
    name: String,
    version: String,
    updated: Date,
    taxonomy: String,
    description: String,
    origin: Origin,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    version: String,
    updated: String,
    taxonomy: String,
    #[serde(default)]
    description: String,
}

impl KeywordLibrary {
    /// Reads a library: `manifest` is the name and text of its `library.toml`, `files` those of its `.tsv` files and of
    /// its `lists.toml` where it has one, in any order. The format stands in the [crate's documentation](crate#the-file-format-tamis-keywords1).
    ///
    /// # Errors
    /// [`KeywordError::Library`] with every mistake in the files, not only the first.
    pub fn parse(
        manifest: (&str, &str),
        files: &[(impl AsRef<str>, impl AsRef<str>)],
        taxonomy: &Taxonomy,
    ) -> Result<Self, KeywordError> {
        let mut problems = Vec::new();
        let library = Self::read_manifest(manifest, taxonomy, &mut problems);
        let mut files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_ref(), text.as_ref())).collect();
        files.sort_unstable();
        let is_lists = |name: &str| name.rsplit(['/', '\\']).next() == Some(lists::FILE);
        let named = files.iter().find(|(name, _)| is_lists(name));
        let named = named.map_or_else(NamedLists::default, |(name, text)| NamedLists::parse(name, text, &mut problems));
        let mut reader = Reader::new(taxonomy, &named);
        let mut entries = Vec::new();
        for (name, text) in files.iter().filter(|(name, _)| !is_lists(name)) {
            entries.extend(format::parse(name, text, &mut reader, &mut problems));
        }
        sort_by_id(&mut entries, &mut problems);
        match library {
            Some(library) if problems.is_empty() => Ok(Self { entries, ..library }),
            _ => Err(KeywordError::Library { library: manifest.0.to_owned(), problems }),
        }
    }

    /// Several libraries as one, without the entries that `removals` names by their ids. Its name and version list
    /// those of its parts, its date is the latest of theirs.
    ///
    /// # Errors
    /// [`KeywordError::Library`] where there is no library, where they are for different taxonomies, where two of
    /// them have an entry of the same id, or where no library has an entry that is to be removed.
    pub fn stack(libraries: Vec<Self>, removals: &[impl AsRef<str>]) -> Result<Self, KeywordError> {
        let mut problems = Vec::new();
        let joined = libraries.into_iter().reduce(|below, above| below.with(above, &mut problems));
        let Some(mut joined) = joined else {
            let origin = Origin { file: "library stack".into(), line: None };
            let message = "no library given; expected at least one".to_owned();
            return Err(KeywordError::Library {
                library: "stack".to_owned(),
                problems: vec![Problem { origin, message }],
            });
        };
        for id in removals.iter().map(AsRef::as_ref) {
            if !joined.entries.iter().any(|entry| &*entry.id == id) {
                let hint = did_you_mean(id, joined.entries.iter().map(|entry| &*entry.id));
                let message = format!("cannot remove {id:?}: no library has it{hint}");
                problems.push(Problem { origin: joined.origin.clone(), message });
            }
        }
        sort_by_id(&mut joined.entries, &mut problems);
        joined.entries.retain(|entry| !removals.iter().any(|id| *id.as_ref() == *entry.id));
        if problems.is_empty() {
            return Ok(joined);
        }
        Err(KeywordError::Library { library: joined.name, problems })
    }

    /// Name; of a stack, the names of its parts with `+` between.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version, such as `2026.11.24`; of a stack, those of its parts with `+` between.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Day of the last update (B.1.1 c).
    #[must_use]
    pub fn updated(&self) -> Date {
        self.updated
    }

    /// Name of the taxonomy whose risks the entries name.
    #[must_use]
    pub fn taxonomy(&self) -> &str {
        &self.taxonomy
    }

    /// What the library is, for people.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The manifest's place, for messages about the library as a whole.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The entries by id.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries there are per risk, language, level and kind.
    #[must_use]
    pub fn stats(&self, taxonomy: &Taxonomy) -> LibraryStats {
        LibraryStats::of(self, taxonomy)
    }

    /// Hex BLAKE3 over all that was read, in an order of its own: the same for the same content, however it is spread
    /// over files and lines.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let head = [&self.name, &self.version, &self.updated.to_string(), &self.taxonomy, &self.description];
        head.into_iter().for_each(|part| feed(&mut hasher, part));
        for entry in &self.entries {
            let (near, not_near) = (listed(entry.near.as_ref()), listed(entry.not_near.as_ref()));
            let (added, reviewed) = (entry.added.to_string(), entry.reviewed.to_string());
            let (with, unless) = (entry.with.join("|"), entry.unless.join("|"));
            let names = [entry.level.name(), entry.lang.name(), entry.kind.name()];
            let evasion = entry.evasion.to_string();
            let texts = [&entry.term, &near, &with, &not_near, &unless, &evasion, &added, &reviewed, &entry.note];
            feed(&mut hasher, &entry.id);
            names.into_iter().for_each(|part| feed(&mut hasher, part));
            texts.into_iter().for_each(|part| feed(&mut hasher, part));
        }
        hasher.finalize().to_hex().to_string()
    }

    fn read_manifest((name, text): (&str, &str), taxonomy: &Taxonomy, problems: &mut Vec<Problem>) -> Option<Self> {
        let file: Arc<str> = name.into();
        let mut report = |line, message| {
            problems.push(Problem { origin: Origin { file: file.clone(), line }, message });
        };
        let manifest: Manifest = match toml::from_str(text) {
            Ok(manifest) => manifest,
            Err(error) => {
                let before = error.span().map(|span| text.bytes().take(span.start));
                let line = before.map(|bytes| bytes.filter(|&byte| byte == b'\n').zip(1..).count() as u32 + 1);
                report(line, error.message().trim_end().replace('\n', ", "));
                return None;
            }
        };
        if manifest.taxonomy != taxonomy.name() {
            let hint = did_you_mean(&manifest.taxonomy, [taxonomy.name()]);
            report(None, format!("taxonomy is {:?}; expected {:?}{hint}", manifest.taxonomy, taxonomy.name()));
        }
        let updated = Date::parse(&manifest.updated);
        if updated.is_none() {
            report(None, format!("updated {:?} is no date; expected YYYY-MM-DD", manifest.updated));
        }
        Some(Self {
            name: manifest.name,
            version: manifest.version,
            updated: updated?,
            taxonomy: manifest.taxonomy,
            description: manifest.description,
            origin: Origin { file, line: None },
            entries: Vec::new(),
        })
    }

    fn with(mut self, above: Self, problems: &mut Vec<Problem>) -> Self {
        if self.taxonomy != above.taxonomy {
            let message = format!("is for taxonomy {:?}, the one below for {:?}", above.taxonomy, self.taxonomy);
            problems.push(Problem { origin: above.origin, message });
        }
        for (ours, theirs) in [(&mut self.name, &above.name), (&mut self.version, &above.version)] {
            // Writing to a string cannot fail.
            let _ = write!(ours, "+{theirs}");
        }
        self.updated = self.updated.max(above.updated);
        self.entries.extend(above.entries);
        self
    }
}

/// Puts entries in order; a second entry of an id is a problem.
fn sort_by_id(entries: &mut [Entry], problems: &mut Vec<Problem>) {
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    for pair in entries.windows(2).filter(|pair| pair[0].id == pair[1].id) {
        let message = format!("id {} stands already at {}; ids are unique", pair[1].id, pair[0].origin);
        problems.push(Problem { origin: pair[1].origin.clone(), message });
    }
}

fn listed(near: Option<&Near>) -> String {
    near.map_or_else(String::new, |near| format!("{}: {}", near.within, near.alternatives.join("|")))
}

/// Feeds a text with its length, so that two lists of texts never look alike.
fn feed(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
}

#[cfg(test)]
mod tests;
