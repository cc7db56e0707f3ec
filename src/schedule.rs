//! When something is due: cron patterns in Asia/Bangkok. Pure; the daemon
//! asks, and says what was done.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset};
use croner::Cron;

use crate::clock::bangkok;

/// A schedule as people write it: `minute hour day month weekday`, with
/// seconds before it if wanted, or `@daily`.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    cron: Cron,
}

/// What is known of the past of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Since when it is watched; what would have been due before is nobody's.
    pub since: DateTime<FixedOffset>,
    /// The last time that was due and has been seen to.
    pub done: Option<DateTime<FixedOffset>>,
}

impl Past {
    /// What came before or at this time is seen to.
    fn seen_to(self) -> DateTime<FixedOffset> {
        self.done.map_or(self.since, |done| done.max(self.since))
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let cron = Cron::from_str(text).map_err(|error| format!("schedule {text:?}: {error}"))?;
        Ok(Self { text: text.to_owned(), cron })
    }
}

impl Schedule {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The next time after this one; none when there never is one.
    pub fn next(&self, after: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
        self.cron.find_next_occurrence(&after.with_timezone(&bangkok()), false).ok()
    }

    /// The last time up to now.
    fn last(&self, now: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
        self.cron.find_previous_occurrence(&now.with_timezone(&bangkok()), true).ok()
    }

    /// The time that is to be seen to now, if there is one. Of several that
    /// were missed only the last: the others would say the same.
    pub fn due(&self, past: Past, now: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
        self.last(now).filter(|last| *last > past.seen_to())
    }

    /// The first time that is still to come when this is done.
    pub fn upcoming(&self, past: Past) -> Option<DateTime<FixedOffset>> {
        self.next(past.seen_to())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<FixedOffset> {
        let text = if text.len() == 16 { format!("{text}:00+07:00") } else { text.to_owned() };
        text.parse().unwrap()
    }

    fn due(
        cron: &str,
        since: &str,
        done: Option<&str>,
        now: &str,
    ) -> Option<DateTime<FixedOffset>> {
        let past = Past { since: at(since), done: done.map(at) };
        cron.parse::<Schedule>().unwrap().due(past, at(now))
    }

    #[test]
    fn what_is_due() {
        const DAILY: &str = "0 6 * * *";
        for (cron, since, done, now, expected) in [
            // Nothing before it was watched.
            (DAILY, "2014-01-01T07:00", None, "2014-01-01T08:00", None),
            (DAILY, "2014-01-01T06:00", None, "2014-01-01T06:00", None),
            (DAILY, "2014-01-01T05:00", None, "2014-01-01T05:59", None),
            // Due from its own moment on.
            (DAILY, "2014-01-01T05:00", None, "2014-01-01T06:00", Some("2014-01-01T06:00")),
            // Done is done; the next day it is due again.
            (DAILY, "2014-01-01T05:00", Some("2014-01-01T06:00"), "2014-01-02T05:59", None),
            (
                DAILY,
                "2014-01-01T05:00",
                Some("2014-01-01T06:00"),
                "2014-01-02T06:00",
                Some("2014-01-02T06:00"),
            ),
            // Of five missed ones the last.
            (
                DAILY,
                "2014-01-01T05:00",
                Some("2014-01-01T06:00"),
                "2014-01-06T09:00",
                Some("2014-01-06T06:00"),
            ),
            // The clock was put back: nothing is done twice.
            (DAILY, "2014-01-01T05:00", Some("2014-01-06T06:00"), "2014-01-03T09:00", None),
            // The last day of a month, a leap day, the first Monday.
            ("0 1 L * *", "2014-02-01T00:00", None, "2014-03-02T00:00", Some("2014-02-28T01:00")),
            ("0 1 29 2 *", "2012-02-01T00:00", None, "2015-01-01T00:00", Some("2012-02-29T01:00")),
            (
                "0 1 * * MON#1",
                "2014-01-01T00:00",
                None,
                "2014-01-20T00:00",
                Some("2014-01-06T01:00"),
            ),
            ("@daily", "2014-01-01T05:00", None, "2014-01-02T00:00", Some("2014-01-02T00:00")),
        ] {
            assert_eq!(due(cron, since, done, now), expected.map(at), "{cron} {done:?} {now}");
        }
    }

    #[test]
    fn six_in_the_morning_is_that_of_bangkok() {
        // 23:30 UTC is 06:30 the next day in Bangkok.
        let now = at("2014-01-01T23:30:00+00:00");
        let past = Past { since: at("2014-01-01T22:00:00+00:00"), done: None };
        let schedule: Schedule = "0 6 * * *".parse().unwrap();
        assert_eq!(schedule.due(past, now), Some(at("2014-01-02T06:00")));
        assert_eq!(schedule.next(now).unwrap().to_rfc3339(), "2014-01-03T06:00:00+07:00");
    }

    #[test]
    fn seconds_may_be_said() {
        let due = due("*/10 * * * * *", "2014-01-01T05:00", None, "2014-01-01T05:00:25+07:00");
        assert_eq!(due, Some(at("2014-01-01T05:00:20+07:00")));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["61 * * * *", "", "often", "* * *", "0 25 * * *"] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
        let never: Schedule = "0 0 30 2 *".parse().unwrap();
        assert_eq!(never.next(at("2014-01-01T00:00")), None);
    }
}
