//! Writes runs, cases and steps, as the one writer. A step and what it holds
//! are one transaction.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::prove::seal_of;
use super::{AuditCase, AuditEvent, AuditFact, AuditHold, HoldChange, NewEvent, NewRun, read};
#[cfg(doc)]
use crate::store::StoreError;
use crate::store::migrations::KHLANG;
use crate::store::{Result, Store};

/// The writer's turn while cases are opened or a step is taken: nobody else
/// writes meanwhile. Dropped, it changes nothing.
pub struct AuditTurn<'s> {
    tx: Transaction<'s>,
}

impl Store {
    /// Waits for the writer's turn.
    ///
    /// # Errors
    /// Fails as busy if another writer keeps the database for too long, and on other
    /// errors of the database.
    pub fn audit_turn(&mut self) -> Result<AuditTurn<'_>> {
        Ok(AuditTurn { tx: self.conn.transaction_with_behavior(TransactionBehavior::Immediate)? })
    }
}

/// A writer of steps beside the daemon's own, opened for one step.
pub struct StepWriter {
    conn: Connection,
}

impl StepWriter {
    /// Opens a database that is there. Its turn is waited for at most this long;
    /// then it fails as busy ([`StoreError::is_busy`]).
    ///
    /// # Errors
    /// Fails if there is no database, or it is of another program or version.
    pub fn open(path: &Path, wait: Duration) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(wait)?;
        KHLANG.version(&conn, path)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "foreign_keys", true)?;
        // The log is moved by whoever loads.
        conn.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
        Ok(Self { conn })
    }

    /// Waits for the writer's turn.
    ///
    /// # Errors
    /// Fails as busy if another writer keeps the database for too long, and on other
    /// errors of the database.
    pub fn turn(&mut self) -> Result<AuditTurn<'_>> {
        Ok(AuditTurn { tx: self.conn.transaction_with_behavior(TransactionBehavior::Immediate)? })
    }
}

/// The last submission there is: part of which state something is.
const AFTER: &str = "(SELECT coalesce(max(id), 0) FROM submission)";

impl AuditTurn<'_> {
    /// Cases of a round.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn cases(&self, round: i64) -> Result<Vec<AuditCase>> {
        read::cases(&self.tx, Some(round), i64::MAX)
    }

    /// Differs once a step of any case was taken, or a submission was taken back.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn mark(&self) -> Result<(i64, i64)> {
        read::mark(&self.tx)
    }

    /// A case by number.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn case(&self, id: i64) -> Result<Option<AuditCase>> {
        read::case(&self.tx, id)
    }

    /// The steps of a case.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn events(&self, case: i64) -> Result<Vec<AuditEvent>> {
        read::events(&self.tx, case, i64::MAX)
    }

    /// The rows of a case.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn facts(&self, case: i64) -> Result<Vec<AuditFact>> {
        read::facts(&self.tx, case, i64::MAX)
    }

    /// What a case holds, or held.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn holds(&self, case: i64) -> Result<Vec<AuditHold>> {
        read::holds(&self.tx, Some(case), i64::MAX)
    }

    /// Writes a run down; gives its number.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn add_run(&self, run: &NewRun<'_>) -> Result<i64> {
        let NewRun { at, by, round, as_of, rules, opened, added } = *run;
        self.tx.execute(
            &format!(
                "INSERT INTO audit_run (at, by, round, as_of, rules, opened, added, after)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, {AFTER})"
            ),
            params![at, by, round, as_of, rules, opened as i64, added as i64],
        )?;
        Ok(self.tx.last_insert_rowid())
    }

    /// Opens a case with its first step; gives its number. That of `case` is
    /// not looked at.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn open_case(&self, case: &AuditCase, first: &NewEvent<'_>) -> Result<i64> {
        self.tx.execute(
            &format!(
                "INSERT INTO audit_case (round, tranche, hcode, rule, item, severity, follows, run,
                   version, described, numerator, denominator, peers, after)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, {AFTER})"
            ),
            params![
                case.round,
                case.tranche,
                case.hcode,
                case.rule,
                case.item,
                case.severity,
                case.follows,
                case.run,
                case.version,
                case.described,
                case.numerator as i64,
                case.denominator as i64,
                case.peers
            ],
        )?;
        let id = self.tx.last_insert_rowid();
        self.add_event(&AuditCase { id, ..case.clone() }, first)?;
        Ok(id)
    }

    /// Takes a step of a case; gives its number. Refused when the case stands
    /// otherwise than the step says.
    ///
    /// # Errors
    /// Refused if the case stands otherwise than the step says; else errors of the
    /// database.
    pub fn add_event(&self, case: &AuditCase, event: &NewEvent<'_>) -> Result<i64> {
        for fact in event.facts {
            self.tx
                .prepare_cached("INSERT INTO audit_fact VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
                .execute(params![
                    case.id, fact.file, fact.sub, fact.line, fact.run, fact.pid, fact.day,
                    fact.shown
                ])?;
        }
        let marked = self.money(case, event)?;
        if !marked.is_empty() {
            crate::crash_point("audit_held");
        }
        let id: i64 =
            self.tx.query_row("SELECT coalesce(max(id), 0) + 1 FROM audit_event", [], |row| {
                row.get(0)
            })?;
        self.tx.execute(
            &format!(
                "INSERT INTO audit_event (id, case_id, step, was, state, at, by, token, text, data, after, seal)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, {AFTER}, ?11)"
            ),
            params![
                id,
                case.id,
                event.step,
                event.was,
                event.state,
                event.at,
                event.by,
                event.token,
                event.text,
                event.data,
                self.seal(id, case, event, &marked)?
            ],
        )?;
        for (hold, is_final) in marked {
            self.tx.execute(
                "INSERT INTO audit_hold VALUES (?1, ?2, ?3, ?4)",
                params![id, case.id, hold, is_final],
            )?;
        }
        crate::crash_point("audit_stepped");
        Ok(id)
    }

    /// The seal of a step that is about to be written.
    fn seal(
        &self,
        id: i64,
        case: &AuditCase,
        event: &NewEvent<'_>,
        marked: &[(i64, bool)],
    ) -> Result<String> {
        let after: i64 = self.tx.query_row(&format!("SELECT {AFTER}"), [], |row| row.get(0))?;
        let sealed = super::prove::Sealed {
            event: AuditEvent {
                id,
                case_id: case.id,
                step: event.step.to_owned(),
                was: event.was.to_owned(),
                state: event.state.to_owned(),
                at: event.at.to_owned(),
                by: event.by.to_owned(),
                token: event.token,
                text: event.text.to_owned(),
                data: event.data.to_owned(),
            },
            after,
            marked: marked.to_vec(),
        };
        seal_of(&self.tx, &sealed)
    }

    /// Enters and ends holds; gives those that the step speaks of.
    fn money(&self, case: &AuditCase, event: &NewEvent<'_>) -> Result<Vec<(i64, bool)>> {
        let mut marked = Vec::new();
        let reason = format!("case {} {}", case.id, case.rule);
        for money in event.money {
            match *money {
                HoldChange::Hold { share, is_final } => {
                    self.tx.execute(
                        &format!(
                            "INSERT INTO hold (round, hcode, item, tranche, share, at, by, reason, after)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, {AFTER})"
                        ),
                        params![case.round, case.hcode, case.item, case.tranche, share, event.at, event.by, reason],
                    )?;
                    marked.push((self.tx.last_insert_rowid(), is_final));
                }
                HoldChange::Release(hold) => {
                    self.tx.execute(
                        &format!("INSERT INTO hold_release VALUES (?1, ?2, ?3, ?4, {AFTER})"),
                        params![hold, event.at, event.by, reason],
                    )?;
                    marked.push((hold, false));
                }
                HoldChange::Mark { hold, is_final } => marked.push((hold, is_final)),
            }
        }
        marked.sort_unstable();
        Ok(marked)
    }

    /// Writes it all down.
    ///
    /// # Errors
    /// Errors of the database, such as a full disk. Nothing is written then.
    pub fn commit(self) -> Result<()> {
        crate::crash_point("audit_written");
        self.tx.commit()?;
        crate::crash_point("audit_committed");
        Ok(())
    }
}

/// The case that a hold is one of, if it is.
pub(in crate::store) fn case_of_hold(conn: &Connection, hold: i64) -> Result<Option<i64>> {
    let mut query =
        conn.prepare_cached("SELECT case_id FROM audit_hold WHERE hold = ?1 LIMIT 1")?;
    let mut rows = query.query_map([hold], |row| row.get(0))?;
    Ok(rows.next().transpose()?)
}
