//! What a check may ask: the row, and what the validator knows besides.

use super::Validator;
use crate::row::batch::Value;
use crate::row::checks::Facts;
use crate::row::line::Row;
use crate::row::person::Person;

/// A row with the validator that reads it.
pub(super) struct Known<'a, 'p, 'c, 'i, 'l, 'o> {
    pub validator: &'a mut Validator<'p, 'c, 'i>,
    pub row: &'a Row<'l, 'o>,
    /// The row's values as they will be stored; none before all fields have
    /// been read.
    pub values: &'a [Value],
}

impl Known<'_, '_, '_, '_, '_, '_> {
    fn pid(&self) -> &str {
        self.validator.compiled.person.map_or("", |at| self.row.value(at))
    }
}

impl Facts for Known<'_, '_, '_, '_, '_, '_> {
    fn unit_is_known(&mut self, hospcode: &str) -> bool {
        self.validator.unit(hospcode).0
    }

    #[inline]
    fn person_of_row(&mut self) -> Person {
        let pid = self.validator.compiled.person.map_or("", |at| self.row.value(at));
        self.validator.person(self.row, pid)
    }

    #[inline]
    fn person(&mut self, pid: &str) -> Person {
        self.validator.person(self.row, pid)
    }

    fn persons_are_known(&mut self) -> bool {
        let known = self.validator.context.store_answers;
        self.validator.outcome.links_unchecked += u64::from(!known);
        known
    }

    fn stored(&self, column: usize) -> Option<i64> {
        number(self.values, column)
    }

    fn times(&mut self, text: &str) -> u32 {
        let hospcode = self.row.value(self.validator.compiled.hospcode);
        let person = format!("{hospcode}|{}", self.pid());
        let times = self.validator.used.entry((person, text.to_owned())).or_default();
        *times += 1;
        *times
    }
}

/// A value that is stored as a number.
pub(super) fn number(values: &[Value], column: usize) -> Option<i64> {
    match values.get(column) {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    }
}
