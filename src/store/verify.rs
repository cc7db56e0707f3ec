//! Recomputes every count from the rows (invariant 2).

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Result, Store};
use crate::catalog::Catalog;
use crate::row::serial;

/// One contradiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The submission, where it is about one.
    pub submission: Option<i64>,
    /// What contradicts what.
    pub what: String,
}

/// What the self-check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Number of submissions checked.
    pub submissions: u64,
    /// Rows counted again.
    pub rows: u64,
    /// Contradictions; empty in a sound store.
    pub mismatches: Vec<Mismatch>,
}

type TallyKey = (i64, String, u32);

impl Store {
    /// Checks SQLite's own structures, and every tally against the rows.
    ///
    /// # Errors
    /// Errors of the database. What contradicts itself is told in the report.
    pub fn verify(&self, catalog: &Catalog, on_time_days: i64) -> Result<VerifyReport> {
        let mut report = VerifyReport::default();
        let integrity: String = self.conn.query_row("PRAGMA integrity_check", [], |r| r.get(0))?;
        if integrity != "ok" {
            report.push(None, format!("integrity_check: {integrity}"));
        }
        report.submissions = self
            .conn
            .query_row("SELECT count(*) FROM submission", [], |row| row.get::<_, i64>(0))?
            as u64;
        let counted = self.count_rows(catalog, on_time_days)?;
        report.rows = counted.values().map(|c| c.0).sum();
        self.compare_tallies(&counted, &mut report)?;
        self.compare_totals(&mut report)?;
        self.compare_kept(&mut report)?;
        self.compare_closings(&mut report)?;
        self.compare_audit(&mut report)?;
        self.compare_forward(&mut report)?;
        self.compare_rep(&mut report)?;
        Ok(report)
    }

    /// Accepted and on-time rows by submission, file and month, from the rows.
    fn count_rows(&self, catalog: &Catalog, days: i64) -> Result<BTreeMap<TallyKey, (u64, u64)>> {
        let sent: BTreeMap<i64, (String, i64)> = self
            .conn
            .prepare("SELECT id, standard, sent_at FROM submission WHERE sent_at IS NOT NULL")?
            .query_map([], |row| {
                let sent: String = row.get(2)?;
                let day: i64 = sent[..10].replace('-', "").parse().unwrap_or(0);
                Ok((row.get(0)?, (row.get(1)?, day)))
            })?
            .collect::<std::result::Result<_, _>>()?;
        let mut counted: BTreeMap<TallyKey, (u64, u64)> = BTreeMap::new();
        for (record, table) in catalog.records.iter().zip(&self.tables.list) {
            let (day, from) = table.event_sql();
            let sql = format!("SELECT t._sub, {day}, count(*) FROM {from} GROUP BY 1, 2");
            let mut query = self.conn.prepare(&sql)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(0)?;
                let event: i64 = row.get::<_, Option<i64>>(1)?.unwrap_or(0);
                let count = row.get::<_, i64>(2)? as u64;
                let (file, sent_day) = match sent.get(&id) {
                    Some((standard, day)) => {
                        let layout = record.layouts().find(|l| l.standard.to_string() == *standard);
                        (layout.map_or(record.name.clone(), |l| l.file.clone()), *day)
                    }
                    None => (record.name.clone(), 0),
                };
                let on_time = is_on_time(sent_day, event, days);
                let entry = counted.entry((id, file, (event / 100) as u32)).or_default();
                entry.0 += count;
                entry.1 += if on_time { count } else { 0 };
            }
        }
        self.count_freed(&sent, days, &mut counted)?;
        Ok(counted)
    }

    /// Adds the rows that were freed to those that are stored: the tally of
    /// their submission stays as it was written. Those of a submission that was
    /// taken back as a whole are proven with what was voided.
    fn count_freed(
        &self,
        sent: &BTreeMap<i64, (String, i64)>,
        days: i64,
        counted: &mut BTreeMap<TallyKey, (u64, u64)>,
    ) -> Result<()> {
        let mut query = self.conn.prepare(
            "SELECT f.sub, f.file, coalesce(f.day, 0), count(*) FROM freed_row AS f
             JOIN submission AS s ON s.id = f.sub AND s.status <> 'void' GROUP BY 1, 2, 3",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (id, event): (i64, i64) = (row.get(0)?, row.get(2)?);
            let count = row.get::<_, i64>(3)? as u64;
            let sent_day = sent.get(&id).map_or(0, |(_, day)| *day);
            let entry = counted.entry((id, row.get(1)?, (event / 100) as u32)).or_default();
            entry.0 += count;
            entry.1 += if is_on_time(sent_day, event, days) { count } else { 0 };
        }
        Ok(())
    }

    fn compare_tallies(
        &self,
        counted: &BTreeMap<TallyKey, (u64, u64)>,
        report: &mut VerifyReport,
    ) -> Result<()> {
        let mut left = counted.clone();
        let mut query = self.conn.prepare(
            "SELECT t.submission, t.file, t.month, t.accepted, t.on_time, s.status
             FROM tally AS t JOIN submission AS s ON s.id = t.submission",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let key: TallyKey = (row.get(0)?, row.get(1)?, row.get(2)?);
            let status: String = row.get(5)?;
            let told = match status.as_str() {
                "accepted" | "partial" => {
                    (row.get::<_, i64>(3)? as u64, row.get::<_, i64>(4)? as u64)
                }
                _ => (0, 0), // taken back: its tally stays on record, its rows are gone
            };
            let found = left.remove(&key).unwrap_or_default();
            if found != told {
                let what = format!(
                    "{} {:06}: {} rows, {} on time; the tally says {} and {}",
                    key.1, key.2, found.0, found.1, told.0, told.1
                );
                report.push(Some(key.0), what);
            }
        }
        for ((id, file, month), (rows, _)) in left {
            report.push(Some(id), format!("{file} {month:06}: {rows} rows without a tally"));
        }
        Ok(())
    }

    /// Stored findings never exceed the totals, and equal them unless the list was cut.
    fn compare_totals(&self, report: &mut VerifyReport) -> Result<()> {
        let mut query = self.conn.prepare(
            "SELECT s.id, f.code || ' ' || f.severity, f.kept, coalesce(t.total, u.total, 0)
             FROM submission AS s
             JOIN (SELECT submission, code, severity, count(*) AS kept FROM finding
                   GROUP BY 1, 2, 3) AS f ON f.submission = s.id
             LEFT JOIN finding_total AS t
               ON t.submission = s.id AND t.code = f.code AND t.severity = f.severity
             LEFT JOIN finding_total AS u
               ON u.submission = s.id AND u.code = f.code AND u.severity = ''
             WHERE f.kept > coalesce(t.total, u.total, 0)
                OR (f.kept < t.total AND NOT s.findings_cut)",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (code, kept, total): (String, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            report.push(row.get(0)?, format!("{code}: {kept} findings kept, {total} counted"));
        }
        let mut query = self.conn.prepare(
            "SELECT submission, count(*) FROM finding_line AS l
             WHERE NOT EXISTS (SELECT 1 FROM finding_kind AS k
                               WHERE k.submission = l.submission AND k.kind = l.kind)
             GROUP BY submission",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let lines: i64 = row.get(1)?;
            report.push(row.get(0)?, format!("{lines} findings of no kind"));
        }
        Ok(())
    }
}

/// Whether a row of a day was sent within the days that count as on time.
fn is_on_time(sent_day: i64, event: i64, days: i64) -> bool {
    event > 0 && (0..=days).contains(&(serial(sent_day) - serial(event)))
}

impl VerifyReport {
    /// Records a contradiction.
    pub fn push(&mut self, submission: Option<i64>, what: String) {
        self.mismatches.push(Mismatch { submission, what });
    }
}
