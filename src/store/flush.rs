//! Flushes the write-ahead log beside the writer. The thread that finishes an
//! archive makes its commit durable and sometimes moves the log into the database,
//! so the writer can go on with the next archive.
//!
//! An archive is reported, and its original moved, only after [`Flusher::flush`] has
//! returned. If power fails before that, the archive is still in `work/` and is
//! loaded again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::submission::is_known;
use super::{Result, StoreError};

/// Pages of the log that are moved at once: many, because a page that changed
/// often is moved only once; few, because the writer moves what is left when
/// the log has become too long.
const PAGES: i64 = 3000;

/// Pages of a log that is nearly as long as the writer lets it become, and
/// then moves by itself: all that can be moved is, so that little is left.
const NEARLY_FULL: i64 = 9000;

/// How long to wait for another process that moves the log.
const WAIT: Duration = Duration::from_secs(5);

/// The log of a store that somebody else writes.
pub struct Flusher {
    conn: Connection,
    log: PathBuf,
}

impl Flusher {
    /// Of the database at `path`, which is there.
    ///
    /// # Errors
    /// As [`Store::open`], without migrating.
    pub fn open(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(WAIT)?;
        super::migrations::KHLANG.version(&conn, path)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "query_only", true)?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { conn, log: log.into() })
    }

    /// Makes durable what is committed.
    ///
    /// # Errors
    /// Errors of the database, such as a full disk.
    pub fn flush(&self) -> Result<()> {
        match File::open(&self.log).and_then(|log| log.sync_data()) {
            // All of it has been moved into the database, which is durable.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done.map_err(StoreError::Io)?,
        }
        let (pages, waiting) = self.checkpoint("NOOP")?;
        if waiting >= PAGES || pages >= NEARLY_FULL && waiting > 0 {
            self.checkpoint("PASSIVE")?;
        }
        Ok(())
    }

    /// Moves all of the log into the database, as far as nobody else needs it:
    /// the file by itself is then whole.
    ///
    /// # Errors
    /// Errors of the database, such as a full disk.
    pub fn empty(&self) -> Result<()> {
        self.checkpoint("PASSIVE").map(|_| ())
    }

    /// Pages of the log, and how many of them are still to be moved afterwards.
    fn checkpoint(&self, how: &str) -> Result<(i64, i64)> {
        let sql = format!("PRAGMA wal_checkpoint({how})");
        let mut query = self.conn.prepare_cached(&sql)?;
        let (pages, moved): (i64, i64) =
            query.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
        Ok((pages, pages - moved))
    }

    /// Whether a submission is committed.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn is_known(&self, id: i64) -> Result<bool> {
        is_known(&self.conn, id)
    }
}
