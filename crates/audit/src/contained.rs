//! Work over files that nobody vouches for: a panic in a reader is a problem of its file, and no end of the audit.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use tamis_shard::ShardError;

use crate::problem::{Check, Problem, Problems};

/// Does what may fail or panic over one file.
pub(crate) fn contained<T>(file: &str, read: impl FnOnce() -> Result<T, ShardError>) -> Result<T, Problem> {
    let unreadable = |got: String| Problem::new(file, Check::Unreadable, "content", "a whole, readable file", got);
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(unreadable(cause(error))),
        // A panic's own message may quote a record.
        Err(_) => Err(unreadable("bytes that its reader fails on".into())),
    }
}

/// The cause alone: the file is named anyway, and the way out is another one here.
fn cause(error: ShardError) -> String {
    match error {
        ShardError::Artefact { message, .. } => message,
        ShardError::Io { action, source, .. } => format!("{action}: {source}"),
        other => other.to_string(),
    }
}

/// What gives the next rows of a file.
type NextRows<T> = Box<dyn FnMut() -> Result<Option<VecDeque<T>>, ShardError>>;

/// The rows of one file, one by one; where the file is damaged they end with one problem.
pub(crate) struct Rows<T> {
    file: String,
    next: Option<NextRows<T>>,
    ready: VecDeque<T>,
    whole: bool,
}

impl<T> Rows<T> {
    /// Opens the file; what `open` returns gives its rows batch by batch.
    pub fn open<N>(file: &str, problems: &mut Problems, open: impl FnOnce() -> Result<N, ShardError>) -> Self
    where
        N: FnMut() -> Result<Option<VecDeque<T>>, ShardError> + 'static,
    {
        let mut rows = Self { file: file.into(), next: None, ready: VecDeque::new(), whole: true };
        match contained(file, open) {
            Ok(next) => rows.next = Some(Box::new(next)),
            Err(problem) => rows.fail(problem, problems),
        }
        rows
    }

    /// The next row, none at the end.
    pub fn next(&mut self, problems: &mut Problems) -> Option<T> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Some(row);
            }
            match contained(&self.file, self.next.as_mut()?) {
                Ok(Some(rows)) => self.ready = rows,
                Ok(None) => self.next = None,
                Err(problem) => self.fail(problem, problems),
            }
        }
    }

    /// True where nothing has gone wrong so far.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    fn fail(&mut self, problem: Problem, problems: &mut Problems) {
        self.next = None;
        self.whole = false;
        problems.push(problem);
    }
}

/// Does a job for every item on some threads; the results are in the items' order.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], threads: usize, job: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return };
            let result = job(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            scope.spawn(worker);
        }
        worker();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_problem_of_its_file() {
        let problem = contained::<()>("x", || panic!("secret text")).unwrap_err();
        assert!(problem.to_string().starts_with("x: content: expected a whole"), "{problem}");
        assert!(!problem.to_string().contains("secret"));
    }

    #[test]
    fn rows_end_with_one_problem_where_the_file_does() {
        let mut problems = Problems::default();
        let mut batches = vec![Err(ShardError::Usage("torn".into())), Ok(Some(VecDeque::from([1, 2])))];
        let mut rows = Rows::open("x", &mut problems, || Ok(move || batches.pop().unwrap_or(Ok(None))));
        assert_eq!((rows.next(&mut problems), rows.next(&mut problems)), (Some(1), Some(2)));
        assert!(rows.is_whole());
        assert_eq!((rows.next(&mut problems), rows.next(&mut problems)), (None, None));
        assert!(!rows.is_whole());
        assert_eq!(problems.finish().0.len(), 1);
    }

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(each(&items, 4, |n| n * 2), items.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert!(each(&Vec::<u8>::new(), 4, |_| 0).is_empty());
    }
}
