//! Query parameters: their types, and reading a query against what an endpoint
//! declares.

pub mod common;

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::problem::{self, Problem};
use crate::clock::{BUDDHIST_ERA, FIRST_BUDDHIST_YEAR};
use crate::kpi::Period;
use crate::submission::Status;

/// Last page that can be asked for; keeps arithmetic on pages from overflowing.
const LAST_PAGE: u64 = 1_000_000_000;

/// Longest text to search for, in characters.
const WORDS_CHARS: usize = 80;

/// Longest PID, in characters.
const PID_CHARS: usize = 32;

/// A parameter in the query of a route.
#[derive(Debug)]
pub struct Param {
    /// Name in the query.
    pub name: &'static str,
    /// Type of its values.
    pub kind: ParamType,
    /// What it is for, in English.
    pub about: &'static str,
}

/// The type of a parameter's values.
#[derive(Debug, Clone, Copy)]
pub enum ParamType {
    /// The code of a unit: 5 letters or digits.
    Hcode,
    /// The status of a submission.
    Status,
    /// A day, `YYYY-MM-DD`, C.E. or B.E. by its year; C.E. once read.
    Day,
    /// The number of a page, from 1.
    Page,
    /// Rows of a page, at most `limits.reply_rows`.
    PerPage,
    /// A month, `YYYY-MM`, C.E. or B.E. by its year; C.E. once read.
    Month,
    /// A period of indicators, B.E.: `2557`, `2557Q3`, `2557-01`; the year of a
    /// month may be C.E., too.
    Period,
    /// A round, B.E.
    Round,
    /// The number of a tranche.
    Tranche,
    /// A citizen ID.
    Cid,
    /// The code of a finding.
    Code,
    /// The name of a file of a standard.
    File,
    /// The id of an audit rule.
    Rule,
    /// A person's number at a unit.
    Pid,
    /// A few words to search for.
    Words,
    /// An address of this site; any other is not followed.
    Address,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

impl ParamType {
    /// Normalises a value, or says how it must be written.
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
            Self::Day => day_of(value).map(|day| day.to_string()).ok_or_else(|| {
                "must be a day, YYYY-MM-DD, C.E. (2014-03-31) or B.E. (2557-03-31)".to_owned()
            }),
            Self::Page => number(LAST_PAGE),
            Self::PerPage => number(rows),
            Self::Month => day_of(&format!("{value}-01"))
                .map(|day| day.format("%Y-%m").to_string())
                .ok_or_else(|| {
                    "must be a month, YYYY-MM, C.E. (2014-03) or B.E. (2557-03)".to_owned()
                }),
            Self::Period => match value.parse::<Period>() {
                Ok(period) => Ok(period.to_string()),
                Err(_) => {
                    Err("must be a period: 2557, 2557Q3 (B.E.) or a month 2557-01 or 2014-01"
                        .to_owned())
                }
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
            Self::File if value.len() <= 64 && value.bytes().all(is_of_file) => {
                Ok(value.to_ascii_uppercase())
            }
            Self::File => Err("must be the name of a file, as SERVICE".to_owned()),
            Self::Rule if value.len() <= 64 && value.bytes().all(is_of_id) => Ok(value.to_owned()),
            Self::Rule => Err("must be the id of a rule, as epi_age".to_owned()),
            Self::Pid if value.chars().count() <= PID_CHARS => Ok(value.to_owned()),
            Self::Pid => Err(format!("must have at most {PID_CHARS} characters")),
            Self::Words if value.chars().count() <= WORDS_CHARS => Ok(value.trim().to_owned()),
            Self::Words => Err(format!("must have at most {WORDS_CHARS} characters")),
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
            Self::Day => {
                json!({"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]$"})
            }
            Self::Page => json!({"type": "integer", "minimum": 1, "maximum": LAST_PAGE}),
            Self::PerPage => json!({"type": "integer", "minimum": 1, "maximum": rows}),
            Self::Month => {
                json!({"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"})
            }
            Self::Period => json!({
                "type": "string",
                "pattern": "^2(5[0-9]{2}|6[0-9]{2}|700)([Qq][1-4])?$|^(19|2[0-7])[0-9]{2}-(0[1-9]|1[0-2])$",
            }),
            Self::Round => {
                json!({"type": "integer", "minimum": ROUNDS.start(), "maximum": ROUNDS.end()})
            }
            Self::Tranche => json!({"type": "integer", "minimum": 1, "maximum": TRANCHES}),
            Self::Cid => json!({"type": "string", "pattern": "^[0-9]{13}$"}),
            Self::Code => json!({"type": "string", "pattern": "^[0-9A-Za-z]{1,8}$"}),
            Self::File => json!({"type": "string", "pattern": "^[0-9A-Za-z_]{1,64}$"}),
            Self::Rule => json!({"type": "string", "pattern": "^[a-z0-9_]{1,64}$"}),
            Self::Pid => json!({"type": "string", "maxLength": PID_CHARS}),
            Self::Words => json!({"type": "string", "maxLength": WORDS_CHARS}),
            Self::Address => json!({"type": "string"}),
            Self::OneOf(words) => json!({"type": "string", "enum": words}),
        }
    }
}

/// Whether a byte may be part of an id.
fn is_of_id(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// Whether a byte may be part of the name of a file.
fn is_of_file(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A day of the era that its year tells ([`FIRST_BUDDHIST_YEAR`]), C.E.; within
/// [`YEARS`], for one far from ours is a slip. 29 February of a Buddhist year
/// is that of its Gregorian one.
fn day_of(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_once('-').filter(|(year, _)| year.len() == 4)?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (month, day) = rest.split_once('-').filter(|(m, d)| m.len() == 2 && d.len() == 2)?;
    let year: i32 = year.parse().ok().filter(|_| [year, month, day].into_iter().all(digits))?;
    let year = if year >= FIRST_BUDDHIST_YEAR { year - BUDDHIST_ERA } else { year };
    let day = NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)?;
    YEARS.contains(&year).then_some(day)
}

/// Valid years of days and months, C.E.: those of the valid rounds.
const YEARS: RangeInclusive<i32> = 2500 - BUDDHIST_ERA..=2700 - BUDDHIST_ERA;

/// Valid rounds, B.E.
const ROUNDS: RangeInclusive<u64> = 2500..=2700;

/// Most tranches of a round.
const TRANCHES: u64 = 12;

/// Every status, as written.
const STATUSES: [&str; 4] = [
    Status::Accepted.as_str(),
    Status::Partial.as_str(),
    Status::Broken.as_str(),
    Status::Void.as_str(),
];

/// Reads a query against what an endpoint declares; `rows` is the most rows of
/// a page. `strict` refuses unknown parameters, so that a misspelt filter is
/// not silently ignored.
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
            let value = param.kind.read(&value, rows);
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
    fn a_year_from_2400_on_is_of_the_buddhist_era_whatever_it_is_a_year_of() {
        for (form, value, read) in [
            (ParamType::Month, "2557-03", Some("2014-03")),
            (ParamType::Month, "2014-03", Some("2014-03")),
            (ParamType::Month, "2399-12", None),
            (ParamType::Month, "2400-01", None),
            (ParamType::Month, "2500-01", Some("1957-01")),
            (ParamType::Month, "1956-12", None),
            (ParamType::Month, "2700-12", Some("2157-12")),
            (ParamType::Month, "2701-01", None),
            (ParamType::Month, "3100-03", None),
            (ParamType::Month, "0001-01", None),
            (ParamType::Month, "2557-13", None),
            (ParamType::Day, "2557-03-31", Some("2014-03-31")),
            (ParamType::Day, "2559-02-29", Some("2016-02-29")),
            (ParamType::Day, "2557-02-29", None),
            (ParamType::Day, "9999-01-01", None),
            (ParamType::Period, "2557-03", Some("2557-03")),
            (ParamType::Period, "2014-03", Some("2557-03")),
            (ParamType::Period, "2014-13", None),
            (ParamType::Period, "1956-12", None),
            (ParamType::Period, "3100-03", None),
            // A fiscal year has one name only, which is of the Buddhist era.
            (ParamType::Period, "2014", None),
            (ParamType::Period, "2014Q4", None),
            (ParamType::Period, "ก2557", None),
            (ParamType::Round, "2557", Some("2557")),
            (ParamType::Round, "+557", None),
            (ParamType::Round, "1900", None),
        ] {
            assert_eq!(form.read(value, 100).ok().as_deref(), read, "{form:?} {value}");
        }
    }

    #[test]
    fn a_day_or_month_has_four_digits_of_year_and_no_sign() {
        for (form, value, right) in [
            (ParamType::Month, "2014-01", true),
            (ParamType::Month, "-1211-1", false),
            (ParamType::Month, "+2014-1", false),
            (ParamType::Month, "12014-1", false),
            (ParamType::Month, " 2014-1", false),
            (ParamType::Day, "2014-01-31", true),
            (ParamType::Day, "-1211-1-01", false),
            (ParamType::Day, "+2014-1-01", false),
            (ParamType::Day, "+12014-1-1", false),
            (ParamType::Day, "2014- 1-31", false),
        ] {
            let read = form.read(value, 100);
            assert_eq!(read.is_ok(), right, "{value}");
            assert!(!right || read.as_deref() == Ok(value), "{value}");
        }
    }
}
