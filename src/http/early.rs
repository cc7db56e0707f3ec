//! What is decided from the head of a request alone, before a byte of its body
//! is read: whether there is to be a body, how large it may be, and whether
//! this client may send it at all.

use std::collections::BTreeSet;

use super::front::head::Head;
use super::problem::{self, Problem};
use super::routes::{self, Body, Found};
use super::shared::Shared;
use super::upload::Intake;

/// What may come behind a head.
pub enum Permit {
    /// Nothing.
    Nothing,
    /// A form of at most so many bytes.
    Form(u64),
    /// An archive.
    Archive(Box<Intake>),
}

/// Decides. An address that is none, or that takes other methods, gets its
/// answer behind, where all answers are made; its body is not read.
pub fn early(shared: &Shared, head: &Head) -> Result<Permit, Problem> {
    let Found::Route(route, _) = routes::find(&head.method, head.path()) else {
        return Ok(Permit::Nothing);
    };
    if route.body != Body::None {
        of_our_own(head)?;
    }
    match route.body {
        Body::None if head.body_bytes != Some(0) => {
            let detail = format!("{} has no body here", head.method);
            Err(Problem::new(problem::MALFORMED, detail))
        }
        Body::None => Ok(Permit::Nothing),
        Body::Form => Ok(Permit::Form(shared.world().config.limits.form_bytes)),
        Body::Archive => Intake::admit(shared, head, units(shared, head)?)
            .map(|intake| Permit::Archive(Box::new(intake))),
    }
}

/// Whose archives the client may send; none means everybody's.
fn units(_: &Shared, _: &Head) -> Result<Option<BTreeSet<String>>, Problem> {
    Ok(None)
}

/// A page of another site can make its visitor's browser send forms here; but
/// browsers say where they come from.
fn of_our_own(head: &Head) -> Result<(), Problem> {
    let strange_site =
        head.header("Sec-Fetch-Site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let strange_origin = head.header("Origin").is_some_and(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_none() || host != head.header("Host")
    });
    if strange_site || strange_origin {
        return Err(Problem::new(problem::CROSS_ORIGIN, "send it from a page of this server"));
    }
    Ok(())
}
