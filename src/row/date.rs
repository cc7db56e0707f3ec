//! Dates and times as fields carry them. Days are integers `YYYYMMDD`, so
//! that they compare as they sort and mean the same in any database.

use super::packed::Packed;
use crate::clock::{BUDDHIST_ERA, FIRST_BUDDHIST_YEAR};

/// What a text says about a day or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A real Gregorian day (`YYYYMMDD`) or time (`YYYYMMDDHHMMSS`).
    Real(i64),
    /// A real one, but of the Buddhist era.
    Buddhist,
    /// Not readable.
    None,
}

/// Reads `YYYYMMDD`.
pub fn read_date(text: &str) -> Reading {
    match digits(text, 8) {
        Some(number) => day(number, number),
        None => Reading::None,
    }
}

/// Reads `YYYYMMDDHHMMSS`.
pub fn read_datetime(text: &str) -> Reading {
    match digits(text, 14) {
        Some(number) if is_time(number % 1_000_000) => day(number / 1_000_000, number),
        _ => Reading::None,
    }
}

/// Reads `HHMMSS`.
pub fn read_time(text: &str) -> Option<i64> {
    digits(text, 6).filter(|&number| is_time(number))
}

/// A day or time of the Buddhist era as it had to be written; nothing for any
/// other text.
pub fn gregorian(text: &str) -> Option<String> {
    let buddhist = matches!(read_date(text), Reading::Buddhist)
        || matches!(read_datetime(text), Reading::Buddhist);
    let (year, rest) = text.split_at_checked(4).filter(|_| buddhist)?;
    Some(format!("{:04}{rest}", year.parse::<i32>().ok()? - BUDDHIST_ERA))
}

#[inline]
fn digits(text: &str, count: usize) -> Option<i64> {
    if text.len() == count { Packed::new(text.as_bytes()).digits() } else { None }
}

fn is_time(number: i64) -> bool {
    number / 10_000 < 24 && number / 100 % 100 < 60 && number % 100 < 60
}

fn day(ymd: i64, whole: i64) -> Reading {
    let (year, month, day) = (ymd / 10_000, ymd / 100 % 100, ymd % 100);
    let buddhist = year >= i64::from(FIRST_BUDDHIST_YEAR);
    let gregorian = if buddhist { year - i64::from(BUDDHIST_ERA) } else { year };
    if gregorian < 1800 || !(1..=12).contains(&month) || day < 1 || day > days_in(gregorian, month)
    {
        Reading::None
    } else if buddhist {
        Reading::Buddhist
    } else {
        Reading::Real(whole)
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since a fixed day in the far past, for differences of `YYYYMMDD`
/// numbers (the civil-day formula of Howard Hinnant).
pub fn serial(ymd: i64) -> i64 {
    let (year, month, day) = (ymd / 10_000, ymd / 100 % 100, ymd % 100);
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year
}

/// Full years between two `YYYYMMDD` days.
pub fn years_between(birth: i64, at: i64) -> i64 {
    // The difference of the numbers carries a borrow exactly when month and
    // day of `at` come before those of `birth`.
    (at - birth).div_euclid(10_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn dates_are_real_and_gregorian() {
        for (text, reading) in [
            ("20140131", Reading::Real(20_140_131)),
            ("20140229", Reading::None),
            ("20120229", Reading::Real(20_120_229)),
            ("25570131", Reading::Buddhist),
            ("25550229", Reading::Buddhist), // 2012 was a leap year
            ("25570229", Reading::None),
            ("00000000", Reading::None),
            ("2014-1-1", Reading::None),
            ("2014131", Reading::None),
            ("20141301", Reading::None),
            ("", Reading::None),
        ] {
            assert_eq!(read_date(text), reading, "{text}");
        }
    }

    #[test]
    fn times_are_times_of_day() {
        assert_eq!(read_datetime("20140131093000"), Reading::Real(20_140_131_093_000));
        assert_eq!(read_datetime("25570131093000"), Reading::Buddhist);
        assert_eq!(read_datetime("20140131243000"), Reading::None);
        assert_eq!(read_datetime("20140131"), Reading::None);
        assert_eq!(read_time("235959"), Some(235_959));
        assert_eq!(read_time("000000"), Some(0));
        assert_eq!(read_time("0830"), None);
        assert_eq!(gregorian("25570812").as_deref(), Some("20140812"));
        assert_eq!(gregorian("25590229103000").as_deref(), Some("20160229103000"));
        for none in ["20140812", "25570230", "2557081", "", "ก5570812"] {
            assert_eq!(gregorian(none), None, "{none}");
        }
        assert_eq!(read_time("240000"), None);
    }

    #[test]
    fn serials_differ_as_days_do() {
        let day = |n: i64| crate::clock::day_of_number(n).unwrap();
        let first = NaiveDate::from_ymd_opt(1999, 12, 27).unwrap();
        for step in 0..1500 {
            let a = crate::clock::day_number(first + chrono::Days::new(step));
            assert_eq!(serial(a) - serial(19_991_227), (day(a) - first).num_days());
        }
    }

    #[test]
    fn a_birthday_counts_on_its_day() {
        assert_eq!(years_between(20_000_301, 20_140_228), 13);
        assert_eq!(years_between(20_000_301, 20_140_301), 14);
    }
}
