//! `/expected`: who has not sent in a month, by main unit, so that a phone call
//! goes to the right place.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use serde_json::{Value, json};

use super::unit_name;
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame};
use crate::http::params::common::{LANG, MONTH};
use crate::http::problem;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::expected::{ExpectedUnit, month, of_month};

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.expected_page",
        params: &[MONTH, LANG],
        problems: &[problem::BEING_COMPUTED],
        menu: Some("expected"),
        ..Endpoint::page("expected_page", "/expected")
    },
    view: expected,
}];

/// Months to choose from.
const MONTHS: u32 = 12;

/// `/expected`
pub fn expected(request: &Request) -> Result<Reply, Problem> {
    let first = month(request)?;
    let all = of_month(request, first)?;
    let (sent, missing): (Vec<ExpectedUnit>, Vec<ExpectedUnit>) =
        all.rows.into_iter().partition(|unit| unit.sent);
    let own = json!({
        "month": all.month, "months": months(request, first), "over": all.over,
        "expected": all.expected, "done": all.sent,
        "part": all.sent * 1000 / all.expected.max(1),
        "missing": by_cup(request, missing), "missing_total": all.missing, "sent": sent,
    });
    page::render(&Frame::new(request), "expected.html", own)
}

/// Months up to today's, the latest first, with the one asked for.
fn months(request: &Request, asked: NaiveDate) -> Vec<String> {
    let today = request.app.clock.now().date_naive();
    let name = |day: NaiveDate| day.format("%Y-%m").to_string();
    let mut months: Vec<String> = (0..MONTHS)
        .filter_map(|back| today.checked_sub_months(Months::new(back)))
        .map(name)
        .collect();
    if !months.contains(&name(asked)) {
        months.insert(0, name(asked));
    }
    months
}

/// Units under their main unit, in the order of its code.
fn by_cup(request: &Request, units: Vec<ExpectedUnit>) -> Vec<Value> {
    let mut cups: BTreeMap<String, Vec<ExpectedUnit>> = BTreeMap::new();
    for unit in units {
        cups.entry(unit.cup.clone()).or_default().push(unit);
    }
    let each = cups.into_iter().map(
        |(cup, units)| json!({ "cup": cup, "name": unit_name(request, Some(&cup)), "units": units }),
    );
    each.collect()
}
