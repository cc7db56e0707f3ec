//! Why a person counts or does not, and where a unit loses people between its
//! population and the numerator. Both read the very query that is counted.
//!
//! Beside the columns that are counted a query may answer with conditions, in
//! the order in which they are asked: `c_NAME` is 1 or 0, and `v_NAME` the
//! value that was looked at.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::calculator::Calculator;
use super::definition::{CountingUnit, Definition};
use super::period::Period;
use super::result::{NotComputable, PeriodSpan};
use super::session::borrowed;
use super::{KpiError, Query};
use crate::row::citizen_id;
use crate::store::{QueryRow, SqlValue};
use crate::text::{Bilingual, message};

/// One condition of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConditionCheck {
    /// Name of the condition, as in the columns `c_…` and `v_…` of the query.
    pub name: String,
    /// In words.
    #[serde(flatten)]
    pub text: Bilingual,
    /// What was looked at.
    pub value: Option<String>,
    /// Whether it holds; none for a value that only informs.
    pub met: Option<bool>,
}

/// What a person is to a KPI at one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PersonOutcome {
    /// HCODE of the unit.
    pub hcode: String,
    /// Counted in the denominator.
    pub in_denominator: bool,
    /// Counted in the numerator.
    pub in_numerator: bool,
    /// Why the person, or what was done, does not count.
    pub reason: Option<String>,
    /// The reason in words.
    pub reason_text: Option<Bilingual>,
    /// Every condition.
    pub checks: Vec<ConditionCheck>,
}

/// How a person stands in a unit's register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Registration {
    /// HCODE of the unit.
    pub hcode: String,
    /// The person's number there.
    pub pid: String,
    /// Residence type.
    pub typearea: Option<String>,
    /// Reason for leaving the register (9: still there).
    pub discharge: Option<String>,
    /// Nationality.
    pub nation: Option<String>,
    /// Day of birth, `YYYYMMDD`.
    pub birth: Option<i64>,
}

/// Why a person counts or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PersonExplained {
    /// The KPI.
    pub kpi: String,
    /// The period.
    pub period: PeriodSpan,
    /// The person, masked unless allowed.
    pub person: String,
    /// What the registers say.
    pub registered: Vec<Registration>,
    /// What the person is to the KPI, at each unit or visit; empty when the
    /// person is not of those it is about.
    pub outcomes: Vec<PersonOutcome>,
    /// Why the data cannot say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_computable: Option<NotComputable>,
}

/// A step of the funnel: how many are left after a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FunnelStep {
    /// Name of the condition.
    pub name: String,
    /// In words.
    #[serde(flatten)]
    pub text: Bilingual,
    /// Left after it and all before it.
    pub left: u64,
}

/// Somebody in the denominator who is not in the numerator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// The person, masked unless allowed (a visit's number for KPIs of visits).
    pub person: String,
    /// The person's number at the unit.
    pub pid: Option<String>,
    /// The first condition that does not hold.
    pub lacks: Option<String>,
    /// Why what was done does not count.
    pub reason: Option<String>,
}

/// Where a unit loses people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitExplained {
    /// The KPI.
    pub kpi: String,
    /// The period.
    pub period: PeriodSpan,
    /// HCODE of the unit.
    pub hcode: String,
    /// From the population to the numerator.
    pub funnel: Vec<FunnelStep>,
    /// By the reason.
    pub excluded: BTreeMap<String, u64>,
    /// The work list.
    pub missing: Vec<Missing>,
    /// Why the data cannot say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_computable: Option<NotComputable>,
}

/// What the registers say of a person.
const REGISTRATION: &str = include_str!("../../schema/kpi/explain/registration.sql");
/// Numbers of the persons of a unit.
const PIDS: &str = include_str!("../../schema/kpi/explain/pids.sql");

/// Columns that every query answers with, before its conditions.
const FIXED: [&str; 5] = ["hcode", "person", "den", "num", "reason"];

/// A row of a query, read.
struct ExplainedRow {
    person: SqlValue,
    outcome: PersonOutcome,
}

impl Calculator<'_> {
    /// Why a person counts for a KPI or does not. `cid` is a citizen ID.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its definition asks for.
    pub fn explain_person(
        &mut self,
        definition: &Definition,
        period: &Period,
        cid: &str,
        unmask: bool,
    ) -> Result<PersonExplained, KpiError> {
        let trouble = |cause| KpiError::from_store(&definition.id, cause);
        self.counts.unfiltered().map_err(trouble)?;
        let mut explained = PersonExplained {
            kpi: definition.id.clone(),
            period: span(definition, period),
            person: shown(cid, unmask),
            registered: Vec::new(),
            outcomes: Vec::new(),
            not_computable: self.needs.missing(
                self.counts.session(),
                definition,
                &period.days(definition.year),
            )?,
        };
        let mut known: Vec<[SqlValue; 2]> = Vec::new();
        let asked =
            self.counts.session().reader.each_line(REGISTRATION, &[(":cid", cid.into())], |line| {
                let text = |at: usize| line.str(at).map(|text| text.map(str::to_owned));
                let (hcode, pid) = (text(0)?.unwrap_or_default(), text(1)?.unwrap_or_default());
                known.push([(&*hcode).into(), (&*pid).into()]);
                explained.registered.push(Registration {
                    hcode,
                    pid: discreet(&pid, unmask),
                    typearea: text(2)?,
                    discharge: text(3)?,
                    nation: text(4)?,
                    birth: line.int(5)?,
                });
                Ok(())
            });
        asked.map_err(trouble)?;
        let Some(query) = &definition.query else { return Ok(explained) };
        if explained.not_computable.is_some() {
            return Ok(explained);
        }
        if definition.counts == CountingUnit::Persons {
            let key = SqlValue::Int(cid.parse().unwrap_or(-1));
            self.each_row(definition, query, period, "person = :key", &[key], |row| {
                explained.outcomes.push(row.outcome);
            })?;
        } else {
            for key in known {
                let place = "hcode = :key AND person = :key2";
                self.each_row(definition, query, period, place, &key, |row| {
                    explained.outcomes.push(row.outcome);
                })?;
            }
        }
        Ok(explained)
    }

    /// Where a unit loses people, and whom it is missing.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its definition asks for.
    pub fn explain_unit(
        &mut self,
        definition: &Definition,
        period: &Period,
        hcode: &str,
        unmask: bool,
    ) -> Result<UnitExplained, KpiError> {
        self.counts.unfiltered().map_err(|cause| KpiError::from_store(&definition.id, cause))?;
        let mut explained = UnitExplained {
            kpi: definition.id.clone(),
            period: span(definition, period),
            hcode: hcode.to_owned(),
            funnel: Vec::new(),
            excluded: BTreeMap::new(),
            missing: Vec::new(),
            not_computable: self.needs.missing(
                self.counts.session(),
                definition,
                &period.days(definition.year),
            )?,
        };
        let Some(query) = definition.query.as_ref() else { return Ok(explained) };
        if explained.not_computable.is_some() {
            return Ok(explained);
        }
        let mut funnel = FunnelCounter::default();
        self.each_row(definition, query, period, "hcode = :key", &[hcode.into()], |row| {
            funnel.take(row);
        })?;
        funnel.close();
        let pids = self.pids(definition, hcode)?;
        explained.funnel = funnel.steps(definition);
        explained.excluded = funnel.excluded;
        explained.missing = funnel
            .missing
            .into_iter()
            .map(|(person, lacks, reason)| {
                let (person, pid) = match person {
                    SqlValue::Int(key) => {
                        let pid = pids.get(&key).map(|pid| discreet(pid, unmask));
                        (shown(&format!("{key:013}"), unmask), pid)
                    }
                    SqlValue::Text(text) => (discreet(&text, unmask), None),
                    SqlValue::Null => (String::new(), None),
                };
                Missing { person, pid, lacks, reason }
            })
            .collect();
        Ok(explained)
    }

    /// Names of the conditions of a KPI, in the order in which they are asked.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its definition asks for.
    pub fn conditions(
        &mut self,
        definition: &Definition,
        period: &Period,
    ) -> Result<Vec<String>, KpiError> {
        let Some(query) = &definition.query else { return Ok(Vec::new()) };
        let trouble = |cause| KpiError::from_store(&definition.id, cause);
        let session = self.counts.unfiltered().map_err(trouble)?;
        session.prepare(definition, query, &period.days(definition.year))?;
        let (columns, _) = self.counts.session().reader.shape(&query.text).map_err(trouble)?;
        fixed_columns(definition, &columns)?;
        let mut names: Vec<String> = Vec::new();
        for column in columns {
            let name = column.strip_prefix("c_").or_else(|| column.strip_prefix("v_"));
            if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Numbers at a unit by person.
    fn pids(
        &self,
        definition: &Definition,
        hcode: &str,
    ) -> Result<BTreeMap<i64, String>, KpiError> {
        let mut pids = BTreeMap::new();
        if definition.counts == CountingUnit::Persons {
            let asked =
                self.counts.session().reader.each_line(PIDS, &[(":unit", hcode.into())], |line| {
                    let cid = line.str(0)?.and_then(|cid| cid.parse().ok());
                    if let (Some(cid), Some(pid)) = (cid, line.str(1)?) {
                        pids.entry(cid).or_insert_with(|| pid.to_owned());
                    }
                    Ok(())
                });
            asked.map_err(|cause| KpiError::from_store(&definition.id, cause))?;
        }
        Ok(pids)
    }

    /// Every row of a query at a place, read with its conditions.
    fn each_row(
        &mut self,
        definition: &Definition,
        query: &Query,
        period: &Period,
        place: &str,
        keys: &[SqlValue],
        mut each: impl FnMut(ExplainedRow),
    ) -> Result<(), KpiError> {
        let trouble = |cause| KpiError::from_store(&definition.id, cause);
        let session = self.counts.unfiltered().map_err(trouble)?;
        let values = session.prepare(definition, query, &period.days(definition.year))?;
        let mut params = borrowed(&values);
        params.extend([":key", ":key2"].into_iter().zip(keys.iter().cloned()));
        let sql =
            format!("SELECT * FROM ({}) AS q WHERE {place} ORDER BY hcode, person", query.text);
        let (columns, _) = self.counts.session().reader.shape(&sql).map_err(trouble)?;
        let at = fixed_columns(definition, &columns)?;
        let read = |line: &QueryRow<'_>| -> crate::store::Result<ExplainedRow> {
            let reason = line.str(at[4])?.map(str::to_owned);
            let in_denominator = line.int(at[2])?.unwrap_or(0) > 0;
            Ok(ExplainedRow {
                person: line.value(at[1])?,
                outcome: PersonOutcome {
                    hcode: line.str(at[0])?.unwrap_or_default().to_owned(),
                    in_denominator,
                    in_numerator: in_denominator && line.int(at[3])?.unwrap_or(0) > 0,
                    reason_text: reason
                        .as_ref()
                        .and_then(|r| definition.exclusions.get(r).cloned()),
                    reason,
                    checks: checks(definition, &columns, line)?,
                },
            })
        };
        let reader = self.counts.session().reader;
        reader
            .each_line(&sql, &params, |line| {
                each(read(line)?);
                Ok(())
            })
            .map_err(trouble)
    }
}

fn fixed_columns(definition: &Definition, columns: &[String]) -> Result<[usize; 5], KpiError> {
    let mut at = [0; 5];
    for (place, name) in at.iter_mut().zip(FIXED) {
        *place = columns.iter().position(|c| c == name).ok_or_else(|| KpiError::Shape {
            kpi: definition.id.clone(),
            what: format!("its query has no column {name}"),
        })?;
    }
    Ok(at)
}

fn checks(
    definition: &Definition,
    columns: &[String],
    line: &QueryRow<'_>,
) -> crate::store::Result<Vec<ConditionCheck>> {
    let mut checks: Vec<ConditionCheck> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let (Some(name), is_outcome) = (match column.split_at_checked(2) {
            Some(("c_", name)) => (Some(name), true),
            Some(("v_", name)) => (Some(name), false),
            _ => (None, false),
        }) else {
            continue;
        };
        let place = checks.iter().position(|check| check.name == name).unwrap_or_else(|| {
            let text = definition.conditions.get(name).cloned().unwrap_or_default();
            checks.push(ConditionCheck { name: name.to_owned(), text, value: None, met: None });
            checks.len() - 1
        });
        if is_outcome {
            checks[place].met = line.int(at)?.map(|met| met > 0);
        } else {
            checks[place].value = match line.value(at)? {
                SqlValue::Null => None,
                SqlValue::Int(value) => Some(value.to_string()),
                SqlValue::Text(text) => Some(text),
            };
        }
    }
    // A condition without an outcome does not apply to this KPI; a value
    // without one only informs.
    let informs = |name: &str| !columns.iter().any(|c| c.strip_prefix("c_") == Some(name));
    checks.retain(|check| check.met.is_some() || informs(&check.name));
    Ok(checks)
}

/// A citizen ID as the asker may see it.
fn shown(cid: &str, unmask: bool) -> String {
    if unmask { cid.to_owned() } else { citizen_id::mask(cid) }
}

/// A number that some programs take from the citizen ID. A wrong check digit
/// may be a slip in a real one.
fn discreet(number: &str, unmask: bool) -> String {
    let like_one = number.len() == 13 && number.bytes().all(|byte| byte.is_ascii_digit());
    if like_one { shown(number, unmask) } else { number.to_owned() }
}

fn span(definition: &Definition, period: &Period) -> PeriodSpan {
    let days = period.days(definition.year);
    PeriodSpan { name: period.to_string(), start: definition.first_day(&days), end: days.end }
}

/// Counts of a unit by condition, over rows that come in order of the person.
#[derive(Default)]
struct FunnelCounter {
    conditions: Vec<String>,
    left: Vec<u64>,
    population: u64,
    denominator: u64,
    numerator: u64,
    excluded: BTreeMap<String, u64>,
    missing: Vec<(SqlValue, Option<String>, Option<String>)>,
    /// The best row of the present person: one of two numbers at a unit may
    /// tell more.
    best: Option<(usize, ExplainedRow)>,
}

impl FunnelCounter {
    fn take(&mut self, row: ExplainedRow) {
        let met = row.outcome.checks.iter().filter_map(|check| check.met);
        let depth =
            met.take_while(|met| *met).count() + 100 * usize::from(row.outcome.in_numerator);
        let same = matches!((&self.best, &row.person),
            (Some((_, best)), SqlValue::Int(_)) if best.person == row.person);
        if !same {
            self.close();
        }
        if self.best.as_ref().is_none_or(|(best, _)| *best < depth) {
            self.best = Some((depth, row));
        }
    }

    fn close(&mut self) {
        let Some((_, row)) = self.best.take() else { return };
        let outcome = row.outcome;
        let conditions = outcome.checks.iter().filter(|check| check.met.is_some());
        if self.conditions.is_empty() {
            self.conditions = conditions.clone().map(|check| check.name.clone()).collect();
            self.left = vec![0; self.conditions.len()];
        }
        self.population += 1;
        self.denominator += u64::from(outcome.in_denominator);
        self.numerator += u64::from(outcome.in_numerator);
        let mut lacks = None;
        for (at, check) in conditions.enumerate() {
            if check.met != Some(true) {
                lacks = Some(check.name.clone());
                break;
            }
            self.left[at] += 1;
        }
        if let Some(reason) = outcome.reason.clone().filter(|_| !outcome.in_numerator) {
            *self.excluded.entry(reason).or_default() += 1;
        }
        if outcome.in_denominator && !outcome.in_numerator {
            self.missing.push((row.person, lacks, outcome.reason));
        }
    }

    fn steps(&self, definition: &Definition) -> Vec<FunnelStep> {
        let step =
            |name: &str, key, left| FunnelStep { name: name.to_owned(), text: message(key), left };
        let mut steps = vec![step("population", "kpi.looked_at", self.population)];
        for (name, left) in self.conditions.iter().zip(&self.left) {
            let text = definition.conditions.get(name).cloned().unwrap_or_default();
            steps.push(FunnelStep { name: name.clone(), text, left: *left });
        }
        steps.push(step("denominator", "kpi.denominator", self.denominator));
        steps.push(step("numerator", "kpi.numerator", self.numerator));
        steps
    }
}
