//! A sample province for tests, and archives of it on their way into a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use khlang::catalog::Catalog;
use khlang::environment::Environment;
use khlang::load::{LoadRequest, load};
use khlang::sample::{SampleArgs, generate_with};
use khlang::store::Store;
use khlang::submission::{Status, Submission};
use serde_json::Value;

/// A sample in a temporary folder.
pub struct Sample {
    folder: tempfile::TempDir,
    /// The line of the ledger for each archive, in the order of sending.
    pub ledger: Vec<Value>,
}

impl Sample {
    /// Makes a sample; the folder of the arguments is of no account. With `planted`
    /// it has what audit rules are to find.
    pub fn new(args: &SampleArgs, planted: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let args = SampleArgs { dir: folder.path().to_owned(), ..args.clone() };
        generate_with(&args, &Catalog::builtin().unwrap(), planted).unwrap();
        let ledger = std::fs::read(folder.path().join("ledger.json")).unwrap();
        let ledger: Value = serde_json::from_slice(&ledger).unwrap();
        Self { folder, ledger: ledger["archives"].as_array().unwrap().clone() }
    }

    /// A file of the sample.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The name of an archive, by its place in the order of sending.
    pub fn archive(&self, at: usize) -> Option<&str> {
        self.ledger.get(at).map(|entry| entry["archive"].as_str().unwrap())
    }

    /// Puts the population registry into a store, with one in `every` lines left
    /// out.
    pub fn register(&self, store: &mut Store, every: usize, at: &str) {
        let text = std::fs::read_to_string(self.path("population.csv")).unwrap();
        let lines = text.lines().enumerate();
        let some = lines.filter(|(at, _)| *at == 0 || at % every != 0).map(|(_, line)| line);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("population.csv");
        std::fs::write(&path, some.collect::<Vec<_>>().join("\n")).unwrap();
        khlang::registry::import(store, &path, "somebody", at, 3).unwrap();
    }
}

/// An archive on its way into a store, as the submission of a number.
pub fn request(
    environment: &Arc<Environment>,
    path: &Path,
    name: &str,
    id: i64,
    now: DateTime<FixedOffset>,
) -> LoadRequest {
    LoadRequest {
        environment: Arc::clone(environment),
        path: path.to_owned(),
        name: name.to_owned(),
        id: Some(id),
        received_at: now,
        seal: Arc::default(),
        now,
        progress: Arc::new(|_| ()),
    }
}

/// Loads an archive.
pub fn loaded(store: &Store, request: LoadRequest) -> Submission {
    load(store, request, &|_| None).unwrap()
}

/// Submissions up to a number of which something is stored.
pub fn standing(store: &Store, last: i64) -> Vec<i64> {
    let stands = |id: &i64| {
        let known = store.known(*id).unwrap();
        known.is_some_and(|known| matches!(known.status, Status::Accepted | Status::Partial))
    };
    (1..=last).filter(stands).collect()
}
