//! Collects mistakes, and checks that several sections share.

use chrono::Days as Count;
use rust_decimal::Decimal;

use crate::score::rulebook::{RulePeriod, Rulebook, RulebookError};

/// Largest number of points, score or baht in one value of a rulebook: far more than
/// any round has had, and small enough that no sum of them overflows.
pub(super) const MOST: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// Mistakes found so far.
pub(super) struct Mistakes {
    pub(super) file: String,
    pub(super) list: Vec<RulebookError>,
}

impl Mistakes {
    /// Writes a mistake down.
    pub(super) fn add(&mut self, key: &str, what: impl std::fmt::Display) {
        let file = self.file.clone();
        self.list.push(RulebookError { file, what: format!("{key}: {what}") });
    }

    /// Writes it down when `right` is not so.
    pub(super) fn unless(&mut self, right: bool, key: &str, what: impl std::fmt::Display) {
        if !right {
            self.add(key, what);
        }
    }
}

/// The sum; `None` if it overflows.
pub(super) fn sum(values: impl Iterator<Item = Decimal>) -> Option<Decimal> {
    values.into_iter().try_fold(Decimal::ZERO, Decimal::checked_add)
}

/// Periods are numbered from 1, follow each other without a gap, and together cover
/// the round.
pub(super) fn periods(key: &str, list: &[RulePeriod], book: &Rulebook, m: &mut Mistakes) {
    let window = book.window;
    m.unless(!list.is_empty(), key, "there is none");
    let mut begin = Some(window.from);
    for (index, period) in list.iter().enumerate() {
        let key = format!("{key}[{}]", index + 1);
        m.unless(period.number as usize == index + 1, &format!("{key}.number"), "is out of order");
        m.unless(period.from <= period.to, &key, "ends before it begins");
        if let Some(begin) = begin {
            let what = format_args!(
                "{} should be {begin}: no day is left out or counted twice",
                period.from
            );
            m.unless(period.from == begin, &format!("{key}.from"), what);
        }
        if let Some(by) = period.sent_by {
            let key = format!("{key}.sent_by");
            m.unless(by >= period.to, &key, "lies before the end");
            m.unless(by <= book.sent_by, &key, "lies after that of the round");
        }
        m.unless(!period.source.trim().is_empty(), &format!("{key}.source"), "is blank");
        begin = period.to.checked_add_days(Count::new(1));
    }
    if let Some(last) = list.last() {
        let what = format_args!("{} should be {}, the end of the round", last.to, window.to);
        m.unless(last.to == window.to, &format!("{key}[{}].to", list.len()), what);
    }
}
