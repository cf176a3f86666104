//! What is refused before ONNX Runtime gets to see it. None of these tests needs it.

mod support;

use support::{Bag, write};
use tamis_classify::onnx::{
    Attribute, Entry, Graph, LABELS_KEY, Model, Node, SparseTensor, Tensor, ValueInfo, data_type,
};
use tamis_classify::{ClassifyError, ExternalData, ModelFiles, ModelManifest};

/// The message for a spoilt network.
fn refused(spoil: impl FnOnce(&mut Model)) -> String {
    let bag = Bag::new();
    let (onnx, tokenizer) = (bag.to_onnx(spoil), Bag::tokenizer().into_bytes());
    let manifest = bag.manifest(&onnx, &tokenizer);
    match ModelFiles::new(manifest, onnx, tokenizer, Vec::new()) {
        Err(error @ ClassifyError::Onnx { .. }) => error.to_string(),
        Err(error) => panic!("another error: {error}"),
        Ok(_) => "taken".into(),
    }
}

fn graph(model: &mut Model) -> &mut Graph {
    model.graph.as_mut().unwrap()
}

fn external(location: &str) -> Tensor {
    let entry = |key: &str, value: &str| Entry { key: key.into(), value: value.into() };
    Tensor {
        name: "far".into(),
        dims: vec![1],
        data_type: data_type::FLOAT,
        data_location: 1,
        external_data: vec![entry("location", location)],
        ..Tensor::default()
    }
}

#[test]
fn what_fits_is_taken() {
    assert_eq!(refused(|_| ()), "taken");
    // A network from elsewhere has no metadata of ours.
    assert_eq!(refused(|model| model.metadata_props.clear()), "taken");
}

#[test]
fn files_of_different_models_are_refused() {
    let (manifest, onnx, tokenizer) = Bag::new().parts();
    let other = Bag { bias: vec![0.0; 3], ..Bag::new() }.to_onnx(|_| ());
    let error = ModelFiles::new(manifest.clone(), other, tokenizer.clone(), Vec::new()).unwrap_err().to_string();
    assert!(error.starts_with("model bag: model.onnx: its blake3 is ") && error.contains("onnx_blake3"), "{error}");
    let error = ModelFiles::new(manifest, onnx, b"{}".to_vec(), Vec::new()).unwrap_err().to_string();
    assert!(error.starts_with("model bag: tokenizer: its blake3 is ") && error.contains("tokenizer_blake3"), "{error}");
}

#[test]
fn labels_and_contract_must_be_those_of_the_manifest() {
    let error = refused(|model| model.metadata_props.retain(|entry| entry.key != LABELS_KEY));
    assert!(error.contains("metadata tamis.labels is missing, expected \"drugs,region,other\""), "{error}");
    let error = refused(|model| model.metadata_props[1].value = "region,drugs,other".into());
    assert!(error.contains("tamis.labels is \"region,drugs,other\""), "{error}");
    let error = refused(|model| model.metadata_props[0].value = "hashed-ngrams/1".into());
    assert!(error.contains("tamis.contract is \"hashed-ngrams/1\", expected \"tokens/1\""), "{error}");
}

#[test]
fn inputs_and_output_must_be_those_of_the_contract() {
    let wide = |heads| ValueInfo::new("logits", data_type::FLOAT, &[Err("windows"), Ok(heads)]);
    for (error, expected) in [
        (refused(|model| graph(model).output[0] = wide(4)), "has 4 columns, model.toml has 3 heads"),
        (refused(|model| graph(model).output[0].name = "scores".into()), "no output \"logits\"; outputs are scores"),
        (
            refused(|model| graph(model).output[0] = ValueInfo::new("logits", data_type::INT64, &[Err("n"), Ok(3)])),
            "must be of 32-bit floats",
        ),
        (
            refused(|model| graph(model).input[1].name = "mask".into()),
            "no input \"attention_mask\"; inputs are input_ids, mask",
        ),
        (
            refused(|model| {
                graph(model).input[0] = ValueInfo::new("input_ids", data_type::INT64, &[Err("windows"), Ok(128)]);
            }),
            "two free dimensions",
        ),
        (
            refused(|model| {
                graph(model).input[0] = ValueInfo::new("input_ids", data_type::FLOAT, &[Err("windows"), Err("tokens")]);
            }),
            "of 64-bit integers",
        ),
        (
            refused(|model| graph(model).input.push(ValueInfo::new("pixels", data_type::INT64, &[Err("n"), Err("m")]))),
            "input \"pixels\" is not of tokens/1",
        ),
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn operators_from_elsewhere_are_refused() {
    let with = |domain: &str, name: &str| Node { domain: domain.into(), ..Node::new(name, &["logits"], "more") };
    let error = refused(|model| graph(model).node.push(with("com.example", "Run")));
    assert!(error.contains("operator com.example.Run is not allowed"), "{error}");
    let error = refused(|model| graph(model).node.push(with("com.microsoft.nchwc", "Conv")));
    assert!(error.contains("com.microsoft.nchwc.Conv is not allowed"), "{error}");
    let error = refused(|model| graph(model).node.push(with("com.microsoft", "EPContext")));
    assert!(error.contains("com.microsoft.EPContext is not allowed"), "{error}");
    assert_eq!(refused(|model| graph(model).node.push(with("com.microsoft", "Gelu"))), "taken");
    // In a subgraph, too.
    let error = refused(|model| {
        let inner = Graph { node: vec![with("com.example", "Run")], ..Graph::default() };
        let attribute = Attribute { name: "then_branch".into(), g: Some(inner), ..Attribute::default() };
        graph(model).node.push(Node { attribute: vec![attribute], ..Node::new("If", &["logits"], "more") });
    });
    assert!(error.contains("com.example.Run"), "{error}");
}

#[test]
fn weights_outside_the_folder_are_refused_wherever_they_stand() {
    for location in ["/etc/passwd", "../weights.bin", "a/../../b", ""] {
        let error = refused(|model| graph(model).initializer.push(external(location)));
        assert!(error.contains("outside the model's folder"), "{location}: {error}");
    }
    let sparse = |model: &mut Model| {
        let sparse = SparseTensor { values: Some(external("/etc/passwd")), ..SparseTensor::default() };
        graph(model).sparse_initializer.push(sparse);
    };
    assert!(refused(sparse).contains("outside the model's folder"));
    let constant = |model: &mut Model| {
        let attribute = Attribute { name: "value".into(), t: Some(external("/etc/passwd")), ..Attribute::default() };
        graph(model).node.push(Node { attribute: vec![attribute], ..Node::new("Constant", &[], "far") });
    };
    assert!(refused(constant).contains("outside the model's folder"));
    let error = refused(|model| graph(model).initializer.push(external("weights.bin")));
    assert!(error.contains("\"weights.bin\", which model.toml does not list"), "{error}");
}

fn listed(file: &str, content: &[u8]) -> (ModelManifest, Vec<u8>, Vec<u8>) {
    let bag = Bag::new();
    let onnx = bag.to_onnx(|model| graph(model).initializer.push(external("weights.bin")));
    let tokenizer = Bag::tokenizer().into_bytes();
    let mut manifest = bag.manifest(&onnx, &tokenizer);
    manifest.external_data =
        vec![ExternalData { file: file.into(), blake3: blake3::hash(content).to_hex().to_string() }];
    (manifest, onnx, tokenizer)
}

#[test]
fn listed_weights_are_bound_by_their_digest_and_must_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, onnx, tokenizer) = listed("weights.bin", b"1234");
    write(folder.path(), &manifest, &onnx, &tokenizer);
    let error = ModelFiles::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("weights.bin"), "{error}");
    std::fs::write(folder.path().join("weights.bin"), "1234").unwrap();
    ModelFiles::read(folder.path()).unwrap();
    std::fs::write(folder.path().join("weights.bin"), "1235").unwrap();
    let error = ModelFiles::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("weights.bin: its blake3 is"), "{error}");

    let (mut manifest, onnx, tokenizer) = listed("weights.bin", b"1234");
    manifest.external_data.push(ExternalData { file: "idle.bin".into(), blake3: String::new() });
    let error = ModelFiles::new(manifest, onnx, tokenizer, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("no weights lie in \"idle.bin\""), "{error}");
}

#[cfg(unix)]
#[test]
fn listed_weights_behind_a_link_out_are_refused() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (manifest, onnx, tokenizer) = listed("weights.bin", b"1234");
    write(folder.path(), &manifest, &onnx, &tokenizer);
    std::fs::write(other.path().join("weights.bin"), "1234").unwrap();
    std::os::unix::fs::symlink(other.path().join("weights.bin"), folder.path().join("weights.bin")).unwrap();
    let error = ModelFiles::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("a link out of the model's folder"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, onnx, tokenizer) = Bag::new().parts();
    write(folder.path(), &manifest, &onnx, &tokenizer);
    ModelFiles::read(folder.path()).unwrap();
    std::fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    let error = ModelFiles::read(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("model bag: ") && error.contains("tokenizer.json"), "{error}");
}
