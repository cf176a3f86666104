//! Nothing of a record's text is told anywhere but in the filtered shards: not on the terminal, in no manifest, finding,
//! ledger or error, whatever is wrong with the file that it stands in.

mod support;

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use support::mixed::{Sequence, gzip, library};
use support::{PLANTED, folder, manifest, report, tree, write};

/// Stands in every text and in every field that is not mapped. The contract puts ids, sources and languages into tags
/// and verdicts, so those hold none.
const CANARY: &str = "kanarienvogel";

fn holds_canary(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
}

/// Around the first canary, for the message of a failed test.
fn excerpt(bytes: &[u8]) -> String {
    let at = bytes.windows(CANARY.len()).position(|window| window == CANARY.as_bytes()).unwrap_or_default();
    String::from_utf8_lossy(&bytes[at.saturating_sub(200)..bytes.len().min(at + 60)]).into_owned()
}

fn good(range: std::ops::Range<usize>) -> String {
    let line = |n: usize| {
        let word = if n % 9 == 4 { PLANTED } else { "" };
        format!(
            "{{\"id\": {n}, \"source\": \"s{}\", \"text\": \"{CANARY} {n} {word} {CANARY}\", \"note\": \"{CANARY}\"}}\n",
            n % 3
        )
    };
    range.map(line).collect()
}

/// One line of every kind that is quarantined, and some that are not, each with canaries.
fn bad_lines() -> Vec<u8> {
    let long = CANARY.repeat(400);
    let lines: [&[u8]; 20] = [
        b"{\"id\": 1, \"source\": \"s1\", \"text\": \"C",
        b"{\"id\": 1, \"source\": \"s1\", \"text\": \"C\", \"note\": \"C",
        b"{\"text\": \"C\xff\xfe C\", \"source\": \"s1\"}",
        b"{\"note\": \"C\xff\", \"text\": \"C\", \"source\": \"s1\"}",
        b"{\"text\": null, \"note\": \"C\", \"source\": \"s1\"}",
        b"{\"text\": 12, \"note\": \"C\"}",
        b"{\"text\": [\"C\"]}",
        b"{\"text\": {\"C\": \"C\"}}",
        b"{\"note\": \"C\"}",
        b"[\"C\"]",
        b"\"C\"",
        b"C",
        b"{\"text\": \"C\"} {\"text\": \"C\"}",
        b"{\"text\": \"C\"} C",
        b"{\"text\": \"C\", \"text\": \"C\"}",
        b"{\"text\": \"C \\ud800 C\"}",
        b"{\"text\": \"C\", \"v\": NaN, \"w\": \"C\"}",
        b"{\"C\": 1, \"text\": \"C\", \"C\": {\"C\": [\"C\"]}}",
        b"{\"text\": \"C\\q\"}",
        b"{\"text\": \"C\", C}",
    ];
    let mut out = Vec::new();
    for line in lines {
        let parts: Vec<&[u8]> = line.split(|byte| *byte == b'C').collect();
        out.extend_from_slice(&parts.join(CANARY.as_bytes()));
        out.push(b'\n');
    }
    out.extend_from_slice(format!("{{\"text\": \"{long}\"}}\n").as_bytes());
    out
}

/// Text with statistics, and a column that is not mapped.
fn parquet(rows: usize, compression: Compression) -> Vec<u8> {
    let text: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|n| format!("{CANARY} {n} {PLANTED}"))));
    let note: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|_| CANARY)));
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
    columns(vec![("id", id), ("text", text), ("note", note)], compression)
}

fn columns(columns: Vec<(&str, ArrayRef)>, compression: Compression) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties =
        WriterProperties::builder().set_compression(compression).set_max_row_group_row_count(Some(20)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// Copies with flipped bits: some anywhere, most in the last bytes, where a footer has its lengths and statistics.
fn flip(input: &Path, name: &str, whole: &[u8], copies: usize) {
    let mut sequence = Sequence(whole.len() as u64);
    for copy in 0..copies {
        let mut bytes = whole.to_vec();
        let first = if copy % 3 == 0 { 0 } else { whole.len() - whole.len().min(1500) };
        let at = first + sequence.below(whole.len() - first);
        bytes[at] ^= 1 << sequence.below(8);
        write(&input.join(format!("flip/{copy:03}.{name}")), bytes);
    }
}

/// Shards that cannot be used, each for another reason.
fn damaged(input: &Path) {
    let whole = parquet(60, Compression::SNAPPY);
    flip(input, "parquet", &whole, 120);
    flip(input, "plain.parquet", &parquet(60, Compression::UNCOMPRESSED), 120);
    let zst = zstd::encode_all(good(0..80).as_bytes(), 3).unwrap();
    flip(input, "jsonl.gz", &gzip(good(0..80).as_bytes()), 60);
    flip(input, "jsonl.zst", &zst, 60);
    flip(input, "jsonl", good(0..3).as_bytes(), 60);
    write(&input.join("aside/cut.parquet"), &whole[..whole.len() - 9]);
    write(&input.join("aside/cut.jsonl.zst"), &zst[..zst.len() / 2]);
    write(&input.join("aside/plain.jsonl.gz"), good(0..9));
    write(&input.join("aside/plain.jsonl.zst"), good(0..9));
    write(&input.join("aside/text.parquet"), good(0..9));
    let text: ArrayRef = Arc::new(StringArray::from_iter_values([CANARY, CANARY]));
    write(&input.join("aside/other.parquet"), columns(vec![("body", text)], Compression::SNAPPY));
}

fn corpus(input: &Path) {
    write(&input.join("good.jsonl"), good(0..2000));
    write(&input.join("good.jsonl.gz"), gzip(good(0..500).as_bytes()));
    write(&input.join("bad.jsonl"), bad_lines());
    write(&input.join("good.parquet"), parquet(200, Compression::SNAPPY));
    let bytes = (0..40).map(|n| if n % 2 == 0 { [CANARY.as_bytes(), &[0xff]].concat() } else { CANARY.into() });
    let text: ArrayRef = Arc::new(BinaryArray::from_iter_values(bytes.collect::<Vec<Vec<u8>>>()));
    write(&input.join("bytes.parquet"), columns(vec![("text", text)], Compression::SNAPPY));
    damaged(input);
}

struct Bench {
    folder: tempfile::TempDir,
    settings: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let folder = folder();
        let library = library(&folder.path().join("kw"), &[PLANTED]);
        let settings = [library.as_str(), "output.keep_rejected=true", "input.max_row_bytes=4000"];
        let settings = settings.into_iter().flat_map(|it| ["--set".to_string(), it.to_string()]).collect();
        Self { folder, settings }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, command: &str, out: &str, more: &[&str]) -> Command {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tamis"));
        process.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        process.args([command, "builtin:quickstart", "--input"]).args([self.at("in").as_os_str(), "-o".as_ref()]);
        process.arg(self.at(out)).args(&self.settings).args(more);
        process
    }

    /// Runs a command and looks through everything it prints.
    fn assert_silent(&self, command: &str, out: &str, more: &[&str], want: i32) -> String {
        let got = self.command(command, out, more).output().expect("the program starts");
        let printed = [got.stdout, got.stderr].concat();
        assert!(!holds_canary(&printed), "{command} {more:?}: {}", excerpt(&printed));
        let text = String::from_utf8_lossy(&printed).into_owned();
        assert_eq!(got.status.code(), Some(want), "{command} {more:?}: {text}");
        text
    }
}

/// Looks through every file that is not a filtered shard, byte for byte, and every value of every Parquet file.
fn assert_no_canary_on_disk(out: &Path) {
    let mut tables = 0;
    for (name, bytes) in tree(out) {
        if name.starts_with("data/") || name.starts_with("rejected/") {
            continue;
        }
        // With the metadata that `tree` leaves out.
        let raw = fs::read(out.join(&name)).unwrap();
        assert!(!holds_canary(&raw) && !holds_canary(&bytes), "{name}: {}", excerpt(&raw));
        assert!(!holds_canary(Path::new(&name).as_os_str().as_bytes()), "{name}");
        if name.ends_with(".parquet") {
            tables += 1;
            let reader = SerializedFileReader::new(File::open(out.join(&name)).unwrap()).unwrap();
            for row in reader.get_row_iter(None).unwrap() {
                let row = row.unwrap().to_string();
                assert!(!holds_canary(row.as_bytes()), "{name}: {}", excerpt(row.as_bytes()));
            }
        }
    }
    assert!(tables > 100, "{tables} tables were read");
}

#[test]
fn no_text_of_a_record_is_told_anywhere() {
    let bench = Bench::new();
    corpus(&bench.at("in"));
    let text = bench.assert_silent("run", "out", &["--json"], 3);
    assert!(text.contains("shard set aside") && text.contains("\"records\""), "{text}");
    assert_no_canary_on_disk(&bench.at("out"));
    // The corpus does put canaries before the program's eyes, and every kind of line is met.
    let data = tree(&bench.at("out/data"));
    assert!(holds_canary(&data["good.jsonl"]) && holds_canary(&fs::read(bench.at("out/rejected/good.jsonl")).unwrap()));
    assert_eq!(manifest(&bench.at("out"), "bad.jsonl")["rows"]["quarantined"], 20, "of 21 lines");
    let aside = report(&bench.at("out"))["shards_set_aside"].as_array().map_or(0, Vec::len);
    assert!((60..420).contains(&aside), "{aside} shards are set aside");

    let other = ["--set", "policy.source_limit_percent=1", "--set", "policy.risks.A1d={action=\"flag\"}"];
    bench.assert_silent("judge", "out", &other, 0);
    bench.assert_silent("emit", "out", &other, 3);
    assert_no_canary_on_disk(&bench.at("out"));
    bench.assert_silent("run", "out", &["--fail-fast"], 2);
    bench.assert_silent("run", "fast", &["--fail-fast"], 3);
}

#[test]
fn no_text_of_a_record_is_told_on_a_terminal() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: there is no script (util-linux) to make a terminal");
        return;
    }
    let bench = Bench::new();
    corpus(&bench.at("in"));
    write(&bench.at("in/large.jsonl"), good(0..60_000));
    let process = bench.command("run", "out", &["--color", "always"]);
    let words = std::iter::once(process.get_program()).chain(process.get_args());
    let quoted: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let got = Command::new("script")
        .args(["-qec", &quoted.join(" "), "/dev/null"])
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .env("TERM", "xterm")
        .output()
        .expect("script starts");
    let text = String::from_utf8_lossy(&got.stdout).into_owned();
    assert_eq!(got.status.code(), Some(3), "{text}");
    assert!(text.contains(" left") && text.contains('%'), "a bar was drawn: {text}");
    assert!(!holds_canary(&got.stdout), "{}", excerpt(&got.stdout));
}

#[test]
fn a_dry_run_over_damaged_files_tells_no_text() {
    let bench = Bench::new();
    damaged(&bench.at("in"));
    bench.assert_silent("run", "out", &["--dry-run"], 0);
    bench.assert_silent("run", "out", &["--dry-run", "--json"], 0);
    assert!(!bench.at("out").exists());
}

#[test]
fn a_missing_column_is_answered_with_a_dozen_names_at_most() {
    let bench = Bench::new();
    let keys: Vec<String> = (0..400).map(|n| format!("\"word-{n} {CANARY}\": 1")).collect();
    write(&bench.at("in/x.jsonl"), format!("{{\"texts\": \"{CANARY}\", {}}}\n", keys.join(", ")));
    let wide: Vec<(String, ArrayRef)> =
        (0..400).map(|n| (format!("column{n}"), Arc::new(StringArray::from(vec![CANARY])) as ArrayRef)).collect();
    let wide: Vec<(&str, ArrayRef)> = wide.iter().map(|(name, array)| (name.as_str(), Arc::clone(array))).collect();
    let wide = columns(wide, Compression::SNAPPY);
    let got = bench.command("run", "out", &[]).output().unwrap();
    let text = String::from_utf8_lossy(&got.stderr).into_owned();
    assert_eq!(got.status.code(), Some(2), "{text}");
    assert!(text.contains("columns are texts, ") && text.contains("… and 389 more"), "{text}");
    assert!(text.len() < 1200, "{text}");
    // Where another shard has the column, the one without it is set aside with as short an answer.
    write(&bench.at("in/x.jsonl"), good(0..5));
    write(&bench.at("in/wide.parquet"), wide);
    let text = bench.assert_silent("run", "out", &[], 3);
    assert!(
        text.contains("column \"text\" not found; columns are column") && text.contains("… and 388 more"),
        "{text}"
    );
}
