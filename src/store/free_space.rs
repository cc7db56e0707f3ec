//! Free space on the disk: loading stops while there is still room to move the log
//! into the database, and a migration starts only if there is room for a copy.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::backup::copy;
use super::migrations::KHLANG;
use super::{Result, StoreError};
use crate::files::{free_bytes, make_folder};
use crate::text::message_with;

/// Folder, beside the database, of copies that the program makes by itself.
const BACKUPS: &str = "backups";

/// What is left of the disk for others.
pub(super) struct FreeSpace {
    folder: PathBuf,
    log: PathBuf,
    least: u64,
    cache: u64,
}

impl FreeSpace {
    /// Of a database, that leaves so many bytes free. `cache` is what the
    /// writer may hold in memory, in bytes: it comes to the log at the commit.
    pub fn new(database: &Path, least: u64, cache: u64) -> Self {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        Self { folder: folder_of(database), log: log.into(), least, cache }
    }

    /// Refuses to go on when the free space is less than what is to be left,
    /// and what moving the log into the database may still take.
    pub fn check(&self) -> Result<()> {
        let free = free_bytes(&self.folder)?;
        // What is in memory is written to the log, and then all of the log to
        // the database.
        let log = self.log.metadata().map_or(0, |meta| meta.len()) + 2 * self.cache;
        if free < self.least.saturating_add(log) {
            return Err(StoreError::NoRoom { free, least: self.least, log });
        }
        Ok(())
    }
}

/// Copies a database to `backups/` before it gets the form of another version.
/// Without submissions there is nothing to lose.
pub(super) fn copy_before(conn: &Connection, database: &Path, version: i64) -> Result<()> {
    let any = "SELECT EXISTS (SELECT 1 FROM submission)";
    if !conn.query_row(any, [], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    let folder = folder_of(database).join(BACKUPS);
    make_folder(&folder, 0o700)?;
    let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes = conn.query_row(pages, [], |row| row.get::<_, i64>(0))?.cast_unsigned();
    let free = free_bytes(&folder)?;
    if free < bytes {
        let folder = folder.display();
        let what = message_with(
            "store.no_room_for_copy",
            &[("bytes", &bytes), ("free", &free), ("folder", &folder)],
        );
        return Err(StoreError::Refused(what.both()));
    }
    let to = (1..10_000_u32)
        .map(|number| match number {
            1 => folder.join(format!("before-migration-{version:03}.db")),
            _ => folder.join(format!("before-migration-{version:03}-{number}.db")),
        })
        .find(|path| !crate::files::is_there(path).unwrap_or(true))
        .unwrap_or_else(|| folder.join("before-migration.db"));
    log::info!("the form of the database changes; copying it to {}", to.display());
    copy(conn, &to, &KHLANG)?;
    log::info!("{}", message_with("store.copied", &[("file", &to.display())]).both());
    Ok(())
}

fn folder_of(database: &Path) -> PathBuf {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}
