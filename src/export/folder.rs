//! Folders of exports: made whole, listed, swept.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::manifest::{self, Manifest};
use super::plan::RESERVED;
use super::{ExportError, Result};
use crate::crash_point;
use crate::files::{FileError, make_folder, sync_folder, write_together};

/// Beginnings of hidden names: being made, and put aside to be removed. What
/// bears one is ours, and nothing to anybody.
const MAKING: &str = ".making-";
pub(super) const ASIDE: &str = ".aside-";

/// Held while an export is made or swept, so that a run by hand beside the
/// service waits for its turn.
const LOCK: &str = ".lock";

/// An export that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFolder {
    /// Its folder.
    pub path: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its day, and its number on that day.
    pub(super) order: (NaiveDate, u32),
}

/// Where the exports of a name are.
pub(super) fn home(data: &Path, name: &str) -> PathBuf {
    data.join("exports").join(name)
}

/// Names of exports that have a folder, also those that are no longer
/// configured, in the order of the alphabet.
///
/// # Errors
/// A folder that cannot be read.
pub fn names(data: &Path) -> Result<Vec<String>> {
    let exports = data.join("exports");
    let entries = match fs::read_dir(&exports) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::about(exports.display())(error).into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(FileError::about(exports.display()))?;
        let folder = entry.file_type().map_err(FileError::about(exports.display()))?.is_dir();
        let name = entry.file_name().into_string().ok();
        let ours = |name: &String| !name.starts_with('.') && !RESERVED.contains(&name.as_str());
        names.extend(name.filter(|name| folder && ours(name)));
    }
    names.sort();
    Ok(names)
}

/// Exports of a name, oldest first.
///
/// # Errors
/// A folder that cannot be read.
pub fn list(data: &Path, name: &str) -> Result<Vec<ExportFolder>> {
    made(&home(data, name))
}

/// Exports in a folder, oldest first. A folder without a manifest is not an export.
pub(super) fn made(home: &Path) -> Result<Vec<ExportFolder>> {
    let entries = match fs::read_dir(home) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::about(home.display())(error).into()),
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry.map_err(FileError::about(home.display()))?;
        all.extend(read(&entry.path()));
    }
    all.sort_by_key(|made| (made.manifest.made_at, made.order));
    Ok(all)
}

/// What is there, as it was written.
pub(super) fn reread(path: &Path) -> Result<ExportFolder> {
    read(path).ok_or_else(|| {
        let what = format!("{} was taken away while it was made", path.display());
        ExportError::Refused(what)
    })
}

fn read(path: &Path) -> Option<ExportFolder> {
    let order = order_of(path.file_name()?.to_str()?)?;
    // What a link leads to is not ours.
    if !path.symlink_metadata().ok()?.is_dir() {
        return None;
    }
    let manifest = serde_json::from_slice(&fs::read(path.join(manifest::FILE)).ok()?).ok()?;
    Some(ExportFolder { path: path.to_owned(), manifest, order })
}

/// `2014-01-31` or, for another of that day, `2014-01-31-2`.
fn order_of(name: &str) -> Option<(NaiveDate, u32)> {
    let day = name.get(..10)?.parse().ok()?;
    match &name[10..] {
        "" => Some((day, 1)),
        more => {
            let number: u32 = more.strip_prefix('-')?.parse().ok()?;
            (number >= 2 && more[1..] == number.to_string()).then_some((day, number))
        }
    }
}

/// Waits for its turn with an export; the turn ends when the guard is dropped.
pub(super) fn turn(home: &Path) -> Result<File> {
    make_folder(home, 0o700).map_err(FileError::about(home.display()))?;
    let path = home.join(LOCK);
    let take = || {
        let file = File::create(&path)?;
        file.set_permissions(fs::Permissions::from_mode(0o640))?;
        file.lock()?;
        Ok(file)
    };
    Ok(take().map_err(FileError::about(path.display()))?)
}

/// Writes a folder, whole, under the first free name of its day.
pub(super) fn write(
    home: &Path,
    day: NaiveDate,
    files: &[(String, Vec<u8>)],
    manifest: &Manifest,
) -> Result<PathBuf> {
    let name = free_name(home, day);
    let making = home.join(format!("{MAKING}{name}"));
    let write = || {
        fs::create_dir(&making)?;
        crash_point("export_begun");
        fs::set_permissions(&making, fs::Permissions::from_mode(0o700))?;
        let manifest = manifest.bytes();
        let all: Vec<(String, &[u8])> = files
            .iter()
            .map(|(name, bytes)| (name.clone(), &bytes[..]))
            .chain([(manifest::FILE.to_owned(), &manifest[..])])
            .collect();
        write_together(&making, &all, || crash_point("export_writing"))?;
        crash_point("export_written");
        fs::rename(&making, home.join(&name))?;
        crash_point("export_named");
        sync_folder(home)
    };
    write().map_err(FileError::about(making.display()))?;
    Ok(home.join(name))
}

fn free_name(home: &Path, day: NaiveDate) -> String {
    let name = |number: u32| match number {
        1 => day.to_string(),
        _ => format!("{day}-{number}"),
    };
    let taken = |number: &u32| crate::files::is_there(&home.join(name(*number))).unwrap_or(true);
    let free = (1..=u32::MAX).find(|number| !taken(number));
    name(free.expect("a folder holds fewer names than there are numbers"))
}

/// Removes what a kill left behind under hidden names; the turn must be held.
pub(super) fn sweep_held(home: &Path) -> Result<()> {
    let sweep = || {
        for entry in fs::read_dir(home)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = name.starts_with(MAKING) || name.starts_with(ASIDE);
            if ours && entry.file_type()?.is_dir() {
                log::info!("export: removing {name}, which was not finished");
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    };
    Ok(sweep().map_err(FileError::about(home.display()))?)
}

/// Removes what a kill left behind, in all exports that nobody works on.
///
/// # Errors
/// A folder that cannot be read, or a leftover that cannot be removed.
pub fn sweep(data: &Path) -> Result<()> {
    let exports = data.join("exports");
    let entries = fs::read_dir(&exports).map_err(FileError::about(exports.display()))?;
    for entry in entries {
        let home = entry.map_err(FileError::about(exports.display()))?.path();
        let Ok(lock) = File::options().write(true).open(home.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            sweep_held(&home)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ours_are_exports() {
        let on = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        for (name, order) in [
            ("2014-01-31", Some((on(2014, 1, 31), 1))),
            ("2014-01-31-2", Some((on(2014, 1, 31), 2))),
            ("2014-01-31-12", Some((on(2014, 1, 31), 12))),
            ("2014-01-31-1", None),
            ("2014-01-31-02", None),
            ("2014-02-31", None),
            ("2014-01-31 (copy)", None),
            (".making-2014-01-31", None),
            ("ก่อนหน้านี้", None),
        ] {
            assert_eq!(order_of(name), order, "{name}");
        }
    }
}
