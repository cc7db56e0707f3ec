//! Exact decimal numbers as fields carry them; no float is ever involved.

use std::cmp::Ordering;

use super::packed::Packed;

/// A decimal number, exactly: `mantissa / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    mantissa: i128,
    /// Digits after the point, as sent (`30.50` has two).
    pub scale: u8,
}

/// Powers of ten.
pub(super) const POWERS: [i64; 7] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];

/// Longest text that is read as a number, in bytes.
const LONGEST: usize = 30;

impl Number {
    /// Reads digits with at most one point and a leading minus.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || digits.len() > LONGEST {
            return None;
        }
        let (whole, fraction) = match digits.bytes().position(|byte| byte == b'.') {
            // A point without digits after it.
            Some(at) if at + 1 == digits.len() => return None,
            Some(at) => (&digits[..at], &digits[at + 1..]),
            None => (digits, ""),
        };
        if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // Nearly all numbers are short, and short ones are read in 64 bits.
        let mut mantissa: i128 = 0;
        for part in [whole, fraction] {
            for piece in part.as_bytes().chunks(18) {
                let value = piece.iter().fold(0_u64, |v, byte| v * 10 + u64::from(byte - b'0'));
                mantissa = mantissa * 10_i128.pow(piece.len() as u32) + i128::from(value);
            }
        }
        let mantissa = if digits.len() == text.len() { mantissa } else { -mantissa };
        Some(Self { mantissa, scale: fraction.len() as u8 })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        // Mantissas have at most 30 digits; they are widened by at most 30
        // more only when both are short, so checked arithmetic decides.
        let scale = self.scale.max(other.scale);
        let widen = |n: &Self| {
            10_i128
                .checked_pow(u32::from(scale - n.scale))
                .and_then(|by| n.mantissa.checked_mul(by))
        };
        Some(widen(self)?.cmp(&widen(other)?))
    }
}

/// A range of numbers, either end open: `0.01..`, `9..60`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    low: Option<Number>,
    high: Option<Number>,
}

impl Range {
    /// Reads `low..high`.
    pub fn parse(text: &str) -> Option<Self> {
        let (low, high) = text.split_once("..")?;
        let end = |text: &str| {
            if text.is_empty() { Some(None) } else { Number::parse(text).map(Some) }
        };
        Some(Self { low: end(low)?, high: end(high)? })
    }

    /// Its ends as whole numbers of `1 / 10^unit`, when they are that.
    pub fn in_units(&self, unit: u8) -> Option<(i64, i64)> {
        let end = |end: Option<Number>, open: i64| match end {
            None => Some(open),
            Some(number) => {
                let by = POWERS.get(usize::from(unit.checked_sub(number.scale)?))?;
                i64::try_from(number.mantissa.checked_mul(i128::from(*by))?).ok()
            }
        };
        Some((end(self.low, i64::MIN)?, end(self.high, i64::MAX)?))
    }

    /// Whether a number lies in the range, ends included. A number that is too
    /// long to compare lies outside.
    pub fn contains(&self, number: &Number) -> bool {
        let above =
            self.low.is_none_or(|low| number.partial_cmp(&low).is_some_and(Ordering::is_ge));
        let below =
            self.high.is_none_or(|high| number.partial_cmp(&high).is_some_and(Ordering::is_le));
        above && below
    }

    /// Whether a text is a number in the range, or none at all.
    pub fn has_text(&self, text: &str) -> bool {
        Number::parse(text).is_none_or(|number| self.contains(&number))
    }
}

/// A whole number in canonical form (no leading zero, no plus, no `-0`), which
/// its text can be rebuilt from exactly.
#[inline]
pub fn canonical_int(text: &str) -> Option<i64> {
    canonical_of(text, Packed::new(text.as_bytes()))
}

/// As [`canonical_int`], of a text that has been packed.
#[allow(clippy::inline_always, reason = "a few instructions, asked of nearly every field")]
#[inline(always)]
pub(super) fn canonical_of(text: &str, packed: Packed) -> Option<i64> {
    match packed.canonical() {
        // Too long for a word or two, or not of digits only.
        None if text.len() > 16 || text.starts_with('-') => canonical_int_slowly(text),
        number => number,
    }
}

fn canonical_int_slowly(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if digits.is_empty()
        || digits.len() > 18
        || (digits[0] == b'0' && (digits.len() > 1 || negative))
    {
        return None;
    }
    let mut value: i64 = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// A number sent with exactly `scale` decimals in canonical form, scaled to an
/// integer: `30.50` at scale 2 is 3050. Anything else (`30.5`, `030.50`) gives
/// none and is kept as text, because it could not be given back as sent.
pub fn scaled_int(text: &str, scale: u8) -> Option<i64> {
    if scale == 0 {
        return canonical_int(text);
    }
    let point = text.len().checked_sub(usize::from(scale) + 1)?;
    if text.as_bytes()[point] != b'.' || text.len() > 19 {
        return None;
    }
    let (whole, fraction) = (&text[..point], &text[point + 1..]);
    if whole.starts_with('-') || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.bytes().fold(0, |value, b| value * 10 + i64::from(b - b'0'));
    Some(canonical_int(whole)? * 10_i64.pow(u32::from(scale)) + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_exactly_or_not_at_all() {
        for good in ["0", "007", "-3", "12.50", ".5", "123456789012345678901234567890"] {
            assert!(Number::parse(good).is_some(), "{good}");
        }
        for bad in ["", "-", ".", "5.", "1,000", "1e3", "+5", "12.3.4", "๑๒", "1 2", "--1"] {
            assert!(Number::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn ranges_in_units_are_those_of_numbers() {
        for (text, unit, ends) in [
            ("0.1..300", 2, Some((10, 30_000))),
            ("0.1..300", 0, None),
            ("1..", 1, Some((10, i64::MAX))),
            ("..-5", 0, Some((i64::MIN, -5))),
            ("..9999999999999999999999", 0, None),
        ] {
            assert_eq!(Range::parse(text).unwrap().in_units(unit), ends, "{text}");
        }
    }

    #[test]
    fn ranges_include_their_ends() {
        let range = Range::parse("0.1..300").unwrap();
        for (text, inside) in [("0.09", false), ("0.1", true), ("300.0", true), ("300.01", false)] {
            assert_eq!(range.contains(&Number::parse(text).unwrap()), inside, "{text}");
        }
        assert!(Range::parse("1..").unwrap().contains(&Number::parse("99999").unwrap()));
        assert!(Range::parse("x..").is_none());
    }

    proptest! {
        #[test]
        fn canonical_ints_rebuild_their_text(text in "-?[0-9]{1,20}") {
            if let Some(value) = canonical_int(&text) {
                prop_assert_eq!(value.to_string(), &*text);
            }
            prop_assert_eq!(canonical_int(&text), canonical_int_slowly(&text));
        }

        #[test]
        fn scaled_ints_rebuild_their_text(text in "[0-9]{1,6}(\\.[0-9]{1,3})?") {
            if let Some(value) = scaled_int(&text, 2) {
                prop_assert_eq!(format!("{}.{:02}", value / 100, value % 100), text);
            }
        }
    }
}
