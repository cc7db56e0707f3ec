//! Periods that move with the time at which an export is due.

use std::str::FromStr;

use chrono::{Datelike, Days as ChronoDays, NaiveDate};

use crate::clock::BUDDHIST_ERA;
use crate::kpi::{Period, YearKind};

/// A part of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum YearPart {
    Year,
    Quarter,
    Month,
}

/// Which period an export is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodRule(PeriodChoice);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PeriodChoice {
    /// Always the same.
    Fixed(Period),
    /// The one in which it is due.
    Current(YearPart),
    /// The one before that.
    Previous(YearPart),
}

impl FromStr for PeriodRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let part = |name: &str| match name {
            "year" => Some(YearPart::Year),
            "quarter" => Some(YearPart::Quarter),
            "month" => Some(YearPart::Month),
            _ => None,
        };
        let rule = match words[..] {
            ["current"] => Some(PeriodChoice::Current(YearPart::Year)),
            ["current", name] => part(name).map(PeriodChoice::Current),
            ["previous", name] => part(name).map(PeriodChoice::Previous),
            [name] => name.parse().ok().map(PeriodChoice::Fixed),
            _ => None,
        };
        rule.map(Self).ok_or_else(|| {
            format!(
                "{text:?} is no period: write 2557, 2557Q3, 2557-01, current, or current or \
                 previous and year, quarter or month"
            )
        })
    }
}

impl From<Period> for PeriodRule {
    fn from(period: Period) -> Self {
        Self(PeriodChoice::Fixed(period))
    }
}

impl PeriodRule {
    /// The period on a day, for a kind of year: the quarter of a fiscal year
    /// is not that of NHSO's.
    pub fn on(self, day: NaiveDate, kind: YearKind) -> Period {
        match self.0 {
            PeriodChoice::Fixed(period) => period,
            PeriodChoice::Current(part) => holding(day, part, kind),
            PeriodChoice::Previous(part) => {
                let days = holding(day, part, kind).days(kind);
                // Quarters are cumulative: only their last three months are theirs.
                let first = match part {
                    YearPart::Year => days.year_start,
                    YearPart::Quarter => days.quarter_start,
                    YearPart::Month => days.start,
                };
                holding(first - ChronoDays::new(1), part, kind)
            }
        }
    }
}

/// The part of a year in which a day lies.
fn holding(day: NaiveDate, part: YearPart, kind: YearKind) -> Period {
    let read = |name: String| name.parse().expect("the clock is in our time");
    let era = day.year() + BUDDHIST_ERA;
    if part == YearPart::Month {
        return read(format!("{era}-{:02}", day.month()));
    }
    let year: Period = read(era.to_string());
    let year = if year.days(kind).end < day { era + 1 } else { era };
    if part == YearPart::Year {
        return read(year.to_string());
    }
    let quarters = (1..=4).map(|quarter| read(format!("{year}Q{quarter}")));
    let mut holds = quarters.filter(|period: &Period| day <= period.days(kind).end);
    holds.next().expect("the fourth quarter ends with the year")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_move_with_the_day() {
        for (rule, day, kind, expected) in [
            ("2557Q3", "2020-01-01", YearKind::Fiscal, "2557Q3"),
            ("current", "2013-09-30", YearKind::Fiscal, "2556"),
            ("current", "2013-10-01", YearKind::Fiscal, "2557"),
            ("current year", "2013-07-01", YearKind::Nhso, "2557"),
            ("current year", "2013-06-30", YearKind::Nhso, "2556"),
            ("current year", "2013-03-31", YearKind::Qof, "2556"),
            ("current quarter", "2020-06-30", YearKind::Fiscal, "2563Q3"),
            ("current quarter", "2020-07-01", YearKind::Fiscal, "2563Q4"),
            ("previous quarter", "2020-07-05", YearKind::Fiscal, "2563Q3"),
            ("previous quarter", "2019-10-05", YearKind::Fiscal, "2562Q4"),
            ("previous quarter", "2020-01-05", YearKind::Nhso, "2563Q2"),
            ("previous month", "2014-01-01", YearKind::Fiscal, "2556-12"),
            ("previous month", "2014-03-31", YearKind::Fiscal, "2557-02"),
            ("current month", "2014-01-31", YearKind::Fiscal, "2557-01"),
            ("previous year", "2013-10-01", YearKind::Fiscal, "2556"),
            ("previous year", "2013-09-30", YearKind::Fiscal, "2555"),
        ] {
            let rule: PeriodRule = rule.parse().unwrap();
            let period = rule.on(day.parse().unwrap(), kind);
            assert_eq!(period.to_string(), expected, "{rule:?} on {day}");
        }
        for text in ["", "now", "previous", "current week", "2014", "previous quarter month"] {
            assert!(text.parse::<PeriodRule>().is_err(), "{text}");
        }
    }
}
