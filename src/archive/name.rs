//! The name of an archive: `F21_HCODE_YYYYMMDDhhmmss.zip`, in any case.
//!
//! Only the form and the calendar are validated here. Whether the HCODE is known
//! is for those who have the unit list.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate, NaiveDateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::clock::{BUDDHIST_ERA, FIRST_BUDDHIST_YEAR};
use crate::problem_code::ProblemCode;

/// The standard that an archive says it follows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Standard {
    /// The 21 files of the OP-PP individual fund.
    F21,
    /// The 43 files of the Ministry of Public Health.
    F43,
}

impl Standard {
    /// `F21` or `F43`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F21 => "F21",
            Self::F43 => "F43",
        }
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Standard {
    type Err = NameError;

    /// Reads `F21` or `F43` in any case.
    fn from_str(text: &str) -> Result<Self, NameError> {
        [Self::F21, Self::F43]
            .into_iter()
            .find(|standard| standard.as_str().eq_ignore_ascii_case(text))
            .ok_or(NameError::Form)
    }
}

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Not of the form.
    #[error("name is not of the form F21_HCODE_YYYYMMDDhhmmss.zip")]
    Form,
    /// Of the form, but no such time is on the calendar.
    #[error("time in the name is impossible")]
    Time,
    /// Sent by a unit that is not known.
    #[error("the unit in the name is not known")]
    UnknownUnit,
    /// Made more than a day from now.
    #[error("time in the name is in the future")]
    Future,
}

impl NameError {
    /// The problem code that the sender sees.
    pub fn code(self) -> ProblemCode {
        match self {
            Self::Form => ProblemCode::NameForm,
            Self::UnknownUnit => ProblemCode::UnknownUnit,
            Self::Time | Self::Future => ProblemCode::NameTime,
        }
    }
}

/// What the name of an archive says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchiveName {
    /// The standard of its members.
    pub standard: Standard,
    /// The sender: 5 ASCII letters or digits, upper-case.
    pub hcode: String,
    /// When the sender made it: Bangkok local time, C.E.
    pub sent_at: NaiveDateTime,
}

impl ArchiveName {
    /// Reads a bare file name; one with a folder part is not of the form.
    ///
    /// # Errors
    /// Says which part of the name is not of the form, or is no possible date.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let (stem, extension) = name.rsplit_once('.').ok_or(NameError::Form)?;
        let mut parts = stem.split('_');
        let (Some(standard), Some(hcode), Some(time), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NameError::Form);
        };
        let standard = standard.parse()?;
        let of_the_form = extension.eq_ignore_ascii_case("zip")
            && hcode.len() == 5
            && hcode.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && time.len() == 14
            && time.bytes().all(|byte| byte.is_ascii_digit());
        if !of_the_form {
            return Err(NameError::Form);
        }
        let sent_at = calendar_time(time).ok_or(NameError::Time)?;
        Ok(Self { standard, hcode: hcode.to_ascii_uppercase(), sent_at })
    }

    /// What an archive must say by its name to be taken, for the inbox and for
    /// uploads: the form, a unit that is known, a time that is not in the
    /// future. A name of the form is handed back with what is wrong with it.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in this order.
    pub fn validate(
        name: &str,
        unit_is_known: impl FnOnce(&str) -> bool,
        now_bangkok: NaiveDateTime,
    ) -> Result<Self, (NameError, Option<Self>)> {
        let name = Self::parse(name).map_err(|error| (error, None))?;
        if !unit_is_known(&name.hcode) {
            return Err((NameError::UnknownUnit, Some(name)));
        }
        if name.in_future(now_bangkok) {
            return Err((NameError::Future, Some(name)));
        }
        Ok(name)
    }

    /// Whether the archive says that it was made more than a day after
    /// `now_bangkok`; a day is left for clocks and zones that are wrong.
    pub fn in_future(&self, now_bangkok: NaiveDateTime) -> bool {
        now_bangkok.checked_add_days(Days::new(1)).is_some_and(|latest| self.sent_at > latest)
    }
}

impl fmt::Display for ArchiveName {
    /// The name in its plain form, with a C.E. year.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}.zip", self.standard, self.hcode, self.sent_at.format("%Y%m%d%H%M%S"))
    }
}

impl FromStr for ArchiveName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::parse(name)
    }
}

/// Reads 14 digits. The era is settled before the calendar is asked, because
/// leap days follow the common era: 29 February 2559 is one, 2560 has none.
fn calendar_time(digits: &str) -> Option<NaiveDateTime> {
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let written = i32::try_from(number(0, 4)?).ok()?;
    let year = if written >= FIRST_BUDDHIST_YEAR { written - BUDDHIST_ERA } else { written };
    if year == 0 {
        return None;
    }
    NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?)?.and_hms_opt(
        number(8, 10)?,
        number(10, 12)?,
        number(12, 14)?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    #[test]
    fn reads_both_standards_eras_and_any_case() {
        let name = ArchiveName::parse("F21_12345_25560101083011.zip").unwrap();
        assert_eq!(name.standard, Standard::F21);
        assert_eq!(name.hcode, "12345");
        assert_eq!(name.sent_at, time("2013-01-01 08:30:11"));
        let name = ArchiveName::parse("f43_0a9bZ_20240229235959.ZIP").unwrap();
        assert_eq!(name.standard, Standard::F43);
        assert_eq!(name.hcode, "0A9BZ");
        assert_eq!(name.sent_at, time("2024-02-29 23:59:59"));
        // B.E. 2559 is 2016 and has a leap day; 2400 is the first Buddhist year.
        let leap = ArchiveName::parse("F21_12345_25590229000000.zip").unwrap();
        assert_eq!(leap.sent_at, time("2016-02-29 00:00:00"));
        assert!(
            ArchiveName::parse("F21_12345_24000101000000.zip").unwrap().sent_at
                < time("1858-01-01 00:00:00")
        );
        assert!(
            ArchiveName::parse("F21_12345_23990101000000.zip").unwrap().sent_at
                > time("2398-01-01 00:00:00")
        );
    }

    #[test]
    fn refuses_other_forms_as_a04() {
        for name in [
            "",
            ".zip",
            "F21_12345_25560101083011",
            "F21_12345_25560101083011.rar",
            "F21_12345_25560101083011.zip.zip",
            "F21_12345_25560101083011 .zip",
            " F21_12345_25560101083011.zip",
            "F20_12345_25560101083011.zip",
            "F21-12345-25560101083011.zip",
            "F21_1234_25560101083011.zip",
            "F21_123456_25560101083011.zip",
            "F21_12ก_25560101083011.zip",
            "F21_12 45_25560101083011.zip",
            "F21_12345_2556010108301.zip",
            "F21_12345_255601010830111.zip",
            "F21_12345_+2560101083011.zip",
            "F21_12345_25560101083011_1.zip",
            "inbox/F21_12345_25560101083011.zip",
            "..\\F21_12345_25560101083011.zip",
        ] {
            let error = ArchiveName::parse(name).unwrap_err();
            assert_eq!((error, error.code().as_str()), (NameError::Form, "A04"), "{name}");
        }
    }

    #[test]
    fn refuses_impossible_times_as_a06() {
        for digits in [
            "25561301083011",
            "25560001083011",
            "25560132083011",
            "25560101243011",
            "25560101086011",
            "25560101083060",
            "25600229000000",
            "20230229000000",
            "25580230000000",
            "00000101000000",
            "05430229000000",
        ] {
            let error = ArchiveName::parse(&format!("F21_12345_{digits}.zip")).unwrap_err();
            assert_eq!((error, error.code().as_str()), (NameError::Time, "A06"), "{digits}");
        }
    }

    #[test]
    fn more_than_a_day_ahead_is_the_future() {
        let name = ArchiveName::parse("F21_12345_25560102083011.zip").unwrap();
        assert!(!name.in_future(time("2013-01-01 08:30:11")));
        assert!(name.in_future(time("2013-01-01 08:30:10")));
        assert!(!name.in_future(time("2014-01-01 00:00:00")));
    }

    proptest! {
        #[test]
        fn no_string_panics(name in any::<String>()) {
            let _ = ArchiveName::parse(&name);
        }

        #[test]
        fn nothing_near_the_form_panics(name in "[fF][24][13]_[0-9a-zก]{4,6}_[0-9]{13,15}\\.[zZ]ip") {
            let _ = ArchiveName::parse(&name);
        }

        #[test]
        fn a_name_comes_back(
            new in any::<bool>(), hcode in "[0-9A-Z]{5}", seconds in 0_i64..10_000_000_000, be in any::<bool>(),
        ) {
            let sent_at = chrono::DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            let standard = if new { Standard::F43 } else { Standard::F21 };
            let name = ArchiveName { standard, hcode, sent_at };
            prop_assert_eq!(&ArchiveName::parse(&name.to_string().to_lowercase()).unwrap(), &name);
            if be {
                use chrono::Datelike;
                let year = sent_at.year() + BUDDHIST_ERA;
                let text = format!("{standard}_{}_{year}{}.zip", name.hcode, sent_at.format("%m%d%H%M%S"));
                prop_assert_eq!(&ArchiveName::parse(&text).unwrap(), &name);
            }
        }
    }
}
