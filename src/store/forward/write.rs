//! Writes down what was sent on.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{ForwardArchive, ForwardPart, NewForwardBatch, archives_of};
use crate::store::{Result, Store, StoreError};

impl Store {
    /// Writes a batch down, with its archives, in one transaction. Refused when
    /// a submission or a row was taken back meanwhile, or rows of it were sent by
    /// somebody else: then nothing is written.
    ///
    /// # Errors
    /// Refused if a submission or a row was taken back meanwhile, or rows of it were
    /// sent by somebody else; else errors of the database.
    pub fn record_forward(
        &mut self,
        batch: &NewForwardBatch<'_>,
        archives: &[ForwardArchive],
    ) -> Result<()> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let NewForwardBatch { id, destination, made_at, by, folder, sent } = *batch;
        let rows: u64 = archives.iter().map(|archive| archive.rows).sum();
        tx.execute(
            "INSERT INTO forward_batch (id, destination, made_at, by, folder, archives, rows)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![id, destination, made_at, by, folder, archives.len() as i64, rows as i64],
        )?;
        for archive in archives {
            add_archive(&tx, id, archive)?;
            for part in &archive.parts {
                stands(&tx, part.submission)?;
                none_freed(&tx, part)?;
                tx.prepare_cached(
                    "INSERT INTO forward_part VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    destination,
                    part.submission,
                    part.file,
                    id,
                    archive.name,
                    part.first as i64,
                    part.rows as i64,
                    part.lines
                ])?;
            }
        }
        if sent {
            tx.execute(
                "INSERT INTO forward_sent VALUES (?1, ?2, ?3, ?2, 'null')",
                params![id, made_at, by],
            )?;
            mark_sent(&tx, id, made_at)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Writes down that the archives of a batch were written again, into
    /// another folder.
    ///
    /// # Errors
    /// Errors of the database, such as a full disk. Nothing is written then.
    pub fn record_forward_again(
        &mut self,
        batch: &NewForwardBatch<'_>,
        of: i64,
        reason: &str,
    ) -> Result<()> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let archives = archives_of(&tx, of)?;
        let rows: u64 = archives.iter().map(|archive| archive.rows).sum();
        let NewForwardBatch { id, destination, made_at, by, folder, .. } = *batch;
        tx.execute(
            "INSERT INTO forward_batch VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                id,
                destination,
                made_at,
                by,
                folder,
                archives.len() as i64,
                rows as i64,
                of,
                reason
            ],
        )?;
        for archive in &archives {
            add_archive(&tx, id, archive)?;
        }
        // What counted as sent when it was made does so again.
        tx.execute(
            "INSERT INTO forward_sent
             SELECT ?1, ?2, ?3, ?2, 'null' FROM forward_batch AS b
             JOIN forward_sent AS s ON s.batch = b.id
             WHERE b.id = ?4 AND s.at = b.made_at AND s.said_at = b.made_at",
            params![id, made_at, by, of],
        )?;
        tx.commit()?;
        Ok(())
    }

    /// Writes down when a batch was uploaded; that time counts as the time at
    /// which its submissions were sent on.
    ///
    /// # Errors
    /// Refused if there is no such batch, or it was confirmed before; else errors of
    /// the database.
    pub fn confirm_forward(
        &mut self,
        batch: i64,
        at: &str,
        by: &str,
        said_at: &str,
        receipt: &str,
    ) -> Result<()> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let known: Option<Option<i64>> = tx
            .query_row("SELECT again_of FROM forward_batch WHERE id = ?1", [batch], |row| {
                row.get(0)
            })
            .optional()?;
        let Some(again_of) = known else {
            return Err(StoreError::Refused(format!("no batch {batch}")));
        };
        let done: Option<String> = tx
            .query_row("SELECT at FROM forward_sent WHERE batch = ?1", [batch], |row| row.get(0))
            .optional()?;
        if let Some(done) = done {
            let what = format!("batch {batch} was sent at {done} already");
            return Err(StoreError::Refused(what));
        }
        tx.execute(
            "INSERT INTO forward_sent VALUES (?1, ?2, ?3, ?4, ?5)",
            params![batch, at, by, said_at, receipt],
        )?;
        mark_sent(&tx, again_of.unwrap_or(batch), at)?;
        tx.commit()?;
        Ok(())
    }
}

fn add_archive(conn: &Connection, batch: i64, archive: &ForwardArchive) -> Result<()> {
    conn.prepare_cached("INSERT INTO forward_archive VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            batch,
            archive.name,
            archive.standard,
            archive.hcode,
            archive.bytes as i64,
            archive.sha256,
            archive.rows as i64
        ])?;
    Ok(())
}

/// What was taken back is not sent.
fn stands(conn: &Connection, submission: i64) -> Result<()> {
    let status: Option<String> = conn
        .prepare_cached("SELECT status FROM submission WHERE id = ?1")?
        .query_row([submission], |row| row.get(0))
        .optional()?;
    match status.as_deref() {
        Some("accepted" | "partial") => Ok(()),
        _ => {
            let what = format!("submission {submission} was taken back meanwhile");
            Err(StoreError::Refused(what))
        }
    }
}

/// Nor is a row that was freed since the lines were read: the corrected one is.
fn none_freed(conn: &Connection, part: &ForwardPart) -> Result<()> {
    let mut query =
        conn.prepare_cached("SELECT line FROM freed_row WHERE sub = ?1 AND file = ?2")?;
    let mut rows = query.query(params![part.submission, part.file])?;
    while let Some(row) = rows.next()? {
        let line: u32 = row.get(0)?;
        if holds(&part.lines, line) {
            let (file, submission) = (&part.file, part.submission);
            let what = format!("{file} line {line} of submission {submission} was freed meanwhile");
            return Err(StoreError::Refused(what));
        }
    }
    Ok(())
}

/// Whether a line is among `2-57,60`.
fn holds(lines: &str, line: u32) -> bool {
    lines.split(',').any(|run| {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        let ends = first.parse::<u32>().ok().zip(last.parse::<u32>().ok());
        ends.is_some_and(|(first, last)| (first..=last).contains(&line))
    })
}

/// Puts the time of sending of a batch's submissions on record; the first one
/// counts.
fn mark_sent(conn: &Connection, batch: i64, at: &str) -> Result<()> {
    conn.execute(
        "INSERT INTO forwarded
         SELECT DISTINCT destination, submission, ?2 FROM forward_part WHERE batch = ?1
         ON CONFLICT (destination, submission) DO UPDATE SET at = min(at, excluded.at)",
        params![batch, at],
    )?;
    Ok(())
}
