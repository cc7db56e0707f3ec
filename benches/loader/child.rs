//! A case as a process of its own: its time, its peak memory, and whether what
//! it stored adds up.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How often the peak of a process is looked at: it is gone with the process.
const LOOK: Duration = Duration::from_millis(5);

/// A process that has ended well.
pub struct Done {
    /// From its start to its end.
    pub seconds: f64,
    /// Its highest resident memory, KiB.
    pub peak_kib: u64,
    /// What it said on standard output, when it was asked to be heard.
    pub output: String,
}

/// Runs a command to its end. The output of `import` is long and nobody reads
/// it, so it goes to a file of its own, as it would under a service.
pub fn run(command: &mut Command) -> Done {
    let output = tempfile::NamedTempFile::new().unwrap();
    command.stdin(Stdio::null()).stdout(output.reopen().unwrap());
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (ended, peak) = (AtomicBool::new(false), AtomicU64::new(0));
    let (exit, seconds) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                peak.fetch_max(peak_kib(&status).unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(LOOK);
            }
        });
        let exit = child.wait().unwrap();
        let seconds = start.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        (exit, seconds)
    });
    assert!(exit.success(), "{command:?} ended with {exit}");
    let output = std::fs::read_to_string(output.path()).unwrap();
    Done { seconds, peak_kib: peak.into_inner(), output }
}

fn peak_kib(status: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// What became of rows, as the receipts say.
#[derive(Debug, Default)]
pub struct Tally {
    /// Number of the last submission.
    pub last: u64,
    /// Rows sent.
    pub received: u64,
    /// Rows stored.
    pub accepted: u64,
    /// Rows with an error.
    pub rejected: u64,
}

/// Sums the receipts of the submissions after `after`.
pub fn tally(data: &Path, after: u64) -> Tally {
    let mut tally = Tally { last: after, ..Tally::default() };
    let outbox = data.join("outbox");
    let folders = std::fs::read_dir(&outbox).into_iter().flatten();
    for folder in folders.map(|folder| folder.unwrap().path()) {
        for file in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let json = std::fs::read(&path).unwrap();
                tally.add(&serde_json::from_slice(&json).unwrap(), after);
            }
        }
    }
    tally
}

impl Tally {
    fn add(&mut self, receipt: &Value, after: u64) {
        let id = receipt["id"].as_u64().unwrap();
        if id <= after {
            return;
        }
        self.last = self.last.max(id);
        for file in receipt["files"].as_array().into_iter().flatten() {
            let count = |name: &str| file[name].as_u64().unwrap();
            self.received += count("received");
            self.accepted += count("accepted");
            self.rejected += count("rejected");
        }
    }
}

/// Has the store checked against its own counts and the folders; gives its
/// rows.
pub fn verify(khlang: &mut Command) -> u64 {
    let done = run(khlang.args(["verify", "--json"]));
    let report: Value = serde_json::from_str(&done.output).unwrap();
    let mismatches = report["mismatches"].as_array().unwrap();
    assert!(mismatches.is_empty(), "verify does not agree: {mismatches:?}");
    report["rows"].as_u64().unwrap()
}

/// Brings what a load has left in the write-ahead log into the database; gives
/// the seconds, which are the load's: the baseline does it before it ends.
#[allow(clippy::disallowed_methods, reason = "no process has the store open")]
pub fn bring_home(database: &Path) -> f64 {
    let start = Instant::now();
    let conn = rusqlite::Connection::open(database).unwrap();
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    drop(conn);
    start.elapsed().as_secs_f64()
}

/// A database with the files beside it.
pub fn database_bytes(database: &Path) -> u64 {
    let of = |ending: &str| {
        let path = format!("{}{ending}", database.display());
        std::fs::metadata(path).map_or(0, |meta| meta.len())
    };
    ["", "-wal", "-shm"].into_iter().map(of).sum()
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).unwrap();
            // Else whoever is measured next writes it to the disk.
            std::fs::File::open(to).unwrap().sync_all().unwrap();
        }
    }
}
