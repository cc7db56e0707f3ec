//! Texts that people write for a report, in Markdown below `DATA/texts/`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{ExportError, Result};
use crate::files::FileError;
use crate::report::Prose;

/// Longest text, in bytes: a report is read by people.
const LONGEST: u64 = 256 << 10;

/// A text of a report: the period's own (`KEY-2563Q3.md`), else the one that
/// stands until it is changed (`KEY.md`).
pub(super) fn read(data: &Path, report: &str, key: &str, period: &str) -> Result<Option<Prose>> {
    let folder = data.join("texts").join(report);
    for name in [format!("{key}-{period}.md"), format!("{key}.md")] {
        if let Some(text) = read_file(&folder.join(name))? {
            return Ok(Some(Prose::new(text.strip_prefix('\u{feff}').unwrap_or(&text))));
        }
    }
    Ok(None)
}

/// Where a text of a period is to be put, below the data folder.
pub(super) fn place(report: &str, key: &str, period: &str) -> PathBuf {
    Path::new("texts").join(report).join(format!("{key}-{period}.md"))
}

fn read_file(path: &Path) -> Result<Option<String>> {
    let file = match crate::files::open_plain(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::about(path.display())(error).into()),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(FileError::about(path.display()))?;
    if bytes.len() as u64 > LONGEST {
        let what = format!("{}: longer than {LONGEST} bytes", path.display());
        return Err(ExportError::Refused(what));
    }
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| ExportError::Refused(format!("{}: no UTF-8", path.display())))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_periods_own_text_goes_before_the_one_that_stands() {
        let data = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = data.path().join("texts/kpi66").join(name);
            crate::files::make_folder(path.parent().unwrap(), 0o700).unwrap();
            crate::files::write_whole(&path, text.as_bytes()).unwrap();
        };
        let read = |period| read(data.path(), "kpi66", "activities", period).unwrap();
        assert_eq!(read("2563Q3"), None);
        put("activities.md", "\u{feff}ทั่วไป");
        put("activities-2563Q3.md", "ไตรมาสสาม");
        assert_eq!(read("2563Q3").unwrap().markdown(), "ไตรมาสสาม");
        assert_eq!(read("2563Q2").unwrap().markdown(), "ทั่วไป");
    }
}
