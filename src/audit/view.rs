//! Cases as they are shown: in lists, one by one, and what money they are about.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::case::{Case, StepData, Verdict};
use super::limit::{Threshold, percent_of};
use super::rule::CaseSeverity;
use super::steps::CaseState;
use crate::catalog::Catalog;
use crate::clock::day_of_number;
use crate::money::Satang;
use crate::money::from_rulebook::terms;
use crate::money::result::Allocation;
use crate::score::{FigureRef, Rulebook, contributing_rows};
use crate::store::{AuditFact, Reader, Result};
use crate::text::Bilingual;
use crate::units::Units;

/// A unit of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnitOf {
    /// HCODE of the unit.
    pub hcode: String,
    /// Name of the unit.
    pub name: String,
    /// HCODE of its main unit.
    pub cup: String,
}

/// The rule of a case, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleOf {
    /// Name of the rule.
    pub id: String,
    /// SHA-256 of everything that defined the rule.
    pub version: String,
    /// Title in Thai.
    pub th: String,
    /// Title in English.
    pub en: String,
    /// What is suspicious.
    pub says: Bilingual,
    /// Source of the rule.
    pub source: String,
    /// Values set here, because no public source gives them.
    pub local_defaults: Vec<String>,
}

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CaseLine {
    /// Number of the case.
    pub id: i64,
    /// The round, B.E.
    pub round: i64,
    /// The tranche.
    pub tranche: String,
    /// The unit.
    pub unit: UnitOf,
    /// The rule.
    pub rule: RuleOf,
    /// The item of the rulebook.
    pub item: String,
    /// Severity by now.
    pub severity: CaseSeverity,
    /// State of the case.
    pub state: CaseState,
    /// Name of the state, for people.
    pub state_text: Bilingual,
    /// The last day to appeal.
    pub appeal_by: Option<NaiveDate>,
    /// Suspicious rows, or the numerator of a rate.
    pub numerator: u64,
    /// All rows, or the denominator of a rate.
    pub denominator: u64,
    /// In percent, with two decimals, rounded down.
    pub percent: Option<String>,
    /// Whether all of its rows have been taken back.
    pub cleared: bool,
    /// Rows that joined it since the last letter: the unit was not told of them,
    /// and no more money is held for them before it is.
    pub untold_rows: u64,
    /// What it holds of the item's money, in percent; none when nothing.
    pub share: Option<String>,
    /// Whether that was decided on for good.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Numbers of its holds that go on.
    pub holds: Vec<i64>,
    /// The earlier case that it continues.
    pub follows: Option<i64>,
    /// Tells two states of it apart.
    pub etag: String,
}

impl CaseLine {
    /// The line of a case.
    pub fn new(case: &Case, units: &Units) -> Self {
        let opened = &case.opened;
        let known = units.by_code.get(&opened.hcode);
        let described = case.described();
        let described = described.as_ref();
        let (numerator, denominator) = case.counted();
        let share = case.in_force().map(|hold| hold.share).max();
        Self {
            id: opened.id,
            round: opened.round,
            tranche: opened.tranche.clone(),
            unit: UnitOf {
                hcode: opened.hcode.clone(),
                name: known.map_or_else(String::new, |unit| unit.name.clone()),
                cup: known.map_or_else(|| opened.hcode.clone(), |unit| unit.cup.clone()),
            },
            rule: RuleOf {
                id: opened.rule.clone(),
                version: case.version().to_owned(),
                th: described.map_or_else(String::new, |of| of.name.th.clone()),
                en: described.map_or_else(String::new, |of| of.name.en.clone()),
                says: described.map_or_else(Bilingual::default, |of| of.says.clone()),
                source: described.map_or_else(String::new, |of| of.source.clone()),
                local_defaults: described.map_or_else(Vec::new, |of| of.local_defaults.clone()),
            },
            item: opened.item.clone(),
            severity: case.severity(),
            state: case.state(),
            state_text: case.state().text(),
            appeal_by: case.appeal_by(),
            numerator,
            denominator,
            percent: percent_of(numerator, denominator),
            cleared: case.cleared(),
            untold_rows: case.untold().map_or(0, |untold| untold.rows),
            share: share.map(crate::money::holds::percent),
            is_final: case.in_force().any(|hold| hold.is_final),
            holds: case.in_force().map(|hold| hold.hold).collect(),
            follows: opened.follows,
            etag: case.etag(),
        }
    }

    /// Whether its last day to appeal is over and it is not decided.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.appeal_by.is_some_and(|last| last < today) && self.state != CaseState::Resolved
    }
}

/// A step as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventLine {
    /// Name of the step.
    pub step: String,
    /// The state after it.
    pub state: String,
    /// Time of the step, RFC 3339.
    pub at: String,
    /// User who took it.
    pub by: String,
    /// Text that was given with it.
    pub text: String,
    /// Other values that were given with it.
    #[serde(flatten)]
    pub data: StepData,
}

/// A row of a case as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RowLine {
    /// Its file, as the standard of the archive calls it.
    pub file: String,
    /// The submission.
    pub submission: i64,
    /// Its line in the member.
    pub line: i64,
    /// The archive as it was named.
    pub archive: String,
    /// PID of the person at the unit.
    pub pid: String,
    /// The day that it counts for, `YYYY-MM-DD`.
    pub day: String,
    /// The run that found it.
    pub run: i64,
    /// Whether its submission has been taken back.
    pub gone: bool,
    /// What the rule shows of it.
    pub shown: BTreeMap<String, serde_json::Value>,
    /// What the verification said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The money that a case is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MoneyOf {
    /// What the unit earned with the item in the tranche.
    pub item: Satang,
    /// What of that the case holds.
    pub held: Satang,
    /// What could be paid of it, in percent: all but the suspicious share. Only
    /// shown, never taken by itself.
    pub suggested_percent: Option<String>,
}

/// A case, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ShownCase {
    /// As in a list.
    #[serde(flatten)]
    pub line: CaseLine,
    /// The threshold that it passed.
    pub threshold: Option<Threshold>,
    /// The peers of a rate.
    pub peers: Option<serde_json::Value>,
    /// The money; none for a warning, or when there is no allocation.
    pub money: Option<MoneyOf>,
    /// What can be done now by whoever asks.
    pub allowed: Vec<String>,
    /// Its steps.
    pub events: Vec<EventLine>,
    /// Captions of what is shown of a row.
    pub captions: BTreeMap<String, Bilingual>,
    /// Its rows.
    pub rows: Vec<RowLine>,
    /// How many there are.
    pub rows_total: u64,
    /// Not all of them are kept, or shown.
    pub rows_cut: bool,
}

/// Names of archives and their standards, by submission.
pub struct Archives(BTreeMap<i64, (String, Option<crate::archive::Standard>)>);

impl Archives {
    /// Reads the names of the archives of some rows.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn read(reader: &Reader, facts: &[AuditFact]) -> Result<Self> {
        let mut found = BTreeMap::new();
        for fact in facts {
            if found.contains_key(&fact.sub) {
                continue;
            }
            let sql = "SELECT archive, standard FROM submission WHERE id = :id";
            reader.each_line(sql, &[(":id", crate::store::SqlValue::Int(fact.sub))], |line| {
                let archive = line.str(0)?.unwrap_or_default().to_owned();
                let standard = line.str(1)?.and_then(|text| text.parse().ok());
                found.insert(fact.sub, (archive, standard));
                Ok(())
            })?;
        }
        Ok(Self(found))
    }

    /// What a kind of record is called in the standard of a submission.
    pub fn file(&self, catalog: &Catalog, record: &str, sub: i64) -> String {
        let standard = self.0.get(&sub).and_then(|(_, standard)| *standard);
        let layout = standard.and_then(|standard| catalog.record(record)?.layout(standard));
        layout.map_or_else(|| record.to_owned(), |layout| layout.file.clone())
    }

    fn name(&self, sub: i64) -> String {
        self.0.get(&sub).map_or_else(String::new, |(name, _)| name.clone())
    }
}

/// The rows of a case as they are shown, with the last verdict on each.
pub fn row_lines(
    case: &Case,
    facts: &[AuditFact],
    archives: &Archives,
    catalog: &Catalog,
) -> Vec<RowLine> {
    // A case may have rows of several files, and lines of one number in each.
    let verdicts: BTreeMap<(String, i64, i64), &Verdict> = case
        .events
        .iter()
        .flat_map(|(_, data)| &data.verdicts)
        .map(|line| {
            let file = line.file.to_ascii_uppercase();
            ((file, line.submission, line.line), line)
        })
        .collect();
    let verdict = |fact: &AuditFact, file: &str| {
        let of = |file: &str| verdicts.get(&(file.to_owned(), fact.sub, fact.line));
        of(file).or_else(|| of(&fact.file)).copied()
    };
    let line = |fact: &AuditFact| {
        let file = archives.file(catalog, &fact.file, fact.sub);
        let verdict = verdict(fact, &file);
        RowLine {
            file,
            submission: fact.sub,
            line: fact.line,
            archive: archives.name(fact.sub),
            pid: fact.pid.clone(),
            day: day_of_number(fact.day).map_or_else(String::new, |day| day.to_string()),
            run: fact.run,
            gone: fact.gone,
            shown: serde_json::from_str(&fact.shown).unwrap_or_default(),
            verdict: verdict.map(|of| of.verdict.clone()),
            note: verdict.map(|of| of.note.clone()).filter(|note| !note.is_empty()),
        }
    };
    facts.iter().map(line).collect()
}

/// The steps of a case as they are shown.
pub fn event_lines(case: &Case) -> Vec<EventLine> {
    let line = |(event, data): &(crate::store::AuditEvent, StepData)| EventLine {
        step: event.step.clone(),
        state: event.state.clone(),
        at: event.at.clone(),
        by: event.by.clone(),
        text: event.text.clone(),
        data: data.clone(),
    };
    case.events.iter().map(line).collect()
}

/// What a unit earned with an item in the quarters of a tranche.
pub fn item_money(
    allocation: &Allocation,
    book: &Rulebook,
    place: (&str, &str, &str),
) -> Option<Vec<Satang>> {
    let (hcode, tranche, item) = place;
    let terms = terms(book).ok()?;
    let quarters = &terms.tranches.iter().find(|one| one.period.id == tranche)?.quarters;
    let unit = allocation.cups.iter().flat_map(|cup| &cup.units).find(|unit| unit.hcode == hcode);
    let amount = |quarter: &crate::money::terms::WeightedPeriod| {
        let of = unit?.money.volume.get(&quarter.id)?.items.get(item)?;
        Some(of.amount)
    };
    Some(quarters.iter().map(|quarter| amount(quarter).unwrap_or(Satang::ZERO)).collect())
}

/// What a share of amounts comes to, each rounded as the allocation does.
pub fn held_of(amounts: &[Satang], share: u32) -> Satang {
    let whole = u64::from(crate::money::holds::WHOLE);
    amounts.iter().map(|amount| amount.part(u64::from(share), whole)).sum()
}

/// The suspicious share of an item's points, in hundredths of a percent, and
/// never less than it is: by the points of the rows themselves, where they are
/// the rows that score, else by their share of all rows of the file.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn suspicious_share(
    (reader, book, units, catalog): (&Reader, &Rulebook, &Units, &Catalog),
    (hcode, tranche, item): (&str, &str, &str),
    facts: &[AuditFact],
    counted: (u64, u64),
    as_of: i64,
) -> Result<u32> {
    const WHOLE: u128 = crate::money::holds::WHOLE as u128;
    let up = |part: u128, whole: u128| {
        let share = (part * WHOLE).div_ceil(whole.max(1)).clamp(1, WHOLE);
        u32::try_from(share).unwrap_or(crate::money::holds::WHOLE)
    };
    let (Some(item), Some(period)) =
        (book.item(item), book.tranches.iter().find(|period| period.number.to_string() == tranche))
    else {
        return Ok(crate::money::holds::WHOLE);
    };
    if facts.is_empty() {
        return Ok(crate::money::holds::WHOLE);
    }
    let archives = Archives::read(reader, facts)?;
    let places: std::collections::HashSet<(String, i64, i64)> = facts
        .iter()
        .map(|fact| (archives.file(catalog, &fact.file, fact.sub), fact.sub, fact.line))
        .collect();
    let scored = contributing_rows(
        reader,
        book,
        units,
        catalog,
        &FigureRef { hcode, item, month: None, as_of },
    )?;
    let (mut of, mut all) = (rust_decimal::Decimal::ZERO, rust_decimal::Decimal::ZERO);
    let in_tranche =
        |date: &str| date.parse::<NaiveDate>().is_ok_and(|day| period.days().contain(day));
    let files: std::collections::BTreeSet<&str> =
        scored.iter().map(|row| row.file.as_str()).collect();
    for row in scored.iter().filter(|row| in_tranche(&row.date)) {
        all += row.points;
        if places.contains(&(row.file.clone(), row.submission, row.line)) {
            of += row.points;
        }
    }
    let score_themselves = places.iter().any(|(file, ..)| files.contains(file.as_str()));
    if score_themselves && !all.is_zero() {
        let hundredths = |points: rust_decimal::Decimal| {
            u128::try_from((points * rust_decimal::Decimal::ONE_HUNDRED).trunc().mantissa())
                .unwrap_or(0)
        };
        return Ok(up(hundredths(of), hundredths(all)));
    }
    Ok(up(u128::from(counted.0.min(counted.1)), u128::from(counted.1)))
}
