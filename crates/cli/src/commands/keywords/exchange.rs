//! `tamis keywords import` and `export`.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use tamis_detect::{COLUMNS, ImportOptions, Imported, KeywordLibrary, Lang, ListFormat, Normalizer, import};
use tamis_pipeline::assets;
use tamis_rules::{Level, Taxonomy};
use tamis_shard::write_atomically;

use super::{Failure, day, load, print, print_json};
use crate::arguments::{KeywordsExportArguments, KeywordsImportArguments};
use crate::numbers::count;

/// Letters that a folder's name gives to ids at most.
const MOST_TAG_LETTERS: usize = 8;

/// Brings a list into a library folder.
pub fn import_list(arguments: &KeywordsImportArguments) -> Result<u8, Failure> {
    let taxonomy = assets::taxonomy(&arguments.taxonomy)?;
    if taxonomy.risk_id(&arguments.risk).is_none() {
        let known: Vec<&str> = taxonomy.risks().iter().map(|risk| risk.code.as_str()).collect();
        return Err(Failure::usage(format!("--risk {}: expected one of {}", arguments.risk, known.join(", "))));
    }
    let text = read(&arguments.list)?;
    let folder = &arguments.into;
    let existing = if folder.join("library.toml").exists() {
        Some(assets::keyword_library(&folder.display().to_string(), &taxonomy)?)
    } else {
        None
    };
    let options = options(arguments, existing.as_ref())?;
    let risk = taxonomy.risk_id(&arguments.risk);
    let normalizer = Normalizer::new();
    let entries = existing.iter().flat_map(|library| library.entries()).filter(|entry| Some(entry.risk) == risk);
    let known: HashSet<String> = entries.map(|entry| normalizer.normal_form(&entry.term)).collect();
    let imported = import(&text, &options, &known).map_err(|message| {
        Failure::usage(format!("{} as {}: {message}", arguments.list.display(), options.format.name()))
    })?;
    if !imported.rows.is_empty() {
        write_rows(folder, &imported, &options, &taxonomy, existing.is_some())?;
    }
    let mut said = format!("{}: {} entries added", folder.display(), count(imported.rows.len() as u64));
    for (why, terms) in &imported.left_out {
        let _ = write!(said, "; {} left out: {why}", count(*terms));
    }
    anstream::eprintln!("{said}");
    anstream::eprintln!(
        "review them: tamis keywords lint {0}; tamis keywords test --library {0} SAMPLE",
        folder.display()
    );
    Ok(0)
}

fn read(list: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", list.display()));
    let mut bytes = Vec::new();
    if list == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
    } else {
        bytes = std::fs::read(list).map_err(failed)?;
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("{}: not UTF-8 from byte {at} on; convert it first", list.display()))
    })
}

fn options(arguments: &KeywordsImportArguments, existing: Option<&KeywordLibrary>) -> Result<ImportOptions, Failure> {
    let format = match arguments.format.as_deref() {
        None => ListFormat::of_file(&arguments.list.display().to_string()),
        Some(name) => ListFormat::parse(name).ok_or_else(|| {
            let known = ListFormat::ALL.map(ListFormat::name).join(", ");
            Failure::usage(format!("--format {name}: expected one of {known}"))
        })?,
    };
    let lang = match arguments.lang.as_deref() {
        None => Lang::Any,
        Some(name) => {
            Lang::parse(name).ok_or_else(|| Failure::usage(format!("--lang {name}: expected zh, en or *")))?
        }
    };
    let level = Level::parse(&arguments.level)
        .ok_or_else(|| Failure::usage(format!("--level {}: expected advisory or enforce", arguments.level)))?;
    let tag = match arguments.tag.clone() {
        None => folder_letters(&arguments.into),
        Some(tag) if tag.bytes().all(|byte| byte.is_ascii_lowercase()) => tag,
        Some(tag) => return Err(Failure::usage(format!("--tag {tag}: expected small letters only"))),
    };
    let prefix = format!("{}-", arguments.risk);
    let numbers = existing.into_iter().flat_map(KeywordLibrary::entries).filter_map(|entry| {
        let number = entry.id.strip_prefix(&prefix)?.split('-').nth(1)?;
        number.trim_start_matches(|c: char| c.is_ascii_lowercase()).parse::<u32>().ok()
    });
    Ok(ImportOptions {
        format,
        risk: arguments.risk.clone(),
        lang,
        level,
        tag,
        first: numbers.max().map_or(1, |last| last + 1),
        date: day("--date", arguments.date.as_deref())?,
        from: arguments.list.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        term_column: arguments.term_column.clone(),
        note_columns: arguments.note_column.clone(),
    })
}

fn folder_letters(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.chars().filter(char::is_ascii_lowercase).take(MOST_TAG_LETTERS).collect()
}

/// Adds the rows to the risk's file, and makes the folder a library where it is none.
fn write_rows(
    folder: &Path,
    imported: &Imported,
    options: &ImportOptions,
    taxonomy: &Taxonomy,
    is_library: bool,
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::usage(format!("{}: {error}", folder.display())))?;
    let file = folder.join(format!("{}.tsv", options.risk));
    let header = COLUMNS.join("\t");
    let mut text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => format!("{header}\n"),
        Err(error) => return Err(Failure::usage(format!("{}: {error}", file.display()))),
    };
    let own = text.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty());
    if own.is_some_and(|line| line.trim_end() != header) {
        let message =
            format!("{}: has other columns than {}; import into another folder", file.display(), COLUMNS.join(", "));
        return Err(Failure::usage(message));
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let _ = writeln!(text, "# from {}, to be reviewed", options.from);
    for row in &imported.rows {
        text.push_str(row);
        text.push('\n');
    }
    write_atomically(&file, text.as_bytes())?;
    if !is_library {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let version = options.date.to_string().replace('-', ".");
        let manifest = format!(
            "name = {name:?}\nversion = {version:?}\nupdated = \"{}\"\ntaxonomy = {:?}\ndescription = \"\"\n",
            options.date,
            taxonomy.name()
        );
        write_atomically(&folder.join("library.toml"), manifest.as_bytes())?;
    }
    Ok(())
}

/// Writes a library's entries out.
pub fn export(arguments: &KeywordsExportArguments) -> Result<u8, Failure> {
    let (library, taxonomy) = load(&arguments.library)?;
    let level = match arguments.level.as_deref() {
        None => None,
        Some(name) => Some(
            Level::parse(name)
                .ok_or_else(|| Failure::usage(format!("--level {name}: expected advisory or enforce")))?,
        ),
    };
    if let Some(unknown) = arguments.risk.iter().find(|code| taxonomy.risk_id(code).is_none()) {
        return Err(Failure::usage(format!("--risk {unknown}: {} has no such risk", taxonomy.name())));
    }
    let wanted = |entry: &tamis_detect::Entry| {
        let code = taxonomy.code(entry.risk);
        (arguments.risk.is_empty() || arguments.risk.iter().any(|wanted| wanted == code))
            && level.is_none_or(|level| entry.level == level)
    };
    if arguments.library.json {
        let rows = library.to_tsv(wanted);
        let rows = rows.lines().skip(1).map(|line| {
            let cells = COLUMNS.iter().zip(line.split('\t')).filter(|(_, cell)| !cell.is_empty());
            cells.map(|(column, cell)| ((*column).to_owned(), cell.into())).collect::<serde_json::Map<_, _>>()
        });
        print_json(&rows.collect::<Vec<_>>())?;
        return Ok(0);
    }
    match arguments.format.as_str() {
        "tsv" => print(&library.to_tsv(wanted))?,
        "plain" => {
            let terms = library.entries().iter().filter(|entry| wanted(entry)).map(|entry| format!("{}\n", entry.term));
            print(&terms.collect::<String>())?;
        }
        other => return Err(Failure::usage(format!("--format {other}: expected tsv or plain"))),
    }
    Ok(0)
}
