//! `input.source`: a column's name, or a table that says how the source is derived.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tamis_shard::SourceOrigin;

/// `"source"`, `{ column = "source" }`, `{ url = "url" }`, `{ path_part = 0 }` or `{ constant = "wiki" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpec(pub SourceOrigin);

impl Default for SourceSpec {
    fn default() -> Self {
        Self(SourceOrigin::Column("source".into()))
    }
}

impl<'de> Deserialize<'de> for SourceSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SourceVisitor;
        impl<'de> Visitor<'de> for SourceVisitor {
            type Value = SourceSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column name, or a table with one of column, url, path_part, constant")
            }

            fn visit_str<E: Error>(self, column: &str) -> Result<SourceSpec, E> {
                Ok(SourceSpec(SourceOrigin::Column(column.to_string())))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SourceSpec, A::Error> {
                let one = || A::Error::custom("input.source: expected exactly one of column, url, path_part, constant");
                let kind: String = map.next_key()?.ok_or_else(one)?;
                let origin = match kind.as_str() {
                    "column" => SourceOrigin::Column(map.next_value()?),
                    "url" => SourceOrigin::Url(map.next_value()?),
                    "path_part" => SourceOrigin::PathPart(map.next_value()?),
                    "constant" => SourceOrigin::Constant(map.next_value()?),
                    other => return Err(A::Error::unknown_field(other, &["column", "url", "path_part", "constant"])),
                };
                if map.next_key::<String>()?.is_some() { Err(one()) } else { Ok(SourceSpec(origin)) }
            }
        }
        deserializer.deserialize_any(SourceVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SourceOrigin, String> {
        #[derive(Deserialize)]
        struct Holder {
            source: SourceSpec,
        }
        toml::from_str::<Holder>(text).map(|holder| holder.source.0).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_is_read_and_others_are_refused() {
        assert_eq!(parse("source = 'site'"), Ok(SourceOrigin::Column("site".into())));
        assert_eq!(parse("source = { url = 'u' }"), Ok(SourceOrigin::Url("u".into())));
        assert_eq!(parse("source = { path_part = -2 }"), Ok(SourceOrigin::PathPart(-2)));
        assert_eq!(parse("source = { constant = 'x' }"), Ok(SourceOrigin::Constant("x".into())));
        assert!(parse("source = { url = 'u', column = 'c' }").unwrap_err().contains("exactly one"));
        assert!(parse("source = { domain = 'u' }").unwrap_err().contains("unknown field `domain`"));
        assert!(parse("source = {}").is_err());
    }
}
