//! What was sent on: batches, their archives, and which rows of which
//! submission each of them holds. A line is never changed (the tables' own
//! triggers see to it).

mod prove;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Reader, Result};

/// A submission whose rows may be sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardCandidate {
    /// Its number.
    pub id: i64,
    /// Name as received.
    pub archive: String,
    /// SHA-256 of the original.
    pub sha256: String,
    /// Where the original lies, below the data folder.
    pub stored: String,
    /// `F21` or `F43`.
    pub standard: String,
    /// HCODE of the sender.
    pub hcode: String,
    /// The time that its name says, RFC 3339.
    pub sent_at: String,
    /// When it was received, RFC 3339.
    pub received_at: String,
    /// Whether some of its files were sent on.
    pub partly: bool,
    /// Rows that were accepted, by file, without those that were sent on or
    /// freed since.
    pub files: BTreeMap<String, u64>,
}

/// The rows of one file of one submission in an archive that was sent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForwardPart {
    /// The submission.
    pub submission: i64,
    /// The file, as the standard of the submission calls it.
    pub file: String,
    /// Number of its first row among the rows of the member, from 1.
    pub first: u64,
    /// Number of rows.
    pub rows: u64,
    /// Lines in the member as received: `2-57,60`.
    #[serde(skip)]
    pub lines: String,
}

/// An archive that was sent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForwardArchive {
    /// Name of the archive.
    pub name: String,
    /// `F21` or `F43`.
    pub standard: String,
    /// HCODE of the unit whose rows it holds.
    pub hcode: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// Rows in it.
    pub rows: u64,
    /// Rows in it, by file and submission.
    pub parts: Vec<ForwardPart>,
}

/// A batch as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewForwardBatch<'a> {
    /// The number that it was promised.
    pub id: i64,
    /// The destination.
    pub destination: &'a str,
    /// When it was made, RFC 3339.
    pub made_at: &'a str,
    /// User, or the service.
    pub by: &'a str,
    /// Folder, relative to the data folder.
    pub folder: &'a str,
    /// Whether the time at which it was made counts as that of sending.
    pub sent: bool,
}

/// A batch that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForwardBatch {
    /// Its number.
    pub batch: i64,
    /// The destination.
    pub destination: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// User, or the service.
    pub by: String,
    /// Folder, relative to the data folder.
    pub folder: String,
    /// Archives in it.
    pub archives: u64,
    /// Rows in them.
    pub rows: u64,
    /// When it was sent, RFC 3339: when it was made (`sent = "made"`), or when it
    /// was said to be uploaded (`sent = "confirmed"`).
    pub sent_at: Option<String>,
    /// The batch whose archives it has again.
    pub again_of: Option<i64>,
    /// Why they were written again.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A submission that was taken back after its rows were sent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForwardedVoid {
    /// The submission.
    pub submission: i64,
    /// Name of the archive as received.
    pub archive: String,
    /// When it was taken back, RFC 3339.
    pub void_at: String,
    /// Why.
    pub reason: String,
    /// The archive in which rows of it were sent.
    pub sent_in: String,
    /// The batch of that.
    pub batch: i64,
    /// Rows of it in there.
    pub rows: u64,
}

const BATCH: &str =
    "SELECT b.id, b.destination, b.made_at, b.by, b.folder, b.archives, b.rows, s.at,
    b.again_of, b.reason FROM forward_batch AS b LEFT JOIN forward_sent AS s ON s.batch = b.id";

fn batch_of(row: &Row<'_>) -> rusqlite::Result<ForwardBatch> {
    Ok(ForwardBatch {
        batch: row.get(0)?,
        destination: row.get(1)?,
        made_at: row.get(2)?,
        by: row.get(3)?,
        folder: row.get(4)?,
        archives: row.get::<_, i64>(5)? as u64,
        rows: row.get::<_, i64>(6)? as u64,
        sent_at: row.get(7)?,
        again_of: row.get(8)?,
        reason: row.get(9)?,
    })
}

impl Reader {
    /// Submissions that stand and have rows which were not sent to a
    /// destination, oldest first. One that was sent by other means
    /// (`registry forwarded`, `forward adopt`) has none.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn forward_candidates(&self, destination: &str) -> Result<Vec<ForwardCandidate>> {
        let mut query = self.conn.prepare_cached(
            "SELECT s.id, s.archive, s.sha256, s.stored, s.standard, s.hcode, s.sent_at,
               s.received_at, t.file,
               sum(t.accepted) - (SELECT count(*) FROM freed_row AS d
                 WHERE d.sub = s.id AND d.file = t.file) AS stand,
               EXISTS (SELECT 1 FROM forward_part AS p
                 WHERE p.destination = ?1 AND p.submission = s.id)
             FROM submission AS s JOIN tally AS t ON t.submission = s.id
             WHERE s.status IN ('accepted', 'partial') AND s.stored IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM forward_part AS p
                 WHERE p.destination = ?1 AND p.submission = s.id AND p.file = t.file)
               AND (EXISTS (SELECT 1 FROM forward_part AS p
                   WHERE p.destination = ?1 AND p.submission = s.id)
                 OR NOT EXISTS (SELECT 1 FROM forwarded AS f
                   WHERE f.destination = ?1 AND f.submission = s.id))
             GROUP BY s.id, t.file HAVING stand > 0 ORDER BY s.id",
        )?;
        let mut found: Vec<ForwardCandidate> = Vec::new();
        let mut rows = query.query([destination])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if found.last().is_none_or(|last| last.id != id) {
                found.push(ForwardCandidate {
                    id,
                    archive: row.get(1)?,
                    sha256: row.get(2)?,
                    stored: row.get(3)?,
                    standard: row.get(4)?,
                    hcode: row.get(5)?,
                    sent_at: row.get(6)?,
                    received_at: row.get(7)?,
                    partly: row.get(10)?,
                    files: BTreeMap::new(),
                });
            }
            if let Some(last) = found.last_mut() {
                last.files.insert(row.get(8)?, row.get::<_, i64>(9)? as u64);
            }
        }
        Ok(found)
    }

    /// The lines of the rows of a kind of record that these submissions
    /// stored, each list in ascending order.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn accepted_lines(
        &self,
        record: &str,
        submissions: &BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, Vec<u32>>> {
        let mut found: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        let Some(first) = submissions.first() else { return Ok(found) };
        let sql =
            format!("SELECT _sub, _line FROM t_{} WHERE _sub >= ?1", record.to_ascii_lowercase());
        let mut query = self.conn.prepare_cached(&sql)?;
        let mut rows = query.query([first])?;
        while let Some(row) = rows.next()? {
            let submission: i64 = row.get(0)?;
            if submissions.contains(&submission) {
                found.entry(submission).or_default().push(row.get(1)?);
            }
        }
        for lines in found.values_mut() {
            lines.sort_unstable();
        }
        Ok(found)
    }

    /// Batches, oldest first; those of all destinations without one.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn forward_batches(&self, destination: Option<&str>) -> Result<Vec<ForwardBatch>> {
        let sql = format!("{BATCH} WHERE ?1 IS NULL OR b.destination = ?1 ORDER BY b.id");
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map([destination], batch_of)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// A batch by number.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn forward_batch(&self, id: i64) -> Result<Option<ForwardBatch>> {
        let sql = format!("{BATCH} WHERE b.id = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([id], batch_of).optional()?)
    }

    /// The archives of a batch, by name. One that has archives again has the
    /// parts of the first.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn forward_archives(&self, batch: i64) -> Result<Vec<ForwardArchive>> {
        archives_of(&self.conn, batch)
    }

    /// The names of archives that were sent for a unit to a destination.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn forward_names(&self, destination: &str, hcode: &str) -> Result<BTreeSet<String>> {
        let mut query = self.conn.prepare_cached(
            "SELECT a.name FROM forward_archive AS a JOIN forward_batch AS b ON b.id = a.batch
             WHERE b.destination = ?1 AND a.hcode = ?2",
        )?;
        let names = query.query_map([destination, hcode], |row| row.get(0))?;
        Ok(names.collect::<std::result::Result<_, _>>()?)
    }

    /// Destinations to which something was sent, by whatever means, also those
    /// that are no longer configured.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn forward_destinations(&self) -> Result<BTreeSet<String>> {
        // From name to name, for there is a line for each submission.
        let mut query = self.conn.prepare_cached(
            "WITH RECURSIVE known (name) AS (
               SELECT min(destination) FROM forwarded
               UNION ALL
               SELECT (SELECT min(destination) FROM forwarded WHERE destination > name)
               FROM known WHERE name IS NOT NULL)
             SELECT name FROM known WHERE name IS NOT NULL
             UNION SELECT destination FROM forward_batch",
        )?;
        let names = query.query_map([], |row| row.get(0))?;
        Ok(names.collect::<std::result::Result<_, _>>()?)
    }

    /// The number that the next batch will have.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn next_forward_batch(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(id), 0) + 1 FROM forward_batch";
        Ok(self.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// Submissions that were taken back after rows of them were sent; a
    /// destination is to be told, for nothing can be called back there.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn forwarded_voids(&self, destination: Option<&str>) -> Result<Vec<ForwardedVoid>> {
        let mut query = self.conn.prepare_cached(
            "SELECT s.id, s.archive, v.at, v.reason, p.archive, p.batch, sum(p.rows)
             FROM forward_part AS p
             JOIN submission AS s ON s.id = p.submission
             JOIN void AS v ON v.submission = s.id
             WHERE ?1 IS NULL OR p.destination = ?1
             GROUP BY s.id, p.batch, p.archive ORDER BY s.id, p.batch, p.archive",
        )?;
        let rows = query.query_map([destination], |row| {
            Ok(ForwardedVoid {
                submission: row.get(0)?,
                archive: row.get(1)?,
                void_at: row.get(2)?,
                reason: row.get(3)?,
                sent_in: row.get(4)?,
                batch: row.get(5)?,
                rows: row.get::<_, i64>(6)? as u64,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}

fn archives_of(conn: &Connection, batch: i64) -> Result<Vec<ForwardArchive>> {
    let mut parts: BTreeMap<String, Vec<ForwardPart>> = BTreeMap::new();
    let mut query = conn.prepare_cached(
        "SELECT archive, submission, file, first, rows, lines FROM forward_part
         WHERE batch = coalesce((SELECT again_of FROM forward_batch WHERE id = ?1), ?1)
         ORDER BY archive, file, first",
    )?;
    let mut rows = query.query([batch])?;
    while let Some(row) = rows.next()? {
        parts.entry(row.get(0)?).or_default().push(ForwardPart {
            submission: row.get(1)?,
            file: row.get(2)?,
            first: row.get::<_, i64>(3)? as u64,
            rows: row.get::<_, i64>(4)? as u64,
            lines: row.get(5)?,
        });
    }
    let mut query = conn.prepare_cached(
        "SELECT name, standard, hcode, bytes, sha256, rows FROM forward_archive
         WHERE batch = ?1 ORDER BY name",
    )?;
    let archives = query.query_map([batch], |row| {
        let name: String = row.get(0)?;
        Ok(ForwardArchive {
            standard: row.get(1)?,
            hcode: row.get(2)?,
            bytes: row.get::<_, i64>(3)? as u64,
            sha256: row.get(4)?,
            rows: row.get::<_, i64>(5)? as u64,
            parts: parts.remove(&name).unwrap_or_default(),
            name,
        })
    })?;
    Ok(archives.collect::<std::result::Result<_, _>>()?)
}
