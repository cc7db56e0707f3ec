//! Planned care: chronic clinic, mother and child, vaccines, family planning,
//! teeth, massage, home visits; and the records each of them leaves.

use chrono::Days;

use super::emit::{RecordEmitter, Visit, VisitReason};
use super::people::Resident;
use super::rng::Rng;
use super::visits::Care;
use crate::archive::Standard;

impl RecordEmitter<'_, '_, '_> {
    /// What is found and done at a planned visit.
    pub(super) fn planned(&self, visit: &Visit, person: &Resident, care: &mut Care, rng: &mut Rng) {
        let (diagnosis, complaint, clinic) = match &visit.reason {
            VisitReason::Chronic => return self.chronic_care(person, care, rng),
            VisitReason::Antenatal(_, nth) => {
                for key in ["fes", "fol", "cal"] {
                    self.give(care, key, rng);
                }
                care.appointment = (*nth < 4).then_some((28, "093"));
                care.laboratory = if *nth == 0 { 290.0 } else { 30.0 };
                ("Z348", "ฝากครรภ์ตามนัด", "00300")
            }
            VisitReason::Delivery(_) => {
                self.do_one(care, "delivery", rng);
                care.bed_days = self.bed_days(visit, person, 2);
                ("O800", "เจ็บครรภ์คลอด", "00300")
            }
            VisitReason::Postnatal(..) => {
                self.give(care, "fes", rng);
                ("Z392", "ตรวจหลังคลอด", "00300")
            }
            VisitReason::Vaccines(doses) => {
                self.give(care, "parasyr", rng);
                let next = doses.iter().any(|dose| *dose < 8);
                care.appointment = next.then_some((60, "092"));
                ("Z279", "รับวัคซีนตามนัด", "00500")
            }
            VisitReason::Growth => ("Z001", "ชั่งน้ำหนักวัดส่วนสูง", "00500"),
            VisitReason::Family => {
                let pill = person.method == 1;
                self.give(care, if pill { "ocp" } else { "dmpa" }, rng);
                care.appointment = Some((84, "181"));
                (if pill { "Z304" } else { "Z308" }, "รับบริการวางแผนครอบครัว", "00300")
            }
            VisitReason::Dental => {
                self.do_one(care, "dental", rng);
                ("K021", "ปวดฟัน ฟันผุ", "01300")
            }
            VisitReason::Massage => {
                self.do_one(care, "massage", rng);
                self.give(care, "h_phl", rng);
                ("U5753", "ปวดเมื่อยบ่าไหล่", "99700")
            }
            VisitReason::Home => {
                care.outside = true;
                self.do_one(care, "home", rng);
                ("Z718", "เยี่ยมบ้าน", "00100")
            }
            VisitReason::Rehabilitation => {
                self.do_one(care, "home", rng);
                ("Z509", "ฟื้นฟูสมรรถภาพ", "01400")
            }
            VisitReason::Elder => ("Z108", "ตรวจคัดกรองผู้สูงอายุ", "00100"),
            _ => ("Z001", "ตรวจพัฒนาการเด็ก", "00500"),
        };
        care.diagnoses.push(diagnosis.to_owned());
        complaint.clone_into(&mut care.complaint);
        care.clinic = clinic;
    }

    fn chronic_care(&self, person: &Resident, care: &mut Care, rng: &mut Rng) {
        let ill = |since: Option<chrono::NaiveDate>| since.is_some_and(|s| s < self.month.first);
        if ill(person.diabetes) {
            care.diagnoses.push("E119".to_owned());
            self.give(care, "met", rng);
            if person.own.is_multiple_of(3) {
                self.give(care, "glip", rng);
            }
            care.laboratory += 40.0;
        }
        if ill(person.hypertension) {
            care.diagnoses.push("I10".to_owned());
            self.give(care, ["aml", "ena", "hctz"][(person.own % 3) as usize], rng);
        }
        if person.own.is_multiple_of(2) {
            care.diagnoses.push("E785".to_owned());
            self.give(care, "simva", rng);
        }
        "รับยาตามนัดคลินิกโรคเรื้อรัง".clone_into(&mut care.complaint);
        care.clinic = "00121";
        care.appointment = Some((28, "181"));
    }

    /// The records that a visit leaves besides those of every visit.
    pub(super) fn records_of(&mut self, visit: &Visit, person: &Resident) {
        match &visit.reason {
            VisitReason::Chronic => self.follow_up(visit, person),
            VisitReason::Antenatal(pregnancy, nth) => {
                self.antenatal(visit, person, *pregnancy, *nth);
            }
            VisitReason::Postnatal(pregnancy, nth) => {
                self.postnatal(visit, person, *pregnancy, *nth);
            }
            VisitReason::Vaccines(doses) => {
                for dose in doses {
                    let code = self.province.words.vaccines[*dose].code.clone();
                    self.dose(visit, person, &code);
                }
            }
            VisitReason::Growth => self.growth(visit, person),
            VisitReason::Family => self.family_planning(visit, person),
            VisitReason::Dental => self.teeth(visit, person),
            VisitReason::Home => self.home_visit(visit, person),
            VisitReason::Rehabilitation => self.rehabilitation(visit, person),
            VisitReason::Elder => self.elder(visit, person),
            VisitReason::Development(months) => self.development(visit, person, *months),
            _ => {}
        }
    }

    pub(super) fn dose(&mut self, visit: &Visit, person: &Resident, vaccine: &str) {
        let (unit, provider) = (self.unit, self.provider(person.own + 2));
        self.archive.row("EPI", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("VACCINETYPE", vaccine);
            row.set("VACCINEPLACE", &unit.hcode).set("PROVIDER", &provider);
        });
    }

    fn follow_up(&mut self, visit: &Visit, person: &Resident) {
        let (unit, own) = (self.unit, person.own);
        let mut rng = Rng::new(&[self.rng.next(), 6]);
        let (height, weight) = body(person, visit);
        // Some are well controlled for good, others never.
        let raised = if own % 10 < 4 { 18 } else { 0 };
        let provider = self.provider(own);
        let (high, low) = (rng.range(112, 138) + raised, rng.range(66, 86) + raised / 3);
        let (foot, retina) = (*rng.pick(&[1, 2, 2, 3]), *rng.pick(&[1, 8, 8, 8, 2]));
        self.archive.row("CHRONICFU", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).decimal("WEIGHT", weight, 1);
            row.set("HEIGHT", height).set("WAIST_CM", 70 + own % 35).set("SBP", high);
            row.set("DBP", low).set("FOOT", foot).set("RETINA", retina);
            row.set("PROVIDER", &provider).set("CHRONICFUPLACE", &unit.hcode);
        });
        let since = |day: Option<chrono::NaiveDate>| day.is_some_and(|d| d < self.month.first);
        let sweet = if raised > 0 { 45.0 } else { 0.0 };
        let mut tests = Vec::new();
        if since(person.diabetes) {
            tests.push(("03", 92.0 + sweet + rng.range(0, 60) as f64));
            if own % 6 == self.month.of_year() as u64 % 6 {
                tests.push(("05", 5.8 + sweet / 25.0 + rng.range(0, 20) as f64 / 10.0));
            }
        }
        if own % 12 == self.month.of_year() as u64 {
            tests.push(("07", rng.range(150, 260) as f64));
            tests.push(("06", rng.range(70, 290) as f64));
            tests.push(("08", rng.range(35, 70) as f64));
            tests.push(("09", rng.range(70, 170) as f64));
            tests.push(("11", rng.range(6, 18) as f64 / 10.0));
            tests.push(("15", rng.range(45, 110) as f64));
        }
        for (test, result) in tests {
            self.archive.row("LABFU", unit, Some(person), visit.written(), |row| {
                row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("LABTEST", test);
                row.decimal("LABRESULT", result, 2).set("LABPLACE", &unit.hcode);
                row.set("PROVIDER", &provider);
            });
        }
    }

    fn growth(&mut self, visit: &Visit, person: &Resident) {
        let (unit, provider) = (self.unit, self.provider(person.own));
        let f21 = self.province.standard == Standard::F21;
        let places = if f21 { 2 } else { 1 };
        let months = (visit.day - person.birth).num_days() / 30;
        let mut rng = Rng::new(&[self.rng.next(), 7]);
        let (height, weight) = child(months, person.own);
        let food = if months < 6 { 1 } else { 3 };
        self.archive.row("NUTRITION", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("AGEMONTH", months);
            row.set("NUTRITIONPLACE", &unit.hcode).decimal("WEIGHT", weight, places);
            row.decimal("HEIGHT", height, places).decimal(
                "HEADCIRCUM",
                34.0 + months as f64 * 0.2,
                1,
            );
            row.set("CHILDDEVELOP", rng.pick(&[1, 1, 1, 1, 1, 1, 2])).set("FOOD", food);
            row.set("BOTTLE", rng.range(1, 2)).set("NLEVEL", rng.pick(&[3, 3, 3, 3, 2, 4]));
            row.set("PROVIDER", &provider);
        });
    }

    fn family_planning(&mut self, visit: &Visit, person: &Resident) {
        let (unit, provider) = (self.unit, self.provider(person.own));
        let pill = person.method == 1;
        self.archive.row("FP", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("FPTYPE", person.method);
            row.set("DID", if pill { "OCP" } else { "DMPA" });
            row.set("AMOUNT", if pill { 3 } else { 1 }).set("FPPLACE", &unit.hcode);
            row.set("PROVIDER", &provider);
        });
    }

    fn teeth(&mut self, visit: &Visit, person: &Resident) {
        let (unit, provider) = (self.unit, self.provider(person.own + 1));
        let mut rng = Rng::new(&[self.rng.next(), 8]);
        let age = person.age(visit.day);
        let kind = match age {
            ..6 => 2,
            6..=14 => 3,
            60.. => 4,
            _ => 5,
        };
        let milk = if age < 6 { 20 } else { 0 };
        self.archive.row("DENTAL", unit, Some(person), visit.written(), |row| {
            row.set("SEQ", &visit.seq).date("DATE_SERV", visit.day).set("DENTTYPE", kind);
            row.set("SERVPLACE", 1).set("PTEETH", if age < 6 { 0 } else { 28 });
            row.set("PCARIES", rng.range(0, 4)).set("PFILLING", rng.range(0, 3));
            row.set("PEXTRACT", rng.range(0, 2)).set("DTEETH", milk);
            row.set("DCARIES", if milk > 0 { rng.range(0, 5) } else { 0 }).set("DFILLING", 0);
            row.set("DEXTRACT", 0).set("NEED_FLUORIDE", rng.range(1, 2));
            row.set("NEED_SCALING", rng.range(1, 2)).set("NEED_SEALANT", 0);
            row.set("NEED_PFILLING", rng.range(0, 3)).set("NEED_DFILLING", 0);
            row.set("NEED_PEXTRACT", 0).set("NEED_DEXTRACT", 0).set("NPROSTHESIS", 4);
            row.set("GUM", rng.range(0, 2)).set("PROVIDER", &provider);
            if kind == 3 {
                row.set("SCHOOLTYPE", 2).set("CLASS", (age - 5).clamp(1, 6));
            }
        });
    }

    /// Screening for diabetes and hypertension in the villages.
    pub(super) fn screening(&mut self) {
        let (unit, people) = (self.unit, self.people);
        for person in &people.persons {
            let age = person.age(self.month.first);
            let both = person.diabetes.is_some() && person.hypertension.is_some();
            let wanted = age >= 35 || (age >= 15 && person.own.is_multiple_of(4));
            // Who is registered here and lives elsewhere (TYPEAREA 2) is no target,
            // though some come along.
            let elsewhere = person.area == 2 && !person.own.is_multiple_of(3);
            if person.home.is_some() || both || !wanted || elsewhere || !self.screened_now(person) {
                continue;
            }
            let day = self.month.first + Days::new(person.own / 7 % 28);
            if !person.here(day) || day > self.month.last {
                continue;
            }
            let mut rng = Rng::new(&[self.rng.next(), 9]);
            let raised = if person.own.is_multiple_of(9) { 22 } else { 0 };
            let (high, low) = (rng.range(104, 134) + raised, rng.range(62, 84) + raised / 3);
            let height = if person.female { 148 } else { 160 } + (person.own % 17) as i64;
            let written = day.and_hms_opt(14, 5, 0).unwrap_or_default();
            let provider = self.provider(person.own);
            self.archive.row("NCDSCREEN", unit, Some(person), written, |row| {
                row.date("DATE_SERV", day).set("SERVPLACE", 2).set("SMOKE", 1 + person.own % 4);
                row.set("ALCOHOL", 1 + person.own % 3).set("DMFAMILY", 1 + person.own % 2);
                row.set("HTFAMILY", 2).decimal(
                    "WEIGHT",
                    45.0 + (person.own % 400) as f64 / 10.0,
                    1,
                );
                row.set("HEIGHT", height).set("WAIST_CM", 64 + person.own % 40);
                row.set("SBP_1", high).set("DBP_1", low).set("SBP_2", high - 2).set("DBP_2", low);
                row.decimal("BSLEVEL", 74.0 + rng.range(0, 45) as f64 + raised as f64, 2);
                row.set("BSTEST", 3).set("SCREENPLACE", &unit.hcode).set("PROVIDER", &provider);
            });
        }
    }
}

/// Height in centimetres and weight in kilograms of a grown-up.
fn body(person: &Resident, visit: &Visit) -> (i64, f64) {
    let base = if person.female { 147 } else { 159 };
    let height = base + (person.own % 18) as i64;
    let months = (visit.day - person.birth).num_days() / 30;
    let weight = 44.0 + (person.own / 18 % 380) as f64 / 10.0 + (months % 3) as f64 / 2.0;
    (height, weight)
}

/// Height and weight of a child by its age in months.
fn child(months: i64, own: u64) -> (f64, f64) {
    let m = months as f64;
    let own = (own % 100) as f64 / 100.0 - 0.5;
    let height = if m < 12.0 { 50.0 + 2.1 * m } else { 75.0 + 0.75 * (m - 12.0) };
    let weight = if m < 12.0 { 3.2 + 0.5 * m } else { 9.2 + 0.2 * (m - 12.0) };
    (height * (1.0 + own * 0.08), weight * (1.0 + own * 0.2))
}
