//! A data folder of one test, and the real program over it. Waits have
//! deadlines that only a hanging program reaches; nothing is said about how
//! long anything takes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A program that has not done what it should by then never will.
const DEADLINE: Duration = Duration::from_mins(2);

pub const UNIT_A: &str = "10670";
pub const UNIT_B: &str = "04001";
pub const UNIT_C: &str = "04002";

const UNITS: &str = "hcode,name,type,level,cup,network,district,province\n\
    10670,ก,07,F2,10670,10670,ข,ค\n\
    04001,ง,18,P,10670,10670,ข,ค\n\
    04002,จ,18,P,10670,10670,ข,ค\n";

/// Waits until something is so.
pub fn wait(what: &str, so: impl FnMut() -> bool) {
    wait_or(what, so, String::new);
}

/// The same; `explain` says more when it is in vain.
pub fn wait_or(what: &str, mut so: impl FnMut() -> bool, explain: impl Fn() -> String) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < DEADLINE, "waited in vain: {what}\n{}", explain());
        std::thread::sleep(Duration::from_millis(15));
    }
}

/// The data folder of a test, gone with it.
pub struct Site {
    root: TempDir,
    settings: BTreeMap<String, String>,
}

impl Site {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("data")).unwrap();
        let settings = [
            ("KHLANG__INBOX__SETTLE", "150ms"),
            ("KHLANG__INBOX__POLL", "50ms"),
            ("KHLANG__INBOX__RETRY", "200ms"),
            ("KHLANG__HTTP__LISTEN", "127.0.0.1:0"),
        ];
        let settings = settings.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let site = Self { root, settings };
        site.write("data/units.csv", UNITS.as_bytes());
        site
    }

    /// Sets a configuration variable for what is started from here on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A path below the data folder.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.data().join(path)
    }

    /// Writes a file below the root, making folders.
    pub fn write(&self, path: impl AsRef<Path>, bytes: &[u8]) -> PathBuf {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(&path).unwrap().write_all(bytes).unwrap();
        path
    }

    /// Drops an archive into the inbox as a careful sender does: whole.
    pub fn drop_archive(&self, name: impl AsRef<Path>, bytes: &[u8]) {
        let to = self.at("inbox").join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let mut part = to.clone().into_os_string();
        part.push(".part");
        File::create(&part).unwrap().write_all(bytes).unwrap();
        fs::rename(part, to).unwrap();
    }

    /// The program over this data folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khlang"));
        self.prepare(&mut command);
        command.args(args);
        command
    }

    /// Gives a command the folder and the settings of this site.
    pub fn prepare(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("KHLANG") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.root.path()).envs(&self.settings).env_remove("NOTIFY_SOCKET");
        command.env("RUST_BACKTRACE", "1").stdin(Stdio::null());
        command.arg("--data").arg(self.data());
    }

    /// Runs a command to its end: status, standard output, standard error.
    pub fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let out = self.command(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (out.status.code(), text(out.stdout), text(out.stderr))
    }

    /// Runs `import`, which dies or not.
    pub fn import(&self, path: &Path, die_at: Option<&str>) -> ExitStatus {
        let mut command = self.command(&["import"]);
        command.arg(path).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(step) = die_at {
            command.env("KHLANG_DIE_AT", step);
        }
        command.status().unwrap()
    }

    /// Starts the daemon.
    pub fn serve(&self) -> Daemon<'_> {
        self.start(self.command(&["serve"]))
    }

    /// Starts a daemon that dies at a step, and waits for its death.
    pub fn serve_until_death(&self, step: &str) {
        let mut command = self.command(&["serve"]);
        command.env("KHLANG_DIE_AT", step);
        let mut daemon = self.start(command);
        let status = daemon.wait_for_end();
        assert!(!status.success(), "it should have died at {step}: {}", daemon.log());
        assert_eq!(status.code(), None, "no kill at {step}: {status}\n{}", daemon.log());
    }

    /// Starts a daemon as `command` says, with its output in files.
    pub fn start(&self, mut command: Command) -> Daemon<'_> {
        let number = fs::read_dir(self.root.path()).unwrap().count();
        let log = self.root.path().join(format!("log-{number}"));
        let out = self.root.path().join(format!("out-{number}"));
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&log).unwrap());
        Daemon { site: self, child: command.spawn().unwrap(), log, out }
    }

    /// `verify` finds nothing.
    pub fn assert_verified(&self) {
        let (status, out, error) = self.run(&["verify"]);
        assert_eq!(status, Some(0), "verify: {out}{error}");
    }

    /// Plain files below a folder of the data folder, in order, by their path
    /// below the data folder.
    pub fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut left = vec![self.at(folder)];
        while let Some(folder) = left.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    found.push(path.strip_prefix(self.data()).unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// Where the files with these bytes lie, of the four places that an
    /// archive can be in.
    pub fn places_of(&self, bytes: &[u8]) -> Vec<PathBuf> {
        let hash = sha256(bytes);
        let all = ["inbox", "work", "accepted", "rejected"];
        let all = all.into_iter().flat_map(|folder| self.files(folder));
        // What vanishes between listing and reading is being renamed.
        all.filter(|path| fs::read(self.at(path)).is_ok_and(|b| sha256(&b) == hash)).collect()
    }

    /// A receipt in the outbox, when it is there.
    pub fn receipt(&self, path: &str) -> Option<serde_json::Value> {
        let bytes = fs::read(self.at("outbox").join(path)).ok()?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    /// Waits for a receipt.
    pub fn wait_for_receipt(&self, path: &str) -> serde_json::Value {
        wait(&format!("receipt {path}"), || self.at("outbox").join(path).exists());
        self.receipt(path).unwrap()
    }

    /// Nothing waits and nothing is being loaded.
    pub fn is_idle(&self) -> bool {
        let empty = |folder: &str| {
            fs::read_dir(self.at(folder)).is_ok_and(|mut entries| entries.next().is_none())
        };
        self.files("inbox").is_empty() && empty("work")
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A running daemon; killed when the test is done with it.
pub struct Daemon<'s> {
    site: &'s Site,
    child: Child,
    log: PathBuf,
    out: PathBuf,
}

impl Daemon<'_> {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    pub fn out(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.out).unwrap()).into_owned()
    }

    /// Where it listens, once it is ready.
    pub fn address(&self) -> SocketAddr {
        // Ready is logged a moment before the address is printed.
        wait("its address", || self.out().contains("http://"));
        let out = self.out();
        let at = out.find("http://").unwrap_or_else(|| panic!("no address in {out}"));
        let address = out[at + 7..].split('/').next().unwrap();
        address.parse().unwrap()
    }

    /// Waits until something is so while the daemon lives.
    pub fn wait(&mut self, what: &str, mut so: impl FnMut() -> bool) {
        let log = self.log.clone();
        let child = &mut self.child;
        let so = || {
            let done = so();
            if let (false, Ok(Some(status))) = (done, child.try_wait()) {
                let log = fs::read_to_string(&log).unwrap_or_default();
                panic!("the daemon ended ({status}) before: {what}\n{log}");
            }
            done
        };
        wait_or(what, so, || fs::read_to_string(&self.log).unwrap_or_default());
    }

    /// Waits until it serves.
    pub fn wait_until_ready(&mut self) {
        let log = self.log.clone();
        self.wait("serving", || fs::read_to_string(&log).unwrap().contains("serving at"));
    }

    /// Waits until nothing waits and nothing is being loaded.
    pub fn wait_until_idle(&mut self) {
        let site = self.site;
        self.wait("nothing waits and nothing is loaded", || site.is_idle());
    }

    /// Waits for a text in the log.
    pub fn wait_for_log(&mut self, text: &str) {
        self.wait_for_log_times(text, 1);
    }

    /// Waits until a text stands in the log so many times.
    pub fn wait_for_log_times(&mut self, text: &str, times: usize) {
        let log = self.log.clone();
        let found = || fs::read_to_string(&log).unwrap_or_default().matches(text).count();
        self.wait(text, || found() >= times);
    }

    /// Waits for an error in the log, or until something is so.
    pub fn wait_for_error_or(&mut self, mut so: impl FnMut() -> bool) {
        let log = self.log.clone();
        self.wait("an error, or nothing left to do", || {
            fs::read_to_string(&log).unwrap_or_default().contains("ERROR") || so()
        });
    }

    /// Sends a signal by its name, e.g. `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(status.success());
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let mut status = None;
        let child = &mut self.child;
        let so = || {
            status = child.try_wait().unwrap();
            status.is_some()
        };
        wait_or("its end", so, || fs::read_to_string(&self.log).unwrap_or_default());
        status.unwrap()
    }

    /// Stops it as systemd does; it ends well.
    pub fn stop(&mut self) {
        self.signal("TERM");
        let status = self.wait_for_end();
        assert_eq!(status.code(), Some(0), "{status}\n{}", self.log());
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The user `nobody`.
pub const NOBODY: u32 = 65_534;

/// Root may do everything; the program is then run as a user who may not.
/// Whoever is not root runs it as they are.
pub fn run_as_nobody(site: &Site, command: &mut Command) {
    use std::os::unix::fs::{MetadataExt, chown};
    use std::os::unix::process::CommandExt;
    if site.root().metadata().unwrap().uid() != 0 {
        return;
    }
    let mut left = vec![site.root().to_owned()];
    while let Some(path) = left.pop() {
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    command.uid(NOBODY).gid(NOBODY);
}
