//! Device workers: threads with a network each, which take batches from a bounded queue.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::batches::{Block, EmptyRow, Filled};

/// Batches in the queue per worker.
const QUEUED: usize = 2;
/// Characters of a failure's message that are kept.
const KEPT: usize = 400;

/// A network on a device.
pub(super) trait Network {
    /// The logits of a batch, row by row.
    fn logits(&mut self, batch: &Filled) -> Result<Vec<f32>, Failure>;
}

/// Why a batch came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The device has too little memory for it.
    Memory(String),
    /// Anything else.
    Other(String),
}

/// Makes a network, in the thread that it stays in.
pub(super) type Opener = Box<dyn FnOnce() -> Result<Box<dyn Network>, String> + Send>;

/// What all workers did. Every number is for reports; none has a part in an answer.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub batches: AtomicU64,
    pub windows: AtomicU64,
    pub tokens: AtomicU64,
    pub computed: AtomicU64,
    pub halved: AtomicU64,
    pub failed: AtomicU64,
    pub first_failure: Mutex<Option<String>>,
}

impl Counters {
    /// Forgets what was counted so far.
    pub fn reset(&self) {
        let Self { batches, windows, tokens, computed, halved, failed, first_failure } = self;
        for counter in [batches, windows, tokens, computed, halved, failed] {
            counter.store(0, Ordering::Relaxed);
        }
        *first_failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn failure(&self, failure: &Failure) {
        let (Failure::Memory(message) | Failure::Other(message)) = failure;
        let mut first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| message.chars().take(KEPT).collect());
    }
}

struct Job {
    at: usize,
    block: Block,
    reply: Sender<(usize, Vec<f32>)>,
}

/// Threads that carry out batches. Dropping it ends them.
pub(super) struct Workers {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    counters: Arc<Counters>,
    heads: usize,
}

impl Workers {
    /// A thread per opener. `Err` where one does not open; then none is left.
    pub fn start(openers: Vec<Opener>, heads: usize, empty: &EmptyRow) -> Result<Self, String> {
        let (jobs, queue) = mpsc::sync_channel::<Job>(QUEUED * openers.len());
        let queue = Arc::new(Mutex::new(queue));
        let (ready, opened) = mpsc::channel();
        let mut workers = Self { jobs: Some(jobs), threads: Vec::new(), counters: Arc::default(), heads };
        let count = openers.len();
        for (at, opener) in openers.into_iter().enumerate() {
            let (queue, ready) = (Arc::clone(&queue), ready.clone());
            let (counters, empty) = (Arc::clone(&workers.counters), empty.clone());
            let run = move || {
                let network = catch_unwind(AssertUnwindSafe(opener)).unwrap_or_else(|_| Err("it panicked".into()));
                let (network, said) = match network {
                    Ok(network) => (Some(network), Ok(())),
                    Err(message) => (None, Err(message)),
                };
                // Nobody listens any more where another worker failed; the closed queue then ends this one.
                let _ = ready.send(said);
                drop(ready);
                if let Some(network) = network {
                    Worker { network, budget: usize::MAX, heads, empty, counters }.serve(&queue);
                }
            };
            let thread = thread::Builder::new().name(format!("tamis-device-{at}")).spawn(run);
            workers.threads.push(thread.map_err(|error| error.to_string())?);
        }
        drop(ready);
        let opened: Result<Vec<()>, String> = opened.iter().collect();
        match opened {
            Ok(opened) if opened.len() == count => Ok(workers),
            Ok(_) => Err("a device worker ended before it began".into()),
            Err(message) => Err(message),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.threads.len()
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Carries out batches and waits for all; `take` gets the place of each and its rows' logits. Rows that came to
    /// nothing have NaN.
    pub fn run(&self, blocks: impl Iterator<Item = Block>, mut take: impl FnMut(usize, &[f32])) {
        let (reply, replies) = mpsc::channel();
        let mut open: Vec<Option<usize>> = Vec::new();
        for (at, block) in blocks.enumerate() {
            open.push(Some(block.len()));
            let job = Job { at, block, reply: reply.clone() };
            if self.jobs.as_ref().is_none_or(|jobs| jobs.send(job).is_err()) {
                break;
            }
        }
        drop(reply);
        for (at, logits) in replies {
            open[at] = None;
            take(at, &logits);
        }
        // Without a reply from a worker that is gone.
        for (at, rows) in open.into_iter().enumerate() {
            if let Some(rows) = rows {
                take(at, &vec![f32::NAN; rows * self.heads]);
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A panic of a worker was told to those who waited for it.
            let _ = thread.join();
        }
    }
}

struct Worker {
    network: Box<dyn Network>,
    /// Tokens of a batch that the device had memory for.
    budget: usize,
    heads: usize,
    empty: EmptyRow,
    counters: Arc<Counters>,
}

impl Worker {
    fn serve(mut self, queue: &Mutex<Receiver<Job>>) {
        loop {
            let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(Job { at, block, reply }) = job else { return };
            let mut logits = vec![f32::NAN; block.len() * self.heads];
            self.run(&block, 0..block.len(), &mut logits);
            Counters::add(&self.counters.batches, 1);
            Counters::add(&self.counters.windows, block.len());
            Counters::add(&self.counters.tokens, block.tokens());
            let _ = reply.send((at, logits));
        }
    }

    /// Rows of a block, in batches that the device has memory for.
    fn run(&mut self, block: &Block, range: Range<usize>, logits: &mut [f32]) {
        let mut from = range.start;
        while from < range.end {
            let rows = block.shape.rows.min((self.budget / block.shape.length).max(1));
            let end = (from + rows).min(range.end);
            self.run_batch(block, from..end, rows, logits);
            from = end;
        }
    }

    /// Rows of a block in one batch. With too little memory the budget is halved; after another failure each half is
    /// tried alone in the same shape, so that one bad row takes no other with it.
    fn run_batch(&mut self, block: &Block, range: Range<usize>, rows: usize, logits: &mut [f32]) {
        match self.carry_out(block, range.clone(), rows) {
            Ok(got) => logits[range.start * self.heads..range.end * self.heads].copy_from_slice(&got),
            Err(failure) => {
                if matches!(failure, Failure::Memory(_)) && rows > 1 {
                    self.budget = rows * block.shape.length / 2;
                    Counters::add(&self.counters.halved, 1);
                    self.run(block, range, logits);
                } else if range.len() > 1 {
                    let middle = range.start + range.len() / 2;
                    self.run_batch(block, range.start..middle, rows, logits);
                    self.run_batch(block, middle..range.end, rows, logits);
                } else {
                    Counters::add(&self.counters.failed, 1);
                    self.counters.failure(&failure);
                }
            }
        }
    }

    /// The logits of the rows, without those of the rows that fill up.
    fn carry_out(&mut self, block: &Block, range: Range<usize>, rows: usize) -> Result<Vec<f32>, Failure> {
        let wanted = range.len() * self.heads;
        let filled = block.fill(range, rows, &self.empty);
        Counters::add(&self.counters.computed, rows * block.shape.length);
        let caught = catch_unwind(AssertUnwindSafe(|| self.network.logits(&filled)));
        let mut logits = caught.unwrap_or_else(|_| Err(Failure::Other("the network panicked".into())))?;
        if logits.len() != rows * self.heads {
            let (got, expected) = (logits.len(), rows * self.heads);
            return Err(Failure::Other(format!("{got} logits for {rows} rows, expected {expected}")));
        }
        logits.truncate(wanted);
        Ok(logits)
    }
}

#[cfg(test)]
mod tests {
    use super::super::batches::Shape;
    use super::*;

    /// Token that the fake network panics at.
    const PANICS: i64 = 999;

    /// Answers with a row's first token; fails as it is told to.
    struct Fake {
        most_rows: usize,
        bad: i64,
    }

    impl Network for Fake {
        fn logits(&mut self, batch: &Filled) -> Result<Vec<f32>, Failure> {
            let firsts: Vec<i64> = batch.ids.chunks(batch.shape.length).map(|row| row[0]).collect();
            assert!(!firsts.contains(&PANICS), "made to panic");
            if batch.shape.rows > self.most_rows {
                return Err(Failure::Memory("out of memory".into()));
            }
            if firsts.contains(&self.bad) {
                return Err(Failure::Other("bad row".into()));
            }
            Ok(firsts.iter().map(|&id| id as f32).collect())
        }
    }

    fn workers(count: usize, most_rows: usize, bad: i64) -> Workers {
        let opener = || -> Opener { Box::new(move || Ok(Box::new(Fake { most_rows, bad }) as Box<dyn Network>)) };
        let openers = (0..count).map(|_| opener()).collect();
        Workers::start(openers, 1, &EmptyRow::new([0].into_iter(), 0)).unwrap()
    }

    fn run(workers: &Workers, rows: u32) -> Vec<f32> {
        let ids: Vec<u32> = (1..=rows).collect();
        let blocks = ids.chunks(8).map(|ids| {
            let mut block = Block::new(Shape { rows: 8, length: 2 });
            ids.iter().for_each(|&id| block.push([id].into_iter(), 0));
            block
        });
        let mut all = vec![0.0; rows as usize];
        workers.run(blocks, |at, logits| all[at * 8..at * 8 + logits.len()].copy_from_slice(logits));
        all
    }

    #[test]
    fn any_number_of_workers_gives_every_row_its_own_answer() {
        let expected: Vec<f32> = (1..=100).map(|id| id as f32).collect();
        for count in [1, 3] {
            let workers = workers(count, 8, -5);
            assert_eq!(run(&workers, 100), expected);
            assert_eq!(workers.counters().windows.load(Ordering::Relaxed), 100);
            assert_eq!(workers.counters().batches.load(Ordering::Relaxed), 13);
        }
    }

    #[test]
    fn several_callers_wait_for_their_own() {
        let workers = workers(2, 8, -5);
        thread::scope(|scope| {
            let callers: Vec<_> = (1..=4)
                .map(|rows| {
                    scope.spawn({
                        let workers = &workers;
                        move || run(workers, rows * 9)
                    })
                })
                .collect();
            for (at, caller) in callers.into_iter().enumerate() {
                assert_eq!(caller.join().unwrap().len(), (at + 1) * 9);
            }
        });
    }

    #[test]
    fn too_little_memory_halves_the_budget_and_every_row_is_answered() {
        let workers = workers(1, 2, -5);
        let expected: Vec<f32> = (1..=20).map(|id| id as f32).collect();
        assert_eq!(run(&workers, 20), expected);
        assert_eq!(workers.counters().halved.load(Ordering::Relaxed), 2);
        assert_eq!(workers.counters().failed.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_bad_row_takes_no_other_with_it() {
        let workers = workers(1, 8, 5);
        let got = run(&workers, 16);
        let failed: Vec<usize> = (0..16).filter(|&at| got[at].is_nan()).collect();
        assert_eq!(failed, [4]);
        assert_eq!(workers.counters().failed.load(Ordering::Relaxed), 1);
        let first = workers.counters().first_failure.lock().unwrap().clone();
        assert_eq!(first.as_deref(), Some("bad row"));
    }

    #[test]
    fn a_panic_fails_its_rows_and_the_worker_goes_on() {
        let workers = workers(1, 8, -5);
        let blocks = [PANICS as u32, 7].map(|id| {
            let mut block = Block::new(Shape { rows: 8, length: 2 });
            block.push([id].into_iter(), 0);
            block
        });
        let mut all = Vec::new();
        workers.run(blocks.into_iter(), |at, logits| all.push((at, logits[0])));
        all.sort_by_key(|(at, _)| *at);
        assert!(all[0].1.is_nan());
        assert_eq!(all[1], (1, 7.0));
    }

    #[test]
    fn one_that_does_not_open_stops_the_start() {
        let good: Opener = Box::new(|| Ok(Box::new(Fake { most_rows: 1, bad: 0 }) as Box<dyn Network>));
        let bad: Opener = Box::new(|| Err("no device".into()));
        let started = Workers::start(vec![good, bad], 1, &EmptyRow::new([].into_iter(), 0));
        assert_eq!(started.err().as_deref(), Some("no device"));
    }
}
