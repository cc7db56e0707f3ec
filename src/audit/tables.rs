//! Tables that the engine itself fills for queries: the calendar here; when
//! submissions were sent, and points, where they are counted.

use crate::clock::{day_number, day_of_number};
use crate::sql::TableRows;
use crate::store::SqlValue;

/// Tables that the engine itself fills.
pub(super) const GIVEN: [&str; 3] = ["calendar", "points", "sending"];

/// First and last day of the calendar: nobody who is born before it or treated
/// after it is taken in by the checks of rows.
const CALENDAR: (i64, i64) = (18_500_101, 22_001_231);

/// Days with their numbers, one after the other.
pub(super) fn calendar() -> TableRows {
    let columns = ["day INTEGER PRIMARY KEY", "n INTEGER"].map(str::to_owned).to_vec();
    let (first, last) = (day_of_number(CALENDAR.0), day_of_number(CALENDAR.1));
    let days = first.into_iter().flat_map(|first| first.iter_days());
    let days = days.take_while(|day| last.is_some_and(|last| *day <= last)).enumerate();
    (
        columns,
        days.map(|(n, day)| vec![SqlValue::Int(day_number(day)), SqlValue::Int(n as i64)])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_has_every_day_once() {
        let (_, days) = calendar();
        assert_eq!(days.len(), 128_200);
        let of = |day: i64| {
            days.iter().find(|row| row[0] == SqlValue::Int(day)).map(|row| row[1].clone())
        };
        let (Some(SqlValue::Int(before)), Some(SqlValue::Int(after))) =
            (of(20_160_228), of(20_160_301))
        else {
            panic!("days are missing")
        };
        assert_eq!(after - before, 2, "a leap day lies between");
        assert_eq!(of(20_150_229), None);
    }
}
