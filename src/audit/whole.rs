//! A case with its rows and its money, for whoever may see it.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::case::Case;
use super::rule::CaseSeverity;
use super::steps::{Actor, allowed};
use super::view::{
    Archives, CaseLine, MoneyOf, RowLine, ShownCase, event_lines, held_of, item_money, row_lines,
    suspicious_share,
};
use crate::catalog::Catalog;
use crate::money::Satang;
use crate::money::holds::{WHOLE, percent};
use crate::money::result::Allocation;
use crate::report::csv;
use crate::score::Rulebook;
use crate::store::{AuditFact, Reader, Result};
use crate::units::Units;

/// A case and the rows that are kept of it.
#[derive(Debug, Clone)]
pub struct WholeCase {
    /// The case.
    pub case: Case,
    /// Its rows.
    pub facts: Vec<AuditFact>,
}

/// What the money of a case is computed from.
#[derive(Clone, Copy)]
pub struct MoneyBasis<'a> {
    /// Whether to say how much the rows that are not suspicious earned.
    pub suggests: bool,
    /// The store.
    pub reader: &'a Reader,
    /// The facts about data.
    pub catalog: &'a Catalog,
    /// The units.
    pub units: &'a Units,
    /// The rules of the round.
    pub book: &'a Rulebook,
    /// What was earned.
    pub allocation: &'a Allocation,
}

impl WholeCase {
    /// The case of a number as it was until the submission after `as_of` came;
    /// none when there was no such case.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn read(reader: &Reader, id: i64, as_of: i64) -> Result<Option<Self>> {
        let Some(opened) = reader.audit_case(id)? else { return Ok(None) };
        let case = Case::read(reader, opened, as_of)?;
        if case.events.is_empty() {
            return Ok(None);
        }
        let facts = reader.audit_facts(id, as_of)?;
        Ok(Some(Self { case, facts }))
    }

    /// All rows that are kept, as they are shown.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rows(&self, reader: &Reader, catalog: &Catalog) -> Result<Vec<RowLine>> {
        let archives = Archives::read(reader, &self.facts)?;
        Ok(row_lines(&self.case, &self.facts, &archives, catalog))
    }

    /// How many rows there are, kept or not.
    pub fn rows_total(&self) -> u64 {
        self.facts.len() as u64 + self.case.cut()
    }

    /// The case as it is shown to somebody, without its rows.
    pub fn shown(
        &self,
        units: &Units,
        actor: Actor,
        today: NaiveDate,
        money: Option<MoneyOf>,
    ) -> ShownCase {
        let case = &self.case;
        let described = case.described();
        let threshold = described.as_ref().and_then(|of| match case.severity() {
            CaseSeverity::Hold => of.hold,
            CaseSeverity::Warn => of.warn,
        });
        ShownCase {
            line: CaseLine::new(case, units),
            threshold,
            peers: case.peers(),
            money,
            allowed: allowed(&case.standing(), actor, today),
            events: event_lines(case),
            captions: described.map(|of| of.captions).unwrap_or_default(),
            rows: Vec::new(),
            rows_total: self.rows_total(),
            rows_cut: false,
        }
    }

    /// The money that the case is about; none for a warning, and none when the
    /// round has no such tranche.
    ///
    /// # Errors
    /// Errors of the database, and of computing the money of the round.
    pub fn money(&self, basis: &MoneyBasis<'_>) -> Result<Option<MoneyOf>> {
        if self.case.severity() != CaseSeverity::Hold {
            return Ok(None);
        }
        let opened = &self.case.opened;
        let place = (opened.hcode.as_str(), opened.tranche.as_str(), opened.item.as_str());
        let Some(amounts) = item_money(basis.allocation, basis.book, place) else {
            return Ok(None);
        };
        let share = self.case.in_force().map(|hold| hold.share).max().unwrap_or(0);
        let suggested = if self.facts.is_empty() || !basis.suggests {
            None
        } else {
            let of = (basis.reader, basis.book, basis.units, basis.catalog);
            let as_of = basis.allocation.as_of_submission;
            match suspicious_share(of, place, &self.facts, self.case.counted(), as_of) {
                Ok(suspicious) => Some(percent(WHOLE - suspicious)),
                // It is a help, and no reason to show nothing.
                Err(error) if error.is_deadline() => None,
                Err(error) => return Err(error),
            }
        };
        Ok(Some(MoneyOf {
            item: amounts.iter().copied().sum::<Satang>(),
            held: held_of(&amounts, share),
            suggested_percent: suggested,
        }))
    }

    /// Rows for a spreadsheet. With verdicts filled in, it can be handed in with
    /// a verification.
    pub fn rows_csv(&self, rows: &[RowLine]) -> Vec<u8> {
        let captions = self.case.described().map(|of| of.captions).unwrap_or_default();
        let names: Vec<&str> = captions.keys().map(String::as_str).collect();
        let fixed = [
            "file",
            "submission",
            "line",
            "archive",
            "pid",
            "day",
            "run",
            "gone",
            "verdict",
            "note",
        ];
        let header: Vec<&str> = fixed.into_iter().chain(names.iter().copied()).collect();
        let cells = |row: &RowLine| -> Vec<Cow<'static, str>> {
            let mut cells: Vec<Cow<'static, str>> = vec![
                row.file.clone().into(),
                row.submission.to_string().into(),
                row.line.to_string().into(),
                row.archive.clone().into(),
                row.pid.clone().into(),
                row.day.clone().into(),
                row.run.to_string().into(),
                if row.gone { "1".into() } else { "".into() },
                row.verdict.clone().unwrap_or_default().into(),
                row.note.clone().unwrap_or_default().into(),
            ];
            cells.extend(
                names
                    .iter()
                    .map(|name| Cow::from(row.shown.get(*name).map_or_else(String::new, plain))),
            );
            cells
        };
        csv::table(&header, rows.iter().map(cells))
    }
}

/// A value as people read it.
pub fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
