//! Money in whole satang and points in whole hundredths, so that they are added and
//! compared exactly. They get two decimals only when shown.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// An amount. Pools and payments are never negative; what lies between two
/// rulebooks may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
pub struct Satang(#[schemars(with = "String", regex(pattern = r"^-?[0-9]+\.[0-9]{2}$"))] pub i64);

impl Satang {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `self × numerator ÷ denominator`, rounded half up to the satang. Nothing
    /// for a denominator of nothing: what cannot be measured earns nothing.
    #[must_use]
    pub fn part(self, numerator: u64, denominator: u64) -> Self {
        if denominator == 0 {
            return Self::ZERO;
        }
        let (top, bottom) = (i128::from(self.0) * i128::from(numerator), i128::from(denominator));
        Self(((2 * top + bottom).div_euclid(2 * bottom)) as i64)
    }

    /// For a cell of a table: with a comma between thousands.
    pub fn grouped(self) -> String {
        let (plain, sign) = (Self(self.0.abs()).to_string(), if self.0 < 0 { "-" } else { "" });
        let (baht, satang) = plain.split_at(plain.len() - 3);
        let mut grouped = String::with_capacity(plain.len() + plain.len() / 3);
        for (index, digit) in baht.chars().enumerate() {
            if index > 0 && (baht.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped}{satang}")
    }
}

impl fmt::Display for Satang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let whole = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", whole / 100, whole % 100)
    }
}

impl Serialize for Satang {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Points (or a quality score) in hundredths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
pub struct Hundredths(#[schemars(with = "String", regex(pattern = r"^[0-9]+\.[0-9]{2}$"))] pub u64);

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Serialize for Hundredths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Add for Satang {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Satang {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for Satang {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for Satang {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_rounded_half_up() {
        // amount, numerator, denominator, part
        let table = [
            (100, 1, 3, 33),
            (100, 2, 3, 67),
            (101, 1, 2, 51),
            (5, 1, 10, 1),
            (4, 1, 10, 0),
            (300, 0, 25, 0),
            (300, 25, 25, 300),
            (300, 7, 0, 0),
            (9_000_000_000_000, 999_999_999, 1_000_000_000, 8_999_999_991_000),
        ];
        for (amount, numerator, denominator, part) in table {
            assert_eq!(Satang(amount).part(numerator, denominator), Satang(part), "{amount}");
        }
    }

    #[test]
    fn amounts_are_shown_as_baht() {
        let table = [
            (0, "0.00", "0.00"),
            (5, "0.05", "0.05"),
            (-7, "-0.07", "-0.07"),
            (99_999, "999.99", "999.99"),
            (100_000, "1000.00", "1,000.00"),
            (-123_456_789, "-1234567.89", "-1,234,567.89"),
        ];
        for (amount, plain, grouped) in table {
            assert_eq!(Satang(amount).to_string(), plain);
            assert_eq!(Satang(amount).grouped(), grouped);
        }
    }
}
