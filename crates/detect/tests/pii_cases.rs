//! Runs `tests/cases/pii/*.toml` over every engine.
//!
//! A case has a text and the hits as pairs of a form and what it hit in the original text; `also` names what is asked
//! for beside what is always reported.

mod pii_support;

use std::collections::BTreeSet;

use pii_support::{Built, cases, hits};
use tamis_detect::forms;

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

#[test]
fn every_kind_has_cases_of_both_sorts_and_every_form_a_hit() {
    let cases = cases();
    let kinds: BTreeSet<_> = forms().iter().map(|form| form.kind.name()).collect();
    for kind in kinds {
        let own: Vec<_> = cases.iter().filter(|case| case.kind == kind).collect();
        let negatives = own.iter().filter(|case| case.hits.is_empty()).count();
        assert!(own.len() >= 15 && negatives >= 5, "{kind}: {} cases, {negatives} without a hit", own.len());
    }
    for form in forms() {
        let is_hit = |(name, _): &(String, String)| name == form.name;
        assert!(cases.iter().flat_map(|case| &case.hits).any(is_hit), "{} has no case", form.name);
    }
}
