//! A small sample province whose store changes step by step.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use khlang::catalog::Catalog;
use khlang::config::Config;
use khlang::environment::Environment;
use khlang::kpi::{Calculator, Level, Library, Period};
use khlang::sample::{SampleArgs, default_start};
use khlang::score::rulebook::read;
use khlang::score::{AsOf, CacheHandle, Points, Rulebook, cached_points, points};
use khlang::store::{ChangeTokens, PartialResults, Reader, Restoring, Store, restore};
use khlang::units::Units;

use crate::support::sample::{Sample, loaded, request, standing};

/// What happens to a store.
#[derive(Debug, Clone)]
pub enum Step {
    /// So many of the next archives come in.
    Import(usize),
    /// One of the submissions that stand is taken back.
    Void(usize),
    /// A registry with one in so many persons left out.
    Registry(usize),
    /// Another list of units.
    Units(usize),
    /// Another rulebook.
    Rules(usize),
    /// A submission was sent on.
    Forward(usize),
}

/// What all provinces share: archives in the order of sending, worlds, rules.
struct Shared {
    sample: Sample,
    worlds: Vec<Arc<Environment>>,
    books: Vec<Rulebook>,
    library: Library,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let args = SampleArgs {
            dir: PathBuf::new(),
            units: 8,
            persons: 500,
            months: 9,
            seed: 7,
            standard: None,
            defects: 0.03,
            start: default_start(),
        };
        let sample = Sample::new(&args, false);
        let list = std::fs::read_to_string(sample.path("units.csv")).unwrap();
        let worlds = (0..3).map(|variant| environment(&sample, &list, variant)).collect();
        let books = books(&sample);
        let library = Library::load(None).unwrap();
        Shared { sample, worlds, books, library }
    })
}

/// The list of units as it is, with other types and main units, or without one.
fn environment(sample: &Sample, list: &str, variant: usize) -> Arc<Environment> {
    let mut lines: Vec<String> = list.lines().map(str::to_owned).collect();
    match variant {
        0 => {}
        1 => {
            let main = lines[1].split(',').next().unwrap().to_owned();
            for line in &mut lines[2..5] {
                let mut fields: Vec<&str> = line.split(',').collect();
                fields[2] = "18";
                fields[4] = &main;
                *line = fields.join(",");
            }
        }
        _ => drop(lines.pop()),
    }
    let path = sample.path(format!("units-{variant}.csv"));
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let (catalog, units) = (Catalog::builtin().unwrap(), Units::load(&path).unwrap());
    Arc::new(Environment::new(catalog, units, Config::default()).unwrap())
}

fn books(sample: &Sample) -> Vec<Rulebook> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rulebooks/2557.toml");
    let text = std::fs::read_to_string(&shipped).unwrap();
    let other = sample.path("2557.toml");
    std::fs::write(&other, text.replace("points = \"0.25\"", "points = \"0.75\"")).unwrap();
    // Days of sending that some archives miss: of the first quarter, of all.
    let strict = text
        .replace("sent_by = \"2014-07-31\"", "sent_by = \"2013-10-02\"")
        .replace("to = \"2013-09-30\"\n", "to = \"2013-09-30\"\nsent_by = \"2013-09-03\"\n");
    let late = sample.path("late.toml");
    std::fs::write(&late, &strict).unwrap();
    vec![read(&shipped).unwrap(), read(&other).unwrap(), read(&late).unwrap()]
}

pub struct Province {
    folder: tempfile::TempDir,
    store: Option<Store>,
    next: usize,
    last: i64,
    environment: Arc<Environment>,
    book: &'static Rulebook,
}

/// All that is counted of a state.
#[derive(Debug, PartialEq)]
pub struct Figures {
    pub points: Points,
    kpis: Vec<String>,
}

impl Province {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = Arc::clone(&shared().worlds[0]);
        let store = Store::open(&folder.path().join("khlang.db"), &environment.catalog, 8).unwrap();
        Self { folder, store: Some(store), next: 0, last: 0, environment, book: &shared().books[0] }
    }

    fn store(&mut self) -> &mut Store {
        self.store.as_mut().unwrap()
    }

    /// Lets something happen.
    pub fn take(&mut self, step: &Step) {
        match step {
            Step::Import(count) => (0..*count).for_each(|_| self.import()),
            Step::Void(at) => self.void(*at),
            Step::Registry(every) => self.register(*every),
            Step::Units(variant) => self.environment = Arc::clone(&shared().worlds[*variant]),
            Step::Rules(variant) => self.book = &shared().books[*variant],
            Step::Forward(at) => {
                let id = *at as i64 % self.last.max(1) + 1;
                let line =
                    ("nhso".to_owned(), id.min(self.last), "2013-08-02T08:00:00+07:00".to_owned());
                self.store().record_forwarded(&[line]).unwrap();
            }
        }
    }

    /// Leaves archives out.
    pub fn skip(&mut self, count: usize) {
        self.next += count;
    }

    /// Archives that are left, and how many there are.
    pub fn left(&self) -> (usize, usize) {
        let all = shared().sample.ledger.len();
        (all - self.next, all)
    }

    fn import(&mut self) {
        let Some(name) = shared().sample.archive(self.next) else { return };
        self.next += 1;
        self.last += 1;
        // Each is received when it was sent, so that days go by.
        let day = 1 + self.last % 27;
        let now = format!("2013-11-{day:02}T12:00:00+07:00").parse().unwrap();
        let path = shared().sample.path(name);
        let request = request(&self.environment, &path, name, self.last, now);
        loaded(self.store(), request);
    }

    fn void(&mut self, at: usize) {
        let last = self.last;
        let store = self.store();
        let standing = standing(store, last);
        if standing.is_empty() {
            return;
        }
        let id = standing[if at == usize::MAX { standing.len() - 1 } else { at % standing.len() }];
        store.void(id, "somebody", "test", "2013-12-01T12:00:00+07:00").unwrap();
    }

    fn register(&mut self, every: usize) {
        shared().sample.register(self.store(), every, "2013-12-01T12:00:00+07:00");
    }

    pub fn full(&self) -> Figures {
        self.figures(None)
    }

    pub fn kept(&self) -> Figures {
        self.figures(Some(&PartialResults::open(self.folder.path(), 64)))
    }

    fn figures(&self, kept: Option<&PartialResults>) -> Figures {
        let reader = self.reader();
        let held = reader.snapshot().unwrap();
        let as_of = AsOf::find(&reader, None).unwrap();
        let (units, catalog) = (&self.environment.units, &self.environment.catalog);
        let points = match kept {
            None => points(&reader, self.book, units, as_of).unwrap(),
            Some(kept) => {
                let keeping = Some(CacheHandle { kept, catalog });
                cached_points(&reader, self.book, units, as_of, keeping).unwrap()
            }
        };
        let mut session = Calculator::new(&self.environment, &reader).unwrap();
        if let Some(kept) = kept {
            session = session.with_cache(kept);
        }
        let mut kpis = Vec::new();
        for period in ["2556", "2557Q1"] {
            let period: Period = period.parse().unwrap();
            for (at, definition) in shared().library.kpis.values().enumerate() {
                let levels = [Level::Unit, Level::Cup, Level::Province, Level::Class];
                let result = session.run(definition, &period, levels[at % 4]).unwrap();
                kpis.push(serde_json::to_string(&result).unwrap());
            }
        }
        drop(session);
        drop(held);
        Figures { points, kpis }
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.folder.path().join("khlang.db"), None).unwrap()
    }

    pub fn change_tokens(&self) -> ChangeTokens {
        self.reader().change_tokens().unwrap().unwrap()
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("figures.db")
    }

    pub fn file(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    pub fn write_file(&self, bytes: &[u8]) {
        std::fs::write(self.path(), bytes).unwrap();
    }

    pub fn backup(&self) -> PathBuf {
        let path = self.folder.path().join("backup.db");
        self.reader().backup(&path).unwrap();
        path
    }

    pub fn restore(&mut self, backup: &Path) {
        self.store = None;
        let database = self.folder.path().join("khlang.db");
        let restored = restore(&Restoring {
            backup,
            database: &database,
            catalog: &self.environment.catalog,
            on_time_days: 30,
            knows: None,
            force: true,
        });
        assert_eq!(restored.unwrap().refused, []);
        let store = Store::open(&database, &self.environment.catalog, 8).unwrap();
        self.last = store.last_submission().unwrap();
        self.store = Some(store);
    }
}
