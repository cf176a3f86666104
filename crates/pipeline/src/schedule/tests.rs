//! The scheduler with made-up work: order, failures and panics, for any number of threads.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;

/// Shards of `pieces` numbers each; some fail or panic at a given piece of a given step.
struct Numbers {
    pieces: Vec<u64>,
    trouble: Option<(usize, u64, &'static str)>,
    done: Mutex<Vec<(usize, Vec<u64>)>>,
    aside: Mutex<Vec<usize>>,
    live: AtomicU64,
}

impl Numbers {
    fn new(pieces: Vec<u64>, trouble: Option<(usize, u64, &'static str)>) -> Self {
        let (done, aside) = (Mutex::default(), Mutex::default());
        Self { pieces, trouble, done, aside, live: AtomicU64::new(0) }
    }

    fn stumble(&self, shard: usize, piece: u64, step: &str) -> Result<(), ShardError> {
        match self.trouble {
            Some((s, p, t)) if (s, p) == (shard, piece) && t.starts_with(step) => {
                assert!(!t.ends_with("panic"), "planted");
                if t.ends_with("fatal") {
                    return Err(ShardError::Usage("planted".into()));
                }
                Err(ShardError::bad(BadShardKind::Corrupt, "planted"))
            }
            _ => Ok(()),
        }
    }
}

impl ShardWork for Numbers {
    type Scratch = u64;
    type Source = u64;
    type Piece = u64;
    type Product = u64;
    type Sink = Vec<u64>;

    fn scratch(&self) -> u64 {
        0
    }

    fn open(&self, shard: usize) -> Result<Option<(u64, Vec<u64>)>, ShardError> {
        self.stumble(shard, 0, "open")?;
        self.live.fetch_add(1, Ordering::SeqCst);
        Ok((self.pieces[shard] > 0).then(|| (0, Vec::new())))
    }

    fn claim(&self, shard: usize, source: &mut u64) -> Result<Option<u64>, ShardError> {
        self.stumble(shard, *source, "claim")?;
        *source += 1;
        Ok((*source <= self.pieces[shard]).then(|| *source - 1))
    }

    fn work(&self, shard: usize, _: &mut u64, piece: u64) -> Result<u64, ShardError> {
        self.stumble(shard, piece, "work")?;
        if piece.is_multiple_of(3) {
            std::thread::yield_now();
        }
        Ok(piece * 10)
    }

    fn deliver(&self, shard: usize, sink: &mut Vec<u64>, product: u64) -> Result<(), ShardError> {
        self.stumble(shard, product / 10, "deliver")?;
        sink.push(product);
        Ok(())
    }

    fn close(&self, shard: usize, _: u64, sink: Vec<u64>) -> Result<(), ShardError> {
        self.stumble(shard, 0, "close")?;
        lock(&self.done).push((shard, sink));
        Ok(())
    }

    fn set_aside(&self, shard: usize, _: Option<u64>, _: BadShard) -> Result<(), PipelineError> {
        lock(&self.aside).push(shard);
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shards done with what came out of them, shards set aside, and whether the run failed.
type Outcome = (Vec<(usize, Vec<u64>)>, Vec<usize>, bool);

fn outcome(work: &Numbers, threads: usize) -> Outcome {
    let order: Vec<usize> = (0..work.pieces.len()).collect();
    let failed = run(work, &order, threads).is_err();
    let mut done = std::mem::take(&mut *lock(&work.done));
    let mut aside = std::mem::take(&mut *lock(&work.aside));
    done.sort();
    aside.sort_unstable();
    (done, aside, failed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_shard_comes_out_whole_and_in_order(pieces in prop::collection::vec(0u64..30, 0..6), threads in 1usize..6) {
        let work = Numbers::new(pieces.clone(), None);
        let (done, aside, failed) = outcome(&work, threads);
        let want: Vec<_> = pieces.iter().enumerate().filter(|(_, n)| **n > 0)
            .map(|(shard, n)| (shard, (0..*n).map(|piece| piece * 10).collect::<Vec<_>>())).collect();
        prop_assert_eq!(done, want);
        prop_assert!(aside.is_empty() && !failed);
    }

    #[test]
    fn trouble_in_one_shard_sets_that_one_aside(
        at in 0u64..8, threads in 1usize..6, panics in any::<bool>(),
        step in prop::sample::select(vec!["claim", "work", "deliver"]),
    ) {
        let name: &'static str = match (step, panics) {
            ("claim", false) => "claim", ("claim", true) => "claim panic",
            ("work", false) => "work", ("work", true) => "work panic",
            ("deliver", false) => "deliver", _ => "deliver panic",
        };
        let work = Numbers::new(vec![9, 9, 9], Some((1, at, name)));
        let (done, aside, failed) = outcome(&work, threads);
        prop_assert_eq!(done.iter().map(|(shard, _)| *shard).collect::<Vec<_>>(), vec![0, 2]);
        prop_assert_eq!(aside, vec![1]);
        prop_assert!(!failed);
    }

    #[test]
    fn a_failure_of_the_run_ends_every_worker(at in 0u64..8, threads in 1usize..6) {
        let work = Numbers::new(vec![9, 9, 9], Some((1, at, "work fatal")));
        let (done, aside, failed) = outcome(&work, threads);
        prop_assert!(failed && aside.is_empty());
        prop_assert!(done.iter().all(|(shard, _)| *shard != 1));
    }
}

#[test]
fn shards_that_do_not_open_or_close_are_set_aside() {
    for step in ["open", "open panic", "close", "close panic"] {
        let work = Numbers::new(vec![2, 2], Some((0, 0, step)));
        let (done, aside, failed) = outcome(&work, 2);
        assert_eq!((done.len(), aside, failed), (1, vec![0], false), "{step}");
    }
}
