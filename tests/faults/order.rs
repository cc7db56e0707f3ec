//! The order of a unit holds whatever fails: what is stored, and what every
//! receipt says, is as in a run without trouble.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::trouble::hold_writer;
use crate::support::database::Snapshot;
use crate::support::parcel::Parcel;
use crate::support::site::{Daemon, Site, UNIT_A, UNIT_B, UNIT_C, wait};

const UNITS: [&str; 3] = [UNIT_A, UNIT_B, UNIT_C];

/// Archives of each unit: persons, then their visits, who are wrong without
/// them.
const DAYS: u32 = 12;

/// A small generator, so that a failure can be repeated from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn name(unit: &str, day: u32) -> String {
    format!("F43_{unit}_201401{day:02}080000.zip")
}

fn drop_all(site: &Site) {
    for day in 1..=DAYS {
        for (number, unit) in UNITS.into_iter().enumerate() {
            let parcel = Parcel::new(unit, number as u32 * 50_000 + day.div_ceil(2) * 1000, 4);
            let zip =
                if day % 2 == 1 { parcel.zip_of_persons() } else { parcel.zip_without_persons() };
            site.drop_archive(name(unit, day), &zip);
        }
    }
}

/// What every receipt says, without what may differ from run to run.
fn told(site: &Site) -> BTreeMap<String, Value> {
    let mut told = BTreeMap::new();
    for unit in UNITS {
        let mut before = 0;
        for day in 1..=DAYS {
            let name = name(unit, day);
            let path = format!("{unit}/{name}.receipt.json");
            let mut receipt = site.receipt(&path).unwrap_or_else(|| panic!("no {path}"));
            let id = receipt["id"].as_i64().unwrap();
            assert!(before < id, "{name} was loaded before an earlier one");
            before = id;
            let fields = receipt.as_object_mut().unwrap();
            fields.remove("id");
            fields.remove("received_at");
            told.insert(name, receipt);
        }
    }
    told
}

/// A daemon that outlives a full disk, for which a limit on the size of files
/// stands in.
fn serve(site: &Site) -> Daemon<'_> {
    let mut shell = Command::new("sh");
    let script = "trap '' XFSZ; exec \"$@\"";
    shell.args(["-c", script, "sh", env!("CARGO_BIN_EXE_khlang")]);
    site.prepare(&mut shell);
    shell.arg("serve");
    let mut daemon = site.start(shell);
    daemon.wait_until_ready();
    daemon
}

fn limit(daemon: &Daemon, bytes: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &daemon.id().to_string(), &format!("--fsize={bytes}")]);
    assert!(prlimit.stderr(Stdio::inherit()).status().unwrap().success());
}

fn errors(daemon: &Daemon) -> usize {
    daemon.log().matches("ERROR").count()
}

/// When the inbox was last scanned.
fn last_scan(address: SocketAddr) -> Value {
    let url = format!("http://{address}/api/v1/status");
    let status = ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap();
    let status: Value = serde_json::from_str(&status).unwrap();
    assert!(status["inbox"]["last_scan"].is_string(), "{status}");
    status["inbox"]["last_scan"].clone()
}

fn settings(site: &mut Site) {
    site.set("KHLANG__INBOX__SETTLE", "0ms");
    site.set("KHLANG__INBOX__RETRY", "30ms");
}

/// Failures that prove something.
const ENOUGH: usize = 8;

#[test]
fn receipts_and_rows_are_as_without_trouble_whatever_fails() {
    let mut site = Site::new();
    settings(&mut site);
    drop_all(&site);
    let mut daemon = serve(&site);
    daemon.wait_until_idle();
    daemon.stop();
    let (want, rows) = (told(&site), Snapshot::of(&site).rows());
    assert!(want.values().all(|receipt| receipt["findings_total"] == serde_json::json!({})));
    let mut failures = 0;
    // How much fails depends on how fast the machine is.
    for seed in 1..=15_u64 {
        if seed > 3 && failures >= ENOUGH {
            break;
        }
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut site = Site::new();
        settings(&mut site);
        // The schema is there, so that what fails is a load.
        assert!(site.run(&["submissions", "list"]).0.is_some());
        let mut daemon = serve(&site);
        limit(&daemon, &format!("{}:unlimited", 30_000 + random.below(60_000)));
        drop_all(&site);
        for _ in 0..12 {
            let before = errors(&daemon);
            wait("trouble, or the end", || errors(&daemon) > before || site.is_idle());
            limit(&daemon, &format!("{}:unlimited", 30_000 + random.below(90_000)));
            if random.below(3) == 0 {
                failures += errors(&daemon);
                daemon.kill();
                daemon = serve(&site);
            }
        }
        failures += errors(&daemon);
        limit(&daemon, "unlimited");
        daemon.wait_until_idle();
        daemon.stop();
        assert_eq!(told(&site), want, "seed {seed}");
        assert_eq!(Snapshot::of(&site).rows(), rows, "seed {seed}");
        site.assert_verified();
    }
    assert!(failures >= ENOUGH, "too little has failed to prove anything: {failures}");
}

/// The disk is full for what is loaded first; what waits with the loader by
/// then is of another unit.
#[test]
fn a_later_archive_stays_in_the_inbox_until_the_earlier_is_done() {
    let mut site = Site::new();
    settings(&mut site);
    let (first, later) = (name(UNIT_A, 1), name(UNIT_A, 2));
    let persons = Parcel::new(UNIT_A, 1, 20_000);
    site.drop_archive(&first, &persons.zip_of_persons());
    site.drop_archive(&later, &Parcel::new(UNIT_A, 1, 2).zip_without_persons());
    assert!(site.run(&["submissions", "list"]).0.is_some());
    let mut daemon = serve(&site);
    limit(&daemon, "100000:unlimited");
    daemon.wait_for_log("will be tried again");
    for _ in 0..3 {
        let before = daemon.log().matches("ERROR").count();
        daemon.wait("it is tried again", || site.at("inbox").join(&later).exists());
        wait("another try", || daemon.log().matches("ERROR").count() > before);
        assert!(site.at("inbox").join(&later).exists());
    }
    limit(&daemon, "unlimited");
    daemon.wait_until_idle();
    daemon.stop();
    let receipt = site.receipt(&format!("{UNIT_A}/{later}.receipt.json")).unwrap();
    assert_eq!(receipt["findings_total"], serde_json::json!({}));
}

/// An archive that cannot be read fails at once, when the next one may have
/// been claimed already.
#[test]
fn what_fails_at_once_is_waited_for_too() {
    let mut site = Site::new();
    settings(&mut site);
    assert!(site.run(&["submissions", "list"]).0.is_some());
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    let writer = hold_writer(&site);
    let (other, first, later) = (name(UNIT_B, 1), name(UNIT_A, 1), name(UNIT_A, 2));
    site.drop_archive(&other, &Parcel::new(UNIT_B, 1, 2).zip());
    daemon.wait("the first claim", || site.at("work/1").join(&other).exists());
    let persons = Parcel::new(UNIT_A, 1, 2);
    site.drop_archive(&first, &persons.zip_of_persons());
    let claimed = site.at("work/2").join(&first);
    daemon.wait("the second claim", || claimed.exists());
    // The daemon still looks at what it has renamed: the claim is over when the
    // same thread has told of a scan.
    let address = daemon.address();
    let before = last_scan(address);
    daemon.wait("another scan", || last_scan(address) != before);
    site.drop_archive(&later, &persons.zip_without_persons());
    let aside = site.root().join("aside");
    fs::rename(&claimed, &aside).unwrap();
    writer.execute_batch("ROLLBACK").unwrap();
    daemon.wait_for_log("will be tried again");
    let before = errors(&daemon);
    wait("more tries", || errors(&daemon) > before + 3);
    assert!(site.at("inbox").join(&later).exists(), "it needs the persons of the one before");
    fs::rename(&aside, &claimed).unwrap();
    daemon.wait_until_idle();
    daemon.stop();
    let receipt = site.receipt(&format!("{UNIT_A}/{later}.receipt.json")).unwrap();
    assert_eq!(receipt["findings_total"], serde_json::json!({}));
    site.assert_verified();
}

/// An `import` of a later archive waits for what the daemon has claimed.
#[test]
fn an_import_waits_for_an_earlier_claim_of_the_daemon() {
    let mut site = Site::new();
    settings(&mut site);
    let (first, later) = (name(UNIT_A, 1), name(UNIT_A, 2));
    site.drop_archive(&first, &Parcel::new(UNIT_A, 1, 2).zip_of_persons());
    let mut daemon = site.serve();
    daemon.wait_until_idle();
    let blocked = site.at(format!("outbox/{UNIT_A}"));
    fs::rename(&blocked, site.at("kept")).unwrap();
    fs::File::create(&blocked).unwrap();
    site.drop_archive(name(UNIT_A, 3), &Parcel::new(UNIT_A, 10, 2).zip_of_persons());
    daemon.wait_for_log("will be tried again");
    let given = site.write(
        format!("given/F43_{UNIT_A}_20140104080000.zip"),
        &Parcel::new(UNIT_A, 10, 2).zip_without_persons(),
    );
    let mut import = site.command(&["-vv", "import"]);
    let log = site.root().join("import-log");
    import.arg(&given).stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
    let mut import = import.spawn().unwrap();
    wait("that it waits", || fs::read_to_string(&log).unwrap().contains("an earlier archive"));
    assert!(import.try_wait().unwrap().is_none());
    fs::remove_file(&blocked).unwrap();
    fs::rename(site.at("kept"), &blocked).unwrap();
    assert!(import.wait().unwrap().success(), "{}", fs::read_to_string(&log).unwrap());
    daemon.wait_until_idle();
    daemon.stop();
    // What nobody is at work on is for the daemon: it is said, not passed by.
    fs::create_dir(site.at("work/9")).unwrap();
    site.write(format!("data/work/9/{later}"), b"left by a kill");
    let (status, _, said) = site.run(&["import", given.to_str().unwrap()]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("start the daemon"), "{said}");
    assert_eq!(fs::read_dir(site.at("work")).unwrap().count(), 1, "its copy is given up");
}
