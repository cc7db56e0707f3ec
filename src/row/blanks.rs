//! Text that stands for nothing: `NULL`, `\N`, `-`. Systems write such words
//! where a value is missing, and they are no values (docs/rules.md#rows).

/// Words that stand for nothing, in any case.
#[derive(Debug, Clone)]
pub struct Blanks {
    words: Vec<String>,
    /// Length of the longest in bytes.
    longest: usize,
    /// Bytes with which one of them begins.
    first: [bool; 256],
}

impl Blanks {
    /// The words of a list.
    pub fn new(words: &[String]) -> Self {
        let mut blanks = Self { words: Vec::new(), longest: 0, first: [false; 256] };
        for word in words.iter().map(|word| word.trim()) {
            let Some(&byte) = word.as_bytes().first() else { continue };
            blanks.first[usize::from(byte.to_ascii_lowercase())] = true;
            blanks.first[usize::from(byte.to_ascii_uppercase())] = true;
            blanks.longest = blanks.longest.max(word.len());
            blanks.words.push(word.to_owned());
        }
        blanks
    }

    /// Whether a text is one of them. Nearly every value is told by its first
    /// byte or its length to be none.
    #[inline]
    pub fn have(&self, text: &str) -> bool {
        let Some(&byte) = text.as_bytes().first() else { return false };
        self.first[usize::from(byte)] && text.len() <= self.longest && self.listed(text)
    }

    fn listed(&self, text: &str) -> bool {
        self.words.iter().any(|word| word.eq_ignore_ascii_case(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Config;

    proptest! {
        #[test]
        fn words_are_found_in_any_case_and_nothing_else_is(
            words in proptest::collection::vec("[-nN/\\\\ก]{0,3}", 0..5), text in "[-nN/\\\\ก]{0,4}|.{0,3}",
        ) {
            let named = |word: &String| !text.is_empty() && word.to_uppercase() == text.to_uppercase();
            prop_assert_eq!(Blanks::new(&words).have(&text), words.iter().any(named));
        }
    }

    #[test]
    fn the_words_of_the_contract_are_the_default() {
        let blanks = Blanks::new(&Config::default().rows.blank);
        for word in ["NULL", "null", "Null", "\\N", "\\n", "(null)", "<NULL>", "N/A", "n/a", "-"] {
            assert!(blanks.have(word), "{word}");
        }
        for word in ["", "0", "NULLO", "--", "ไม่มี", "N", "NA", "-1"] {
            assert!(!blanks.have(word), "{word}");
        }
    }
}
