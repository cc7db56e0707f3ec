//! One state of the store, held for any number of KPIs, with the building
//! blocks that they share.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::{Datelike, Days as ChronoDays, Months, NaiveDate};

use super::definition::Definition;
use super::library::GIVEN;
use super::period::PeriodDays;
use super::query::{Block, Query};
use super::{KpiError, lists};
use crate::clock::{day_number, day_of_number, round_of};
use crate::environment::Environment;
use crate::store::{Reader, RowFilter, Snapshot, SqlValue, TableSpec, Tables};

/// Values of parameters by name, with their colon.
pub(super) type BoundParameters = Vec<(String, SqlValue)>;

/// A snapshot with its building blocks. When a query is stopped for taking
/// too long the snapshot is lost with it: begin another session.
pub struct Session<'a> {
    pub(super) environment: &'a Environment,
    pub(super) reader: &'a Reader,
    /// Temporary tables that are there, with the values they were made with.
    made: BTreeMap<String, Vec<(String, SqlValue)>>,
    /// The last day on which anything was received.
    as_of: i64,
    /// Whether a population registry was imported.
    registry: bool,
    /// Rounds of the register of persons, once they are asked for.
    rounds: Option<Vec<i64>>,
    /// Whether a filter shows a part of the store only.
    filtered: bool,
    /// Blocks that were made of what is shown.
    blocks: BTreeSet<String>,
    /// How records are kept.
    tables: OnceCell<Rc<Tables>>,
    _held: Option<Snapshot<'a>>,
}

/// Columns that the engine reads, and what a given table looks like.
struct GivenTable {
    name: &'static str,
    columns: &'static [&'static str],
    key: &'static str,
}

/// Tables that the engine itself fills.
const TABLES: [GivenTable; 3] = [
    GivenTable {
        name: "units",
        columns: &[
            "hcode TEXT",
            "type TEXT",
            "level TEXT",
            "cup TEXT",
            "network TEXT",
            "district TEXT",
            "province TEXT",
        ],
        key: "hcode",
    },
    GivenTable { name: "calendar", columns: &["day INTEGER", "n INTEGER"], key: "day" },
    GivenTable { name: "months", columns: &["month INTEGER", "last_day INTEGER"], key: "month" },
];

/// Rounds of the register of persons.
const ROUNDS: &str = include_str!("../../schema/kpi/explain/rounds.sql");

/// How many years around a period the calendar reaches: pregnancies begin
/// before it, and care after a birth ends behind it.
const CALENDAR_YEARS: u32 = 3;

impl<'a> Session<'a> {
    /// Holds the present state; joins a snapshot that is held already.
    pub fn new(environment: &'a Environment, reader: &'a Reader) -> Result<Self, KpiError> {
        let trouble = |cause| KpiError::from_store("session", cause);
        let held = if reader.is_held() { None } else { Some(reader.snapshot().map_err(trouble)?) };
        let mut as_of = 0;
        let sql = "SELECT max(received_at) FROM submission WHERE status <> 'void'";
        let asked = reader.each_line(sql, &[], |line| {
            let day = line.str(0)?.and_then(|at| at.get(..10)).unwrap_or_default();
            as_of = day.replace('-', "").parse().unwrap_or(0);
            Ok(())
        });
        asked.map_err(trouble)?;
        let mut registry = false;
        let asked = reader.each_line("SELECT 1 FROM registry LIMIT 1", &[], |_| {
            registry = true;
            Ok(())
        });
        asked.map_err(trouble)?;
        Ok(Self {
            environment,
            reader,
            made: BTreeMap::new(),
            as_of,
            registry,
            rounds: None,
            filtered: false,
            blocks: BTreeSet::new(),
            tables: OnceCell::new(),
            _held: held,
        })
    }

    /// Makes what a query rests on, and gives the values of its parameters.
    pub(super) fn prepare(
        &mut self,
        definition: &Definition,
        query: &Query,
        days: &PeriodDays,
    ) -> Result<BoundParameters, KpiError> {
        let trouble = |cause| KpiError::from_store(&definition.id, cause);
        let values = self.values(definition, days).map_err(trouble)?;
        self.rest(query, days, &values).map_err(trouble)?;
        Ok(values)
    }

    /// The values of a KPI's parameters.
    pub(super) fn values(
        &mut self,
        definition: &Definition,
        days: &PeriodDays,
    ) -> crate::store::Result<BoundParameters> {
        if self.rounds.is_none() {
            self.clear_filter()?;
            self.rounds = Some(self.rounds()?);
        }
        let mut values = self.given(days);
        let own = definition.parameters.iter();
        values.extend(own.map(|(name, parameter)| (format!(":{name}"), parameter.value(days))));
        Ok(values)
    }

    /// Makes the blocks that need all rows of a unit; they stay, whatever part of
    /// the store is shown.
    pub(super) fn full_unit_blocks(
        &mut self,
        query: &Query,
        days: &PeriodDays,
        values: &BoundParameters,
    ) -> crate::store::Result<()> {
        for block in &query.uses {
            if block.needs_full_unit && !self.is_made(block, values) {
                self.clear_filter()?;
                self.block(block, days, values)?;
            }
            self.full_unit_blocks(&block.query, days, values)?;
        }
        Ok(())
    }

    fn is_made(&self, block: &Block, values: &BoundParameters) -> bool {
        self.made.get(&block.name) == Some(&named(block, values))
    }

    /// How records are kept.
    pub(super) fn tables(&self) -> Rc<Tables> {
        let tables = self.tables.get_or_init(|| Rc::new(Tables::new(&self.environment.catalog)));
        Rc::clone(tables)
    }

    /// Whether a part of the store is shown only.
    pub(super) fn is_filtered(&self) -> bool {
        self.filtered
    }

    /// Shows a part of the store only. Blocks made of what was shown before are
    /// dropped.
    pub(super) fn set_filter(&mut self, filter: &RowFilter<'_>) -> crate::store::Result<()> {
        self.drop_blocks()?;
        self.reader.set_row_filter(&self.tables(), filter)?;
        self.filtered = true;
        Ok(())
    }

    /// Shows the whole store.
    pub(super) fn clear_filter(&mut self) -> crate::store::Result<()> {
        if self.filtered {
            self.drop_blocks()?;
            self.reader.clear_row_filter(&self.tables())?;
            self.filtered = false;
        }
        Ok(())
    }

    /// Drops the blocks of what was shown.
    fn drop_blocks(&mut self) -> crate::store::Result<()> {
        for name in std::mem::take(&mut self.blocks) {
            self.reader.drop_table(&name)?;
            self.made.remove(&name);
        }
        Ok(())
    }

    /// What the engine fills in for a query that follows neither from the days
    /// of a period nor from the version of the program.
    pub(super) fn filled(&self, query: &Query, days: &PeriodDays) -> Vec<Vec<SqlValue>> {
        let words = query.all_words();
        let mut rows = if words.contains("UNITS") { self.unit_rows() } else { Vec::new() };
        if words.contains("MONTHS") {
            rows.extend(self.months(days));
        }
        for list in query.all_lists() {
            let codes = self.environment.catalog.codes.get(&list).map(|list| &list.codes);
            let codes = codes.into_iter().flatten().map(|code| SqlValue::Text(code.clone()));
            let mut codes: Vec<SqlValue> = codes.collect();
            // They come in no order.
            codes.sort_unstable();
            rows.push(codes);
        }
        rows
    }

    fn rounds(&self) -> crate::store::Result<Vec<i64>> {
        let mut rounds = Vec::new();
        self.reader.each_line(ROUNDS, &[], |line| {
            rounds.extend(line.int(0)?);
            Ok(())
        })?;
        Ok(rounds)
    }

    /// The round of the register that a period goes by: the latest there is
    /// up to its own. Periods that go by one register share its tables.
    fn round(&self, of_period: i64) -> i64 {
        let rounds = self.rounds.as_deref().unwrap_or_default();
        let up_to = rounds.iter().copied().filter(|round| *round <= of_period).max();
        up_to.or_else(|| rounds.iter().copied().min()).unwrap_or(of_period)
    }

    /// What every query may name.
    fn given(&self, days: &PeriodDays) -> BoundParameters {
        let year = Months::new(12);
        let number = |day: NaiveDate| SqlValue::Int(day_number(day));
        let values = [
            number(days.start),
            number(days.end),
            number(days.year_start),
            number(days.quarter_start),
            number(days.start - year),
            // The last day of a month stays the last: 29 February too.
            number(days.end + ChronoDays::new(1) - year - ChronoDays::new(1)),
            SqlValue::Int(self.round(i64::from(round_of(days.end)))),
            SqlValue::Int(self.as_of),
            SqlValue::Int(i64::from(days.year)),
            SqlValue::Int(i64::from(self.registry)),
        ];
        GIVEN.iter().map(|name| (*name).to_owned()).zip(values).collect()
    }

    fn rest(
        &mut self,
        query: &Query,
        days: &PeriodDays,
        values: &BoundParameters,
    ) -> crate::store::Result<()> {
        for list in &query.lists {
            self.list(list)?;
        }
        for table in &query.tables {
            self.table(table, days)?;
        }
        for block in &query.uses {
            self.block(block, days, values)?;
        }
        Ok(())
    }

    fn block(
        &mut self,
        block: &Block,
        days: &PeriodDays,
        values: &BoundParameters,
    ) -> crate::store::Result<()> {
        let with = named(block, values);
        if self.made.get(&block.name) == Some(&with) {
            return Ok(());
        }
        self.rest(&block.query, days, values)?;
        self.reader.drop_table(&block.name)?;
        self.made.remove(&block.name);
        let spec = TableSpec {
            name: &block.name,
            columns: &block.columns,
            key: &block.key,
            index: &block.index,
        };
        let begun = std::time::Instant::now();
        self.reader.make_table(&spec, &block.query.text, &borrowed(&with))?;
        log::debug!("block {}: {} ms", block.name, begun.elapsed().as_millis());
        if !block.needs_full_unit {
            self.blocks.insert(block.name.clone());
        }
        self.made.insert(block.name.clone(), with);
        Ok(())
    }

    fn list(&mut self, list: &str) -> crate::store::Result<()> {
        let name = format!("list_{list}");
        if self.made.contains_key(&name) {
            return Ok(());
        }
        let codes = self.environment.catalog.codes.get(list).map(|list| &list.codes);
        let rows = codes.into_iter().flatten().map(|code| vec![SqlValue::Text(code.clone())]);
        self.fill(&name, &["code TEXT".to_owned()], "code", rows)?;
        self.made.insert(name, BoundParameters::new());
        Ok(())
    }

    fn table(&mut self, name: &str, days: &PeriodDays) -> crate::store::Result<()> {
        let with = vec![("days".to_owned(), SqlValue::Int(day_number(days.start)))];
        let with = [with, vec![("end".to_owned(), SqlValue::Int(day_number(days.end)))]].concat();
        if self.made.get(name) == Some(&with) {
            return Ok(());
        }
        self.reader.drop_table(name)?;
        let Some(given) = TABLES.iter().find(|given| given.name == name) else {
            let (columns, rows) = lists::table(name)?;
            self.fill(name, &columns, "", rows.into_iter())?;
            self.made.insert(name.to_owned(), with);
            return Ok(());
        };
        let columns: Vec<String> = given.columns.iter().map(|c| (*c).to_owned()).collect();
        let rows: Vec<Vec<SqlValue>> = match name {
            "units" => self.unit_rows(),
            "calendar" => calendar(days),
            _ => self.months(days),
        };
        self.fill(name, &columns, given.key, rows.into_iter())?;
        self.made.insert(name.to_owned(), with);
        Ok(())
    }

    fn fill(
        &self,
        name: &str,
        columns: &[String],
        key: &str,
        rows: impl Iterator<Item = Vec<SqlValue>>,
    ) -> crate::store::Result<()> {
        let key: Vec<String> = if key.is_empty() { Vec::new() } else { vec![key.to_owned()] };
        self.reader.fill_table(&TableSpec { name, columns, key: &key, index: &[] }, rows)
    }

    fn unit_rows(&self) -> Vec<Vec<SqlValue>> {
        let units = self.environment.units.by_code.values();
        let fields = units.map(|u| {
            [&u.hcode, &u.kind, &u.level, &u.cup, &u.network, &u.district, &u.province]
                .map(|text| SqlValue::Text(text.clone()))
                .to_vec()
        });
        fields.collect()
    }

    /// The months of a period that were over when the last archive came: no
    /// unit has missed a month that is not over.
    fn months(&self, days: &PeriodDays) -> Vec<Vec<SqlValue>> {
        let mut months = Vec::new();
        let mut first = days.start;
        while first < days.end {
            let next = first + Months::new(1);
            let last = next - ChronoDays::new(1);
            if day_of_number(self.as_of).is_some_and(|as_of| last < as_of) {
                let month = i64::from(first.year()) * 100 + i64::from(first.month());
                months.push(vec![SqlValue::Int(month), SqlValue::Int(day_number(last))]);
            }
            first = next;
        }
        months
    }
}

/// Values of the parameters that a block names.
fn named(block: &Block, values: &BoundParameters) -> BoundParameters {
    let named = block.query.all_parameters();
    values.iter().filter(|(name, _)| named.contains(name)).cloned().collect()
}

/// Days with their numbers, one after the other, so that a query can tell how
/// many days lie between two dates without an engine's own functions.
fn calendar(days: &PeriodDays) -> Vec<Vec<SqlValue>> {
    let reach = Months::new(12 * CALENDAR_YEARS);
    let (from, to) = (days.year_start - reach, days.end + reach);
    let all = from.iter_days().take_while(|day| *day <= to).enumerate();
    all.map(|(n, day)| vec![SqlValue::Int(day_number(day)), SqlValue::Int(n as i64)]).collect()
}

/// Parameters as the store takes them.
pub(super) fn borrowed(values: &BoundParameters) -> Vec<(&str, SqlValue)> {
    values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
}
