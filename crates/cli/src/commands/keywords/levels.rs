//! Changing levels in a library's files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Failure;

/// Makes these entries advisory in the files of a library folder, and leaves every other byte as it is; how many
/// there were.
pub fn make_advisory(library: &str, entries: &BTreeSet<&str>) -> Result<u64, Failure> {
    if library.starts_with("builtin:") {
        return Err(Failure::usage(format!("--set-levels: {library} has no files; give --library a folder")));
    }
    let mut changed = 0;
    for file in files(Path::new(library))? {
        let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(&file).map_err(failed)?;
        let (text, here) = advisory(&text, entries);
        if here > 0 {
            tamis_shard::write_atomically(&file, text.as_bytes())?;
            changed += here;
        }
    }
    Ok(changed)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", folder.display()));
    let listed = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> = listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "tsv"));
    paths.sort();
    Ok(paths)
}

/// The file's text with these entries advisory, and how many they are.
fn advisory(text: &str, entries: &BTreeSet<&str>) -> (String, u64) {
    let is_row = |line: &&str| !line.starts_with('#') && !line.trim().is_empty();
    let header: Vec<&str> = text.lines().find(is_row).unwrap_or_default().split('\t').map(str::trim).collect();
    let column = |name: &str| header.iter().position(|column| column.trim_start_matches('\u{feff}') == name);
    let (Some(id), Some(level)) = (column("id"), column("level")) else { return (text.to_owned(), 0) };
    let mut changed = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let mut cells: Vec<&str> = line.split('\t').collect();
        let wanted = !line.starts_with('#') && cells.get(id).is_some_and(|id| entries.contains(id.trim()));
        match cells.get_mut(level) {
            Some(cell) if wanted && cell.trim() == "enforce" => {
                *cell = "advisory";
                changed += 1;
                cells.join("\t")
            }
            _ => line.to_owned(),
        }
    });
    (lines.collect(), changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_level_changes() {
        let text = "# a\tenforce\nid\tlevel\tterm\nA-1\tenforce\tx\nA-2\tenforce\ty\r\nA-3\tadvisory\tz";
        let (got, changed) = advisory(text, &BTreeSet::from(["A-2", "A-3"]));
        assert_eq!(got, text.replace("A-2\tenforce", "A-2\tadvisory"));
        assert_eq!(changed, 1);
    }
}
