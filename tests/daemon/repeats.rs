//! The same archive again: dropped twice, renamed, re-zipped, two at once.

use std::path::Path;

use serde_json::Value;

use crate::support::database::Snapshot;
use crate::support::parcel::{Packing, Parcel};
use crate::support::site::{Site, UNIT_A, sha256};

const NAME: &str = "F43_10670_20140101080000.zip";

fn sum(receipt: &Value, count: &str) -> u64 {
    receipt["files"].as_array().unwrap().iter().map(|file| file[count].as_u64().unwrap()).sum()
}

/// Nothing of it is stored: every row is a duplicate.
fn assert_all_duplicate(receipt: &Value, parcel: &Parcel) {
    assert_eq!(receipt["status"], "accepted");
    assert_eq!((sum(receipt, "accepted"), sum(receipt, "duplicate")), (0, parcel.rows()));
}

fn load(site: &Site, archives: &[(&str, &[u8])]) {
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    for (name, bytes) in archives {
        site.drop_archive(name, bytes);
        daemon.wait_until_idle();
    }
    daemon.stop();
}

#[test]
fn the_same_archive_dropped_twice_is_stored_once_and_answered_twice() {
    let site = Site::new();
    let parcel = Parcel::new(UNIT_A, 1, 5);
    load(&site, &[(NAME, &parcel.zip()), (NAME, &parcel.zip())]);
    assert_eq!(Snapshot::of(&site).rows(), parcel.rows());
    let newest = site.receipt(&format!("{UNIT_A}/{NAME}.receipt.json")).unwrap();
    let older = site.receipt(&format!("{UNIT_A}/{NAME}.1.receipt.json")).unwrap();
    assert_eq!((&newest["id"], &older["id"]), (&2.into(), &1.into()));
    assert_eq!(sum(&older, "accepted"), parcel.rows());
    assert_all_duplicate(&newest, &parcel);
    assert_eq!(site.files("outbox").len(), 6);
    let stored = site.files("accepted");
    let names: Vec<&Path> =
        stored.iter().map(|path| Path::new(path.file_name().unwrap())).collect();
    assert_eq!(names, [Path::new("F43_10670_20140101080000.2.zip"), Path::new(NAME)]);
    site.assert_verified();
}

#[test]
fn a_renamed_archive_brings_nothing_new() {
    let site = Site::new();
    let parcel = Parcel::new(UNIT_A, 1, 5);
    let renamed = "f43_10670_25570102080000.ZIP";
    load(&site, &[(NAME, &parcel.zip()), (renamed, &parcel.zip())]);
    assert_eq!(Snapshot::of(&site).rows(), parcel.rows());
    let receipt = site.receipt(&format!("{UNIT_A}/{renamed}.receipt.json")).unwrap();
    assert_all_duplicate(&receipt, &parcel);
    assert_eq!(receipt["sent_at"], "2014-01-02T08:00:00+07:00");
    site.assert_verified();
}

#[test]
fn the_same_rows_in_other_bytes_bring_nothing_new() {
    let site = Site::new();
    let parcel = Parcel::new(UNIT_A, 1, 5);
    let again = parcel.packed(Packing::Stored);
    assert_ne!(sha256(&again), sha256(&parcel.zip()));
    load(&site, &[(NAME, &parcel.zip()), (NAME, &again)]);
    assert_eq!(Snapshot::of(&site).rows(), parcel.rows());
    let receipt = site.receipt(&format!("{UNIT_A}/{NAME}.receipt.json")).unwrap();
    assert_all_duplicate(&receipt, &parcel);
    assert_eq!(receipt["sha256"], sha256(&again));
    site.assert_verified();
}

#[test]
fn two_copies_at_once_are_stored_once() {
    let site = Site::new();
    let parcel = Parcel::new(UNIT_A, 1, 5);
    for folder in ["one", "two"] {
        site.drop_archive(format!("{folder}/{NAME}"), &parcel.zip());
    }
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    daemon.wait_until_idle();
    daemon.stop();
    let snapshot = Snapshot::of(&site);
    assert_eq!(snapshot.submissions(), [NAME, NAME]);
    assert_eq!(snapshot.rows(), parcel.rows());
    assert_eq!(site.files("accepted").len(), 2);
    assert_eq!(site.files("outbox").len(), 6);
    site.assert_verified();
}
