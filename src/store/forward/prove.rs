//! Proves what is on record of sending on against itself and the tallies.

use crate::store::{Result, Store, VerifyReport};

impl Store {
    /// Of what was sent on: an archive has the rows of its parts, and no more
    /// rows of a submission were sent than were accepted.
    pub(in crate::store) fn compare_forward(&self, report: &mut VerifyReport) -> Result<()> {
        let mut query = self.conn.prepare(
            "SELECT a.batch, a.name, a.rows, coalesce(sum(p.rows), 0)
             FROM forward_archive AS a JOIN forward_batch AS b ON b.id = a.batch
             LEFT JOIN forward_part AS p
               ON p.batch = coalesce(b.again_of, b.id) AND p.archive = a.name
             GROUP BY a.batch, a.name HAVING a.rows <> coalesce(sum(p.rows), 0)",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (batch, name): (i64, String) = (row.get(0)?, row.get(1)?);
            let (told, parts): (i64, i64) = (row.get(2)?, row.get(3)?);
            let what = format!("batch {batch}, {name}: {told} rows, its parts have {parts}");
            report.push(None, what);
        }
        let mut query = self.conn.prepare(
            "SELECT p.submission, p.destination, p.file, p.rows,
               (SELECT coalesce(sum(t.accepted), 0) FROM tally AS t
                WHERE t.submission = p.submission AND t.file = p.file) AS accepted
             FROM forward_part AS p WHERE p.rows > accepted",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (to, file): (String, String) = (row.get(1)?, row.get(2)?);
            let (sent, accepted): (i64, i64) = (row.get(3)?, row.get(4)?);
            let what = format!("{file}: {sent} rows were sent to {to}, {accepted} were accepted");
            report.push(row.get(0)?, what);
        }
        Ok(())
    }
}
