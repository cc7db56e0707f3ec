//! The fast path: recognises values that no check can fail. Other values are
//! validated check by check, so the fast path changes how long validation takes
//! and never its outcome (a property in `tests.rs` compares the two).

use super::batch::{Batch, Value};
use super::checks::FastPath;
use super::citizen_id;
use super::compiled_layout::{CompiledColumn, FastCheck, TextForm};
use super::number::{POWERS, Range, canonical_of, scaled_int};
use super::packed::{Packed, all_digits};
use crate::catalog::{Storage, Type};

/// Most decimals of numbers that the fast path reads.
const MOST_DECIMALS: u8 = 6;

/// Most digits of such numbers: with [`MOST_DECIMALS`] they fit 64 bits.
const MOST_DIGITS: usize = 12;

impl FastCheck {
    /// The fast path of a column, which has all its other parts.
    pub(super) fn for_column(column: &CompiledColumn) -> Self {
        let longest = if column.width == 0 { usize::MAX } else { column.width };
        match column.kind {
            Type::Char | Type::Digits | Type::Code => Self::text(column, longest),
            Type::Int | Type::Decimal => Self::number(column, longest).unwrap_or_default(),
            Type::Date | Type::DateTime | Type::Time => Self::No,
        }
    }

    fn text(column: &CompiledColumn, longest: usize) -> Self {
        // A list that is there says more than the shape of its codes.
        let shaped = column.asks_shape() && !column.listed;
        let mut form = match column.kind {
            Type::Digits => TextForm::Digits,
            _ if shaped => TextForm::Code,
            _ => TextForm::Any,
        };
        for own in &column.of_value {
            match own.check.fast_path() {
                FastPath::Digits(count) if are_codes(column, count) => match form {
                    TextForm::Count(other) if other != count => return Self::No,
                    _ => form = TextForm::Count(count),
                },
                _ => return Self::No,
            }
        }
        if column.range.is_some() { Self::No } else { Self::Text { longest, form } }
    }

    fn number(column: &CompiledColumn, longest: usize) -> Option<Self> {
        let decimals = match column.storage {
            Storage::Scaled(scale) if scale <= MOST_DECIMALS => scale,
            Storage::Scaled(_) => return None,
            _ => 0,
        };
        let mut ranges: Vec<Range> = column.range.into_iter().collect();
        for own in &column.of_value {
            match own.check.fast_path() {
                FastPath::Within(range) => ranges.push(range),
                FastPath::Decimals(most) if most >= decimals => {}
                _ => return None,
            }
        }
        let mut units = decimals..=MOST_DECIMALS;
        let ends = |unit| ranges.iter().map(|range| range.in_units(unit)).collect();
        let (unit, ends): (u8, Vec<(i64, i64)>) =
            units.find_map(|unit| Some(unit).zip(ends(unit)))?;
        let low = ends.iter().map(|ends| ends.0).max().unwrap_or(i64::MIN);
        let high = ends.iter().map(|ends| ends.1).min().unwrap_or(i64::MAX);
        Some(Self::Number { longest, decimals, unit, low, high })
    }
}

/// Whether so many digits have the shape that the column asks for.
fn are_codes(column: &CompiledColumn, count: usize) -> bool {
    let shape = column.shape.as_ref().filter(|_| column.asks_shape() && !column.listed);
    shape.is_none_or(|(shape, _)| shape.fits(&"0".repeat(count)))
}

/// Whether a text has digits only; of a short one that is told by its words.
#[inline]
fn digits_only(text: &str, packed: Packed) -> bool {
    if packed.is_some() { packed.digits().is_some() } else { all_digits(text) }
}

/// The value, when no check can fail it. `text` is not blank.
#[inline]
pub(super) fn value(
    column: &CompiledColumn,
    text: &str,
    packed: Packed,
    batch: &mut Batch,
) -> Option<Value> {
    match column.fast_check {
        FastCheck::No => None,
        FastCheck::Text { longest, form } => {
            let formed = match form {
                TextForm::Any => true,
                TextForm::Digits => digits_only(text, packed),
                TextForm::Count(count) => text.len() == count && digits_only(text, packed),
                TextForm::Code => column.shape.as_ref().is_some_and(|(shape, _)| shape.fits(text)),
            };
            let good = formed
                && text.len() <= longest
                && (!column.listed || column.lists_have(text))
                && (!column.cid || citizen_id::is_valid(text));
            good.then(|| batch.number_or_text(canonical_of(text, packed), text))
        }
        FastCheck::Number { longest, decimals, unit, low, high } => {
            if text.len() > longest.min(MOST_DIGITS) {
                return None;
            }
            // As it is kept, and in units.
            let (kept, units) = match packed.digits() {
                Some(number) => {
                    let kept = if decimals == 0 { packed.canonical() } else { None };
                    (kept, number * POWERS[usize::from(unit)])
                }
                None if decimals == 0 => return None,
                None => {
                    let short = packed.scaled(decimals);
                    let number = if text.len() > 8 { scaled_int(text, decimals)? } else { short? };
                    (Some(number), number * POWERS[usize::from(unit - decimals)])
                }
            };
            let good = low <= units && units <= high && (!column.listed || column.lists_have(text));
            good.then(|| batch.number_or_text(kept, text))
        }
    }
}
