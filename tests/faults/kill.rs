//! The process is killed at every step of an archive's way. At that very
//! moment, and after the next start, docs/rules.md#folders holds (invariants 2 to 4).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::database::Snapshot;
use crate::support::parcel::{Parcel, broken};
use crate::support::site::{Site, UNIT_A};

const NAME: &str = "F43_10670_20140101080000.zip";

/// Steps that every archive goes through, in their order.
const STEPS: [&str; 12] = [
    "made_folder",
    "claimed",
    "copying",
    "copied",
    "owned",
    "recorded",
    "committed",
    "flushed",
    "receipt_begun",
    "receipted",
    "moved",
    "validated",
];

/// An archive on its way, and what must become of it.
struct Case {
    bytes: Vec<u8>,
    status: &'static str,
    /// Rows stored by it.
    rows: u64,
    /// Another archive of the same name that was loaded before.
    before: Option<Vec<u8>>,
}

fn sound() -> Case {
    let parcel = Parcel::new(UNIT_A, 100, 3);
    Case { bytes: parcel.zip(), status: "accepted", rows: parcel.rows(), before: None }
}

fn in_part() -> Case {
    let parcel = Parcel::new(UNIT_A, 100, 3);
    Case { bytes: parcel.zip_in_part(), status: "partial", rows: parcel.rows(), before: None }
}

fn not_a_zip() -> Case {
    Case { bytes: broken(), status: "broken", rows: 0, before: None }
}

fn second_of_its_name() -> Case {
    Case { before: Some(Parcel::new(UNIT_A, 500, 2).zip()), ..sound() }
}

impl Case {
    /// A site at the moment before the archive comes.
    fn site(&self) -> Site {
        let site = Site::new();
        if let Some(before) = &self.before {
            let path = site.write(format!("before/{NAME}"), before);
            assert!(site.import(&path, None).success());
        }
        site
    }

    fn loaded_before(&self) -> (usize, u64) {
        self.before.as_ref().map_or((0, 0), |_| (1, 6))
    }

    /// At the moment of death: the archive is in exactly one place, and there
    /// is all of a submission or nothing of it.
    fn assert_held(&self, site: &Site, what: &str, copies: std::ops::RangeInclusive<usize>) {
        let places = site.places_of(&self.bytes);
        assert!(copies.contains(&places.len()), "{what}: {places:?}");
        let snapshot = Snapshot::of(site);
        snapshot.assert_sound();
        let (submissions, rows) = self.loaded_before();
        match snapshot.submissions().len() - submissions {
            0 => assert_eq!(snapshot.rows(), rows, "{what}"),
            1 => assert_eq!(snapshot.rows(), rows + self.rows, "{what}"),
            more => panic!("{what}: {more} submissions"),
        }
    }

    /// When all is done: one submission, its rows once, its receipt, its
    /// original unchanged and private, and nothing left over.
    fn assert_done(&self, site: &Site, what: &str, times: usize) {
        let snapshot = Snapshot::of(site);
        snapshot.assert_sound();
        let (submissions, rows) = self.loaded_before();
        assert_eq!(snapshot.submissions().len(), submissions + times, "{what}");
        assert_eq!(snapshot.rows(), rows + self.rows, "{what}");
        assert_eq!(snapshot.last_status(), self.status, "{what}");
        let stored = PathBuf::from(snapshot.last_stored());
        assert!(site.places_of(&self.bytes).contains(&stored), "{what}");
        assert_eq!(site.places_of(&self.bytes).len(), times, "{what}");
        let mode = site.at(&stored).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{what}");
        assert!(site.is_idle(), "{what}: {:?}", site.files("work"));
        self.assert_receipts(site, what, submissions + times);
        site.assert_verified();
    }

    /// The newest receipt stands under the plain name and the older ones under
    /// their numbers, each of them whole.
    fn assert_receipts(&self, site: &Site, what: &str, submissions: usize) {
        let receipts: Vec<_> = site.files("outbox");
        assert_eq!(receipts.len(), submissions * 3, "{what}: {receipts:?}");
        let plain = format!("{UNIT_A}/{NAME}.receipt.json");
        let newest = site.receipt(&plain).unwrap_or_else(|| panic!("{what}: no receipt"));
        assert_eq!(newest["status"], self.status, "{what}");
        assert_eq!(newest["sha256"], crate::support::site::sha256(&self.bytes), "{what}");
        let id = newest["id"].as_i64().unwrap();
        let of = |ending: &str| {
            fs::read_to_string(site.at(format!("outbox/{UNIT_A}/{NAME}{ending}"))).unwrap()
        };
        assert!(of(".receipt.txt").contains(&format!("#{id}\n")), "{what}");
        if self.before.is_some() {
            let older = site.receipt(&format!("{UNIT_A}/{NAME}.1.receipt.json")).unwrap();
            assert_eq!(older["id"], 1, "{what}");
            assert!(of(".1.receipt.txt").contains("#1\n"), "{what}");
        }
    }
}

/// Kills the daemon at a step, looks, and lets the next one finish.
fn kill_daemon(case: &Case, step: &str, again: bool) {
    let site = case.site();
    site.drop_archive(NAME, &case.bytes);
    site.serve_until_death(step);
    case.assert_held(&site, step, 1..=1);
    if again {
        site.serve_until_death(step);
        case.assert_held(&site, step, 1..=1);
    }
    let mut daemon = site.serve();
    daemon.wait_until_idle();
    daemon.stop();
    case.assert_done(&site, step, 1);
}

#[test]
fn an_archive_outlives_a_kill_at_every_step() {
    for step in STEPS {
        kill_daemon(&sound(), step, false);
    }
}

#[test]
fn an_archive_taken_in_part_outlives_a_kill_at_every_step() {
    for step in STEPS {
        kill_daemon(&in_part(), step, false);
    }
}

#[test]
fn a_broken_archive_outlives_a_kill_at_every_step() {
    // It is refused before any row is validated.
    for step in STEPS.into_iter().filter(|step| *step != "validated") {
        kill_daemon(&not_a_zip(), step, false);
    }
}

#[test]
fn the_second_of_a_name_outlives_a_kill_at_every_step() {
    for step in STEPS.into_iter().chain(["receipt_aside_begun", "receipt_aside"]) {
        kill_daemon(&second_of_its_name(), step, false);
    }
}

#[test]
fn a_second_kill_at_the_same_step_changes_nothing() {
    // Later starts do not come to the steps that are done, which is why those
    // before the claim and after the last rename are left out.
    for step in ["made_folder", "validated", "recorded", "receipt_begun", "receipted"] {
        kill_daemon(&sound(), step, true);
        kill_daemon(&second_of_its_name(), step, true);
    }
}

#[test]
fn an_import_outlives_a_kill_at_every_step() {
    // A copy is made at once, where it is claimed.
    for step in STEPS.into_iter().filter(|step| *step != "owned") {
        let case = sound();
        let site = case.site();
        let given = site.write(format!("given/{NAME}"), &case.bytes);
        assert_eq!(site.import(&given, Some(step)).code(), None, "no kill at {step}");
        // The given file stays where it is; there is one copy of it at most.
        case.assert_held(&site, step, 0..=1);
        assert_eq!(fs::read(&given).unwrap(), case.bytes, "{step}");
        let begun = !matches!(step, "made_folder" | "copying" | "copied");
        let mut daemon = site.serve();
        daemon.wait_until_ready();
        daemon.wait_until_idle();
        daemon.stop();
        if begun {
            case.assert_done(&site, step, 1);
        } else {
            assert!(site.places_of(&case.bytes).is_empty(), "{step}");
            assert!(Snapshot::of(&site).submissions().is_empty(), "{step}");
        }
    }
}

/// For a moment the copy that takes the place of what was dropped has a name
/// of its own, in the same folder; it is nobody's archive.
#[test]
fn a_copy_that_is_about_to_take_its_place_is_swept() {
    let case = sound();
    let site = case.site();
    site.drop_archive(NAME, &case.bytes);
    site.serve_until_death("copy_named");
    let work = site.files("work");
    assert_eq!(work, ["work/1/.copy.tmp".into(), Path::new("work/1").join(NAME)]);
    let mut daemon = site.serve();
    daemon.wait_until_idle();
    daemon.stop();
    case.assert_done(&site, "copy_named", 1);
}

/// A power cut may take from the log what was committed and not flushed yet:
/// by then nobody has been told of the archive, and it is loaded again.
#[test]
fn an_archive_outlives_a_power_cut_that_takes_its_commit() {
    let case = sound();
    let site = case.site();
    site.drop_archive(NAME, &case.bytes);
    site.serve_until_death("committed");
    assert!(site.files("outbox").is_empty(), "told before it was durable");
    let log = fs::OpenOptions::new().write(true).open(site.at("khlang.db-wal")).unwrap();
    let whole = log.metadata().unwrap().len();
    assert!(whole > 0, "nothing for a power cut to take");
    // Less than a page: the last commit is cut off.
    log.set_len(whole - 100).unwrap();
    assert!(Snapshot::of(&site).submissions().is_empty());
    let mut daemon = site.serve();
    daemon.wait_until_idle();
    daemon.stop();
    case.assert_done(&site, "power cut", 1);
}
