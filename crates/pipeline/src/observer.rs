//! How a run tells the outside what it does. Libraries print nothing; whoever runs them draws what they like.

use tamis_shard::BadShard;

use crate::Redo;

/// One of the passes over the shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Detectors over every record.
    Tag,
    /// Sources judged from the tags.
    Judge,
    /// Filtered shards written.
    Emit,
}

impl Pass {
    /// `tag`, `judge` or `emit`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Judge => "judge",
            Self::Emit => "emit",
        }
    }
}

/// What the judge pass came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerNews {
    /// There was no ledger before.
    New,
    /// The ledger that stands was made of the same tags by the same policy.
    Stood,
    /// It took the place of another.
    Remade {
        /// The policy is another; otherwise the tags are.
        policy_changed: bool,
        /// Sources in the new ledger.
        sources: u64,
        /// Sources of both ledgers whose verdict changed, by name; none where the old ledger could not be read.
        changed: Option<Vec<String>>,
    },
}

/// Receives what happens, from any thread. Never receives text of a record.
pub trait Observer: Sync {
    /// A pass begins over so many shards with so many stored bytes.
    fn pass_started(&self, _pass: Pass, _shards: usize, _stored_bytes: u64) {}
    /// Some more rows were done.
    fn rows_done(&self, _pass: Pass, _rows: u64, _text_bytes: u64) {}
    /// A shard's pass does not stand and is done now, for this reason.
    fn shard_redone(&self, _pass: Pass, _path: &str, _why: &Redo) {}
    /// A shard was done, or stood already (`again` is false then).
    fn shard_done(&self, _pass: Pass, _path: &str, _stored_bytes: u64, _again: bool) {}
    /// A shard was set aside whole.
    fn shard_set_aside(&self, _path: &str, _reason: &BadShard) {}
    /// The sources were judged.
    fn ledger_done(&self, _news: &LedgerNews) {}
    /// A shard that was set aside by an earlier run, and is not tried again: it would be set aside again.
    fn shard_still_aside(&self, _path: &str) {}
    /// Something a user should know.
    fn notice(&self, _text: &str) {}
    /// A pass has ended.
    fn pass_finished(&self, _pass: Pass) {}
}

/// Ignores everything.
pub struct Silent;

impl Observer for Silent {}
