//! Trouble of our own: the archive is never lost, never the sender's fault,
//! and is finished when the trouble is gone.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;

use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Site, UNIT_A, UNIT_B, run_as_nobody, wait};

const NAME: &str = "F43_10670_20140101080000.zip";

/// Puts a file where the program needs a folder; gives what undoes it.
fn block(site: &Site, folder: &str) -> impl FnOnce() + use<> {
    let (path, kept) = (site.at(folder), site.at(format!("{folder}.kept")));
    let there = path.exists();
    if there {
        fs::rename(&path, &kept).unwrap();
    }
    File::create(&path).unwrap();
    move || {
        fs::remove_file(&path).unwrap();
        if there {
            fs::rename(kept, path).unwrap();
        }
    }
}

/// One accepted submission with all that belongs to it.
fn assert_accepted(site: &Site, parcel: &Parcel) {
    let snapshot = Snapshot::of(site);
    snapshot.assert_sound();
    assert_eq!(snapshot.submissions(), [NAME]);
    assert_eq!(snapshot.last_status(), "accepted");
    assert_eq!(snapshot.rows(), parcel.rows());
    assert_eq!(site.places_of(&parcel.zip()), [Path::new(&snapshot.last_stored())]);
    let receipt = site.receipt(&format!("{UNIT_A}/{NAME}.receipt.json")).unwrap();
    assert_eq!(receipt["status"], "accepted");
    site.assert_verified();
}

fn outlives_a_blocked(folder: &str) {
    let site = Site::new();
    assert!(site.run(&["submissions", "list"]).0.is_some());
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let unblock = block(&site, folder);
    let parcel = Parcel::new(UNIT_A, 1, 4);
    site.drop_archive(NAME, &parcel.zip());
    daemon.wait_for_log("will be tried again");
    assert_eq!(site.places_of(&parcel.zip()), [Path::new("work/1").join(NAME)]);
    assert!(site.files("rejected").is_empty());
    unblock();
    daemon.wait_until_idle();
    daemon.stop();
    assert_accepted(&site, &parcel);
}

#[test]
fn an_archive_waits_for_an_outbox_that_cannot_be_written() {
    outlives_a_blocked("outbox");
}

#[test]
fn an_archive_waits_for_a_unit_s_outbox_that_cannot_be_written() {
    outlives_a_blocked(&format!("outbox/{UNIT_A}"));
}

#[test]
fn an_archive_waits_for_an_accepted_folder_that_cannot_be_written() {
    outlives_a_blocked("accepted");
}

#[test]
fn trouble_of_one_unit_holds_up_no_other_and_keeps_the_order_within_it() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let unblock = block(&site, &format!("outbox/{UNIT_A}"));
    let later = "F43_10670_20140201080000.zip";
    site.drop_archive(NAME, &Parcel::new(UNIT_A, 1, 2).zip());
    daemon.wait_for_log("will be tried again");
    site.drop_archive(later, &Parcel::new(UNIT_A, 11, 2).zip());
    site.drop_archive("F43_04001_20140101080000.zip", &Parcel::new(UNIT_B, 1, 2).zip());
    site.wait_for_receipt(&format!("{UNIT_B}/F43_04001_20140101080000.zip.receipt.json"));
    // The unit's later archive was there before the other unit's was loaded.
    assert!(site.at("inbox").join(later).exists());
    unblock();
    daemon.wait_until_idle();
    daemon.stop();
    let at = |name: &str| {
        site.receipt(&format!("{UNIT_A}/{name}.receipt.json")).unwrap()["id"].as_i64().unwrap()
    };
    assert!(at(NAME) < at(later));
    site.assert_verified();
}

/// Another process that has the database, as `import` has while it loads.
pub(super) fn hold_writer(site: &Site) -> Connection {
    let conn = Connection::open(site.at("khlang.db")).unwrap();
    conn.busy_timeout(std::time::Duration::from_mins(1)).unwrap();
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    conn
}

#[test]
fn an_archive_waits_for_another_writer() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let writer = hold_writer(&site);
    let parcel = Parcel::new(UNIT_A, 1, 4);
    site.drop_archive(NAME, &parcel.zip());
    wait("the claim", || site.at("work/1").join(NAME).exists());
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(site.places_of(&parcel.zip()), [Path::new("work/1").join(NAME)]);
    writer.execute_batch("ROLLBACK").unwrap();
    daemon.wait_until_idle();
    daemon.stop();
    assert_accepted(&site, &parcel);
}

#[test]
fn a_stop_does_not_wait_for_another_writer() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let writer = hold_writer(&site);
    let parcel = Parcel::new(UNIT_A, 1, 4);
    site.drop_archive(NAME, &parcel.zip());
    wait("the claim", || site.at("work/1").join(NAME).exists());
    daemon.stop();
    assert_eq!(site.places_of(&parcel.zip()), [Path::new("work/1").join(NAME)]);
    writer.execute_batch("ROLLBACK").unwrap();
    drop(writer);
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    daemon.wait_until_idle();
    daemon.stop();
    assert_accepted(&site, &parcel);
}

/// A limit on the size of files stands in for a full disk: writes fail in the
/// middle of a load, and succeed when the limit is lifted.
#[test]
fn an_archive_waits_for_room_on_the_disk() {
    let site = Site::new();
    let path = site.write("first/F43_04001_20140101080000.zip", &Parcel::new(UNIT_B, 1, 1).zip());
    assert!(site.import(&path, None).success());
    // Nothing of the schema is left to be written, only the load itself.
    let parcel = Parcel::new(UNIT_A, 1, 20_000);
    let bytes = fs::metadata(site.at("khlang.db")).unwrap().len();
    let blocks = bytes / 512 + 64;
    let mut shell = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$@\"");
    shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_khlang")]);
    site.prepare(&mut shell);
    shell.arg("serve");
    let mut daemon = site.start(shell);
    daemon.wait_until_ready();
    site.drop_archive(NAME, &parcel.zip());
    daemon.wait_for_log("will be tried again");
    assert_eq!(site.places_of(&parcel.zip()), [Path::new("work/2").join(NAME)]);
    assert!(site.files("rejected").is_empty());
    let id = daemon.id().to_string();
    let lifted = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited"]).status();
    assert!(lifted.unwrap().success());
    daemon.wait_until_idle();
    daemon.stop();
    let snapshot = Snapshot::of(&site);
    snapshot.assert_sound();
    assert_eq!(snapshot.submissions().len(), 2);
    assert_eq!(snapshot.last_status(), "accepted");
    assert_eq!(snapshot.rows(), parcel.rows() + 3);
    site.assert_verified();
}

/// Folders that the service may not write, which root never meets.
#[test]
fn a_file_that_cannot_be_taken_holds_up_no_other() {
    let site = Site::new();
    let program = site.root().join("khlang");
    fs::copy(env!("CARGO_BIN_EXE_khlang"), &program).unwrap();
    let stuck = "F43_10670_20140101080000.zip";
    site.drop_archive(Path::new("locked").join(stuck), &Parcel::new(UNIT_A, 1, 1).zip());
    let mut command = Command::new(&program);
    site.prepare(&mut command);
    command.arg("serve");
    let locked = site.at("inbox/locked");
    let set = |mode| fs::set_permissions(&locked, fs::Permissions::from_mode(mode)).unwrap();
    run_as_nobody(&site, &mut command);
    set(0o555);
    let mut daemon = site.start(command);
    daemon.wait_for_log("may not take files out of this folder");
    let other = "F43_04001_20140101080000.zip";
    let made = site.write(other, &Parcel::new(UNIT_B, 1, 50).zip());
    fs::set_permissions(&made, fs::Permissions::from_mode(0o644)).unwrap();
    fs::rename(made, site.at("inbox").join(other)).unwrap();
    site.wait_for_receipt(&format!("{UNIT_B}/{other}.receipt.json"));
    assert!(locked.join(stuck).exists());
    set(0o777);
    daemon.wait_until_idle();
    assert_eq!(
        site.receipt(&format!("{UNIT_A}/{stuck}.receipt.json")).unwrap()["status"],
        "accepted"
    );
    daemon.stop();
}
