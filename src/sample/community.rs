//! Work outside the unit and the smaller assessments: home visits, elders,
//! disabled people, children's development, village activities, policies.

use chrono::{Datelike, Days};

use super::emit::{RecordEmitter, Visit};
use super::people::Resident;
use super::registers::village_code;
use super::rng::Rng;

impl RecordEmitter<'_, '_, '_> {
    pub(super) fn home_visit(&mut self, visit: &Visit, person: &Resident) {
        let (unit, provider) = (self.unit, self.provider(person.own));
        let code = if person.disability > 0 { "1D002" } else { "1A001" };
        self.archive.row("COMMUNITY_SERVICE", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("COMSERVICE", code);
            row.set("PROVIDER", &provider);
        });
    }

    pub(super) fn rehabilitation(&mut self, visit: &Visit, person: &Resident) {
        let (unit, provider) = (self.unit, self.provider(person.own));
        let mut rng = Rng::new(&[self.rng.next(), 11]);
        self.archive.row("REHABILITATION", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).date("DATE_START", visit.day);
            row.date("DATE_FINISH", visit.day).set("REHABCODE", "9339001");
            row.set("REHABPLACE", &unit.hcode).set("PROVIDER", &provider);
        });
        for code in ["d450", "b730"] {
            self.archive.row("ICF", unit, Some(person), visit.written(), |row| {
                row.set("DISABID", &person.cid).set("SEQ", &visit.seq);
                row.date("DATE_SERV", visit.day).set("ICF", code).set("QUALIFIER", rng.range(1, 3));
                row.set("PROVIDER", &provider);
            });
        }
    }

    pub(super) fn elder(&mut self, visit: &Visit, person: &Resident) {
        let (unit, provider) = (self.unit, self.provider(person.own));
        let score = 20 - (person.own % 10) * u64::from(person.own.is_multiple_of(4)) * 2;
        let state = match score {
            12.. => 1,
            5..=11 => 2,
            _ => 3,
        };
        self.archive.row("FUNCTIONAL", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("FUNCTIONAL_TEST", "01");
            row.set("TESTRESULT", score).set("DEPENDENT", state).set("PROVIDER", &provider);
        });
        self.special(visit, person, "1B1280");
    }

    pub(super) fn development(&mut self, visit: &Visit, person: &Resident, months: u32) {
        let suspected = (person.own + u64::from(months)).is_multiple_of(7);
        self.special(visit, person, if suspected { "1B261" } else { "1B260" });
    }

    fn special(&mut self, visit: &Visit, person: &Resident, code: &str) {
        let (unit, provider) = (self.unit, self.provider(person.own));
        self.archive.row("SPECIALPP", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("SERVPLACE", 1);
            row.set("PPSPECIAL", code).set("PPSPLACE", &unit.hcode).set("PROVIDER", &provider);
        });
    }

    /// Activities in the villages: a third of the villages every month.
    pub(super) fn community(&mut self) {
        let unit = self.unit;
        for moo in 1..=self.people.villages {
            if moo as usize % 3 != self.month.index % 3 {
                continue;
            }
            let mut rng = Rng::new(&[self.rng.next(), u64::from(moo)]);
            let day = self.month.first + Days::new(rng.below(24));
            let code = *rng.pick(&["1A01", "1B02", "2A03", "3C01"]);
            let written = (day + Days::new(1)).and_hms_opt(16, 0, 0).unwrap_or_default();
            let provider = self.provider(rng.next());
            self.archive.row("COMMUNITY_ACTIVITY", unit, None, written, |row| {
                row.set("VID", village_code(unit.amphoe, unit.tambon, moo)).date("DATE_START", day);
                row.date("DATE_FINISH", day + Days::new(1)).set("COMACTIVITY", code);
                row.set("PROVIDER", &provider);
            });
        }
    }

    /// POLICY once a calendar year, and now and then a word on corrections.
    pub(super) fn policies(&mut self) {
        let written = self.month.last.and_hms_opt(16, 30, 0).unwrap_or_default();
        let year = self.month.first.year() + crate::clock::BUDDHIST_ERA;
        if self.month.index == 0 || self.month.first.month() == 1 {
            self.archive.row("POLICY", self.unit, None, written, |row| {
                row.set("POLICY_ID", "001").set("POLICY_YEAR", year);
                row.set("POLICY_DATA", format_args!("{{\"policy_year\":\"{year}\"}}"));
            });
        }
        if (self.at + self.month.index).is_multiple_of(6) {
            self.archive.row("DATA_CORRECT", self.unit, None, written, |row| {
                row.set("TABLENAME", "SERVICE").set("DATA_CORRECT", "{\"reason\":\"corrected\"}");
            });
        }
    }
}
