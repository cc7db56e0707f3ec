//! The daemon as a whole, and the units.

use std::collections::HashMap;

use serde::Serialize;

use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::shared::InboxState;
use crate::store::{ListPage, Overview, SubmissionFilter, SubmissionLine, UnitSummary};
use crate::units::{Held, Unit};

/// Archives of each unit that the status names.
const NAMED_OF_UNIT: usize = 20;

#[derive(Serialize)]
struct Status {
    version: &'static str,
    now: String,
    started: String,
    data: String,
    inbox: InboxState,
    totals: Overview,
    today: Today,
    last_submission: Option<SubmissionLine>,
    units_in_force: usize,
    /// A list of units that is held back; for the province alone.
    units_held: Option<Held>,
}

#[derive(Serialize)]
struct Today {
    day: String,
    #[serde(flatten)]
    totals: Overview,
}

/// `/api/v1/status`
pub fn status(call: &Call) -> Result<Reply, Problem> {
    let (shared, store) = (call.shared, call.store()?);
    let (now, scope) = (shared.clock.now(), call.scope());
    let last = SubmissionFilter { units: scope.clone(), ..SubmissionFilter::default() };
    let day = now.date_naive().to_string();
    let name = shared.data.file_name().map(|name| name.to_string_lossy().into_owned());
    Reply::json(&Status {
        version: env!("CARGO_PKG_VERSION"),
        now: now.to_rfc3339(),
        started: shared.started.to_rfc3339(),
        data: name.unwrap_or_default(),
        inbox: inbox(call),
        totals: store.overview(&scope)?,
        today: Today { totals: store.overview_of_day(&day, &scope)?, day },
        last_submission: store.submissions(&last, 1, 1)?.rows.pop(),
        units_in_force: call.world.units.by_code.len(),
        units_held: held(call).cloned(),
    })
}

/// A list of units that is held back, told to who can do something about it.
pub fn held<'c>(call: &'c Call) -> Option<&'c Held> {
    call.world.units.held.as_ref().filter(|_| call.viewer.is_province())
}

/// The inbox as far as it is the viewer's: archives of its units. What else
/// lies there, and trouble of ours, is for the province.
pub fn inbox(call: &Call) -> InboxState {
    let (scope, board) = (call.scope(), call.shared.inbox());
    let own = |hcode: &Option<String>| match (&scope, hcode) {
        (None, _) => true,
        (Some(units), Some(hcode)) => units.contains(hcode),
        (Some(_), None) => false,
    };
    let waiting = board.waiting.iter().filter(|one| own(&one.hcode)).cloned().collect();
    let blocked: Vec<_> = board.blocked.iter().filter(|one| own(&one.hcode)).cloned().collect();
    let mut inbox = InboxState {
        waiting,
        loading: board.loading.clone().filter(|loading| own(&loading.hcode)),
        blocked_total: blocked.len(),
        blocked,
        last_scan: board.last_scan.clone(),
        ..InboxState::default()
    };
    if scope.is_some() {
        // The first of all may be others': of each unit the first are known.
        let queues = || board.queues.iter().filter(|(hcode, _)| own(hcode));
        for one in queues().flat_map(|(_, queue)| queue.values().take(NAMED_OF_UNIT)) {
            if !inbox.waiting.contains(one) {
                inbox.waiting.push(one.clone());
            }
        }
        let total = queues().map(|(_, queue)| queue.len()).sum();
        inbox.waiting_total = inbox.waiting.len().max(total);
        inbox.oldest = inbox.waiting.iter().map(|one| one.since.clone()).min();
    } else {
        inbox.waiting_total = board.waiting();
        inbox.blocked_total = board.blocked_total.max(inbox.blocked.len());
        inbox.oldest.clone_from(&board.oldest);
        inbox.ignored.clone_from(&board.ignored);
        inbox.trouble.clone_from(&board.trouble);
    }
    inbox
}

/// A unit with what it has sent; nulls when that is nothing.
#[derive(Serialize)]
struct UnitRow<'a> {
    #[serde(flatten)]
    unit: &'a Unit,
    submissions: u64,
    broken: u64,
    last_submission: Option<i64>,
    last_received_at: Option<&'a str>,
    last_status: Option<&'a str>,
}

/// `/api/v1/units`
pub fn units(call: &Call) -> Result<Reply, Problem> {
    let lines = call.store()?.units()?;
    let lines: HashMap<&str, &UnitSummary> = lines.iter().map(|l| (l.hcode.as_str(), l)).collect();
    let (cup, scope) = (call.text("cup"), call.scope());
    if let Some(cup) = cup {
        call.must_know("cup", cup)?;
    }
    let units: Vec<&Unit> = call
        .world
        .units
        .by_code
        .values()
        .filter(|unit| cup.is_none_or(|cup| unit.cup == cup))
        .filter(|unit| scope.as_ref().is_none_or(|units| units.contains(&unit.hcode)))
        .collect();
    let (page, per_page) = (call.page(), call.per_page());
    let rows = units
        .iter()
        .skip(((page - 1) * per_page) as usize)
        .take(per_page as usize)
        .map(|unit| {
            let line = lines.get(unit.hcode.as_str());
            UnitRow {
                unit,
                submissions: line.map_or(0, |line| line.submissions),
                broken: line.map_or(0, |line| line.broken),
                last_submission: line.map(|line| line.last_submission),
                last_received_at: line.map(|line| line.last_received_at.as_str()),
                last_status: line.map(|line| line.last_status.as_str()),
            }
        })
        .collect();
    call.page_of(&ListPage { rows, total: units.len() as u64, page, per_page })
}
