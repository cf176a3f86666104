//! Parquet at the level of column chunks.
//!
//! Records are read from the mapped leaves only, as the stored bytes. A filtered shard is written leaf by leaf with
//! the input's own schema: physical values and levels are copied for the kept rows, so that nested, unusual and
//! unknown columns come out as they went in; Arrow's type system never stands between them.

mod annotated;
mod annotation;
mod codec;
mod copy;
mod delta;
mod file;
mod footer;
mod leaf;
mod mapping;
mod page_header;
mod pages;
mod read;
mod thrift;

pub use annotated::AnnotationReader;
pub use copy::{EncodedRowGroup, ParquetCopy, ParquetWriter};
pub use file::ParquetShard;
pub use read::{ParquetBlock, ParquetBlocks};
