//! Numerators and denominators, and the value that they make: exact decimals,
//! never floats.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::ValueScale;

/// A count, or a sum with decimals (relative weights, baht).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, JsonSchema)]
pub struct Amount(#[schemars(with = "String", extend("type" = ["integer", "string"]))] Decimal);

/// Largest amount that anybody reports: sums of them, and what they are
/// multiplied with, never overflow.
pub(super) const MOST: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

impl Amount {
    /// So many units of the last decimal place.
    pub fn new(units: i64, places: u32) -> Self {
        Self(Decimal::new(units, places))
    }

    /// A number as text, from 0 to 10^15.
    pub fn parse(text: &str) -> Option<Self> {
        let number = Decimal::from_str_exact(text.trim()).ok()?;
        (!number.is_sign_negative() && number <= MOST).then_some(Self(number))
    }

    /// Parses a decimal number that may be negative: a change.
    pub fn signed(text: &str) -> Option<Self> {
        Decimal::from_str_exact(text.trim()).ok().map(Self)
    }

    /// The decimal itself.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Adds another amount.
    pub fn add(&mut self, other: Self) {
        self.0 += other.0;
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

impl Serialize for Amount {
    /// A whole number is a JSON number; with decimals it is text, which no
    /// reader turns into a float.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(whole) if self.0.fract().is_zero() => serializer.serialize_i64(whole),
            _ => serializer.collect_str(self),
        }
    }
}

/// The value of a numerator over a denominator, not yet rounded; none over
/// nothing.
pub(super) fn value(scale: ValueScale, numerator: Amount, denominator: Amount) -> Option<Decimal> {
    let factor = match scale {
        ValueScale::Percent => Decimal::ONE_HUNDRED,
        ValueScale::PerThousand => Decimal::ONE_THOUSAND,
        ValueScale::Ratio | ValueScale::Mean | ValueScale::Change => Decimal::ONE,
    };
    (numerator.0 * factor).checked_div(denominator.0)
}

/// Rounded half-up to two places, as every value is shown and compared.
pub(super) fn two_places(value: Decimal) -> Decimal {
    let mut value = value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    value.rescale(2);
    value
}

/// A decimal as text with two places.
pub fn value_text(value: Decimal) -> String {
    two_places(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_out_of_all_bounds_is_no_number() {
        assert_eq!(MOST.to_string(), "1000000000000000");
        for (text, is_one) in [
            ("0", true),
            ("12.5", true),
            ("1000000000000000", true),
            ("1000000000000000.1", false),
            ("79228162514264337593543950335", false),
            ("-1", false),
            ("1e3", false),
            ("", false),
        ] {
            assert_eq!(Amount::parse(text).is_some(), is_one, "{text}");
        }
        // The largest there is, of a thousand units, over the least.
        let mut sum = Amount::default();
        (0..1000).for_each(|_| sum.add(Amount(MOST)));
        let least = Amount::parse("0.0000000000000000000000000001").unwrap();
        assert_eq!(value(ValueScale::PerThousand, sum, least), None);
    }
}
