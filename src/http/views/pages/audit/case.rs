//! `/audit/{id}`: one case: what was found and why, its rows, its money, what
//! was done about it, and the forms of what can be done now.

use serde_json::{Value, json};

use super::form::{forms, proposals};
use super::{CaseItem, list, one, threshold, word};
use crate::audit::act::VERDICTS;
use crate::audit::letter::LetterKind;
use crate::audit::limit::Threshold;
use crate::audit::steps::{CaseStep, steps};
use crate::audit::view::{EventLine, RowLine, ShownCase};
use crate::audit::whole::{WholeCase, plain};
use crate::credentials::Role;
use crate::http::endpoint::{Body, Endpoint, POST};
use crate::http::page::{self, Frame, Lang};
use crate::http::params::common::{LANG, PAGE};
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem, ProblemKind};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::audit::cases::cut;
use crate::http::views::audit::letter::told_with;
use crate::http::views::audit::steps::{STEP_PROBLEMS, perform, read, wanted_step};
use crate::http::views::audit::{follows, fresh_reader, log_read, money, own};
use crate::http::views::pages::{Pager, RENEW, being_computed};
use crate::store::Reader;
use crate::text::Bilingual;

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.audit_case_page",
            params: &[PAGE, DONE, LANG],
            problems: &[problem::NO_CASE],
            ..Endpoint::page("audit_case_page", "/audit/{id}")
        },
        view: case,
    },
    Route {
        endpoint: Endpoint {
            methods: POST,
            body: Body::Step,
            about: "route.audit_case_step",
            params: &[PAGE, LANG],
            problems: STEP_PROBLEMS,
            ..Endpoint::page("audit_case_step", "/audit/{id}")
        },
        view: post,
    },
];

/// The step that was just taken.
const DONE: Param = Param {
    name: "done",
    kind: ParamType::OneOf(&[
        "notify",
        "supplement",
        "appeal",
        "withdraw",
        "verify",
        "resolve",
        "reopen",
        "note",
    ]),
    about: "The step that was just taken, to say so.",
};

/// Rows on one page.
const SHOWN: u64 = 50;

/// Problems that the page itself tells, beside the form.
const SAID_BY_PAGE: [&ProblemKind; 5] = [
    problem::STEP_NOT_NOW,
    problem::CASE_CHANGED,
    problem::INCOMPLETE_STEP,
    problem::INVALID_PARAMETER,
    problem::BEING_LOADED,
];

/// `/audit/{id}`
pub fn case(request: &Request) -> Result<Reply, Problem> {
    shown(request, request.store()?, None)
}

/// `POST /audit/{id}`
pub fn post(request: &Request) -> Result<Reply, Problem> {
    own(request, request.store()?)?;
    let full = request.field("step").unwrap_or_default();
    let (name, decision) = full.split_once(' ').map_or((&*full, None), |(n, d)| (n, Some(d)));
    let taken = read(request).and_then(|body| {
        let step = wanted_step(request, name, decision)?;
        // A form always says which state it was made for.
        let state = request.field("etag").unwrap_or_default();
        perform(request, step, body, Some(&state))
    });
    match taken {
        Ok(()) => {
            let frame = Frame::new(request);
            Ok(Reply::see_other(&format!("{}#history", frame.with("done", name))))
        }
        Err(problem) if SAID_BY_PAGE.contains(&problem.kind) => {
            // What somebody else did meanwhile is seen.
            let reader = fresh_reader(request)?;
            shown(request, &reader, Some((&full, &problem)))
        }
        Err(problem) => Err(problem),
    }
}

/// The page; `refused` is the step that was not taken, and why.
fn shown(
    request: &Request,
    reader: &Reader,
    refused: Option<(&str, &Problem)>,
) -> Result<Reply, Problem> {
    let (whole, actor) = own(request, reader)?;
    log_read(request, &whole)?;
    let (lang, today) = (request.lang(), request.app.clock.now().date_naive());
    let (money, computing) = match money(request, reader, &whole) {
        Ok(money) => (money, false),
        Err(problem) if being_computed(&problem) => (None, true),
        Err(problem) => return Err(problem),
    };
    let mut shown = whole.shown(&request.environment.units, actor, today, money);
    shown.line.follows = follows(request, reader, &whole.case)?;
    let rows = cut(request, whole.rows(reader, &request.environment.catalog)?, SHOWN);
    let said = |name: &str| request.field(name);
    let sent = refused.map(|(step, _)| step);
    let forms = forms(lang, whole.case.standing(), actor, today, (sent, &said));
    let held = shown.money.as_ref().map(|money| money.held.grouped());
    let item = CaseItem::new(lang, &shown.line, held, today);
    let letters = letters(request, reader, &whole, &shown)?;
    let tells = matches!(request.viewer.role(), Some(Role::Province | Role::Cup));
    let own = json!({
        "item": item, "line": shown.line, "says": one(lang, &shown.line.rule.says),
        "thresholds": thresholds(lang, &whole), "money": money_words(&shown),
        "peers": shown.peers, "is_rate": shown.peers.is_some() || shown.rows_total == 0,
        "events": events(lang, &shown.events), "forms": forms, "proposals": proposals(lang),
        "captions": captions(lang, &whole), "rows": row_items(lang, &whole, &rows.rows),
        "rows_total": shown.rows_total, "rows_kept": rows.total,
        "verdicts": VERDICTS.map(|verdict| (verdict, verdict_text(lang, verdict))),
        "statement": tells.then(|| format!("/api/v1/statements/{}", shown.line.unit.cup)),
        "letters": letters,
        "refused": refused.map(|(_, problem)| refusal(lang, problem)),
        "done": request.text("done").filter(|_| refused.is_none()).map(|name| step_name(lang, name)),
        "csrf": request.viewer.csrf, "etag": shown.line.etag,
        "here": Frame::new(request).with("page", &request.page().to_string()),
        "renew": (computing && refused.is_none()).then_some(RENEW),
        "pager": Pager::new(request, SHOWN, rows.total, "#rows"),
    });
    let mut reply = page::render(&Frame::new(request), "audit_case.html", own)?;
    if let Some((_, problem)) = refused {
        reply.status = problem.kind.status;
        if problem.kind == problem::BEING_LOADED {
            reply.extra.push(("Retry-After", "2".to_owned()));
        }
    }
    Ok(reply)
}

/// The letters that there are about a case: the words for each, and its address.
fn letters(
    request: &Request,
    reader: &Reader,
    whole: &WholeCase,
    shown: &ShownCase,
) -> Result<Vec<Value>, Problem> {
    let lang = request.lang();
    let kinds = LetterKind::ALL.into_iter().filter(|kind| kind.is_of(shown));
    let kinds: Vec<LetterKind> = kinds.collect();
    let together = !kinds.is_empty() && !told_with(request, reader, &whole.case)?.is_empty();
    let href = |kind: LetterKind, more: &str| {
        let (id, kind, lang) = (whole.case.opened.id, kind.as_str(), lang.as_str());
        format!("/api/v1/audit/cases/{id}/letter?kind={kind}{more}&lang={lang}")
    };
    let mut links = Vec::new();
    for kind in kinds {
        let name = word(
            lang,
            match kind {
                LetterKind::Notify => "audit.letter_notify",
                LetterKind::Result => "audit.letter_result",
            },
        );
        links.push(json!({ "id": format!("letter-{}", kind.as_str()), "name": name,
            "href": href(kind, "") }));
        if together {
            links.push(json!({ "id": format!("letter-{}-together", kind.as_str()),
                "name": format!("{name} {}", word(lang, "audit.letter_together")),
                "href": href(kind, "&together=yes") }));
        }
    }
    Ok(links)
}

/// What is said of a step that was not taken.
fn refusal(lang: Lang, problem: &Problem) -> Value {
    let title = problem.kind.title().pick(lang);
    json!({ "code": problem.kind.code(), "title": title, "detail": problem.detail,
        "is_detailed": problem.kind.status == 422 || problem.kind.status == 400 })
}

/// The first step of a name.
fn step_name(lang: Lang, name: &str) -> String {
    if name == "resolve" {
        return word(lang, "audit.decided");
    }
    let step = steps().iter().find(|step| step.name == name);
    step.map_or_else(String::new, |step| one(lang, &of_step(step)).to_owned())
}

fn of_step(step: &CaseStep) -> Bilingual {
    Bilingual::new(&step.th, &step.en)
}

/// From when on there is a warning and from when on money is held, as the rule
/// was.
fn thresholds(lang: Lang, whole: &WholeCase) -> Vec<(&'static str, String)> {
    let Some(described) = whole.case.described() else { return Vec::new() };
    let of = |name: &'static str, limit: Option<Threshold>| {
        limit.map(|limit| (name, threshold(lang, &limit)))
    };
    [of("hold", described.hold), of("warn", described.warn)].into_iter().flatten().collect()
}

fn money_words(shown: &ShownCase) -> Option<Value> {
    let money = shown.money.as_ref()?;
    Some(json!({
        "item": money.item.grouped(), "held": money.held.grouped(),
        "suggested": money.suggested_percent,
    }))
}

/// Steps with the words for them.
fn events(lang: Lang, events: &[EventLine]) -> Vec<Value> {
    let name = |event: &EventLine| match event.step.as_str() {
        "selected" => word(lang, "audit.was_selected"),
        "evidence" => word(lang, "audit.was_evidence"),
        "cleared" => word(lang, "audit.was_cleared"),
        known => {
            let of = steps().iter().find(|step| {
                step.event == known && step.decision.as_deref() == event.data.decision.as_deref()
            });
            of.map_or_else(|| known.to_owned(), |step| one(lang, &of_step(step)).to_owned())
        }
    };
    let proposals = proposals(lang);
    events
        .iter()
        .map(|event| {
            let proposal = event.data.proposal.as_deref();
            let proposal = proposals.iter().find(|(name, _)| proposal == Some(*name));
            json!({
                "step": event.step, "name": name(event), "at": event.at, "by": event.by,
                "text": event.text, "data": event.data,
                "proposal": proposal.map(|(_, text)| text), "verdicts": event.data.verdicts.len(),
            })
        })
        .collect()
}

/// Captions of the values beside a row, in the order of the rule.
fn captions(lang: Lang, whole: &WholeCase) -> Vec<String> {
    let Some(described) = whole.case.described() else { return Vec::new() };
    let caption = |name: &String| {
        described.captions.get(name).map_or_else(|| name.clone(), |t| one(lang, t).to_owned())
    };
    described.shows.iter().map(caption).collect()
}

fn row_items(lang: Lang, whole: &WholeCase, rows: &[RowLine]) -> Vec<Value> {
    let shows = whole.case.described().map(|of| of.shows).unwrap_or_default();
    rows.iter()
        .map(|row| {
            let values: Vec<String> = shows
                .iter()
                .map(|name| row.shown.get(name).map_or_else(String::new, plain))
                .collect();
            json!({ "row": row, "values": values, "note": row.note,
                "verdict": row.verdict.as_deref().map(|verdict| verdict_text(lang, verdict)),
                "place": format!("{}.{}.{}", row.file, row.submission, row.line) })
        })
        .collect()
}

fn verdict_text(lang: Lang, verdict: &str) -> String {
    word(
        lang,
        match verdict {
            "confirmed" => "audit.confirmed",
            "refuted" => "audit.refuted",
            _ => "audit.missing",
        },
    )
}

/// The cases of rows of a submission, as far as the viewer may see them. A
/// submission has rows of its sender, and of its sub-units.
pub fn of_submission(
    request: &Request,
    submission: i64,
    sender: Option<&str>,
) -> Result<Vec<CaseItem>, Problem> {
    let Some(sender) = sender else { return Ok(Vec::new()) };
    let (lang, today) = (request.lang(), request.app.clock.now().date_naive());
    let reader = request.store()?;
    let units = request.environment.units.by_code.values();
    let below = units.filter(|unit| unit.cup == sender).map(|unit| unit.hcode.as_str());
    let units: Vec<&str> = below.chain([sender]).collect();
    let with_rows = reader.audit_cases_of_submission(submission, &units)?;
    if with_rows.is_empty() {
        return Ok(Vec::new());
    }
    let lines =
        crate::http::views::audit::found(request, None, |case| with_rows.contains(&case.id))?;
    Ok(lines.iter().map(|line| CaseItem::new(lang, line, list::held(None, line), today)).collect())
}

/// The cases of a unit that its page names: those that are not decided.
pub fn of_unit(request: &Request, hcode: &str) -> Result<Vec<CaseItem>, Problem> {
    let lang = request.lang();
    let today = request.app.clock.now().date_naive();
    let lines = crate::http::views::audit::found(request, None, |case| case.hcode == hcode)?;
    let open = lines.iter().filter(|line| line.state != crate::audit::steps::CaseState::Resolved);
    Ok(open.map(|line| CaseItem::new(lang, line, list::held(None, line), today)).collect())
}
