//! `lists.toml`: lists that entries name.

use std::collections::HashMap;

use super::entry::Words;
use crate::{Normalizer, Origin, Problem};

/// Name of the file in a library's folder.
pub(super) const FILE: &str = "lists.toml";

/// Named alternatives, so that a list which many entries share is written, and kept in memory, once.
#[derive(Clone, Debug, Default)]
pub(super) struct NamedLists {
    lists: HashMap<String, Words>,
}

impl NamedLists {
    /// Reads the file; what is wrong goes to `problems`, and the list is left out.
    pub(super) fn parse(name: &str, text: &str, problems: &mut Vec<Problem>) -> Self {
        let normalizer = Normalizer::new();
        let line_of = |at: usize| text.bytes().take(at).filter(|&byte| byte == b'\n').count() as u32 + 1;
        let origin = |line| Origin { file: name.into(), line };
        let read: HashMap<String, toml::Spanned<Vec<String>>> = match toml::from_str(text) {
            Ok(read) => read,
            Err(error) => {
                let line = error.span().map(|span| line_of(span.start));
                let message = error.message().trim_end().replace('\n', ", ");
                let message = format!("{message}; expected lists such as law_en = [\"arrested\", \"convicted\"]");
                problems.push(Problem { origin: origin(line), message });
                return Self::default();
            }
        };
        let mut lists = HashMap::with_capacity(read.len());
        for (list, words) in read {
            let line = line_of(words.span().start);
            let words = words.into_inner();
            if let Some(message) = mistake(&list, &words, &normalizer) {
                problems.push(Problem { origin: origin(Some(line)), message });
            } else {
                lists.insert(list, words.into_iter().map(Into::into).collect());
            }
        }
        problems.sort();
        Self { lists }
    }

    /// The words of a list.
    pub(super) fn get(&self, name: &str) -> Option<Words> {
        self.lists.get(name).cloned()
    }

    /// The names there are, in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().map(String::as_str)
    }
}

fn mistake(list: &str, words: &[String], normalizer: &Normalizer) -> Option<String> {
    if words.is_empty() {
        return Some(format!("list {list:?} is empty; give it a word or remove it"));
    }
    let bad = words.iter().find(|word| word.contains(['|', '@']) || normalizer.normal_form(word).is_empty())?;
    Some(format!("list {list:?}: {bad:?} has a | or @, or no character left after normalisation"))
}
