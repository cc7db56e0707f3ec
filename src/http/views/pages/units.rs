//! `/units`: every unit that the viewer may see, what it sent last, and the way
//! to its own page.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{Pager, unit_name};
use crate::credentials::Role;
use crate::http::endpoint::{Access, Endpoint};
use crate::http::page::{self, Frame};
use crate::http::params::common::{LANG, LAST_SENT, OF_CUP, OF_DISTRICT, PAGE, SEARCH};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::store::UnitSummary;
use crate::units::Unit;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        // A unit has its own page and nobody else's.
        access: Access::Roles(&[Role::Province, Role::Cup]),
        about: "route.units_page",
        params: &[SEARCH, OF_CUP, OF_DISTRICT, LAST_SENT, PAGE, LANG],
        problems: &[problem::NO_UNIT],
        menu: Some("unit_list"),
        ..Endpoint::page("units_page", "/units")
    },
    view: units,
}];

/// Units on one page.
const SHOWN: u64 = 50;

/// `/units`
pub fn units(request: &Request) -> Result<Reply, Problem> {
    let sent = request.store()?.units()?;
    let sent: HashMap<&str, &UnitSummary> = sent.iter().map(|l| (l.hcode.as_str(), l)).collect();
    let (scope, cup) = (request.scope(), request.text("cup"));
    if let Some(cup) = cup {
        request.must_know("cup", cup)?;
    }
    let of_scope = |unit: &&Unit| scope.as_ref().is_none_or(|own| own.contains(&unit.hcode));
    let all: Vec<&Unit> = request.environment.units.by_code.values().filter(of_scope).collect();
    let words = request.text("q").map(str::to_lowercase);
    let last = |unit: &Unit| sent.get(unit.hcode.as_str()).map_or("never", |l| &l.last_status);
    let found = |unit: &&&Unit| {
        words.as_deref().is_none_or(|words| {
            unit.name.to_lowercase().contains(words) || unit.hcode.to_lowercase().contains(words)
        }) && cup.is_none_or(|cup| unit.cup == cup)
            && request.text("district").is_none_or(|district| unit.district == district)
            && request.text("last").is_none_or(|wanted| last(unit) == wanted)
    };
    let chosen: Vec<&&Unit> = all.iter().filter(found).collect();
    let first = (request.page() - 1).saturating_mul(SHOWN) as usize;
    let lines = chosen.iter().skip(first).take(SHOWN as usize);
    let lines: Vec<Value> = lines.map(|unit| line(request, unit, &sent)).collect();
    let cups: BTreeSet<&str> = all.iter().map(|unit| unit.cup.as_str()).collect();
    let cups: Vec<Value> = cups
        .into_iter()
        .map(|cup| json!({ "hcode": cup, "name": unit_name(request, Some(cup)) }))
        .collect();
    let districts: BTreeSet<&str> = all.iter().map(|unit| unit.district.as_str()).collect();
    let own = json!({
        "lines": lines, "total": chosen.len(), "cups": cups, "districts": districts,
        "q": request.text("q"), "cup": cup, "district": request.text("district"),
        "last": request.text("last"),
        "pager": Pager::new(request, SHOWN, chosen.len() as u64, "#list"),
    });
    page::render(&Frame::new(request), "units.html", own)
}

/// A unit with what it sent last.
fn line(request: &Request, unit: &Unit, sent: &HashMap<&str, &UnitSummary>) -> Value {
    let last = sent.get(unit.hcode.as_str()).map(|last| {
        let [received, accepted, duplicate, rejected] = last.last_rows;
        json!({
            "id": last.last_submission, "received_at": last.last_received_at,
            "status": last.last_status, "received": received, "accepted": accepted,
            "duplicate": duplicate, "rejected": rejected, "submissions": last.submissions,
            "broken": last.broken,
        })
    });
    json!({ "unit": unit, "cup": unit_name(request, Some(&unit.cup)), "last": last })
}
