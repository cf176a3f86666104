//! What the quickstart corpus holds: its sources with their planned rates, and its shards.

use crate::{Kind, Lang};

/// A source and what is planned for it.
#[derive(Debug)]
pub struct SourcePlan {
    /// The source's name; empty for records that name none.
    pub name: &'static str,
    /// Examinable records.
    pub records: u32,
    /// How many of them are bad.
    pub bad: u32,
    /// The kinds of its documents.
    pub kinds: &'static [Kind],
    /// Clean documents in a thousand that carry personal information.
    pub personal_per_mille: u32,
    /// Its languages.
    pub langs: &'static [Lang],
    /// What its ids begin with.
    pub(super) id_prefix: &'static str,
}

const BOTH: &[Lang] = &Lang::ALL;

/// The sources, in the order of the README's table.
pub const SOURCES: &[SourcePlan] = &[
    source("news.example", "news", 620, 0, 0, &[Kind::News]),
    source("wiki.example", "wiki", 500, 0, 0, &[Kind::Encyclopaedia, Kind::Regulation, Kind::Prose]),
    source("kitchen.example", "kitchen", 300, 0, 20, &[Kind::Recipe]),
    source("docs.example", "docs", 240, 0, 20, &[Kind::HowTo]),
    SourcePlan { langs: &[Lang::Zh], ..source("gazette.example", "gazette", 3, 0, 0, &[Kind::Regulation]) },
    source("forum.example", "forum", 400, 20, 20, &[Kind::Forum, Kind::Letter]),
    source("board.example", "board", 1000, 51, 20, &[Kind::Forum, Kind::Story, Kind::Review]),
    source("dump.example", "dump", 200, 120, 0, &Kind::ALL),
    source("shop.example", "shop", 300, 3, 20, &[Kind::Review]),
    source("", "loose", 40, 0, 0, &[Kind::Story, Kind::Prose]),
];

/// Where the records that cannot be examined stand.
pub const DAMAGED_SOURCE: &str = "docs.example";

const fn source(
    name: &'static str,
    id_prefix: &'static str,
    records: u32,
    bad: u32,
    personal_per_mille: u32,
    kinds: &'static [Kind],
) -> SourcePlan {
    SourcePlan { name, records, bad, kinds, personal_per_mille, langs: BOTH, id_prefix }
}

/// How a shard is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layout {
    /// Zstandard, plain strings, several row groups.
    ParquetZstd,
    /// Snappy, large strings, dictionary source, nested columns, a timestamp.
    ParquetSnappy,
    /// Uncompressed, binary text, integer ids.
    ParquetPlain,
    /// One file of lines, with lines that are no records of ours.
    Jsonl,
    /// Two gzip members.
    JsonlGzip,
    /// Two gzip members, no `lang`.
    JsonlGzipNoLang,
    /// Two zstd frames.
    JsonlZstd,
    /// Two zstd frames, every non-ASCII character escaped.
    JsonlZstdEscaped,
}

#[derive(Debug)]
pub(super) struct ShardPlan {
    pub(super) path: &'static str,
    pub(super) layout: Layout,
    pub(super) holds: &'static [(&'static str, u32)],
}

pub(super) const SHARDS: &[ShardPlan] = &[
    ShardPlan {
        path: "forum/2025-10.jsonl",
        layout: Layout::Jsonl,
        holds: &[("forum.example", 60), ("docs.example", 60), ("board.example", 50), ("", 8)],
    },
    ShardPlan {
        path: "forum/2025-11.jsonl.gz",
        layout: Layout::JsonlGzip,
        holds: &[("forum.example", 150), ("board.example", 400), ("dump.example", 40)],
    },
    ShardPlan {
        path: "forum/2025-12.jsonl.zst",
        layout: Layout::JsonlZstd,
        holds: &[("forum.example", 150), ("board.example", 300), ("docs.example", 80), ("", 10)],
    },
    ShardPlan {
        path: "shop/reviews.jsonl.gz",
        layout: Layout::JsonlGzipNoLang,
        holds: &[
            ("shop.example", 170),
            ("kitchen.example", 150),
            ("dump.example", 100),
            ("gazette.example", 1),
            ("", 10),
        ],
    },
    ShardPlan {
        path: "web/archive/part-002.parquet",
        layout: Layout::ParquetPlain,
        holds: &[("docs.example", 40), ("shop.example", 30), ("forum.example", 40), ("gazette.example", 1)],
    },
    ShardPlan {
        path: "web/part-000.parquet",
        layout: Layout::ParquetZstd,
        holds: &[
            ("news.example", 320),
            ("wiki.example", 200),
            ("board.example", 250),
            ("shop.example", 100),
            ("gazette.example", 1),
        ],
    },
    ShardPlan {
        path: "web/part-001.parquet",
        layout: Layout::ParquetSnappy,
        holds: &[
            ("news.example", 200),
            ("wiki.example", 150),
            ("kitchen.example", 150),
            ("dump.example", 60),
            ("docs.example", 60),
            ("", 12),
        ],
    },
    ShardPlan {
        path: "wiki/extract.jsonl.zst",
        layout: Layout::JsonlZstdEscaped,
        holds: &[("wiki.example", 150), ("news.example", 100)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shards_hold_every_source_whole() {
        for source in SOURCES {
            let held: u32 = SHARDS
                .iter()
                .flat_map(|shard| shard.holds)
                .filter(|(name, _)| *name == source.name)
                .map(|(_, count)| count)
                .sum();
            assert_eq!(held, source.records, "{}", source.name);
        }
    }

    #[test]
    fn shards_are_in_the_order_of_their_paths() {
        assert!(SHARDS.windows(2).all(|pair| pair[0].path < pair[1].path));
    }
}
