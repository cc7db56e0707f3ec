//! One field of a row: what is said of its value, and how it is kept.

use super::Judge;
use crate::catalog::Type;
use crate::row::batch::{Batch, Value};
use crate::row::citizen_id;
use crate::row::compiled_layout::{PlanColumn, Test, in_range};
use crate::row::date::{Reading, read_date, read_datetime, read_time};
use crate::row::line::{Row, characters, day_of, store_text};
use crate::row::number::Number;
use crate::row::packed::all_digits;

impl Judge<'_, '_, '_> {
    /// What is said of a blank, or of a text that stands for one.
    pub(super) fn missing(&mut self, row: &Row, at: usize, column: &PlanColumn, sent: &str) {
        for check in &column.checks {
            if !check.blank_passes {
                self.report(row, check.code, Some(at), sent);
            }
        }
        if column.blank_is_error {
            self.report(row, self.plan.common.blank, Some(at), sent);
        }
    }

    /// One field that is not blank: its own checks, then those that every
    /// field has.
    pub(super) fn field(
        &mut self,
        row: &Row,
        at: usize,
        column: &PlanColumn,
        text: &str,
        batch: &mut Batch,
    ) -> Value {
        match column.kind {
            Type::Date => self.date(row, at, column, text, read_date(text)),
            Type::DateTime => self.date(row, at, column, text, read_datetime(text)),
            Type::Time => match read_time(text) {
                Some(time) => Value::Int(time),
                None => self.unreadable(row, at, column, text),
            },
            Type::Int | Type::Decimal => self.number(row, at, column, text, batch),
            Type::Char | Type::Digits | Type::Code => {
                let meant = column.meant(text);
                if meant != text {
                    self.report(row, self.plan.common.folded, Some(at), text);
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
        column: &PlanColumn,
        text: &str,
        reading: Reading,
    ) -> Value {
        if let Reading::Real(number) = reading {
            if day_of(number) > self.context.sent_day && !column.ahead {
                self.report(row, self.plan.common.after_sent, Some(at), text);
            }
            return Value::Int(number);
        }
        for check in &column.checks {
            if matches!(check.test, Test::RealDate) {
                self.report(row, check.code, Some(at), text);
            }
        }
        if reading == Reading::Buddhist {
            self.report(row, self.plan.common.buddhist, Some(at), text);
        } else if !column.own_shape {
            return self.unreadable(row, at, column, text);
        }
        Value::Null
    }

    fn unreadable(&mut self, row: &Row, at: usize, column: &PlanColumn, text: &str) -> Value {
        let common = &self.plan.common;
        let code = if column.needed { common.unreadable } else { common.unreadable_warning };
        self.report(row, code, Some(at), text);
        Value::Null
    }

    fn number(
        &mut self,
        row: &Row,
        at: usize,
        column: &PlanColumn,
        text: &str,
        batch: &mut Batch,
    ) -> Value {
        let number = Number::parse(text);
        for check in &column.checks {
            let good = match (&check.test, &number) {
                (Test::Number(range), Some(number)) => range.contains(number),
                (Test::Decimals(most), Some(number)) => number.scale <= *most,
                (Test::Number(_) | Test::Decimals(_), None) => false,
                _ => continue,
            };
            if !good {
                self.report(row, check.code, Some(at), text);
            }
        }
        let Some(number) = number else {
            return if column.own_shape {
                Value::Null
            } else {
                self.unreadable(row, at, column, text)
            };
        };
        self.listed(row, at, column, (text, text));
        if column.range.is_some_and(|range| !range.contains(&number)) {
            self.report(row, self.plan.common.implausible, Some(at), text);
        }
        self.too_long(row, at, column, (text, text));
        store_text(column.storage, text, batch)
    }

    /// A text as sent, and as it is meant.
    fn text(&mut self, row: &Row, at: usize, column: &PlanColumn, (sent, text): (&str, &str)) {
        let mut shaped = true;
        for check in &column.checks {
            let good = match &check.test {
                Test::Width(width) => characters(text) == *width,
                Test::Digits(count) => {
                    text.len() == *count && text.bytes().all(|byte| byte.is_ascii_digit())
                }
                Test::Number(range) => {
                    Number::parse(text).is_some_and(|number| range.contains(&number))
                }
                Test::Decimals(most) => {
                    Number::parse(text).is_some_and(|number| number.scale <= *most)
                }
                Test::KnownUnit => !shaped || self.unit(text).0,
                Test::NotPrefix(prefixes) => !prefixes.iter().any(|p| text.starts_with(p.as_str())),
                Test::Repeat { limit, prefixes } => !self.repeated(row, text, *limit, prefixes),
                _ => continue,
            };
            if !good {
                shaped = false;
                self.report(row, check.code, Some(at), sent);
            }
        }
        // A text of the wrong shape is said to be that, once.
        if !shaped {
            return;
        }
        if column.kind == Type::Digits && !all_digits(text) {
            self.report(row, self.plan.common.unreadable, Some(at), sent);
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
            self.report(row, self.plan.common.check_digit, Some(at), sent);
        }
        if column.range.is_some_and(|range| !in_range(&range, text)) {
            self.report(row, self.plan.common.implausible, Some(at), sent);
        }
    }

    fn listed(&mut self, row: &Row, at: usize, column: &PlanColumn, (sent, text): (&str, &str)) {
        if !column.listed {
            return;
        }
        for check in &column.checks {
            if let Test::OneOf(set) = &check.test
                && !set.contains(text)
            {
                self.report(row, check.code, Some(at), sent);
            }
        }
        if column.list.as_ref().is_some_and(|list| !list.contains(text)) {
            self.report(row, self.plan.common.outside_list, Some(at), sent);
        }
    }

    fn too_long(&mut self, row: &Row, at: usize, column: &PlanColumn, (sent, text): (&str, &str)) {
        if column.width > 0 && text.len() > column.width && characters(text) > column.width {
            self.report(row, self.plan.common.too_long, Some(at), sent);
        }
    }

    fn repeated(&mut self, row: &Row, text: &str, limit: u32, prefixes: &[String]) -> bool {
        if !prefixes.iter().any(|prefix| text.starts_with(prefix.as_str())) {
            return false;
        }
        let person = self.plan.person.map_or("", |at| row.value(at));
        let person = format!("{}|{person}", row.value(self.plan.hospcode));
        let times = self.used.entry((person, text.to_owned())).or_default();
        *times += 1;
        *times >= limit
    }
}
