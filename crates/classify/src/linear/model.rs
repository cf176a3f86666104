//! The weights of a linear model, out of and into an ONNX file that any runtime carries out.

use prost::Message as _;

use super::{BUCKETS, hash_vectors_digest};
use crate::onnx::{CONTRACT_KEY, Graph, HASH_KEY, LABELS_KEY, Model, Node, OperatorSet, Tensor, ValueInfo, data_type};
use crate::{ClassifyError, Contract, ModelManifest};

/// Lanes that the table's rows are filled up to.
pub(super) const LANES: usize = 32;
const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;

/// Weights of `hashed-ngrams/1`: a row of 8-bit integers per bucket, a scale and a bias per head.
///
/// The logit of head `h` for the n-grams `ids` is `scale[h] · Σ table[id][h] / √|ids| + bias[h]`. The sum is one of
/// integers, so the order of the n-grams changes nothing.
#[derive(Clone)]
pub struct LinearModel {
    heads: usize,
    /// Bytes of a row: heads, filled up to a multiple of [`LANES`].
    stride: usize,
    table: Vec<i8>,
    scales: Vec<f32>,
    biases: Vec<f32>,
}

impl std::fmt::Debug for LinearModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinearModel").field("heads", &self.heads).finish_non_exhaustive()
    }
}

/// What the nodes of the graph must be: operator, inputs, output.
const NODES: [(&str, &[&str], &str); 6] = [
    ("Gather", &["table", "ids"], "rows"),
    ("Cast", &["rows"], "floats"),
    ("ReduceSum", &["floats", "axes"], "sums"),
    ("Mul", &["sums", "scale"], "scaled"),
    ("Mul", &["scaled", "inverse_norm"], "normed"),
    ("Add", &["normed", "bias"], "logits"),
];

impl LinearModel {
    /// A model of `scales.len()` heads; `table` has a row of so many weights per bucket.
    ///
    /// # Panics
    /// The parts do not fit each other.
    #[must_use]
    pub fn new(table: &[i8], scales: Vec<f32>, biases: Vec<f32>) -> Self {
        let heads = scales.len();
        assert_eq!(table.len(), BUCKETS * heads, "a row per bucket");
        assert_eq!(biases.len(), heads, "a bias per head");
        let stride = heads.next_multiple_of(LANES);
        let mut wide = vec![0i8; BUCKETS * stride];
        for (row, weights) in wide.chunks_exact_mut(stride).zip(table.chunks_exact(heads)) {
            row[..heads].copy_from_slice(weights);
        }
        Self { heads, stride, table: wide, scales, biases }
    }

    /// Number of heads.
    #[must_use]
    pub fn heads(&self) -> usize {
        self.heads
    }

    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// The weights of one bucket, filled up with zeros to the stride.
    #[inline]
    pub(super) fn row(&self, id: u32) -> &[i8] {
        let from = id as usize * self.stride;
        &self.table[from..from + self.stride]
    }

    /// The logit of a head from its integer sum; `inverse_norm` is `1 / √n`, 0 where there is no n-gram.
    #[inline]
    #[must_use]
    pub fn logit(&self, head: usize, sum: i32, inverse_norm: f32) -> f32 {
        sum as f32 * self.scales[head] * inverse_norm + self.biases[head]
    }

    /// The logits of n-grams taken together, one per head.
    #[must_use]
    pub fn logits(&self, ids: &[u32]) -> Vec<f32> {
        let mut sums = vec![0i32; self.stride];
        for &id in ids {
            sums.iter_mut().zip(self.row(id)).for_each(|(sum, &weight)| *sum += i32::from(weight));
        }
        let norm = inverse_norm(ids.len());
        (0..self.heads).map(|head| self.logit(head, sums[head], norm)).collect()
    }

    /// The ONNX file with labels, contract and hash vectors in its metadata.
    #[must_use]
    pub fn to_onnx(&self, labels: &str) -> Vec<u8> {
        let heads = self.heads as i64;
        let narrow: Vec<i8> =
            self.table.chunks_exact(self.stride).flat_map(|row| &row[..self.heads]).copied().collect();
        let nodes = NODES.iter().map(|(operator, inputs, output)| {
            let node = Node::new(operator, inputs, output);
            match *operator {
                "Gather" => node.with_int("axis", 0),
                "Cast" => node.with_int("to", i64::from(data_type::FLOAT)),
                "ReduceSum" => node.with_int("keepdims", 0),
                _ => node,
            }
        });
        let graph = Graph {
            node: nodes.collect(),
            name: Contract::HashedNgrams.name().into(),
            initializer: vec![
                Tensor::i8("table", &[BUCKETS as i64, heads], &narrow),
                Tensor::i64("axes", &[1], &[1]),
                Tensor::f32("scale", &[heads], &self.scales),
                Tensor::f32("bias", &[heads], &self.biases),
            ],
            input: vec![
                ValueInfo::new("ids", data_type::INT64, &[Err("windows"), Err("ngrams")]),
                ValueInfo::new("inverse_norm", data_type::FLOAT, &[Err("windows"), Ok(1)]),
            ],
            output: vec![ValueInfo::new("logits", data_type::FLOAT, &[Err("windows"), Ok(heads)])],
            ..Graph::default()
        };
        let mut model = Model {
            ir_version: IR_VERSION,
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
            producer_name: "tamis".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(graph),
            ..Model::default()
        };
        model.set_metadata(CONTRACT_KEY, Contract::HashedNgrams.name());
        model.set_metadata(LABELS_KEY, labels);
        model.set_metadata(HASH_KEY, hash_vectors_digest());
        model.encode_to_vec()
    }

    /// Reads the weights out of an ONNX file, and checks that it computes what this kernel does.
    ///
    /// # Errors
    /// [`ClassifyError::Onnx`] where contract, labels, hash vectors, operators or shapes are others.
    pub fn from_onnx(bytes: &[u8], manifest: &ModelManifest) -> Result<Self, ClassifyError> {
        read(bytes, manifest).map_err(|message| ClassifyError::Onnx { model: manifest.name.clone(), message })
    }
}

/// `1 / √n`; 0 for no n-gram.
#[must_use]
pub fn inverse_norm(ngrams: usize) -> f32 {
    if ngrams == 0 { 0.0 } else { 1.0 / (ngrams as f32).sqrt() }
}

fn read(bytes: &[u8], manifest: &ModelManifest) -> Result<LinearModel, String> {
    let model = Model::decode(bytes).map_err(|error| format!("no ONNX file: {error}"))?;
    check_metadata(&model, manifest)?;
    let graph = model.graph.as_ref().ok_or("no graph")?;
    check_nodes(graph)?;
    let heads = manifest.heads.len();
    let table = graph.weights("table").ok_or("no weights \"table\"")?;
    let expected = [BUCKETS as i64, heads as i64];
    if table.dims != expected || table.data_type != data_type::INT8 || table.is_external() {
        return Err(format!(
            "table is {:?} of type {}, expected int8 {expected:?} in the file itself",
            table.dims, table.data_type
        ));
    }
    if table.raw_data.len() != BUCKETS * heads {
        return Err(format!("table has {} bytes, expected {}", table.raw_data.len(), BUCKETS * heads));
    }
    let weights: Vec<i8> = table.raw_data.iter().map(|byte| byte.cast_signed()).collect();
    if weights[..heads].iter().any(|&weight| weight != 0) {
        return Err("row 0 of the table is padding and must be zeros".into());
    }
    let floats = |name: &str| {
        let values = graph.weights(name).and_then(Tensor::to_f32).unwrap_or_default();
        if values.len() != heads || values.iter().any(|value| !value.is_finite()) {
            return Err(format!("{name} must have {heads} finite floats"));
        }
        Ok(values)
    };
    Ok(LinearModel::new(&weights, floats("scale")?, floats("bias")?))
}

fn check_metadata(model: &Model, manifest: &ModelManifest) -> Result<(), String> {
    let labels = manifest.labels();
    let digest = hash_vectors_digest();
    for (key, expected) in
        [(CONTRACT_KEY, Contract::HashedNgrams.name()), (LABELS_KEY, labels.as_str()), (HASH_KEY, digest.as_str())]
    {
        match model.metadata(key) {
            Some(got) if got == expected => {}
            got => {
                let got = got.map_or_else(|| "missing".to_owned(), |got| format!("{got:?}"));
                return Err(format!(
                    "metadata {key} is {got}, expected {expected:?}; model.onnx and model.toml must be of one training by this version"
                ));
            }
        }
    }
    Ok(())
}

fn check_nodes(graph: &Graph) -> Result<(), String> {
    let same = |node: &Node, (operator, inputs, output): &(&str, &[&str], &str)| {
        node.op_type == *operator && node.domain.is_empty() && node.input == *inputs && node.output == [*output]
    };
    let fits = graph.node.len() == NODES.len() && graph.node.iter().zip(&NODES).all(|(node, known)| same(node, known));
    if fits {
        return Ok(());
    }
    let got: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
    let expected: Vec<&str> = NODES.iter().map(|node| node.0).collect();
    Err(format!("operators are {}, expected {} as the trainer writes them", got.join(" "), expected.join(" ")))
}
