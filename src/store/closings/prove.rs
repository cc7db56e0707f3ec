//! Verifies payments: every pool adds up to the satang, every sum equals its lines,
//! and no line was changed since it was written.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

use crate::files::hex;
use crate::store::{HoldAction, Result, Store, VerifyReport};

/// All that a seal is over, with `?1` for the closing: its own lines, and the
/// seal before, so that none can be taken out of the row of them.
const SEALED: [&str; 8] = [
    "SELECT id, round, kind, part, at, by, after, submission, rulebook, rulebook_file, population,
            registry, registry_file, registry_at, units, program, heads, own, joined, shared,
            unshared, points
     FROM closing WHERE id = ?1",
    "SELECT hcode, name, cup, heads, points, most, ceiling, amount, held
     FROM closing_unit WHERE closing = ?1 ORDER BY hcode",
    "SELECT hcode, item, points, amount, held
     FROM closing_item WHERE closing = ?1 ORDER BY hcode, item",
    "SELECT part, hcode, amount, held
     FROM closing_correction WHERE closing = ?1 ORDER BY part, hcode",
    "SELECT part, amount FROM closing_unshared WHERE closing = ?1 ORDER BY part",
    "SELECT cup, name, units, amount, held, corrected, corrected_held
     FROM closing_cup WHERE closing = ?1 ORDER BY cup",
    "SELECT hold FROM closing_hold WHERE closing = ?1 ORDER BY hold",
    "SELECT digest FROM closing_seal WHERE closing < ?1 ORDER BY closing DESC LIMIT 1",
];

/// Sums that must be equal: what they are, and a query for those that are not,
/// with the closing in its first column.
const SUMS: [(&str, &str); 7] = [
    (
        "units do not add up to what was shared",
        "SELECT c.id FROM closing AS c WHERE c.shared <>
           (SELECT coalesce(sum(amount), 0) FROM closing_unit WHERE closing = c.id)",
    ),
    (
        "points of units do not add up",
        "SELECT c.id FROM closing AS c WHERE c.points <>
           (SELECT coalesce(sum(points), 0) FROM closing_unit WHERE closing = c.id)",
    ),
    ("the pool does not add up", "SELECT id FROM closing WHERE own + joined <> shared + unshared"),
    (
        "items of a unit do not add up",
        "SELECT c.id FROM closing AS c JOIN closing_unit AS u ON u.closing = c.id
         WHERE c.kind = 'quarter' AND (u.amount, u.held) <>
           (SELECT coalesce(sum(amount), 0), coalesce(sum(held), 0) FROM closing_item
            WHERE closing = u.closing AND hcode = u.hcode)",
    ),
    (
        "ceilings do not add up to the pool",
        "SELECT c.id FROM closing AS c WHERE c.kind = 'tranche' AND c.own <>
           (SELECT coalesce(sum(ceiling), 0) FROM closing_unit WHERE closing = c.id)",
    ),
    (
        "main units do not add up to their units",
        "SELECT closing FROM
           (SELECT closing, cup, count(*) AS n, sum(amount) AS a, sum(held) AS h
            FROM closing_unit GROUP BY 1, 2) AS u
         LEFT JOIN closing_cup AS p USING (closing, cup)
         WHERE (u.n, u.a, u.h) IS NOT (p.units, p.amount, p.held)",
    ),
    (
        "corrections of main units do not add up to those of units",
        "SELECT c.id FROM closing AS c WHERE
           (SELECT coalesce(sum(corrected), 0) || ' ' || coalesce(sum(corrected_held), 0)
            FROM closing_cup WHERE closing = c.id) <>
           (SELECT coalesce(sum(amount), 0) || ' ' || coalesce(sum(held), 0)
            FROM closing_correction WHERE closing = c.id)",
    ),
];

fn add(hash: &mut Sha256, value: ValueRef<'_>) {
    let (kind, bytes) = match value {
        ValueRef::Null => (b'n', Vec::new()),
        ValueRef::Integer(number) => (b'i', number.to_string().into_bytes()),
        ValueRef::Real(number) => (b'r', number.to_string().into_bytes()),
        ValueRef::Text(bytes) => (b't', bytes.to_vec()),
        ValueRef::Blob(bytes) => (b'b', bytes.to_vec()),
    };
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

/// The seal of a closing, from its lines as they are.
pub(super) fn digest_of(conn: &Connection, id: i64) -> Result<String> {
    let mut hash = Sha256::new();
    for sql in SEALED {
        let mut query = conn.prepare_cached(sql)?;
        let columns = query.column_count();
        let mut rows = query.query([id])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                add(&mut hash, row.get_ref(column)?);
            }
        }
        hash.update(b"/");
    }
    Ok(hex(&hash.finalize()))
}

/// The seal of a reopening: over that of what it takes up again, and itself.
pub(super) fn digest_of_reopening(
    conn: &Connection,
    closing: i64,
    deed: &HoldAction,
    after: i64,
) -> Result<String> {
    let sql = "SELECT coalesce(max(digest), '') FROM closing_seal WHERE closing = ?1";
    let seal: String = conn.query_row(sql, [closing], |row| row.get(0))?;
    let mut hash = Sha256::new();
    for text in [&seal, &deed.at, &deed.by, &deed.reason, &after.to_string()] {
        add(&mut hash, ValueRef::Text(text.as_bytes()));
    }
    Ok(hex(&hash.finalize()))
}

impl Store {
    /// Proves every payment on record.
    pub(in crate::store) fn compare_closings(&self, report: &mut VerifyReport) -> Result<()> {
        let mut say = |id: i64, what: &str| report.push(None, format!("closing {id}: {what}"));
        for (what, sql) in SUMS {
            for id in self.numbers(sql)? {
                say(id, what);
            }
        }
        for id in self.numbers("SELECT id FROM closing ORDER BY id")? {
            let sql = "SELECT coalesce(max(digest), '') FROM closing_seal WHERE closing = ?1";
            let seal: String = self.conn.query_row(sql, [id], |row| row.get(0))?;
            if seal != digest_of(&self.conn, id)? {
                say(id, "is not what was sealed");
            }
        }
        let mut query = self
            .conn
            .prepare("SELECT closing, at, by, reason, after, digest FROM reopening ORDER BY 1")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let deed = HoldAction { at: row.get(1)?, by: row.get(2)?, reason: row.get(3)? };
            let (id, digest): (i64, String) = (row.get(0)?, row.get(5)?);
            if digest != digest_of_reopening(&self.conn, id, &deed, row.get(4)?)? {
                say(id, "its reopening is not what was sealed");
            }
        }
        let twice = "SELECT max(id) FROM closing AS c
                     WHERE NOT EXISTS (SELECT 1 FROM reopening WHERE closing = c.id)
                     GROUP BY round, kind, part HAVING count(*) > 1";
        for id in self.numbers(twice)? {
            say(id, "closes what is closed already");
        }
        let mut query = self.conn.prepare("SELECT sha256, text FROM closing_rulebook")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (told, text): (String, String) = (row.get(0)?, row.get(1)?);
            if told != hex(&Sha256::digest(text.as_bytes())) {
                report.push(None, format!("the rulebook {told} of a closing is another one"));
            }
        }
        Ok(())
    }

    fn numbers(&self, sql: &str) -> Result<Vec<i64>> {
        let mut query = self.conn.prepare(sql)?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}
