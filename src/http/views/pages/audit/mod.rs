//! Pages of the audit: cases, one case with its steps, and the rules.

pub mod case;
mod form;
pub mod list;
pub mod rules;

use std::fmt::Display;

use chrono::NaiveDate;
use serde::Serialize;

use crate::audit::limit::Threshold;
use crate::audit::steps::CaseState;
use crate::audit::view::CaseLine;
use crate::http::page::Lang;
use crate::text::{Bilingual, message_with, text};

/// One language of a text.
fn one(lang: Lang, text: &Bilingual) -> &str {
    if lang == Lang::Th { &text.th } else { &text.en }
}

fn word(lang: Lang, key: &str) -> String {
    one(lang, text(key)).to_owned()
}

fn words(lang: Lang, key: &str, values: &[(&str, &dyn Display)]) -> String {
    one(lang, &message_with(key, values)).to_owned()
}

/// A case as a list shows it.
#[derive(Debug, Serialize)]
pub struct CaseItem {
    /// Its number.
    pub id: i64,
    /// Code of the unit.
    pub hcode: String,
    /// Name of the unit, or its code.
    pub unit: String,
    /// Id of the rule.
    pub rule: String,
    /// What the rule is called.
    pub name: String,
    /// The tranche.
    pub tranche: String,
    /// The item of the rulebook.
    pub item: String,
    /// `hold` or `warn`.
    pub severity: &'static str,
    /// Its state, for programs.
    pub state: &'static str,
    /// The same for people.
    pub state_text: String,
    /// How much that calls for somebody: a class of the style sheet.
    pub class: &'static str,
    /// The time left to appeal; none when nobody can.
    pub left: Option<String>,
    /// Whether the last day to appeal is over and it is not decided.
    pub overdue: bool,
    /// Suspicious rows, or the numerator of a rate.
    pub numerator: u64,
    /// Of so many.
    pub denominator: u64,
    /// In percent.
    pub percent: Option<String>,
    /// Nothing of it is left.
    pub cleared: bool,
    /// What it holds, in baht; none when nothing, or not known.
    pub held: Option<String>,
    /// Whether that is not paid for good.
    pub is_final: bool,
}

impl CaseItem {
    /// Of a case, on a day.
    pub fn new(lang: Lang, line: &CaseLine, held: Option<String>, today: NaiveDate) -> Self {
        let unit = &line.unit;
        Self {
            id: line.id,
            hcode: unit.hcode.clone(),
            unit: if unit.name.is_empty() { unit.hcode.clone() } else { unit.name.clone() },
            rule: line.rule.id.clone(),
            name: if lang == Lang::Th { line.rule.th.clone() } else { line.rule.en.clone() },
            tranche: line.tranche.clone(),
            item: line.item.clone(),
            severity: line.severity.as_str(),
            state: line.state.as_str(),
            state_text: one(lang, &line.state_text).to_owned(),
            class: class(line.state),
            left: left(lang, line, today),
            overdue: line.is_overdue(today),
            numerator: line.numerator,
            denominator: line.denominator,
            percent: line.percent.clone(),
            cleared: line.cleared,
            held,
            is_final: line.is_final,
        }
    }
}

/// Whether somebody has to do something about a state.
fn class(state: CaseState) -> &'static str {
    match state {
        CaseState::Selected => "none",
        CaseState::Notified | CaseState::Appealed | CaseState::Verified => "partial",
        CaseState::Resolved => "accepted",
    }
}

/// The time left to appeal, in words.
fn left(lang: Lang, line: &CaseLine, today: NaiveDate) -> Option<String> {
    let last = line.appeal_by.filter(|_| line.state == CaseState::Notified)?;
    let days = (last - today).num_days();
    Some(match days {
        2.. => words(lang, "audit.days_left", &[("days", &days)]),
        1 => word(lang, "audit.day_left"),
        0 => word(lang, "audit.last_day"),
        _ => words(lang, "audit.days_over", &[("days", &-days)]),
    })
}

/// A threshold in words.
fn threshold(lang: Lang, limit: &Threshold) -> String {
    let number = |value: serde_json::Value| crate::audit::whole::plain(&value);
    let mut parts = Vec::new();
    if let Some(rows) = limit.rows {
        parts.push(words(lang, "audit.rows_at_least", &[("rows", &rows)]));
    }
    if let Some(percent) = limit.percent {
        parts.push(format!("≥ {} %", number(serde_json::json!(percent))));
    }
    if let (Some(z), Some(ratio)) = (limit.z, limit.ratio) {
        let (z, ratio) = (number(serde_json::json!(z)), number(serde_json::json!(ratio)));
        parts.push(words(lang, "audit.far_from_peers", &[("z", &z), ("ratio", &ratio)]));
    }
    if let Some(rate) = limit.rate {
        parts.push(format!("> {}", number(serde_json::json!(rate))));
    }
    if let Some(excess) = limit.excess {
        parts.push(words(lang, "audit.more_by", &[("excess", &excess)]));
    }
    parts.join(one(lang, text("audit.and")))
}
