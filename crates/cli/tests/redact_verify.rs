//! `tamis verify` over redacted runs: what a forger may do to findings, counts and keys, with every digest made to fit.

mod support;
mod tamper;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use support::{folder, run, tamis, write};
use tamis_rules::{PiiAction, PiiKind};
use tamis_shard::{OutputDir, write_json};
use tamper::changes::parameters;
use tamper::{edit_findings, edit_statement, edit_tags, edit_verdicts, manifests, recount, reseal};

/// A shard whose odd records have an address in their text, and every fifth one in its title too.
const SHARD: &str = "x.jsonl";

static REDACTED: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let line = |n: usize| {
        let address = |has: bool| if has { format!("w{n}@mail.example.com") } else { "nobody".into() };
        let (text, title) = (address(n % 2 == 1), address(n.is_multiple_of(5)));
        format!("{{\"id\":{n},\"source\":\"s\",\"text\":\"ask {text}\",\"title\":\"by {title}\"}}\n")
    };
    write(&input.join(SHARD), (0..20).map(line).collect::<String>());
    write(&folder.path().join("key"), [7; 32]);
    let key = format!("output.pseudonym_key={:?}", folder.path().join("key").display().to_string());
    let settings = [
        "detect.keywords.libraries=[]",
        "detect.pii={also=[\"documentation\"]}",
        "input.text=[\"text\",\"title\"]",
        "policy.pii.email={action=\"redact\",replace=\"pseudonym\"}",
        &key,
    ];
    let settings: Vec<&str> = settings.iter().flat_map(|it| ["--set", *it]).collect();
    let (code, text) = run(&input, &out, &settings);
    assert_eq!(code, 0, "{text}");
    (folder, out)
});

fn verify(out: &Path) -> (i32, String) {
    let got = tamis(&["verify", &out.display().to_string()]);
    (got.status.code().unwrap_or(-1), String::from_utf8(got.stdout).expect("UTF-8"))
}

/// Changes a copy, makes every digest fit, and looks for one problem with these parts.
fn assert_found(name: &str, tamper: impl FnOnce(&Path), found: &[&str]) {
    let folder = folder();
    let out = folder.path().join("out");
    tamper::copy(&REDACTED.1, &out);
    tamper(&out);
    reseal(&out);
    let (code, text) = verify(&out);
    let line = text.lines().find(|line| found.iter().all(|part| line.contains(part)));
    assert!(code == 1 && line.is_some(), "{name}: {code}, {found:?} not in\n{text}");
}

const VERDICTS: &str = "problem: verdicts/x.jsonl.verdicts.parquet: ";
const FINDINGS: &str = "problem: findings/x.jsonl.findings.parquet: ";
const MANIFEST: &str = "problem: manifest/shards/x.jsonl.json: ";
const RUN: &str = "problem: manifest/run.json: ";

#[test]
fn a_redacted_run_verifies_and_resealing_changes_nothing() {
    assert_eq!(verify(&REDACTED.1).0, 0);
    let folder = folder();
    let out = folder.path().join("out");
    tamper::copy(&REDACTED.1, &out);
    edit_findings(&out, SHARD, |_| {});
    recount(&out);
    reseal(&out);
    support::assert_same_tree(&REDACTED.1, &out, "the forger's tools write what a run writes");
}

#[test]
fn a_verdict_that_tells_another_number_is_found() {
    let tamper = |out: &Path| edit_verdicts(out, SHARD, |rows| rows[5].redactions = 1);
    assert_found("a number of redactions", tamper, &[VERDICTS, "row 5, ", "expected redactions=2, got redactions=1"]);
    let tamper = |out: &Path| edit_verdicts(out, SHARD, |rows| rows[2].redactions = 1);
    assert_found("a redaction of nothing", tamper, &[VERDICTS, "row 2, ", "expected redactions=0, got redactions=1"]);
}

#[test]
fn findings_that_are_not_those_of_the_tags_are_found() {
    let remove = |out: &Path| edit_findings(out, SHARD, |rows| rows.retain(|row| row.row != 5));
    assert_found("findings of a row gone", remove, &[FINDINGS, "row 5, kinds of", "expected email, got -"]);
    assert_found("findings of a row gone", remove, &[VERDICTS, "row 5, ", "expected redactions=0, got redactions=2"]);
    assert_found("findings of a row gone", remove, &[MANIFEST, "redactions.spans, ", "expected 12, got 14"]);
    let one = |out: &Path| edit_findings(out, SHARD, |rows| drop(rows.pop()));
    assert_found("one finding gone", one, &[MANIFEST, "redactions.kinds.email, ", "expected 13, got 14"]);
    let other = |out: &Path| edit_findings(out, SHARD, |rows| rows[0].code = "phone".into());
    assert_found("another kind", other, &[FINDINGS, "expected email, got phone"]);
    let stray = |out: &Path| edit_findings(out, SHARD, |rows| rows.last_mut().unwrap().row = u64::MAX);
    assert_found(
        "a finding of no row",
        stray,
        &[FINDINGS, "findings of row 18446744073709551615: expected a row that the tags have"],
    );
    let tags = |out: &Path| edit_tags(out, SHARD, |rows| assert!(rows[5].pii.remove(PiiKind::Email)));
    assert_found("a kind gone from the tags", tags, &[FINDINGS, "row 5, kinds of", "expected -, got email"]);
    assert_found("a kind gone from the tags", tags, &[VERDICTS, "row 5, ", "expected pii=-, got pii=email"]);
}

#[test]
fn findings_that_no_detector_writes_are_a_problem_of_their_file() {
    let found = [FINDINGS, "content: expected a whole, readable file, got "];
    let with = |part: &'static str| [found[0], found[1], part];
    let overlap = |out: &Path| edit_findings(out, SHARD, |rows| rows.insert(1, rows[0].clone()));
    assert_found("two of one place", overlap, &with("findings overlap"));
    let kind = |out: &Path| edit_findings(out, SHARD, |rows| rows[0].code = "iris".into());
    assert_found("an unknown kind", kind, &with("unknown kind of personal information"));
    let field = |out: &Path| edit_findings(out, SHARD, |rows| rows[0].field = "body".into());
    assert_found("an unknown column", field, &with("is no text column"));
    let order = |out: &Path| edit_findings(out, SHARD, |rows| rows.reverse());
    assert_found("another order", order, &with("after one of row"));
    let empty = |out: &Path| edit_findings(out, SHARD, |rows| rows[0].end = rows[0].start);
    assert_found("no extent", empty, &with("expected one or more bytes"));
}

#[test]
fn totals_that_do_not_follow_are_found() {
    let edit = |out: &Path, edit: fn(&mut tamis_shard::Redactions)| {
        for mut manifest in manifests(out) {
            edit(&mut manifest.redactions);
            manifest.write(&OutputDir::new(out)).unwrap();
        }
    };
    let records = |out: &Path| edit(out, |it| it.records = 1);
    assert_found("records of a manifest", records, &[MANIFEST, "redactions.records, ", "expected 12, got 1"]);
    let kinds = |out: &Path| edit(out, |it| assert!(it.kinds.insert("qq".into(), 3).is_none()));
    assert_found("a kind of nobody", kinds, &[MANIFEST, "redactions.kinds.qq, ", "expected 0, got 3"]);
    let totals = |out: &Path| {
        edit_statement(out, |statement| {
            statement.totals.redactions.spans = 0;
            write_json(&out.join("report.json"), &statement.totals).unwrap();
        });
    };
    assert_found("totals and report alike", totals, &[RUN, "totals.redactions: ", "\"spans\":14"]);
}

#[test]
fn another_key_or_policy_breaks_the_chain() {
    let key = |out: &Path| parameters(out, |it| it.pseudonym_key_id = Some("0".repeat(32)));
    assert_found("another key", key, &[RUN, "fingerprints.emit"]);
    let none = |out: &Path| parameters(out, |it| it.pseudonym_key_id = None);
    assert_found("no key", none, &[RUN, "fingerprints.emit"]);
    assert_found("no key", none, &[RUN, "pseudonym_key_id, by the policy: expected the id of a key, got none"]);
    let policy = |out: &Path| {
        parameters(out, |it| {
            let rule = it.policy.pii.get_mut("email").unwrap();
            (rule.action, rule.replace) = (Some(PiiAction::Flag), None);
            it.policy_canonical = it
                .policy_canonical
                .replace("email action redact replace pseudonym", "email action flag replace placeholder");
        });
    };
    assert_found("both forms of the policy", policy, &[RUN, "fingerprints.judge"]);
    assert_found("both forms of the policy", policy, &[VERDICTS, "expected redactions=0, got redactions=2"]);
}
