//! Backups and restores: what is put in the place of the database has proven
//! itself, nothing that is there is lost unsaid, and a kill at any instant
//! leaves a whole database.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rusqlite::Connection;

use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Site, UNIT_A, UNIT_B};

const FIRST: &str = "F43_10670_20140101080000.zip";
const SECOND: &str = "F43_10670_20140201080000.zip";

fn send(site: &Site, name: &str, parcel: &Parcel) {
    let path = site.write(format!("sent/{name}"), &parcel.zip());
    assert!(site.import(&path, None).success());
}

/// A site with one submission, a token, and a backup of both.
fn backed_up() -> (Site, PathBuf) {
    let site = Site::new();
    send(&site, FIRST, &Parcel::new(UNIT_A, 1, 3));
    assert_eq!(site.run(&["token", "create", "--role", "province"]).0, Some(0));
    let backup = site.root().join("kept/b.db");
    fs::create_dir(site.root().join("kept")).unwrap();
    let (status, out, err) = site.run(&["backup", backup.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{out}{err}");
    (site, backup)
}

fn tamper(path: &Path, sql: &str) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn restore(site: &Site, backup: &Path, more: &[&str]) -> (Option<i32>, String) {
    let (status, out, err) = site.run(&[&["restore", backup.to_str().unwrap()][..], more].concat());
    (status, out + &err)
}

/// Names of the old databases that are kept.
fn kept(site: &Site) -> Vec<String> {
    let names = site.files("").into_iter().map(|path| path.display().to_string());
    names.filter(|name| name.contains("before-restore")).collect()
}

#[test]
fn what_is_no_backup_of_ours_replaces_nothing() {
    let (site, backup) = backed_up();
    let own = Site::new();
    let foreign = site.root().join("foreign.db");
    tamper(&foreign, "CREATE TABLE submission (id INTEGER); INSERT INTO submission VALUES (1)");
    let other_id = site.root().join("other.db");
    fs::copy(&backup, &other_id).unwrap();
    tamper(&other_id, "PRAGMA application_id = 77");
    let newer = site.root().join("newer.db");
    fs::copy(&backup, &newer).unwrap();
    tamper(&newer, "PRAGMA user_version = 900");
    let half = site.root().join("half.db");
    let bytes = fs::read(&backup).unwrap();
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    let empty_ones = [
        site.write("empty.db", b""),
        site.write("text.db", &b"a text and no database ".repeat(2000)),
        {
            let path = site.root().join("hollow.db");
            tamper(&path, "PRAGMA user_version = 3; CREATE TABLE t (a)");
            path
        },
    ];
    let access = site.root().join("kept/b.db.access");
    for bad in [&foreign, &other_id, &newer, &half, &access].into_iter().chain(&empty_ones) {
        for (at, more) in [(&site, &[][..]), (&site, &["--force"]), (&own, &[])] {
            let (status, said) = restore(at, bad, more);
            assert_eq!(status, Some(2), "{}: {said}", bad.display());
            assert!(said.contains("not restored") && said.contains("ไม่ได้กู้คืน"), "{said}");
        }
        assert_eq!(Snapshot::of(&site).submissions(), [FIRST], "{}", bad.display());
        assert!(kept(&site).is_empty());
        assert!(!own.at("khlang.db").exists());
        assert!(!site.at(".restore").exists());
    }
    site.assert_verified();
}

#[test]
fn a_row_that_was_changed_in_place_is_found() {
    let changes = [
        "UPDATE t_person SET \"NAME\" = 'x' WHERE rowid IS NULL OR 1",
        "UPDATE t_service SET \"PRICE\" = 1",
        "UPDATE visit SET seq = 'x' || seq",
        "UPDATE submission SET archive = 'F43_10670_20140101080001.zip'",
        "UPDATE submission SET sha256 = 'abc'",
        "DROP TRIGGER void_marked",
        "UPDATE manifest SET sha256 = 'abc' WHERE name = 'tally'",
        "UPDATE manifest_submission SET rows = rows + 1",
        "DELETE FROM manifest_submission",
        "DROP TABLE manifest",
        "CREATE TABLE more (a)",
    ];
    let (site, backup) = backed_up();
    for sql in changes {
        let bad = site.root().join("bad.db");
        fs::copy(&backup, &bad).unwrap();
        fs::copy(
            format!("{}.manifest.json", backup.display()),
            site.root().join("bad.db.manifest.json"),
        )
        .unwrap();
        let sql = sql.replace(" WHERE rowid IS NULL OR 1", "");
        tamper(&bad, &sql);
        let (status, said) = restore(&site, &bad, &["--force"]);
        assert_eq!(status, Some(2), "{sql}: {said}");
        let (status, out, _) = site.run(&["verify", "--backup", bad.to_str().unwrap()]);
        assert_eq!(status, Some(2), "{sql}: {out}");
    }
    let (status, out, _) = site.run(&["verify", "--backup", backup.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{out}");
    assert!(kept(&site).is_empty());

    // In the store itself, compared with the backup.
    tamper(&site.at("khlang.db"), "UPDATE t_diagnosis_opd SET \"DIAGCODE\" = 'J01'");
    assert_eq!(site.run(&["verify"]).0, Some(0), "nothing to compare with");
    let (status, out, _) = site.run(&["verify", "--backup", backup.to_str().unwrap()]);
    assert_eq!(status, Some(2));
    assert!(out.contains("#1 9 rows"), "{out}");
    // In a store that was restored, which knows what it was.
    assert_eq!(restore(&site, &backup, &[]).0, Some(0));
    site.assert_verified();
    tamper(&site.at("khlang.db"), "UPDATE t_diagnosis_opd SET \"DIAGCODE\" = 'J01'");
    assert_eq!(site.run(&["verify"]).0, Some(2));
}

#[test]
fn a_backup_outlives_what_comes_after_it_and_a_void() {
    let (site, backup) = backed_up();
    send(&site, SECOND, &Parcel::new(UNIT_A, 50, 3));
    assert_eq!(site.run(&["submissions", "void", "1", "--reason", "x"]).0, Some(0));
    let (status, out, _) = site.run(&["verify", "--backup", backup.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{out}");
    // A backup of a store that was restored is as good as the first.
    assert_eq!(restore(&site, &backup, &["--force"]).0, Some(0));
    let again = site.root().join("again.db");
    assert_eq!(site.run(&["backup", again.to_str().unwrap()]).0, Some(0));
    assert_eq!(restore(&site, &again, &[]).0, Some(0));
    // What was received after the backup lies where it did, and is named.
    let (_, out, _) = site.run(&["verify", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let said = report["mismatches"].as_array().unwrap();
    assert!(said.len() == 1 && said[0]["what"].as_str().unwrap().contains(SECOND), "{out}");
}

#[test]
fn what_would_be_lost_is_said_and_the_old_database_is_numbered() {
    let (site, backup) = backed_up();
    send(&site, SECOND, &Parcel::new(UNIT_A, 50, 3));
    let (status, said) = restore(&site, &backup, &[]);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains(SECOND) && said.contains("จะหายไป") && said.contains("lost"), "{said}");
    assert_eq!(Snapshot::of(&site).submissions(), [FIRST, SECOND]);
    let mut all = Vec::new();
    for _ in 0..3 {
        let (status, said) = restore(&site, &backup, &["--force"]);
        assert_eq!(status, Some(0), "{said}");
        all.push(kept(&site));
    }
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(Snapshot::of(&site).submissions(), [FIRST]);
    let conn = Connection::open(site.at(&all[0][0])).unwrap();
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM submission"), 2, "the first is still the first");
}

#[test]
fn a_backup_of_another_province_is_refused() {
    let (_away, backup) = backed_up();
    let here = Site::new();
    here.write(
        "data/units.csv",
        b"hcode,name,type,level,cup,network,district,province\n\
          20001,x,07,F2,20001,20001,y,z\n",
    );
    let (status, said) = restore(&here, &backup, &[]);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("another province") && said.contains("จังหวัดอื่น"), "{said}");
    assert_eq!(restore(&here, &backup, &["--force"]).0, Some(0));

    // A machine on which nothing is yet takes it.
    let new = Site::new();
    fs::remove_file(new.at("units.csv")).unwrap();
    let (status, said) = restore(&new, &backup, &[]);
    assert_eq!(status, Some(0), "{said}");
}

/// Neither a log without its database nor one that cannot be read is taken
/// for a part of what is restored; all is kept.
#[test]
fn leftovers_of_another_database_are_set_aside() {
    let (site, backup) = backed_up();
    let log = b"a log of who knows what".repeat(100);
    fs::remove_file(site.at("khlang.db")).unwrap();
    fs::write(site.at("khlang.db-wal"), &log).unwrap();
    fs::write(site.at("figures.db"), b"of another state").unwrap();
    assert_eq!(restore(&site, &backup, &[]).0, Some(0));
    assert!(!site.at("figures.db").exists(), "counted of another state");
    assert_eq!(fs::read(site.at("khlang.db.before-restore.1-wal")).unwrap(), log);
    site.assert_verified();

    let damaged = b"no database any more".repeat(1000);
    fs::write(site.at("khlang.db"), &damaged).unwrap();
    assert_eq!(restore(&site, &backup, &[]).0, Some(0));
    assert_eq!(fs::read(site.at("khlang.db.before-restore.2")).unwrap(), damaged);
    site.assert_verified();
}

#[test]
fn a_database_in_use_is_not_replaced() {
    let (site, backup) = backed_up();
    let conn = Connection::open(site.at("khlang.db")).unwrap();
    conn.execute_batch("BEGIN; SELECT * FROM submission").unwrap();
    let (status, said) = restore(&site, &backup, &[]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("in use"), "{said}");
    drop(conn);
    assert_eq!(restore(&site, &backup, &[]).0, Some(0));
    site.assert_verified();
}

#[test]
fn a_copy_of_tokens_that_was_changed_is_not_taken() {
    let (_site, backup) = backed_up();
    let killed = Site::new();
    run_until_death(&killed, &["restore", backup.to_str().unwrap()], "restore_access");
    assert!(!killed.at("access.db").exists() && killed.at("khlang.db").exists());
    assert_eq!(restore(&killed, &backup, &[]).0, Some(0));
    assert!(killed.at("access.db").exists() && !killed.at(".restore").exists());
    let access = PathBuf::from(format!("{}.access", backup.display()));
    tamper(&access, "UPDATE token SET role = 'metrics'");
    let new = Site::new();
    let (status, said) = restore(&new, &backup, &[]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("table token"), "{said}");
    assert!(!new.at("access.db").exists());
}

fn run_until_death(site: &Site, args: &[&str], step: &str) {
    let mut command = site.command(args);
    command.env("KHLANG_DIE_AT", step).stdout(Stdio::null()).stderr(Stdio::null());
    assert_eq!(command.status().unwrap().code(), None, "no kill at {step}");
}

#[test]
fn a_restore_that_is_killed_leaves_the_old_or_the_new_database_whole() {
    let old: &[&str] = &[FIRST, SECOND];
    for (step, left) in [
        ("restore_copied", old),
        ("restore_proven", old),
        ("restore_closed", old),
        ("restore_kept", old),
        ("restore_renamed", &[FIRST]),
    ] {
        let (site, backup) = backed_up();
        send(&site, SECOND, &Parcel::new(UNIT_A, 50, 3));
        run_until_death(&site, &["restore", backup.to_str().unwrap(), "--force"], step);
        let snapshot = Snapshot::of(&site);
        snapshot.assert_sound();
        assert_eq!(snapshot.submissions(), left, "{step}");
        let mut daemon = site.serve();
        daemon.wait_until_ready();
        daemon.stop();
        assert!(!site.at(".restore").exists(), "{step}: swept at start");
        site.run(&["verify"]);
        assert_eq!(Snapshot::of(&site).submissions(), left, "{step}");
        assert_eq!(restore(&site, &backup, &["--force"]).0, Some(0), "{step}");
        assert_eq!(Snapshot::of(&site).submissions(), [FIRST], "{step}");
    }
}

#[test]
fn a_backup_is_private_from_its_first_byte_and_its_leftovers_are_swept() {
    let steps = ["backup_begun", "backup_copied", "backup_sealed"];
    let (site, _) = backed_up();
    let folder = site.at("backups");
    for step in steps {
        let to = folder.join(format!("{step}.db"));
        run_until_death(&site, &["backup", to.to_str().unwrap()], step);
        let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(left.len(), 1, "{step}: {left:?}");
        for path in left {
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{step}: {}", path.display());
        }
        assert!(!to.exists(), "{step}: it appears whole");
    }
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "swept at start");
    daemon.stop();
    run_until_death(&site, &["backup", folder.join("a.db").to_str().unwrap()], "backup_copied");
    assert_eq!(site.run(&["backup", folder.join("b.db").to_str().unwrap()]).0, Some(0));
    let mut names: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    let all = ["b.db", "b.db.access", "b.db.access.manifest.json", "b.db.manifest.json"];
    assert_eq!(names, all, "swept by the next backup");
    for name in all {
        let mode = folder.join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // Never over something that is there.
    let (status, _, error) = site.run(&["backup", folder.join("b.db").to_str().unwrap()]);
    assert!(status == Some(1) && error.contains("there already"), "{error}");
    site.assert_verified();
    tamper(&folder.join("b.db"), "UPDATE t_person SET \"SEX\" = '2'");
    let (status, out, _) = site.run(&["verify"]);
    assert!(status == Some(2) && out.contains("b.db"), "those in backups/ are proven: {out}");
}

/// Every command that reads refuses a database of a newer Khlang in one
/// sentence, and leaves it as it is.
#[test]
fn a_database_of_a_newer_khlang_is_read_by_nobody() {
    let (site, _) = backed_up();
    tamper(&site.at("khlang.db"), "PRAGMA user_version = 900; PRAGMA wal_checkpoint(TRUNCATE)");
    let before = fs::read(site.at("khlang.db")).unwrap();
    let sent = site.write("sent/F43_04001_20140101080000.zip", &Parcel::new(UNIT_B, 1, 1).zip());
    let sent = sent.to_str().unwrap();
    let commands: &[&[&str]] = &[
        &["serve"],
        &["import", sent],
        &["submissions", "list"],
        &["submissions", "show", "1"],
        &["submissions", "void", "1", "--reason", "x"],
        &["score", "--round", "2557"],
        &["allocate", "--round", "2557"],
        &["statement", "--round", "2557", "--out", "o"],
        &["kpi", "run", "--all", "--period", "2557"],
        &["kpi", "explain", "anc5", "--unit", UNIT_A, "--period", "2557"],
        &["hold", "list"],
        &["report", "kpi66", "--period", "2557Q1", "--region", "12"],
        &["verify"],
        &["backup", "x.db"],
    ];
    for command in commands {
        let (status, out, error) = site.run(command);
        assert_eq!(status, Some(1), "{command:?}: {out}{error}");
        assert!(out.is_empty(), "{command:?}: {out}");
        assert!(
            error.contains("newer Khlang") && error.contains("รุ่นใหม่กว่า"),
            "{command:?}: {error}"
        );
        let last = error.lines().last().unwrap();
        assert!(last.contains("newer Khlang"), "{command:?}: one sentence at the end: {error}");
    }
    assert_eq!(fs::read(site.at("khlang.db")).unwrap(), before);
    tamper(&site.at("khlang.db"), "PRAGMA user_version = 8");
    tamper(&site.at("access.db"), "PRAGMA user_version = 900");
    let (status, _, error) = site.run(&["token", "list"]);
    assert!(status == Some(1) && error.contains("newer Khlang"), "{error}");
}

/// Undoes the migrations after the eighth: totals of codes were without their
/// severity, nothing had been paid, and files bore no mark.
fn as_of_version_8(conn: &Connection) {
    conn.execute_batch(
        "PRAGMA foreign_keys = OFF;
         CREATE TABLE finding_total_old (
           submission INTEGER NOT NULL REFERENCES submission,
           code       TEXT NOT NULL,
           total      INTEGER NOT NULL,
           PRIMARY KEY (submission, code)
         ) STRICT, WITHOUT ROWID;
         INSERT INTO finding_total_old
           SELECT submission, code, sum(total) FROM finding_total GROUP BY 1, 2;
         DROP TABLE finding_total;
         ALTER TABLE finding_total_old RENAME TO finding_total;
         DROP VIEW audit_state;
         DROP VIEW rep_state;
         PRAGMA application_id = 0;
         PRAGMA user_version = 8;",
    )
    .unwrap();
    let later = "SELECT name FROM sqlite_schema WHERE type = 'table'
         AND (name LIKE 'closing%' OR name LIKE 'audit%' OR name GLOB 'forward_*'
           OR name IN ('reopening', 'rep', 'rep_row', 'freed_row', 'statement_line'))";
    let mut statement = conn.prepare(later).unwrap();
    let tables = statement.query_map([], |row| row.get(0)).unwrap();
    let tables: Vec<String> = tables.collect::<Result<_, _>>().unwrap();
    assert!(tables.len() > 5, "{tables:?}");
    for table in tables {
        conn.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
}

/// The database of an earlier Khlang is copied before its form is changed.
#[test]
fn a_migration_writes_a_copy_first() {
    let (site, _) = backed_up();
    let latest = {
        let conn = Connection::open(site.at("khlang.db")).unwrap();
        let latest: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        as_of_version_8(&conn);
        latest
    };
    // A command that only reads changes nothing, and says what does.
    let (status, _, error) = site.run(&["submissions", "list"]);
    assert!(status == Some(1) && error.contains("khlang verify"), "{error}");
    assert!(site.files("backups").is_empty(), "nothing was migrated");
    let (status, out, error) = site.run(&["verify"]);
    assert_eq!(status, Some(0), "{out}{error}");
    let copy = site.at(format!("backups/before-migration-{latest:03}.db"));
    assert!(error.contains("before-migration"), "it is said: {error}");
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let conn = Connection::open(&copy).unwrap();
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("PRAGMA user_version"), 8);
    assert_eq!(number("SELECT count(*) FROM submission"), 1);
    drop(conn);
    site.assert_verified();
    assert_eq!(site.files("backups").len(), 2, "once");
    // It leads back.
    let (status, said) = restore(&site, &copy, &[]);
    assert_eq!(status, Some(0), "{said}");
    site.assert_verified();
}
