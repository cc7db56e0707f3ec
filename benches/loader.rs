//! How fast archives load, against named baselines in the same run.
//!
//! `cargo bench --bench loader` makes a sample province (`KHLANG_BENCH_PERSONS`,
//! default 20,000) and prints rows per second, with ratios to the first line:
//!
//! - `sqlite3 rows only`: the same number of rows of the same width into one
//!   un-keyed, un-judged table: what the engine can do at most;
//! - `fresh`: every archive into an empty store, all checks on;
//! - `again`: the same archives once more, all rows duplicates;
//! - `check`: judged only, against a store that is thrown away.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]
#![allow(clippy::print_stdout, reason = "its output is what a benchmark is for")]
#![allow(clippy::disallowed_methods, reason = "the baseline opens a database of its own")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use khlang::archive::Standard;
use khlang::catalog::Catalog;
use khlang::clock;
use khlang::config::Config;
use khlang::load::{Claim, load};
use khlang::sample::{SampleArgs, default_start, generate};
use khlang::store::Store;
use khlang::units::Units;
use khlang::world::World;

fn main() {
    let persons = std::env::var("KHLANG_BENCH_PERSONS").map_or(20_000, |n| n.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let args = SampleArgs {
        dir: dir.path().to_owned(),
        units: 20,
        persons,
        months: 6,
        seed: 1,
        standard: Some(Standard::F43),
        defects: 0.0,
        start: default_start(),
    };
    let summary = generate(&args, &Catalog::builtin().unwrap()).unwrap();
    let units = Units::load(&dir.path().join("units.csv")).unwrap();
    let world = World::new(Catalog::builtin().unwrap(), units, Config::default()).unwrap();
    let world = Arc::new(world);
    let archives = in_order(dir.path());
    println!("{} archives, {} rows, {} bytes packed", archives.len(), summary.rows, summary.bytes);
    let baseline = rows_only(&dir.path().join("baseline.db"), summary.rows);
    line("sqlite3 rows only", summary.rows, baseline, baseline);
    let store = Store::open(&dir.path().join("bench.db"), &world.catalog, 48).unwrap();
    for (name, first) in [("fresh", 1), ("again", 1_000_000)] {
        let took = time(|| {
            for (path, id) in archives.iter().zip(first..) {
                one(&world, &store, path, Some(id));
            }
        });
        line(name, summary.rows, took, baseline);
    }
    let took = time(|| {
        for path in &archives {
            let store = Store::temporary(&world.catalog, 48).unwrap();
            one(&world, &store, path, None);
        }
    });
    line("check", summary.rows, took, baseline);
    let report = store.verify(&world.catalog, 30).unwrap();
    assert!(report.mismatches.is_empty(), "{:?}", report.mismatches);
    println!("verify: {} rows agree with their counts", report.rows);
}

/// Archives of a unit in the order of their times, whichever era names the year.
fn in_order(dir: &Path) -> Vec<PathBuf> {
    let mut archives: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "zip"))
        .collect();
    archives.sort_by_key(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        khlang::archive::ArchiveName::parse(&name).ok().map(|name| (name.hcode, name.sent_at))
    });
    archives
}

fn one(world: &Arc<World>, store: &Store, path: &Path, id: Option<i64>) {
    let now = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
    let now = clock::at_bangkok(now);
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let claim = Claim {
        world: Arc::clone(world),
        path: path.to_owned(),
        name,
        id,
        received_at: now,
        now,
        progress: Arc::new(|_| ()),
    };
    load(store, claim, &|_| None).unwrap();
}

fn rows_only(path: &Path, rows: u64) -> f64 {
    let mut conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch(
        "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE t (a, b, c, d, e, f, g, h, i, j, k, l);",
    )
    .unwrap();
    time(|| {
        let tx = conn.transaction().unwrap();
        {
            let mut insert = tx
                .prepare("INSERT INTO t VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)")
                .unwrap();
            for row in 0..rows {
                let n = i64::try_from(row).unwrap();
                insert
                    .execute(rusqlite::params![
                        n,
                        n / 3,
                        20_130_101,
                        "J00",
                        "1",
                        n % 97,
                        "00100",
                        "120.00",
                        "0",
                        "0100",
                        20_130_102_080_000_i64,
                        n
                    ])
                    .unwrap();
            }
        }
        tx.commit().unwrap();
    })
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn line(name: &str, rows: u64, took: f64, baseline: f64) {
    #[allow(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = rows as f64 / took;
    println!("{name:<20} {rate:>10.0} rows/s  {:.2} of the baseline", baseline / took);
}
