use super::*;

const MANIFEST: &str = "name = \"n\"\nversion = \"1\"\nupdated = \"2026-11-24\"\ntaxonomy = \"gbt45654\"\n";
const HEADER: &str = "id\tlevel\tlang\tmatch\tterm\tadded\treviewed\tnear\tunless\n";

fn parse(manifest: &str, files: &[(&str, String)]) -> Result<KeywordLibrary, KeywordError> {
    let taxonomy = Taxonomy::builtin("gbt45654").expect("the builtin taxonomy");
    KeywordLibrary::parse(("library.toml", manifest), files, &taxonomy)
}

fn row(id: &str, middle: &str, end: &str) -> String {
    format!("{id}\t{middle}\t2026-11-01\t2026-11-24\t{end}\n")
}

fn problems(rows: &[String]) -> Vec<String> {
    let text = HEADER.to_owned() + &rows.concat();
    let error = parse(MANIFEST, &[("A1d.tsv", text)]).expect_err("mistakes");
    error.problems().iter().map(ToString::to_string).collect()
}

fn one(id: &str, term: &str) -> KeywordLibrary {
    let text = HEADER.to_owned() + &row(id, &format!("enforce\ten\tword\t{term}"), "");
    parse(MANIFEST, &[("A1d.tsv", text)]).expect("a library")
}

#[test]
fn a_library_is_read_with_comments_and_absent_columns() {
    let text = format!(
        "\u{feff}# comment\r\n\r\n{HEADER}{}# more\n{}",
        row("A1d-zh-0002", "advisory\tzh\tsubstring\t梨", "3: 甲 | 乙"),
        row("A1d-en-0001", "enforce\ten\tphrase\tbig zorb", "\tbig zorb ball"),
    );
    let library = parse(MANIFEST, &[("keywords/A1d.tsv", text)]).expect("a library");
    let [first, second] = library.entries() else { panic!("{:?}", library.entries()) };
    assert_eq!((&*first.id, first.unless.join("|")), ("A1d-en-0001", "big zorb ball".to_owned()));
    let near = second.near.as_ref().expect("near");
    assert_eq!((near.within, near.alternatives.iter().count(), second.kind), (3, 2, crate::MatchKind::Substring));
    assert_eq!(second.origin.to_string(), "keywords/A1d.tsv:4");
    assert!(second.with.is_empty() && second.note.is_empty() && !second.is_unconditional());
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let got = problems(&[
        row("A1d-en-0001", "enforced\ten\twords\tzorb", ""),
        row("A1e-en-0002", "enforce\txx\tword\tzorb", ""),
        row("A1d-en-0003", "enforce\ten\tword\tbig zorb", ""),
        row("A1d-en-0004", "enforce\ten\tphrase\tzorb", ""),
        row("A1d-en-0005", "enforce\ten\tword\tz", ""),
        row("A1d-en-0006", "enforce\ten\tword\t\u{200b}", ""),
        row("A1d-en-0007", "enforce\ten\tword\t", ""),
        row("A1d-en-0008", "enforce\ten\tword\tzorb", "near | far"),
        row("A1d-en-0009", "enforce\ten\tword\tzorb", "5: one | | two"),
        row("A1d-en-0010", "enforce\ten\tword\tzorb", "\tzebra"),
        "A1d-en-0011\tenforce\ten\tword\tzorb\t2026-02-30\t2026-11-24\n".to_owned(),
        row("A1d-en-12", "enforce\ten\tword\tzorb", "\t\textra"),
    ]);
    let expected = [
        ("A1d.tsv:2: ", "did you mean \"enforce\"?"),
        ("A1d.tsv:2: ", "did you mean \"word\"?"),
        ("A1d.tsv:3: ", "lang \"xx\" is unknown"),
        ("A1d.tsv:3: ", "id \"A1e-en-0002\" does not fit; expected A1d-LANG-NNNN"),
        ("A1d.tsv:4: ", "use match phrase"),
        ("A1d.tsv:5: ", "use match word or substring"),
        ("A1d.tsv:6: ", "one character"),
        ("A1d.tsv:7: ", "no character left"),
        ("A1d.tsv:8: ", "term is empty"),
        ("A1d.tsv:9: ", "has no distance"),
        ("A1d.tsv:10: ", "empty alternative"),
        ("A1d.tsv:11: ", "does not contain the term \"zorb\""),
        ("A1d.tsv:12: ", "\"2026-02-30\" is no date"),
        ("A1d.tsv:13: ", "10 cells under 9 columns"),
        ("A1d.tsv:13: ", "id \"A1d-en-12\" does not fit"),
    ];
    assert_eq!(got.len(), expected.len(), "{got:#?}");
    for (message, (place, text)) in got.iter().zip(expected) {
        assert!(message.starts_with(place) && message.contains(text), "{message} / {place}{text}");
    }
}

#[test]
fn a_wrong_header_is_told_at_once() {
    let text = "id\tlevle\tlang\tmatch\tterm\tterm\tadded\treviewed\nA1d-en-0001\n".to_owned();
    let message = parse(MANIFEST, &[("A1d.tsv", text), ("A1x.tsv", String::new())]).expect_err("mistakes").to_string();
    for part in [
        "A1d.tsv:1: unknown column \"levle\"; did you mean \"level\"?",
        "A1d.tsv:1: column \"term\" stands twice",
        "A1d.tsv:1: column \"level\" is missing",
        "A1x.tsv: file is named for no risk",
        "4 problems",
    ] {
        assert!(message.contains(part), "{message}\n{part}");
    }
}

#[test]
fn a_manifest_is_checked() {
    let message = |manifest: &str| parse(manifest, &[]).expect_err("mistakes").to_string();
    assert!(message("name = 1\n").contains("library.toml:1: "));
    assert!(message(&MANIFEST.replace("version", "verson")).contains("library.toml:2: unknown field `verson`"));
    assert!(message(&MANIFEST.replace("gbt45654", "gbt")).contains("taxonomy is \"gbt\"; expected \"gbt45654\""));
    assert!(message(&MANIFEST.replace("11-24", "11-31")).contains("updated \"2026-11-31\" is no date"));
}

#[test]
fn ids_are_unique_in_a_library_and_in_a_stack() {
    let twice = row("A1d-en-0001", "enforce\ten\tword\tzorb", "").repeat(2);
    assert!(problems(&[twice])[0].contains("id A1d-en-0001 stands already at A1d.tsv:2"));
    let none: [&str; 0] = [];
    let stacked = KeywordLibrary::stack(vec![one("A1d-en-0001", "zorb"), one("A1d-en-0001", "zarb")], &none);
    assert!(stacked.expect_err("one id twice").to_string().contains("stands already at"));
}

#[test]
fn a_stack_joins_and_removes() {
    let parts = || vec![one("A1d-en-0002", "zorb"), one("A1d-en-0001", "zarb")];
    let stacked = KeywordLibrary::stack(parts(), &["A1d-en-0002"]).expect("a stack");
    assert_eq!((stacked.name(), stacked.version()), ("n+n", "1+1"));
    assert_eq!(stacked.entries().iter().map(|entry| &*entry.id).collect::<Vec<_>>(), ["A1d-en-0001"]);
    let error = KeywordLibrary::stack(parts(), &["A1d-en-0003"]).expect_err("no such entry").to_string();
    assert!(error.contains("cannot remove \"A1d-en-0003\": no library has it; did you mean"), "{error}");
    assert!(KeywordLibrary::stack(Vec::new(), &["x"]).is_err());
}

#[test]
fn the_digest_follows_the_content_and_not_the_layout() {
    let digest = |text: String| parse(MANIFEST, &[("A1d.tsv", text)]).expect("a library").digest();
    let (a, b) = (row("A1d-en-0001", "enforce\ten\tword\tzorb", ""), row("A1d-en-0002", "enforce\ten\tword\tzarb", ""));
    let base = digest(format!("{HEADER}{a}{b}"));
    assert_eq!(base, digest(format!("# comment\n{HEADER}{b}{a}")));
    assert_ne!(base, digest(format!("{HEADER}{a}")));
    assert_ne!(base, digest(format!("{HEADER}{a}{}", b.replace("zarb", "zerb"))));
    assert_ne!(base, digest(format!("{HEADER}{}{b}", a.replace("enforce", "advisory"))));
}

/// A file with the column `evasion`, and lists beside it.
fn with_lists(rows: &[&str], lists: &str) -> Result<KeywordLibrary, KeywordError> {
    let header = "id\tlevel\tlang\tmatch\tterm\tadded\treviewed\tnear\tevasion\n";
    let rows = rows.iter().map(|row| format!("A1d-{row}\n")).collect::<String>();
    parse(MANIFEST, &[("kw/lists.toml", lists.to_owned()), ("kw/A1d.tsv", header.to_owned() + &rows)])
}

#[test]
fn named_lists_are_written_once_and_stand_for_their_words() {
    let row =
        |id: &str, near: &str| format!("{id}\tenforce\ten\tword\tzorb\t2026-11-01\t2026-11-24\t{near}\tgaps | leet");
    let rows =
        [row("en-0001", "5: @fruit"), row("en-mine0002", "9: plum | @fruit"), row("en-123456", "5: apple | pear")];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let library = with_lists(&rows, "fruit = [\"apple\", \"pear\"]\n").expect("a library");
    let words: Vec<String> =
        library.entries().iter().map(|it| it.near.as_ref().expect("near").alternatives.join("|")).collect();
    assert_eq!(words, ["apple|pear", "apple|pear", "apple|pear|plum"]);
    assert_eq!(library.entries()[0].evasion.to_string(), "gaps | leet");
    // The digest is that of what is looked for, not of how it is written.
    let again = with_lists(&[&row("en-0001", "5: apple | pear")], "").expect("a library");
    let one = with_lists(&[&row("en-0001", "5: @fruit")], "fruit = [\"apple\", \"pear\"]").expect("a library");
    assert_eq!(one.digest(), again.digest());
}

#[test]
fn mistakes_in_lists_and_disguises_are_told_with_file_and_line() {
    let told = |rows: &[&str], lists: &str, expected: &[&str]| {
        let error = with_lists(rows, lists).expect_err("a mistake");
        let got: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
        assert_eq!(got.len(), expected.len(), "{got:?}");
        for (got, expected) in got.iter().zip(expected) {
            assert!(got.contains(expected), "{got:?}: {expected:?}");
        }
    };
    let row = |term: &str, near: &str, evasion: &str| {
        let kind = if term.is_ascii() { "word" } else { "substring" };
        format!("zh-0001\tenforce\tzh\t{kind}\t{term}\t2026-11-01\t2026-11-24\t{near}\t{evasion}")
    };
    told(
        &[&row("zorb", "5: @fruits", "")],
        "fruit = [\"a\"]",
        &["kw/A1d.tsv:2: near: @fruits is no list of lists.toml; did you mean \"fruit\"?"],
    );
    told(
        &[],
        "a = [\"x\"]\nb = []\nc = [\"x|y\"]\n",
        &["kw/lists.toml:2: list \"b\" is empty", "kw/lists.toml:3: list \"c\": \"x|y\" has a |"],
    );
    told(&[], "a = 3\n", &["kw/lists.toml:1: "]);
    told(
        &[&row("zorb", "", "gap")],
        "",
        &["evasion \"gap\" is unknown; expected gaps, leet, sound; did you mean \"gaps\"?"],
    );
    told(&[&row("zo", "", "gaps")], "", &["is too short; expected 4 Latin letters or 2 Han characters"]);
    told(&[&row("坏词", "", "sound")], "", &["evasion sound: term \"坏词\" is not of 3 Han characters"]);
    told(&[&row("zorb-ing", "", "leet")], "", &["has a character that is no letter or digit"]);
    told(&[&row("...", "", "")], "", &["is punctuation, which stands in every text"]);
    told(&[&row("。", "", "")], "", &["is punctuation, which stands in every text"]);
}
