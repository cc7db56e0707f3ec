//! Names that no archive should have, and that some file will have one day.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Site, UNIT_A};

/// Loads files one after the other, so that the newest of a name is known.
fn load_each(site: &Site, names: &[&OsStr]) -> String {
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    for (n, name) in names.iter().enumerate() {
        site.write("next.zip", &Parcel::new(UNIT_A, n as u32 * 10, 1).zip());
        std::fs::rename(site.root().join("next.zip"), site.at("inbox").join(name)).unwrap();
        daemon.wait_until_idle();
    }
    daemon.stop();
    daemon.log()
}

/// Each was refused for its name, is kept, and has an answer of its own.
fn assert_answered(site: &Site, count: usize) {
    let snapshot = Snapshot::of(site);
    assert_eq!(snapshot.submissions().len(), count);
    assert_eq!(site.files("rejected").len(), count);
    let receipts = site.files("outbox/_unknown");
    assert_eq!(receipts.len(), count * 3, "{receipts:?}");
    let mut ids: Vec<i64> = receipts
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| {
            let receipt = std::fs::read(site.at(path)).unwrap();
            let receipt: serde_json::Value = serde_json::from_slice(&receipt).unwrap();
            assert_eq!(receipt["problems"][0]["code"], "A04");
            receipt["id"].as_i64().unwrap()
        })
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=count as i64).collect::<Vec<_>>());
    site.assert_verified();
}

#[test]
fn names_of_255_bytes_are_answered_also_when_they_come_again() {
    let site = Site::new();
    let (a, b) = (format!("{}a.zip", "x".repeat(250)), format!("{}b.zip", "x".repeat(250)));
    let (a, b) = (OsStr::new(&a), OsStr::new(&b));
    assert_eq!(a.len(), 255);
    load_each(&site, &[a, b, a, a]);
    assert_answered(&site, 4);
}

#[test]
fn names_that_are_not_utf_8_are_answered() {
    let site = Site::new();
    let long = [0xff; 255];
    // ไฟล์.zip in Windows-874, as old programs write it to a share.
    let thai = b"\xe4\xbf\xc5\xec.zip";
    let names = [OsStr::from_bytes(thai), OsStr::from_bytes(&long), OsStr::from_bytes(thai)];
    load_each(&site, &names);
    assert_answered(&site, 3);
}

#[test]
fn names_with_strange_characters_are_answered() {
    let site = Site::new();
    let names = [
        "F43_10670_20140101080000.zip (1)",
        "two\nlines.zip",
        "=cmd|' C calc'!A0.zip",
        "-rf",
        "ไฟล์ใหม่.zip",
        "a.receipt.json",
        "a",
        "a.7",
        "a",
    ];
    let log = load_each(&site, &names.map(OsStr::new));
    assert!(log.lines().all(|line| line.starts_with('[')), "a name makes lines of its own: {log}");
    assert_answered(&site, names.len());
}
