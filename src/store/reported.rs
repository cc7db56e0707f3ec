//! Reported values, entered by people because no records exist for them. A value
//! that is entered again is a new row; the latest is in force, and older ones are
//! kept.

use rusqlite::params;

use super::connection::Reader;
use super::{Result, Store};

/// A reported value as entered; decimals are text, exactly as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedValue {
    /// The KPI.
    pub kpi: String,
    /// HCODE, or `level:code` for a whole group.
    pub unit: String,
    /// Name of the period.
    pub period: String,
    /// Numerator, a decimal number that may be negative.
    pub numerator: String,
    /// Denominator, a decimal number.
    pub denominator: String,
    /// What there is to say.
    pub note: String,
}

impl Store {
    /// Enters all values, or none if one fails.
    ///
    /// # Errors
    /// Errors of the database, such as a full disk. No value is entered then.
    pub fn enter_reported(&mut self, values: &[ReportedValue], by: &str, at: &str) -> Result<()> {
        let tx = self.conn.transaction()?;
        for value in values {
            tx.prepare_cached(
                "INSERT INTO reported (kpi, unit, period, numerator, denominator, note, by, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                value.kpi,
                value.unit,
                value.period,
                value.numerator,
                value.denominator,
                value.note,
                by,
                at
            ])?;
        }
        tx.commit()?;
        Ok(())
    }
}

impl Reader {
    /// The values in force of a KPI for a period, by unit.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn reported(&self, kpi: &str, period: &str) -> Result<Vec<ReportedValue>> {
        let mut query = self.conn.prepare_cached(
            "SELECT kpi, unit, period, numerator, denominator, note FROM reported
             WHERE id IN (SELECT max(id) FROM reported WHERE kpi = ?1 AND period = ?2 GROUP BY unit)
             ORDER BY unit",
        )?;
        let rows = query.query_map(params![kpi, period], |row| {
            Ok(ReportedValue {
                kpi: row.get(0)?,
                unit: row.get(1)?,
                period: row.get(2)?,
                numerator: row.get(3)?,
                denominator: row.get(4)?,
                note: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}
