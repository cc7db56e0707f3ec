use std::cell::Cell;
use std::fs;

use super::*;
use crate::files::write_whole;
use crate::inbox::{FileStamp, unit_and_time};

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

/// A data folder, the turns over it, and a loader that fails as it is told.
struct Lab {
    data: tempfile::TempDir,
    folders: Folders,
    uploads: Uploads,
    turns: Scheduler,
    /// The highest number of a stored submission.
    last: Cell<i64>,
    /// With the loader.
    busy: Vec<Claimed>,
    /// Names of what is done, in order.
    done: Vec<String>,
}

fn clock() -> Clock {
    Clock::fixed("2014-06-01T08:00:00+07:00".parse().unwrap())
}

fn turns(folders: &Folders) -> Scheduler {
    Scheduler::new(folders.clone(), clock(), Arc::default())
}

impl Lab {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let folders = Folders::new(data.path());
        folders.create().unwrap();
        let uploads = Uploads::open(&folders).unwrap();
        let turns = turns(&folders);
        let (last, busy, done) = (Cell::new(0), Vec::new(), Vec::new());
        Self { data, folders, uploads, turns, last, busy, done }
    }

    fn drop_one(&self, name: &str, bytes: usize) {
        write_whole(&self.folders.inbox().join(name), &vec![b'x'; bytes]).unwrap();
    }

    /// What the daemon does when it is woken: nothing needs to settle, and
    /// what met trouble is tried again at once.
    fn look(&mut self) -> Option<String> {
        let now = Moment {
            instant: Instant::now(),
            at: clock().now(),
            settle: Duration::ZERO,
            retry: Duration::ZERO,
        };
        let last = || Ok(self.last.get());
        self.turns.refresh(&self.uploads, &last, now);
        let claimed = self.turns.next(&self.uploads, &last, now)?;
        let name = claimed.name.clone();
        self.busy.push(claimed);
        Some(name)
    }

    /// The loader is done with one of its archives.
    fn finish(&mut self, at: usize) {
        let claimed = self.busy.remove(at);
        self.last.set(self.last.get().max(claimed.id));
        fs::remove_dir_all(&claimed.folder).unwrap();
        self.turns.claims.done(claimed.id);
        self.done.push(claimed.name);
    }

    /// The loader met trouble.
    fn fail(&mut self, at: usize) {
        let claimed = self.busy.remove(at);
        self.turns.claims.done(claimed.id);
        self.turns.claims.retry_at(Instant::now(), claimed);
    }

    /// Killed and started again.
    fn restart(&mut self) {
        self.busy.clear();
        self.turns = turns(&self.folders);
        self.uploads = Uploads::open(&self.folders).unwrap();
    }

    /// Archives in all four folders: each name once.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut left = vec![self.folders.inbox(), self.folders.work()];
        while let Some(folder) = left.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    left.push(entry.path());
                } else {
                    names.push(entry.file_name().into_string().unwrap());
                }
            }
        }
        names
    }
}

const UNITS: [&str; 3] = ["10670", "04001", "04002"];

/// Whatever fails, and whenever the program is killed: of a unit nothing is
/// claimed before all earlier ones are done, and so the outcome is that of a
/// run without trouble.
#[test]
fn a_unit_keeps_its_order_whatever_fails() {
    for seed in 1..=60_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut lab = Lab::new();
        let mut all = Vec::new();
        for unit in UNITS {
            for day in 1..=5 + random.below(4) {
                let standard = ["F21", "F43"][random.below(2) as usize];
                let name = format!("{standard}_{unit}_201401{day:02}080000.zip");
                lab.drop_one(&name, 1 + random.below(90) as usize);
                all.push(name);
            }
        }
        for _ in 0..10_000 {
            if lab.done.len() == all.len() {
                break;
            }
            match random.below(8) {
                0..4 => {
                    if let Some(name) = lab.look() {
                        let (unit, time) = unit_and_time(&name).unwrap();
                        let earlier = |other: &&String| {
                            let (of, at) = unit_and_time(other).unwrap();
                            of == unit && at < time && !lab.done.contains(other)
                        };
                        let first = all.iter().find(earlier);
                        assert_eq!(first, None, "seed {seed}: {name} was taken before it");
                    }
                }
                4 | 5 if !lab.busy.is_empty() => {
                    let at = random.below(lab.busy.len() as u64) as usize;
                    lab.finish(at);
                }
                6 if !lab.busy.is_empty() => {
                    let at = random.below(lab.busy.len() as u64) as usize;
                    lab.fail(at);
                }
                7 if random.below(5) == 0 => lab.restart(),
                _ => {}
            }
            let mut known: Vec<String> = lab.names();
            known.extend(lab.done.iter().cloned());
            known.sort();
            let mut want = all.clone();
            want.sort();
            assert_eq!(known, want, "seed {seed}: each is in one place");
        }
        assert_eq!(lab.done.len(), all.len(), "seed {seed}: all are done in the end");
        assert!(lab.look().is_none() && lab.turns.is_idle(), "seed {seed}");
    }
}

/// `import` has an archive in `work/` that is held by its process.
#[test]
fn what_an_import_has_claimed_is_waited_for_by_later_ones_of_its_unit() {
    let mut lab = Lab::new();
    let given = lab.data.path().join("F43_10670_20140201080000.zip");
    write_whole(&given, b"x").unwrap();
    let last = || Ok(0);
    let at = clock().now();
    let import = crate::inbox::claim_copy(&lab.folders, &given, &last, at).unwrap();
    lab.drop_one("F43_10670_20140301080000.zip", 1);
    lab.drop_one("F43_10670_20140101080000.zip", 5);
    lab.drop_one("F43_04001_20140301080000.zip", 9);
    // The earlier one need not wait, the later one must.
    assert_eq!(lab.look().unwrap(), "F43_10670_20140101080000.zip");
    lab.finish(0);
    assert_eq!(lab.look().unwrap(), "F43_04001_20140301080000.zip");
    lab.finish(0);
    assert_eq!(lab.look(), None);
    // It was killed: what it left is finished first.
    drop(import);
    assert_eq!(lab.look().unwrap(), "F43_10670_20140201080000.zip");
    assert_eq!(lab.look(), None);
    lab.finish(0);
    assert_eq!(lab.look().unwrap(), "F43_10670_20140301080000.zip");
}

/// And the other way round: `import` sees what the daemon has claimed.
#[test]
fn an_import_sees_earlier_claims_of_its_unit() {
    let mut lab = Lab::new();
    lab.drop_one("F43_10670_20140101080000.zip", 1);
    lab.look().unwrap();
    let last = || Ok(0);
    let waits_for = |name: &str| {
        let given = lab.data.path().join(name);
        write_whole(&given, b"x").unwrap();
        let import = crate::inbox::claim_copy(&lab.folders, &given, &last, clock().now()).unwrap();
        let earlier = crate::inbox::earlier_claims(&lab.folders, &import, &|_| false).unwrap();
        crate::inbox::abandon_copy(&import).unwrap();
        assert!(earlier.iter().all(|folder| crate::inbox::is_held(folder)));
        earlier.len()
    };
    assert_eq!(waits_for("F21_10670_20140102080000.zip"), 1);
    assert_eq!(waits_for("F43_10670_20131231080000.zip"), 0);
    assert_eq!(waits_for("F43_04001_20140102080000.zip"), 0);
}

/// An upload is known before any event, or list, tells of it.
#[test]
fn an_upload_is_waited_for_as_soon_as_it_is_placed() {
    let mut lab = Lab::new();
    assert_eq!(lab.look(), None);
    lab.turns.queue.rest();
    let name = "F43_10670_20140301080000.zip";
    let file = lab.folders.uploads().join("upload-1");
    write_whole(&file, b"whole").unwrap();
    let (sha256, bytes) = crate::archive::sha256_file(&file).unwrap();
    let upload = crate::inbox::Upload { name: name.to_owned(), sha256, bytes };
    let number = || Ok(lab.last.get());
    lab.uploads.place(&file, &upload, &number).unwrap();
    lab.turns.queue.hint(&lab.folders.inbox().join("F43_10670_20140501080000.zip"));
    lab.drop_one("F43_10670_20140501080000.zip", 1);
    assert_eq!(lab.look().unwrap(), name);
}

/// Whoever still writes to an archive when it is claimed gets it back.
#[test]
fn an_archive_that_changes_at_the_last_moment_settles_anew() {
    let lab = Lab::new();
    let name = "F43_10670_20140101080000.zip";
    lab.drop_one(name, 10);
    let path = lab.folders.inbox().join(name);
    let seen = FileStamp::from_metadata(&path.symlink_metadata().unwrap());
    lab.drop_one(name, 11);
    let last = || Ok(0);
    let got = claim(&lab.folders, &lab.uploads, (&path, seen), &last, clock().now()).unwrap();
    assert!(got.is_none());
    assert_eq!(lab.names(), [name]);
    assert_eq!(fs::read_dir(lab.folders.work()).unwrap().count(), 0);
}
