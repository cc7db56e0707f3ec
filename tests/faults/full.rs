//! A full disk: a small file system of its own under the data folder, with a
//! ballast that leaves a little room, or none, and is taken away again.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::archives::{Maker, Sent};
use super::effort::{Random, rounds, say};
use super::ledger::{Ledger, import};
use crate::support::database::Snapshot;
use crate::support::site::Site;

/// Size of the file system: what must be free for a load to begin (some 100 MiB
/// for the log of the database), and a database.
const SIZE: &str = "size=160m";

/// A file system in memory; taken off when dropped.
struct Mounted(PathBuf);

impl Mounted {
    /// None where this user may not mount.
    fn at(folder: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "khlang-test"]).arg(folder);
        let done = mount.stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success()).then(|| Self(folder.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a daemon that is about to be killed may still use it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Fills the disk but for some bytes.
fn fill(site: &Site, left: u64) -> PathBuf {
    let path = site.at("ballast");
    let mut ballast = File::create(&path).unwrap();
    let block = vec![0; 64 << 10];
    let mut length = 0_u64;
    while ballast.write_all(&block).is_ok() {
        length += block.len() as u64;
    }
    ballast.set_len(length.saturating_sub(left)).unwrap();
    path
}

/// A site whose data folder is a small file system, with its list of units.
fn small_site() -> Option<(Site, Mounted)> {
    let mut site = Site::new();
    let units = fs::read(site.at("units.csv")).unwrap();
    let mounted = Mounted::at(&site.data())?;
    site.write("data/units.csv", &units);
    // How little room is too little is not what this is about.
    site.set("KHLANG__LIMITS__FREE_BYTES", "1");
    Some((site, mounted))
}

fn some(random: &mut Random) -> Vec<Sent> {
    let mut maker = Maker::new();
    let all = std::iter::repeat_with(|| maker.make(random)).filter(|sent| sent.plain);
    all.take(5).collect()
}

fn full_daemon(seed: u64) -> Option<u64> {
    let mut random = Random::new(seed);
    let (site, _mounted) = small_site()?;
    let archives = some(&mut random);
    let mut daemon = site.serve();
    daemon.wait_until_ready();
    // They have come while there was room.
    for sent in &archives {
        let mut part = site.at("inbox").join(&sent.name).into_os_string();
        part.push(".part");
        fs::write(&part, &sent.bytes).unwrap();
    }
    // The disk is full before they are seen, or becomes so while they are
    // loaded.
    let (left, early) = (random.below(64) * 8192, random.one_in(2));
    let ballast = early.then(|| fill(&site, left));
    for sent in &archives {
        let to = site.at("inbox").join(&sent.name);
        fs::rename(site.at(format!("inbox/{}.part", sent.name)), to).unwrap();
    }
    let ballast = ballast.unwrap_or_else(|| {
        sleep(Duration::from_millis(random.below(400)));
        fill(&site, left)
    });
    daemon.wait_for_error_or(|| site.is_idle());
    let met = u64::from(daemon.log().contains("ERROR"));
    let whole = Ledger::undisturbed(&[], &archives);
    whole.assert_nothing_else_told(&site, "full");
    fs::remove_file(ballast).unwrap();
    daemon.wait_until_idle();
    daemon.stop();
    whole.assert_reached(&site, "a full disk under the daemon");
    Some(met)
}

fn full_import(seed: u64) -> Option<u64> {
    let mut random = Random::new(seed);
    let (site, _mounted) = small_site()?;
    let archives = some(&mut random);
    // The database is there already, or is to be made on the full disk.
    let (before, archives) = archives.split_at(random.below(2) as usize);
    if !before.is_empty() {
        let (status, _, error) = import(&site, before);
        assert!(matches!(status, Some(0 | 2)), "{error}");
    }
    let whole = Ledger::undisturbed(before, archives);
    let left = random.below(256) * 8192;
    let early = random.one_in(2);
    let mut ballast = early.then(|| fill(&site, left));
    let pause = Duration::from_millis(random.below(250));
    let (status, _, error) = std::thread::scope(|scope| {
        let importing = scope.spawn(|| import(&site, archives));
        let ballast = ballast.get_or_insert_with(|| {
            sleep(pause);
            fill(&site, left)
        });
        assert!(ballast.exists());
        importing.join().unwrap()
    });
    let ballast = ballast.unwrap();
    whole.assert_nothing_else_told(&site, &error);
    fs::remove_file(ballast).unwrap();
    if status == Some(1) {
        if !site.is_idle() {
            let mut daemon = site.serve();
            daemon.wait_until_ready();
            daemon.wait_until_idle();
            daemon.stop();
        }
        let found = Snapshot::of(&site).outcomes().len() - before.len();
        if found < archives.len() {
            let (status, _, error) = import(&site, &archives[found..]);
            assert!(matches!(status, Some(0 | 2)), "{error}");
        }
    } else {
        assert!(matches!(status, Some(0 | 2)), "{status:?}: {error}");
    }
    whole.assert_reached(&site, "a full disk under import");
    Some(u64::from(status == Some(1)))
}

fn unless_left_out(test: &str, short: u64, round: fn(u64) -> Option<u64>) {
    let mut left_out = false;
    rounds(test, short, |seed| {
        round(seed).unwrap_or_else(|| {
            left_out = true;
            0
        })
    });
    if left_out {
        say(format!("{test}: left out, only root may mount a small disk"));
    }
}

#[test]
fn a_daemon_outlives_a_full_disk() {
    unless_left_out("a_daemon_outlives_a_full_disk", 3, full_daemon);
}

#[test]
fn an_import_outlives_a_full_disk() {
    unless_left_out("an_import_outlives_a_full_disk", 4, full_import);
}
