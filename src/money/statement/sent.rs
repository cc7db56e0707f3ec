//! What a unit sent, for its statement.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use crate::archive::Standard;
use crate::catalog::Severity;
use crate::clock::day_of_number;
use crate::score::Rulebook;
use crate::store::{QueryRow, Reader, Result, SqlValue};
use crate::submission::Counts;

/// Archives of a unit and round, by file.
pub const SENT: &str = include_str!("../../../schema/statement/sent.sql");

/// Codes given to them.
pub const CODES: &str = include_str!("../../../schema/statement/codes.sql");

/// An archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentArchive {
    /// Number of the submission.
    pub id: i64,
    /// File name of the archive.
    pub name: String,
    /// When it was sent.
    pub sent: Option<NaiveDate>,
    /// What became of it.
    pub status: String,
    /// Counts over all its files.
    pub counts: Counts,
}

/// A finding code with the severity that rows were given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundCode {
    /// The code.
    pub code: String,
    /// The standard of the archives.
    pub standard: Option<Standard>,
    /// How bad it was; none where the store does not say (archives loaded
    /// before it did), so that the catalogue does.
    pub severity: Option<Severity>,
}

/// What a unit sent that is of a round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentOfUnit {
    /// The archives, those that were refused or taken back too.
    pub archives: Vec<SentArchive>,
    /// Counts by file, from archives that were not taken back.
    pub files: BTreeMap<String, Counts>,
    /// How often each code was given, by standard and severity.
    pub codes: BTreeMap<FoundCode, u64>,
}

/// Reads what a unit sent.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn sent(reader: &Reader, book: &Rulebook, hcode: &str, as_of: i64) -> Result<SentOfUnit> {
    let month = |day: NaiveDate| i64::from(day.year()) * 100 + i64::from(day.month());
    let params = [
        (":hcode", SqlValue::from(hcode)),
        (":as_of", as_of.into()),
        (":round", i64::from(book.round).into()),
        (":from", month(book.window.from).into()),
        (":to", month(book.window.to).into()),
    ];
    let mut sent = SentOfUnit::default();
    reader.each_line(SENT, &params, |line| {
        let (id, counts) = (line.int(0)?.unwrap_or(0), counts(line)?);
        let status = line.str(3)?.unwrap_or_default().to_owned();
        if let (Some(file), "accepted" | "partial") = (line.str(4)?, status.as_str()) {
            sent.files.entry(file.to_owned()).or_default().add(&counts);
        }
        match sent.archives.last_mut() {
            Some(archive) if archive.id == id => archive.counts.add(&counts),
            _ => sent.archives.push(SentArchive {
                id,
                name: line.str(1)?.unwrap_or_default().to_owned(),
                sent: line.int(2)?.and_then(day_of_number),
                status,
                counts,
            }),
        }
        Ok(())
    })?;
    reader.each_line(CODES, &params, |line| {
        let standard = line.str(1)?.and_then(|name| name.parse().ok());
        let code = line.str(0)?.unwrap_or_default().to_owned();
        let severity = line.str(2)?.and_then(Severity::parse);
        let given = FoundCode { code, standard, severity };
        *sent.codes.entry(given).or_default() += line.int(3)?.unwrap_or(0) as u64;
        Ok(())
    })?;
    Ok(sent)
}

fn counts(line: &QueryRow<'_>) -> Result<Counts> {
    let number = |column| Ok::<_, crate::store::StoreError>(line.int(column)?.unwrap_or(0) as u64);
    Ok(Counts {
        received: number(5)?,
        accepted: number(6)?,
        duplicate: number(7)?,
        rejected: number(8)?,
        warned: number(9)?,
        on_time: number(10)?,
    })
}
