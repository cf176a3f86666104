//! Runs `tests/cases/pii/*.toml` over every engine.
//!
//! A case has a text and the hits as pairs of a form and what it hit in the original text; `also` names what is asked
//! for beside what is always reported.

mod pii_support;

use pii_support::{Built, cases, hits};

#[test]
fn every_engine_passes_every_case() {
    let mut built = Built::default();
    let mut failures = Vec::new();
    for case in cases() {
        for (engine, detector) in built.engines(case.also()) {
            let got = hits(&**detector, &case.text);
            let got: Vec<_> = got.iter().map(|hit| (hit.form.clone(), case.text[hit.range()].to_owned())).collect();
            if got != case.hits {
                failures.push(format!("{}: {engine}: expected {:?}\n    got {got:?}", case.name, case.hits));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}
