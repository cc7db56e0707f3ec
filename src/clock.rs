//! The only `now()` of the program, and what it means in Thailand.
//!
//! Dates are Gregorian inside. Buddhist-era years and Asia/Bangkok offsets are
//! added here, at the edges, and nowhere else.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, TimeZone, Utc};

/// Years between the Buddhist era and the common era.
pub const BUDDHIST_ERA: i32 = 543;

/// A year from here on is of the Buddhist era; no Gregorian date of a record
/// comes near it (docs/rules.md#archives).
pub const FIRST_BUDDHIST_YEAR: i32 = 2400;

/// Tells the time, or a fixed time when one was given (`--now`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    fixed: Option<DateTime<FixedOffset>>,
}

impl Clock {
    /// A clock that stands still, for tests and re-runs; an instant given in
    /// another zone is told in Asia/Bangkok all the same.
    pub fn fixed(at: DateTime<FixedOffset>) -> Self {
        Self { fixed: Some(at.with_timezone(&bangkok())) }
    }

    /// The present in Asia/Bangkok.
    #[allow(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    pub fn now(&self) -> DateTime<FixedOffset> {
        self.fixed.unwrap_or_else(|| Utc::now().with_timezone(&bangkok()))
    }
}

impl Clock {
    /// The present as a text with seconds, which compares as the times do.
    pub fn stamp(&self) -> String {
        stamp(self.now())
    }
}

/// A time as a text with seconds; all are in one offset, so that the order of
/// the texts is that of the times.
pub fn stamp(at: DateTime<FixedOffset>) -> String {
    at.with_timezone(&bangkok()).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// Asia/Bangkok: UTC+7 since 1920, without summer time.
pub fn bangkok() -> FixedOffset {
    FixedOffset::east_opt(7 * 3600).expect("seven hours are less than a day")
}

/// A Bangkok wall-clock time as an instant.
pub fn at_bangkok(local: NaiveDateTime) -> DateTime<FixedOffset> {
    bangkok().from_local_datetime(&local).single().expect("a fixed offset has no gaps")
}

/// The register year (1 July to 30 June) of a day, named by the B.E. year in
/// which it ends: 1 Jul 2013 is in 2557 (docs/rules.md#words). It is part of the key of
/// stored registers, so no rulebook may move it; the days of a round that is
/// scored are those of its rulebook (`Rulebooks::round_of`).
pub fn round_of(day: NaiveDate) -> i32 {
    day.year() + BUDDHIST_ERA + i32::from(day.month() >= 7)
}

/// The fiscal year (1 October to 30 September) of a day, B.E.
pub fn fiscal_year_of(day: NaiveDate) -> i32 {
    day.year() + BUDDHIST_ERA + i32::from(day.month() >= 10)
}

/// A day as the integer `YYYYMMDD`, the form in which dates are stored.
pub fn day_number(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

/// The day of a stored `YYYYMMDD` number, if it is one.
pub fn day_of_number(number: i64) -> Option<NaiveDate> {
    let year = i32::try_from(number / 10_000).ok()?;
    NaiveDate::from_ymd_opt(year, (number / 100 % 100) as u32, (number % 100) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn a_round_begins_on_the_first_of_july() {
        for (on, round) in [
            (day(2013, 6, 30), 2556),
            (day(2013, 7, 1), 2557),
            (day(2014, 6, 30), 2557),
            (day(2014, 7, 1), 2558),
        ] {
            assert_eq!(round_of(on), round, "{on}");
        }
    }

    #[test]
    fn a_fiscal_year_begins_on_the_first_of_october() {
        assert_eq!(fiscal_year_of(day(2013, 9, 30)), 2556);
        assert_eq!(fiscal_year_of(day(2013, 10, 1)), 2557);
    }

    #[test]
    fn day_numbers_go_both_ways() {
        assert_eq!(day_number(day(2014, 2, 28)), 20_140_228);
        assert_eq!(day_of_number(20_140_228), Some(day(2014, 2, 28)));
        assert_eq!(day_of_number(20_140_229), None);
    }

    #[test]
    fn a_fixed_clock_stands_still() {
        let at = at_bangkok(day(2013, 1, 1).and_hms_opt(8, 30, 11).unwrap());
        assert_eq!(Clock::fixed(at).now(), at);
        assert_eq!(at.to_rfc3339(), "2013-01-01T08:30:11+07:00");
    }
}
