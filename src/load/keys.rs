//! The keys of one archive in memory, in the place of the store: an archive
//! that is only checked leaves nothing behind, so all that has to be known of
//! its rows is which of them repeat a key.
//!
//! Keys are told apart by 128 bits that are drawn anew for each archive, so
//! that nobody can make two that look alike, and no two do by chance.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::writer::{LoadLayout, Taker};
use crate::environment::Environment;
use crate::row::{Batch, Value};
use crate::store::{InsertedRow, VISIT};

/// Rows of an archive whose keys are held, some 40 bytes each while a table
/// grows: what has more is validated against a store on disk.
const MOST: usize = 2_000_000;

/// There are more rows than [`MOST`].
#[derive(Debug)]
pub(super) struct TooMany;

/// The keys of the rows of one archive.
pub(super) struct Keys {
    members: Vec<OfMember>,
    hashers: (RandomState, RandomState),
    count: usize,
    /// A key as bytes.
    key: Vec<u8>,
}

struct OfMember {
    columns: Vec<usize>,
    seen: HashTable<(u64, u64)>,
}

impl Keys {
    /// None yet of the members of an archive.
    pub fn new(environment: &Environment, shape: &LoadLayout) -> Self {
        let columns = |record: &usize| {
            let record = &environment.catalog.records[*record];
            let mut columns = record.cluster.clone();
            let visit =
                VISIT.iter().filter(|_| record.visit).filter_map(|name| record.column(name));
            let new: Vec<usize> = visit.filter(|column| !columns.contains(column)).collect();
            columns.extend(new);
            OfMember { columns, seen: HashTable::new() }
        };
        let members = shape.tables.iter().map(columns).collect();
        Self { members, hashers: <_>::default(), count: 0, key: Vec::new() }
    }
}

impl Taker for Keys {
    type Error = TooMany;

    fn begin_group(&mut self) -> Result<(), TooMany> {
        Ok(())
    }

    fn keep_group(&mut self) -> Result<(), TooMany> {
        Ok(())
    }

    fn drop_group(&mut self, members: &[usize]) -> Result<(), TooMany> {
        for &member in members {
            let seen = std::mem::take(&mut self.members[member].seen);
            self.count -= seen.len();
        }
        Ok(())
    }

    fn take(
        &mut self,
        member: usize,
        _shape: &LoadLayout,
        batch: &Batch,
        mut each: impl FnMut(InsertedRow),
    ) -> Result<(), TooMany> {
        let Self { members, hashers, count, key } = self;
        let OfMember { columns, seen } = &mut members[member];
        for index in 0..batch.rows.len() {
            write_key(batch, batch.row(index), columns, key);
            let hash = (hashers.0.hash_one(&key[..]), hashers.1.hash_one(&key[..]));
            let stored = match seen.entry(hash.0, |known| *known == hash, |known| known.0) {
                Entry::Occupied(_) => false,
                Entry::Vacant(free) => {
                    free.insert(hash);
                    true
                }
            };
            *count += usize::from(stored);
            each(InsertedRow { index, stored });
        }
        if *count > MOST { Err(TooMany) } else { Ok(()) }
    }
}

/// Two rows have the same bytes when their keys are the same as they are
/// stored: a blank part is the empty text, and no number is a text.
fn write_key(batch: &Batch, values: &[Value], columns: &[usize], key: &mut Vec<u8>) {
    key.clear();
    for &column in columns {
        match values[column] {
            Value::Null => key.push(0),
            Value::Int(number) => {
                key.push(1);
                key.extend(number.to_le_bytes());
            }
            Value::Text(place) if place.len() == 0 => key.push(0),
            Value::Text(place) => {
                key.push(2);
                key.extend(place.len().to_le_bytes());
                key.extend(batch.text_of(place).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[Option<&str>]) -> Vec<u8> {
        let mut batch = Batch::new(values.len());
        let values: Vec<Value> = values
            .iter()
            .map(|value| match value {
                None => Value::Null,
                Some(text) => match text.strip_prefix('#') {
                    Some(number) => Value::Int(number.parse().unwrap()),
                    None => batch.push_text(text),
                },
            })
            .collect();
        let mut key = vec![9];
        write_key(&batch, &values, &(0..values.len()).collect::<Vec<_>>(), &mut key);
        key
    }

    #[test]
    fn keys_that_are_stored_alike_and_no_others_are_alike() {
        let alike = [(vec![None, Some("a")], vec![Some(""), Some("a")])];
        for (a, b) in alike {
            assert_eq!(key(&a), key(&b));
        }
        let others = [
            vec![Some("#7")],
            vec![Some("07")],
            vec![Some("7")],
            vec![Some("#7"), None],
            vec![None, Some("#7")],
            vec![Some("a"), Some("bc")],
            vec![Some("ab"), Some("c")],
            vec![Some("abc"), None],
            vec![Some("A")],
            vec![Some("a")],
        ];
        for (at, a) in others.iter().enumerate() {
            for b in &others[at + 1..] {
                assert_ne!(key(a), key(b), "{a:?} {b:?}");
            }
        }
    }
}
