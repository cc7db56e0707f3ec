//! Names of archives that are sent on.

use std::collections::BTreeSet;

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime};

use crate::archive::{ArchiveName, Standard};
use crate::clock::{BUDDHIST_ERA, fiscal_year_of, round_of};
use crate::config::Era;

/// The time for the name of an archive: that of sending on, as long as it is
/// of the round and the fiscal year of the time by which the rows were
/// validated, else the last second of these. Registers have the round in their
/// key, and checks hold from a fiscal year on, so whoever takes the archive
/// says of each row what was said here. A time that is taken is never given
/// again: the next second is, or the one before at the end of a year.
pub(super) fn time_for(
    sent_at: NaiveDateTime,
    now: NaiveDateTime,
    taken: &BTreeSet<NaiveDateTime>,
) -> NaiveDateTime {
    let last = last_second(sent_at);
    let second = Duration::seconds(1);
    let mut time = now.min(last).max(sent_at);
    while taken.contains(&time) && time < last {
        time += second;
    }
    while taken.contains(&time) {
        time -= second;
    }
    time
}

/// The last second of the round and the fiscal year of a time, whichever ends
/// first.
fn last_second(time: NaiveDateTime) -> NaiveDateTime {
    let day = time.date();
    let same = |other: NaiveDate| {
        round_of(other) == round_of(day) && fiscal_year_of(other) == fiscal_year_of(day)
    };
    let ends = [(6, 30), (9, 30)].into_iter().flat_map(|(month, last)| {
        [day.year(), day.year() + 1]
            .into_iter()
            .filter_map(move |year| NaiveDate::from_ymd_opt(year, month, last))
    });
    let end = ends.filter(|end| *end >= day && same(*end)).max().unwrap_or(day);
    end.and_hms_opt(23, 59, 59).unwrap_or(time)
}

/// The name of an archive, its year in an era.
pub(super) fn name(standard: Standard, hcode: &str, time: NaiveDateTime, era: Era) -> String {
    let year = match era {
        Era::Be => time.year() + BUDDHIST_ERA,
        Era::Ce => time.year(),
    };
    format!("{standard}_{hcode}_{year:04}{}.zip", time.format("%m%d%H%M%S"))
}

/// The time in a name that was given before.
pub(super) fn time_of(name: &str) -> Option<NaiveDateTime> {
    ArchiveName::parse(name).ok().map(|name| name.sent_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    #[test]
    fn the_time_of_a_name_stays_in_the_years_by_which_rows_were_validated() {
        for (sent, now, wanted) in [
            ("2014-01-05 10:00:00", "2014-01-06 18:00:00", "2014-01-06 18:00:00"),
            ("2014-06-29 10:00:00", "2014-07-01 18:00:00", "2014-06-30 23:59:59"),
            ("2014-09-30 10:00:00", "2014-10-01 18:00:00", "2014-09-30 23:59:59"),
            ("2013-12-31 10:00:00", "2014-01-01 18:00:00", "2014-01-01 18:00:00"),
            ("2014-01-05 10:00:00", "2016-01-06 18:00:00", "2014-06-30 23:59:59"),
            ("2014-08-05 10:00:00", "2016-01-06 18:00:00", "2014-09-30 23:59:59"),
            // A clock that goes ahead at the sender.
            ("2014-01-05 10:00:00", "2014-01-05 09:00:00", "2014-01-05 10:00:00"),
        ] {
            assert_eq!(time_for(at(sent), at(now), &BTreeSet::new()), at(wanted), "{sent}");
        }
    }

    #[test]
    fn a_time_is_given_once() {
        let (sent, now) = (at("2014-06-29 10:00:00"), at("2014-06-30 23:59:58"));
        let mut taken = BTreeSet::new();
        for wanted in ["23:59:58", "23:59:59", "23:59:57"] {
            // The one before is looked for once the year is full.
            let time = time_for(sent, now, &taken);
            assert_eq!(time, at(&format!("2014-06-30 {wanted}")));
            taken.insert(time);
        }
    }

    #[test]
    fn a_name_has_the_year_of_its_era() {
        let time = at("2014-01-05 07:08:09");
        for (era, wanted) in
            [(Era::Be, "F21_04001_25570105070809.zip"), (Era::Ce, "F21_04001_20140105070809.zip")]
        {
            let made = name(Standard::F21, "04001", time, era);
            assert_eq!(made, wanted);
            assert_eq!(time_of(&made), Some(time));
        }
    }
}
