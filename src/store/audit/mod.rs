//! Audit cases as they are kept: what was found, every step, what was held. A
//! line is never changed (the tables' own triggers see to it), and each step is
//! sealed over itself, the rows that it brought and the seal before.

mod prove;
mod read;
#[cfg(test)]
mod tests;
mod write;
pub(super) use write::case_of_hold;

pub use write::{AuditTurn, StepWriter};

/// A case as it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCase {
    /// Number of the case.
    pub id: i64,
    /// The round, B.E.
    pub round: i64,
    /// The tranche.
    pub tranche: String,
    /// The unit.
    pub hcode: String,
    /// The rule.
    pub rule: String,
    /// The item of the rulebook that it is about.
    pub item: String,
    /// `hold` or `warn`, when it was opened.
    pub severity: String,
    /// The case before it, about the same rule, unit and tranche.
    pub follows: Option<i64>,
    /// The run that opened it.
    pub run: i64,
    /// Version of the rule.
    pub version: String,
    /// JSON: the rule as it was.
    pub described: String,
    /// Suspicious rows, or the numerator of a rate.
    pub numerator: u64,
    /// All rows, or the denominator of a rate.
    pub denominator: u64,
    /// JSON: the peers of a rate.
    pub peers: Option<String>,
}

/// A row that raised a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFact {
    /// Kind of record.
    pub file: String,
    /// The submission that brought it.
    pub sub: i64,
    /// Line in the member.
    pub line: i64,
    /// The run that found it.
    pub run: i64,
    /// PID of the person at the unit.
    pub pid: String,
    /// The day that it counts for, `YYYYMMDD`.
    pub day: i64,
    /// JSON: what the rule shows of it.
    pub shown: String,
    /// Whether its submission has been taken back since.
    pub gone: bool,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its number: the last one of a case tells two states of it apart.
    pub id: i64,
    /// The case.
    pub case_id: i64,
    /// What was done.
    pub step: String,
    /// The state before.
    pub was: String,
    /// The state after.
    pub state: String,
    /// Time, RFC 3339.
    pub at: String,
    /// User, or the service.
    pub by: String,
    /// With which token, over HTTP.
    pub token: Option<i64>,
    /// Text that was given.
    pub text: String,
    /// JSON: what else the step needs.
    pub data: String,
}

/// What a case holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHold {
    /// The case.
    pub case_id: i64,
    /// The hold.
    pub hold: i64,
    /// How much of the item's money, in hundredths of a percent.
    pub share: u32,
    /// Whether it was decided on for good.
    pub is_final: bool,
    /// Whether it has ended.
    pub ended: bool,
}

/// For which case money is held, and how that stands. Before the unit was told
/// of the case it is not named: a unit and its main unit see that money is held,
/// and the province alone sees for what ([`HeldFor::name`]).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct HeldFor {
    /// The hold.
    pub hold: i64,
    /// Which case, once it may be named.
    #[serde(flatten)]
    pub named: Option<NamedCase>,
    /// In its place before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<crate::text::Bilingual>,
    /// HCODE of the unit.
    #[serde(skip)]
    pub hcode: String,
    /// The item of the rulebook.
    pub item: String,
    /// The tranche.
    pub tranche: String,
    /// How much of the item's money, in hundredths of a percent.
    #[serde(skip)]
    pub share: u32,
    /// Whether that was decided on for good: it is not paid.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The case, for the province.
    #[serde(skip)]
    case: NamedCase,
}

/// A case where it is named.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct NamedCase {
    /// Number of the case.
    pub case: i64,
    /// Name of the rule.
    pub rule: String,
    /// State of the case.
    pub state: String,
}

impl HeldFor {
    /// Names the case, whether its unit was told of it or not: for the province.
    pub fn name(&mut self) {
        self.named = Some(self.case.clone());
        self.reason = None;
    }
}

/// A run of the rules, before it has a number.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// Time, RFC 3339.
    pub at: &'a str,
    /// User, or the service.
    pub by: &'a str,
    /// The round.
    pub round: i64,
    /// The last submission that was looked at.
    pub as_of: i64,
    /// JSON: rule to version.
    pub rules: &'a str,
    /// Cases opened.
    pub opened: u64,
    /// Rows that joined cases.
    pub added: u64,
}

/// A step to be written down.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// What is done.
    pub step: &'a str,
    /// The state before, blank for the first.
    pub was: &'a str,
    /// The state after.
    pub state: &'a str,
    /// Time, RFC 3339.
    pub at: &'a str,
    /// User, or the service.
    pub by: &'a str,
    /// With which token, over HTTP.
    pub token: Option<i64>,
    /// Text that was given.
    pub text: &'a str,
    /// JSON: what else the step needs.
    pub data: &'a str,
    /// Rows that it brings.
    pub facts: &'a [AuditFact],
    /// What it does to money.
    pub money: &'a [HoldChange],
}

/// What a step does to money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldChange {
    /// Holds so much of the item, in hundredths of a percent.
    Hold {
        /// How much.
        share: u32,
        /// Whether for good.
        is_final: bool,
    },
    /// Ends a hold.
    Release(i64),
    /// Says whether a hold that goes on is for good.
    Mark {
        /// The hold.
        hold: i64,
        /// Whether for good.
        is_final: bool,
    },
}
