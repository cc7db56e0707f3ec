//! The access log: every read of personal data and every change. Lines are only
//! added; triggers in the file itself refuse changes.

use rusqlite::params;
use schemars::JsonSchema;
use serde::Serialize;

use super::Result;
use super::access::AccessStore;
use super::queries::ListPage;
use crate::credentials::Identity;

/// Whether somebody looked or changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Personal data were read.
    Read,
    /// Something was changed.
    Change,
}

/// An action, and the unit or person whose data it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessEntry<'a> {
    /// Time of the access, RFC 3339.
    pub at: &'a str,
    /// The client.
    pub identity: &'a Identity,
    /// Network address of the client.
    pub peer: &'a str,
    /// A read or a change.
    pub action: Action,
    /// The route by its name, or the command.
    pub route: &'a str,
    /// HCODE of the unit whose data it was about.
    pub unit: Option<&'a str>,
    /// The submission.
    pub submission: Option<i64>,
    /// What else: an indicator, a file; never a person.
    pub detail: &'a str,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AccessLine {
    /// Number of the entry, ascending with time.
    pub id: i64,
    /// Time of the access, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// Number of the token; `None` for requests from this machine.
    pub token: Option<i64>,
    /// Role of the client.
    pub role: String,
    /// HCODE of the client's unit.
    pub hcode: Option<String>,
    /// Name of the token.
    pub name: String,
    /// Network address of the client.
    pub peer: String,
    /// `read`, `change`, or `refused`: a wrong token.
    pub action: String,
    /// The route or command.
    pub route: String,
    /// HCODE of the unit whose data it was about.
    pub unit: Option<String>,
    /// The submission.
    pub submission: Option<i64>,
    /// What else.
    pub detail: String,
}

impl AccessStore {
    /// Writes a line; it is durable when this returns.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn log(&self, entry: &AccessEntry<'_>) -> Result<()> {
        let action = if entry.action == Action::Read { "read" } else { "change" };
        let who = entry.identity;
        self.conn
            .prepare_cached(
                "INSERT INTO access_log (at, token, role, hcode, name, peer, action, route, unit,
                   submission, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                entry.at,
                who.token,
                who.role.as_str(),
                who.hcode,
                who.name,
                entry.peer,
                action,
                entry.route,
                entry.unit,
                entry.submission,
                entry.detail
            ])?;
        Ok(())
    }

    /// Logs a request with an invalid token, with the former owner of the token if
    /// known.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn log_refused(
        &self,
        at: &str,
        peer: &str,
        route: &str,
        once: Option<&Identity>,
        detail: &str,
    ) -> Result<()> {
        let token = once.and_then(|identity| identity.token);
        let role = once.map_or("none", |identity| identity.role.as_str());
        let hcode = once.and_then(|identity| identity.hcode.as_deref());
        let name = once.map_or("", |identity| identity.name.as_str());
        self.conn
            .prepare_cached(
                "INSERT INTO access_log (at, token, role, hcode, name, peer, action, route, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'refused', ?7, ?8)",
            )?
            .execute(params![at, token, role, hcode, name, peer, route, detail])?;
        Ok(())
    }

    /// A page of the log, newest first. Days are `YYYY-MM-DD`, Bangkok.
    ///
    /// # Errors
    /// Errors of the token database, such as another process that keeps it locked.
    pub fn logged(
        &self,
        from: Option<&str>,
        to: Option<&str>,
        page: u64,
        per_page: u64,
    ) -> Result<ListPage<AccessLine>> {
        // Times are RFC 3339 in one offset: text order is time order, and `U`
        // comes right after the `T` between day and time.
        let place = "at >= coalesce(?1, '') AND at < coalesce(?2 || 'U', '~')";
        let count = format!("SELECT count(*) FROM access_log WHERE {place}");
        let total: i64 = self.conn.prepare_cached(&count)?.query_row([from, to], |r| r.get(0))?;
        let sql = format!(
            "SELECT id, at, token, role, hcode, name, peer, action, route, unit, submission, detail
             FROM access_log WHERE {place} ORDER BY id DESC LIMIT ?3 OFFSET ?4"
        );
        let first = per_page * page.saturating_sub(1);
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map(params![from, to, per_page as i64, first as i64], |row| {
            Ok(AccessLine {
                id: row.get(0)?,
                at: row.get(1)?,
                token: row.get(2)?,
                role: row.get(3)?,
                hcode: row.get(4)?,
                name: row.get(5)?,
                peer: row.get(6)?,
                action: row.get(7)?,
                route: row.get(8)?,
                unit: row.get(9)?,
                submission: row.get(10)?,
                detail: row.get(11)?,
            })
        })?;
        let rows = rows.collect::<std::result::Result<_, _>>()?;
        Ok(ListPage { rows, total: total as u64, page, per_page })
    }
}
