//! Spoils rows: decides which good rows get which fault, so that every fault
//! of every file comes up, and tells the ledger what must come of it.
//!
//! A row has one fault at most. Rows that others lean on (PERSON) are never
//! spoiled themselves: a made-up person takes the fault instead.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDateTime};

use super::archive_builder::{ArchiveBuilder, Defects, Repeat};
use super::citizen;
use super::faults::{self, DefectKind, Fault};
use super::people::Resident;
use super::province::{PROVINCE, SampleProvince, stream};
use super::rng::Rng;
use super::spec::{Specs, stamp};
use crate::catalog::{Catalog, Type};
use crate::clock;

/// Attempts to bring up a fault of a file before its turn comes by chance.
const FORCED: u32 = 4_000;

/// Bad rows put beside one good row at most.
const BESIDE: usize = 6;

#[derive(Debug)]
struct DefectPlan {
    faults: Vec<Fault>,
    done: BTreeSet<usize>,
    next: usize,
    forced: u32,
}

/// Somebody whose number can be put into another person's row.
#[derive(Debug, Clone)]
struct StandInPerson {
    pid: String,
    cid: String,
}

/// The state of spoiling, over all archives of a run.
#[derive(Debug)]
pub struct DefectInjector {
    rate: f64,
    rng: Rng,
    plans: Vec<DefectPlan>,
    units: Vec<(String, usize)>,
    made_up: u64,
    /// Rows to send again with the next archive: file, values, round.
    again: Vec<Repeat>,
    /// Reported deaths by unit, and those reported in this archive.
    dead: BTreeMap<String, Vec<StandInPerson>>,
    died: Vec<(String, StandInPerson)>,
    men: BTreeMap<String, Vec<StandInPerson>>,
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

impl Defects for DefectInjector {
    fn treat(
        &mut self,
        archive: &mut ArchiveBuilder,
        at: usize,
        values: &[String],
        person: Option<&Resident>,
    ) {
        let spec = &archive.specs.list[at];
        let cid = spec.slot("CID").filter(|cid| archive.sheets[at].columns.contains(cid));
        if cid.is_some() && person.is_some_and(|person| person.bad_cid) {
            let code = spec.code("9506");
            archive.accept(at, values, &[code]);
            return;
        }
        let plan = &self.plans[at];
        let count = plan.faults.len();
        let missing = plan.done.len() < count && plan.forced < FORCED;
        // Faults take turns by chance; those that no row has had yet come
        // first: warnings in place of good rows, errors beside them.
        if self.rng.chance(self.rate) {
            let turns: Vec<usize> = (0..count).map(|nth| (plan.next + nth) % count).collect();
            self.inject(archive, at, values, person, &turns);
        } else if missing {
            let open = |fault: &usize| !plan.done.contains(fault);
            // A repeated row needs its good row as well.
            let bad = |fault: &usize| {
                let fault = &plan.faults[*fault];
                fault.error && ![DefectKind::Twice, DefectKind::Again].contains(&fault.trick)
            };
            let (errors, others): (Vec<usize>, Vec<usize>) = (0..count).filter(open).partition(bad);
            self.plans[at].forced += 1;
            self.inject(archive, at, values, person, &others);
            self.beside(archive, at, values, person, &errors);
        } else {
            self.good(archive, at, values, person);
        }
    }

    fn end_archive(&mut self, archive: &mut ArchiveBuilder, repeats: Vec<Repeat>) -> Vec<Repeat> {
        for (at, values, round) in repeats {
            let register = archive.specs.list[at].record.register;
            if archive.has_rows(at) && (!register || round == archive.round) {
                archive.duplicate(at, &values);
            }
        }
        for (hcode, stand) in self.died.drain(..) {
            self.dead.entry(hcode).or_default().push(stand);
        }
        self.taken.clear();
        std::mem::take(&mut self.again)
    }
}

impl DefectInjector {
    /// A spoiler for the files of a standard.
    pub fn new(catalog: &Catalog, specs: &Specs, province: &SampleProvince, rate: f64) -> Self {
        let last = province.months.last().map_or(0, |month| clock::fiscal_year_of(month.last));
        let in_force = |fault: &Fault| fault.since <= last;
        let plan = |spec| DefectPlan {
            faults: faults::faults_of_spec(catalog, spec).into_iter().filter(in_force).collect(),
            done: BTreeSet::new(),
            next: 0,
            forced: 0,
        };
        Self {
            rate,
            rng: Rng::new(&[province.seed, stream::DEFECT]),
            plans: specs.list.iter().map(plan).collect(),
            units: province.units.iter().map(|unit| (unit.hcode.clone(), unit.cup)).collect(),
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
        archive: &mut ArchiveBuilder,
        at: usize,
        values: &[String],
        person: Option<&Resident>,
        errors: &[usize],
    ) {
        let mut put = 0;
        for &number in errors {
            let fault = self.plans[at].faults[number].clone();
            if put == BESIDE {
                break;
            }
            if let Some(spoiled) = self.attempt(archive, at, values, person, &fault) {
                self.plans[at].done.insert(number);
                archive.reject(at, &spoiled.values, &fault.codes, &spoiled.more);
                put += 1;
            }
        }
    }

    /// Does the first fault in turn that can be done to the row.
    fn inject(
        &mut self,
        archive: &mut ArchiveBuilder,
        at: usize,
        values: &[String],
        person: Option<&Resident>,
        turns: &[usize],
    ) {
        let count = self.plans[at].faults.len();
        for &number in turns {
            let fault = self.plans[at].faults[number].clone();
            let Some(spoiled) = self.attempt(archive, at, values, person, &fault) else { continue };
            self.plans[at].done.insert(number);
            self.plans[at].next = (number + 1) % count;
            if spoiled.extra {
                self.good(archive, at, values, person);
            }
            match fault.trick {
                DefectKind::Twice => archive.duplicate(at, values),
                DefectKind::Again => self.again.push((at, values.to_vec(), archive.round)),
                DefectKind::Often(_, limit) => {
                    self.often(archive, at, &spoiled.values, limit, &fault);
                }
                _ if fault.error => {
                    archive.reject(at, &spoiled.values, &fault.codes, &spoiled.more);
                }
                _ => archive.accept(at, &spoiled.values, &fault.codes),
            }
            return;
        }
        self.good(archive, at, values, person);
    }

    /// Writes a row as it is, and remembers whom it makes known.
    fn good(
        &mut self,
        archive: &mut ArchiveBuilder,
        at: usize,
        values: &[String],
        person: Option<&Resident>,
    ) {
        archive.accept(at, values, &[]);
        let Some(person) = person else { return };
        let spec = &archive.specs.list[at];
        let hcode = &values[0];
        let stand = || StandInPerson { pid: person.pid.clone(), cid: person.cid.clone() };
        if spec.record.name == "DEATH" {
            self.died.push((hcode.clone(), stand()));
        }
        let men = self.men.entry(hcode.clone()).or_default();
        let grown = (20..=40).contains(&person.age(archive.sent.date()));
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
        archive: &ArchiveBuilder,
        at: usize,
        values: &[String],
        person: Option<&Resident>,
        fault: &Fault,
    ) -> Option<Spoiled> {
        if clock::fiscal_year_of(archive.sent.date()) < fault.since {
            return None;
        }
        let spec = &archive.specs.list[at];
        let sheet = &archive.sheets[at];
        let mut spoiled = Spoiled { values: values.to_vec(), more: String::new(), extra: false };
        let record = spec.record.name.as_str();
        let row = &mut spoiled.values;
        if record == "PERSON"
            && fault.error
            && !matches!(fault.trick, DefectKind::Twice | DefectKind::Again)
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
            DefectKind::MoreFields => {
                // The first row of a member without a header tells its
                // version, and a missing one would break the whole member.
                let most = spec.layout.versions.iter().map(|v| v.columns.len()).max()?;
                if !archive.has_rows(at) {
                    return None;
                }
                spoiled.more = "|x".repeat(most + 2 - sheet.columns.len());
            }
            DefectKind::OtherUnit(column) => row[*column] = self.stranger(&values[0])?,
            DefectKind::Man => {
                let man = self.men.get_mut(&values[0])?.pop()?;
                stand_in(spec, row, &man);
                spoiled.extra = true;
            }
            DefectKind::Dead => {
                let dead = self.dead.get(&values[0])?;
                let stand = dead[self.rng.at(dead.len())].clone();
                if !self.taken.insert((at, format!("{}{}", values[0], stand.pid))) {
                    return None;
                }
                stand_in(spec, row, &stand);
                spoiled.extra = true;
            }
            DefectKind::Often(..) => {
                if !self.taken.insert((at, values[0].clone())) {
                    return None;
                }
                spoiled.extra = true;
            }
            DefectKind::Twice | DefectKind::Again => spoiled.extra = true,
            trick => self.change(archive, at, row, person, trick)?,
        }
        // A fault that leaves the row as it was is none.
        let changed = spoiled.extra || !spoiled.more.is_empty() || spoiled.values != values;
        changed.then_some(spoiled)
    }

    /// Changes one column of a row; none when the row does not allow it.
    fn change(
        &mut self,
        archive: &ArchiveBuilder,
        at: usize,
        row: &mut [String],
        person: Option<&Resident>,
        trick: &DefectKind,
    ) -> Option<()> {
        let spec = &archive.specs.list[at];
        match trick {
            DefectKind::Put(column, value) => row[*column].clone_from(value),
            DefectKind::Buddhist(column) => {
                let year: i32 = row[*column].get(..4)?.parse().ok()?;
                row[*column].replace_range(..4, &(year + clock::BUDDHIST_ERA).to_string());
            }
            DefectKind::Future(column) => {
                // An event after a reported death would be that as well.
                if spec.event == Some(*column) && person.is_some_and(|p| p.death.is_some()) {
                    return None;
                }
                let days = Days::new(1 + self.rng.below(200));
                row[*column] = dated(spec.layout.columns[*column].kind, archive.sent + days);
            }
            DefectKind::BeforeBirth(column) => {
                // The same person may take this fault again: no two dates meet.
                self.made_up += 1;
                let days = Days::new(1 + self.made_up % 9_000);
                let day = person?.birth.checked_sub_days(days)?.and_hms_opt(8, 0, 0)?;
                row[*column] = dated(spec.layout.columns[*column].kind, day);
            }
            DefectKind::TooYoung(column) => {
                let day = person?.birth + Days::new(5 * 365);
                row[*column] = clock::day_number(day).to_string();
            }
            DefectKind::Long(column) => {
                row[*column] = "x".repeat(spec.layout.columns[*column].width + 5);
            }
            DefectKind::Control(column) => {
                // In place of the last character, so as not to be too long.
                row[*column].pop();
                row[*column].push('\u{1}');
            }
            DefectKind::BadDigit(column) if row[*column].len() == 13 => {
                row[*column] = citizen::spoil(&row[*column]);
            }
            DefectKind::Before(column, other) => {
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
        archive: &mut ArchiveBuilder,
        at: usize,
        values: &[String],
        limit: u32,
        fault: &Fault,
    ) {
        let spec = &archive.specs.list[at];
        let DefectKind::Often(column, _) = fault.trick else { return };
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
            archive.accept(at, &row, codes);
        }
    }
}

fn stand_in(spec: &super::spec::Spec, row: &mut [String], stand: &StandInPerson) {
    if let Some(pid) = spec.slot("PID") {
        row[pid].clone_from(&stand.pid);
    }
    if let Some(cid) = spec.slot("CID") {
        row[cid].clone_from(&stand.cid);
    }
}

/// The column that a trick needs among those sent.
fn column_of(trick: &DefectKind) -> Option<usize> {
    match trick {
        DefectKind::Put(column, _)
        | DefectKind::Buddhist(column)
        | DefectKind::Future(column)
        | DefectKind::BeforeBirth(column)
        | DefectKind::TooYoung(column)
        | DefectKind::Long(column)
        | DefectKind::Control(column)
        | DefectKind::BadDigit(column)
        | DefectKind::Before(column, _)
        | DefectKind::OtherUnit(column)
        | DefectKind::Often(column, _) => Some(*column),
        DefectKind::MoreFields
        | DefectKind::Man
        | DefectKind::Dead
        | DefectKind::Twice
        | DefectKind::Again => None,
    }
}

fn dated(kind: Type, at: NaiveDateTime) -> String {
    match kind {
        Type::DateTime => stamp(at),
        _ => clock::day_number(at.date()).to_string(),
    }
}
