//! One state of the store, held for any number of rules, with the building
//! blocks that they share as temporary tables.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::AuditError;
use super::library::{RuleLibrary, VALUES, is_record};
use super::query::{RuleBlock, RuleQuery};
use super::rates::{Classes, Rate};
use super::rows::{ByUnit, Collector, lacks};
use super::rule::{AuditRule, RuleKind};
use super::seen::SeenPart;
use super::tables;
use crate::clock::day_number;
use crate::environment::Environment;
use crate::money::result::months;
use crate::score::rulebook::RulePeriod;
use crate::score::{AsOf, CacheHandle, Points, Rulebook, cached_points};
use crate::sql::{TableRows, parse_list};
use crate::store::{PartialResults, QueryRow, Reader, Result, SqlValue, StoreError, TableSpec};

/// What the rules are run over.
#[derive(Clone, Copy)]
pub struct AuditInput<'a> {
    /// Catalogue, units, configuration.
    pub environment: &'a Environment,
    /// The store; a snapshot of it has to be held.
    pub reader: &'a Reader,
    /// The round.
    pub book: &'a Rulebook,
    /// The rules.
    pub library: &'a RuleLibrary,
    /// The last submission that is included.
    pub as_of: &'a AsOf,
    /// Cached points of earlier runs.
    pub kept: Option<&'a PartialResults>,
}

/// Values of parameters by name, with their colon.
type RuleValues = Vec<(String, SqlValue)>;

/// Rows by unit, and the values that they were counted with.
type CountedWith = (RuleValues, Rc<BTreeMap<String, u64>>);

/// A snapshot with its building blocks.
pub struct RuleRunner<'a> {
    /// What the rules are run over.
    pub basis: AuditInput<'a>,
    /// Temporary tables that are there, with the values they were made with.
    made: BTreeMap<String, RuleValues>,
    registry: bool,
    pub(super) points: Option<Rc<Points>>,
    /// Blocks that were made of what is seen of the store.
    blocks: BTreeSet<String>,
    /// What is seen of it, and what is kept of earlier runs.
    pub(super) seen: SeenPart,
    /// By name, with the values that they were counted with.
    denominators: BTreeMap<String, Vec<CountedWith>>,
}

impl<'a> RuleRunner<'a> {
    /// Starts a session over a snapshot.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn new(basis: AuditInput<'a>) -> std::result::Result<Self, AuditError> {
        let mut registry = false;
        basis.reader.each_line("SELECT 1 FROM registry LIMIT 1", &[], |_| {
            registry = true;
            Ok(())
        })?;
        let (made, denominators) = (BTreeMap::new(), BTreeMap::new());
        let (points, blocks, seen) = (None, BTreeSet::new(), SeenPart::default());
        let mut runner = Self { basis, made, registry, points, blocks, seen, denominators };
        runner.take_kept()?;
        Ok(runner)
    }

    /// Lets the queries that follow run for `limits.kpi_ms` together, and no
    /// longer: a query of a province that never ends must not hold a snapshot of
    /// the store for ever.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn allow(&self) -> Result<()> {
        let longest = Duration::from_millis(self.basis.environment.config.limits.kpi_ms);
        self.basis.reader.stop_after(longest)
    }

    /// Suspicious rows of a tranche by a rule.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its rule shows.
    pub fn rows(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
    ) -> std::result::Result<ByUnit, AuditError> {
        let of = |cause| AuditError::from_store(rule, cause);
        let values = self.values(rule, tranche);
        self.rest(&rule.query, &values).map_err(of)?;
        let (columns, _) = self.basis.reader.shape(&rule.query.text).map_err(of)?;
        let mut found = Collector::new(&columns, self.basis.environment.config.limits.audit_rows)
            .map_err(of)?;
        let begun = Instant::now();
        self.basis
            .reader
            .each_line(&rule.query.text, &borrowed(&values), |line| found.take(line))
            .map_err(of)?;
        let found = found.finish();
        log::debug!("audit {} {}: {} ms", rule.id, tranche.number, begun.elapsed().as_millis());
        Ok(found)
    }

    /// Rates of a tranche by a rule, by unit.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its rule shows.
    pub fn rates(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
    ) -> std::result::Result<Vec<Rate>, AuditError> {
        let of = |cause| AuditError::from_store(rule, cause);
        let values = self.values(rule, tranche);
        self.rest(&rule.query, &values).map_err(of)?;
        let (columns, _) = self.basis.reader.shape(&rule.query.text).map_err(of)?;
        let find = |name: &str| columns.iter().position(|column| column == name);
        let need = |name: &str| find(name).ok_or_else(|| of(lacks(name)));
        let (hcode, numerator, denominator) =
            (need("hcode")?, need("numerator")?, need("denominator")?);
        let part = find("part");
        let mut rates = Vec::new();
        let count = |line: &QueryRow<'_>, at: usize| {
            Ok::<_, StoreError>(line.int(at)?.map_or(0, |n| n.max(0) as u64))
        };
        self.basis
            .reader
            .each_line(&rule.query.text, &borrowed(&values), |line| {
                rates.push(Rate {
                    hcode: line.str(hcode)?.unwrap_or_default().to_owned(),
                    part: part.map_or(Ok(None), |at| line.str(at))?.unwrap_or_default().to_owned(),
                    numerator: count(line, numerator)?,
                    denominator: count(line, denominator)?,
                });
                Ok(())
            })
            .map_err(of)?;
        rates.sort_by(|a, b| (&a.hcode, &a.part).cmp(&(&b.hcode, &b.part)));
        Ok(rates)
    }

    /// Rows of a unit and tranche that are a rule's hundred percent.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its rule shows.
    pub fn denominator(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
        hcode: &str,
    ) -> std::result::Result<u64, AuditError> {
        let mut sum = 0;
        for name in &rule.denominator {
            let counted = self
                .counted(rule, name, tranche)
                .map_err(|cause| AuditError::from_store(rule, cause))?;
            sum += counted.get(hcode).copied().unwrap_or(0);
        }
        Ok(sum)
    }

    fn counted(
        &mut self,
        rule: &AuditRule,
        name: &str,
        tranche: &RulePeriod,
    ) -> Result<Rc<BTreeMap<String, u64>>> {
        let block = block_of(&rule.query, name);
        let named = block.as_ref().map(|block| block.query.parameters());
        let mut values = self.values(rule, tranche);
        // Two rules may give a block's parameters values of their own.
        values.retain(|(name, _)| match &named {
            Some(named) => named.contains(name),
            None => VALUES.contains(&name.as_str()),
        });
        let known = self.denominators.get(name).into_iter().flatten();
        if let Some((_, counted)) = known.into_iter().find(|(with, _)| *with == values) {
            return Ok(Rc::clone(counted));
        }
        let sql = if is_record(name) {
            let fail = || StoreError::Refused(format!("{name} is no record with a day"));
            let record = self.basis.environment.catalog.record(name).ok_or_else(fail)?;
            let day = &record.columns[record.event.ok_or_else(fail)?].name;
            format!(
                "SELECT HOSPCODE, count(*) FROM \"{name}\"
                 WHERE \"{day}\" BETWEEN :from AND :to AND SUBMISSION <= :as_of GROUP BY HOSPCODE"
            )
        } else {
            let fail = || StoreError::Refused(format!("{name} is no block that its query uses"));
            let block = block.ok_or_else(fail)?;
            self.block(&block, &values)?;
            format!("SELECT hcode, count(*) FROM \"{name}\" GROUP BY hcode")
        };
        let mut counted = BTreeMap::new();
        self.basis.reader.each_line(&sql, &borrowed(&values), |line| {
            let hcode = line.str(0)?.unwrap_or_default().to_owned();
            counted.insert(hcode, line.int(1)?.map_or(0, |n| n.max(0) as u64));
            Ok(())
        })?;
        let counted = Rc::new(counted);
        let of_name = self.denominators.entry(name.to_owned()).or_default();
        of_name.push((values, Rc::clone(&counted)));
        Ok(counted)
    }

    /// Points of the round.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn points(&mut self) -> Result<Rc<Points>> {
        if let Some(points) = &self.points {
            return Ok(Rc::clone(points));
        }
        let AuditInput { environment, reader, book, as_of, kept, .. } = self.basis;
        let keeping = kept.map(|kept| CacheHandle { kept, catalog: &environment.catalog });
        let points =
            Rc::new(cached_points(reader, book, &environment.units, as_of.clone(), keeping)?);
        self.points = Some(Rc::clone(&points));
        Ok(points)
    }

    /// Classes of units.
    ///
    /// # Errors
    /// Fails if the list of peers is missing or wrong.
    pub fn classes(&self) -> std::result::Result<Classes, AuditError> {
        let fail = |what: &str| {
            AuditError::RuleFailed("peers".to_owned(), StoreError::Refused(what.to_owned()))
        };
        let text =
            self.basis.library.list("peers").ok_or_else(|| fail("there is no tables/peers.csv"))?;
        let (_, rows) = parse_list(&text).map_err(|what| fail(&what))?;
        let mut classes = Classes::default();
        for row in rows {
            if let [SqlValue::Text(kind), SqlValue::Text(class), SqlValue::Text(wider), ..] =
                row.as_slice()
            {
                classes.by_type.insert(kind.clone(), (class.clone(), wider.clone()));
            }
        }
        Ok(classes)
    }

    /// Proves that every query can be run and gives what it has to.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its rule shows.
    pub fn prove(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
    ) -> std::result::Result<(), AuditError> {
        match rule.kind {
            RuleKind::Rows => {
                self.rows(rule, tranche)?;
                self.denominator(rule, tranche, "")?;
                let (columns, _) = self.basis.reader.shape(&rule.query.text)?;
                let shown: BTreeSet<&str> =
                    columns.iter().filter_map(|c| c.strip_prefix("v_")).collect();
                let said: BTreeSet<&str> = rule.shows.iter().map(String::as_str).collect();
                if let Some(name) = shown.symmetric_difference(&said).next() {
                    let what = format!("shows and the columns v_… of its query differ in {name}");
                    return Err(AuditError::from_store(rule, StoreError::Refused(what)));
                }
            }
            RuleKind::Rate => drop(self.rates(rule, tranche)?),
        }
        Ok(())
    }

    /// Drops what was made of a part of the store, or of the whole of it.
    pub(super) fn forget_blocks(&mut self) -> Result<()> {
        self.denominators.clear();
        for name in std::mem::take(&mut self.blocks) {
            self.basis.reader.drop_table(&name)?;
            self.made.remove(&name);
        }
        Ok(())
    }

    pub(super) fn values(&self, rule: &AuditRule, tranche: &RulePeriod) -> RuleValues {
        let AuditInput { book, as_of, .. } = self.basis;
        let given = [
            (":from", SqlValue::Int(day_number(tranche.from))),
            (":to", SqlValue::Int(day_number(tranche.to))),
            (":as_of", SqlValue::Int(as_of.submission)),
            (":round", SqlValue::Int(i64::from(book.round))),
            (":registry", SqlValue::Int(i64::from(self.registry))),
            (":tranche", SqlValue::Text(tranche.number.to_string())),
        ];
        let mut values: RuleValues =
            given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        values.extend(
            rule.parameters.iter().map(|(name, value)| (format!(":{name}"), value.value())),
        );
        values
    }

    pub(super) fn rest(&mut self, query: &RuleQuery, values: &RuleValues) -> Result<()> {
        for table in &query.tables {
            self.table(table)?;
        }
        for block in &query.uses {
            self.block(block, values)?;
        }
        Ok(())
    }

    fn block(&mut self, block: &RuleBlock, values: &RuleValues) -> Result<()> {
        let named = block.query.parameters();
        let with: RuleValues =
            values.iter().filter(|(name, _)| named.contains(name)).cloned().collect();
        if self.made.get(&block.name) == Some(&with) {
            return Ok(());
        }
        self.rest(&block.query, values)?;
        self.basis.reader.drop_table(&block.name)?;
        self.made.remove(&block.name);
        let spec = TableSpec {
            name: &block.name,
            columns: &block.columns,
            key: &block.key,
            index: &block.index,
        };
        let begun = Instant::now();
        self.basis.reader.make_table(&spec, &block.query.text, &borrowed(&with))?;
        log::debug!("audit block {}: {} ms", block.name, begun.elapsed().as_millis());
        self.blocks.insert(block.name.clone());
        self.made.insert(block.name.clone(), with);
        Ok(())
    }

    fn table(&mut self, name: &str) -> Result<()> {
        if self.made.contains_key(name) {
            return Ok(());
        }
        let (columns, rows) = match name {
            "calendar" => tables::calendar(),
            "sending" => self.sendings()?,
            "points" => self.point_rows()?,
            list => {
                let fail = |what: String| StoreError::Refused(format!("tables/{list}.csv: {what}"));
                let text =
                    self.basis.library.list(list).ok_or_else(|| fail("missing".to_owned()))?;
                parse_list(&text).map_err(fail)?
            }
        };
        let spec = TableSpec { name, columns: &columns, key: &[], index: &[] };
        self.basis.reader.fill_table(&spec, rows.into_iter())?;
        self.made.insert(name.to_owned(), RuleValues::new());
        Ok(())
    }

    /// When each submission was sent, as a day.
    fn sendings(&self) -> Result<TableRows> {
        let columns = ["sub INTEGER PRIMARY KEY", "day INTEGER"].map(str::to_owned).to_vec();
        let mut rows = Vec::new();
        let sql = "SELECT id, CAST(replace(substr(sent_at, 1, 10), '-', '') AS INTEGER)
                   FROM submission WHERE sent_at IS NOT NULL ORDER BY id";
        self.basis.reader.each_line(sql, &[], |line| {
            rows.push(vec![line.value(0)?, line.value(1)?]);
            Ok(())
        })?;
        Ok((columns, rows))
    }

    /// Rows (or person-days) that score, by unit, item and tranche.
    fn point_rows(&mut self) -> Result<TableRows> {
        let columns = ["hcode TEXT", "item TEXT", "tranche TEXT", "rows INTEGER"];
        let points = self.points()?;
        let mut rows = Vec::new();
        for tranche in &self.basis.book.tranches {
            let months = months(tranche.from, tranche.to);
            for (unit, items) in &points.units {
                for item in items.keys() {
                    let cell = points.sum(unit, item, Some(&months));
                    let texts = [unit.clone(), item.clone(), tranche.number.to_string()]
                        .map(SqlValue::Text);
                    rows.push([texts.to_vec(), vec![SqlValue::Int(cell.rows as i64)]].concat());
                }
            }
        }
        Ok((columns.map(str::to_owned).to_vec(), rows))
    }
}

/// A block by name, wherever it is used.
fn block_of(query: &RuleQuery, name: &str) -> Option<std::sync::Arc<RuleBlock>> {
    query.uses.iter().find_map(|block| {
        if block.name == name { Some(block.clone()) } else { block_of(&block.query, name) }
    })
}

pub(super) fn borrowed(values: &RuleValues) -> Vec<(&str, SqlValue)> {
    values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
}
