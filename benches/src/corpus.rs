//! Corpora of any size: records drawn from given shards, or generated.
//!
//! A Parquet page is compressed by itself and holds about a megabyte, so a record that is drawn again elsewhere in the
//! corpus does not make it easier to compress.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tamis_corpus::{Generator, Kind, Lang};
use tamis_shard::format::jsonl::{JsonlParser, open_lines};
use tamis_shard::format::parquet::{ParquetBlocks, ParquetShard};
use tamis_shard::{BlockSize, ColumnMap, Format, InputSet, Limits, Records, SourceNamer, SourceOrigin};

use crate::copy::properties;

const SHARD_BYTES: u64 = 100 << 20;
const GROUP_ROWS: usize = 16_384;
const BATCH_ROWS: usize = 4096;

/// A record to draw.
pub struct Document {
    /// Its text.
    pub text: String,
    source: String,
    lang: String,
}

/// Writes shards with about so many megabytes of text.
pub fn make(from: Option<&Path>, out: &Path, megabytes: u64, seed: u64) -> anyhow::Result<()> {
    fs::create_dir_all(out)?;
    let pool = match from {
        Some(folder) => read_pool(folder)?,
        None => generate_pool(seed),
    };
    anyhow::ensure!(!pool.is_empty(), "no records to draw from");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut left, mut row, mut shard) = (megabytes * 1_000_000, 0u64, 0);
    while left > 0 {
        let target = out.join(format!("part-{shard:05}.parquet"));
        let written = write_shard(&target, &pool, &mut rng, left.min(SHARD_BYTES), &mut row)?;
        left = left.saturating_sub(written);
        shard += 1;
    }
    Ok(())
}

fn schema() -> Arc<Schema> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(vec![text("id"), text("text"), text("source"), text("lang")]))
}

fn write_shard(
    target: &Path,
    pool: &[Document],
    rng: &mut ChaCha8Rng,
    bytes: u64,
    row: &mut u64,
) -> anyhow::Result<u64> {
    let mut writer = ArrowWriter::try_new(File::create(target)?, schema(), Some(properties(GROUP_ROWS)))?;
    let mut written = 0;
    while written < bytes {
        let mut drawn: Vec<&Document> = Vec::with_capacity(BATCH_ROWS);
        while drawn.len() < BATCH_ROWS && written < bytes {
            let document = &pool[rng.random_range(0..pool.len() as u64) as usize];
            written += document.text.len() as u64;
            drawn.push(document);
        }
        let first = *row;
        let ids = (0..drawn.len() as u64).map(|n| format!("b-{:010}", first + n));
        *row += drawn.len() as u64;
        let column = |get: fn(&Document) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(drawn.iter().map(|it| get(it))))
        };
        let columns = vec![
            Arc::new(StringArray::from_iter_values(ids)) as ArrayRef,
            column(|it| &it.text),
            column(|it| &it.source),
            column(|it| &it.lang),
        ];
        writer.write(&RecordBatch::try_new(schema(), columns)?)?;
    }
    writer.close()?;
    Ok(written)
}

pub fn read_pool(folder: &Path) -> anyhow::Result<Vec<Document>> {
    let columns = ColumnMap {
        text: vec!["text".into()],
        id: None,
        source: SourceOrigin::Column("source".into()),
        lang: Some("lang".into()),
        modality: None,
    };
    let (limits, block) = (Limits::default(), BlockSize::default());
    let mut pool = Vec::new();
    for shard in InputSet::discover(&[folder.to_path_buf()])?.shards {
        let namer = SourceNamer::new(&columns.source, &shard.path);
        match shard.format {
            Format::Parquet => {
                let mut blocks = ParquetBlocks::new(ParquetShard::open(&shard.file, limits)?, &columns, limits, block)?;
                while let Some(block) = blocks.next_block()? {
                    take(&block.records(&columns, &namer), &mut pool);
                }
            }
            Format::Jsonl(compression) => {
                let (mut lines, parser) =
                    (open_lines(&shard.file, compression, limits, block)?, JsonlParser::new(&columns, &shard.path));
                while let Some(block) = lines.next_block()? {
                    take(&parser.parse(&block), &mut pool);
                }
            }
        }
    }
    Ok(pool)
}

fn take(records: &Records, pool: &mut Vec<Document>) {
    for (head, text) in records.heads.iter().zip(records.column(0)) {
        pool.extend(text.map(|text| Document {
            text: text.to_string(),
            source: head.source.clone(),
            lang: head.lang.clone().unwrap_or_default(),
        }));
    }
}

/// A few thousand generated documents of every kind in both languages.
fn generate_pool(seed: u64) -> Vec<Document> {
    let mut generator = Generator::new(seed);
    let mut pool = Vec::new();
    for _ in 0..200 {
        for (lang, name) in [(Lang::Zh, "zh"), (Lang::En, "en")] {
            for (index, kind) in Kind::ALL.into_iter().enumerate() {
                let text = generator.document(lang, kind);
                pool.push(Document { text, source: format!("s{index}.example"), lang: name.into() });
            }
        }
    }
    pool
}
