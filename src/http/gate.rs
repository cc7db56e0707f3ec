//! The gate: who asks, proven by token or session, and the access log.
//!
//! While no token has been made, whoever is on this machine is the province
//! and nobody else is let in. From the first token on everybody needs one,
//! here too, also when all have been revoked. A token that is revoked is
//! worthless from the next request on: nothing is remembered between two.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::guesses::Guesses;
use super::problem::{self, Problem};
use super::viewer::Viewer;
use crate::access::{Identity, Role, Secret, SecretKind};
use crate::clock::{Clock, stamp};
use crate::config::Http;
use crate::store::{AccessEntry, AccessLine, AccessStore, FoundToken, ListPage, StoreError};

/// Name of the cookie of a session.
pub const COOKIE: &str = "khlang";

/// What the hidden field of a form is derived for.
const CSRF: &str = "khlang csrf";

/// What somebody who signs in with the token of a monitoring system may see.
const NO_PAGES: &str = "a token of the role metrics reads /metrics and /-/ready with the header \
                        Authorization: Bearer, and no page";

/// All clients together have as many wrong tokens a minute as so many of them.
const CLIENTS: u32 = 10;

/// What all clients together are counted under: the address of none.
const EVERYBODY: &str = "";

/// How long a use of a token may go without being noted, in seconds.
const NOTED_EVERY: i64 = 60;

/// Keeps tokens, sessions and the access log.
pub struct Gate {
    /// For looking up: never behind a write, which waits for the disk.
    reader: Mutex<AccessStore>,
    writer: Mutex<AccessStore>,
    /// Whether a token was ever made.
    guarded: AtomicBool,
    guesses: Guesses,
}

/// What a request says of who asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claims<'a> {
    /// `Authorization`.
    pub authorization: &'a str,
    /// `Cookie`.
    pub cookie: &'a str,
    /// Address of the client, as far as it is known.
    pub peer: &'a str,
    /// The route that is asked for, by its name.
    pub route: &'a str,
    /// It is on this machine, names this machine, and nobody handed it on.
    pub local: bool,
}

impl Gate {
    /// Opens the gate of a data folder.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        let writer = AccessStore::open(data)?;
        Ok(Self {
            guarded: AtomicBool::new(writer.any_token()?),
            reader: Mutex::new(AccessStore::open(data)?),
            writer: Mutex::new(writer),
            guesses: Guesses::default(),
        })
    }

    fn reader(&self) -> MutexGuard<'_, AccessStore> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, AccessStore> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a token was ever made. When that cannot be told, it was.
    pub fn guarded(&self) -> bool {
        if !self.guarded.load(Ordering::Relaxed) {
            let any = self.reader().any_token().unwrap_or_else(|error| {
                log::error!("tokens: {error}");
                true
            });
            // A token is never removed, so that yes stays yes.
            self.guarded.fetch_or(any, Ordering::Relaxed);
        }
        self.guarded.load(Ordering::Relaxed)
    }

    /// Who asks. A wrong token is refused whatever it asks for; who brings
    /// none, or a session that is over, is nobody.
    pub fn viewer(
        &self,
        claims: &Claims<'_>,
        rules: &Http,
        clock: &Clock,
    ) -> Result<Viewer, Problem> {
        let mut viewer = Viewer { peer: claims.peer.to_owned(), ..Viewer::default() };
        if !self.guarded() {
            if !claims.local {
                let detail = "this machine alone is served until a token has been made there, \
                              and the Host header must name it";
                return Err(Problem::new(problem::NOT_LOCAL, detail));
            }
            viewer.identity = Some(Identity::local());
            return Ok(viewer);
        }
        let now = clock.stamp();
        if !claims.authorization.is_empty() {
            let secret = bearer(claims.authorization);
            let found = self.token(secret.as_ref(), &now)?;
            let Some(found) = found else {
                return Err(self.wrong(claims, secret.as_ref(), rules, &now));
            };
            self.used(&found, clock);
            viewer.identity = Some(found.identity);
        } else if let Some(secret) = session_of(claims.cookie)
            && let Some(found) = self.reader().find_session(&secret, &now)?
        {
            viewer.csrf = Some(secret.derived(CSRF));
            viewer.identity = Some(found.identity);
        }
        Ok(viewer)
    }

    fn token(&self, secret: Option<&Secret>, now: &str) -> Result<Option<FoundToken>, Problem> {
        let Some(secret) = secret else { return Ok(None) };
        Ok(self.reader().find_token(secret, now)?)
    }

    /// A wrong token: who, where and when go into the access log, the token
    /// does not. Of a client that is told to wait one line says so, and no more
    /// are written: nobody fills the disk with guesses, also not in the name of
    /// many clients.
    fn wrong(
        &self,
        claims: &Claims<'_>,
        secret: Option<&Secret>,
        rules: &Http,
        now: &str,
    ) -> Problem {
        let most = (rules.wrong_tokens, rules.wrong_tokens.saturating_mul(CLIENTS));
        let count = (self.guesses.wrong(claims.peer), self.guesses.wrong(EVERYBODY));
        let waits = count.0 > most.0 || count.1 > most.1;
        let listed = count.0 <= most.0.saturating_add(1) && count.1 <= most.1.saturating_add(1);
        if listed {
            let once = secret.and_then(|secret| self.reader().find_old_token(secret).ok()?);
            let once = once.map(|found| found.identity);
            let detail = match &once {
                _ if waits => "too many wrong tokens; more within a minute are not listed",
                Some(_) => "the token is revoked or expired",
                None => "the token is unknown",
            };
            let (peer, route) = (claims.peer, claims.route);
            log::warn!("{route}: {detail} (from {})", peer.escape_debug());
            let logged = self.writer().log_refused(now, peer, route, once.as_ref(), detail);
            if let Err(error) = logged {
                log::error!("a wrong token is not in the access log: {error}");
            }
        }
        if !waits {
            return Problem::new(problem::TOKEN, "it is unknown, revoked or expired");
        }
        Problem::new(problem::WRONG_TOKENS, "wait a minute")
    }

    /// Notes the use of a token, now and then.
    fn used(&self, found: &FoundToken, clock: &Clock) {
        let now = clock.now();
        let last = found.last_used_at.as_deref().unwrap_or_default();
        let last = chrono::DateTime::parse_from_rfc3339(last).ok();
        let noted = last.is_some_and(|last| (now - last).num_seconds().abs() < NOTED_EVERY);
        let Some(token) = found.identity.token.filter(|_| !noted) else { return };
        // It says when a token was last of use; nobody is kept waiting for it.
        if let Ok(writer) = self.writer.try_lock()
            && let Err(error) = writer.token_used(token, &stamp(now))
        {
            log::warn!("noting the use of token {token}: {error}");
        }
    }

    /// Begins a session of a browser with a token; gives what its cookie is.
    pub fn sign_in(
        &self,
        token: &str,
        claims: &Claims<'_>,
        rules: &Http,
        clock: &Clock,
    ) -> Result<(Secret, Identity), Problem> {
        let now = clock.now();
        let secret = Secret::parse(SecretKind::Token, token.trim());
        let found = self.token(secret.as_ref(), &stamp(now))?;
        let Some(found) = found else {
            return Err(self.wrong(claims, secret.as_ref(), rules, &stamp(now)));
        };
        // It may open no page: a session would only lead from one refusal to
        // the next.
        if found.identity.role == Role::Metrics {
            return Err(Problem::new(problem::NO_PAGES, NO_PAGES));
        }
        self.used(&found, clock);
        let session = Secret::new(SecretKind::Session).map_err(|error| {
            log::error!("no random numbers: {error}");
            Problem::new(problem::PANIC, "it is in the log of the daemon")
        })?;
        let token = found.identity.token.unwrap_or_default();
        let until = now + rules.session.0;
        self.writer().add_session(token, &session, &stamp(now), &stamp(until))?;
        Ok((session, found.identity))
    }

    /// Ends the session of a cookie.
    pub fn sign_out(&self, cookie: &str) -> Result<(), Problem> {
        if let Some(secret) = session_of(cookie) {
            self.writer().end_session(&secret)?;
        }
        Ok(())
    }

    /// Writes a line of the access log. What cannot be logged is not done: the
    /// caller answers with the problem instead.
    pub fn log(&self, entry: &AccessEntry<'_>) -> Result<(), Problem> {
        Ok(self.writer().log(entry)?)
    }

    /// A page of the access log.
    pub fn logged(
        &self,
        from: Option<&str>,
        to: Option<&str>,
        page: u64,
        per_page: u64,
    ) -> Result<ListPage<AccessLine>, Problem> {
        Ok(self.reader().logged(from, to, page, per_page)?)
    }
}

/// The token of an `Authorization` header, if it has the form of one.
fn bearer(authorization: &str) -> Option<Secret> {
    let (scheme, token) = authorization.split_once(' ').unwrap_or_default();
    let secret = Secret::parse(SecretKind::Token, token.trim());
    secret.filter(|_| scheme.eq_ignore_ascii_case("Bearer"))
}

/// The session that a cookie names.
fn session_of(cookie: &str) -> Option<Secret> {
    let mut crumbs = cookie.split(';').filter_map(|crumb| crumb.trim().split_once('='));
    let found = crumbs.find(|(name, _)| *name == COOKIE);
    found.and_then(|(_, value)| Secret::parse(SecretKind::Session, value))
}
