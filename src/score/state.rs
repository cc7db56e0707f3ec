//! The state of the store that a result is about: the last submission included,
//! and when each submission was sent and forwarded.

use rustc_hash::FxHashMap;

use super::rulebook::Rulebook;
use crate::store::{QueryRow, Reader, Result, SqlValue, StoreError};

/// The last submission that a result includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf {
    /// Number of the last submission that counts; 0 for an empty store.
    pub submission: i64,
    /// Submissions that counted then and have been taken back since: their rows
    /// are gone, so that the past state cannot be had exactly.
    pub voided_since: Vec<i64>,
}

impl AsOf {
    /// Whether this is what would have been found then.
    pub fn exact(&self) -> bool {
        self.voided_since.is_empty()
    }

    /// The present state, or that after a submission was loaded.
    pub fn find(reader: &Reader, wanted: Option<i64>) -> Result<Self> {
        let mut last = 0;
        let mut loaded_at = None;
        let sql = "SELECT id, loaded_at FROM submission
                   WHERE id <= coalesce(:wanted, id) ORDER BY id DESC LIMIT 1";
        let wanted_value = wanted.map_or(SqlValue::Null, SqlValue::Int);
        reader.each_line(sql, &[(":wanted", wanted_value)], |line| {
            last = line.int(0)?.unwrap_or(0);
            loaded_at = line.str(1)?.map(str::to_owned);
            Ok(())
        })?;
        let mut voided_since = Vec::new();
        if let Some(wanted) = wanted {
            if wanted != last {
                return Err(StoreError::Refused(format!("no submission {wanted}")));
            }
            let sql = "SELECT submission FROM void
                       WHERE submission <= :last AND at > :loaded_at
                       UNION SELECT sub FROM freed_row
                       WHERE sub <= :last AND after >= :last ORDER BY 1";
            let at = loaded_at.map_or(SqlValue::Null, SqlValue::Text);
            reader.each_line(
                sql,
                &[(":last", SqlValue::Int(last)), (":loaded_at", at)],
                |line| {
                    voided_since.extend(line.int(0)?);
                    Ok(())
                },
            )?;
        }
        Ok(Self { submission: last, voided_since })
    }
}

/// The days on which submissions were sent and forwarded.
#[derive(Debug, Default)]
pub(super) struct Sendings {
    sent: FxHashMap<i64, i64>,
    forwarded: FxHashMap<(String, i64), i64>,
}

impl Sendings {
    /// Reads the days of all submissions.
    pub(super) fn read(reader: &Reader, book: &Rulebook) -> Result<Self> {
        let mut all = Self::default();
        let sql = "SELECT id, sent_at FROM submission WHERE sent_at IS NOT NULL";
        reader.each_line(sql, &[], |line| {
            if let (Some(id), Some(day)) = (line.int(0)?, day(line, 1)?) {
                all.sent.insert(id, day);
            }
            Ok(())
        })?;
        if book.points.iter().any(|item| item.forwarded.is_some()) {
            let sql = "SELECT destination, submission, at FROM forwarded";
            reader.each_line(sql, &[], |line| {
                let destination = line.str(0)?.unwrap_or_default().to_owned();
                if let (Some(id), Some(day)) = (line.int(1)?, day(line, 2)?) {
                    all.forwarded.insert((destination, id), day);
                }
                Ok(())
            })?;
        }
        Ok(all)
    }

    /// All submissions with the day on which each was sent.
    pub(super) fn all(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.sent.iter().map(|(id, day)| (*id, *day))
    }

    /// The day on which a submission was sent.
    pub(super) fn sent(&self, submission: i64) -> Option<i64> {
        self.sent.get(&submission).copied()
    }

    /// The day on which it was sent on to a destination.
    pub(super) fn forwarded(&self, destination: &str, submission: i64) -> Option<i64> {
        // Few units have rows of this kind; the key is made only for them.
        self.forwarded.get(&(destination.to_owned(), submission)).copied()
    }
}

/// The day (`YYYYMMDD`) of an RFC 3339 time, which is stored in Asia/Bangkok time.
fn day(line: &QueryRow<'_>, column: usize) -> Result<Option<i64>> {
    let text = line.str(column)?.and_then(|time| time.get(..10));
    Ok(text.and_then(|day| day.replace('-', "").parse().ok()))
}
