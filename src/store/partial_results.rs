//! Partial results, cached in a third `SQLite` file, `figures.db`, so that a count
//! after one more archive need not read rows that have not changed.
//!
//! A cache: entries are looked up by name and fingerprint, and ignored when the
//! fingerprint differs or another build of the program has written them. The file
//! can be deleted at any time; one that cannot be read is deleted, and a failure
//! of the cache never fails a count. Readers write here, never into the database.

use std::cell::RefCell;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::Result;
use crate::files::digest;

/// Name of the file.
const FILE: &str = "figures.db";

/// How long to wait for another process; after that the result is not cached.
const PATIENCE: Duration = Duration::from_secs(2);

/// The form of the file; another one is thrown away.
const VERSION: i64 = 1;

/// The file, opened when it is first asked.
pub struct PartialResults {
    path: PathBuf,
    /// The build of the program; entries of other builds are not found.
    build: String,
    most_bytes: i64,
    conn: RefCell<Conn>,
}

enum Conn {
    Untried,
    Open(Connection),
    /// The cache failed: from then on nothing is cached, and nothing is found.
    Broken,
}

impl PartialResults {
    /// The cache of a data folder, `most_mib` MiB at most; nothing is cached with 0.
    pub fn open(data: &Path, most_mib: usize) -> Self {
        Self::open_for_build(data, most_mib, crate::version::BUILD)
    }

    /// The same cache once more, for another thread.
    #[must_use]
    pub fn again(&self) -> Self {
        let (path, build) = (self.path.clone(), self.build.clone());
        Self { path, build, most_bytes: self.most_bytes, conn: RefCell::new(Conn::Untried) }
    }

    /// Opens the cache as another build of the program would.
    fn open_for_build(data: &Path, most_mib: usize, build: &str) -> Self {
        let (path, most_bytes) = (data.join(FILE), (most_mib as i64) << 20);
        Self { path, build: build.to_owned(), most_bytes, conn: RefCell::new(Conn::Untried) }
    }

    /// The fingerprint that an entry must have to be found.
    fn fingerprint(&self, of: &str) -> String {
        digest(&[&self.build, of])
    }

    /// Deletes the cache of a data folder.
    pub fn forget(data: &Path) {
        Self::open(data, 1).remove();
    }

    /// The value cached under a name, if its fingerprint is `of`.
    pub fn get(&self, name: &str, of: &str) -> Option<Vec<u8>> {
        let of = &*self.fingerprint(of);
        let found = self.with(|conn| {
            let mut query =
                conn.prepare_cached("SELECT sum, value FROM kept WHERE name = ?1 AND of = ?2")?;
            let row = query.query_row([name, of], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
            });
            Ok(row.optional()?)
        });
        let (sum, value) = found.flatten()?;
        if sum == sum_of(name, of, &value) {
            return Some(value);
        }
        self.throw_away("a value is not the one that was kept");
        None
    }

    /// Caches a value; it replaces any other of that name.
    pub fn put(&self, name: &str, of: &str, value: &[u8]) {
        let of = &*self.fingerprint(of);
        let sum = sum_of(name, of, value);
        self.with(|conn| {
            let tx = writing(conn)?;
            tx.execute("DELETE FROM kept WHERE name = ?1", [name])?;
            tx.prepare_cached("INSERT INTO kept (name, of, sum, value) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![name, of, sum, value])?;
            // What was kept longest ago goes first.
            tx.prepare_cached(
                "DELETE FROM kept WHERE id IN (
                   SELECT id FROM (SELECT id, sum(length(value)) OVER (ORDER BY id DESC) AS all_of
                                   FROM kept) WHERE all_of > ?1)",
            )?
            .execute([self.most_bytes])?;
            Ok(tx.commit()?)
        });
    }

    /// Runs `work` on the file; `None` if the cache has failed.
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Option<T> {
        if self.most_bytes == 0 {
            return None;
        }
        let mut conn = self.conn.borrow_mut();
        if let Conn::Untried = *conn {
            *conn = match self.open_file() {
                Ok(open) => Conn::Open(open),
                Err(error) => {
                    log::debug!("{FILE}: {error}");
                    Conn::Broken
                }
            };
        }
        let Conn::Open(open) = &*conn else { return None };
        match work(open) {
            Ok(value) => Some(value),
            Err(error) => {
                let busy = error.is_busy();
                *conn = Conn::Broken;
                drop(conn);
                if !busy {
                    self.throw_away(&error.to_string());
                }
                None
            }
        }
    }

    fn open_file(&self) -> Result<Connection> {
        match self.open_as_it_is() {
            Err(error) if !error.is_busy() => {
                self.remove();
                self.open_as_it_is()
            }
            other => other,
        }
    }

    fn open_as_it_is(&self) -> Result<Connection> {
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(error.into());
            }
            _ => {}
        }
        #[allow(clippy::disallowed_methods, reason = "the store opens it")]
        let conn = Connection::open(&self.path)?;
        conn.busy_timeout(PATIENCE)?;
        // A memory needs not outlive a power failure; sums tell when it did not.
        conn.pragma_update(None, "synchronous", "OFF")?;
        let version = || conn.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
        if version()? == VERSION {
            return Ok(conn);
        }
        let tx = writing(&conn)?;
        if version()? != VERSION {
            tx.execute_batch("DROP TABLE IF EXISTS kept")?;
            tx.execute_batch(
                "CREATE TABLE kept (
                   id    INTEGER PRIMARY KEY AUTOINCREMENT,
                   name  TEXT NOT NULL UNIQUE,
                   of    TEXT NOT NULL,
                   sum   BLOB NOT NULL,
                   value BLOB NOT NULL
                 ) STRICT",
            )?;
            tx.pragma_update(None, "user_version", VERSION)?;
        }
        tx.commit()?;
        Ok(conn)
    }

    fn throw_away(&self, why: &str) {
        log::warn!("{FILE} is thrown away: {why}");
        *self.conn.borrow_mut() = Conn::Broken;
        self.remove();
    }

    fn remove(&self) {
        for ending in ["", "-journal"] {
            let mut path = self.path.clone().into_os_string();
            path.push(ending);
            let _ = fs::remove_file(path);
        }
    }
}

/// Waits for its turn to write: who has read first and finds another writing
/// would be refused at once.
fn writing(conn: &Connection) -> Result<Transaction<'_>> {
    Ok(Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?)
}

/// What tells that a value is the one that was kept.
fn sum_of(name: &str, of: &str, value: &[u8]) -> Vec<u8> {
    let mut sum = Sha256::new();
    for part in [name.as_bytes(), b"\n", of.as_bytes(), b"\n", value] {
        sum.update(part);
    }
    sum.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_value_is_found_only_for_what_it_is_of() {
        let folder = tempfile::tempdir().unwrap();
        let kept = PartialResults::open(folder.path(), 1);
        assert_eq!(kept.get("a", "1"), None);
        kept.put("a", "1", b"one");
        assert_eq!(PartialResults::open(folder.path(), 1).get("a", "1").unwrap(), b"one");
        assert_eq!(kept.get("a", "2"), None);
        kept.put("a", "2", b"two");
        assert_eq!((kept.get("a", "1"), kept.get("a", "2")), (None, Some(b"two".to_vec())));
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn threads_keep_values_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let kept = PartialResults::open(folder.path(), 8);
        let start = std::sync::Barrier::new(3);
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let (kept, start) = (kept.again(), &start);
                scope.spawn(move || {
                    start.wait();
                    for n in 0..20 {
                        kept.put(&format!("{thread} {n}"), "", &[thread; 10_000]);
                    }
                });
            }
        });
        for (thread, n) in (0..3_u8).flat_map(|thread| (0..20).map(move |n| (thread, n))) {
            assert!(kept.get(&format!("{thread} {n}"), "").is_some(), "{thread} {n}");
        }
    }

    #[test]
    fn what_another_build_has_cached_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        PartialResults::open_for_build(folder.path(), 1, "a build").put("a", "1", b"one");
        let build = |build| PartialResults::open_for_build(folder.path(), 1, build);
        assert_eq!(build("another build").get("a", "1"), None);
        assert_eq!(PartialResults::open(folder.path(), 1).get("a", "1"), None);
        assert_eq!(build("a build").get("a", "1").unwrap(), b"one");
        build("another build").put("a", "1", b"two");
        assert_eq!(build("a build").get("a", "1"), None, "there is one entry of a name");
    }

    #[test]
    fn what_was_kept_longest_ago_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let kept = PartialResults::open(folder.path(), 1);
        for n in 0..4 {
            kept.put(&n.to_string(), "", &vec![n; 400 << 10]);
        }
        let there: Vec<bool> = (0..4).map(|n| kept.get(&n.to_string(), "").is_some()).collect();
        assert_eq!(there, [false, false, true, true]);
        kept.put("too large", "", &vec![0; 2 << 20]);
        assert_eq!(kept.get("too large", ""), None);
        let nothing = PartialResults::open(folder.path(), 0);
        nothing.put("a", "", b"one");
        assert_eq!(nothing.get("a", ""), None);
    }

    #[test]
    fn a_damaged_file_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let value = vec![7; 100_000];
        PartialResults::open(folder.path(), 1).put("a", "", &value);
        let good = fs::read(&path).unwrap();
        for damage in 0..4_usize {
            let mut bad = good.clone();
            match damage {
                0 => bad.truncate(5_000),
                1 => bad[..4096].fill(1),
                2 => bad[50_000] ^= 1,
                _ => bad = b"not a database at all".repeat(500),
            }
            let mut file = OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
            std::io::Write::write_all(&mut file, &bad).unwrap();
            drop(file);
            assert_eq!(PartialResults::open(folder.path(), 1).get("a", ""), None, "{damage}");
            PartialResults::open(folder.path(), 1).put("a", "", &value);
            assert_eq!(PartialResults::open(folder.path(), 1).get("a", "").unwrap(), value);
        }
    }
}
