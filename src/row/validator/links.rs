//! What a row says of its sender and its person, and what is known of them.

use super::Validator;
use super::known::{Known, number};
use crate::row::batch::Value;
use crate::row::checks::{CheckStage, Field};
use crate::row::date::{Reading, read_date};
use crate::row::line::Row;
use crate::row::packed::Packed;
use crate::row::person::Person;

impl Validator<'_, '_, '_> {
    pub(super) fn sender(&mut self, row: &Row) {
        let at = self.compiled.hospcode;
        let packed = self.last_values[at].text();
        if packed == self.good_sender {
            return;
        }
        let hospcode = row.value(at);
        // A code of the wrong shape, or none, has been reported as that.
        let reported = hospcode.is_empty() || self.is_malformed(row, at, hospcode);
        if !reported && !self.unit(hospcode).1 {
            self.report(row, self.compiled.common.sender, Some(at), hospcode);
        } else if packed.is_some() {
            // Remembered as a field of this row, so never blank.
            self.good_sender = packed;
        }
    }

    /// Whether a value fails a check of its form.
    fn is_malformed(&mut self, row: &Row, at: usize, text: &str) -> bool {
        let field = Field { text, number: None, stored: None, well_formed: true };
        let checks = self.compiled.columns[at].of_value.iter();
        let mut known = Known { validator: self, row, values: &[] };
        let mut checks = checks.filter(|own| own.check.kind().stage == CheckStage::Form);
        checks.any(|own| !own.check.passes(&field, &mut known))
    }

    /// Links to PERSON, and what PERSON and DEATH say against the row.
    pub(super) fn persons(&mut self, row: &Row, event: i64) {
        let compiled = self.compiled;
        let Some(at) = compiled.person.filter(|_| !compiled.is_person) else { return };
        let pid = row.value(at);
        if pid.is_empty() {
            return;
        }
        let person = self.person(row, pid);
        if person.known && event > 0 {
            let sent = || compiled.event.map_or("", |at| row.value(at));
            if person.birth > 0 && event < i64::from(person.birth) {
                self.report(row, compiled.common.before_birth, compiled.event, sent());
            }
            if person.death > 0 && event > i64::from(person.death) && !compiled.is_death {
                self.report(row, compiled.common.after_death, compiled.event, sent());
            }
        }
    }

    pub(super) fn person(&mut self, row: &Row, pid: &str) -> Person {
        let packed = [self.last_values[self.compiled.hospcode].text(), Packed::new(pid.as_bytes())];
        if packed == self.last_packed {
            return self.last_person.1;
        }
        let hospcode = row.value(self.compiled.hospcode);
        // The same texts are always short, or never.
        let short = packed.iter().all(|packed| packed.is_some());
        let (last, person) = &mut self.last_person;
        if short {
            self.last_packed = packed;
            last.clear();
        } else {
            let same = last.len() == hospcode.len() + 1 + pid.len()
                && last.starts_with(hospcode)
                && last.ends_with(pid);
            if same {
                return *person;
            }
            self.last_packed = [Packed::NONE; 2];
            last.clear();
            last.push_str(hospcode);
            last.push('|');
            last.push_str(pid);
        }
        *person = self.context.persons.get(hospcode, pid);
        *person
    }

    /// Checks that need other fields of the row, or the person.
    pub(super) fn cross_field(&mut self, row: &Row, values: &[Value]) {
        let compiled = self.compiled;
        for &at in &compiled.cross_field {
            let column = &compiled.columns[at];
            let text = row.value(at);
            if text.is_empty() {
                continue;
            }
            let stored = number(values, column.column);
            let field = Field { text, number: None, stored, well_formed: true };
            for own in &column.of_row {
                if !own.check.passes(&field, &mut Known { validator: self, row, values }) {
                    self.report(row, own.code, Some(at), text);
                }
            }
        }
    }

    /// An accepted PERSON or DEATH row counts for the rows that follow.
    pub(super) fn remember(&mut self, row: &Row, event: i64) {
        let compiled = self.compiled;
        if !compiled.is_person && !compiled.is_death {
            return;
        }
        let hospcode = row.value(compiled.hospcode);
        let pid = compiled.person.map_or("", |at| row.value(at));
        if compiled.is_death {
            self.context.persons.died(hospcode, pid, event as i32);
            return;
        }
        let [birth, sex] = compiled.birth_and_sex.map(|at| at.map_or("", |at| row.value(at)));
        let birth = match read_date(birth) {
            Reading::Real(day) => day as i32,
            _ => 0,
        };
        let sex = sex.parse().unwrap_or(0);
        self.context.persons.accept(hospcode, pid, birth, sex);
    }
}
