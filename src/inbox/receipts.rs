//! Receipts in the outbox. The newest answer for a name stands under the plain
//! name; older ones are kept with their numbers. Every step can be done again
//! after a kill, and processes take turns at a folder.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::folders::Folders;
use crate::files::{make_folder, sync_folder, write_together};
use crate::load::{LoadError, receipt};
use crate::store::StoreError;
use crate::submission::Submission;

/// Longest part of an archive's name in a receipt's, in bytes: file systems
/// take names of 255, and the endings need some of them.
const NAME_BYTES: usize = 200;

/// Writes the receipt of a submission. The JSON, which tells whose the three
/// files are, is always the last to be moved aside and the last to be written.
/// `is_known` tells whether a submission is committed.
///
/// # Errors
/// Errors of the file system, such as a full disk or a folder that may not be written.
pub fn write_receipt(
    is_known: &dyn Fn(i64) -> Result<bool, StoreError>,
    folders: &Folders,
    s: &Submission,
) -> Result<(), LoadError> {
    let Some(id) = s.id else { return Ok(()) };
    let folder = folders.outbox().join(s.hcode.as_deref().unwrap_or("_unknown"));
    make_folder(&folder, 0o770)?;
    let turn = File::open(&folder)?;
    turn.lock()?;
    let mut name = short(&s.archive);
    match standing(&folder, &name)? {
        Some(other) if other > id && is_known(other)? => {
            // A later archive of this name was done first (`import` beside the
            // daemon, or trouble that made this one wait).
            name = numbered(&folder, &name, id)?;
        }
        Some(other) if other != id => put_aside(&folder, &name, other)?,
        _ => {}
    }
    let files = receipt::files(s);
    let named: Vec<(String, &[u8])> = receipt::ENDINGS
        .iter()
        .zip(&files)
        .rev()
        .map(|(ending, bytes)| (format!("{name}{ending}"), bytes.as_slice()))
        .collect();
    write_together(&folder, &named, || crate::crash_point("receipt_begun"))?;
    Ok(())
}

/// Whose receipt stands under a name. What cannot be read just now may be one,
/// and must not be written over.
fn standing(folder: &Path, name: &str) -> io::Result<Option<i64>> {
    /// All else is passed over: a receipt may be long.
    #[derive(serde::Deserialize)]
    struct Receipt {
        id: Option<i64>,
    }
    let json = match fs::read(folder.join(format!("{name}{}", receipt::ENDINGS[0]))) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(serde_json::from_slice::<Receipt>(&json).ok().and_then(|receipt| receipt.id))
}

/// Gives the receipt that stands under a name its number.
fn put_aside(folder: &Path, name: &str, id: i64) -> io::Result<()> {
    let aside = numbered(folder, name, id)?;
    for ending in receipt::ENDINGS.iter().rev() {
        let to = folder.join(format!("{aside}{ending}"));
        match fs::rename(folder.join(format!("{name}{ending}")), to) {
            // Done before the last kill.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
        crate::crash_point("receipt_aside_begun");
    }
    sync_folder(folder)?;
    crate::crash_point("receipt_aside");
    Ok(())
}

/// The name with a number, and again when a file of just that name was sent.
fn numbered(folder: &Path, name: &str, id: i64) -> io::Result<String> {
    let mut numbered = format!("{name}.{id}");
    while standing(folder, &numbered)?.is_some_and(|other| other != id) {
        numbered = format!("{numbered}.{id}");
    }
    Ok(numbered)
}

/// The name, or its beginning with a mark of the whole when it is too long.
fn short(name: &str) -> String {
    if name.len() <= NAME_BYTES {
        return name.to_owned();
    }
    let digest = Sha256::digest(name);
    let mark = digest.iter().take(6).fold(0, |mark: u64, byte| mark << 8 | u64::from(*byte));
    format!("{}~{mark:012x}", beginning(name, NAME_BYTES - 13))
}

/// As much of a text as fits into so many bytes.
pub(super) fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_may_be_somebody_s_receipt() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(format!("{name}{}", receipt::ENDINGS[0]));
        assert_eq!(standing(folder.path(), "none").unwrap(), None);
        crate::files::write_whole(&path("a.zip"), br#"{"id": 7}"#).unwrap();
        assert_eq!(standing(folder.path(), "a.zip").unwrap(), Some(7));
        // Reading a folder fails as a bad disk does.
        fs::create_dir(path("b.zip")).unwrap();
        assert!(standing(folder.path(), "b.zip").is_err());
    }

    #[test]
    fn long_names_stay_apart() {
        let (a, b) = (format!("{}a.zip", "ก".repeat(80)), format!("{}b.zip", "ก".repeat(80)));
        assert!(short(&a).len() <= NAME_BYTES && short(&b).len() <= NAME_BYTES);
        assert_ne!(short(&a), short(&b));
        assert_eq!(short("F43_10670_20140101000000.zip"), "F43_10670_20140101000000.zip");
    }
}
