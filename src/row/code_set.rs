//! Sets of codes. Nearly every code is at most eight bytes long and is looked
//! up as a word.

use rustc_hash::FxHashSet;

use super::packed::{Packed, all_digits};

/// A set of codes; single characters are looked up without hashing.
#[derive(Debug, Clone)]
pub struct CodeSet {
    single: Box<[bool; 128]>,
    short: FxHashSet<u64>,
    longer: FxHashSet<String>,
    /// Any text of so many digits belongs to it too.
    pub(super) digits: Option<usize>,
}

impl CodeSet {
    /// The set of `codes`.
    pub(super) fn new<'a>(codes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut set = Self {
            single: Box::new([false; 128]),
            short: FxHashSet::default(),
            longer: FxHashSet::default(),
            digits: None,
        };
        for code in codes {
            match (code.as_bytes(), Packed::new(code.as_bytes()).short()) {
                ([byte], _) if byte.is_ascii() => set.single[usize::from(*byte)] = true,
                // As a word, a NUL could not be told from the end of the code.
                (bytes, Some(word)) if !bytes.contains(&0) => {
                    set.short.insert(word);
                }
                _ => {
                    set.longer.insert(code.to_owned());
                }
            }
        }
        set
    }

    /// Whether the set has a code, which has no NUL.
    pub fn contains(&self, code: &str) -> bool {
        let packed = Packed::new(code.as_bytes());
        if let Some(byte) = packed.single() {
            return self.single.get(usize::from(byte)).is_some_and(|has| *has);
        }
        let listed = match packed.short() {
            Some(word) => self.short.contains(&word),
            None => self.longer.contains(code),
        };
        listed || self.digits == Some(code.len()) && all_digits(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_set_has_its_codes_and_no_others(
            codes in proptest::collection::hash_set("[01aก]{0,3}|[01]{7,10}", 0..20),
            asked in "[01aก]{0,3}|[01]{7,10}",
        ) {
            let mut set = CodeSet::new(codes.iter().map(String::as_str));
            for code in &codes {
                prop_assert!(set.contains(code), "{}", code);
            }
            prop_assert_eq!(set.contains(&asked), codes.contains(&asked));
            set.digits = Some(7);
            let digits = asked.len() == 7 && asked.bytes().all(|b| b.is_ascii_digit());
            prop_assert_eq!(set.contains(&asked), codes.contains(&asked) || digits);
        }
    }

    #[test]
    fn a_code_with_a_nul_is_not_taken_for_a_shorter_one() {
        assert!(!CodeSet::new(["ab\0"]).contains("ab"));
    }
}
