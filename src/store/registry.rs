//! Writes the population registry and times of forwarding, each in one transaction,
//! so that a reader sees either the old or the new state.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Result, Store, StoreError};

/// The record of an imported registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRecord {
    /// Name of the file.
    pub file: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// When it was imported.
    pub imported_at: String,
    /// The user that imported it.
    pub by: String,
    /// Lines taken.
    pub persons: u64,
    /// Lines left out.
    pub bad: u64,
}

/// A registry on its way in. Dropped before [`Self::commit`], it leaves the
/// registry in use as it was.
pub struct RegistryLoading<'s> {
    tx: Transaction<'s>,
}

impl Store {
    /// Begins to replace the registry.
    pub fn registry_load(&mut self) -> Result<RegistryLoading<'_>> {
        let tx = self.conn.transaction()?;
        tx.execute("DELETE FROM registry_person", [])?;
        Ok(RegistryLoading { tx })
    }

    /// Writes down when submissions were sent on; all or none of them. A later
    /// time never replaces an earlier one: what counts is the first sending.
    pub fn record_forwarded(&mut self, lines: &[(String, i64, String)]) -> Result<()> {
        // It reads before it writes: begun as a reader it could not go on
        // behind somebody who wrote meanwhile, and would not wait for them.
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (destination, submission, at) in lines {
            let known: Option<i64> = tx
                .prepare_cached("SELECT id FROM submission WHERE id = ?1")?
                .query_row([submission], |row| row.get(0))
                .optional()?;
            if known.is_none() {
                return Err(StoreError::Refused(format!("no submission {submission}")));
            }
            tx.prepare_cached(
                "INSERT INTO forwarded VALUES (?1, ?2, ?3)
                 ON CONFLICT (destination, submission) DO UPDATE SET at = min(at, excluded.at)",
            )?
            .execute(params![destination, submission, at])?;
        }
        tx.commit()?;
        Ok(())
    }
}

impl RegistryLoading<'_> {
    /// Takes a person; false when the citizen ID was there already. Whoever has
    /// no unit (a blank `hcode`) is a head of none.
    pub fn insert(&mut self, cid: i64, hcode: &str, hmain: &str, scheme: &str) -> Result<bool> {
        let mut insert = self.tx.prepare_cached(
            "INSERT INTO registry_person VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?;
        Ok(insert.execute(params![cid, hcode, hmain, scheme])? == 1)
    }

    /// Replaces the old registry by the new one.
    pub fn commit(self, record: &RegistryRecord) -> Result<i64> {
        self.tx.execute(
            "INSERT INTO registry (file, sha256, bytes, imported_at, by, persons, bad)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                record.file,
                record.sha256,
                record.bytes as i64,
                record.imported_at,
                record.by,
                record.persons as i64,
                record.bad as i64
            ],
        )?;
        let id = self.tx.last_insert_rowid();
        self.tx.execute(
            "INSERT INTO registry_heads
             SELECT ?1, scheme, hcode, hmain, count(*) FROM registry_person
             WHERE hcode <> '' GROUP BY 2, 3, 4",
            [id],
        )?;
        self.tx.commit()?;
        Ok(id)
    }
}
