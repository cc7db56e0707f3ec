//! `/audit`: the cases of a round that the viewer may see, with what they hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{CaseItem, one};
use crate::app::results::RoundResult;
use crate::audit::steps::CaseState;
use crate::audit::view::{CaseLine, held_of, item_money};
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame, Lang};
use crate::http::params::common::{
    CASE_ROUND, CASE_SEVERITY, CASE_STATE, LANG, OVERDUE, PAGE, RULE, TRANCHE, UNIT,
};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::audit::cases::cut;
use crate::http::views::audit::{found, is_wanted};
use crate::http::views::pages::{Pager, RENEW, being_computed};
use crate::money::Satang;
use crate::money::holds::parse_percent;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.audit_page",
        params: &[CASE_ROUND, TRANCHE, UNIT, RULE, CASE_STATE, CASE_SEVERITY, OVERDUE, PAGE, LANG],
        problems: &[problem::NO_UNIT, problem::RULES],
        menu: Some("audit"),
        ..Endpoint::page("audit_page", "/audit")
    },
    view: list,
}];

/// Cases on one page.
const SHOWN: u64 = 50;

/// `/audit`
pub fn list(request: &Request) -> Result<Reply, Problem> {
    let lang = request.lang();
    let today = request.app.clock.now().date_naive();
    // Of cases that the viewer may see: others are no reason to open on a round.
    let mut rounds: Vec<i64> =
        found(request, None, |_| true)?.iter().map(|line| line.round).collect();
    rounds.sort_unstable();
    rounds.dedup();
    rounds.reverse();
    let asked = request.number("round").and_then(|round| i64::try_from(round).ok());
    let round = asked.or_else(|| rounds.first().copied());
    let all = found(request, round, |_| true)?;
    let choices = choices(&all, lang);
    let unit = request.own_unit("unit")?;
    let wanted: Vec<CaseLine> = all
        .into_iter()
        .filter(|line| {
            unit.as_ref().is_none_or(|unit| *unit == line.unit.hcode)
                && request.text("rule").is_none_or(|rule| rule == line.rule.id)
                && request.text("tranche").is_none_or(|tranche| tranche == line.tranche)
                && is_wanted(request, line)
        })
        .collect();
    let (figures, computing) = figures(request, round, &wanted)?;
    let sums = sums(figures.as_deref(), &wanted);
    let states: Vec<Value> = CaseState::ALL
        .iter()
        .filter(|state| **state != CaseState::Selected || request.viewer.is_province())
        .map(|state| {
            let count = wanted.iter().filter(|line| line.state == *state).count();
            json!({ "state": state, "text": one(lang, &state.text()), "count": count,
                "class": super::class(*state) })
        })
        .collect();
    let total = wanted.len() as u64;
    let overdue = wanted.iter().filter(|line| line.is_overdue(today)).count();
    let rows: Vec<CaseItem> = cut(request, wanted, SHOWN)
        .rows
        .iter()
        .map(|line| CaseItem::new(lang, line, held(figures.as_deref(), line), today))
        .collect();
    let own = json!({
        "rows": rows, "states": states, "total": total, "overdue_total": overdue,
        "round": round, "rounds": rounds, "choices": choices, "sums": sums,
        "asked": {
            "unit": unit, "rule": request.text("rule"), "state": request.text("state"),
            "overdue": request.text("overdue") == Some("yes"),
        },
        "renew": computing.then_some(RENEW),
        "pager": Pager::new(request, SHOWN, total, "#cases"),
    });
    page::render(&Frame::new(request), "audit_cases.html", own)
}

/// Units, rules and states to choose from.
fn choices(all: &[CaseLine], lang: Lang) -> Value {
    let units: BTreeMap<&str, &str> =
        all.iter().map(|line| (line.unit.hcode.as_str(), line.unit.name.as_str())).collect();
    let rules: BTreeMap<&str, &str> = all
        .iter()
        .map(|line| {
            let rule = &line.rule;
            (rule.id.as_str(), if lang == Lang::Th { rule.th.as_str() } else { &rule.en })
        })
        .collect();
    let states: BTreeSet<CaseState> = all.iter().map(|line| line.state).collect();
    let states: Vec<Value> = states
        .into_iter()
        .map(|state| json!({ "id": state, "text": one(lang, &state.text()) }))
        .collect();
    json!({
        "units": units.into_iter().collect::<Vec<_>>(),
        "rules": rules.into_iter().collect::<Vec<_>>(), "states": states,
    })
}

/// The money of the round, and whether it is still being computed; a list is
/// shown without it.
pub(super) fn figures(
    request: &Request,
    round: Option<i64>,
    lines: &[CaseLine],
) -> Result<(Option<std::sync::Arc<RoundResult>>, bool), Problem> {
    let holds = lines.iter().any(|line| line.share.is_some());
    let Some(number) = round.and_then(|round| i32::try_from(round).ok()).filter(|_| holds) else {
        return Ok((None, false));
    };
    match request.results()?.round(number).map_err(Problem::from) {
        Ok(round) => Ok((Some(round), false)),
        Err(problem) if being_computed(&problem) => Ok((None, true)),
        Err(problem) if [problem::NO_ROUND, problem::RULEBOOK].contains(&problem.kind) => {
            Ok((None, false))
        }
        Err(problem) => Err(problem),
    }
}

/// What a case holds.
fn amount(round: &RoundResult, line: &CaseLine) -> Option<Satang> {
    let share = parse_percent(line.share.as_deref()?).ok()?;
    let place = (line.unit.hcode.as_str(), line.tranche.as_str(), line.item.as_str());
    let amounts = item_money(&round.counted.allocation, &round.book, place)?;
    Some(held_of(&amounts, share))
}

/// The same in baht.
pub(super) fn held(round: Option<&RoundResult>, line: &CaseLine) -> Option<String> {
    Some(amount(round?, line)?.grouped())
}

/// Baht that are held until a decision, and that are not paid. Of several cases
/// on the same money the one that holds most counts.
fn sums(round: Option<&RoundResult>, lines: &[CaseLine]) -> Option<Value> {
    let round = round?;
    let mut most: BTreeMap<(&str, &str, &str), (Satang, bool)> = BTreeMap::new();
    for line in lines {
        let Some(held) = amount(round, line) else { continue };
        let place = (line.unit.hcode.as_str(), line.tranche.as_str(), line.item.as_str());
        let of = most.entry(place).or_insert((Satang::ZERO, true));
        if held > of.0 || (held == of.0 && !line.is_final) {
            *of = (held, line.is_final);
        }
    }
    let sum = |is_final: bool| -> String {
        let of = most.values().filter(|(_, is)| *is == is_final).map(|(held, _)| *held);
        of.sum::<Satang>().grouped()
    };
    Some(json!({ "held": sum(false), "not_paid": sum(true) }))
}
