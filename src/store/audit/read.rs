//! Reads cases back, for readers and within the writer's turn alike.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params};

use super::{AuditCase, AuditEvent, AuditFact, AuditHold, HeldFor, NamedCase};
use crate::store::{Reader, Result};
use crate::text::message;

const CASE: &str = "id, round, tranche, hcode, rule, item, severity, follows, run, version,
    described, numerator, denominator, peers";

pub(super) fn cases(conn: &Connection, round: Option<i64>, as_of: i64) -> Result<Vec<AuditCase>> {
    let mut query = conn.prepare_cached(&format!(
        "SELECT {CASE} FROM audit_case WHERE (?1 IS NULL OR round = ?1) AND after <= ?2 ORDER BY id"
    ))?;
    let rows = query.query_map(params![round, as_of], case_of)?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

pub(super) fn case(conn: &Connection, id: i64) -> Result<Option<AuditCase>> {
    let mut query = conn.prepare_cached(&format!("SELECT {CASE} FROM audit_case WHERE id = ?1"))?;
    let mut rows = query.query_map([id], case_of)?;
    Ok(rows.next().transpose()?)
}

/// The columns of [`event_of`].
pub(super) const EVENT: &str = "id, case_id, step, was, state, at, by, token, text, data";

/// A step, of the columns [`EVENT`].
pub(super) fn event_of(row: &Row<'_>) -> rusqlite::Result<AuditEvent> {
    Ok(AuditEvent {
        id: row.get(0)?,
        case_id: row.get(1)?,
        step: row.get(2)?,
        was: row.get(3)?,
        state: row.get(4)?,
        at: row.get(5)?,
        by: row.get(6)?,
        token: row.get(7)?,
        text: row.get(8)?,
        data: row.get(9)?,
    })
}

pub(super) fn events(conn: &Connection, case: i64, as_of: i64) -> Result<Vec<AuditEvent>> {
    let mut query = conn.prepare_cached(&format!(
        "SELECT {EVENT} FROM audit_event WHERE case_id = ?1 AND after <= ?2 ORDER BY id"
    ))?;
    let rows = query.query_map([case, as_of], event_of)?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

pub(super) fn mark(conn: &Connection) -> Result<(i64, i64)> {
    let sql = "SELECT (SELECT coalesce(max(id), 0) FROM audit_event),
                      (SELECT count(*) FROM void) + (SELECT count(*) FROM freed_row)";
    Ok(conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

pub(super) fn facts(conn: &Connection, case: i64, as_of: i64) -> Result<Vec<AuditFact>> {
    let mut query = conn.prepare_cached(
        "SELECT f.file, f.sub, f.line, f.run, f.pid, f.day, f.shown,
                EXISTS (SELECT 1 FROM void AS v WHERE v.submission = f.sub AND v.at < coalesce(
                  (SELECT loaded_at FROM submission WHERE id > ?2 ORDER BY id LIMIT 1), '~'))
                 OR EXISTS (SELECT 1 FROM freed_row AS d WHERE d.sub = f.sub AND d.line = f.line
                   AND d.record = f.file AND d.after <= ?2)
         FROM audit_fact AS f JOIN audit_run AS r ON r.id = f.run
         WHERE f.case_id = ?1 AND r.after <= ?2 ORDER BY f.day, f.file, f.sub, f.line",
    )?;
    let rows = query.query_map([case, as_of], |row| {
        Ok(AuditFact {
            file: row.get(0)?,
            sub: row.get(1)?,
            line: row.get(2)?,
            run: row.get(3)?,
            pid: row.get(4)?,
            day: row.get(5)?,
            shown: row.get(6)?,
            gone: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// What cases hold: of each hold the last word.
pub(super) fn holds(conn: &Connection, case: Option<i64>, as_of: i64) -> Result<Vec<AuditHold>> {
    let mut query = conn.prepare_cached(
        "SELECT a.case_id, a.hold, h.share, a.final,
                EXISTS (SELECT 1 FROM hold_release AS r WHERE r.hold = a.hold AND r.after <= ?2)
         FROM audit_hold AS a JOIN hold AS h ON h.id = a.hold
         WHERE (?1 IS NULL OR a.case_id = ?1) AND h.after <= ?2
           AND a.event = (SELECT max(b.event) FROM audit_hold AS b JOIN audit_event AS e ON e.id = b.event
                          WHERE b.hold = a.hold AND e.after <= ?2)
         ORDER BY a.case_id, a.hold",
    )?;
    let rows = query.query_map(params![case, as_of], |row| {
        Ok(AuditHold {
            case_id: row.get(0)?,
            hold: row.get(1)?,
            share: row.get(2)?,
            is_final: row.get(3)?,
            ended: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

fn case_of(row: &Row) -> rusqlite::Result<AuditCase> {
    Ok(AuditCase {
        id: row.get(0)?,
        round: row.get(1)?,
        tranche: row.get(2)?,
        hcode: row.get(3)?,
        rule: row.get(4)?,
        item: row.get(5)?,
        severity: row.get(6)?,
        follows: row.get(7)?,
        run: row.get(8)?,
        version: row.get(9)?,
        described: row.get(10)?,
        numerator: row.get::<_, i64>(11)? as u64,
        denominator: row.get::<_, i64>(12)? as u64,
        peers: row.get(13)?,
    })
}

impl Reader {
    /// The last step of any case that is more than a note: what is told of the
    /// money of a round differs after it.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_last_step(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(id), 0) FROM audit_event WHERE step <> 'note'";
        Ok(self.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// Differs once a step of any case was taken, or a submission or a row was taken
    /// back.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_mark(&self) -> Result<(i64, i64)> {
        mark(&self.conn)
    }

    /// Cases that there were until the submission after `as_of` came, by number:
    /// of one round, or of all.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_cases(&self, round: Option<i64>, as_of: i64) -> Result<Vec<AuditCase>> {
        cases(&self.conn, round, as_of)
    }

    /// A case by number.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_case(&self, id: i64) -> Result<Option<AuditCase>> {
        case(&self.conn, id)
    }

    /// Its steps until then, in order.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_events(&self, case: i64, as_of: i64) -> Result<Vec<AuditEvent>> {
        events(&self.conn, case, as_of)
    }

    /// Its rows, as they were found until then.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_facts(&self, case: i64, as_of: i64) -> Result<Vec<AuditFact>> {
        facts(&self.conn, case, as_of)
    }

    /// What a case, or any, held then; what had ended too.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_holds(&self, case: Option<i64>, as_of: i64) -> Result<Vec<AuditHold>> {
        holds(&self.conn, case, as_of)
    }

    /// Cases of units that rest on rows of a submission.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_cases_of_submission(
        &self,
        submission: i64,
        units: &[&str],
    ) -> Result<BTreeSet<i64>> {
        let sql = "SELECT id FROM audit_case AS c
                   WHERE hcode IN (SELECT value FROM json_each(?2)) AND EXISTS
                     (SELECT 1 FROM audit_fact WHERE case_id = c.id AND sub = ?1)";
        let mut query = self.conn.prepare_cached(sql)?;
        let units = serde_json::to_string(units).unwrap_or_default();
        let rows = query.query_map(params![submission, units], |row| row.get(0))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Cases by state, for counting; of each that is not decided its number too.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_by_state(&self) -> Result<BTreeMap<String, Vec<i64>>> {
        let sql = "SELECT state, case_id FROM audit_state ORDER BY case_id";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query([])?;
        let mut states: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            states.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        Ok(states)
    }

    /// When somebody last ran the rules.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_last_run(&self, by: &str) -> Result<Option<String>> {
        let sql = "SELECT max(at) FROM audit_run WHERE by = ?1";
        Ok(self.conn.query_row(sql, [by], |row| row.get(0))?)
    }

    /// For which cases money of a round was held then, by hold; what had ended
    /// is left out.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_held(&self, round: i64, as_of: i64) -> Result<Vec<HeldFor>> {
        let mut query = self.conn.prepare_cached(
            "SELECT a.hold, c.id, c.hcode, c.rule, c.item, c.tranche, h.share, a.final,
                    (SELECT state FROM audit_event WHERE case_id = c.id AND after <= ?2
                     ORDER BY id DESC LIMIT 1),
                    EXISTS (SELECT 1 FROM audit_event
                            WHERE case_id = c.id AND state = 'notified' AND after <= ?2)
             FROM audit_hold AS a JOIN audit_case AS c ON c.id = a.case_id JOIN hold AS h ON h.id = a.hold
             WHERE c.round = ?1 AND h.after <= ?2
               AND a.event = (SELECT max(b.event) FROM audit_hold AS b
                              JOIN audit_event AS e ON e.id = b.event
                              WHERE b.hold = a.hold AND e.after <= ?2)
               AND NOT EXISTS (SELECT 1 FROM hold_release AS r WHERE r.hold = a.hold AND r.after <= ?2)
             ORDER BY a.hold",
        )?;
        let rows = query.query_map([round, as_of], |row| {
            let case = NamedCase { case: row.get(1)?, rule: row.get(3)?, state: row.get(8)? };
            let told: bool = row.get(9)?;
            Ok(HeldFor {
                hold: row.get(0)?,
                named: told.then(|| case.clone()),
                reason: (!told).then(|| message("audit.under_audit")),
                hcode: row.get(2)?,
                item: row.get(4)?,
                tranche: row.get(5)?,
                share: row.get(6)?,
                is_final: row.get(7)?,
                case,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Holds of a round by cases of which no unit had been told then, those that
    /// have ended too.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn audit_untold(&self, round: i64, as_of: i64) -> Result<BTreeSet<i64>> {
        let mut query = self.conn.prepare_cached(
            "SELECT DISTINCT a.hold FROM audit_hold AS a JOIN audit_case AS c ON c.id = a.case_id
             WHERE c.round = ?1 AND NOT EXISTS (SELECT 1 FROM audit_event
               WHERE case_id = c.id AND state = 'notified' AND after <= ?2)",
        )?;
        let rows = query.query_map([round, as_of], |row| row.get(0))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}
