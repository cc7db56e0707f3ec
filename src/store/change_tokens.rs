//! Change tokens: equal tokens mean equal rows of a unit and a kind of record
//! (`schema/migrations/007-touched`). Results that depend on the rows of one unit
//! are cached with its token.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Result;
use super::connection::Reader;
use crate::row::{Batch, Value};

/// Units and tables of which an archive stored a row. Rows of a group that was
/// taken back stay in it: it may name more than was stored, never less.
#[derive(Debug, Default)]
pub(super) struct Touched {
    all: BTreeSet<(String, usize)>,
    /// Rows of a unit and a table lie together.
    last: Option<(usize, String)>,
    number: Option<i64>,
}

impl Touched {
    /// Sees the unit of a row that was stored.
    pub(super) fn see(&mut self, table: usize, batch: &Batch, unit: Option<&Value>) {
        let same = self.last.as_ref().is_some_and(|(last, text)| {
            *last == table
                && match unit {
                    Some(Value::Text(place)) => text == batch.text_of(*place),
                    Some(Value::Int(number)) => self.number == Some(*number),
                    _ => false,
                }
        });
        if same {
            return;
        }
        self.number = None;
        let text = match unit {
            Some(Value::Text(place)) => batch.text_of(*place).to_owned(),
            Some(Value::Int(number)) => {
                self.number = Some(*number);
                number.to_string()
            }
            _ => String::new(),
        };
        self.all.insert((text.clone(), table));
        self.last = Some((table, text));
    }

    /// Each unit with each table, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = &(String, usize)> {
        self.all.iter()
    }
}

/// The marks of a state of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeTokens {
    by_unit: BTreeMap<String, BTreeMap<String, String>>,
    layout: String,
}

impl ChangeTokens {
    /// Units that have, or had, rows.
    pub fn units(&self) -> impl Iterator<Item = &str> {
        self.by_unit.keys().map(String::as_str).filter(|unit| !unit.is_empty())
    }

    /// Token of the rows of a unit in these kinds of record, or in all kinds if `None`.
    /// Equal tokens mean equal rows.
    pub fn token_of_unit(&self, hcode: &str, records: Option<&BTreeSet<String>>) -> String {
        let mut text = String::new();
        for (record, mark) in self.by_unit.get(hcode).into_iter().flatten() {
            if records.is_none_or(|records| records.contains(record)) {
                text.push_str(mark);
                text.push(' ');
            }
        }
        text
    }

    /// Token of facts of the whole store, by name (`registry`, `forwarded`).
    pub fn token_of_store(&self, word: &str) -> &str {
        self.by_unit.get("").and_then(|words| words.get(word)).map_or("", String::as_str)
    }

    /// A token that every cached result depends on: rows stored before there were
    /// tokens or without a unit, and the definitions of tables and views.
    pub fn schema_token(&self) -> String {
        let words = self.by_unit.get("").into_iter().flatten();
        let own = words.filter(|(word, _)| !OWN.contains(&word.as_str()));
        own.map(|(_, mark)| mark.as_str()).chain([self.layout.as_str()]).collect()
    }
}

/// Names of facts of the whole store that not every result depends on.
const OWN: [&str; 2] = ["registry", "forwarded"];

impl Reader {
    /// The tokens of the present state. Hold a snapshot, so that they match the rows
    /// that are read. `None` in an older database that was not migrated yet.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn change_tokens(&self) -> Result<Option<ChangeTokens>> {
        let sql = "SELECT count(*) FROM main.sqlite_schema WHERE name = 'mark'";
        let there: i64 = self.conn.query_row(sql, [], |row| row.get(0))?;
        if there == 0 {
            return Ok(None);
        }
        let mut tokens = ChangeTokens::default();
        self.each_line("SELECT hcode, record, mark FROM mark", &[], |line| {
            let text = |column| Ok::<_, super::StoreError>(line.str(column)?.unwrap_or_default());
            let of_unit = tokens.by_unit.entry(text(0)?.to_owned()).or_default();
            of_unit.insert(text(1)?.to_owned(), text(2)?.to_owned());
            Ok(())
        })?;
        let mut layout = Sha256::new();
        let sql = "SELECT coalesce(sql, '') FROM main.sqlite_schema ORDER BY name";
        self.each_line(sql, &[], |line| {
            layout.update(line.str(0)?.unwrap_or_default());
            layout.update(b"\n");
            Ok(())
        })?;
        tokens.layout = crate::files::hex(&layout.finalize());
        Ok(Some(tokens))
    }
}
