//! Kills at random moments while archives of all kinds keep coming, by file
//! and by HTTP. In the end all is as if nothing had happened.

use std::thread::sleep;
use std::time::Duration;

use super::archives::{Maker, Sent, all_places};
use super::effort::{Random, rounds};
use super::ledger::Ledger;
use super::upload::send;
use crate::support::database::Snapshot;
use crate::support::site::{Daemon, Site, UNIT_C, sha256};

/// Kills of one round.
const KILLS: u64 = 12;

/// Sends one archive: into the inbox, a folder in it, or by HTTP. What one unit
/// sends comes by one way alone: of two archives that come at once by two ways,
/// either may be the first that is seen.
fn hand_in(site: &Site, daemon: Option<&Daemon>, sent: &Sent, random: &mut Random) {
    let by_http = sent.plain && sent.name.contains(UNIT_C);
    match daemon.filter(|_| by_http) {
        Some(daemon) => {
            let (status, answer) = send(daemon.address(), &sent.name, &sent.bytes).unwrap();
            assert_eq!(status, 202, "{}: {answer}", sent.name);
        }
        None if sent.plain && !random.one_in(3) => site.drop_archive(&sent.name, &sent.bytes),
        None => {
            let folder = format!("desk-{}", random.below(1 << 40));
            site.drop_archive(format!("{folder}/{}", sent.name), &sent.bytes);
        }
    }
}

/// A kill while an archive is on its way by HTTP: sent by a thread, and
/// without an answer sent again when it is nowhere.
fn kill_while_it_comes(site: &Site, daemon: &mut Daemon, sent: &Sent, random: &mut Random) {
    let (address, pause) = (daemon.address(), random.below(8));
    std::thread::scope(|scope| {
        let told = scope.spawn(|| send(address, &sent.name, &sent.bytes));
        sleep(Duration::from_millis(pause));
        daemon.kill();
        let told = told.join().unwrap();
        let hash = sha256(&sent.bytes);
        if !all_places(site).iter().any(|(other, _)| *other == hash) {
            assert!(told.is_none(), "{} was answered for: {told:?}", sent.name);
            site.drop_archive(&sent.name, &sent.bytes);
        }
    });
}

fn kills(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut site = Site::new();
    site.set("KHLANG__INBOX__SETTLE", "0ms");
    site.set("KHLANG__LIMITS__FREE_BYTES", "1");
    let (mut maker, mut sent) = (Maker::new(), Vec::new());
    for _ in 0..KILLS {
        let mut daemon = site.serve();
        // Now and then it dies while it starts.
        let ready = !random.one_in(4);
        if ready {
            daemon.wait_until_ready();
        }
        for _ in 0..random.below(6) {
            let archive = maker.make(&mut random);
            hand_in(&site, ready.then_some(&daemon), &archive, &mut random);
            sent.push(archive);
            sleep(Duration::from_millis(random.below(60)));
        }
        let last = maker.make(&mut random);
        if ready && last.plain && last.name.contains(UNIT_C) {
            kill_while_it_comes(&site, &mut daemon, &last, &mut random);
            sent.push(last);
        } else {
            sleep(Duration::from_millis(random.below(300)));
            daemon.kill();
        }
        let places = all_places(&site);
        for archive in &sent {
            archive.assert_in_one_place(&places);
        }
        assert_eq!(places.len(), sent.len(), "{places:?}");
        Snapshot::of(&site).assert_sound();
    }
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    daemon.wait_until_idle();
    daemon.stop();
    Ledger::undisturbed(&[], &sent).assert_reached(&site, "after the kills");
    KILLS
}

#[test]
fn no_archive_is_lost_or_doubled_by_kills_at_any_time() {
    rounds("no_archive_is_lost_or_doubled_by_kills_at_any_time", 2, kills);
}
