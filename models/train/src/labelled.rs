//! Labelled texts: JSONL, plain or zstd.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tamis_classify::Language;
use tamis_rules::Taxonomy;

/// One line of a labelled file.
#[derive(Deserialize)]
struct Line {
    text: String,
    lang: Option<String>,
    #[serde(default)]
    categories: Vec<String>,
    #[serde(default)]
    known: Vec<String>,
    #[serde(default)]
    dataset: String,
    #[serde(default)]
    split: Split,
    #[serde(default)]
    licence: String,
    #[serde(default)]
    quality: Quality,
}

/// Which part of the data a text belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// For training and for thresholds.
    #[default]
    Train,
    /// For evaluation only.
    Dev,
}

/// Where a label comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// A person's, who meant the code.
    #[default]
    Gold,
    /// A person's in another scheme, mapped by a fixed table.
    Mapped,
    /// A heuristic's.
    Weak,
    /// Of a text that was written for the label.
    Synthetic,
}

/// A text with what is known of it. Sets of risks are bits in the taxonomy's order.
#[derive(Clone, Debug)]
pub struct Labelled {
    pub text: String,
    pub language: Language,
    /// Risks that it carries.
    pub positive: u64,
    /// Risks that its label settles, the positive ones among them.
    pub known: u64,
    /// Position of its data set in [`Corpus::datasets`].
    pub dataset: usize,
    pub split: Split,
    pub quality: Quality,
    /// Of a text that was made by putting another into clean text: the other, and the clean one.
    pub embedded: Option<[usize; 2]>,
}

impl Labelled {
    /// Whether it is known to be clean of every risk.
    pub fn is_benign(&self, all: u64) -> bool {
        self.positive == 0 && self.known == all
    }
}

/// A data set among the labelled texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    pub name: String,
    pub licences: Vec<String>,
}

/// Everything that was read.
#[derive(Debug)]
pub struct Corpus {
    pub texts: Vec<Labelled>,
    pub datasets: Vec<Dataset>,
    /// One bit for every risk.
    pub all: u64,
    /// Codes in the taxonomy's order.
    pub codes: Vec<String>,
    /// blake3 over the files' bytes, in their order.
    pub blake3: String,
}

impl Corpus {
    /// Reads files in the order given; folders stand for the `.jsonl` and `.jsonl.zst` files in them, sorted.
    pub fn read(paths: &[PathBuf], taxonomy: &Taxonomy) -> Result<Self> {
        let codes: Vec<String> = taxonomy.risks().iter().map(|risk| risk.code.clone()).collect();
        let all = (1u64 << codes.len()) - 1;
        let mut corpus = Self { texts: Vec::new(), datasets: Vec::new(), all, codes, blake3: String::new() };
        let mut hasher = blake3::Hasher::new();
        for file in files(paths)? {
            corpus.read_file(&file, taxonomy, &mut hasher)?;
        }
        if corpus.texts.is_empty() {
            bail!("no labelled text was read; give --data a .jsonl or .jsonl.zst file");
        }
        corpus.blake3 = hasher.finalize().to_hex().to_string();
        Ok(corpus)
    }

    fn read_file(&mut self, path: &Path, taxonomy: &Taxonomy, hasher: &mut blake3::Hasher) -> Result<()> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let reader: Box<dyn BufRead> = if path.extension().is_some_and(|it| it == "zst") {
            Box::new(BufReader::new(zstd::Decoder::new(file)?))
        } else {
            Box::new(BufReader::new(file))
        };
        for (number, line) in reader.lines().enumerate() {
            let place = || format!("{}, line {}", path.display(), number + 1);
            let line = line.with_context(place)?;
            hasher.update(line.as_bytes()).update(b"\n");
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&line).with_context(place)?;
            let labelled = self.labelled(line, taxonomy).with_context(place)?;
            self.texts.push(labelled);
        }
        Ok(())
    }

    fn labelled(&mut self, line: Line, taxonomy: &Taxonomy) -> Result<Labelled> {
        let bits = |codes: &[String]| -> Result<u64> {
            let mut bits = 0;
            for code in codes {
                let risk = taxonomy.risk_id(code).with_context(|| format!("{code:?} is no risk of the taxonomy"))?;
                bits |= 1u64 << risk.index();
            }
            Ok(bits)
        };
        let positive = bits(&line.categories)?;
        let known = if line.known.iter().any(|it| it == "*") { self.all } else { bits(&line.known)? } | positive;
        let language = line.lang.as_deref().and_then(Language::declared);
        let language = language.unwrap_or_else(|| Language::identify(&line.text));
        let dataset = self.dataset(line.dataset, line.licence);
        Ok(Labelled {
            text: line.text,
            language,
            positive,
            known,
            dataset,
            split: line.split,
            quality: line.quality,
            embedded: None,
        })
    }

    fn dataset(&mut self, name: String, licence: String) -> usize {
        let found = self.datasets.iter().position(|it| it.name == name);
        let at = found.unwrap_or_else(|| {
            self.datasets.push(Dataset { name, licences: Vec::new() });
            self.datasets.len() - 1
        });
        let licences = &mut self.datasets[at].licences;
        if !licence.is_empty() && !licences.contains(&licence) {
            licences.push(licence);
        }
        at
    }
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let listed = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
        let mut inside: Vec<PathBuf> = listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        let name = |path: &Path| path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        inside.retain(|path| name(path).ends_with(".jsonl") || name(path).ends_with(".jsonl.zst"));
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_bits_and_mistakes_are_named() {
        let taxonomy = Taxonomy::builtin("gbt45654").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(
            &path,
            "{\"text\":\"x\",\"categories\":[\"A1b\"],\"known\":[\"A1a\"],\"split\":\"dev\",\"dataset\":\"d\"}\n\n{\"text\":\"面粉过筛\",\"known\":[\"*\"]}\n",
        )
        .unwrap();
        let corpus = Corpus::read(&[folder.path().to_path_buf()], &taxonomy).unwrap();
        let [first, second] = &corpus.texts[..] else { panic!("{corpus:?}") };
        assert_eq!((first.positive, first.known, first.split), (0b10, 0b11, Split::Dev));
        assert!(second.is_benign(corpus.all) && !first.is_benign(corpus.all));
        assert_eq!(second.language, Language::Zh);
        std::fs::write(&path, "{\"text\":\"x\",\"categories\":[\"A9z\"]}\n").unwrap();
        let message = format!("{:#}", Corpus::read(&[path], &taxonomy).unwrap_err());
        assert!(message.contains("line 1") && message.contains("A9z"), "{message}");
    }
}
