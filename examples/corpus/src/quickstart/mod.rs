//! The small example corpus that the README's main command filters.

mod columnar;
mod lines;
mod plan;
mod record;

use std::collections::VecDeque;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::{CorpusError, Planted};
pub use plan::{DAMAGED_SOURCE, SOURCES, SourcePlan};
use plan::{Layout, SHARDS, ShardPlan};
use record::Record;

/// The seed of the committed corpus.
pub const QUICKSTART_SEED: u64 = 45_654;

/// The integer ids of the one shard that has them begin here.
const FIRST_INTEGER_ID: u64 = 9_000_001;

/// The random stream that shuffles the shards; the sources have the streams from one upwards.
const SHUFFLE_STREAM: u64 = 1_000;

/// A file of the corpus.
#[derive(Clone, PartialEq, Eq)]
pub struct CorpusFile {
    /// Its path below the corpus's folder, with `/` between the parts.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Makes the quickstart corpus: the shards under `data/` in the order of their paths, then `truth.jsonl`.
///
/// The same seed gives the same bytes on every machine.
pub fn quickstart(seed: u64) -> Result<Vec<CorpusFile>, CorpusError> {
    let mut sources = record::make(seed, Planted::embedded());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(SHUFFLE_STREAM);
    let mut files = Vec::new();
    let mut truth = String::new();
    for shard in SHARDS {
        let mut records = take(shard, &mut sources);
        record::shuffle(&mut records, &mut rng);
        if shard.layout == Layout::ParquetPlain {
            number(&mut records);
        }
        records.iter().for_each(|record| tell(record, &mut truth));
        files.push(CorpusFile { path: format!("data/{}", shard.path), bytes: encode(shard, &records)? });
    }
    files.push(CorpusFile { path: "truth.jsonl".to_owned(), bytes: truth.into_bytes() });
    Ok(files)
}

fn take(shard: &ShardPlan, sources: &mut [(&'static str, VecDeque<Record>)]) -> Vec<Record> {
    let mut records = Vec::new();
    for (name, count) in shard.holds {
        if let Some((_, of_source)) = sources.iter_mut().find(|(source, _)| source == name) {
            let count = of_source.len().min(*count as usize);
            records.extend(of_source.drain(..count));
        }
    }
    records
}

fn number(records: &mut [Record]) {
    for (record, id) in records.iter_mut().zip(FIRST_INTEGER_ID..) {
        record.id = id.to_string();
    }
}

fn encode(shard: &ShardPlan, records: &[Record]) -> Result<Vec<u8>, CorpusError> {
    match shard.layout {
        Layout::ParquetZstd | Layout::ParquetSnappy | Layout::ParquetPlain => {
            columnar::encode(shard.path, shard.layout, records)
        }
        layout => {
            lines::encode(layout, records).map_err(|source| CorpusError::Io { path: shard.path.to_owned(), source })
        }
    }
}

/// One line of the truth, its keys in alphabetical order.
fn tell(record: &Record, truth: &mut String) {
    let categories: Vec<&str> = record.risk.into_iter().collect();
    let mut keys =
        vec![("bad", json!(record.risk.is_some())), ("categories", json!(categories)), ("id", json!(record.id))];
    if let Some(span) = &record.personal {
        let span = json!({"end": span.end, "start": span.start, "type": span.kind.name()});
        keys.push(("pii", json!([span])));
    }
    keys.push(("risk", json!(record.risk)));
    keys.push(("source", json!(record.source)));
    truth.push_str(&lines::write_object(&keys));
}
