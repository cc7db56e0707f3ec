//! Holds of money: entered, ended, and listed as of a submission. Lines are never
//! changed; triggers of the table refuse it.

use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::connection::Reader;
use super::{Result, Store, StoreError};
use crate::text::message_with;

/// User, time and reason of an action on a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HoldAction {
    /// When, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// The user.
    pub by: String,
    /// Reason given by the user.
    pub reason: String,
}

/// What money is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HoldOf {
    /// The round.
    pub round: i64,
    /// HCODE of the unit whose money is held.
    pub hcode: String,
    /// The item, or a word for more than one.
    pub item: String,
    /// The tranche.
    pub tranche: String,
    /// How much of it, in hundredths of a percent.
    pub share: u32,
}

/// A hold with how it ended, if it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Number of the hold.
    pub id: i64,
    /// What is held.
    #[serde(flatten)]
    pub of: HoldOf,
    /// User, time and reason of the hold.
    pub held: HoldAction,
    /// User, time and reason of its end.
    pub released: Option<HoldAction>,
}

impl Store {
    /// Enters a hold; gives its number.
    pub fn add_hold(&mut self, of: &HoldOf, deed: &HoldAction) -> Result<i64> {
        self.conn.execute(
            "INSERT INTO hold (round, hcode, item, tranche, share, at, by, reason, after)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
                     (SELECT coalesce(max(id), 0) FROM submission))",
            params![
                of.round,
                of.hcode,
                of.item,
                of.tranche,
                of.share,
                deed.at,
                deed.by,
                deed.reason
            ],
        )?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Ends a hold, once.
    pub fn release_hold(&mut self, id: i64, deed: &HoldAction) -> Result<()> {
        // It reads before it writes.
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let ended: Option<bool> = tx
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM hold_release WHERE hold = id) FROM hold WHERE id = ?1",
                [id],
                |row| row.get(0),
            )
            .optional()?;
        match ended {
            None => return Err(StoreError::Refused(format!("no hold {id}"))),
            Some(true) => return Err(StoreError::Refused(format!("hold {id} has ended already"))),
            Some(false) => {}
        }
        if let Some(case) = super::audit::case_of_hold(&tx, id)? {
            let what = message_with("store.hold_of_case", &[("id", &id), ("case", &case)]);
            return Err(StoreError::Refused(what.both()));
        }
        tx.execute(
            "INSERT INTO hold_release VALUES (?1, ?2, ?3, ?4,
                     (SELECT coalesce(max(id), 0) FROM submission))",
            params![id, deed.at, deed.by, deed.reason],
        )?;
        tx.commit()?;
        Ok(())
    }
}

impl Reader {
    /// Holds as they were until the submission after `as_of` came, by number:
    /// of one round, or of all.
    pub fn holds(&self, round: Option<i64>, as_of: i64) -> Result<Vec<Hold>> {
        let mut query = self.conn.prepare_cached(
            "SELECT h.id, h.round, h.hcode, h.item, h.tranche, h.share, h.at, h.by, h.reason,
                    r.at, r.by, r.reason
             FROM hold AS h LEFT JOIN hold_release AS r ON r.hold = h.id AND r.after <= ?2
             WHERE (?1 IS NULL OR h.round = ?1) AND h.after <= ?2 ORDER BY h.id",
        )?;
        let rows = query.query_map(params![round, as_of], hold_of)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}

fn hold_of(row: &Row) -> rusqlite::Result<Hold> {
    let deed = |first: usize| -> rusqlite::Result<HoldAction> {
        Ok(HoldAction { at: row.get(first)?, by: row.get(first + 1)?, reason: row.get(first + 2)? })
    };
    let of = HoldOf {
        round: row.get(1)?,
        hcode: row.get(2)?,
        item: row.get(3)?,
        tranche: row.get(4)?,
        share: row.get(5)?,
    };
    let released = row.get::<_, Option<String>>(9)?.map(|_| deed(9)).transpose()?;
    Ok(Hold { id: row.get(0)?, of, held: deed(6)?, released })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn deed(reason: &str) -> HoldAction {
        HoldAction {
            at: "2014-08-01T09:00:00+07:00".into(),
            by: "สมชาย".into(),
            reason: reason.into(),
        }
    }

    #[test]
    fn a_hold_is_entered_and_ended_once_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("khlang.db");
        let mut store = Store::open(&path, &Catalog::builtin().unwrap(), 8).unwrap();
        let of = HoldOf {
            round: 2557,
            hcode: "04001".into(),
            item: "EPI".into(),
            tranche: "1".into(),
            share: 5000,
        };
        let id = store.add_hold(&of, &deed("อายุไม่เหมาะสม")).unwrap();
        let reader = Reader::open(&path, None).unwrap();
        let wanted = Hold {
            id, of, held: deed("อายุไม่เหมาะสม"), released: None
        };
        assert_eq!(reader.holds(Some(2557), 0).unwrap(), [wanted]);
        assert_eq!(reader.holds(Some(2556), 0).unwrap(), []);

        store.release_hold(id, &deed("ตรวจแล้ว")).unwrap();
        assert_eq!(reader.holds(None, 0).unwrap()[0].released, Some(deed("ตรวจแล้ว")));
        let again = store.release_hold(id, &deed("อีกครั้ง")).unwrap_err();
        assert!(again.to_string().contains("ended already"), "{again}");
        assert!(store.release_hold(99, &deed("?")).is_err());

        for sql in [
            "UPDATE hold SET share = 1",
            "DELETE FROM hold",
            "UPDATE hold_release SET by = ''",
            "DELETE FROM hold_release",
        ] {
            let error = store.conn.execute(sql, []).unwrap_err().to_string();
            assert!(error.contains("never overwritten"), "{sql}: {error}");
        }
    }

    #[test]
    fn a_past_state_has_the_holds_that_it_had() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("khlang.db");
        let mut store = Store::open(&path, &Catalog::builtin().unwrap(), 8).unwrap();
        let of = HoldOf {
            round: 2557,
            hcode: "04001".into(),
            item: "all".into(),
            tranche: "2".into(),
            share: 10_000,
        };
        let submission = |store: &Store| {
            let sql =
                "INSERT INTO submission (archive, sha256, bytes, received_at, loaded_at, status)
                       VALUES ('a', 'b', 1, '', '', 'accepted')";
            store.conn.execute(sql, []).unwrap();
        };
        submission(&store);
        store.add_hold(&of, &deed("หลังการส่งที่ 1")).unwrap();
        submission(&store);
        store.release_hold(1, &deed("หลังการส่งที่ 2")).unwrap();
        let reader = Reader::open(&path, None).unwrap();
        let ended: Vec<Vec<bool>> = (0..3)
            .map(|as_of| {
                let holds = reader.holds(None, as_of).unwrap();
                holds.iter().map(|hold| hold.released.is_some()).collect()
            })
            .collect();
        assert_eq!(ended, [vec![], vec![false], vec![true]]);
    }
}
