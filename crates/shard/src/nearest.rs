//! Lists of names in messages: short, the nearest first.

/// Names that a message lists at most.
const MOST_NAMES: usize = 12;
/// Characters of one name that a message shows at most.
const MOST_CHARS: usize = 64;

/// Some of `names`, those most like `wanted` first: `body, title … and 210 more`. Column names come out of the data, so
/// neither their number nor their length is to be trusted.
pub fn nearest_names<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let near = by_distance(wanted, names);
    let more = near.len().saturating_sub(MOST_NAMES);
    let listed: Vec<String> = near.iter().take(MOST_NAMES).map(|name| shown(name)).collect();
    let list = if listed.is_empty() { "none".to_string() } else { listed.join(", ") };
    if more > 0 { format!("{list} … and {more} more") } else { list }
}

/// The one of `names` that is most like `wanted`.
pub fn nearest_name<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    by_distance(wanted, names).first().map(|name| shown(name))
}

fn by_distance<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let mut near: Vec<(usize, &str)> =
        names.into_iter().map(|name| (strsim::damerau_levenshtein(wanted, &shown(name)), name)).collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, name)| name).collect()
}

fn shown(name: &str) -> String {
    match name.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dozen_at_most_and_the_nearest_first() {
        assert_eq!(nearest_names("text", ["url", "body", "texts"]), "texts, body, url");
        assert_eq!(nearest_names("text", []), "none");
        assert_eq!(nearest_name("text", ["url", "texts"]).as_deref(), Some("texts"));
        let many: Vec<String> = (0..300).map(|n| format!("column{n}")).collect();
        let list = nearest_names("column7", many.iter().map(String::as_str));
        assert!(list.starts_with("column7, ") && list.ends_with(" … and 288 more"), "{list}");
        let long = "k".repeat(60_000);
        assert!(nearest_names("text", [long.as_str()]).len() < 100);
    }
}
