//! Panics without their messages: one may quote a record, so only its place is ever told.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    /// True while this thread is inside a step that contains its panics.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
    /// Where the last contained panic happened.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What a panic hook is to print: nothing where the panic is contained and will be told with its shard, nothing again
/// after the first that is not.
pub fn panic_line(panic: &PanicHookInfo<'_>) -> Option<String> {
    static TOLD: AtomicBool = AtomicBool::new(false);
    let place = panic.location().map(|at| format!("{}:{}", within_crate(at.file()), at.line())).unwrap_or_default();
    if CONTAINED.get() {
        PLACE.with_borrow_mut(|last| *last = Some(place));
        return None;
    }
    // A worker that panics takes its scope with it, which would make a second line of the same fault.
    let first = !TOLD.swap(true, Ordering::Relaxed);
    first.then(|| format!("internal error at {place}; please report it with the version (`tamis --version`)"))
}

/// Runs a step; of a panic in it only the place is left, where the hook has noted one.
pub(crate) fn contain<T>(step: impl FnOnce() -> T) -> Result<T, Option<String>> {
    let outer = CONTAINED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(step));
    CONTAINED.set(outer);
    outcome.map_err(|_message| PLACE.take())
}

/// The file from its crate's folder on: where a machine keeps its sources is nobody's business.
fn within_crate(file: &str) -> &str {
    let source = file.rfind("/src/").unwrap_or_default();
    let folder = file[..source].rfind('/').map_or(0, |at| at + 1);
    &file[folder..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_begin_at_the_crate() {
        assert_eq!(within_crate("/home/x/registry/src/index-1/parquet-59.3.0/src/a/b.rs"), "parquet-59.3.0/src/a/b.rs");
        assert_eq!(within_crate("crates/detect/src/x.rs"), "detect/src/x.rs");
        assert_eq!(within_crate("crates/pipeline/tests/x.rs"), "crates/pipeline/tests/x.rs");
    }
}
