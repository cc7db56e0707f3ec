//! One archive being filled: rows go in, a zip and its line in the ledger
//! come out.

use std::io::{Cursor, Write as _};

use anyhow::Result;
use chrono::{Datelike, NaiveDateTime};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::expected_outcomes::{ArchiveEntry, ExpectedCounts};
use super::people::Resident;
use super::province::SampleUnit;
use super::spec::{SampleRow, Specs, stamp};
use super::style::{Empty, Style};
use crate::archive::Standard;
use crate::clock;

/// Rows of one file.
#[derive(Debug)]
pub struct FileRows {
    /// Columns written, as positions in the layout; none when the sender's
    /// program does not know the file.
    pub columns: Vec<usize>,
    text: String,
    counts: ExpectedCounts,
}

/// A row to send again with the next archive: file, values, round.
pub type Repeat = (usize, Vec<String>, i32);

/// What is done to the rows of an archive on their way in.
pub trait Defects: std::fmt::Debug {
    /// Puts a good row into the archive, as it is, with a defect, or beside rows
    /// that have one.
    fn treat(
        &mut self,
        archive: &mut ArchiveBuilder,
        file: usize,
        values: &[String],
        person: Option<&Resident>,
    );

    /// Ends an archive: repeats rows of the one before, and gives the rows that
    /// the next one must repeat.
    fn end_archive(&mut self, archive: &mut ArchiveBuilder, repeats: Vec<Repeat>) -> Vec<Repeat>;
}

/// An archive under construction.
#[derive(Debug)]
pub struct ArchiveBuilder<'a, 'c> {
    /// Files of the standard.
    pub specs: &'a Specs<'c>,
    /// The sender's habits.
    pub style: &'a Style,
    /// Time of sending.
    pub sent: NaiveDateTime,
    /// Round of that time.
    pub round: i32,
    /// Its line in the ledger.
    pub entry: ArchiveEntry,
    /// Rows by file, in the order of [`Specs::list`].
    pub sheets: Vec<FileRows>,
    defects: Option<&'a mut dyn Defects>,
}

/// `F43_HCODE_TIME`, the name of an archive without its end.
pub fn stem(standard: Standard, hcode: &str, sent: NaiveDateTime, buddhist: bool) -> String {
    let era = if buddhist { clock::BUDDHIST_ERA } else { 0 };
    let year = sent.year() + era;
    format!("{standard}_{hcode}_{year}{}", sent.format("%m%d%H%M%S"))
}

/// The ledger's line of an archive sent at a time.
pub fn entry(standard: Standard, hcode: &str, sent: NaiveDateTime, name: String) -> ArchiveEntry {
    ArchiveEntry {
        archive: name,
        standard: standard.to_string(),
        hcode: hcode.to_owned(),
        sent_at: clock::at_bangkok(sent).to_rfc3339(),
        round: clock::round_of(sent.date()),
        status: "accepted".to_owned(),
        ..ArchiveEntry::default()
    }
}

impl<'a, 'c> ArchiveBuilder<'a, 'c> {
    /// An empty archive.
    pub fn new(
        specs: &'a Specs<'c>,
        style: &'a Style,
        hcode: &str,
        sent: NaiveDateTime,
        defects: Option<&'a mut dyn Defects>,
    ) -> Self {
        let sheets = specs
            .list
            .iter()
            .map(|spec| FileRows {
                columns: style.columns(spec, specs.standard),
                text: String::new(),
                counts: ExpectedCounts::default(),
            })
            .collect();
        let name = format!("{}.zip", stem(specs.standard, hcode, sent, style.buddhist));
        Self {
            specs,
            style,
            sent,
            round: clock::round_of(sent.date()),
            entry: entry(specs.standard, hcode, sent, name),
            sheets,
            defects,
        }
    }

    /// Adds a row of a kind of record, unless the standard or the sender's
    /// program does not have the file.
    pub fn row(
        &mut self,
        record: &str,
        unit: &SampleUnit,
        person: Option<&Resident>,
        updated: NaiveDateTime,
        fill: impl FnOnce(&mut SampleRow),
    ) {
        let Some(at) = self.specs.at(record).filter(|at| !self.sheets[*at].columns.is_empty())
        else {
            return;
        };
        let mut row = SampleRow::new(&self.specs.list[at]);
        row.set("HOSPCODE", &unit.hcode);
        if let Some(person) = person {
            row.set("PID", &person.pid).set("CID", &person.cid);
        }
        row.set("D_UPDATE", stamp(updated.min(self.sent)));
        fill(&mut row);
        row.nine_characters();
        let values = row.values;
        match self.defects.take() {
            None => self.accept(at, &values, &[]),
            Some(defects) => {
                defects.treat(self, at, &values, person);
                self.defects = Some(defects);
            }
        }
    }

    /// The first row of each file, in the order of its layout.
    pub fn first_rows(&self) -> Vec<Option<Vec<String>>> {
        let first = |(at, sheet): (usize, &FileRows)| {
            let line = sheet.text.lines().next()?;
            let mut values = vec![String::new(); self.specs.list[at].layout.columns.len()];
            for (column, value) in sheet.columns.iter().zip(line.split('|')) {
                value.clone_into(&mut values[*column]);
            }
            Some(values)
        };
        self.sheets.iter().enumerate().map(first).collect()
    }

    /// Whether the file has rows that are validated.
    pub fn has_rows(&self, at: usize) -> bool {
        self.sheets[at].counts.received > 0
    }

    /// Writes a row that must be stored, with its warnings.
    pub fn accept(&mut self, at: usize, values: &[String], warnings: &[String]) {
        let on_time = self.on_time(at, values);
        self.line(at, values, "");
        let counts = &mut self.sheets[at].counts;
        counts.accepted += 1;
        counts.warned += u64::from(!warnings.is_empty());
        counts.on_time += u64::from(on_time);
        self.found(warnings);
    }

    /// Writes a row that must be rejected; `more` is put behind its fields.
    pub fn reject(&mut self, at: usize, values: &[String], codes: &[String], more: &str) {
        self.line(at, values, more);
        self.sheets[at].counts.rejected += 1;
        self.found(codes);
    }

    /// Writes a row whose key is taken.
    pub fn duplicate(&mut self, at: usize, values: &[String]) {
        self.line(at, values, "");
        self.sheets[at].counts.duplicate += 1;
        let code = self.specs.list[at].code("9299");
        self.entry.code(&code);
    }

    /// Ends the defects of the archive: rows that the archive before asked to
    /// repeat go in, and the rows that the next one must repeat come out.
    pub fn end_of_defects(&mut self, repeats: Vec<Repeat>) -> Vec<Repeat> {
        let Some(defects) = self.defects.take() else { return Vec::new() };
        let next = defects.end_archive(self, repeats);
        self.defects = Some(defects);
        next
    }

    fn found(&mut self, codes: &[String]) {
        for code in codes {
            self.entry.code(code);
        }
    }

    fn line(&mut self, at: usize, values: &[String], more: &str) {
        let spec = &self.specs.list[at];
        let sheet = &mut self.sheets[at];
        for (nth, column) in sheet.columns.iter().enumerate() {
            if nth > 0 {
                sheet.text.push('|');
            }
            sheet.text.push_str(&values[*column]);
        }
        debug_assert_eq!(values.len(), spec.layout.columns.len());
        sheet.text.push_str(more);
        if self.style.trailing {
            sheet.text.push('|');
        }
        sheet.text.push_str(self.style.end());
        sheet.counts.received += 1;
        if sheet.counts.received == 1 && self.style.blank_line {
            sheet.text.push_str(self.style.end());
        }
    }

    /// Sent within 30 days of the event.
    fn on_time(&self, at: usize, values: &[String]) -> bool {
        let day = self.specs.list[at].event.and_then(|event| values[event].get(..8));
        let day = day.and_then(|day| day.parse().ok()).and_then(clock::day_of_number);
        day.is_some_and(|day| (0..=30).contains(&(self.sent.date() - day).num_days()))
    }

    /// The archive's name without `.zip`.
    pub fn stem(&self) -> &str {
        self.entry.archive.trim_end_matches(".zip")
    }

    /// Members in the order of the archive: name and bytes.
    fn members(&self) -> Vec<(String, Vec<u8>)> {
        let mut members = Vec::new();
        for (at, sheet) in self.sheets.iter().enumerate() {
            let spec = &self.specs.list[at];
            let name = self.style.entry(self.stem(), &spec.layout.file);
            let header = if self.style.header && !sheet.columns.is_empty() {
                self.style.header_line(spec, &sheet.columns) + self.style.end()
            } else {
                String::new()
            };
            if sheet.counts.received > 0 {
                members.push((name, self.style.bytes(&format!("{header}{}", sheet.text))));
                continue;
            }
            match self.style.empty {
                _ if sheet.columns.is_empty() || spec.layout.optional => {}
                Empty::Absent => {}
                Empty::Header => members.push((name, self.style.bytes(&header))),
                Empty::Word => members.push((name, b"test\r\n".to_vec())),
            }
        }
        members
    }

    /// Ends the archive: its bytes and its line in the ledger.
    pub fn close(mut self) -> Result<(Vec<u8>, ArchiveEntry)> {
        let mut members = self.members();
        if self.style.extras {
            let folder =
                if self.style.folder { format!("{}/", self.stem()) } else { String::new() };
            members.push((format!("{folder}export_stat.xml"), b"<stat/>".to_vec()));
            members.push((format!("{folder}Thumbs.db"), vec![0xd0, 0xcf, 0x11, 0xe0]));
        }
        for (at, sheet) in self.sheets.iter().enumerate() {
            if sheet.counts.received > 0 {
                let file = self.specs.list[at].layout.file.clone();
                self.entry.files.insert(file, sheet.counts.clone());
            }
        }
        Ok((pack(&members)?, self.entry))
    }
}

/// Zips members; the same members always give the same bytes.
pub fn pack(members: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(5))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (name, bytes) in members {
        zip.start_file(name.as_str(), options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
