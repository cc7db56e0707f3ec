//! Runs this benchmark under callgrind, which writes a profile each time that
//! `measured` is left.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Args, Step, table};

/// The names by which valgrind knows the function that is counted. They differ,
/// because of two options for one pattern it takes one.
const COUNTED: &str = "--toggle-collect=*validate*measured*";
const WRITTEN: &str = "--dump-after=*measured*";

/// Whether valgrind is there.
pub fn installed() -> bool {
    let mut command = Command::new("valgrind");
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// One run over a sample; gives the steps with their instructions.
pub fn run(args: &Args, folder: &Path, nth: usize) -> Vec<Step> {
    let profiles = folder.join(format!("profiles-{nth}"));
    std::fs::create_dir(&profiles).unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", COUNTED, WRITTEN])
        .arg(format!("--callgrind-out-file={}", profiles.join("out").display()))
        .arg(std::env::current_exe().unwrap())
        .arg("--inside")
        .arg(folder)
        .args(["--rows", &args.rows.to_string(), "--kinds", &args.kinds.join(",")])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "valgrind ended with {}", output.status);
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut steps: Vec<Step> = lines.lines().map(table::from_line).collect();
    for (index, step) in steps.iter_mut().enumerate() {
        // Profiles are numbered from 1, in the order in which they were written.
        let profile = profiles.join(format!("out.{}", index + 1));
        let profile = std::fs::read_to_string(&profile).unwrap();
        step.cost = total(&profile);
    }
    steps
}

fn total(profile: &str) -> u64 {
    let line = profile.lines().find_map(|line| line.strip_prefix("totals:")).unwrap();
    line.trim().parse().unwrap()
}
