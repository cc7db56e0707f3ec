//! A list of units that somebody has damaged: right archives stay right until
//! somebody says that the list is meant so.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::parcel::Parcel;
use crate::support::site::{Daemon, Site, UNIT_A, UNIT_B, UNIT_C, wait};

const HEAD: &str = "hcode,name,type,level,cup,network,district,province\n";
const A: &str = "10670,ก,07,F2,10670,10670,ข,ค\n";
const B: &str = "04001,ง,18,P,10670,10670,ข,ค\n";
const C: &str = "04002,จ,18,P,10670,10670,ข,ค\n";

fn get(daemon: &Daemon, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(daemon.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", daemon.address());
    stream.write_all(head.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn status(daemon: &Daemon) -> Value {
    serde_json::from_str(&get(daemon, "/api/v1/status").1).unwrap()
}

/// Sends an archive of a day; gives its status and its first problem.
fn send(site: &Site, hcode: &'static str, day: u32) -> (String, Value) {
    let name = format!("F43_{hcode}_201401{day:02}080000.zip");
    site.drop_archive(&name, &Parcel::new(hcode, day * 100, 3).zip());
    let receipt = site.wait_for_receipt(&format!("{hcode}/{name}.receipt.json"));
    (receipt["status"].as_str().unwrap().to_owned(), receipt["problems"][0]["code"].clone())
}

fn accepted(site: &Site, hcode: &'static str, day: u32) {
    let (status, problem) = send(site, hcode, day);
    assert_eq!(status, "accepted", "{hcode} on day {day}: {problem}");
}

/// As an editor or a script does that is stopped half way: in place.
fn cut(site: &Site) {
    site.write("data/units.csv", format!("{HEAD}{A}04001,ง").as_bytes());
}

/// Whole or not at all.
fn replace(site: &Site, list: &str) {
    fs::write(site.at("units.csv.new"), list).unwrap();
    fs::rename(site.at("units.csv.new"), site.at("units.csv")).unwrap();
}

#[test]
fn a_damaged_list_of_units_is_not_in_force_until_somebody_accepts_it() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    for (hcode, day) in [(UNIT_A, 1), (UNIT_B, 1), (UNIT_C, 1)] {
        accepted(&site, hcode, day);
    }
    assert_eq!(status(&daemon)["units_held"], Value::Null);

    // Cut in the middle of a line: told, and nothing else changes.
    cut(&site);
    wait("the cut list is seen", || status(&daemon)["units_held"]["why"] == "unreadable");
    assert!(daemon.log().contains("units.csv cannot be read whole"), "{}", daemon.log());
    accepted(&site, UNIT_B, 2);
    accepted(&site, UNIT_C, 2);

    // One that lacks units that have sent something is held back as well.
    replace(&site, &format!("{HEAD}{A}{C}"));
    wait("it is seen", || status(&daemon)["units_held"]["why"] == "drops_units");
    assert!(daemon.log().contains("drops units that have submissions"), "{}", daemon.log());
    let told = status(&daemon);
    assert_eq!(told["units_held"]["dropped"][0]["hcode"], UNIT_B);
    assert_eq!(told["units_held"]["dropped"][0]["submissions"], 2);
    assert_eq!(told["units_in_force"], 3);
    let (code, ready) = get(&daemon, "/-/ready");
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let checks = ready["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "units").unwrap();
    assert!(code == 200 && check["ok"] == false, "{ready}");
    assert!(check["detail"].as_str().unwrap().contains(UNIT_B), "{check}");
    for (path, words) in [("/", "เคยส่งข้อมูล"), ("/?lang=en", "units that have submissions")]
    {
        let (_, page) = get(&daemon, path);
        let at = page.find("id=\"units-held\"").unwrap_or_else(|| panic!("{path} says nothing"));
        let told = page[at..].split("</section>").next().unwrap();
        assert!(told.contains(words), "{told}");
        assert!(told.contains(UNIT_B) && told.contains("khlang units accept"), "{told}");
    }
    assert!(get(&daemon, "/metrics").1.contains("\nkhlang_units_held 1\n"));
    accepted(&site, UNIT_B, 3);

    // It holds over a restart, and for whoever loads by hand.
    daemon.stop();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    accepted(&site, UNIT_B, 4);
    daemon.stop();
    let by_hand = site.write("F43_04001_20140105080000.zip", &Parcel::new(UNIT_B, 500, 3).zip());
    let (code, out, error) = site.run(&["import", "--json", by_hand.to_str().unwrap()]);
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &out[0]["status"]), (Some(0), &"accepted".into()), "{error}");
    assert!(error.contains("units accept"), "{error}");

    // Somebody says that it is meant so.
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let (code, out, error) = site.run(&["units", "accept", "--json"]);
    assert_eq!(code, Some(0), "{error}");
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&out["accepted"], &out["units"]), (&true.into(), &2.into()));
    assert_eq!(out["held"]["dropped"][0]["hcode"], UNIT_B);
    wait("it is in force", || status(&daemon)["units_in_force"] == 2);
    assert_eq!(send(&site, UNIT_B, 6), ("broken".to_owned(), "A05".into()));
    accepted(&site, UNIT_A, 6);
    let (code, out, _) = site.run(&["--lang", "en", "units", "accept"]);
    assert_eq!((code, out.as_str()), (Some(0), "no list of units is held back\n"));

    // A larger one is in force by itself.
    replace(&site, &format!("{HEAD}{A}{B}{C}04003,ฉ,18,P,10670,10670,ข,ค\n"));
    wait("the larger list is in force", || status(&daemon)["units_in_force"] == 4);
    accepted(&site, UNIT_B, 7);
    accepted(&site, "04003", 7);
    daemon.stop();
    site.assert_verified();
}

#[test]
fn a_first_start_needs_a_list_with_units_in_it() {
    let site = Site::new();
    site.write("data/units.csv", HEAD.as_bytes());
    let (code, _, error) = site.run(&["serve"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("the list has no units") && error.contains("หน่วยบริการ"), "{error}");
    site.write("data/units.csv", format!("{HEAD}{A}").as_bytes());
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    accepted(&site, UNIT_A, 1);
    daemon.stop();
}
