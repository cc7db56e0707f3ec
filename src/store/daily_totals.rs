//! Stored totals of submissions, by day and status, and of findings, by code. For a
//! reader that is limited to some units they are counted from the submissions.

use std::collections::BTreeMap;

use rusqlite::params;

use super::connection::Reader;
use super::queries::{Overview, Scope, SubmissionFilter, json_list};
use super::{Result, Store, VerifyReport};

/// The last moment of a range that has no end.
const ALWAYS: (&str, &str) = ("", "~");

impl Reader {
    /// Totals of all that these units sent.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn overview(&self, units: &Scope) -> Result<Overview> {
        self.overview_of(ALWAYS.0, ALWAYS.1, units)
    }

    /// Totals of what was received of these units on a day (`YYYY-MM-DD`,
    /// Bangkok).
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn overview_of_day(&self, day: &str, units: &Scope) -> Result<Overview> {
        self.overview_of(day, day, units)
    }

    fn overview_of(&self, from: &str, to: &str, units: &Scope) -> Result<Overview> {
        let sql = match units {
            None => {
                "SELECT status, sum(submissions), max(last), sum(received), sum(accepted),
                        sum(duplicate), sum(rejected)
                 FROM day_total WHERE day >= ?1 AND day <= ?2 AND ?3 IS NULL
                 GROUP BY 1 HAVING sum(submissions) > 0"
            }
            Some(_) => {
                "SELECT status, count(*), max(id), sum(received), sum(accepted), sum(duplicate),
                        sum(rejected)
                 FROM submission
                 WHERE received_at >= ?1 AND received_at < ?2 || 'U'
                   AND hcode IN (SELECT value FROM json_each(?3)) GROUP BY 1"
            }
        };
        let mut overview = Overview::default();
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query(params![from, to, json_list(units)])?;
        while let Some(row) = rows.next()? {
            let number = |at| row.get::<_, i64>(at).map(|n| n as u64);
            let status: String = row.get(0)?;
            overview.last_submission = overview.last_submission.max(row.get(2)?);
            // What was taken back is not counted among the rows.
            if status != "void" {
                overview.received += number(3)?;
                overview.accepted += number(4)?;
                overview.duplicate += number(5)?;
                overview.rejected += number(6)?;
            }
            overview.submissions.insert(status, number(1)?);
        }
        Ok(overview)
    }

    /// Number of submissions that match a filter; `None` if it is not stored.
    pub(super) fn kept_count(&self, filter: &SubmissionFilter) -> Result<Option<u64>> {
        if filter.hcode.is_some() || filter.units.is_some() {
            return Ok(None);
        }
        let from = filter.from.as_deref().unwrap_or(ALWAYS.0);
        let to = filter.to.as_deref().unwrap_or(ALWAYS.1);
        let count: i64 = self
            .conn
            .prepare_cached(
                "SELECT coalesce(sum(submissions), 0) FROM day_total
                 WHERE day >= ?1 AND day <= ?2 AND (?3 IS NULL OR status = ?3)",
            )?
            .query_row(params![from, to, filter.status], |row| row.get(0))?;
        Ok(Some(count as u64))
    }

    /// Number of submissions ever committed. It only grows.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn committed(&self) -> Result<i64> {
        let sql = "SELECT coalesce(sum(submissions), 0) FROM day_total";
        Ok(self.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// Number of findings ever, by code.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn codes(&self) -> Result<BTreeMap<String, u64>> {
        let mut query = self.conn.prepare_cached("SELECT code, total FROM code_total")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// When the last submission was received.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn last_received(&self) -> Result<Option<String>> {
        let sql = "SELECT max(received_at) FROM submission";
        Ok(self.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }
}

impl Store {
    /// Compares the stored totals with a new count.
    pub(super) fn compare_kept(&self, report: &mut VerifyReport) -> Result<()> {
        let mut wrong = |sql: &str, what: &str| -> Result<()> {
            let mut query = self.conn.prepare(sql)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let id: Option<i64> = row.get(0)?;
                report.push(id, format!("{what}{}", row.get::<_, String>(1)?));
            }
            Ok(())
        };
        wrong(
            "SELECT s.id, '' FROM submission AS s
             LEFT JOIN (SELECT submission, sum(received) AS received, sum(accepted) AS accepted,
                          sum(duplicate) AS duplicate, sum(rejected) AS rejected
                        FROM tally GROUP BY 1) AS t ON t.submission = s.id
             WHERE s.received <> coalesce(t.received, 0) OR s.accepted <> coalesce(t.accepted, 0)
                OR s.duplicate <> coalesce(t.duplicate, 0) OR s.rejected <> coalesce(t.rejected, 0)",
            "its sums are not those of its tally",
        )?;
        wrong(
            "WITH counted AS (
               SELECT substr(received_at, 1, 10) AS day, status, count(*), sum(received),
                      sum(accepted), sum(duplicate), sum(rejected)
               FROM submission GROUP BY 1, 2),
             kept AS (
               SELECT day, status, submissions, received, accepted, duplicate, rejected
               FROM day_total WHERE submissions <> 0 OR received <> 0)
             SELECT NULL, day || ' ' || status FROM (
               SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept)
               UNION SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted))
             GROUP BY 1, 2",
            "the totals of a day are not those of its submissions: ",
        )?;
        wrong(
            "WITH said AS (
               SELECT code, sum(total) FROM (
                 SELECT code, total FROM finding_total UNION ALL SELECT code, 1 FROM problem)
               GROUP BY code)
             SELECT NULL, code FROM (
               SELECT * FROM (SELECT * FROM said EXCEPT SELECT * FROM code_total)
               UNION SELECT * FROM (SELECT * FROM code_total EXCEPT SELECT * FROM said))
             GROUP BY 1, 2",
            "the total of a code is not that of its submissions: ",
        )
    }
}
