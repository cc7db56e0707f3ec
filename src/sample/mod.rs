//! `khlang sample`: a believable province, written as the archives that its
//! units would send. The same arguments give the same bytes.
//!
//! The sample is also the oracle of the tests: with defects it says in its
//! ledger what must come of every archive, and to stay a witness it never
//! asks the validator. It is no model of any real place or person.

mod archive_builder;
mod args;
mod broken_archives;
mod citizen;
mod community;
mod defects;
mod emit;
mod expected_outcomes;
mod faults;
mod inpatient;
mod maternal;
mod people;
mod planned;
mod planted;
mod province;
mod registers;
mod rng;
mod spec;
mod style;
mod visits;
mod words;
mod zip_writer;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::{Duration, NaiveDate, NaiveDateTime};
use serde::Serialize;

use crate::catalog::Catalog;
use crate::files;
use archive_builder::{ArchiveBuilder, Defects};
pub use args::SampleArgs;
use defects::DefectInjector;
use emit::RecordEmitter;
pub use expected_outcomes::{
    ArchiveEntry, ExpectedCounts, ExpectedProblem, Ledger, Planted, Totals,
};
use people::People;
use province::SampleProvince;
use spec::Specs;
use style::Style;
use words::WordLists;

/// The first month of service unless told: January 2556, so that a year of
/// months has archives in two rounds.
pub fn default_start() -> NaiveDate {
    NaiveDate::from_ymd_opt(2013, 1, 1).unwrap_or_default()
}

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct SampleSummary {
    /// Archives written.
    pub archives: u64,
    /// Bytes of all archives.
    pub bytes: u64,
    /// Rows in archives that are not broken.
    pub rows: u64,
    /// Units.
    pub units: u64,
    /// Lines of the population registry.
    pub registry: u64,
    /// Row codes that no row got because the sample was too small for them.
    pub faults_left: Vec<String>,
}

/// Writes the sample: the archives, `units.csv`, `population.csv` and
/// `ledger.json` below `args.dir`.
///
/// # Errors
/// Errors of the file system, and word lists that cannot be read, which is a bug.
pub fn generate(args: &SampleArgs, catalog: &Catalog) -> Result<SampleSummary> {
    generate_with(args, catalog, false)
}

/// The same; with `audit`, what audits look for is there too, once a rule, and
/// the ledger tells where.
///
/// # Errors
/// Errors of the file system, and word lists that cannot be read, which is a bug.
pub fn generate_with(args: &SampleArgs, catalog: &Catalog, audit: bool) -> Result<SampleSummary> {
    let province = SampleProvince::new(args, WordLists::load()?)?;
    let specs = Specs::new(catalog, province.standard);
    let mut injector =
        province.defects.then(|| DefectInjector::new(catalog, &specs, &province, args.defects));
    let archives = args.dir.clone();
    std::fs::create_dir_all(&archives)
        .with_context(|| format!("cannot make {}", archives.display()))?;
    let mut writer = Writer { archives, ledger: Ledger::default(), count: 0, bytes: 0 };
    let mut registry = csv::Writer::from_writer(Vec::new());
    registry.write_record(["cid", "hcode", "hmain", "scheme"])?;
    let mut listed = 0;
    let senders: Vec<usize> =
        (0..province.units.len()).filter(|at| !province.sent_by(*at).is_empty()).collect();
    for (nth, sender) in senders.iter().enumerate() {
        let people: Vec<(usize, People)> = province
            .sent_by(*sender)
            .into_iter()
            .map(|at| (at, people::people_of_unit(&province, at)))
            .collect();
        for (at, people) in &people {
            listed += list_people(&province, *at, people, &mut registry)?;
        }
        let mut entries =
            months(&province, &specs, *sender, &people, injector.as_mut(), &mut writer)?;
        if let Some(injector) = injector.as_mut() {
            let kinds = broken_archives::kinds(nth, senders.len());
            entries.extend(broken(&province, &specs, *sender, &kinds, injector, &mut writer)?);
        }
        writer.ledger.add(entries);
    }
    if audit {
        listed += plant(&province, &specs, &mut writer, &mut registry)?;
    }
    whole(&args.dir.join("units.csv"), &units_csv(&province)?)?;
    whole(&args.dir.join("population.csv"), &registry.into_inner()?)?;
    whole(&args.dir.join("ledger.json"), &serde_json::to_vec_pretty(&writer.ledger)?)?;
    Ok(SampleSummary {
        archives: writer.count,
        bytes: writer.bytes,
        rows: writer.ledger.totals.rows.received,
        units: province.units.len() as u64,
        registry: listed,
        faults_left: injector.map_or_else(Vec::new, |injector| injector.left(&specs)),
    })
}

/// Writes what audits have to find; gives how many it listed in the registry.
fn plant(
    province: &SampleProvince,
    specs: &Specs,
    writer: &mut Writer,
    registry: &mut csv::Writer<Vec<u8>>,
) -> Result<u64> {
    let mut sent: BTreeMap<(String, String), u64> = BTreeMap::new();
    for entry in &writer.ledger.archives {
        for (file, counts) in &entry.files {
            *sent.entry((entry.hcode.clone(), file.clone())).or_default() += counts.received;
        }
    }
    let style = Style::new(province.seed, 0, province.standard);
    let grown = planted::plant(province, specs, &style, &sent)?;
    for line in &grown.listed {
        registry.write_record(line)?;
    }
    for (bytes, entry) in grown.archives {
        writer.write(&entry.archive, &bytes)?;
        writer.ledger.add(vec![entry]);
    }
    writer.ledger.audit = grown.planted;
    Ok(grown.listed.len() as u64)
}

struct Writer {
    archives: PathBuf,
    ledger: Ledger,
    count: u64,
    bytes: u64,
}

impl Writer {
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.count += 1;
        self.bytes += bytes.len() as u64;
        whole(&self.archives.join(name), bytes)
    }
}

/// A folder that may be the inbox of a running daemon never shows half a file.
fn whole(path: &Path, bytes: &[u8]) -> Result<()> {
    files::write_whole(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The months of one sender, archive by archive.
fn months(
    province: &SampleProvince,
    specs: &Specs,
    sender: usize,
    people: &[(usize, People)],
    mut injector: Option<&mut DefectInjector>,
    writer: &mut Writer,
) -> Result<Vec<ArchiveEntry>> {
    let style = Style::new(province.seed, sender, province.standard);
    let hcode = &province.units[sender].hcode;
    let mut entries = Vec::new();
    let mut round = 0;
    let mut repeats = Vec::new();
    for (month, sent) in province.months.iter().zip(province.sending_times(sender)) {
        let mut archive = ArchiveBuilder::new(
            specs,
            &style,
            hcode,
            sent,
            injector.as_deref_mut().map(|defects| defects as &mut dyn Defects),
        );
        let full = archive.round != round;
        round = archive.round;
        for (at, people) in people {
            RecordEmitter::new(province, *at, people, *month, full, &mut archive).emit();
        }
        repeats = archive.end_of_defects(repeats);
        let (bytes, entry) = archive.close()?;
        writer.write(&entry.archive, &bytes)?;
        entries.push(entry);
    }
    Ok(entries)
}

/// Broken archives of one sender, some hours after those of the months.
fn broken(
    province: &SampleProvince,
    specs: &Specs,
    sender: usize,
    kinds: &[&str],
    injector: &mut DefectInjector,
    writer: &mut Writer,
) -> Result<Vec<ArchiveEntry>> {
    let times = province.sending_times(sender);
    let mut taken: BTreeSet<NaiveDateTime> = times.iter().copied().collect();
    let hcode = &province.units[sender].hcode;
    let mut entries = Vec::new();
    for (nth, kind) in kinds.iter().enumerate() {
        let mut sent = times[nth % times.len()] + Duration::minutes(95);
        while !taken.insert(sent) {
            sent += Duration::minutes(1);
        }
        let mut breaker = broken_archives::Breaker { specs, injector: &mut *injector, hcode };
        let (name, bytes, entry) = breaker.make(kind, sent)?;
        writer.write(&name, &bytes)?;
        entries.push(entry);
    }
    Ok(entries)
}

fn units_csv(province: &SampleProvince) -> Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["hcode", "name", "type", "level", "cup", "network", "district", "province"])?;
    for unit in &province.units {
        let hcode = |at: usize| province.units[at].hcode.as_str();
        let district = format!("{}{:02}", province::PROVINCE, unit.amphoe);
        let province = province::PROVINCE.to_string();
        csv.write_record([
            unit.hcode.as_str(),
            &unit.name,
            unit.kind,
            unit.level,
            hcode(unit.cup),
            hcode(unit.network),
            &district,
            &province,
        ])?;
    }
    Ok(csv.into_inner()?)
}

/// Lists the residents of a unit in the population registry: Thai nationals
/// who live or are registered there, but for a few whom it does not know.
fn list_people(
    province: &SampleProvince,
    at: usize,
    people: &People,
    registry: &mut csv::Writer<Vec<u8>>,
) -> Result<u64> {
    let unit = &province.units[at];
    let main = &province.units[unit.cup].hcode;
    let mut listed = 0;
    for person in &people.persons {
        if person.home.is_some() || !person.thai || person.own % 100 < 2 {
            continue;
        }
        let scheme = match person.right {
            "4200" => "SSS",
            "1100" => "OFC",
            _ => "UCS",
        };
        registry.write_record([person.cid.as_str(), &unit.hcode, main, scheme])?;
        listed += 1;
    }
    Ok(listed)
}
