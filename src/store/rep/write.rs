//! Puts a file that came back on record: all of it, or nothing.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::store::{Result, Store, StoreError};
use crate::text::message_with;

/// A file as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRep<'a> {
    /// Who answered.
    pub destination: &'a str,
    /// `rows` or `statement`.
    pub kind: &'a str,
    /// The layout.
    pub layout: &'a str,
    /// Whether that was proven on real files.
    pub proven: bool,
    /// SHA-256 of the layout.
    pub version: &'a str,
    /// Name of the file.
    pub file: &'a str,
    /// SHA-256 of the file.
    pub sha256: &'a str,
    /// Its size.
    pub bytes: u64,
    /// When, RFC 3339.
    pub at: &'a str,
    /// By whom.
    pub by: &'a str,
}

/// A line about a row as it is written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewRepRow {
    /// Line in the file.
    pub at: u64,
    /// The sender, else the unit as told; blank when nobody knows.
    pub hcode: String,
    /// Name of the archive as told.
    pub archive: String,
    /// Line in its member as told.
    pub told_line: Option<u32>,
    /// The file, as the standard of the submission calls it.
    pub file: String,
    /// The kind of record; blank when it is not known.
    pub record: String,
    /// The submission and the line in it.
    pub of: Option<(i64, u32)>,
    /// `line` or `key`; blank when it is nobody's.
    pub how: &'static str,
    /// Why it is nobody's, in a word.
    pub why: &'static str,
    /// Key of the row.
    pub key: String,
    /// Day of the event, `YYYYMMDD`.
    pub day: Option<i64>,
    /// Codes, with a comma between.
    pub code: String,
    /// Whether it was passed.
    pub passed: bool,
    /// Points in hundredths.
    pub points: Option<i64>,
}

/// A line about money as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatementLine {
    /// Line in the file.
    pub at: u64,
    /// The round, B.E.
    pub round: i64,
    /// `quarter`, `tranche` or `support`.
    pub part: &'static str,
    /// Number of the quarter or tranche; blank for support.
    pub period: String,
    /// The main unit.
    pub cup: String,
    /// The unit; blank when it is not told.
    pub hcode: String,
    /// Satang.
    pub amount: i64,
    /// Number of the document.
    pub document: String,
    /// Day of the payment, `YYYYMMDD`.
    pub paid_on: Option<i64>,
}

impl Store {
    /// Writes down what a file says of rows; gives its number.
    ///
    /// # Errors
    /// Errors of the database, such as a full disk. Nothing is written then.
    pub fn record_rep(&mut self, rep: &NewRep<'_>, rows: &[NewRepRow]) -> Result<i64> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let refused = rows.iter().filter(|row| !row.passed).count();
        let unmatched = rows.iter().filter(|row| row.of.is_none()).count();
        let id = begin(&tx, rep, [rows.len(), refused, unmatched])?;
        let mut insert = tx.prepare(
            "INSERT INTO rep_row VALUES
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?;
        for (seq, row) in (1_i64..).zip(rows) {
            if seq == 2 {
                crate::crash_point("rep_begun");
            }
            insert.execute(params![
                id,
                seq,
                rep.destination,
                row.at as i64,
                row.hcode,
                row.archive,
                row.told_line,
                row.file,
                row.record,
                row.of.map(|of| of.0),
                row.of.map(|of| of.1),
                row.how,
                row.why,
                row.key,
                row.day,
                row.code,
                row.passed,
                row.points
            ])?;
        }
        drop(insert);
        tx.commit()?;
        crate::crash_point("rep_recorded");
        Ok(id)
    }

    /// Writes down what a statement says of money; gives its number.
    ///
    /// # Errors
    /// Refused if the same bytes, or a line of the same document about the same part
    /// of a unit, are on record already: money is received once. Else errors of the
    /// database, such as a full disk. Nothing is written then.
    pub fn record_statement(
        &mut self,
        rep: &NewRep<'_>,
        lines: &[NewStatementLine],
    ) -> Result<i64> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id = begin(&tx, rep, [lines.len(), 0, 0])?;
        for line in lines.iter().filter(|line| !line.document.is_empty()) {
            told_once(&tx, rep.destination, line)?;
        }
        let mut insert = tx.prepare(
            "INSERT INTO statement_line VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for (seq, line) in (1_i64..).zip(lines) {
            insert.execute(params![
                id,
                seq,
                line.at as i64,
                line.round,
                line.part,
                line.period,
                line.cup,
                line.hcode,
                line.amount,
                line.document,
                line.paid_on
            ])?;
        }
        drop(insert);
        tx.commit()?;
        Ok(id)
    }
}

/// A statement that was saved again has other bytes, and the same documents: its
/// money would count twice.
fn told_once(tx: &Transaction<'_>, destination: &str, line: &NewStatementLine) -> Result<()> {
    let NewStatementLine { at, round, part, period, cup, hcode, document, .. } = line;
    let known: Option<(i64, String)> = tx
        .prepare_cached(
            "SELECT p.id, p.file FROM statement_line AS l JOIN rep AS p ON p.id = l.rep
             WHERE l.round = ?1 AND l.cup = ?2 AND l.document = ?3 AND l.part = ?4
               AND l.period = ?5 AND l.hcode = ?6 AND p.destination = ?7
             ORDER BY p.id LIMIT 1",
        )?
        .query_row(params![round, cup, document, part, period, hcode, destination], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((id, file)) = known else { return Ok(()) };
    let values: [(&str, &dyn std::fmt::Display); 4] =
        [("line", at), ("document", document), ("file", &file), ("id", &id)];
    Err(StoreError::Refused(message_with("rep.known_document", &values).both()))
}

/// Writes the line of the file, unless its bytes are there already.
fn begin(tx: &Transaction<'_>, rep: &NewRep<'_>, counts: [usize; 3]) -> Result<i64> {
    let known: Option<i64> = tx
        .query_row("SELECT id FROM rep WHERE sha256 = ?1", [rep.sha256], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        let values: [(&str, &dyn std::fmt::Display); 2] = [("file", &rep.file), ("id", &id)];
        let what = message_with("rep.known", &values);
        return Err(StoreError::Refused(what.both()));
    }
    let [rows, refused, unmatched] = counts.map(|count| count as i64);
    tx.execute(
        "INSERT INTO rep (destination, kind, layout, proven, version, file, sha256, bytes,
           imported_at, by, rows, refused, unmatched, after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
           (SELECT coalesce(max(id), 0) FROM submission))",
        params![
            rep.destination,
            rep.kind,
            rep.layout,
            rep.proven,
            rep.version,
            rep.file,
            rep.sha256,
            rep.bytes as i64,
            rep.at,
            rep.by,
            rows,
            refused,
            unmatched
        ],
    )?;
    Ok(tx.last_insert_rowid())
}
