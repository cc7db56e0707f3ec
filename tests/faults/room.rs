//! A disk that gets full: loading ends while there is room to bring the log of
//! the database home, the archive stays where it is known, and what is loaded
//! lies in the database and not in a log beside it.

use std::process::Command;

use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Site, UNIT_A, wait};

const NAME: &str = "F43_10670_20140101080000.zip";

/// More than any disk here has.
const ALL: &str = "1125899906842624";

fn log_bytes(site: &Site) -> u64 {
    site.at("khlang.db-wal").metadata().map_or(0, |meta| meta.len())
}

#[test]
fn an_import_leaves_no_log_behind() {
    let site = Site::new();
    let path = site.write(format!("sent/{NAME}"), &Parcel::new(UNIT_A, 1, 3000).zip());
    assert!(site.import(&path, None).success());
    assert_eq!(log_bytes(&site), 0);
    // Nor with a reader beside it, who is done by then.
    let reader = rusqlite::Connection::open(site.at("khlang.db")).unwrap();
    let count = || reader.query_row("SELECT count(*) FROM visit", [], |row| row.get::<_, i64>(0));
    assert_eq!(count().unwrap(), 3000);
    let path = site.write(format!("again/{NAME}"), &Parcel::new(UNIT_A, 5000, 3000).zip());
    assert!(site.import(&path, None).success());
    assert_eq!(log_bytes(&site), 0);
    assert_eq!(count().unwrap(), 6000);
}

#[test]
fn nothing_is_loaded_onto_a_disk_that_is_nearly_full() {
    let mut site = Site::new();
    let parcel = Parcel::new(UNIT_A, 1, 3);
    let path = site.write(format!("sent/{NAME}"), &parcel.zip());
    site.set("KHLANG__LIMITS__FREE_BYTES", ALL);
    let (status, _, error) = site.run(&["import", path.to_str().unwrap()]);
    assert_eq!(status, Some(1), "{error}");
    for said in ["limits.free_bytes", "nearly full", "พื้นที่ดิสก์เหลือน้อย"]
    {
        assert!(error.contains(said), "{error}");
    }
    assert!(path.exists() && site.is_idle() && site.files("rejected").is_empty());
    // The daemon keeps it, says so, and loads it when there is room.
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    site.drop_archive(NAME, &parcel.zip());
    daemon.wait_for_log("nearly full");
    assert!(site.files("rejected").is_empty() && site.files("outbox").is_empty());
    daemon.stop();
    drop(daemon);
    site.set("KHLANG__LIMITS__FREE_BYTES", "1");
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    wait("the receipt", || site.receipt(&format!("{UNIT_A}/{NAME}.receipt.json")).is_some());
    daemon.wait_until_idle();
    daemon.stop();
    let snapshot = Snapshot::of(&site);
    snapshot.assert_sound();
    assert_eq!(snapshot.rows(), parcel.rows());
    site.assert_verified();
}

/// A small disk of its own, as far as the machine lets one be mounted.
#[test]
fn loading_ends_before_the_disk_is_full_and_goes_on_when_it_is_larger() {
    let mount = "mount -t tmpfs -o size=24m tmpfs";
    let probe = tempfile::tempdir().unwrap();
    let may = Command::new("unshare")
        .args(["-rm", "sh", "-c", &format!("{mount} \"$1\""), "sh"])
        .arg(probe.path())
        .output();
    if !may.is_ok_and(|out| out.status.success()) {
        eprintln!("no disk can be mounted here: the limit itself is tested above");
        return;
    }
    let site = Site::new();
    let small = site.write("sent/F43_10670_20140101070000.zip", &Parcel::new(UNIT_A, 1, 10).zip());
    let large = site.write(format!("sent/{NAME}"), &Parcel::new(UNIT_A, 100, 60_000).zip());
    let script = format!(
        "{mount} \"$1\" && cp \"$2\" \"$1/units.csv\" || exit 90
         \"$3\" --data \"$1\" import \"$4\" >/dev/null || exit 91
         \"$3\" --data \"$1\" import \"$5\" >/dev/null; echo status=$?
         echo log=$(stat -c %s \"$1/khlang.db-wal\" 2>/dev/null || echo 0)
         echo free=$(stat -f -c '%a*%S' \"$1\")
         \"$3\" --data \"$1\" verify >&2; echo verified=$?
         mount -o remount,size=200m \"$1\" || exit 92
         \"$3\" --data \"$1\" import \"$5\" >/dev/null || exit 93
         \"$3\" --data \"$1\" verify >&2; echo again=$?"
    );
    let disk = site.root().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script, "sh"]);
    command.arg(&disk).arg(site.at("units.csv")).arg(env!("CARGO_BIN_EXE_khlang"));
    command.arg(small).arg(large);
    command.env("KHLANG__LIMITS__FREE_BYTES", "3000000").env("KHLANG__STORE__CACHE_MIB", "1");
    let out = command.current_dir(site.root()).output().unwrap();
    let (said, error) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{}: {said}{error}", out.status);
    for line in ["status=1", "log=0", "verified=0", "again=0"] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}{error}");
    }
    assert!(error.contains("nearly full"), "{error}");
    let free: Vec<u64> = said
        .lines()
        .find_map(|line| line.strip_prefix("free="))
        .unwrap()
        .split('*')
        .map(|number| number.parse().unwrap())
        .collect();
    assert!(free[0] * free[1] > 3_000_000, "{said}");
}
