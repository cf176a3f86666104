//! Every decision of `tamis` as a pure function.
//!
//! What detectors say of a record (its *tags*) becomes a [`Decision`] by a [`Policy`]; decisions are counted per source
//! in a [`Tally`]; a [`Ledger`] judges the sources by the rule of GB/T 45654-2025, 4.1.1 b; and a record's [`Verdict`]
//! follows from its tags and its source. Nothing here reads a file, starts a thread or knows a model, so a verdict can
//! be replayed by anyone who has the tags and the policy.
//!
//! The risks themselves are data: a [`Taxonomy`] is a TOML file, and another standard is another file. Percentages
//! are exact ([`Percent`]) and compared in integers; the intervals beside them are exact binomial ones
//! ([`clopper_pearson`]).
//!
//! Not for finding anything in a text: that is a detector's work. Not for deciding on a sample of labels either,
//! beyond the point rule of a [`SpotCheck`].
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use tamis_rules::*;
//!
//! let taxonomy = Arc::new(Taxonomy::builtin("gbt45654").expect("it is built in"));
//! let policy = Policy::resolve(&PolicySpec::default(), Arc::clone(&taxonomy))?;
//!
//! // Tags of two records: a keyword of A1f in one, nothing in the other.
//! let found = [KeywordCount {
//!     risk: taxonomy.risk_id("A1f").expect("it is in the taxonomy"),
//!     level: Level::Enforce,
//!     entries: 1,
//!     hits: 2,
//! }];
//! let bad = RecordTags { chars: 120, keywords: &found, ..RecordTags::default() };
//! let clean = RecordTags { chars: 80, ..RecordTags::default() };
//!
//! // Pass one, decide and count; pass two, judge the sources; pass three, judge the records.
//! let mut tally = Tally::new();
//! for (source, tags, times) in [("forum.example", &bad, 1), ("forum.example", &clean, 19), ("web.example", &bad, 2)] {
//!     for _ in 0..times {
//!         tally.record(source, tags.quarantine.is_none(), decide(tags, &policy).risks, policy.counted());
//!     }
//! }
//! let ledger = Ledger::judge(&tally, &policy);
//! assert!(!ledger.is_rejected("forum.example")); // 1 of 20 is exactly 5 %
//! assert!(ledger.is_rejected("web.example"));
//!
//! let verdict = judge_record(&bad, ledger.is_rejected("forum.example"), &policy);
//! assert_eq!(verdict.outcome, Outcome::Dropped);
//! assert_eq!(verdict.reason().map(|reason| reason.label(&taxonomy)).as_deref(), Some("keyword:A1f"));
//! # Ok::<(), RulesError>(())
//! ```

mod accuracy;
mod bit_set;
mod error;
mod interval;
mod ledger;
mod percent;
mod pii;
mod policy;
mod reason;
mod risk;
mod spot_check;
mod tally;
mod taxonomy;
mod verdict;

pub use accuracy::{Accuracy, AccuracySpec};
pub use error::{Location, RulesError};
pub use interval::{clopper_pearson, clopper_pearson_lower, clopper_pearson_upper};
pub use ledger::{Basis, Corrected, Ledger, LedgerEntry, SourceVerdict};
pub use percent::Percent;
pub use pii::{PiiKind, PiiProfile, PiiSet};
pub use policy::{
    Action, DecideOn, ModelRuleSpec, PiiAction, PiiRule, PiiRuleSpec, Policy, PolicySpec, Replace, RiskRule,
    RiskRuleSpec,
};
pub use reason::{Quarantine, Reason};
pub use risk::{RiskId, RiskSet};
pub use spot_check::SpotCheck;
pub use tally::{SourceTally, Tally};
pub use taxonomy::{
    Composition, Group, KeywordMinimum, PersonalInformation, Provenance, Risk, SourceRule, SpotChecks, Taxonomy,
};
pub use verdict::{Decision, KeywordCount, Level, ModelScore, Outcome, RecordTags, Verdict, decide, judge_record};
