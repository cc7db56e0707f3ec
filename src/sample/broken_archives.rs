//! Broken archives and broken members, one of every kind. They are archives
//! of their own with times of their own, beside those of the months.

use anyhow::Result;
use chrono::{Duration, NaiveDateTime};

use super::archive_builder::{self, stem};
use super::defects::DefectInjector;
use super::expected_outcomes::{ArchiveEntry, ExpectedCounts};
use super::spec::{SampleRow, Spec, Specs, stamp};
use super::zip_writer::{self, Whole, ZipEntry};

/// An archive to write: file name, bytes, line in the ledger.
pub type BrokenArchive = (String, Vec<u8>, ArchiveEntry);

/// Kinds of broken archives. The names say what is wrong.
const KINDS: [&str; 38] = [
    "A01 cut short",
    "A01 no zip",
    "A02 encrypted",
    "A02 one name twice",
    "A02 bytes after",
    "A02 bytes before",
    "A02 crc",
    "A02 parent path",
    "A02 absolute path",
    "A02 symlink",
    "A02 nested",
    "A02 method",
    "A02 local name",
    "A02 count",
    "A02 disk",
    "A02 overlap",
    "A02 one file twice",
    "A03 ratio",
    "A04 no time",
    "A04 other letters",
    "A05 unknown",
    "A06 month 13",
    "A06 future",
    "A07 no member",
    "A07 both standards",
    "M01 columns",
    "M02 unknown column",
    "M03 no column",
    "M04 column twice",
    "M05 nul",
    "M05 encoding",
    "M06 alone",
    "M06 with a broken one",
    "M06 with an empty one",
    "M07 other name",
    "M08 long line",
    "M02 nothing left",
    "M06 nothing left",
];

/// Makes broken archives.
#[derive(Debug)]
pub struct Breaker<'a, 'c> {
    /// Files of the standard.
    pub specs: &'a Specs<'c>,
    /// Gives numbers to made-up persons.
    pub injector: &'a mut DefectInjector,
    /// The sender's code.
    pub hcode: &'a str,
}

/// The kinds whose turn it is at the `nth` of `count` senders.
pub fn kinds(nth: usize, count: usize) -> Vec<&'static str> {
    KINDS.iter().enumerate().filter(|(at, _)| at % count == nth % count).map(|(_, k)| *k).collect()
}

struct BrokenMember {
    name: String,
    bytes: Vec<u8>,
}

impl Breaker<'_, '_> {
    /// One broken archive sent at a time.
    pub fn make(&mut self, kind: &str, sent: NaiveDateTime) -> Result<BrokenArchive> {
        let (code, what) = kind.split_at(3);
        let name = self.name(what.trim(), sent);
        let mut entry = archive_builder::entry(self.specs.standard, self.hcode, sent, name.clone());
        if ["A04", "A05", "A06"].contains(&code) {
            entry.sent_at = String::new();
        }
        if code.starts_with('A') {
            entry.problem(code, "");
            "broken".clone_into(&mut entry.status);
            let bytes = self.archive(what.trim(), sent)?;
            return Ok((name, bytes, entry));
        }
        let members = self.members(code, what.trim(), sent, &mut entry)?;
        let left = !entry.files.is_empty();
        if left { "partial" } else { "broken" }.clone_into(&mut entry.status);
        let members: Vec<_> = members.into_iter().map(|m| (m.name, m.bytes)).collect();
        Ok((name, archive_builder::pack(&members)?, entry))
    }

    fn name(&self, what: &str, sent: NaiveDateTime) -> String {
        let (standard, hcode) = (self.specs.standard, self.hcode);
        let stem = match what {
            "no time" => format!("{standard}_{hcode}"),
            "other letters" => stem(standard, hcode, sent, true).replace('_', "-"),
            "unknown" => stem(standard, "99999", sent, false),
            "month 13" => format!("{standard}_{hcode}_25561301{}", sent.format("%H%M%S")),
            "future" => format!("{standard}_{hcode}_2742{}", sent.format("%m%d%H%M%S")),
            _ => stem(standard, hcode, sent, false),
        };
        format!("{stem}.zip")
    }

    fn archive(&mut self, what: &str, sent: NaiveDateTime) -> Result<Vec<u8>> {
        let (text, _) = self.persons(1, sent);
        let person = ZipEntry::new("PERSON.txt", text.as_bytes());
        let change = |change: fn(&mut ZipEntry)| {
            let mut entry = person.clone();
            change(&mut entry);
            zip_writer::zip(&[entry], &Whole::default())
        };
        let whole =
            |whole: Whole| zip_writer::zip(&[person.clone(), ZipEntry::new("x.xml", b"x")], &whole);
        Ok(match what {
            "cut short" => {
                let bytes = archive_builder::pack(&[("PERSON.txt".to_owned(), text.into_bytes())])?;
                bytes[..bytes.len() * 2 / 3].to_vec()
            }
            "no zip" => b"Rar!\x1a\x07\x00 this is another kind of archive".repeat(9),
            "encrypted" => change(|entry| entry.flags = 1),
            "one name twice" => zip_writer::zip(&[person.clone(), person], &Whole::default()),
            "bytes after" => whole(Whole { after: b"more".to_vec(), ..Whole::default() }),
            "bytes before" => whole(Whole { before: b"MZ stub".to_vec(), ..Whole::default() }),
            "crc" => change(|entry| entry.crc_off = 1),
            "parent path" => change(|entry| {
                "../PERSON.txt".clone_into(&mut entry.name);
                "../PERSON.txt".clone_into(&mut entry.local_name);
            }),
            "absolute path" => change(|entry| {
                "/PERSON.txt".clone_into(&mut entry.name);
                "/PERSON.txt".clone_into(&mut entry.local_name);
            }),
            "symlink" => change(|entry| entry.mode = 0o120_777),
            "nested" => {
                let inner = zip_writer::zip(std::slice::from_ref(&person), &Whole::default());
                zip_writer::zip(&[person, ZipEntry::new("more.zip", &inner)], &Whole::default())
            }
            "method" => change(|entry| entry.method = 12),
            "local name" => change(|entry| "PERSOM.txt".clone_into(&mut entry.local_name)),
            "count" => whole(Whole { count_off: 1, ..Whole::default() }),
            "disk" => whole(Whole { disk: 1, ..Whole::default() }),
            "overlap" => whole(Whole { overlap: true, ..Whole::default() }),
            "one file twice" => {
                let again = ZipEntry::new("old/person.txt", text.as_bytes());
                zip_writer::zip(&[person, again], &Whole::default())
            }
            "ratio" => {
                let row = "a".repeat(4_095) + "\n";
                let members = [("HOME.txt".to_owned(), row.repeat(1_200).into_bytes())];
                archive_builder::pack(&members)?
            }
            "no member" => {
                zip_writer::zip(&[ZipEntry::new("export_stat.xml", b"<x/>")], &Whole::default())
            }
            "both standards" => {
                let twin = |name| ZipEntry::new(name, b"test\r\n");
                zip_writer::zip(
                    &[person, twin("DIAG.txt"), twin("DIAGNOSIS_OPD.txt")],
                    &Whole::default(),
                )
            }
            _ => zip_writer::zip(&[person], &Whole::default()),
        })
    }

    /// The members of an archive of which some are broken.
    fn members(
        &mut self,
        code: &str,
        what: &str,
        sent: NaiveDateTime,
        entry: &mut ArchiveEntry,
    ) -> Result<Vec<BrokenMember>> {
        let mut members = Vec::new();
        if what != "nothing left" {
            let (text, rows) = self.persons(3, sent);
            let counts =
                ExpectedCounts { received: rows, accepted: rows, ..ExpectedCounts::default() };
            entry.files.insert("PERSON".to_owned(), counts);
            members.push(BrokenMember { name: "PERSON.txt".to_owned(), bytes: text.into_bytes() });
        }
        if code == "M06" {
            self.incomplete(what, sent, entry, &mut members)?;
            return Ok(members);
        }
        let spec = self.spec("NUTRITION")?;
        let file = format!("{}.txt", spec.layout.file);
        let header = header(spec, &[]);
        let row = self.row(spec, sent);
        let line = line(&row);
        let hcode = self.hcode;
        let bytes: Vec<u8> = match what {
            "columns" => format!("{hcode}|1|2\r\n{hcode}|3|4\r\n").into_bytes(),
            "unknown column" | "nothing left" => {
                format!("{header}|HEIGTH_CM\r\n{line}|1\r\n").into_bytes()
            }
            "no column" => {
                let pid = spec.person.unwrap_or(1);
                let mut short = row.values.clone();
                short.remove(pid);
                let header = super::broken_archives::header(spec, &[pid]);
                format!("{header}\r\n{}\r\n", short.join("|")).into_bytes()
            }
            "column twice" => format!("{header}|PID\r\n{line}|1\r\n").into_bytes(),
            "nul" => format!("{header}\r\n{line}\0\r\n").into_bytes(),
            "encoding" => {
                let mut bytes = format!("{header}\r\n").into_bytes();
                // 0x81 is no character of Windows-874, and no UTF-8 here.
                bytes.extend([0xa1, 0x81, 0xff, 0xfe]);
                bytes.extend(format!("{line}\r\n").bytes());
                bytes
            }
            "long line" => format!("{header}\r\n{line}{}\r\n", "x".repeat(70_000)).into_bytes(),
            _ => format!("{header}\r\n{line}\r\n").into_bytes(),
        };
        let name = if code == "M07" { "NUTRITIONS.txt".to_owned() } else { file };
        entry.problem(code, &name);
        members.push(BrokenMember { name, bytes });
        Ok(members)
    }

    /// Files of visits that were not sent together.
    fn incomplete(
        &mut self,
        what: &str,
        sent: NaiveDateTime,
        entry: &mut ArchiveEntry,
        members: &mut Vec<BrokenMember>,
    ) -> Result<()> {
        for record in ["SERVICE", "DIAGNOSIS_OPD", "DRUG_OPD", "PROCEDURE_OPD"] {
            let spec = self.spec(record)?;
            let name = format!("{}.txt", spec.layout.file);
            let row = self.row(spec, sent);
            let header = header(spec, &[]);
            let good = format!("{header}\r\n{}\r\n", line(&row));
            let text = match (what, record) {
                ("with a broken one", "DIAGNOSIS_OPD") => {
                    entry.problem("M02", &name);
                    format!("{header}|DIAGCOD\r\n{}|J00\r\n", line(&row))
                }
                ("with an empty one", "DIAGNOSIS_OPD") => format!("{header}\r\n"),
                (_, "DIAGNOSIS_OPD") => continue,
                _ => {
                    entry.problem("M06", &name);
                    good
                }
            };
            members.push(BrokenMember { name, bytes: text.into_bytes() });
        }
        Ok(())
    }

    fn spec(&self, record: &str) -> Result<&Spec<'_>> {
        let at = self.specs.at(record);
        at.map(|at| &self.specs.list[at])
            .ok_or_else(|| anyhow::anyhow!("the standard has no {record}"))
    }

    /// A row with something in the columns that most files share; it is never
    /// validated, since its member is broken.
    fn row<'s>(&self, spec: &'s Spec<'s>, sent: NaiveDateTime) -> SampleRow<'s, 's> {
        let mut row = SampleRow::new(spec);
        let day = sent.date();
        row.set("HOSPCODE", self.hcode).set("PID", "000001").set("SEQ", "560100001");
        row.date("DATE_SERV", day).set("D_UPDATE", stamp(sent));
        row
    }

    /// PERSON with a header and so many made-up persons.
    fn persons(&mut self, count: u64, sent: NaiveDateTime) -> (String, u64) {
        let Some(at) = self.specs.at("PERSON") else { return (String::new(), 0) };
        let spec = &self.specs.list[at];
        let newest = spec.layout.versions.last().map(|version| version.columns.clone());
        let columns = newest.unwrap_or_default();
        let skip: Vec<usize> =
            (0..spec.layout.columns.len()).filter(|at| !columns.contains(at)).collect();
        let mut text = header(spec, &skip) + "\r\n";
        for _ in 0..count {
            let (pid, cid) = self.injector.make_up();
            let mut row = SampleRow::new(spec);
            row.set("HOSPCODE", self.hcode).set("PID", pid).set("CID", cid).set("PRENAME", "003");
            row.set("NAME", "สมชาย").set("LNAME", "ใจดี").set("SEX", 1).set("BIRTH", 19_800_115);
            row.set("NATION", "099").set("TYPEAREA", 1);
            row.set("D_UPDATE", stamp(sent - Duration::days(1)));
            row.nine_characters();
            let fields: Vec<&str> = columns.iter().map(|at| row.values[*at].as_str()).collect();
            text += &fields.join("|");
            text += "\r\n";
        }
        (text, count)
    }
}

/// Header line with the names of the standard, some columns left out.
fn header(spec: &Spec, skip: &[usize]) -> String {
    let names: Vec<&str> = spec
        .layout
        .columns
        .iter()
        .enumerate()
        .filter(|(at, _)| !skip.contains(at))
        .map(|(_, column)| column.name.as_str())
        .collect();
    names.join("|")
}

fn line(row: &SampleRow) -> String {
    row.values.join("|")
}
