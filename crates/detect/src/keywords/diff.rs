//! What one library has that another has not.

use std::collections::BTreeMap;

use super::export::cells;
use super::import::COLUMNS;
use super::{Entry, KeywordLibrary};

/// Entries that differ between two libraries, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryDiff {
    /// Ids that only the second has.
    pub added: Vec<String>,
    /// Ids that only the first has.
    pub removed: Vec<String>,
    /// Ids that both have, and the columns in which they differ with both cells.
    pub changed: Vec<(String, Vec<Change>)>,
}

/// A cell that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Name of the column.
    pub column: &'static str,
    /// What the first library has.
    pub before: String,
    /// What the second has.
    pub after: String,
}

impl LibraryDiff {
    /// What changes from `before` to `after`.
    #[must_use]
    pub fn between(before: &KeywordLibrary, after: &KeywordLibrary) -> Self {
        let by_id = |library: &KeywordLibrary| -> BTreeMap<String, Entry> {
            library.entries().iter().map(|entry| (entry.id.to_string(), entry.clone())).collect()
        };
        let (before, after) = (by_id(before), by_id(after));
        let mut diff = Self::default();
        for (id, entry) in &after {
            match before.get(id) {
                None => diff.added.push(id.clone()),
                Some(other) => {
                    let changes = changes(other, entry);
                    if !changes.is_empty() {
                        diff.changed.push((id.clone(), changes));
                    }
                }
            }
        }
        diff.removed = before.into_keys().filter(|id| !after.contains_key(id)).collect();
        diff
    }

    /// Whether there is no difference.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn changes(before: &Entry, after: &Entry) -> Vec<Change> {
    let cells = cells(before).into_iter().zip(cells(after)).zip(COLUMNS);
    let differing = cells.filter(|((before, after), _)| before != after);
    differing.map(|((before, after), column)| Change { column, before, after }).collect()
}
