//! Who a client is, proven by token or session, and the access log.
//!
//! While no token exists, clients on this machine act as the province and
//! nobody else is let in. From the first token on every client needs one, also
//! on this machine and also when all have been revoked. A revoked token is
//! worthless from the next request on: nothing is remembered between two.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::AccessError;
use super::throttle::FailedLoginThrottle;
use super::viewer::Viewer;
use crate::clock::{Clock, stamp};
use crate::config::Http;
use crate::credentials::{Identity, Role, Secret, SecretKind};
use crate::store::{AccessEntry, AccessLine, AccessStore, FoundToken, ListPage, StoreError};

/// Name of the session cookie.
pub const COOKIE: &str = "khlang";

/// Purpose that the CSRF token is derived for.
const CSRF: &str = "khlang csrf";

/// Multiple of one client's limit of wrong tokens that all clients together
/// have.
const CLIENTS: u32 = 10;

/// Key under which all clients together are counted: no address.
const EVERYBODY: &str = "";

/// Seconds within which a second use of a token is not recorded.
const NOTED_EVERY: i64 = 60;

/// Tokens, sessions and the access log.
pub struct Authenticator {
    /// For look-ups, which never wait behind a write to the disk.
    reader: Mutex<AccessStore>,
    writer: Mutex<AccessStore>,
    /// Whether a token exists, or ever has.
    guarded: AtomicBool,
    throttle: FailedLoginThrottle,
}

/// What a request says about who sent it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claims<'a> {
    /// `Authorization`.
    pub authorization: &'a str,
    /// `Cookie`.
    pub cookie: &'a str,
    /// Address of the client, as far as it is known.
    pub peer: &'a str,
    /// Name of the endpoint asked for.
    pub route: &'a str,
    /// Whether it comes from this machine, names this machine, and was not
    /// forwarded.
    pub local: bool,
}

impl Authenticator {
    /// Opens the token database of a data folder.
    ///
    /// # Errors
    /// As [`AccessStore::open`].
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        let writer = AccessStore::open(data)?;
        Ok(Self {
            guarded: AtomicBool::new(writer.any_token()?),
            reader: Mutex::new(AccessStore::open(data)?),
            writer: Mutex::new(writer),
            throttle: FailedLoginThrottle::default(),
        })
    }

    fn reader(&self) -> MutexGuard<'_, AccessStore> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, AccessStore> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a token exists, or ever has. Assumed when that cannot be read.
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

    /// The viewer of a request. A wrong token is refused whatever is asked for;
    /// a request without one, or with an ended session, is anonymous.
    ///
    /// # Errors
    /// Says why nobody is let in: the token is unknown or no longer valid, too many
    /// wrong ones were tried, none exists and the client is not local, or the token
    /// database failed.
    pub fn viewer(
        &self,
        claims: &Claims<'_>,
        rules: &Http,
        clock: &Clock,
    ) -> Result<Viewer, AccessError> {
        let mut viewer = Viewer { peer: claims.peer.to_owned(), ..Viewer::default() };
        if !self.guarded() {
            if !claims.local {
                return Err(AccessError::NotLocal);
            }
            viewer.identity = Some(Identity::local());
            return Ok(viewer);
        }
        let now = clock.stamp();
        if !claims.authorization.is_empty() {
            let secret = bearer(claims.authorization);
            let found = self.token(secret.as_ref(), &now)?;
            let Some(found) = found else {
                return Err(self.refuse(claims, secret.as_ref(), rules, &now));
            };
            self.note_use(&found, clock);
            viewer.identity = Some(found.identity);
        } else if let Some(secret) = session_of(claims.cookie)
            && let Some(found) = self.reader().find_session(&secret, &now)?
        {
            viewer.csrf = Some(secret.derived(CSRF));
            viewer.identity = Some(found.identity);
        }
        Ok(viewer)
    }

    fn token(&self, secret: Option<&Secret>, now: &str) -> Result<Option<FoundToken>, AccessError> {
        let Some(secret) = secret else { return Ok(None) };
        Ok(self.reader().find_token(secret, now)?)
    }

    /// Records a wrong token in the access log: who, where and when, never the
    /// token. A client that is throttled gets one line saying so and then no
    /// more, so that nobody fills the disk with guesses, not even in the name
    /// of many clients.
    fn refuse(
        &self,
        claims: &Claims<'_>,
        secret: Option<&Secret>,
        rules: &Http,
        now: &str,
    ) -> AccessError {
        let most = (rules.wrong_tokens, rules.wrong_tokens.saturating_mul(CLIENTS));
        let count =
            (self.throttle.record_failure(claims.peer), self.throttle.record_failure(EVERYBODY));
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
            return AccessError::InvalidToken;
        }
        AccessError::Throttled
    }

    /// Records the use of a token, now and then.
    fn note_use(&self, found: &FoundToken, clock: &Clock) {
        let now = clock.now();
        let last = found.last_used_at.as_deref().unwrap_or_default();
        let last = chrono::DateTime::parse_from_rfc3339(last).ok();
        let noted = last.is_some_and(|last| (now - last).num_seconds().abs() < NOTED_EVERY);
        let Some(token) = found.identity.token.filter(|_| !noted) else { return };
        // It only tells when a token was last used, so nobody waits for it.
        if let Ok(writer) = self.writer.try_lock()
            && let Err(error) = writer.token_used(token, &stamp(now))
        {
            log::warn!("noting the use of token {token}: {error}");
        }
    }

    /// Begins a browser session with a token; returns the secret for its
    /// cookie.
    ///
    /// # Errors
    /// As [`Authenticator::viewer`], if the token may open no pages, or if the system
    /// gives no random numbers.
    pub fn sign_in(
        &self,
        token: &str,
        claims: &Claims<'_>,
        rules: &Http,
        clock: &Clock,
    ) -> Result<(Secret, Identity), AccessError> {
        let now = clock.now();
        let secret = Secret::parse(SecretKind::Token, token.trim());
        let found = self.token(secret.as_ref(), &stamp(now))?;
        let Some(found) = found else {
            return Err(self.refuse(claims, secret.as_ref(), rules, &stamp(now)));
        };
        // It may open no page: a session would only lead from one refusal to
        // the next.
        if found.identity.role == Role::Metrics {
            return Err(AccessError::NoPages);
        }
        self.note_use(&found, clock);
        let session = Secret::new(SecretKind::Session).map_err(|error| {
            log::error!("no random numbers: {error}");
            AccessError::NoRandom
        })?;
        let token = found.identity.token.unwrap_or_default();
        let until = now + rules.session.0;
        self.writer().add_session(token, &session, &stamp(now), &stamp(until))?;
        Ok((session, found.identity))
    }

    /// Ends the session of a cookie.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn sign_out(&self, cookie: &str) -> Result<(), AccessError> {
        if let Some(secret) = session_of(cookie) {
            self.writer().end_session(&secret)?;
        }
        Ok(())
    }

    /// Writes a line of the access log. What cannot be logged must not be done:
    /// the caller returns the error instead.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn log(&self, entry: &AccessEntry<'_>) -> Result<(), AccessError> {
        Ok(self.writer().log(entry)?)
    }

    /// A page of the access log.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn logged(
        &self,
        from: Option<&str>,
        to: Option<&str>,
        page: u64,
        per_page: u64,
    ) -> Result<ListPage<AccessLine>, AccessError> {
        Ok(self.reader().logged(from, to, page, per_page)?)
    }
}

/// The token of an `Authorization` header, if it has the right form.
fn bearer(authorization: &str) -> Option<Secret> {
    let (scheme, token) = authorization.split_once(' ').unwrap_or_default();
    let secret = Secret::parse(SecretKind::Token, token.trim());
    secret.filter(|_| scheme.eq_ignore_ascii_case("Bearer"))
}

/// The session in a cookie.
fn session_of(cookie: &str) -> Option<Secret> {
    let mut crumbs = cookie.split(';').filter_map(|crumb| crumb.trim().split_once('='));
    let found = crumbs.find(|(name, _)| *name == COOKIE);
    found.and_then(|(_, value)| Secret::parse(SecretKind::Session, value))
}
