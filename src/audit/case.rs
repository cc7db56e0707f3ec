//! A case with all that was done about it, and how it therefore stands.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limit::Threshold;
use super::rule::{AuditRule, CaseSeverity};
use super::steps::{CaseStanding, CaseState};
use crate::money::holds::parse_percent;
use crate::store::{
    AuditCase, AuditEvent, AuditFact, AuditHold, AuditTurn, Reader, Result, StoreError,
};
use crate::text::Bilingual;

/// What a verification said of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Kind of record, or its name in the standard of the archive.
    pub file: String,
    /// The submission.
    pub submission: i64,
    /// The line.
    pub line: i64,
    /// `confirmed` (rightly suspected), `refuted` or `missing` (no paper).
    pub verdict: String,
    /// In words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What a step needs besides words. What is not said is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepData {
    /// The run that found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<i64>,
    /// Rows that were found by then, or the numerator of a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numerator: Option<u64>,
    /// Of so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denominator: Option<u64>,
    /// How bad it is by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The last submission that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<i64>,
    /// Rows that are not kept one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<u64>,
    /// Rows that joined it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<u64>,
    /// Rows of it that were taken back since it was looked at before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<u64>,
    /// The share of the item's money that its rows come to by now, in percent,
    /// where that is more than the unit was told of: held from the next letter on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
    /// The peers of a rate by which it was judged then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peers: Option<serde_json::Value>,
    /// The rule by which it was judged then, where it is another than the case
    /// was opened by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged_by: Option<Box<JudgedBy>>,
    /// Number of the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub letter_no: Option<String>,
    /// The day of the letter, the appeal, the verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<NaiveDate>,
    /// The last day to appeal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appeal_by: Option<NaiveDate>,
    /// Why an appeal after that day was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<String>,
    /// What was found at the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// How much of the money is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<String>,
    /// On which condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What was said of each row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
}

impl StepData {
    /// As it is kept.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The rule as it was when a case was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Described {
    /// What it is called.
    pub name: Bilingual,
    /// What is suspicious.
    pub says: Bilingual,
    /// Where it is said.
    pub source: String,
    /// From when on money is held.
    pub hold: Option<Threshold>,
    /// From when on there is a warning.
    pub warn: Option<Threshold>,
    /// What no public source says.
    pub local_defaults: Vec<String>,
    /// Values shown beside a row, with what they are called.
    pub captions: BTreeMap<String, Bilingual>,
    /// Their order.
    pub shows: Vec<String>,
}

impl Described {
    /// Of a rule as it is now.
    pub fn new(rule: &AuditRule) -> Self {
        Self {
            name: rule.name.clone(),
            says: rule.says.clone(),
            source: rule.source.clone(),
            hold: rule.hold,
            warn: rule.warn,
            local_defaults: rule.local_defaults.clone(),
            captions: rule.captions.clone(),
            shows: rule.shows.clone(),
        }
    }
}

/// A rule as it was when a case became worse by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JudgedBy {
    /// SHA-256 of all that it was made of.
    pub version: String,
    /// What it says.
    #[serde(flatten)]
    pub described: Described,
}

/// What joined a case since its unit was last told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Rows.
    pub rows: u64,
    /// The share of the item's money that the case comes to with them, in
    /// hundredths of a percent; none when that is no more than is held.
    pub share: Option<u32>,
}

/// A case with all that was done about it.
#[derive(Debug, Clone)]
pub struct Case {
    /// As it was opened.
    pub opened: AuditCase,
    /// Its steps.
    pub events: Vec<(AuditEvent, StepData)>,
    /// What it holds, or held.
    pub holds: Vec<AuditHold>,
}

impl Case {
    /// A case as a reader sees it until the submission after `as_of` came.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn read(reader: &Reader, opened: AuditCase, as_of: i64) -> Result<Self> {
        let events = reader.audit_events(opened.id, as_of)?;
        let holds = reader.audit_holds(Some(opened.id), as_of)?;
        Self::new(opened, events, holds)
    }

    /// The same within the writer's turn.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn read_in(turn: &AuditTurn<'_>, opened: AuditCase) -> Result<Self> {
        let (events, holds) = (turn.events(opened.id)?, turn.holds(opened.id)?);
        Self::new(opened, events, holds)
    }

    /// A step that cannot be read is an error: without its deadline, severity
    /// or decision a case would stand otherwise than it was decided.
    fn new(opened: AuditCase, events: Vec<AuditEvent>, holds: Vec<AuditHold>) -> Result<Self> {
        let read = |event: AuditEvent| match serde_json::from_str(&event.data) {
            Ok(data) => Ok((event, data)),
            Err(error) => Err(StoreError::Inconsistent(format!(
                "step {} of audit case {}: {error}",
                event.id, opened.id
            ))),
        };
        let events = events.into_iter().map(read).collect::<Result<_>>()?;
        Ok(Self { opened, events, holds })
    }

    /// How it stands.
    pub fn state(&self) -> CaseState {
        let last = self.events.last().and_then(|(event, _)| CaseState::parse(&event.state));
        last.unwrap_or(CaseState::Selected)
    }

    /// Tells two states of it apart.
    pub fn etag(&self) -> String {
        format!("{}-{}", self.opened.id, self.events.last().map_or(0, |(event, _)| event.id))
    }

    /// How bad it is by now.
    pub fn severity(&self) -> CaseSeverity {
        let said = self
            .events
            .iter()
            .filter_map(|(_, data)| CaseSeverity::parse(data.severity.as_deref()?));
        said.chain(CaseSeverity::parse(&self.opened.severity)).max().unwrap_or(CaseSeverity::Warn)
    }

    /// Whether the unit was ever told.
    pub fn told(&self) -> bool {
        self.events.iter().any(|(event, _)| event.state == CaseState::Notified.as_str())
    }

    /// The last day to appeal. Of a case that has become worse since the letter
    /// there is none: the unit has to be told anew.
    pub fn appeal_by(&self) -> Option<NaiveDate> {
        self.since_selected().iter().rev().find_map(|(_, data)| data.appeal_by)
    }

    /// Whether its last day to appeal is over and it is not decided.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.state() != CaseState::Resolved && self.appeal_by().is_some_and(|last| last < today)
    }

    /// What joined it since the last letter; none when nothing did, and none while
    /// the unit has yet to be told of the case itself.
    pub fn untold(&self) -> Option<Untold> {
        self.appeal_by()?;
        let last = self.events.iter().rposition(|(event, _)| is_letter(&event.step))?;
        let since = self.events[last..].iter().map(|(_, data)| data);
        let rows = since.clone().filter_map(|data| data.joined).sum();
        let share = since.rev().find(|data| data.run.is_some());
        let share = share.and_then(|data| parse_percent(data.share.as_deref()?).ok());
        (rows > 0 || share.is_some()).then_some(Untold { rows, share })
    }

    /// The peers of a rate by which it was judged last.
    pub fn peers(&self) -> Option<serde_json::Value> {
        let said = self.events.iter().rev().find_map(|(_, data)| data.peers.clone());
        said.or_else(|| serde_json::from_str(self.opened.peers.as_deref()?).ok())
    }

    /// The day on which it was opened, or became a hold after it was opened as a
    /// warning: nobody can have been told before.
    pub fn selected_on(&self) -> Option<NaiveDate> {
        let (event, _) = self.since_selected().first()?;
        event.at.get(..10)?.parse().ok()
    }

    /// How it stood before the last decision; none while there was none.
    pub fn before_decision(&self) -> Option<CaseState> {
        let resolved = CaseState::Resolved.as_str();
        let decisions = self.events.iter().rev();
        let last = decisions
            .map(|(event, _)| event)
            .find(|event| event.state == resolved && event.was != resolved);
        last.and_then(|event| CaseState::parse(&event.was))
    }

    /// Its steps from the one on that opened it or made it a hold.
    fn since_selected(&self) -> &[(AuditEvent, StepData)] {
        let mut worst = CaseSeverity::parse(&self.opened.severity);
        let mut from = 0;
        for (at, (_, data)) in self.events.iter().enumerate() {
            let said = data.severity.as_deref().and_then(CaseSeverity::parse);
            if said > worst {
                (worst, from) = (said, at);
            }
        }
        &self.events[from..]
    }

    /// Numerator and denominator as they were counted last.
    pub fn counted(&self) -> (u64, u64) {
        let last =
            self.events.iter().rev().find_map(|(_, data)| data.numerator.zip(data.denominator));
        last.unwrap_or((self.opened.numerator, self.opened.denominator))
    }

    /// Rows that are not kept one by one.
    pub fn cut(&self) -> u64 {
        self.events.iter().filter_map(|(_, data)| data.cut).sum()
    }

    /// The last submission that was looked at for it.
    pub fn seen_until(&self) -> i64 {
        self.events.iter().filter_map(|(_, data)| data.as_of).max().unwrap_or(0)
    }

    /// Whether nothing was left of it when it was last looked at.
    pub fn cleared(&self) -> bool {
        let last = self
            .events
            .iter()
            .rev()
            .find(|(event, _)| matches!(event.step.as_str(), SELECTED | EVIDENCE | CLEARED));
        last.is_some_and(|(event, _)| event.step == CLEARED)
    }

    /// How it stands to whoever wants to take a step.
    pub fn standing(&self) -> CaseStanding {
        CaseStanding {
            state: self.state(),
            told: self.told(),
            appeal_by: self.appeal_by(),
            severity: self.severity(),
            untold: self.untold().is_some(),
        }
    }

    /// The rule as it was when it was opened, or when it became worse since.
    pub fn described(&self) -> Option<Described> {
        let worse = self.judged_by().map(|rule| rule.described.clone());
        worse.or_else(|| serde_json::from_str(&self.opened.described).ok())
    }

    /// The version of that rule.
    pub fn version(&self) -> &str {
        self.judged_by().map_or(self.opened.version.as_str(), |rule| &rule.version)
    }

    fn judged_by(&self) -> Option<&JudgedBy> {
        self.events.iter().rev().find_map(|(_, data)| data.judged_by.as_deref())
    }

    /// Holds that go on.
    pub fn in_force(&self) -> impl Iterator<Item = &AuditHold> {
        self.holds.iter().filter(|hold| !hold.ended)
    }
}

/// The unit was told of it.
pub const NOTIFIED: &str = "notified";
/// The unit was told of what joined it since.
pub const SUPPLEMENTED: &str = "supplemented";

/// Whether a step is a letter that tells the unit what is suspicious.
pub fn is_letter(step: &str) -> bool {
    [NOTIFIED, SUPPLEMENTED].contains(&step)
}

/// A case was opened.
pub const SELECTED: &str = "selected";
/// Rows joined it, or a rate got worse.
pub const EVIDENCE: &str = "evidence";
/// Nothing of it is left.
pub const CLEARED: &str = "cleared";

/// Where rows came from: file, submission, line.
pub type RowPlaces = HashSet<(String, i64, i64)>;

/// The places of rows.
pub fn places(facts: &[AuditFact]) -> RowPlaces {
    facts.iter().map(|fact| (fact.file.clone(), fact.sub, fact.line)).collect()
}
