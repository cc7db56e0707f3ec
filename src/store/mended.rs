//! Rows that were rejected and have been mended since: their key is stored now.
//! Nothing of it is written down, so that a submission which is taken back
//! makes them open again.

use std::collections::{BTreeMap, HashMap};

use rusqlite::params;
use rusqlite::types::Value;

use super::Result;
use super::connection::Reader;
use super::tables::RecordTable;
use crate::archive::Standard;
use crate::catalog::{Catalog, Severity, Storage, Type, is_duplicate};
use crate::row::{canonical_int, gregorian};

/// A code as rows were told it: it may be a warning in one standard and an
/// error in the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The code.
    pub code: String,
    /// The standard of the archives.
    pub standard: Option<Standard>,
    /// How bad it was.
    pub severity: Severity,
}

/// Which archives are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingScope<'a> {
    /// What a unit sent in a round and was not taken back.
    Unit {
        /// HCODE of the unit.
        hcode: &'a str,
        /// The round, B.E.
        round: i32,
    },
    /// One submission, whatever became of it.
    Submission(i64),
}

impl FindingScope<'_> {
    /// Parameters 1 to 3 of [`FindingScope::SQL`].
    pub(super) fn bound(&self) -> (Option<i64>, Option<&str>, Option<i32>) {
        match *self {
            Self::Submission(id) => (Some(id), None, None),
            Self::Unit { hcode, round } => (None, Some(hcode), Some(round)),
        }
    }

    /// The test of a submission `s`.
    pub(super) fn sql(&self) -> &'static str {
        match self {
            Self::Submission(_) => "s.id = ?1 AND ?2 IS NULL AND ?3 IS NULL",
            Self::Unit { .. } => {
                "?1 IS NULL AND s.hcode = ?2 AND s.round = ?3 AND s.status <> 'void'"
            }
        }
    }
}

/// What has been mended of the rejected rows of some archives, as far as their
/// findings are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mended {
    /// Number of rows.
    pub rows: u64,
    /// Findings about these rows, by code.
    pub times: BTreeMap<Told, u64>,
    /// These findings: submission and place in its list.
    pub(super) findings: Vec<(i64, i64)>,
}

impl Mended {
    /// The findings as a query takes them.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(&self.findings).unwrap_or_else(|_| "[]".to_owned())
    }
}

pub(super) fn standard_of(
    row: &rusqlite::Row,
    column: usize,
) -> rusqlite::Result<Option<Standard>> {
    let name: Option<String> = row.get(column)?;
    Ok(name.and_then(|name| name.parse().ok()))
}

/// A finding about a row.
struct RowFinding {
    place: (i64, i64),
    told: Told,
    file: String,
    line: i64,
    field: Option<String>,
    value: String,
    key: String,
    round: Option<i64>,
}

impl Reader {
    /// Which rejected rows have been mended: the key of the row is stored now,
    /// by whatever archive and in whatever standard, so that to send it once
    /// more would only make a duplicate.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn mended(&self, of: FindingScope, catalog: &Catalog) -> Result<Mended> {
        let sql = format!(
            "SELECT l.submission, l.seq, k.code, k.severity, k.file, l.line, k.field, l.value,
               l.key, s.standard, s.round
             FROM submission AS s
             CROSS JOIN finding_line AS l ON l.submission = s.id
             CROSS JOIN finding_kind AS k ON k.submission = l.submission AND k.kind = l.kind
             WHERE {} AND s.rejected > 0 ORDER BY l.submission, l.seq",
            of.sql()
        );
        let (id, hcode, round) = of.bound();
        let mut query = self.conn.prepare_cached(&sql)?;
        let mut found = query.query(params![id, hcode, round])?;
        let (mut mended, mut tables) = (Mended::default(), KeyTables::default());
        let mut row: Vec<RowFinding> = Vec::new();
        while let Some(line) = found.next()? {
            let code: String = line.get(2)?;
            if is_duplicate(&code) {
                continue;
            }
            let severity = Severity::parse(&line.get::<_, String>(3)?).unwrap_or(Severity::Error);
            let said = RowFinding {
                place: (line.get(0)?, line.get(1)?),
                told: Told { code, standard: standard_of(line, 9)?, severity },
                file: line.get(4)?,
                line: line.get(5)?,
                field: line.get(6)?,
                value: line.get(7)?,
                key: line.get(8)?,
                round: line.get(10)?,
            };
            let same = row.first().is_none_or(|first| {
                (first.place.0, first.line, &first.file) == (said.place.0, said.line, &said.file)
            });
            if !same {
                self.look(&mut row, &mut mended, &mut tables, catalog)?;
            }
            row.push(said);
        }
        self.look(&mut row, &mut mended, &mut tables, catalog)?;
        Ok(mended)
    }

    /// Looks for the key of a row, all of whose findings these are.
    fn look(
        &self,
        row: &mut Vec<RowFinding>,
        mended: &mut Mended,
        tables: &mut KeyTables,
        catalog: &Catalog,
    ) -> Result<()> {
        let said = std::mem::take(row);
        if !said.iter().any(|said| said.told.severity == Severity::Error) {
            return Ok(());
        }
        let Some(table) = tables.find(&said[0], catalog) else { return Ok(()) };
        let Some(key) = table.key(&said) else { return Ok(()) };
        let mut query = self.conn.prepare_cached(&table.sql)?;
        if query.exists(rusqlite::params_from_iter(key))? {
            mended.rows += 1;
            for one in said {
                mended.findings.push(one.place);
                *mended.times.entry(one.told).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// Files of a standard and how their keys are looked for; none for a file that
/// is not known any more.
#[derive(Default)]
struct KeyTables {
    known: HashMap<(Option<Standard>, String), Option<KeyTable>>,
}

impl KeyTables {
    fn find(&mut self, said: &RowFinding, catalog: &Catalog) -> Option<&KeyTable> {
        let standard = said.told.standard;
        let place = (standard, said.file.clone());
        let make = || KeyTable::new(catalog, standard?, &said.file);
        self.known.entry(place).or_insert_with(make).as_ref()
    }
}

/// How the key of a row, as findings have it, is looked for.
struct KeyTable {
    sql: String,
    /// By parameter: which part of the key it is, if the standard has it.
    parts: Vec<Option<usize>>,
    /// By part of the key: how it is stored, what it is, and its field.
    columns: Vec<(Storage, Type, String)>,
    register: bool,
}

impl KeyTable {
    fn new(catalog: &Catalog, standard: Standard, file: &str) -> Option<Self> {
        let (record, layout) = catalog.file(standard, file)?;
        let wire = |column: &usize| layout.columns.iter().find(|wire| wire.column == *column);
        // A key column that only the other standard has is no part of the text.
        let sent: Vec<usize> =
            record.key.iter().copied().filter(|column| wire(column).is_some()).collect();
        let columns = sent.iter().filter_map(|column| {
            let wire = wire(column)?;
            Some((record.columns[*column].storage, wire.kind, wire.name.clone()))
        });
        let (sql, asked) = RecordTable::new(record).has_key_sql();
        Some(Self {
            sql,
            parts: asked.iter().map(|at| sent.iter().position(|column| column == at)).collect(),
            columns: columns.collect(),
            register: record.register,
        })
    }

    /// The parameters of the query; nothing when the key cannot be read.
    fn key(&self, said: &[RowFinding]) -> Option<Vec<Value>> {
        let texts: Vec<&str> = said[0].key.split('|').collect();
        let mut parts = Vec::with_capacity(self.columns.len());
        for (at, (storage, kind, field)) in self.columns.iter().enumerate() {
            let mut text = texts.get(at).map_or_else(String::new, |text| (*text).to_owned());
            if text.is_empty() && matches!(kind, Type::Date | Type::DateTime) {
                // A date that could not be read is left out of the key. One of
                // the Buddhist era says all the same which day it means.
                let of = said
                    .iter()
                    .find(|one| one.field.as_ref() == Some(field) && !one.value.is_empty());
                if let Some(wrong) = of {
                    text = gregorian(&wrong.value)?;
                }
            }
            parts.push(stored(*storage, text));
        }
        let blank = || Value::Text(String::new());
        let mut bound: Vec<Value> = self
            .parts
            .iter()
            .map(|part| part.map_or_else(blank, |part| parts[part].clone()))
            .collect();
        if self.register {
            bound.push(Value::Integer(said[0].round?));
        }
        Some(bound)
    }
}

/// A part of a key as the store keeps it.
fn stored(storage: Storage, text: String) -> Value {
    let number = match storage {
        Storage::Time => text.parse().ok(),
        Storage::Scaled(_) => None,
        _ => canonical_int(&text),
    };
    number.map_or_else(|| Value::Text(text), Value::Integer)
}
