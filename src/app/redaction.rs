//! Redaction of indicators. Every viewer sees every group, so that units can
//! be compared, but small counts of persons are hidden from viewers who may not
//! see those persons, together with the values they could be computed from.
//!
//! What is hidden is decided from the counts of all units and their sums at
//! once, so that an answer at one level reveals nothing of another. A person
//! known at two units is counted at both there; the real count of each group is
//! checked in addition.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::results::{ResultReader, ResultsError};
use crate::access::Viewer;
use crate::export::{KpiPage, page_of};
use crate::kpi::{
    Amount, CountingUnit, Definition, KpiResult, KpiRow, Level, NotComputable, Period, PeriodSpan,
};
use crate::privacy::{UnitCount, hide, is_small};
use crate::report::{Cell, Document, Part};
use crate::text::{message, message_with};

/// A group's result; without counts and value when they are not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RedactedRow {
    /// Code of the group.
    pub code: String,
    /// Name of the group.
    pub name: String,
    /// Numerator: persons (or units of `places`) that meet the target.
    pub numerator: Option<Amount>,
    /// Denominator.
    pub denominator: Option<Amount>,
    /// The value.
    pub value: Option<String>,
    /// Target of the year.
    pub target: Option<String>,
    /// Whether it is met.
    pub met: Option<bool>,
    /// What no unit of the group sent in the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_sent: Option<NotComputable>,
    /// Not shown, because few persons could be recognised in it.
    pub suppressed: bool,
}

/// An indicator as one viewer may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RedactedKpi {
    /// Id of the indicator.
    pub kpi: String,
    /// The period and its days.
    pub period: PeriodSpan,
    /// The level of the rows.
    pub level: Level,
    /// One row a group.
    pub rows: Vec<RedactedRow>,
    /// Persons (or rows) by the reason why they do not count; null when they
    /// are too few to be told.
    pub excluded: BTreeMap<String, Option<u64>>,
    /// Why the data cannot say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_computable: Option<NotComputable>,
}

/// An indicator as `viewer` may see it.
///
/// # Errors
/// [`ResultsError::NotReady`] while it is being computed, else why it cannot be.
pub fn kpi(
    results: &ResultReader<'_>,
    viewer: &Viewer,
    definition: &Definition,
    period: Period,
    level: Level,
) -> Result<RedactedKpi, ResultsError> {
    let mut all = kpis(results, viewer, &[(definition, period, level)])?;
    all.pop().ok_or(ResultsError::NotReady)
}

/// Several at once, in their order.
///
/// # Errors
/// [`ResultsError::NotReady`] while it is being computed, else why it cannot be.
pub fn kpis(
    results: &ResultReader<'_>,
    viewer: &Viewer,
    wanted: &[(&Definition, Period, Level)],
) -> Result<Vec<RedactedKpi>, ResultsError> {
    let whole = viewer.is_province();
    let mut asked: Vec<(&str, Period, Level)> =
        wanted.iter().map(|(d, period, level)| (&*d.id, *period, *level)).collect();
    let shown = asked.len();
    let hides = |definition: &Definition| !whole && definition.personal;
    let of_units = wanted.iter().filter(|(definition, ..)| hides(definition));
    asked.extend(of_units.map(|(definition, period, _)| (&*definition.id, *period, Level::Unit)));
    let computed = results.kpis(&asked)?;
    let (computed, mut of_units) = (&computed[..shown], computed[shown..].iter());
    let small = results.environment.config.privacy.small_count;
    Ok(wanted
        .iter()
        .zip(computed)
        .map(|((definition, ..), result)| {
            let units = if hides(definition) { of_units.next() } else { None };
            let hidden = units.map(|units| hidden(results, viewer, definition, units, result));
            let hidden = hidden.unwrap_or_default();
            let limit = if hides(definition) { small } else { 0 };
            redact(result, &hidden, limit)
        })
        .collect())
}

/// Counts of a row as whole persons. The numerator of a mean or a sum of
/// points counts nobody.
fn counts(definition: &Definition, row: &KpiRow) -> (u64, u64) {
    let whole = |amount: Amount| u64::try_from(amount.decimal().trunc()).unwrap_or(u64::MAX);
    let of_persons = definition.places == 0 && definition.counts != CountingUnit::Reported;
    let numerator = if of_persons { whole(row.numerator) } else { 0 };
    (numerator, whole(row.denominator))
}

/// Codes of the rows of `result` that are not shown.
fn hidden(
    results: &ResultReader<'_>,
    viewer: &Viewer,
    definition: &Definition,
    of_units: &KpiResult,
    result: &KpiResult,
) -> BTreeSet<String> {
    let limit = results.environment.config.privacy.small_count;
    let (units, scope) = (&results.environment.units, viewer.units(results.environment));
    let known = |hcode: &str| scope.as_ref().is_none_or(|own| own.contains(hcode));
    let mut groups: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let mut cells = Vec::new();
    for row in &of_units.rows {
        let unit = units.by_code.get(&row.code);
        let of = Level::sums()
            .map(|level| (level.to_string(), unit.map_or(&*row.code, |u| level.group(u))));
        let mut own = Vec::new();
        for group in of {
            let next = groups.len();
            own.push(*groups.entry(group).or_insert(next));
        }
        let (numerator, denominator) = counts(definition, row);
        cells.push(UnitCount { numerator, denominator, known: known(&row.code), groups: own });
    }
    let decided = hide(&cells, groups.len(), limit);
    let level = result.level.to_string();
    let is_hidden = |row: &&KpiRow| {
        if result.level == Level::Unit {
            let at = of_units.rows.iter().position(|of| of.code == row.code);
            return at.is_some_and(|at| decided.cells[at]);
        }
        let group = groups.get(&(level.clone(), row.code.as_str())).copied();
        let mut members =
            cells.iter().filter(|cell| group.is_some_and(|g| cell.groups.contains(&g)));
        let own = group.is_some() && members.all(|cell| cell.known);
        let (numerator, denominator) = counts(definition, row);
        let small = is_small(numerator, denominator, limit);
        group.is_some_and(|group| decided.groups[group]) || (small && !own)
    };
    result.rows.iter().filter(is_hidden).map(|row| row.code.clone()).collect()
}

fn redact(result: &KpiResult, hidden: &BTreeSet<String>, limit: u64) -> RedactedKpi {
    let rows = result.rows.iter().map(|row| {
        let suppressed = hidden.contains(&row.code);
        RedactedRow {
            code: row.code.clone(),
            name: row.name.clone(),
            numerator: (!suppressed).then_some(row.numerator),
            denominator: (!suppressed).then_some(row.denominator),
            value: row.value.clone().filter(|_| !suppressed),
            target: row.target.clone(),
            met: row.met.filter(|_| !suppressed),
            not_sent: row.not_sent.clone(),
            suppressed,
        }
    });
    let excluded = result.excluded.iter().map(|(reason, count)| {
        (reason.clone(), Some(*count).filter(|count| *count == 0 || *count >= limit))
    });
    RedactedKpi {
        kpi: result.kpi.clone(),
        period: result.period.clone(),
        level: result.level,
        rows: rows.collect(),
        excluded: excluded.collect(),
        not_computable: result.not_computable.clone(),
    }
}

impl RedactedKpi {
    /// As a document; what is not shown is named at the end of its table.
    pub fn document(&self, definition: &Definition, limit: u64) -> Document {
        let row = |row: &RedactedRow| {
            Some(KpiRow {
                code: row.code.clone(),
                name: row.name.clone(),
                numerator: row.numerator?,
                denominator: row.denominator?,
                value: row.value.clone(),
                target: row.target.clone(),
                met: row.met,
                not_sent: row.not_sent.clone(),
                before: None,
            })
        };
        let told = |(reason, count): (&String, &Option<u64>)| Some((reason.clone(), (*count)?));
        let result = KpiResult {
            kpi: self.kpi.clone(),
            period: self.period.clone(),
            level: self.level,
            rows: self.rows.iter().filter_map(row).collect(),
            excluded: self.excluded.iter().filter_map(told).collect(),
            not_computable: self.not_computable.clone(),
        };
        let mut document = page_of(&[KpiPage { definition, result, months: Vec::new() }]);
        let table = document.parts.iter_mut().find_map(|part| match part {
            Part::Table(table) => Some(table),
            Part::Chart(_) | Part::Prose(_) => None,
        });
        let (Some(table), true) = (table, self.rows.iter().any(|row| row.suppressed)) else {
            return document;
        };
        let words = message("kpi.not_shown");
        for row in self.rows.iter().filter(|row| row.suppressed) {
            let mut cells = vec![Cell::Empty; table.columns.len()];
            cells[0] = Cell::text(&row.code);
            cells[1] = Cell::text(&row.name);
            if let Some(last) = cells.last_mut() {
                *last = Cell::Bilingual(words.clone());
            }
            table.push(cells);
        }
        table.notes.push(message_with("kpi.small_counts_not_shown", &[("limit", &limit)]));
        document
    }
}
