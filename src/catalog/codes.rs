//! Code lists: the built-in ones of `schema/codes/` and those that the
//! province drops in (ICD-10-TM, 24-digit drug codes, …).

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::error::{CatalogError, error};

/// One code list.
#[derive(Debug, Clone, Default)]
pub struct CodeList {
    /// The codes as sent, leading zeros kept.
    pub codes: HashSet<String>,
    /// False when the list is known to lack codes: then a value outside it
    /// cannot be checked, and the check is reported as not made.
    pub whole: bool,
}

/// Code lists by name; `ext:` names are looked up without that prefix.
#[derive(Debug, Default)]
pub struct CodeLists {
    lists: BTreeMap<String, CodeList>,
}

/// The code of an unknown place (slide 25), with the list to which it belongs:
/// the Ministry's list of places has real places only.
pub const UNKNOWN_PLACE: (&str, &str) = ("ext:hospcode", "00000");

/// A first line `#partial` of a list file says that the list is not whole.
const PARTIAL: &str = "#partial";

impl CodeLists {
    /// The list of a name as a column writes it (`sex`, `ext:icd10tm`).
    pub fn get(&self, name: &str) -> Option<&CodeList> {
        self.lists.get(name.strip_prefix("ext:").unwrap_or(name))
    }

    /// All names with their lists.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CodeList)> {
        self.lists.iter().map(|(name, list)| (name.as_str(), list))
    }

    pub(super) fn add(&mut self, file: &str, name: &str, text: &str) -> Result<(), CatalogError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (whole, body) = match text.strip_prefix(PARTIAL) {
            Some(rest) => (false, rest.trim_start_matches(['\r', '\n'])),
            None => (true, text),
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(body.as_bytes());
        let headers = reader.headers().map_err(|e| error(file, 1, e.to_string()))?;
        let Some(at) = headers.iter().position(|h| h.trim().eq_ignore_ascii_case("code")) else {
            return Err(error(file, 1, "the header has no column `code`".to_owned()));
        };
        let mut codes = HashSet::new();
        for (index, row) in reader.records().enumerate() {
            let line = index + 2 + usize::from(!whole);
            let row = row.map_err(|e| error(file, line, e.to_string()))?;
            let code = row.get(at).unwrap_or("").trim();
            if code.is_empty() {
                return Err(error(file, line, "a blank code".to_owned()));
            }
            codes.insert(code.to_owned());
        }
        self.lists.insert(name.to_owned(), CodeList { codes, whole });
        Ok(())
    }

    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), CatalogError> {
        let file = path.display().to_string();
        let text = crate::files::read_plain(path).map_err(|e| error(&file, 1, e.to_string()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        self.add(&file, &name, &text)
    }
}
