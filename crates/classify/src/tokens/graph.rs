//! What a network must be before a runtime gets to see it.

use prost::Message as _;

use super::files::is_inside;
use crate::onnx::{CONTRACT_KEY, Dimension, Graph, LABELS_KEY, Model, TensorType, ValueInfo, data_type, dimension};
use crate::{Contract, ModelManifest, TokensSpec};

/// Operator sets beside the default one whose operators read nothing but their inputs.
const DOMAINS: [&str; 2] = ["ai.onnx.ml", "com.microsoft"];
/// Operators of those sets that read files.
const REFUSED: [&str; 1] = ["com.microsoft.EPContext"];
/// A third input that many exports have; it gets zeros.
pub(super) const TYPES_INPUT: &str = "token_type_ids";

/// Checks metadata, operators, external data, inputs and the output. True where the network has [`TYPES_INPUT`].
pub(super) fn check(onnx: &[u8], manifest: &ModelManifest, tokens: &TokensSpec) -> Result<bool, String> {
    let model = Model::decode(onnx).map_err(|error| format!("no ONNX file: {error}"))?;
    let graph = model.graph.as_ref().ok_or("no graph")?;
    check_metadata(&model, manifest)?;
    check_operators(&model)?;
    check_external(&model, manifest)?;
    check_output(graph, manifest, tokens)?;
    check_inputs(graph, tokens)
}

/// Networks from elsewhere have no metadata of ours; then the digest alone binds `model.toml` to them.
fn check_metadata(model: &Model, manifest: &ModelManifest) -> Result<(), String> {
    let labels = manifest.labels();
    let found = [CONTRACT_KEY, LABELS_KEY].map(|key| model.metadata(key));
    if found == [None, None] {
        return Ok(());
    }
    let expected = [(CONTRACT_KEY, Contract::Tokens.name()), (LABELS_KEY, labels.as_str())];
    for (found, (key, expected)) in found.into_iter().zip(expected) {
        if found != Some(expected) {
            let got = found.map_or_else(|| "missing".to_owned(), |got| format!("{got:?}"));
            return Err(format!(
                "metadata {key} is {got}, expected {expected:?}; model.onnx and model.toml must be of one training"
            ));
        }
    }
    Ok(())
}

fn check_operators(model: &Model) -> Result<(), String> {
    let own: Vec<String> = model.functions.iter().map(|it| format!("{}.{}", it.domain, it.name)).collect();
    let known = |operator: &str| {
        let of = |domain: &str| operator.strip_prefix(domain).is_some_and(|name| name.rfind('.') == Some(0));
        !operator.contains('.') || own.iter().any(|it| it == operator) || DOMAINS.into_iter().any(of)
    };
    let refused = |operator: &&String| !known(operator) || REFUSED.contains(&operator.as_str());
    let operators = model.operators();
    match operators.iter().find(refused) {
        None => Ok(()),
        Some(operator) => Err(format!(
            "operator {operator} is not allowed; networks may use those of ai.onnx, {} (but no {})",
            DOMAINS.join(" and "),
            REFUSED.join(", ")
        )),
    }
}

fn check_external(model: &Model, manifest: &ModelManifest) -> Result<(), String> {
    let mut used = Vec::new();
    for tensor in model.tensors().into_iter().filter(|tensor| tensor.is_external()) {
        let name = tensor.external_location().unwrap_or_default();
        if !is_inside(name) {
            return Err(format!("weights {:?} lie in {name:?}, outside the model's folder", tensor.name));
        }
        if !manifest.external_data.iter().any(|data| data.file == name) {
            return Err(format!(
                "weights {:?} lie in {name:?}, which model.toml does not list; add it with its blake3 to external_data",
                tensor.name
            ));
        }
        used.push(name);
    }
    match manifest.external_data.iter().find(|data| !used.contains(&data.file.as_str())) {
        Some(idle) => Err(format!("external_data: no weights lie in {:?}; take it out of model.toml", idle.file)),
        None => Ok(()),
    }
}

fn check_inputs(graph: &Graph, tokens: &TokensSpec) -> Result<bool, String> {
    // Old files list weights among the inputs, too.
    let inputs: Vec<&ValueInfo> = graph.input.iter().filter(|input| graph.weights(&input.name).is_none()).collect();
    let names = || inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ");
    for (name, key) in [(&tokens.ids_input, "ids_input"), (&tokens.mask_input, "mask_input")] {
        if !inputs.iter().any(|input| input.name == *name) {
            return Err(format!("no input {name:?}; inputs are {}; set tokens.{key} in model.toml", names()));
        }
    }
    let known = [tokens.ids_input.as_str(), tokens.mask_input.as_str(), TYPES_INPUT];
    for input in &inputs {
        if !known.contains(&input.name.as_str()) {
            return Err(format!(
                "input {:?} is not of {}; export the network with {}",
                input.name,
                Contract::Tokens.name(),
                known.join(", ")
            ));
        }
        let (kind, dims) = shape(input).ok_or_else(|| format!("input {:?} is no tensor", input.name))?;
        let free = dims.is_none_or(|dims| dims.len() == 2 && dims.iter().all(|dim| size(dim).is_none()));
        if kind.elem_type != data_type::INT64 || !free {
            return Err(format!(
                "input {:?} must be of 64-bit integers with two free dimensions, windows and tokens; export the network with dynamic axes",
                input.name
            ));
        }
    }
    Ok(inputs.iter().any(|input| input.name == TYPES_INPUT))
}

fn check_output(graph: &Graph, manifest: &ModelManifest, tokens: &TokensSpec) -> Result<(), String> {
    let Some(output) = graph.output.iter().find(|output| output.name == tokens.output) else {
        let names: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
        return Err(format!(
            "no output {:?}; outputs are {}; set tokens.output in model.toml",
            tokens.output,
            names.join(", ")
        ));
    };
    let Some((kind, dims)) = shape(output) else { return Err(format!("output {:?} is no tensor", output.name)) };
    let heads = manifest.heads.len();
    let width = dims.and_then(|dims| dims.get(1).and_then(size));
    if kind.elem_type != data_type::FLOAT || dims.is_some_and(|dims| dims.len() != 2) {
        return Err(format!("output {:?} must be of 32-bit floats, windows by heads", output.name));
    }
    match width {
        Some(width) if width != heads as i64 => Err(format!(
            "output {:?} has {width} columns, model.toml has {heads} heads; there is one head per column",
            output.name
        )),
        _ => Ok(()),
    }
}

/// Element type and dimensions; files may leave the dimensions out.
fn shape(value: &ValueInfo) -> Option<(&TensorType, Option<&[Dimension]>)> {
    let kind = value.r#type.as_ref()?.tensor_type.as_ref()?;
    Some((kind, kind.shape.as_ref().map(|shape| shape.dim.as_slice())))
}

/// The size of a dimension that is not free.
fn size(dim: &Dimension) -> Option<i64> {
    match &dim.value {
        Some(dimension::Value::Size(size)) => Some(*size),
        _ => None,
    }
}
