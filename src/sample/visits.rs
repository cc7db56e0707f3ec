//! Visits: what is found, given, done and charged, in SERVICE and the files
//! that hang on it.

use chrono::Days;

use super::emit::{RecordEmitter, Visit, VisitReason};
use super::people::Resident;
use super::rng::Rng;
use super::words::Procedure;
use crate::archive::Standard;

/// What is found and done at a visit.
#[derive(Debug, Default)]
pub struct Care {
    /// Diagnoses; the first is the principal one.
    pub diagnoses: Vec<String>,
    /// Cause of an injury.
    pub cause: Option<String>,
    /// Drugs by position, with amounts.
    pub drugs: Vec<(usize, i64)>,
    /// Procedures.
    pub procedures: Vec<Procedure>,
    /// Chief complaint.
    pub complaint: String,
    /// Department, five digits.
    pub clinic: &'static str,
    /// Outside the unit.
    pub outside: bool,
    /// Feverish.
    pub fever: bool,
    /// Laboratory cost.
    pub laboratory: f64,
    /// Days to the next appointment, with its activity.
    pub appointment: Option<(u64, &'static str)>,
    /// Unit that the person is sent to.
    pub refer_to: Option<usize>,
    /// Unit that the person was sent from.
    pub refer_from: Option<usize>,
    /// Surveillance code, when the illness must be reported.
    pub code506: Option<String>,
    /// Days in bed, when admitted.
    pub bed_days: Option<u64>,
    /// Group of cause and vehicle of an accident.
    pub accident: Option<(String, String)>,
}

impl RecordEmitter<'_, '_, '_> {
    /// Tells one visit with everything that hangs on it.
    pub(super) fn visit(&mut self, visit: &Visit) {
        let people = self.people;
        let person = &people.persons[visit.person];
        let care = self.care(visit, person);
        let price = self.price(&care);
        self.service(visit, person, &care, price);
        self.diagnoses(visit, person, &care);
        self.drugs(visit, person, &care);
        self.procedures(visit, person, &care);
        self.charges(visit, person, &care);
        self.appointment(visit, person, &care);
        self.surveillance(visit, person, &care);
        self.accident(visit, person, &care);
        self.records_of(visit, person);
        if let Some(days) = care.bed_days {
            self.admission(visit, person, &care, days);
        }
        if let Some(to) = care.refer_to {
            self.refer_out(visit, person, to);
        }
        if let Some(from) = care.refer_from {
            self.refer_in(visit, person, from);
        }
    }

    fn care(&mut self, visit: &Visit, person: &Resident) -> Care {
        let mut rng = Rng::new(&[self.rng.next(), 3]);
        let mut care = Care { clinic: "00100", ..Care::default() };
        match &visit.reason {
            VisitReason::Sick => self.illness(person, visit, &mut care, &mut rng),
            VisitReason::ReferOut | VisitReason::ReferIn => {
                self.illness(person, visit, &mut care, &mut rng);
                care.refer_to = (visit.reason == VisitReason::ReferOut).then_some(self.unit.cup);
                care.refer_from = person.home.filter(|_| visit.reason == VisitReason::ReferIn);
            }
            VisitReason::Hurt => self.injury(visit, &mut care, &mut rng),
            _ => self.planned(visit, person, &mut care, &mut rng),
        }
        care.diagnoses.dedup();
        care.drugs.sort_unstable();
        care.drugs.dedup_by_key(|drug| drug.0);
        care
    }

    fn illness(&self, person: &Resident, visit: &Visit, care: &mut Care, rng: &mut Rng) {
        let age = person.age(visit.day);
        let month = self.month.of_year();
        let list = &self.province.words.diseases;
        let weights = list.iter().map(|disease| {
            let season = disease.season.as_bytes().get(month).map_or(0, |byte| byte - b'0');
            let fits = disease.from_age <= age && age <= disease.to_age;
            if fits { disease.weight * u64::from(season) } else { 0 }
        });
        let disease = &list[rng.weighted(weights)];
        care.diagnoses.push(disease.code.clone());
        disease.complaint.clone_into(&mut care.complaint);
        for key in disease.drugs.split_whitespace() {
            let key = match (key, age) {
                ("para", ..6) => "parasyr",
                ("amox", ..8) => "amoxsyr",
                ("ors", ..6) => "ors2",
                (key, _) => key,
            };
            self.give(care, key, rng);
        }
        if rng.chance(0.06) {
            self.give(care, "h_fah", rng);
        }
        if rng.chance(0.12) && disease.code != "R51" {
            care.diagnoses.push("R51".to_owned());
        }
        care.fever = disease.complaint.contains("ไข้");
        care.code506 = (!disease.code506.is_empty()).then(|| disease.code506.clone());
        let severe = ["J189", "A91", "A279", "J449", "A09"].contains(&disease.code.as_str());
        if severe && self.unit.hospital() && rng.chance(0.35) {
            care.bed_days = self.bed_days(visit, person, rng.range(1, 5) as u64);
        }
        if rng.chance(0.07) {
            care.appointment = Some((rng.range(3, 14) as u64, "181"));
        }
    }

    fn injury(&self, visit: &Visit, care: &mut Care, rng: &mut Rng) {
        let list = &self.province.words.injuries;
        let injury = &list[rng.weighted(list.iter().map(|injury| injury.weight))];
        care.diagnoses.push(injury.code.clone());
        care.cause = Some(injury.cause.clone());
        injury.complaint.clone_into(&mut care.complaint);
        care.clinic = "00900";
        care.accident = Some((injury.group.clone(), injury.vehicle.clone()));
        for key in ["para", "clox", "tt"] {
            if rng.chance(0.6) {
                self.give(care, key, rng);
            }
        }
        self.do_one(care, "wound", rng);
        let person = &self.people.persons[visit.person];
        if self.unit.hospital() && ["S525", "S060"].contains(&injury.code.as_str()) {
            care.bed_days = self.bed_days(visit, person, rng.range(1, 4) as u64);
        }
    }

    /// Days in bed that end within the month and the person's life.
    pub(super) fn bed_days(&self, visit: &Visit, person: &Resident, days: u64) -> Option<u64> {
        let end = visit.day + Days::new(days);
        (end <= self.month.last && person.death.is_none_or(|death| end < death)).then_some(days)
    }

    pub(super) fn give(&self, care: &mut Care, key: &str, rng: &mut Rng) {
        let at = self.province.words.drug(key);
        let drug = &self.province.words.drugs[at];
        care.drugs.push((at, rng.range(drug.least, drug.most)));
    }

    pub(super) fn do_one(&self, care: &mut Care, kind: &str, rng: &mut Rng) {
        let list = self.province.words.procedures_for(kind);
        if !list.is_empty() {
            care.procedures.push((*rng.pick(&list)).clone());
        }
    }

    fn price(&self, care: &Care) -> f64 {
        let drugs: f64 = care
            .drugs
            .iter()
            .map(|(drug, amount)| self.province.words.drugs[*drug].price * *amount as f64)
            .sum();
        let done: f64 = care.procedures.iter().map(|procedure| procedure.price).sum();
        self.fee() + drugs + done + care.laboratory
    }

    /// The fee for being seen.
    fn fee(&self) -> f64 {
        if self.unit.hospital() { 50.0 } else { 30.0 }
    }

    fn service(&mut self, visit: &Visit, person: &Resident, care: &Care, price: f64) {
        let mut rng = Rng::new(&[self.rng.next(), 4]);
        let (province, unit, main) = (self.province, self.unit, self.main_unit());
        let code = |unit: Option<usize>| unit.map(|unit| &province.units[unit].hcode);
        let own = person.right == "9100";
        let pays = if own { price } else { 0.0 };
        let ill = person.hypertension.is_some();
        let (high, low) = (rng.range(105, 132), rng.range(62, 84));
        let planned = !matches!(visit.reason, VisitReason::Sick | VisitReason::Hurt);
        let out = match (care.bed_days, care.refer_to) {
            (Some(_), _) => 2,
            (_, Some(_)) => 3,
            _ => 1,
        };
        let typein = match (care.refer_from, &visit.reason) {
            (Some(_), _) => 3,
            (_, VisitReason::Hurt) if rng.chance(0.3) => 4,
            _ if planned => 2,
            _ => 1,
        };
        let age = person.age(visit.day);
        self.archive.row("SERVICE", unit, Some(person), visit.written(), |row| {
            row.set("HN", &person.pid).set("SEQ", &visit.seq).date("DATE_SERV", visit.day);
            row.set("TIME_SERV", visit.time.format("%H%M%S"));
            row.set("LOCATION", if person.area == 4 { 2 } else { 1 }).set("INTIME", 1);
            row.set("PTTYPE", u8::from(visit.day == person.since)).set("CLINIC", care.clinic);
            row.set("INSTYPE", person.right).set("INSID", &person.cid[1..]).set("MAIN", main);
            row.set("HSUB", &unit.hcode).set("TYPEIN", typein).set("CHIEFCOMP", &care.complaint);
            row.set("REFERIN", u8::from(care.refer_from.is_some()));
            if let Some(from) = code(care.refer_from) {
                row.set("REFERINHOSP", from).set("CAUSEIN", 1);
            }
            row.set("SERVPLACE", if care.outside { 2 } else { 1 });
            let warm = if care.fever { rng.range(375, 395) } else { rng.range(362, 373) };
            row.decimal("BTEMP", warm as f64 / 10.0, 1);
            if age >= 15 {
                row.set("SBP", if ill { high + 15 } else { high }).set("DBP", low);
            }
            row.set("PR", rng.range(66, 96)).set("RR", rng.range(16, 22)).set("TYPEOUT", out);
            row.set("REFEROUT", u8::from(care.refer_to.is_some()));
            if let Some(to) = code(care.refer_to) {
                row.set("REFEROUTHOSP", to).set("CAUSEOUT", 1);
            }
            row.decimal("COST", price * 0.6, 2).decimal("PRICE", price, 2);
            row.decimal("PAYPRICE", pays, 2).decimal("ACTUALPAY", pays, 2);
        });
    }

    fn diagnoses(&mut self, visit: &Visit, person: &Resident, care: &Care) {
        let provider = self.provider(person.own);
        let kinds = care.diagnoses.iter().enumerate().map(|(nth, code)| {
            let kind = if nth == 0 { 1 } else { 2 };
            (kind, code)
        });
        let all: Vec<(u8, &String)> =
            kinds.chain(care.cause.iter().map(|cause| (5, cause))).collect();
        for (kind, code) in all {
            self.archive.row("DIAGNOSIS_OPD", self.unit, Some(person), visit.written(), |row| {
                row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("DIAGTYPE", kind);
                row.set("DIAGCODE", code).set("CLINIC", care.clinic).set("PROVIDER", &provider);
            });
        }
    }

    fn drugs(&mut self, visit: &Visit, person: &Resident, care: &Care) {
        let province = self.province;
        let f21 = province.standard == Standard::F21;
        let provider = self.provider(person.own);
        for (drug, amount) in &care.drugs {
            let drug = &province.words.drugs[*drug];
            self.archive.row("DRUG_OPD", self.unit, Some(person), visit.written(), |row| {
                row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("CLINIC", care.clinic);
                row.set("DID", drug.key.to_uppercase()).set("DIDSTD", &drug.code);
                row.set("DNAME", &drug.name).set("AMOUNT", amount);
                row.set("UNIT", if f21 { &drug.unit_th } else { &drug.unit });
                row.set("UNIT_PACKING", &drug.packing).decimal("DRUGPRICE", drug.price, 2);
                row.decimal("DRUGCOST", drug.cost, 2).set("PROVIDER", &provider);
            });
        }
    }

    fn procedures(&mut self, visit: &Visit, person: &Resident, care: &Care) {
        let provider = self.provider(person.own + 1);
        for procedure in &care.procedures {
            self.archive.row("PROCEDURE_OPD", self.unit, Some(person), visit.written(), |row| {
                row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("CLINIC", care.clinic);
                row.set("PROCEDCODE", &procedure.code);
                row.decimal("SERVICEPRICE", procedure.price, 2);
                row.decimal("COST", procedure.price * 0.5, 2).set("PROVIDER", &provider);
            });
        }
    }

    fn charges(&mut self, visit: &Visit, person: &Resident, care: &Care) {
        let drugs: f64 = care
            .drugs
            .iter()
            .map(|(drug, amount)| self.province.words.drugs[*drug].price * *amount as f64)
            .sum();
        let done: f64 = care.procedures.iter().map(|procedure| procedure.price).sum();
        let items = [("12", self.fee()), ("04", drugs), ("11", done), ("07", care.laboratory)];
        let own = person.right == "9100";
        for (item, price) in items {
            if price <= 0.0 {
                continue;
            }
            self.archive.row("CHARGE_OPD", self.unit, Some(person), visit.written(), |row| {
                row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("CLINIC", care.clinic);
                row.set("CHARGEITEM", item).set("CHARGELIST", "000000").set("QUANTITY", 1);
                row.set("INSTYPE", person.right).decimal("COST", price * 0.6, 2);
                row.decimal("PRICE", price, 2).decimal(
                    "PAYPRICE",
                    if own { price } else { 0.0 },
                    2,
                );
            });
        }
    }

    fn appointment(&mut self, visit: &Visit, person: &Resident, care: &Care) {
        let Some((days, activity)) = care.appointment else { return };
        let provider = self.provider(person.own);
        self.archive.row("APPOINTMENT", self.unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("CLINIC", care.clinic);
            row.date("APDATE", visit.day + Days::new(days)).set("APTYPE", activity);
            row.set("APDIAG", &care.diagnoses[0]).set("PROVIDER", &provider);
        });
    }

    fn surveillance(&mut self, visit: &Visit, person: &Resident, care: &Care) {
        let Some(code) = &care.code506 else { return };
        let unit = self.unit;
        let ill = (visit.day - Days::new(2)).max(person.birth);
        let house = person.house.map(|house| &self.people.houses[house]);
        self.archive.row("SURVEILLANCE", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day);
            row.set("DIAGCODE", &care.diagnoses[0]).set("CODE506", code).date("ILLDATE", ill);
            row.set("ILLVILLAGE", format_args!("{:02}", house.map_or(1, |house| house.moo)));
            if let Some(house) = house {
                row.set("ILLHOUSE", &house.number);
            }
            row.set("ILLTAMBON", format_args!("{:02}", unit.tambon));
            row.set("ILLAMPUR", format_args!("{:02}", unit.amphoe));
            row.set("ILLCHANGWAT", super::province::PROVINCE).set("PTSTATUS", 3);
        });
    }

    fn accident(&mut self, visit: &Visit, person: &Resident, care: &Care) {
        let Some((group, vehicle)) = &care.accident else { return };
        let mut rng = Rng::new(&[self.rng.next(), 5]);
        let road = !vehicle.is_empty();
        self.archive.row("ACCIDENT", self.unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).time("DATETIME_SERV", visit.at());
            row.time("DATETIME_AE", visit.at() - chrono::Duration::minutes(rng.range(15, 200)));
            row.set("AETYPE", group).set("AEPLACE", if road { "05" } else { "01" });
            row.set("TYPEIN_AE", rng.pick(&[1, 1, 2, 3]));
            if road {
                row.set("TRAFFIC", 1).set("VEHICLE", vehicle);
                row.set("BELT", 9).set("HELMET", rng.range(1, 2));
            }
            row.set("ALCOHOL", rng.pick(&[1, 2, 2, 2, 9])).set("NACROTIC_DRUG", 2);
            row.set("AIRWAY", 3).set("STOPBLEED", rng.pick(&[1, 2, 3])).set("SPLINT", 3);
            row.set("FLUID", 3).set("URGENCY", rng.range(3, 5));
            row.set("COMA_EYE", 4).set("COMA_SPEAK", 5).set("COMA_MOVEMENT", 6);
        });
    }
}
