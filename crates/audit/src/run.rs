//! What every check of a finished run needs to know of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tamis_rules::Policy;
use tamis_shard::statement::Parameters;
use tamis_shard::table::{RowSpans, SpansReader, TagRow, TagsReader, VerdictRow, VerdictsReader};
use tamis_shard::{Artefact, Format, OutputDir, ShardManifest, ShardStatus, WrittenRecords};

use crate::contained::Rows;
use crate::folder::Folder;
use crate::problem::Problems;

/// A run whose manifest was read and whose policy was resolved again.
pub(crate) struct Run<'r> {
    pub folder: &'r Folder,
    pub parameters: &'r Parameters,
    pub policy: &'r Policy,
    pub manifests: &'r BTreeMap<String, ShardManifest>,
    pub threads: usize,
}

impl Run<'_> {
    /// Shards whose rows stand in the folder.
    pub fn complete(&self) -> Vec<&ShardManifest> {
        self.manifests.values().filter(|manifest| manifest.status == ShardStatus::Complete).collect()
    }

    /// True where the file of this kind stands; where it does not, that is told elsewhere.
    pub fn has(&self, kind: Artefact, path: &str) -> bool {
        self.folder.has(&OutputDir::name(kind, path))
    }

    pub fn tags(&self, path: &str, problems: &mut Problems) -> Rows<TagRow> {
        let file = self.folder.output.artefact(Artefact::Tags, path);
        let taxonomy = Arc::clone(self.policy.taxonomy());
        Rows::open(&OutputDir::name(Artefact::Tags, path), problems, move || {
            let mut reader = TagsReader::open(&file, taxonomy)?.check_derived();
            Ok(move || Ok(reader.next_row()?.map(|row| VecDeque::from([row]))))
        })
    }

    pub fn verdicts(&self, path: &str, problems: &mut Problems) -> Rows<VerdictRow> {
        let file = self.folder.output.artefact(Artefact::Verdicts, path);
        Rows::open(&OutputDir::name(Artefact::Verdicts, path), problems, move || {
            let mut reader = VerdictsReader::open(&file)?;
            Ok(move || Ok(reader.next_rows()?.map(VecDeque::from)))
        })
    }

    /// Where the detectors found personal information, row by row.
    pub fn spans(&self, path: &str, problems: &mut Problems) -> Rows<RowSpans> {
        let file = self.folder.output.artefact(Artefact::Findings, path);
        Rows::open(&OutputDir::name(Artefact::Findings, path), problems, || {
            let mut reader = SpansReader::open(&file, &self.parameters.columns)?;
            Ok(move || Ok(reader.next_row()?.map(|row| VecDeque::from([row]))))
        })
    }

    /// The written records of a shard, and whether they tell their own id.
    pub fn written(
        &self,
        kind: Artefact,
        path: &str,
        problems: &mut Problems,
    ) -> (Rows<tamis_shard::WrittenRecord>, bool) {
        let file = self.folder.output.artefact(kind, path);
        let mut tells_id = false;
        let rows = Rows::open(&OutputDir::name(kind, path), problems, || {
            let Some(format) = Format::of_name(path) else {
                return Err(tamis_shard::ShardError::Usage("a name that tells no format".into()));
            };
            let Parameters { columns, limits, annotate, .. } = self.parameters;
            let mut reader = WrittenRecords::open(&file, path, format, columns, *limits, *annotate)?;
            tells_id = reader.tells_id();
            Ok(move || reader.next_records())
        });
        (rows, tells_id)
    }
}
