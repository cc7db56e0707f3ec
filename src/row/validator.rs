//! Validates the rows of one member. Pure: it does no I/O and cannot fail; a row
//! gives a record in the batch or nothing, and findings.

use std::cell::Cell;

use rustc_hash::FxHashMap;

use super::batch::{Batch, RowMeta, Value};
use super::compiled_layout::{CodeAt, CompiledLayout, FastCheck};
use super::date::serial;
use super::fast_path;
use super::line::{Row, day_of, has_control, may_have_control, pick, split};
use super::order::Order;
use super::outcome::{Context, Finding, ValidationOutcome};
use super::packed::Packed;
use super::person::Person;
use crate::catalog::Severity;

mod fields;
mod known;
mod links;

/// The last value of a column, if nothing was reported of it: the same text
/// gives the same value again, and again nothing is reported.
///
/// The parts of the text do not lie as in [`Packed`]: put down one by one and
/// then copied as a whole, they would be waited for.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct LastValue {
    tail: u64,
    value: Value,
    len: usize,
    head: u64,
}

const NO_LAST_VALUE: LastValue = LastValue::new(Packed::UNLIKE_ALL, Value::Null);

impl LastValue {
    const fn new(text: Packed, value: Value) -> Self {
        let Packed { head, tail, len } = text;
        Self { tail, value, len, head }
    }

    #[inline]
    fn text(&self) -> Packed {
        Packed { head: self.head, tail: self.tail, len: self.len }
    }
}

/// Validates one member's rows.
pub struct Validator<'p, 'c, 'i> {
    compiled: &'p CompiledLayout,
    orders: Vec<Order>,
    context: &'c mut Context<'i>,
    /// What was said so far.
    pub outcome: ValidationOutcome,
    fields: Vec<(u32, u32)>,
    /// A line may have control characters.
    suspect: bool,
    error: bool,
    warned: bool,
    /// Something was reported of the present value.
    reported: bool,
    /// Everything is validated at length, for tests to compare with.
    pub(super) slow: bool,
    /// By column: the last value that is not blank, if nothing was said of it.
    last_values: Vec<LastValue>,
    /// A HOSPCODE of which [`Validator::sender`] said nothing.
    good_sender: Packed,
    /// The last event date, with its serial number.
    last_event: (i64, i64),
    sent_serial: i64,
    last_unit: (String, bool, bool),
    last_person: (String, Person),
    /// HOSPCODE and PID of `last_person` when they are short.
    last_packed: [Packed; 2],
    used: FxHashMap<(String, String), u32>,
}

impl<'p, 'c, 'i> Validator<'p, 'c, 'i> {
    /// A validator for rows that come in one of `orders`, told apart by their
    /// number of fields.
    pub fn new(
        compiled: &'p CompiledLayout,
        orders: Vec<Order>,
        context: &'c mut Context<'i>,
    ) -> Self {
        let sent_serial = serial(context.sent_day);
        Self {
            compiled,
            orders,
            context,
            outcome: ValidationOutcome {
                totals: vec![0; compiled.codes.len()],
                ..ValidationOutcome::default()
            },
            fields: Vec::new(),
            suspect: true,
            error: false,
            warned: false,
            reported: false,
            slow: false,
            last_values: vec![NO_LAST_VALUE; compiled.columns.len()],
            good_sender: Packed::NONE,
            last_event: (0, serial(0)),
            sent_serial,
            last_unit: (String::new(), false, false),
            last_person: (String::new(), Person::default()),
            last_packed: [Packed::NONE; 2],
            used: FxHashMap::default(),
        }
    }

    /// Told the text of the lines that follow, so that what is true of all of
    /// them need not be asked of each.
    pub fn begin_block(&mut self, text: &str) {
        self.suspect = may_have_control(text);
    }

    /// Told that it may be a while until the next row.
    pub fn pause(&mut self) {
        self.context.persons.pause();
    }

    /// Validates a row; a good one is added to `batch`, which is that of the row
    /// before or has no rows.
    pub fn row(&mut self, text: &str, line: u32, batch: &mut Batch) {
        self.outcome.rows += 1;
        let mut fields = std::mem::take(&mut self.fields);
        split(text, &mut fields);
        let orders = std::mem::take(&mut self.orders);
        match pick(&orders, &fields) {
            Some(order) => {
                let fields = Cell::from_mut(&mut fields[..]).as_slice_of_cells();
                let row = Row { text, fields, order, line };
                self.validate(&row, batch);
            }
            None => self.wrong_columns(text, &fields, line),
        }
        self.orders = orders;
        self.fields = fields;
    }

    fn wrong_columns(&mut self, text: &str, fields: &[(u32, u32)], line: u32) {
        let code = self.compiled.common.columns;
        let keep = self.count(code);
        if keep {
            let start: String = text.chars().take(200).collect();
            let value = format!("{} fields: {start}", fields.len());
            let key = String::new();
            self.outcome.findings.push(Finding { code, line, column: None, value, key });
        }
        *self.outcome.rejected.entry(0).or_default() += 1;
    }

    fn validate(&mut self, row: &Row, batch: &mut Batch) {
        (self.error, self.warned) = (false, false);
        if batch.rows.is_empty() {
            // Remembered texts lie in another batch.
            self.last_values.fill(NO_LAST_VALUE);
        }
        let (first_value, first_byte) = (batch.values.len(), batch.text.len());
        batch.values.resize(first_value + self.compiled.width, Value::Null);
        if self.suspect && has_control(row.text) {
            self.control_characters(row);
        }
        self.fields(row, first_value, batch);
        let compiled = self.compiled;
        let event = compiled.event.map_or(0, |at| {
            match batch.values[first_value + compiled.columns[at].column] {
                Value::Int(number) => day_of(number),
                _ => 0,
            }
        });
        self.sender(row);
        self.persons(row, event);
        self.cross_field(row, &batch.values[first_value..]);
        let month = (event / 100) as u32;
        if self.error {
            batch.values.truncate(first_value);
            batch.text.truncate(first_byte);
            self.forget_text(first_byte);
            *self.outcome.rejected.entry(month).or_default() += 1;
            return;
        }
        self.remember(row, event);
        if self.last_event.0 != event {
            self.last_event = (event, serial(event));
        }
        let days = self.sent_serial - self.last_event.1;
        let on_time = event > 0 && (0..=self.context.on_time_days).contains(&days);
        batch.rows.push(RowMeta { line: row.line, month, warned: self.warned, on_time });
    }

    /// All fields of a row, into its values from `first` on.
    fn fields(&mut self, row: &Row, first: usize, batch: &mut Batch) {
        for (slot, field) in row.order.slots.iter().zip(row.fields) {
            let Some(slot) = slot else { continue };
            let (start, end) = field.get();
            let at = slot.at as usize;
            if start == end {
                self.blank(row, at, slot.blank_passes);
                continue;
            }
            let packed = Packed::new(&row.text.as_bytes()[start as usize..end as usize]);
            let last = &self.last_values[at];
            batch.values[first + slot.column as usize] = if last.text() == packed {
                last.value
            } else {
                self.changed_value(row, at, &row.text[start as usize..end as usize], packed, batch)
            };
        }
    }

    #[inline]
    fn blank(&mut self, row: &Row, at: usize, passes: bool) {
        if !passes {
            self.missing(row, at, &self.compiled.columns[at], "");
        }
        if at == self.compiled.hospcode {
            self.last_values[at] = NO_LAST_VALUE;
        }
    }

    /// Remembers no text from `first` on, which is gone.
    fn forget_text(&mut self, first: usize) {
        for last in &mut self.last_values {
            if matches!(last.value, Value::Text(place) if place.start() as usize >= first) {
                *last = NO_LAST_VALUE;
            }
        }
    }

    /// A field that is not that of the row before.
    fn changed_value(
        &mut self,
        row: &Row,
        at: usize,
        text: &str,
        packed: Packed,
        batch: &mut Batch,
    ) -> Value {
        let column = &self.compiled.columns[at];
        if self.context.blanks.have(text) && !column.is_listed(text) {
            self.last_values[at] = NO_LAST_VALUE;
            row.make_blank(at);
            self.report(row, self.compiled.common.nothing, Some(at), text);
            self.missing(row, at, column, text);
            return Value::Null;
        }
        let good = if self.slow { None } else { fast_path::value(column, text, packed, batch) };
        let value = match good {
            // Read again as soon as compared, and seldom the same.
            Some(value) if matches!(column.fast_check, FastCheck::Number { .. }) => return value,
            Some(value) => value,
            None => {
                self.reported = false;
                let value = self.field(row, at, column, text, batch);
                if self.reported || column.stateful {
                    self.last_values[at] = NO_LAST_VALUE;
                    return value;
                }
                value
            }
        };
        let short = packed.is_some() && !self.slow;
        self.last_values[at] = if short { LastValue::new(packed, value) } else { NO_LAST_VALUE };
        value
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

    fn control_characters(&mut self, row: &Row) {
        // As sent: a control character at the edge of a field is cut from its
        // value, and reported all the same.
        for (text, column) in row.text.split('|').zip(&row.order.columns) {
            if has_control(text) {
                self.report(row, self.compiled.common.bytes, *column, text);
            }
        }
    }

    /// Counts a finding and says whether it is among those kept.
    fn count(&mut self, code: CodeAt) -> bool {
        let total = &mut self.outcome.totals[usize::from(code)];
        *total += 1;
        let most = match self.compiled.codes[usize::from(code)].severity {
            Severity::Warning => self.context.warnings_kept,
            _ => self.context.kept,
        };
        let keep = *total <= most && self.context.left > 0;
        self.context.left -= u64::from(keep);
        keep
    }

    fn report(&mut self, row: &Row, code: CodeAt, column: Option<usize>, value: &str) {
        self.reported = true;
        match self.compiled.codes[usize::from(code)].severity {
            Severity::Warning | Severity::Note => self.warned = true,
            Severity::Error | Severity::Member | Severity::Archive => self.error = true,
        }
        if self.count(code) {
            let key = row.key(self.compiled, self.context.blanks);
            let finding = Finding { code, line: row.line, column, value: value.to_owned(), key };
            self.outcome.findings.push(finding);
        }
    }
}
