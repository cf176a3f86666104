//! Values with a unit, and values that may be one or several.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A size in bytes: an integer, or a text such as `512MiB`, `2GB`, `64k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub usize);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("size {text:?}: expected a number with B, kB, MB, GB, KiB, MiB or GiB");
        let text_part = text.trim();
        let digits = text_part.find(|c: char| !c.is_ascii_digit()).unwrap_or(text_part.len());
        let number: usize = text_part[..digits].parse().map_err(|_| expected())?;
        let unit = match text_part[digits..].trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            _ => return Err(expected()),
        };
        number.checked_mul(unit).filter(|size| *size > 0).map(Self).ok_or_else(expected)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SizeVisitor;
        impl Visitor<'_> for SizeVisitor {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as 512MiB, or a number of bytes")
            }

            fn visit_i64<E: Error>(self, bytes: i64) -> Result<ByteSize, E> {
                let size = usize::try_from(bytes).ok().filter(|size| *size > 0);
                size.map(ByteSize).ok_or_else(|| E::custom(format!("size {bytes}: expected more than 0")))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(SizeVisitor)
    }
}

/// One name, or a list with at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany(pub Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesVisitor;
        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column name or a list of them")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![name.to_string()]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut names: A) -> Result<OneOrMany, A::Error> {
                let mut list: Vec<String> = Vec::new();
                while let Some(name) = names.next_element()? {
                    if list.contains(&name) {
                        return Err(A::Error::custom(format!("column {name:?} is named twice")));
                    }
                    list.push(name);
                }
                if list.is_empty() {
                    Err(A::Error::custom("expected at least one column"))
                } else {
                    Ok(OneOrMany(list))
                }
            }
        }
        deserializer.deserialize_any(NamesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("1", 1), ("64k", 65536), ("2 MB", 2_000_000), ("1GiB", 1 << 30)] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)));
        }
        for text in ["", "0", "MiB", "1.5GB", "3 apples", "99999999999999999999"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
