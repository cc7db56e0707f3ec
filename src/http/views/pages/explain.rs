//! `/kpi/{kpi}/explain`: where a unit loses people between its population and
//! the numerator, whom it misses, and each condition of one person.
//!
//! A person is asked for by the number at the unit (PID): an address is kept
//! by browsers and proxies, and a citizen ID must not stand in one.

use serde_json::{Value, json};

use super::indicator::about;
use super::rows::{self, name};
use super::{Pager, unit_name};
use crate::http::call::Call;
use crate::http::figures;
use crate::http::page::{self, Frame, Lang};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::kpi::{Definition, Missing, PersonExplained, PersonOutcome, UnitExplained};
use crate::row::citizen_id;
use crate::store::Action;

/// Persons on one page.
const SHOWN: u64 = 50;

/// `/kpi/{kpi}/explain`
pub fn explain(call: &Call) -> Result<Reply, Problem> {
    let (lang, period) = (call.lang(), rows::period(call)?);
    let library = figures::library(call)?;
    let definition = figures::definition(&library, call.in_path("kpi"))?;
    let hcode = call.own_unit("unit")?.or_else(|| call.viewer.hcode().map(str::to_owned));
    let hcode = hcode.ok_or_else(|| Problem::new(problem::INVALID_PARAMETER, "unit is needed"))?;
    let unit = unit_name(call, Some(&hcode));
    let unit = unit.ok_or_else(|| Problem::new(problem::NO_UNIT, format!("no unit {hcode}")))?;
    let whole = call.text("cid") == Some("on");
    call.log(Action::Read, Some(&hcode), None, &read(call, definition, whole))?;
    let explained = figures::unit(call, &definition.id, period, &hcode)?;
    let person = match call.text("person") {
        Some(pid) => Some(person(call, definition, &explained, &hcode, pid, whole)?),
        None => None,
    };
    let text = period.to_string();
    let own = json!({
        "kpi": about(definition, lang), "period": text, "periods": rows::periods(call, &text),
        "hcode": hcode, "unit": unit, "whole": whole, "person": person,
        "why": explained.not_computable.as_ref().map(|why| name(&why.text, lang)),
        "steps": steps(&explained, lang),
        "denominator": sum(&explained, SUMS[0]), "numerator": sum(&explained, SUMS[1]),
        "excluded": explained.excluded.iter().map(|(reason, count)| json!({
            "text": reason_text(definition, reason, lang), "count": count,
        })).collect::<Vec<_>>(),
        "missing": missing(call, definition, &explained, whole),
        "pager": Pager::new(call, SHOWN, explained.missing.len() as u64, "#missing"),
    });
    page::render(&Frame::of(call), "explain.html", own)
}

/// What the access log says was read; it names no person.
fn read(call: &Call, definition: &Definition, whole: bool) -> String {
    let person = if call.text("person").is_some() { ", one person" } else { "" };
    let whole = if whole { ", citizen IDs whole" } else { "" };
    format!("{}{person}{whole}", definition.id)
}

/// The steps that sum up: they stand above the funnel.
const SUMS: [&str; 2] = ["denominator", "numerator"];

fn sum(explained: &UnitExplained, name: &str) -> Option<u64> {
    explained.funnel.iter().find(|step| step.name == name).map(|step| step.left)
}

/// The funnel: how many are left, in parts of a thousand of those looked at.
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

/// A citizen ID as it is shown: whole only when that was asked for.
fn shown(cid: &str, whole: bool) -> String {
    if whole { cid.to_owned() } else { citizen_id::mask(cid) }
}

/// Whom the unit misses, on the page asked for.
fn missing(
    call: &Call,
    definition: &Definition,
    explained: &UnitExplained,
    whole: bool,
) -> Vec<Value> {
    let lang = call.lang();
    let line = |missing: &Missing| {
        let text = |name: &String| reason_text(definition, name, lang).to_owned();
        json!({
            "person": shown(&missing.person, whole), "pid": missing.pid,
            "reason": missing.reason.as_ref().map(text),
            "lacks": missing.lacks.as_ref().map(text),
        })
    };
    let first = (call.page() - 1).saturating_mul(SHOWN) as usize;
    explained.missing.iter().skip(first).take(SHOWN as usize).map(line).collect()
}

/// One person with every condition.
fn person(
    call: &Call,
    definition: &Definition,
    explained: &UnitExplained,
    hcode: &str,
    pid: &str,
    whole: bool,
) -> Result<Value, Problem> {
    let among = explained.missing.iter().find(|missing| missing.pid.as_deref() == Some(pid));
    let cid = match among {
        Some(missing) => Some(missing.person.clone()),
        None => call.store()?.cid_of(hcode, pid)?,
    };
    let Some(cid) = cid else { return Ok(json!({ "pid": pid, "known": false })) };
    let period = rows::period(call)?;
    let explained = figures::person(call, &definition.id, period, &cid)?;
    Ok(json!({
        "pid": pid, "known": true, "cid": shown(&cid, whole),
        "outcomes": outcomes(call, &explained, call.lang()),
    }))
}

/// What the person is to the indicator, at each unit that who looks may see.
fn outcomes(call: &Call, explained: &PersonExplained, lang: Lang) -> Vec<Value> {
    let own = |outcome: &&PersonOutcome| call.viewer.may_see(&call.world, &outcome.hcode);
    let each = explained.outcomes.iter().filter(own).map(|outcome| {
        let checks: Vec<Value> = outcome
            .checks
            .iter()
            .map(|check| {
                let text = name(&check.text, lang);
                let text = if text.is_empty() { &check.name } else { text };
                json!({ "text": text, "value": check.value, "met": check.met })
            })
            .collect();
        json!({
            "hcode": outcome.hcode, "unit": unit_name(call, Some(&outcome.hcode)),
            "den": outcome.in_denominator, "num": outcome.in_numerator, "checks": checks,
            "reason": outcome.reason_text.as_ref().map(|text| name(text, lang)),
        })
    });
    each.collect()
}
