//! Points, written from the slides: every item, window, edge and step.

mod births;
mod items;
mod late;
mod persons;
mod properties;
mod registers;
mod registry;
mod rulebook;
mod state;

use std::collections::BTreeMap;
use std::path::Path;

use khlang::score::{
    AsOf, FigureRef, Points, Rulebook, Rulebooks, ScoredRow, contributing_rows, points,
};

use crate::support::case::zipped;
use crate::support::lab::{Lab, environment, total};

/// After all that is scored; archives may be of any day before it.
const NOW: &str = "2014-12-31T12:00:00+07:00";

/// A main unit (a community hospital) and a health-promotion hospital.
const HOSPITAL: &str = "10670";
const CENTRE: &str = "04001";

/// Header lines that are enough for a row of each file.
const HEADERS: [(&str, &str); 24] = [
    ("PERSON", "PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|NATION|DISCHAR|DDISCH|D_UPDATE"),
    ("DEATH", "PCUCODE|PID|DDEATH|CDEATH|D_UPDATE"),
    ("CHRONIC", "PCUCODE|PID|DATEDX|CHRONIC|TYPEDIS|D_UPDATE"),
    ("SERVICE", "PCUCODE|PID|SEQ|DATE_SERV|PRICE|INSTYPE|PAY|REFEROUT|D_UPDATE"),
    ("DIAG", "PCUCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE|CLINIC"),
    ("DRUG", "PCUCODE|PID|SEQ|DATE_SERV|DID|AMOUNT|DRUGPRIC|DRUGCOST|DIDSTD|D_UPDATE"),
    ("PROCED", "PCUCODE|PID|SEQ|DATE_SERV|PROCED|D_UPDATE|CLINIC"),
    ("CHRONICFU", "PCUCODE|PID|SEQ|DATE_SERV|WEIGHT|HEIGHT|WAIST_CM|SBP|DBP|FOOT|RETINA|D_UPDATE"),
    ("LABFU", "PCUCODE|PID|SEQ|DATE_SERV|LABTEST|LABRESULT|D_UPDATE"),
    ("EPI", "PCUCODE|PID|SEQ|DATE_SERV|VCCTYPE|VCCPLACE|D_UPDATE|CID"),
    ("FP", "PCUCODE|PID|SEQ|DATE_SERV|FPTYPE|DID|AMOUNT|FPPLACE|D_UPDATE"),
    ("ANC", "PCUCODE|PID|SEQ|DATE_SERV|APLACE|GRAVIDA|ANCNO|GA|ANCRES|D_UPDATE"),
    ("MCH", "PCUCODE|PID|GRAVIDA|BDATE|BRESULT|LBORN|SBORN|PPCARE1|PPCARE2|PPRES|BHOSP|D_UPDATE"),
    ("PP", "PCUCODE|PID|MPID|GRAVIDA|BDATE|BWEIGHT|BCARE1|BCARE2|BCRES|BHOSP|D_UPDATE"),
    ("SURVEIL", "PCUCODE|PID|SEQ|DATE_SERV|DIAGCODE|CODE506|ILLDATE|D_UPDATE"),
    (
        "NCDSCREEN",
        "PCUCODE|PID|SEQ|DATE_SERV|SERVPLACE|WEIGHT|HEIGHT|WAIST_CM|SBP_1|DBP_1|D_UPDATE",
    ),
    ("NUTRI", "PCUCODE|PID|SEQ|DATE_SERV|AGEMONTH|WEIGHT|HEIGHT|D_UPDATE"),
    ("LABOR", "HOSPCODE|PID|GRAVIDA|LMP|BDATE|BRESULT|BPLACE|BTYPE|BDOCTOR|LBORN|SBORN|D_UPDATE"),
    ("POSTNATAL", "HOSPCODE|PID|GRAVIDA|BDATE|PPCARE|PPRESULT|D_UPDATE"),
    ("NEWBORN", "HOSPCODE|PID|MPID|GRAVIDA|BDATE|BIRTHNO|BWEIGHT|ASPHYXIA|VITK|TSH|D_UPDATE"),
    ("NEWBORNCARE", "HOSPCODE|PID|BDATE|BCARE|BCARERESULT|FOOD|D_UPDATE"),
    (
        "PERSON43",
        "HOSPCODE|CID|PID|PRENAME|NAME|LNAME|SEX|BIRTH|NATION|DISCHARGE|TYPEAREA|D_UPDATE",
    ),
    (
        "SERVICE43",
        "HOSPCODE|PID|SEQ|DATE_SERV|INSTYPE|TYPEIN|SERVPLACE|TYPEOUT|PRICE|PAYPRICE|ACTUALPAY|D_UPDATE",
    ),
    ("DIAGNOSIS_OPD", "HOSPCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|CLINIC|D_UPDATE"),
];

/// When every record was changed last.
const CHANGED: &str = "20120701120000";

/// A citizen ID with a right check digit.
fn cid(number: u32) -> String {
    let body = format!("1{number:011}");
    let sum: u32 = body.bytes().zip((2..=13).rev()).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", (11 - sum % 11) % 10)
}

/// A person of the hospital, as PERSON says it; `pid` is also the number of
/// the citizen ID.
#[derive(Debug, Clone)]
struct Person {
    unit: &'static str,
    pid: u32,
    cid: String,
    sex: u8,
    birth: &'static str,
    area: &'static str,
    nation: &'static str,
    discharge: &'static str,
}

impl Person {
    fn new(pid: u32) -> Self {
        Self {
            unit: HOSPITAL,
            pid,
            cid: cid(pid),
            sex: 2,
            birth: "19850520",
            area: "1",
            nation: "099",
            discharge: "9|",
        }
    }

    fn row(&self) -> String {
        let Self { unit, pid, cid, sex, birth, area, nation, discharge } = self;
        format!("{unit}|{cid}|{pid}|ก|{sex}|{birth}|{area}|{nation}|{discharge}|{CHANGED}")
    }
}

/// A row of a file of the 21, of person 1 of the hospital, on a day; the unit
/// is put before it and the time of change where `$` stands.
fn row(unit: &str, rest: &str) -> String {
    format!("{unit}|{}", rest.replace('$', CHANGED))
}

/// Members of an archive from rows by file.
fn archive(files: &[(&str, Vec<String>)]) -> Vec<u8> {
    let members: Vec<(String, String)> = files
        .iter()
        .map(|(file, rows)| {
            let (_, header) = HEADERS.iter().find(|(name, _)| name == file).unwrap();
            let name = format!("{}.txt", file.trim_end_matches("43"));
            (name, format!("{header}\n{}\n", rows.join("\n")))
        })
        .collect();
    zipped(&members)
}

/// A store into which archives are loaded whose rows are all right.
struct Scene(Lab);

impl Scene {
    fn new() -> Self {
        Self(Lab::new().at(NOW))
    }

    /// Sends an archive of the 21 files of the hospital on a day (`YYYYMMDD`,
    /// or with a time).
    fn send(&mut self, sent: &str, files: &[(&str, Vec<String>)]) -> i64 {
        self.send_as(HOSPITAL, "F21", sent, files)
    }

    fn send_as(
        &mut self,
        unit: &str,
        standard: &str,
        sent: &str,
        files: &[(&str, Vec<String>)],
    ) -> i64 {
        let time = if sent.len() == 8 { format!("{sent}090000") } else { sent.to_owned() };
        let name = format!("{standard}_{unit}_{time}.zip");
        let submission = self.0.load(&name, &archive(files));
        assert!(submission.problems.is_empty(), "{:?}", submission.problems);
        assert_eq!(total(&submission).rejected, 0, "{:?}", submission.findings);
        submission.id.unwrap()
    }

    fn points(&self) -> Points {
        self.points_as_of(None)
    }

    fn points_as_of(&self, as_of: Option<i64>) -> Points {
        let reader = self.0.reader();
        let as_of = AsOf::find(&reader, as_of).unwrap();
        points(&reader, &book(), &environment().units, as_of).unwrap()
    }

    /// All points of a unit, by item, only where there are any.
    fn of(&self, unit: &str) -> BTreeMap<String, String> {
        summed(&self.points(), unit)
    }

    /// Points of the hospital for an item.
    fn item(&self, item: &str) -> String {
        of_item(&self.points(), HOSPITAL, item)
    }

    fn rows(&self, unit: &str, item: &str) -> Vec<ScoredRow> {
        let reader = self.0.reader();
        let book = book();
        let as_of = AsOf::find(&reader, None).unwrap().submission;
        let item = book.item(item).unwrap();
        let figure = FigureRef { hcode: unit, item, month: None, as_of };
        let environment = environment();
        contributing_rows(&reader, &book, &environment.units, &environment.catalog, &figure)
            .unwrap()
    }
}

fn summed(points: &Points, unit: &str) -> BTreeMap<String, String> {
    let items = points.units.get(unit).into_iter().flat_map(BTreeMap::keys);
    items.map(|item| (item.clone(), of_item(points, unit, item))).collect()
}

fn of_item(points: &Points, unit: &str, item: &str) -> String {
    format!("{:.2}", points.sum(unit, item, None).points)
}

/// The rulebook that is shipped.
fn book() -> Rulebook {
    Rulebooks::open(Path::new("/nonexistent")).rulebook(2557).unwrap()
}

/// An archive about person 1, sent on a day, and what an item is then worth.
fn worth(item: &str, sent: &str, person: &Person, files: &[(&str, Vec<String>)]) -> String {
    let mut scene = Scene::new();
    let mut all = vec![("PERSON", vec![person.row()])];
    all.extend(files.iter().cloned());
    scene.send(sent, &all);
    scene.item(item)
}
