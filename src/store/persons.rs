//! Who is in PERSON and DEATH, for the judge.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, params};

use super::Result;
use super::open::Reader;
use crate::row::{Person, PersonIndex, canonical_int};

impl Reader {
    /// Persons for the judge, as of the archives that are committed.
    pub fn into_person_index(self) -> StoredPersons {
        StoredPersons { reader: self, trouble: None }
    }
}

/// A part of a person's key, as it is stored.
fn part(text: &str) -> ToSqlOutput<'_> {
    match canonical_int(text) {
        Some(number) => number.into(),
        None => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
    }
}

/// Answers the judge from PERSON and DEATH.
pub struct StoredPersons {
    reader: Reader,
    /// The first trouble; the judge cannot fail, so it is kept for the loader.
    pub trouble: Option<super::StoreError>,
}

impl StoredPersons {
    /// Gives the reader back.
    pub fn into_reader(self) -> Reader {
        self.reader
    }

    fn ask(&self, hospcode: &str, pid: &str) -> Result<Person> {
        let conn = &self.reader.conn;
        if !self.reader.is_held() {
            // One state for all questions until the next pause, which spares
            // each a lock of its own.
            conn.execute_batch("BEGIN")?;
        }
        let key = params![part(hospcode), part(pid)];
        let found: Option<(Option<i64>, Option<i64>)> = conn
            .prepare_cached(
                "SELECT BIRTH, CAST(SEX AS INTEGER) FROM t_person
                 WHERE HOSPCODE = ?1 AND PID = ?2 ORDER BY _round DESC LIMIT 1",
            )?
            .query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let death: Option<Option<i64>> = conn
            .prepare_cached("SELECT DDEATH FROM t_death WHERE HOSPCODE = ?1 AND PID = ?2")?
            .query_row(key, |row| row.get(0))
            .optional()?;
        let (birth, sex) = found.unwrap_or_default();
        Ok(Person {
            birth: birth.unwrap_or(0) as i32,
            death: death.flatten().unwrap_or(0) as i32,
            sex: sex.unwrap_or(0) as u8,
            known: found.is_some(),
        })
    }
}

impl StoredPersons {
    fn trouble<T: Default>(&mut self, done: Result<T>) -> T {
        done.unwrap_or_else(|error| {
            self.trouble.get_or_insert(error);
            T::default()
        })
    }

    fn let_go(&self) -> Result<()> {
        if self.reader.is_held() {
            self.reader.conn.execute_batch("COMMIT")?;
        }
        Ok(())
    }
}

impl PersonIndex for StoredPersons {
    fn find(&mut self, hospcode: &str, pid: &str) -> Person {
        let person = self.ask(hospcode, pid);
        self.trouble(person)
    }

    /// Whoever held one state for long would keep the log from beginning anew.
    fn pause(&mut self) {
        let done = self.let_go();
        self.trouble(done);
    }
}
