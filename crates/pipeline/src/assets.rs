//! Pipelines, taxonomies and keyword libraries: by path, or built in under `builtin:` names, so that an installed
//! binary needs no checkout.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tamis_classify::ModelManifest;
use tamis_detect::KeywordLibrary;
use tamis_rules::Taxonomy;
use tamis_shard::did_you_mean;

use crate::PipelineError;

const BUILTIN: &str = "builtin:";

macro_rules! library_file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../models/keywords/", $name)))
    };
}

const LIBRARY_MANIFEST: (&str, &str) = library_file!("library.toml");
const LIBRARY_FILES: &[(&str, &str)] = &[
    library_file!("A1a.tsv"),
    library_file!("A1b.tsv"),
    library_file!("A1c.tsv"),
    library_file!("A1d.tsv"),
    library_file!("A1e.tsv"),
    library_file!("A1f.tsv"),
    library_file!("A1g.tsv"),
    library_file!("A1h.tsv"),
    library_file!("A2a.tsv"),
    library_file!("A2b.tsv"),
    library_file!("A2c.tsv"),
    library_file!("A2d.tsv"),
    library_file!("A2e.tsv"),
    library_file!("A2f.tsv"),
    library_file!("A2g.tsv"),
    library_file!("A2h.tsv"),
    library_file!("A2i.tsv"),
    library_file!("A3a.tsv"),
    library_file!("A3b.tsv"),
    library_file!("A3c.tsv"),
    library_file!("A3d.tsv"),
    library_file!("A3e.tsv"),
    library_file!("A4a.tsv"),
    library_file!("A4b.tsv"),
    library_file!("A4c.tsv"),
    library_file!("A4d.tsv"),
    library_file!("A4e.tsv"),
    library_file!("A4f.tsv"),
    library_file!("A4g.tsv"),
    library_file!("lists.toml"),
];

const MODELS: &[(&str, &str, &[u8])] =
    &[("lin31", include_str!("../../../models/lin31/model.toml"), include_bytes!("../../../models/lin31/model.onnx"))];

const PIPELINES: &[(&str, &str)] = &[
    ("quickstart", include_str!("../../../pipelines/quickstart.toml")),
    ("gbt45654", include_str!("../../../pipelines/gbt45654.toml")),
    ("pii-redact", include_str!("../../../pipelines/pii-redact.toml")),
];

/// A pipeline file's text and where it stands.
#[derive(Debug)]
pub struct PipelineText {
    /// The TOML text.
    pub text: String,
    /// Name for messages.
    pub origin: String,
    /// Folder that its paths are relative to.
    pub folder: PathBuf,
    /// Whether it came with the program.
    pub built_in: bool,
}

/// Reads a pipeline by path or `builtin:` name.
///
/// # Errors
/// [`PipelineError::Usage`] where there is none.
pub fn pipeline(reference: &str) -> Result<PipelineText, PipelineError> {
    if let Some(name) = reference.strip_prefix(BUILTIN) {
        let known: Vec<_> = PIPELINES.iter().map(|(name, _)| format!("{BUILTIN}{name}")).collect();
        let text = PIPELINES.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_string());
        let text = text.ok_or_else(|| unknown("pipeline", reference, &known))?;
        return Ok(PipelineText { text, origin: reference.to_string(), folder: PathBuf::new(), built_in: true });
    }
    let path = Path::new(reference);
    let text = fs::read_to_string(path).map_err(|error| unreadable("pipeline", path, &error))?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    Ok(PipelineText { text, origin: reference.to_string(), folder, built_in: false })
}

/// Reads a taxonomy by path or `builtin:` name.
///
/// # Errors
/// [`PipelineError::Usage`] where there is none, [`PipelineError::Rules`] where it cannot be used.
pub fn taxonomy(reference: &str) -> Result<Arc<Taxonomy>, PipelineError> {
    if let Some(name) = reference.strip_prefix(BUILTIN) {
        let found = Taxonomy::builtin(name);
        return found.map(Arc::new).ok_or_else(|| unknown("taxonomy", reference, &["builtin:gbt45654".into()]));
    }
    let path = Path::new(reference);
    let text = fs::read_to_string(path).map_err(|error| unreadable("taxonomy", path, &error))?;
    Ok(Arc::new(Taxonomy::parse(&text, reference)?))
}

/// Reads a keyword library: a folder with `library.toml` and `.tsv` files, or `builtin:keywords`.
///
/// # Errors
/// [`PipelineError::Usage`] where it cannot be read, [`PipelineError::Keywords`] with every mistake in it.
pub fn keyword_library(reference: &str, taxonomy: &Taxonomy) -> Result<KeywordLibrary, PipelineError> {
    if let Some(name) = reference.strip_prefix(BUILTIN) {
        if name != "keywords" {
            return Err(unknown("keyword library", reference, &["builtin:keywords".into()]));
        }
        return Ok(KeywordLibrary::parse(LIBRARY_MANIFEST, LIBRARY_FILES, taxonomy)?);
    }
    let folder = Path::new(reference);
    let read = |path: &Path| -> Result<(String, String), PipelineError> {
        let text = fs::read_to_string(path).map_err(|error| unreadable("keyword file", path, &error))?;
        Ok((path.display().to_string(), text))
    };
    let listed = fs::read_dir(folder).map_err(|error| unreadable("keyword library", folder, &error))?;
    let mut paths: Vec<PathBuf> = listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    let is_list = |path: &Path| path.file_name().is_some_and(|name| name == "lists.toml");
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "tsv") || is_list(path));
    paths.sort();
    if paths.iter().all(|path| is_list(path)) {
        let message = format!("keyword library {}: no .tsv file in the folder", folder.display());
        return Err(PipelineError::Usage(message));
    }
    let manifest = read(&folder.join("library.toml"))?;
    let files = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(KeywordLibrary::parse((&manifest.0, &manifest.1), &files, taxonomy)?)
}

/// A model's files, as they were read.
#[derive(Debug)]
pub struct ModelFiles {
    /// What it is.
    pub manifest: ModelManifest,
    /// The network.
    pub onnx: Cow<'static, [u8]>,
    /// Its folder; none where it came with the program.
    pub folder: Option<PathBuf>,
}

/// Reads a model: a folder with `model.toml` and `model.onnx`, or a `builtin:` name.
///
/// # Errors
/// [`PipelineError::Usage`] where it cannot be read, [`PipelineError::Model`] where its `model.toml` cannot be used.
pub fn model(reference: &str) -> Result<ModelFiles, PipelineError> {
    if let Some(name) = reference.strip_prefix(BUILTIN) {
        let known: Vec<_> = MODELS.iter().map(|(name, ..)| format!("{BUILTIN}{name}")).collect();
        let found = MODELS.iter().find(|(known, ..)| *known == name);
        let (_, toml, onnx) = found.ok_or_else(|| unknown("model", reference, &known))?;
        let manifest = ModelManifest::parse(toml, reference)?;
        return Ok(ModelFiles { manifest, onnx: Cow::Borrowed(onnx), folder: None });
    }
    let folder = Path::new(reference);
    let at = folder.join("model.toml");
    let text = fs::read_to_string(&at).map_err(|error| unreadable("model", &at, &error))?;
    let manifest = ModelManifest::parse(&text, &at.display().to_string())?;
    let at = folder.join("model.onnx");
    let onnx = fs::read(&at).map_err(|error| unreadable("model", &at, &error))?;
    Ok(ModelFiles { manifest, onnx: Cow::Owned(onnx), folder: Some(folder.to_path_buf()) })
}

fn unreadable(what: &str, path: &Path, error: &std::io::Error) -> PipelineError {
    let hint = if error.kind() == std::io::ErrorKind::NotFound { did_you_mean(path) } else { String::new() };
    PipelineError::Usage(format!("{what} {}: {error}{hint}", path.display()))
}

fn unknown(what: &str, got: &str, known: &[String]) -> PipelineError {
    PipelineError::Usage(format!("{what} {got:?}: there is none of that name; built in are {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_library_is_built_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/keywords");
        let taxonomy = Taxonomy::builtin("gbt45654").unwrap();
        let from_disk = keyword_library(&folder.display().to_string(), &taxonomy).unwrap();
        let built_in = keyword_library("builtin:keywords", &taxonomy).unwrap();
        assert_eq!(from_disk.digest(), built_in.digest());
        let report = fs::read_to_string(folder.join("REPORT.md")).unwrap();
        assert!(
            report.contains(&built_in.digest()),
            "REPORT.md is of another library; keywords test --report makes it"
        );
    }

    #[test]
    fn unknown_names_are_refused_with_what_there_is() {
        assert!(pipeline("builtin:quick").unwrap_err().to_string().contains("builtin:quickstart"));
        assert!(pipeline("no/such.toml").unwrap_err().to_string().contains("no/such.toml"));
        assert!(taxonomy("builtin:x").unwrap_err().to_string().contains("builtin:gbt45654"));
    }
}
