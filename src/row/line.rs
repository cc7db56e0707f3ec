//! One line while it is validated: its fields, its key, and small readings of
//! text that validation rests on.

use std::borrow::Cow;
use std::cell::Cell;

use super::batch::{Batch, Value};
use super::blanks::Blanks;
use super::compiled_layout::CompiledLayout;
use super::date::{Reading, read_date, read_datetime};
use super::number::{canonical_int, scaled_int};
use super::order::Order;
use super::packed::delimiters;
use crate::catalog::{Storage, Type};

/// A row while it is validated.
pub(super) struct Row<'l, 'o> {
    pub text: &'l str,
    /// Where the fields lie; what stands for nothing is made empty.
    pub fields: &'l [Cell<(u32, u32)>],
    pub order: &'o Order,
    pub line: u32,
}

impl<'l> Row<'l, '_> {
    pub fn field(&self, field: usize) -> &'l str {
        let (start, end) = self.fields[field].get();
        &self.text[start as usize..end as usize]
    }

    /// The value of a column (position in the layout), blank when not sent.
    #[inline]
    pub fn value(&self, column: usize) -> &'l str {
        self.order.field_of[column].map_or("", |field| self.field(field))
    }

    /// Makes the value of a column blank.
    pub fn make_blank(&self, column: usize) {
        if let Some(field) = self.order.field_of[column] {
            let (start, _) = self.fields[field].get();
            self.fields[field].set((start, start));
        }
    }

    /// The key as it is stored, its parts joined by `|`.
    pub fn key(&self, compiled: &CompiledLayout, blanks: &Blanks) -> String {
        let mut key = String::with_capacity(64);
        for (index, &column) in compiled.key.iter().enumerate() {
            if index > 0 {
                key.push('|');
            }
            key.push_str(&self.key_part(compiled, blanks, column));
        }
        key.truncate(key.trim_end_matches('|').len());
        key.shrink_to_fit();
        key
    }

    /// A key part. A date that cannot be read names no record and is left
    /// blank (the example of docs/rules.md#json), and so is what stands for nothing.
    fn key_part(&self, compiled: &CompiledLayout, blanks: &Blanks, column: usize) -> Cow<'l, str> {
        let text = self.value(column);
        let column = &compiled.columns[column];
        let readable = match column.kind {
            Type::Date => matches!(read_date(text), Reading::Real(_)),
            Type::DateTime => matches!(read_datetime(text), Reading::Real(_)),
            _ => !blanks.have(text) || column.is_listed(text),
        };
        if readable { column.meant(text) } else { Cow::Borrowed("") }
    }
}

/// Cuts a line into fields, without the spaces around them.
pub(super) fn split(text: &str, fields: &mut Vec<(u32, u32)>) {
    fields.clear();
    let bytes = text.as_bytes();
    let mut start = 0;
    // Fields are short: looking at eight bytes at a time costs less than a
    // call for each field.
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let mut found = delimiters(u64::from_le_bytes(*word));
        while found != 0 {
            let at = 8 * index + found.trailing_zeros() as usize / 8;
            fields.push(trimmed(bytes, start, at));
            start = at + 1;
            found &= found - 1;
        }
    }
    for (at, byte) in (bytes.len() - rest.len()..).zip(rest) {
        if *byte == b'|' {
            fields.push(trimmed(bytes, start, at));
            start = at + 1;
        }
    }
    fields.push(trimmed(bytes, start, bytes.len()));
}

#[inline]
fn trimmed(bytes: &[u8], mut start: usize, mut end: usize) -> (u32, u32) {
    // White space is at most a space; nearly no field has any.
    if start < end && bytes[start].min(bytes[end - 1]) <= b' ' {
        while start < end && bytes[end - 1].is_ascii_whitespace() {
            end -= 1;
        }
        while start < end && bytes[start].is_ascii_whitespace() {
            start += 1;
        }
    }
    (start as u32, end as u32)
}

/// The order with as many columns as the row has fields; one trailing
/// delimiter is right structure.
pub(super) fn pick<'o>(orders: &'o [Order], fields: &[(u32, u32)]) -> Option<&'o Order> {
    let of = |count: usize| orders.iter().find(|order| order.columns.len() == count);
    of(fields.len()).or_else(|| {
        let (start, end) = fields[fields.len() - 1];
        if start == end { of(fields.len() - 1) } else { None }
    })
}

/// Whether a text of many lines may have a control character within a line:
/// asked once for a block, so that rows need not be asked one by one.
pub(super) fn may_have_control(text: &str) -> bool {
    let bytes = text.as_bytes();
    #[allow(clippy::needless_bitwise_bool, reason = "without branches it is vectorised")]
    let found = bytes.iter().fold(false, |found, &byte| {
        let end = (byte == b'\t') | (byte == b'\n') | (byte == b'\r');
        found | ((byte < 0x20) & !end) | (byte == 0x7f)
    });
    #[allow(clippy::needless_bitwise_bool, reason = "without branches it is vectorised")]
    let stray = |(&byte, &next): (&u8, &u8)| (byte == b'\r') & (next != b'\n');
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    found
        || memchr::memchr(0xc2, bytes).is_some()
        || pairs.fold(false, |found, pair| found | stray(pair))
}

/// Control characters other than a tab, including the C1 block.
pub(super) fn has_control(text: &str) -> bool {
    let bytes = text.as_bytes();
    #[allow(clippy::needless_bitwise_bool, reason = "without branches it is vectorised")]
    let plain = bytes
        .iter()
        .fold(false, |found, &byte| found | ((byte < 0x20) & (byte != b'\t')) | (byte == 0x7f));
    plain
        || memchr::memchr(0xc2, bytes).is_some()
            && text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c))
}

pub(super) fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

pub(super) fn day_of(number: i64) -> i64 {
    if number > 99_999_999 { number / 1_000_000 } else { number }
}

pub(super) fn store_text(storage: Storage, text: &str, batch: &mut Batch) -> Value {
    let number = match storage {
        Storage::Scaled(scale) => scaled_int(text, scale),
        _ => canonical_int(text),
    };
    batch.number_or_text(number, text)
}
