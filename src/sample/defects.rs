//! Spoils rows: decides which good rows get which fault, so that every fault
//! of every file comes up, and tells the ledger what must come of it.
//!
//! A row has one fault at most. Rows that others lean on (PERSON) are never
//! spoiled themselves: a made-up person takes the fault instead.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDateTime};

use super::archive_builder::{Defects, Parcel, Repeat};
use super::citizen;
use super::faults::{self, Fault, Trick};
use super::people::Person;
use super::rng::Rng;
use super::spec::{Specs, stamp};
use super::world::{PROVINCE, World, stream};
use crate::catalog::{Catalog, Type};
use crate::clock;

/// Attempts to bring up a fault of a file before its turn comes by chance.
const FORCED: u32 = 4_000;

/// Bad rows put beside one good row at most.
const BESIDE: usize = 6;

#[derive(Debug)]
struct Plan {
    faults: Vec<Fault>,
    done: BTreeSet<usize>,
    next: usize,
    forced: u32,
}

/// Somebody whose number can be put into another person's row.
#[derive(Debug, Clone)]
struct Stand {
    pid: String,
    cid: String,
}

/// The state of spoiling, over all archives of a run.
#[derive(Debug)]
pub struct Spoiler {
    rate: f64,
    rng: Rng,
    plans: Vec<Plan>,
    units: Vec<(String, usize)>,
    made_up: u64,
    /// Rows to send again with the next archive: file, values, round.
    again: Vec<Repeat>,
    /// Reported deaths by unit, and those reported in this archive.
    dead: BTreeMap<String, Vec<Stand>>,
    died: Vec<(String, Stand)>,
    men: BTreeMap<String, Vec<Stand>>,
    /// Files and persons that already took a fault of a kind in this archive.
    taken: BTreeSet<(usize, String)>,
}

/// What became of an attempt to spoil a row.
struct Spoiled {
    values: Vec<String>,
    more: String,
    /// Goes beside the good row instead of taking its place.
    extra: bool,
}

impl Defects for Spoiler {
    fn treat(
        &mut self,
        parcel: &mut Parcel,
        at: usize,
        values: &[String],
        person: Option<&Person>,
    ) {
        let spec = &parcel.specs.list[at];
        let cid = spec.slot("CID").filter(|cid| parcel.sheets[at].columns.contains(cid));
        if cid.is_some() && person.is_some_and(|person| person.bad_cid) {
            let code = spec.code("9506");
            parcel.accept(at, values, &[code]);
            return;
        }
        let plan = &self.plans[at];
        let count = plan.faults.len();
        let missing = plan.done.len() < count && plan.forced < FORCED;
        // Faults take turns by chance; those that no row has had yet come
        // first: warnings in place of good rows, errors beside them.
        if self.rng.chance(self.rate) {
            let turns: Vec<usize> = (0..count).map(|nth| (plan.next + nth) % count).collect();
            self.spoil(parcel, at, values, person, &turns);
        } else if missing {
            let open = |fault: &usize| !plan.done.contains(fault);
            // A repeated row needs its good row as well.
            let bad = |fault: &usize| {
                let fault = &plan.faults[*fault];
                fault.error && ![Trick::Twice, Trick::Again].contains(&fault.trick)
            };
            let (errors, others): (Vec<usize>, Vec<usize>) = (0..count).filter(open).partition(bad);
            self.plans[at].forced += 1;
            self.spoil(parcel, at, values, person, &others);
            self.beside(parcel, at, values, person, &errors);
        } else {
            self.good(parcel, at, values, person);
        }
    }

    fn end_archive(&mut self, parcel: &mut Parcel, repeats: Vec<Repeat>) -> Vec<Repeat> {
        for (at, values, round) in repeats {
            let register = parcel.specs.list[at].record.register;
            if parcel.has_rows(at) && (!register || round == parcel.round) {
                parcel.duplicate(at, &values);
            }
        }
        for (hcode, stand) in self.died.drain(..) {
            self.dead.entry(hcode).or_default().push(stand);
        }
        self.taken.clear();
        std::mem::take(&mut self.again)
    }
}

impl Spoiler {
    /// A spoiler for the files of a standard.
    pub fn new(catalog: &Catalog, specs: &Specs, world: &World, rate: f64) -> Self {
        let last = world.months.last().map_or(0, |month| clock::fiscal_year_of(month.last));
        let in_force = |fault: &Fault| fault.since <= last;
        let plan = |spec| Plan {
            faults: faults::of(catalog, spec).into_iter().filter(in_force).collect(),
            done: BTreeSet::new(),
            next: 0,
            forced: 0,
        };
        Self {
            rate,
            rng: Rng::of(&[world.seed, stream::DEFECT]),
            plans: specs.list.iter().map(plan).collect(),
            units: world.units.iter().map(|unit| (unit.hcode.clone(), unit.cup)).collect(),
            made_up: 0,
            again: Vec::new(),
            dead: BTreeMap::new(),
            died: Vec::new(),
            men: BTreeMap::new(),
            taken: BTreeSet::new(),
        }
    }

    /// Codes that no row has got yet, as `file code`.
    pub fn left(&self, specs: &Specs) -> Vec<String> {
        let mut left = Vec::new();
        for (plan, spec) in self.plans.iter().zip(&specs.list) {
            let (done, open): (Vec<usize>, Vec<usize>) =
                (0..plan.faults.len()).partition(|fault| plan.done.contains(fault));
            let codes = |at: &usize| plan.faults[*at].codes.join("+");
            let seen: BTreeSet<String> = done.iter().map(codes).collect();
            let open: BTreeSet<String> = open.iter().map(codes).collect();
            left.extend(open.difference(&seen).map(|code| format!("{} {code}", spec.layout.file)));
        }
        left
    }

    /// Puts a few bad rows beside a good one.
    fn beside(
        &mut self,
        parcel: &mut Parcel,
        at: usize,
        values: &[String],
        person: Option<&Person>,
        errors: &[usize],
    ) {
        let mut put = 0;
        for &number in errors {
            let fault = self.plans[at].faults[number].clone();
            if put == BESIDE {
                break;
            }
            if let Some(spoiled) = self.attempt(parcel, at, values, person, &fault) {
                self.plans[at].done.insert(number);
                parcel.reject(at, &spoiled.values, &fault.codes, &spoiled.more);
                put += 1;
            }
        }
    }

    /// Does the first fault in turn that can be done to the row.
    fn spoil(
        &mut self,
        parcel: &mut Parcel,
        at: usize,
        values: &[String],
        person: Option<&Person>,
        turns: &[usize],
    ) {
        let count = self.plans[at].faults.len();
        for &number in turns {
            let fault = self.plans[at].faults[number].clone();
            let Some(spoiled) = self.attempt(parcel, at, values, person, &fault) else { continue };
            self.plans[at].done.insert(number);
            self.plans[at].next = (number + 1) % count;
            if spoiled.extra {
                self.good(parcel, at, values, person);
            }
            match fault.trick {
                Trick::Twice => parcel.duplicate(at, values),
                Trick::Again => self.again.push((at, values.to_vec(), parcel.round)),
                Trick::Often(_, limit) => self.often(parcel, at, &spoiled.values, limit, &fault),
                _ if fault.error => parcel.reject(at, &spoiled.values, &fault.codes, &spoiled.more),
                _ => parcel.accept(at, &spoiled.values, &fault.codes),
            }
            return;
        }
        self.good(parcel, at, values, person);
    }

    /// Writes a row as it is, and remembers whom it makes known.
    fn good(&mut self, parcel: &mut Parcel, at: usize, values: &[String], person: Option<&Person>) {
        parcel.accept(at, values, &[]);
        let Some(person) = person else { return };
        let spec = &parcel.specs.list[at];
        let hcode = &values[0];
        let stand = || Stand { pid: person.pid.clone(), cid: person.cid.clone() };
        if spec.record.name == "DEATH" {
            self.died.push((hcode.clone(), stand()));
        }
        let men = self.men.entry(hcode.clone()).or_default();
        let grown = (20..=40).contains(&person.age(parcel.sent.date()));
        if spec.record.name == "PERSON"
            && !person.female
            && grown
            && person.death.is_none()
            && men.len() < 100
        {
            men.push(stand());
        }
    }

    /// A person number that nobody else has, with a citizen ID.
    pub fn make_up(&mut self) -> (String, String) {
        self.made_up += 1;
        let cid = citizen::make(1, PROVINCE + 2, 1, self.made_up);
        (format!("D{:07}", self.made_up), cid)
    }

    fn attempt(
        &mut self,
        parcel: &Parcel,
        at: usize,
        values: &[String],
        person: Option<&Person>,
        fault: &Fault,
    ) -> Option<Spoiled> {
        if clock::fiscal_year_of(parcel.sent.date()) < fault.since {
            return None;
        }
        let spec = &parcel.specs.list[at];
        let sheet = &parcel.sheets[at];
        let mut spoiled = Spoiled { values: values.to_vec(), more: String::new(), extra: false };
        let record = spec.record.name.as_str();
        let row = &mut spoiled.values;
        if record == "PERSON" && fault.error && !matches!(fault.trick, Trick::Twice | Trick::Again)
        {
            let (pid, cid) = self.make_up();
            row[spec.slot("PID")?] = pid;
            row[spec.slot("CID")?] = cid;
            spoiled.extra = true;
        }
        if let Some(column) = column_of(&fault.trick)
            && !sheet.columns.contains(&column)
        {
            return None;
        }
        match &fault.trick {
            Trick::MoreFields => {
                // The first row of a member without a header tells its
                // version, and a missing one would break the whole member.
                let most = spec.layout.versions.iter().map(|v| v.columns.len()).max()?;
                if !parcel.has_rows(at) {
                    return None;
                }
                spoiled.more = "|x".repeat(most + 2 - sheet.columns.len());
            }
            Trick::OtherUnit(column) => row[*column] = self.stranger(&values[0])?,
            Trick::Man => {
                let man = self.men.get_mut(&values[0])?.pop()?;
                stand_in(spec, row, &man);
                spoiled.extra = true;
            }
            Trick::Dead => {
                let dead = self.dead.get(&values[0])?;
                let stand = dead[self.rng.at(dead.len())].clone();
                if !self.taken.insert((at, format!("{}{}", values[0], stand.pid))) {
                    return None;
                }
                stand_in(spec, row, &stand);
                spoiled.extra = true;
            }
            Trick::Often(..) => {
                if !self.taken.insert((at, values[0].clone())) {
                    return None;
                }
                spoiled.extra = true;
            }
            Trick::Twice | Trick::Again => spoiled.extra = true,
            trick => self.change(parcel, at, row, person, trick)?,
        }
        // A fault that leaves the row as it was is none.
        let changed = spoiled.extra || !spoiled.more.is_empty() || spoiled.values != values;
        changed.then_some(spoiled)
    }

    /// Changes one column of a row; none when the row does not allow it.
    fn change(
        &mut self,
        parcel: &Parcel,
        at: usize,
        row: &mut [String],
        person: Option<&Person>,
        trick: &Trick,
    ) -> Option<()> {
        let spec = &parcel.specs.list[at];
        match trick {
            Trick::Put(column, value) => row[*column].clone_from(value),
            Trick::Buddhist(column) => {
                let year: i32 = row[*column].get(..4)?.parse().ok()?;
                row[*column].replace_range(..4, &(year + clock::BUDDHIST_ERA).to_string());
            }
            Trick::Future(column) => {
                // An event after a reported death would be that as well.
                if spec.event == Some(*column) && person.is_some_and(|p| p.death.is_some()) {
                    return None;
                }
                let days = Days::new(1 + self.rng.below(200));
                row[*column] = dated(spec.layout.columns[*column].kind, parcel.sent + days);
            }
            Trick::BeforeBirth(column) => {
                // The same person may take this fault again: no two dates meet.
                self.made_up += 1;
                let days = Days::new(1 + self.made_up % 9_000);
                let day = person?.birth.checked_sub_days(days)?.and_hms_opt(8, 0, 0)?;
                row[*column] = dated(spec.layout.columns[*column].kind, day);
            }
            Trick::TooYoung(column) => {
                let day = person?.birth + Days::new(5 * 365);
                row[*column] = clock::day_number(day).to_string();
            }
            Trick::Long(column) => {
                row[*column] = "x".repeat(spec.layout.columns[*column].width + 5);
            }
            Trick::Control(column) => {
                // In place of the last character, so as not to be too long.
                row[*column].pop();
                row[*column].push('\u{1}');
            }
            Trick::BadDigit(column) if row[*column].len() == 13 => {
                row[*column] = citizen::spoil(&row[*column]);
            }
            Trick::Before(column, other) => {
                let day = clock::day_of_number(row[*other].parse().ok()?)?.pred_opt()?;
                row[*column] = clock::day_number(day).to_string();
            }
            _ => return None,
        }
        Some(())
    }

    /// A unit for which the sender may not send.
    fn stranger(&mut self, hcode: &str) -> Option<String> {
        let cup = self.units.iter().find(|(code, _)| code == hcode)?.1;
        let others: Vec<&String> =
            self.units.iter().filter(|unit| unit.1 != cup).map(|unit| &unit.0).collect();
        let at = self.rng.at(others.len());
        others.get(at).map(|code| (*code).clone())
    }

    /// One procedure at several visits of a person, up to the limit; only the
    /// last gets the warning.
    fn often(
        &mut self,
        parcel: &mut Parcel,
        at: usize,
        values: &[String],
        limit: u32,
        fault: &Fault,
    ) {
        let spec = &parcel.specs.list[at];
        let Trick::Often(column, _) = fault.trick else { return };
        let visit = spec.slot("SEQ").or_else(|| spec.slot("AN"));
        for nth in 1..=limit {
            let mut row = values.to_vec();
            // No sample visit uses this dental code, so the count is ours.
            "2499".clone_into(&mut row[column]);
            if let Some(visit) = visit {
                self.made_up += 1;
                row[visit] = format!("R{:07}", self.made_up);
            }
            let codes = if nth == limit { fault.codes.as_slice() } else { &[] };
            parcel.accept(at, &row, codes);
        }
    }
}

fn stand_in(spec: &super::spec::Spec, row: &mut [String], stand: &Stand) {
    if let Some(pid) = spec.slot("PID") {
        row[pid].clone_from(&stand.pid);
    }
    if let Some(cid) = spec.slot("CID") {
        row[cid].clone_from(&stand.cid);
    }
}

/// The column that a trick needs among those sent.
fn column_of(trick: &Trick) -> Option<usize> {
    match trick {
        Trick::Put(column, _)
        | Trick::Buddhist(column)
        | Trick::Future(column)
        | Trick::BeforeBirth(column)
        | Trick::TooYoung(column)
        | Trick::Long(column)
        | Trick::Control(column)
        | Trick::BadDigit(column)
        | Trick::Before(column, _)
        | Trick::OtherUnit(column)
        | Trick::Often(column, _) => Some(*column),
        Trick::MoreFields | Trick::Man | Trick::Dead | Trick::Twice | Trick::Again => None,
    }
}

fn dated(kind: Type, at: NaiveDateTime) -> String {
    match kind {
        Type::DateTime => stamp(at),
        _ => clock::day_number(at.date()).to_string(),
    }
}
