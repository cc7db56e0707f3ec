//! Tells which program an `SQLite` file belongs to, and whether this version knows
//! its schema. It is checked before a file is read or written: files of other
//! programs must not be changed, and files of a newer Khlang would be read wrongly.

use std::path::Path;

use rusqlite::Connection;

use super::{Result, StoreError};

/// A kind of `SQLite` file that Khlang writes.
pub(super) struct DatabaseForm {
    /// `PRAGMA application_id`; files from before there was one have 0.
    pub application_id: i32,
    /// Tables that every version has.
    pub tables: &'static [&'static str],
    /// The last version that this program knows (`PRAGMA user_version`).
    pub latest: fn() -> i64,
}

impl DatabaseForm {
    /// The version of a file, 0 for one in which nothing is yet.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] when it is not of this kind,
    /// [`StoreError::Newer`] when this program is too old for it.
    pub fn version(&self, conn: &Connection, path: &Path) -> Result<i64> {
        let number = |name: &str| -> Result<i64> {
            let sql = format!("PRAGMA {name}");
            conn.query_row(&sql, [], |row| row.get(0)).map_err(|error| error_of_file(error, path))
        };
        let (id, version) = (number("application_id")?, number("user_version")?);
        if id != i64::from(self.application_id) {
            let lacks = || -> Result<bool> {
                let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
                for table in self.tables {
                    let found: i64 = conn.query_row(sql, [table], |row| row.get(0))?;
                    if found == 0 {
                        return Ok(true);
                    }
                }
                Ok(false)
            };
            let is_new = || -> Result<bool> {
                let sql = "SELECT count(*) FROM sqlite_schema";
                Ok(conn.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0)
            };
            if id == 0 && version == 0 && is_new()? {
                return Ok(0);
            }
            if id != 0 || version == 0 || lacks()? {
                return Err(StoreError::Foreign(path.display().to_string()));
            }
        }
        let knows = (self.latest)();
        if version > knows {
            let file = path.display().to_string();
            return Err(StoreError::Newer { file, has: version, knows });
        }
        Ok(version)
    }

    /// Marks a file as ours, if it is not yet.
    pub fn mark(&self, conn: &Connection) -> Result<()> {
        let id: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if id != i64::from(self.application_id) {
            conn.pragma_update(None, "application_id", self.application_id)?;
        }
        Ok(())
    }
}

/// A file that is no database at all is another program's.
fn error_of_file(error: rusqlite::Error, path: &Path) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StoreError::Foreign(path.display().to_string()),
        _ => error.into(),
    }
}
