//! `/inbox`: all that waits, page by page.

use serde_json::json;

use super::today::Named;
use super::{Pager, unit_name};
use crate::http::call::Call;
use crate::http::page::{self, Frame};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::views::waiting;

/// Archives on one page.
const SHOWN: u64 = 50;

/// `/inbox`
pub fn waiting(call: &Call) -> Result<Reply, Problem> {
    let found = waiting::page(call, SHOWN)?;
    let hcode = call.text("hcode");
    let lines: Vec<_> = found
        .rows
        .into_iter()
        .map(|own| Named { unit: unit_name(call, own.hcode.as_deref()), own })
        .collect();
    let own = json!({
        "waiting": lines, "total": found.total, "hcode": hcode, "unit": unit_name(call, hcode),
        "pager": Pager::new(call, SHOWN, found.total, "#waiting"),
    });
    page::render(&Frame::of(call), "waiting.html", own)
}
