//! The door of every route: who asks, whether the route is for them, and
//! whether a change was really meant by them.
//!
//! A browser sends its cookie along with whatever a page of a stranger lets it
//! send. So a change that is not proven by a token in its own header must come
//! from a page of ours: the browser says where from, and a form carries what
//! only a page of this session has.

use super::front::head::{LOCAL, PEER};
use super::gate::Claims;
use super::problem::{self, Problem};
use super::routes::{Access, Body, POST, Route};
use super::shared::Shared;
use super::upload::Sent;
use super::viewer::Viewer;
use crate::access::{Role, same};

/// The field of a form, or else the header, that a session's changes carry.
const FIELD: &str = "csrf";

/// Lets somebody in whom a route is for.
pub fn enter<'h>(
    shared: &Shared,
    route: &Route,
    header: &impl Fn(&str) -> &'h str,
) -> Result<Viewer, Problem> {
    let claims = Claims { route: route.name, ..claims(header) };
    let rules = &shared.world().config.http;
    let viewer = shared.gate.viewer(&claims, rules, &shared.clock)?;
    if route.methods == POST && claims.authorization.is_empty() {
        same_site(&viewer, header)?;
    }
    match (route.access, viewer.role()) {
        (Access::Public, _) => Ok(viewer),
        (Access::Roles(allowed), Some(role)) if allowed.contains(&role) => Ok(viewer),
        // A session of old, or another's page.
        (Access::Roles(_), Some(Role::Metrics)) if viewer.csrf.is_some() => {
            Err(Problem::new(problem::NO_PAGES, "sign out, and in with another token"))
        }
        (Access::Roles(_), Some(role)) => {
            let detail = format!("not for the role {}", role.as_str());
            Err(Problem::new(problem::NOT_ALLOWED, detail))
        }
        (Access::Roles(_), None) => {
            let detail = "send Authorization: Bearer, or sign in at /sign-in";
            Err(Problem::new(problem::NOT_SIGNED_IN, detail))
        }
    }
}

/// Who asks, for what is around a page that tells of trouble. A token in a
/// header is not looked at again: it may be what the trouble is about.
pub fn who<'h>(shared: &Shared, header: &impl Fn(&str) -> &'h str) -> Viewer {
    let claims = Claims { authorization: "", ..claims(header) };
    let rules = &shared.world().config.http;
    shared.gate.viewer(&claims, rules, &shared.clock).unwrap_or_default()
}

/// What a request says of who asks.
pub fn claims<'h>(header: &impl Fn(&str) -> &'h str) -> Claims<'h> {
    Claims {
        authorization: header("Authorization"),
        cookie: header("Cookie"),
        peer: header(PEER),
        route: "",
        local: !header(LOCAL).is_empty(),
    }
}

/// A change in the name of a session comes from a page of ours, as the browser
/// says it; on a machine without tokens nothing may say otherwise.
fn same_site<'h>(viewer: &Viewer, header: &impl Fn(&str) -> &'h str) -> Result<(), Problem> {
    let site = header("Sec-Fetch-Site");
    let origin = header("Origin");
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    let forwarded = header("X-Forwarded-Host");
    let ours = host.eq_ignore_ascii_case(header("Host"))
        || (!forwarded.is_empty() && host.eq_ignore_ascii_case(forwarded));
    let said = match (site, origin) {
        ("", "") => None,
        ("", _) => Some(ours),
        // `none`: the user did it, by typing or from a bookmark.
        (site, _) => Some(matches!(site, "same-origin" | "none")),
    };
    // A program on a machine without tokens says nothing, and needs no cookie.
    if said.unwrap_or(viewer.csrf.is_none()) {
        return Ok(());
    }
    Err(Problem::new(problem::CROSS_SITE, "a change must come from a page of this site"))
}

/// A change in the name of a session carries what only its pages have.
pub fn check_form(
    viewer: &Viewer,
    route: &Route,
    sent: &Sent,
    header: &str,
) -> Result<(), Problem> {
    let Some(expected) = viewer.csrf.as_deref().filter(|_| route.methods == POST) else {
        return Ok(());
    };
    let field = match sent {
        Sent::Form(form) if route.body == Body::Form => {
            let mut fields = form_urlencoded::parse(form);
            fields.find(|(name, _)| name == FIELD).map(|(_, value)| value.into_owned())
        }
        _ => None,
    };
    if same(expected, header) || field.is_some_and(|field| same(expected, &field)) {
        return Ok(());
    }
    Err(Problem::new(problem::CROSS_SITE, "the form is of another session; open the page again"))
}
