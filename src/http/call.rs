//! One call of a route: its parameters, checked by what the route declares,
//! and what a view needs to answer.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value, json};

use super::page::Lang;
use super::problem::{self, Problem};
use super::reply::Reply;
use super::routes::Route;
use super::shared::Shared;
use super::upload::Sent;
use super::viewer::Viewer;
use crate::kpi::Period;
use crate::store::{AccessEntry, Action, ListPage, Reader};
use crate::submission::Status;
use crate::world::World;

/// Rows of a page unless the client asks for another number.
const PER_PAGE: u64 = 100;

/// No list is so long; keeps arithmetic on pages from overflowing.
const LAST_PAGE: u64 = 1_000_000_000;

/// Longest number of a person at a unit.
const PID_CHARS: usize = 32;

/// A parameter in the query of a route.
#[derive(Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What its values look like.
    pub form: Form,
    /// What it is for.
    pub about: &'static str,
}

/// What values of a parameter look like.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// The code of a unit: 5 letters or digits.
    Hcode,
    /// The status of a submission.
    Status,
    /// A day, `YYYY-MM-DD`, C.E.
    Day,
    /// The number of a page, from 1.
    Page,
    /// Rows of a page, at most `limits.reply_rows`.
    PerPage,
    /// A month, `YYYY-MM`, C.E.
    Month,
    /// A period of indicators, B.E.: `2557`, `2557Q3`, `2557-01`.
    Period,
    /// A round, B.E.
    Round,
    /// The number of a tranche.
    Tranche,
    /// A citizen ID.
    Cid,
    /// The code of a finding.
    Code,
    /// A person's number at a unit.
    Pid,
    /// An address of this site; what is none is not gone to.
    Address,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

impl Form {
    /// Brings a value into its form, or says what the form is.
    fn read(self, value: &str, rows: u64) -> Result<String, String> {
        let number = |most: u64| {
            let digits = value.bytes().all(|b| b.is_ascii_digit());
            let number = value.parse::<u64>().ok().filter(|_| digits);
            let number = number.filter(|number| (1..=most).contains(number));
            number.map(|n| n.to_string()).ok_or_else(|| format!("must be from 1 to {most}"))
        };
        match self {
            Self::Hcode if value.len() == 5 && value.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Ok(value.to_ascii_uppercase())
            }
            Self::Hcode => Err("must be 5 letters or digits".to_owned()),
            Self::Status if Status::parse(value).is_some() => Ok(value.to_owned()),
            Self::Status => Err(format!("must be one of {}", STATUSES.join(", "))),
            Self::Day => match NaiveDate::parse_from_str(value, "%Y-%m-%d") {
                Ok(day) if value.len() == 10 && day.to_string() == value => Ok(day.to_string()),
                _ => Err("must be a day, YYYY-MM-DD (C.E.)".to_owned()),
            },
            Self::Page => number(LAST_PAGE),
            Self::PerPage => number(rows),
            Self::Month => match NaiveDate::parse_from_str(&format!("{value}-01"), "%Y-%m-%d") {
                Ok(day) if value.len() == 7 && day.to_string().starts_with(value) => {
                    Ok(value.to_owned())
                }
                _ => Err("must be a month, YYYY-MM (C.E.)".to_owned()),
            },
            Self::Period => match value.parse::<Period>() {
                Ok(period) => Ok(period.to_string()),
                Err(_) => Err("must be a period: 2557, 2557Q3 or 2557-01 (B.E.)".to_owned()),
            },
            Self::Round => match value.parse::<u64>() {
                Ok(round) if ROUNDS.contains(&round) && value.len() == 4 => Ok(value.to_owned()),
                _ => Err("must be a round, B.E., such as 2557".to_owned()),
            },
            Self::Tranche => number(TRANCHES),
            Self::Cid if value.len() == 13 && value.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(value.to_owned())
            }
            Self::Cid => Err("must be 13 digits".to_owned()),
            Self::Code if value.len() <= 8 && value.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Ok(value.to_ascii_uppercase())
            }
            Self::Code => Err("must be a code, as SE1105".to_owned()),
            Self::Pid if value.chars().count() <= PID_CHARS => Ok(value.to_owned()),
            Self::Pid => Err(format!("must have at most {PID_CHARS} characters")),
            Self::Address => Ok(value.to_owned()),
            Self::OneOf(words) if words.contains(&value) => Ok(value.to_owned()),
            Self::OneOf(words) => Err(format!("must be one of {}", words.join(", "))),
        }
    }

    /// As a JSON schema.
    pub fn schema(self, rows: u64) -> Value {
        match self {
            Self::Hcode => json!({"type": "string", "pattern": "^[0-9A-Za-z]{5}$"}),
            Self::Status => json!({"type": "string", "enum": STATUSES}),
            Self::Day => json!({"type": "string", "format": "date"}),
            Self::Page => json!({"type": "integer", "minimum": 1, "maximum": LAST_PAGE}),
            Self::PerPage => json!({"type": "integer", "minimum": 1, "maximum": rows}),
            Self::Month => {
                json!({"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"})
            }
            Self::Period => json!({
                "type": "string",
                "pattern": "^2(5[0-9]{2}|6[0-9]{2}|700)([Qq][1-4]|-(0[1-9]|1[0-2]))?$",
            }),
            Self::Round => {
                json!({"type": "integer", "minimum": ROUNDS.start(), "maximum": ROUNDS.end()})
            }
            Self::Tranche => json!({"type": "integer", "minimum": 1, "maximum": TRANCHES}),
            Self::Cid => json!({"type": "string", "pattern": "^[0-9]{13}$"}),
            Self::Code => json!({"type": "string", "pattern": "^[0-9A-Za-z]{1,8}$"}),
            Self::Pid => json!({"type": "string", "maxLength": PID_CHARS}),
            Self::Address => json!({"type": "string"}),
            Self::OneOf(words) => json!({"type": "string", "enum": words}),
        }
    }
}

/// Rounds that can be, B.E.
const ROUNDS: RangeInclusive<u64> = 2500..=2700;

/// No round has more tranches.
const TRANCHES: u64 = 12;

/// Every status, as written.
const STATUSES: [&str; 4] = [
    Status::Accepted.as_str(),
    Status::Partial.as_str(),
    Status::Broken.as_str(),
    Status::Void.as_str(),
];

/// One call.
pub struct Call<'a> {
    /// The daemon.
    pub shared: &'a Shared,
    /// The world when this call began.
    pub world: Arc<World>,
    /// Who asks.
    pub viewer: Viewer,
    /// The path, as written.
    pub here: String,
    /// The route.
    pub route: &'static Route,
    /// The parts of the path that the route names.
    pub path: Vec<(&'static str, String)>,
    /// The store as of the beginning of this call, for routes that ask it.
    pub store: Option<&'a Reader>,
    /// Parameters, checked.
    pub values: Vec<(&'static str, String)>,
    /// What came with it.
    pub sent: Sent,
    /// The cookies that came with it.
    pub cookie: String,
    /// The client came by TLS, to the proxy before us.
    pub secure: bool,
}

impl Call<'_> {
    /// A parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// A parameter, to keep.
    pub fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A field of the form that came with it.
    pub fn field(&self, name: &str) -> Option<String> {
        let Sent::Form(form) = &self.sent else { return None };
        let mut fields = form_urlencoded::parse(form);
        fields.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    /// A part of the path.
    pub fn in_path(&self, name: &str) -> &str {
        self.path.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value)
    }

    /// The page asked for, from 1.
    pub fn page(&self) -> u64 {
        self.number("page").unwrap_or(1)
    }

    /// Rows of a page.
    pub fn per_page(&self) -> u64 {
        self.number("per_page").unwrap_or(PER_PAGE.min(self.most_rows()))
    }

    /// Most rows of one reply.
    pub fn most_rows(&self) -> u64 {
        most_rows(&self.world)
    }

    /// The language of a page.
    pub fn lang(&self) -> Lang {
        Lang::from_code(self.text("lang"))
    }

    /// The store.
    pub fn store(&self) -> Result<&Reader, Problem> {
        self.store.ok_or_else(|| Problem::new(problem::DATABASE, ""))
    }

    /// The submission in the path. What is no number is the number of none.
    pub fn id(&self) -> Result<i64, Problem> {
        let text = self.in_path("id");
        let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        number.ok_or_else(|| self.no_submission())
    }

    /// Whose rows may be seen; none for all.
    pub fn scope(&self) -> Option<BTreeSet<String>> {
        self.viewer.units(&self.world)
    }

    /// A unit that was asked for by name, when it may be seen. Whether there is
    /// a unit is no secret; what it sent is.
    pub fn own_unit(&self, name: &str) -> Result<Option<String>, Problem> {
        let Some(hcode) = self.owned(name) else { return Ok(None) };
        if !self.viewer.may_see(&self.world, &hcode) {
            return Err(Problem::new(problem::NOT_ALLOWED, format!("{name}: not a unit of yours")));
        }
        self.must_know(name, &hcode)?;
        Ok(Some(hcode))
    }

    /// Refuses a unit that is in no list and has sent nothing.
    pub fn must_know(&self, name: &str, hcode: &str) -> Result<(), Problem> {
        if self.world.units.knows(hcode) {
            return Ok(());
        }
        let sent = self.store()?.has_sent(hcode).map_err(|error| {
            log::error!("{error}");
            Problem::new(problem::DATABASE, "see the log of the daemon")
        })?;
        if sent {
            return Ok(());
        }
        let known = self.world.units.by_code.keys().map(String::as_str);
        let near = crate::spelling::nearest(hcode, known);
        let near = near.map_or(String::new(), |near| format!("; the nearest is {near}"));
        Err(Problem::new(problem::NO_UNIT, format!("{name}: there is no unit {hcode}{near}")))
    }

    /// Writes into the access log what is read or changed by this call.
    pub fn log(
        &self,
        action: Action,
        unit: Option<&str>,
        submission: Option<i64>,
        detail: &str,
    ) -> Result<(), Problem> {
        self.log_as(&self.viewer, action, unit, submission, detail)
    }

    /// The same, by somebody who has said only now who it is.
    pub fn log_as(
        &self,
        viewer: &Viewer,
        action: Action,
        unit: Option<&str>,
        submission: Option<i64>,
        detail: &str,
    ) -> Result<(), Problem> {
        let Some(identity) = &viewer.identity else { return Ok(()) };
        let at = self.shared.clock.stamp();
        self.shared.gate.log(&AccessEntry {
            at: &at,
            identity,
            peer: &viewer.peer,
            action,
            route: self.route.name,
            unit,
            submission,
            detail,
        })
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
        let mut path = self.route.path.to_owned();
        for (name, value) in &self.path {
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        path
    }

    /// There is none of that number.
    pub fn no_submission(&self) -> Problem {
        let id: String = self.in_path("id").chars().take(40).collect();
        Problem::new(problem::NO_SUBMISSION, format!("no submission {id}"))
    }
}

/// Most rows of one reply.
pub fn most_rows(world: &World) -> u64 {
    world.config.limits.reply_rows.max(1) as u64
}

/// Reads a query against what a route declares. `strict` refuses parameters
/// that it does not declare, so that a misspelt filter is not a filter that
/// filters nothing.
pub fn read_query(
    query: &str,
    params: &'static [Param],
    rows: u64,
    strict: bool,
) -> Result<Vec<(&'static str, String)>, Problem> {
    let wrong = |detail: String| Problem::new(problem::INVALID_PARAMETER, detail);
    let mut values: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(param) = params.iter().find(|param| param.name == name) else {
            if strict {
                let name: String = name.chars().take(40).collect();
                let names: Vec<_> = params.iter().map(|param| param.name).collect();
                return Err(wrong(format!("no parameter {name}; there are: {}", names.join(", "))));
            }
            continue;
        };
        if values.iter().any(|(name, _)| *name == param.name) {
            return Err(wrong(format!("{name} stands twice")));
        }
        // A form sends what was left blank, too.
        if !value.is_empty() {
            let value = param.form.read(&value, rows);
            values.push((param.name, value.map_err(|what| wrong(format!("{name} {what}")))?));
        }
    }
    let day = |name: &str| values.iter().find(|(own, _)| *own == name).map(|(_, day)| day);
    if let (Some(from), Some(to)) = (day("from"), day("to"))
        && from > to
    {
        return Err(wrong("from is after to".to_owned()));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_or_month_has_four_digits_of_year_and_no_sign() {
        for (form, value, right) in [
            (Form::Month, "2014-01", true),
            (Form::Month, "-1211-1", false),
            (Form::Month, "+2014-1", false),
            (Form::Month, "12014-1", false),
            (Form::Month, " 2014-1", false),
            (Form::Day, "2014-01-31", true),
            (Form::Day, "-1211-1-01", false),
            (Form::Day, "+2014-1-01", false),
            (Form::Day, "+12014-1-1", false),
            (Form::Day, "2014- 1-31", false),
        ] {
            let read = form.read(value, 100);
            assert_eq!(read.is_ok(), right, "{value}");
            assert!(!right || read.as_deref() == Ok(value), "{value}");
        }
    }
}
