//! The baseline: a plain copy of Parquet files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

/// Properties of every Parquet file that the bench writes.
pub fn properties(group_rows: usize) -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_max_row_group_row_count(Some(group_rows))
        .build()
}

/// Parquet files of a folder, sorted.
pub fn shards(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|it| it.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    paths.sort();
    Ok(paths)
}

/// Copies every file with so many threads.
pub fn copy(input: &Path, output: &Path, threads: usize) -> anyhow::Result<()> {
    fs::create_dir_all(output)?;
    let same = output.canonicalize()? == input.canonicalize()?;
    anyhow::ensure!(!same, "output {} is the input, which would be overwritten", output.display());
    let paths = shards(input)?;
    anyhow::ensure!(!paths.is_empty(), "input {} holds no Parquet file", input.display());
    let (next, failure) = (AtomicUsize::new(0), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = copy_file(path, output) {
                        *failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map_or(Ok(()), Err)
}

fn copy_file(path: &Path, output: &Path) -> anyhow::Result<()> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    let group_rows = builder.metadata().row_groups().first().map_or(1, |group| group.num_rows().max(1) as usize);
    let target = File::create(output.join(path.file_name().unwrap_or_default()))?;
    let mut writer = ArrowWriter::try_new(target, builder.schema().clone(), Some(properties(group_rows)))?;
    for batch in builder.with_batch_size(8192).build()? {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(())
}
