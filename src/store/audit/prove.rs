//! Proves cases: every step goes on from the one before, every seal is that of
//! what it was made over, and money is held as the steps say.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

use super::AuditEvent;
use super::read::{EVENT, event_of};
use crate::files::hex;
use crate::store::{Result, Store, VerifyReport};

/// All that a seal is over besides the case and its rows.
pub(super) struct Sealed {
    pub event: AuditEvent,
    pub after: i64,
    /// Holds that the step speaks of, and whether they are for good.
    pub marked: Vec<(i64, bool)>,
}

/// What of a case is sealed by its steps, with `?1` for the case, `?2` for the
/// step and `?3` for what the step needs.
const OF_CASE: [&str; 3] = [
    "SELECT id, round, tranche, hcode, rule, item, severity, follows, run, version, described,
            numerator, denominator, peers, after
     FROM audit_case WHERE id = ?1 AND ?2 > 0 AND ?3 <> ''",
    // The rows that there were when the step was taken: those of runs that
    // steps up to it name.
    "SELECT file, sub, line, run, pid, day, shown FROM audit_fact
     WHERE case_id = ?1 AND run <= max(
       coalesce(CAST(json_extract(?3, '$.run') AS INTEGER), 0),
       coalesce((SELECT max(CAST(json_extract(data, '$.run') AS INTEGER)) FROM audit_event
                 WHERE case_id = ?1 AND id < ?2), 0))
     ORDER BY file, sub, line",
    "SELECT seal FROM audit_event WHERE id < ?2 AND ?1 > 0 AND ?3 <> '' ORDER BY id DESC LIMIT 1",
];

/// The seal of a step.
pub(super) fn seal_of(conn: &Connection, sealed: &Sealed) -> Result<String> {
    let mut hash = Sha256::new();
    let AuditEvent { id, case_id, step, was, state, at, by, token, text, data } = &sealed.event;
    for sql in OF_CASE {
        let mut query = conn.prepare_cached(sql)?;
        let columns = query.column_count();
        let mut rows = query.query(rusqlite::params![case_id, id, data])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => hash.update([0]),
                    ValueRef::Integer(number) => add(&mut hash, &number.to_string()),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        hash.update(bytes.len().to_le_bytes());
                        hash.update(bytes);
                    }
                    ValueRef::Real(number) => add(&mut hash, &number.to_string()),
                }
            }
        }
        hash.update([1]);
    }
    let token = token.map_or_else(String::new, |token| token.to_string());
    let (id, case_id, after) = (id.to_string(), case_id.to_string(), sealed.after.to_string());
    for text in [&id, &case_id, step, was, state, at, by, &token, text, data, &after] {
        add(&mut hash, text);
    }
    for (hold, is_final) in &sealed.marked {
        add(&mut hash, &format!("{hold} {is_final}"));
    }
    Ok(hex(&hash.finalize()))
}

fn add(hash: &mut Sha256, text: &str) {
    hash.update(text.len().to_le_bytes());
    hash.update(text);
}

/// Contradictions: what they are, and a query that gives the cases.
const RULES: [(&str, &str); 8] = [
    (
        "case without a first step",
        "SELECT c.id FROM audit_case AS c WHERE NOT EXISTS
           (SELECT 1 FROM audit_event WHERE case_id = c.id AND step = 'selected')",
    ),
    (
        "a step does not go on from the one before",
        "SELECT e.case_id FROM audit_event AS e WHERE e.was <> coalesce(
           (SELECT state FROM audit_event WHERE case_id = e.case_id AND id < e.id
            ORDER BY id DESC LIMIT 1), '')",
    ),
    (
        "more rows are kept than were counted",
        "SELECT c.id FROM audit_case AS c
         WHERE (SELECT count(*) FROM audit_fact WHERE case_id = c.id AND run = c.run) > c.numerator",
    ),
    (
        "rows of a run that is not on record for the case",
        "SELECT f.case_id FROM audit_fact AS f WHERE NOT EXISTS
           (SELECT 1 FROM audit_event WHERE case_id = f.case_id
              AND CAST(json_extract(data, '$.run') AS INTEGER) = f.run)",
    ),
    (
        "a hold of another unit, item, tranche or round",
        "SELECT a.case_id FROM audit_hold AS a JOIN audit_case AS c ON c.id = a.case_id
         JOIN hold AS h ON h.id = a.hold
         WHERE (h.round, h.hcode, h.item, h.tranche) <> (c.round, c.hcode, c.item, c.tranche)",
    ),
    (
        "an undecided case of suspended money holds none",
        "SELECT c.id FROM audit_case AS c JOIN audit_state AS s ON s.case_id = c.id
         WHERE c.severity = 'hold' AND s.state <> 'resolved' AND NOT EXISTS
           (SELECT 1 FROM audit_hold AS a WHERE a.case_id = c.id
              AND NOT EXISTS (SELECT 1 FROM hold_release WHERE hold = a.hold))",
    ),
    (
        "a case that was decided holds money that is not held for good",
        "SELECT a.case_id FROM audit_hold AS a JOIN audit_state AS s ON s.case_id = a.case_id
         WHERE s.state = 'resolved' AND a.final = 0
           AND a.event = (SELECT max(event) FROM audit_hold WHERE hold = a.hold)
           AND NOT EXISTS (SELECT 1 FROM hold_release WHERE hold = a.hold)",
    ),
    (
        "a hold of a case ended by another hand",
        "SELECT a.case_id FROM audit_hold AS a JOIN hold_release AS r ON r.hold = a.hold
         WHERE NOT EXISTS (SELECT 1 FROM audit_hold AS b JOIN audit_event AS e ON e.id = b.event
                           WHERE b.hold = a.hold AND e.at = r.at AND e.by = r.by)",
    ),
];

impl Store {
    /// Looks at every case, step and hold.
    pub(in crate::store) fn compare_audit(&self, report: &mut VerifyReport) -> Result<()> {
        for (what, sql) in RULES {
            let mut query = self.conn.prepare(&format!("SELECT DISTINCT * FROM ({sql})"))?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                report.push(None, format!("audit case {}: {what}", row.get::<_, i64>(0)?));
            }
        }
        let mut query = self
            .conn
            .prepare(&format!("SELECT {EVENT}, after, seal FROM audit_event ORDER BY id"))?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let event = event_of(row)?;
            let mut marked = self.conn.prepare_cached(
                "SELECT hold, final FROM audit_hold WHERE event = ?1 ORDER BY hold, final",
            )?;
            let marked = marked.query_map([event.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let marked = marked.collect::<std::result::Result<_, _>>()?;
            let (id, case) = (event.id, event.case_id);
            let sealed = Sealed { event, after: row.get(10)?, marked };
            if seal_of(&self.conn, &sealed)? != row.get::<_, String>(11)? {
                report.push(
                    None,
                    format!("audit case {case}: step {id} is another than was written"),
                );
            }
        }
        Ok(())
    }
}
