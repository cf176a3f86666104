//! Verifies a finished run: that its output folder is what its manifests say, and that everything in it that follows
//! from the tags and the policy does follow from them.
//!
//! [`verify`] reads the folder alone, offline, and believes nothing in it that can be computed again: digests and the
//! root hash, the rows of every shard in order, every verdict replayed from its tags, the ledger counted from the
//! verdicts and judged by the source rule (4.1.1 b), the written records against the verdicts, the totals, and the
//! chain of fingerprints. Each thing that is wrong is a [`Problem`] that names the file, what was expected and what was
//! got. Whoever changes a file *and* every digest that depends on it is found by the computation.
//!
//! What it cannot tell: whether the tags are what the detectors say of the input, and whether a written text is the
//! input's. Both need the input and the detectors. It is no signature either: someone who makes up a whole run, tags
//! and all, makes a run that verifies.
//!
//! ```
//! use tamis_audit::{AuditError, VerifyOptions, verify};
//!
//! let folder = tempfile::tempdir()?;
//! let got = verify(folder.path(), &VerifyOptions::default());
//! assert!(matches!(got, Err(AuditError::NoRun { .. })));
//!
//! // The state of a run that was stopped before its end.
//! std::fs::create_dir(folder.path().join("manifest"))?;
//! std::fs::write(folder.path().join("manifest/state.json"), "{}")?;
//! let verification = verify(folder.path(), &VerifyOptions::default())?;
//! assert!(!verification.is_ok());
//! assert_eq!(
//!     verification.problems[0].to_string(),
//!     "_SUCCESS: file: expected the root hash of a finished run, got none: the run is not finished; run it again"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chain;
mod contained;
mod error;
mod folder;
mod ledger;
mod manifests;
mod output;
mod problem;
mod redactions;
mod rows;
mod run;
mod seal;
mod verify;

pub use error::AuditError;
pub use problem::{Check, NotListed, Problem};
pub use verify::{Checked, Verification, VerifyOptions, verify};
