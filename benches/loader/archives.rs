//! The archives of a run, in the order in which they were sent, and how many
//! rows they have.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use chrono::{Months, NaiveDate};
use khlang::archive::{ArchiveName, Standard};
use khlang::catalog::Catalog;
use khlang::sample::{Ledger, SampleArgs, generate};

use crate::Args;
use crate::append;

/// Archives that are measured, and those that a full store has before them.
pub struct Archives {
    /// Measured, in the order of sending.
    pub measured: Vec<PathBuf>,
    /// Rows in them.
    pub rows: u64,
    /// Loaded before, for `into`.
    pub before: Vec<PathBuf>,
    /// Rows in those.
    pub rows_before: u64,
    /// The list of units.
    pub units: PathBuf,
    packed: u64,
}

impl Archives {
    /// Makes a sample, or takes the archives that were named.
    pub fn make(args: &Args, work: &Path, with_before: bool) -> Self {
        match &args.archives {
            Some(folder) => Self::given(folder, args.unit_list.as_ref().unwrap()),
            None => Self::sample(args, &work.join("sample"), with_before),
        }
    }

    /// Archives need the persons of the round's register, so that the first
    /// ones that are measured are those that bring one: sent in July, the first
    /// month of a round, with what happened in June.
    fn sample(args: &Args, dir: &Path, with_before: bool) -> Self {
        // Registers count too: the first month measured has two months' rows.
        let before = if with_before { args.before.unwrap_or(10 * (args.months + 1)) } else { 0 };
        let june = NaiveDate::from_ymd_opt(2014, 6, 1).unwrap();
        let sample = SampleArgs {
            dir: dir.to_owned(),
            units: args.units,
            persons: args.persons,
            months: before + args.months,
            seed: 1,
            standard: Some(Standard::F43),
            defects: 0.0,
            start: june.checked_sub_months(Months::new(before)).unwrap(),
        };
        generate(&sample, &Catalog::builtin().unwrap()).unwrap();
        let ledger = std::fs::read(dir.join("ledger.json")).unwrap();
        let ledger: Ledger = serde_json::from_slice(&ledger).unwrap();
        let rows: BTreeMap<&str, u64> = ledger
            .archives
            .iter()
            .map(|a| (a.archive.as_str(), a.files.values().map(|file| file.received).sum()))
            .collect();
        let rows_of =
            |paths: &[PathBuf]| paths.iter().map(|path| rows[name(path).as_str()]).sum::<u64>();
        let (measured, before): (Vec<_>, Vec<_>) = in_order(dir)
            .into_iter()
            .partition(|path| sent(path).is_some_and(|day| day >= june + Months::new(1)));
        Self {
            rows: rows_of(&measured),
            rows_before: rows_of(&before),
            packed: bytes_of(&measured),
            measured,
            before,
            units: dir.join("units.csv"),
        }
    }

    fn given(folder: &Path, units: &Path) -> Self {
        let measured = in_order(&std::path::absolute(folder).unwrap());
        let units = std::path::absolute(units).unwrap();
        let (rows, packed) = (append::count(&measured), bytes_of(&measured));
        Self { measured, rows, before: Vec::new(), rows_before: 0, units, packed }
    }

    /// Rows of the full store for each row that is measured.
    pub fn times_before(&self) -> f64 {
        self.rows_before as f64 / self.rows as f64
    }
}

impl fmt::Display for Archives {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (count, rows) = (self.measured.len(), self.rows);
        write!(f, "{count} archives, {rows} rows, {:.1} MB packed", self.packed as f64 / 1e6)?;
        if self.rows_before > 0 {
            let (count, rows) = (self.before.len(), self.rows_before);
            write!(f, "; before them {count} archives, {rows} rows")?;
        }
        Ok(())
    }
}

fn bytes_of(paths: &[PathBuf]) -> u64 {
    paths.iter().map(|path| path.metadata().unwrap().len()).sum()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The day of sending, whichever era names the year.
fn sent(path: &Path) -> Option<NaiveDate> {
    Some(ArchiveName::parse(&name(path)).ok()?.sent_at.date())
}

/// As they arrive: by time of sending.
fn in_order(folder: &Path) -> Vec<PathBuf> {
    let mut archives: Vec<(chrono::NaiveDateTime, String, PathBuf)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let parsed = ArchiveName::parse(&name(&path)).ok()?;
            Some((parsed.sent_at, parsed.hcode, path))
        })
        .collect();
    archives.sort();
    assert!(!archives.is_empty(), "no archives in {}", folder.display());

    archives.into_iter().map(|(_, _, path)| path).collect()
}
