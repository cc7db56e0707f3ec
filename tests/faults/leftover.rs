//! What lies in `work/` at the start, of whatever origin.

use std::fs;

use super::upload::send;
use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Site, UNIT_A, UNIT_B};

const NAME: &str = "F43_10670_20140101080000.zip";

#[test]
fn what_is_no_claim_is_left_alone_and_holds_nothing_up() {
    let site = Site::new();
    let parcel = Parcel::new(UNIT_A, 1, 2);
    let kept = [
        site.write("data/work/notes/readme.txt", b"somebody's own"),
        site.write("data/work/12x/F43_04001_20140101080000.zip", b"not a claim's name"),
        site.write("data/work/7", b"a file with a number for a name"),
        site.write("data/work/8/a.zip", b"one of two"),
        site.write("data/work/8/b.zip", b"two of two"),
        site.write("data/work/9/folder/c.zip", b"a folder in a claim"),
    ];
    site.drop_archive(NAME, &parcel.zip());
    let mut daemon = site.serve();
    site.wait_for_receipt(&format!("{UNIT_A}/{NAME}.receipt.json"));
    daemon.wait_for_log("holds more than one archive");
    daemon.stop();
    for path in kept {
        assert!(path.exists(), "{}", path.display());
    }
    assert_eq!(Snapshot::of(&site).submissions(), [NAME]);
    site.assert_verified();
}

#[test]
fn empty_claims_and_copies_that_were_cut_off_are_cleared() {
    let site = Site::new();
    fs::create_dir_all(site.at("work/3")).unwrap();
    site.write("data/work/4/.copy.tmp", b"half of an arch");
    // A claim of an import that was killed while a copy lay beside it.
    let parcel = Parcel::new(UNIT_A, 1, 2);
    site.write(format!("data/work/5/{NAME}"), &parcel.zip());
    site.write("data/work/5/.copy.tmp", b"half");
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    daemon.wait_until_idle();
    daemon.stop();
    assert_eq!(Snapshot::of(&site).submissions(), [NAME]);
    assert_eq!(site.receipt(&format!("{UNIT_A}/{NAME}.receipt.json")).unwrap()["id"], 5);
    site.assert_verified();
}

#[test]
fn what_a_killed_import_leaves_is_finished_by_a_running_daemon() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    for (step, unit, first) in [("claimed", UNIT_A, 1), ("committed", UNIT_B, 1)] {
        let parcel = Parcel::new(unit, first, 2);
        let name = format!("F43_{unit}_20140101080000.zip");
        let given = site.write(format!("given/{name}"), &parcel.zip());
        assert_eq!(site.import(&given, Some(step)).code(), None);
        let receipt = site.wait_for_receipt(&format!("{unit}/{name}.receipt.json"));
        assert_eq!(receipt["status"], "accepted");
    }
    daemon.wait_until_idle();
    daemon.stop();
    site.assert_verified();
}

/// What is in the temporary folder when the program is killed stays there for
/// ever, and a service that is restarted often would fill it.
#[test]
fn a_killed_daemon_leaves_nothing_in_the_temporary_folder() {
    let mut site = Site::new();
    let folder = site.root().join("tmp");
    fs::create_dir(&folder).unwrap();
    site.set("TMPDIR", folder.to_str().unwrap());
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let answer = send(daemon.address(), NAME, &Parcel::new(UNIT_A, 1, 2).zip());
    assert_eq!(answer.map(|(status, _)| status), Some(202), "its HTTP works");
    daemon.kill();
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}
