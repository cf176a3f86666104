//! The files of a model, read and checked against each other.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::graph;
use crate::{ClassifyError, Contract, ModelManifest, TokensSpec};

const MANIFEST: &str = "model.toml";
const ONNX: &str = "model.onnx";
const TOKENIZER: &str = "tokenizer.json";

/// The files of a model that reads tokens, in memory. What is checked is what runs: nothing is read a second time.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    manifest: ModelManifest,
    tokens: TokensSpec,
    onnx: Vec<u8>,
    tokenizer: Vec<u8>,
    /// Name as the network writes it, and content.
    external: Vec<(String, Arc<[u8]>)>,
    /// Whether the network wants `token_type_ids`, too.
    types_input: bool,
}

impl ModelFiles {
    /// Reads a folder: `model.toml`, `model.onnx`, `tokenizer.json` and the files of weights that `model.toml` lists.
    ///
    /// # Errors
    /// Where a file is missing, or not what `model.toml` says; see [`new`](Self::new).
    pub fn read(folder: &Path) -> Result<Self, ClassifyError> {
        let unnamed = folder.display().to_string();
        let read = |model: &str, path: PathBuf| {
            std::fs::read(&path).map_err(|source| ClassifyError::Io { model: model.into(), path, source })
        };
        let path = folder.join(MANIFEST);
        let origin = path.display().to_string();
        let text = String::from_utf8(read(&unnamed, path)?)
            .map_err(|_| ClassifyError::Manifest { origin: origin.clone(), message: "it is no UTF-8".into() })?;
        let manifest = ModelManifest::parse(&text, &origin)?;
        let onnx = read(&manifest.name, folder.join(ONNX))?;
        let tokenizer = read(&manifest.name, folder.join(TOKENIZER))?;
        let external = manifest.external_data.iter().map(|data| {
            let path = inside(folder, &data.file)
                .map_err(|message| ClassifyError::Onnx { model: manifest.name.clone(), message })?;
            Ok((data.file.clone(), read(&manifest.name, path)?))
        });
        let external = external.collect::<Result<Vec<_>, ClassifyError>>()?;
        Self::new(manifest, onnx, tokenizer, external)
    }

    /// Checks files that lie in memory: contract, digests, labels, operators, inputs, outputs and where weights lie.
    /// `external` are files of weights by the names that the network uses.
    ///
    /// # Errors
    /// [`ClassifyError::Manifest`], [`ClassifyError::Onnx`] or [`ClassifyError::Tokenizer`] with what does not fit.
    pub fn new(
        manifest: ModelManifest,
        onnx: Vec<u8>,
        tokenizer: Vec<u8>,
        external: Vec<(String, Vec<u8>)>,
    ) -> Result<Self, ClassifyError> {
        let name = manifest.name.clone();
        let (Contract::Tokens, Some(tokens)) = (manifest.contract, manifest.tokens.clone()) else {
            let message = format!("contract is {}, expected {}", manifest.contract.name(), Contract::Tokens.name());
            return Err(ClassifyError::Manifest { origin: format!("model {name}"), message });
        };
        let refuse_onnx = |message: String| ClassifyError::Onnx { model: name.clone(), message };
        check_digest(&onnx, &manifest.onnx_blake3, "onnx_blake3").map_err(refuse_onnx)?;
        check_digest(&tokenizer, &tokens.tokenizer_blake3, "tokens.tokenizer_blake3")
            .map_err(|message| ClassifyError::Tokenizer { model: name.clone(), message })?;
        for (file, content) in &external {
            let listed = manifest.external_data.iter().find(|data| data.file == *file);
            let expected = listed.map_or("", |data| data.blake3.as_str());
            check_digest(content, expected, "external_data")
                .map_err(|message| refuse_onnx(format!("{file}: {message}")))?;
        }
        let types_input = graph::check(&onnx, &manifest, &tokens).map_err(refuse_onnx)?;
        let external = external.into_iter().map(|(file, content)| (file, content.into())).collect();
        Ok(Self { manifest, tokens, onnx, tokenizer, external, types_input })
    }

    /// What the model is.
    #[must_use]
    pub fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    pub(super) fn tokens(&self) -> &TokensSpec {
        &self.tokens
    }

    /// The network.
    #[must_use]
    pub fn onnx(&self) -> &[u8] {
        &self.onnx
    }

    pub(super) fn tokenizer(&self) -> &[u8] {
        &self.tokenizer
    }

    pub(super) fn external(&self) -> &[(String, Arc<[u8]>)] {
        &self.external
    }

    pub(super) fn types_input(&self) -> bool {
        self.types_input
    }
}

fn check_digest(content: &[u8], expected: &str, key: &str) -> Result<(), String> {
    let found = blake3::hash(content).to_hex();
    if found.as_str() == expected {
        return Ok(());
    }
    Err(format!("its blake3 is {found}, model.toml says {expected:?} ({key}); take all files from one model"))
}

/// The file of this name inside the folder. No path leads out of it, neither by its words nor through a link.
fn inside(folder: &Path, name: &str) -> Result<PathBuf, String> {
    if !is_inside(name) {
        return Err(format!(
            "external data {name:?} would lie outside the model's folder; put it there and name it so"
        ));
    }
    let path = folder.join(name);
    let real = |path: &Path| path.canonicalize().map_err(|error| format!("external data {name:?}: {error}"));
    if !real(&path)?.starts_with(real(folder)?) {
        return Err(format!("external data {name:?} is a link out of the model's folder; put the file itself there"));
    }
    Ok(path)
}

/// Whether a name is a plain path below the folder that it is meant for.
pub(super) fn is_inside(name: &str) -> bool {
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    plain && !name.is_empty() && !name.contains(['\\', ':', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_told() {
        for name in ["weights.bin", "part/weights.bin"] {
            assert!(is_inside(name), "{name}");
        }
        for name in
            ["", "/etc/passwd", "../weights.bin", "part/../../weights.bin", "./weights.bin", "c:\\x", "a\\..\\b"]
        {
            assert!(!is_inside(name), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_are_told() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(other.path().join("weights.bin"), "x").unwrap();
        std::fs::write(folder.path().join("own.bin"), "x").unwrap();
        std::os::unix::fs::symlink(other.path().join("weights.bin"), folder.path().join("out.bin")).unwrap();
        std::os::unix::fs::symlink("own.bin", folder.path().join("in.bin")).unwrap();
        assert!(inside(folder.path(), "out.bin").unwrap_err().contains("link out of"));
        assert!(inside(folder.path(), "in.bin").is_ok());
        assert!(inside(folder.path(), "none.bin").is_err());
    }
}
