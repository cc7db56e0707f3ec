//! Patients in bed, deaths, and referrals between units.

use chrono::{Datelike, Days};

use super::emit::{RecordEmitter, Visit};
use super::people::Resident;
use super::province::stream;
use super::rng::{Rng, hash};
use super::visits::Care;
use crate::catalog::UNKNOWN_PLACE;

impl RecordEmitter<'_, '_, '_> {
    /// An admission that ends within the month.
    pub(super) fn admission(&mut self, visit: &Visit, person: &Resident, care: &Care, days: u64) {
        let mut rng = Rng::new(&[self.rng.next(), 10]);
        let (unit, province) = (self.unit, self.province);
        let an = visit.seq[..9].to_owned();
        let admitted = visit.at() + chrono::Duration::minutes(90);
        let left = (visit.day + Days::new(days)).and_hms_opt(10, 15, 0).unwrap_or_default();
        let written = left + chrono::Duration::minutes(60);
        let price = 1_200.0 * days as f64 + rng.range(200, 3_000) as f64;
        let own = person.right == "9100";
        let pays = if own { price } else { 0.0 };
        let provider = self.provider(person.own);
        let adult = person.age(visit.day) >= 15;
        self.archive.row("ADMISSION", unit, Some(person), written, |row| {
            row.set("SEQ", &visit.seq).set("AN", &an).time("DATETIME_ADMIT", admitted);
            row.set("WARDADMIT", "00110").set("INSTYPE", person.right).set("TYPEIN", 1);
            if adult {
                row.decimal("ADMITWEIGHT", 45.0 + (person.own % 350) as f64 / 10.0, 1);
                row.set("ADMITHEIGHT", 148 + person.own % 25);
            }
            row.time("DATETIME_DISCH", left).set("WARDDISCH", "00110").set("DISCHSTATUS", 2);
            row.set("DISCHTYPE", 1).decimal("COST", price * 0.6, 2).decimal("PRICE", price, 2);
            row.decimal("PAYPRICE", pays, 2).decimal("ACTUALPAY", pays, 2);
            row.set("PROVIDER", &provider).set("DRG", "04520");
            row.decimal("RW", 0.35 + days as f64 * 0.12, 4);
            row.decimal("ADJRW", 0.35 + days as f64 * 0.12, 4).set("ERROR", "0");
            row.set("WARNING", "0").set("ACTLOS", days).set("GROUPER_VERSION", "5.1.1");
        });
        for (nth, code) in care.diagnoses.iter().enumerate() {
            self.archive.row("DIAGNOSIS_IPD", unit, Some(person), written, |row| {
                row.set("AN", &an).time("DATETIME_ADMIT", admitted).set("WARDDIAG", "00110");
                row.set("DIAGTYPE", if nth == 0 { 1 } else { 2 }).set("DIAGCODE", code);
                row.set("PROVIDER", &provider);
            });
        }
        for key in ["ceft", "nss", "para"] {
            let drug = &province.words.drugs[province.words.drug(key)];
            self.archive.row("DRUG_IPD", unit, Some(person), written, |row| {
                row.set("AN", &an).time("DATETIME_ADMIT", admitted).set("WARDSTAY", "00110");
                row.set("TYPEDRUG", if key == "para" { 2 } else { 1 }).set("DIDSTD", &drug.code);
                row.set("DNAME", &drug.name).date("DATESTART", visit.day);
                row.date("DATEFINISH", left.date()).set("AMOUNT", drug.most * days as i64);
                row.set("UNIT", &drug.unit).set("UNIT_PACKING", &drug.packing);
                row.decimal("DRUGPRICE", drug.price, 2).decimal("DRUGCOST", drug.cost, 2);
                row.set("PROVIDER", &provider);
            });
        }
        for procedure in province.words.procedures_for("ipd") {
            if !rng.chance(0.6) {
                continue;
            }
            self.archive.row("PROCEDURE_IPD", unit, Some(person), written, |row| {
                row.set("AN", &an).time("DATETIME_ADMIT", admitted).set("WARDSTAY", "00110");
                row.set("PROCEDCODE", &procedure.code).time("TIMESTART", admitted);
                row.time("TIMEFINISH", admitted + chrono::Duration::minutes(20));
                row.decimal("SERVICEPRICE", procedure.price, 2).set("PROVIDER", &provider);
            });
        }
        for (item, share) in [("01", 0.3), ("03", 0.25), ("07", 0.15), ("12", 0.3)] {
            self.archive.row("CHARGE_IPD", unit, Some(person), written, |row| {
                row.set("AN", &an).time("DATETIME_ADMIT", admitted).set("WARDSTAY", "00110");
                row.set("CHARGEITEM", item).set("CHARGELIST", "000000").set("QUANTITY", days);
                row.set("INSTYPE", person.right).decimal("COST", price * share * 0.6, 2);
                row.decimal("PRICE", price * share, 2).decimal("PAYPRICE", pays * share, 2);
            });
        }
    }

    /// Deaths of the month, reported by the unit where the person lives.
    pub(super) fn deaths(&mut self) {
        let (unit, province, people) = (self.unit, self.province, self.people);
        for person in &people.persons {
            let Some(death) = person.death.filter(|death| self.month.has(*death)) else { continue };
            if person.home.is_some() {
                continue;
            }
            let age = person.age(death);
            let fits = province.words.causes.iter().map(|cause| {
                if cause.from_age <= age && age <= cause.to_age { cause.weight } else { 0 }
            });
            let mut rng = Rng::new(&[province.seed, stream::REGISTER, person.own, 3]);
            let cause = &province.words.causes[rng.weighted(fits)];
            let written = (death + Days::new(1)).and_hms_opt(9, 0, 0).unwrap_or_default();
            let in_hospital = rng.chance(0.45);
            let place = if in_hospital { self.main_unit() } else { UNKNOWN_PLACE.1 };
            self.archive.row("DEATH", unit, Some(person), written, |row| {
                row.set("HOSPDEATH", place).date("DDEATH", death).set("CDEATH_A", &cause.code);
                row.set("CDEATH", &cause.code).set("PDEATH", if in_hospital { 1 } else { 2 });
                row.set("PROVIDER", "P001");
            });
        }
    }

    /// A referral's number: both units work it out alike.
    fn referral_number(&self, person: &Resident) -> String {
        let drawn = hash(&[person.own, stream::REFER]) % 1_000_000;
        let year = (self.month.first.year() + crate::clock::BUDDHIST_ERA) % 100;
        format!("{year:02}{:02}{drawn:06}", self.month.first.month())
    }

    pub(super) fn refer_out(&mut self, visit: &Visit, person: &Resident, to: usize) {
        let (unit, province) = (self.unit, self.province);
        let number = self.referral_number(person);
        let to = &province.units[to].hcode;
        let (at, written) = (visit.at(), visit.written());
        let sent = at + chrono::Duration::minutes(40);
        let provider = self.provider(person.own);
        let drug = &province.words.drugs[province.words.drug("nss")];
        self.archive.row("REFER_HISTORY", unit, Some(person), written, |row| {
            row.set("REFERID", &number).set("REFERID_PROVINCE", &number).set("SEQ", &visit.seq);
            row.time("DATETIME_SERV", at).time("DATETIME_REFER", sent);
            row.set("CLINIC_REFER", "00100").set("HOSP_DESTINATION", to);
            row.set("HOSP9_DESTINATION", format_args!("EA00{to}"));
            row.set("CHIEFCOMP", "อาการไม่ดีขึ้น").set("DIAGFIRST", "สงสัยภาวะแทรกซ้อน");
            row.set("DIAGLAST", "ส่งพบแพทย์เพื่อวินิจฉัย").set("PSTATUS", "รู้สึกตัวดี");
            row.set("PTYPE", 1).set("EMERGENCY", 3 + person.own % 3).set("PTYPEDIS", "99");
            row.set("CAUSEOUT", 1).set("PROVIDER", &provider);
        });
        self.archive.row("CLINICAL_REFER", unit, None, written, |row| {
            row.set("REFERID", &number).time("DATETIME_ASSESS", at).set("CLINICALCODE", "010101");
            row.set("CLINICALNAME", "BT").decimal("CLINICALVAULE", 37.8, 2);
        });
        self.archive.row("INVESTIGATION_REFER", unit, None, written, |row| {
            row.set("REFERID", &number).time("DATETIME_INVEST", at).set("INVESTCODE", "050101");
            row.set("INVESTNAME", "DTX").time("DATETIME_REPORT", at);
            row.decimal("INVESTVALUE", 132.0, 2).set("INVESTRESULT", "132 mg/dL");
        });
        self.archive.row("DRUG_REFER", unit, None, written, |row| {
            row.set("REFERID", &number).time("DATETIME_DSTART", at).set("DIDSTD", &drug.code);
            row.set("DNAME", &drug.name).set("DDESCRIPTION", "80 ml/hr");
        });
        self.archive.row("PROCEDURE_REFER", unit, None, written, |row| {
            row.set("REFERID", &number).time("TIMESTART", at).set("PROCEDCODE", "9929");
            row.set("PROCEDURENAME", "IV line").set("PROVIDER", &provider);
        });
        self.archive.row("CARE_REFER", unit, None, written, |row| {
            row.set("REFERID", &number).set("CARETYPE", 3);
        });
    }

    pub(super) fn refer_in(&mut self, visit: &Visit, person: &Resident, from: usize) {
        let (unit, province) = (self.unit, self.province);
        let number = self.referral_number(person);
        let from = &province.units[from].hcode;
        self.archive.row("REFER_RESULT", unit, Some(person), visit.written(), |row| {
            row.set("REFERID_SOURCE", &number).set("REFERID_PROVINCE", &number);
            row.set("HOSP_SOURCE", from).set("HOSP9_SOURCE", format_args!("EA00{from}"));
            row.set("REFER_RESULT", 1).time("DATETIME_IN", visit.at()).set("PID_IN", &person.pid);
        });
    }
}
