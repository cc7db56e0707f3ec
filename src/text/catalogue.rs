//! The texts of the program, by key: `texts.csv`.

use std::collections::HashMap;
use std::fmt::{Display, Write as _};
use std::sync::LazyLock;

use super::bilingual::Bilingual;

static TEXTS: LazyLock<HashMap<String, Bilingual>> = LazyLock::new(|| {
    let mut reader = csv::Reader::from_reader(include_str!("texts.csv").as_bytes());
    let rows = reader.deserialize::<(String, String, String)>();
    rows.map(|row| row.expect("the texts are part of the program and tested"))
        .map(|(key, th, en)| (key, Bilingual { th, en }))
        .collect()
});

/// The text of a key.
///
/// # Panics
/// If there is no such key; a test proves that every key in code has a text.
pub fn text(key: &str) -> &'static Bilingual {
    TEXTS.get(key).unwrap_or_else(|| panic!("texts.csv has no {key}"))
}

/// A copy of the text of a key.
pub fn message(key: &str) -> Bilingual {
    text(key).clone()
}

/// The text of a key with values in place of `{name}`.
pub fn message_with(key: &str, values: &[(&str, &dyn Display)]) -> Bilingual {
    let text = text(key);
    Bilingual { th: filled(&text.th, values), en: filled(&text.en, values) }
}

/// A value may hold braces of its own, so that the text is read once.
fn filled(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => write!(out, "{value}").expect("a text takes all"),
            None => log::error!("{text}: no value for {name}"),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages() {
        for (key, text) in &*TEXTS {
            assert!(!text.th.trim().is_empty() && !text.en.trim().is_empty(), "{key}");
        }
        let lines =
            csv::Reader::from_reader(include_str!("texts.csv").as_bytes()).into_records().count();
        assert_eq!(lines, TEXTS.len(), "a key stands twice");
    }

    #[test]
    fn values_stand_where_their_names_are_and_are_not_read_again() {
        let values: &[(&str, &dyn Display)] = &[("a", &"{b}"), ("b", &2)];
        assert_eq!(filled("{a} of {b}{a}", values), "{b} of 2{b}");
        assert_eq!(filled("plain", values), "plain");
    }
}
