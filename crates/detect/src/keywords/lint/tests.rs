use super::*;

fn issues(rows: &[&str], updated: &str) -> Vec<LintIssue> {
    let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
    let manifest = format!("name = \"n\"\nversion = \"1\"\nupdated = \"{updated}\"\ntaxonomy = \"gbt45654\"\n");
    let header = "id\tlevel\tlang\tmatch\tterm\tunless\tadded\treviewed\n";
    let body: String = rows.iter().map(|row| format!("A1d-{row}\t2026-11-01\t2026-11-24\n")).collect();
    let files = [("A1d.tsv", header.to_owned() + &body)];
    let library = KeywordLibrary::parse(("library.toml", &manifest), &files, &taxonomy).expect("a library");
    lint(&library, &taxonomy, Date::new(2026, 11, 24).expect("a day")).expect("a small library")
}

fn of_rows(rows: &[&str]) -> Vec<(&'static str, u32)> {
    issues(rows, "2026-11-24").iter().filter_map(|issue| Some((issue.rule, issue.origin.line?))).collect()
}

#[test]
fn the_standards_minimum_is_checked() {
    let found = issues(&["en-0001\tenforce\ten\tword\tzorb\t"], "2026-11-24");
    let rule = |name| found.iter().filter(|issue| issue.rule == name).collect::<Vec<_>>();
    assert_eq!(rule("minimum-total").len(), 1);
    assert_eq!(rule("minimum-per-risk").len(), 17);
    assert!(rule("minimum-total")[0].message.contains("1 entries; expected at least 10000"));
    assert!(found.iter().all(|issue| issue.severity == Severity::Error));
    assert_eq!(found.len(), 18);
}

#[test]
fn a_library_is_stale_after_seven_days() {
    let stale = |updated| issues(&[], updated).iter().any(|issue| issue.rule == "stale");
    assert!(!stale("2026-11-17") && stale("2026-11-16"));
    assert!(issues(&[], "2026-11-25").iter().any(|issue| issue.rule == "future-date"));
}

#[test]
fn useless_entries_are_found() {
    assert_eq!(of_rows(&["en-0001\tenforce\ten\tword\tzorb\t", "en-0002\tenforce\ten\tword\tzarb\tzarb ball"]), []);
    assert_eq!(
        of_rows(&["en-0001\tenforce\ten\tword\tzorb\t", "en-0002\tadvisory\ten\tword\tZORB\t"]),
        [("duplicate", 3), ("not-normal", 3)]
    );
    assert_eq!(
        of_rows(&["zh-0001\tenforce\tzh\tsubstring\t苹果\t", "zh-0002\tenforce\tzh\tsubstring\t苹果树\t苹果树林"]),
        [("subsumed", 3)]
    );
    assert_eq!(
        of_rows(&["zh-0001\tadvisory\tzh\tsubstring\t苹果\t", "zh-0002\tenforce\tzh\tsubstring\t苹果树\t"]),
        [],
        "another level"
    );
    assert_eq!(
        of_rows(&["zh-0001\tenforce\tzh\tsubstring\t苹果\t苹果派", "zh-0002\tenforce\tzh\tsubstring\t苹果树\t"]),
        []
    );
    assert_eq!(of_rows(&["zh-0001\tadvisory\tzh\tsubstring\t梨\t"]), [("one-character", 2)]);
    assert_eq!(of_rows(&["en-0001\tenforce\ten\tword\tzorb\tzorbing"]), [("vain-context", 2)]);
    assert_eq!(of_rows(&["en-0001\tenforce\ten\tword\tzorb\tzorb"]), [("vain-context", 2)]);
    assert_eq!(of_rows(&["en-0001\tenforce\ten\tword\tpeople\t"]), [("everyday-word", 2)]);
    assert_eq!(of_rows(&["en-0001\tenforce\ten\tword\tthere\t"]), [("common-anchor", 2), ("everyday-word", 2)]);
    assert_eq!(of_rows(&["en-0001\tadvisory\ten\tword\tstone\t"]), [("common-anchor", 2)]);
}

#[test]
fn products_of_a_template_are_counted() {
    let rows = |products: usize| -> Vec<String> {
        let term = |at: usize| {
            if at < products { format!("sell me zorb {at}") } else { format!("a{at} b{at} c{at}") }
        };
        (0..20).map(|at| format!("en-{at:04}\tenforce\ten\tphrase\t{}\t", term(at))).collect()
    };
    let found = |products: usize| {
        let rows = rows(products);
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        issues(&rows, "2026-11-24").iter().any(|issue| issue.rule == "one-slot-share")
    };
    assert!(!found(6) && found(7));
    let rows = rows(20);
    let rows: Vec<&str> = rows[..19].iter().map(String::as_str).collect();
    assert!(!issues(&rows, "2026-11-24").iter().any(|issue| issue.rule == "one-slot-share"), "too few to judge");
}
