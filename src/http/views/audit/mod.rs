//! Audit: rules, cases, rows of cases, letters, and the steps of a case. A unit and its
//! main unit see a case once the unit was told of it; the province sees all.

pub mod cases;
pub mod letter;
pub mod rules;
pub mod steps;

use std::time::Duration;

use crate::audit::steps::{Actor, sees};
use crate::audit::view::{CaseLine, MoneyOf};
use crate::audit::whole::{MoneyBasis, WholeCase};
use crate::audit::{Case, CaseSeverity, RuleLibrary};
use crate::credentials::Role;
use crate::http::problem::{self, Problem};
use crate::http::request::Request;
use crate::overlay::{self, Overlay};
use crate::store::{Action, AuditCase, Reader};

/// The rules in force.
pub fn library(request: &Request) -> Result<RuleLibrary, Problem> {
    RuleLibrary::load(Some(&Overlay::new(&request.app.data, overlay::AUDIT))).map_err(|error| {
        log::error!("{error}");
        Problem::new(problem::RULES, "khlang config check tells what")
    })
}

/// What the viewer is to the cases of a unit.
pub fn actor(request: &Request, hcode: &str) -> Actor {
    Actor {
        role: request.viewer.role().unwrap_or(Role::Metrics),
        own: request.viewer.may_see(&request.environment, hcode),
    }
}

/// The problem that for the viewer there is no such case.
pub fn no_case(request: &Request) -> Problem {
    let id: String = request.in_path("id").chars().take(40).collect();
    Problem::new(problem::NO_CASE, format!("no audit case {id}"))
}

/// The case in the path as a reader sees it, if the viewer may see it; otherwise
/// it looks as if it did not exist.
pub fn own(request: &Request, reader: &Reader) -> Result<(WholeCase, Actor), Problem> {
    let text = request.in_path("id");
    let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let whole = number.map(|id| WholeCase::read(reader, id, i64::MAX)).transpose()?.flatten();
    let whole = whole.ok_or_else(|| no_case(request))?;
    let actor = actor(request, &whole.case.opened.hcode);
    if sees(actor, whole.case.told()) { Ok((whole, actor)) } else { Err(no_case(request)) }
}

/// Writes down that the rows of a case were read.
pub fn log_read(request: &Request, whole: &WholeCase) -> Result<(), Problem> {
    let opened = &whole.case.opened;
    request.log(Action::Read, Some(&opened.hcode), None, &format!("audit case {}", opened.id))
}

/// A reader that sees what has been written since the request began.
pub fn fresh_reader(request: &Request) -> Result<Reader, Problem> {
    let deadline = Duration::from_millis(request.environment.config.limits.query_ms);
    Ok(Reader::open(&request.app.database, Some(deadline))?)
}

/// A case as in a list. The case that it follows is named to who may see that.
pub fn line_of(request: &Request, reader: &Reader, case: &Case) -> Result<CaseLine, Problem> {
    let mut line = CaseLine::new(case, &request.environment.units);
    line.follows = follows(request, reader, case)?;
    Ok(line)
}

/// The case before a case, if the viewer may see it: one that was dismissed
/// before its unit was told is nobody's but the province's.
pub fn follows(request: &Request, reader: &Reader, case: &Case) -> Result<Option<i64>, Problem> {
    let Some(id) = case.opened.follows else { return Ok(None) };
    let Some(opened) = reader.audit_case(id)? else { return Ok(None) };
    let before = Case::read(reader, opened, i64::MAX)?;
    let actor = actor(request, &before.opened.hcode);
    Ok(sees(actor, before.told()).then_some(id))
}

/// Cases that the viewer may see, the newest first; only those that are
/// `wanted` are looked at.
pub fn found(
    request: &Request,
    round: Option<i64>,
    wanted: impl Fn(&AuditCase) -> bool,
) -> Result<Vec<CaseLine>, Problem> {
    let (reader, scope) = (request.store()?, request.scope());
    let mut lines = Vec::new();
    for opened in reader.audit_cases(round, i64::MAX)?.into_iter().rev() {
        let mine = scope.as_ref().is_none_or(|own| own.contains(&opened.hcode));
        if !mine || !wanted(&opened) {
            continue;
        }
        let case = Case::read(reader, opened, i64::MAX)?;
        if sees(actor(request, &case.opened.hcode), case.told()) {
            lines.push(line_of(request, reader, &case)?);
        }
    }
    Ok(lines)
}

/// Whether a case stands as was asked for.
pub fn is_wanted(request: &Request, line: &CaseLine) -> bool {
    let is = |name: &str, value: &str| request.text(name).is_none_or(|wanted| wanted == value);
    let today = request.app.clock.now().date_naive();
    is("cup", &line.unit.cup)
        && is("state", line.state.as_str())
        && is("severity", line.severity.as_str())
        && (request.text("overdue") != Some("yes") || line.is_overdue(today))
}

/// The money of a case. Nothing for a warning, or where the round has no money
/// that could be counted.
pub fn money(
    request: &Request,
    reader: &Reader,
    whole: &WholeCase,
) -> Result<Option<MoneyOf>, Problem> {
    if whole.case.severity() != CaseSeverity::Hold {
        return Ok(None);
    }
    let Ok(number) = i32::try_from(whole.case.opened.round) else { return Ok(None) };
    let round = match request.results()?.round(number).map_err(Problem::from) {
        Ok(round) => round,
        Err(problem) if [problem::NO_ROUND, problem::RULEBOOK].contains(&problem.kind) => {
            return Ok(None);
        }
        Err(problem) => return Err(problem),
    };
    let basis = MoneyBasis {
        // It takes a look at all rows of the item; who decides is the province.
        suggests: request.viewer.is_province(),
        reader,
        catalog: &round.environment.catalog,
        units: &round.environment.units,
        book: &round.book,
        allocation: &round.counted.allocation,
    };
    Ok(whole.money(&basis)?)
}
