//! What the tag and the emit pass share: a shard's source, and setting a shard aside.

use tamis_rules::Taxonomy;
use tamis_shard::format::jsonl::{self, JsonlParser, LineBlock, LineReader};
use tamis_shard::format::parquet::{ParquetBlock, ParquetBlocks, ParquetShard};
use tamis_shard::{
    Artefact, BadShard, BadShardKind, FileDigest, Format, InputRecord, InputShard, OutputDir, QuarantineRecord,
    Records, ShardError, ShardManifest, ShardStatus, SourceNamer, digest_file, fingerprint, remove_if_there,
};

use crate::RunPlan;

/// Everything that a shard leaves besides its manifest.
pub(crate) const OUTPUTS: [Artefact; 5] =
    [Artefact::Data, Artefact::Tags, Artefact::Findings, Artefact::Verdicts, Artefact::Rejected];

/// A shard's records, block by block.
pub(crate) enum RecordSource {
    Parquet(ParquetBlocks, SourceNamer),
    Jsonl(LineReader, JsonlParser),
}

/// A block that is not parsed yet.
pub(crate) enum RawBlock {
    Parquet(ParquetBlock),
    Jsonl(LineBlock),
}

impl RecordSource {
    pub(crate) fn open(plan: &RunPlan, shard: &InputShard) -> Result<Self, ShardError> {
        let block = plan.machine.block();
        Ok(match shard.format {
            Format::Parquet => {
                let file = ParquetShard::open(&shard.file, plan.limits)?;
                let blocks = ParquetBlocks::new(file, &plan.columns, plan.limits, block)?;
                Self::Parquet(blocks, SourceNamer::new(&plan.columns.source, &shard.path))
            }
            Format::Jsonl(compression) => {
                let lines = jsonl::open_lines(&shard.file, compression, plan.limits, block)?;
                Self::Jsonl(lines, JsonlParser::new(&plan.columns, &shard.path))
            }
        })
    }

    pub(crate) fn next_block(&mut self) -> Result<Option<RawBlock>, ShardError> {
        Ok(match self {
            Self::Parquet(blocks, _) => blocks.next_block()?.map(RawBlock::Parquet),
            Self::Jsonl(lines, _) => lines.next_block()?.map(RawBlock::Jsonl),
        })
    }

    /// Rows that were read before a failure, counted in what does not depend on the size of blocks: whole row groups,
    /// or lines.
    pub(crate) fn rows_before_failure(&self, counted: u64) -> u64 {
        match self {
            Self::Parquet(blocks, _) => blocks.whole_rows(),
            Self::Jsonl(..) => counted,
        }
    }

    /// What turns this source's blocks into records, for another thread.
    pub(crate) fn parser(&self) -> BlockParser {
        match self {
            Self::Parquet(_, namer) => BlockParser { namer: namer.clone(), jsonl: None },
            Self::Jsonl(_, parser) => {
                BlockParser { namer: SourceNamer::Fixed(String::new()), jsonl: Some(parser.clone()) }
            }
        }
    }
}

/// Parses blocks.
#[derive(Clone)]
pub(crate) struct BlockParser {
    namer: SourceNamer,
    jsonl: Option<JsonlParser>,
}

impl BlockParser {
    pub(crate) fn parse(&self, plan: &RunPlan, block: RawBlock) -> Records {
        match (block, &self.jsonl) {
            (RawBlock::Parquet(block), _) => block.records(&plan.columns, &self.namer),
            (RawBlock::Jsonl(block), Some(parser)) => parser.parse(&block),
            (RawBlock::Jsonl(_), None) => Records::default(),
        }
    }
}

impl RawBlock {
    /// Records and blank lines of the block.
    pub(crate) fn counts(&self) -> (u64, u64) {
        match self {
            Self::Parquet(block) => (block.rows() as u64, 0),
            Self::Jsonl(block) => (block.lines.len() as u64, block.blank_lines),
        }
    }
}

/// Digest of an input file; a file that cannot be read is the shard's trouble, not the run's.
pub(crate) fn digest_input(shard: &InputShard) -> Result<FileDigest, ShardError> {
    digest_file(&shard.file).map_err(|error| match error {
        ShardError::Io { source, .. } => ShardError::bad(BadShardKind::Unreadable, source.to_string()),
        other => other,
    })
}

/// The tag fingerprint of one shard.
pub(crate) fn tag_fingerprint(configuration: &str, shard: &InputShard, digest: &FileDigest) -> String {
    fingerprint::shard_tag(configuration, &shard.path, &digest.blake3)
}

pub(crate) fn input_record(shard: &InputShard, digest: Option<FileDigest>) -> InputRecord {
    InputRecord { format: shard.format.name().into(), digest }
}

/// Takes back what a shard's manifest claims, where it has one, so that at no moment a manifest names files that do not
/// stand as it says.
pub(crate) fn retract(output: &OutputDir, shard: &InputShard) -> Result<(), ShardError> {
    if output.artefact(Artefact::Manifest, &shard.path).exists() {
        ShardManifest::retracted(&shard.path, shard.format.name()).write(output)?;
    }
    Ok(())
}

/// Removes everything that a shard has left, then writes the manifest that says why it was set aside.
pub(crate) fn set_aside(
    output: &OutputDir,
    shard: &InputShard,
    digest: Option<FileDigest>,
    tag: String,
    rows_read: u64,
    reason: &BadShard,
) -> Result<(), ShardError> {
    retract(output, shard)?;
    remove_outputs(output, &shard.path)?;
    let mut manifest = ShardManifest::new(&shard.path, input_record(shard, digest), ShardStatus::Quarantined, tag);
    manifest.rows.read = rows_read;
    manifest.quarantine = Some(QuarantineRecord { kind: reason.kind.name().into(), detail: reason.detail.clone() });
    manifest.write(output).map(|_| ())
}

/// Removes a shard's outputs, whatever there is of them.
pub(crate) fn remove_outputs(output: &OutputDir, path: &str) -> Result<(), ShardError> {
    OUTPUTS.iter().try_for_each(|kind| remove_if_there(&output.artefact(*kind, path)).map(|_| ()))
}

/// Labels of a taxonomy's risks, shared by many rows.
pub(crate) fn risk_labels(taxonomy: &Taxonomy) -> Vec<std::sync::Arc<str>> {
    taxonomy.risks().iter().map(|risk| risk.code.as_str().into()).collect()
}
