//! How a shard's columns are mapped onto a record, and where a record's source comes from.

use serde::{Deserialize, Serialize};

/// Which columns (Parquet) or keys (JSONL) make a record.
///
/// A column inside a Parquet struct is named with dots (`meta.body`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    /// Text columns, each scanned by itself, never joined. At least one.
    pub text: Vec<String>,
    /// The record's own id.
    pub id: Option<String>,
    /// Where the source's name comes from.
    pub source: SourceOrigin,
    /// Language tag.
    pub lang: Option<String>,
    /// Modality tag.
    pub modality: Option<String>,
}

/// Where a record's source comes from (4.1.1 note 2: a domain name, a provider, a data set).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceOrigin {
    /// The value of a column.
    Column(String),
    /// The registrable domain (public suffix list) of a column that holds a URL.
    Url(String),
    /// A part of the shard's `<path>`, counted from 0; counted from the end when negative (-1 is the file's name).
    PathPart(i32),
    /// One source for everything.
    Constant(String),
}

/// The single-valued columns of a record, as indices into [`ColumnMap::wanted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The n-th text column.
    Text(usize),
    /// The record's own id.
    Id,
    /// The source's name, or the URL that it is derived from.
    Source,
    /// Language tag.
    Lang,
    /// Modality tag.
    Modality,
}

impl ColumnMap {
    /// Every mapped column with its role, text columns first. One column may have several roles.
    pub fn wanted(&self) -> Vec<(Role, &str)> {
        let mut wanted: Vec<_> = self.text.iter().enumerate().map(|(n, name)| (Role::Text(n), name.as_str())).collect();
        let source = match &self.source {
            SourceOrigin::Column(name) | SourceOrigin::Url(name) => Some(name),
            SourceOrigin::PathPart(_) | SourceOrigin::Constant(_) => None,
        };
        for (role, name) in [
            (Role::Id, self.id.as_ref()),
            (Role::Source, source),
            (Role::Lang, self.lang.as_ref()),
            (Role::Modality, self.modality.as_ref()),
        ] {
            wanted.extend(name.map(|name| (role, name.as_str())));
        }
        wanted
    }
}

/// Turns what a record carries into its source's name.
#[derive(Debug, Clone)]
pub enum SourceNamer {
    /// Take the value as it is.
    Value,
    /// Take the registrable domain of the value.
    Domain,
    /// The same for every record of the shard.
    Fixed(String),
}

impl SourceNamer {
    /// The rule for one shard, whose `<path>` is given.
    pub fn new(origin: &SourceOrigin, path: &str) -> Self {
        match origin {
            SourceOrigin::Column(_) => Self::Value,
            SourceOrigin::Url(_) => Self::Domain,
            SourceOrigin::Constant(name) => Self::Fixed(name.clone()),
            SourceOrigin::PathPart(part) => Self::Fixed(path_part(path, *part).to_string()),
        }
    }

    /// The source's name; never null, `""` where nothing names it.
    pub fn name(&self, value: Option<&str>) -> String {
        match self {
            Self::Value => value.unwrap_or_default().to_string(),
            Self::Domain => value.map(registrable_domain).unwrap_or_default(),
            Self::Fixed(name) => name.clone(),
        }
    }
}

fn path_part(path: &str, part: i32) -> &str {
    let parts: Vec<_> = path.split('/').collect();
    let index = if part < 0 { parts.len() as i64 + i64::from(part) } else { i64::from(part) };
    usize::try_from(index).ok().and_then(|index| parts.get(index).copied()).unwrap_or_default()
}

/// The registrable domain of a URL by the public suffix list; the host itself where it has none (an address, a bare
/// suffix); `""` where the text is no URL with a host.
pub fn registrable_domain(url: &str) -> String {
    let Some(host) = host(url) else { return String::new() };
    let host = host.to_lowercase();
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host;
    }
    psl::domain_str(&host).map(str::to_string).unwrap_or(host)
}

fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.trim().split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(address) = host.strip_prefix('[') {
        return address.split_once(']').map(|(address, _)| address);
    }
    let host = host.split(':').next()?.trim_end_matches('.');
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registrable_domains_follow_the_public_suffix_list() {
        for (url, domain) in [
            ("https://www.news.example.co.uk/a?b#c", "example.co.uk"),
            ("http://user:secret@Blog.Example.COM:8080/", "example.com"),
            ("https://a.b.example.com.cn./x", "example.com.cn"),
            ("ftp://192.0.2.7/x", "192.0.2.7"),
            ("http://[2001:db8::1]:80/", "2001:db8::1"),
            ("https://someone.github.io/page", "someone.github.io"),
            ("no url at all", ""),
            ("https:///path", ""),
        ] {
            assert_eq!(registrable_domain(url), domain, "{url}");
        }
    }

    #[test]
    fn path_parts_count_from_either_end() {
        assert_eq!(path_part("web/cn/x.parquet", 0), "web");
        assert_eq!(path_part("web/cn/x.parquet", -2), "cn");
        assert_eq!(path_part("x.parquet", 3), "");
        assert_eq!(path_part("x.parquet", -9), "");
    }
}
