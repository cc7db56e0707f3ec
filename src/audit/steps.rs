//! The way of a case, from `schema/audit/steps.toml`: which step can be taken
//! in which state, by whom, and what it needs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rule::CaseSeverity;
use crate::credentials::Role;
use crate::text::Bilingual;

/// State of a case.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum CaseState {
    /// The rules selected it; nobody was told.
    Selected,
    /// The unit was told.
    Notified,
    /// The unit asks for a check.
    Appealed,
    /// It was checked at the unit.
    Verified,
    /// It is decided.
    Resolved,
}

impl CaseState {
    /// Every state, in the order in which a case goes through them.
    pub const ALL: [Self; 5] =
        [Self::Selected, Self::Notified, Self::Appealed, Self::Verified, Self::Resolved];

    /// As it is stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Selected => "selected",
            Self::Notified => "notified",
            Self::Appealed => "appealed",
            Self::Verified => "verified",
            Self::Resolved => "resolved",
        }
    }

    /// The state with a name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Name of the state, for people.
    pub fn text(self) -> Bilingual {
        let state = TABLE.states.iter().find(|line| line.name == self);
        state.map_or_else(Bilingual::default, |line| Bilingual {
            th: line.th.clone(),
            en: line.en.clone(),
        })
    }
}

/// When a step can be taken in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Always.
    Always,
    /// Up to the last day to appeal.
    BeforeDeadline,
    /// After it.
    AfterDeadline,
}

/// What a step does to the money that a case holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing.
    #[default]
    None,
    /// It is paid.
    Release,
    /// A percentage is paid, the rest is kept for good.
    Part,
    /// It is kept for good.
    Keep,
    /// As before it was decided.
    Again,
    /// What its rows come to by now is held from the letter on.
    Told,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseStep {
    /// Name of the command or route.
    pub name: String,
    /// Which decision, for a step that decides.
    #[serde(default)]
    pub decision: Option<String>,
    /// Name in the record of events.
    pub event: String,
    /// Thai name.
    pub th: String,
    /// English name.
    pub en: String,
    /// States in which it can be taken.
    pub from: BTreeMap<CaseState, When>,
    /// Who can take it after the deadline.
    #[serde(default)]
    pub late: Vec<Role>,
    /// The state after it; none when it leaves the case as it stands.
    #[serde(default)]
    pub to: Option<CaseState>,
    /// The state after it, from states after which it is another than `to`.
    #[serde(default)]
    pub to_from: BTreeMap<CaseState, CaseState>,
    /// The state after it is the one before the last decision.
    #[serde(default)]
    pub back: bool,
    /// Who can take it.
    pub roles: Vec<Role>,
    /// Values that must be given with it.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Values that may be given with it.
    #[serde(default)]
    pub may: Vec<String>,
    /// What it does to held money.
    #[serde(default)]
    pub money: Effect,
    /// Only for cases that hold money.
    #[serde(default)]
    pub holds: bool,
    /// Only for cases that something joined since the last letter.
    #[serde(default)]
    pub untold: bool,
    /// Where it is said.
    pub source: String,
}

impl CaseStep {
    /// The state after it of a case that stands so; none when it leaves the case
    /// as it stands.
    pub fn leads_to(&self, from: CaseState) -> Option<CaseState> {
        self.to_from.get(&from).copied().or(self.to)
    }

    /// Its name, with the decision.
    pub fn full_name(&self) -> String {
        let decision =
            self.decision.as_ref().map_or(String::new(), |decision| format!(" {decision}"));
        format!("{}{decision}", self.name)
    }

    /// Whether something can be said with it.
    pub fn takes(&self, what: &str) -> bool {
        self.needs.iter().chain(&self.may).any(|name| name == what)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateLine {
    name: CaseState,
    th: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    #[serde(rename = "state")]
    states: Vec<StateLine>,
    #[serde(rename = "step")]
    steps: Vec<CaseStep>,
}

static TABLE: LazyLock<StepTable> = LazyLock::new(|| {
    toml::from_str(include_str!("../../schema/audit/steps.toml"))
        .expect("it is part of the program and tested")
});

/// Every step.
pub fn steps() -> &'static [CaseStep] {
    &TABLE.steps
}

/// A step by name and decision.
pub fn step(name: &str, decision: Option<&str>) -> Option<&'static CaseStep> {
    TABLE.steps.iter().find(|step| step.name == name && step.decision.as_deref() == decision)
}

/// What decides whether a step can be taken on a case.
#[derive(Debug, Clone, Copy)]
pub struct CaseStanding {
    /// State of the case.
    pub state: CaseState,
    /// Whether the unit was ever told of it.
    pub told: bool,
    /// The last day to appeal, once the unit was told; none again when a warning
    /// has become a hold since: of that it was not told.
    pub appeal_by: Option<NaiveDate>,
    /// Whether it holds money.
    pub severity: CaseSeverity,
    /// Whether something joined it since the last letter.
    pub untold: bool,
}

/// The user who wants to take a step.
#[derive(Debug, Clone, Copy)]
pub struct Actor {
    /// Role of the user.
    pub role: Role,
    /// Whether the case's unit is theirs.
    pub own: bool,
}

/// Whether a step can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepAnswer {
    /// It can.
    Yes,
    /// It can, after the deadline, with a reason.
    Late,
    /// The user may not know of the case.
    Unknown,
    /// The user may not take it.
    Forbidden,
    /// The state of the case does not allow it.
    NotNow,
}

/// Whether a case can be seen.
pub fn sees(actor: Actor, told: bool) -> bool {
    match actor.role {
        Role::Province => true,
        Role::Cup | Role::Unit => actor.own && told,
        Role::Metrics => false,
    }
}

/// Whether a step can be taken on a day.
pub fn answer(step: &CaseStep, standing: &CaseStanding, actor: Actor, on: NaiveDate) -> StepAnswer {
    if actor.role == Role::Metrics {
        return StepAnswer::Forbidden;
    }
    if !sees(actor, standing.told) {
        return StepAnswer::Unknown;
    }
    if !step.roles.contains(&actor.role) {
        return StepAnswer::Forbidden;
    }
    let over = standing.appeal_by.is_some_and(|last| on > last);
    let Some(when) = step.from.get(&standing.state) else { return StepAnswer::NotNow };
    if step.holds && standing.severity != CaseSeverity::Hold {
        return StepAnswer::NotNow;
    }
    if step.untold && !standing.untold {
        return StepAnswer::NotNow;
    }
    // Nobody loses money by a step of which they were not told: never at all, or
    // of a warning only that became a hold.
    if step.holds && (!standing.told || standing.appeal_by.is_none()) {
        return StepAnswer::NotNow;
    }
    match when {
        When::Always => StepAnswer::Yes,
        When::BeforeDeadline if !over => StepAnswer::Yes,
        When::BeforeDeadline if step.late.contains(&actor.role) => StepAnswer::Late,
        When::AfterDeadline if over => StepAnswer::Yes,
        When::BeforeDeadline | When::AfterDeadline => StepAnswer::NotNow,
    }
}

/// Steps that an asker can take now, by their full names.
pub fn allowed(standing: &CaseStanding, actor: Actor, on: NaiveDate) -> Vec<String> {
    let can = |step: &&CaseStep| {
        matches!(answer(step, standing, actor, on), StepAnswer::Yes | StepAnswer::Late)
    };
    steps().iter().filter(can).map(CaseStep::full_name).collect()
}

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
