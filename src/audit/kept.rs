//! What is kept of rules between runs, and by which tokens it still holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::rates::Rate;
use super::rows::{KeptRows, UnitRows};
use crate::files::digest;
use crate::store::{ChangeTokens, PartialResults};

/// Up to this share of all units, in percent, and up to this number in any case,
/// may be of rows that have changed: of more, all are judged anew.
const PART_PERCENT: usize = 30;
const FEW_UNITS: usize = 5;

/// By cohort: its token, and the rows that were found by unit.
pub(super) type KeptPersons = BTreeMap<String, (String, BTreeMap<String, KeptRows>)>;

/// What a rule finds of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundAtUnit {
    /// Suspicious rows; none of a rate.
    pub rows: UnitRows,
    /// The hundred percent of them.
    pub of: u64,
    /// Its rates; none of rows.
    pub rates: Vec<Rate>,
}

/// What a rule finds, by unit.
pub type FoundByUnit = BTreeMap<String, FoundAtUnit>;

/// What is kept of a rule and a tranche.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct KeptRule {
    /// Token of all that the query may read; equal when nothing has changed.
    pub(super) all: String,
    /// By unit: its token, and what was found.
    pub(super) units: BTreeMap<String, (String, KeptUnit)>,
    /// Of a rule that goes by persons: by cohort its token, and the rows found by
    /// unit; those above have none then.
    pub(super) persons: Option<KeptPersons>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct KeptUnit {
    rows: KeptRows,
    of: u64,
    /// Part, numerator, denominator.
    rates: Vec<(String, u64, u64)>,
}

impl KeptUnit {
    pub(super) fn new(found: &FoundAtUnit) -> Self {
        let rates = found.rates.iter();
        let rates = rates.map(|rate| (rate.part.clone(), rate.numerator, rate.denominator));
        Self { rows: KeptRows::new(&found.rows), of: found.of, rates: rates.collect() }
    }

    pub(super) fn found(&self, hcode: &str) -> FoundAtUnit {
        let rate = |(part, numerator, denominator): &(String, u64, u64)| Rate {
            hcode: hcode.to_owned(),
            part: part.clone(),
            numerator: *numerator,
            denominator: *denominator,
        };
        FoundAtUnit {
            rows: self.rows.rows(),
            of: self.of,
            rates: self.rates.iter().map(rate).collect(),
        }
    }
}

impl KeptRule {
    /// What was found; of a case so many rows are kept whole.
    pub(super) fn found(&self, most: usize) -> FoundByUnit {
        if let Some(persons) = &self.persons {
            return self.found_of(persons, most);
        }
        let units = self.units.iter();
        units
            .map(|(unit, (_, kept))| (unit.clone(), kept.found(unit)))
            .filter(|(_, found)| *found != FoundAtUnit::default())
            .collect()
    }

    /// What was found of a rule that goes by persons.
    fn found_of(&self, persons: &KeptPersons, most: usize) -> FoundByUnit {
        let mut parts: BTreeMap<&str, Vec<UnitRows>> = BTreeMap::new();
        for (unit, rows) in persons.values().flat_map(|(_, units)| units) {
            parts.entry(unit).or_default().push(rows.rows());
        }
        let found = parts.into_iter().map(|(unit, parts)| {
            let of = self.units.get(unit).map_or(0, |(_, kept)| kept.found(unit).of);
            let rows = UnitRows::merged(parts, most);
            (unit.to_owned(), FoundAtUnit { rows, of, rates: Vec::new() })
        });
        found.collect()
    }
}

/// What is asked of a rule, and what it may read.
pub(super) struct RuleRequest {
    pub(super) records: BTreeSet<String>,
    /// Rows that score, by unit, of a rule that takes them.
    pub(super) points: BTreeMap<String, String>,
    pub(super) name: String,
    pub(super) fingerprint: String,
}

impl RuleRequest {
    pub(super) fn unit_token(&self, tokens: &ChangeTokens, unit: &str) -> String {
        let points = self.points.get(unit).map_or("", String::as_str);
        digest(&[&tokens.token_of_unit(unit, Some(&self.records)), points])
    }

    /// Keeps what was found.
    pub(super) fn keep(&self, kept: &PartialResults, found: &KeptRule) {
        if let Ok(bytes) = serde_json::to_vec(found) {
            kept.put(&self.name, &self.fingerprint, &bytes);
        }
    }

    /// A token of the whole state as far as the query may read it.
    pub(super) fn all_token(&self, tokens: &ChangeTokens, units: &BTreeSet<String>) -> String {
        let each = units.iter().map(|unit| format!("{unit} {}", self.unit_token(tokens, unit)));
        digest(&[&each.collect::<Vec<_>>().join("/")])
    }
}

/// Rows of a rule and tranche, with those that were counted anew.
pub(super) struct PersonsAhead {
    pub(super) request: RuleRequest,
    pub(super) known: Option<KeptRule>,
    /// None, where a row is of somebody whom no unit knows.
    pub(super) persons: Option<KeptPersons>,
}

/// Whether of so many parts so few are to be judged anew that the others are
/// better left unread.
pub(super) fn is_few(stale: usize, of: usize) -> bool {
    stale <= FEW_UNITS.max(of * PART_PERCENT / 100)
}
