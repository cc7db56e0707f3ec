//! Authorization of every request: who sent it, whether the endpoint is open to
//! them, and whether they really meant a change.
//!
//! A browser sends its cookie with any request that another site makes it send.
//! So a change that is not proven by a token in its own header must come from a
//! page of this site: the browser says where it comes from, and a form carries
//! a token that only pages of this session have.

use super::endpoint::{Access, Body, Endpoint, POST};
use super::problem::{self, Problem};
use super::transport::head::{LOCAL, PEER};
use super::upload::RequestBody;
use crate::access::{Claims, Viewer};
use crate::app::AppState;
use crate::credentials::{Role, same};

/// Name of the form field with the CSRF token.
const FIELD: &str = "csrf";

/// The viewer of a request, if the endpoint is open to them.
pub fn authorize<'h>(
    app: &AppState,
    endpoint: &Endpoint,
    header: &impl Fn(&str) -> &'h str,
) -> Result<Viewer, Problem> {
    let claims = Claims { route: endpoint.name, ..claims(header) };
    let rules = &app.environment().config.http;
    let viewer = app.authenticator.viewer(&claims, rules, &app.clock)?;
    if endpoint.methods == POST && claims.authorization.is_empty() {
        same_site(&viewer, header)?;
    }
    match (endpoint.access, viewer.role()) {
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

/// The viewer to whom a problem is told. A token in a header is not checked
/// again: it may be what the problem is about.
pub fn identify<'h>(app: &AppState, header: &impl Fn(&str) -> &'h str) -> Viewer {
    let claims = Claims { authorization: "", ..claims(header) };
    let rules = &app.environment().config.http;
    app.authenticator.viewer(&claims, rules, &app.clock).unwrap_or_default()
}

/// What a request says about who sent it.
pub fn claims<'h>(header: &impl Fn(&str) -> &'h str) -> Claims<'h> {
    Claims {
        authorization: header("Authorization"),
        cookie: header("Cookie"),
        peer: header(PEER),
        route: "",
        local: !header(LOCAL).is_empty(),
    }
}

/// Checks that a change in a session comes from a page of this site, as far as
/// the browser tells; on a machine without tokens nothing may say otherwise.
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
    // A program on a machine without tokens sends neither header, and needs no
    // cookie.
    if said.unwrap_or(viewer.csrf.is_none()) {
        return Ok(());
    }
    Err(Problem::new(problem::CROSS_SITE, "a change must come from a page of this site"))
}

/// Checks that a change in a session carries the CSRF token of its pages.
pub fn check_form(
    viewer: &Viewer,
    endpoint: &Endpoint,
    sent: &RequestBody,
    header: &str,
) -> Result<(), Problem> {
    let Some(expected) = viewer.csrf.as_deref().filter(|_| endpoint.methods == POST) else {
        return Ok(());
    };
    let field = match sent {
        RequestBody::Form(form) if matches!(endpoint.body, Body::Form | Body::Step) => {
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
