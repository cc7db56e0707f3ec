//! `/kpi/{kpi}/explain`: where a unit loses persons between its population and
//! the numerator, whom it misses, and each condition of one person.
//!
//! A person is identified by the number at the unit (PID): browsers and proxies
//! keep addresses, so a citizen ID must not be in one.

use serde_json::{Value, json};

use super::indicator::about;
use super::rows::{self, name};
use super::{Pager, unit_name};
use crate::app::results;
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame, Lang};
use crate::http::params::common::{LANG, PAGE, QUARTER, RESULT_PROBLEMS};
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::kpi::{
    ConditionCheck, Definition, Missing, PersonExplained, PersonOutcome, UnitExplained,
};
use crate::row::citizen_id;
use crate::store::Action;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        personal: true,
        about: "route.explain_page",
        params: &[
            Param { name: "unit", kind: ParamType::Hcode, about: "The unit." },
            QUARTER,
            Param {
                name: "person",
                kind: ParamType::Pid,
                about: "One person: the number at the unit.",
            },
            Param {
                name: "cid",
                kind: ParamType::OneOf(&["on", "off"]),
                about: "Citizen IDs whole.",
            },
            PAGE,
            LANG,
        ],
        problems: RESULT_PROBLEMS,
        ..Endpoint::page("explain_page", "/kpi/{kpi}/explain")
    },
    view: explain,
}];

/// Persons on one page.
const SHOWN: u64 = 50;

/// `/kpi/{kpi}/explain`: where a unit loses persons between its population and
/// the numerator, whom it misses, and each condition of one person.
///
/// A person is identified by the number at the unit (PID): browsers and proxies
/// keep addresses, so a citizen ID must not be in one.
pub fn explain(request: &Request) -> Result<Reply, Problem> {
    let (lang, period) = (request.lang(), rows::period(request)?);
    let library = request.app.results.library()?;
    let definition = results::definition(&library, request.in_path("kpi"))?;
    let hcode = request.own_unit("unit")?.or_else(|| request.viewer.hcode().map(str::to_owned));
    let hcode = hcode.ok_or_else(|| Problem::new(problem::INVALID_PARAMETER, "unit is needed"))?;
    let unit = unit_name(request, Some(&hcode));
    let unit = unit.ok_or_else(|| Problem::new(problem::NO_UNIT, format!("no unit {hcode}")))?;
    let whole = request.text("cid") == Some("on");
    request.log(Action::Read, Some(&hcode), None, &read(request, definition, whole))?;
    let explained = request.results()?.unit(&definition.id, period, &hcode)?;
    let person = match request.text("person") {
        Some(pid) => Some(person(request, definition, &explained, &hcode, pid, whole)?),
        None => None,
    };
    let text = period.to_string();
    let own = json!({
        "kpi": about(definition, lang), "period": text, "periods": rows::periods(request, &text),
        "hcode": hcode, "unit": unit, "whole": whole, "person": person,
        "why": explained.not_computable.as_ref().map(|why| name(&why.text, lang)),
        "steps": steps(&explained, lang),
        "denominator": sum(&explained, SUMS[0]), "numerator": sum(&explained, SUMS[1]),
        "excluded": explained.excluded.iter().map(|(reason, count)| json!({
            "text": reason_text(definition, reason, lang), "count": count,
        })).collect::<Vec<_>>(),
        "missing": missing(request, definition, &explained, whole),
        "pager": Pager::new(request, SHOWN, explained.missing.len() as u64, "#missing"),
    });
    page::render(&Frame::new(request), "explain.html", own)
}

/// Detail for the access log; it names no person.
fn read(request: &Request, definition: &Definition, whole: bool) -> String {
    let person = if request.text("person").is_some() { ", one person" } else { "" };
    let whole = if whole { ", citizen IDs whole" } else { "" };
    format!("{}{person}{whole}", definition.id)
}

/// The steps that are sums: they stand above the funnel.
const SUMS: [&str; 2] = ["denominator", "numerator"];

fn sum(explained: &UnitExplained, name: &str) -> Option<u64> {
    explained.funnel.iter().find(|step| step.name == name).map(|step| step.left)
}

/// The funnel: how many are left, in thousandths of the first step.
fn steps(explained: &UnitExplained, lang: Lang) -> Vec<Value> {
    let first = explained.funnel.first().map_or(1, |step| step.left).max(1);
    let mut before = first;
    let conditions = explained.funnel.iter().filter(|step| !SUMS.contains(&step.name.as_str()));
    let each = conditions.map(|step| {
        let lost = before.saturating_sub(step.left);
        before = step.left;
        json!({
            "name": step.name, "text": name(&step.text, lang), "left": step.left,
            "lost": lost, "part": step.left * 1000 / first,
        })
    });
    each.collect()
}

fn reason_text<'d>(definition: &'d Definition, reason: &'d str, lang: Lang) -> &'d str {
    let names = definition.exclusions.get(reason).or_else(|| definition.conditions.get(reason));
    names.map_or(reason, |names| name(names, lang))
}

/// A citizen ID as it is shown: masked unless asked for in clear.
fn shown(cid: &str, whole: bool) -> String {
    if whole { cid.to_owned() } else { citizen_id::mask(cid) }
}

/// Whom the unit misses, on the page asked for.
fn missing(
    request: &Request,
    definition: &Definition,
    explained: &UnitExplained,
    whole: bool,
) -> Vec<Value> {
    let lang = request.lang();
    let line = |missing: &Missing| {
        let text = |name: &String| reason_text(definition, name, lang).to_owned();
        json!({
            "person": shown(&missing.person, whole), "pid": missing.pid,
            "reason": missing.reason.as_ref().map(text),
            "lacks": missing.lacks.as_ref().map(text),
        })
    };
    let first = (request.page() - 1).saturating_mul(SHOWN) as usize;
    explained.missing.iter().skip(first).take(SHOWN as usize).map(line).collect()
}

/// One person with every condition.
fn person(
    request: &Request,
    definition: &Definition,
    explained: &UnitExplained,
    hcode: &str,
    pid: &str,
    whole: bool,
) -> Result<Value, Problem> {
    let among = explained.missing.iter().find(|missing| missing.pid.as_deref() == Some(pid));
    let cid = match among {
        Some(missing) => Some(missing.person.clone()),
        None => request.store()?.cid_of(hcode, pid)?,
    };
    let Some(cid) = cid else { return Ok(json!({ "pid": pid, "known": false })) };
    let period = rows::period(request)?;
    let explained = request.results()?.person(&definition.id, period, &cid)?;
    Ok(json!({
        "pid": pid, "known": true, "cid": shown(&cid, whole),
        "outcomes": outcomes(request, &explained, request.lang()),
    }))
}

/// Conditions in the order in which they are asked. After the first one that
/// does not hold the others are not asked any more: that they do not hold says
/// nothing (nobody who was not screened was screened too late).
fn checks(checks: &[ConditionCheck], lang: Lang) -> Vec<Value> {
    let mut failed = false;
    let each = checks.iter().map(|check| {
        let text = name(&check.text, lang);
        let text = if text.is_empty() { &check.name } else { text };
        let state = match check.met {
            None => "told",
            Some(true) => "yes",
            Some(false) if failed => "open",
            Some(false) => "no",
        };
        failed |= check.met == Some(false);
        json!({ "text": text, "value": check.value, "state": state })
    });
    each.collect()
}

/// The result of the person at each unit that the viewer may see.
fn outcomes(request: &Request, explained: &PersonExplained, lang: Lang) -> Vec<Value> {
    let own =
        |outcome: &&PersonOutcome| request.viewer.may_see(&request.environment, &outcome.hcode);
    let each = explained.outcomes.iter().filter(own).map(|outcome| {
        let checks = checks(&outcome.checks, lang);
        json!({
            "hcode": outcome.hcode, "unit": unit_name(request, Some(&outcome.hcode)),
            "den": outcome.in_denominator, "num": outcome.in_numerator, "checks": checks,
            "reason": outcome.reason_text.as_ref().map(|text| name(text, lang)),
        })
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Bilingual;

    #[test]
    fn what_is_not_asked_any_more_has_not_failed() {
        let check = |name: &str, met| ConditionCheck {
            name: name.to_owned(),
            text: Bilingual::new(name, name),
            value: None,
            met,
        };
        let asked = [
            check("age", Some(true)),
            check("class", None),
            check("screened", Some(false)),
            check("outside", Some(false)),
            check("insured", Some(true)),
            check("usable", Some(false)),
        ];
        let states: Vec<Value> =
            checks(&asked, Lang::En).iter().map(|check| check["state"].clone()).collect();
        assert_eq!(states, ["yes", "told", "no", "open", "yes", "open"]);
    }
}
