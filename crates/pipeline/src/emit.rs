//! The emit pass: a verdict for every row, and the kept rows written in the format of the input, with what the policy
//! redacts replaced. Cheap and pure.

use std::collections::HashSet;
use std::sync::Arc;

use tamis_rules::{Outcome, Verdict, judge_record};
use tamis_shard::format::jsonl::{self, JsonlWriter, LineBlock, LineReader, annotate_line, redact_line};
use tamis_shard::format::parquet::{EncodedRowGroup, ParquetCopy, ParquetShard, ParquetWriter};
use tamis_shard::table::{TagRow, Tagged, TagsReader, VerdictRow, VerdictsWriter};
use tamis_shard::{
    Artefact, BadShard, BadShardKind, Compression, Format, InputShard, Redaction, RowPlan, ShardError, ShardManifest,
    ShardStatus, Span, Staged, fingerprint,
};

use crate::budget::{Budget, Permit};
use crate::judge::require_sound_tags;
use crate::schedule::ShardWork;
use crate::shards::{digest_input, set_aside};
use crate::spans::ShardSpans;
use crate::standing::emit_redo;
use crate::tag::{announce, place_all};
use crate::{Observer, Pass, PipelineError, RunPlan};

/// Memory of one planned row, roughly.
const PLAN_BYTES: usize = 128;

/// The pass over some shards of a plan.
pub(crate) struct EmitPass<'p> {
    plan: &'p RunPlan,
    observer: &'p dyn Observer,
    rejected: HashSet<String>,
    /// The rejected sources' part of every shard's emit fingerprint.
    rejected_digest: String,
    budget: &'p Budget,
}

/// Where a shard's rows come from, and its verdicts, which are written while rows are claimed.
pub(crate) struct EmitSource {
    data: DataSource,
    tags: TagsReader,
    /// Where personal information stands; none where none is replaced.
    spans: Option<ShardSpans>,
    verdicts: VerdictsWriter,
    manifest: ShardManifest,
    /// Whether an earlier emission stands, which the manifest on disk claims.
    emitted: bool,
    source: Arc<str>,
}

enum DataSource {
    Parquet { copy: Arc<ParquetCopy>, next: usize },
    Jsonl(LineReader),
}

/// Some rows with their fate.
pub(crate) struct EmitPiece<'p> {
    data: PieceData,
    plans: Vec<RowPlan>,
    permit: Permit<'p>,
}

enum PieceData {
    RowGroup(Arc<ParquetCopy>, usize),
    Lines(LineBlock),
}

/// Some rows as they will stand in the files.
pub(crate) struct EmitChunk<'p> {
    kept: ChunkData,
    rejected: Option<ChunkData>,
    rows: u64,
    _permit: Permit<'p>,
}

enum ChunkData {
    RowGroup(EncodedRowGroup),
    Lines(Vec<u8>),
}

/// The files of a shard while they grow.
pub(crate) struct EmitSink {
    kept: DataSink,
    rejected: Option<DataSink>,
}

enum DataSink {
    Parquet(ParquetWriter),
    Jsonl(JsonlWriter),
}

impl<'p> EmitPass<'p> {
    pub(crate) fn new(
        plan: &'p RunPlan,
        observer: &'p dyn Observer,
        rejected: HashSet<String>,
        budget: &'p Budget,
    ) -> Self {
        let rejected_digest = fingerprint::rejected_sources(rejected.iter().map(String::as_str));
        Self { plan, observer, rejected, rejected_digest, budget }
    }

    fn shard(&self, index: usize) -> &InputShard {
        &self.plan.input.shards[index]
    }

    /// The judge and emit fingerprints of a shard.
    fn fingerprints(&self, tag: &str) -> (String, String) {
        let judge = fingerprint::judge(tag, &self.plan.policy.canonical());
        let configuration = self.plan.configuration().emit.unwrap_or_default();
        let emit = fingerprint::shard_emit(&judge, &self.rejected_digest, &configuration);
        (judge, emit)
    }

    fn kinds(&self) -> Vec<Artefact> {
        let mut kinds = vec![Artefact::Tags, Artefact::Findings, Artefact::Verdicts, Artefact::Data];
        kinds.extend(self.plan.keep_rejected.then_some(Artefact::Rejected));
        kinds
    }

    fn sink(&self, data: &DataSource, shard: &InputShard, kind: Artefact) -> Result<DataSink, ShardError> {
        let target = self.plan.output.artefact(kind, &shard.path);
        Ok(match data {
            DataSource::Parquet { copy, .. } => DataSink::Parquet(ParquetWriter::create(&target, copy)?),
            DataSource::Jsonl(_) => DataSink::Jsonl(JsonlWriter::create(&target, compression(shard.format))?),
        })
    }

    fn open_data(&self, shard: &InputShard) -> Result<DataSource, ShardError> {
        Ok(match shard.format {
            Format::Parquet => {
                let input = ParquetShard::open(&shard.file, self.plan.limits)?;
                let redacted = if self.redacts() { &self.plan.columns.text[..] } else { &[] };
                let copy = ParquetCopy::new(input, self.plan.annotate, redacted, Arc::clone(self.plan.taxonomy()))?;
                DataSource::Parquet { copy: Arc::new(copy), next: 0 }
            }
            Format::Jsonl(compression) => {
                let block = self.plan.machine.block();
                DataSource::Jsonl(jsonl::open_lines(&shard.file, compression, self.plan.limits, block)?)
            }
        })
    }

    /// Reads the tags of the next rows, writes their verdicts and plans their fate.
    fn plan_rows(&self, source: &mut EmitSource, rows: usize) -> Result<Vec<RowPlan>, ShardError> {
        // A footer may name any number of rows; those that are there were tagged.
        let mut plans = Vec::with_capacity(rows.min(1 << 16));
        for _ in 0..rows {
            let Some(tag) = source.tags.next_row()? else {
                if self.plan.limits.max_rows.is_some() {
                    break;
                }
                return Err(changed("it has more records than were tagged"));
            };
            let verdict = judge_record(
                &Tagged::new(&tag, &self.plan.policy).tags(),
                self.rejected.contains(&tag.source),
                &self.plan.policy,
            );
            let spans = self.replaced(source, tag.row, verdict.outcome)?;
            source.verdicts.push(&self.verdict_row(&tag, &verdict, spans.len()))?;
            source.count(&verdict, &spans, self.plan);
            plans.push(source.row_plan(tag, &verdict, spans));
        }
        Ok(plans)
    }

    /// True where the policy replaces anything.
    fn redacts(&self) -> bool {
        !self.plan.redactor.redacts().is_empty()
    }

    /// The spans of a row that are replaced: of kinds that the policy redacts, in a kept record.
    fn replaced(&self, source: &mut EmitSource, row: u64, outcome: Outcome) -> Result<Vec<Span>, ShardError> {
        let Some(spans) = &mut source.spans else { return Ok(Vec::new()) };
        let mut spans = spans.of_row(row)?;
        if outcome != Outcome::Kept {
            return Ok(Vec::new());
        }
        spans.retain(|span| self.plan.redactor.redacts().contains(span.kind));
        Ok(spans)
    }

    fn verdict_row(&self, tag: &TagRow, verdict: &Verdict, redactions: usize) -> VerdictRow {
        let taxonomy = self.plan.taxonomy();
        let codes = |set| taxonomy.codes(set).map(str::to_string).collect();
        VerdictRow {
            row: tag.row,
            record_id: tag.record_id.to_string(),
            id: tag.id.clone(),
            source: tag.source.clone(),
            risks: codes(verdict.decision.risks),
            advisory: codes(verdict.decision.advisory),
            pii: tag.pii.iter().map(|kind| kind.name().to_string()).collect(),
            outcome: verdict.outcome.name().into(),
            redactions: u32::try_from(redactions).unwrap_or(u32::MAX),
            reason: verdict.reason().map(|reason| reason.label(taxonomy)),
            reasons: verdict.reasons.iter().map(|reason| reason.label(taxonomy)).collect(),
        }
    }

    fn encode(&self, shard: usize, piece: &EmitPiece<'p>, outcome: Outcome) -> Result<ChunkData, ShardError> {
        let findings = self.plan.output.artefact(Artefact::Findings, &self.shard(shard).path);
        let columns = &self.plan.columns.text;
        let redaction = Redaction { redactor: &self.plan.redactor, columns, findings: &findings };
        Ok(match &piece.data {
            PieceData::RowGroup(copy, group) => {
                ChunkData::RowGroup(copy.encode(*group, &piece.plans, outcome, Some(&redaction))?)
            }
            PieceData::Lines(block) => ChunkData::Lines(self.lines(block, &piece.plans, outcome, &redaction)?),
        })
    }

    fn lines(
        &self,
        block: &LineBlock,
        plans: &[RowPlan],
        outcome: Outcome,
        redaction: &Redaction<'_>,
    ) -> Result<Vec<u8>, ShardError> {
        let mut out = Vec::with_capacity(block.data.len());
        let (mut annotation, mut redacted) = (Vec::new(), Vec::new());
        for (index, plan) in plans.iter().enumerate().filter(|(_, plan)| plan.outcome == outcome) {
            let Some(line) = block.line(index) else { continue };
            let mut line: &[u8] = &line;
            if !plan.spans.is_empty() {
                redacted.clear();
                redact_line(line, plan, redaction, &mut redacted)?;
                line = &redacted;
            }
            if self.plan.annotate {
                annotation.clear();
                plan.write_json(self.plan.taxonomy(), &mut annotation);
                annotate_line(line, &annotation, &mut out);
            } else {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
        }
        Ok(out)
    }
}

impl EmitSource {
    fn count(&mut self, verdict: &Verdict, spans: &[Span], plan: &RunPlan) {
        let rows = &mut self.manifest.rows;
        match verdict.outcome {
            Outcome::Kept => rows.kept += 1,
            Outcome::Dropped => rows.dropped += 1,
            Outcome::Quarantined => rows.quarantined += 1,
        }
        self.manifest.redactions.add_record(spans);
        if let Some(reason) = verdict.reason() {
            *self.manifest.reasons.entry(reason.label(plan.taxonomy())).or_default() += 1;
        }
    }

    fn row_plan(&mut self, tag: TagRow, verdict: &Verdict, spans: Vec<Span>) -> RowPlan {
        // Neighbours mostly share their source.
        if *self.source != *tag.source {
            self.source = tag.source.into();
        }
        RowPlan {
            outcome: verdict.outcome,
            record_id: tag.record_id,
            source: Arc::clone(&self.source),
            risks: verdict.decision.risks,
            advisory: verdict.decision.advisory,
            pii: tag.pii,
            spans,
        }
    }
}

impl<'p> ShardWork for EmitPass<'p> {
    type Scratch = ();
    type Source = EmitSource;
    type Piece = EmitPiece<'p>;
    type Product = EmitChunk<'p>;
    type Sink = EmitSink;

    fn scratch(&self) {}

    fn open(&self, index: usize) -> Result<Option<(EmitSource, EmitSink)>, ShardError> {
        let shard = self.shard(index);
        let output = &self.plan.output;
        let Some(mut manifest) = ShardManifest::read(output, &shard.path) else {
            return Err(changed("it has no manifest"));
        };
        if manifest.status == ShardStatus::Quarantined {
            self.observer.shard_done(Pass::Emit, &shard.path, shard.bytes, false);
            return Ok(None);
        }
        let (judge, emit) = self.fingerprints(&manifest.fingerprints.tag);
        let Some(why) = emit_redo(output, &manifest, (&judge, &emit), &self.kinds()) else {
            self.observer.shard_done(Pass::Emit, &shard.path, shard.bytes, false);
            return Ok(None);
        };
        require_sound_tags(output, &manifest)?;
        self.observer.shard_redone(Pass::Emit, &shard.path, &why);
        if manifest.input.digest.as_ref() != Some(&digest_input(shard)?) {
            return Err(changed("its digest is not the one that was tagged"));
        }
        let emitted = manifest.status == ShardStatus::Complete;
        manifest = manifest.without_emission();
        manifest.fingerprints.judge = Some(judge);
        manifest.fingerprints.emit = Some(emit);
        manifest.rows.quarantined = 0;
        let data = self.open_data(shard)?;
        let kept = self.sink(&data, shard, Artefact::Data)?;
        let rejected = self.plan.keep_rejected.then(|| self.sink(&data, shard, Artefact::Rejected)).transpose()?;
        let tags = TagsReader::open(&output.artefact(Artefact::Tags, &shard.path), Arc::clone(self.plan.taxonomy()))?;
        let findings = output.artefact(Artefact::Findings, &shard.path);
        let spans = self.redacts().then(|| ShardSpans::open(findings, &self.plan.columns)).transpose()?;
        let verdicts = VerdictsWriter::create(&output.artefact(Artefact::Verdicts, &shard.path))?;
        let source = EmitSource { data, tags, spans, verdicts, manifest, emitted, source: "".into() };
        Ok(Some((source, EmitSink { kept, rejected })))
    }

    fn claim(&self, _: usize, source: &mut EmitSource) -> Result<Option<EmitPiece<'p>>, ShardError> {
        match &mut source.data {
            DataSource::Parquet { copy, next } => {
                if *next >= copy.row_groups() {
                    return Ok(None);
                }
                let (copy, group) = (Arc::clone(copy), *next);
                *next += 1;
                let rows = copy.rows_of(group);
                let permit =
                    self.budget.take(copy.stored_bytes_of(group).saturating_add(rows.saturating_mul(PLAN_BYTES)));
                let plans = self.plan_rows(source, rows)?;
                Ok(Some(EmitPiece { data: PieceData::RowGroup(copy, group), plans, permit }))
            }
            DataSource::Jsonl(lines) => {
                let Some(block) = lines.next_block()? else { return Ok(None) };
                // The block, the lines as they are written, and one more for their spans.
                let blocks = if self.redacts() { 3 } else { 2 };
                let permit = self.budget.take(blocks * block.data.len() + block.lines.len() * PLAN_BYTES);
                let plans = self.plan_rows(source, block.lines.len())?;
                Ok(Some(EmitPiece { data: PieceData::Lines(block), plans, permit }))
            }
        }
    }

    fn work(&self, shard: usize, (): &mut (), piece: EmitPiece<'p>) -> Result<EmitChunk<'p>, ShardError> {
        let kept = self.encode(shard, &piece, Outcome::Kept)?;
        let rejected = self.plan.keep_rejected.then(|| self.encode(shard, &piece, Outcome::Dropped)).transpose()?;
        Ok(EmitChunk { kept, rejected, rows: piece.plans.len() as u64, _permit: piece.permit })
    }

    fn deliver(&self, _: usize, sink: &mut EmitSink, chunk: EmitChunk<'p>) -> Result<(), ShardError> {
        sink.kept.append(chunk.kept)?;
        if let (Some(sink), Some(chunk)) = (&mut sink.rejected, chunk.rejected) {
            sink.append(chunk)?;
        }
        self.observer.rows_done(Pass::Emit, chunk.rows, 0);
        Ok(())
    }

    fn close(&self, index: usize, mut source: EmitSource, sink: EmitSink) -> Result<(), ShardError> {
        let shard = self.shard(index);
        if source.tags.next_row()?.is_some() {
            return Err(changed("it has fewer records than were tagged"));
        }
        source.spans.as_ref().map_or(Ok(()), ShardSpans::finish)?;
        let rows = source.manifest.rows;
        if rows.read != rows.kept + rows.dropped + rows.quarantined {
            let detail = format!(
                "{} rows in, {} kept, {} dropped, {} quarantined",
                rows.read, rows.kept, rows.dropped, rows.quarantined
            );
            return Err(ShardError::bad(BadShardKind::Internal, detail));
        }
        if source.emitted {
            // At no moment does a manifest name files that do not stand as it says.
            source.manifest.clone().without_emission().write(&self.plan.output)?;
        }
        let mut staged = vec![(Artefact::Verdicts, source.verdicts.stage()?), (Artefact::Data, sink.kept.stage()?)];
        if let Some(rejected) = sink.rejected {
            staged.push((Artefact::Rejected, rejected.stage()?));
        } else {
            tamis_shard::remove_if_there(&self.plan.output.artefact(Artefact::Rejected, &shard.path))?;
        }
        let mut manifest = source.manifest;
        manifest.status = ShardStatus::Complete;
        place_all(&mut manifest, staged)?;
        manifest.write(&self.plan.output)?;
        self.observer.shard_done(Pass::Emit, &shard.path, shard.bytes, true);
        Ok(())
    }

    fn set_aside(&self, index: usize, _: Option<EmitSource>, reason: BadShard) -> Result<(), PipelineError> {
        let shard = self.shard(index);
        let before = ShardManifest::read(&self.plan.output, &shard.path);
        let rows_read = before.as_ref().map_or(0, |manifest| manifest.rows.read);
        let digest = before.as_ref().and_then(|manifest| manifest.input.digest.clone());
        let tag = before.map(|manifest| manifest.fingerprints.tag).unwrap_or_default();
        set_aside(&self.plan.output, shard, digest, tag, rows_read, &reason)?;
        announce(self.plan, self.observer, shard, &reason)
    }
}

impl DataSink {
    fn append(&mut self, chunk: ChunkData) -> Result<(), ShardError> {
        match (self, chunk) {
            (Self::Parquet(writer), ChunkData::RowGroup(group)) => writer.append(group),
            (Self::Jsonl(writer), ChunkData::Lines(lines)) => writer.write(&lines),
            _ => Err(ShardError::bad(BadShardKind::Internal, "rows of one format for a file of another")),
        }
    }

    fn stage(self) -> Result<Staged, ShardError> {
        match self {
            Self::Parquet(writer) => writer.stage(),
            Self::Jsonl(writer) => writer.stage(),
        }
    }
}

fn compression(format: Format) -> Compression {
    match format {
        Format::Jsonl(compression) => compression,
        Format::Parquet => Compression::Plain,
    }
}

/// The input is no longer what the tags were made of.
fn changed(what: &str) -> ShardError {
    ShardError::bad(BadShardKind::Unreadable, format!("the shard changed between two passes: {what}; run again"))
}
