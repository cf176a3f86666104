//! What detectors read.

/// Rows and their text fields, as handed to detectors.
///
/// A row that must not be examined, because it is quarantined, has no text in any field.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    rows: usize,
    fields: Vec<TextField<'a>>,
    languages: Vec<Option<&'a str>>,
}

/// One text field of all rows of a batch.
#[derive(Clone, Debug)]
pub struct TextField<'a> {
    name: &'a str,
    texts: Vec<Option<&'a str>>,
}

impl<'a> Batch<'a> {
    /// A batch of `rows` rows without a field.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        Self { rows, fields: Vec::new(), languages: Vec::new() }
    }

    /// Adds a field with one text per row. Rows that `texts` lacks have none; what it has beyond the batch's rows is
    /// cut off.
    pub fn push_field(&mut self, name: &'a str, mut texts: Vec<Option<&'a str>>) {
        texts.resize(self.rows, None);
        self.fields.push(TextField { name, texts });
    }

    /// Says in which language each row claims to be written (an ISO 639 code, perhaps with script and region). Rows that
    /// `languages` lacks claim nothing.
    pub fn set_languages(&mut self, languages: Vec<Option<&'a str>>) {
        self.languages = languages;
    }

    /// The language that a row claims.
    #[must_use]
    pub fn language(&self, row: usize) -> Option<&'a str> {
        self.languages.get(row).copied().flatten()
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The fields in the order in which they were added; a finding's `field` is a position in this list.
    #[must_use]
    pub fn fields(&self) -> &[TextField<'a>] {
        &self.fields
    }

    /// The texts of the field at this position, one per row; empty where there is no such field.
    #[must_use]
    pub fn texts(&self, field: usize) -> &[Option<&'a str>] {
        self.fields.get(field).map_or(&[], TextField::texts)
    }
}

impl<'a> TextField<'a> {
    /// The field's name, such as the column's.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The texts, one per row.
    #[must_use]
    pub fn texts(&self) -> &[Option<&'a str>] {
        &self.texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_one_text_per_row() {
        let mut batch = Batch::new(2);
        batch.push_field("text", vec![Some("a")]);
        batch.push_field("title", vec![None, Some("b"), Some("c")]);
        assert_eq!(batch.texts(0), [Some("a"), None]);
        assert_eq!(batch.texts(1), [None, Some("b")]);
        assert!(batch.texts(2).is_empty());
        assert_eq!(batch.fields()[1].name(), "title");
    }
}
