//! Texts, severities and sources of every code: `schema/findings.csv`.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::{CatalogError, error};
use crate::archive::Standard;
use crate::problem_code::ProblemCode;

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Said for information; nothing is wrong.
    Note,
    /// The row is stored and reported.
    Warning,
    /// The row is rejected.
    Error,
    /// The member is not stored.
    Member,
    /// The whole archive is refused.
    Archive,
}

impl Severity {
    /// Its name, as the store, tables and JSON write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Member => "member",
            Self::Archive => "archive",
        }
    }

    /// The severity of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Note, Self::Warning, Self::Error, Self::Member, Self::Archive]
            .into_iter()
            .find(|severity| severity.as_str() == name)
    }
}

/// How the codes of duplicates end, after the prefix of the file.
pub const DUPLICATE: &str = "9299";

/// Whether a code says that the key of a row was taken already: nothing is to
/// be mended.
pub fn is_duplicate(code: &str) -> bool {
    code.ends_with(DUPLICATE)
}

/// What is said for one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingText {
    /// The code; `XX` stands for the prefix of the file.
    pub code: String,
    /// `F21`, `F43`, or `*` for both.
    pub standard: String,
    /// The file, or blank or `*` for every file.
    pub file: String,
    /// The field, where the code belongs to one.
    pub field: String,
    /// How bad it is.
    pub severity: Severity,
    /// `EC` (workbook of the 43-file check), `contract` or `local`.
    pub origin: String,
    /// Where the code comes from, and what was found out about it. For whoever
    /// keeps the catalogue; senders are not shown it.
    pub source: String,
    /// What is wrong, in Thai.
    pub th: String,
    /// What is wrong, in English.
    pub en: String,
    /// How to fix it, in Thai.
    #[serde(rename = "mend_th")]
    pub fix_th: String,
    /// How to fix it, in English.
    #[serde(rename = "mend_en")]
    pub fix_en: String,
}

/// The standard of a text that is said in both.
const BOTH: &str = "*";

/// All texts.
#[derive(Debug, Default)]
pub struct Findings {
    texts: Vec<FindingText>,
    /// By code: the standards that have a text, with its place.
    index: HashMap<String, Vec<(String, usize)>>,
}

impl Findings {
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, CatalogError> {
        let mut findings = Self::default();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        for row in reader.deserialize::<FindingText>() {
            let row = row.map_err(|e| {
                let line = e.position().map_or(1, |p| p.line() as usize);
                error(file, line, e.to_string())
            })?;
            let line = findings.texts.len() + 2;
            let blank = [("th", &row.th), ("en", &row.en), ("source", &row.origin)];
            if let Some((name, _)) = blank.iter().find(|(_, text)| text.is_empty()) {
                return Err(error(file, line, format!("{}: {name} is blank", row.code)));
            }
            let known = findings.index.entry(row.code.clone()).or_default();
            let twice = known.iter().any(|(standard, _)| *standard == row.standard);
            known.push((row.standard.clone(), findings.texts.len()));
            if twice {
                let what = format!("{} stands twice for {}", row.code, row.standard);
                return Err(error(file, line, what));
            }
            findings.texts.push(row);
        }
        Ok(findings)
    }

    /// The text of a code in a standard. A code that every file has (`SE9500`)
    /// is found under its `XX` form.
    pub fn get(&self, code: &str, standard: Standard) -> Option<&FindingText> {
        let tail = code.get(code.len().saturating_sub(4)..).unwrap_or("");
        self.find_for(code, standard.as_str())
            .or_else(|| self.find_for(code, BOTH))
            .or_else(|| self.find_for(&format!("XX{tail}"), BOTH))
    }

    /// The text of a code whose meaning does not depend on the standard (A, M
    /// and note codes). What a row is told does depend on it: the same code may
    /// be a warning in one standard and an error in the other.
    pub fn of_both(&self, code: &str) -> Option<&FindingText> {
        self.find_for(code, BOTH)
    }

    fn find_for(&self, code: &str, standard: &str) -> Option<&FindingText> {
        let known = self.index.get(code)?.iter().find(|(of, _)| of == standard)?;
        self.texts.get(known.1)
    }

    /// The text of a problem or note.
    pub fn of_problem(&self, code: ProblemCode) -> &FindingText {
        self.of_both(code.as_str()).expect("proven by check_problems at every start")
    }

    /// Proves that every [`ProblemCode`] has a text, of the severity that its
    /// letter says, and that there is no text of such a letter besides.
    pub(super) fn check_problems(&self, file: &str) -> Result<(), CatalogError> {
        for code in ProblemCode::ALL {
            let text = self.of_both(code.as_str());
            let text = text.ok_or_else(|| error(file, 1, format!("{code} has no line")))?;
            if Some(text.severity) != severity_of_problem(code.as_str()) {
                let what = format!("{code} has severity {}", text.severity.as_str());
                return Err(error(file, self.line_of(text), what));
            }
        }
        let named = |text: &FindingText| ProblemCode::ALL.iter().any(|c| c.as_str() == text.code);
        let unnamed = |text: &&FindingText| {
            text.standard == "*" && severity_of_problem(&text.code).is_some() && !named(text)
        };
        match self.iter().find(unnamed) {
            None => Ok(()),
            Some(text) => {
                let what = format!("{} is no code of ProblemCode", text.code);
                Err(error(file, self.line_of(text), what))
            }
        }
    }

    fn line_of(&self, text: &FindingText) -> usize {
        2 + self.texts.iter().position(|other| other == text).unwrap_or_default()
    }

    /// Whether a code has a text of its own in a standard, besides that of the
    /// `XX` form.
    pub fn has_own(&self, code: &str, standard: Standard) -> bool {
        self.find_for(code, standard.as_str()).is_some()
    }

    /// Every text, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &FindingText> {
        self.texts.iter()
    }
}

/// The severity of the letter with which codes of problems begin: a letter and
/// two digits.
fn severity_of_problem(code: &str) -> Option<Severity> {
    match code.as_bytes() {
        [b'A', b'0'..=b'9', b'0'..=b'9'] => Some(Severity::Archive),
        [b'M', b'0'..=b'9', b'0'..=b'9'] => Some(Severity::Member),
        [b'N', b'0'..=b'9', b'0'..=b'9'] => Some(Severity::Note),
        _ => None,
    }
}
