//! One field of a row: what is said of its value, and how it is kept.

use super::Validator;
use super::known::Known;
use crate::catalog::Type;
use crate::row::batch::{Batch, Value};
use crate::row::checks::Field;
use crate::row::citizen_id;
use crate::row::compiled_layout::CompiledColumn;
use crate::row::date::{Reading, read_date, read_datetime, read_time};
use crate::row::line::{Row, characters, day_of, store_text};
use crate::row::number::Number;
use crate::row::packed::all_digits;

impl Validator<'_, '_, '_> {
    /// What is said of a blank, or of a text that stands for one.
    pub(super) fn missing(&mut self, row: &Row, at: usize, column: &CompiledColumn, sent: &str) {
        for &code in &column.of_blank {
            self.report(row, code, Some(at), sent);
        }
        if column.blank_is_error {
            self.report(row, self.compiled.common.blank, Some(at), sent);
        }
    }

    /// One field that is not blank: its own checks, then those that every
    /// field has.
    pub(super) fn field(
        &mut self,
        row: &Row,
        at: usize,
        column: &CompiledColumn,
        text: &str,
        batch: &mut Batch,
    ) -> Value {
        match column.kind {
            Type::Date => self.date(row, at, column, text, read_date(text)),
            Type::DateTime => self.date(row, at, column, text, read_datetime(text)),
            Type::Time => match read_time(text) {
                Some(time) => {
                    self.own_checks(row, at, column, text, field(text, None, Some(time)));
                    Value::Int(time)
                }
                None => self.unreadable(row, at, column, text),
            },
            Type::Int | Type::Decimal => self.number(row, at, column, text, batch),
            Type::Char | Type::Digits | Type::Code => {
                let meant = column.meant(text);
                if meant != text {
                    self.report(row, self.compiled.common.folded, Some(at), text);
                }
                self.text(row, at, column, (text, &meant));
                store_text(column.storage, &meant, batch)
            }
        }
    }

    fn date(
        &mut self,
        row: &Row,
        at: usize,
        column: &CompiledColumn,
        text: &str,
        reading: Reading,
    ) -> Value {
        if let Reading::Real(number) = reading {
            if day_of(number) > self.context.sent_day && !column.ahead {
                self.report(row, self.compiled.common.after_sent, Some(at), text);
            }
            self.own_checks(row, at, column, text, field(text, None, Some(number)));
            return Value::Int(number);
        }
        for &code in &column.of_unreadable {
            self.report(row, code, Some(at), text);
        }
        if reading == Reading::Buddhist {
            self.report(row, self.compiled.common.buddhist, Some(at), text);
        } else if !column.own_shape {
            return self.unreadable(row, at, column, text);
        }
        Value::Null
    }

    fn unreadable(&mut self, row: &Row, at: usize, column: &CompiledColumn, text: &str) -> Value {
        let common = &self.compiled.common;
        let code = if column.needed { common.unreadable } else { common.unreadable_warning };
        self.report(row, code, Some(at), text);
        Value::Null
    }

    fn number(
        &mut self,
        row: &Row,
        at: usize,
        column: &CompiledColumn,
        text: &str,
        batch: &mut Batch,
    ) -> Value {
        let number = Number::parse(text);
        self.own_checks(row, at, column, text, field(text, number, None));
        let Some(number) = number else {
            return if column.own_shape {
                Value::Null
            } else {
                self.unreadable(row, at, column, text)
            };
        };
        self.listed(row, at, column, (text, text));
        if column.range.is_some_and(|range| !range.contains(&number)) {
            self.report(row, self.compiled.common.implausible, Some(at), text);
        }
        self.too_long(row, at, column, (text, text));
        store_text(column.storage, text, batch)
    }

    /// A text as sent, and as it is meant.
    fn text(&mut self, row: &Row, at: usize, column: &CompiledColumn, (sent, text): (&str, &str)) {
        let well_formed = self.own_checks(row, at, column, sent, field(text, None, None));
        // A text of the wrong shape is said to be that, once.
        if !well_formed {
            return;
        }
        if column.kind == Type::Digits && !all_digits(text) {
            self.report(row, self.compiled.common.unreadable, Some(at), sent);
            return;
        }
        match &column.shape {
            Some((shape, code)) if column.asks_shape() && !shape.fits(text) => {
                if !column.is_listed(text) {
                    self.report(row, *code, Some(at), sent);
                }
            }
            _ => self.listed(row, at, column, (sent, text)),
        }
        self.too_long(row, at, column, (sent, text));
        if column.cid && !citizen_id::is_valid(text) {
            self.report(row, self.compiled.common.check_digit, Some(at), sent);
        }
        if column.range.is_some_and(|range| !range.has_text(text)) {
            self.report(row, self.compiled.common.implausible, Some(at), sent);
        }
    }

    fn listed(
        &mut self,
        row: &Row,
        at: usize,
        column: &CompiledColumn,
        (sent, text): (&str, &str),
    ) {
        if !column.listed {
            return;
        }
        for own in &column.of_list {
            if own.check.codes().is_some_and(|codes| !codes.contains(text)) {
                self.report(row, own.code, Some(at), sent);
            }
        }
        if column.list.as_ref().is_some_and(|list| !list.contains(text)) {
            self.report(row, self.compiled.common.outside_list, Some(at), sent);
        }
    }

    fn too_long(
        &mut self,
        row: &Row,
        at: usize,
        column: &CompiledColumn,
        (sent, text): (&str, &str),
    ) {
        if column.width > 0 && text.len() > column.width && characters(text) > column.width {
            self.report(row, self.compiled.common.too_long, Some(at), sent);
        }
    }

    /// The checks of the column itself; false when one has failed.
    #[inline(never)]
    fn own_checks(
        &mut self,
        row: &Row,
        at: usize,
        column: &CompiledColumn,
        sent: &str,
        mut field: Field<'_>,
    ) -> bool {
        for own in &column.of_value {
            if !own.check.passes(&field, &mut Known { validator: self, row, values: &[] }) {
                field.well_formed = false;
                self.report(row, own.code, Some(at), sent);
            }
        }
        field.well_formed
    }
}

fn field(text: &str, number: Option<Number>, stored: Option<i64>) -> Field<'_> {
    Field { text, number, stored, well_formed: true }
}
