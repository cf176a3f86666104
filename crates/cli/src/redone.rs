//! What a pass says of a folder that it continued: what stood, and what was done again, and why.

use tamis_pipeline::{LedgerNews, Pass, Redo};

use crate::numbers::{count, plural};

/// Names of shards or sources that a line gives; more are counted.
const MOST_NAMES: usize = 3;

/// Shards of one pass that did not stand, by reason.
#[derive(Default)]
pub struct Redone {
    reasons: Vec<Reason>,
}

struct Reason {
    order: usize,
    text: &'static str,
    shards: u64,
    /// The first few, in order of name, so that a line does not depend on the threads.
    names: Vec<String>,
}

impl Redone {
    /// Counts one more shard.
    pub fn add(&mut self, pass: Pass, path: &str, why: &Redo) {
        let (order, text) = wording(pass, why);
        let name = if let Redo::OutputDamaged(name) = why { name } else { path };
        let known = self.reasons.iter().position(|reason| reason.text == text).unwrap_or_else(|| {
            self.reasons.push(Reason { order, text, shards: 0, names: Vec::new() });
            self.reasons.len() - 1
        });
        let reason = &mut self.reasons[known];
        reason.shards += 1;
        reason.names.push(name.to_string());
        reason.names.sort_unstable();
        reason.names.truncate(MOST_NAMES);
    }

    /// The line; none where every shard was new, as in a first run.
    pub fn line(&self, pass: Pass, stood: usize) -> Option<String> {
        if stood == 0 && self.reasons.iter().all(|reason| reason.order == 0) {
            return None;
        }
        let mut reasons: Vec<&Reason> = self.reasons.iter().collect();
        reasons.sort_by_key(|reason| reason.order);
        let stood = (stood > 0).then(|| format!("{} stood already", plural(stood as u64, "shard")));
        let parts: Vec<String> = stood.into_iter().chain(reasons.into_iter().map(Reason::part)).collect();
        Some(format!("{:<5} {}", pass.name(), parts.join("; ")))
    }
}

impl Reason {
    fn part(&self) -> String {
        let number = count(self.shards);
        if self.order == 0 {
            format!("{number} {}", self.text)
        } else {
            format!("{number} {} ({})", self.text, self.list())
        }
    }

    fn list(&self) -> String {
        names(&self.names, self.shards)
    }
}

/// What the judge pass says; none where there is nothing to say, as in a first run.
pub fn ledger_line(news: &LedgerNews) -> Option<String> {
    let news = match news {
        LedgerNews::New => return None,
        LedgerNews::Stood => "the ledger stood already".to_string(),
        LedgerNews::Remade { policy_changed, sources, changed } => {
            let why = if *policy_changed {
                "the tags stand; the ledger was made anew by the changed policy"
            } else {
                "the ledger was made anew from the changed tags"
            };
            match changed {
                None => format!("{why}; the one before could not be compared"),
                Some(changed) if changed.is_empty() => {
                    format!("{why}; none of {} changed", plural(*sources, "source verdict"))
                }
                Some(changed) => {
                    let shown: Vec<String> = changed.iter().take(MOST_NAMES).map(|name| source(name)).collect();
                    let number = changed.len() as u64;
                    let of = plural(*sources, "source verdict");
                    format!("{why}; {} of {of} changed ({})", count(number), names(&shown, number))
                }
            }
        }
    };
    Some(format!("{:<5} {news}", Pass::Judge.name()))
}

fn names(shown: &[String], all: u64) -> String {
    let more = all.saturating_sub(shown.len() as u64);
    let list = shown.join(", ");
    if more > 0 { format!("{list} and {} more", count(more)) } else { list }
}

fn source(name: &str) -> String {
    if name.is_empty() { "(no name)".into() } else { name.into() }
}

/// Place in the line, and the words. The first place is for shards that a run without a past has too.
fn wording(pass: Pass, why: &Redo) -> (usize, &'static str) {
    let tag = pass == Pass::Tag;
    match why {
        Redo::New if tag => (0, "new"),
        Redo::New => (0, "not emitted before from these tags"),
        Redo::Interrupted => (1, "done again: a run was stopped while it replaced them"),
        Redo::InputChanged => {
            (2, if tag { "tagged again: the input changed" } else { "emitted again: the input changed" })
        }
        Redo::ConfigurationChanged => (3, "tagged again: detectors, columns, limits or version changed"),
        Redo::PolicyChanged => (4, "emitted again: the policy changed"),
        Redo::SourcesOrOptionsChanged => (5, "emitted again: the rejected sources or the output options changed"),
        Redo::OutputDamaged(_) if tag => (6, "tagged again: missing or damaged in the output folder"),
        Redo::OutputDamaged(_) => (6, "emitted again: missing or damaged in the output folder"),
        Redo::Unreadable => (7, "tried again: unreadable the last time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_run_says_nothing_and_a_resumed_one_names_a_few() {
        let mut redone = Redone::default();
        redone.add(Pass::Tag, "z.jsonl", &Redo::New);
        assert_eq!(redone.line(Pass::Tag, 0), None);
        assert_eq!(redone.line(Pass::Tag, 1).unwrap(), "tag   1 shard stood already; 1 new");
        for path in ["d", "b", "a", "c"] {
            redone.add(Pass::Tag, path, &Redo::InputChanged);
        }
        redone.add(Pass::Tag, "x", &Redo::OutputDamaged("tags/x.tags.parquet".into()));
        assert_eq!(
            redone.line(Pass::Tag, 0).unwrap(),
            "tag   1 new; 4 tagged again: the input changed (a, b, c and 1 more); 1 tagged again: missing or damaged \
             in the output folder (tags/x.tags.parquet)"
        );
    }

    #[test]
    fn the_ledger_tells_whose_verdict_changed() {
        assert_eq!(ledger_line(&LedgerNews::New), None);
        let remade = |changed: &[&str]| {
            let changed = Some(changed.iter().map(|name| name.to_string()).collect());
            ledger_line(&LedgerNews::Remade { policy_changed: true, sources: 10, changed }).unwrap()
        };
        let why = "judge the tags stand; the ledger was made anew by the changed policy; ";
        assert_eq!(remade(&[]), format!("{why}none of 10 source verdicts changed"));
        assert_eq!(remade(&["", "a"]), format!("{why}2 of 10 source verdicts changed ((no name), a)"));
    }
}
