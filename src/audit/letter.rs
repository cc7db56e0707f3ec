//! Letters to units: of cases that were selected, and of how they were decided.
//! What they say is data ([`LetterTexts`]). They name rows by archive,
//! line and the unit's own number, never a citizen ID or a name.

use std::collections::BTreeMap;
use std::fmt::Display;

use chrono::NaiveDate;

use super::AuditError;
use super::case::{Case, is_letter};
pub use super::letter_text::LetterKind;
use super::letter_text::{LetterTexts, ParagraphOf, fill};
use super::limit::Threshold;
use super::rule::CaseSeverity;
use super::view::{EventLine, RowLine, ShownCase};
use crate::config::AuditLetter;
use crate::money::Satang;
use crate::report::html::Letter;
use crate::report::{Cell, Column, Kind, Table};
use crate::store::AuditCase;
use crate::text::{Bilingual, message, message_with};
use crate::units::Units;

/// Whether the unit was told of two cases by one letter.
pub fn told_together(one: &Case, other: &Case) -> bool {
    let place = |case: &Case| {
        let AuditCase { round, tranche, hcode, .. } = &case.opened;
        (*round, tranche.clone(), hcode.clone())
    };
    let told = |case: &Case| {
        let letter = case.events.iter().rev().find(|(event, _)| is_letter(&event.step));
        letter.map(|(event, data)| (event.at.clone(), event.by.clone(), data.letter_no.clone()))
    };
    place(one) == place(other) && told(one).is_some_and(|letter| told(other) == Some(letter))
}

/// A letter about cases of one unit and tranche, with all rows that are kept of
/// them; refused when they are of several, or not yet as the letter says.
///
/// # Errors
/// Refused if the cases are of several units or tranches, or do not stand as the letter
/// says; else errors of making the page.
pub fn letter(
    kind: LetterKind,
    cases: &[ShownCase],
    units: &Units,
    (of, texts): (&AuditLetter, &LetterTexts),
) -> Result<Letter, AuditError> {
    let refuse = |text: Bilingual| AuditError::Refused(format!("{} / {}", text.en, text.th));
    let Some(first) = cases.first() else {
        return Err(refuse(message("letter.no_case")));
    };
    let place = |case: &ShownCase| {
        (case.line.unit.hcode.clone(), case.line.round, case.line.tranche.clone())
    };
    if cases.iter().any(|case| place(case) != place(first)) {
        return Err(refuse(message("letter.one_unit")));
    }
    let mut letters = Vec::new();
    for case in cases {
        let told = case.events.iter().rev().find(|event| kind.tells_of(&event.step));
        let told = told.filter(|_| kind.is_of(case)).ok_or_else(|| {
            refuse(message_with(
                "letter.not_yet",
                &[("case", &case.line.id), ("kind", &kind.event())],
            ))
        })?;
        letters.push(told);
    }
    let last = letters.iter().max_by_key(|event| (day_of(event), &event.at));
    let last = last.copied().unwrap_or(letters[0]);
    let unit = &first.line.unit;
    let held = held_by_all(cases);
    let appeal_by = cases.iter().filter_map(|case| case.line.appeal_by).min();
    let main = units.by_code.get(&unit.cup).map_or("", |unit| unit.name.as_str());
    let text = texts.text_of(kind).ok_or_else(|| refuse(message("letter.no_text")))?;
    let values = |lang: crate::text::Lang| {
        let day = |day: Option<NaiveDate>| {
            day.map_or_else(String::new, |day| crate::report::words::day(day, lang))
        };
        BTreeMap::from([
            ("hcode", unit.hcode.clone()),
            ("unit", unit.name.clone()),
            ("tranche", first.line.tranche.clone()),
            ("round", first.line.round.to_string()),
            ("cases", cases.len().to_string()),
            ("held", held.grouped()),
            ("appeal_by", day(appeal_by)),
        ])
    };
    let (th, en) = (values(crate::text::Lang::Th), values(crate::text::Lang::En));
    let filled = |of: (&str, &str)| Bilingual { th: fill(of.0, &th), en: fill(of.1, &en) };
    let holds = |only: ParagraphOf| match only {
        ParagraphOf::Hold => cases.iter().any(|case| case.line.severity == CaseSeverity::Hold),
        ParagraphOf::Rows => cases.iter().any(|case| !case.rows.is_empty()),
        ParagraphOf::Rate => cases.iter().any(|case| case.peers.is_some()),
    };
    let paragraphs = text.paragraphs.iter();
    let paragraphs = paragraphs.filter(|part| part.only.is_none_or(holds));
    let table = match kind {
        LetterKind::Notify => selected(cases),
        LetterKind::Result => decided(cases),
    };
    let enclosures = match kind {
        LetterKind::Notify => cases.iter().filter(|case| !case.rows.is_empty()).map(rows).collect(),
        LetterKind::Result => Vec::new(),
    };
    let to: [(&str, &dyn Display); 4] =
        [("unit", &unit.name), ("hcode", &unit.hcode), ("cup", &unit.cup), ("main", &main)];
    let key = if unit.cup == unit.hcode { "letter.director" } else { "letter.director_through" };
    Ok(Letter {
        number: last.data.letter_no.clone().unwrap_or_default(),
        office: of.office.clone(),
        on: day_of(last),
        subject: filled((&text.subject.th, &text.subject.en)),
        to: message_with(key, &to),
        paragraphs: paragraphs.map(|part| filled((&part.th, &part.en))).collect(),
        table,
        signer: of.signer.clone(),
        post: of.post.clone(),
        copies: of.copies.clone(),
        enclosures,
    })
}

/// The day of a step: that of its letter, else that on which it was taken.
fn day_of(event: &EventLine) -> NaiveDate {
    let taken = || event.at.get(..10).and_then(|day| day.parse().ok()).unwrap_or_default();
    event.data.on.unwrap_or_else(taken)
}

/// A column by the key of its heading.
fn column(key: &str, kind: Kind) -> Column {
    let id = key.split_once('_').map_or(key, |(_, id)| id);
    Column::titled(id, message(key), kind)
}

fn rule_name(case: &ShownCase) -> Bilingual {
    let rule = &case.line.rule;
    Bilingual {
        th: format!("{}: {}", rule.th, rule.says.th),
        en: format!("{}: {}", rule.en, rule.says.en),
    }
}

/// What was found, against which threshold: in rows, or against peers.
fn found(case: &ShownCase) -> Bilingual {
    let line = &case.line;
    let percent = line.percent.clone().unwrap_or_default();
    let peers = case.peers.as_ref();
    let of = |name: &str| {
        let value = peers.and_then(|peers| peers.get(name)?.as_str().map(str::to_owned));
        value.unwrap_or_default()
    };
    let (n, all) = (line.numerator, line.denominator);
    if peers.is_some() {
        let values: [(&str, &dyn Display); 4] =
            [("n", &n), ("all", &all), ("rate", &of("rate")), ("median", &of("median"))];
        return message_with("letter.found_rate", &values);
    }
    message_with("letter.found_rows", &[("n", &n), ("all", &all), ("percent", &percent)])
}

fn threshold(limit: &Threshold) -> Bilingual {
    let text = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut parts: Vec<Bilingual> = Vec::new();
    let mut add = |key: &str, value: String| {
        parts.push(message_with(key, &[("value", &value)]));
    };
    if let Some(rows) = limit.rows {
        add("letter.limit_rows", rows.to_string());
    }
    if let Some(percent) = limit.percent {
        add("letter.limit_percent", text(serde_json::json!(percent)));
    }
    if let Some(z) = limit.z {
        add("letter.limit_z", text(serde_json::json!(z)));
    }
    if let Some(ratio) = limit.ratio {
        add("letter.limit_ratio", text(serde_json::json!(ratio)));
    }
    if let Some(rate) = limit.rate {
        add("letter.limit_rate", text(serde_json::json!(rate)));
    }
    if let Some(excess) = limit.excess {
        add("letter.limit_excess", excess.to_string());
    }
    let join =
        |pick: &dyn Fn(&Bilingual) -> String| parts.iter().map(pick).collect::<Vec<_>>().join(", ");
    Bilingual { th: join(&|part| part.th.clone()), en: join(&|part| part.en.clone()) }
}

/// Money that is held for cases of a unit and tranche: of several cases on one
/// item the one that holds most counts, for its money is held once.
fn held_by_all(cases: &[ShownCase]) -> Satang {
    let mut most: BTreeMap<&str, Satang> = BTreeMap::new();
    for case in cases {
        let Some(money) = &case.money else { continue };
        let of = most.entry(&case.line.item).or_insert(Satang::ZERO);
        *of = (*of).max(money.held);
    }
    most.into_values().sum()
}

fn held(case: &ShownCase) -> Cell {
    match (&case.money, case.line.severity) {
        (Some(money), _) => Cell::text(money.held.grouped()),
        (None, CaseSeverity::Hold) => Cell::Bilingual(message("letter.held")),
        (None, CaseSeverity::Warn) => Cell::Bilingual(message("letter.warned")),
    }
}

fn selected(cases: &[ShownCase]) -> Table {
    let columns = [
        column("letter.column_case", Kind::Int),
        column("letter.column_item", Kind::Text),
        column("letter.column_what", Kind::Text),
        column("letter.column_found", Kind::Text),
        column("letter.column_threshold", Kind::Text),
        column("letter.column_source", Kind::Text),
        column("letter.column_held", Kind::Text),
    ];
    let mut table = Table::new("cases", message("letter.table_selected"), columns.to_vec());
    for case in cases {
        table.push(vec![
            Cell::Int(case.line.id),
            Cell::text(&case.line.item),
            Cell::Bilingual(rule_name(case)),
            Cell::Bilingual(found(case)),
            case.threshold.as_ref().map_or(Cell::Empty, |of| Cell::Bilingual(threshold(of))),
            Cell::text(&case.line.rule.source),
            held(case),
        ]);
    }
    table
}

fn decided(cases: &[ShownCase]) -> Table {
    let columns = [
        column("letter.column_case", Kind::Int),
        column("letter.column_what", Kind::Text),
        column("letter.column_notice", Kind::Text),
        column("letter.column_appeal", Kind::Text),
        column("letter.column_verification", Kind::Text),
        column("letter.column_decision", Kind::Text),
        column("letter.column_paid", Kind::Text),
        column("letter.column_not_paid", Kind::Text),
    ];
    let mut table = Table::new("cases", message("letter.table_decided"), columns.to_vec());
    for case in cases {
        let last = |step: &str| case.events.iter().rev().find(|event| event.step == step);
        let with_day = |event: &EventLine, text: String| Bilingual {
            th: format!(
                "{} {text}",
                crate::report::words::day(day_of(event), crate::text::Lang::Th)
            ),
            en: format!(
                "{} {text}",
                crate::report::words::day(day_of(event), crate::text::Lang::En)
            ),
        };
        let notice = case.events.iter().rev().find(|event| is_letter(&event.step));
        let notice =
            notice.map(|event| with_day(event, event.data.letter_no.clone().unwrap_or_default()));
        let appeal = last("appealed").map(|event| with_day(event, event.text.clone()));
        let verified = last("verified").map(|event| {
            let found = event.data.found.clone().unwrap_or_default();
            let said = proposal(event.data.proposal.as_deref(), event);
            let text = with_day(event, format!("{}: {found}", event.by));
            Bilingual {
                th: format!("{} → {}", text.th, said.th),
                en: format!("{} → {}", text.en, said.en),
            }
        });
        let decision = last("resolved").map(|event| {
            let said = proposal(event.data.decision.as_deref(), event);
            Bilingual {
                th: format!("{}: {}", said.th, event.text),
                en: format!("{}: {}", said.en, event.text),
            }
        });
        let cell = |text: Option<Bilingual>| text.map_or(Cell::Empty, Cell::Bilingual);
        let money = |pick: &dyn Fn(&super::view::MoneyOf) -> Satang| {
            case.money.as_ref().map_or(Cell::Empty, |of| Cell::text(pick(of).grouped()))
        };
        table.push(vec![
            Cell::Int(case.line.id),
            Cell::Bilingual(rule_name(case)),
            cell(notice),
            cell(appeal),
            cell(verified),
            cell(decision),
            money(&|of| of.item - of.held),
            money(&|of| of.held),
        ]);
    }
    table
}

/// A proposal or decision in words, with percentage and condition.
fn proposal(word: Option<&str>, event: &EventLine) -> Bilingual {
    let key = match word {
        Some("partial") => "letter.partial",
        Some("withhold") => "letter.withhold",
        _ => "letter.pay",
    };
    let percent = event.data.percent.clone().unwrap_or_default();
    let said = message_with(key, &[("percent", &percent)]);
    match &event.data.condition {
        Some(condition) => Bilingual {
            th: format!("{} ({condition})", said.th),
            en: format!("{} ({condition})", said.en),
        },
        None => said,
    }
}

/// Longest number of a unit that is shown: one of thirteen digits may be a
/// citizen ID.
const CID: usize = 13;

fn pid(row: &RowLine) -> String {
    let is_cid = row.pid.len() == CID && row.pid.bytes().all(|byte| byte.is_ascii_digit());
    if is_cid { format!("{}{}", &row.pid[..1], "x".repeat(CID - 1)) } else { row.pid.clone() }
}

/// The rows of a case.
fn rows(case: &ShownCase) -> Table {
    let columns = [
        column("letter.column_no", Kind::Int),
        column("letter.column_file", Kind::Text),
        column("letter.column_archive", Kind::Text),
        column("letter.column_line", Kind::Int),
        column("letter.column_pid", Kind::Text),
        column("letter.column_day", Kind::Date),
        column("letter.column_shown", Kind::Text),
    ];
    let title =
        message_with("letter.enclosure", &[("case", &case.line.id), ("item", &case.line.item)]);
    let mut table = Table::new("rows", title, columns.to_vec());
    for (at, row) in case.rows.iter().enumerate() {
        let value = |value: &serde_json::Value| {
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        };
        let named = |th: bool| {
            let each = row.shown.iter().map(|(name, of)| {
                let caption = case.captions.get(name).map_or(name.as_str(), |text| {
                    if th { text.th.as_str() } else { text.en.as_str() }
                });
                format!("{caption} {}", value(of))
            });
            each.collect::<Vec<_>>().join(", ")
        };
        table.push(vec![
            Cell::Int(at as i64 + 1),
            Cell::text(&row.file),
            Cell::text(&row.archive),
            Cell::Int(row.line),
            Cell::text(pid(row)),
            row.day.parse().map_or(Cell::Empty, Cell::Date),
            Cell::Bilingual(Bilingual { th: named(true), en: named(false) }),
        ]);
    }
    let (kept, all) = (case.rows.len() as u64, case.rows_total);
    if all > kept {
        table.notes.push(message_with("letter.rows_cut", &[("kept", &kept), ("all", &all)]));
    }
    table
}
