//! One call of a route: its parameters, checked by what the route declares,
//! and what a view needs to answer.

use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::mask::Viewer;
use super::page::Lang;
use super::problem::{self, Problem};
use super::shared::Shared;
use crate::store::Reader;
use crate::submission::Status;
use crate::world::World;

/// Rows of a page unless the client asks for another number.
const PER_PAGE: u64 = 100;

/// No list is so long; keeps arithmetic on pages from overflowing.
const LAST_PAGE: u64 = 1_000_000_000;

/// Years of the Buddhist era that are no mistake.
const ROUNDS: (u64, u64) = (2500, 2700);

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
    /// A scoring round, B.E.
    Round,
    /// The code of a finding.
    Code,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

impl Form {
    /// Brings a value into its form, or says what the form is.
    fn read(self, value: &str, rows: u64) -> Result<String, String> {
        let number = |least: u64, most: u64| {
            let digits = value.bytes().all(|b| b.is_ascii_digit());
            let number = value.parse::<u64>().ok().filter(|_| digits);
            let number = number.filter(|number| (least..=most).contains(number));
            number.map(|n| n.to_string()).ok_or_else(|| format!("must be from {least} to {most}"))
        };
        match self {
            Self::Hcode if value.len() == 5 && value.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Ok(value.to_ascii_uppercase())
            }
            Self::Hcode => Err("must be 5 letters or digits".to_owned()),
            Self::Status if Status::parse(value).is_some() => Ok(value.to_owned()),
            Self::Status => Err(format!("must be one of {}", STATUSES.join(", "))),
            Self::Day => match NaiveDate::parse_from_str(value, "%Y-%m-%d") {
                Ok(day) if value.len() == 10 => Ok(day.to_string()),
                _ => Err("must be a day, YYYY-MM-DD (C.E.)".to_owned()),
            },
            Self::Page => number(1, LAST_PAGE),
            Self::PerPage => number(1, rows),
            Self::Round => number(ROUNDS.0, ROUNDS.1),
            Self::Code if value.len() <= 8 && value.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Ok(value.to_ascii_uppercase())
            }
            Self::Code => Err("must be a code, as SE1105".to_owned()),
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
            Self::Round => json!({"type": "integer", "minimum": ROUNDS.0, "maximum": ROUNDS.1}),
            Self::Code => json!({"type": "string", "pattern": "^[0-9A-Za-z]{1,8}$"}),
            Self::OneOf(words) => json!({"type": "string", "enum": words}),
        }
    }
}

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
    pub path: String,
    /// The number or code in the path.
    pub path_id: Option<String>,
    /// The store as of the beginning of this call, for routes that ask it.
    pub store: Option<&'a Reader>,
    /// Parameters, checked.
    pub values: Vec<(&'static str, String)>,
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

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name).and_then(|text| text.parse().ok())
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
        Lang::of(self.text("lang"))
    }

    /// The store.
    pub fn store(&self) -> Result<&Reader, Problem> {
        self.store.ok_or_else(|| Problem::new(problem::DATABASE, ""))
    }

    /// The submission in the path. What is no number is the number of none.
    pub fn id(&self) -> Result<i64, Problem> {
        let text = self.path_id.as_deref().unwrap_or_default();
        let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        number.ok_or_else(|| self.no_submission())
    }

    /// There is none of that number.
    pub fn no_submission(&self) -> Problem {
        let id = self.path_id.as_deref().unwrap_or_default();
        let id: String = id.chars().take(40).collect();
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
