//! How many exports are kept. Nothing is removed but a folder that this
//! program made, with exactly the files that its manifest names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Result;
use super::folder::{self, ASIDE, ExportFolder};
use super::manifest;
use crate::crash_point;
use crate::files::FileError;

/// Removes all but the newest; the turn must be held.
pub(super) fn keep_newest(home: &Path, name: &str, keep: usize) -> Result<()> {
    let mut all = folder::made(home)?;
    all.retain(|made| made.manifest.export == name);
    let more = all.len().saturating_sub(keep.max(1));
    for made in all.drain(..more) {
        if let Some(stranger) = stranger(&made)? {
            log::warn!("export {name}: {} is kept, {stranger} is in it", made.path.display());
            continue;
        }
        remove(home, &made)?;
    }
    Ok(())
}

/// Something in the folder that the export did not put there.
fn stranger(made: &ExportFolder) -> Result<Option<String>> {
    let own: BTreeSet<&str> =
        made.manifest.files.iter().map(|file| file.name.as_str()).chain([manifest::FILE]).collect();
    let trouble = |error| FileError::about(made.path.display())(error);
    for entry in fs::read_dir(&made.path).map_err(trouble)? {
        let entry = entry.map_err(trouble)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let plain = entry.file_type().map_err(trouble)?.is_file();
        if !plain || !own.contains(name.as_str()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Takes the name away first, so that nobody ever sees half a folder.
fn remove(home: &Path, made: &ExportFolder) -> Result<()> {
    let name = made.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let aside = home.join(format!("{ASIDE}{name}"));
    let remove = || {
        fs::rename(&made.path, &aside)?;
        crash_point("export_aside");
        fs::remove_dir_all(&aside)
    };
    Ok(remove().map_err(FileError::about(made.path.display()))?)
}
