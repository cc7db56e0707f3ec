//! What was sent on to NHSO and the ministry, and what waits: for the province.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::ForwardState;
use crate::forward::{self, ForwardStatus, StatusContext};
use crate::http::endpoint::{Endpoint, PROVINCE};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::score::Rulebooks;
use crate::store::{ForwardArchive, ForwardBatch};

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            access: PROVINCE,
            about: "route.forward",
            schema: Some(ReplySchema::from_type::<ForwardReply>()),
            problems: &[problem::RULEBOOK],
            ..Endpoint::api("forward", "/api/v1/forward")
        },
        view: list,
    },
    Route {
        endpoint: Endpoint {
            access: PROVINCE,
            about: "route.forward_batch",
            schema: Some(ReplySchema::from_type::<BatchReply>()),
            problems: &[problem::NO_BATCH],
            ..Endpoint::api("forward_batch", "/api/v1/forward/{batch}")
        },
        view: batch,
    },
];

/// How sending on stands.
#[derive(Serialize, JsonSchema)]
struct ForwardReply {
    /// Destinations in the order of the configuration.
    destinations: Vec<ForwardStatus>,
    /// Batches that were made, the oldest first; also of destinations that are no
    /// longer configured.
    batches: Vec<ForwardBatch>,
}

/// A batch with its archives.
#[derive(Serialize, JsonSchema)]
struct BatchReply {
    /// The batch.
    #[serde(flatten)]
    batch: ForwardBatch,
    /// Its archives, by name.
    contents: Vec<ForwardArchive>,
}

/// How all destinations stand, in the order of the configuration.
fn statuses(request: &Request) -> Result<Vec<ForwardStatus>, Problem> {
    let environment = &request.environment;
    let books = Rulebooks::open(&request.app.data);
    let place = StatusContext {
        environment,
        data: &request.app.data,
        reader: request.store()?,
        books: &books,
        now: request.app.clock.now(),
    };
    // Start and reload have proven them.
    let destinations = forward::destinations(&environment.config.forward).unwrap_or_default();
    let status = |to| {
        forward::status(&place, to).map_err(|error| match error {
            forward::ForwardError::Store(error) => Problem::from(error),
            error => {
                log::error!("forward: {error}");
                Problem::new(problem::RULEBOOK, "khlang config check tells what")
            }
        })
    };
    destinations.iter().map(status).collect()
}

/// The same for a page that renews itself: at most a minute old, unless
/// something was received or sent on meanwhile.
pub(super) fn kept_statuses(
    request: &Request,
    batches: &[ForwardBatch],
) -> Result<Arc<Vec<ForwardStatus>>, Problem> {
    let state = ForwardState {
        submission: request.store()?.last_submission()?,
        batch: batches.last().map_or(0, |batch| batch.batch),
        configured: request.environment.config.forward.clone(),
    };
    request.app.forward.get(state, || statuses(request))
}

/// The batch that the path names, and its archives.
pub(super) fn batch_in_path(
    request: &Request,
) -> Result<(ForwardBatch, Vec<ForwardArchive>), Problem> {
    let reader = request.store()?;
    let none = || Problem::new(problem::NO_BATCH, "see /api/v1/forward");
    let number: i64 = request.in_path("batch").parse().map_err(|_| none())?;
    let batch = reader.forward_batch(number)?.ok_or_else(none)?;
    Ok((batch, reader.forward_archives(number)?))
}

/// `/api/v1/forward`
pub fn list(request: &Request) -> Result<Reply, Problem> {
    let batches = request.store()?.forward_batches(None)?;
    Reply::json(&ForwardReply { destinations: statuses(request)?, batches })
}

/// `/api/v1/forward/{batch}`
pub fn batch(request: &Request) -> Result<Reply, Problem> {
    let (batch, contents) = batch_in_path(request)?;
    Reply::json(&BatchReply { batch, contents })
}
