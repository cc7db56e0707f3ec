//! Exports as others see them: folders that are whole, at their time, once.

mod by_hand;
mod kill;
mod region;
mod schedule;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::parcel::Parcel;
use crate::support::site::{Daemon, Site, UNIT_A, sha256};

/// An export of each kind of file, of a KPI that people report.
fn configuration(schedule: &str, keep: usize) -> String {
    format!(
        "[[export]]\nname = \"daily\"\nschedule = \"{schedule}\"\nkpis = [\"ha\", \"dm_screen\"]\n\
         period = \"2557Q1\"\nformats = [\"csv\", \"xlsx\", \"json\", \"html\"]\nkeep = {keep}\n"
    )
}

const REPORTED: &str = "kpi,unit,period,numerator,denominator,note\n\
    ha,10670,2557Q1,1,1,ผ่าน\nha,04001,2557Q1,0,1,=1+1\n";

/// A site with the export `daily`, something loaded and something reported.
fn site(schedule: &str, keep: usize) -> Site {
    let site = Site::new();
    site.write("own.toml", configuration(schedule, keep).as_bytes());
    let name = format!("given/F43_{UNIT_A}_20140101000000.zip");
    let path = site.write(name, &Parcel::new(UNIT_A, 1, 2).zip());
    assert!(site.import(&path, None).success());
    let csv = site.write("reported.csv", REPORTED.as_bytes());
    let (status, out, error) = site.run(&["kpi", "enter", csv.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{out}{error}");
    site
}

/// A command at a time.
fn command(site: &Site, now: &str, args: &[&str]) -> Command {
    let mut all = vec!["--config", "own.toml"];
    if !now.is_empty() {
        all.extend(["--now", now]);
    }
    all.extend(args);
    site.command(&all)
}

fn serve<'s>(site: &'s Site, now: &str) -> Daemon<'s> {
    let mut daemon = site.start(command(site, now, &["serve"]));
    daemon.wait_until_ready();
    daemon
}

/// Names in the folder of the export that are not hidden.
fn visible(site: &Site) -> BTreeSet<String> {
    names(site).into_iter().filter(|name| !name.starts_with('.')).collect()
}

/// Names of what is being made or taken away.
fn half(site: &Site) -> BTreeSet<String> {
    let hidden = |name: &String| name.starts_with(".making-") || name.starts_with(".aside-");
    names(site).into_iter().filter(hidden).collect()
}

fn names(site: &Site) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(site.at("exports/daily")) else { return BTreeSet::new() };
    entries.flatten().map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn manifest(site: &Site, name: &str) -> Value {
    let path = site.at("exports/daily").join(name).join("manifest.json");
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

/// Every folder that can be seen is whole: all that its manifest names is
/// there with its hash, and nothing else.
fn assert_whole(site: &Site, what: &str) {
    for name in visible(site) {
        let told = manifest(site, &name);
        let mut expected = BTreeSet::from(["manifest.json".to_owned()]);
        for file in told["files"].as_array().unwrap() {
            let file_name = file["name"].as_str().unwrap();
            let bytes = fs::read(site.at("exports/daily").join(&name).join(file_name)).unwrap();
            assert_eq!(file["sha256"], sha256(&bytes), "{what}: {name}/{file_name}");
            assert_eq!(file["bytes"], bytes.len(), "{what}: {name}/{file_name}");
            expected.insert(file_name.to_owned());
        }
        let there = fs::read_dir(site.at("exports/daily").join(&name)).unwrap();
        let there: BTreeSet<String> =
            there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(there, expected, "{what}: {name}");
    }
}

/// Waits until the loop has turned: an archive dropped now was answered.
fn wait_for_a_turn(site: &Site, daemon: &mut Daemon<'_>, number: u32) {
    let name = format!("F43_{UNIT_A}_201401010000{number:02}.zip");
    site.drop_archive(&name, &Parcel::new(UNIT_A, 1000 + number * 10, 1).zip());
    site.wait_for_receipt(&format!("{UNIT_A}/{name}.receipt.json"));
    daemon.wait_until_idle();
}
