//! Reads payments.

use rusqlite::{Row, params};

use super::{
    Closing, Paid, PaidCorrection, PaidCup, PaidItem, PaidOn, PaidPool, PaidUnit, PartKind, PartOf,
};
use crate::store::{HoldAction, Reader, Result, StoreError};

impl Reader {
    /// What was closed in a round, in the order in which it was: as it was
    /// known until the submission after `as_of` came.
    ///
    /// # Errors
    /// Errors of the database, and a record that contradicts itself.
    pub fn closings(&self, round: i64, as_of: i64) -> Result<Vec<Closing>> {
        let mut query = self.conn.prepare_cached(
            "SELECT c.id, c.round, c.kind, c.part, c.at, c.by, c.submission, c.rulebook,
                    c.rulebook_file, b.text, c.population, c.registry, c.registry_file,
                    c.registry_at, c.units, c.program, c.heads, c.own, c.joined, c.shared,
                    c.unshared, c.points, s.digest, r.at, r.by, r.reason
             FROM closing AS c
             JOIN closing_seal AS s ON s.closing = c.id
             JOIN closing_rulebook AS b ON b.sha256 = c.rulebook
             LEFT JOIN reopening AS r ON r.closing = c.id AND r.after <= ?2
             WHERE c.round = ?1 AND c.after <= ?2 ORDER BY c.id",
        )?;
        let heads =
            query.query_map(params![round, as_of], |row| Ok((head_of(row)?, row.get(2)?)))?;
        let heads: Vec<(Closing, String)> = heads.collect::<std::result::Result<_, _>>()?;
        heads
            .into_iter()
            .map(|(mut closing, kind)| {
                let known = PartKind::parse(&kind);
                let unknown = || StoreError::Inconsistent(format!("no kind of part {kind}"));
                closing.paid.of.kind = known.ok_or_else(unknown)?;
                self.read_lines(&mut closing)?;
                Ok(closing)
            })
            .collect()
    }

    fn read_lines(&self, closing: &mut Closing) -> Result<()> {
        let id = closing.id;
        closing.paid.units = self.lines(
            id,
            "SELECT hcode, name, cup, heads, points, most, ceiling, amount, held
             FROM closing_unit WHERE closing = ?1 ORDER BY hcode",
            |row| {
                Ok(PaidUnit {
                    hcode: row.get(0)?,
                    name: row.get(1)?,
                    cup: row.get(2)?,
                    heads: count(row, 3)?,
                    points: count(row, 4)?,
                    most: count(row, 5)?,
                    ceiling: row.get(6)?,
                    amount: row.get(7)?,
                    held: row.get(8)?,
                    items: Vec::new(),
                })
            },
        )?;
        let items = self.lines(
            id,
            "SELECT hcode, item, points, amount, held
             FROM closing_item WHERE closing = ?1 ORDER BY hcode, item",
            |row| {
                let points = count(row, 2)?;
                let (item, amount, held) = (row.get(1)?, row.get(3)?, row.get(4)?);
                Ok((row.get::<_, String>(0)?, PaidItem { item, points, amount, held }))
            },
        )?;
        for (hcode, item) in items {
            let at = closing.paid.units.binary_search_by(|unit| unit.hcode.cmp(&hcode));
            let unit = at.ok().and_then(|at| closing.paid.units.get_mut(at));
            let alone = || StoreError::Inconsistent(format!("closing {id}: items of no unit"));
            unit.ok_or_else(alone)?.items.push(item);
        }
        closing.paid.corrections = self.lines(
            id,
            "SELECT part, hcode, amount, held
             FROM closing_correction WHERE closing = ?1 ORDER BY part, hcode",
            |row| {
                let (part, hcode) = (row.get(0)?, row.get(1)?);
                Ok(PaidCorrection { part, hcode, amount: row.get(2)?, held: row.get(3)? })
            },
        )?;
        closing.paid.unshared = self.lines(
            id,
            "SELECT part, amount FROM closing_unshared WHERE closing = ?1 ORDER BY part",
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        closing.cups = self.lines(
            id,
            "SELECT cup, name, units, amount, held, corrected, corrected_held
             FROM closing_cup WHERE closing = ?1 ORDER BY cup",
            |row| {
                Ok(PaidCup {
                    cup: row.get(0)?,
                    name: row.get(1)?,
                    units: count(row, 2)?,
                    amount: row.get(3)?,
                    held: row.get(4)?,
                    corrected: row.get(5)?,
                    corrected_held: row.get(6)?,
                })
            },
        )?;
        let sql = "SELECT hold FROM closing_hold WHERE closing = ?1 ORDER BY hold";
        closing.paid.on.holds = self.lines(id, sql, |row| row.get(0))?;
        Ok(())
    }

    fn lines<T>(
        &self,
        id: i64,
        sql: &str,
        of: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([id], of)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)? as u64)
}

fn head_of(row: &Row<'_>) -> rusqlite::Result<Closing> {
    let registry = match row.get::<_, Option<String>>(11)? {
        Some(sha256) => Some([sha256, row.get(12)?, row.get(13)?]),
        None => None,
    };
    let on = PaidOn {
        submission: row.get(6)?,
        rulebook: row.get(7)?,
        rulebook_file: row.get(8)?,
        rulebook_text: row.get(9)?,
        population: row.get(10)?,
        registry,
        units: row.get(14)?,
        program: row.get(15)?,
        heads: count(row, 16)?,
        holds: Vec::new(),
    };
    let pool = PaidPool {
        own: row.get(17)?,
        joined: row.get(18)?,
        shared: row.get(19)?,
        unshared: row.get(20)?,
        points: count(row, 21)?,
    };
    let reopened = match row.get::<_, Option<String>>(23)? {
        Some(at) => Some(HoldAction { at, by: row.get(24)?, reason: row.get(25)? }),
        None => None,
    };
    let of = PartOf { round: row.get(1)?, kind: PartKind::Quarter, part: row.get(3)? };
    let paid = Paid { of, on, pool, units: vec![], corrections: vec![], unshared: vec![] };
    let (id, at, by, digest) = (row.get(0)?, row.get(4)?, row.get(5)?, row.get(22)?);
    Ok(Closing { id, at, by, paid, cups: Vec::new(), digest, reopened })
}
