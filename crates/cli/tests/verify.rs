//! `tamis verify`: what passes, and what is found of everything that a forger may do to a finished run.

mod support;
mod tamper;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use support::{folder, good_lines, root, run, tamis, write};
use tamper::changes::*;
use tamper::{JSONL, PARQUET, edit_verdicts, recount, replace, reseal};

/// The quickstart with its rejected records, which every case changes a copy of.
static QUICKSTART: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = folder();
    let out = folder.path().join("out");
    quickstart(&out, &["--set", "output.keep_rejected=true"]);
    (folder, out)
});

fn quickstart(out: &Path, more: &[&str]) {
    let out = out.display().to_string();
    let mut arguments = vec!["run", "pipelines/quickstart.toml", "-q", "-o", &out];
    arguments.extend_from_slice(more);
    let got = tamis(&arguments);
    assert_eq!(got.status.code(), Some(0), "{}", String::from_utf8_lossy(&got.stderr));
}

/// Exit code and standard output of `tamis verify`; nothing goes to standard error.
fn verify(out: &Path, more: &[&str]) -> (i32, String) {
    let out = out.display().to_string();
    let mut arguments = vec!["verify", out.as_str()];
    arguments.extend_from_slice(more);
    let got = tamis(&arguments);
    let errors = String::from_utf8_lossy(&got.stderr);
    assert!(errors.is_empty(), "{errors}");
    (got.status.code().unwrap_or(-1), String::from_utf8(got.stdout).expect("UTF-8"))
}

fn assert_verified(out: &Path, what: &str) {
    let (code, text) = verify(out, &[]);
    assert_eq!((code, text.contains("verified")), (0, true), "{what}: {text}");
}

#[derive(Clone, Copy, PartialEq)]
enum Sealed {
    /// Only the change itself.
    No,
    /// Every digest made to fit.
    Digests,
    /// Every count of manifests and report, and every digest.
    Counts,
}
use Sealed::{Counts, Digests, No};

struct Case {
    name: &'static str,
    tamper: fn(&Path),
    sealed: Sealed,
    /// Parts of one problem line: its file, and what of it.
    found: &'static [&'static str],
}

const fn case(name: &'static str, tamper: fn(&Path), sealed: Sealed, found: &'static [&'static str]) -> Case {
    Case { name, tamper, sealed, found }
}

const DATA: &str = "problem: data/forum/2025-10.jsonl: ";
const DATA_PARQUET: &str = "problem: data/web/part-001.parquet: ";
const VERDICTS: &str = "problem: verdicts/forum/2025-10.jsonl.verdicts.parquet: ";
const TAGS: &str = "problem: tags/forum/2025-10.jsonl.tags.parquet: ";
const SHARD: &str = "problem: manifest/shards/forum/2025-10.jsonl.json: ";
const LEDGER: &str = "problem: ledger/sources.parquet: ";
const CSV: &str = "problem: ledger/sources.csv: ";
const RUN: &str = "problem: manifest/run.json: ";

/// Issue by issue: the change alone, then the same with everything re-hashed where that makes sense.
const CASES: &[Case] = &[
    case("one byte of a data file", flip_byte, No, &[DATA, "sha256"]),
    case(
        "one byte of a data file, a digit of an id",
        change_id,
        Digests,
        &[DATA, ", id: expected that of its verdict"],
    ),
    case(
        "a row removed from the verdicts",
        remove_verdict,
        No,
        &[VERDICTS, "number of the next row: expected 3, got 4"],
    ),
    case(
        "a row removed from the verdicts",
        remove_verdict,
        Counts,
        &[VERDICTS, "number of the next row: expected 3, got 4"],
    ),
    case(
        "the last row removed from the verdicts",
        remove_last_verdict,
        Digests,
        &[VERDICTS, "rows: expected 184, got 183"],
    ),
    case("a row removed and the others numbered anew", renumber_verdicts, Counts, &[VERDICTS, "row 3, record_id"]),
    case("a number of the ledger", change_ledger, No, &[LEDGER, "sha256"]),
    case(
        "a number of the ledger",
        change_ledger,
        Digests,
        &[LEDGER, "source \"board.example\", unqualified: expected 51, got 49"],
    ),
    case(
        "a number of the ledger, in the CSV",
        change_ledger,
        Digests,
        &[CSV, "line 3: expected \"board.example,1000,1000,51,"],
    ),
    case("a number of the CSV alone", change_csv, Digests, &[CSV, "line 3"]),
    case("an extra file", add_file, No, &["problem: data/extra.jsonl: file: expected a subject"]),
    case(
        "an extra file, as a subject",
        add_file,
        Digests,
        &["problem: data/extra.jsonl: file: expected an output of a shard with a manifest, got of none"],
    ),
    case("an extra file elsewhere", add_stray, No, &["problem: notes/secret.txt: file: expected none of this name"]),
    case("a temporary file", add_temporary, No, &["problem: data/.tmp-x.jsonl: file: ", "temporary"]),
    case(
        "a missing file",
        remove_file,
        No,
        &["problem: findings/forum/2025-10.jsonl.findings.parquet: file: ", "got none"],
    ),
    case(
        "a missing shard manifest",
        remove_manifest,
        No,
        &["problem: manifest/shards/forum/2025-10.jsonl.json: file: ", "got none"],
    ),
    case("a whole shard gone", remove_shard, Counts, &[RUN, "resolvedDependencies: ", "forum/2025-10.jsonl"]),
    case(
        "shard manifests swapped",
        swap_manifests,
        No,
        &[SHARD, "path: expected forum/2025-10.jsonl, got forum/2025-12.jsonl.zst"],
    ),
    case("shard manifests swapped and renamed", swap_renamed, No, &[SHARD, "sha256 of data/forum/2025-10.jsonl"]),
    case("shard manifests swapped and renamed", swap_renamed, Digests, &[SHARD, "fingerprints.tag"]),
    case(
        "a rejected row put back",
        put_back,
        No,
        &[DATA, "of the rejected source \"board.example\": expected not in the output"],
    ),
    case(
        "a rejected row put back",
        put_back,
        Digests,
        &[DATA, "of the rejected source \"board.example\": expected not in the output"],
    ),
    case(
        "a rejected row put back, told by its verdict",
        put_back,
        Digests,
        &[DATA, "expected dropped by its verdict (source_rejected)"],
    ),
    case(
        "a rejected row put back as kept",
        put_back_kept,
        Counts,
        &[DATA, "of the rejected source \"board.example\": expected not in the output"],
    ),
    case(
        "a rejected row put back as kept",
        put_back_kept,
        Counts,
        &[VERDICTS, "of the rejected source \"board.example\": expected dropped, got kept"],
    ),
    case(
        "a rejected row put back as kept",
        put_back_kept,
        Counts,
        &[VERDICTS, "by its tags and the policy: expected outcome=dropped reason=source_rejected"],
    ),
    case(
        "a rejected row put back, Parquet",
        put_back_parquet,
        Digests,
        &[DATA_PARQUET, "of the rejected source \"dump.example\""],
    ),
    // Beyond the issue.
    case(
        "a row removed from the data",
        remove_row,
        Digests,
        &[DATA, "kept by its verdict: expected record_id", "got none in its place"],
    ),
    case(
        "a row removed from the data, Parquet",
        remove_row_parquet,
        Digests,
        &[DATA_PARQUET, "records kept: expected 572, got 571"],
    ),
    case("a row of the data twice", repeat_row, Digests, &[DATA, "expected no record that its verdicts put here"]),
    case("two rows of the data swapped", swap_rows, Digests, &[DATA, "got none in its place"]),
    case("a row without its annotation", strip_annotation, Digests, &[DATA, "got a record without the annotation"]),
    case("a forged annotation", forge_annotation, Digests, &[DATA, "tamis.risks: expected "]),
    case(
        "a row removed from the rejected",
        remove_rejected,
        Digests,
        &["problem: rejected/forum/2025-10.jsonl: ", "got none in its place"],
    ),
    case("a verdict's risks", change_risks, Counts, &[VERDICTS, "expected risks="]),
    case(
        "a keyword of the tags",
        change_tags,
        Digests,
        &[VERDICTS, "by its tags and the policy: expected outcome=kept"],
    ),
    case("a source of the tags", change_source, Digests, &[VERDICTS, "expected source=\"nobody.example\""]),
    case("a row removed from the tags", remove_tag, Digests, &[TAGS, "number of the next row: expected 3, got 4"]),
    case(
        "a source's verdict",
        accept_source,
        Digests,
        &[LEDGER, "51 unqualified of 1000 examined is over the limit of 5 %: expected rejected, got accepted"],
    ),
    case(
        "a source's verdict, the other way",
        reject_source,
        Digests,
        &[LEDGER, "is not over the limit of 5 %: expected accepted, got rejected"],
    ),
    case(
        "a source gone from the ledger",
        forget_source,
        Digests,
        &[LEDGER, "source \"board.example\": expected a row"],
    ),
    case(
        "a source of nobody in the ledger",
        invent_source,
        Digests,
        &[LEDGER, "source \"nobody.example\": expected none"],
    ),
    case(
        "counts of a manifest",
        change_counts,
        Digests,
        &[SHARD, "rows.kept, as the verdicts count them: expected 123, got 124"],
    ),
    case(
        "counts of a manifest that do not add up",
        change_read,
        Digests,
        &[SHARD, "kept + dropped + quarantined: expected 185"],
    ),
    case("an added key in a manifest", add_key, No, &[SHARD, "form"]),
    case("garbage for a manifest", garbage_manifest, Digests, &[SHARD, "content: expected a shard's manifest"]),
    case("a report's number", change_report, No, &["problem: report.json: report.records: "]),
    case("totals and report alike", change_totals, No, &[RUN, "totals.sources: expected 10, got 9"]),
    case(
        "the canonical text of the policy",
        change_canonical,
        No,
        &[RUN, "policy_canonical", "source_limit_percent 5"],
    ),
    case("the policy itself", change_policy, No, &[RUN, "policy_canonical", "source_limit_percent 6"]),
    case("both forms of the policy", change_both, No, &[RUN, "fingerprints.judge"]),
    case("a limit", change_limits, No, &[RUN, "fingerprints.tag"]),
    case("an asset's digest", change_asset, No, &[RUN, "resolvedDependencies"]),
    case("an input's digest", change_input, Digests, &[SHARD, "fingerprints.tag"]),
    case("the root hash", change_root, No, &["problem: _SUCCESS: root hash: expected "]),
    case("an unfinished run", unfinish, No, &["problem: _SUCCESS: file: ", "the run is not finished; run it again"]),
    case("a truncated artefact", truncate, Digests, &[VERDICTS, "content: expected a whole, readable file"]),
    case("truncated data", truncate_data, Digests, &[DATA_PARQUET, "content: expected a whole, readable file"]),
    case("garbage for the run's manifest", garbage_run, No, &[RUN, "content"]),
    case(
        "a subject outside of the folder",
        hostile_subject,
        No,
        &[RUN, "subject: expected a relative name", "\"../../etc/passwd\""],
    ),
    case("a link", link, No, &["problem: data/forum/2025-10.jsonl: kind: expected a regular file"]),
    case("the state's ledger", change_state, No, &["problem: manifest/state.json: judged"]),
];

#[test]
fn every_change_is_found_and_named() {
    assert_found(&QUICKSTART.1, CASES);
}

/// Changes copies of a finished run; `TAMPER_TABLE=1` with `--nocapture` prints what is found.
fn assert_found(whole: &Path, cases: &[Case]) {
    let mut failed = Vec::new();
    for Case { name, tamper, sealed, found } in cases {
        let folder = folder();
        let out = folder.path().join("out");
        tamper::copy(whole, &out);
        tamper(&out);
        if *sealed == Counts {
            recount(&out);
        }
        if *sealed != No {
            reseal(&out);
        }
        let (code, text) = verify(&out, &[]);
        let line = text.lines().find(|line| line.starts_with(found[0]) && found.iter().all(|part| line.contains(part)));
        if code != 1 || line.is_none() {
            failed.push(format!("{name}: exit code {code}, {found:?} not in\n{text}"));
        }
        if std::env::var_os("TAMPER_TABLE").is_some() {
            let how = if *sealed == No { "raw" } else { "re-sealed" };
            println!("{name} | {how} | {} | {}", text.lines().count() - 1, line.or(text.lines().next()).unwrap_or("-"));
        }
    }
    assert!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

#[test]
fn resealing_alone_changes_nothing() {
    let folder = folder();
    let out = folder.path().join("out");
    tamper::copy(&QUICKSTART.1, &out);
    recount(&out);
    reseal(&out);
    support::assert_same_tree(&QUICKSTART.1, &out, "the forger's tools write what a run writes");
    assert_verified(&out, "re-sealed");
}

#[test]
fn without_annotations_ids_sources_and_numbers_are_held_against_the_verdicts() {
    let folder = folder();
    let whole = folder.path().join("whole");
    quickstart(&whole, &["--set", "output.annotate=false", "--set", "output.keep_rejected=true"]);
    assert_verified(&whole, "annotate = false");
    let cases = [
        case(
            "a rejected row put back",
            put_back,
            Digests,
            &[DATA, "of the rejected source \"board.example\": expected not in the output"],
        ),
        case("a digit of an id", change_id, Digests, &[DATA, ", id: expected that of its verdict"]),
        case("a row removed", remove_row, Digests, &[DATA, "records kept: expected 123, got 122"]),
        case("a row removed", remove_row_parquet, Digests, &[DATA_PARQUET, "records kept: expected 572, got 571"]),
    ];
    assert_found(&whole, &cases);
}

#[test]
fn what_a_run_leaves_verifies() {
    let folder = folder();
    let settings: [&[&str]; 6] = [
        &[],
        &["--limit", "50"],
        &["--set", "policy.decide_on=upper_bound", "--set", "policy.risks.A1={min_entries=2,min_per_mille=3}"],
        &["--set", "input.source={constant=\"one\"}"],
        &["--set", "input.source={path_part=0}", "--set", "input.id=text"],
        &["--set", "policy.counted=[\"A1a\"]", "--set", "policy.risks.A1f.action=flag"],
    ];
    for (n, more) in settings.into_iter().enumerate() {
        let out = folder.path().join(n.to_string());
        quickstart(&out, more);
        assert_verified(&out, &more.join(" "));
    }
    // Filtered again: what was mapped to the annotation is not there any more.
    let (first, again) = (folder.path().join("0/data"), folder.path().join("again"));
    let mapped = ["--set", "input.source=tamis.source", "--set", "input.id=tamis.record_id"];
    assert_eq!(run(&first.join("web"), &again, &mapped).0, 0);
    assert_verified(&again, "filtered again");
}

#[test]
fn shards_set_aside_empty_shards_and_a_taxonomy_of_ones_own_verify() {
    let folder = folder();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    write(&input.join("good.jsonl"), good_lines(0..50));
    write(&input.join("empty.jsonl"), "\n\n");
    write(&input.join("none.jsonl"), "[1]\n[2]\n");
    write(&input.join("bad.parquet"), "no Parquet");
    write(&input.join("a b/\u{1b}[31m.jsonl"), good_lines(50..60));
    let own = folder.path().join("own.toml");
    let text = fs::read_to_string(root().join("crates/rules/taxonomies/gbt45654.toml")).unwrap();
    write(&own, text.replacen("name = \"gbt45654\"", "name = \"own\"", 1));
    let library = support::library(folder.path());
    replace(&library.join("library.toml"), "gbt45654", "own");
    let taxonomy = format!("policy.taxonomy={:?}", own.display().to_string());
    let libraries = format!("detect.keywords.libraries=[{:?}]", library.display().to_string());
    let (code, text) = run(&input, &out, &["--set", &taxonomy, "--set", &libraries]);
    assert_eq!(code, 3, "{text}");
    // The audit needs neither the taxonomy's file nor the input.
    fs::remove_file(own).unwrap();
    fs::remove_dir_all(&input).unwrap();
    let (code, text) = verify(&out, &["--json"]);
    let got: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &got["ok"], &got["count"]), (0, &true.into(), &0.into()), "{text}");
    assert_eq!(got["checked"]["shards_set_aside"], 1);
    assert_eq!(got["checked"]["records"]["quarantined"], 2);
    // Set aside is final: files of such a shard are no part of the run.
    write(&out.join("data/bad.parquet"), "x");
    reseal(&out);
    assert_eq!(verify(&out, &[]).0, 1);
}

#[test]
fn many_problems_of_one_kind_are_counted_and_json_has_the_same() {
    let folder = folder();
    let out = folder.path().join("out");
    tamper::copy(&QUICKSTART.1, &out);
    edit_verdicts(&out, JSONL, |rows| rows.iter_mut().for_each(|row| row.record_id = "0".repeat(32)));
    let (code, text) = verify(&out, &["--quiet"]);
    assert_eq!(code, 1);
    let lines = text.lines().filter(|line| line.contains(", record_id: ")).count();
    assert_eq!(lines, 10, "{text}");
    assert!(text.contains(&format!("{VERDICTS}and 174 more of the kind rows\n")), "{text}");
    let (code, json) = verify(&out, &["--json"]);
    let got: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &got["ok"]), (1, &false.into()));
    let count = got["count"].as_u64().unwrap();
    assert!(text.ends_with(&format!("\n{count} problems\n")), "{count}: {text}");
    let not_listed: u64 = got["not_listed"].as_array().unwrap().iter().filter_map(|it| it["count"].as_u64()).sum();
    assert_eq!(got["problems"].as_array().unwrap().len() as u64 + not_listed, count);
    let first = &got["problems"][0];
    for key in ["file", "check", "expected", "got", "message"] {
        assert!(first[key].is_string(), "{key}: {first}");
    }
    assert_eq!(verify(&QUICKSTART.1, &["--quiet"]), (0, String::new()));
}

#[test]
fn a_folder_that_holds_no_run_is_the_users_mistake() {
    let folder = folder();
    write(&folder.path().join("x/data/a.jsonl"), "{}\n");
    for (name, message) in [("x", "holds no run"), ("y", "is no folder; give the output folder of a run; did you mean")]
    {
        let got = tamis(&["verify", &folder.path().join(name).display().to_string()]);
        let errors = String::from_utf8_lossy(&got.stderr);
        assert_eq!(got.status.code(), Some(2), "{errors}");
        assert!(errors.contains(message) && got.stdout.is_empty(), "{errors}");
    }
}

/// A sequence that looks random (the constants of Knuth's MMIX).
fn next(state: &mut u64, bound: usize) -> usize {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 33) as usize % bound
}

#[test]
fn damaged_files_that_were_resealed_are_problems_and_never_the_end() {
    let files = [
        format!("data/{PARQUET}"),
        "data/forum/2025-11.jsonl.gz".into(),
        format!("tags/{JSONL}.tags.parquet"),
        format!("verdicts/{JSONL}.verdicts.parquet"),
        "ledger/sources.parquet".into(),
    ];
    let mut state = 31;
    for file in &files {
        for _ in 0..6 {
            let folder = folder();
            let out = folder.path().join("out");
            tamper::copy(&QUICKSTART.1, &out);
            let mut bytes = fs::read(out.join(file)).unwrap();
            for _ in 0..3 {
                // Half of the damage where a footer is.
                let from = if next(&mut state, 2) == 0 { 0 } else { bytes.len() - bytes.len().min(900) };
                let at = from + next(&mut state, bytes.len() - from);
                bytes[at] ^= 1 << next(&mut state, 8);
            }
            fs::File::create(out.join(file)).and_then(|mut it| it.write_all(&bytes)).unwrap();
            reseal(&out);
            let got = tamis(&["verify", &out.display().to_string()]);
            // A flipped bit may lie where nothing reads it: then the file says the same as before.
            assert!([Some(0), Some(1)].contains(&got.status.code()), "{file}: {got:?}");
        }
    }
}
