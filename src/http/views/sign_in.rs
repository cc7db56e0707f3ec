//! Signing in and out: a browser shows its token once, and has a session from
//! then on.

use serde_json::json;

use crate::access::{Identity, Role};
use crate::http::call::Call;
use crate::http::gate::{COOKIE, Claims};
use crate::http::page::{self, Frame, Lang};
use crate::http::problem::{self, Kind, Problem};
use crate::http::reply::Reply;
use crate::store::Action;

/// Longest address to go on to.
const NEXT_BYTES: usize = 2000;

/// What the form itself says.
const SAID_BY_FORM: [&Kind; 3] = [problem::TOKEN, problem::WRONG_TOKENS, problem::NO_PAGES];

/// `GET /sign-in`
pub fn form(call: &Call) -> Result<Reply, Problem> {
    let next = local(call.text("next").unwrap_or_default()).to_owned();
    // Who may open no page is not sent to one, but may sign in as another.
    if call.viewer.is_known() && call.viewer.role() != Some(Role::Metrics) {
        return Ok(Reply::see_other(&next));
    }
    shown(call, &next, None)
}

fn shown(call: &Call, next: &str, wrong: Option<&Problem>) -> Result<Reply, Problem> {
    let own = json!({
        "next": next, "wrong": wrong.map(|problem| problem.kind.code),
        "wrong_title": wrong.map(|problem| match call.lang() {
            Lang::Th => problem.kind.title_th,
            Lang::En => problem.kind.title,
        }),
    });
    let mut reply = page::render(&Frame::of(call), "sign_in.html", own)?;
    if let Some(problem) = wrong {
        reply.status = problem.kind.status;
    }
    Ok(reply)
}

/// `POST /sign-in`
pub fn sign_in(call: &Call) -> Result<Reply, Problem> {
    let next = call.field("next").unwrap_or_default();
    let next = local(&next);
    if !call.shared.gate.guarded() {
        return Ok(Reply::see_other(next));
    }
    let token = call.field("token").unwrap_or_default();
    let rules = &call.world.config.http;
    let claims = Claims { peer: &call.viewer.peer, route: call.route.name, ..Claims::default() };
    match call.shared.gate.sign_in(&token, &claims, rules, &call.shared.clock) {
        Ok((session, identity)) => {
            let landing = landing(next, &identity);
            let mut call_of = call.viewer.clone();
            call_of.identity = Some(identity);
            call.log_as(&call_of, Action::Change, None, None, "")?;
            // An older session of this browser is over.
            call.shared.gate.sign_out(&call.cookie)?;
            let seconds = rules.session.0.as_secs();
            Ok(with_cookie(call, &landing, session.reveal(), seconds))
        }
        Err(problem) if SAID_BY_FORM.contains(&problem.kind) => shown(call, next, Some(&problem)),
        Err(problem) => Err(problem),
    }
}

/// `POST /sign-out`
pub fn sign_out(call: &Call) -> Result<Reply, Problem> {
    call.shared.gate.sign_out(&call.cookie)?;
    call.log(Action::Change, None, None, "")?;
    Ok(with_cookie(call, "/sign-in", "", 0))
}

/// On to another page, with a cookie that no script reads and no other site
/// makes a browser send.
fn with_cookie(call: &Call, to: &str, value: &str, seconds: u64) -> Reply {
    let secure = if call.secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut reply = Reply::see_other(to);
    reply.extra.push(("Set-Cookie", cookie));
    reply
}

/// Where one begins: a unit that wanted no other page, on its own.
fn landing(next: &str, identity: &Identity) -> String {
    match (identity.role, &identity.hcode, next.split_once('?')) {
        (Role::Unit, Some(hcode), None) if next == "/" => format!("/units/{hcode}"),
        (Role::Unit, Some(hcode), Some(("/", query))) => format!("/units/{hcode}?{query}"),
        _ => next.to_owned(),
    }
}

/// An address of ours, or else the first page: nobody is sent to a stranger.
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
