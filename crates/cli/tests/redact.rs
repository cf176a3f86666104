//! Personal information end to end: what stands in its place, what does not change, and that none is left.

mod support;

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, Int64Array, LargeStringArray, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use support::mixed::gzip;
use support::{assert_same_tree, folder, manifest, pass, report, tamis, tree, verdicts, write};

/// Stands in every address, and nowhere else; so do the first digits of every telephone number.
const CANARY: &str = "kanari";
const DIGITS: &str = "1391234";

const ROWS: usize = 600;
const SHARDS: [&str; 4] = ["a.jsonl", "b/b.jsonl.gz", "b/c.jsonl.zst", "d.parquet"];
const PARQUET: &str = "d.parquet";

const REDACT: &str = "policy.pii.default.action=\"redact\"";
const PSEUDONYMS: &str = "policy.pii.default={action=\"redact\",replace=\"pseudonym\"}";

/// What personal information a corpus has in which places.
type Value<'v> = &'v dyn Fn(&str, String) -> String;

fn original(_: &str, value: String) -> String {
    value
}

fn placeholder(kind: &str, _: String) -> String {
    format!("[{kind}]")
}

/// Title and text of a row. Every fifth has no personal information.
fn texts(n: usize, value: Value<'_>) -> (String, String) {
    if n.is_multiple_of(5) {
        return (format!("标题 {n}"), format!("plain \"text\" number {n} \\ 好😀\n"));
    }
    let email = value("EMAIL", format!("{CANARY}{}@mail.example.com", n % 50));
    let phone = value("PHONE", format!("{DIGITS}{:04}", n % 70));
    (format!("联系{email}"), format!("😀 \"to\"\t{email}, 手机{phone} or {email}\n\\ 好 {n}"))
}

/// A line with escapes that no encoder would choose, and a key that is escaped.
fn line(n: usize, value: Value<'_>) -> String {
    let (title, text) = texts(n, value);
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let text = quoted(&text).replace('好', "\\u597d").replace('😀', "\\ud83d\\uDE00");
    let key = if n.is_multiple_of(2) { "te\\u0078t" } else { "text" };
    let title = quoted(&title);
    format!("{{ \"id\" : {n}, \"{key}\":{text} ,\t\"n\":1.50e1,\"source\":\"s{}\",\"title\": {title} }}\n", n % 3)
}

fn lines(value: Value<'_>) -> String {
    (0..ROWS).map(|n| line(n, value)).collect()
}

fn batch(value: Value<'_>) -> RecordBatch {
    let (titles, texts): (Vec<String>, Vec<String>) = (0..ROWS).map(|n| texts(n, value)).unzip();
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS as i64));
    let source: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|n| format!("s{}", n % 3))));
    let columns: [(&str, ArrayRef); 4] = [
        ("text", Arc::new(StringArray::from_iter_values(texts))),
        ("id", id),
        ("title", Arc::new(LargeStringArray::from_iter_values(titles))),
        ("source", source),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(170)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// The same records in every format.
fn corpus(input: &Path) {
    let lines = lines(&original);
    write(&input.join(SHARDS[0]), &lines);
    write(&input.join(SHARDS[1]), gzip(lines.as_bytes()));
    write(&input.join(SHARDS[2]), zstd::encode_all(lines.as_bytes(), 3).unwrap());
    write(&input.join(PARQUET), parquet(&batch(&original)));
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: folder() };
        corpus(&bench.at("in"));
        write(&bench.at("key"), [7; 32]);
        write(&bench.at("other-key"), [8; 32]);
        bench
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A pass over a folder, without keywords; exit code and what was printed.
    fn pass_over(&self, command: &str, input: &str, out: &str, more: &[&str]) -> (i32, String) {
        let mut settings = vec!["detect.keywords.libraries=[]", "detect.pii={also=[\"documentation\"]}"];
        settings.push("input.text=[\"text\",\"title\"]");
        settings.extend_from_slice(more);
        let arguments: Vec<&str> = settings.iter().flat_map(|it| ["--set", *it]).collect();
        let (code, text) = pass(command, &self.at(input), &self.at(out), &arguments);
        assert!(!holds_any(text.as_bytes()), "{text}");
        (code, text)
    }

    fn pass(&self, command: &str, out: &str, more: &[&str]) -> (i32, String) {
        self.pass_over(command, "in", out, more)
    }

    fn run(&self, out: &str, more: &[&str]) {
        let (code, text) = self.pass("run", out, more);
        assert_eq!(code, 0, "{more:?}: {text}");
    }

    fn key(&self, name: &str) -> String {
        format!("output.pseudonym_key={:?}", self.at(name).display().to_string())
    }

    fn assert_verified(&self, out: &str) {
        let got = tamis(&["verify", &self.at(out).display().to_string()]);
        let text = String::from_utf8_lossy(&got.stdout).into_owned();
        assert_eq!(got.status.code(), Some(0), "{out}: {text}");
    }

    /// A written JSONL shard, decompressed.
    fn written(&self, out: &str, path: &str) -> String {
        String::from_utf8(decompressed(&self.at(out).join("data").join(path))).unwrap()
    }
}

fn holds_any(bytes: &[u8]) -> bool {
    let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    holds(CANARY) || holds(DIGITS)
}

fn decompressed(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let mut out = Vec::new();
    match path.extension().and_then(|it| it.to_str()) {
        Some("gz") => drop(flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut out).unwrap()),
        Some("zst") => out = zstd::decode_all(&*bytes).unwrap(),
        _ => out = bytes,
    }
    out
}

/// Looks through every file below a folder: its bytes, what they decompress to, every Parquet value and statistic.
fn assert_nothing_left(out: &Path) {
    let (mut files, mut values) = (0, 0);
    for name in tree(out).into_keys() {
        files += 1;
        let path = out.join(&name);
        assert!(!holds_any(&decompressed(&path)), "{name}");
        if name.ends_with(".parquet") {
            let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
            assert!(!holds_any(format!("{:?}", reader.metadata()).as_bytes()), "{name}: metadata");
            for row in reader.get_row_iter(None).unwrap() {
                values += 1;
                assert!(!holds_any(row.unwrap().to_string().as_bytes()), "{name}: a row");
            }
        }
    }
    assert!(files > 18 && values > 4 * ROWS, "{files} files, {values} rows were looked at");
}

fn columns_of(path: &Path) -> Vec<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let batches = builder.with_batch_size(ROWS).build().unwrap();
    batches.map(Result::unwrap).collect()
}

/// Texts and titles of a written shard, row by row.
fn texts_of(bench: &Bench, out: &str, path: &str) -> Vec<(String, String)> {
    if path == PARQUET {
        let batches = columns_of(&bench.at(out).join("data").join(path));
        let texts = batches.iter().flat_map(|batch| {
            let text = batch.column_by_name("text").unwrap().as_any().downcast_ref::<StringArray>().unwrap();
            let title = batch.column_by_name("title").unwrap().as_any().downcast_ref::<LargeStringArray>().unwrap();
            (0..batch.num_rows()).map(|n| (title.value(n).to_string(), text.value(n).to_string())).collect::<Vec<_>>()
        });
        return texts.collect();
    }
    let value = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let text = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap().to_string();
    bench.written(out, path).lines().map(value).map(|it| (text(&it, "title"), text(&it, "text"))).collect()
}

#[test]
fn placeholders_stand_in_place_and_nothing_else_changes() {
    let bench = Bench::new();
    bench.run("out", &[REDACT, "output.annotate=false"]);
    let want = lines(&placeholder);
    for path in &SHARDS[..3] {
        let got = bench.written("out", path);
        for (n, (got, want)) in got.lines().zip(want.lines()).enumerate() {
            assert_eq!(got, want, "{path}, line {n}");
        }
        assert_eq!(got.len(), want.len());
    }
    let got = columns_of(&bench.at("out/data").join(PARQUET));
    assert_eq!(got, [batch(&placeholder)]);
    bench.assert_verified("out");

    let with_some = ROWS as u64 / 5 * 4;
    let counts = |value: &serde_json::Value, shards: u64| {
        let redactions = &value["redactions"];
        assert_eq!(redactions["records"], shards * with_some);
        assert_eq!(redactions["spans"], shards * with_some * 4);
        assert_eq!(redactions["kinds"]["email"], shards * with_some * 3);
        assert_eq!(redactions["kinds"]["phone"], shards * with_some);
    };
    counts(&report(&bench.at("out")), 4);
    for path in SHARDS {
        counts(&manifest(&bench.at("out"), path), 1);
        let rows = verdicts(&bench.at("out"), path);
        assert!(rows.iter().all(|row| row.redactions == if row.row % 5 == 0 { 0 } else { 4 }), "{path}");
        assert!(rows.iter().all(|row| row.outcome == "kept" && row.risks.is_empty()));
    }
}

#[test]
fn no_value_is_left_in_any_file_and_a_second_run_finds_nothing() {
    let bench = Bench::new();
    bench.run("out", &[REDACT]);
    assert_nothing_left(&bench.at("out"));
    bench.assert_verified("out");
    for path in &SHARDS[..3] {
        assert!(bench.written("out", path).lines().all(|it| serde_json::from_str::<serde_json::Value>(it).is_ok()));
    }
    let (code, text) = bench.pass_over("run", "out/data", "again", &[REDACT]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(report(&bench.at("again"))["redactions"]["spans"], 0);
    for path in SHARDS {
        assert!(verdicts(&bench.at("again"), path).iter().all(|row| row.pii.is_empty()), "{path}");
    }
    bench.assert_verified("again");
}

#[test]
fn outputs_do_not_depend_on_threads_blocks_or_memory() {
    let bench = Bench::new();
    bench.run("out", &[REDACT, "run.threads=1"]);
    bench.run("other", &[REDACT, "run.threads=4", "run.batch_rows=7", "run.memory=100kB"]);
    assert_same_tree(&bench.at("out"), &bench.at("other"), "threads");
}

#[test]
fn only_the_kinds_that_the_policy_names_are_redacted_and_a_drop_leaves_the_record_as_it_was() {
    let bench = Bench::new();
    bench.run("out", &["policy.pii.phone.action=\"redact\""]);
    let text = bench.written("out", SHARDS[0]);
    assert!(text.contains(CANARY) && !text.contains(DIGITS) && text.contains("[PHONE]"));
    assert_eq!(report(&bench.at("out"))["redactions"]["kinds"], serde_json::json!({ "phone": 4 * ROWS / 5 * 4 }));
    bench.assert_verified("out");

    let drop = ["policy.pii.email.action=\"drop\"", "policy.pii.phone.action=\"redact\"", "output.keep_rejected=true"];
    bench.run("dropped", &[&drop[..], &["output.annotate=false"]].concat());
    assert_eq!(report(&bench.at("dropped"))["reasons"], serde_json::json!({ "pii:email": 4 * ROWS / 5 * 4 }));
    assert_eq!(report(&bench.at("dropped"))["redactions"]["spans"], 0);
    assert!(!bench.written("dropped", SHARDS[0]).contains("[PHONE]"));
    let rejected = fs::read_to_string(bench.at("dropped/rejected").join(SHARDS[0])).unwrap();
    let want: String = (0..ROWS).filter(|n| !n.is_multiple_of(5)).map(|n| line(n, &original)).collect();
    assert_eq!(rejected, want);
    let rows = verdicts(&bench.at("dropped"), SHARDS[0]);
    assert!(rows.iter().all(|row| row.redactions == 0 && (row.outcome == "dropped") != row.row.is_multiple_of(5)));
    bench.assert_verified("dropped");
}

#[test]
fn pseudonyms_are_the_same_everywhere_and_go_with_the_key() {
    let bench = Bench::new();
    let (key, other) = (bench.key("key"), bench.key("other-key"));
    bench.run("out", &[PSEUDONYMS, &key]);
    assert_nothing_left(&bench.at("out"));
    bench.assert_verified("out");
    let first = texts_of(&bench, "out", SHARDS[0]);
    for path in SHARDS {
        assert_eq!(texts_of(&bench, "out", path), first, "{path}");
    }
    // One value has one pseudonym, in the title and twice in the text, wherever it stands.
    let email = |n: usize| first[n].0.strip_prefix("联系").unwrap().to_string();
    assert!((0..ROWS).all(|n| n.is_multiple_of(5) || first[n].1.matches(&email(n)).count() == 2));
    assert!(email(1) == email(51) && email(1) != email(2) && email(1).contains('@'), "{} {}", email(1), email(2));
    let statement: serde_json::Value =
        serde_json::from_slice(&fs::read(bench.at("out/manifest/run.json")).unwrap()).unwrap();
    let id = statement.pointer("/predicate/buildDefinition/externalParameters/pseudonym_key_id").unwrap();
    assert_eq!(id.as_str().map(str::len), Some(32));

    // Another key is another output: `run` refuses, `emit` redoes.
    let (code, text) = bench.pass("run", "out", &[PSEUDONYMS, &other]);
    assert!(code == 2 && text.contains("another pseudonym key; `tamis emit` replaces"), "{text}");
    let (code, text) = bench.pass("emit", "out", &[PSEUDONYMS, &other]);
    assert_eq!(code, 0, "{text}");
    bench.assert_verified("out");
    assert_ne!(texts_of(&bench, "out", SHARDS[0])[1], first[1]);
    bench.run("fresh", &[PSEUDONYMS, &other]);
    assert_same_tree(&bench.at("out"), &bench.at("fresh"), "emitted with another key");
    // Where the policy asks for no pseudonyms, a key changes nothing.
    bench.run("plain", &[REDACT]);
    bench.run("unused", &[REDACT, &key]);
    assert_same_tree(&bench.at("plain"), &bench.at("unused"), "a key that is not used");
}

#[test]
fn a_changed_policy_is_refused_by_run_and_carried_out_by_judge_and_emit() {
    let bench = Bench::new();
    bench.run("out", &[]);
    assert!(bench.written("out", SHARDS[0]).contains(CANARY), "flagged by default");
    bench.assert_verified("out");
    let (code, text) = bench.pass("run", "out", &[REDACT]);
    assert!(code == 2 && text.contains("under another policy"), "{text}");
    for command in ["judge", "emit"] {
        let (code, text) = bench.pass(command, "out", &[REDACT]);
        assert_eq!(code, 0, "{command}: {text}");
    }
    assert_nothing_left(&bench.at("out"));
    bench.assert_verified("out");
    bench.run("fresh", &[REDACT]);
    assert_same_tree(&bench.at("out"), &bench.at("fresh"), "emitted by a changed policy");
    let (code, text) = bench.pass("run", "out", &[REDACT]);
    assert!(code == 0 && text.contains("4 shards stood already"), "{text}");
}

#[test]
fn what_cannot_be_kept_secret_is_refused_before_anything_is_read() {
    let bench = Bench::new();
    write(&bench.at("short"), "geheim");
    write(&bench.at("out/key"), [7; 32]);
    let (short, inside, none) = (bench.key("short"), bench.key("out/key"), bench.key("none"));
    for (more, expected) in [
        (vec![PSEUDONYMS], "output.pseudonym_key is missing: the policy replaces name, address, email and 18 more"),
        (vec![PSEUDONYMS, &none], "none: No such file"),
        (vec![PSEUDONYMS, &short], "short: it holds 6 bytes, expected 16 or more"),
        (vec![PSEUDONYMS, &inside], "lies inside the output folder"),
        (vec![REDACT, "input.id=title"], "column \"title\" is input.text, in which the policy redacts"),
        (vec![REDACT, "input.source={url=\"text\"}"], "and input.source, which stands in tags"),
        (vec!["policy.pii.emial.action=\"drop\""], "did you mean \"email\"?"),
    ] {
        let (code, text) = bench.pass("run", "out", &more);
        assert!(code == 2 && text.contains(expected) && !text.contains("geheim"), "{more:?}: {code} {text}");
        assert!(!bench.at("out/tags").exists());
    }
    // Where nothing is redacted, a column may be both.
    bench.run("both", &["input.id=title"]);
}

#[test]
fn the_closing_table_tells_how_much_was_redacted() {
    let bench = Bench::new();
    let table = |policy: &str| {
        let (input, out) = (bench.at("in").display().to_string(), bench.at(policy).display().to_string());
        let policy = format!("policy.pii.email.action={policy}");
        let got = tamis(&[
            "run",
            "builtin:quickstart",
            "--input",
            &input,
            "-o",
            &out,
            "--set",
            "detect.keywords.libraries=[]",
            "--set",
            "detect.pii={also=[\"documentation\"]}",
            "--set",
            &policy,
        ]);
        String::from_utf8(got.stdout).unwrap()
    };
    let redacted = table("redact");
    assert!(redacted.contains("\nredacted         3,840 spans in 1,920 records 3,840 email\n"), "{redacted}");
    assert!(!table("flag").contains("redacted"));
}
