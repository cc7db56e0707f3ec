//! What is decided from the head of a request alone, before a byte of its body
//! is read: whether there is to be a body, how large it may be, and whether
//! this client may send it at all.

use super::door;
use super::front::head::Head;
use super::problem::{self, Problem};
use super::routes::{self, Body, Found};
use super::shared::Shared;
use super::upload::{Intake, Sent};

/// What may come behind a head.
pub enum Permit {
    /// Nothing.
    Nothing,
    /// Nothing, and it is answered whatever else is going on.
    Always,
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
    match route.body {
        Body::None if head.body_bytes != Some(0) => {
            let detail = format!("{} has no body here", head.method);
            Err(Problem::new(problem::MALFORMED, detail))
        }
        Body::None if routes::ALWAYS.contains(&route.path) => Ok(Permit::Always),
        Body::None => Ok(Permit::Nothing),
        Body::Form => Ok(Permit::Form(shared.world().config.limits.form_bytes)),
        Body::Archive => {
            let viewer = door::enter(shared, route, &|name| head.said(name))?;
            door::check_form(&viewer, route, &Sent::Nothing, head.said("X-CSRF-Token"))?;
            let units = viewer.units(&shared.world());
            Intake::admit(shared, head, units).map(|intake| Permit::Archive(Box::new(intake)))
        }
    }
}
