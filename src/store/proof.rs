//! Compares the store with its backups. Rows of a submission never change until some
//! are freed or all are taken back, so a row that differs between the store and a
//! backup of the same rows was changed by hand or by the disk.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::manifest::{BackupContents, Sum, differ, sealed_submissions};
use super::migrations::KHLANG;
use super::{Result, Store, VerifyReport};

/// What a backup says of the submissions in it.
#[derive(Debug, Default)]
pub struct OfBackup {
    name: String,
    submissions: BTreeMap<i64, (String, Sum)>,
}

/// A submission among all that there ever were.
const WHICH: &str = "SELECT id, sha256 || ' ' || received_at FROM submission
    WHERE status IN ('accepted', 'partial')";

/// How many rows of each submission were freed.
const FREED: &str = "SELECT sub, count(*) FROM freed_row GROUP BY sub";

/// Proves a backup; what is wrong with it goes into the report.
///
/// # Errors
/// Has none: what is wrong with the backup goes into the report.
pub fn prove_backup(path: &Path, report: &mut VerifyReport) -> Result<OfBackup> {
    let mut of = OfBackup { name: path.display().to_string(), ..OfBackup::default() };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut look = || -> Result<()> {
        drop(crate::files::open_plain(path)?);
        let conn = Connection::open_with_flags(path, flags)?;
        if KHLANG.version(&conn, path)? == 0 {
            report.push(None, format!("{}: is empty", of.name));
            return Ok(());
        }
        let integrity: String =
            conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if integrity != "ok" {
            report.push(None, format!("{}: {integrity}", of.name));
            return Ok(());
        }
        let Some(sealed) = BackupContents::sealed(&conn)? else {
            report.push(None, format!("{}: carries no digests of its content", of.name));
            return Ok(());
        };
        for what in BackupContents::read(&conn)?.differences(&sealed) {
            report.push(None, format!("{}: {what}", of.name));
        }
        let which = which(&conn)?;
        let of_known = |(id, sum)| Some((id, (which.get(&id)?.clone(), sum)));
        of.submissions = sealed.submissions.into_iter().filter_map(of_known).collect();
        Ok(())
    };
    if let Err(error) = look() {
        report.push(None, format!("{}: {error}", path.display()));
    }
    Ok(of)
}

fn which(conn: &Connection) -> Result<BTreeMap<i64, String>> {
    let mut query = conn.prepare(WHICH)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut all: BTreeMap<i64, String> = rows.collect::<std::result::Result<_, _>>()?;
    for (id, rows) in freed(conn)? {
        if let Some(which) = all.get_mut(&id) {
            which.push_str(" without ");
            which.push_str(&rows.to_string());
        }
    }
    Ok(all)
}

/// Submissions of which rows were freed, with how many; none in a backup of a
/// program that knew of no freeing.
fn freed(conn: &Connection) -> Result<BTreeMap<i64, i64>> {
    let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'freed_row')";
    if !conn.query_row(there, [], |row| row.get::<_, bool>(0))? {
        return Ok(BTreeMap::new());
    }
    let mut query = conn.prepare(FREED)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

impl Store {
    /// Compares the rows of every submission with those that it has in a
    /// backup, or had when the store was restored.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn verify_contents(&self, backups: &[OfBackup], report: &mut VerifyReport) -> Result<()> {
        let _held = self.conn.unchecked_transaction()?;
        let restored = sealed_submissions(&self.conn)?;
        if restored.is_empty() && backups.iter().all(|backup| backup.submissions.is_empty()) {
            return Ok(());
        }
        let (is, which) = (BackupContents::read(&self.conn)?.submissions, which(&self.conn)?);
        let mut compare = |id: i64, was: &Sum, from: &str| {
            if let Some(what) = differ(is.get(&id), Some(was)) {
                report.push(Some(id), format!("{what} (compared with {from})"));
            }
        };
        // What was restored says nothing of when: rows that were freed may be
        // from before or since.
        let freed = freed(&self.conn)?;
        let whole = |id: &i64| which.contains_key(id) && !freed.contains_key(id);
        for (id, was) in restored.iter().filter(|(id, _)| whole(id)) {
            compare(*id, was, "the backup that was restored");
        }
        for backup in backups {
            for (id, (name, was)) in &backup.submissions {
                if which.get(id) == Some(name) {
                    compare(*id, was, &backup.name);
                }
            }
        }
        Ok(())
    }
}
