//! Takes a step of an audit case. The case is looked at again in the writer's
//! turn, so that of two who decide at once the second is told.

use std::time::Duration;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{fresh_reader, line_of, no_case, own};
use crate::audit::act::{StepError, StepTaker, Wanted, check_verdicts, take};
use crate::audit::case::{StepData, Verdict};
use crate::audit::steps::{Actor, CaseStep, allowed, step, steps};
use crate::audit::view::{Archives, CaseLine};
use crate::audit::whole::WholeCase;
use crate::credentials::Role;
use crate::http::endpoint::{Body, Endpoint, POST};
use crate::http::problem::{self, CaseStands, Problem};
use crate::http::reply::{Reply, state_of};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::http::upload::RequestBody;
use crate::store::{Action, Reader, StepWriter};

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        methods: POST,
        body: Body::Step,
        about: "route.audit_step",
        schema: Some(ReplySchema::from_type::<StepReply>()),
        problems: STEP_PROBLEMS,
        ..Endpoint::api("audit_step", "/api/v1/audit/cases/{id}/{step}")
    },
    view: post,
}];

/// What can be wrong with a step.
pub const STEP_PROBLEMS: &[&problem::ProblemKind] = &[
    problem::NO_ROUTE,
    problem::NO_CASE,
    problem::STEP_NOT_NOW,
    problem::CASE_CHANGED,
    problem::INCOMPLETE_STEP,
    problem::BEING_LOADED,
];

/// What is said with a step. What is not said is not there.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepBody {
    /// `pay`, `partial` or `withhold`, with `resolve`.
    pub decision: Option<String>,
    /// In words: why, or what is said.
    pub text: Option<String>,
    /// Who decided on paper, or took part in a verification; for the province.
    pub by: Option<String>,
    /// Number of the letter.
    pub letter_no: Option<String>,
    /// The day of the letter, the appeal, the verification (C.E.).
    pub on: Option<NaiveDate>,
    /// Why an appeal is taken after the last day.
    pub late: Option<String>,
    /// What was found at the unit.
    pub found: Option<String>,
    /// `pay`, `partial` or `withhold`.
    pub proposal: Option<String>,
    /// How much is to be paid, in percent, with two decimals.
    pub percent: Option<String>,
    /// On which condition.
    pub condition: Option<String>,
    /// What was said of rows.
    pub verdicts: Vec<Verdict>,
}

/// The case after a step.
#[derive(Serialize, JsonSchema)]
struct StepReply {
    /// The step that was taken, with its decision.
    step: String,
    /// The case as in a list.
    #[serde(flatten)]
    line: CaseLine,
    /// What the one who took it can do now.
    allowed: Vec<String>,
}

/// `POST /api/v1/audit/cases/{id}/{step}`
pub fn post(request: &Request) -> Result<Reply, Problem> {
    let name = request.in_path("step");
    if !steps().iter().any(|step| step.name == name) {
        return Err(Problem::new(problem::NO_ROUTE, "there is no such step"));
    }
    let body = read(request)?;
    let step = wanted_step(request, name, body.decision.as_deref())?;
    // No header names no state, which is none of this case.
    let if_match = state_of(&request.if_match);
    perform(request, step, body, if_match.as_deref())?;
    let reader = fresh_reader(request)?;
    let (whole, actor) = own(request, &reader)?;
    let reply = StepReply {
        step: step.full_name(),
        line: line_of(request, &reader, &whole.case)?,
        allowed: allowed(&whole.case.standing(), actor, today(request)),
    };
    let mut answer = Reply::json(&reply)?;
    answer.state = Some(reply.line.etag);
    Ok(answer)
}

/// The step of a name and decision, for a case that the viewer may see.
pub fn wanted_step(
    request: &Request,
    name: &str,
    decision: Option<&str>,
) -> Result<&'static CaseStep, Problem> {
    let (_, actor) = own(request, request.store()?)?;
    let mut of_name = steps().iter().filter(|step| step.name == name);
    if of_name.all(|step| !step.roles.contains(&actor.role)) {
        let detail = format!("{name} is not yours to take");
        return Err(Problem::new(problem::NOT_ALLOWED, detail));
    }
    step(name, decision).ok_or_else(|| {
        let known = steps().iter().filter(|step| step.name == name);
        let known: Vec<&str> = known.filter_map(|step| step.decision.as_deref()).collect();
        let detail = if known.is_empty() {
            format!("{name} takes no decision")
        } else {
            format!("{name} needs a decision: {}", known.join(", "))
        };
        Problem::new(problem::INCOMPLETE_STEP, detail)
    })
}

fn today(request: &Request) -> NaiveDate {
    request.app.clock.now().date_naive()
}

/// What was said: a JSON document, or a form.
pub fn read(request: &Request) -> Result<StepBody, Problem> {
    let bytes: &[u8] = match &request.body {
        RequestBody::Form(bytes) => bytes,
        RequestBody::Nothing | RequestBody::Archive(_) => b"",
    };
    let kind = request.content_type.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => serde_json::from_slice(bytes)
            .map_err(|error| Problem::new(problem::INVALID_PARAMETER, error.to_string())),
        "application/x-www-form-urlencoded" | "" => from_form(bytes),
        _ => {
            let detail = "a step is application/json or application/x-www-form-urlencoded";
            Err(Problem::new(problem::MEDIA_TYPE, detail))
        }
    }
}

/// Fields of a form that say nothing of the step itself.
const AROUND: [&str; 4] = ["csrf", "etag", "step", "lang"];

/// What a field about one row begins with: `verdict.FILE.SUBMISSION.LINE`.
const ROW: &str = "verdict.";

fn from_form(bytes: &[u8]) -> Result<StepBody, Problem> {
    let wrong = |detail: String| Problem::new(problem::INVALID_PARAMETER, detail);
    let mut body = StepBody::default();
    for (name, value) in form_urlencoded::parse(bytes) {
        let said = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        let field = match name.as_ref() {
            "decision" => &mut body.decision,
            "text" => &mut body.text,
            "by" => &mut body.by,
            "letter_no" => &mut body.letter_no,
            "late" => &mut body.late,
            "found" => &mut body.found,
            "proposal" => &mut body.proposal,
            "percent" => &mut body.percent,
            "condition" => &mut body.condition,
            "on" => {
                let day = said.as_deref().map(str::parse::<NaiveDate>).transpose();
                body.on = day.map_err(|_| wrong("on must be a day, YYYY-MM-DD (C.E.)".into()))?;
                continue;
            }
            "verdicts" => {
                body.verdicts.extend(from_csv(&value)?);
                continue;
            }
            name if name.starts_with(ROW) => {
                if let Some(verdict) = said {
                    let row = of_row(&name[ROW.len()..], verdict);
                    body.verdicts.push(row.ok_or_else(|| wrong(format!("{name} is no row")))?);
                }
                continue;
            }
            name if AROUND.contains(&name) => continue,
            name => {
                let name: String = name.chars().take(40).collect();
                return Err(wrong(format!("a step has no field {name}")));
            }
        };
        *field = said;
    }
    Ok(body)
}

/// A verdict on the row `FILE.SUBMISSION.LINE`.
fn of_row(place: &str, verdict: String) -> Option<Verdict> {
    let mut parts = place.splitn(3, '.');
    let (file, submission, line) = (parts.next()?, parts.next()?, parts.next()?);
    let (submission, line) = (submission.parse().ok()?, line.parse().ok()?);
    Some(Verdict { file: file.to_owned(), submission, line, verdict, note: String::new() })
}

/// Verdicts of a CSV with the columns `file,submission,line,verdict,note`, in any
/// order and among others; rows without a verdict are passed over.
pub fn from_csv(text: &str) -> Result<Vec<Verdict>, Problem> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut verdicts = Vec::new();
    for line in reader.deserialize::<Verdict>() {
        let line = line.map_err(|error| {
            let detail =
                format!("verdicts: columns are file,submission,line,verdict,note: {error}");
            Problem::new(problem::INVALID_PARAMETER, detail)
        })?;
        if !line.verdict.is_empty() {
            verdicts.push(line);
        }
    }
    Ok(verdicts)
}

/// Takes the step, if the case still stands as `if_match` says; none takes it as
/// it stands.
pub fn perform(
    request: &Request,
    step: &CaseStep,
    body: StepBody,
    if_match: Option<&str>,
) -> Result<(), Problem> {
    let reader = request.store()?;
    let (whole, actor) = own(request, reader)?;
    check_rows(request, reader, &whole, step, &body.verdicts)?;
    let (id, hcode) = (whole.case.opened.id, &whole.case.opened.hcode);
    let at = request.app.clock.now().to_rfc3339();
    let taker = StepTaker {
        actor,
        by: &by(request, actor, body.by.as_deref()),
        token: request.viewer.identity.as_ref().and_then(|identity| identity.token),
        at: &at,
        today: today(request),
    };
    let wanted = Wanted {
        text: body.text.clone().unwrap_or_default(),
        data: data(step, actor, today(request), body),
        if_match: if_match.map(str::to_owned),
    };
    // A step waits for the writer as others wait for figures: some workers are
    // always left for those who only read.
    let limits = &request.environment.config.limits;
    let waiting = request.app.results.may_wait(request.environment.config.http.workers);
    let wait = waiting.as_ref().map_or(0, |_| limits.step_wait_ms);
    let mut writer = StepWriter::open(&request.app.database, Duration::from_millis(wait))?;
    let turn = match writer.turn() {
        Ok(turn) => turn,
        Err(error) if error.is_busy() => {
            let detail = "nothing was changed; try again in a moment";
            return Err(Problem::new(problem::BEING_LOADED, detail));
        }
        Err(error) => return Err(error.into()),
    };
    let days = request.environment.config.audit.appeal_days;
    match take(&turn, id, step, wanted, &taker, days) {
        Ok(_) => turn.commit()?,
        Err(error) => {
            drop(turn);
            return Err(refused(request, error, if_match));
        }
    }
    let detail = format!("audit case {id}: {}", step.full_name());
    log::info!("{detail}");
    request.log(Action::Change, Some(hcode), None, &detail)
}

/// Proves that verdicts are about rows of the case.
fn check_rows(
    request: &Request,
    reader: &Reader,
    whole: &WholeCase,
    step: &CaseStep,
    verdicts: &[Verdict],
) -> Result<(), Problem> {
    if verdicts.is_empty() || !step.takes("verdicts") {
        return Ok(());
    }
    let archives = Archives::read(reader, &whole.facts)?;
    let catalog = &request.environment.catalog;
    let places = whole.facts.iter().flat_map(|fact| {
        let named = archives.file(catalog, &fact.file, fact.sub);
        [fact.file.clone(), named].map(|file| (file, fact.sub, fact.line))
    });
    let places: std::collections::HashSet<(String, i64, i64)> = places.collect();
    let known = |line: &Verdict| {
        places.contains(&(line.file.to_ascii_uppercase(), line.submission, line.line))
    };
    check_verdicts(verdicts, &known).map_err(|error| refused(request, error, None))
}

/// Who takes the step: whose token it is, and of the province's steps whom it
/// names.
fn by(request: &Request, actor: Actor, named: Option<&str>) -> String {
    let named = named.filter(|name| actor.role == Role::Province && !name.trim().is_empty());
    let identity = request.viewer.identity.as_ref();
    let own = identity.map(|identity| identity.name.trim()).filter(|name| !name.is_empty());
    let hcode = request.viewer.hcode().unwrap_or_default();
    let role = || format!("{} {hcode}", actor.role.as_str()).trim_end().to_owned();
    named.or(own).map_or_else(role, str::to_owned)
}

/// What is kept of a step. A letter and an appeal have a day: today, unless the
/// province enters a paper.
fn data(step: &CaseStep, actor: Actor, today: NaiveDate, body: StepBody) -> StepData {
    let paper = actor.role == Role::Province;
    let on = if step.may.iter().any(|name| name == "on") {
        Some(body.on.filter(|_| paper).unwrap_or(today))
    } else {
        body.on
    };
    StepData {
        letter_no: body.letter_no,
        on,
        late: body.late,
        found: body.found,
        proposal: body.proposal,
        percent: body.percent,
        condition: body.condition,
        verdicts: body.verdicts,
        ..StepData::default()
    }
}

/// The problem of a step that was not taken, with how the case stands by now.
fn refused(request: &Request, error: StepError, if_match: Option<&str>) -> Problem {
    let text = error.to_string();
    let english = text.split_once(" / ").map_or(text.as_str(), |(english, _)| english);
    let (kind, detail) = match error {
        StepError::Unknown(_) => return no_case(request),
        StepError::Audit(error) => return error.into(),
        StepError::Forbidden { .. } => (problem::NOT_ALLOWED, english.to_owned()),
        StepError::Wrong(_) => (problem::INCOMPLETE_STEP, english.to_owned()),
        StepError::NotNow { .. } => (problem::STEP_NOT_NOW, english.to_owned()),
        StepError::Changed(_) if if_match == Some("") => {
            let detail = "If-Match has to name the state that was seen: the etag of the case";
            (problem::CASE_CHANGED, detail.to_owned())
        }
        StepError::Changed(_) => (problem::CASE_CHANGED, english.to_owned()),
    };
    let mut problem = Problem::new(kind, detail);
    if [problem::STEP_NOT_NOW, problem::CASE_CHANGED].contains(&kind) {
        problem.case = stands(request).ok();
    }
    problem
}

/// How the case stands by now.
fn stands(request: &Request) -> Result<CaseStands, Problem> {
    let (whole, actor) = own(request, &fresh_reader(request)?)?;
    Ok(CaseStands {
        state: whole.case.state().as_str(),
        etag: whole.case.etag(),
        allowed: allowed(&whole.case.standing(), actor, today(request)),
    })
}
