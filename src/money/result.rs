//! The allocation of a round as it is shown, with the state of the store, the
//! rulebook and the registry that it was computed from.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use super::Satang;
use super::allocate::{Allocated, MoneySums, Pools, UnitMoney, allocate};
use super::closing::parts::{PartLine, parts};
use super::closing::settle::settle;
use super::from_rulebook::{MoneyRulesError, terms, to_hundredths};
use super::holds::ActiveHolds;
use super::terms::{AllocationFacts, ItemPoints, QualityMark, UnitFacts};
use crate::catalog::Catalog;
use crate::registry::{PersonTerms, Population, PopulationSource, uc_heads};
use crate::score::quality::{QualityOfRound, of_round};
use crate::score::sheet::{Note, notes};
use crate::score::{AsOf, CacheHandle, Points, Rulebook, cached_points};
use crate::store::{Closing, HeldFor, Hold, PartialResults, Reader, StoreError};
use crate::units::Units;

/// Why there is no allocation.
#[derive(Debug, thiserror::Error)]
pub enum MoneyError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The rulebook cannot be shared out by.
    #[error("{0}")]
    Rules(#[from] MoneyRulesError),
    /// The sums do not add up: a bug, and nothing is shown.
    #[error("the allocation does not add up: {0}")]
    Bug(String),
}

/// What an allocation is counted from.
pub struct CalculationInput<'a> {
    /// One state of the store.
    pub reader: &'a Reader,
    /// Facts about files.
    pub catalog: &'a Catalog,
    /// The facilities.
    pub units: &'a Units,
    /// The rules.
    pub book: &'a Rulebook,
    /// The last submission that is included.
    pub as_of: AsOf,
    /// What is kept of points that were counted earlier.
    pub kept: Option<&'a PartialResults>,
}

/// A unit's money with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnitMoneyLine {
    /// HCODE of the unit.
    pub hcode: String,
    /// Name of the unit.
    pub name: String,
    /// Money of the unit.
    #[serde(flatten)]
    pub money: UnitMoney,
    /// Audit cases for which money of it is held, or not paid.
    pub cases: Vec<HeldFor>,
}

/// A main unit with its units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CupMoney {
    /// HCODE of the main unit.
    pub cup: String,
    /// Name of the unit.
    pub name: String,
    /// UC heads of its units.
    pub heads: u64,
    /// Money of its units.
    #[serde(flatten)]
    pub sums: MoneySums,
    /// The units.
    pub units: Vec<UnitMoneyLine>,
}

/// The allocation of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allocation {
    /// The round, B.E.
    pub round: i32,
    /// SHA-256 of the rulebook.
    pub rulebook: String,
    /// Name of its file.
    pub rulebook_file: String,
    /// The last submission that counts.
    pub as_of_submission: i64,
    /// Whether the state is exactly that after this submission.
    pub as_of_exact: bool,
    /// Submissions taken back since, whose rows are gone.
    pub voided_since: Vec<i64>,
    /// The last submission there is: a larger number says that the state is a
    /// past one.
    pub last_submission: i64,
    /// The population.
    pub population: Population,
    /// UC heads of units that are not in the list of units: no money is counted
    /// for them.
    pub heads_elsewhere: u64,
    /// Keys of the values that no public source gives.
    pub local_defaults: Vec<String>,
    /// What else must be known beside the figures.
    pub notes: Vec<Note>,
    /// The pools of the province.
    pub pools: Pools,
    /// Money of all units.
    pub total: MoneySums,
    /// What nobody got, because nobody has points in its quarter.
    pub unallocated: Satang,
    /// Quarters and tranches: which are open, and how the others were paid.
    pub parts: Vec<PartLine>,
    /// Main units by HCODE.
    pub cups: Vec<CupMoney>,
}

impl Allocation {
    /// Names every audit case for which money is held, also those of which the
    /// unit was not told: for the province alone.
    pub fn name_cases(&mut self) {
        for unit in self.cups.iter_mut().flat_map(|cup| &mut cup.units) {
            unit.cases.iter_mut().for_each(HeldFor::name);
        }
    }
}

/// An allocation with what it was counted from, for statements.
pub struct Calculation {
    /// The allocation.
    pub allocation: Allocation,
    /// Points.
    pub points: Points,
    /// Quality.
    pub quality: QualityOfRound,
    /// Holds of the round, those that have ended too.
    pub holds: Vec<Hold>,
    /// Those of them that are of audit cases of which the unit was not told.
    pub untold: BTreeSet<i64>,
    /// What was paid of the round, what was taken up again too.
    pub closings: Vec<Closing>,
}

/// Computes an allocation. Payments up to that state are kept as they were paid.
///
/// # Errors
/// Errors of the database, terms of the rulebook that cannot be computed with, and sums
/// that do not come out.
pub fn count(basis: &CalculationInput<'_>) -> Result<Calculation, MoneyError> {
    count_with(basis, basis.as_of.submission)
}

/// Computes an allocation with all payments made before the submission after
/// `paid_by` arrived: a payment made today on a past state is corrected against all
/// of them.
///
/// # Errors
/// Errors of the database, terms of the rulebook that cannot be computed with, and sums
/// that do not come out.
pub fn count_with(basis: &CalculationInput<'_>, paid_by: i64) -> Result<Calculation, MoneyError> {
    let CalculationInput { reader, catalog, units, book, as_of, kept } = basis;
    let terms = terms(book)?;
    let submission = as_of.submission;
    let keeping = kept.map(|kept| CacheHandle { kept, catalog });
    let points = cached_points(reader, book, units, as_of.clone(), keeping)?;
    let quality = of_round(reader, catalog, book, submission)?;
    let person = PersonTerms {
        uc_scheme: &book.person.uc_scheme,
        resident: &book.person.resident,
        round: book.round,
        as_of: submission,
    };
    let heads = uc_heads(reader, &points.population, &person, &|unit| main_of(units, unit))?;
    let (here, elsewhere): (BTreeMap<_, _>, BTreeMap<_, _>) =
        heads.by_unit.into_iter().partition(|(unit, _)| units.knows(unit));
    let facts = facts(book, units, &here, &points, &quality)?;
    let holds = reader.holds(Some(i64::from(book.round)), submission)?;
    let plain = allocate(&terms, &facts, &ActiveHolds::new(&holds));
    plain.prove().map_err(MoneyError::Bug)?;
    let closings = reader.closings(i64::from(book.round), paid_by)?;
    let settled = settle(&terms, &plain, &closings).map_err(MoneyError::Bug)?;
    let mut allocation = lay_out(basis, &points, settled);
    allocation.unallocated = plain.unallocated();
    let mut cases = reader.audit_held(i64::from(book.round), submission)?;
    for unit in allocation.cups.iter_mut().flat_map(|cup| &mut cup.units) {
        unit.cases = cases.extract_if(.., |case| case.hcode == unit.hcode).collect();
    }
    allocation.parts = parts(book, &closings);
    allocation.heads_elsewhere = elsewhere.values().sum();
    allocation.last_submission = reader.last_submission()?;
    let untold = reader.audit_untold(i64::from(book.round), submission)?;
    Ok(Calculation { allocation, points, quality, holds, untold, closings })
}

/// The main unit of a unit; one that is not in the list is its own.
pub fn main_of(units: &Units, hcode: &str) -> String {
    units.by_code.get(hcode).map_or_else(|| hcode.to_owned(), |unit| unit.cup.clone())
}

/// Months (`YYYYMM`) from one day to another.
pub fn months(from: NaiveDate, to: NaiveDate) -> BTreeSet<u32> {
    let number = |day: NaiveDate| day.year() as u32 * 12 + day.month0();
    (number(from)..=number(to)).map(|month| month / 12 * 100 + month % 12 + 1).collect()
}

fn facts(
    book: &Rulebook,
    units: &Units,
    heads: &BTreeMap<String, u64>,
    points: &Points,
    quality: &QualityOfRound,
) -> Result<AllocationFacts, MoneyRulesError> {
    let whole = |what: &str, value: Decimal| {
        to_hundredths(value).and_then(|whole| u64::try_from(whole).ok()).ok_or_else(|| {
            MoneyRulesError {
                file: book.file.clone(),
                what: format!("{what}: {value} has more than two decimals"),
            }
        })
    };
    let known = units.by_code.keys();
    let codes: BTreeSet<&String> = known.chain(points.units.keys()).chain(quality.keys()).collect();
    let mut facts = AllocationFacts::new();
    for hcode in codes {
        let mut unit =
            UnitFacts { heads: heads.get(hcode).copied().unwrap_or(0), ..UnitFacts::default() };
        for quarter in &book.money.quarters {
            let months = months(quarter.from, quarter.to);
            let mut items = ItemPoints::new();
            for item in &book.points {
                let sum = whole(&item.item, points.sum(hcode, &item.item, Some(&months)).points)?;
                if sum > 0 {
                    items.insert(item.item.clone(), sum);
                }
            }
            unit.points.insert(quarter.number.to_string(), items);
        }
        for (tranche, quality) in quality.get(hcode).into_iter().flatten() {
            let mark = QualityMark {
                score: whole("score", quality.score)?,
                max: whole("score", quality.max)?,
            };
            unit.quality.insert(tranche.to_string(), mark);
        }
        facts.insert(hcode.clone(), unit);
    }
    Ok(facts)
}

fn lay_out(basis: &CalculationInput<'_>, points: &Points, allocated: Allocated) -> Allocation {
    let CalculationInput { units, book, as_of, .. } = basis;
    let name =
        |hcode: &str| units.by_code.get(hcode).map_or_else(String::new, |unit| unit.name.clone());
    let total = allocated.total();
    let mut cups: BTreeMap<String, CupMoney> = BTreeMap::new();
    for (hcode, money) in allocated.units {
        let cup = main_of(units, &hcode);
        let of = cups.entry(cup.clone()).or_insert_with(|| CupMoney {
            name: name(&cup),
            cup,
            heads: 0,
            sums: MoneySums::default(),
            units: Vec::new(),
        });
        of.heads += money.heads;
        of.sums.add(&money.sums);
        of.units.push(UnitMoneyLine { name: name(&hcode), hcode, money, cases: Vec::new() });
    }
    let mut local_defaults = book.local_default_keys();
    if points.population.source == PopulationSource::PersonRows {
        local_defaults.push("population".to_owned());
    }
    let file = std::path::Path::new(&book.file).file_name().unwrap_or_default();
    Allocation {
        round: book.round,
        rulebook: book.sha256.clone(),
        rulebook_file: file.to_string_lossy().into_owned(),
        as_of_submission: as_of.submission,
        as_of_exact: as_of.exact(),
        voided_since: as_of.voided_since.clone(),
        last_submission: as_of.submission,
        population: points.population.clone(),
        heads_elsewhere: 0,
        local_defaults,
        notes: notes(book, points),
        pools: allocated.pools,
        total,
        unallocated: Satang::ZERO,
        parts: Vec::new(),
        cups: cups.into_values().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_run_over_the_new_year() {
        let day = |text: &str| text.parse().unwrap();
        let seen: Vec<u32> = months(day("2013-11-01"), day("2014-02-28")).into_iter().collect();
        assert_eq!(seen, [201_311, 201_312, 201_401, 201_402]);
    }
}
