//! Takes a step of a case, in the writer's turn: what may be done is asked of
//! the case as it stands then, so that of two who decide at once the second
//! is told.

use std::fmt::Display;

use chrono::{Days, NaiveDate};

use super::AuditError;
use super::case::{Case, NOTIFIED, StepData, Verdict, is_letter};
use super::rule::CaseSeverity;
use super::steps::{Actor, CaseStep, Effect, StepAnswer, allowed, answer};
use crate::credentials::Role;
use crate::money::holds::{WHOLE, parse_percent, percent};
use crate::store::{AuditHold, AuditTurn, HoldChange, NewEvent};
use crate::text::{message_with, text};

/// A step that somebody wants to take.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The text of the step.
    pub text: String,
    /// The other values that the step takes.
    pub data: StepData,
    /// The tag that the case must have, if the request gives one.
    pub if_match: Option<String>,
}

/// Who takes it, and when.
#[derive(Debug, Clone, Copy)]
pub struct StepTaker<'a> {
    /// Role of the user, and whether the unit is theirs.
    pub actor: Actor,
    /// Name of the user.
    pub by: &'a str,
    /// Number of the token, for a step over HTTP.
    pub token: Option<i64>,
    /// Now, RFC 3339.
    pub at: &'a str,
    /// Today.
    pub today: NaiveDate,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// There is no such case, or the user may not know of it.
    #[error("{}", message_with("audit.no_case", &[("case", .0)]).both())]
    Unknown(i64),
    /// The user may not take it.
    #[error("{}", message_with("audit.not_yours", &[("step", .step)]).both())]
    Forbidden {
        /// The step.
        step: String,
    },
    /// The case is in a state in which the step is not possible.
    #[error("{}", not_now(*.case, .step, (.state, .th), .allowed))]
    NotNow {
        /// The case.
        case: i64,
        /// The step.
        step: String,
        /// Its state.
        state: String,
        /// The same in Thai.
        th: String,
        /// Steps that are possible.
        allowed: String,
    },
    /// Somebody else changed the case meanwhile.
    #[error("{}", message_with("audit.changed", &[("case", .0)]).both())]
    Changed(i64),
    /// Something is missing or wrong.
    #[error("{0}")]
    Wrong(String),
    /// The store failed, or what it has of the case contradicts itself.
    #[error("{0}")]
    Audit(#[from] AuditError),
}

impl From<crate::store::StoreError> for StepError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Audit(error.into())
    }
}

/// Takes a step; gives the case's new tag.
///
/// # Errors
/// Refused if there is no such case, if it stands otherwise than the caller has seen,
/// or if the step does not follow from where it stands; else errors of the database.
pub fn take(
    turn: &AuditTurn<'_>,
    id: i64,
    step: &CaseStep,
    wanted: Wanted,
    taker: &StepTaker<'_>,
    appeal_days: u32,
) -> Result<String, StepError> {
    let opened = turn.case(id)?.ok_or(StepError::Unknown(id))?;
    let case = Case::read_in(turn, opened)?;
    let mut wanted = wanted;
    may(&case, step, &wanted, taker)?;
    check(step, &mut wanted, taker)?;
    if is_letter(&step.event) {
        // A letter that is entered late takes nobody's days: they begin when the
        // unit could see the case.
        let from = wanted.data.on.map_or(taker.today, |on| on.max(taker.today));
        wanted.data.appeal_by = from.checked_add_days(Days::new(u64::from(appeal_days)));
    }
    if step.decision.is_some() {
        wanted.data.decision.clone_from(&step.decision);
    }
    let money = money(&case, step, &wanted)?;
    let before = step.back.then(|| case.before_decision()).flatten();
    let state = before.or(step.leads_to(case.state())).unwrap_or(case.state());
    let event = turn.add_event(
        &case.opened,
        &NewEvent {
            step: &step.event,
            was: case.state().as_str(),
            state: state.as_str(),
            at: taker.at,
            by: taker.by,
            token: taker.token,
            text: &wanted.text,
            data: &wanted.data.text(),
            facts: &[],
            money: &money,
        },
    )?;
    Ok(format!("{id}-{event}"))
}

/// Whether the step can be taken as the case stands.
fn may(
    case: &Case,
    step: &CaseStep,
    wanted: &Wanted,
    taker: &StepTaker<'_>,
) -> Result<(), StepError> {
    let (id, standing) = (case.opened.id, case.standing());
    // An appeal on paper counts by the day on which it came to the province.
    let paper = !step.late.is_empty() && taker.actor.role == Role::Province;
    let on = wanted.data.on.filter(|_| paper).unwrap_or(taker.today);
    let not_now = || StepError::NotNow {
        case: id,
        step: step.full_name(),
        state: standing.state.text().en,
        th: standing.state.text().th,
        allowed: allowed(&standing, taker.actor, taker.today).join(", "),
    };
    let answer = answer(step, &standing, taker.actor, on);
    match answer {
        StepAnswer::Unknown => return Err(StepError::Unknown(id)),
        StepAnswer::Forbidden => return Err(StepError::Forbidden { step: step.full_name() }),
        StepAnswer::NotNow | StepAnswer::Late | StepAnswer::Yes => {}
    }
    // What somebody decided by an older state is not even looked at.
    if wanted.if_match.as_ref().is_some_and(|tag| *tag != case.etag()) {
        return Err(StepError::Changed(id));
    }
    days(case, step, &wanted.data, taker.today)?;
    match answer {
        StepAnswer::NotNow => Err(not_now()),
        StepAnswer::Late if wanted.data.late.as_deref().is_none_or(|why| why.trim().is_empty()) => {
            let last = standing.appeal_by.map_or_else(String::new, |day| day.to_string());
            Err(StepError::Wrong(message_with("audit.say_why_late", &[("last", &last)]).both()))
        }
        _ => Ok(()),
    }
}

/// The day of a step is not ahead, and not before the unit was told; that of the
/// letter not before there was anything to tell.
fn days(case: &Case, step: &CaseStep, data: &StepData, today: NaiveDate) -> Result<(), StepError> {
    let Some(on) = data.on else { return Ok(()) };
    if on > today {
        return Err(StepError::Wrong(text("audit.day_ahead").both()));
    }
    if step.event == NOTIFIED
        && let Some(opened) = case.selected_on().filter(|opened| on < *opened)
    {
        return Err(StepError::Wrong(
            message_with("audit.before_it_was_opened", &[("day", &opened)]).both(),
        ));
    }
    let told = case.events.iter().rev().find(|(event, _)| is_letter(&event.step));
    match told.and_then(|(_, data)| data.on) {
        Some(told) if on < told => Err(StepError::Wrong(
            message_with("audit.before_the_unit_was_told", &[("day", &told)]).both(),
        )),
        _ => Ok(()),
    }
}

/// What is said of a step that is not possible now.
fn not_now(case: i64, step: &str, (state, th): (&str, &str), allowed: &str) -> String {
    let values: [(&str, &dyn Display); 5] =
        [("case", &case), ("step", &step), ("state", &state), ("th", &th), ("allowed", &allowed)];
    message_with("audit.not_now", &values).both()
}

/// Longest text of a step, in characters.
const LONGEST: usize = 2000;

/// Whether all is said that the step needs, and nothing that it cannot have.
fn check(step: &CaseStep, wanted: &mut Wanted, taker: &StepTaker<'_>) -> Result<(), StepError> {
    let wrong = |text: String| Err(StepError::Wrong(text));
    wanted.text = wanted.text.trim().to_owned();
    let data = &mut wanted.data;
    if taker.by.trim().is_empty() {
        return wrong(text("audit.say_who").both());
    }
    let named = [&data.found, &data.condition, &data.late, &data.letter_no].into_iter().flatten();
    let notes = data.verdicts.iter().map(|line| &line.note);
    let mut texts = named.chain(notes).chain([&wanted.text]).map(String::as_str).chain([taker.by]);
    if texts.any(|text| text.chars().count() > LONGEST) {
        return wrong(message_with("audit.text_too_long", &[("most", &LONGEST)]).both());
    }
    for need in &step.needs {
        let there = match need.as_str() {
            "text" => !wanted.text.is_empty(),
            "on" => data.on.is_some(),
            "found" => data.found.as_ref().is_some_and(|text| !text.trim().is_empty()),
            "condition" => data.condition.as_ref().is_some_and(|text| !text.trim().is_empty()),
            "proposal" => data.proposal.is_some(),
            "percent" => data.percent.is_some(),
            _ => false,
        };
        if !there {
            let name = step.full_name();
            return wrong(
                message_with("audit.step_needs", &[("step", &name), ("need", need)]).both(),
            );
        }
    }
    if let Some(what) = said(&wanted.text, data).into_iter().find(|what| !step.takes(what)) {
        let name = step.full_name();
        return wrong(
            message_with("audit.step_takes_no", &[("step", &name), ("what", &what)]).both(),
        );
    }
    if let Some(proposal) = &data.proposal {
        if !PROPOSALS.contains(&proposal.as_str()) {
            return wrong(format!("{proposal} is none of {}", PROPOSALS.join(", ")));
        }
        if (proposal == "partial") != data.percent.is_some() {
            return wrong(text("audit.percent_with_partial").both());
        }
    } else if data.percent.is_some() && !step.needs.iter().any(|need| need == "percent") {
        return wrong(format!("{} has no percentage", step.full_name()));
    }
    if let Some(said) = &data.percent {
        let share = parse_percent(said).ok().filter(|share| *share < WHOLE);
        let Some(share) = share else {
            return wrong(message_with("audit.no_percentage", &[("said", said)]).both());
        };
        data.percent = Some(percent(share));
    }
    match data.verdicts.iter().find(|line| !VERDICTS.contains(&line.verdict.as_str())) {
        Some(line) => wrong(format!("{} is none of {}", line.verdict, VERDICTS.join(", "))),
        None => Ok(()),
    }
}

/// The names of what is said with a step, but for a percentage, which has a
/// rule of its own.
fn said(text: &str, data: &StepData) -> Vec<&'static str> {
    let named = [
        ("text", !text.is_empty()),
        ("on", data.on.is_some()),
        ("letter_no", data.letter_no.is_some()),
        ("late", data.late.is_some()),
        ("found", data.found.is_some()),
        ("proposal", data.proposal.is_some()),
        ("condition", data.condition.is_some()),
        ("verdicts", !data.verdicts.is_empty()),
    ];
    named.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

/// What can be proposed.
pub const PROPOSALS: [&str; 3] = ["pay", "partial", "withhold"];

/// What can be said of a row.
pub const VERDICTS: [&str; 3] = ["confirmed", "refuted", "missing"];

/// Proves that verdicts are about rows of the case.
///
/// # Errors
/// Names the first verdict about a row that is not one of the case.
pub fn check_verdicts(
    verdicts: &[Verdict],
    known: &dyn Fn(&Verdict) -> bool,
) -> Result<(), StepError> {
    match verdicts.iter().find(|line| !known(line)) {
        Some(line) => {
            let place = format!("{} {} {}", line.file, line.submission, line.line);
            Err(StepError::Wrong(message_with("audit.no_row", &[("place", &place)]).both()))
        }
        None => Ok(()),
    }
}

/// What the step does to what the case holds.
fn money(case: &Case, step: &CaseStep, wanted: &Wanted) -> Result<Vec<HoldChange>, StepError> {
    let held: Vec<&AuditHold> = case.in_force().collect();
    let release = held.iter().map(|hold| HoldChange::Release(hold.hold));
    Ok(match step.money {
        Effect::None => Vec::new(),
        Effect::Release => release.collect(),
        Effect::Keep => {
            held.iter().map(|hold| HoldChange::Mark { hold: hold.hold, is_final: true }).collect()
        }
        Effect::Part => {
            let text = wanted.data.percent.as_deref().unwrap_or_default();
            let paid = parse_percent(text).map_err(StepError::Wrong)?;
            release.chain([HoldChange::Hold { share: WHOLE - paid, is_final: true }]).collect()
        }
        Effect::Again => again(case, &held),
        Effect::Told => match case.untold().and_then(|untold| untold.share) {
            Some(share) => release.chain([HoldChange::Hold { share, is_final: false }]).collect(),
            None => Vec::new(),
        },
    })
}

/// Money is held as it was before the last decision.
fn again(case: &Case, held: &[&AuditHold]) -> Vec<HoldChange> {
    if case.severity() != CaseSeverity::Hold {
        return Vec::new();
    }
    let last = case.events.iter().rev().find_map(|(_, data)| data.decision.as_deref());
    if last == Some(KEPT) {
        return held
            .iter()
            .map(|hold| HoldChange::Mark { hold: hold.hold, is_final: false })
            .collect();
    }
    // What the decision ended is the last hold that has ended.
    let before = case.holds.iter().filter(|hold| hold.ended).max_by_key(|hold| hold.hold);
    let share = before.map_or(WHOLE, |hold| hold.share);
    let release = held.iter().map(|hold| HoldChange::Release(hold.hold));
    release.chain([HoldChange::Hold { share, is_final: false }]).collect()
}

/// The decision that lets all go on being held.
const KEPT: &str = "withhold";
