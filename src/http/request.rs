//! A request as a view sees it: authorized, its parameters checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::endpoint::Endpoint;
use super::page::menu::MenuItem;
use super::problem::{self, Problem};
use super::reply::Reply;
use super::upload::RequestBody;
use crate::access::Viewer;
use crate::app::{AppState, ResultReader};
use crate::environment::Environment;
use crate::store::{AccessEntry, Action, ListPage, Reader};
use crate::text::Lang;

/// Rows of a page unless the client asks for another number.
const PER_PAGE: u64 = 100;

/// One authorized request, with all that a view needs to answer it.
pub struct Request<'a> {
    /// The application.
    pub app: &'a AppState,
    /// The environment when the request began.
    pub environment: Arc<Environment>,
    /// Who asks.
    pub viewer: Viewer,
    /// The path, as written.
    pub here: String,
    /// The endpoint that is asked.
    pub endpoint: &'static Endpoint,
    /// All endpoints, for views that describe the API.
    pub api: &'static [&'static Endpoint],
    /// The menu of pages, as far as the viewer may open them.
    pub menu: Vec<MenuItem>,
    /// The variable parts of the path.
    pub path: Vec<(&'static str, String)>,
    /// A snapshot of the store, for endpoints that need it.
    pub store: Option<&'a Reader>,
    /// Query parameters, checked.
    pub values: Vec<(&'static str, String)>,
    /// The body.
    pub body: RequestBody,
    /// The `Cookie` header.
    pub cookie: String,
    /// The `If-Match` header.
    pub if_match: String,
    /// The `Content-Type` header.
    pub content_type: String,
    /// Whether the client used TLS (to the proxy in front of this program).
    pub secure: bool,
}

impl Request<'_> {
    /// A parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// A parameter, owned.
    pub fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A form field of the body.
    pub fn field(&self, name: &str) -> Option<String> {
        let RequestBody::Form(form) = &self.body else { return None };
        let mut fields = form_urlencoded::parse(form);
        fields.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }

    /// A parameter as a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    /// A variable part of the path; empty if there is none of that name.
    pub fn in_path(&self, name: &str) -> &str {
        self.path.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value)
    }

    /// Number of the page asked for, from 1.
    pub fn page(&self) -> u64 {
        self.number("page").unwrap_or(1)
    }

    /// Rows of a page.
    pub fn per_page(&self) -> u64 {
        self.number("per_page").unwrap_or(PER_PAGE.min(self.most_rows()))
    }

    /// Most rows of one reply.
    pub fn most_rows(&self) -> u64 {
        most_rows(&self.environment)
    }

    /// The language of a page.
    pub fn lang(&self) -> Lang {
        Lang::from_code(self.text("lang"))
    }

    /// Results that take long to compute, as of the state of the store.
    pub fn results(&self) -> Result<ResultReader<'_>, Problem> {
        Ok(ResultReader {
            cache: &self.app.results,
            reader: self.store()?,
            environment: &self.environment,
        })
    }

    /// The store.
    pub fn store(&self) -> Result<&Reader, Problem> {
        self.store.ok_or_else(|| Problem::new(problem::DATABASE, ""))
    }

    /// Submission id from the path. One that is not a number is reported as
    /// 404, like an unknown one.
    pub fn id(&self) -> Result<i64, Problem> {
        let text = self.in_path("id");
        let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        number.ok_or_else(|| self.no_submission())
    }

    /// Units whose rows may be seen; none for all.
    pub fn scope(&self) -> Option<BTreeSet<String>> {
        self.viewer.units(&self.environment)
    }

    /// The unit in a parameter, when the viewer may see it. That a unit exists is
    /// no secret; what it sent is.
    pub fn own_unit(&self, name: &str) -> Result<Option<String>, Problem> {
        let Some(hcode) = self.owned(name) else { return Ok(None) };
        if !self.viewer.may_see(&self.environment, &hcode) {
            return Err(Problem::new(problem::NOT_ALLOWED, format!("{name}: not a unit of yours")));
        }
        self.must_know(name, &hcode)?;
        Ok(Some(hcode))
    }

    /// Refuses a unit that is not listed and has sent nothing.
    pub fn must_know(&self, name: &str, hcode: &str) -> Result<(), Problem> {
        if self.environment.units.knows(hcode) {
            return Ok(());
        }
        let sent = self.store()?.has_sent(hcode).map_err(|error| {
            log::error!("{error}");
            Problem::new(problem::DATABASE, "see the log of the daemon")
        })?;
        if sent {
            return Ok(());
        }
        let known = self.environment.units.by_code.keys().map(String::as_str);
        let near = crate::spelling::nearest(hcode, known);
        let near = near.map_or(String::new(), |near| format!("; the nearest is {near}"));
        Err(Problem::new(problem::NO_UNIT, format!("{name}: there is no unit {hcode}{near}")))
    }

    /// Writes into the access log what this request reads or changes.
    pub fn log(
        &self,
        action: Action,
        unit: Option<&str>,
        submission: Option<i64>,
        detail: &str,
    ) -> Result<(), Problem> {
        self.log_as(&self.viewer, action, unit, submission, detail)
    }

    /// The same, for a viewer who has signed in with this very request.
    pub fn log_as(
        &self,
        viewer: &Viewer,
        action: Action,
        unit: Option<&str>,
        submission: Option<i64>,
        detail: &str,
    ) -> Result<(), Problem> {
        let Some(identity) = &viewer.identity else { return Ok(()) };
        let at = self.app.clock.stamp();
        let logged = self.app.authenticator.log(&AccessEntry {
            at: &at,
            identity,
            peer: &viewer.peer,
            action,
            route: self.endpoint.name,
            unit,
            submission,
            detail,
        });
        Ok(logged?)
    }

    /// A page of a list, with the address of the next one.
    pub fn page_of<T: Serialize>(&self, page: &ListPage<T>) -> Result<Reply, Problem> {
        let reply = Reply::json(page)?;
        Ok(self.link_next(reply, page.page, page.per_page, page.total))
    }

    /// Names the next page of a list, if there is one (RFC 8288).
    pub fn link_next(&self, mut reply: Reply, page: u64, per_page: u64, total: u64) -> Reply {
        if page.saturating_mul(per_page) < total {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in self.values.iter().filter(|(name, _)| *name != "page") {
                query.append_pair(name, value);
            }
            query.append_pair("page", &(page + 1).to_string());
            let path = self.address();
            reply.extra.push(("Link", format!("<{path}?{}>; rel=\"next\"", query.finish())));
        }
        reply
    }

    /// The path that was asked for.
    fn address(&self) -> String {
        let mut path = self.endpoint.path.to_owned();
        for (name, value) in &self.path {
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        path
    }

    /// The problem that there is no such submission.
    pub fn no_submission(&self) -> Problem {
        let id: String = self.in_path("id").chars().take(40).collect();
        Problem::new(problem::NO_SUBMISSION, format!("no submission {id}"))
    }
}

/// Most rows of one reply.
pub fn most_rows(environment: &Environment) -> u64 {
    environment.config.limits.reply_rows.max(1) as u64
}
