//! The shipped library against its own terms in disguise, and against texts that nearly collide with them.

#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pinyin::ToPinyin as _;
use tamis_detect::{Batch, Detector, Disguise, Entry, Evidence, KeywordDetector, KeywordLibrary, Lang, Near};
use tamis_rules::{Level, Taxonomy};

/// Entries per disguise and language.
const ENTRIES: usize = 20;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn library() -> KeywordLibrary {
    let folder = root().join("models/keywords");
    let read =
        |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files = Vec::new();
    for entry in folder.read_dir().expect("the library") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(".tsv") || name == "lists.toml" {
            files.push((name, read(&path)));
        }
    }
    let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
    let manifest = read(&folder.join("library.toml"));
    KeywordLibrary::parse(("library.toml", &manifest), &files, &taxonomy).expect("the shipped library")
}

/// Ids of the entries that hit, with the level.
fn hits(detector: &KeywordDetector, text: &str) -> Vec<String> {
    let mut batch = Batch::new(1);
    batch.push_field("text", vec![Some(text)]);
    let mut evidence = Evidence::default();
    detector.scanner().scan(&batch, &mut evidence);
    evidence.findings.iter().map(|finding| finding.entry.to_string()).collect()
}

/// How a term is hidden; none where it cannot be so.
type Hide = Box<dyn Fn(&str) -> Option<String>>;

struct Way {
    name: &'static str,
    lang: Lang,
    /// What the entry has to name.
    needs: Option<Disguise>,
    hide: Hide,
}

/// `between` after every character but the last; spaces between words stay, doubled for letters that are spaced.
fn parted(between: &'static str) -> Hide {
    Box::new(move |term| {
        let words = term.split(' ').map(|word| {
            let chars: Vec<String> = word.chars().map(String::from).collect();
            chars.join(between)
        });
        Some(words.collect::<Vec<_>>().join(" "))
    })
}

/// `between` once, in the middle of the term or of its longest word.
fn cut(between: &'static str) -> Hide {
    Box::new(move |term| {
        let longest = term.split(' ').max_by_key(|word| word.len())?;
        let at = longest.char_indices().nth(longest.chars().count() / 2)?.0;
        Some(term.replacen(longest, &format!("{}{between}{}", &longest[..at], &longest[at..]), 1))
    })
}

fn replaced(pairs: &'static [(char, char)]) -> Hide {
    Box::new(move |term| {
        let swap = |c| pairs.iter().find(|(from, _)| *from == c).map_or(c, |&(_, to)| to);
        let hidden: String = term.chars().map(swap).collect();
        (hidden != term).then_some(hidden)
    })
}

/// Signs for at most two letters of every word, never the only ones of a word.
fn leet(term: &str) -> Option<String> {
    const SIGNS: [(char, char); 6] = [('o', '0'), ('e', '3'), ('a', '4'), ('i', '1'), ('s', '5'), ('t', '7')];
    let words = term.split(' ').map(|word| {
        let mut left = if word.len() > 5 { 2 } else { usize::from(word.len() > 3) };
        let sign = |c: char| SIGNS.iter().find(|(letter, _)| *letter == c).map(|&(_, sign)| sign);
        let hidden = word.chars().map(|c| match sign(c) {
            Some(sign) if left > 0 => {
                left -= 1;
                sign
            }
            _ => c,
        });
        hidden.collect::<String>()
    });
    let hidden = words.collect::<Vec<_>>().join(" ");
    (hidden != term).then_some(hidden)
}

fn full_width(term: &str) -> Option<String> {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).filter(|_| c.is_ascii_graphic()).unwrap_or(c);
    let hidden: String = term.chars().map(wide).collect();
    (hidden != term).then_some(hidden)
}

fn pinyin_of(c: char) -> Option<&'static str> {
    c.to_pinyin().map(pinyin::Pinyin::plain)
}

/// The middle character in pinyin.
fn spelled(term: &str) -> Option<String> {
    let chars: Vec<char> = term.chars().collect();
    let at = chars.len() / 2;
    let hidden = chars
        .iter()
        .enumerate()
        .map(|(i, &c)| if i == at { pinyin_of(c).map(str::to_owned) } else { Some(c.to_string()) });
    hidden.collect()
}

/// The last character replaced by a common one of the same sound.
fn homophone() -> Hide {
    let mut by_sound: HashMap<&str, Vec<char>> = HashMap::new();
    for c in (0x4e00..0x7a00_u32).filter_map(char::from_u32) {
        if let Some(sound) = pinyin_of(c) {
            by_sound.entry(sound).or_default().push(c);
        }
    }
    // Only characters that stay as they are: the normaliser brings traditional ones back by itself.
    let traditional = traditional();
    Box::new(move |term| {
        let last = term.chars().next_back()?;
        let stays = |c: &&char| **c != last && !traditional.iter().any(|(_, complex)| complex == *c);
        let other = by_sound.get(pinyin_of(last)?)?.iter().find(stays)?;
        Some(term.strip_suffix(last)?.to_owned() + &other.to_string())
    })
}

/// Simplified characters and a traditional one of each.
fn traditional() -> Vec<(char, char)> {
    let path = root().join("crates/detect/src/normalize/data/traditional.tsv");
    let text = std::fs::read_to_string(path).expect("the table");
    let pairs = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut chars = line.split('\t').map(|cell| cell.trim().chars().next());
        Some((chars.next()??, chars.next()??))
    });
    pairs.map(|(complex, simple)| (simple, complex)).collect()
}

fn ways() -> Vec<Way> {
    const LOOKALIKES: &[(char, char)] = &[('a', 'а'), ('e', 'е'), ('o', 'о'), ('c', 'с'), ('p', 'р'), ('x', 'х')];
    let mut ways: Vec<Way> = Vec::new();
    let mut add = |name, lang, needs, hide: Hide| ways.push(Way { name, lang, needs, hide });
    for lang in [Lang::Zh, Lang::En] {
        let gaps = Some(Disguise::Gaps);
        add("zero width", lang, None, parted("\u{200b}"));
        add("spaces", lang, gaps, parted(" "));
        add("dots", lang, gaps, parted("."));
        add("hyphens", lang, gaps, parted("-"));
        add("stars", lang, gaps, parted("*"));
        add("underscores", lang, gaps, parted("_"));
        add("one star", lang, gaps, cut("*"));
        add("emoji between", lang, gaps, parted("🔥"));
        add("one emoji", lang, gaps, cut("💊"));
    }
    add("slashes", Lang::Zh, Some(Disguise::Gaps), parted("/"));
    add("full stops", Lang::Zh, Some(Disguise::Gaps), parted("。"));
    add("full width", Lang::En, None, Box::new(full_width));
    add("look-alikes", Lang::En, None, replaced(LOOKALIKES));
    add("leet", Lang::En, Some(Disguise::Leet), Box::new(leet));
    let pairs: HashMap<char, char> = traditional().into_iter().collect();
    add(
        "traditional",
        Lang::Zh,
        None,
        Box::new(move |term| {
            let hidden: String = term.chars().map(|c| pairs.get(&c).copied().unwrap_or(c)).collect();
            (hidden != term).then_some(hidden)
        }),
    );
    add("pinyin", Lang::Zh, Some(Disguise::Sound), Box::new(spelled));
    add("homophones", Lang::Zh, Some(Disguise::Sound), homophone());
    ways
}

/// A text in which the entry's conditions hold around `term`.
fn around(entry: &Entry, term: &str) -> Option<String> {
    let first = |near: &Option<Near>| near.as_ref().and_then(|near| near.alternatives.iter().next().cloned());
    let near = first(&entry.near).map(|text| text.to_string()).unwrap_or_default();
    let with = entry.with.iter().next().map(ToString::to_string).unwrap_or_default();
    Some(format!("{near}, {term}, {with}").trim_matches([',', ' ']).to_owned())
}

#[test]
fn terms_in_disguise_are_recovered() {
    let detector = KeywordDetector::new(library()).expect("a detector");
    let entries = detector.library().entries();
    let (mut tried, mut recovered, mut worst) = (0, 0, Vec::new());
    println!("{:<16}{:<6}{:>7}{:>11}", "disguise", "lang", "tried", "recovered");
    for way in ways() {
        let fits = |entry: &&Entry| {
            let han = entry.term.chars().all(|c| !c.is_ascii());
            entry.lang == way.lang
                && entry.level == Level::Enforce
                && way.needs.is_none_or(|disguise| entry.evasion.has(disguise))
                && (way.lang != Lang::Zh || han)
        };
        // Entries from all over the library, whose condition holds when the term stands as it is.
        let mut texts = Vec::new();
        let fitting: Vec<&Entry> = entries.iter().filter(fits).collect();
        let stride = (fitting.len() / (2 * ENTRIES)).max(1);
        for entry in fitting.iter().step_by(stride).chain(&fitting) {
            if texts.len() == ENTRIES || texts.iter().any(|(other, _): &(&Entry, String)| other.id == entry.id) {
                continue;
            }
            let Some(hidden) = (way.hide)(&entry.term) else { continue };
            let plain = around(entry, &entry.term).expect("a text");
            if hits(&detector, &plain).iter().any(|id| **id == *entry.id) {
                texts.push((entry, around(entry, &hidden).expect("a text")));
            }
        }
        let missed: Vec<_> =
            texts.iter().filter(|(entry, text)| !hits(&detector, text).iter().any(|id| **id == *entry.id)).collect();
        let found = texts.len() - missed.len();
        println!("{:<16}{:<6}{:>7}{found:>11}", way.name, way.lang.name(), texts.len());
        assert_eq!(texts.len(), ENTRIES, "{} {}: too few entries name it", way.name, way.lang.name());
        (tried, recovered) = (tried + texts.len(), recovered + found);
        let ids: Vec<String> = missed.iter().map(|(entry, _)| entry.id.to_string()).collect();
        if found * 10 < texts.len() * 8 {
            worst.push((way.name, way.lang.name(), found, ids));
        } else if !ids.is_empty() {
            println!("    missed {}", ids.join(" "));
        }
    }
    println!("recovered {recovered} of {tried}");
    assert!(worst.is_empty(), "{worst:?}");
    assert!(recovered * 100 >= tried * 90, "{recovered} of {tried}");
}

#[test]
fn near_collisions_are_left_alone() {
    let detector = KeywordDetector::new(library()).expect("a detector");
    let path = root().join("tests/cases/near_collisions.tsv");
    let text = std::fs::read_to_string(path).expect("the cases");
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() >= 200, "{} cases", rows.len());
    let mut hit = Vec::new();
    for row in &rows {
        let [_, kind, near, text] = row[..] else { panic!("{row:?}: expected lang, kind, near, text") };
        let found = hits(&detector, text);
        if !found.is_empty() {
            println!("{kind} ({near}): {found:?} in {text}");
            hit.push(found);
        }
    }
    println!("{} of {} hit", hit.len(), rows.len());
    assert!(hit.len() * 100 <= rows.len(), "{hit:?}");
}
