//! Code lists: the built-in ones of `schema/codes/` and those that the
//! province drops in (ICD-10-TM, 24-digit drug codes, …).

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::{CatalogError, error};

/// One code list.
#[derive(Debug, Clone, Default)]
pub struct CodeList {
    /// The codes as sent, leading zeros kept.
    pub codes: HashSet<String>,
    /// False when the list is known to lack codes: then a value outside it
    /// cannot be judged, and the check is reported as not made.
    pub whole: bool,
}

/// Code lists by name; `ext:` names are looked up without that prefix.
#[derive(Debug, Default)]
pub struct CodeLists {
    lists: BTreeMap<String, CodeList>,
}

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
        if let Some(codes) = plain_codes(body) {
            self.lists.insert(name.to_owned(), CodeList { codes, whole });
            return Ok(());
        }
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

/// The codes of a list in which nothing is quoted, as nearly all are: getting a
/// reader of CSV ready costs more than reading such a list. None where that
/// reader has to look at it, be it to say what is wrong.
fn plain_codes(text: &str) -> Option<HashSet<String>> {
    if text.contains(['"', '\r']) {
        return None;
    }
    let mut lines = text.split('\n').filter(|line| !line.is_empty());
    let mut header = lines.next()?.split(',');
    let at = header.position(|name| name.trim().eq_ignore_ascii_case("code"))?;
    lines
        .map(|line| {
            let code = line.split(',').nth(at).unwrap_or("").trim();
            (!code.is_empty()).then(|| code.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the reader of CSV reads it.
    fn read(text: &str) -> Option<HashSet<String>> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let at =
            reader.headers().ok()?.iter().position(|h| h.trim().eq_ignore_ascii_case("code"))?;
        reader
            .records()
            .map(|row| row.ok()?.get(at).map(|code| code.trim().to_owned()))
            .map(|code| code.filter(|code| !code.is_empty()))
            .collect()
    }

    proptest! {
        #[test]
        fn plain_lists_are_read_as_csv(
            head in "(code|name|,| ){0,4}\n?", body in "[ab1,\n\" \t\r]{0,40}",
        ) {
            let text = head + &body;
            if let Some(codes) = plain_codes(&text) {
                prop_assert_eq!(Some(codes), read(&text), "{}", text);
            }
        }
    }
}
