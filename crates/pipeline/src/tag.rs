//! The tag pass: every record is read and every detector heard. Dear, embarrassingly parallel, done once.

use std::collections::BTreeMap;
use std::sync::Arc;

use tamis_detect::{Batch, Code, Evidence, Scanner};
use tamis_rules::{PiiSet, Quarantine};
use tamis_shard::table::{FindingRow, FindingsWriter, ScoreTag, TagRow, TagsWriter};
use tamis_shard::{
    Artefact, BadShard, BadShardKind, FileDigest, InputShard, OutputDir, RecordIds, Records, RowCounts, ShardError,
    ShardManifest, ShardStatus, Staged,
};

use crate::schedule::ShardWork;
use crate::shards::{
    BlockParser, RawBlock, RecordSource, digest_input, input_record, remove_outputs, retract, risk_labels, set_aside,
    tag_fingerprint,
};
use crate::standing::tag_redo;
use crate::{Observer, Pass, PipelineError, RunPlan};

/// The pass over some shards of a plan.
pub(crate) struct TagPass<'p> {
    plan: &'p RunPlan,
    observer: &'p dyn Observer,
    /// Configuration part of the tag fingerprint.
    configuration: String,
    risk_labels: Vec<Arc<str>>,
    field_labels: Vec<Arc<str>>,
}

/// Where a shard's blocks come from, with what has been counted.
pub(crate) struct TagSource {
    records: RecordSource,
    parser: BlockParser,
    ids: RecordIds,
    counts: RowCounts,
}

/// A block with what it takes to make tags of it.
pub(crate) struct TagPiece {
    block: RawBlock,
    parser: BlockParser,
    ids: RecordIds,
}

/// Tags and findings of a block.
pub(crate) struct TagChunk {
    tags: Vec<TagRow>,
    findings: Vec<FindingRow>,
    text_bytes: u64,
}

/// The files of a shard while they grow.
pub(crate) struct TagSink {
    tags: TagsWriter,
    findings: FindingsWriter,
    text_bytes: u64,
    quarantined: u64,
    pii: BTreeMap<String, u64>,
    digest: FileDigest,
    fingerprint: String,
}

impl<'p> TagPass<'p> {
    pub(crate) fn new(plan: &'p RunPlan, observer: &'p dyn Observer) -> Self {
        let configuration = plan.configuration().tag;
        let risk_labels = risk_labels(plan.taxonomy());
        let field_labels = plan.columns.text.iter().map(|name| name.as_str().into()).collect();
        Self { plan, observer, configuration, risk_labels, field_labels }
    }

    fn shard(&self, index: usize) -> &InputShard {
        &self.plan.input.shards[index]
    }

    fn output(&self) -> &OutputDir {
        &self.plan.output
    }

    fn chunk(&self, records: &Records, evidence: &Evidence, ids: &RecordIds) -> TagChunk {
        let mut tags: Vec<TagRow> = (0..records.len()).map(|row| tag_row(records, row, ids)).collect();
        let failed = |row: u32| evidence.failed.binary_search(&row).is_ok();
        for (row, count) in &evidence.keywords {
            tags[*row as usize].keywords.push(*count);
        }
        for (row, kind) in &evidence.pii {
            tags[*row as usize].pii.insert(*kind);
        }
        for score in &evidence.scores {
            let tag = ScoreTag {
                model: Arc::clone(&score.model),
                risk: score.score.risk,
                score_milli: score.score.score_milli,
            };
            tags[score.row as usize].scores.push(tag);
        }
        for row in &evidence.failed {
            // A record that was not examined whole shows nothing.
            let tag = &mut tags[*row as usize];
            tag.quarantine = tag.quarantine.or(Some(Quarantine::ModelError));
            (tag.keywords, tag.scores, tag.pii) = (Vec::new(), Vec::new(), PiiSet::EMPTY);
        }
        let found = evidence.findings.iter().filter(|finding| !failed(finding.row));
        let findings = found.map(|finding| FindingRow {
            row: records.first_row + u64::from(finding.row),
            field: Arc::clone(&self.field_labels[usize::from(finding.field)]),
            detector: finding.detector.into(),
            code: match finding.code {
                Code::Risk(risk) => Arc::clone(&self.risk_labels[risk.index()]),
                Code::Pii(kind) => kind.name().into(),
            },
            score: finding.score,
            start: finding.start,
            end: finding.end,
            entry: Arc::clone(&finding.entry),
        });
        let text_bytes = tags.iter().map(|tag| u64::from(tag.bytes)).sum();
        TagChunk { findings: findings.collect(), tags, text_bytes }
    }
}

fn tag_row(records: &Records, row: usize, ids: &RecordIds) -> TagRow {
    let head = &records.heads[row];
    let (bytes, chars) = records.size(row);
    let number = records.first_row + row as u64;
    TagRow {
        row: number,
        record_id: ids.row(number),
        id: head.id.clone(),
        source: head.source.clone(),
        lang: head.lang.clone(),
        modality: head.modality.clone(),
        bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        chars: u32::try_from(chars).unwrap_or(u32::MAX),
        quarantine: head.quarantine,
        keywords: Vec::new(),
        scores: Vec::new(),
        pii: PiiSet::default(),
    }
}

/// One thread's scanners.
pub(crate) struct TagScratch<'p> {
    scanners: Vec<Box<dyn Scanner + 'p>>,
    evidence: Evidence,
}

impl<'p> ShardWork for TagPass<'p> {
    type Scratch = TagScratch<'p>;
    type Source = TagSource;
    type Piece = TagPiece;
    type Product = TagChunk;
    type Sink = TagSink;

    fn scratch(&self) -> TagScratch<'p> {
        let scanners = self.plan.detectors.iter().map(|detector| detector.scanner()).collect();
        TagScratch { scanners, evidence: Evidence::default() }
    }

    fn open(&self, index: usize) -> Result<Option<(TagSource, TagSink)>, ShardError> {
        let shard = self.shard(index);
        let digest = digest_input(shard)?;
        let fingerprint = tag_fingerprint(&self.configuration, shard, &digest);
        let Some(why) = tag_redo(self.output(), &shard.path, &digest, &fingerprint) else {
            if ShardManifest::read(self.output(), &shard.path).is_some_and(|it| it.status == ShardStatus::Quarantined) {
                self.observer.shard_still_aside(&shard.path);
            }
            self.observer.shard_done(Pass::Tag, &shard.path, shard.bytes, false);
            return Ok(None);
        };
        self.observer.shard_redone(Pass::Tag, &shard.path, &why);
        let records = RecordSource::open(self.plan, shard)?;
        let parser = records.parser();
        let ids = RecordIds::new(&shard.path, &digest.blake3);
        let output = self.output();
        let tags = TagsWriter::create(&output.artefact(Artefact::Tags, &shard.path), Arc::clone(self.plan.taxonomy()))?;
        let findings = FindingsWriter::create(&output.artefact(Artefact::Findings, &shard.path))?;
        let source = TagSource { records, parser, ids, counts: RowCounts::default() };
        Ok(Some((
            source,
            TagSink { tags, findings, text_bytes: 0, quarantined: 0, pii: BTreeMap::new(), digest, fingerprint },
        )))
    }

    fn claim(&self, _: usize, source: &mut TagSource) -> Result<Option<TagPiece>, ShardError> {
        let Some(block) = source.records.next_block()? else { return Ok(None) };
        let (rows, blank_lines) = block.counts();
        source.counts.read += rows;
        source.counts.blank_lines += blank_lines;
        Ok(Some(TagPiece { block, parser: source.parser.clone(), ids: source.ids.clone() }))
    }

    fn work(&self, _: usize, scratch: &mut TagScratch<'p>, piece: TagPiece) -> Result<TagChunk, ShardError> {
        let records = piece.parser.parse(self.plan, piece.block);
        let mut batch = Batch::new(records.len());
        batch.set_languages(records.heads.iter().map(|head| head.lang.as_deref()).collect());
        for (field, name) in self.plan.columns.text.iter().enumerate() {
            batch.push_field(name, records.column(field));
        }
        scratch.evidence.clear();
        for scanner in &mut scratch.scanners {
            scanner.scan(&batch, &mut scratch.evidence);
        }
        if scratch.scanners.len() > 1 {
            scratch.evidence.sort();
        }
        Ok(self.chunk(&records, &scratch.evidence, &piece.ids))
    }

    fn deliver(&self, _: usize, sink: &mut TagSink, chunk: TagChunk) -> Result<(), ShardError> {
        chunk.tags.iter().try_for_each(|row| sink.tags.push(row))?;
        chunk.findings.iter().try_for_each(|row| sink.findings.push(row))?;
        sink.text_bytes += chunk.text_bytes;
        for kind in chunk.tags.iter().flat_map(|tag| tag.pii.iter()) {
            match sink.pii.get_mut(kind.name()) {
                Some(count) => *count += 1,
                None => drop(sink.pii.insert(kind.name().to_string(), 1)),
            }
        }
        sink.quarantined += chunk.tags.iter().filter(|tag| tag.quarantine.is_some()).count() as u64;
        self.observer.rows_done(Pass::Tag, chunk.tags.len() as u64, chunk.text_bytes);
        Ok(())
    }

    fn close(&self, index: usize, source: TagSource, sink: TagSink) -> Result<(), ShardError> {
        let shard = self.shard(index);
        let staged = [(Artefact::Tags, sink.tags.stage()?), (Artefact::Findings, sink.findings.stage()?)];
        // What an earlier run emitted for this shard was made of other tags.
        retract(self.output(), shard)?;
        remove_outputs(self.output(), &shard.path)?;
        let input = input_record(shard, Some(sink.digest));
        let mut manifest = ShardManifest::new(&shard.path, input, ShardStatus::Tagged, sink.fingerprint);
        manifest.rows = RowCounts { quarantined: sink.quarantined, ..source.counts };
        manifest.text_bytes = sink.text_bytes;
        manifest.pii = sink.pii;
        place_all(&mut manifest, staged)?;
        manifest.write(self.output())?;
        self.observer.shard_done(Pass::Tag, &shard.path, shard.bytes, true);
        Ok(())
    }

    fn set_aside(&self, index: usize, source: Option<TagSource>, reason: BadShard) -> Result<(), PipelineError> {
        let shard = self.shard(index);
        let digest = digest_input(shard).ok();
        let tag = digest.as_ref().map(|digest| tag_fingerprint(&self.configuration, shard, digest)).unwrap_or_default();
        // How far the others were when one thread failed is chance.
        let told = source.filter(|_| reason.kind != BadShardKind::Internal);
        let rows_read = told.map_or(0, |source| source.records.rows_before_failure(source.counts.read));
        set_aside(self.output(), shard, digest, tag, rows_read, &reason)?;
        announce(self.plan, self.observer, shard, &reason)
    }
}

/// Puts staged files in their places and names them in the manifest.
pub(crate) fn place_all(
    manifest: &mut ShardManifest,
    staged: impl IntoIterator<Item = (Artefact, Staged)>,
) -> Result<(), ShardError> {
    for (kind, staged) in staged {
        let name = OutputDir::name(kind, &manifest.path);
        manifest.outputs.insert(name, staged.place()?);
    }
    Ok(())
}

/// Says that a shard was set aside; with `fail_fast` that is the end of the run.
pub(crate) fn announce(
    plan: &RunPlan,
    observer: &dyn Observer,
    shard: &InputShard,
    reason: &BadShard,
) -> Result<(), PipelineError> {
    observer.shard_set_aside(&shard.path, reason);
    if plan.fail_fast {
        return Err(PipelineError::FailFast { path: shard.path.clone(), reason: reason.to_string() });
    }
    Ok(())
}
