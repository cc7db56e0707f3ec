//! Receives archives.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::archive::ArchiveName;
use crate::http::endpoint::{Body, Endpoint, OtherReply, POST};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::http::upload::RequestBody;
use crate::inbox::{Placed, Upload};
use crate::store::{Action, Reader};

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        methods: POST,
        body: Body::Archive,
        about: "route.send_archive",
        also: &[NOT_YET],
        problems: &[
            problem::ARCHIVE_NAME,
            problem::OTHER_UNIT,
            problem::CROSS_SITE,
            problem::NAME_WAITS,
            problem::QUEUE,
            problem::STORAGE,
            problem::RESTARTING,
            problem::DATABASE,
            problem::NO_SPACE,
        ],
        asks_store: false,
        ..Endpoint::api("send_archive", "/api/v1/archives")
    },
    view: take,
}];

/// When a client may ask again about its archive, in seconds.
const ASK_AGAIN_S: u32 = 2;

/// The reply about an archive that is not validated yet.
pub const NOT_YET: OtherReply = OtherReply {
    status: 202,
    about: "The archive waits or is loaded",
    schema: ReplySchema::from_type::<Pending>(),
};

/// Status of an archive before it is validated.
const WAITING: &str = "waiting";
/// Status of an archive while it is loaded.
const LOADING: &str = "loading";

/// An archive that was received and is not validated yet.
#[derive(Serialize, JsonSchema)]
struct Pending<'a> {
    /// Number that its submission will have.
    id: i64,
    /// Name as sent.
    archive: &'a str,
    /// SHA-256 of the archive, hex.
    sha256: &'a str,
    /// Size in bytes.
    bytes: u64,
    /// Whether it waits or is loaded.
    #[schemars(extend("enum" = [WAITING, LOADING]))]
    status: &'static str,
}

/// `POST /api/v1/archives`
pub fn take(request: &Request) -> Result<Reply, Problem> {
    let RequestBody::Archive(received) = &request.body else {
        return Err(Problem::new(problem::MALFORMED, "no archive came with the request"));
    };
    let gone = || Problem::new(problem::RESTARTING, "send it again");
    let file = received.take().ok_or_else(gone)?;
    // The present state, not a snapshot: others assign ids, too.
    let deadline = Duration::from_millis(request.environment.config.limits.query_ms);
    let numbers = Reader::open(&request.app.database, Some(deadline))?;
    let last = || numbers.last_submission();
    let upload = &received.upload;
    match request.app.uploads.place(&file, upload, &last)? {
        Placed::New(id) => {
            log::info!("submission {id} ({}) came by HTTP: {} bytes", upload.name, upload.bytes);
            let hcode = ArchiveName::parse(&upload.name).map(|name| name.hcode).ok();
            request.log(Action::Change, hcode.as_deref(), Some(id), &upload.name)?;
            pending(id, upload, WAITING)
        }
        Placed::Again(id) => pending(id, upload, WAITING),
        Placed::NameWaits => {
            let detail = "another archive of this name waits in the inbox and is not replaced; \
                          send yours when that one is done, or with another time in its name";
            Err(Problem::new(problem::NAME_WAITS, detail))
        }
    }
}

/// The reply about an archive that is not validated yet, for viewers who may
/// see its result.
pub fn not_yet(request: &Request, id: i64) -> Result<Option<Reply>, Problem> {
    let Some((upload, loading)) = request.app.uploads.find(id) else { return Ok(None) };
    let hcode = ArchiveName::parse(&upload.name).map(|name| name.hcode).unwrap_or_default();
    if request.store()?.sender(id)?.is_some()
        || !request.viewer.may_see(&request.environment, &hcode)
    {
        // It has been validated, or must look as if it did not exist.
        return Ok(None);
    }
    pending(id, &upload, if loading { LOADING } else { WAITING }).map(Some)
}

fn pending(id: i64, upload: &Upload, status: &'static str) -> Result<Reply, Problem> {
    let Upload { name, sha256, bytes } = upload;
    let mut reply = Reply::json(&Pending { id, archive: name, sha256, bytes: *bytes, status })?;
    reply.status = 202;
    reply.extra.push(("Location", format!("/api/v1/submissions/{id}")));
    reply.extra.push(("Retry-After", ASK_AGAIN_S.to_string()));
    Ok(reply)
}
