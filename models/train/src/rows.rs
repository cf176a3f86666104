//! Texts as sparse rows of n-gram counts.

use tamis_classify::inverse_norm;

/// Rows of a matrix: per row, buckets in ascending order with their counts over `√n`.
#[derive(Debug, Default)]
pub struct Rows {
    ends: Vec<usize>,
    ids: Vec<u32>,
    values: Vec<f32>,
}

impl Rows {
    /// Adds the row of these n-grams.
    pub fn push(&mut self, ngrams: &mut [u32]) {
        let norm = inverse_norm(ngrams.len());
        ngrams.sort_unstable();
        for run in ngrams.chunk_by(|a, b| a == b) {
            self.ids.push(run[0]);
            self.values.push(run.len() as f32 * norm);
        }
        self.ends.push(self.ids.len());
    }

    /// Buckets and values of a row.
    pub fn row(&self, at: usize) -> (&[u32], &[f32]) {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        (&self.ids[from..self.ends[at]], &self.values[from..self.ends[at]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ngrams_are_counted_and_rows_scaled() {
        let mut rows = Rows::default();
        rows.push(&mut [7, 3, 7, 7]);
        rows.push(&mut []);
        assert_eq!(rows.row(0), (&[3, 7][..], &[0.5, 1.5][..]));
        assert!(rows.row(1).0.is_empty());
    }
}
