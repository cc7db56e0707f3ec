//! Periods as people name them (`2557`, `2557Q3`, `2557-01`), and the days
//! they mean for a KPI of a given kind of year.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{Datelike, Days as ChronoDays, Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::{BUDDHIST_ERA, FIRST_BUDDHIST_YEAR};

/// In which year a KPI lives [OPPP-2557 s. 31; KPI66-2563; QOF-2560]. A year is named by the B.E. year
/// in which it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum YearKind {
    /// 1 October to 30 September.
    #[default]
    Fiscal,
    /// 1 July to 30 June.
    Nhso,
    /// 1 April to 31 March.
    Qof,
}

impl YearKind {
    fn first_month(self) -> u32 {
        match self {
            Self::Fiscal => 10,
            Self::Nhso => 7,
            Self::Qof => 4,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PeriodPart {
    Year,
    /// Quarters are cumulative: from the first day of the year.
    Quarter(u32),
    Month(u32),
}

/// A period by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    year: i32,
    part: PeriodPart,
}

/// The days of a period for one kind of year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodDays {
    /// First day counted.
    pub start: NaiveDate,
    /// Last day counted.
    pub end: NaiveDate,
    /// First day of the year the period lies in.
    pub year_start: NaiveDate,
    /// First day of the quarter in which the period ends.
    pub quarter_start: NaiveDate,
    /// B.E. name of that year, by which targets are looked up.
    pub year: i32,
}

/// A text that names no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no period: write a B.E. year 2557, a quarter 2557Q3, or a month 2557-01 (or 2014-01)"
)]
pub struct PeriodError(String);

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let fail = || PeriodError(text.to_owned());
        let number = |digits: &str, from: i32, to: i32| {
            let all = digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<i32>().ok().filter(|n| all && (from..=to).contains(n)).ok_or_else(fail)
        };
        // Years far from ours are mistakes (a C.E. year, most of all).
        let year = |digits: &str| number(digits, 2500, 2700);
        if let Some((of, quarter)) = text.split_once(['Q', 'q']) {
            let quarter = number(quarter, 1, 4)?.unsigned_abs();
            return Ok(Self { year: year(of)?, part: PeriodPart::Quarter(quarter) });
        }
        if let Some((of, month)) = text.split_once('-') {
            if month.len() != 2 {
                return Err(fail());
            }
            let month = number(month, 1, 12)?.unsigned_abs();
            // A month may be of either era, as a date may; years and quarters
            // are fiscal and have one name.
            let of = match of.parse::<i32>() {
                Ok(plain) if of.len() == 4 && plain < FIRST_BUDDHIST_YEAR => {
                    (plain + BUDDHIST_ERA).to_string()
                }
                _ => of.to_owned(),
            };
            return Ok(Self { year: year(&of)?, part: PeriodPart::Month(month) });
        }
        Ok(Self { year: year(text)?, part: PeriodPart::Year })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            PeriodPart::Year => write!(f, "{}", self.year),
            PeriodPart::Quarter(quarter) => write!(f, "{}Q{quarter}", self.year),
            PeriodPart::Month(month) => write!(f, "{}-{month:02}", self.year),
        }
    }
}

impl Period {
    /// The months of a year, in order (for trends).
    pub fn months_of(year: i32, kind: YearKind) -> Vec<Self> {
        let first = kind.first_month();
        (0..12)
            .map(|n| {
                let month = (first - 1 + n) % 12 + 1;
                let year = if month >= first { year - 1 } else { year };
                Self { year, part: PeriodPart::Month(month) }
            })
            .collect()
    }

    /// The quarters of a year, in order: each from its first day.
    pub fn quarters_of(year: i32) -> Vec<Self> {
        (1..=4).map(|quarter| Self { year, part: PeriodPart::Quarter(quarter) }).collect()
    }

    /// The days this period means for a kind of year.
    pub fn days(self, kind: YearKind) -> PeriodDays {
        let first = kind.first_month();
        let (start, end, year) = match self.part {
            PeriodPart::Year => {
                let start = day(self.year - 1, first);
                (start, last(start, 12), self.year)
            }
            PeriodPart::Quarter(quarter) => {
                let start = day(self.year - 1, first);
                (start, last(start, 3 * quarter), self.year)
            }
            PeriodPart::Month(month) => {
                // The calendar year of the month is B.E. as people write it.
                let start = day(self.year, month);
                (start, last(start, 1), self.year + i32::from(month >= first))
            }
        };
        let year_start = day(year - 1, first);
        let done = (end.year() - year_start.year()) * 12 + end.month0() as i32
            - year_start.month0() as i32;
        let quarter_start = year_start + Months::new(done.unsigned_abs() / 3 * 3);
        PeriodDays { start, end, year_start, quarter_start, year }
    }
}

/// The B.E. years that a text names: `2563`, or `2557-2561` with both ends.
pub fn years(text: &str) -> Option<RangeInclusive<i32>> {
    let year = |text: &str| text.parse::<i32>().ok().filter(|year| (2500..=2700).contains(year));
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let years = year(from)?..=year(to)?;
    (!years.is_empty()).then_some(years)
}

/// The first day of a month of a B.E. year.
fn day(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year - BUDDHIST_ERA, month, 1)
        .expect("years and months are checked when they are read")
}

/// The last day of so many months.
fn last(start: NaiveDate, months: u32) -> NaiveDate {
    start + Months::new(months) - ChronoDays::new(1)
}
