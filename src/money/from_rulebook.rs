//! Converts the money of a rulebook to [`MoneyRules`] in whole satang.
//!
//! Pools are identified by kind, not by name: the pool shared by points, the pool
//! shared by quality, and pools not paid by results, which are shared by heads if
//! the rulebook says so and otherwise only shown. Quarters have equal parts, and so
//! have tranches (local default `money.quarter`).

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Satang;
use super::terms::{MoneyRules, Support, Tranche, WeightedPeriod};
use crate::score::Rulebook;
use crate::score::rulebook::RulePeriod as BookPeriod;
use crate::score::rulebook::money::{Pool, SharedBy};

/// A rulebook whose money cannot be shared out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {what}")]
pub struct MoneyRulesError {
    /// The rulebook.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

/// The terms of a rulebook.
///
/// # Errors
/// Says which of the rulebook's terms is missing or cannot be computed with.
pub fn terms(book: &Rulebook) -> Result<MoneyRules, MoneyRulesError> {
    read(book).map_err(|what| MoneyRulesError { file: book.file.clone(), what })
}

/// Converts a decimal to whole hundredths; `None` if it has more decimals.
pub fn to_hundredths(value: Decimal) -> Option<i64> {
    let scaled = value.checked_mul(Decimal::ONE_HUNDRED)?;
    scaled.fract().is_zero().then(|| scaled.trunc().to_i64()).flatten()
}

fn read(book: &Rulebook) -> Result<MoneyRules, String> {
    let money = &book.money;
    let volume = one(&money.pools, SharedBy::Points)?;
    let performance = one(&money.pools, SharedBy::Quality)?;
    if performance.unearned_to.as_ref() != Some(&volume.part) {
        return Err(format!("pool {}: what is not earned goes to no pool", performance.part));
    }
    let mut support = Vec::new();
    for pool in money.pools.iter().filter(|pool| !pool.by_results) {
        let parts = pool.parts.iter().map(|part| (&part.name, part.per_head));
        let whole = [(&pool.part, pool.per_head)];
        let whole = whole.into_iter().filter(|_| pool.parts.is_empty());
        for (name, per_head) in parts.chain(whole) {
            let (name, per_head) = (name.clone(), satang(name, per_head)?);
            support.push(Support { name, per_head, shared_out: pool.shared_out });
        }
    }
    Ok(MoneyRules {
        volume: satang(&volume.part, volume.per_head)?,
        performance: satang(&performance.part, performance.per_head)?,
        support,
        tranches: tranches(book)?,
    })
}

fn one(pools: &[Pool], shared_by: SharedBy) -> Result<&Pool, String> {
    let mut found = pools.iter().filter(|pool| pool.by_results && pool.shared_by == shared_by);
    match (found.next(), found.next()) {
        (Some(pool), None) => Ok(pool),
        _ => Err(format!("not one pool is shared by {shared_by:?}").to_lowercase()),
    }
}

fn satang(name: &str, per_head: Decimal) -> Result<Satang, String> {
    let whole = to_hundredths(per_head).filter(|whole| *whole >= 0);
    whole.map(Satang).ok_or_else(|| format!("{name}: {per_head} baht is no number of satang"))
}

fn tranches(book: &Rulebook) -> Result<Vec<Tranche>, String> {
    let period = |period: &BookPeriod| WeightedPeriod { id: period.number.to_string(), weight: 1 };
    let mut left = book.money.quarters.len();
    let mut tranches = Vec::new();
    for tranche in &book.tranches {
        let inside = |quarter: &&BookPeriod| {
            tranche.days().contain(quarter.from) && tranche.days().contain(quarter.to)
        };
        let quarters: Vec<WeightedPeriod> =
            book.money.quarters.iter().filter(inside).map(period).collect();
        left = left.saturating_sub(quarters.len());
        if quarters.is_empty() {
            let number = tranche.number;
            return Err(format!("tranche {number}: no quarter lies in it"));
        }
        tranches.push(Tranche { period: period(tranche), quarters });
    }
    if left > 0 {
        return Err("a quarter lies in no tranche".to_owned());
    }
    Ok(tranches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::rulebook::Rulebooks;

    const TEXT: &str = include_str!("../../config/rulebooks/2557.toml");

    #[test]
    fn the_terms_of_2557_are_those_of_the_slides() {
        let shelf = Rulebooks::open(std::path::Path::new("/nonexistent"));
        let terms = terms(&shelf.rulebook(2557).unwrap()).unwrap();
        assert_eq!((terms.volume, terms.performance), (Satang(1428), Satang(300)));
        let support: Vec<i64> = terms.support.iter().map(|part| part.per_head.0).collect();
        assert_eq!(support, [27, 54]);
        let periods: Vec<(&str, Vec<&str>)> = terms
            .tranches
            .iter()
            .map(|t| (t.period.id.as_str(), t.quarters.iter().map(|q| q.id.as_str()).collect()))
            .collect();
        assert_eq!(periods, [("1", vec!["1", "2"]), ("2", vec!["3", "4"])]);
    }

    #[test]
    fn a_rulebook_whose_money_cannot_be_shared_is_refused() {
        for (from, to, what) in [
            ("per_head = \"14.28\"", "per_head = \"14.285\"", "no number of satang"),
            ("shared_by = \"quality\"", "shared_by = \"points\"", "not one pool"),
            ("unearned_to = \"volume\"", "unearned_to = \"support\"", "goes to no pool"),
            (
                "to = \"2013-12-31\"\nsource = \"[OPPP-2557 s. 37",
                "to = \"2013-12-30\"\nsource = \"[OPPP-2557 s. 37",
                "lies in no tranche",
            ),
        ] {
            assert!(TEXT.contains(from), "{from}");
            let book = Rulebook::parse("x.toml", &TEXT.replacen(from, to, 1)).unwrap();
            let error = terms(&book).unwrap_err().to_string();
            assert!(error.starts_with("x.toml: ") && error.contains(what), "{error}");
        }
    }

    #[test]
    fn hundredths_are_exact_or_none() {
        let table = [("14.28", Some(1428)), ("3", Some(300)), ("0.5", Some(50)), ("0.005", None)];
        for (value, wanted) in table {
            assert_eq!(to_hundredths(value.parse().unwrap()), wanted, "{value}");
        }
    }
}
