//! Points by unit, item and month ([OPPP-2557 s. 31-35], docs/rules.md#points).
//!
//! Every item is one pass over its rows; what a row is worth is decided by
//! [`Scorer::award`] alone, for the sums as for the list of rows behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rust_decimal::Decimal;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::deadline::{Deadlines, Late};
use super::persons::{PersonCodes, ScoredPersons};
use super::rows::{Granularity, SourceRow, WHOLE, each_row};
use super::rulebook::{Item, ItemKind, Rulebook};
use super::state::{AsOf, Sendings};
use crate::clock::{day_number, day_of_number};
use crate::registry::{Members, Population, PopulationSource, citizen, members, population};
use crate::store::{Reader, Result};
use crate::units::Units;

/// A number of rows and their points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PointsCell {
    /// Rows (or person-days) that score.
    pub rows: u64,
    /// Their points.
    pub points: Decimal,
}

impl PointsCell {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.points += other.points;
    }
}

/// Points of a unit: by item, then by month (`YYYYMM`) of the event, or of the
/// submission for items that are timed by it.
pub type UnitPoints = BTreeMap<String, BTreeMap<u32, PointsCell>>;

/// Points of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Points {
    /// The last submission that is included.
    pub as_of: AsOf,
    /// Whose rows count.
    pub population: Population,
    /// Units with points, by HCODE.
    pub units: BTreeMap<String, UnitPoints>,
    /// Rows that were timed by their own sending although the province's should
    /// count, by item.
    pub timed_by_own_submission: BTreeMap<String, u64>,
}

impl Points {
    /// Points of a unit for an item in some months, all of them when none are
    /// given.
    pub fn sum(&self, unit: &str, item: &str, months: Option<&BTreeSet<u32>>) -> PointsCell {
        let mut sum = PointsCell::default();
        let of_item = self.units.get(unit).and_then(|items| items.get(item));
        for (month, cell) in of_item.into_iter().flatten() {
            if months.is_none_or(|months| months.contains(month)) {
                sum.add(*cell);
            }
        }
        sum
    }

    /// Points of a unit for all items in some months.
    pub fn total(&self, unit: &str, months: Option<&BTreeSet<u32>>) -> Decimal {
        let items = self.units.get(unit).into_iter().flat_map(BTreeMap::keys);
        items.map(|item| self.sum(unit, item, months).points).sum()
    }
}

/// Scores a round, all units, as of a submission, from all rows.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn points(reader: &Reader, book: &Rulebook, units: &Units, as_of: AsOf) -> Result<Points> {
    let mut scorer = Scorer::new(reader, book, units, as_of.submission)?;
    let parts = scorer.parts(reader)?;
    Ok(Points::of_parts(book, as_of, scorer.population, &parts))
}

impl Points {
    /// The points of all units.
    pub(super) fn of_parts(
        book: &Rulebook,
        as_of: AsOf,
        population: Population,
        parts: &UnitParts,
    ) -> Self {
        let mut all = Self {
            as_of,
            population,
            units: BTreeMap::new(),
            timed_by_own_submission: BTreeMap::new(),
        };
        for (unit, part) in parts {
            for (item, rows) in &part.timed_by_own_submission {
                *all.timed_by_own_submission.entry(item.clone()).or_default() += rows;
            }
            for item in &book.points {
                for (month, step, rows) in part.items.get(&item.item).into_iter().flatten() {
                    let points = worth(item, *step) * Decimal::from(*rows);
                    let of_unit = all.units.entry(unit.clone()).or_default();
                    let months = of_unit.entry(item.item.clone()).or_default();
                    months.entry(*month).or_default().add(PointsCell { rows: *rows, points });
                }
            }
        }
        all
    }
}

/// Points of a row of an item; `step` is its step of timeliness, from 0.
pub(super) fn worth(item: &Item, step: usize) -> Decimal {
    item.steps.get(step).map_or(item.points, |step| step.points)
}

/// A row that scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Award {
    pub(super) unit: u32,
    /// Who: the citizen ID, or where there is none the row itself.
    pub(super) who: Option<u64>,
    /// The day that it counts for.
    pub(super) day: i64,
    pub(super) step: usize,
    pub(super) rows: u64,
    /// What it is of all that its person-day needs.
    pub(super) part: u8,
}

/// Rows by unit, month and step.
type ScoreTally = FxHashMap<(u32, u32, usize), u64>;

/// What a unit's own rows contribute, independent of other units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnitPart {
    /// By item: month, step, rows.
    pub(super) items: BTreeMap<String, Vec<(u32, usize, u64)>>,
    /// Rows timed by their own sending, by item.
    pub(super) timed_by_own_submission: BTreeMap<String, u64>,
    /// Whether a row asked for a citizen ID that the unit's PERSON does not
    /// give: the answer is everybody's, and not that of the unit.
    pub(super) outside: bool,
}

/// The contribution of every unit that has rows of any kind.
pub(super) type UnitParts = BTreeMap<String, UnitPart>;

/// All inputs of scoring.
pub(super) struct Scorer<'a> {
    book: &'a Rulebook,
    units: &'a Units,
    as_of: i64,
    pub(super) codes: PersonCodes,
    pub(super) persons: ScoredPersons,
    pub(super) members: Members,
    pub(super) population: Population,
    sendings: Sendings,
    deadlines: Deadlines,
    timed_by_own_submission: BTreeMap<(u32, String), u64>,
    /// Units with a row that needed persons of other units.
    outside: FxHashSet<u32>,
}

impl<'a> Scorer<'a> {
    pub(super) fn new(
        reader: &Reader,
        book: &'a Rulebook,
        units: &'a Units,
        as_of: i64,
    ) -> Result<Self> {
        let begun = Instant::now();
        let mut codes = PersonCodes::default();
        let population = population(reader)?;
        let mut persons = ScoredPersons::read(reader, book, as_of, &mut codes)?;
        let stands_in = population.source == PopulationSource::PersonRows;
        let members = if stands_in { persons.members() } else { members(reader)? };
        persons.list(&members, stands_in);
        let sendings = Sendings::read(reader, book)?;
        let deadlines = Deadlines::new(book, &sendings);
        log::debug!("score: persons in {:.3} s", begun.elapsed().as_secs_f64());
        let (timed_by_own_submission, outside) = (BTreeMap::new(), FxHashSet::default());
        Ok(Self {
            book,
            units,
            as_of,
            codes,
            persons,
            members,
            population,
            sendings,
            deadlines,
            timed_by_own_submission,
            outside,
        })
    }

    /// Counts all items over the rows that the reader sees.
    pub(super) fn parts(&mut self, reader: &Reader) -> Result<UnitParts> {
        let mut parts = UnitParts::new();
        for item in &self.book.points {
            let begun = Instant::now();
            let tally = self.tally(reader, item)?;
            log::debug!("score: {} in {:.3} s", item.item, begun.elapsed().as_secs_f64());
            for ((unit, month, step), rows) in tally {
                let part = parts.entry(self.codes.name(unit).to_owned()).or_default();
                part.items.entry(item.item.clone()).or_default().push((month, step, rows));
            }
        }
        for part in parts.values_mut() {
            part.items.values_mut().for_each(|rows| rows.sort_unstable());
        }
        for ((unit, item), rows) in std::mem::take(&mut self.timed_by_own_submission) {
            let part = parts.entry(self.codes.name(unit).to_owned()).or_default();
            part.timed_by_own_submission.insert(item, rows);
        }
        for unit in self.outside.drain() {
            parts.entry(self.codes.name(unit).to_owned()).or_default().outside = true;
        }
        Ok(parts)
    }

    /// What the rows of a unit are scored by that is not theirs.
    pub(super) fn beyond(&self, unit: &str) -> &str {
        self.units.by_code.get(unit).map_or("", |unit| unit.kind.as_str())
    }

    /// Counts the rows of an item that score.
    fn tally(&mut self, reader: &Reader, item: &Item) -> Result<ScoreTally> {
        let mut tally = ScoreTally::default();
        let mut days: Vec<Day> = Vec::new();
        let mut once: BTreeMap<(u32, u64, i64), (i64, usize)> = BTreeMap::new();
        let (book, as_of, late) = (self.book, self.as_of, self.late().clone());
        each_row(reader, book, item, as_of, Granularity::Summed, &late, |row| {
            let Some(award) = self.award(item, row) else { return Ok(()) };
            match (item.kind, row.once, award.who) {
                (ItemKind::PersonDays, _, Some(who)) => days.push(Day::new(&award, who)),
                (_, Some(key), Some(who)) => {
                    let this = (award.day, award.step);
                    let first = once.entry((award.unit, who, key)).or_insert(this);
                    *first = this.min(*first);
                }
                _ => {
                    *tally.entry(cell(award.unit, award.day, award.step)).or_default() +=
                        award.rows;
                }
            }
            Ok(())
        })?;
        days.sort_unstable();
        for same in days.chunk_by(Day::same) {
            if same.iter().fold(0, |parts, day| parts | day.part()) == WHOLE {
                *tally.entry(cell(same[0].unit, same[0].day(), 0)).or_default() += 1;
            }
        }
        for ((unit, _, _), (day, step)) in once {
            *tally.entry(cell(unit, day, step)).or_default() += 1;
        }
        Ok(tally)
    }

    /// Whether a row scores, for whom, for which day and how much.
    pub(super) fn award(&mut self, item: &Item, row: &SourceRow<'_>) -> Option<Award> {
        let unit = self.codes.number(row.hcode);
        let person = self.persons.find(unit, row.pid).copied();
        let person = person.as_ref();
        let known = person.map_or(0, |person| person.cid);
        let own = || citizen(row.cid).unwrap_or(0);
        // A row of PERSON speaks for itself; any other is PERSON's to tell.
        let speaks = row.resident.is_some();
        let cid = match (speaks, known) {
            (true, _) | (false, 0) => own(),
            (false, known) => known,
        };
        let listed = match person {
            Some(person) if person.cid == cid => person.listed,
            _ => {
                if cid != 0 {
                    self.outside.insert(unit);
                }
                cid != 0 && self.members.have(cid)
            }
        };
        let foreigner = item.foreigners && person.is_some_and(|person| person.non_thai);
        if !listed && !foreigner {
            return None;
        }
        let sent = self.sendings.sent(row.sub);
        let day = match item.kind {
            ItemKind::Register => within(item, sent?)?,
            _ => self.in_round(row.day)?,
        };
        if !self.in_time(row.sub, day) {
            return None;
        }
        let step = match item.kind {
            ItemKind::Delay => self.step(item, unit, row, sent)?,
            ItemKind::SecondCare if self.cares(row.cares, day) < item.least? => return None,
            ItemKind::Survey if !surveyed(item, person?.birth, day) => return None,
            _ => 0,
        };
        let lives_here = row.resident.or(person.map(|person| person.resident)).unwrap_or(false);
        if item.resident && !lives_here {
            return None;
        }
        if item.alive && !self.persons.alive(person, cid, day) {
            return None;
        }
        let who = (cid != 0).then_some(cid);
        Some(Award { unit, who, day, step, rows: row.rows, part: row.part })
    }

    /// Submissions that came too late for some day.
    pub(super) fn late(&self) -> &Late {
        &self.deadlines.late
    }

    /// Whether rows of a submission were sent in time for a day of the round.
    fn in_time(&self, submission: i64, day: i64) -> bool {
        submission == 0
            || self.sendings.sent(submission).is_none_or(|sent| self.deadlines.met(sent, day))
    }

    /// Different dates of care that were sent in time for a day of birth.
    fn cares(&self, cares: &str, day: i64) -> i64 {
        let in_time = |care: &str| {
            let (on, submission) = care.split_once('/')?;
            let on = on.parse::<i64>().ok()?;
            self.in_time(submission.parse().ok()?, day).then_some(on)
        };
        cares.split(' ').filter_map(in_time).collect::<BTreeSet<_>>().len() as i64
    }

    fn in_round(&self, day: i64) -> Option<i64> {
        let window = self.book.window;
        (day_number(window.from) <= day && day <= day_number(window.to)).then_some(day)
    }

    /// The step of a row by the days until it was sent; none when it came too
    /// late for any.
    fn step(
        &mut self,
        item: &Item,
        unit: u32,
        row: &SourceRow<'_>,
        sent: Option<i64>,
    ) -> Option<usize> {
        let mut clock = sent?;
        if let Some(forwarded) = &item.forwarded {
            let unit_at = unit;
            let unit = self.units.by_code.get(self.codes.name(unit));
            if unit.is_some_and(|unit| forwarded.types.contains(&unit.kind)) {
                match self.sendings.forwarded(&forwarded.to, row.sub) {
                    Some(at) => clock = at,
                    None => {
                        *self
                            .timed_by_own_submission
                            .entry((unit_at, item.item.clone()))
                            .or_default() += 1;
                    }
                }
            }
        }
        let days = (day_of_number(clock)? - day_of_number(row.day)?).num_days();
        item.steps.iter().position(|step| days <= step.days)
    }
}

/// A part of a person-day. Sorted, the parts of one person-day are adjacent. It is
/// small because there are millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Day {
    who: u64,
    unit: u32,
    /// The day (`YYYYMMDD`) times four, and the part.
    packed: u32,
}

impl Day {
    fn new(award: &Award, who: u64) -> Self {
        let packed = (award.day as u32) << 2 | u32::from(award.part);
        Self { who, unit: award.unit, packed }
    }

    fn day(self) -> i64 {
        i64::from(self.packed >> 2)
    }

    fn part(self) -> u8 {
        self.packed as u8 & WHOLE
    }

    fn same(&self, other: &Self) -> bool {
        (self.who, self.unit, self.day()) == (other.who, other.unit, other.day())
    }
}

/// The cell of the tally that an award is counted in.
fn cell(unit: u32, day: i64, step: usize) -> (u32, u32, usize) {
    (unit, (day / 100) as u32, step)
}

/// The day of submission, if it is within the item's window.
fn within(item: &Item, sent: i64) -> Option<i64> {
    item.sent?.contain(day_of_number(sent)?).then_some(sent)
}

/// Whether a survey for the person's age was open on a day.
fn surveyed(item: &Item, birth: i32, day: i64) -> bool {
    let (Some(age), Some(on)) = (age(i64::from(birth), day), day_of_number(day)) else {
        return false;
    };
    let asked = |ages: [i32; 2]| i64::from(ages[0]) <= age && age <= i64::from(ages[1]);
    item.rounds.iter().any(|round| asked(round.ages) && round.days().contain(on))
}

/// Age in completed years; `None` before birth or if the birth date is unknown.
fn age(birth: i64, day: i64) -> Option<i64> {
    day_of_number(birth)?;
    // Whole years between two `YYYYMMDD` numbers.
    let age = (day - birth).div_euclid(10_000);
    (age >= 0).then_some(age)
}
