//! Worker threads over shards, and over the pieces of one shard.
//!
//! Every worker takes a shard of its own as long as there are any, then helps where pieces are left. Pieces of a shard
//! are claimed in order by one thread at a time, worked on by many, and delivered in order by one at a time, so the
//! result does not depend on how many threads there are. Nothing waits for anything that was claimed later: no order
//! of events can lock up.

mod lane;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tamis_shard::{BadShard, BadShardKind, ShardError};

use crate::PipelineError;
use crate::panics::contain;
use lane::{Lane, Step};

/// The two ends of a shard that was opened.
pub(crate) type Opened<W> = (<W as ShardWork>::Source, <W as ShardWork>::Sink);

/// One pass over shards, as the scheduler sees it.
pub(crate) trait ShardWork: Sync {
    /// Memory of one worker thread.
    type Scratch;
    /// Where a shard's pieces come from.
    type Source: Send;
    /// A piece on its way in.
    type Piece: Send;
    /// A piece on its way out.
    type Product: Send;
    /// Where a shard's products go.
    type Sink: Send;

    /// Memory for one more worker.
    fn scratch(&self) -> Self::Scratch;
    /// Opens a shard; none where nothing is to be done.
    fn open(&self, shard: usize) -> Result<Option<Opened<Self>>, ShardError>;
    /// The next piece of a shard, in order.
    fn claim(&self, shard: usize, source: &mut Self::Source) -> Result<Option<Self::Piece>, ShardError>;
    /// Works on a piece.
    fn work(&self, shard: usize, scratch: &mut Self::Scratch, piece: Self::Piece) -> Result<Self::Product, ShardError>;
    /// Takes a finished piece, in order.
    fn deliver(&self, shard: usize, sink: &mut Self::Sink, product: Self::Product) -> Result<(), ShardError>;
    /// Commits a shard.
    fn close(&self, shard: usize, source: Self::Source, sink: Self::Sink) -> Result<(), ShardError>;
    /// Sets a shard aside. `source` is what it was being read from, where it could be opened.
    fn set_aside(&self, shard: usize, source: Option<Self::Source>, reason: BadShard) -> Result<(), PipelineError>;
}

/// Runs a pass over `order` (indices of shards) with so many threads.
///
/// # Errors
/// The first error that concerns the whole run. Shards that were being worked on then leave nothing behind.
pub(crate) fn run<W: ShardWork>(work: &W, order: &[usize], threads: usize) -> Result<(), PipelineError> {
    let pool = Pool { work, order, threads, state: Mutex::new(State::new()), changed: Condvar::new() };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| pool.worker());
        }
        pool.worker();
    });
    let state = pool.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    state.failure.map_or(Ok(()), Err)
}

struct Pool<'p, W: ShardWork> {
    work: &'p W,
    order: &'p [usize],
    threads: usize,
    state: Mutex<State<W>>,
    /// Signalled whenever a lane opens, moves on or closes.
    changed: Condvar,
}

struct State<W: ShardWork> {
    /// Position in `order` of the next shard to open.
    next: usize,
    /// Shards being opened right now.
    opening: usize,
    /// Shards that still have pieces to claim or to deliver.
    lanes: Vec<Arc<Lane<W>>>,
    failure: Option<PipelineError>,
    /// Counts signals, so that none is missed between a look and a wait.
    events: u64,
}

impl<W: ShardWork> State<W> {
    fn new() -> Self {
        Self { next: 0, opening: 0, lanes: Vec::new(), failure: None, events: 0 }
    }
}

/// What a worker does next.
enum Next<W: ShardWork> {
    Open(usize),
    Help(Arc<Lane<W>>),
    Wait(u64),
    End,
}

impl<W: ShardWork> Pool<'_, W> {
    fn worker(&self) {
        let mut scratch = self.work.scratch();
        let mut own: Option<Arc<Lane<W>>> = None;
        loop {
            let events = self.state().events;
            if let Some(lane) = own.take() {
                match lane.step(self.work, &mut scratch, self.threads) {
                    Ok(Step::Moved) => {
                        self.signal();
                        own = Some(lane);
                        if self.state().failure.is_some() {
                            return;
                        }
                        continue;
                    }
                    Ok(Step::Full) => {
                        own = Some(lane);
                        self.wait(events);
                        continue;
                    }
                    Ok(Step::Ended) => self.signal(),
                    Err(failure) => self.fail(failure),
                }
            }
            match self.next() {
                Next::Open(shard) => own = self.open(shard),
                Next::Help(lane) => own = Some(lane),
                Next::Wait(events) => self.wait(events),
                Next::End => return,
            }
        }
    }

    fn next(&self) -> Next<W> {
        let mut state = self.state();
        if state.failure.is_some() {
            return Next::End;
        }
        state.lanes.retain(|lane| !lane.is_closed());
        if let Some(shard) = self.order.get(state.next) {
            state.next += 1;
            state.opening += 1;
            return Next::Open(*shard);
        }
        match state.lanes.iter().find(|lane| lane.has_more()) {
            Some(lane) => Next::Help(Arc::clone(lane)),
            None if state.opening == 0 => Next::End,
            None => Next::Wait(state.events),
        }
    }

    fn open(&self, shard: usize) -> Option<Arc<Lane<W>>> {
        let opened = guarded(|| self.work.open(shard));
        let lane = match opened {
            Ok(opened) => opened.map(|(source, sink)| Arc::new(Lane::new(shard, source, sink))),
            Err(error) => {
                if let Err(failure) = self.bad(shard, error) {
                    self.fail(failure);
                }
                None
            }
        };
        let mut state = self.state();
        state.opening -= 1;
        state.lanes.extend(lane.clone());
        drop(state);
        self.signal();
        lane
    }

    fn bad(&self, shard: usize, error: ShardError) -> Result<(), PipelineError> {
        match error {
            ShardError::Bad(reason) => self.work.set_aside(shard, None, reason),
            other => Err(other.into()),
        }
    }

    fn fail(&self, failure: PipelineError) {
        self.state().failure.get_or_insert(failure);
        self.signal();
    }

    fn signal(&self) {
        self.state().events += 1;
        self.changed.notify_all();
    }

    /// Waits until something has happened since `events` was read.
    fn wait(&self, events: u64) {
        let mut state = self.state();
        while state.events == events && state.failure.is_none() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a step of a shard; a panic inside it becomes a failure of that shard alone.
pub(crate) fn guarded<T>(step: impl FnOnce() -> Result<T, ShardError>) -> Result<T, ShardError> {
    contain(step).unwrap_or_else(|place| {
        let at = place.map(|place| format!(" at {place}")).unwrap_or_default();
        let detail = format!("the program failed inside this shard{at}; please report it");
        Err(ShardError::bad(BadShardKind::Internal, detail))
    })
}

#[cfg(test)]
mod tests;
