//! Text for a terminal or a log with nothing in it that acts instead of being
//! read. Names of files and archives come from outside: an escape sequence in
//! one would recolour or overwrite a screen, an end of line would forge a
//! line, a letter that turns the direction of writing would hide an ending.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character acts: control characters, separators of lines, and
/// those that turn the direction of writing. Thai needs none of them.
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}

/// One line: what acts is shown as in a literal (`\u{1b}`, `\n`).
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, acts, |c, out| out.extend(c.escape_default()))
}

/// Some lines, with their ends and tabs as they are.
pub fn lines(text: &str) -> Cow<'_, str> {
    let acts = |c| acts(c) && !matches!(c, '\n' | '\t');
    escaped(text, acts, |c, out| out.extend(c.escape_default()))
}

/// A JSON document; it stays the same document, because what acts can stand
/// in its texts alone, where an escape means the same.
pub fn json(text: &str) -> Cow<'_, str> {
    let acts = |c| acts(c) && !matches!(c, '\n' | '\t');
    // None of them lies beyond what four digits can say.
    escaped(text, acts, |c, out| {
        let _ = write!(out, "\\u{:04x}", u32::from(c));
    })
}

fn escaped(
    text: &str,
    acts: impl Fn(char) -> bool,
    write: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    if !text.contains(&acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) { write(c, &mut out) } else { out.push(c) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_and_the_rest_stays() {
        for (text, shown) in [
            ("F43_10670.zip", "F43_10670.zip"),
            ("เก็บ\u{200b}ไว้", "เก็บ\u{200b}ไว้"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\nok", "a\\nok"),
            ("a\rb\u{9b}c\u{7f}", "a\\rb\\u{9b}c\\u{7f}"),
            ("gpj.\u{202e}piz", "gpj.\\u{202e}piz"),
            ("\u{2028}\u{2067}", "\\u{2028}\\u{2067}"),
        ] {
            assert_eq!(line(text), shown);
            assert!(!lines(text).chars().any(|c| acts(c) && c != '\n'));
        }
        assert_eq!(lines("a\n\tb"), "a\n\tb");
    }

    #[test]
    fn a_json_document_means_what_it_meant() {
        let value = serde_json::json!({ "a\u{202e}": ["b\u{9b}\u{1b}\n\u{7f}", "ก\u{2066}"] });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let shown = json(&text);
        assert!(!shown.chars().any(|c| acts(c) && c != '\n'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
