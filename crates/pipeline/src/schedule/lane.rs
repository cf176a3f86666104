//! One shard on its way through a pass.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tamis_shard::{BadShard, ShardError};

use super::{ShardWork, guarded};
use crate::PipelineError;

/// A shard with the pieces that are claimed of it.
pub(super) struct Lane<W: ShardWork> {
    shard: usize,
    feed: Mutex<Feed<W>>,
    belt: Mutex<Belt<W>>,
}

/// The claiming side.
struct Feed<W: ShardWork> {
    source: Option<W::Source>,
    claimed: u64,
}

/// The delivering side.
struct Belt<W: ShardWork> {
    /// Taken by whoever delivers.
    sink: Option<W::Sink>,
    /// Finished pieces that wait for an earlier one.
    ready: BTreeMap<u64, W::Product>,
    delivered: u64,
    /// Pieces claimed and not yet delivered or given up.
    in_flight: u64,
    /// No piece is left to claim.
    ended: bool,
    closed: bool,
    /// Why the shard is set aside, with the number of the piece: where several fail, the first of them speaks, whoever
    /// came first.
    reason: Option<(u64, BadShard)>,
}

/// What became of a worker's step.
pub(super) enum Step {
    /// A piece was done.
    Moved,
    /// Too many pieces wait for an earlier one.
    Full,
    /// Nothing is left to claim.
    Ended,
}

impl<W: ShardWork> Lane<W> {
    pub(super) fn new(shard: usize, source: W::Source, sink: W::Sink) -> Self {
        let belt = Belt {
            sink: Some(sink),
            ready: BTreeMap::new(),
            delivered: 0,
            in_flight: 0,
            ended: false,
            closed: false,
            reason: None,
        };
        Self { shard, feed: Mutex::new(Feed { source: Some(source), claimed: 0 }), belt: Mutex::new(belt) }
    }

    pub(super) fn has_more(&self) -> bool {
        !self.belt().ended
    }

    pub(super) fn is_closed(&self) -> bool {
        self.belt().closed
    }

    /// Claims a piece, works on it, delivers what can be delivered, and closes the shard after the last.
    pub(super) fn step(&self, work: &W, scratch: &mut W::Scratch, threads: usize) -> Result<Step, PipelineError> {
        let (number, piece) = match self.claim(work, threads)? {
            Claimed::Piece(number, piece) => (number, piece),
            Claimed::Full => return Ok(Step::Full),
            Claimed::Nothing => {
                self.close_when_done(work)?;
                return Ok(Step::Ended);
            }
        };
        let product = guarded(|| work.work(self.shard, scratch, piece));
        if product.is_err() {
            // A panic may have left the memory half-way.
            *scratch = work.scratch();
        }
        self.hand_over(work, number, product)?;
        self.close_when_done(work)?;
        Ok(Step::Moved)
    }

    fn claim(&self, work: &W, threads: usize) -> Result<Claimed<W>, PipelineError> {
        let mut feed = lock(&self.feed);
        let belt = self.belt();
        if belt.ended {
            return Ok(Claimed::Nothing);
        }
        if feed.claimed - belt.delivered > 2 * threads as u64 {
            return Ok(Claimed::Full);
        }
        drop(belt);
        let Feed { source, claimed } = &mut *feed;
        let next = match source {
            Some(source) => guarded(|| work.claim(self.shard, source)),
            None => Ok(None),
        };
        let mut belt = self.belt();
        match next {
            Ok(Some(piece)) => {
                *claimed += 1;
                belt.in_flight += 1;
                Ok(Claimed::Piece(*claimed - 1, piece))
            }
            Ok(None) => {
                belt.ended = true;
                Ok(Claimed::Nothing)
            }
            Err(error) => {
                belt.give_up(*claimed, error)?;
                Ok(Claimed::Nothing)
            }
        }
    }

    /// Puts a product in its place; whoever finds the sink free delivers all that is next in order.
    fn hand_over(&self, work: &W, number: u64, product: Result<W::Product, ShardError>) -> Result<(), PipelineError> {
        let mut belt = self.belt();
        match product {
            Ok(product) if belt.reason.is_none() => {
                belt.ready.insert(number, product);
            }
            Ok(_) => {}
            Err(error) => belt.give_up(number, error)?,
        }
        if let Some(mut sink) = belt.sink.take() {
            while belt.reason.is_none() {
                let number = belt.delivered;
                let Some(product) = belt.ready.remove(&number) else { break };
                belt.delivered += 1;
                drop(belt);
                let delivered = guarded(|| work.deliver(self.shard, &mut sink, product));
                belt = self.belt();
                if let Err(error) = delivered {
                    belt.give_up(number, error)?;
                }
            }
            belt.sink = Some(sink);
        }
        belt.in_flight -= 1;
        Ok(())
    }

    /// Commits the shard, or sets it aside, once nothing is left to claim and nothing in flight.
    fn close_when_done(&self, work: &W) -> Result<(), PipelineError> {
        let mut belt = self.belt();
        if !belt.ended || belt.in_flight > 0 || belt.closed {
            return Ok(());
        }
        belt.closed = true;
        let (sink, reason) = (belt.sink.take(), belt.reason.take().map(|(_, reason)| reason));
        drop(belt);
        let source = lock(&self.feed).source.take();
        let reason = match (reason, source, sink) {
            (None, Some(source), Some(sink)) => match guarded(|| work.close(self.shard, source, sink)) {
                Ok(()) => return Ok(()),
                Err(ShardError::Bad(reason)) => return work.set_aside(self.shard, None, reason),
                Err(error) => return Err(error.into()),
            },
            (Some(reason), source, _) => return work.set_aside(self.shard, source, reason),
            (None, ..) => "a shard was closed twice",
        };
        Err(PipelineError::Internal(reason.into()))
    }

    fn belt(&self) -> MutexGuard<'_, Belt<W>> {
        lock(&self.belt)
    }
}

impl<W: ShardWork> Belt<W> {
    /// Stops the shard: it is set aside when the pieces in flight have come back. Other failures stop the run.
    fn give_up(&mut self, number: u64, error: ShardError) -> Result<(), PipelineError> {
        self.ended = true;
        self.ready.clear();
        match error {
            ShardError::Bad(reason) => {
                if self.reason.as_ref().is_none_or(|(first, _)| number < *first) {
                    self.reason = Some((number, reason));
                }
                Ok(())
            }
            other => {
                // Nobody is to close the shard any more.
                self.closed = true;
                Err(other.into())
            }
        }
    }
}

enum Claimed<W: ShardWork> {
    Piece(u64, W::Piece),
    Full,
    Nothing,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
