//! What is taken from the inbox, when, and in which order.

use std::fs::{self, File, OpenOptions};
use std::io::Write;

use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Site, UNIT_A, UNIT_B, UNIT_C, wait};

const OF_A: &str = "F43_10670_20140101080000.zip";
const OF_B: &str = "F43_04001_20140101080000.zip";
const OF_C: &str = "F43_04002_20140101080000.zip";

#[test]
fn a_growing_file_is_not_taken_before_it_is_whole() {
    let mut site = Site::new();
    site.set("KHLANG__INBOX__SETTLE", "3s");
    let bytes = Parcel::new(UNIT_A, 1, 2000).zip();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let path = site.at("inbox").join(OF_A);
    let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
    site.drop_archive(OF_B, &Parcel::new(UNIT_B, 1, 1).zip());
    let mut sent = 0;
    let receipt = site.at(format!("outbox/{UNIT_B}/{OF_B}.receipt.json"));
    // What does not grow settles and is loaded while the other still grows.
    wait("the other's receipt", || {
        file.write_all(&bytes[sent..=sent]).unwrap();
        sent += 1;
        receipt.exists()
    });
    assert!(path.exists());
    assert!(!site.at(format!("outbox/{UNIT_A}")).exists());
    file.write_all(&bytes[sent..]).unwrap();
    drop(file);
    let receipt = site.wait_for_receipt(&format!("{UNIT_A}/{OF_A}.receipt.json"));
    assert_eq!(receipt["status"], "accepted");
    assert_eq!(receipt["bytes"], bytes.len());
}

/// Its sender waits: it is not left until somebody looks for another reason.
#[test]
fn a_file_is_taken_when_it_settles() {
    let mut site = Site::new();
    site.set("KHLANG__INBOX__POLL", "1h");
    site.drop_archive(OF_A, &Parcel::new(UNIT_A, 1, 1).zip());
    let _daemon = site.serve();
    site.wait_for_receipt(&format!("{UNIT_A}/{OF_A}.receipt.json"));
}

#[test]
fn unfinished_names_links_and_deep_folders_are_left_alone() {
    let site = Site::new();
    let bytes = Parcel::new(UNIT_A, 1, 1).zip();
    let left = [
        format!(".{OF_A}"),
        format!("~{OF_A}"),
        format!("{OF_A}.part"),
        format!("{OF_A}.TMP"),
        format!("{OF_A}.crdownload"),
        format!("{OF_A}.filepart"),
        format!("{OF_A}:Zone.Identifier"),
        format!("{OF_A}.partial"),
        format!("{OF_A}.bak"),
        format!("one/{OF_A}~"),
        "Thumbs.db".to_owned(),
        "desktop.ini".to_owned(),
        format!("one/two/{OF_A}"),
        format!(".hidden/{OF_A}"),
    ];
    for name in &left {
        site.write(format!("data/inbox/{name}"), &bytes);
    }
    let link = site.at("inbox").join(OF_C);
    let target = site.write("elsewhere.zip", &bytes);
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let address = daemon.address();
    site.drop_archive(format!("one/{OF_B}"), &Parcel::new(UNIT_B, 1, 1).zip());
    site.wait_for_receipt(&format!("{UNIT_B}/{OF_B}.receipt.json"));
    wait("work/ is empty", || site.files("work").is_empty());
    // They are shown, too: the files at least, and what lies in no folder.
    daemon.wait("what is left alone is shown", || {
        let status = ureq::get(format!("http://{address}/api/v1/status")).call();
        let status = status.unwrap().body_mut().read_to_string().unwrap();
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        let ignored = status["inbox"]["ignored"].as_array().unwrap();
        let shows = |name: &str| ignored.iter().any(|file| file["path"] == name);
        left.iter().all(|name| shows(name.rsplit('/').next().unwrap()) || name.contains("/F43"))
    });
    daemon.stop();
    assert_eq!(Snapshot::of(&site).submissions(), [OF_B]);
    assert_eq!(site.files("outbox").len(), 3, "no receipts for what is left alone");
    assert!(left.iter().all(|name| site.at("inbox").join(name).exists()));
    assert!(link.is_symlink() && target.exists());
    // What was finished by its sender is taken.
    fs::rename(site.at("inbox").join(&left[2]), site.at("inbox").join(OF_A)).unwrap();
    let mut daemon = site.serve();
    site.wait_for_receipt(&format!("{UNIT_A}/{OF_A}.receipt.json"));
    wait("work/ is empty", || site.files("work").is_empty());
    daemon.stop();
    assert_eq!(Snapshot::of(&site).submissions(), [OF_B, OF_A]);
}

#[test]
fn small_archives_do_not_wait_for_large_ones_and_a_unit_keeps_its_order() {
    let site = Site::new();
    let later_of_a = "F43_10670_20140102080000.zip";
    site.drop_archive(OF_A, &Parcel::new(UNIT_A, 1, 3000).zip());
    site.drop_archive(later_of_a, &Parcel::new(UNIT_A, 90_001, 1).zip());
    site.drop_archive(OF_B, &Parcel::new(UNIT_B, 1, 200).zip());
    site.drop_archive(OF_C, &Parcel::new(UNIT_C, 1, 20).zip());
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    daemon.wait_until_idle();
    daemon.stop();
    assert_eq!(Snapshot::of(&site).submissions(), [OF_C, OF_B, OF_A, later_of_a]);
    site.assert_verified();
}

#[test]
fn archives_that_their_senders_take_back_do_no_harm() {
    let mut site = Site::new();
    site.set("KHLANG__INBOX__SETTLE", "0ms");
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let bytes = Parcel::new(UNIT_A, 1, 1).zip();
    let mut taken_back = 0;
    for n in 0..60 {
        let path = site.at("inbox").join(format!("F43_10670_201401010800{n:02}.zip"));
        File::create(&path).unwrap().write_all(&bytes).unwrap();
        std::thread::yield_now();
        taken_back += usize::from(fs::remove_file(&path).is_ok());
    }
    site.drop_archive(OF_B, &Parcel::new(UNIT_B, 1, 1).zip());
    site.wait_for_receipt(&format!("{UNIT_B}/{OF_B}.receipt.json"));
    daemon.wait_until_idle();
    daemon.stop();
    assert_eq!(Snapshot::of(&site).submissions().len() + taken_back, 61);
    site.assert_verified();
}
