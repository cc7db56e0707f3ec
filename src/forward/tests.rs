//! What only shows with a part of the machinery taken by hand: a ledger that
//! fails after a batch, an original that goes while archives are written.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};

use super::run::{Asked, run_with};
use super::{Destination, ForwardContext, ForwardError, ForwardOutcome, Result, destinations};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::environment::Environment;
use crate::files::write_whole;
use crate::load::{CandidatePaths, LoadRequest, load};
use crate::store::{Reader, Store, run_as_another};
use crate::units::Units;

const UNITS: &str = "hcode,name,type,level,cup,network,district,province
10669,โรงพยาบาลใหญ่,05,A,10669,10669,เมือง,ตัวอย่าง
03590,รพ.สต.หนึ่ง,18,P,10944,10669,เหนือ,ตัวอย่าง
";

/// A data folder in which submissions were loaded, one a day.
struct Loaded {
    folder: tempfile::TempDir,
    environment: Arc<Environment>,
    database: PathBuf,
}

fn now() -> DateTime<FixedOffset> {
    "2014-01-31T18:00:00+07:00".parse().unwrap()
}

/// PERSON of a unit, one person for each submission.
fn zipped(hcode: &str, pid: usize) -> Vec<u8> {
    let rows = format!(
        "PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|D_UPDATE\r\n\
         {hcode}|1234567890121|{pid}|ก|1|19800101|1|20131110120000\r\n"
    );
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("PERSON.txt", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, rows.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

fn loaded(hcodes: &[&str]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let listed = folder.path().join("units.csv");
    write_whole(&listed, UNITS.as_bytes()).unwrap();
    fs::create_dir(folder.path().join("accepted")).unwrap();
    let units = Units::load(&listed).unwrap();
    let environment = Environment::new(Catalog::builtin().unwrap(), units, Config::default());
    let environment = Arc::new(environment.unwrap());
    let database = folder.path().join("khlang.db");
    let store = Store::open(&database, &environment.catalog, 4).unwrap();
    for (day, hcode) in (1..).zip(hcodes) {
        let name = format!("F21_{hcode}_201401{day:02}080000.zip");
        let stored = format!("accepted/{name}");
        let path = folder.path().join(&stored);
        write_whole(&path, &zipped(hcode, day)).unwrap();
        let received = format!("2014-01-{day:02}T09:00:00+07:00").parse().unwrap();
        let request = LoadRequest {
            environment: Arc::clone(&environment),
            path,
            name,
            id: Some(i64::try_from(day).unwrap()),
            received_at: received,
            seal: Arc::default(),
            now: received,
            progress: Arc::new(|_| ()),
        };
        let place = |_| -> Option<CandidatePaths> { Some(Box::new([stored.clone()].into_iter())) };
        let became = load(&store, request, &place).unwrap();
        assert_eq!(became.status, crate::submission::Status::Accepted, "{became:?}");
    }
    Loaded { folder, environment, database }
}

impl Loaded {
    fn data(&self) -> &Path {
        self.folder.path()
    }

    fn run(
        &self,
        asked: Asked,
        rows_at_once: u64,
        before: &dyn Fn(usize) -> Result<()>,
    ) -> Result<ForwardOutcome> {
        let asked_for = Cell::new(0);
        let store = || {
            asked_for.set(asked_for.get() + 1);
            before(asked_for.get())?;
            Ok(Store::open(&self.database, &self.environment.catalog, 4)?)
        };
        let place = ForwardContext {
            environment: &self.environment,
            data: self.data(),
            database: &self.database,
            now: now(),
            by: "test",
            store: &store,
        };
        run_with(&place, &nhso(), asked, rows_at_once)
    }

    fn folders(&self) -> Vec<String> {
        let home = self.data().join("exports/forward/nhso");
        let entries = fs::read_dir(home).unwrap().map(|entry| entry.unwrap());
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn nhso() -> Destination {
    let configured = toml::from_str("name = \"nhso\"").unwrap();
    destinations(&[configured]).unwrap().remove(0)
}

#[test]
fn batches_that_were_made_are_told_when_a_later_one_fails() {
    let site = loaded(&["03590", "03590", "10669"]);
    let full = |count| match count {
        2 => Err(ForwardError::Refused("the disk is full".to_owned())),
        _ => Ok(()),
    };
    let outcome = site.run(Asked::ByHand, 0, &full).unwrap();
    assert_eq!(outcome.batches.len(), 1, "{outcome:?}");
    assert_eq!(outcome.trouble.as_deref(), Some("the disk is full"));
    assert_eq!(site.folders(), ["20140131180000"]);
    // Before anything is made it is an error as any.
    let never = |_| Err(ForwardError::Refused("the disk is full".to_owned()));
    assert!(site.run(Asked::ByHand, 0, &never).is_err());
    let outcome = site.run(Asked::ByHand, 0, &|_| Ok(())).unwrap();
    assert_eq!((outcome.batches.len(), outcome.trouble), (2, None));
    assert_eq!(site.folders(), ["20140131180000", "20140131180001", "20140131180002"]);
}

#[test]
fn a_dry_run_in_many_parts_says_what_a_run_does() {
    let site = loaded(&["03590", "03590", "10669", "03590"]);
    let bad = site.data().join("accepted/F21_10669_20140103080000.zip");
    write_whole(&bad, b"PK").unwrap();
    let dry = site.run(Asked::DryRun, 0, &|_| panic!("nothing is written")).unwrap();
    assert_eq!(dry.failed.len(), 1, "{dry:?}");
    let made = site.run(Asked::ByHand, 0, &|_| Ok(())).unwrap();
    let names: Vec<String> =
        made.batches.iter().flat_map(|b| b.archives.iter().map(|a| a.name.clone())).collect();
    assert_eq!(names.len(), 3, "{made:?}");
    assert_eq!(dry.would.iter().map(|a| a.name.clone()).collect::<Vec<_>>(), names);
    assert_eq!(dry.failed, made.failed);
}

#[test]
fn no_state_of_the_store_is_held_while_originals_are_read() {
    // What is planned rests on what was read before: it takes no reader.
    let site = loaded(&["03590"]);
    let reader = Reader::open(&site.database, None).unwrap();
    let candidates = reader.forward_candidates("nhso").unwrap();
    let to = nhso();
    let facts = super::unit::StoredLines::read(
        &site.environment,
        &reader,
        &to,
        &candidates,
        &BTreeMap::new(),
    );
    let facts = facts.unwrap();
    assert!(!reader.is_held());
    drop(reader);
    let store = || unreachable!("nothing is written");
    let place = ForwardContext {
        environment: &site.environment,
        data: site.data(),
        database: &site.database,
        now: now(),
        by: "test",
        store: &store,
    };
    assert_eq!(super::unit::plan_chunk(&place, &to, &candidates, facts).archives.len(), 1);
}

#[test]
fn an_original_that_goes_while_archives_are_written_holds_up_its_unit_alone() {
    let site = loaded(&["03590", "10669", "03590"]);
    let place = ForwardContext {
        environment: &site.environment,
        data: site.data(),
        database: &site.database,
        now: now(),
        by: "test",
        store: &|| unreachable!("the ledger is not asked"),
    };
    let reader = Reader::open(&site.database, None).unwrap();
    let (to, candidates) = (nhso(), reader.forward_candidates("nhso").unwrap());
    let none = BTreeMap::new();
    let facts = super::unit::StoredLines::read(&site.environment, &reader, &to, &candidates, &none);
    let mut planned = super::unit::plan_chunk(&place, &to, &candidates, facts.unwrap());
    assert_eq!((planned.archives.len(), planned.failed.len()), (3, 0));
    fs::remove_file(site.data().join("accepted/F21_03590_20140101080000.zip")).unwrap();
    let making = site.data().join("making");
    fs::create_dir(&making).unwrap();
    let archives = super::run::fill(&place, (&making, &to, 1), &mut planned).unwrap();
    let of: Vec<&str> = archives.iter().map(|archive| archive.hcode.as_str()).collect();
    assert_eq!(of, ["10669"], "what the unit sent later may rest on it");
    let failed: Vec<i64> = planned.failed.iter().map(|failed| failed.submission).collect();
    assert_eq!(failed, [1]);
    let left = fs::read_dir(&making).unwrap().count();
    assert_eq!(left, 3, "one archive, two manifests, and nothing half");
}

#[test]
fn a_row_that_is_freed_while_a_batch_is_written_is_not_sent() {
    let site = loaded(&["03590", "10669"]);
    let free = |_| {
        run_as_another(
            &site.database,
            "INSERT OR IGNORE INTO rep VALUES (1, 'nhso', 'rows', 'l', 1, 'v', 'f', 's', 1, '', 'x', 1, 1, 0, 2);
             INSERT INTO freed_row VALUES
               (1, 'PERSON', 2, 'PERSON', 1, '', '03590', '1', NULL, '{}', 'now', 'x', 'x', 2);
             DELETE FROM t_person WHERE _sub = 1",
        );
        Ok(())
    };
    let error = site.run(Asked::ByHand, 9, &free).unwrap_err().to_string();
    assert!(error.contains("freed meanwhile"), "{error}");
    assert_eq!(site.folders(), [""; 0]);
    let outcome = site.run(Asked::ByHand, 9, &|_| Ok(())).unwrap();
    let rows: Vec<u64> = outcome.batches.iter().map(|batch| batch.rows).collect();
    assert_eq!(rows, [1], "the other alone: {outcome:?}");
}
