//! Processes beside each other over one data folder.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Site, UNIT_A, UNIT_B};

const NAME: &str = "F43_10670_20140101080000.zip";

fn start_import(site: &Site, archives: &[PathBuf]) -> Child {
    let mut command = site.command(&["import"]);
    command.args(archives).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn assert_imported(child: Child) {
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Every submission has its own original and its own receipt, of the newest
/// archive under the plain name.
fn assert_apart(site: &Site, submissions: usize) {
    let snapshot = Snapshot::of(site);
    snapshot.assert_sound();
    assert_eq!(snapshot.submissions().len(), submissions);
    assert_eq!(site.files("accepted").len(), submissions);
    let receipts = site.files("outbox");
    assert_eq!(receipts.len(), submissions * 3, "{receipts:?}");
    let mut ids = BTreeSet::new();
    for path in receipts.iter().filter(|path| path.extension().is_some_and(|e| e == "json")) {
        let path = path.strip_prefix("outbox").unwrap().to_str().unwrap();
        ids.insert(site.receipt(path).unwrap()["id"].as_i64().unwrap());
    }
    assert_eq!(ids.len(), submissions);
    let plain = site.receipt(&format!("{UNIT_A}/{NAME}.receipt.json")).unwrap();
    let of_name = snapshot.numbers_of(NAME);
    assert_eq!(plain["id"].as_i64(), of_name.last().copied());
    site.assert_verified();
}

#[test]
fn an_import_beside_the_daemon_steals_no_number_of_it() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let given = site.write(format!("given/{NAME}"), &Parcel::new(UNIT_A, 1, 2).zip());
    // The daemon has seen none of these numbers given.
    for _ in 0..3 {
        assert!(site.import(&given, None).success());
    }
    site.drop_archive(NAME, &Parcel::new(UNIT_A, 51, 2).zip());
    daemon.wait_until_idle();
    assert!(site.import(&given, None).success());
    daemon.stop();
    assert_apart(&site, 5);
}

#[test]
fn imports_and_the_daemon_at_once_keep_their_archives_apart() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let given: Vec<PathBuf> = (0..4)
        .map(|n| site.write(format!("given-{n}/{NAME}"), &Parcel::new(UNIT_A, n * 10, 2).zip()))
        .collect();
    let imports: Vec<Child> = (0..3).map(|_| start_import(&site, &given)).collect();
    for n in 0..6 {
        site.drop_archive(format!("{n}/{NAME}"), &Parcel::new(UNIT_A, 500 + n * 10, 2).zip());
        let other = format!("F43_04001_201401010800{n:02}.zip");
        site.drop_archive(other, &Parcel::new(UNIT_B, n * 10, 2).zip());
    }
    imports.into_iter().for_each(assert_imported);
    daemon.wait_until_idle();
    daemon.stop();
    assert_eq!(Snapshot::of(&site).rows(), (4 + 6 + 6) * 6);
    assert_apart(&site, 3 * 4 + 6 + 6);
}

#[test]
fn first_starts_at_once_make_one_database() {
    for _ in 0..4 {
        let site = Site::new();
        let given = site.write(format!("given/{NAME}"), &Parcel::new(UNIT_A, 1, 2).zip());
        let imports: Vec<Child> =
            (0..4).map(|_| start_import(&site, std::slice::from_ref(&given))).collect();
        imports.into_iter().for_each(assert_imported);
        assert_apart(&site, 4);
    }
}

#[test]
fn a_second_daemon_is_refused() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let (status, _, error) = site.run(&["serve"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("another khlang already serves"), "{error}");
    daemon.stop();
    // The lock is let go of.
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    daemon.stop();
}
