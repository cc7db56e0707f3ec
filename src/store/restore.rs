//! Replaces the database by a backup after verifying that it is complete and of this
//! province. If the process is killed at any instant, either the old or the new
//! database is there, complete. The old one is kept.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::backup::beside;
use super::connection::Opening;
use super::manifest::BackupContents;
use super::migrations::KHLANG;
use super::{Result, Store, StoreError, VerifyReport};
use crate::catalog::Catalog;
use crate::files::{is_there, make_folder, open_plain, sync_folder};
use crate::text::{Bilingual, message, message_with, text};

/// Folder, beside the database, in which a backup proves itself.
const FOLDER: &str = ".restore";

/// Submissions that are named when they would be lost; the rest is a number.
const NAMED: usize = 5;

/// A backup that is to be restored.
pub struct Restoring<'a> {
    /// The backup.
    pub backup: &'a Path,
    /// The database.
    pub database: &'a Path,
    /// What its records are.
    pub catalog: &'a Catalog,
    /// Days from an event to its sending that are on time.
    pub on_time_days: i64,
    /// Tells whether a unit is in the list in force; `None` if there is no list.
    pub knows: Option<&'a dyn Fn(&str) -> bool>,
    /// Restore even if submissions would be lost, or if the backup is of another
    /// province.
    pub force: bool,
}

/// Why a backup was not restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreRefusal {
    /// In Thai.
    pub th: String,
    /// In English.
    pub en: String,
}

impl From<Bilingual> for RestoreRefusal {
    fn from(Bilingual { th, en }: Bilingual) -> Self {
        Self { th, en }
    }
}

/// The outcome of a restore.
#[derive(Debug, Default)]
pub struct Restored {
    /// Counts of the backup.
    pub report: VerifyReport,
    /// Why it was not restored; empty if it was.
    pub refused: Vec<RestoreRefusal>,
    /// Path of the old database, if there was one.
    pub kept: Option<PathBuf>,
    /// Whether it carried digests of its content, which were verified.
    pub sealed: bool,
}

/// Restores a backup. Nothing may have the database open.
///
/// # Errors
/// Refused if the database is in use; else errors of the database and the file system.
/// What is wrong with the backup is told in the outcome.
pub fn restore(from: &Restoring) -> Result<Restored> {
    let folder = from.database.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    apart(folder, |own| in_folder(from, folder, &own.join("khlang.db")))
}

/// Works in a folder of its own beside the database, which is gone afterwards;
/// nobody opens the database for writing meanwhile.
pub(super) fn apart<T>(folder: &Path, work: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let turn = File::open(folder)?;
    turn.lock()?;
    let own = folder.join(FOLDER);
    clear(&own)?;
    make_folder(&own, 0o700)?;
    let done = work(&own);
    clear(&own)?;
    done
}

/// Removes what a restore that was killed left behind.
///
/// # Errors
/// Fails if what was left behind cannot be removed.
pub fn sweep_restore(folder: &Path) -> Result<()> {
    // A restore that goes on holds the folder.
    let turn = File::open(folder)?;
    if turn.try_lock().is_ok() { clear(&folder.join(FOLDER)) } else { Ok(()) }
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn in_folder(from: &Restoring, folder: &Path, candidate: &Path) -> Result<Restored> {
    copy_in(from.backup, candidate)?;
    // A plain copy of a database that was in use has a log beside it.
    if with(from.backup, "-wal").is_file() {
        copy_in(&with(from.backup, "-wal"), &with(candidate, "-wal"))?;
    }
    crate::crash_point("restore_copied");
    let mut restored = Restored::default();
    if let Some(refusal) = prove(from, candidate, &mut restored)? {
        restored.refused.push(refusal);
        return Ok(restored);
    }
    if !from.force {
        restored.refused.extend(compare(from, candidate)?);
        if !restored.refused.is_empty() {
            return Ok(restored);
        }
    }
    {
        let opening = Opening { cache_mib: 32, copy_first: false };
        let store = Store::open_with(candidate, from.catalog, opening)?;
        restored.report = store.verify(from.catalog, from.on_time_days)?;
        BackupContents::unseal(&store.conn)?;
        store.checkpoint()?;
    }
    if !restored.report.mismatches.is_empty() {
        restored.refused.push(message("restore.contradicts").into());
        return Ok(restored);
    }
    for ending in ["-wal", "-shm"] {
        remove(&with(candidate, ending))?;
    }
    File::open(candidate)?.sync_all()?;
    crate::crash_point("restore_proven");
    restored.kept = set_aside(from.database)?;
    crate::crash_point("restore_kept");
    fs::rename(candidate, from.database)?;
    crate::crash_point("restore_renamed");
    sync_folder(folder)?;
    Ok(restored)
}

/// Copies a file that somebody named, for the service alone.
pub(super) fn copy_in(from: &Path, to: &Path) -> Result<()> {
    let mut source = open_plain(from)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut target)?;
    Ok(target.sync_all()?)
}

fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(path, flags)?)
}

fn damaged(from: &Restoring, what: &str) -> RestoreRefusal {
    let name = from.backup.display();
    message_with("restore.damaged", &[("name", &name), ("what", &what)]).into()
}

/// Checks that it is a backup of Khlang with the content it was made with.
fn prove(
    from: &Restoring,
    candidate: &Path,
    restored: &mut Restored,
) -> Result<Option<RestoreRefusal>> {
    match look(from, candidate, restored) {
        Err(error) if error.is_damage() => Ok(Some(damaged(from, &error.to_string()))),
        other => other,
    }
}

fn look(
    from: &Restoring,
    candidate: &Path,
    restored: &mut Restored,
) -> Result<Option<RestoreRefusal>> {
    let name = from.backup.display();
    let conn = open(candidate)?;
    match KHLANG.version(&conn, from.backup) {
        Ok(0) => {
            return Ok(Some(message_with("restore.empty", &[("name", &name)]).into()));
        }
        Ok(_) => {}
        Err(error @ (StoreError::Foreign(_) | StoreError::Newer { .. })) => {
            let (th, en) = error.texts();
            return Ok(Some(RestoreRefusal { th, en }));
        }
        Err(error) => return Err(error),
    }
    let integrity: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if integrity != "ok" {
        return Ok(Some(damaged(from, &integrity)));
    }
    let Some(sealed) = BackupContents::sealed(&conn)? else {
        return Ok(is_there(&beside(from.backup))?.then(|| damaged(from, "its digests are gone")));
    };
    let mut wrong = BackupContents::read(&conn)?.differences(&sealed);
    if let Ok(text) = fs::read(beside(from.backup)) {
        let said: Value = serde_json::from_slice(&text).unwrap_or_default();
        if said["content_sha256"] != sealed.digest() {
            wrong.push("it is not the one that is described beside it".to_owned());
        }
    }
    restored.sealed = wrong.is_empty();
    let more = wrong.len().saturating_sub(NAMED);
    wrong.truncate(NAMED);
    if more > 0 {
        wrong.push(format!("… {more}"));
    }
    Ok((!wrong.is_empty()).then(|| damaged(from, &wrong.join("; "))))
}

/// What is received, as far as it tells one state of the store from another.
struct ReceivedNumbers {
    submissions: BTreeSet<(i64, String, String)>,
    units: BTreeSet<String>,
}

impl ReceivedNumbers {
    fn read(conn: &Connection) -> Result<Self> {
        let submissions = conn
            .prepare("SELECT id, sha256, archive FROM submission")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<std::result::Result<_, _>>()?;
        let units = conn
            .prepare(
                "SELECT DISTINCT hcode FROM submission
                 WHERE hcode IS NOT NULL AND status <> 'broken'",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<std::result::Result<_, _>>()?;
        Ok(Self { submissions, units })
    }
}

/// Reasons against replacing the present database by the backup.
fn compare(from: &Restoring, candidate: &Path) -> Result<Vec<RestoreRefusal>> {
    let mut found = Vec::new();
    let backup = ReceivedNumbers::read(&open(candidate)?)?;
    let mut units_here = BTreeSet::new();
    if is_there(from.database)? {
        match here(from.database) {
            Ok(Some(here)) => {
                let lost: Vec<_> = here.submissions.difference(&backup.submissions).collect();
                found.extend((!lost.is_empty()).then(|| loss(&lost)));
                units_here = here.units;
            }
            Ok(None) => {}
            Err(error @ StoreError::Newer { .. }) => return Err(error),
            Err(error) => {
                log::warn!("what is there cannot be read, and is kept aside: {error}");
            }
        }
    }
    let known =
        |unit: &String| units_here.contains(unit) || from.knows.is_some_and(|knows| knows(unit));
    let asked = !units_here.is_empty() || from.knows.is_some();
    if asked && !backup.units.is_empty() && !backup.units.iter().any(known) {
        let some: Vec<&str> = backup.units.iter().take(NAMED).map(String::as_str).collect();
        let some = some.join(" ");
        found.push(message_with("restore.other_province", &[("some", &some)]).into());
    }
    Ok(found)
}

/// What the database has that is there; nothing when there is nothing in it.
fn here(database: &Path) -> Result<Option<ReceivedNumbers>> {
    let conn = open(database)?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    if KHLANG.version(&conn, database)? == 0 {
        return Ok(None);
    }
    ReceivedNumbers::read(&conn).map(Some)
}

fn loss(lost: &[&(i64, String, String)]) -> RestoreRefusal {
    let count = lost.len();
    let names: Vec<String> =
        lost.iter().take(NAMED).map(|(id, _, archive)| format!("#{id} {archive}")).collect();
    let more = if count > NAMED { " …" } else { "" };
    let names = names.join(", ");
    let values: [(&str, &dyn Display); 3] = [("count", &count), ("names", &names), ("more", &more)];
    message_with("restore.would_be_lost", &values).into()
}

/// Keeps the database under a number of its own, and leaves nothing beside it
/// that would be taken for a part of the new one.
fn set_aside(database: &Path) -> Result<Option<PathBuf>> {
    let in_use = || StoreError::Refused(text("restore.in_use").both());
    let mut clean = false;
    if is_there(database)? {
        // Leaving the log behind succeeds only for one who is alone with it.
        match open(database).and_then(|conn| alone(&conn)) {
            Ok(true) => clean = true,
            Ok(false) => return Err(in_use()),
            Err(error) if error.is_busy() => return Err(in_use()),
            Err(error) => log::warn!("what is there is kept as it is: {error}"),
        }
    }
    crate::crash_point("restore_closed");
    let kept = number(database);
    let mut any = false;
    for ending in ["-wal", "-shm", ""] {
        let part = with(database, ending);
        if !is_there(&part)? || clean && !ending.is_empty() {
            continue;
        }
        fs::hard_link(&part, with(&kept, ending))?;
        any = true;
    }
    for ending in ["-wal", "-shm"] {
        remove(&with(database, ending))?;
    }
    Ok(any.then_some(kept))
}

/// Moves all of the log into the database and removes it; false when somebody
/// else has the database open.
fn alone(conn: &Connection) -> Result<bool> {
    let mode: String = conn.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    Ok(mode == "delete")
}

/// The first free number for a kept database.
fn number(database: &Path) -> PathBuf {
    let free = |kept: &PathBuf| {
        ["", "-wal", "-shm"].iter().all(|ending| !is_there(&with(kept, ending)).unwrap_or(true))
    };
    (1..10_000_u32)
        .map(|number| with(database, &format!(".before-restore.{number}")))
        .find(free)
        .unwrap_or_else(|| with(database, ".before-restore"))
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
