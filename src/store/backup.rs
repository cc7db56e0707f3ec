//! A consistent copy while the daemon runs, and a restore that proves the copy
//! before it replaces anything.

use std::fs::{self, File};
use std::path::Path;

use super::{Reader, Result, Store, StoreError, VerifyReport};
use crate::catalog::Catalog;
use crate::files::{make_private, sync_folder};

impl Reader {
    /// Copies the database into one file. It appears whole under its name; an
    /// existing file is not replaced.
    pub fn backup(&self, to: &Path) -> Result<()> {
        if to.exists() {
            return Err(StoreError::Refused(format!("{} is there already", to.display())));
        }
        let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let temporary = folder.join(format!(".{name}.tmp"));
        let _ = fs::remove_file(&temporary); // of a backup that was cut off
        self.conn.pragma_update(None, "query_only", false)?;
        let target = temporary.to_string_lossy().into_owned();
        self.conn.execute("VACUUM INTO ?1", [target])?;
        make_private(&temporary)?;
        File::open(&temporary)?.sync_all()?;
        fs::rename(&temporary, to)?;
        Ok(sync_folder(folder)?)
    }
}

/// Proves a backup (SQLite's own structures, every tally against the rows) and
/// puts it in the place of `database`, whose old state is kept beside it.
/// Nothing may have the database open.
pub fn restore(
    backup: &Path,
    database: &Path,
    catalog: &Catalog,
    on_time_days: i64,
) -> Result<VerifyReport> {
    let folder = database.parent().unwrap_or(Path::new("."));
    let candidate = folder.join(".restore.tmp");
    remove(&candidate)?;
    fs::copy(backup, &candidate)?;
    make_private(&candidate)?;
    let report = {
        let store = Store::open(&candidate, catalog, 32)?;
        let report = store.verify(catalog, on_time_days)?;
        store.checkpoint()?;
        report
    };
    if !report.mismatches.is_empty() {
        remove(&candidate)?;
        return Ok(report);
    }
    for ending in ["-wal", "-shm"] {
        remove(&with(&candidate, ending))?;
    }
    File::open(&candidate)?.sync_all()?;
    if database.exists() {
        let old = Store::open(database, catalog, 8)?;
        let alone = old.checkpoint()?;
        drop(old);
        if !alone {
            remove(&candidate)?;
            let what = "the database is in use; stop what uses it first";
            return Err(StoreError::Refused(what.to_owned()));
        }
        let kept = with(database, ".before-restore");
        remove(&kept)?;
        fs::hard_link(database, kept)?;
        for ending in ["-wal", "-shm"] {
            remove(&with(database, ending))?;
        }
    }
    fs::rename(&candidate, database)?;
    sync_folder(folder)?;
    Ok(report)
}

fn with(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
