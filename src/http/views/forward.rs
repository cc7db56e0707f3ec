//! What was sent on to NHSO and the ministry, and what waits: for the province.

use schemars::JsonSchema;
use serde::Serialize;

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

/// `/api/v1/forward`
pub fn list(request: &Request) -> Result<Reply, Problem> {
    let reader = request.store()?;
    let environment = &request.environment;
    let books = Rulebooks::open(&request.app.data);
    let now = request.app.clock.now();
    // Start and reload have proven them.
    let destinations = forward::destinations(&environment.config.forward).unwrap_or_default();
    let data = &request.app.data;
    let place = StatusContext { environment, data, reader, books: &books, now };
    let status = |to| {
        forward::status(&place, to).map_err(|error| match error {
            forward::ForwardError::Store(error) => Problem::from(error),
            error => {
                log::error!("forward: {error}");
                Problem::new(problem::RULEBOOK, "khlang config check tells what")
            }
        })
    };
    let destinations = destinations.iter().map(status).collect::<Result<_, _>>()?;
    Reply::json(&ForwardReply { destinations, batches: reader.forward_batches(None)? })
}

/// `/api/v1/forward/{batch}`
pub fn batch(request: &Request) -> Result<Reply, Problem> {
    let reader = request.store()?;
    let text = request.in_path("batch");
    let none = || Problem::new(problem::NO_BATCH, "see /api/v1/forward");
    let number: i64 = text.parse().map_err(|_| none())?;
    let batch = reader.forward_batch(number)?.ok_or_else(none)?;
    let contents = reader.forward_archives(number)?;
    Reply::json(&BatchReply { batch, contents })
}
