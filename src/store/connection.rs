//! Opens the store: settings, migrations, tables of records, views.

use std::cell::{Cell, RefCell};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::backup::{self, BackupSummary};
use super::free_space::FreeSpace;
use super::insert::InsertTexts;
use super::migrations::{KHLANG, MIGRATIONS};
use super::tables::Tables;
use super::{Result, StoreError};
use crate::catalog::Catalog;
use crate::files::is_there;

/// Page cache of a reader's temporary tables, KiB; what does not fit goes to a
/// temporary file.
const CACHE_KIB: i64 = 64 << 10;

/// 16 KiB pages load 1.15–1.4 times faster than SQLite's 4 KiB.
const PAGE_BYTES: u32 = 16 << 10;

/// How long a second process (say `import` beside the daemon) waits for the
/// writer: longer than the longest load.
const WRITER_WAIT: Duration = Duration::from_hours(1);

/// Set when the program is to end and shall wait for nobody any more.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Lets every store of this process give up waiting for its turn as a writer:
/// what it was about to do fails as busy, and is done at the next start.
pub fn stop_waiting() {
    STOPPING.store(true, Ordering::Relaxed);
}

/// Asked by SQLite between tries for its turn.
fn wait_on(tries: i32) -> bool {
    let pause = Duration::from_millis(u64::from(tries.unsigned_abs()).clamp(1, 50));
    std::thread::sleep(pause);
    !STOPPING.load(Ordering::Relaxed) && pause * tries.unsigned_abs() < WRITER_WAIT
}

/// The store, open for writing. A process has at most one.
pub struct Store {
    pub(super) conn: Connection,
    pub(super) tables: Tables,
    path: Option<PathBuf>,
    /// Idle readers, reused for the next archives.
    spare: RefCell<Vec<Reader>>,
    /// Statements that insert rows.
    pub(super) inserts: InsertTexts,
    /// Bytes of the disk that must stay free.
    pub(super) room: Option<FreeSpace>,
}

/// How a store is opened.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// Size of the page cache, in MiB.
    pub cache_mib: u32,
    /// Whether to copy the database to `backups/` before it is migrated.
    pub copy_first: bool,
}

impl Store {
    /// Opens the database file, or makes it, with a page cache of `cache_mib` MiB.
    ///
    /// # Errors
    /// Fails if the file is of another program or a newer Khlang, or cannot be opened
    /// or migrated.
    pub fn open(path: &Path, catalog: &Catalog, cache_mib: u32) -> Result<Self> {
        Self::open_with(path, catalog, Opening { cache_mib, copy_first: true })
    }

    /// Opens the database file, or makes it. A database of an older Khlang is copied
    /// before it is migrated, unless the options say that the caller has a copy.
    ///
    /// # Errors
    /// As [`Store::open`], and if there is no room for the copy.
    pub fn open_with(path: &Path, catalog: &Catalog, opening: Opening) -> Result<Self> {
        // Two processes that both find no schema must not both make it. The
        // folder is locked: closing a second handle of the database itself
        // would let go of SQLite's locks.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let turn = File::open(folder.unwrap_or(Path::new(".")))?;
        turn.lock()?;
        if !is_there(path)? {
            // SQLite gives its own mode to the files beside it.
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        }
        #[allow(clippy::disallowed_methods, reason = "this is the one place that opens it")]
        let conn = Connection::open(path)?;
        conn.busy_handler(Some(wait_on))?;
        let version = KHLANG.version(&conn, path)?;
        conn.pragma_update(None, "page_size", PAGE_BYTES)?;
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        let latest = (KHLANG.latest)();
        if opening.copy_first && (1..latest).contains(&version) {
            super::free_space::copy_before(&conn, path, latest)?;
        }
        let store = Self::prepare(conn, catalog, opening.cache_mib, Some(path.to_owned()))?;
        KHLANG.mark(&store.conn)?;
        Ok(store)
    }

    /// Loading ends before less than this is left of the disk, the log counted.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn leave_free(&mut self, bytes: u64) -> Result<()> {
        // Negative, it is a number of KiB.
        let kib: i64 = self.conn.query_row("PRAGMA cache_size", [], |row| row.get(0))?;
        let cache = kib.min(0).unsigned_abs() * 1024;
        self.room = self.path.as_deref().map(|path| FreeSpace::new(path, bytes, cache));
        Ok(())
    }

    /// A store that is gone when dropped, for validating without a database.
    /// It spills to a temporary file, so that memory stays bounded.
    ///
    /// # Errors
    /// Fails if the temporary file cannot be made.
    pub fn temporary(catalog: &Catalog, cache_mib: u32) -> Result<Self> {
        #[allow(clippy::disallowed_methods, reason = "this is the one place that opens it")]
        let conn = Connection::open("")?;
        conn.pragma_update(None, "page_size", PAGE_BYTES)?;
        conn.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "OFF")?;
        Self::prepare(conn, catalog, cache_mib, None)
    }

    fn prepare(
        mut conn: Connection,
        catalog: &Catalog,
        cache_mib: u32,
        path: Option<PathBuf>,
    ) -> Result<Self> {
        conn.pragma_update(None, "foreign_keys", true)?;
        conn.pragma_update(None, "cache_size", -(i64::from(cache_mib) * 1024))?;
        // Nearly all of the log is moved by a `Flusher` beside the writer; what
        // it leaves is moved here, when the log has 192 MiB.
        conn.pragma_update_and_check(None, "wal_autocheckpoint", 12_000, |_| Ok(()))?;
        conn.pragma_update_and_check(None, "journal_size_limit", 256 << 20, |_| Ok(()))?;
        conn.set_prepared_statement_cache_capacity(256);
        MIGRATIONS.to_latest(&mut conn)?;
        let tables = Tables::new(catalog);
        tables.create(&mut conn)?;
        Ok(Self {
            conn,
            tables,
            path,
            spare: RefCell::default(),
            inserts: <_>::default(),
            room: None,
        })
    }

    /// A reader beside this writer; `None` for a temporary store, which only its own
    /// connection can see.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn reader(&self) -> Result<Option<Reader>> {
        if let Some(reader) = self.spare.borrow_mut().pop() {
            return Ok(Some(reader));
        }
        self.path.as_deref().map(|path| Reader::open(path, None)).transpose()
    }

    /// Changes whenever somebody else has written.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn version(&self) -> Result<i64> {
        Ok(self.conn.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Lets go of the write-ahead log, when idle.
    ///
    /// False when somebody else uses the database, so that it had to stay.
    ///
    /// # Errors
    /// Errors of the database; a reader that is in the way is none.
    pub fn checkpoint(&self) -> Result<bool> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = self.conn.query_row(sql, [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// Moves the log into the database, without waiting long for readers.
    ///
    /// # Errors
    /// Errors of the database; a reader that is in the way is none.
    pub fn empty_log(&self) -> Result<bool> {
        self.conn.busy_timeout(Duration::from_secs(1))?;
        let done = self.checkpoint();
        self.conn.busy_handler(Some(wait_on))?;
        done
    }

    /// Takes a reader back for the next archive: opening one costs more than
    /// a small archive does.
    pub fn give_back(&self, reader: Reader) {
        self.spare.borrow_mut().push(reader);
    }
}

/// A read-only connection. Readers see the last committed state and are never
/// blocked by a load.
pub struct Reader {
    pub(super) conn: Connection,
    /// Page cache of temporary tables, KiB.
    pub(super) temp_cache_kib: Cell<i64>,
}

impl Reader {
    /// Opens the database read-only. A query that takes longer than `deadline`
    /// is stopped.
    ///
    /// # Errors
    /// As [`Reader::open_any_version`], and [`StoreError::Older`] if no writer has
    /// opened the database since an upgrade that changes its form: a reader cannot
    /// migrate it.
    pub fn open(path: &Path, deadline: Option<Duration>) -> Result<Self> {
        let reader = Self::open_any_version(path)?;
        if KHLANG.version(&reader.conn, path)? < (KHLANG.latest)() {
            return Err(StoreError::Older(path.display().to_string()));
        }
        if let Some(deadline) = deadline {
            reader.stop_after(deadline)?;
        }
        Ok(reader)
    }

    /// Opens the database read-only in whatever form it has, to copy it or to ask
    /// what every version can tell.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] or [`StoreError::Newer`] for a file of another program
    /// or of a newer Khlang, and errors of SQLite.
    pub fn open_any_version(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(Duration::from_secs(5))?;
        KHLANG.version(&conn, path)?;
        conn.pragma_update(None, "query_only", true)?;
        conn.pragma_update(None, "cache_size", -8192)?;
        conn.set_prepared_statement_cache_capacity(64);
        Ok(Self { conn, temp_cache_kib: Cell::new(CACHE_KIB) })
    }

    /// Refuses a database whose tables of records are not those of the catalogue,
    /// as after an upgrade whose dictionary has gained a column.
    ///
    /// # Errors
    /// [`StoreError::Older`] if the tables are others, and errors of SQLite.
    pub fn require_tables_of(&self, catalog: &Catalog) -> Result<()> {
        if Tables::new(catalog).are_in(&self.conn)? {
            return Ok(());
        }
        Err(StoreError::Older(self.conn.path().unwrap_or_default().to_owned()))
    }

    /// Another reader of the same file, which holds the state that it is in; none
    /// of a store without a file.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn another(&self) -> Result<Option<Self>> {
        let Some(path) = self.conn.path().filter(|path| !path.is_empty()) else { return Ok(None) };
        let other = Self::open(Path::new(path), None)?;
        // Held until it is closed: the first query takes the state.
        other.conn.execute_batch("BEGIN")?;
        other.ping()?;
        Ok(Some(other))
    }

    /// Interrupts queries that still run after `deadline` from now.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn stop_after(&self, deadline: Duration) -> Result<()> {
        let until = Instant::now() + deadline;
        self.conn.progress_handler(10_000, Some(move || Instant::now() > until))?;
        Ok(())
    }

    /// Interrupts queries that still run after `deadline` from now, or once `stop` is set
    /// because the program ends.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn stop_after_or(&self, deadline: Duration, stop: Arc<AtomicBool>) -> Result<()> {
        let until = Instant::now() + deadline;
        let over = move || stop.load(Ordering::Relaxed) || Instant::now() > until;
        self.conn.progress_handler(10_000, Some(over))?;
        Ok(())
    }

    /// Holds one state of the store for every query until the guard is dropped,
    /// so that what one reply says agrees with itself.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn snapshot(&self) -> Result<Snapshot<'_>> {
        Ok(Snapshot { _held: self.conn.unchecked_transaction()? })
    }

    /// Whether a snapshot is held.
    pub fn is_held(&self) -> bool {
        !self.conn.is_autocommit()
    }

    /// Copies the database into one file, with what is in it beside it. An
    /// existing file is not replaced.
    ///
    /// # Errors
    /// Refused if a file of the name is there; else errors of the database and the file
    /// system.
    pub fn backup(&self, to: &Path) -> Result<BackupSummary> {
        // Copying writes nothing here, but to the other file.
        self.conn.pragma_update(None, "query_only", false)?;
        let copied = backup::copy(&self.conn, to, &KHLANG);
        self.conn.pragma_update(None, "query_only", true)?;
        copied
    }

    /// Answers when the database can be read at all.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn ping(&self) -> Result<()> {
        self.conn.query_row("SELECT count(*) FROM meta", [], |_| Ok(())).map_err(StoreError::from)
    }
}

/// One state of the store, held.
pub struct Snapshot<'a> {
    _held: rusqlite::Transaction<'a>,
}

/// A database as it once was.
#[cfg(test)]
pub(super) fn of_version(path: &Path, version: usize) -> Connection {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that opens it")]
    let mut conn = Connection::open(path).unwrap();
    MIGRATIONS.to_version(&mut conn, version).unwrap();
    conn
}

/// Runs SQL as another program would, for tests.
#[cfg(test)]
pub(crate) fn run_as_another(path: &Path, sql: &str) {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that opens it")]
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(sql).unwrap();
}
