//! What the data lack for a KPI: whether anybody sent the files that it needs
//! for a period, and which units did not.
//!
//! Sent means that a row with a day of the period is stored, no matter who sent it
//! and whenever: a unit whose main unit sends for it has sent. Where a KPI looks
//! further back than the period begins, its definition says so (`window`). A
//! register has no day of its own and stands until the next one, so that any is
//! enough, unless the definition asks for one of the period's rounds (`@round`).
//! Whether a layout has a column at all is seen from any of its rows (`@ever`),
//! and only who sent the file in the period has sent the column.
//!
//! A unit without one of the files has no 0: each of them has to be there. Only
//! what fills the denominator (`@denominator`) may come from anybody: where there
//! is a denominator, somebody sent it, and 0 of it is a result.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::KpiError;
use super::definition::{CountingUnit, Definition};
use super::level::Level;
use super::need::Need;
use super::period::PeriodDays;
use super::result::{NotComputable, Tally};
use super::session::Session;
use crate::clock::{day_number, round_of};
use crate::store::Sought;
use crate::text::{Bilingual, message_with, text};

/// Alternatives in words.
fn either(needs: &str, or: &str) -> String {
    needs.replace('|', &format!(" {or} "))
}

/// Types of unit that are asked for data, by the years in which they are.
const SENDING: &str = "kpi_sending";

/// Looks up what is missing, and remembers what it has found of one state of the
/// store.
#[derive(Default)]
pub(super) struct DataNeeds {
    /// Units of which there are rows that were asked for.
    sent: BTreeMap<Sought, Rc<BTreeSet<String>>>,
    /// Units that may have sent something, once they are asked for.
    senders: Option<Rc<BTreeSet<String>>>,
}

impl DataNeeds {
    /// What the data lack for a KPI in a period, if anything.
    pub(super) fn missing(
        &mut self,
        session: &Session<'_>,
        definition: &Definition,
        days: &PeriodDays,
    ) -> Result<Option<NotComputable>, KpiError> {
        for need in &definition.needs {
            let mut there = false;
            for one in need.split('|') {
                there = there || !self.sent(session, definition, one, days)?.is_empty();
            }
            if !there {
                return Ok(Some(self.nobody_sent(session, definition, need)?));
            }
        }
        let lists = definition.query.as_ref().map(|query| query.all_lists()).unwrap_or_default();
        for list in lists {
            if session.environment.catalog.codes.get(&list).is_none() {
                let text = message_with("kpi.list_first", &[("list", &list)]);
                return Ok(Some(NotComputable { needs: list, text }));
            }
        }
        Ok(None)
    }

    /// Says that a file is missing: at all, or in the period.
    fn nobody_sent(
        &mut self,
        session: &Session<'_>,
        definition: &Definition,
        need: &str,
    ) -> Result<NotComputable, KpiError> {
        let mut ever = false;
        for one in need.split('|') {
            let one = Need::parse(one);
            let sought = Sought {
                record: one.file.to_owned(),
                column: one.column.map(str::to_owned),
                between: None,
            };
            ever = ever || !self.found(session, definition, sought)?.is_empty();
        }
        let needs = Need::shown(need);
        let text = said_of(if ever { "kpi.nobody_sent" } else { "kpi.no_data" }, &needs);
        Ok(NotComputable { needs, text })
    }

    /// Units of which there is what a need asks for in a period.
    fn sent(
        &mut self,
        session: &Session<'_>,
        definition: &Definition,
        need: &str,
        days: &PeriodDays,
    ) -> Result<Rc<BTreeSet<String>>, KpiError> {
        let one = Need::parse(need);
        let between = if Self::is_register(session, one.file) {
            let rounds = (i64::from(round_of(days.start)), i64::from(round_of(days.end)));
            one.round.then_some(rounds)
        } else {
            let (from, to) = definition.window_of(one.file, days);
            Some((day_number(from), day_number(to)))
        };
        let (record, column) = (one.file.to_owned(), one.column.map(str::to_owned));
        if !one.ever {
            return self.found(session, definition, Sought { record, column, between });
        }
        let of_the_days = Sought { record: record.clone(), column: None, between };
        let sent = self.found(session, definition, of_the_days)?;
        if sent.is_empty() {
            return Ok(sent);
        }
        let of_any_day = Sought { record, column, between: None };
        let ever = self.found(session, definition, of_any_day)?;
        Ok(Rc::new(sent.intersection(&ever).cloned().collect()))
    }

    fn is_register(session: &Session<'_>, file: &str) -> bool {
        session.tables().list.iter().any(|table| table.record == file && table.register)
    }

    fn found(
        &mut self,
        session: &Session<'_>,
        definition: &Definition,
        sought: Sought,
    ) -> Result<Rc<BTreeSet<String>>, KpiError> {
        if let Some(found) = self.sent.get(&sought) {
            return Ok(Rc::clone(found));
        }
        let trouble = |cause| KpiError::from_store(&definition.id, cause);
        let units = self.senders(session).map_err(trouble)?;
        let found =
            session.reader.units_with(&session.tables(), &sought, &units).map_err(trouble)?;
        let found = Rc::new(found);
        self.sent.insert(sought, Rc::clone(&found));
        Ok(found)
    }

    /// Whoever may have sent: units of the list, and those that it no longer has.
    fn senders(&mut self, session: &Session<'_>) -> crate::store::Result<Rc<BTreeSet<String>>> {
        if let Some(senders) = &self.senders {
            return Ok(Rc::clone(senders));
        }
        let tokens = session.reader.change_tokens()?.unwrap_or_default();
        let mut senders: BTreeSet<String> =
            session.environment.units.by_code.keys().cloned().collect();
        senders.extend(tokens.units().map(str::to_owned));
        let senders = Rc::new(senders);
        self.senders = Some(Rc::clone(&senders));
        Ok(senders)
    }

    /// Tells groups that sent nothing of what the KPI needs in the period apart
    /// from those that come to nothing.
    pub(super) fn mark_silent(
        &mut self,
        session: &Session<'_>,
        definition: &Definition,
        days: &PeriodDays,
        (level, tally): (Level, &mut Tally),
    ) -> Result<(), KpiError> {
        let mut asked: Vec<SilentGroups<'_>> = Vec::new();
        let types = sending_types(definition, days.year)?;
        for need in definition.needs.iter().filter(|need| Self::has_days(session, need)) {
            let mut sent: BTreeSet<String> = BTreeSet::new();
            for one in need.split('|') {
                sent.extend(self.sent(session, definition, one, days)?.iter().cloned());
            }
            let (mut silent, mut heard) = (BTreeSet::new(), BTreeSet::new());
            for unit in session.environment.units.by_code.values() {
                let group = level.group(unit);
                if sent.contains(&unit.hcode) {
                    heard.insert(group);
                } else if types.contains(&unit.kind) || tally.has(group) {
                    silent.insert(group);
                }
            }
            let groups = silent.difference(&heard).copied().collect();
            asked.push(SilentGroups { need, groups });
        }
        let every: BTreeSet<&str> = asked.iter().flat_map(|of| of.groups.iter().copied()).collect();
        for group in every {
            let lacking = if tally.has(group) {
                lacking_of_the_numerator(&asked, group)
            } else {
                lacking_of_all(&asked, group, definition.counts)
            };
            if !lacking.is_empty() {
                tally.group(group).not_sent = Some(nothing_of(&lacking));
            }
        }
        Ok(())
    }

    /// Whether a need is for rows of the period, or for a register of its rounds.
    fn has_days(session: &Session<'_>, need: &str) -> bool {
        need.split('|').all(|one| {
            let one = Need::parse(one);
            one.round || !Self::is_register(session, one.file)
        })
    }
}

/// Groups of which no unit sent a file.
struct SilentGroups<'n> {
    need: &'n str,
    groups: BTreeSet<&'n str>,
}

/// What a group with a denominator lacks: without it 0 is unknown.
fn lacking_of_the_numerator<'n>(asked: &[SilentGroups<'n>], group: &str) -> Vec<&'n str> {
    let silent = asked.iter().filter(|of| of.groups.contains(group)).map(|of| of.need);
    silent.filter(|need| !Need::fills_denominator(need)).collect()
}

/// What a group lacks that came to nothing at all: nothing of its own visits where
/// those are counted; of persons, for whom others may have sent, when it sent
/// none of what is needed.
fn lacking_of_all<'n>(
    asked: &[SilentGroups<'n>],
    group: &str,
    counts: CountingUnit,
) -> Vec<&'n str> {
    let is_silent = |of: &&SilentGroups<'_>| of.groups.contains(group);
    let fills = |of: &&SilentGroups<'_>| Need::fills_denominator(of.need);
    let fillers: Vec<_> = asked.iter().filter(fills).collect();
    let unknown = match counts {
        CountingUnit::Persons => asked.iter().all(|of| is_silent(&of)),
        _ if fillers.is_empty() => asked.iter().any(|of| is_silent(&of)),
        _ => fillers.iter().any(is_silent),
    };
    let silent = asked.iter().filter(is_silent).map(|of| of.need);
    if unknown { silent.collect() } else { Vec::new() }
}

/// A text about files of which any will do.
fn said_of(key: &str, needs: &str) -> Bilingual {
    let or = text("kpi.or");
    let (th, en) = (either(needs, &or.th), either(needs, &or.en));
    Bilingual {
        th: message_with(key, &[("needs", &th)]).th,
        en: message_with(key, &[("needs", &en)]).en,
    }
}

/// Says what was not sent: of a file that is not there at all, no column too.
fn nothing_of(lacking: &[&str]) -> NotComputable {
    let shown: Vec<String> = lacking.iter().map(|need| Need::shown(need)).collect();
    let is_column = |need: &&String| {
        shown
            .iter()
            .any(|file| need.strip_prefix(file.as_str()).is_some_and(|r| r.starts_with('.')))
    };
    let of_files: Vec<&str> =
        shown.iter().filter(|need| !is_column(need)).map(String::as_str).collect();
    let needs = of_files.join(", ");
    NotComputable { text: said_of("kpi.sent_nothing", &needs), needs }
}

/// Types of unit of which data are expected in a year.
fn sending_types(definition: &Definition, year: i32) -> Result<BTreeSet<String>, KpiError> {
    if !definition.asked_of.is_empty() {
        return Ok(definition.asked_of.iter().cloned().collect());
    }
    let types = super::lists::codes_of_year(SENDING, year);
    types.map_err(|cause| KpiError::from_store(&definition.id, cause))
}
