//! Writes payments, each once, through the single writer.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::prove::{digest_of, digest_of_reopening};
use super::{Paid, PartOf};
use crate::store::submission::is_known;
use crate::store::{HoldAction, Result, Store, StoreError};

/// The writer's turn while a payment is decided: nobody loads, voids or closes
/// meanwhile, so that what a reader counts now is the state that is written
/// down. Dropped, it changes nothing.
pub struct PayTurn<'s> {
    tx: Transaction<'s>,
}

impl Store {
    /// Waits for the writer's turn.
    ///
    /// # Errors
    /// Fails as busy if another writer keeps the database for too long, and on other
    /// errors of the database.
    pub fn pay_turn(&mut self) -> Result<PayTurn<'_>> {
        Ok(PayTurn { tx: self.conn.transaction_with_behavior(TransactionBehavior::Immediate)? })
    }
}

impl PayTurn<'_> {
    /// Whether a submission is committed.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn knows(&self, submission: i64) -> Result<bool> {
        is_known(&self.tx, submission)
    }

    /// Refuses a part that is closed; the error gives user and time.
    ///
    /// # Errors
    /// Refused if the part is closed; else errors of the database.
    pub fn ensure_open(&self, of: &PartOf) -> Result<()> {
        match self.in_force(of)? {
            None => Ok(()),
            Some((_, at, by)) => {
                let (kind, part) = (of.kind.as_str(), &of.part);
                let what = format!("{kind} {part} of {} was closed by {by} at {at}", of.round);
                Err(StoreError::Refused(what))
            }
        }
    }

    fn in_force(&self, of: &PartOf) -> Result<Option<(i64, String, String)>> {
        let sql = "SELECT id, at, by FROM closing AS c
                   WHERE round = ?1 AND kind = ?2 AND part = ?3
                     AND NOT EXISTS (SELECT 1 FROM reopening WHERE closing = c.id)";
        let found = self.tx.query_row(sql, params![of.round, of.kind.as_str(), of.part], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        });
        Ok(found.optional()?)
    }

    /// Writes down what was paid; gives its number.
    ///
    /// # Errors
    /// Refused if the part is closed already; else errors of the database. Nothing is
    /// written then.
    pub fn close(self, paid: &Paid, at: &str, by: &str) -> Result<i64> {
        self.ensure_open(&paid.of)?;
        let id = self.insert_head(paid, at, by)?;
        self.insert_units(id, paid)?;
        self.insert_corrections(id, paid)?;
        let mut hold = self.tx.prepare("INSERT INTO closing_hold VALUES (?1, ?2)")?;
        for number in &paid.on.holds {
            hold.execute([id, *number])?;
        }
        drop(hold);
        let digest = digest_of(&self.tx, id)?;
        self.tx.execute("INSERT INTO closing_seal VALUES (?1, ?2)", params![id, digest])?;
        self.tx.commit()?;
        Ok(id)
    }

    fn insert_head(&self, paid: &Paid, at: &str, by: &str) -> Result<i64> {
        let (of, on, pool) = (&paid.of, &paid.on, &paid.pool);
        self.tx.execute(
            "INSERT INTO closing_rulebook VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![on.rulebook, on.rulebook_text],
        )?;
        let registry = |at: usize| on.registry.as_ref().map(|registry| &registry[at]);
        self.tx.execute(
            "INSERT INTO closing (round, kind, part, at, by, after, submission, rulebook,
               rulebook_file, population, registry, registry_file, registry_at, units, program,
               heads, own, joined, shared, unshared, points)
             VALUES (?1, ?2, ?3, ?4, ?5, (SELECT coalesce(max(id), 0) FROM submission), ?6, ?7,
               ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
            params![
                of.round,
                of.kind.as_str(),
                of.part,
                at,
                by,
                on.submission,
                on.rulebook,
                on.rulebook_file,
                on.population,
                registry(0),
                registry(1),
                registry(2),
                on.units,
                on.program,
                on.heads as i64,
                pool.own,
                pool.joined,
                pool.shared,
                pool.unshared,
                pool.points as i64,
            ],
        )?;
        Ok(self.tx.last_insert_rowid())
    }

    fn insert_units(&self, id: i64, paid: &Paid) -> Result<()> {
        let mut unit = self
            .tx
            .prepare("INSERT INTO closing_unit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
        let mut item =
            self.tx.prepare("INSERT INTO closing_item VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for of in &paid.units {
            unit.execute(params![
                id,
                of.hcode,
                of.name,
                of.cup,
                of.heads as i64,
                of.points as i64,
                of.most as i64,
                of.ceiling,
                of.amount,
                of.held
            ])?;
            for money in &of.items {
                let points = money.points as i64;
                let (amount, held) = (money.amount, money.held);
                item.execute(params![id, of.hcode, money.item, points, amount, held])?;
            }
        }
        Ok(())
    }

    fn insert_corrections(&self, id: i64, paid: &Paid) -> Result<()> {
        let mut line =
            self.tx.prepare("INSERT INTO closing_correction VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for of in &paid.corrections {
            line.execute(params![id, of.part, of.hcode, of.amount, of.held])?;
        }
        let mut line = self.tx.prepare("INSERT INTO closing_unshared VALUES (?1, ?2, ?3)")?;
        for (part, amount) in &paid.unshared {
            line.execute(params![id, part, amount])?;
        }
        self.tx.execute(
            "INSERT INTO closing_cup
             SELECT ?1, u.cup, coalesce(max(CASE WHEN u.hcode = u.cup THEN u.name END), ''),
                    count(*), sum(u.amount), sum(u.held),
                    coalesce(sum(c.amount), 0), coalesce(sum(c.held), 0)
             FROM closing_unit AS u
             LEFT JOIN (SELECT hcode, sum(amount) AS amount, sum(held) AS held
                        FROM closing_correction WHERE closing = ?1 GROUP BY hcode) AS c
               ON c.hcode = u.hcode
             WHERE u.closing = ?1 GROUP BY u.cup",
            [id],
        )?;
        Ok(())
    }

    /// Takes a part up again; gives the number of what had closed it.
    ///
    /// # Errors
    /// Refused if the part is not closed; else errors of the database. Nothing is
    /// written then.
    pub fn reopen(self, of: &PartOf, deed: &HoldAction) -> Result<i64> {
        let Some((id, _, _)) = self.in_force(of)? else {
            let (kind, part) = (of.kind.as_str(), &of.part);
            return Err(StoreError::Refused(format!(
                "{kind} {part} of {} is not closed",
                of.round
            )));
        };
        let sql = "SELECT coalesce(max(id), 0) FROM submission";
        let after: i64 = self.tx.query_row(sql, [], |row| row.get(0))?;
        let digest = digest_of_reopening(&self.tx, id, deed, after)?;
        self.tx.execute(
            "INSERT INTO reopening VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id, deed.at, deed.by, deed.reason, after, digest],
        )?;
        self.tx.commit()?;
        Ok(id)
    }
}
