//! Kills at random moments while archives keep coming.

use std::thread::sleep;
use std::time::Duration;

use crate::support::database::Snapshot;
use crate::support::parcel::{Parcel, broken};
use crate::support::site::{Site, UNIT_A, UNIT_B, UNIT_C};

/// Kills of one run.
const ROUNDS: u32 = 15;

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

/// An archive that was dropped.
struct Dropped {
    bytes: Vec<u8>,
    rows: u64,
}

fn drop_one(site: &Site, random: &mut Random, number: u32) -> Dropped {
    let unit = [UNIT_A, UNIT_B, UNIT_C][random.below(3) as usize];
    // Some names come again with other contents.
    let minute = number / 2;
    let name = format!("F43_{unit}_201401010{}{:02}00.zip", 1 + minute / 60, minute % 60);
    let name = if number.is_multiple_of(2) { name } else { format!("again/{name}") };
    if random.below(4) == 0 {
        let mut bytes = broken();
        bytes.extend(number.to_be_bytes());
        site.drop_archive(name, &bytes);
        return Dropped { bytes, rows: 0 };
    }
    let parcel = Parcel::new(unit, number * 1000, 1 + random.below(200) as u32);
    let bytes = parcel.zip();
    site.drop_archive(name, &bytes);
    Dropped { bytes, rows: parcel.rows() }
}

#[test]
fn no_archive_is_lost_or_doubled_by_kills_at_any_time() {
    let seed = 0x6b68_6c61_6e67;
    let mut random = Random(seed);
    let mut site = Site::new();
    site.set("KHLANG__INBOX__SETTLE", "0ms");
    let mut dropped = Vec::new();
    for _ in 0..ROUNDS {
        let mut daemon = site.serve();
        for _ in 0..random.below(5) {
            dropped.push(drop_one(&site, &mut random, dropped.len() as u32));
            sleep(Duration::from_millis(random.below(80)));
        }
        sleep(Duration::from_millis(random.below(400)));
        daemon.kill();
        for archive in &dropped {
            let places = site.places_of(&archive.bytes);
            assert_eq!(places.len(), 1, "seed {seed:#x}: {places:?}");
        }
        Snapshot::of(&site).assert_sound();
    }
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    daemon.wait_until_idle();
    daemon.stop();
    let snapshot = Snapshot::of(&site);
    snapshot.assert_sound();
    assert_eq!(snapshot.submissions().len(), dropped.len());
    assert_eq!(snapshot.rows(), dropped.iter().map(|archive| archive.rows).sum::<u64>());
    for archive in &dropped {
        let places = site.places_of(&archive.bytes);
        let root = if archive.rows == 0 { "rejected" } else { "accepted" };
        assert!(places.len() == 1 && places[0].starts_with(root), "{places:?}");
    }
    // Every submission has its three files, none has another's.
    let receipts = site.files("outbox");
    assert_eq!(receipts.len(), dropped.len() * 3, "{receipts:?}");
    site.assert_verified();
}
