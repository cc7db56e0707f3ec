//! Admission: what is decided from the head of a request alone, before a byte
//! of its body is read: whether there may be a body, how large it may be, and
//! whether this client may send it at all.

use super::authorize;
use super::endpoint::{ALWAYS, Body};
use super::problem::{self, Problem};
use super::routes::{self, RouteMatch};
use super::transport::head::RequestHead;
use super::upload::{RequestBody, UploadRequest};
use crate::app::AppState;

/// Which body may follow a head.
pub enum BodyPolicy {
    /// None.
    Nothing,
    /// None, and the request is answered however busy the program is.
    Always,
    /// A form of at most this many bytes.
    Form(u64),
    /// An archive.
    Archive(Box<UploadRequest>),
}

/// Decides. Unknown paths and methods are let through without a body; the
/// dispatcher answers them with 404 or 405.
pub fn admit(app: &AppState, head: &RequestHead) -> Result<BodyPolicy, Problem> {
    let RouteMatch::Route(route, _) = routes::find(&head.method, head.path()) else {
        return Ok(BodyPolicy::Nothing);
    };
    let endpoint = &route.endpoint;
    match endpoint.body {
        Body::None if head.body_bytes != Some(0) => {
            let detail = format!("{} has no body here", head.method);
            Err(Problem::new(problem::MALFORMED, detail))
        }
        Body::None if ALWAYS.contains(&endpoint.path) => Ok(BodyPolicy::Always),
        Body::None => Ok(BodyPolicy::Nothing),
        Body::Form => Ok(BodyPolicy::Form(app.environment().config.limits.form_bytes)),
        Body::Step => Ok(BodyPolicy::Form(app.environment().config.limits.step_bytes)),
        Body::Archive => {
            let viewer = authorize::authorize(app, endpoint, &|name| head.said(name))?;
            let token = head.said("X-CSRF-Token");
            authorize::check_form(&viewer, endpoint, &RequestBody::Nothing, token)?;
            let units = viewer.units(&app.environment());
            UploadRequest::admit(app, head, units)
                .map(|upload| BodyPolicy::Archive(Box::new(upload)))
        }
    }
}
