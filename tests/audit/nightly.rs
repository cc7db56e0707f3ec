//! The run that nobody has to start: when it falls due, what it writes, and that
//! trouble is told and tried again.

use std::path::Path;

use khlang::archive::Standard;
use khlang::catalog::Catalog;
use serde_json::Value;

use super::flow::{doses, persons};
use super::written;
use crate::kpi::{read, text_of};
use crate::support::case::zipped;
use crate::support::site::{Daemon, Site};

/// A site in which a unit vaccinated six of twenty children too early, whose
/// audits are on a schedule.
fn site(schedule: &str) -> Site {
    let site = Site::new();
    site.write("own.toml", format!("[audit]\nschedule = \"{schedule}\"\n").as_bytes());
    let folder = tempfile::tempdir().unwrap();
    let files = [("PERSON", persons("04001", 1, 20)), ("EPI", doses("04001", 6, 14))];
    for (name, text) in files {
        std::fs::write(folder.path().join(format!("{name}.txt")), text).unwrap();
    }
    for (hcode, files) in read(&Catalog::load(None).unwrap(), Standard::F43, folder.path()) {
        let members: Vec<(String, String)> = files
            .iter()
            .map(|(name, file)| {
                (format!("{name}.txt"), written(&text_of(file), 25_570_115_080_000))
            })
            .collect();
        let name = format!("given/F43_{hcode}_25570115080000.zip");
        let path = site.write(name, &zipped(&members));
        assert!(site.import(&path, None).success());
    }
    site
}

fn serve<'s>(site: &'s Site, now: &str) -> Daemon<'s> {
    let mut all = vec!["--config", "own.toml"];
    if !now.is_empty() {
        all.extend(["--now", now]);
    }
    all.push("serve");
    let mut daemon = site.start(site.command(&all));
    daemon.wait_until_ready();
    daemon
}

fn cases(site: &Site) -> Vec<Value> {
    let (status, out, error) = site.run(&["audit", "list", "--severity", "hold", "--json"]);
    assert_eq!(status, Some(0), "{error}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn rules_are_run_on_schedule_and_open_nothing_twice() {
    let site = site("* * * * * *");
    let mut daemon = serve(&site, "");
    daemon.wait_for_log("round 2557: 0 opened");
    daemon.stop();
    let cases = cases(&site);
    assert_eq!((cases.len(), &cases[0]["rule"]["id"]), (1, &Value::from("epi_age")));
    let (_, shown, _) = site.run(&["audit", "show", &cases[0]["id"].to_string(), "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["events"].as_array().unwrap().len(), 1);
    site.assert_verified();
}

#[test]
fn a_night_that_was_missed_is_made_up_once() {
    let site = site("0 3 * * *");
    // Never run on schedule: what was due before is nobody's.
    let mut daemon = serve(&site, "2014-07-01T04:00:00+07:00");
    daemon.wait_until_idle();
    daemon.stop();
    assert!(cases(&site).is_empty() && !daemon.log().contains("audit: due"));
    let last = ["--now", "2014-06-30T03:00:00+07:00", "audit", "run", "--round", "2557"];
    let scope = ["--tranche", "2", "--by", "khlang serve"];
    let (status, _, error) = site.run(&[&last[..], &scope].concat());
    assert_eq!(status, Some(0), "{error}");
    let mut daemon = serve(&site, "2014-07-02T04:00:00+07:00");
    daemon.wait_for_log("round 2557:");
    assert!(daemon.log().contains("due since 2014-07-02T03:00:00+07:00"), "{}", daemon.log());
    daemon.stop();
    assert_eq!(cases(&site).len(), 1);
    let mut daemon = serve(&site, "2014-07-02T05:00:00+07:00");
    daemon.wait_until_idle();
    daemon.stop();
    assert!(!daemon.log().contains("audit: due"), "{}", daemon.log());
}

#[test]
fn a_mistake_in_the_schedule_is_refused_and_trouble_is_told() {
    let wrong = site("61 3 * * *");
    let (status, _, error) = wrong.run(&["--config", "own.toml", "serve"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("[audit]") && error.contains("61 3"), "{error}");

    let site = site("* * * * * *");
    let mut daemon = serve(&site, "2014-06-30T03:00:00+07:00");
    // From now on a rule of the province cannot be read; time goes on with a
    // daemon that has no fixed clock.
    daemon.stop();
    let mut daemon = serve(&site, "");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/audit/epi_age.toml");
    let text = std::fs::read_to_string(shipped).unwrap().replace("\"epi_age\"", "\"epi_ages\"");
    site.write("data/config/audit/epi_age.toml", text.as_bytes());
    daemon.wait_for_log("it will be tried again");
    assert!(daemon.log().contains("named as its file"), "{}", daemon.log());
    daemon.stop();
}

/// A run that takes long holds a view of the store and not the writer: archives
/// are taken meanwhile, and steps too. The rule here never ends of itself.
#[test]
fn archives_and_steps_are_taken_while_the_rules_run() {
    let site = site("* * * * * *");
    let (status, _, error) = site.run(&["audit", "run", "--round", "2557", "--by", "x"]);
    assert_eq!(status, Some(0), "{error}");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/audit/epi_age.sql");
    let endless = "AND EXISTS (WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x)
        SELECT 1 FROM x WHERE n < 0)";
    let text = std::fs::read_to_string(shipped).unwrap();
    // What is proven over nothing ends: it has no row to look at.
    site.write("data/config/audit/epi_age.sql", format!("{text}{endless}\n").as_bytes());
    let mut daemon = serve(&site, "");
    daemon.wait_for_log("audit: due since");
    let born = persons("04001", 301, 3);
    for (time, files) in [
        ("25570116080000", vec![("PERSON", born.as_str())]),
        (
            "25570117080000",
            vec![("EPI", "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n04001|301|20131005|091\n")],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(format!("{name}.txt")), text).unwrap();
        }
        for (hcode, files) in read(&Catalog::load(None).unwrap(), Standard::F43, folder.path()) {
            let members: Vec<(String, String)> = files
                .iter()
                .map(|(name, file)| {
                    (format!("{name}.txt"), written(&text_of(file), time.parse().unwrap()))
                })
                .collect();
            let name = format!("F43_{hcode}_{time}.zip");
            site.drop_archive(&name, &zipped(&members));
            let receipt = site.wait_for_receipt(&format!("{hcode}/{name}.receipt.json"));
            assert_eq!(receipt["status"], "accepted", "{receipt}");
        }
    }
    let id = cases(&site)[0]["id"].to_string();
    let (status, _, error) = site.run(&["audit", "notify", &id, "--reason", "x"]);
    assert_eq!(status, Some(0), "{error}");
    let log = daemon.log();
    assert!(!log.contains("audit: round") && !log.contains("tried again"), "it ran: {log}");
    daemon.stop();
    site.assert_verified();
}
