//! What is stored is ours: nobody who had the file before can change it any
//! more.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::PathBuf;
use std::process::Command;

use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{NOBODY, Site, UNIT_A, UNIT_B, run_as_nobody};

const NAME: &str = "F43_10670_20140101080000.zip";

/// Where the one original lies; it has one name, and its mode is private.
fn stored(site: &Site) -> PathBuf {
    let path = site.at(Snapshot::of(site).last_stored());
    let meta = path.metadata().unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.nlink()), (0o600, 1), "{}", path.display());
    path
}

fn append(path: &PathBuf) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
}

#[test]
fn a_second_name_of_an_archive_does_not_reach_what_is_stored() {
    let site = Site::new();
    let bytes = Parcel::new(UNIT_A, 1, 3).zip();
    let given = site.write("elsewhere.zip", &bytes);
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    fs::hard_link(&given, site.at("inbox").join(NAME)).unwrap();
    site.wait_for_receipt(&format!("{UNIT_A}/{NAME}.receipt.json"));
    daemon.wait_until_idle();
    append(&given);
    assert_eq!(fs::read(stored(&site)).unwrap(), bytes);
    daemon.stop();
    site.assert_verified();
}

#[test]
fn a_sender_who_goes_on_after_a_pause_does_not_reach_what_is_stored() {
    let site = Site::new();
    let bytes = Parcel::new(UNIT_A, 1, 3).zip();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let mut file = File::create(site.at("inbox").join(NAME)).unwrap();
    file.write_all(&bytes).unwrap();
    site.wait_for_receipt(&format!("{UNIT_A}/{NAME}.receipt.json"));
    daemon.wait_until_idle();
    file.write_all(b"and on it goes").unwrap();
    assert_eq!(fs::read(stored(&site)).unwrap(), bytes);
    daemon.stop();
    site.assert_verified();
}

/// Only root can give files away: whoever else runs this sees that the stored
/// file is theirs, which is all there is to see.
#[test]
fn a_file_of_another_user_becomes_ours() {
    let site = Site::new();
    let program = site.root().join("khlang");
    fs::copy(env!("CARGO_BIN_EXE_khlang"), &program).unwrap();
    let bytes = Parcel::new(UNIT_A, 1, 3).zip();
    site.drop_archive(NAME, &bytes);
    let mut command = Command::new(&program);
    site.prepare(&mut command);
    command.arg("serve");
    run_as_nobody(&site, &mut command);
    let dropped = site.at("inbox").join(NAME);
    if site.data().metadata().unwrap().uid() == NOBODY {
        chown(&dropped, Some(4_242), Some(NOBODY)).unwrap();
    }
    let service = site.data().metadata().unwrap().uid();
    let mut daemon = site.start(command);
    daemon.wait_until_ready();
    daemon.wait_until_idle();
    daemon.stop();
    let path = stored(&site);
    assert_eq!(path.metadata().unwrap().uid(), service);
    assert_eq!(fs::read(path).unwrap(), bytes);
}

/// Somebody reaches into `work/` after an archive was stored: it is not passed
/// off as what was validated, its unit waits, and others go on.
#[test]
fn an_original_that_was_changed_after_it_was_stored_is_told() {
    let site = Site::new();
    let bytes = Parcel::new(UNIT_A, 1, 3).zip();
    site.drop_archive(NAME, &bytes);
    site.serve_until_death("committed");
    let claimed = site.at("work/1").join(NAME);
    append(&claimed);
    let mut daemon = site.serve();
    daemon.wait_for_log("was changed after submission 1 had been stored");
    let other = "F43_04001_20140101080000.zip";
    site.drop_archive(other, &Parcel::new(UNIT_B, 1, 1).zip());
    site.wait_for_receipt(&format!("{UNIT_B}/{other}.receipt.json"));
    assert!(claimed.exists());
    // The original is put back.
    File::create(&claimed).unwrap().write_all(&bytes).unwrap();
    daemon.wait_until_idle();
    daemon.stop();
    assert_eq!(Snapshot::of(&site).rows(), 9 + 3);
    site.assert_verified();
}
