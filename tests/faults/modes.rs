//! Who may see what in a data folder, whatever umask the program was started
//! under: the databases and what lies beside them, archives on their way and at
//! their end, receipts, exports, backups, and what uploads leave.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use khlang::inbox::{DATA, KEPT};

use crate::support::parcel::{Parcel, broken};
use crate::support::site::{Site, UNIT_A, UNIT_B};

/// What the operator puts there is as the operator wants it.
const OWN: [&str; 3] = ["units.csv", "inbox", "config"];

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

/// Every file and folder that is not as the table says.
fn wrong(site: &Site) -> Vec<String> {
    let mut found = Vec::new();
    let mut look = |path: &Path, want: u32| {
        let is = mode(path);
        if is != want {
            found.push(format!("{}: {is:o}, not {want:o}", path.display()));
        }
    };
    look(&site.data(), DATA);
    let mut left = Vec::new();
    for entry in fs::read_dir(site.data()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match KEPT.iter().find(|kept| kept.name == name) {
            Some(kept) => {
                look(&path, kept.mode);
                left.push((path, kept));
            }
            None if path.is_dir() => panic!("{name} is in no table"),
            None if !OWN.contains(&name.as_str()) => look(&path, 0o600),
            None => {}
        }
    }
    while let Some((folder, kept)) = left.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, kept.folders);
                left.push((path, kept));
            } else if !OWN.contains(&kept.name) {
                look(&path, kept.files);
            }
        }
    }
    found
}

fn under(site: &Site, umask: &str, args: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("umask {umask}; exec \"$@\"");
    shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_khlang")]);
    site.prepare(&mut shell);
    shell.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    shell
}

fn umask_changes_nothing(umask: &str) {
    let site = Site::new();
    let units = fs::read(site.at("units.csv")).unwrap();
    fs::remove_dir_all(site.data()).unwrap();
    site.write("config/units.csv", &units);
    let config = site.write(
        "k.toml",
        b"[[export]]\nname = \"monthly\"\nschedule = \"0 6 1 * *\"\nkpis = [\"anc5\"]\n\
          period = \"2557\"\nformats = [\"csv\", \"json\"]\n",
    );
    let config = config.to_str().unwrap().to_owned();
    let run = |args: &[&str]| {
        let all = [&["--config", &config][..], args].concat();
        let status = under(&site, umask, &all).status().unwrap();
        assert!(matches!(status.code(), Some(0 | 2)), "{umask} {args:?}: {status}");
    };
    let first = site.write("sent/F43_10670_20140101080000.zip", &Parcel::new(UNIT_A, 1, 3).zip());
    let bad = site.write("sent/F43_04001_20140101080000.zip", &broken());
    // A kill in the middle leaves what it was about.
    for step in ["copying", "claimed", "recorded", "receipt_begun"] {
        let mut command = under(&site, umask, &["import", first.to_str().unwrap()]);
        assert_eq!(command.env("KHLANG_DIE_AT", step).status().unwrap().code(), None, "{step}");
        assert_eq!(wrong(&site), [""; 0], "umask {umask}, at {step}");
    }
    run(&["import", first.to_str().unwrap(), bad.to_str().unwrap()]);
    run(&["token", "create", "--role", "province"]);
    run(&["score", "--round", "2557"]);
    run(&["kpi", "run", "--all", "--period", "2557"]);
    run(&["export", "run", "monthly"]);
    assert_eq!(wrong(&site), [""; 0], "umask {umask}, at rest");

    let mut daemon = site.start(under(&site, umask, &["serve"]));
    daemon.wait_until_ready();
    site.drop_archive("F43_04001_20140201080000.zip", &Parcel::new(UNIT_B, 1, 3).zip());
    site.wait_for_receipt(&format!("{UNIT_B}/F43_04001_20140201080000.zip.receipt.json"));
    daemon.wait_until_idle();
    let served = wrong(&site);
    daemon.stop();
    assert_eq!(served, [""; 0], "umask {umask}, served");
    let backup = site.at("backups/b.db");
    run(&["backup", backup.to_str().unwrap()]);
    run(&["restore", backup.to_str().unwrap()]);
    run(&["score", "--round", "2557"]);
    assert_eq!(wrong(&site), [""; 0], "umask {umask}, at the end");
    for name in ["khlang.db", "access.db", "figures.db", "khlang.lock"] {
        assert!(site.at(name).exists(), "{name} is looked at");
    }
    for folder in ["outbox", "accepted", "rejected", "exports", "backups"] {
        assert!(!site.files(folder).is_empty(), "{folder} is looked at");
    }
}

#[test]
fn modes_are_as_the_table_says_under_an_open_umask() {
    umask_changes_nothing("000");
}

#[test]
fn modes_are_as_the_table_says_under_a_closed_umask() {
    umask_changes_nothing("077");
}

/// A data folder that was unpacked or made by hand is closed again; what is
/// set up for a group stays so.
#[test]
fn folders_that_stand_open_are_closed() {
    let site = Site::new();
    assert_eq!(site.run(&["token", "list"]).0, Some(0));
    let set = |name: &str, mode| {
        fs::set_permissions(site.at(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    set("accepted", 0o777);
    set("backups", 0o755);
    set("inbox", 0o2770);
    assert_eq!(site.run(&["token", "list"]).0, Some(0));
    let modes = ["accepted", "backups", "inbox"].map(|name| mode(&site.at(name)));
    assert_eq!(modes, [0o700, 0o700, 0o2770]);
}
