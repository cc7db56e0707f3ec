//! What the data lack for a KPI: whether anybody sent the files that it needs
//! for a period, and which units did not.
//!
//! Sent means that a row with a day of the period is stored, no matter who sent it
//! and whenever: a unit whose main unit sends for it has sent. Where a KPI looks
//! further back than the period begins, its definition says so (`window`). A
//! register has no day of its own and stands until the next one, so that any is
//! enough, unless the definition asks for one of the period's rounds (`@round`).
//! Whether a layout has a column at all is seen from any of its rows (`@ever`).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::KpiError;
use super::definition::Definition;
use super::level::Level;
use super::period::PeriodDays;
use super::result::{NotComputable, Tally};
use super::session::Session;
use crate::clock::{day_number, round_of};
use crate::store::Sought;
use crate::text::Bilingual;

/// A file that a KPI needs, as its definition writes it.
struct Need<'d> {
    file: &'d str,
    column: Option<&'d str>,
    /// Of a register: only one of the period's rounds will do.
    round: bool,
    /// Whatever the day: whether the layout that is sent has the column at all.
    ever: bool,
}

impl<'d> Need<'d> {
    fn parse(text: &'d str) -> Self {
        let (text, how) = text.split_once('@').unwrap_or((text, ""));
        let (file, column) = text.split_once('.').map_or((text, None), |(f, c)| (f, Some(c)));
        Self { file, column, round: how == "round", ever: how == "ever" }
    }

    /// How people read what is needed.
    fn shown(text: &str) -> String {
        text.replace("@round", "").replace("@ever", "")
    }
}

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
                let text = Bilingual {
                    th: format!("ต้องนำเข้ารายการรหัส {list} ก่อน"),
                    en: format!("the code list {list} has to be dropped in first"),
                };
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
        let text = if ever {
            Bilingual {
                th: format!("ไม่มีหน่วยบริการใดส่ง {} ในช่วงนี้", either(&needs, "หรือ")),
                en: format!("nobody sent {} in the period", either(&needs, "or")),
            }
        } else {
            Bilingual {
                th: format!("ไม่มีข้อมูล {}", either(&needs, "หรือ")),
                en: format!("there are no data of {}", either(&needs, "or")),
            }
        };
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
        let between = if one.ever {
            None
        } else if Self::is_register(session, one.file) {
            let rounds = (i64::from(round_of(days.start)), i64::from(round_of(days.end)));
            one.round.then_some(rounds)
        } else {
            let (from, to) = definition.window_of(one.file, days);
            Some((day_number(from), day_number(to)))
        };
        let column = one.column.map(str::to_owned);
        self.found(session, definition, Sought { record: one.file.to_owned(), column, between })
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
        let mut senders: BTreeSet<String> = session.environment.units.by_code.keys().cloned().collect();
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
        let mut needs: Vec<&str> = Vec::new();
        for need in &definition.needs {
            let dated = |one: &str| {
                let one = Need::parse(one);
                !one.ever && (one.round || !Self::is_register(session, one.file))
            };
            if need.split('|').all(dated) {
                needs.push(need);
            }
        }
        if needs.is_empty() {
            return Ok(());
        }
        let mut sent: BTreeSet<String> = BTreeSet::new();
        for one in needs.iter().flat_map(|need| need.split('|')) {
            sent.extend(self.sent(session, definition, one, days)?.iter().cloned());
        }
        let types = sending_types(definition, days.year)?;
        let (mut silent, mut heard) = (BTreeSet::new(), BTreeSet::new());
        for unit in session.environment.units.by_code.values() {
            let group = level.group(unit);
            if sent.contains(&unit.hcode) {
                heard.insert(group);
            } else if types.contains(&unit.kind) || tally.has(group) {
                silent.insert(group);
            }
        }
        let needs = Need::shown(&needs.join(", "));
        let why = NotComputable {
            text: Bilingual {
                th: format!("ไม่ได้ส่ง {} ในช่วงนี้", either(&needs, "หรือ")),
                en: format!("sent nothing of {} in the period", either(&needs, "or")),
            },
            needs,
        };
        for group in silent.difference(&heard) {
            tally.group(group).not_sent = Some(why.clone());
        }
        Ok(())
    }
}

/// Types of unit of which data are expected in a year.
fn sending_types(definition: &Definition, year: i32) -> Result<BTreeSet<String>, KpiError> {
    if !definition.asked_of.is_empty() {
        return Ok(definition.asked_of.iter().cloned().collect());
    }
    let types = super::lists::codes_of_year(SENDING, year);
    types.map_err(|cause| KpiError::from_store(&definition.id, cause))
}
