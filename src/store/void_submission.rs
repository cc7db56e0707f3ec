//! Takes a submission back: its rows are deleted and free their keys; the submission
//! and the reason stay on record.

use rusqlite::params;

use super::{Result, Store, StoreError};
use crate::submission::Status;

/// What was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voided {
    /// Rows taken back.
    pub rows: u64,
}

impl Store {
    /// Takes back all that a submission stored, in one transaction. Rows of
    /// later submissions that were duplicates of it are not stored thereby:
    /// they may be sent again.
    ///
    /// The time of it is kept no earlier than the last load, which it may have
    /// waited for, so that a past state knows that the void came after it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such submission or nothing of it is
    /// stored, and errors of the database.
    pub fn void(&mut self, id: i64, by: &str, reason: &str, at: &str) -> Result<Voided> {
        let known =
            self.known(id)?.ok_or_else(|| StoreError::Refused(format!("no submission {id}")))?;
        if !matches!(known.status, Status::Accepted | Status::Partial) {
            let status = known.status.as_str();
            return Err(StoreError::Refused(format!(
                "submission {id} is {status}: nothing to void"
            )));
        }
        let tx = self.conn.transaction()?;
        let mut rows = 0;
        for table in &self.tables.list {
            rows += tx.execute(&format!("DELETE FROM {} WHERE _sub = ?1", table.name), [id])?;
        }
        tx.execute("UPDATE submission SET status = 'void' WHERE id = ?1", [id])?;
        tx.execute(
            "INSERT INTO void VALUES (?1, max(?2, (SELECT max(loaded_at) FROM submission)), ?3, ?4,
               ?5, ?6)",
            params![id, at, by, reason, known.status.as_str(), rows as i64],
        )?;
        tx.commit()?;
        Ok(Voided { rows: rows as u64 })
    }
}
