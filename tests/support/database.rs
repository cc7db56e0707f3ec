//! Looks into the database of a site as it is on the disk at this moment.

use std::fs;

use rusqlite::Connection;
use rusqlite::types::FromSql;

use super::site::Site;

/// A copy of the database with its log, so that looking changes nothing.
pub struct Snapshot {
    conn: Option<Connection>,
    _folder: tempfile::TempDir,
}

impl Snapshot {
    /// Copies the database of a site whose processes are all dead.
    pub fn of(site: &Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["khlang.db", "khlang.db-wal"] {
            if site.at(name).exists() {
                fs::copy(site.at(name), folder.path().join(name)).unwrap();
            }
        }
        let path = folder.path().join("khlang.db");
        let conn = path.exists().then(|| Connection::open(path).unwrap());
        Self { conn, _folder: folder }
    }

    fn ask<T: FromSql>(&self, sql: &str) -> Vec<T> {
        let Some(conn) = &self.conn else { return Vec::new() };
        let mut query = conn.prepare(sql).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Names of the archives of all submissions, by number.
    pub fn submissions(&self) -> Vec<String> {
        if self.ask::<String>("SELECT name FROM sqlite_schema WHERE name = 'submission'").is_empty()
        {
            return Vec::new();
        }
        self.ask("SELECT archive FROM submission ORDER BY id")
    }

    /// Numbers of the submissions of a name, the newest last.
    pub fn numbers_of(&self, archive: &str) -> Vec<i64> {
        self.ask(&format!("SELECT id FROM submission WHERE archive = '{archive}' ORDER BY id"))
    }

    /// Status of the newest submission.
    pub fn last_status(&self) -> String {
        self.ask("SELECT status FROM submission ORDER BY id DESC LIMIT 1").remove(0)
    }

    /// Where the original of the newest submission belongs.
    pub fn last_stored(&self) -> String {
        self.ask("SELECT stored FROM submission ORDER BY id DESC LIMIT 1").remove(0)
    }

    /// Name, hash, status and place of every submission.
    pub fn outcomes(&self) -> Vec<[String; 4]> {
        if self.submissions().is_empty() {
            return Vec::new();
        }
        let conn = self.conn.as_ref().unwrap();
        let sql = "SELECT archive, sha256, status, stored FROM submission ORDER BY id";
        let mut query = conn.prepare(sql).unwrap();
        let four = |row: &rusqlite::Row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
        query.query_map([], four).unwrap().map(Result::unwrap).collect()
    }

    /// Every stored row as a text: its record, the hash of the archive that it
    /// came from, and its values.
    pub fn stored_rows(&self) -> Vec<String> {
        let Some(conn) = &self.conn else { return Vec::new() };
        let mut rows = Vec::new();
        for view in self.ask::<String>(
            "SELECT name FROM sqlite_schema WHERE type = 'view' AND name = upper(name)",
        ) {
            let sql = format!(
                "SELECT s.archive, s.sha256, v.* FROM \"{view}\" AS v
                 JOIN submission AS s ON s.id = v.SUBMISSION"
            );
            let mut query = conn.prepare(&sql).unwrap();
            let number = query.column_names().iter().position(|c| *c == "SUBMISSION").unwrap();
            let columns = query.column_count();
            let text = |row: &rusqlite::Row| {
                let values = (0..columns).filter(|column| *column != number);
                let values = values.map(|column| row.get::<_, rusqlite::types::Value>(column));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                Ok(format!("{view} {values:?}"))
            };
            rows.extend(query.query_map([], text).unwrap().map(Result::unwrap));
        }
        rows
    }

    /// Rows of all records.
    pub fn rows(&self) -> u64 {
        self.tables().iter().map(|table| self.count(table)).sum()
    }

    /// The database can be read, and no row is without its submission.
    pub fn assert_sound(&self) {
        assert!(self.ask::<String>("PRAGMA integrity_check").iter().all(|said| said == "ok"));
        for table in self.tables() {
            let orphans = format!("{table} WHERE _sub NOT IN (SELECT id FROM submission)");
            assert_eq!(self.count(&orphans), 0, "rows without submission in {table}");
        }
        if !self.submissions().is_empty() {
            for table in ["tally", "problem", "finding", "finding_total"] {
                let orphans =
                    format!("{table} WHERE submission NOT IN (SELECT id FROM submission)");
                assert_eq!(self.count(&orphans), 0, "{table} without submission");
            }
        }
    }

    fn tables(&self) -> Vec<String> {
        self.ask(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 't\\_%' ESCAPE '\\'",
        )
    }

    fn count(&self, from: &str) -> u64 {
        self.ask::<i64>(&format!("SELECT count(*) FROM {from}"))[0] as u64
    }
}
