//! `export run` and `export list`: what is in a folder, and what is kept.

use std::fs;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;

use super::{assert_whole, command, manifest, site, visible};
use crate::support::site::Site;

const NOW: &str = "2014-01-31T12:00:00+07:00";

fn run(site: &Site, now: &str) -> Value {
    let out = command(site, now, &["export", "run", "daily", "--json"]).output().unwrap();
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{error}");
    serde_json::from_slice(&out.stdout).unwrap()
}

fn check(site: &Site, config: &str) -> String {
    site.write("own.toml", config.as_bytes());
    let (status, out, error) = site.run(&["--config", "own.toml", "config", "check"]);
    assert_eq!(status, Some(1), "{config}{out}");
    error
}

#[test]
fn a_folder_says_what_it_rests_on() {
    let site = site("0 6 * * *", 5);
    let said = run(&site, NOW);
    assert!(said["path"].as_str().unwrap().ends_with("exports/daily/2014-01-31"), "{said}");
    assert_whole(&site, "by hand");
    let told = manifest(&site, "2014-01-31");
    assert_eq!(told["due"], Value::Null);
    assert_eq!(told["made_at"], NOW);
    assert_eq!(told["as_of_submission"], 1);
    assert_eq!(told["periods"], serde_json::json!(["2557Q1"]));
    assert_eq!(told["level"], "unit");
    assert_eq!(told["rulebooks"]["2557"].as_str().unwrap().len(), 64);
    assert_eq!(told["kpis"]["ha"].as_str().unwrap().len(), 64);
    assert!(told["local_defaults"]["dm_screen"].as_array().is_some_and(|all| !all.is_empty()));
    // No NCDSCREEN was sent: the data cannot say, and that is no nought.
    assert!(told["not_computable"]["dm_screen"].as_str().unwrap().contains("NCDSCREEN"));
    let names: Vec<&str> =
        told["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ha.csv", "dm_screen.csv", "kpi.xlsx", "kpi.json", "kpi.html"]);
}

#[test]
fn the_forms_agree_with_what_was_reported() {
    let site = site("0 6 * * *", 5);
    run(&site, NOW);
    let read = |name: &str| fs::read(site.at("exports/daily/2014-01-31").join(name)).unwrap();
    let csv = String::from_utf8(read("ha.csv")).unwrap();
    assert_eq!(
        csv,
        "\u{feff}code,name,numerator,denominator,value,target,met\r\n\
         04001,ง,0,1,0.00,,\r\n10670,ก,1,1,100.00,,\r\n"
    );
    let json: Value = serde_json::from_slice(&read("kpi.json")).unwrap();
    assert_eq!(json[0]["kpi"], "ha");
    assert_eq!(json[0]["rows"][1]["value"], "100.00");
    assert_eq!(json[1]["rows"], serde_json::json!([]));
    let (status, out, _) =
        site.run(&["kpi", "run", "ha", "--period", "2557Q1", "--level", "unit", "--json"]);
    assert_eq!(status, Some(0));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json[0], "kpi run says the same");
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(read("kpi.xlsx"))).unwrap();
    assert_eq!(book.sheet_names().len(), 2);
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let row = sheet.rows().find(|row| row[0] == Data::String("10670".to_owned())).unwrap();
    assert_eq!(
        row[1..5],
        [Data::String("ก".to_owned()), Data::Float(1.0), Data::Float(1.0), Data::Float(100.0)]
    );
    let page = String::from_utf8(read("kpi.html")).unwrap();
    assert!(page.contains("100.00") && page.contains("คำนวณไม่ได้"), "{page}");
    assert!(page.contains("role=\"img\""), "a ranking of units");
}

#[test]
fn the_same_data_and_clock_give_the_same_bytes() {
    let site = site("0 6 * * *", 5);
    run(&site, NOW);
    run(&site, NOW);
    assert_eq!(visible(&site).into_iter().collect::<Vec<_>>(), ["2014-01-31", "2014-01-31-2"]);
    assert_eq!(manifest(&site, "2014-01-31"), manifest(&site, "2014-01-31-2"));
}

#[test]
fn only_what_was_exported_is_ever_removed() {
    let site = site("0 6 * * *", 2);
    for day in 1..=3 {
        run(&site, &format!("2014-01-0{day}T12:00:00+07:00"));
    }
    assert_eq!(visible(&site).into_iter().collect::<Vec<_>>(), ["2014-01-02", "2014-01-03"]);
    // None of these is an export of this name; the last is one with a letter
    // that somebody put into it.
    site.write("data/exports/daily/notes/a.txt", b"mine");
    site.write("data/exports/daily/2010-01-01/a.txt", b"mine");
    site.write("data/exports/daily/b.txt", b"mine");
    site.write("data/exports/other/2010-01-01/manifest.json", b"{}");
    site.write("data/exports/daily/2014-01-02/letter.txt", b"mine");
    for day in 4..=6 {
        run(&site, &format!("2014-01-0{day}T12:00:00+07:00"));
    }
    let kept = ["2010-01-01", "2014-01-02", "2014-01-05", "2014-01-06", "b.txt", "notes"];
    assert_eq!(visible(&site).into_iter().collect::<Vec<_>>(), kept);
    assert!(site.at("exports/other/2010-01-01/manifest.json").exists());
    assert!(site.at("exports/daily/2014-01-02/letter.txt").exists());
}

#[test]
fn a_run_by_hand_leaves_the_schedule_as_it_is() {
    let site = site("0 6 * * *", 5);
    super::serve(&site, "2014-01-01T07:00:00+07:00").stop();
    run(&site, "2014-01-02T12:00:00+07:00");
    let out = command(&site, "2014-01-02T13:00:00+07:00", &["export", "list", "--json"]);
    let list: Value = serde_json::from_slice(&{ out }.output().unwrap().stdout).unwrap();
    assert_eq!(list[0]["name"], "daily");
    assert_eq!(list[0]["next"], "2014-01-02T06:00:00+07:00", "missed, and said so");
    assert_eq!(list[0]["runs"].as_array().unwrap().len(), 1);
    let mut daemon = super::serve(&site, "2014-01-02T13:00:00+07:00");
    daemon.wait("the scheduled one", || visible(&site).len() == 2);
    daemon.stop();
    assert_eq!(manifest(&site, "2014-01-02-2")["due"], "2014-01-02T06:00:00+07:00");
}

#[test]
fn every_mistake_in_an_export_is_named() {
    let site = Site::new();
    let right = super::configuration("0 6 * * *", 5);
    for (from, to, told) in [
        ("0 6 * * *", "0 6 * *", "0 6 * *"),
        ("0 6 * * *", "0 6 30 2 *", "never due"),
        ("dm_screen", "dm_sceen", "did you mean dm_screen"),
        ("\"xlsx\"", "\"xls\"", "\"xls\" is no format"),
        ("2557Q1", "2014Q1", "2014Q1"),
        ("keep = 5", "keep = 0", "keep"),
        ("keep = 5", "level = \"village\"", "village"),
        ("keep = 5", "kep = 5", "kep"),
        ("keep = 5", "report = \"kpi66\"", "not both"),
        ("name = \"daily\"", "name = \"../daily\"", "a name has"),
        ("name = \"daily\"", "name = \"forward\"", "another use"),
        ("kpis = [\"ha\", \"dm_screen\"]", "report = \"kpi67\"", "kpi66"),
        ("kpis = [\"ha\", \"dm_screen\"]", "report = \"kpi66\"", "needs a region"),
        ("kpis = [\"ha\", \"dm_screen\"]", "", "what to export"),
    ] {
        let error = check(&site, &right.replace(from, to));
        assert!(error.contains(told), "{to}: {error}");
    }
    let twice = check(&site, &format!("{right}{right}"));
    assert!(twice.contains("daily: the name stands twice"), "{twice}");
    site.write("own.toml", right.as_bytes());
    let (status, out, error) = site.run(&["--config", "own.toml", "config", "check"]);
    assert_eq!(status, Some(0), "{error}");
    assert!(out.contains("1 การส่งออก"), "{out}");
}

#[test]
fn an_export_that_takes_too_long_is_stopped_and_says_so() {
    let site = site("0 6 * * *", 5);
    let toml = "name = { th = \"ช้า\", en = \"slow\" }\nunit = { th = \"ครั้ง\", en = \"times\" }\n\
        counts = \"rows\"\nsource = \"a test\"\n";
    let sql = "SELECT '10670' AS hcode, NULL AS reason, i AS num, 1 AS den FROM (\
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000)\
        SELECT i FROM n)\n";
    site.write("data/config/kpi/slow.toml", toml.as_bytes());
    site.write("data/config/kpi/slow.sql", sql.as_bytes());
    let config = super::configuration("0 6 * * *", 5).replace("dm_screen", "slow");
    site.write("own.toml", format!("{config}[limits]\nkpi_ms = 200\n").as_bytes());
    let out = command(&site, NOW, &["export", "run", "daily"]).output().unwrap();
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{error}");
    assert!(error.contains("slow") && error.contains("kpi_ms"), "{error}");
    assert!(visible(&site).is_empty());
}
