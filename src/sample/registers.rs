//! Registers: files that are sent in full once a round, and new entries in
//! the month in which they come up.

use chrono::{Days, NaiveDate, NaiveDateTime};

use super::citizen;
use super::emit::RecordEmitter;
use super::people::Resident;
use super::province::{PROVINCE, stream};
use super::rng::{Rng, hash};
use crate::archive::Standard;

impl RecordEmitter<'_, '_, '_> {
    /// Tells all registers that are due.
    pub(super) fn registers(&mut self) {
        if self.full {
            self.staff_register();
            self.villages();
            self.houses();
        }
        for at in 0..self.people.persons.len() {
            let people = self.people;
            let person = &people.persons[at];
            let due = if self.full {
                person.since <= self.month.last
            } else {
                self.month.has(person.since)
            };
            if due {
                self.person(at, person);
                self.card(person);
                self.other_registers(person);
            }
            self.chronic_register(person);
        }
    }

    /// A time of data entry in the month, at or after a day.
    fn entered(&self, person: &Resident) -> NaiveDateTime {
        let day = self.month.first + Days::new(person.own % 27);
        let day = day.max(person.since).min(self.month.last);
        day.and_hms_opt(9 + (person.own % 7) as u32, 30, 0).unwrap_or_default()
    }

    fn month_end(&self) -> NaiveDateTime {
        self.month.last.and_hms_opt(15, 0, 0).unwrap_or_default()
    }

    fn person(&mut self, at: usize, person: &Resident) {
        let (province, people) = (self.province, self.people);
        let names = if person.female { &province.words.female } else { &province.words.male };
        let (age, own) = (person.age(self.month.last), person.own);
        let house = person.house.map(|house| &people.houses[house]);
        let cid_of = |other: Option<usize>| other.map(|other| &people.persons[other].cid);
        let gone = person.death.filter(|death| *death <= self.month.last);
        let f21 = province.standard == Standard::F21;
        let (unit, start) = (self.unit, province.start());
        self.archive.row("PERSON", unit, Some(person), self.entered(person), |row| {
            row.set("PRENAME", prename(person, age)).set("NAME", &names[person.first]);
            row.set("LNAME", &province.words.last[person.last]).set("HN", format!("{:06}", at + 1));
            row.set("SEX", if person.female { 2 } else { 1 }).date("BIRTH", person.birth);
            row.set("MSTATUS", marital(person, age)).set("OCCUPATION_NEW", occupation(age, own));
            row.set("RACE", nation(person)).set("NATION", nation(person));
            row.set("RELIGION", if own.is_multiple_of(40) { "03" } else { "01" });
            row.set("EDUCATION", education(age, own)).set("EDUCATE", (1 + own % 3).min(age as u64));
            row.set("FSTATUS", if person.head { 1 } else { 2 });
            if let Some(house) = house {
                row.set("HID", &house.hid).set("HOUSE", &house.number);
                row.set("VILLAGE", format_args!("{:02}", house.moo));
                row.set("VHID", village_code(unit.amphoe, unit.tambon, house.moo));
            }
            row.set("TAMBON", format_args!("{:02}", unit.tambon));
            row.set("AMPUR", format_args!("{:02}", unit.amphoe)).set("CHANGWAT", PROVINCE);
            for (name, other) in
                [("FATHER", person.father), ("MOTHER", person.mother), ("COUPLE", person.couple)]
            {
                if let Some(cid) = cid_of(other) {
                    row.set(name, cid);
                }
            }
            if own.is_multiple_of(5) && person.birth < start {
                row.date("MOVEIN", (start - Days::new(own % 300)).max(person.birth));
            }
            row.set("VSTATUS", if person.head && own.is_multiple_of(12) { 2 } else { 5 });
            row.set("DISCHARGE", if gone.is_some() { 1 } else { 9 }).some_date("DDISCHARGE", gone);
            row.set("ABOGROUP", 1 + own % 4).set("RHGROUP", 1);
            if !person.thai {
                row.set("LABOR", "12").set("PASSPORT", format_args!("N{:07}", own % 10_000_000));
            }
            row.set("TYPEAREA", person.area);
            if !f21 && age >= 15 {
                row.set("MOBILE", format_args!("08{:08}", own % 100_000_000));
            }
        });
    }

    fn card(&mut self, person: &Resident) {
        let (unit, main) = (self.unit, self.main_unit());
        let start = person.birth.max(NaiveDate::from_ymd_opt(2002, 4, 1).unwrap_or_default());
        let start = start.min(self.month.last);
        let updated = self.entered(person);
        self.archive.row("CARD", unit, Some(person), updated, |row| {
            row.set("INSTYPE_NEW", person.right).set("INSID", format_args!("{}", &person.cid[1..]));
            row.date("STARTDATE", start).set("MAIN", main).set("SUB", &unit.hcode);
        });
    }

    fn other_registers(&mut self, person: &Resident) {
        let (unit, updated, own) = (self.unit, self.entered(person), person.own);
        let age = person.age(self.month.last);
        if person.home.is_some() {
            self.archive.row("ADDRESS", unit, Some(person), updated, |row| {
                row.set("ADDRESSTYPE", 1).set("HOUSETYPE", 1).set("HOUSENO", own % 200 + 1);
                row.set("VILLAGE", format_args!("{:02}", own % 9 + 1)).set("TAMBON", "01");
                row.set("AMPUR", format_args!("{:02}", unit.amphoe)).set("CHANGWAT", PROVINCE);
            });
            return;
        }
        if person.female && person.couple.is_some() && (15..=49).contains(&age) {
            let f21 = self.province.standard == Standard::F21;
            let none = if f21 { 0 } else { 9 };
            let method = if person.method == 0 { none } else { person.method };
            self.archive.row("WOMEN", unit, Some(person), updated, |row| {
                row.set("FPTYPE", method).set("NUMBERSON", own % 4).set("TOTALSON", own % 4);
                row.set("ABORTION", 0).set("STILLBIRTH", 0);
                if method == none {
                    row.set("NOFPCAUSE", 1 + own % 3);
                }
            });
        }
        let found = self.month.first - Days::new(200 + own % 900);
        if let Some(drug) = person.allergy.filter(|_| age >= 4) {
            let drug = &self.province.words.drugs[drug];
            self.archive.row("DRUGALLERGY", unit, Some(person), updated, |row| {
                row.date("DATERECORD", found).set("DRUGALLERGY", &drug.code);
                row.set("DNAME", &drug.name).set("TYPEDX", 1 + own % 5).set("ALEVEL", 1 + own % 4);
                row.set("SYMPTOM", format_args!("{:02}", 1 + own % 9)).set("INFORMANT", 1);
                row.set("INFORMHOSP", &unit.hcode).set("PROVIDER", "P001");
            });
        }
        if person.disability > 0 && age >= 4 {
            self.archive.row("DISABILITY", unit, Some(person), updated, |row| {
                row.set("DISABID", &person.cid).set("DISABTYPE", person.disability);
                row.set("DISABCAUSE", 1 + own % 3).date("DATE_DETECT", found);
                row.date("DATE_DISAB", found);
            });
        }
    }

    /// The chronic patients: all of them once a round, new ones when found.
    fn chronic_register(&mut self, person: &Resident) {
        if person.home.is_some() {
            return;
        }
        for (code, since) in [("E119", person.diabetes), ("I10", person.hypertension)] {
            let Some(since) = since else { continue };
            let new = self.month.has(since) && person.here(since);
            // What was diagnosed before the first registration counts too.
            let real = since < person.since || person.here(since);
            let known = self.full && since < self.month.first && real;
            if new || known {
                self.chronic_row(person, code, since);
            }
        }
    }

    fn chronic_row(&mut self, person: &Resident, code: &str, since: NaiveDate) {
        let f21 = self.province.standard == Standard::F21;
        let gone = person.death.filter(|death| *death <= self.month.last);
        let state = if gone.is_some() { 2 } else { 3 };
        let (unit, main, end) = (self.unit, self.main_unit(), self.month_end());
        self.archive.row("CHRONIC", unit, Some(person), end, |row| {
            row.date("DATE_DIAG", since).set("CHRONIC", code).set("HOSP_DX", main);
            row.set("HOSP_RX", &unit.hcode).some_date("DATE_DISCH", gone);
            row.set("TYPEDISCH", if f21 { state.to_string() } else { format!("{state:02}") });
        });
    }

    fn staff_register(&mut self) {
        let (unit, province, end) = (self.unit, self.province, self.month_end());
        for number in 0..self.staff() {
            let mut rng = Rng::new(&[province.seed, stream::REGISTER, self.at as u64, number]);
            let female = rng.chance(0.7);
            let names = if female { &province.words.female } else { &province.words.male };
            let serial = self.at as u64 * 100 + number;
            let cid = citizen::make(3, PROVINCE + 1, unit.amphoe, serial);
            let birth = NaiveDate::from_ymd_opt(1955 + rng.range(0, 34) as i32, 3, 17);
            let code = self.provider(number);
            let kind = *rng.pick(if unit.hospital() {
                &["01", "02", "03", "03", "03", "11", "13", "12", "081"]
            } else {
                &["03", "04", "05", "06", "084"]
            });
            self.archive.row("PROVIDER", unit, None, end, |row| {
                row.set("PROVIDER", &code).set("REGISTERNO", 10_000 + serial).set("CID", &cid);
                row.set("COUNCIL", "02").set("PRENAME", if female { "005" } else { "003" });
                row.set("NAME", rng.pick(names)).set("LNAME", rng.pick(&province.words.last));
                row.set("SEX", if female { 2 } else { 1 }).some_date("BIRTH", birth);
                row.set("PROVIDERTYPE", kind);
                row.some_date("STARTDATE", NaiveDate::from_ymd_opt(2010, 10, 1));
            });
        }
    }

    fn villages(&mut self) {
        let (unit, end) = (self.unit, self.month_end());
        for moo in 1..=self.people.villages {
            let drawn =
                hash(&[self.province.seed, stream::REGISTER, self.at as u64, u64::from(moo)]);
            self.archive.row("VILLAGE", unit, None, end, |row| {
                row.set("VID", village_code(unit.amphoe, unit.tambon, moo));
                row.set("NTRADITIONAL", drawn % 4).set("NMONK", drawn % 9).set("NTEMPLE", 1);
                row.set("NBROADCAST", 1).set("NSHOP", 2 + drawn % 6).set("NFOODSHOP", drawn % 5);
                row.set("NPSCHOOL", drawn % 2).set("WASTEWATER", 1).set("GARBAGE", 1 + drawn % 5);
                row.decimal("LATITUDE", 15.5 + (drawn % 9_000) as f64 / 10_000.0, 6);
                row.decimal("LONGITUDE", 104.1 + (drawn % 7_000) as f64 / 10_000.0, 6);
            });
        }
    }

    fn houses(&mut self) {
        let (unit, people, end) = (self.unit, self.people, self.month_end());
        for (at, house) in people.houses.iter().enumerate() {
            let drawn = hash(&[self.province.seed, stream::REGISTER, self.at as u64, at as u64, 7]);
            let one = |shift: u64, share: u64| u64::from((drawn >> shift) % 100 < share);
            self.archive.row("HOME", unit, None, end, |row| {
                row.set("HID", &house.hid).set("HOUSE", &house.number).set("HOUSETYPE", 1);
                row.set("HOUSE_ID", format_args!("35{:02}{:07}", unit.amphoe, drawn % 10_000_000));
                row.set("VILLAGE", format_args!("{:02}", house.moo));
                row.set("TAMBON", format_args!("{:02}", unit.tambon));
                row.set("AMPUR", format_args!("{:02}", unit.amphoe)).set("CHANGWAT", PROVINCE);
                row.decimal("LATITUDE", 15.5 + (drawn % 9_000) as f64 / 10_000.0, 6);
                row.decimal("LONGITUDE", 104.1 + (drawn % 7_000) as f64 / 10_000.0, 6);
                row.set("NFAMILY", "01").set("LOCATYPE", if unit.hospital() { 1 } else { 2 });
                row.set("HEADID", &people.persons[house.head].pid).set("TOILET", 1);
                row.set("F21_TOILET", 1).set("WATER", 1).set("WATERTYPE", 1 + drawn % 6);
                row.set("GARBAGE", 1 + drawn % 4).set("HOUSING", one(8, 90));
                row.set("HCARE", one(8, 90)).set("DURABILITY", 1).set("DURABLE", 1);
                row.set("CLEANLINESS", one(16, 85)).set("VENTILATION", one(20, 90));
                row.set("LIGHT", one(24, 92)).set("WATERTM", one(28, 60));
                row.set("F21_WATERTM", one(28, 60)).set("MFOOD", one(32, 80));
                row.set("BCONTROL", one(36, 88)).set("ACONTROL", one(40, 80)).set("CHEMICAL", 1);
                row.set("VHID", village_code(unit.amphoe, unit.tambon, house.moo));
            });
        }
    }
}

/// Village code: province, district, sub-district, village.
pub fn village_code(amphoe: u32, tambon: u32, moo: u32) -> String {
    format!("{PROVINCE:02}{amphoe:02}{tambon:02}{moo:02}")
}

fn prename(person: &Resident, age: i64) -> &'static str {
    match (person.female, age, person.couple.is_some()) {
        (false, ..15, _) => "001",
        (true, ..15, _) => "002",
        (false, _, _) => "003",
        (true, _, true) => "005",
        (true, _, false) => "004",
    }
}

fn marital(person: &Resident, age: i64) -> u8 {
    match (person.couple.is_some(), age) {
        (true, _) => 2,
        (false, 60..) => 3,
        (false, _) => 1,
    }
}

fn nation(person: &Resident) -> &'static str {
    if person.thai { "099" } else { "056" }
}

fn occupation(age: i64, own: u64) -> &'static str {
    match age {
        ..6 => "9001",
        6..=17 => "9002",
        _ => ["6111", "6111", "9312", "5221", "1120", "9622"][(own % 6) as usize],
    }
}

fn education(age: i64, own: u64) -> &'static str {
    match age {
        ..3 => "00",
        3..=6 => "01",
        7..=12 => "02",
        13..=18 => "03",
        _ => ["02", "02", "03", "03", "04", "05"][(own % 6) as usize],
    }
}
