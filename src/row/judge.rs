//! Judges the rows of one member. Pure: it does no I/O and cannot fail; a row
//! gives a record in the batch or nothing, and findings.

use rustc_hash::FxHashMap;

use super::batch::{Batch, RowMeta, Value};
use super::citizen_id;
use super::date::{Reading, read_date, read_datetime, read_time, serial, years_between};
use super::line::{
    Row, characters, day_of, has_control, may_have_control, pick, split, store_text,
};
use super::number::Number;
use super::order::Order;
use super::person::Person;
use super::plan::{Check, CodeAt, Plan, PlanColumn, Test, in_range};
use super::verdict::{Context, Finding, Verdicts};
use crate::catalog::{Severity, Type};

/// Judges one member's rows.
pub struct Judge<'p, 'c, 'i> {
    plan: &'p Plan,
    orders: Vec<Order>,
    context: &'c mut Context<'i>,
    /// What was said so far.
    pub verdicts: Verdicts,
    fields: Vec<(u32, u32)>,
    /// A line may have control characters.
    suspect: bool,
    error: bool,
    warned: bool,
    last_unit: (String, bool, bool),
    last_person: (String, Person),
    used: FxHashMap<(String, String), u32>,
}

impl<'p, 'c, 'i> Judge<'p, 'c, 'i> {
    /// A judge for rows that come in one of `orders`, told apart by their
    /// number of fields.
    pub fn new(plan: &'p Plan, orders: Vec<Order>, context: &'c mut Context<'i>) -> Self {
        Self {
            plan,
            orders,
            context,
            verdicts: Verdicts { totals: vec![0; plan.codes.len()], ..Verdicts::default() },
            fields: Vec::new(),
            suspect: true,
            error: false,
            warned: false,
            last_unit: (String::new(), false, false),
            last_person: (String::new(), Person::default()),
            used: FxHashMap::default(),
        }
    }

    /// Told the text of the lines that follow, so that what is true of all of
    /// them need not be asked of each.
    pub fn begin_block(&mut self, text: &str) {
        self.suspect = may_have_control(text);
    }

    /// Judges a row; a good one is added to `batch`.
    pub fn row(&mut self, text: &str, line: u32, batch: &mut Batch) {
        self.verdicts.rows += 1;
        let mut fields = std::mem::take(&mut self.fields);
        split(text, &mut fields);
        let orders = std::mem::take(&mut self.orders);
        match pick(&orders, &fields) {
            Some(order) => {
                let row = Row { text, fields: &fields, order, line };
                self.judge(&row, batch);
            }
            None => self.wrong_columns(text, &fields, line),
        }
        self.orders = orders;
        self.fields = fields;
    }

    fn wrong_columns(&mut self, text: &str, fields: &[(u32, u32)], line: u32) {
        let code = self.plan.common.columns;
        let keep = self.count(code);
        if keep {
            let start: String = text.chars().take(200).collect();
            let value = format!("{} fields: {start}", fields.len());
            let key = String::new();
            self.verdicts.findings.push(Finding { code, line, column: None, value, key });
        }
        *self.verdicts.rejected.entry(0).or_default() += 1;
    }

    fn judge(&mut self, row: &Row, batch: &mut Batch) {
        (self.error, self.warned) = (false, false);
        let (first_value, first_byte) = (batch.values.len(), batch.text.len());
        batch.values.resize(first_value + self.plan.width, Value::Null);
        if self.suspect && has_control(row.text) {
            self.control_characters(row);
        }
        let plan = self.plan;
        for (field, column) in row.order.columns.iter().enumerate() {
            let Some(at) = *column else { continue };
            let column = &plan.columns[at];
            let value = self.field(row, at, column, row.field(field), batch);
            batch.values[first_value + column.column] = value;
        }
        let event =
            plan.event.map_or(0, |at| match batch.values[first_value + plan.columns[at].column] {
                Value::Int(number) => day_of(number),
                _ => 0,
            });
        self.sender(row);
        self.persons(row, event);
        self.later(row, &batch.values[first_value..]);
        let month = (event / 100) as u32;
        if self.error {
            batch.values.truncate(first_value);
            batch.text.truncate(first_byte);
            *self.verdicts.rejected.entry(month).or_default() += 1;
            return;
        }
        self.remember(row, event);
        let days = serial(self.context.sent_day) - serial(event);
        let on_time = event > 0 && (0..=self.context.on_time_days).contains(&days);
        batch.rows.push(RowMeta { line: row.line, month, warned: self.warned, on_time });
    }

    /// One field: its own checks, then those that every field has.
    fn field(
        &mut self,
        row: &Row,
        at: usize,
        column: &PlanColumn,
        text: &str,
        batch: &mut Batch,
    ) -> Value {
        if text.is_empty() {
            for check in &column.checks {
                if !check.blank_passes {
                    self.report(row, check.code, Some(at), text);
                }
            }
            if column.blank_is_error {
                self.report(row, self.plan.common.blank, Some(at), text);
            }
            return Value::Null;
        }
        match column.kind {
            Type::Date => self.date(row, at, column, text, read_date(text)),
            Type::DateTime => self.date(row, at, column, text, read_datetime(text)),
            Type::Time => match read_time(text) {
                Some(time) => Value::Int(time),
                None => self.unreadable(row, at, column, text),
            },
            Type::Int | Type::Decimal => self.number(row, at, column, text, batch),
            Type::Char | Type::Digits | Type::Code => {
                self.text(row, at, column, text);
                store_text(column.storage, text, batch)
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
        self.listed(row, at, column, text);
        if column.range.is_some_and(|range| !range.contains(&number)) {
            self.report(row, self.plan.common.implausible, Some(at), text);
        }
        self.too_long(row, at, column, text);
        store_text(column.storage, text, batch)
    }

    fn text(&mut self, row: &Row, at: usize, column: &PlanColumn, text: &str) {
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
                self.report(row, check.code, Some(at), text);
            }
        }
        if shaped {
            self.listed(row, at, column, text);
            self.too_long(row, at, column, text);
            if column.cid && !citizen_id::is_valid(text) {
                self.report(row, self.plan.common.check_digit, Some(at), text);
            }
            if column.range.is_some_and(|range| !in_range(&range, text)) {
                self.report(row, self.plan.common.implausible, Some(at), text);
            }
        }
    }

    fn listed(&mut self, row: &Row, at: usize, column: &PlanColumn, text: &str) {
        if !column.listed {
            return;
        }
        for check in &column.checks {
            if let Test::OneOf(set) = &check.test
                && !set.contains(text)
            {
                self.report(row, check.code, Some(at), text);
            }
        }
        if column.list.as_ref().is_some_and(|list| !list.contains(text)) {
            self.report(row, self.plan.common.outside_list, Some(at), text);
        }
    }

    fn too_long(&mut self, row: &Row, at: usize, column: &PlanColumn, text: &str) {
        if column.width > 0 && text.len() > column.width && characters(text) > column.width {
            self.report(row, self.plan.common.too_long, Some(at), text);
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

    /// Whether a unit exists, and whether the sender may send for it.
    fn unit(&mut self, hospcode: &str) -> (bool, bool) {
        if self.last_unit.0 != hospcode {
            let known = self.context.units.contains(hospcode);
            let allowed = self.context.may_send.contains(hospcode);
            self.last_unit = (hospcode.to_owned(), known, allowed);
        }
        (self.last_unit.1, self.last_unit.2)
    }

    fn sender(&mut self, row: &Row) {
        let at = self.plan.hospcode;
        let hospcode = row.value(at);
        // A code of the wrong shape, or none, has been reported as that.
        let wrong = |c: &Check| matches!(c.test, Test::Width(n) if characters(hospcode) != n);
        let reported = hospcode.is_empty() || self.plan.columns[at].checks.iter().any(wrong);
        if !reported && !self.unit(hospcode).1 {
            self.report(row, self.plan.common.sender, Some(at), hospcode);
        }
    }

    /// Links to PERSON, and what PERSON and DEATH say against the row.
    fn persons(&mut self, row: &Row, event: i64) {
        let plan = self.plan;
        let Some(at) = plan.person.filter(|_| !plan.is_person) else { return };
        let pid = row.value(at);
        if pid.is_empty() {
            return;
        }
        let person = self.person(row, pid);
        if person.known && event > 0 {
            let sent = plan.event.map_or("", |at| row.value(at));
            if person.birth > 0 && event < i64::from(person.birth) {
                self.report(row, plan.common.before_birth, plan.event, sent);
            }
            if person.death > 0 && event > i64::from(person.death) && !plan.is_death {
                self.report(row, plan.common.after_death, plan.event, sent);
            }
        }
    }

    fn person(&mut self, row: &Row, pid: &str) -> Person {
        let hospcode = row.value(self.plan.hospcode);
        let (last, person) = &self.last_person;
        let same = last.len() == hospcode.len() + 1 + pid.len()
            && last.starts_with(hospcode)
            && last.ends_with(pid);
        if same {
            return *person;
        }
        let person = self.context.persons.get(hospcode, pid);
        let last = &mut self.last_person;
        last.0.clear();
        last.0.push_str(hospcode);
        last.0.push('|');
        last.0.push_str(pid);
        last.1 = person;
        person
    }

    /// Checks that need other fields of the row, or the person.
    fn later(&mut self, row: &Row, values: &[Value]) {
        let plan = self.plan;
        for &at in &plan.late {
            let column = &plan.columns[at];
            let text = row.value(at);
            if text.is_empty() {
                continue;
            }
            for check in &column.checks {
                if !self.late_check(row, column, check, text, values) {
                    self.report(row, check.code, Some(at), text);
                }
            }
        }
    }

    fn late_check(
        &mut self,
        row: &Row,
        column: &PlanColumn,
        check: &Check,
        text: &str,
        values: &[Value],
    ) -> bool {
        let number = |column: usize| match values[column] {
            Value::Int(number) => Some(number),
            _ => None,
        };
        let pid = self.plan.person.map_or("", |at| row.value(at));
        match &check.test {
            Test::Person => {
                let person = self.person(row, text);
                if !person.known && !self.context.store_answers {
                    self.verdicts.links_unchecked += 1;
                    return true;
                }
                person.known
            }
            Test::PersonSex(sex) => {
                let person = self.person(row, pid);
                !person.known || person.sex == 0 || person.sex == *sex
            }
            Test::PersonAge(range) => {
                let person = self.person(row, pid);
                match number(column.column) {
                    Some(date) if person.known && person.birth > 0 => {
                        let age = years_between(i64::from(person.birth), day_of(date));
                        in_range(range, &age.to_string())
                    }
                    _ => true,
                }
            }
            Test::After(other) => match (number(*other), number(column.column)) {
                (Some(earlier), Some(later)) => later > earlier,
                _ => true,
            },
            _ => true,
        }
    }

    /// An accepted PERSON or DEATH row counts for the rows that follow.
    fn remember(&mut self, row: &Row, event: i64) {
        let plan = self.plan;
        if !plan.is_person && !plan.is_death {
            return;
        }
        let hospcode = row.value(plan.hospcode);
        let pid = plan.person.map_or("", |at| row.value(at));
        if plan.is_death {
            self.context.persons.died(hospcode, pid, event as i32);
            return;
        }
        let named = |name: &str| {
            plan.columns.iter().position(|c| c.name == name).map_or("", |at| row.value(at))
        };
        let birth = match read_date(named("BIRTH")) {
            Reading::Real(day) => day as i32,
            _ => 0,
        };
        let sex = named("SEX").parse().unwrap_or(0);
        self.context.persons.accept(hospcode, pid, birth, sex);
    }

    fn control_characters(&mut self, row: &Row) {
        // As sent: a control character at the edge of a field is cut from its
        // value, and reported all the same.
        for (text, column) in row.text.split('|').zip(&row.order.columns) {
            if has_control(text) {
                self.report(row, self.plan.common.bytes, *column, text);
            }
        }
    }

    /// Counts a finding and says whether it is among those kept.
    fn count(&mut self, code: CodeAt) -> bool {
        let total = &mut self.verdicts.totals[usize::from(code)];
        *total += 1;
        let most = match self.plan.codes[usize::from(code)].severity {
            Severity::Warning => self.context.warnings_kept,
            _ => self.context.kept,
        };
        *total <= most
    }

    fn report(&mut self, row: &Row, code: CodeAt, column: Option<usize>, value: &str) {
        match self.plan.codes[usize::from(code)].severity {
            Severity::Warning | Severity::Note => self.warned = true,
            Severity::Error | Severity::Member | Severity::Archive => self.error = true,
        }
        if self.count(code) {
            let key = row.key(self.plan);
            let finding = Finding { code, line: row.line, column, value: value.to_owned(), key };
            self.verdicts.findings.push(finding);
        }
    }
}
