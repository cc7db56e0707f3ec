//! Suspicious rows of a unit: the latest of them whole, as many as are kept of a
//! case, and of the rest only where they came from, so that a rule that finds
//! everything suspicious does not fill the memory.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::store::{AuditFact, QueryRow, Result, SqlValue, StoreError};

/// A suspicious row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspiciousRow {
    /// Where it came from.
    pub key: RowKey,
    /// Whose it is, at the unit.
    pub pid: String,
    /// The day that it counts for, `YYYYMMDD`.
    pub day: i64,
    /// What is shown beside it, by name: a JSON object.
    pub shown: String,
}

/// Where a row came from, and with which others it is counted as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowKey {
    /// Its kind of record.
    pub file: Arc<str>,
    /// The submission that brought it.
    pub sub: i64,
    /// Its line in the member.
    pub line: i64,
    /// The group that it belongs to, as a number; nought where it stands for
    /// itself.
    pub group: u64,
}

impl RowKey {
    /// No two rows have it in common.
    pub fn place(&self) -> (&str, i64, i64) {
        (&self.file, self.sub, self.line)
    }

    /// The place of a row that is not kept, as a row of a case.
    pub fn fact(&self, run: i64) -> AuditFact {
        AuditFact {
            file: self.file.to_string(),
            sub: self.sub,
            line: self.line,
            run,
            pid: String::new(),
            day: 0,
            shown: String::new(),
            gone: false,
        }
    }
}

impl SuspiciousRow {
    /// The row as it is kept of a case.
    pub fn fact(&self, run: i64) -> AuditFact {
        let (pid, shown) = (self.pid.clone(), self.shown.clone());
        AuditFact { pid, day: self.day, shown, ..self.key.fact(run) }
    }
}

/// Suspicious rows of a unit, once each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitRows {
    /// The latest ones that came, in the order of where they came from.
    pub rows: Vec<SuspiciousRow>,
    /// The others.
    pub rest: Vec<RowKey>,
}

/// Suspicious rows by unit.
pub type ByUnit = BTreeMap<String, UnitRows>;

/// Least that is held before the rest is let go of.
const LEAST: usize = 64;

impl UnitRows {
    /// Adds a row; of more than twice `most` the details of the oldest are let go.
    fn add(&mut self, row: SuspiciousRow, most: usize) {
        self.rows.push(row);
        if self.rows.len() >= most.saturating_mul(2).max(LEAST) {
            self.keep(most);
        }
    }

    /// Keeps the details of the latest rows.
    fn keep(&mut self, most: usize) {
        if self.rows.len() > most {
            let late = |row: &SuspiciousRow| (row.key.sub, row.key.line, Arc::clone(&row.key.file));
            self.rows.sort_by_key(late);
            let old = self.rows.len() - most;
            self.rest.extend(self.rows.drain(..old).map(|row| row.key));
        }
    }

    /// Puts them in order, once each.
    fn finish(&mut self, most: usize) {
        self.keep(most);
        self.rows.sort_by(|a, b| a.key.place().cmp(&b.key.place()));
        self.rows.dedup_by(|a, b| a.key.place() == b.key.place());
        self.rest.sort_by(|a, b| a.place().cmp(&b.place()));
        self.rest.dedup_by(|a, b| a.place() == b.place());
        if !self.rest.is_empty() {
            let whole: HashSet<_> = self.rows.iter().map(|row| row.key.place()).collect();
            self.rest.retain(|key| !whole.contains(&key.place()));
        }
    }

    /// Rows of several parts of a unit's, of which so many are kept whole each.
    pub(super) fn merged(parts: Vec<Self>, most: usize) -> Self {
        let mut all = Self::default();
        for mut part in parts {
            all.rows.append(&mut part.rows);
            all.rest.append(&mut part.rest);
        }
        all.finish(most);
        all
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len() + self.rest.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where all of them came from.
    pub fn keys(&self) -> impl Iterator<Item = &RowKey> {
        self.rows.iter().map(|row| &row.key).chain(&self.rest)
    }
}

/// Takes the lines of a rule's answer, and keeps the details of so many rows of
/// a unit.
pub(super) struct Collector {
    columns: RowColumns,
    most: usize,
    files: Vec<Arc<str>>,
    found: ByUnit,
}

impl Collector {
    pub(super) fn new(columns: &[String], most: usize) -> Result<Self> {
        let columns = RowColumns::find(columns)?;
        Ok(Self { columns, most, files: Vec::new(), found: ByUnit::new() })
    }

    pub(super) fn take(&mut self, line: &QueryRow<'_>) -> Result<()> {
        let (hcode, row) = self.columns.row(line, &mut self.files)?;
        match self.found.get_mut(&hcode) {
            Some(rows) => rows.add(row, self.most),
            None => self.found.entry(hcode).or_default().add(row, self.most),
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> ByUnit {
        for rows in self.found.values_mut() {
            rows.finish(self.most);
        }
        self.found
    }
}

/// The same by cohorts of persons.
pub(super) struct CohortCollector {
    columns: RowColumns,
    most: usize,
    files: Vec<Arc<str>>,
    found: BTreeMap<u32, ByUnit>,
}

impl CohortCollector {
    pub(super) fn new(columns: &[String], most: usize) -> Result<Self> {
        let columns = RowColumns::find(columns)?;
        if columns.person.is_none() {
            return Err(lacks(PERSON));
        }
        Ok(Self { columns, most, files: Vec::new(), found: BTreeMap::new() })
    }

    /// Takes a line, if the cohort of its person is wanted.
    pub(super) fn take(
        &mut self,
        line: &QueryRow<'_>,
        cohort: impl Fn(Option<i64>) -> Option<u32>,
    ) -> Result<()> {
        let person = self.columns.person.map_or(Ok(None), |at| line.int(at))?;
        let Some(cohort) = cohort(person) else { return Ok(()) };
        let (hcode, row) = self.columns.row(line, &mut self.files)?;
        let of_cohort = self.found.entry(cohort).or_default();
        of_cohort.entry(hcode).or_default().add(row, self.most);
        Ok(())
    }

    pub(super) fn finish(mut self) -> BTreeMap<u32, ByUnit> {
        for rows in self.found.values_mut().flat_map(BTreeMap::values_mut) {
            rows.finish(self.most);
        }
        self.found
    }
}

/// Positions of the columns of suspicious rows.
struct RowColumns {
    fixed: [usize; 6],
    group: Option<usize>,
    person: Option<usize>,
    shown: Vec<(usize, String)>,
}

/// Columns that every query of rows gives.
const FIXED: [&str; 6] = ["file", "sub", "line", "hcode", "pid", "day"];

/// The column that tells whose row it is, of a query that goes by persons.
const PERSON: &str = "person";

impl RowColumns {
    fn find(columns: &[String]) -> Result<Self> {
        let find = |name: &str| columns.iter().position(|column| column == name);
        let mut fixed = [0; 6];
        for (place, name) in fixed.iter_mut().zip(FIXED) {
            *place = find(name).ok_or_else(|| lacks(name))?;
        }
        let shown = columns.iter().enumerate();
        let shown = shown.filter_map(|(at, name)| Some((at, name.strip_prefix("v_")?.to_owned())));
        let (group, person) = (find("grp"), find(PERSON));
        Ok(Self { fixed, group, person, shown: shown.collect() })
    }

    fn row(
        &self,
        line: &QueryRow<'_>,
        files: &mut Vec<Arc<str>>,
    ) -> Result<(String, SuspiciousRow)> {
        let text = |at: usize| Ok::<_, StoreError>(text_of(line.value(at)?).unwrap_or_default());
        let [file, sub, at, hcode, pid, day] = self.fixed;
        let mut values: BTreeMap<&str, serde_json::Value> = BTreeMap::new();
        for (place, name) in &self.shown {
            let value = match line.value(*place)? {
                SqlValue::Null => continue,
                SqlValue::Int(number) => number.into(),
                SqlValue::Text(text) => text.into(),
            };
            values.insert(name, value);
        }
        let group = self.group.map_or(Ok(String::new()), text)?;
        let key = RowKey {
            file: interned(files, &text(file)?),
            sub: line.int(sub)?.unwrap_or(0),
            line: line.int(at)?.unwrap_or(0),
            group: if group.is_empty() { 0 } else { number_of(&group) },
        };
        let row = SuspiciousRow {
            key,
            pid: text(pid)?,
            day: line.int(day)?.unwrap_or(0),
            shown: serde_json::to_string(&values).unwrap_or_default(),
        };
        Ok((text(hcode)?, row))
    }
}

/// One text for all rows of a kind of record.
fn interned(files: &mut Vec<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = files.iter().find(|file| &***file == name) {
        return Arc::clone(known);
    }
    let file: Arc<str> = name.into();
    files.push(Arc::clone(&file));
    file
}

/// A group as a number: the same in every run.
fn number_of(group: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    group.hash(&mut hash);
    hash.finish()
}

pub(super) fn lacks(name: &str) -> StoreError {
    StoreError::Refused(format!("its query gives no {name}"))
}

fn text_of(value: SqlValue) -> Option<String> {
    match value {
        SqlValue::Null => None,
        SqlValue::Int(number) => Some(number.to_string()),
        SqlValue::Text(text) => Some(text),
    }
}

/// Rows as they are kept between runs.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct KeptRows {
    files: Vec<String>,
    rows: Vec<(KeptKey, String, i64, String)>,
    rest: Vec<KeptKey>,
}

/// Number of the file, submission, line, group.
type KeptKey = (usize, i64, i64, u64);

impl KeptRows {
    pub(super) fn new(rows: &UnitRows) -> Self {
        let mut files: Vec<Arc<str>> = Vec::new();
        let mut kept = |key: &RowKey| {
            let file = interned(&mut files, &key.file);
            let at = files.iter().position(|known| *known == file).unwrap_or(0);
            (at, key.sub, key.line, key.group)
        };
        let whole = rows.rows.iter();
        let whole = whole
            .map(|row| (kept(&row.key), row.pid.clone(), row.day, row.shown.clone()))
            .collect();
        let rest = rows.rest.iter().map(&mut kept).collect();
        Self { rows: whole, rest, files: files.iter().map(ToString::to_string).collect() }
    }

    pub(super) fn rows(&self) -> UnitRows {
        let files: Vec<Arc<str>> = self.files.iter().map(|file| Arc::from(&**file)).collect();
        let none: Arc<str> = "".into();
        let key = |(file, sub, line, group): &KeptKey| RowKey {
            file: files.get(*file).map_or_else(|| Arc::clone(&none), Arc::clone),
            sub: *sub,
            line: *line,
            group: *group,
        };
        let rows = self.rows.iter().map(|(place, pid, day, shown)| SuspiciousRow {
            key: key(place),
            pid: pid.clone(),
            day: *day,
            shown: shown.clone(),
        });
        UnitRows { rows: rows.collect(), rest: self.rest.iter().map(key).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(sub: i64, line: i64) -> SuspiciousRow {
        let key = RowKey { file: "EPI".into(), sub, line, group: 0 };
        SuspiciousRow { key, pid: "1".to_owned(), day: 20_130_801, shown: "{}".to_owned() }
    }

    #[test]
    fn of_more_rows_than_are_kept_the_latest_are_whole_and_none_is_lost() {
        for most in [0, 1, 5, 100, 5000] {
            let mut all = UnitRows::default();
            // In no order, and some twice.
            for n in 0..1000_i64 {
                let at = n * 7 % 1000;
                all.add(row(at % 10, at), most);
                if n % 3 == 0 {
                    all.add(row(at % 10, at), most);
                }
            }
            all.finish(most);
            assert_eq!(all.len(), 1000, "{most}");
            assert!(all.rows.len() <= most && all.keys().count() == 1000);
            let oldest = all.rows.iter().map(|row| (row.key.sub, row.key.line)).min();
            let newest = all.rest.iter().map(|key| (key.sub, key.line)).max();
            assert!(oldest.is_none() || newest < oldest, "{most}: {newest:?} {oldest:?}");
            let places: HashSet<_> = all.keys().map(RowKey::place).collect();
            assert_eq!(places.len(), 1000);
            assert_eq!(KeptRows::new(&all).rows(), all);
        }
    }

    #[test]
    fn rows_of_parts_are_those_of_the_whole() {
        for most in [0, 1, 5, 100, 5000] {
            let (mut all, mut parts) = (UnitRows::default(), vec![UnitRows::default(); 3]);
            for n in 0..1000_i64 {
                let at = n * 7 % 1000;
                all.add(row(at % 10, at), most);
                parts[(at % 3).unsigned_abs() as usize].add(row(at % 10, at), most);
            }
            all.finish(most);
            for part in &mut parts {
                part.finish(most);
            }
            assert_eq!(UnitRows::merged(parts, most), all, "{most}");
        }
    }
}
