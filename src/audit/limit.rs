//! Thresholds: exact numbers as text in the rules, whole numbers here, and what
//! a finding comes to by them. No float is compared with a threshold.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Millionths: a rate, a ratio, a z. Never below nought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
pub struct Millionths(#[schemars(with = "String")] pub i64);

/// How many make one.
pub const ONE: i64 = 1_000_000;

/// Most that is taken for a threshold.
const MOST: i64 = 1_000_000;

impl Millionths {
    /// A decimal number with at most six places, from 0 to a million.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = (1..=7).contains(&whole.len()) && places.len() <= 6;
        if !is_number || !digits(whole) || !digits(places) {
            return None;
        }
        let whole: i64 = whole.parse().ok().filter(|whole| *whole <= MOST)?;
        let places: i64 = format!("{places:0<6}").parse().ok()?;
        Some(Self(whole * ONE + places))
    }

    /// With so many decimals, the rest cut off.
    pub fn text(self, places: usize) -> String {
        let (whole, rest) = (self.0 / ONE, self.0 % ONE);
        let rest = &format!("{rest:06}")[..places.min(6)];
        if rest.is_empty() { whole.to_string() } else { format!("{whole}.{rest}") }
    }
}

impl<'de> Deserialize<'de> for Millionths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("no number: {text:?}")))
    }
}

impl Serialize for Millionths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text(6);
        let short = text.trim_end_matches('0');
        serializer
            .collect_str(&short.strip_suffix('.').map_or_else(|| short.to_owned(), str::to_owned))
    }
}

/// Hundredths of a percent, written with two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
pub struct Percent(#[schemars(with = "String")] pub u64);

impl Percent {
    /// From 0.01 to 100.00, with two decimals.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, places) = text.split_once('.')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !(1..=3).contains(&whole.len()) || places.len() != 2 || !digits(whole) || !digits(places)
        {
            return None;
        }
        let hundredths = whole.parse::<u64>().ok()? * 100 + places.parse::<u64>().ok()?;
        (1..=10_000).contains(&hundredths).then_some(Self(hundredths))
    }

    /// Whether a part of a whole reaches it.
    pub fn is_reached(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 10_000 >= u128::from(self.0) * u128::from(whole)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fail = || format!("{text:?} is no percentage from 0.01 to 100.00 with two decimals");
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(fail()))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

/// A part of a whole in percent with two decimals, rounded down; nothing of
/// nothing.
pub fn percent_of(part: u64, whole: u64) -> Option<String> {
    let hundredths = (u128::from(part) * 10_000).checked_div(u128::from(whole))?;
    Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

/// When a finding raises a case. What is not said is not asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// At least so many rows, or groups of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Rows of at least this share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Percent>,
    /// Further than this from the median of its peers, as a modified z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z: Option<Millionths>,
    /// At least so many times the median of its peers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Millionths>,
    /// A rate above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Millionths>,
    /// A numerator at least so much above the denominator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excess: Option<u64>,
}

impl Threshold {
    /// Whether rows (in groups, where groups are counted) reach it.
    pub fn is_reached(&self, counted: u64, rows: u64, denominator: u64) -> bool {
        self.rows.is_none_or(|least| counted >= least)
            && self.percent.is_none_or(|percent| percent.is_reached(rows, denominator))
            && rows > 0
    }

    /// What is asked below a hold where a rule says nothing: three rows, and
    /// half of the hold's percentage. Where a hold asks for fewer rows or for
    /// no percentage there is nothing below it.
    pub fn below(&self) -> Option<Self> {
        let percent = Percent((self.percent?.0 / 2).max(1));
        let rows = self.rows.filter(|rows| *rows >= FEWEST).map(|_| FEWEST)?;
        Some(Self { rows: Some(rows), percent: Some(percent), ..Self::default() })
    }
}

/// Fewest rows that are worth a warning (local default).
const FEWEST: u64 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        for (text, wanted) in [
            ("5.0", Some(5_000_000)),
            ("0.000001", Some(1)),
            ("3.5", Some(3_500_000)),
            ("1000000", Some(ONE * ONE)),
            ("1000001", None),
            ("", None),
            ("-1", None),
            ("1.0000001", None),
            (".5", None),
            ("1e3", None),
        ] {
            assert_eq!(Millionths::parse(text).map(|number| number.0), wanted, "{text}");
        }
        assert_eq!(Millionths(3_876_543).text(2), "3.87");
        assert_eq!(serde_json::to_value(Millionths(3_500_000)).unwrap(), "3.5");
        assert_eq!(serde_json::to_value(Millionths(5_000_000)).unwrap(), "5");
        for (text, wanted) in [
            ("1.00", Some(100)),
            ("100.00", Some(10_000)),
            ("0.01", Some(1)),
            ("0.00", None),
            ("100.01", None),
            ("1", None),
            ("1.0", None),
            ("1.000", None),
        ] {
            assert_eq!(Percent::parse(text).map(|percent| percent.0), wanted, "{text}");
        }
    }

    #[test]
    fn both_rows_and_percentage_are_needed() {
        let limit =
            Threshold { rows: Some(5), percent: Percent::parse("1.00"), ..Threshold::default() };
        for (rows, of, reached) in
            [(5, 500, true), (4, 4, false), (5, 501, false), (6, 600, true), (0, 0, false)]
        {
            assert_eq!(limit.is_reached(rows, rows, of), reached, "{rows} of {of}");
        }
        let below = limit.below().unwrap();
        assert_eq!((below.rows, below.percent), (Some(3), Percent::parse("0.50")));
        assert_eq!(Threshold { rows: Some(1), ..Threshold::default() }.below(), None);
        assert_eq!(percent_of(12, 310).as_deref(), Some("3.87"));
        assert_eq!(percent_of(1, 0), None);
    }
}
