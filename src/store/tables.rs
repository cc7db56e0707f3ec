//! Tables and views of records, made from the catalogue: one STRICT table for
//! each kind of record, clustered by its key as rows arrive, and one view with
//! the standard's column names for people who ask.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{Result, StoreError};
use crate::catalog::{Catalog, Record, Storage, VISIT_KEY};

/// Columns of the visit, in the order of the table `visit`.
pub const VISIT: [&str; 4] = [VISIT_KEY[0], VISIT_KEY[2], VISIT_KEY[3], VISIT_KEY[1]];

/// How a kind of record is stored.
#[derive(Debug, Clone)]
pub struct RecordTable {
    /// Name of the record.
    pub record: String,
    /// Name of the table.
    pub name: String,
    /// Stored by visit: the key of the visit is a reference.
    pub visit: bool,
    /// The round is part of the key.
    pub register: bool,
    /// Columns of the record that the table has, as positions in the record,
    /// with whether they are part of the key.
    pub columns: Vec<(usize, bool)>,
    /// Positions of [`VISIT`] in the record, for tables by visit.
    pub visit_columns: [usize; 4],
    /// Whether the visit alone is the key (SERVICE).
    pub only_visit: bool,
    names: Vec<String>,
    storage: Vec<Storage>,
    event: Option<usize>,
}

/// All tables, in the order of [`Catalog::records`].
#[derive(Debug, Clone)]
pub struct Tables {
    /// The tables.
    pub list: Vec<RecordTable>,
}

impl Tables {
    /// The tables that the catalogue asks for.
    pub fn new(catalog: &Catalog) -> Self {
        Self { list: catalog.records.iter().map(RecordTable::new).collect() }
    }

    /// Position of a table by the name of its record.
    pub fn find(&self, record: &str) -> Option<usize> {
        self.list.iter().position(|table| table.record == record)
    }

    /// Makes what is missing. Nothing is ever dropped but views; a table whose
    /// key the dictionary has changed is made anew with all its rows.
    pub fn create(&self, conn: &mut Connection) -> Result<()> {
        let wanted: String = self.list.iter().map(|t| t.create_sql() + &t.view_sql()).collect();
        let known: Option<String> = conn
            .query_row("SELECT value FROM meta WHERE name = 'tables'", [], |row| row.get(0))
            .optional()?;
        if known.as_deref() == Some(&wanted) {
            return Ok(());
        }
        // It reads before it writes.
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let any = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE substr(name, 1, 2) = 't_')";
        let old: bool = tx.query_row(any, [], |row| row.get(0))?;
        if !old {
            // Nothing is there that could be of another form.
            tx.execute_batch(&wanted)?;
        }
        for table in self.list.iter().filter(|_| old) {
            tx.execute_batch(&format!("DROP VIEW IF EXISTS \"{}\";", table.record))?;
            tx.execute_batch(&table.create_sql())?;
            let have = columns_of(&tx, &table.name)?;
            for (column, sql) in table.column_sql() {
                if !have.iter().any(|name| name.eq_ignore_ascii_case(&column)) {
                    // A column that the dictionary has gained since; stored rows
                    // have nothing in it, also when it is part of the key.
                    let sql = sql.trim_end_matches(" NOT NULL");
                    tx.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {sql};", table.name))?;
                }
            }
            table.rekey(&tx)?;
            tx.execute_batch(&table.view_sql())?;
        }
        tx.execute(
            "INSERT INTO meta VALUES ('tables', ?1)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [&wanted],
        )?;
        tx.commit()?;
        Ok(())
    }
}

/// Columns of a stored table.
fn columns_of(conn: &Connection, table: &str) -> Result<Vec<String>> {
    let mut query = conn.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = query.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<std::result::Result<_, _>>()?)
}

/// Rows to look for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sought {
    /// Kind of record.
    pub record: String,
    /// A column that must have a value; `None` for any row.
    pub column: Option<String>,
    /// First and last day of the event (`YYYYMMDD`), or round of a register; `None` for
    /// any day.
    pub between: Option<(i64, i64)>,
}

impl RecordTable {
    fn new(record: &Record) -> Self {
        let at = |name: &str| record.column(name).unwrap_or(usize::MAX);
        let visit_columns = VISIT.map(at);
        let in_visit = |column: &usize| record.visit && visit_columns.contains(column);
        let mut columns: Vec<(usize, bool)> =
            record.cluster.iter().filter(|c| !in_visit(c)).map(|&c| (c, true)).collect();
        let only_visit = record.visit && columns.is_empty();
        for column in 0..record.columns.len() {
            if !in_visit(&column) && !record.key.contains(&column) {
                columns.push((column, false));
            }
        }
        Self {
            record: record.name.clone(),
            name: format!("t_{}", record.name.to_lowercase()),
            visit: record.visit,
            register: record.register,
            columns,
            visit_columns,
            only_visit,
            names: record.columns.iter().map(|c| c.name.clone()).collect(),
            storage: record.columns.iter().map(|c| c.storage).collect(),
            event: record.event,
        }
    }

    /// Each column with the SQL that declares it. A key part is never null: a
    /// blank one is the empty text, a value like any other (docs/rules.md#rows).
    fn column_sql(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        if self.visit {
            let kind = if self.only_visit { "INTEGER PRIMARY KEY" } else { "INTEGER NOT NULL" };
            all.push(("visit".to_owned(), format!("visit {kind}")));
        }
        for &(column, key) in &self.columns {
            let kind = match self.storage[column] {
                _ if key => "ANY NOT NULL",
                Storage::Date | Storage::DateTime | Storage::Time => "INTEGER",
                Storage::Text | Storage::Number | Storage::Scaled(_) => "ANY",
            };
            let name = &self.names[column];
            all.push((name.clone(), format!("\"{name}\" {kind}")));
        }
        if self.register {
            all.push(("_round".to_owned(), "_round INTEGER NOT NULL".to_owned()));
        }
        all.push(("_sub".to_owned(), "_sub INTEGER NOT NULL".to_owned()));
        all.push(("_line".to_owned(), "_line INTEGER NOT NULL".to_owned()));
        all
    }

    /// Columns of the primary key.
    fn key_columns(&self) -> Vec<&str> {
        let visit = self.visit.then_some("visit");
        let round = self.register.then_some("_round");
        let own = self.columns.iter().filter(|c| c.1).map(|c| self.names[c.0].as_str());
        visit.into_iter().chain(own).chain(round).collect()
    }

    /// Gives a stored table the key of the dictionary when it has another:
    /// every row is taken over, and one that the new key would lose is an
    /// error that leaves the store as it was.
    fn rekey(&self, conn: &Connection) -> Result<()> {
        let sql = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0";
        let stored: BTreeSet<String> = conn
            .prepare(sql)?
            .query_map([&self.name], |row| row.get(0))?
            .collect::<std::result::Result<_, _>>()?;
        if stored.iter().map(String::as_str).eq(BTreeSet::from_iter(self.key_columns())) {
            return Ok(());
        }
        let key = self.key_columns();
        let (name, own) = (&self.name, self.column_sql());
        let known = |column: &String| own.iter().any(|(name, _)| name.eq_ignore_ascii_case(column));
        if let Some(column) = columns_of(conn, name)?.iter().find(|column| !known(column)) {
            let what = format!("{name} has {column}, which the dictionary has not");
            return Err(StoreError::Inconsistent(what));
        }
        let (names, values): (Vec<String>, Vec<String>) = own
            .iter()
            .map(|(name, _)| {
                // A blank part of a key is the empty text.
                let value = if key.contains(&name.as_str()) {
                    format!("coalesce(\"{name}\", '')")
                } else {
                    format!("\"{name}\"")
                };
                (format!("\"{name}\""), value)
            })
            .unzip();
        let (names, values) = (names.join(", "), values.join(", "));
        conn.execute_batch(&format!("ALTER TABLE {name} RENAME TO {name}_before;"))?;
        conn.execute_batch(&self.create_sql())?;
        conn.execute_batch(&format!(
            "INSERT INTO {name} ({names}) SELECT {values} FROM {name}_before;
             DROP TABLE {name}_before;"
        ))?;
        Ok(())
    }

    fn create_sql(&self) -> String {
        let columns: Vec<String> = self.column_sql().into_iter().map(|(_, sql)| sql).collect();
        let columns = columns.join(", ");
        if self.only_visit {
            return format!("CREATE TABLE IF NOT EXISTS {} ({columns}) STRICT;", self.name);
        }
        let key = format!("\"{}\"", self.key_columns().join("\", \""));
        format!(
            "CREATE TABLE IF NOT EXISTS {} ({columns}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID;",
            self.name
        )
    }

    /// The view that people query: the standard's names, text as text, days as
    /// integers `YYYYMMDD`, numbers as numbers, and where each row came from.
    fn view_sql(&self) -> String {
        let join = if self.visit { " JOIN visit AS v ON v.id = t.visit" } else { "" };
        let (record, columns) = (&self.record, self.view_columns());
        format!("CREATE VIEW \"{record}\" AS SELECT {columns} FROM {} AS t{join};", self.name)
    }

    /// The columns of the view, of `t` and the visit `v`.
    pub(super) fn view_columns(&self) -> String {
        let mut columns: Vec<String> = (0..self.names.len()).map(|c| self.view_column(c)).collect();
        if self.register {
            columns.push("t._round AS ROUND".to_owned());
        }
        columns.push("t._sub AS SUBMISSION".to_owned());
        columns.push("t._line AS LINE".to_owned());
        columns.join(", ")
    }

    /// Whether it has a column of the record.
    pub(super) fn has(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column)
    }

    /// The query that tells whether there are such rows of a unit (`?1`) between
    /// two days or rounds (`?2`, `?3`), and by what a day is multiplied to
    /// become what is stored.
    pub(super) fn sought_sql(&self, sought: &Sought) -> (String, i64) {
        let (name, mut scale) = (&self.name, 1);
        let (from, unit) = if self.visit {
            (format!("main.visit AS v CROSS JOIN main.{name} AS t ON t.visit = v.id"), "v.hospcode")
        } else {
            (format!("main.{name} AS t"), "t.\"HOSPCODE\"")
        };
        let mut sql = format!("SELECT 1 FROM {from} WHERE {unit} = ?1");
        if sought.between.is_some() {
            let day = match self.event {
                _ if self.register => "t._round".to_owned(),
                Some(event) if self.visit && self.visit_columns.contains(&event) => {
                    format!("v.{}", self.names[event].to_lowercase())
                }
                Some(event) => {
                    if self.storage[event] == Storage::DateTime {
                        scale = 1_000_000;
                    }
                    format!("t.\"{}\"", self.names[event])
                }
                None => "NULL".to_owned(),
            };
            let _ = write!(sql, " AND {day} BETWEEN ?2 AND ?3");
        }
        if let Some(column) = &sought.column
            && let Some(at) = self.names.iter().position(|name| name == column)
        {
            let value = self.view_column(at);
            let value = value.rsplit_once(" AS ").map_or(value.as_str(), |(value, _)| value);
            let _ = write!(sql, " AND {value} IS NOT NULL");
        }
        (sql, scale)
    }

    fn view_column(&self, column: usize) -> String {
        let name = &self.names[column];
        let place = if self.visit && self.visit_columns.contains(&column) {
            format!("v.{}", name.to_lowercase())
        } else {
            format!("t.\"{name}\"")
        };
        let value = match self.storage[column] {
            Storage::Text => format!("nullif(CAST({place} AS TEXT), '')"),
            Storage::Number => format!("CAST({place} AS NUMERIC)"),
            Storage::Scaled(scale) => format!(
                "iif(typeof({place}) = 'integer', {place} / 1{}.0, CAST({place} AS REAL))",
                "0".repeat(usize::from(scale))
            ),
            Storage::Date | Storage::DateTime | Storage::Time => format!("nullif({place}, '')"),
        };
        format!("{value} AS \"{name}\"")
    }

    /// The SQL that inserts so many records with these columns, and leaves a
    /// stored one unchanged: the no-update rule [OPPP-2557 s. 30]. Parameters: the
    /// round and the submission, as far as the table has them, then for each
    /// record the visit, the columns and the line.
    ///
    /// All columns are named, and in the order of the table, because SQLite
    /// then takes the values from where they are instead of copying each.
    ///
    /// A row that cannot be stored for another reason ends the statement with
    /// an error. `OR FAIL` leaves the rows before it, for the archive is given
    /// up as a whole; so SQLite need not be able to take them back one by one,
    /// which costs a copy of each page.
    pub fn insert_sql(&self, columns: &[(usize, bool)], records: usize) -> String {
        let shared = usize::from(self.register) + 1;
        let own = usize::from(self.visit) + columns.len() + 1;
        // In the order of `column_sql`; 0 for a column without a value.
        let given = |column| columns.iter().position(|&(given, _)| given == column);
        let visit = self.visit.then_some(1);
        let values = self
            .columns
            .iter()
            .map(|&(column, _)| given(column).map_or(0, |at| usize::from(self.visit) + at + 1));
        let places: Vec<usize> = visit.into_iter().chain(values).collect();
        let mut rows = String::with_capacity(records * (shared + places.len() + 1) * 6);
        for record in 0..records {
            let before = shared + record * own;
            rows.push_str(if record == 0 { "(" } else { "), (" });
            for &place in &places {
                match place {
                    0 => rows.push_str("NULL, "),
                    _ => write!(rows, "?{}, ", before + place).expect("a text takes all"),
                }
            }
            for number in 1..=shared {
                write!(rows, "?{number}, ").expect("a text takes all");
            }
            write!(rows, "?{}", before + own).expect("a text takes all");
        }
        let names: Vec<String> = self.column_sql().into_iter().map(|(name, _)| name).collect();
        format!(
            "INSERT OR FAIL INTO {} (\"{}\") VALUES {rows}) ON CONFLICT DO NOTHING",
            self.name,
            names.join("\", \""),
        )
    }

    /// The SQL that asks whether the record under a key is one of a submission
    /// and a line, which no two records of the table share. Parameters: as for
    /// inserting, with the columns of the key only.
    pub(super) fn ours_sql(&self) -> String {
        let round = self.register.then_some("_round");
        let visit = self.visit.then_some("visit");
        let key = self.columns.iter().filter(|c| c.1).map(|c| self.names[c.0].as_str());
        let names = round.into_iter().chain(["_sub"]).chain(visit).chain(key).chain(["_line"]);
        let tests: Vec<String> =
            (1..).zip(names).map(|(n, name)| format!("\"{name}\" = ?{n}")).collect();
        format!("SELECT 1 FROM {} WHERE {}", self.name, tests.join(" AND "))
    }

    /// SQL for the day (`YYYYMMDD`, or null) of a stored row, for `verify`,
    /// and the FROM clause it needs.
    pub fn event_sql(&self) -> (String, String) {
        let join = format!("{} AS t", self.name);
        let Some(event) = self.event else { return ("NULL".to_owned(), join) };
        let name = &self.names[event];
        let (place, join) = if self.visit && self.visit_columns.contains(&event) {
            ("v.date_serv".to_owned(), format!("{join} JOIN visit AS v ON v.id = t.visit"))
        } else {
            (format!("t.\"{name}\""), join)
        };
        let day = match self.storage[event] {
            Storage::DateTime => format!("nullif({place}, '') / 1000000"),
            _ => format!("nullif({place}, '')"),
        };
        (day, join)
    }
}
