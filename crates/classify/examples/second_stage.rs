//! How fast a transformer runs as a second stage, against a plain loop over fixed batches, in one run and with the same
//! result: `cargo run --release -p tamis-classify --example second_stage -- --documents 64 --device cpu`
//!
//! The network has BERT-base's sizes and random weights; documents are made of random words, half of them short.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what came is the point")]

#[path = "../tests/support/bert.rs"]
mod bert;

use std::error::Error;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use bert::Bert;
use ort::ep;
use ort::session::Session;
use ort::value::TensorRef;
use tamis_classify::{
    Contract, Device, HeadSpec, MODEL_FORMAT, ModelFiles, ModelManifest, Pool, Thresholds, TokensDetector,
    TokensOptions, TokensSpec, WindowSpec,
};
use tamis_detect::Batch;
use tamis_rules::{Level, Taxonomy};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Rows of the plain loop's batches.
const NAIVE_ROWS: usize = 32;
/// Outputs of the network.
const HEADS: usize = 31;
const CLS: i64 = 2;
const SEP: i64 = 3;
const FIRST_WORD: u32 = 4;

/// What can be set, with what BERT-base and a small machine take.
struct Settings {
    layers: usize,
    hidden: usize,
    vocabulary: usize,
    documents: usize,
    window: usize,
    device: Device,
    workers: usize,
    batch_tokens: Vec<usize>,
    threads: usize,
    naive: bool,
}

fn main() -> Fallible<()> {
    let settings = Settings::read()?;
    let files = model(&settings)?;
    let (documents, words) = documents(&settings);
    let windows = windows(&words, settings.window);
    let tokens: usize = windows.iter().map(|(_, ids)| ids.len()).sum();
    println!(
        "{} layers of {}, {} documents, {} windows of up to {} tokens, {tokens} tokens; device {}",
        settings.layers,
        settings.hidden,
        documents.len(),
        windows.len(),
        settings.window + 2,
        settings.device
    );
    println!("| what | s | documents/s | tokens/s | of them padding | GPU | largest difference |");
    println!("|---|---|---|---|---|---|---|");
    let mut answers: Option<Vec<Vec<f32>>> = None;
    for &batch_tokens in &settings.batch_tokens {
        let (name, row, got) = ours(&settings, &files, batch_tokens, &documents)?;
        row.print(&name, documents.len(), tokens, answers.as_ref().map_or(0.0, |first| difference(first, &got)));
        answers.get_or_insert(got);
    }
    let paddings = if settings.naive { &[None, Some(settings.window + 2)][..] } else { &[] };
    for &length in paddings {
        let (row, got) = naive(&settings, &files, &windows, documents.len(), length)?;
        let name =
            length.map_or("32 rows, padded to the longest".into(), |length| format!("32 rows, padded to {length}"));
        row.print(&name, documents.len(), tokens, answers.as_ref().map_or(0.0, |first| difference(first, &got)));
    }
    Ok(())
}

impl Settings {
    fn read() -> Fallible<Self> {
        let mut settings = Self {
            layers: 12,
            hidden: 768,
            vocabulary: 21_128,
            documents: 64,
            window: 510,
            device: Device::Auto,
            workers: 0,
            batch_tokens: vec![512],
            threads: 1,
            naive: true,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--layers" => settings.layers = value.parse()?,
                "--hidden" => settings.hidden = value.parse()?,
                "--vocabulary" => settings.vocabulary = value.parse()?,
                "--documents" => settings.documents = value.parse()?,
                "--window" => settings.window = value.parse()?,
                "--device" => settings.device = value.parse()?,
                "--workers" => settings.workers = value.parse()?,
                "--batch-tokens" => {
                    settings.batch_tokens = value.split(',').map(str::parse).collect::<Result<_, _>>()?;
                }
                "--threads" => settings.threads = value.parse()?,
                "--naive" => settings.naive = value.parse()?,
                _ => return Err(format!("{name}: no such option").into()),
            }
        }
        Ok(settings)
    }
}

/// One measurement.
struct Row {
    seconds: f64,
    computed: u64,
    gpu: Option<f64>,
}

impl Row {
    fn print(&self, name: &str, documents: usize, tokens: usize, difference: f32) {
        let gpu = self.gpu.map_or("none".into(), |share| format!("{share:.0} %"));
        let padding = 100.0 * (1.0 - tokens as f64 / self.computed as f64);
        println!(
            "| {name} | {:.1} | {:.1} | {:.0} | {padding:.0} % | {gpu} | {difference:.1e} |",
            self.seconds,
            documents as f64 / self.seconds,
            tokens as f64 / self.seconds
        );
    }
}

/// Per document the highest logit of every head.
fn ours(
    settings: &Settings,
    files: &ModelFiles,
    batch_tokens: usize,
    documents: &[String],
) -> Fallible<(String, Row, Vec<Vec<f32>>)> {
    let options = TokensOptions {
        device: settings.device.clone(),
        workers: settings.workers,
        batch_tokens: Some(batch_tokens),
        ..TokensOptions::default()
    };
    let taxonomy = Taxonomy::builtin("gbt45654").ok_or("no taxonomy")?;
    let detector = TokensDetector::new(files.clone(), &taxonomy, &options)?;
    let parts: Vec<&[String]> = documents.chunks(documents.len().div_ceil(settings.threads)).collect();
    let answers = Mutex::new(vec![Vec::new(); parts.len()]);
    let gpu = Utilisation::begin();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for (at, part) in parts.iter().enumerate() {
            let (detector, answers) = (&detector, &answers);
            scope.spawn(move || {
                let mut batch = Batch::new(part.len());
                batch.push_field("text", part.iter().map(|text| Some(text.as_str())).collect());
                let said = detector.logits(&batch);
                let pooled =
                    said.into_iter().map(|text| text.heads.unwrap_or_default().iter().map(|it| it.max).collect());
                if let Ok(mut answers) = answers.lock() {
                    answers[at] = pooled.collect();
                }
            });
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    let report = detector.report();
    report.notes.iter().chain(&report.first_failure).for_each(|note| eprintln!("{note}"));
    let answers = answers.into_inner().map_err(|_| "a thread panicked")?.concat();
    let name = format!("by length, {batch_tokens} tokens, {} on {}", report.workers, report.used);
    Ok((name, Row { seconds, computed: report.computed_tokens, gpu: gpu.end() }, answers))
}

/// The same windows in their order, 32 at a time, through one session with as many threads.
fn naive(
    settings: &Settings,
    files: &ModelFiles,
    windows: &[(usize, Vec<i64>)],
    documents: usize,
    length: Option<usize>,
) -> Fallible<(Row, Vec<Vec<f32>>)> {
    let runtime = tamis_classify::Runtime::load(None)?;
    let threads = if settings.workers > 0 { settings.workers } else { std::thread::available_parallelism()?.get() };
    let mut builder = Session::builder(runtime.environment())?.with_intra_threads(threads)?;
    if settings.device != Device::Cpu && ep::ExecutionProvider::register(&ep::CUDA::default(), &mut builder).is_err() {
        eprintln!("the plain loop runs on the CPU");
    }
    let mut session = builder.commit_from_memory(files.onnx())?;
    let mut answers = vec![vec![f32::NEG_INFINITY; HEADS]; documents];
    let mut computed = 0;
    let gpu = Utilisation::begin();
    let begun = Instant::now();
    for batch in windows.chunks(NAIVE_ROWS) {
        let length = length.unwrap_or_else(|| batch.iter().map(|(_, ids)| ids.len()).max().unwrap_or_default());
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for (at, (_, window)) in batch.iter().enumerate() {
            ids.extend_from_slice(window);
            mask.resize(ids.len(), 1i64);
            ids.resize((at + 1) * length, 0i64);
            mask.resize(ids.len(), 0);
        }
        computed += ids.len() as u64;
        let shape = [batch.len(), length];
        let outputs = session.run(ort::inputs! {
            "input_ids" => TensorRef::from_array_view((shape, ids.as_slice()))?,
            "attention_mask" => TensorRef::from_array_view((shape, mask.as_slice()))?,
        })?;
        let (_, logits) = outputs["logits"].try_extract_tensor::<f32>()?;
        for ((document, _), logits) in batch.iter().zip(logits.chunks(HEADS)) {
            answers[*document].iter_mut().zip(logits).for_each(|(best, &logit)| *best = best.max(logit));
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok((Row { seconds, computed, gpu: gpu.end() }, answers))
}

/// The largest difference of two logits of the same document and head; not a number where something is missing.
fn difference(first: &[Vec<f32>], second: &[Vec<f32>]) -> f32 {
    let (first, second): (Vec<_>, Vec<_>) = (first.iter().flatten().collect(), second.iter().flatten().collect());
    if first.is_empty() || first.len() != second.len() {
        return f32::NAN;
    }
    let pairs = first.into_iter().zip(second);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, |most, it| if it > most || it.is_nan() { it } else { most })
}

/// Utilisation of the first GPU while something runs, once a second; none without `nvidia-smi`.
struct Utilisation(Option<Child>);

impl Utilisation {
    fn begin() -> Self {
        let mut command = Command::new("nvidia-smi");
        command.args(["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--id=0", "--loop-ms=500"]);
        Self(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok())
    }

    fn end(self) -> Option<f64> {
        let mut child = self.0?;
        child.kill().ok()?;
        let output = child.wait_with_output().ok()?;
        let shares: Vec<f64> =
            String::from_utf8(output.stdout).ok()?.lines().filter_map(|it| it.trim().parse().ok()).collect();
        (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
    }
}

/// The network, a tokenizer of so many words, and a manifest for both.
fn model(settings: &Settings) -> Fallible<ModelFiles> {
    let bert = Bert {
        layers: settings.layers,
        hidden: settings.hidden,
        attention_heads: settings.hidden / 64,
        intermediate: 4 * settings.hidden,
        vocabulary: settings.vocabulary,
        positions: settings.window + 2,
        outputs: HEADS,
        seed: 1,
    };
    let onnx = bert.to_onnx();
    let words: Vec<String> = (FIRST_WORD..settings.vocabulary as u32).map(|id| format!("\"w{id}\":{id}")).collect();
    let tokenizer = format!(
        r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
        "pre_tokenizer":{{"type":"WhitespaceSplit"}},"decoder":null,
        "post_processor":{{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]}},
        "model":{{"type":"WordLevel","vocab":{{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,{}}},"unk_token":"[UNK]"}}}}"#,
        words.join(",")
    );
    let head = |at: usize| HeadSpec {
        label: format!("head{at}"),
        risks: Vec::new(),
        level: Level::Advisory,
        positives: 0,
        synthetic: 0,
        slope: 1.0,
        thresholds: Thresholds { zh: vec![0.0], en: vec![0.0], other: vec![0.0] },
    };
    let size = settings.window as u32;
    let manifest = ModelManifest {
        format: MODEL_FORMAT.into(),
        name: "bert-random".into(),
        version: "1".into(),
        contract: Contract::Tokens,
        licence: "Apache-2.0".into(),
        summary: "random weights".into(),
        onnx_blake3: blake3::hash(&onnx).to_hex().to_string(),
        external_data: Vec::new(),
        length_buckets: Vec::new(),
        windows: WindowSpec { zh: size, en: size, other: size, pool: Pool::Max },
        tokens: Some(TokensSpec {
            tokenizer_blake3: blake3::hash(tokenizer.as_bytes()).to_hex().to_string(),
            normalize: false,
            max_tokens: size + 2,
            pad_id: 0,
            ids_input: "input_ids".into(),
            mask_input: "attention_mask".into(),
            output: "logits".into(),
        }),
        accuracy: None,
        heads: (0..HEADS).map(head).collect(),
    };
    Ok(ModelFiles::new(manifest, onnx, tokenizer.into_bytes(), Vec::new())?)
}

/// Documents and the ids of their words: half of 10 to 60 words, a third to 300, the rest to 1500.
fn documents(settings: &Settings) -> (Vec<String>, Vec<Vec<u32>>) {
    let mut state = 3u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let words: Vec<Vec<u32>> = (0..settings.documents)
        .map(|_| {
            let count = match next(12) {
                0..6 => 10 + next(50),
                6..10 => 60 + next(240),
                _ => 300 + next(1200),
            };
            (0..count).map(|_| FIRST_WORD + next(settings.vocabulary - FIRST_WORD as usize) as u32).collect()
        })
        .collect();
    let text = |ids: &Vec<u32>| ids.iter().map(|id| format!("w{id}")).collect::<Vec<_>>().join(" ");
    (words.iter().map(text).collect(), words)
}

/// The windows of all documents in their order, with special tokens.
fn windows(documents: &[Vec<u32>], size: usize) -> Vec<(usize, Vec<i64>)> {
    let mut all = Vec::new();
    for (document, ids) in documents.iter().enumerate() {
        let mut start = 0;
        while start == 0 || start + size / 2 < ids.len() {
            let own = ids[start..(start + size).min(ids.len())].iter().map(|&id| i64::from(id));
            all.push((document, std::iter::once(CLS).chain(own).chain([SEP]).collect()));
            start += size / 2;
        }
    }
    all
}
