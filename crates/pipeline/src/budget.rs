//! A bound on the bytes in flight.

use std::sync::{Condvar, Mutex, PoisonError};

/// Hands out permits for bytes; whoever asks for too many waits until others have given theirs back.
pub(crate) struct Budget {
    limit: usize,
    used: Mutex<usize>,
    freed: Condvar,
}

/// Bytes that are taken until it is dropped.
pub(crate) struct Permit<'b> {
    budget: &'b Budget,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits until the bytes are free. A request alone is always granted, however large: it could never be otherwise.
    pub(crate) fn take(&self, bytes: usize) -> Permit<'_> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while *used > 0 && used.saturating_add(bytes) > self.limit {
            used = self.freed.wait(used).unwrap_or_else(PoisonError::into_inner);
        }
        *used = used.saturating_add(bytes);
        Permit { budget: self, bytes }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut used = self.budget.used.lock().unwrap_or_else(PoisonError::into_inner);
        *used = used.saturating_sub(self.bytes);
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn the_bytes_in_use_stay_within_the_limit_and_a_giant_passes_alone() {
        let budget = Budget::new(10);
        let (in_use, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for bytes in [4, 6, 3, 25, 7, 2] {
                let (budget, in_use, most) = (&budget, &in_use, &most);
                scope.spawn(move || {
                    for _ in 0..50 {
                        let _permit = budget.take(bytes);
                        let now = in_use.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        if bytes == 25 {
                            assert_eq!(now, 25, "a request over the limit is alone");
                        } else {
                            most.fetch_max(now, Ordering::SeqCst);
                        }
                        in_use.fetch_sub(bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 10);
    }
}
