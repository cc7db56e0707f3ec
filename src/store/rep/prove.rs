//! Proves what came back against itself, and that no row was lost: what was
//! accepted is stored, was taken back, or was freed.

use crate::store::{Result, Store, VerifyReport};

impl Store {
    /// Of what came back: a file has the lines that it says, a freed row is of
    /// a refused one and stored no more, and of every submission
    /// `accepted = stored + voided + freed`.
    pub(in crate::store) fn compare_rep(&self, report: &mut VerifyReport) -> Result<()> {
        let mut wrong = |sql: &str, what: &str| -> Result<()> {
            let mut query = self.conn.prepare(sql)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let told: String = row.get(1)?;
                report.push(row.get(0)?, format!("{what}{told}"));
            }
            Ok(())
        };
        wrong(
            "SELECT NULL, p.id || '' FROM rep AS p
             LEFT JOIN (SELECT rep, count(*) AS rows, sum(NOT passed) AS refused,
                          sum(sub IS NULL) AS unmatched FROM rep_row GROUP BY 1) AS r
               ON r.rep = p.id
             LEFT JOIN (SELECT rep, count(*) AS rows FROM statement_line GROUP BY 1) AS m
               ON m.rep = p.id
             WHERE p.rows <> coalesce(r.rows, 0) + coalesce(m.rows, 0)
                OR p.refused <> coalesce(r.refused, 0)
                OR p.unmatched <> coalesce(r.unmatched, 0)",
            "its lines are not those that were counted: REP ",
        )?;
        wrong(
            "SELECT f.sub, f.file || ' ' || f.line FROM freed_row AS f
             WHERE NOT EXISTS (SELECT 1 FROM rep_row AS r WHERE r.rep = f.rep AND r.sub = f.sub
                 AND r.record = f.record AND r.line = f.line AND NOT r.passed)",
            "freed, but its REP did not refuse it: ",
        )?;
        wrong(
            "SELECT v.submission, 'accepted ' || s.accepted || ', voided ' || v.rows || ', freed '
               || (SELECT count(*) FROM freed_row WHERE sub = v.submission)
             FROM void AS v JOIN submission AS s ON s.id = v.submission
             WHERE s.accepted <> v.rows
               + (SELECT count(*) FROM freed_row WHERE sub = v.submission)",
            "rows were lost: ",
        )?;
        for table in &self.tables.list {
            let sql = format!(
                "SELECT f.sub, f.file || ' ' || f.line FROM freed_row AS f
                 JOIN {} AS t ON t._sub = f.sub AND t._line = f.line WHERE f.record = '{}'",
                table.name, table.record
            );
            let any = "SELECT EXISTS (SELECT 1 FROM freed_row WHERE record = ?1)";
            let freed: bool = self.conn.query_row(any, [&table.record], |row| row.get(0))?;
            if freed {
                wrong(&sql, "freed, but still stored: ")?;
            }
        }
        Ok(())
    }
}
