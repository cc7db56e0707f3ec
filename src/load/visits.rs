//! Numbers the visits of an archive, so that the store resolves each only
//! once, however many rows belong to it.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::row::{Batch, Value, digits_key};

/// Visits remembered at once; beyond it numbering starts again, which costs
/// the store a look-up and nothing else.
const MOST: usize = 500_000;

/// How far behind the last visit the next one is looked for.
const NEAR: usize = 4;

/// No key of a visit is this.
const NO_KEY: [u64; 4] = [u64::MAX; 4];

/// Ordinals of visits within an epoch.
#[derive(Debug)]
pub struct Visits {
    /// Counts the times that numbering started again.
    pub epoch: u32,
    /// Keys by ordinal; [`NO_KEY`] for those in `other`.
    keys: Vec<[u64; 4]>,
    /// Ordinals by key.
    exact: HashTable<u32>,
    other: FxHashMap<Box<str>, u32>,
    last: ([u64; 4], u32),
    /// The same for the values of the row before, as they lie in its batch.
    last_values: ([Value; 4], u32),
}

impl Default for Visits {
    fn default() -> Self {
        Self {
            epoch: 0,
            keys: Vec::new(),
            exact: HashTable::new(),
            other: FxHashMap::default(),
            last: (NO_KEY, 0),
            last_values: ([Value::Null; 4], 0),
        }
    }
}

impl Visits {
    /// The ordinal of a row's visit, asked for each row of a batch from the
    /// first on. `columns` are the places of
    /// `HOSPCODE, SEQ, DATE_SERV, PID`.
    pub fn ordinal(&mut self, batch: &Batch, row: usize, columns: [usize; 4]) -> u32 {
        let values = batch.row(row);
        let plain = columns.map(|column| values[column]);
        // Places of texts can be compared within a batch, which begins with row 0.
        if row > 0 && plain == self.last_values.0 {
            return self.last_values.1;
        }
        let ordinal = self.resolve(batch, values, columns);
        self.last_values = (plain, ordinal);
        ordinal
    }

    fn resolve(&mut self, batch: &Batch, values: &[Value], columns: [usize; 4]) -> u32 {
        let key = columns.map(|column| compact(batch, values[column]));
        if let [Some(a), Some(b), Some(c), Some(d)] = key {
            let key = [a, b, c, d];
            if self.last.0 == key {
                return self.last.1;
            }
            let ordinal = self.after_last(&key).unwrap_or_else(|| self.numbered(key));
            self.last = (key, ordinal);
            return ordinal;
        }
        let key = columns.map(|column| batch.display(values[column])).join("|");
        let next = self.keys.len() as u32;
        let ordinal = *self.other.entry(key.into()).or_insert(next);
        if ordinal == next {
            self.keys.push(NO_KEY);
        }
        ordinal
    }

    /// The files of an archive mostly have their visits in one order, so that
    /// the next one is soon found behind the last.
    fn after_last(&self, key: &[u64; 4]) -> Option<u32> {
        let first = self.last.1 as usize + 1;
        let near = self.keys.get(first..)?.iter().take(NEAR);
        near.zip(first..).find(|(other, _)| *other == key).map(|(_, at)| at as u32)
    }

    fn numbered(&mut self, key: [u64; 4]) -> u32 {
        let Self { keys, exact, .. } = self;
        let hash = |key: &[u64; 4]| FxBuildHasher.hash_one(key);
        let key_of = |ordinal: &u32| &keys[*ordinal as usize];
        let next = keys.len() as u32;
        let ordinal = *exact
            .entry(hash(&key), |other| *key_of(other) == key, |other| hash(key_of(other)))
            .or_insert(next)
            .get();
        if ordinal == next {
            keys.push(key);
        }
        ordinal
    }

    /// Whether numbering should start again before the next batch.
    pub fn full(&self) -> bool {
        self.keys.len() >= MOST
    }

    /// Starts again.
    pub fn restart(&mut self) {
        *self = Self { epoch: self.epoch + 1, ..Self::default() };
    }
}

/// A value as 64 bits that no other value has: a number, or a short text of
/// digits.
fn compact(batch: &Batch, value: Value) -> Option<u64> {
    match value {
        Value::Null => Some(u64::MAX - 1),
        Value::Int(number) => u64::try_from(number).ok().filter(|&n| n < 1 << 58),
        Value::Text(place) => digits_key(batch.text_of(place)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinals(rows: &[[&str; 4]]) -> Vec<u32> {
        let mut batch = Batch::new(4);
        for row in rows {
            for text in row {
                let value = match crate::row::canonical_int(text) {
                    Some(number) => Value::Int(number),
                    None => batch.push_text(text),
                };
                batch.values.push(value);
            }
        }
        let mut visits = Visits::default();
        (0..rows.len()).map(|row| visits.ordinal(&batch, row, [0, 1, 2, 3])).collect()
    }

    #[test]
    fn equal_visits_share_an_ordinal_and_others_do_not() {
        let rows = [
            ["10670", "000007", "20140131", "7"],
            ["10670", "7", "20140131", "7"],
            ["10670", "000007", "20140131", "7"],
            ["10670", "A-7", "20140131", "7"],
            ["10670", "A-7", "20140131", "07"],
            ["10670", "A-7", "20140131", "7"],
            ["10670", "", "20140131", "7"],
        ];
        assert_eq!(ordinals(&rows), [0, 1, 0, 2, 3, 2, 4]);
    }

    #[test]
    fn places_of_texts_are_those_of_their_batch() {
        let mut visits = Visits::default();
        let mut ordinal = |unit: &str, row: usize| {
            let mut batch = Batch::new(4);
            let text = batch.push_text(unit);
            for _ in 0..=row {
                batch.values.extend([text, Value::Int(7), Value::Int(20_140_131), Value::Int(1)]);
            }
            (0..=row).map(|row| visits.ordinal(&batch, row, [0, 1, 2, 3])).collect::<Vec<_>>()
        };
        assert_eq!(ordinal("04001", 1), [0, 0]);
        assert_eq!(ordinal("04002", 2), [1, 1, 1]);
        assert_eq!(ordinal("04001", 0), [0]);
    }
}
