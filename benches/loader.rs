//! How fast archives load, against named baselines of the same run.
//!
//! `cargo bench --bench loader` makes a sample province and prints one table.
//! Options after `--`, say `cargo bench --bench loader -- --persons 100000`;
//! `-- --help` lists them. The cases, in turn in every round:
//!
//! - `append`: the same archives inflated, split on `|` and appended as text to
//!   tables without a key, unvalidated: what the engine can do at most;
//! - `fresh`: `khlang import` into an empty store, all checks, receipts and
//!   copies of the originals as always;
//! - `again`: the same once more, so that every row is a duplicate;
//! - `into`: into a store that has ten times the rows, other months of the same
//!   province;
//! - `check`: `khlang check`, which stores nothing.
//!
//! Each is a process of its own, so that its peak memory is its own. After each
//! what it left in the write-ahead log is brought into the database, within its
//! time, and `khlang verify` must agree, and rows must be stored or be duplicates as the
//! case says: a loader that rejects everything is quick, too.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark is for its output")]

#[path = "loader/append.rs"]
mod append;
#[path = "loader/archives.rs"]
mod archives;
#[path = "loader/child.rs"]
mod child;
#[path = "loader/figures.rs"]
mod figures;

use std::path::{Path, PathBuf};
use std::process::Command;

use archives::Archives;
use child::{bring_home, copy_folder, database_bytes, run, tally, verify};
use clap::{Parser, ValueEnum};
use figures::{Measured, Results};

/// The cases, in the order in which they take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Case {
    Append,
    Fresh,
    Again,
    Into,
    Check,
}

/// How fast archives load, against named baselines of the same run.
#[derive(Debug, Parser)]
struct Args {
    /// Residents of the sample province: about 5 rows each in the archives that
    /// are measured, ten times that in the ones before them
    #[arg(long, env = "KHLANG_BENCH_PERSONS", default_value_t = 20_000)]
    persons: u32,
    /// Health units of it
    #[arg(long, default_value_t = 20)]
    units: u32,
    /// Months of service that are measured, the first with the round's registers
    #[arg(long, default_value_t = 1)]
    months: u32,
    /// Months before them, for `into` [default: enough for ten times the rows]
    #[arg(long)]
    before: Option<u32>,
    /// Archives to measure instead of a sample (not for `into`); needs --unit-list
    #[arg(long, value_name = "DIR", requires = "unit_list")]
    archives: Option<PathBuf>,
    /// units.csv for --archives
    #[arg(long, value_name = "FILE")]
    unit_list: Option<PathBuf>,
    /// Rounds, in each of which every case has its turn
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Cases; `again` brings `fresh` along
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "append,fresh,again,into,check"
    )]
    cases: Vec<Case>,
    /// The program to measure [default: the one built with this benchmark]
    #[arg(long, default_value = env!("CARGO_BIN_EXE_khlang"))]
    khlang: PathBuf,
    /// Folder for data, emptied at the end [default: a temporary one]
    #[arg(long)]
    work: Option<PathBuf>,
    /// `cargo bench` says it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
    /// The child that appends: the database to make.
    #[arg(long, hide = true)]
    append_to: Option<PathBuf>,
    /// Its archives, one a line.
    #[arg(long, hide = true)]
    list: Option<PathBuf>,
}

fn main() {
    let args = Args::parse();
    if let (Some(database), Some(list)) = (&args.append_to, &args.list) {
        let list = std::fs::read_to_string(list).unwrap();
        let archives: Vec<PathBuf> = list.lines().map(PathBuf::from).collect();
        println!("{}", append::append(&archives, database));
        return;
    }
    let mut cases = args.cases.clone();
    if cases.contains(&Case::Again) || cases.contains(&Case::Into) {
        cases.push(Case::Fresh);
    }
    if args.archives.is_some() {
        cases.retain(|case| *case != Case::Into);
    }
    cases.sort_unstable();
    cases.dedup();
    let work = match &args.work {
        Some(folder) => {
            std::fs::create_dir_all(folder).unwrap();
            tempfile::tempdir_in(folder)
        }
        None => tempfile::tempdir(),
    }
    .unwrap();
    let archives = Archives::make(&args, work.path(), cases.contains(&Case::Into));
    println!("{archives}");
    let bench = Bench { args, archives, work: work.path().to_owned() };
    if cases.contains(&Case::Into) {
        bench.fill();
    }
    let mut results = Results::default();
    for round in 1..=bench.args.rounds {
        for case in &cases {
            let name = bench.name(*case);
            let measured = bench.one(*case);
            eprintln!("round {round}: {name}: {:.2} s", measured.seconds);
            results.add(name, measured);
        }
    }
    println!("{}", results.table());
}

struct Bench {
    args: Args,
    archives: Archives,
    work: PathBuf,
}

impl Bench {
    fn name(&self, case: Case) -> String {
        match case {
            Case::Append => "append".to_owned(),
            Case::Fresh => "fresh".to_owned(),
            Case::Again => "again".to_owned(),
            Case::Into => format!("into {:.1}×", self.archives.times_before()),
            Case::Check => "check".to_owned(),
        }
    }

    fn one(&self, case: Case) -> Measured {
        match case {
            Case::Append => self.append(),
            Case::Fresh => {
                let data = self.empty("fresh");
                let measured = self.import(&data, &self.archives.measured);
                assert!(measured.stored > 0, "nothing was stored");
                measured
            }
            Case::Again => {
                let measured = self.import(&self.work.join("fresh"), &self.archives.measured);
                // A row that was rejected for want of its person may be stored
                // now that a later archive has brought the person.
                let most = if self.args.archives.is_some() { measured.rows / 20 } else { 0 };
                assert!(measured.stored <= most, "{} rows were not there yet", measured.stored);
                measured
            }
            Case::Into => {
                let data = self.work.join("into");
                remove(&data);
                copy_folder(&self.work.join("full"), &data);
                self.import(&data, &self.archives.measured)
            }
            Case::Check => {
                let mut check = self.khlang(&self.empty("check"));
                check.arg("check").args(&self.archives.measured);
                Measured::of(&run(&mut check), self.archives.rows)
            }
        }
    }

    fn append(&self) -> Measured {
        let (list, database) = (self.work.join("list"), self.work.join("append.db"));
        let paths: Vec<_> = self.archives.measured.iter().map(|p| p.to_string_lossy()).collect();
        khlang::files::write_whole(&list, paths.join("\n").as_bytes()).unwrap();
        remove(&database);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--append-to").arg(&database).arg("--list").arg(&list);
        let done = run(&mut command);
        let rows = done.output.trim().parse().unwrap();
        assert_eq!(self.archives.rows, rows, "rows in the archives, and rows appended");
        let bytes = database_bytes(&database);
        Measured { stored: rows, bytes, rows_in_store: rows, ..Measured::of(&done, rows) }
    }

    /// Makes the store of ten times the rows, once.
    fn fill(&self) {
        let data = self.empty("full");
        let measured = self.import(&data, &self.archives.before);
        eprintln!("before: {} rows in {:.1} s", measured.rows, measured.seconds);
    }

    fn import(&self, data: &Path, archives: &[PathBuf]) -> Measured {
        let last = tally(data, 0).last;
        let mut done = run(self.khlang(data).arg("import").args(archives));
        let database = data.join("khlang.db");
        done.seconds += bring_home(&database);
        let tally = tally(data, last);
        // Of a sample without defects nearly all is stored; archives that were
        // named may bring wrong persons, and with them all their rows.
        let share = if self.args.archives.is_some() { 4 } else { 50 };
        assert!(tally.rejected * share <= tally.received, "too many rows are rejected: {tally:?}");
        let rows_in_store = verify(&mut self.khlang(data));
        Measured {
            stored: tally.accepted,
            bytes: database_bytes(&database),
            rows_in_store,
            ..Measured::of(&done, tally.received)
        }
    }

    fn khlang(&self, data: &Path) -> Command {
        let mut command = Command::new(&self.args.khlang);
        // No configuration of the folder in which the benchmark happens to run.
        command.current_dir(&self.work).arg("--data").arg(data);
        command
    }

    /// A data folder with the list of units, and nothing else.
    fn empty(&self, name: &str) -> PathBuf {
        let data = self.work.join(name);
        remove(&data);
        std::fs::create_dir(&data).unwrap();
        std::fs::copy(&self.archives.units, data.join("units.csv")).unwrap();
        data
    }
}

/// Takes away what an earlier round left, the files beside a database too.
fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{ending}", path.display()));
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
}
