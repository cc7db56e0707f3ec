//! Mothers and newborns: pregnancies, antenatal and postnatal care, delivery,
//! in the files of the 43 and in MCH and PP of the 21.

use chrono::{Days, NaiveDateTime};

use super::emit::{RecordEmitter, Visit};
use super::people::{Pregnancy, Resident};
use super::rng::hash;

impl RecordEmitter<'_, '_, '_> {
    pub(super) fn antenatal(&mut self, visit: &Visit, person: &Resident, at: usize, nth: usize) {
        let (unit, people) = (self.unit, self.people);
        let pregnancy = &people.pregnancies[at];
        let weeks = (visit.day - pregnancy.lmp).num_days() / 7;
        let provider = self.provider(person.own);
        self.archive.row("ANC", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day);
            row.set("GRAVIDA", pregnancy.gravida).set("ANCNO", nth + 1);
            row.set("F21_ANCNO", (nth + 1).min(4)).set("GA", format_args!("{weeks:02}"));
            row.set("ANCRESULT", 1).set("ANCPLACE", &unit.hcode).set("PROVIDER", &provider);
            row.decimal("WEIGHT", 46.0 + (person.own % 150) as f64 / 10.0 + weeks as f64 * 0.3, 1);
        });
        if nth < 2 {
            self.dose(visit, person, if nth == 0 { "201" } else { "202" });
        }
    }

    pub(super) fn postnatal(&mut self, visit: &Visit, mother: &Resident, at: usize, nth: usize) {
        let (unit, people) = (self.unit, self.people);
        let pregnancy = &people.pregnancies[at];
        let provider = self.provider(mother.own);
        let written = visit.written();
        self.archive.row("POSTNATAL", unit, Some(mother), written, |row| {
            row.set("SEQ", &visit.seq).set("GRAVIDA", pregnancy.gravida);
            row.date("BDATE", pregnancy.delivery).date("PPCARE", visit.day);
            row.set("PPPLACE", &unit.hcode).set("PPRESULT", 1).set("PROVIDER", &provider);
        });
        if let Some(child) = pregnancy.child {
            let child = &people.persons[child];
            self.archive.row("NEWBORNCARE", unit, Some(child), written, |row| {
                row.set("SEQ", &visit.seq).date("BDATE", pregnancy.delivery);
                row.date("BCARE", visit.day).set("BCPLACE", &unit.hcode).set("BCARERESULT", 1);
                row.set("FOOD", if child.own.is_multiple_of(5) { 3 } else { 1 })
                    .set("PROVIDER", &provider);
            });
        }
        if nth == 2 {
            self.mother_and_child(pregnancy, visit.day, written);
        }
    }

    /// Rows that come with no visit of the unit: pregnancies known for the
    /// first time, and deliveries wherever they were.
    pub(super) fn births_and_pregnancies(&mut self) {
        let people = self.people;
        for pregnancy in &people.pregnancies {
            let mother = &people.persons[pregnancy.mother];
            let first = pregnancy.visits.iter().find(|day| **day >= self.province.start());
            let known = first.filter(|day| **day < pregnancy.delivery);
            if known.is_some_and(|day| self.month.has(*day)) {
                self.pregnancy(pregnancy, mother);
            }
            if self.month.has(pregnancy.delivery) {
                self.labour(pregnancy, mother);
            }
        }
    }

    fn pregnancy(&mut self, pregnancy: &Pregnancy, mother: &Resident) {
        let result = |nth: u64| if hash(&[mother.own, nth]).is_multiple_of(60) { 2 } else { 1 };
        let tested = pregnancy.lmp + Days::new(60);
        let written = self.month.last.and_hms_opt(11, 20, 0).unwrap_or_default();
        let provider = self.provider(mother.own);
        let tested = tested.min(self.month.last);
        self.archive.row("PRENATAL", self.unit, Some(mother), written, |row| {
            row.set("GRAVIDA", pregnancy.gravida).date("LMP", pregnancy.lmp);
            row.date("EDC", pregnancy.lmp + Days::new(280)).set("VDRL_RESULT", result(1));
            row.set("HB_RESULT", result(2)).set("HIV_RESULT", result(3)).date("DATE_HCT", tested);
            row.set("HCT_RESULT", 32 + mother.own % 9).set("THALASSEMIA", result(4));
            row.set("PROVIDER", &provider);
            row.decimal("HEIGHT", 148.0 + (mother.own % 15) as f64, 1);
        });
    }

    fn labour(&mut self, pregnancy: &Pregnancy, mother: &Resident) {
        let (people, place) = (self.people, self.main_unit());
        let kind = way(pregnancy, mother);
        let written = next_day(pregnancy);
        self.archive.row("LABOR", self.unit, Some(mother), written, |row| {
            row.set("GRAVIDA", pregnancy.gravida).date("LMP", pregnancy.lmp);
            row.date("EDC", pregnancy.lmp + Days::new(280)).date("BDATE", pregnancy.delivery);
            row.set("BRESULT", if kind == 2 { "O821" } else { "O800" }).set("BPLACE", 1);
            row.set("BHOSP", place)
                .set("BTYPE", kind)
                .set("BDOCTOR", if kind == 2 { 1 } else { 2 });
            row.set("LBORN", 1).set("SBORN", 0);
        });
        let Some(child) = pregnancy.child else { return };
        let child = &people.persons[child];
        let weeks = (pregnancy.delivery - pregnancy.lmp).num_days() / 7;
        let long = 48.0 + (child.own % 50) as f64 / 10.0;
        self.archive.row("NEWBORN", self.unit, Some(child), written, |row| {
            row.set("MPID", &mother.pid).set("GRAVIDA", pregnancy.gravida).set("GA", weeks);
            row.date("BDATE", pregnancy.delivery).set("BTIME", "093000").set("BPLACE", 1);
            row.set("BHOSP", place).set("BIRTHNO", 1).set("BTYPE", kind);
            row.set("BDOCTOR", if kind == 2 { 1 } else { 2 }).set("BWEIGHT", weight(child));
            row.set("ASPHYXIA", 8 + child.own % 3).set("VITK", 1).set("TSH", 1);
            row.decimal("TSHRESULT", (child.own % 90) as f64 / 10.0, 1);
            row.decimal("LENGTH", long, 1).decimal("HEADCIRCUM", 33.0, 1);
        });
    }

    /// MCH and PP of the 21 files: one row when the third care is done.
    fn mother_and_child(
        &mut self,
        pregnancy: &Pregnancy,
        last: chrono::NaiveDate,
        written: NaiveDateTime,
    ) {
        let (people, place) = (self.people, self.main_unit());
        let mother = &people.persons[pregnancy.mother];
        let kind = way(pregnancy, mother);
        let doctor = if kind == 2 { 1 } else { 2 };
        let [first, second, _] = pregnancy.after;
        self.archive.row("MCH", self.unit, Some(mother), written, |row| {
            row.set("GRAVIDA", pregnancy.gravida).date("LMP", pregnancy.lmp);
            row.date("EDC", pregnancy.lmp + Days::new(280)).set("VDRL_RS", 1).set("HB_RS", 1);
            row.set("HIV_RS", 1).date("DATEHCT", pregnancy.lmp + Days::new(60));
            row.set("HCT_RS", 32 + mother.own % 9).set("THALASS", 1).set("DENTAL", 1);
            row.set("TCARIES", mother.own % 4).set("TARTAR", 0).set("GUMINF", mother.own % 2);
            row.date("BDATE", pregnancy.delivery);
            row.set("BRESULT", if kind == 2 { "O821" } else { "O800" }).set("BPLACE", 1);
            row.set("BHOSP", place).set("BTYPE", kind).set("BDOCTOR", doctor).set("LBORN", 1);
            row.set("SBORN", 0).date("PPCARE1", first).date("PPCARE2", second);
            row.date("PPCARE3", last).set("PPRES", 1);
        });
        let Some(child) = pregnancy.child else { return };
        let child = &people.persons[child];
        self.archive.row("PP", self.unit, Some(child), written, |row| {
            row.set("MPID", &mother.pid).set("GRAVIDA", pregnancy.gravida);
            row.date("BDATE", pregnancy.delivery).set("BPLACE", 1).set("BHOSP", place);
            row.set("BTYPE", kind).set("BDOCTOR", doctor).set("BWEIGHT", weight(child));
            row.set("ASPHYXIA", 0).set("VITK", 1).date("BCARE1", first).date("BCARE2", second);
            row.date("BCARE3", last).set("BCRES", 1);
        });
    }
}

/// When a delivery is entered.
fn next_day(pregnancy: &Pregnancy) -> NaiveDateTime {
    let day = pregnancy.delivery + Days::new(1);
    day.and_hms_opt(10, 0, 0).unwrap_or_default()
}

/// Way of delivery: one in four by caesarean.
fn way(pregnancy: &Pregnancy, mother: &Resident) -> u8 {
    if (mother.own + u64::from(pregnancy.gravida)).is_multiple_of(4) { 2 } else { 1 }
}

/// Birth weight in grams.
fn weight(child: &Resident) -> u64 {
    2_350 + child.own % 1_500
}
