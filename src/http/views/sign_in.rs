//! Signing in and out: a browser sends its token once and then has a session.

use serde_json::json;

use crate::access::{COOKIE, Claims};
use crate::credentials::{Identity, Role};
use crate::http::endpoint::{Access, Body, Endpoint, POST};
use crate::http::page::{self, Frame};
use crate::http::params::common::{LANG, NEXT};
use crate::http::problem::{self, Problem, ProblemKind};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::store::Action;

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "route.sign_in_page",
            params: &[LANG, NEXT],
            asks_store: false,
            ..Endpoint::page("sign_in_page", "/sign-in")
        },
        view: form,
    },
    Route {
        endpoint: Endpoint {
            methods: POST,
            body: Body::Form,
            access: Access::Public,
            about: "route.sign_in",
            params: &[LANG],
            asks_store: false,
            ..Endpoint::page("sign_in", "/sign-in")
        },
        view: sign_in,
    },
    Route {
        endpoint: Endpoint {
            methods: POST,
            body: Body::Form,
            access: Access::Public,
            about: "route.sign_out",
            asks_store: false,
            ..Endpoint::page("sign_out", "/sign-out")
        },
        view: sign_out,
    },
];

/// Longest address to continue to, in bytes.
const NEXT_BYTES: usize = 2000;

/// Problems that the form itself shows.
const SAID_BY_FORM: [&ProblemKind; 3] = [problem::TOKEN, problem::WRONG_TOKENS, problem::NO_PAGES];

/// `GET /sign-in`
pub fn form(request: &Request) -> Result<Reply, Problem> {
    let next = local(request.text("next").unwrap_or_default()).to_owned();
    // A viewer who may open no page is not redirected, but may sign in with
    // another token.
    if request.viewer.is_known() && request.viewer.role() != Some(Role::Metrics) {
        return Ok(Reply::see_other(&next));
    }
    shown(request, &next, None)
}

fn shown(request: &Request, next: &str, wrong: Option<&Problem>) -> Result<Reply, Problem> {
    let own = json!({
        "next": next, "wrong": wrong.map(|problem| problem.kind.code()),
        "wrong_title": wrong.map(|problem| problem.kind.title().pick(request.lang())),
    });
    let mut reply = page::render(&Frame::new(request), "sign_in.html", own)?;
    if let Some(problem) = wrong {
        reply.status = problem.kind.status;
    }
    Ok(reply)
}

/// `POST /sign-in`
pub fn sign_in(request: &Request) -> Result<Reply, Problem> {
    let next = request.field("next").unwrap_or_default();
    let next = local(&next);
    if !request.app.authenticator.guarded() {
        return Ok(Reply::see_other(next));
    }
    let token = request.field("token").unwrap_or_default();
    let rules = &request.environment.config.http;
    let claims =
        Claims { peer: &request.viewer.peer, route: request.endpoint.name, ..Claims::default() };
    let session = request.app.authenticator.sign_in(&token, &claims, rules, &request.app.clock);
    match session.map_err(Problem::from) {
        Ok((session, identity)) => {
            let landing = landing(next, &identity);
            let mut call_of = request.viewer.clone();
            call_of.identity = Some(identity);
            request.log_as(&call_of, Action::Change, None, None, "")?;
            // An older session of this browser ends.
            request.app.authenticator.sign_out(&request.cookie)?;
            let seconds = rules.session.0.as_secs();
            Ok(with_cookie(request, &landing, session.reveal(), seconds))
        }
        Err(problem) if SAID_BY_FORM.contains(&problem.kind) => {
            shown(request, next, Some(&problem))
        }
        Err(problem) => Err(problem),
    }
}

/// `POST /sign-out`
pub fn sign_out(request: &Request) -> Result<Reply, Problem> {
    request.app.authenticator.sign_out(&request.cookie)?;
    request.log(Action::Change, None, None, "")?;
    Ok(with_cookie(request, "/sign-in", "", 0))
}

/// A redirect with a cookie that scripts cannot read and other sites cannot
/// make a browser send.
fn with_cookie(request: &Request, to: &str, value: &str, seconds: u64) -> Reply {
    let secure = if request.secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut reply = Reply::see_other(to);
    reply.extra.push(("Set-Cookie", cookie));
    reply
}

/// Where a session begins: for a unit its own page, unless it asked for
/// another.
fn landing(next: &str, identity: &Identity) -> String {
    match (identity.role, &identity.hcode, next.split_once('?')) {
        (Role::Unit, Some(hcode), None) if next == "/" => format!("/units/{hcode}"),
        (Role::Unit, Some(hcode), Some(("/", query))) => format!("/units/{hcode}?{query}"),
        _ => next.to_owned(),
    }
}

/// An address of this site, or else the first page: nobody is redirected to
/// another site.
fn local(next: &str) -> &str {
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let ours = next.starts_with('/') && !next.starts_with("//") && next.len() <= NEXT_BYTES;
    if plain && ours { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_begins_on_its_own_page() {
        let who = |role, hcode: Option<&str>| Identity {
            role,
            hcode: hcode.map(str::to_owned),
            ..Identity::local()
        };
        let unit = who(Role::Unit, Some("04001"));
        assert_eq!(landing("/", &unit), "/units/04001");
        assert_eq!(landing("/?lang=en", &unit), "/units/04001?lang=en");
        assert_eq!(landing("/kpi", &unit), "/kpi");
        assert_eq!(landing("/", &who(Role::Cup, Some("10670"))), "/");
        assert_eq!(landing("/", &who(Role::Province, None)), "/");
    }

    #[test]
    fn nobody_is_sent_to_a_stranger() {
        assert_eq!(local("/submissions/2?page=3"), "/submissions/2?page=3");
        for bad in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/\r\nX: y", "evil"]
        {
            assert_eq!(local(bad), "/", "{bad}");
        }
    }
}
