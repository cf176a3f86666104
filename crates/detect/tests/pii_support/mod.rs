//! What several tests of personal information use: the cases, the engines, and what an engine finds.
#![allow(dead_code, reason = "no test uses all of it")]

pub mod pieces;

use std::ops::Range;
use std::path::Path;

use tamis_detect::{Also, Batch, Detector, Evidence, PiiDetector, PiiOptions, PiiOracle};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    case: Vec<Case>,
}

/// A text and what is in it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The file's name, which is that of a kind.
    #[serde(skip)]
    pub kind: String,
    pub name: String,
    pub text: String,
    pub hits: Vec<(String, String)>,
    #[serde(default)]
    also: Vec<String>,
}

impl Case {
    pub fn also(&self) -> Also {
        let mut also = Also::default();
        for name in &self.also {
            match name.as_str() {
                "private" => also.private = true,
                "documentation" => also.documentation = true,
                "service" => also.service = true,
                other => panic!("{}: also {other:?}", self.name),
            }
        }
        also
    }
}

/// The cases of all kinds.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/pii");
    let mut paths: Vec<_> = folder.read_dir().expect("the cases").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| read(path)).collect()
}

fn read(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).expect("a text file");
    let mut file: CaseFile = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let kind = path.file_stem().and_then(|stem| stem.to_str()).expect("a kind's name");
    for case in &mut file.case {
        kind.clone_into(&mut case.kind);
        case.name = format!("{kind}: {}", case.name);
    }
    file.case
}

/// A finding without its row and field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    pub start: usize,
    pub end: usize,
    pub form: String,
}

impl Hit {
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Every engine with its name, for these options.
pub type Engines = Vec<(&'static str, Box<dyn Detector>)>;

/// The engines for each set of options, built once.
#[derive(Default)]
pub struct Built(Vec<(Also, Engines)>);

impl Built {
    pub fn engines(&mut self, also: Also) -> &Engines {
        let place = self.0.iter().position(|(known, _)| *known == also).unwrap_or_else(|| {
            let options = PiiOptions { also, ..PiiOptions::default() };
            let scanners = Box::new(PiiDetector::new(options));
            let oracle = Box::new(PiiOracle::new(options));
            self.0.push((also, vec![("scanners", scanners), ("oracle", oracle)]));
            self.0.len() - 1
        });
        &self.0[place].1
    }
}

/// What a detector finds in a text, in its order.
pub fn hits(detector: &dyn Detector, text: &str) -> Vec<Hit> {
    let mut batch = Batch::new(1);
    batch.push_field("text", vec![Some(text)]);
    let mut evidence = Evidence::default();
    detector.scanner().scan(&batch, &mut evidence);
    let hit = |found: &tamis_detect::Finding| Hit {
        start: found.start as usize,
        end: found.end as usize,
        form: found.entry.to_string(),
    };
    evidence.findings.iter().map(hit).collect()
}
