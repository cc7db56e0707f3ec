//! Numerators and denominators, and the value that they make: exact decimals,
//! never floats.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Serialize, Serializer};

use super::Scale;

/// A count, or a sum with decimals (relative weights, baht).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Amount(Decimal);

impl Amount {
    /// So many units of the last decimal place.
    pub fn new(units: i64, places: u32) -> Self {
        Self(Decimal::new(units, places))
    }

    /// A number as text.
    pub fn parse(text: &str) -> Option<Self> {
        Decimal::from_str_exact(text.trim()).ok().filter(|d| !d.is_sign_negative()).map(Self)
    }

    /// A number as text, which may be below nought: a change.
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
pub(super) fn value(scale: Scale, numerator: Amount, denominator: Amount) -> Option<Decimal> {
    let factor = match scale {
        Scale::Percent => Decimal::ONE_HUNDRED,
        Scale::PerThousand => Decimal::ONE_THOUSAND,
        Scale::Ratio | Scale::Mean | Scale::Change => Decimal::ONE,
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
