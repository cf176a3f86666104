//! The parts of ONNX files that are read and written here: protocol buffers of the operator graph, its weights and its
//! metadata (onnx.ai, IR version 8 and later; unknown fields are passed over).

mod proto;

use std::fmt::Write as _;

pub use proto::{
    Attribute, Dimension, Entry, Function, Graph, Model, Node, OperatorSet, Shape, SparseTensor, Tensor, TensorType,
    TrainingInfo, Type, ValueInfo, attribute, data_type, dimension,
};

/// Metadata key of the contract's name.
pub const CONTRACT_KEY: &str = "tamis.contract";
/// Metadata key of the labels, in order of the outputs, joined by commas.
pub const LABELS_KEY: &str = "tamis.labels";
/// Metadata key of the digest of the hash test vectors.
pub const HASH_KEY: &str = "tamis.hash_vectors";

impl Model {
    /// The metadata value of this key.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata_props.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    }

    /// Sets a metadata value.
    pub fn set_metadata(&mut self, key: &str, value: impl Into<String>) {
        self.metadata_props.push(Entry { key: key.into(), value: value.into() });
    }

    /// Every tensor with weights, in the graph and in the attributes of its nodes, subgraphs and functions included.
    #[must_use]
    pub fn tensors(&self) -> Vec<&Tensor> {
        let mut found = Vec::new();
        let training = self.training_info.iter().flat_map(|info| info.initialization.iter().chain(&info.algorithm));
        self.graph.iter().chain(training).for_each(|graph| graph.collect_tensors(&mut found));
        for function in &self.functions {
            function.attribute_proto.iter().for_each(|attribute| attribute.collect_tensors(&mut found));
            function.node.iter().for_each(|node| node.collect_tensors(&mut found));
        }
        found
    }

    /// Every operator that the graph uses as `domain.Name` (`Name` alone in the default domain), sorted, each once.
    #[must_use]
    pub fn operators(&self) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(graph) = &self.graph {
            graph.collect_operators(&mut names);
        }
        for function in &self.functions {
            function.node.iter().for_each(|node| node.collect_operators(&mut names));
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Graph {
    fn collect_tensors<'m>(&'m self, found: &mut Vec<&'m Tensor>) {
        found.extend(&self.initializer);
        self.sparse_initializer.iter().for_each(|tensor| tensor.collect_tensors(found));
        self.node.iter().for_each(|node| node.collect_tensors(found));
    }

    fn collect_operators(&self, names: &mut Vec<String>) {
        self.node.iter().for_each(|node| node.collect_operators(names));
    }

    /// The weights of this name.
    #[must_use]
    pub fn weights(&self, name: &str) -> Option<&Tensor> {
        self.initializer.iter().find(|tensor| tensor.name == name)
    }
}

impl Node {
    fn collect_tensors<'m>(&'m self, found: &mut Vec<&'m Tensor>) {
        self.attribute.iter().for_each(|attribute| attribute.collect_tensors(found));
    }

    fn collect_operators(&self, names: &mut Vec<String>) {
        let mut name = String::new();
        if !self.domain.is_empty() && self.domain != "ai.onnx" {
            // Writing to a string cannot fail.
            let _ = write!(name, "{}.", self.domain);
        }
        name.push_str(&self.op_type);
        names.push(name);
        for attribute in &self.attribute {
            attribute.g.iter().chain(&attribute.graphs).for_each(|graph| graph.collect_operators(names));
        }
    }

    /// A node of the default domain.
    #[must_use]
    pub fn new(op_type: &str, input: &[&str], output: &str) -> Self {
        Self {
            input: input.iter().map(|name| (*name).into()).collect(),
            output: vec![output.into()],
            name: output.into(),
            op_type: op_type.into(),
            ..Self::default()
        }
    }

    /// The same with an integer attribute.
    #[must_use]
    pub fn with_int(mut self, name: &str, value: i64) -> Self {
        self.attribute.push(Attribute { name: name.into(), kind: attribute::INT, i: value, ..Attribute::default() });
        self
    }

    /// The same with a list of integers as an attribute.
    #[must_use]
    pub fn with_ints(mut self, name: &str, values: &[i64]) -> Self {
        self.attribute.push(Attribute {
            name: name.into(),
            kind: attribute::INTS,
            ints: values.to_vec(),
            ..Attribute::default()
        });
        self
    }
}

impl Attribute {
    fn collect_tensors<'m>(&'m self, found: &mut Vec<&'m Tensor>) {
        found.extend(self.t.iter().chain(&self.tensors));
        let sparse = self.sparse_tensor.iter().chain(&self.sparse_tensors);
        sparse.for_each(|tensor| tensor.collect_tensors(found));
        self.g.iter().chain(&self.graphs).for_each(|graph| graph.collect_tensors(found));
    }
}

impl SparseTensor {
    fn collect_tensors<'m>(&'m self, found: &mut Vec<&'m Tensor>) {
        found.extend(self.values.iter().chain(&self.indices));
    }
}

impl Tensor {
    /// Weights of 32-bit floats.
    #[must_use]
    pub fn f32(name: &str, dims: &[i64], values: &[f32]) -> Self {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::raw(name, dims, data_type::FLOAT, raw)
    }

    /// Weights of 64-bit integers.
    #[must_use]
    pub fn i64(name: &str, dims: &[i64], values: &[i64]) -> Self {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::raw(name, dims, data_type::INT64, raw)
    }

    /// Weights of 8-bit integers.
    #[must_use]
    pub fn i8(name: &str, dims: &[i64], values: &[i8]) -> Self {
        Self::raw(name, dims, data_type::INT8, values.iter().map(|value| value.cast_unsigned()).collect())
    }

    fn raw(name: &str, dims: &[i64], data_type: i32, raw: Vec<u8>) -> Self {
        Self { dims: dims.to_vec(), data_type, name: name.into(), raw_data: raw, ..Self::default() }
    }

    /// The values, where they are 32-bit floats kept in the file itself.
    #[must_use]
    pub fn to_f32(&self) -> Option<Vec<f32>> {
        if self.data_type != data_type::FLOAT || self.is_external() {
            return None;
        }
        if self.raw_data.is_empty() {
            return Some(self.float_data.clone());
        }
        let (values, rest) = self.raw_data.as_chunks::<4>();
        rest.is_empty().then(|| values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// Whether the values lie in another file.
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.data_location == 1 || !self.external_data.is_empty()
    }

    /// The other file's name, as written.
    #[must_use]
    pub fn external_location(&self) -> Option<&str> {
        self.external_data.iter().find(|entry| entry.key == "location").map(|entry| entry.value.as_str())
    }
}

impl ValueInfo {
    /// An input or output of this element type; `Err` is a free dimension's name.
    #[must_use]
    pub fn new(name: &str, elem_type: i32, dims: &[Result<i64, &str>]) -> Self {
        let dim = dims.iter().map(|dim| Dimension {
            value: Some(match dim {
                Ok(size) => dimension::Value::Size(*size),
                Err(name) => dimension::Value::Name((*name).into()),
            }),
        });
        let shape = Some(Shape { dim: dim.collect() });
        Self { name: name.into(), r#type: Some(Type { tensor_type: Some(TensorType { elem_type, shape }) }) }
    }
}
