//! Finding and loading ONNX Runtime's shared library.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;

use crate::ClassifyError;

/// The documented step that puts the library where it is looked for.
pub const FETCH_STEP: &str = "tools/fetch-onnxruntime";
/// Environment variable with the path of the library.
const VARIABLE: &str = "ORT_DYLIB_PATH";
/// Folder of the library beside the program and in the user's data folder.
const FOLDER: &str = "onnxruntime";
/// Folders from the program's upwards that may have [`FOLDER`]: beside an installed program, above its `bin`, and
/// `target` of a build.
const ABOVE: usize = 3;

/// Where ONNX Runtime's library lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeLibrary {
    /// The file.
    pub path: PathBuf,
    /// What named it: an option, the environment variable or the folder where it was found.
    pub origin: String,
}

impl RuntimeLibrary {
    /// Looks for the library: where `named` says, where `ORT_DYLIB_PATH` says, in a folder `onnxruntime` beside the
    /// program or up to two folders above it, and in the user's data folder. The first that names one decides; a
    /// folder stands for the newest library in it.
    ///
    /// # Errors
    /// [`ClassifyError::Runtime`] with the places that were looked at and the step that fills one.
    pub fn find(named: Option<&Path>) -> Result<Self, ClassifyError> {
        let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let program = env::current_exe().ok();
        let beside = program.iter().flat_map(|path| path.ancestors().skip(1).take(ABOVE)).map(|it| it.join(FOLDER));
        let folders: Vec<PathBuf> = beside.chain(data_folder()).collect();
        find(named, variable.as_deref(), &folders)
    }
}

fn find(named: Option<&Path>, variable: Option<&Path>, folders: &[PathBuf]) -> Result<RuntimeLibrary, ClassifyError> {
    for (path, origin) in [(named, "the path that was given"), (variable, VARIABLE)] {
        if let Some(path) = path {
            let found = library_at(path).ok_or_else(|| {
                refuse(format!("{} ({origin}) is no library, and no folder that has one", path.display()))
            })?;
            return Ok(RuntimeLibrary { path: found, origin: origin.into() });
        }
    }
    let found = folders.iter().find_map(|folder| Some((library_at(folder)?, folder)));
    let Some((path, folder)) = found else {
        let places: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        return Err(refuse(format!("no library; {VARIABLE} is not set, and there is none in {}", places.join(", "))));
    };
    Ok(RuntimeLibrary { path, origin: folder.display().to_string() })
}

fn refuse(message: String) -> ClassifyError {
    let message =
        format!("{message}; run {FETCH_STEP} once, or name the library in the pipeline (detect.model.runtime)");
    ClassifyError::Runtime { message }
}

/// A file as it is, of a folder the newest library.
fn library_at(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    if !absolute.is_dir() {
        return absolute.is_file().then_some(absolute);
    }
    let entries = absolute.read_dir().ok()?.filter_map(Result::ok).map(|entry| entry.path());
    let libraries =
        entries.filter(|path| path.is_file() && path.file_name().is_some_and(|it| is_library(&it.to_string_lossy())));
    libraries.max_by_key(|path| (numbers(path), path.clone()))
}

/// `libonnxruntime.so.1.32.0`, `libonnxruntime.1.32.0.dylib`, `onnxruntime.dll`; not the providers beside it.
fn is_library(name: &str) -> bool {
    let name = name.strip_prefix("lib").unwrap_or(name);
    let Some(rest) = name.strip_prefix("onnxruntime.") else { return false };
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) || ["so", "dylib", "dll"].contains(&part);
    rest.split('.').all(plain) && rest.split('.').any(|part| !part.is_empty() && !part.as_bytes()[0].is_ascii_digit())
}

/// The numbers of a file's name, so that 1.9 lies before 1.32.
fn numbers(path: &Path) -> Vec<u64> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').filter_map(|part| part.parse().ok()).collect()
}

fn data_folder() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))
    };
    data.map(|data| data.join("tamis").join(FOLDER))
}

/// ONNX Runtime, loaded. A process has one at most.
pub struct Runtime {
    library: RuntimeLibrary,
    environment: Environment,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("library", &self.library).finish_non_exhaustive()
    }
}

static LOADED: Mutex<Option<Arc<Runtime>>> = Mutex::new(None);

impl Runtime {
    /// Finds the library as [`RuntimeLibrary::find`] does and loads it, if it is not loaded yet.
    ///
    /// # Errors
    /// [`ClassifyError::Runtime`] where there is none, it cannot be loaded, is too old, or another one is loaded.
    pub fn load(named: Option<&Path>) -> Result<Arc<Self>, ClassifyError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*loaded
            && named.is_none()
        {
            return Ok(Arc::clone(runtime));
        }
        let library = RuntimeLibrary::find(named)?;
        match &*loaded {
            Some(runtime) if runtime.library.path == library.path => Ok(Arc::clone(runtime)),
            Some(runtime) => {
                let (first, second) = (runtime.library.path.display(), library.path.display());
                let message = format!("{first} is loaded, {second} is asked for; one process takes one library");
                Err(ClassifyError::Runtime { message })
            }
            None => {
                let runtime = Arc::new(Self { environment: environment(&library)?, library });
                *loaded = Some(Arc::clone(&runtime));
                Ok(runtime)
            }
        }
    }

    /// Where it came from.
    #[must_use]
    pub fn library(&self) -> &RuntimeLibrary {
        &self.library
    }

    /// What the library says of its build.
    #[must_use]
    pub fn build(&self) -> String {
        ort::info().to_owned()
    }

    /// What sessions are opened in. A process has one, so sessions of one's own need it, too.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }
}

fn environment(library: &RuntimeLibrary) -> Result<Environment, ClassifyError> {
    let builder = ort::init_from(&library.path).map_err(|error| refuse(format!("{error} ({})", library.origin)))?;
    // What it logs would go to standard error, past everything that reports; errors come back as values.
    let silent = Arc::new(|_: LogLevel, _: &str, _: &str, _: &str, _: &str| {});
    let environment = builder.with_telemetry(false).with_logger(silent).build();
    let environment = environment.map_err(|error| refuse(format!("{}: {error}", library.path.display())))?;
    environment.set_log_level(LogLevel::Fatal);
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(folder: &Path, names: &[&str]) {
        names.iter().for_each(|name| std::fs::write(folder.join(name), "").unwrap());
    }

    #[test]
    fn a_folder_stands_for_its_newest_library() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path(), &["libonnxruntime_providers_shared.so", "README", "libonnxruntime.so.txt"]);
        assert_eq!(library_at(folder.path()), None);
        touch(folder.path(), &["libonnxruntime.so.1.9.0", "libonnxruntime.so.1.32.0"]);
        assert!(library_at(folder.path()).unwrap().ends_with("libonnxruntime.so.1.32.0"));
        for name in ["libonnxruntime.dylib", "libonnxruntime.1.32.0.dylib", "onnxruntime.dll", "libonnxruntime.so"] {
            assert!(is_library(name), "{name}");
        }
    }

    #[test]
    fn the_first_that_names_one_decides() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        touch(first.path(), &["libonnxruntime.so.1.30.0"]);
        touch(second.path(), &["libonnxruntime.so.1.31.0"]);
        let folders = [first.path().to_owned(), second.path().to_owned()];
        assert!(find(None, None, &folders).unwrap().path.starts_with(first.path()));
        assert!(find(None, Some(second.path()), &folders).unwrap().path.starts_with(second.path()));
        let named = first.path().join("libonnxruntime.so.1.30.0");
        assert_eq!(find(Some(&named), Some(second.path()), &[]).unwrap().path, named);
    }

    #[test]
    fn a_missing_library_says_where_it_was_looked_for_and_the_step() {
        let folder = tempfile::tempdir().unwrap();
        let error = find(None, None, &[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(error.contains(&folder.path().display().to_string()) && error.contains(FETCH_STEP), "{error}");
        let error = find(Some(&folder.path().join("x.so")), None, &[]).unwrap_err().to_string();
        assert!(error.contains("x.so (the path that was given)"), "{error}");
    }
}
