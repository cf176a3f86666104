//! Writes encoders of BERT's kind with random weights: standard operators of opset 17, seeded, so that the same numbers
//! give the same bytes.

use prost::Message as _;
use tamis_classify::onnx::{Graph, Model, Node, OperatorSet, Tensor, ValueInfo, data_type};

/// Sizes of an encoder.
#[derive(Clone, Copy, Debug)]
pub struct Bert {
    pub layers: usize,
    pub hidden: usize,
    pub attention_heads: usize,
    pub intermediate: usize,
    pub vocabulary: usize,
    pub positions: usize,
    pub outputs: usize,
    pub seed: u64,
}

impl Bert {
    /// The bytes of `model.onnx`.
    pub fn to_onnx(self) -> Vec<u8> {
        let mut writer = Writer { sizes: self, state: self.seed, nodes: Vec::new(), weights: Vec::new() };
        writer.write();
        let free = [Err("windows"), Err("tokens")];
        let graph = Graph {
            node: writer.nodes,
            name: "encoder".into(),
            initializer: writer.weights,
            input: ["input_ids", "attention_mask"].map(|name| ValueInfo::new(name, data_type::INT64, &free)).into(),
            output: vec![ValueInfo::new("logits", data_type::FLOAT, &[Err("windows"), Ok(self.outputs as i64)])],
            ..Graph::default()
        };
        Model {
            ir_version: 8,
            opset_import: vec![OperatorSet { domain: String::new(), version: 17 }],
            graph: Some(graph),
            ..Model::default()
        }
        .encode_to_vec()
    }
}

struct Writer {
    sizes: Bert,
    state: u64,
    nodes: Vec<Node>,
    weights: Vec<Tensor>,
}

impl Writer {
    fn write(&mut self) {
        let Bert { layers, hidden, vocabulary, positions, outputs, .. } = self.sizes;
        self.constants();
        self.random("words", &[vocabulary, hidden], 1.0);
        self.random("places", &[positions, hidden], 0.5);
        self.op("Gather", &["words", "input_ids"], "word");
        self.op("Shape", &["input_ids"], "shape");
        self.op("Gather", &["shape", "index_1"], "length");
        self.op("Range", &["index_0", "length", "index_1"], "range");
        self.op("Gather", &["places", "range"], "place");
        self.op("Add", &["word", "place"], "embedded");
        self.norm("embedded", "hidden_0");
        self.nodes
            .push(Node::new("Cast", &["attention_mask"], "mask_floats").with_int("to", i64::from(data_type::FLOAT)));
        self.op("Unsqueeze", &["mask_floats", "axes_1_2"], "mask_wide");
        self.op("Sub", &["one", "mask_wide"], "masked");
        self.op("Mul", &["masked", "far_below"], "bias");
        for layer in 0..layers {
            self.layer(layer);
        }
        let last = format!("hidden_{layers}");
        self.nodes.push(Node::new("Gather", &[&last, "index_0"], "first").with_int("axis", 1));
        self.linear("pooler", "first", hidden, hidden, "pooled_raw");
        self.op("Tanh", &["pooled_raw"], "pooled");
        self.linear("classifier", "pooled", hidden, outputs, "logits");
    }

    fn constants(&mut self) {
        let Bert { hidden, attention_heads, .. } = self.sizes;
        let width = hidden / attention_heads;
        let floats = [("one", 1.0), ("half", 0.5), ("far_below", -10_000.0), ("root_half", 0.5f32.sqrt())];
        for (name, value) in floats.into_iter().chain([("scale", 1.0 / (width as f32).sqrt())]) {
            self.weights.push(Tensor::f32(name, &[], &[value]));
        }
        self.weights.push(Tensor::i64("index_0", &[], &[0]));
        self.weights.push(Tensor::i64("index_1", &[], &[1]));
        self.weights.push(Tensor::i64("axes_1_2", &[2], &[1, 2]));
        self.weights.push(Tensor::i64("split", &[4], &[0, 0, attention_heads as i64, width as i64]));
        self.weights.push(Tensor::i64("joined", &[3], &[0, 0, hidden as i64]));
    }

    fn layer(&mut self, layer: usize) {
        let Bert { hidden, intermediate, .. } = self.sizes;
        let name = |part: &str| format!("{part}_{layer}");
        let (input, output) = (name("hidden"), format!("hidden_{}", layer + 1));
        for (part, order) in [("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])] {
            let (flat, split) = (name(&format!("{part}_flat")), name(&format!("{part}_split")));
            self.linear(&name(part), &input, hidden, hidden, &flat);
            self.op("Reshape", &[&flat, "split"], &split);
            let output = name(&format!("{part}_heads"));
            self.nodes.push(Node::new("Transpose", &[&split], &output).with_ints("perm", &order));
        }
        self.op("MatMul", &[&name("query_heads"), &name("key_heads")], &name("products"));
        self.op("Mul", &[&name("products"), "scale"], &name("scaled"));
        self.op("Add", &[&name("scaled"), "bias"], &name("biased"));
        self.nodes.push(Node::new("Softmax", &[&name("biased")], &name("shares")).with_int("axis", -1));
        self.op("MatMul", &[&name("shares"), &name("value_heads")], &name("mixed"));
        let back = Node::new("Transpose", &[&name("mixed")], &name("mixed_back")).with_ints("perm", &[0, 2, 1, 3]);
        self.nodes.push(back);
        self.op("Reshape", &[&name("mixed_back"), "joined"], &name("joined"));
        self.linear(&name("dense"), &name("joined"), hidden, hidden, &name("attended"));
        self.op("Add", &[&name("attended"), &input], &name("attended_sum"));
        self.norm(&name("attended_sum"), &name("middle"));
        self.linear(&name("up"), &name("middle"), hidden, intermediate, &name("wide"));
        self.gelu(&name("wide"), &name("bent"));
        self.linear(&name("down"), &name("bent"), intermediate, hidden, &name("narrow"));
        self.op("Add", &[&name("narrow"), &name("middle")], &name("sum"));
        self.norm(&name("sum"), &output);
    }

    fn gelu(&mut self, input: &str, output: &str) {
        let part = |name: &str| format!("{input}_{name}");
        self.op("Mul", &[input, "root_half"], &part("root"));
        self.op("Erf", &[&part("root")], &part("erf"));
        self.op("Add", &[&part("erf"), "one"], &part("plus"));
        self.op("Mul", &[input, &part("plus")], &part("product"));
        self.op("Mul", &[&part("product"), "half"], output);
    }

    fn linear(&mut self, name: &str, input: &str, from: usize, to: usize, output: &str) {
        let (weight, bias, product) = (format!("{name}.weight"), format!("{name}.bias"), format!("{name}.product"));
        self.random(&weight, &[from, to], 1.0 / (from as f32).sqrt());
        self.random(&bias, &[to], 0.1);
        self.op("MatMul", &[input, &weight], &product);
        self.op("Add", &[&product, &bias], output);
    }

    fn norm(&mut self, input: &str, output: &str) {
        let hidden = self.sizes.hidden;
        let (scale, bias) = (format!("{output}.scale"), format!("{output}.bias"));
        self.weights.push(Tensor::f32(&scale, &[hidden as i64], &vec![1.0; hidden]));
        self.random(&bias, &[hidden], 0.1);
        self.nodes.push(Node::new("LayerNormalization", &[input, &scale, &bias], output).with_int("axis", -1));
    }

    fn op(&mut self, operator: &str, inputs: &[&str], output: &str) {
        self.nodes.push(Node::new(operator, inputs, output));
    }

    /// Weights of this standard deviation, evenly distributed.
    fn random(&mut self, name: &str, dims: &[usize], deviation: f32) {
        let count = dims.iter().product();
        let values: Vec<f32> = (0..count).map(|_| (self.next() * 2.0 - 1.0) * deviation * 3f32.sqrt()).collect();
        let dims: Vec<i64> = dims.iter().map(|&dim| dim as i64).collect();
        self.weights.push(Tensor::f32(name, &dims, &values));
    }

    /// The next of SplitMix64 (Steele and others 2014), 0 to 1.
    fn next(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ (value >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}
