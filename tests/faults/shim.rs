//! Makes calls of the program fail: `shim.c`, compiled when the first test
//! needs it and loaded with `LD_PRELOAD`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::site::Site;

pub const EIO: i32 = 5;
pub const EMFILE: i32 = 24;
pub const ENOSPC: i32 = 28;

/// What fails.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// A kind of call, as `shim.c` names them.
    pub call: &'static str,
    /// Part of the paths that it is about; with `$`, their end.
    pub path: &'static str,
    pub errno: i32,
    pub which: Which,
}

/// Which of the matching calls fail.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// This one, counted from 1.
    Once(u64),
    /// This one and all after it.
    From(u64),
    /// One of so many, by chance.
    OneIn(u64, u64),
}

fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = target.join("khlang-faults.so");
        let part = target.join(format!("khlang-faults-{}.so", std::process::id()));
        let arguments =
            ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"];
        let status = Command::new("cc").args(arguments).arg(&part).arg(source).arg("-ldl").status();
        assert!(status.expect("cc is needed").success());
        fs::rename(part, &library).unwrap();
        library
    })
}

impl Fault {
    /// Puts a program of the site under this fault. With `switch`, calls fail
    /// only while that file is there.
    pub fn befall(&self, command: &mut Command, site: &Site, switch: Option<&Path>) {
        watched(command, site);
        command.env("KHLANG_FAULT_CALL", self.call).env("KHLANG_FAULT_PATH", self.path);
        command.env("KHLANG_FAULT_ERRNO", self.errno.to_string());
        command.env("KHLANG_FAULT_LOG", log(site));
        let mut set = |name: &str, value: u64| {
            command.env(format!("KHLANG_FAULT_{name}"), value.to_string());
        };
        match self.which {
            Which::Once(nth) => {
                set("NTH", nth);
                set("TIMES", 1);
            }
            Which::From(nth) => set("NTH", nth),
            Which::OneIn(times, seed) => {
                set("ONE_IN", times);
                set("SEED", seed);
            }
        }
        if let Some(switch) = switch {
            command.env("KHLANG_FAULT_WHILE", switch);
        }
    }

    /// Whether this is a call that it is about.
    fn matches(&self, line: &str) -> bool {
        let Some((call, path)) = line.split_once(' ') else { return false };
        let path = format!("{path}$");
        (self.call == "any" || self.call == call)
            && if self.path.ends_with('$') {
                path.ends_with(self.path)
            } else {
                path.contains(self.path)
            }
    }

    /// How many of the calls in a trace it is about.
    pub fn count(&self, trace: &str) -> u64 {
        trace.lines().filter(|line| self.matches(line)).count() as u64
    }
}

fn watched(command: &mut Command, site: &Site) {
    command.env("LD_PRELOAD", library()).env("KHLANG_FAULT_BELOW", site.data());
}

/// Has every call of a program written down.
pub fn trace(command: &mut Command, site: &Site) -> PathBuf {
    watched(command, site);
    let path = site.root().join("trace");
    command.env("KHLANG_FAULT_TRACE", &path);
    path
}

fn log(site: &Site) -> PathBuf {
    site.root().join("failed-calls")
}

/// Calls that have failed so far.
pub fn failed(site: &Site) -> u64 {
    fs::read_to_string(log(site)).map_or(0, |text| text.lines().count() as u64)
}
