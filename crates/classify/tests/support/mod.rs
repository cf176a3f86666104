//! Small models for tests: a bag of characters that a few lines of Rust work out, too.
#![allow(dead_code, reason = "every test takes its part of it")]

pub mod bert;

use std::io::Write as _;
use std::path::Path;

use prost::Message as _;
use tamis_classify::onnx::{CONTRACT_KEY, Graph, LABELS_KEY, Model, Node, OperatorSet, Tensor, ValueInfo, data_type};
use tamis_classify::{
    Contract, Device, HeadSpec, Language, MODEL_FORMAT, ModelFiles, ModelManifest, Pool, RuntimeLibrary, Thresholds,
    TokensOptions, TokensSpec, WindowSpec, score_milli,
};
use tamis_detect::{Normalized, Normalizer};
use tamis_rules::Level;

/// Characters that the bag knows; id 0 is padding and 1 any other.
pub const CHARACTERS: &str = " abcdefghijklmnopqrstuvwxyz.,大麻烦的人在路口交通新闻法律他说我们今天去图书馆";
/// What the bag's heads speak of.
pub const HEADS: [(&str, &[&str]); 3] = [("drugs", &["A1h"]), ("region", &["A2c", "A2d"]), ("other", &[])];
/// Columns of the embedding.
pub const WIDTH: usize = 8;

/// Whether ONNX Runtime is there; if not, says that the test is skipped.
pub fn runtime_is_there(test: &str) -> bool {
    match RuntimeLibrary::find(None) {
        Ok(_) => true,
        Err(error) => {
            skip(test, &error);
            false
        }
    }
}

/// Says on standard error that a test is skipped, past the harness, which shows nothing of tests that pass.
pub fn skip(test: &str, why: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{test}: skipped: {why}");
}

/// On the CPU with so many workers and so many tokens a batch.
pub fn on_cpu(workers: usize, batch_tokens: usize) -> TokensOptions {
    TokensOptions { device: Device::Cpu, workers, batch_tokens: Some(batch_tokens), ..TokensOptions::default() }
}

/// A network that means the embeddings of a window's characters and multiplies by a matrix.
#[derive(Clone, Debug)]
pub struct Bag {
    pub embedding: Vec<f32>,
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
    pub normalize: bool,
}

impl Bag {
    /// Weights from a small recurrence; no meaning, but every head says yes to some texts.
    pub fn new() -> Self {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        let embedding = (0..Self::vocabulary() * WIDTH).map(|_| next() * 4.0).collect();
        let weights = (0..WIDTH * HEADS.len()).map(|_| next()).collect();
        let bias = HEADS.iter().map(|_| next() / 4.0).collect();
        Self { embedding, weights, bias, normalize: true }
    }

    pub fn vocabulary() -> usize {
        CHARACTERS.chars().count() + 2
    }

    pub fn id(c: char) -> usize {
        CHARACTERS.chars().position(|it| it == c).map_or(1, |at| at + 2)
    }

    /// The network; `change` may spoil it.
    pub fn to_onnx(&self, change: impl FnOnce(&mut Model)) -> Vec<u8> {
        let (rows, heads) = (self.embedding.len() as i64 / WIDTH as i64, HEADS.len() as i64);
        let free = [Err("windows"), Err("tokens")];
        let graph = Graph {
            node: vec![
                Node::new("Gather", &["embedding", "input_ids"], "embedded"),
                Node::new("Cast", &["attention_mask"], "mask").with_int("to", i64::from(data_type::FLOAT)),
                Node::new("Unsqueeze", &["mask", "axis_2"], "mask_wide"),
                Node::new("Mul", &["embedded", "mask_wide"], "masked"),
                Node::new("ReduceSum", &["masked", "axis_1"], "sum").with_int("keepdims", 0),
                Node::new("ReduceSum", &["mask", "axis_1"], "count").with_int("keepdims", 1),
                Node::new("Div", &["sum", "count"], "mean"),
                Node::new("MatMul", &["mean", "weights"], "product"),
                Node::new("Add", &["product", "bias"], "logits"),
            ],
            name: "bag".into(),
            initializer: vec![
                Tensor::f32("embedding", &[rows, WIDTH as i64], &self.embedding),
                Tensor::f32("weights", &[WIDTH as i64, heads], &self.weights),
                Tensor::f32("bias", &[heads], &self.bias),
                Tensor::i64("axis_1", &[1], &[1]),
                Tensor::i64("axis_2", &[1], &[2]),
            ],
            input: ["input_ids", "attention_mask"].map(|name| ValueInfo::new(name, data_type::INT64, &free)).into(),
            output: vec![ValueInfo::new("logits", data_type::FLOAT, &[Err("windows"), Ok(heads)])],
            ..Graph::default()
        };
        let mut model = Model {
            ir_version: 8,
            opset_import: vec![OperatorSet { domain: String::new(), version: 17 }],
            graph: Some(graph),
            ..Model::default()
        };
        model.set_metadata(CONTRACT_KEY, Contract::Tokens.name());
        model.set_metadata(LABELS_KEY, HEADS.map(|(label, _)| label).join(","));
        change(&mut model);
        model.encode_to_vec()
    }

    /// `tokenizer.json`: characters as tokens, nothing around them.
    pub fn tokenizer() -> String {
        let word = |(at, c): (usize, char)| format!("{}:{}", serde_json::json!(c.to_string()), at + 2);
        let words: Vec<String> = CHARACTERS.chars().enumerate().map(word).collect();
        format!(
            r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
            "pre_tokenizer":{{"type":"Split","pattern":{{"Regex":"(?s)."}},"behavior":"Isolated","invert":false}},
            "post_processor":null,"decoder":null,
            "model":{{"type":"WordLevel","vocab":{{"[PAD]":0,"[UNK]":1,{}}},"unk_token":"[UNK]"}}}}"#,
            words.join(",")
        )
    }

    /// `model.toml` for these files.
    pub fn manifest(&self, onnx: &[u8], tokenizer: &[u8]) -> ModelManifest {
        let head = |(label, risks): &(&str, &[&str])| HeadSpec {
            label: (*label).into(),
            risks: risks.iter().map(|code| (*code).into()).collect(),
            level: if *label == "drugs" { Level::Enforce } else { Level::Advisory },
            positives: 0,
            synthetic: 0,
            slope: 1.5,
            thresholds: Thresholds { zh: vec![0.5, 0.75], en: vec![0.25, 0.5], other: vec![0.0, 0.25] },
        };
        ModelManifest {
            format: MODEL_FORMAT.into(),
            name: "bag".into(),
            version: "1".into(),
            contract: Contract::Tokens,
            licence: "Apache-2.0".into(),
            summary: "a bag of characters".into(),
            onnx_blake3: blake3::hash(onnx).to_hex().to_string(),
            external_data: Vec::new(),
            length_buckets: vec![24],
            windows: WindowSpec { zh: 8, en: 16, other: 12, pool: Pool::Max },
            tokens: Some(TokensSpec {
                tokenizer_blake3: blake3::hash(tokenizer).to_hex().to_string(),
                normalize: self.normalize,
                max_tokens: 20,
                pad_id: 0,
                ids_input: "input_ids".into(),
                mask_input: "attention_mask".into(),
                output: "logits".into(),
            }),
            accuracy: None,
            heads: HEADS.iter().map(head).collect(),
        }
    }

    /// The three files in memory, in order: `model.toml`, `model.onnx`, `tokenizer.json`.
    pub fn parts(&self) -> (ModelManifest, Vec<u8>, Vec<u8>) {
        let (onnx, tokenizer) = (self.to_onnx(|_| ()), Self::tokenizer().into_bytes());
        (self.manifest(&onnx, &tokenizer), onnx, tokenizer)
    }

    /// The model, checked.
    pub fn files(&self) -> ModelFiles {
        let (manifest, onnx, tokenizer) = self.parts();
        ModelFiles::new(manifest, onnx, tokenizer, Vec::new()).unwrap()
    }

    /// The scores of a text in thousandths, one per head, by the plainest way there is.
    pub fn naive_scores(&self, text: &str) -> Vec<u16> {
        let language = Language::identify(text);
        let mut normal = Normalized::default();
        Normalizer::new().normalize(text, &mut normal);
        let read = if self.normalize { normal.text() } else { text };
        let ids: Vec<usize> = read.chars().map(Self::id).collect();
        let size = [8, 16, 12][language.index()];
        let bucket = usize::from(ids.len() > 24);
        let thresholds = [[0.5, 0.75], [0.25, 0.5], [0.0, 0.25]];
        let mut best = vec![f32::NEG_INFINITY; HEADS.len()];
        let mut start = 0;
        while start == 0 || start + size / 2 < ids.len() {
            let window = &ids[start..(start + size).min(ids.len())];
            if window.is_empty() {
                return vec![0; HEADS.len()];
            }
            for (best, logit) in best.iter_mut().zip(self.naive_logits(window)) {
                *best = best.max(logit);
            }
            start += size / 2;
        }
        best.iter().map(|&logit| score_milli(logit, thresholds[language.index()][bucket], 1.5).unwrap()).collect()
    }

    fn naive_logits(&self, ids: &[usize]) -> Vec<f32> {
        let mean =
            |column: usize| ids.iter().map(|id| self.embedding[id * WIDTH + column]).sum::<f32>() / ids.len() as f32;
        let means: Vec<f32> = (0..WIDTH).map(mean).collect();
        let logit = |head: usize| {
            let terms = means.iter().enumerate().map(|(at, mean)| mean * self.weights[at * HEADS.len() + head]);
            terms.sum::<f32>() + self.bias[head]
        };
        (0..HEADS.len()).map(logit).collect()
    }
}

/// Writes the files of a model into a folder.
pub fn write(folder: &Path, manifest: &ModelManifest, onnx: &[u8], tokenizer: &[u8]) {
    std::fs::write(folder.join("model.toml"), manifest.to_toml().unwrap()).unwrap();
    std::fs::write(folder.join("model.onnx"), onnx).unwrap();
    std::fs::write(folder.join("tokenizer.json"), tokenizer).unwrap();
}

/// Texts of many lengths in both scripts, some with what a normaliser changes.
pub fn texts(count: usize) -> Vec<String> {
    let parts = [
        "大麻烦的人在路口",
        "交通新闻",
        "法律他说",
        "the quick fox ",
        "we went to a ",
        "library. ",
        "ＡＢＣ　",
        "麻\u{200b}烦",
        "Ünïcode ",
        "軟體",
        "? ",
        "今天去图书馆,",
        "zebra ",
    ];
    let mut state = 11u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    (0..count)
        .map(|at| {
            let (parts, count) = match at % 3 {
                0 => (&parts[..3], next(12)),
                1 => (&parts[3..6], next(12)),
                _ => (&parts[..], next(if at % 30 == 2 { 120 } else { 6 })),
            };
            (0..count).map(|_| parts[next(parts.len())]).collect()
        })
        .collect()
}
