//! JSONL shards: lines, their damage, and their compression.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use super::plan::{DAMAGED_SOURCE, Layout};
use super::record::Record;

/// The shard's stored bytes.
pub(super) fn encode(layout: Layout, records: &[Record]) -> io::Result<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = records.iter().map(|record| line(layout, record)).collect();
    if layout == Layout::Jsonl {
        damage(&mut lines);
    }
    let (first, second) = lines.split_at(lines.len() / 2);
    let (first, second) = (first.concat(), second.concat());
    match layout {
        Layout::JsonlGzip | Layout::JsonlGzipNoLang => Ok([gzip(&first)?, gzip(&second)?].concat()),
        Layout::JsonlZstd | Layout::JsonlZstdEscaped => Ok([zstd_frame(&first)?, zstd_frame(&second)?].concat()),
        _ => Ok([first, second].concat()),
    }
}

/// A gzip member with no name, no time, and the same operating-system byte everywhere.
fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(6));
    writer.write_all(bytes)?;
    writer.finish()
}

fn zstd_frame(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(bytes, 9)
}

fn line(layout: Layout, record: &Record) -> Vec<u8> {
    let mut keys = match layout {
        Layout::JsonlGzip => votes(record),
        Layout::JsonlZstd => thread(record),
        Layout::JsonlGzipNoLang => review(record),
        Layout::JsonlZstdEscaped => revision(record),
        _ => reply(record),
    };
    if record.source.is_empty() && record.noise.is_multiple_of(2) {
        keys.retain(|(key, _)| *key != "source");
    }
    let object = write_object(&keys);
    match layout {
        Layout::JsonlZstdEscaped => escape_non_ascii(&object).into_bytes(),
        _ => object.into_bytes(),
    }
}

/// The keys of a line in the order in which they are written.
type Keys = Vec<(&'static str, Value)>;

fn reply(record: &Record) -> Keys {
    vec![
        ("id", json!(record.id)),
        ("text", json!(record.text)),
        ("source", json!(record.source)),
        ("lang", json!(record.lang.code())),
        ("replies", json!(record.noise % 40)),
    ]
}

fn votes(record: &Record) -> Keys {
    let author = format!("user{}", record.noise % 500);
    vec![
        ("source", json!(record.source)),
        ("meta", json!({"author": author, "votes": record.noise % 90})),
        ("tags", json!(tags(record.noise))),
        ("text", json!(record.text)),
        ("lang", json!(record.lang.code())),
        ("id", json!(record.id)),
    ]
}

fn thread(record: &Record) -> Keys {
    vec![
        ("text", json!(record.text)),
        ("id", json!(record.id)),
        ("score", json!(f64::from(record.noise % 400) / 16.0)),
        ("thread", json!({"parent": null, "path": [record.noise % 7, record.noise % 11]})),
        ("lang", json!(record.lang.code())),
        ("source", json!(record.source)),
    ]
}

fn review(record: &Record) -> Keys {
    vec![
        ("id", json!(record.id)),
        ("stars", json!(1 + record.noise % 5)),
        ("verified", json!(!record.noise.is_multiple_of(3))),
        ("source", json!(record.source)),
        ("text", json!(record.text)),
    ]
}

fn revision(record: &Record) -> Keys {
    vec![
        ("id", json!(record.id)),
        ("url", json!(format!("https://{}/{}", record.source, record.noise))),
        ("lang", json!(record.lang.code())),
        ("source", json!(record.source)),
        ("text", json!(record.text)),
        ("revision", json!(record.noise)),
    ]
}

/// One to three labels; at times none.
pub(super) fn tags(noise: u32) -> Vec<&'static str> {
    const TAGS: [&str; 5] = ["daily", "outdoors", "问答", "home", "旅行"];
    (0..noise % 4).map(|step| TAGS[((noise / 7 + step) % 5) as usize]).collect()
}

/// A line of JSON with its keys in the order given. Nested objects are written in alphabetical order in the code,
/// so that they come out the same whether or not `serde_json` keeps insertion order.
pub(super) fn write_object(keys: &[(&str, Value)]) -> String {
    let members: Vec<String> = keys.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}\n", members.join(","))
}

/// The same JSON with `\u` escapes, surrogate pairs beyond the basic plane.
fn escape_non_ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// Seven lines among the good ones: six records that cannot be examined, and a blank line that is no record.
fn damage(lines: &mut Vec<Vec<u8>>) {
    let damaged = [
        format!("{{\"id\":\"docs-x1\",\"source\":\"{DAMAGED_SOURCE}\",\"text\":\"The line ends he\n"),
        format!("{{\"id\":\"docs-x2\",\"source\":\"{DAMAGED_SOURCE}\",\"text\":null,\"lang\":\"en\"}}\n"),
        format!("{{\"id\":\"docs-x3\",\"source\":\"{DAMAGED_SOURCE}\",\"text\":45654,\"lang\":\"en\"}}\n"),
        format!("{{\"id\":\"docs-x4\",\"source\":\"{DAMAGED_SOURCE}\",\"lang\":\"zh\"}}\n"),
        format!("[\"docs-x5\",\"{DAMAGED_SOURCE}\",\"a list, not an object\"]\n"),
        format!(
            "{{\"id\":\"docs-x6\",\"text\":\"the first\",\"source\":\"{DAMAGED_SOURCE}\",\"text\":\"the second\"}}\n"
        ),
        " \n".to_owned(),
    ];
    for (number, line) in damaged.into_iter().enumerate() {
        let at = (20 * (number + 1)).min(lines.len());
        lines.insert(at, line.into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::Lang;

    fn record(source: &'static str, noise: u32) -> Record {
        Record {
            id: "x-1".to_owned(),
            source,
            lang: Lang::Zh,
            text: "点个赞👍\n\n\"好\"".to_owned(),
            risk: None,
            personal: None,
            noise,
        }
    }

    #[test]
    fn escapes_read_back_as_the_same_text() {
        let record = record("wiki.example", 9);
        let line = line(Layout::JsonlZstdEscaped, &record);
        assert!(line.is_ascii());
        let value: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(value["text"], record.text);
    }

    #[test]
    fn a_source_is_left_out_or_empty() {
        let parse = |noise| -> Value { serde_json::from_slice(&line(Layout::Jsonl, &record("", noise))).unwrap() };
        assert!(parse(2).get("source").is_none());
        assert_eq!(parse(3)["source"], "");
    }

    #[test]
    fn two_members_and_two_frames_read_as_one_stream() {
        let records: Vec<Record> = (0..10).map(|noise| record("wiki.example", noise)).collect();
        let plain: Vec<u8> = records.iter().flat_map(|record| line(Layout::JsonlGzip, record)).collect();
        let gz = encode(Layout::JsonlGzip, &records).unwrap();
        let mut one = Vec::new();
        flate2::read::GzDecoder::new(&gz[..]).read_to_end(&mut one).unwrap();
        assert!(one.len() < plain.len(), "a single member holds only a part");
        let mut all = Vec::new();
        flate2::read::MultiGzDecoder::new(&gz[..]).read_to_end(&mut all).unwrap();
        assert_eq!(all, plain);
        let frames = encode(Layout::JsonlZstd, &records).unwrap();
        let text = zstd::stream::decode_all(&frames[..]).unwrap();
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 10);
    }
}
