//! An open Parquet file that several threads may read at once.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::LogicalType;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::Type;

use crate::error::BadShardKind;
use crate::{ColumnMap, ShardError};

use super::mapping;

/// Reads at positions, so that readers never share a cursor (those that the parquet crate makes of a `File` do).
#[derive(Debug, Clone)]
pub(super) struct PositionedFile {
    file: Arc<File>,
    length: u64,
}

/// A cursor of its own into the file.
pub(super) struct Cursor {
    file: Arc<File>,
    at: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read_at(buffer, self.at)?;
        self.at += got as u64;
        Ok(got)
    }
}

impl Length for PositionedFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for PositionedFile {
    type T = BufReader<Cursor>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(BufReader::new(Cursor { file: Arc::clone(&self.file), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
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
    pub(super) file: Arc<PositionedFile>,
    pub(super) metadata: Arc<ParquetMetaData>,
}

impl ParquetShard {
    /// Opens the file and reads its footer.
    ///
    /// # Errors
    /// [`ShardError::Bad`] where the file cannot be read or is no whole, unencrypted Parquet file.
    pub fn open(path: &Path) -> Result<Self, ShardError> {
        let file = File::open(path).map_err(ShardError::reading)?;
        let length = file.metadata().map_err(ShardError::reading)?.len();
        let file = PositionedFile { file: Arc::new(file), length };
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).map_err(ShardError::decoding)?;
        let shard = Self { file: Arc::new(file), metadata: Arc::new(metadata) };
        shard.check_bounds()?;
        shard.check_types()?;
        Ok(shard)
    }

    /// Number of rows that the footer names.
    pub fn rows(&self) -> u64 {
        self.metadata.row_groups().iter().map(|group| group.num_rows() as u64).sum()
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
        mapping::text_leaves(self.metadata.file_metadata().schema_descr(), columns).map(|_| ())
    }

    pub(super) fn group(&self, index: usize) -> &RowGroupMetaData {
        self.metadata.row_group(index)
    }

    /// The pages of one leaf of one row group.
    pub(super) fn pages(&self, group: usize, leaf: usize) -> Result<SerializedPageReader<PositionedFile>, ShardError> {
        let metadata = self.group(group);
        let rows = metadata.num_rows() as usize;
        SerializedPageReader::new(Arc::clone(&self.file), metadata.column(leaf), rows, None)
            .map_err(ShardError::decoding)
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

    /// A logical type that is not known here could be read as bytes, but not be written again.
    fn check_types(&self) -> Result<(), ShardError> {
        match unknown_type(self.metadata.file_metadata().schema()) {
            None => Ok(()),
            Some(name) => {
                let detail = format!("column {name:?} has a logical type that this version does not know");
                Err(ShardError::bad(BadShardKind::Unsupported, detail))
            }
        }
    }
}

/// The name of a column with a logical type of a later version of the format.
fn unknown_type(field: &Type) -> Option<&str> {
    match field.get_basic_info().logical_type_ref() {
        Some(LogicalType::_Unknown { .. }) => Some(field.name()),
        _ if field.is_group() => field.get_fields().iter().find_map(|field| unknown_type(field)),
        _ => None,
    }
}

fn within(column: &ColumnChunkMetaData, length: u64) -> bool {
    let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
    let end = start.checked_add(column.compressed_size());
    start >= 0 && column.compressed_size() >= 0 && end.is_some_and(|end| end as u64 <= length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::Type as Physical;

    #[test]
    fn a_logical_type_of_a_later_version_is_found_at_any_depth() {
        let leaf = |name: &str, logical: Option<LogicalType>| {
            let builder = Type::primitive_type_builder(name, Physical::BYTE_ARRAY).with_logical_type(logical);
            Arc::new(builder.build().unwrap())
        };
        let group = |name: &str, fields| Type::group_type_builder(name).with_fields(fields).build().unwrap();
        let known = Arc::new(group("meta", vec![leaf("text", Some(LogicalType::String)), leaf("raw", None)]));
        let later = Arc::new(group("deep", vec![leaf("later", Some(LogicalType::_Unknown { field_id: 2555 }))]));
        assert_eq!(unknown_type(&group("root", vec![Arc::clone(&known)])), None);
        assert_eq!(unknown_type(&group("root", vec![known, later])), Some("later"));
    }
}
