//! The letter about a case, for whoever may see the case: what was selected, or
//! how it was decided.

use super::{library, log_read, money, own};
use crate::audit::Case;
use crate::audit::letter::{LetterKind, letter, told_together};
use crate::audit::steps::sees;
use crate::audit::view::ShownCase;
use crate::audit::whole::WholeCase;
use crate::http::endpoint::Endpoint;
use crate::http::params::common::LANG;
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem};
use crate::http::reply::{HTML, Reply};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::report::html;
use crate::store::Reader;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        personal: true,
        about: "route.audit_letter",
        params: &[KIND, TOGETHER, LANG],
        content: &[HTML],
        problems: &[
            problem::NO_CASE,
            problem::STEP_NOT_NOW,
            problem::RULES,
            problem::BEING_COMPUTED,
        ],
        ..Endpoint::api("audit_letter", "/api/v1/audit/cases/{id}/letter")
    },
    view: of_case,
}];

const KIND: Param = Param {
    name: "kind",
    kind: ParamType::OneOf(&["notify", "result"]),
    about: "`notify`: what was selected; `result`: how it was decided. `notify` if not given.",
};

const TOGETHER: Param = Param {
    name: "together",
    kind: ParamType::OneOf(&["yes"]),
    about: "With all cases of which the unit was told by the same letter.",
};

/// `/api/v1/audit/cases/{id}/letter`
pub fn of_case(request: &Request) -> Result<Reply, Problem> {
    let kind = request.text("kind").and_then(LetterKind::parse).unwrap_or(LetterKind::Notify);
    let reader = request.store()?;
    let (asked, _) = own(request, reader)?;
    let mut cases = vec![shown(request, reader, &asked)?];
    if request.text("together").is_some() {
        for other in told_with(request, reader, &asked.case)? {
            let other = shown(request, reader, &other)?;
            cases.extend(Some(other).filter(|other| kind.is_of(other)));
        }
        cases.sort_by_key(|case| case.line.id);
    }
    let library = library(request)?;
    let says = (&request.environment.config.audit.letter, &library.letters);
    let made = letter(kind, &cases, &request.environment.units, says).map_err(|error| {
        let text = error.to_string();
        let english = text.split_once(" / ").map_or(text.as_str(), |(english, _)| english);
        Problem::new(problem::STEP_NOT_NOW, english)
    })?;
    let page = html::letter(&made, request.lang()).map_err(|error| {
        log::error!("letter of audit case {}: {error}", asked.case.opened.id);
        Problem::new(problem::PANIC, "it is in the log of the daemon")
    })?;
    let name = format!("khlang-case-{}-{}.html", asked.case.opened.id, kind.as_str());
    Ok(Reply::new(HTML, page).download(&name))
}

/// A case with all rows that are kept of it, and its money. The read is logged.
fn shown(request: &Request, reader: &Reader, whole: &WholeCase) -> Result<ShownCase, Problem> {
    log_read(request, whole)?;
    let actor = super::actor(request, &whole.case.opened.hcode);
    let today = request.app.clock.now().date_naive();
    let money = money(request, reader, whole)?;
    let mut case = whole.shown(&request.environment.units, actor, today, money);
    case.rows = whole.rows(reader, &request.environment.catalog)?;
    Ok(case)
}

/// The other cases of which the unit was told by the same letter, as far as the
/// viewer may see them.
pub fn told_with(
    request: &Request,
    reader: &Reader,
    case: &Case,
) -> Result<Vec<WholeCase>, Problem> {
    let mut with = Vec::new();
    for opened in reader.audit_cases(Some(case.opened.round), i64::MAX)? {
        if opened.id == case.opened.id || opened.hcode != case.opened.hcode {
            continue;
        }
        let Some(other) = WholeCase::read(reader, opened.id, i64::MAX)? else { continue };
        let actor = super::actor(request, &opened.hcode);
        if told_together(case, &other.case) && sees(actor, other.case.told()) {
            with.push(other);
        }
    }
    Ok(with)
}
