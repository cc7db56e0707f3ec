//! Spans of days, and the numbered periods of a round.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A span of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaySpan {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

impl DaySpan {
    /// Whether a day lies in the span.
    pub fn contain(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }
}

/// A part of the round: a tranche, a quarter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePeriod {
    /// Number within the round, from 1.
    pub number: u32,
    /// First day of service.
    pub from: NaiveDate,
    /// Last day of service.
    pub to: NaiveDate,
    /// Last day of sending, where it is earlier than that of the round.
    #[serde(default)]
    pub sent_by: Option<NaiveDate>,
    /// Source of the rule.
    pub source: String,
}

impl RulePeriod {
    /// Days of service that it covers.
    pub fn days(&self) -> DaySpan {
        DaySpan { from: self.from, to: self.to }
    }
}
