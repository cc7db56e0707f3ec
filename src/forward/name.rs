//! Names of archives that are sent on.

use std::collections::BTreeSet;

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime};

use crate::archive::{ArchiveName, Standard};
use crate::clock::{BUDDHIST_ERA, fiscal_year_of, round_of};
use crate::config::Era;

/// The time for the name of an archive: that of sending on, as long as it is
/// of the round and the fiscal year of the time by which the rows were
/// validated, else that time. Registers have the round in their key, and checks
/// hold from a fiscal year on, so whoever takes the archive says of each row
/// what was said here. It comes after every time that was given in these years
/// before, because archives of a unit are taken in the order of their times; at
/// the very end of a year the second before is given.
pub(super) fn time_for(
    sent_at: NaiveDateTime,
    now: NaiveDateTime,
    taken: &BTreeSet<NaiveDateTime>,
) -> NaiveDateTime {
    let last = last_second(sent_at);
    let second = Duration::seconds(1);
    let start = if now <= last { now.max(sent_at) } else { sent_at };
    let given = taken.range(..=last).next_back().filter(|given| last_second(**given) == last);
    let time = given.map_or(start, |given| start.max(*given + second));
    if time <= last {
        return time;
    }
    let mut time = last;
    while taken.contains(&time) {
        time -= second;
    }
    time
}

/// The last second of the round and the fiscal year of a time, whichever ends
/// first.
fn last_second(time: NaiveDateTime) -> NaiveDateTime {
    let day = time.date();
    let years = |day: NaiveDate| (round_of(day), fiscal_year_of(day));
    let same = |other: NaiveDate| years(other) == years(day);
    let end = day.iter_days().take_while(|day| same(*day)).last().unwrap_or(day);
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
            ("2014-06-29 10:00:00", "2014-07-01 18:00:00", "2014-06-29 10:00:00"),
            ("2014-09-30 10:00:00", "2014-10-01 18:00:00", "2014-09-30 10:00:00"),
            ("2013-12-31 10:00:00", "2014-01-01 18:00:00", "2014-01-01 18:00:00"),
            ("2014-01-05 10:00:00", "2016-01-06 18:00:00", "2014-01-05 10:00:00"),
            ("2014-08-05 10:00:00", "2016-01-06 18:00:00", "2014-08-05 10:00:00"),
            // A clock that goes ahead at the sender.
            ("2014-01-05 10:00:00", "2014-01-05 09:00:00", "2014-01-05 10:00:00"),
        ] {
            assert_eq!(time_for(at(sent), at(now), &BTreeSet::new()), at(wanted), "{sent}");
        }
    }

    #[test]
    fn times_of_a_unit_go_up_and_are_given_once() {
        let late = at("2016-01-06 18:00:00");
        let mut taken = BTreeSet::new();
        for (sent, now, wanted) in [
            // Late ones, whose years are over, in the order of their submissions.
            ("2014-06-15 10:00:00", late, "2014-06-15 10:00:00"),
            ("2014-06-16 10:00:00", late, "2014-06-16 10:00:00"),
            ("2014-06-16 09:00:00", late, "2014-06-16 10:00:01"),
            // In other years they begin anew.
            ("2014-07-02 10:00:00", late, "2014-07-02 10:00:00"),
            ("2015-12-01 10:00:00", late, "2016-01-06 18:00:00"),
            ("2015-12-02 10:00:00", late, "2016-01-06 18:00:01"),
            // The last seconds of a year.
            ("2014-06-30 23:59:59", late, "2014-06-30 23:59:59"),
            ("2014-06-30 23:59:58", late, "2014-06-30 23:59:58"),
        ] {
            let time = time_for(at(sent), now, &taken);
            assert_eq!(time, at(wanted), "{sent}");
            assert!(taken.insert(time));
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
