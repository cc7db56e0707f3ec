//! Tokens, sessions of browsers and the access log: a second `SQLite` file,
//! `access.db`, beside the database.
//!
//! The database has one writer, which a load may hold for an hour. Signing in,
//! revoking a token and reading the log must not wait for it, so this file has its
//! own writers with transactions of one row. They take turns, and none waits longer
//! than [`PATIENCE`]. A log line is durable before the reply is sent.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use include_dir::Dir;
use rusqlite::{Connection, OptionalExtension, Row, params};
use rusqlite_migration::Migrations;
use serde::Serialize;

use super::backup::copy;
use super::identity::DatabaseForm;
use super::manifest::BackupContents;
use super::{BackupSummary, Result, StoreError};
use crate::credentials::{Identity, Role, Secret};
use crate::files::is_there;
use crate::overlay::SCHEMA;

static FOLDER: LazyLock<&Dir> =
    LazyLock::new(|| SCHEMA.get_dir("access").expect("the folder is part of the program"));
static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::from_directory(&FOLDER).expect("the folder is part of the program and tested")
});

/// The file with tokens and the access log.
const ACCESS: DatabaseForm = DatabaseForm {
    application_id: 0x4b48_4c41, // KHLA
    tables: &["token", "session"],
    latest: || FOLDER.dirs().count() as i64,
};

/// Name of the file.
const FILE: &str = "access.db";

/// How long a writer waits for another one, here or in another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// A token in a list; the secret is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenLine {
    /// Number of the token; it is used in URLs and in the access log.
    pub id: i64,
    /// What it was called.
    pub name: String,
    /// Role of the token.
    pub role: Role,
    /// HCODE of the unit, for roles that have one.
    pub hcode: Option<String>,
    /// First letters of the token, by which people recognize it.
    pub begins: String,
    /// When it was made.
    pub created_at: String,
    /// The user that made it.
    pub created_by: String,
    /// Time of expiry (RFC 3339); `None` if it does not expire.
    pub expires_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<String>,
}

/// A token to make.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// What to call it.
    pub name: &'a str,
    /// Role of the token.
    pub role: Role,
    /// HCODE of the unit, for roles that have one.
    pub hcode: Option<&'a str>,
    /// From when on it is worth nothing.
    pub expires_at: Option<&'a str>,
    /// The user that makes it.
    pub by: &'a str,
}

/// A token or session that was found, with what must be noted of its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundToken {
    /// Identity of the owner.
    pub identity: Identity,
    /// When the token was last used.
    pub last_used_at: Option<String>,
}

/// The file, open.
pub struct AccessStore {
    pub(super) conn: Connection,
}

impl AccessStore {
    /// The file of a data folder.
    pub fn path(data: &Path) -> PathBuf {
        data.join(FILE)
    }

    /// Opens (or makes) the file of a data folder.
    ///
    /// # Errors
    /// Fails if the file is of another program or a newer version, or cannot be opened
    /// or migrated.
    pub fn open(data: &Path) -> Result<Self> {
        let path = Self::path(data);
        // Readable for the service alone from its first moment on; `SQLite`
        // gives its own mode to the files beside it.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(error.into());
            }
            _ => {}
        }
        #[allow(clippy::disallowed_methods, reason = "the store opens it")]
        let mut conn = Connection::open(&path)?;
        conn.busy_timeout(PATIENCE)?;
        ACCESS.version(&conn, &path)?;
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "foreign_keys", true)?;
        MIGRATIONS.to_latest(&mut conn)?;
        ACCESS.mark(&conn)?;
        Ok(Self { conn })
    }

    /// Whether a token was ever made. From then on every client needs one, even if all
    /// have been revoked.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn any_token(&self) -> Result<bool> {
        Ok(self.conn.prepare_cached("SELECT 1 FROM token LIMIT 1")?.exists([])?)
    }

    /// Stores a new token; returns its number.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn add_token(&self, token: &NewToken<'_>, secret: &Secret, at: &str) -> Result<i64> {
        self.conn.execute(
            "INSERT INTO token (name, role, hcode, selector, hash, created_at, created_by,
               expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                token.name,
                token.role.as_str(),
                token.hcode,
                secret.selector(),
                secret.hash(),
                at,
                token.by,
                token.expires_at
            ],
        )?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Revokes a token and its sessions; `false` if there is no such token or it was
    /// revoked before.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn revoke_token(&self, id: i64, by: &str, at: &str) -> Result<bool> {
        let changed = self.conn.execute(
            "UPDATE token SET revoked_at = ?2, revoked_by = ?3
             WHERE id = ?1 AND revoked_at IS NULL",
            params![id, at, by],
        )?;
        Ok(changed == 1)
    }

    /// Every token, the newest last.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn tokens(&self) -> Result<Vec<TokenLine>> {
        let mut query = self.conn.prepare(
            "SELECT id, name, role, hcode, selector, created_at, created_by, expires_at,
                    revoked_at, last_used_at FROM token ORDER BY id",
        )?;
        let rows = query.query_map([], |row| {
            Ok(TokenLine {
                id: row.get(0)?,
                name: row.get(1)?,
                role: role_of(row, 2)?,
                hcode: row.get(3)?,
                begins: row.get(4)?,
                created_at: row.get(5)?,
                created_by: row.get(6)?,
                expires_at: row.get(7)?,
                revoked_at: row.get(8)?,
                last_used_at: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Whose token a secret is, if it is worth anything at this time.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn find_token(&self, secret: &Secret, now: &str) -> Result<Option<FoundToken>> {
        self.find(
            "SELECT hash, id, role, hcode, name, last_used_at FROM token
             WHERE selector = ?1 AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > ?2)",
            secret,
            now,
        )
    }

    /// Whose token a secret was that is worth nothing any more, or still is.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn find_old_token(&self, secret: &Secret) -> Result<Option<FoundToken>> {
        self.find(
            "SELECT hash, id, role, hcode, name, last_used_at FROM token
             WHERE selector = ?1 AND ?2 = ''",
            secret,
            "",
        )
    }

    /// Whose session a secret is, if it and its token are worth anything.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn find_session(&self, secret: &Secret, now: &str) -> Result<Option<FoundToken>> {
        self.find(
            "SELECT s.hash, t.id, t.role, t.hcode, t.name, t.last_used_at
             FROM session AS s JOIN token AS t ON t.id = s.token
             WHERE s.selector = ?1 AND s.expires_at > ?2 AND t.revoked_at IS NULL
               AND (t.expires_at IS NULL OR t.expires_at > ?2)",
            secret,
            now,
        )
    }

    fn find(&self, sql: &str, secret: &Secret, now: &str) -> Result<Option<FoundToken>> {
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query(params![secret.selector(), now])?;
        let mut found = None;
        while let Some(row) = rows.next()? {
            let hash: Vec<u8> = row.get(0)?;
            if secret.is_of(&hash) {
                found = Some(found_of(row)?);
            }
        }
        Ok(found)
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn token_used(&self, id: i64, at: &str) -> Result<()> {
        let sql = "UPDATE token SET last_used_at = ?2 WHERE id = ?1";
        self.conn.prepare_cached(sql)?.execute(params![id, at])?;
        Ok(())
    }

    /// Begins a session of a token; those that are over are forgotten.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn add_session(&self, token: i64, secret: &Secret, now: &str, until: &str) -> Result<()> {
        self.conn.execute("DELETE FROM session WHERE expires_at <= ?1", [now])?;
        self.conn.execute(
            "INSERT INTO session (token, selector, hash, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![token, secret.selector(), secret.hash(), now, until],
        )?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn end_session(&self, secret: &Secret) -> Result<()> {
        let sql = "SELECT id, hash FROM session WHERE selector = ?1";
        let mut query = self.conn.prepare_cached(sql)?;
        let found: Vec<(i64, Vec<u8>)> = query
            .query_map([secret.selector()], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<std::result::Result<_, _>>()?;
        for (id, _) in found.into_iter().filter(|(_, hash)| secret.is_of(hash)) {
            self.conn.execute("DELETE FROM session WHERE id = ?1", [id])?;
        }
        Ok(())
    }

    /// The role and unit of a token by number.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn token(&self, id: i64) -> Result<Option<Identity>> {
        let sql = "SELECT NULL, id, role, hcode, name, last_used_at FROM token WHERE id = ?1";
        let found = self.conn.query_row(sql, [id], found_of).optional()?;
        Ok(found.map(|found| found.identity))
    }

    /// Copies the file into another, as the backup of the database does.
    ///
    /// # Errors
    /// As [`super::Reader::backup`].
    pub fn backup(&self, to: &Path) -> Result<BackupSummary> {
        copy(&self.conn, to, &ACCESS)
    }

    /// Restores a backup, after verifying it, if the file does not exist yet. An
    /// existing file is kept: an older copy would make revoked tokens valid again and
    /// lose lines of the log.
    ///
    /// # Errors
    /// Fails if the backup is no such file or contradicts its digests, or cannot be
    /// copied.
    pub fn adopt(backup: &Path, data: &Path) -> Result<bool> {
        let path = Self::path(data);
        if is_there(&path)? || !is_there(backup)? {
            return Ok(false);
        }
        super::restore::apart(data, |folder| {
            let candidate = folder.join(FILE);
            super::restore::copy_in(backup, &candidate)?;
            if let Some(what) = Self::wrong_with(&candidate, backup)? {
                return Err(StoreError::Inconsistent(format!("{}: {what}", backup.display())));
            }
            for ending in ["-wal", "-shm", "-journal"] {
                // A log without its file is nobody's.
                let mut left = path.as_os_str().to_owned();
                left.push(ending);
                super::restore::remove(Path::new(&left))?;
            }
            crate::crash_point("restore_access");
            std::fs::rename(&candidate, &path)?;
            Ok(crate::files::sync_folder(data)?)
        })?;
        Ok(true)
    }

    /// Describes what is wrong with a copy; `None` if it equals the backup.
    fn wrong_with(candidate: &Path, backup: &Path) -> Result<Option<String>> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let conn = Connection::open_with_flags(candidate, flags)?;
        if ACCESS.version(&conn, backup)? == 0 {
            return Err(StoreError::Foreign(backup.display().to_string()));
        }
        let said: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if said != "ok" {
            return Ok(Some(said));
        }
        let Some(sealed) = BackupContents::sealed(&conn)? else { return Ok(None) };
        let wrong = BackupContents::read(&conn)?.differences(&sealed);
        BackupContents::unseal(&conn)?;
        Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
    }

    /// Does what nobody may, to see what comes of it.
    #[cfg(test)]
    pub(crate) fn meddle(&self, sql: &str) -> Result<()> {
        Ok(self.conn.execute_batch(sql)?)
    }

    /// What `SQLite` itself finds wrong with the file; nothing when it is well.
    ///
    /// # Errors
    /// Fails if the file cannot be read.
    pub fn trouble(&self) -> Result<Option<String>> {
        let said: String =
            self.conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        Ok((said != "ok").then_some(said))
    }
}

fn found_of(row: &Row) -> rusqlite::Result<FoundToken> {
    let identity = Identity {
        token: Some(row.get(1)?),
        role: role_of(row, 2)?,
        hcode: row.get(3)?,
        name: row.get(4)?,
    };
    Ok(FoundToken { identity, last_used_at: row.get(5)? })
}

fn role_of(row: &Row, column: usize) -> rusqlite::Result<Role> {
    let name: String = row.get(column)?;
    // The table's own CHECK knows the same names.
    Role::parse(&name).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_log_is_brought_over_whole_and_stays_closed() {
        let folder = tempfile::tempdir().unwrap();
        #[allow(clippy::disallowed_methods, reason = "made as it was before")]
        let mut old = Connection::open(AccessStore::path(folder.path())).unwrap();
        MIGRATIONS.to_version(&mut old, 1).unwrap();
        let line =
            "INSERT INTO access_log (at, token, role, hcode, name, peer, action, route, unit,
                      submission, detail) VALUES";
        let values =
            "('t', 7, 'unit', '04001', 'n', '10.0.0.1', 'read', 'findings', '04001', 3, 'd')";
        old.execute_batch(&format!("{line} {values}; {line} {values};")).unwrap();
        drop(old);
        let store = AccessStore::open(folder.path()).unwrap();
        let lines = store.logged(None, None, 1, 10).unwrap().rows;
        assert_eq!(lines.iter().map(|line| line.id).collect::<Vec<_>>(), [2, 1]);
        let one = &lines[0];
        assert_eq!(
            (one.token, one.submission, &*one.action, &*one.detail),
            (Some(7), Some(3), "read", "d")
        );
        store.log_refused("u", "10.0.0.2", "units", None, "why").unwrap();
        let newest = &store.logged(None, None, 1, 1).unwrap().rows[0];
        assert_eq!((newest.id, &*newest.action, &*newest.role), (3, "refused", "none"));
        assert!(store.meddle("DELETE FROM access_log").is_err());
        assert!(store.meddle("UPDATE access_log SET peer = ''").is_err());
    }
}
