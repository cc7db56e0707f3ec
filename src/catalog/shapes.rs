//! What the codes of a list look like: `schema/shapes.csv`. A code has its
//! shape also where the list itself is not installed.

use std::collections::HashMap;

use serde::Deserialize;

use super::error::{CatalogError, error};
use super::findings::Severity;

/// The shapes of lists by the name that a column writes.
#[derive(Debug, Default)]
pub struct Shapes {
    shapes: HashMap<String, Shape>,
}

/// What a code looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Ways to write it, each character by character.
    forms: Vec<Vec<FormPlace>>,
    /// Codes are also written with a dot after so many characters, and in
    /// lower case; both are taken away. None where a code stands as sent.
    dot: Option<usize>,
    /// What another shape is: an error rejects the row.
    pub severity: Severity,
}

/// What stands at one place of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FormPlace {
    class: Class,
    /// It may be left out.
    optional: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// `A`: a capital letter.
    Capital,
    /// `9`: a digit.
    Digit,
    /// `X`: a capital letter or a digit.
    CapitalOrDigit,
    /// `w`: a letter or a digit.
    LetterOrDigit,
    /// `c`: any character that ASCII prints, but no space.
    Printed,
    /// Itself.
    This(u8),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the note documents the schema file itself")]
struct Raw {
    list: String,
    forms: String,
    dot: Option<usize>,
    severity: Severity,
    note: String,
}

impl Shapes {
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, CatalogError> {
        let mut shapes = HashMap::new();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        for (index, row) in reader.deserialize::<Raw>().enumerate() {
            let fail = |what: String| error(file, index + 2, what);
            let raw = row.map_err(|e| fail(e.to_string()))?;
            let shape = Shape::read(&raw.forms, raw.dot, raw.severity)
                .ok_or_else(|| fail(format!("cannot read the form {}", raw.forms)))?;
            if shapes.insert(raw.list.clone(), shape).is_some() {
                return Err(fail(format!("{} stands twice", raw.list)));
            }
        }
        Ok(Self { shapes })
    }

    /// The shape of a list's codes, by its name as a column writes it.
    pub fn get(&self, list: &str) -> Option<&Shape> {
        self.shapes.get(list)
    }
}

impl Shape {
    /// Reads forms as the file writes them: a class for each character,
    /// brackets around those that may be left out, a space between forms.
    fn read(forms: &str, dot: Option<usize>, severity: Severity) -> Option<Self> {
        let forms: Option<Vec<_>> = forms.split_ascii_whitespace().map(read_form).collect();
        let forms = forms.filter(|forms| !forms.is_empty())?;
        Some(Self { forms, dot, severity })
    }

    /// Whether codes in lower case or with a dot are the same codes.
    pub fn folds(&self) -> bool {
        self.dot.is_some()
    }

    /// Whether a text has the shape.
    pub fn fits(&self, text: &str) -> bool {
        self.forms.iter().any(|form| fits(form, text.as_bytes()))
    }

    /// The code that a text means which has not the shape as it stands.
    pub fn fold(&self, text: &str) -> Option<String> {
        let dot = self.dot?;
        let mut code = text.to_ascii_uppercase();
        if code.as_bytes().get(dot) == Some(&b'.') && code.is_char_boundary(dot) {
            code.remove(dot);
        }
        self.fits(&code).then_some(code)
    }
}

fn read_form(form: &str) -> Option<Vec<FormPlace>> {
    let mut places = Vec::new();
    let mut optional = false;
    for byte in form.bytes() {
        let class = match byte {
            b'[' | b']' if optional == (byte == b']') => {
                optional = !optional;
                continue;
            }
            b'A' => Class::Capital,
            b'9' => Class::Digit,
            b'X' => Class::CapitalOrDigit,
            b'w' => Class::LetterOrDigit,
            b'c' => Class::Printed,
            b'+' => Class::This(byte),
            _ => return None,
        };
        places.push(FormPlace { class, optional });
    }
    (!optional).then_some(places)
}

fn fits(form: &[FormPlace], text: &[u8]) -> bool {
    let mut rest = text;
    for place in form {
        match rest.split_first() {
            Some((&byte, after)) if place.class.has(byte) => rest = after,
            _ if place.optional => {}
            _ => return false,
        }
    }
    rest.is_empty()
}

impl Class {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Capital => byte.is_ascii_uppercase(),
            Self::Digit => byte.is_ascii_digit(),
            Self::CapitalOrDigit => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::LetterOrDigit => byte.is_ascii_alphanumeric(),
            Self::Printed => byte.is_ascii_graphic(),
            Self::This(this) => byte == this,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(list: &str) -> Shape {
        super::super::Catalog::builtin().unwrap().shapes.get(list).unwrap().clone()
    }

    #[test]
    fn codes_of_icd_10_have_their_shape_or_are_folded_to_it_or_have_none() {
        let icd = shape("ext:icd10tm");
        for good in ["J00", "J009", "S0990", "Z0000AB", "U778"] {
            assert!(icd.fits(good), "{good}");
        }
        for (sent, meant) in [
            ("j00", "J00"),
            ("J00.9", "J009"),
            ("j00.9", "J009"),
            ("I10.", "I10"),
            ("e11.9", "E119"),
            ("s06.90", "S0690"),
        ] {
            assert!(!icd.fits(sent), "{sent}");
            assert_eq!(icd.fold(sent).as_deref(), Some(meant), "{sent}");
        }
        for bad in [
            "NULL",
            "ไข้",
            "-",
            "E-11",
            "R51,J00",
            "J0",
            "J.009",
            "J0.09",
            "J00..9",
            "J00.9.1",
            "100",
            "J00 9",
            "J0012345",
            "J๐๐",
            "ＪＯＯ",
            "J00*",
            "ก.",
            "J0ก.",
            "",
        ] {
            assert!(!icd.fits(bad) && icd.fold(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn codes_of_procedures_are_digits_and_their_dot_is_folded() {
        let procedure = shape("ext:procedure");
        for good in ["8938", "99", "2387010", "7915+11"] {
            assert!(procedure.fits(good), "{good}");
        }
        for (sent, meant) in [("89.38", "8938"), ("99.", "99"), ("79.15+11", "7915+11")] {
            assert_eq!(procedure.fold(sent).as_deref(), Some(meant), "{sent}");
        }
        for bad in ["8", "893.8", "89,38", "89.3.8", "ถอนฟัน", "A123", "89-38", "12345678", "+", ""]
        {
            assert!(!procedure.fits(bad) && procedure.fold(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_form_that_cannot_be_read_is_told_with_its_line() {
        let text = "list,forms,dot,severity,note\next:a,99,,warning,x\next:b,9[9,,warning,x\n";
        let error = Shapes::parse("shapes.csv", text).unwrap_err();
        assert_eq!(error.to_string(), "schema/shapes.csv:3: cannot read the form 9[9");
    }

    proptest! {
        #[test]
        fn folding_never_panics_and_is_done_once_for_all(text in "\\PC{0,9}|[a-zA-Z0-9.+ก]{0,9}") {
            for list in ["ext:icd10tm", "ext:procedure", "ext:clinic"] {
                let shape = shape(list);
                if let Some(code) = shape.fold(&text) {
                    prop_assert!(shape.fits(&code));
                    prop_assert_eq!(shape.fold(&code), Some(code));
                }
            }
        }
    }
}
