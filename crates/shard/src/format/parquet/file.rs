//! An open Parquet file that several threads may read at once.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use crate::error::BadShardKind;
use crate::limits::Expansion;
use crate::{ColumnMap, Limits, ShardError};

use super::footer::read_footer;
use super::mapping;
use super::pages::{BoundedPages, PageState};

/// Reads at positions, so that readers never share a cursor.
#[derive(Debug)]
pub(super) struct PositionedFile {
    file: File,
    length: u64,
}

impl PositionedFile {
    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// So many bytes from a position on, all of them.
    pub(super) fn read(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(ParquetError::EOF(format!(
                "expected {length} bytes at {start}, the file has {} bytes",
                self.length
            )));
        }
        let mut buffer = vec![0; length];
        self.file.read_exact_at(&mut buffer, start)?;
        Ok(buffer.into())
    }
}

/// A Parquet shard: its footer is read, its columns are not.
#[derive(Debug, Clone)]
pub struct ParquetShard {
    file: Arc<PositionedFile>,
    pub(super) metadata: Arc<ParquetMetaData>,
    limits: Limits,
}

impl ParquetShard {
    /// Opens the file and reads its footer. What its columns may decode to is bounded by `limits`.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where the file cannot be read or is no whole, unencrypted Parquet file.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, ShardError> {
        let file = File::open(path).map_err(ShardError::reading)?;
        let length = file.metadata().map_err(ShardError::reading)?.len();
        let metadata = read_footer(&file, length)?;
        let shard = Self { file: Arc::new(PositionedFile { file, length }), metadata: Arc::new(metadata), limits };
        shard.check_bounds()?;
        Ok(shard)
    }

    /// Number of rows that the footer names.
    pub fn rows(&self) -> u64 {
        self.metadata.row_groups().iter().fold(0, |sum, group| sum.saturating_add(group.num_rows() as u64))
    }

    /// Number of row groups.
    pub fn row_groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// Rows of one row group.
    pub fn rows_of(&self, group: usize) -> usize {
        self.metadata.row_group(group).num_rows() as usize
    }

    /// Names and types of the top-level columns, for a person.
    pub fn column_names(&self) -> Vec<String> {
        let fields = self.metadata.file_metadata().schema().get_fields();
        fields.iter().map(|field| field.name().to_string()).collect()
    }

    /// True where the shard has this column, by name or dotted path.
    pub fn has_column(&self, name: &str) -> bool {
        mapping::find_leaf(self.metadata.file_metadata().schema_descr(), name).is_some()
    }

    /// Checks that every mapped text column is there and is text.
    ///
    /// # Errors
    /// [`ShardError::Bad`] of kind `schema` that names the column and what the shard has.
    pub fn check_columns(&self, columns: &ColumnMap) -> Result<(), ShardError> {
        mapping::text_leaves(self.metadata.file_metadata().schema_descr(), &columns.text).map(|_| ())
    }

    pub(super) fn group(&self, index: usize) -> &RowGroupMetaData {
        self.metadata.row_group(index)
    }

    /// Bytes that a leaf of a row group decodes to, by the footer's word.
    pub(super) fn claimed_bytes(&self, group: usize, leaf: usize) -> usize {
        usize::try_from(self.group(group).column(leaf).uncompressed_size()).unwrap_or_default()
    }

    /// A new count of what this shard decodes to.
    pub(super) fn expansion(&self) -> Arc<Expansion> {
        Arc::new(Expansion::new(self.file.length, self.limits))
    }

    /// The values of one leaf of one row group, with what is known of the page at hand.
    pub(super) fn values(
        &self,
        group: usize,
        leaf: usize,
        expansion: &Arc<Expansion>,
    ) -> Result<(ColumnReader, Arc<PageState>), ShardError> {
        let chunk = self.group(group).column(leaf);
        let pages = BoundedPages::new(Arc::clone(&self.file), chunk, self.limits.max_page_bytes, Arc::clone(expansion));
        let pages = pages.map_err(ShardError::decoding)?;
        let state = pages.state();
        Ok((get_column_reader(chunk.column_descr_ptr(), Box::new(pages)), state))
    }

    /// A footer may say anything: row counts and offsets are checked before they are believed.
    fn check_bounds(&self) -> Result<(), ShardError> {
        for (index, group) in self.metadata.row_groups().iter().enumerate() {
            if group.num_rows() < 0 {
                let detail = format!("row group {index} names {} rows", group.num_rows());
                return Err(ShardError::bad(BadShardKind::Corrupt, detail));
            }
            if let Some(column) = group.columns().iter().find(|column| !within(column, self.file.length)) {
                let detail = format!(
                    "row group {index}, column {:?}: its pages lie outside the file of {} bytes",
                    column.column_path().string(),
                    self.file.length
                );
                return Err(ShardError::bad(BadShardKind::Corrupt, detail));
            }
        }
        Ok(())
    }
}

fn within(column: &ColumnChunkMetaData, length: u64) -> bool {
    let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
    let end = start.checked_add(column.compressed_size());
    start >= 0 && column.compressed_size() >= 0 && end.is_some_and(|end| end as u64 <= length)
}
