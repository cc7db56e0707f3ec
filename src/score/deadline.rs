//! Last days of sending. Rows of submissions sent later score no points in the
//! round (docs/rules.md#money). They are still stored and counted, and they still
//! tell who a person is and who has died.

use chrono::NaiveDate;

use super::rulebook::{RulePeriod, Rulebook};
use super::state::Sendings;
use crate::clock::day_number;

/// Submissions that were too late for the points of some day of the round, as
/// parameters of queries.
#[derive(Debug, Clone)]
pub(super) struct Late {
    /// Their numbers, as a list in JSON.
    pub(super) list: String,
    /// The first of them: whatever is before it is in time.
    pub(super) from: i64,
    /// Whether one may be too late for some days and in time for others.
    pub(super) by_quarter: bool,
}

/// Last days of sending for the points of a round.
#[derive(Debug)]
pub(super) struct Deadlines {
    round: i64,
    /// Quarters that have a day of their own: first and last day of service,
    /// last day of sending.
    quarters: Vec<(i64, i64, i64)>,
    pub(super) late: Late,
}

impl Deadlines {
    /// Those of a rulebook, and who missed one.
    pub(super) fn new(book: &Rulebook, sendings: &Sendings) -> Self {
        let quarter = |of: &RulePeriod| {
            let by = day_number(of.sent_by?);
            Some((day_number(of.from), day_number(of.to), by))
        };
        let quarters: Vec<_> = book.money.quarters.iter().filter_map(quarter).collect();
        let round = day_number(book.sent_by);
        let first = quarters.iter().map(|(_, _, by)| *by).fold(round, i64::min);
        let mut late: Vec<i64> =
            sendings.all().filter(|(_, sent)| *sent > first).map(|(id, _)| id).collect();
        late.sort_unstable();
        let list: Vec<String> = late.iter().map(ToString::to_string).collect();
        let late = Late {
            list: format!("[{}]", list.join(",")),
            from: late.first().copied().unwrap_or(i64::MAX),
            by_quarter: !quarters.is_empty(),
        };
        Self { round, quarters, late }
    }

    /// Whether what was sent on a day is in time for a day of service.
    pub(super) fn met(&self, sent: i64, day: i64) -> bool {
        let of_quarter = |(from, to, by): &(i64, i64, i64)| day < *from || *to < day || sent <= *by;
        sent <= self.round && self.quarters.iter().all(of_quarter)
    }
}

/// The last day of sending for a part of a round, or for the round itself.
pub(super) fn last_day(book: &Rulebook, part: Option<&RulePeriod>) -> NaiveDate {
    let own = part.and_then(|part| part.sent_by);
    own.map_or(book.sent_by, |own| own.min(book.sent_by))
}
