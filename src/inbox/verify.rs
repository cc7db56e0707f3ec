//! Compares the folders with the submissions (invariant 3).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::folders::Folders;
use crate::archive::sha256_file;
use crate::files::is_there;
use crate::load::LoadError;
use crate::store::{Store, VerifyReport};

/// Every submission's original lies where the store says, unchanged; nothing
/// else lies in accepted and rejected.
///
/// # Errors
/// Errors of the database, and files that cannot be read for other reasons than being
/// gone.
pub fn verify_folders(
    store: &Store,
    folders: &Folders,
    report: &mut VerifyReport,
) -> Result<(), LoadError> {
    let mut known = BTreeSet::new();
    for (id, stored, sha256) in store.originals()? {
        let path = folders.data.join(&stored);
        let in_work = folders.work().join(id.to_string());
        if is_there(&path)? {
            if !sha256.is_empty() && sha256_file(&path)?.0 != sha256 {
                report.push(Some(id), format!("{stored} has changed since it was received"));
            }
        } else if !is_there(&in_work)? {
            report.push(Some(id), format!("{stored} is missing"));
        }
        known.insert(stored);
    }
    for root in ["accepted", "rejected"] {
        walk(&folders.data, &folders.data.join(root), &known, report)?;
    }
    Ok(())
}

fn walk(
    data: &Path,
    folder: &Path,
    known: &BTreeSet<String>,
    report: &mut VerifyReport,
) -> std::io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            walk(data, &path, known, report)?;
            continue;
        }
        let name = path.strip_prefix(data).unwrap_or(&path).to_string_lossy().into_owned();
        if !known.contains(&name) {
            report.push(None, format!("{name} belongs to no submission"));
        }
    }
    Ok(())
}
