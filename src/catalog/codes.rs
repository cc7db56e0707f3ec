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

/// The code of an unknown place [OPPP-2557 s. 25], with the list to which it belongs:
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
        if let Some(codes) = plain_codes(body) {
            self.lists.insert(name.to_owned(), CodeList { codes, whole });
            return Ok(());
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(body.as_bytes());
        let headers = reader.headers().map_err(|e| error(file, 1, e.to_string()))?;
        let Some(at) = headers.iter().position(|h| h.trim().eq_ignore_ascii_case("code")) else {
            return Err(error(file, 1, "the header has no column `code`".to_owned()));
        };
        let headers = headers.clone();
        let mut short = None;
        let mut codes = HashSet::new();
        for (index, row) in reader.records().enumerate() {
            let line = index + 2 + usize::from(!whole);
            let row = row.map_err(|e| error(file, line, e.to_string()))?;
            short = (row.len() < headers.len()).then_some(line);
            let code = row.get(at).unwrap_or("").trim();
            if code.is_empty() {
                return Err(error(file, line, "a blank code".to_owned()));
            }
            codes.insert(code.to_owned());
        }
        // A copy that stopped half-way leaves a short last line without its end.
        if let Some(line) = short
            && !body.ends_with('\n')
        {
            return Err(error(file, line, "the file ends within this line".to_owned()));
        }
        // Against an empty list every value is wrong: rows would be refused
        // by the thousand until somebody saw why.
        if codes.is_empty() {
            return Err(error(file, 1, "the list has no codes".to_owned()));
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
    // Without its last line end it may have been cut.
    if text.contains(['"', '\r']) || !text.ends_with('\n') {
        return None;
    }
    let mut lines = text.split('\n').filter(|line| !line.is_empty());
    let mut header = lines.next()?.split(',');
    let at = header.position(|name| name.trim().eq_ignore_ascii_case("code"))?;
    let codes: Option<HashSet<String>> = lines
        .map(|line| {
            let code = line.split(',').nth(at).unwrap_or("").trim();
            (!code.is_empty()).then(|| code.to_owned())
        })
        .collect();
    codes.filter(|codes| !codes.is_empty())
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
            head in "(code|name|,| ){0,4}\n?", body in "[ab1,\n\" \t\r]{0,40}\n?",
        ) {
            let text = head + &body;
            if let Some(codes) = plain_codes(&text) {
                prop_assert_eq!(Some(codes), read(&text), "{}", text);
            }
        }
    }

    fn add(text: &str) -> Result<(usize, bool), String> {
        let mut lists = CodeLists::default();
        lists.add("codes/x.csv", "x", text).map_err(|e| e.to_string())?;
        let list = lists.get("ext:x").unwrap();
        Ok((list.codes.len(), list.whole))
    }

    #[test]
    fn a_list_that_is_empty_or_cut_is_refused_and_a_whole_one_taken() {
        for (text, wrong) in [
            ("", "no column `code`"),
            ("\u{feff}\n", "no column `code`"),
            ("code,name\n", "no codes"),
            ("#partial\ncode,name\n", "no codes"),
            ("code,name\nA00,x\nA0", "ends within this line"),
            ("code,name\nA00,x\n,y\n", "a blank code"),
        ] {
            let told = add(text).unwrap_err();
            assert!(told.contains(wrong) && told.contains("codes/x.csv"), "{text:?}: {told}");
        }
        assert_eq!(add("code,name\nA00,x\nA01\n"), Ok((2, true)), "a short line with its end");
        assert_eq!(add("code,name\nA00\nA01,y"), Ok((2, true)), "no last line end, but whole");
        assert_eq!(add("\u{feff}#partial\ncode\nA00\n"), Ok((1, false)));
    }

    #[test]
    fn a_folder_of_lists_that_cannot_be_read_is_no_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = |at: &Path| {
            let own = crate::overlay::Overlay::folder(at, crate::overlay::CODES);
            crate::catalog::Catalog::load(Some(&own)).map(|_| ())
        };
        assert!(catalog(&folder.path().join("none")).is_ok(), "the province has dropped in none");
        let file = folder.path().join("codes");
        std::fs::File::create(&file).unwrap();
        assert!(catalog(&file).is_err(), "a file where the folder should be");
    }
}
