//! Strict parsing of one line: the raw values of the keys asked for, without building a tree.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The raw values of some keys of one JSON object.
#[derive(Debug, Default)]
pub(super) struct Members<'a> {
    /// Per key asked for, the last value met.
    pub values: Vec<Option<&'a RawValue>>,
    /// True where one of the keys stood twice.
    pub repeated: bool,
    /// Why the line is no JSON object, where it is none. What was read before the fault is kept.
    pub fault: Option<Fault>,
}

/// Why a line is not one JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No valid JSON text, or something after it.
    Syntax,
    /// Valid JSON that is no object.
    NoObject,
}

/// Reads one line against RFC 8259 and keeps the raw values of `keys`.
pub(super) fn members<'a>(line: &'a str, keys: &[&str]) -> Members<'a> {
    let mut members = Members { values: vec![None; keys.len()], ..Members::default() };
    let mut parser = serde_json::Deserializer::from_str(line);
    let read = parser.deserialize_map(ObjectVisitor { keys, members: &mut members }).and_then(|()| parser.end());
    if read.is_err() {
        let other = serde_json::from_str::<IgnoredAny>(line).is_ok();
        members.fault = Some(if other { Fault::NoObject } else { Fault::Syntax });
    }
    members
}

struct ObjectVisitor<'k, 'm, 'a> {
    keys: &'k [&'k str],
    members: &'m mut Members<'a>,
}

impl<'a> Visitor<'a> for ObjectVisitor<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeyIndex(self.keys))? {
            match key {
                Some(index) => {
                    let value = map.next_value::<&'a RawValue>()?;
                    self.members.repeated |= self.members.values[index].replace(value).is_some();
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Tells which of the keys asked for a key is.
struct KeyIndex<'k>(&'k [&'k str]);

impl<'a> DeserializeSeed<'a> for KeyIndex<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for KeyIndex<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|wanted| *wanted == key))
    }
}

/// The text of a raw JSON string; `Err` where it is no string, or where an escape is a lone surrogate.
pub(super) fn string(raw: &RawValue) -> Result<Cow<'_, str>, NoText> {
    let text = raw.get();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(NoText::OtherType)?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(text).map(Cow::Owned).map_err(|_| NoText::BadEscape)
}

/// Why a value is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoText {
    /// Null, a number, a list …
    OtherType,
    /// An escape that stands for no character.
    BadEscape,
}

/// `NaN` and `Infinity` replaced by zeros of the same length outside strings: what Python and JavaScript programs
/// write by mistake. Only to find out whose record a refused line is, never to accept it.
pub(super) fn without_non_numbers(line: &str) -> Option<String> {
    if !line.contains("NaN") && !line.contains("Infinity") {
        return None;
    }
    let mut out = String::with_capacity(line.len());
    let (mut rest, mut in_string) = (line, false);
    while let Some(c) = rest.chars().next() {
        let word = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| !in_string && rest.starts_with(word));
        let taken = match word {
            Some(word) => {
                out.push('0');
                out.extend(std::iter::repeat_n(' ', word.len() - 1));
                word.len()
            }
            None if in_string && c == '\\' => {
                let pair = rest.chars().take(2).map(char::len_utf8).sum();
                out.push_str(&rest[..pair]);
                pair
            }
            None => {
                in_string ^= c == '"';
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get<'a>(line: &'a str, key: &str) -> Members<'a> {
        members(line, &[key])
    }

    #[test]
    fn raw_values_are_slices_of_the_line() {
        let line = r#"{"a":{"x":[1,2]},"te\u0078t":"v\n","z":1}"#;
        let found = get(line, "text");
        assert_eq!(found.fault, None);
        assert_eq!(found.values[0].unwrap().get(), r#""v\n""#);
        assert_eq!(string(found.values[0].unwrap()).unwrap(), "v\n");
    }

    #[test]
    fn faults_are_told_apart_and_what_came_before_them_is_kept() {
        assert_eq!(get("[1]", "a").fault, Some(Fault::NoObject));
        assert_eq!(get("3", "a").fault, Some(Fault::NoObject));
        for bad in
            ["{\"a\":1", "{\"a\":1} x", "{\"a\":1}{}", "{'a':1}", "{\"a\":01}", "{\"a\":\"\u{1}\"}", "{\"a\":1,}"]
        {
            let found = get(bad, "a");
            assert_eq!(found.fault, Some(Fault::Syntax), "{bad}");
        }
        assert_eq!(get("{\"a\":1} x", "a").values[0].unwrap().get(), "1");
        assert!(get("{\"a\":1,\"a\":2}", "a").repeated);
        assert!(!get("{\"b\":1,\"b\":2}", "a").repeated);
    }

    #[test]
    fn lone_surrogates_are_no_text() {
        let found = get(r#"{"a":"\ud800"}"#, "a");
        assert_eq!(string(found.values[0].unwrap()), Err(NoText::BadEscape));
        assert_eq!(string(get(r#"{"a":"\ud83d\ude00"}"#, "a").values[0].unwrap()).unwrap(), "😀");
        assert_eq!(string(get(r#"{"a":null}"#, "a").values[0].unwrap()), Err(NoText::OtherType));
    }

    #[test]
    fn non_numbers_are_replaced_outside_strings_only() {
        let line = r#"{"v":NaN,"w":-Infinity,"s":"NaN \" Infinity"}"#;
        let mended = without_non_numbers(line).unwrap();
        assert_eq!(mended, r#"{"v":0  ,"w":0        ,"s":"NaN \" Infinity"}"#);
        assert_eq!(get(&mended, "s").fault, None);
    }
}
