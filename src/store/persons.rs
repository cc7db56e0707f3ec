//! Looks up persons of PERSON and DEATH for the validator.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use super::connection::Reader;
use crate::row::{ByPid, Person, PersonIndex, canonical_int};

/// From so many questions about a unit on, its persons are read ahead.
const FIRST_AHEAD: usize = 16;

/// Persons read ahead for each question that was asked by itself: that many
/// take about as long as the question did.
const AHEAD: usize = 16;

impl Reader {
    /// Persons for the validator, as of the archives that are committed.
    pub fn into_person_index(self) -> StoredPersons {
        StoredPersons { reader: self, version: 0, ahead: Vec::new(), trouble: None }
    }
}

/// Answers the validator from PERSON and DEATH.
pub struct StoredPersons {
    reader: Reader,
    /// Of the state in which was read what is in `ahead`.
    version: i64,
    ahead: Vec<ReadAhead>,
    /// The first error. The validator cannot fail, so the loader checks this.
    pub trouble: Option<super::StoreError>,
}

/// Persons of one unit that were read in the order of their PIDs, which costs
/// a tenth of asking for each: an archive asks for many of a unit's persons.
struct ReadAhead {
    hospcode: String,
    /// Questions that had to be asked one by one.
    asked: usize,
    upto: Upto,
    persons: ByPid<Person>,
}

/// How far persons have been read.
enum Upto {
    Nobody,
    Pid(KeyPart<'static>),
    All,
}

/// A part of a person's key as it is stored, in SQLite's order: numbers before
/// texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum KeyPart<'t> {
    Number(i64),
    Text(Cow<'t, str>),
}

impl<'t> KeyPart<'t> {
    fn parse(text: &'t str) -> Self {
        canonical_int(text).map_or(Self::Text(Cow::Borrowed(text)), Self::Number)
    }

    /// As it is stored: a number or a text, nothing else.
    fn stored(value: ValueRef<'t>) -> Result<Self> {
        Ok(match value {
            ValueRef::Integer(number) => Self::Number(number),
            text => Self::Text(Cow::Borrowed(text.as_str().map_err(rusqlite::Error::from)?)),
        })
    }

    /// The person with this PID, who is put there if not there yet.
    fn entry_in<'p>(&self, persons: &'p mut ByPid<Person>) -> &'p mut Person {
        match self {
            Self::Number(number) => persons.get_or_put_number(*number, Person::default),
            Self::Text(text) => persons.get_or_put(text, Person::default),
        }
    }

    fn into_owned(self) -> KeyPart<'static> {
        match self {
            Self::Number(number) => KeyPart::Number(number),
            Self::Text(text) => KeyPart::Text(Cow::Owned(text.into_owned())),
        }
    }
}

impl ToSql for KeyPart<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Number(number) => (*number).into(),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl ReadAhead {
    fn new(hospcode: &str) -> Self {
        let hospcode = hospcode.to_owned();
        Self { hospcode, asked: 0, upto: Upto::Nobody, persons: ByPid::default() }
    }

    /// A person that has been passed while reading.
    fn answer(&self, pid: &str) -> Option<Person> {
        let passed = match &self.upto {
            Upto::Nobody => false,
            Upto::Pid(last) => KeyPart::parse(pid) <= *last,
            Upto::All => true,
        };
        passed.then(|| self.persons.get(pid).copied().unwrap_or_default())
    }

    /// Reads so many persons more.
    fn read(&mut self, conn: &Connection, count: usize) -> Result<()> {
        let from = match &self.upto {
            Upto::All => return Ok(()),
            // Every PID comes after it.
            Upto::Nobody => ToSqlOutput::from(f64::NEG_INFINITY),
            Upto::Pid(last) => last.to_sql()?,
        };
        let unit = KeyPart::parse(&self.hospcode);
        let last = read_persons(conn, (&unit, &from), count, &mut self.persons)?;
        let until = match &last {
            Some(last) => last.to_sql()?,
            // Every PID comes before a blob.
            None => ToSqlOutput::Borrowed(ValueRef::Blob(&[])),
        };
        read_deaths(conn, (&unit, &from, &until), &mut self.persons)?;
        self.upto = last.map_or(Upto::All, Upto::Pid);
        Ok(())
    }
}

/// Reads at most so many persons of a unit behind a PID; gives the last one's
/// PID when there may be more.
fn read_persons(
    conn: &Connection,
    (unit, from): (&KeyPart, &ToSqlOutput),
    count: usize,
    into: &mut ByPid<Person>,
) -> Result<Option<KeyPart<'static>>> {
    // In the order of the key, so that nothing is sorted or grouped: the last
    // row of a person is that of the latest round.
    let mut query = conn.prepare_cached(
        "SELECT PID, BIRTH, CAST(SEX AS INTEGER) FROM t_person
         WHERE HOSPCODE = ?1 AND PID > ?2 ORDER BY PID, _round",
    )?;
    let mut rows = query.query(params![unit, from])?;
    let mut read = 0;
    let mut last: Option<KeyPart<'static>> = None;
    while let Some(row) = rows.next()? {
        let pid = KeyPart::stored(row.get_ref(0)?)?;
        if last.as_ref() != Some(&pid) {
            if read == count {
                return Ok(last);
            }
            read += 1;
            match (&mut last, &pid) {
                // In the memory of the one before.
                (Some(KeyPart::Text(last)), KeyPart::Text(pid)) => {
                    let last = last.to_mut();
                    last.clear();
                    last.push_str(pid);
                }
                (last, _) => *last = Some(pid.clone().into_owned()),
            }
        }
        *pid.entry_in(into) = person(row.get(1)?, row.get(2)?);
    }
    Ok(None)
}

/// Reads the deaths of a unit behind a PID, until another.
fn read_deaths(
    conn: &Connection,
    (unit, from, until): (&KeyPart, &ToSqlOutput, &ToSqlOutput),
    into: &mut ByPid<Person>,
) -> Result<()> {
    let mut query = conn.prepare_cached(
        "SELECT PID, DDEATH FROM t_death
         WHERE HOSPCODE = ?1 AND PID > ?2 AND PID <= ?3",
    )?;
    let mut rows = query.query(params![unit, from, until])?;
    while let Some(row) = rows.next()? {
        let pid = KeyPart::stored(row.get_ref(0)?)?;
        let death: Option<i64> = row.get(1)?;
        pid.entry_in(into).death = death.unwrap_or(0) as i32;
    }
    Ok(())
}

/// Somebody who is in PERSON.
fn person(birth: Option<i64>, sex: Option<i64>) -> Person {
    let (birth, sex) = (birth.unwrap_or(0) as i32, sex.unwrap_or(0) as u8);
    Person { birth, sex, known: true, death: 0 }
}

impl StoredPersons {
    /// Gives the reader back.
    pub fn into_reader(self) -> Reader {
        self.reader
    }

    fn ask(&mut self, hospcode: &str, pid: &str) -> Result<Person> {
        self.hold()?;
        let at =
            self.ahead.iter().position(|unit| unit.hospcode == hospcode).unwrap_or_else(|| {
                self.ahead.push(ReadAhead::new(hospcode));
                self.ahead.len() - 1
            });
        let ahead = &mut self.ahead[at];
        if let Some(person) = ahead.answer(pid) {
            return Ok(person);
        }
        ahead.asked += 1;
        if ahead.asked >= FIRST_AHEAD && ahead.asked.is_power_of_two() {
            ahead.read(&self.reader.conn, ahead.asked * AHEAD)?;
        }
        self.ask_one(hospcode, pid)
    }

    /// One state for all questions until the next pause, which spares each a
    /// lock of its own.
    fn hold(&mut self) -> Result<()> {
        if self.reader.is_held() {
            return Ok(());
        }
        let conn = &self.reader.conn;
        conn.prepare_cached("BEGIN")?.execute([])?;
        let version = conn
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get::<_, i64>(0))?;
        if self.version != version {
            // Somebody has written since.
            self.ahead.clear();
            self.version = version;
        }
        Ok(())
    }

    fn ask_one(&self, hospcode: &str, pid: &str) -> Result<Person> {
        let conn = &self.reader.conn;
        let key = params![KeyPart::parse(hospcode), KeyPart::parse(pid)];
        let found = conn
            .prepare_cached(
                "SELECT BIRTH, CAST(SEX AS INTEGER) FROM t_person
                 WHERE HOSPCODE = ?1 AND PID = ?2 ORDER BY _round DESC LIMIT 1",
            )?
            .query_row(key, |row| Ok(person(row.get(0)?, row.get(1)?)))
            .optional()?;
        let death: Option<Option<i64>> = conn
            .prepare_cached("SELECT DDEATH FROM t_death WHERE HOSPCODE = ?1 AND PID = ?2")?
            .query_row(key, |row| row.get(0))
            .optional()?;
        let death = death.flatten().unwrap_or(0) as i32;
        Ok(Person { death, ..found.unwrap_or_default() })
    }

    fn trouble<T: Default>(&mut self, done: Result<T>) -> T {
        done.unwrap_or_else(|error| {
            self.trouble.get_or_insert(error);
            T::default()
        })
    }

    fn let_go(&self) -> Result<()> {
        if self.reader.is_held() {
            self.reader.conn.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    }
}

impl PersonIndex for StoredPersons {
    fn find(&mut self, hospcode: &str, pid: &str) -> Person {
        let person = self.ask(hospcode, pid);
        self.trouble(person)
    }

    /// A snapshot that is held for long keeps SQLite from restarting the log.
    fn pause(&mut self) {
        let done = self.let_go();
        self.trouble(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::store::Store;

    /// A third of the numbers are persons, in one round or two, as numbers and
    /// as texts; some died, and some only died.
    fn fill(store: &Store, unit: &str, persons: i64) {
        for number in 1..=persons {
            for (kind, pid) in [("", number.to_string()), ("0", format!("0{number}"))] {
                let key = KeyPart::parse(&pid);
                let row = |round: i64, birth: i64| {
                    let sql =
                        "INSERT INTO t_person (HOSPCODE, PID, BIRTH, SEX, _round, _sub, _line)
                         VALUES (?1, ?2, ?3, ?4, ?5, 1, 1)";
                    let sex = number % 3;
                    let values = params![KeyPart::parse(unit), key, birth, sex, round];
                    store.conn.execute(sql, values).unwrap();
                };
                if number % 3 == 0 {
                    row(2556, 19_500_000 + number);
                }
                if number % 9 == 0 {
                    row(2557, 19_600_000 + number);
                }
                if number % 7 == 0 && kind.is_empty() {
                    let sql = "INSERT INTO t_death (HOSPCODE, PID, DDEATH, _sub, _line)
                         VALUES (?1, ?2, ?3, 1, 1)";
                    store
                        .conn
                        .execute(sql, params![KeyPart::parse(unit), key, 20_130_000 + number])
                        .unwrap();
                }
            }
        }
    }

    #[test]
    fn persons_read_ahead_are_those_that_are_asked_for_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&folder.path().join("khlang.db"), &Catalog::builtin().unwrap(), 8).unwrap();
        for unit in ["04001", "10670", "A0001"] {
            fill(&store, unit, 2_000);
        }
        let mut index = store.reader().unwrap().unwrap().into_person_index();
        for unit in ["10670", "04001", "A0001", "99999"] {
            // In no order, and persons that nobody knows between them.
            for step in 0..3_000_i64 {
                let number = step * 1_237 % 3_001;
                for pid in [
                    number.to_string(),
                    format!("0{number}"),
                    format!("-{number}"),
                    format!("{number}x"),
                ] {
                    let alone = index.ask_one(unit, &pid).unwrap();
                    assert_eq!(index.find(unit, &pid), alone, "{unit} {pid}");
                }
                if step % 500 == 0 {
                    index.pause();
                }
            }
        }
        assert!(index.trouble.is_none());
        assert!(index.ahead.iter().all(|unit| unit.asked < 1_000), "read ahead");
    }

    #[test]
    fn what_was_read_ahead_is_forgotten_when_somebody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&folder.path().join("khlang.db"), &Catalog::builtin().unwrap(), 8).unwrap();
        fill(&store, "10670", 300);
        let mut index = store.reader().unwrap().unwrap().into_person_index();
        let born = |index: &mut StoredPersons| index.find("10670", "299").birth;
        for number in 1..=300 {
            index.find("10670", &number.to_string());
        }
        assert_eq!(born(&mut index), 0);
        let sql = "INSERT INTO t_person (HOSPCODE, PID, BIRTH, _round, _sub, _line)
             VALUES (10670, 299, 20010203, 2557, 2, 1)";
        store.conn.execute(sql, []).unwrap();
        assert_eq!(born(&mut index), 0, "one state until a pause");
        index.pause();
        assert_eq!(born(&mut index), 20_010_203);
    }
}
