//! From the first start to the stop, and what may change in between.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Site, UNIT_A, UNIT_B, UNIT_C, wait};

const OF_A: &str = "F43_10670_20140101080000.zip";
const OF_B: &str = "F43_04001_20140101080000.zip";

fn mode(site: &Site, path: impl AsRef<std::path::Path>) -> u32 {
    site.at(path).metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn the_first_start_makes_its_folders_and_says_where_to_go() {
    let site = Site::new();
    let units = fs::read(site.at("units.csv")).unwrap();
    site.write("config/units.csv", &units);
    fs::remove_dir_all(site.data()).unwrap();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let out = daemon.out();
    assert!(out.contains(site.at("inbox").to_str().unwrap()), "{out}");
    assert!(out.contains("http://127.0.0.1:"), "{out}");
    for folder in ["work", "accepted", "rejected", "exports", "backups"] {
        assert_eq!(mode(&site, folder), 0o700, "{folder}");
    }
    for folder in ["inbox", "outbox"] {
        assert_eq!(mode(&site, folder), 0o770, "{folder}");
    }
    assert_eq!(mode(&site, ""), 0o750);
    site.drop_archive(OF_A, &Parcel::new(UNIT_A, 1, 1).zip());
    daemon.wait_until_idle();
    // Whoever may enter the data folder for the inbox may read no patient.
    for name in ["khlang.db", "khlang.db-wal", "khlang.db-shm"] {
        assert_eq!(mode(&site, name), 0o600, "{name}");
    }
    let stored = &site.files("accepted")[0];
    assert_eq!(mode(&site, stored), 0o600);
    let folders: Vec<_> = stored.ancestors().skip(1).take(3).collect();
    assert!(folders.iter().all(|folder| mode(&site, folder) == 0o700), "{folders:?}");
    daemon.stop();
}

#[test]
fn unknown_names_and_units_are_answered() {
    let site = Site::new();
    let bytes = Parcel::new(UNIT_A, 1, 1).zip();
    site.drop_archive("report.zip", &bytes);
    site.drop_archive("F43_99999_20140101080000.zip", &bytes);
    let mut daemon = site.serve();
    let of_nobody = site.wait_for_receipt("_unknown/report.zip.receipt.json");
    assert_eq!(of_nobody["problems"][0]["code"], "A04");
    let of_stranger = site.wait_for_receipt("99999/F43_99999_20140101080000.zip.receipt.json");
    assert_eq!(of_stranger["problems"][0]["code"], "A05");
    daemon.wait_until_idle();
    daemon.stop();
    site.assert_verified();
}

#[test]
fn a_unit_that_is_added_is_let_in_without_a_restart() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let late = Parcel::new("11111", 1, 2);
    site.drop_archive("F43_11111_20140101080000.zip", &late.zip());
    let receipt = site.wait_for_receipt("11111/F43_11111_20140101080000.zip.receipt.json");
    assert_eq!(receipt["status"], "broken");
    let mut units = OpenOptions::new().append(true).open(site.at("units.csv")).unwrap();
    units.write_all("11111,ใหม่,18,P,10670,10670,ข,ค\n".as_bytes()).unwrap();
    drop(units);
    daemon.wait_for_log("read configuration, units and code lists again");
    site.drop_archive("F43_11111_20140102080000.zip", &late.zip());
    let receipt = site.wait_for_receipt("11111/F43_11111_20140102080000.zip.receipt.json");
    assert_eq!(receipt["status"], "accepted");
}

#[test]
fn a_broken_configuration_is_refused_on_reload_and_the_old_one_stays() {
    let site = Site::new();
    let config = site.write("own.toml", b"[limits]\nfindings = 500\n");
    let mut daemon = site.start(site.command(&["--config", "own.toml", "serve"]));
    daemon.wait_until_ready();
    File::create(&config).unwrap().write_all(b"[limits]\nfindigns = 5\n").unwrap();
    daemon.signal("HUP");
    daemon.wait_for_log("stays in force");
    assert!(daemon.log().contains("findigns"), "{}", daemon.log());
    site.drop_archive(OF_A, &Parcel::new(UNIT_A, 1, 3).zip());
    let receipt = site.wait_for_receipt(&format!("{UNIT_A}/{OF_A}.receipt.json"));
    assert_eq!(receipt["status"], "accepted");
    // A right one comes into force: the same archive is over its limit now.
    File::create(&config).unwrap().write_all(b"[limits]\narchive_bytes = 10\n").unwrap();
    daemon.signal("HUP");
    daemon.wait_for_log("read configuration, units and code lists again");
    site.drop_archive(OF_B, &Parcel::new(UNIT_B, 1, 3).zip());
    let receipt = site.wait_for_receipt(&format!("{UNIT_B}/{OF_B}.receipt.json"));
    assert_eq!(receipt["problems"][0]["code"], "A03");
    daemon.stop();
}

#[test]
fn a_stop_finishes_the_running_load_whatever_happens_in_the_inbox() {
    let site = Site::new();
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let parcel = Parcel::new(UNIT_A, 1, 20_000);
    site.drop_archive(OF_A, &parcel.zip());
    wait("the claim", || site.at("work/1").join(OF_A).exists());
    daemon.signal("TERM");
    daemon.wait_for_log("stopping");
    // More than the channel of wake-ups holds, and nobody listens any more.
    for n in 0..300 {
        site.write(format!("data/inbox/F43_04002_201401010800{n:03}.part"), b"x");
    }
    let status = daemon.wait_for_end();
    assert_eq!(status.code(), Some(0), "{status}\n{}", daemon.log());
    let snapshot = Snapshot::of(&site);
    assert_eq!(snapshot.submissions(), [OF_A]);
    assert_eq!(snapshot.rows(), parcel.rows());
    assert!(site.files("work").is_empty());
    assert!(site.receipt(&format!("{UNIT_A}/{OF_A}.receipt.json")).is_some());
    site.assert_verified();
}

#[test]
fn an_address_that_is_taken_is_told_and_nothing_is_claimed() {
    let mut site = Site::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    site.set("KHLANG__HTTP__LISTEN", &address);
    site.drop_archive(OF_A, &Parcel::new(UNIT_A, 1, 1).zip());
    let (status, out, error) = site.run(&["serve"]);
    assert_eq!(status, Some(1), "{out}{error}");
    assert!(error.contains(&address), "{error}");
    assert!(site.at("inbox").join(OF_A).exists());
}

#[test]
fn the_log_tells_nothing_of_any_row() {
    let site = Site::new();
    let mut daemon = site.start(site.command(&["-vv", "serve"]));
    daemon.wait_until_ready();
    let parcel = Parcel::new(UNIT_A, 1, 30);
    site.drop_archive(OF_A, &parcel.zip());
    // Again, as duplicates; of strangers, as errors; and in part.
    site.drop_archive("F43_10670_20140102080000.zip", &parcel.zip());
    site.drop_archive(OF_B, &Parcel::new(UNIT_B, 1, 30).zip_without_persons());
    let c = Parcel::new(UNIT_C, 1, 30);
    site.drop_archive("F43_04002_20140101080000.zip", &c.zip_in_part());
    daemon.wait_until_idle();
    daemon.stop();
    let receipt = site.receipt(&format!("{UNIT_B}/{OF_B}.receipt.json")).unwrap();
    assert_ne!(receipt["findings"].as_array().unwrap().len(), 0);
    let said = daemon.log() + &daemon.out();
    assert!(said.contains("submission 4"), "{said}");
    for secret in parcel.secrets() {
        assert!(!said.contains(&secret), "{secret} in the log:\n{said}");
    }
}
