//! Small F43 archives made at test time: persons with one visit and one
//! diagnosis each. All of it is made up.

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Persons of a unit, numbered from `first`.
#[derive(Debug, Clone, Copy)]
pub struct Parcel {
    pub hcode: &'static str,
    pub first: u32,
    pub persons: u32,
}

/// How a parcel is packed: the rows are the same, the bytes are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    Deflated,
    Stored,
}

impl Parcel {
    pub fn new(hcode: &'static str, first: u32, persons: u32) -> Self {
        Self { hcode, first, persons }
    }

    /// Rows in all its files.
    pub fn rows(&self) -> u64 {
        u64::from(self.persons) * 3
    }

    /// A sound archive.
    pub fn zip(&self) -> Vec<u8> {
        self.packed(Packing::Deflated)
    }

    pub fn packed(&self, packing: Packing) -> Vec<u8> {
        zip(&self.members(), packing)
    }

    /// The same archive with a member that is not text beside the others, so
    /// that the archive is taken in part.
    pub fn zip_in_part(&self) -> Vec<u8> {
        let mut members = self.members();
        members.push(("DEATH.txt", "HOSPCODE|PID\r\n\0|\0\r\n".to_owned()));
        zip(&members, Packing::Deflated)
    }

    /// Visits of persons whom nobody has sent.
    pub fn zip_without_persons(&self) -> Vec<u8> {
        let members: Vec<_> =
            self.members().into_iter().filter(|(name, _)| *name != "PERSON.txt").collect();
        zip(&members, Packing::Deflated)
    }

    /// The persons alone, who are sent before their visits.
    pub fn zip_of_persons(&self) -> Vec<u8> {
        let members: Vec<_> =
            self.members().into_iter().filter(|(name, _)| *name == "PERSON.txt").collect();
        zip(&members, Packing::Deflated)
    }

    /// The values of rows that must never be seen in a log.
    pub fn secrets(&self) -> Vec<String> {
        self.numbers().flat_map(|n| [cid(n), pid(n), given_name(n), family_name(n)]).collect()
    }

    fn numbers(&self) -> std::ops::Range<u32> {
        self.first..self.first + self.persons
    }

    fn members(&self) -> Vec<(&'static str, String)> {
        let h = self.hcode;
        let mut person =
            "HOSPCODE|CID|PID|PRENAME|NAME|LNAME|SEX|BIRTH|NATION|TYPEAREA|D_UPDATE\r\n".to_owned();
        let mut service = "HOSPCODE|PID|SEQ|DATE_SERV|INSTYPE|TYPEIN|SERVPLACE|TYPEOUT|PRICE|PAYPRICE|ACTUALPAY|D_UPDATE\r\n".to_owned();
        let mut diagnosis =
            "HOSPCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|CLINIC|D_UPDATE\r\n".to_owned();
        for n in self.numbers() {
            let (pid, cid, day) = (pid(n), cid(n), 1 + n % 27);
            let (name, family) = (given_name(n), family_name(n));
            let _ = writeln!(
                person,
                "{h}|{cid}|{pid}|003|{name}|{family}|1|19800115|099|1|20131220083000\r"
            );
            let _ = writeln!(
                service,
                "{h}|{pid}|{n}|201312{day:02}|0100|1|1|1|120.00|0.00|0.00|20131220083000\r"
            );
            let _ =
                writeln!(diagnosis, "{h}|{pid}|{n}|201312{day:02}|1|J00|00100|20131220083000\r");
        }
        vec![("PERSON.txt", person), ("SERVICE.txt", service), ("DIAGNOSIS_OPD.txt", diagnosis)]
    }
}

/// What nobody can read as a zip.
pub fn broken() -> Vec<u8> {
    b"this was a zip once; a bad cable made this of it".repeat(20)
}

pub fn zip(members: &[(&str, String)], packing: Packing) -> Vec<u8> {
    let method = match packing {
        Packing::Deflated => CompressionMethod::Deflated,
        Packing::Stored => CompressionMethod::Stored,
    };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn pid(n: u32) -> String {
    format!("7{n:08}1")
}

/// A citizen ID with a right check digit.
fn cid(n: u32) -> String {
    let body = format!("3900{n:08}");
    let sum: u32 = body.bytes().zip((2..=13).rev()).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", (11 - sum % 11) % 10)
}

fn given_name(n: u32) -> String {
    format!("ทดสอบชื่อ{n}")
}

fn family_name(n: u32) -> String {
    format!("ทดสอบสกุล{n}")
}
