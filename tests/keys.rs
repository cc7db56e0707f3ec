//! Keys that the standard does not give but the dictionary chose: two facts
//! never share one, and a store whose tables have the keys of before is
//! brought up to date with all its rows.

use std::path::Path;
use std::sync::Arc;

use khlang::catalog::Catalog;
use khlang::config::Config;
use khlang::environment::Environment;
use khlang::load::load;
use khlang::store::Store;
use khlang::submission::Submission;
use khlang::units::Units;

use crate::support::case::{NOW, UNITS, zipped};
use crate::support::lab::{Lab, total};
use crate::support::sample::request;

/// A record whose key was chosen, and rows of it as they are sent: the first
/// two are two facts, the others repeat the first.
struct Chosen {
    record: &'static str,
    rows: &'static [&'static str],
    /// How many of them are stored.
    facts: u64,
    /// The key line of before.
    before: &'static str,
    /// How many were stored under it.
    stored_before: u64,
}

const CHOSEN: &[Chosen] = &[
    Chosen {
        record: "DATA_CORRECT",
        rows: &[
            "10670|SERVICE|{\"seq\":\"1\",\"price\":\"50\"}|20140120090000",
            "10670|SERVICE|{\"seq\":\"2\",\"price\":\"70\"}|20140120090000",
            "10670|SERVICE|{\"seq\":\"1\",\"price\":\"50\"}|20140120090001",
            "10670|PERSON|{\"seq\":\"1\",\"price\":\"50\"}|20140120090000",
            "10670|SERVICE|{\"seq\":\"1\",\"price\":\"50\"}|20140120090000",
        ],
        facts: 4,
        before: "key = [\"HOSPCODE\", \"TABLENAME\", \"D_UPDATE\"]",
        stored_before: 3,
    },
    Chosen {
        record: "POLICY",
        rows: &[
            "10670|001|2014|{\"pid\":\"1\",\"head\":\"34\"}|20140120090000",
            "10670|001|2014|{\"pid\":\"2\",\"head\":\"36\"}|20140120090000",
            "10670|002|2014|{\"pid\":\"1\",\"head\":\"34\"}|20140120090000",
            "10670|001|2013|{\"pid\":\"1\",\"head\":\"34\"}|20140120090000",
            "10670|001|2014|{\"pid\":\"1\",\"head\":\"34\"}|20140125100000",
        ],
        facts: 4,
        before: "key = [\"HOSPCODE\", \"POLICY_ID\", \"POLICY_YEAR\"]",
        stored_before: 3,
    },
];

impl Chosen {
    fn archive(&self) -> Vec<u8> {
        zipped(&[(format!("{}.txt", self.record), self.rows.join("\r\n") + "\r\n")])
    }
}

/// The texts of the schema files that the catalogue reads.
fn sources() -> Vec<(String, String)> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let read = |path: &Path| {
        let name = path.strip_prefix(&schema).unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    let mut all = ["findings.csv", "shapes.csv", "versions.toml"]
        .map(|file| read(&schema.join(file)))
        .to_vec();
    for folder in ["records", "codes"] {
        let entries = std::fs::read_dir(schema.join(folder)).unwrap();
        all.extend(entries.map(|entry| read(&entry.unwrap().path())));
    }
    all
}

#[test]
fn every_key_that_was_chosen_is_in_the_table() {
    let mut chosen: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("key chosen"))
        .map(|(file, _)| file)
        .collect();
    chosen.sort();
    let told: Vec<String> =
        CHOSEN.iter().map(|c| format!("records/{}.toml", c.record.to_lowercase())).collect();
    assert_eq!(chosen, told, "a chosen key needs rows that show which facts it tells apart");
}

/// All that a record with a chosen key says is in its key, but for when it was
/// written and the long form of the unit's code.
#[test]
fn a_chosen_key_has_every_column_that_says_something() {
    let catalog = Catalog::builtin().unwrap();
    for chosen in CHOSEN {
        let record = catalog.record(chosen.record).unwrap();
        let left = (0..record.columns.len()).filter(|column| !record.key.contains(column));
        for column in left.map(|column| record.columns[column].name.as_str()) {
            assert!(["D_UPDATE", "HOSPCODE9"].contains(&column), "{}: {column}", chosen.record);
        }
    }
}

#[test]
fn two_facts_do_not_share_a_chosen_key() {
    for chosen in CHOSEN {
        let mut lab = Lab::new();
        let said = lab.load("F43_10670_20140131080000.zip", &chosen.archive());
        let rows = total(&said);
        let counted = (rows.received, rows.accepted, rows.duplicate, rows.rejected);
        let all = chosen.rows.len() as u64;
        let expected = (all, chosen.facts, all - chosen.facts, 0);
        assert_eq!(counted, expected, "{}: {:?}", chosen.record, said.findings);
        let again = total(&lab.load("F43_10670_20140131090000.zip", &chosen.archive()));
        assert_eq!((again.accepted, again.duplicate), (0, all), "{}", chosen.record);
        assert_eq!(lab.contradictions(), [""; 0]);
    }
}

fn environment(folder: &Path, catalog: Catalog) -> Arc<Environment> {
    let units = folder.join("units.csv");
    std::fs::write(&units, UNITS).unwrap();
    Arc::new(Environment::new(catalog, Units::load(&units).unwrap(), Config::default()).unwrap())
}

fn loaded(store: &Store, environment: &Arc<Environment>, id: i64, path: &Path) -> Submission {
    let now = NOW.parse().unwrap();
    let name = format!("F43_10670_2014013108000{id}.zip");
    let claim = request(environment, path, &name, id, now);
    load(store, claim, &|_| None).unwrap()
}

/// A store that was filled under the keys of before keeps its rows, its counts
/// and where each came from; what it lost can be sent again.
#[test]
fn a_store_with_the_keys_of_before_opens_with_all_its_rows() {
    for chosen in CHOSEN {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("records/{}.toml", chosen.record.to_lowercase());
        let mut old = sources();
        let text = &mut old.iter_mut().find(|(name, _)| *name == file).unwrap().1;
        let line = text.lines().find(|line| line.starts_with("key = ")).unwrap().to_owned();
        assert_ne!(line, chosen.before, "{}", chosen.record);
        *text = text.replacen(&line, chosen.before, 1);
        let (archive, database) = (folder.path().join("archive"), folder.path().join("khlang.db"));
        std::fs::write(&archive, chosen.archive()).unwrap();

        let before = environment(folder.path(), Catalog::from_sources(&old, None).unwrap());
        let store = Store::open(&database, &before.catalog, 4).unwrap();
        let first = total(&loaded(&store, &before, 1, &archive));
        assert_eq!(first.accepted, chosen.stored_before, "{}", chosen.record);
        drop(store);

        let today = environment(folder.path(), Catalog::builtin().unwrap());
        let rows = |conn: &rusqlite::Connection| -> Vec<String> {
            let sql = format!(
                "SELECT concat_ws('/', HOSPCODE, D_UPDATE, _sub, _line) FROM t_{}
                 ORDER BY _sub, _line",
                chosen.record
            );
            let mut query = conn.prepare(&sql).unwrap();
            query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let stored = rows(&rusqlite::Connection::open(&database).unwrap());
        for _ in 0..2 {
            let store = Store::open(&database, &today.catalog, 4).unwrap();
            assert_eq!(store.verify(&today.catalog, 30).unwrap().mismatches, []);
        }
        let conn = rusqlite::Connection::open(&database).unwrap();
        assert_eq!(rows(&conn), stored, "{}", chosen.record);
        let left = "SELECT count(*) FROM sqlite_master WHERE name LIKE '%_before'";
        assert_eq!(conn.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
        drop(conn);

        let store = Store::open(&database, &today.catalog, 4).unwrap();
        let again = total(&loaded(&store, &today, 2, &archive));
        assert_eq!(again.accepted, chosen.facts - chosen.stored_before, "{}", chosen.record);
        assert_eq!(store.verify(&today.catalog, 30).unwrap().mismatches, []);
    }
}
