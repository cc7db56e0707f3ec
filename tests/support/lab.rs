//! The library over a store in a temporary folder, for tests that load many
//! small archives.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, FixedOffset};
use khlang::catalog::Catalog;
use khlang::config::Config;
use khlang::environment::Environment;
use khlang::load::{LoadRequest, load};
use khlang::store::{Reader, Store};
use khlang::submission::{Counts, Submission};
use khlang::units::Units;

use super::case::{NOW, UNITS};
use super::sample::request;

/// Units and catalogue that all labs share, and an empty database to copy.
struct Shared {
    environment: Arc<Environment>,
    empty: Vec<u8>,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let units = folder.path().join("units.csv");
        std::fs::write(&units, UNITS).unwrap();
        let catalog = Catalog::builtin().unwrap();
        let units = Units::load(&units).unwrap();
        let mut config = Config::default();
        config.limits.findings = 50;
        let environment = Arc::new(Environment::new(catalog, units, config).unwrap());
        let database = folder.path().join("khlang.db");
        let store = Store::open(&database, &environment.catalog, 4).unwrap();
        store.checkpoint().unwrap();
        drop(store);
        Shared { environment, empty: std::fs::read(&database).unwrap() }
    })
}

/// A store of its own.
pub struct Lab {
    folder: tempfile::TempDir,
    store: Store,
    last: i64,
    now: DateTime<FixedOffset>,
}

/// Units, catalogue and configuration of all labs.
pub fn environment() -> &'static Environment {
    &shared().environment
}

impl Lab {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("khlang.db"), &shared().empty).unwrap();
        let store = Store::open(&folder.path().join("khlang.db"), &shared().environment.catalog, 4)
            .unwrap();
        Self { folder, store, last: 0, now: NOW.parse().unwrap() }
    }

    /// With another clock.
    pub fn at(mut self, now: &str) -> Self {
        self.now = now.parse().unwrap();
        self
    }

    /// The store, for what loading does not do.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// A reader of what is committed.
    pub fn reader(&self) -> Reader {
        Reader::open(&self.database(), None).unwrap()
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("khlang.db")
    }

    /// Loads an archive as the next submission.
    pub fn load(&mut self, name: &str, bytes: &[u8]) -> Submission {
        let claim = self.claim(name, bytes);
        load(&self.store, claim, &|_| None).unwrap()
    }

    /// An archive as the next submission.
    pub fn claim(&mut self, name: &str, bytes: &[u8]) -> LoadRequest {
        self.last += 1;
        let path = self.folder.path().join(format!("archive-{}", self.last));
        std::fs::write(&path, bytes).unwrap();
        request(&shared().environment, &path, name, self.last, self.now)
    }

    /// Every count recomputed from the rows; gives what contradicts itself.
    pub fn contradictions(&self) -> Vec<String> {
        let report = self.store.verify(&shared().environment.catalog, 30).unwrap();
        report.mismatches.into_iter().map(|m| format!("{m:?}")).collect()
    }

    /// Every stored row of every record, as text.
    pub fn rows(&self) -> Vec<String> {
        let conn = rusqlite::Connection::open(self.database()).unwrap();
        let mut out = Vec::new();
        for record in &shared().environment.catalog.records {
            let table = format!("t_{}", record.name.to_lowercase());
            let mut query = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let width = query.column_count();
            let mut rows = query.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let values: Vec<String> =
                    (0..width).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
                out.push(format!("{table} {}", values.join("|")));
            }
        }
        out.sort();
        out
    }
}

/// All rows of a submission.
pub fn total(submission: &Submission) -> Counts {
    let mut sum = Counts::default();
    for file in &submission.files {
        sum.add(&file.counts);
    }
    sum
}
