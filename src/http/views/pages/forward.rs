//! `/forward/{batch}`: what was sent on at once; and what of sending on stands
//! on the first page, for the province.

use serde::Serialize;
use serde_json::{Value, json};

use super::unit_name;
use crate::forward::ForwardStatus;
use crate::http::endpoint::{Endpoint, PROVINCE};
use crate::http::page::{self, Frame, Lang};
use crate::http::params::common::LANG;
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::forward;
use crate::score::unsent::UnsentRows;
use crate::store::{ForwardArchive, ForwardBatch};

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        access: PROVINCE,
        about: "route.forward_page",
        params: &[LANG],
        problems: &[problem::NO_BATCH],
        ..Endpoint::page("forward_page", "/forward/{batch}")
    },
    view: batch,
}];

/// Batches of a destination on the first page, and lines of what runs out.
const SHOWN: usize = 3;
const RUNS_OUT_SHOWN: usize = 10;

/// A destination on the first page.
#[derive(Serialize)]
struct DestinationBox<'s> {
    name: &'s str,
    submissions: u64,
    rows: u64,
    oldest: Option<&'s str>,
    /// What keeps the schedule from sending.
    not_begun: Option<&'s str>,
    /// Units whose originals cannot be read hold up what came later.
    unreadable: usize,
    unconfirmed: &'s [i64],
    taken_back: usize,
    runs_out: Vec<RunsOut<'s>>,
    runs_out_more: usize,
    batches: Vec<&'s ForwardBatch>,
}

/// Rows that lose points unless they are sent by a day.
#[derive(Serialize)]
struct RunsOut<'s> {
    #[serde(flatten)]
    of: &'s UnsentRows,
    unit: Option<String>,
    /// Today or tomorrow.
    soon: bool,
}

/// What of sending on is on the first page; nothing without a destination, or
/// for those who may not see it.
pub(super) fn overview(request: &Request) -> Result<Value, Problem> {
    let open = ROUTES[0].endpoint.is_open_to(request.viewer.role());
    if !open || request.environment.config.forward.is_empty() {
        return Ok(json!([]));
    }
    let batches = request.store()?.forward_batches(None)?;
    let all = forward::kept_statuses(request, &batches)?;
    let boxes: Vec<_> = all.iter().map(|of| destination(request, of, &batches)).collect();
    Ok(json!(boxes))
}

fn destination<'s>(
    request: &Request,
    of: &'s ForwardStatus,
    batches: &'s [ForwardBatch],
) -> DestinationBox<'s> {
    let today = request.app.clock.now().date_naive();
    let runs_out = |rows: &'s UnsentRows| RunsOut {
        unit: unit_name(request, Some(&rows.hcode)),
        soon: (rows.by - today).num_days() <= 1,
        of: rows,
    };
    let unreadable = of.waiting.iter().filter(|w| w.why == crate::forward::WhyWaiting::Original);
    DestinationBox {
        name: &of.destination,
        submissions: of.submissions,
        rows: of.rows,
        oldest: of.oldest.as_deref(),
        not_begun: of.not_begun.as_ref().map(|why| match request.lang() {
            Lang::Th => why.th.as_str(),
            Lang::En => why.en.as_str(),
        }),
        unreadable: unreadable.map(|w| &w.hcode).collect::<std::collections::BTreeSet<_>>().len(),
        unconfirmed: &of.unconfirmed,
        taken_back: of.taken_back.len(),
        runs_out: of.clock.iter().take(RUNS_OUT_SHOWN).map(runs_out).collect(),
        runs_out_more: of.clock.len().saturating_sub(RUNS_OUT_SHOWN),
        batches: batches
            .iter()
            .rev()
            .filter(|batch| batch.destination == of.destination)
            .take(SHOWN)
            .collect(),
    }
}

/// An archive of a batch, with the name of its unit.
#[derive(Serialize)]
struct ArchiveRow {
    #[serde(flatten)]
    own: ForwardArchive,
    unit: Option<String>,
}

/// `/forward/{batch}`
pub fn batch(request: &Request) -> Result<Reply, Problem> {
    let (batch, contents) = forward::batch_in_path(request)?;
    let archives: Vec<ArchiveRow> = contents
        .into_iter()
        .map(|own| ArchiveRow { unit: unit_name(request, Some(&own.hcode)), own })
        .collect();
    page::render(&Frame::new(request), "forward.html", json!({ "b": batch, "archives": archives }))
}
