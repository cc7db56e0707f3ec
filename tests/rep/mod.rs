//! What comes back of rows that were sent on: read in every form, matched,
//! shown, told to the units, and freed.

mod forms;
mod free;
mod matching;
mod money;
mod slide28;
mod told;

use std::fmt::Write as _;
use std::fs;

use serde_json::Value as Json;

use crate::support::case::zipped;
use crate::support::site::{Site, UNIT_B};

const NHSO: &str = "\n[[forward]]\nname = \"nhso\"\ntypes = [\"18\"]\n";

/// When archives come, when they are sent on, when answers come.
const CAME: &str = "2014-01-17T08:00:00+07:00";
const SENT: &str = "2014-01-18T08:00:00+07:00";
const BACK: &str = "2014-01-25T08:00:00+07:00";

const PERSON: &str = "PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|D_UPDATE";
const EPI: &str = "PCUCODE|PID|SEQ|DATE_SERV|VCCTYPE|VCCPLACE|D_UPDATE";

/// A site that sends on to NHSO.
fn site() -> Site {
    let site = Site::new();
    site.write("config/khlang.toml", NHSO.as_bytes());
    site
}

/// Runs a command that must succeed, and reads its JSON.
fn json(site: &Site, now: &str, args: &[&str]) -> Json {
    let all = [&["--now", now][..], args, &["--json"]].concat();
    let (status, out, error) = site.run(&all);
    assert_eq!(status, Some(0), "{args:?}: {out}{error}");
    serde_json::from_str(&out).unwrap()
}

/// Runs a command that must be refused; gives what it says.
fn refused(site: &Site, now: &str, args: &[&str]) -> String {
    let (status, out, error) = site.run(&[&["--now", now][..], args].concat());
    assert_eq!(status, Some(1), "{args:?}: {out}{error}");
    error
}

/// Imports an archive; gives what became of it.
fn import(site: &Site, now: &str, name: &str, members: &[(&str, String)]) -> Json {
    let path = site.write(name, &zipped(members));
    let (status, out, error) =
        site.run(&["--now", now, "import", "--json", path.to_str().unwrap()]);
    assert!(matches!(status, Some(0 | 2)), "{name}: {out}{error}");
    serde_json::from_str::<Json>(&out).unwrap()[0].clone()
}

/// Persons with one vaccination each; the day of one may be wrong, and its
/// row is rejected. With a header, or without one.
fn archive(pids: &[(&str, bool)], header: bool) -> Vec<(&'static str, String)> {
    let (mut persons, mut doses) = (String::new(), String::new());
    if header {
        persons = format!("{PERSON}\r\n");
        doses = format!("{EPI}\r\n");
    }
    for (pid, good) in pids {
        write!(persons, "{UNIT_B}|1234567890121|{pid}|สมชาย|1|19800101|1|20140110120000\r\n")
            .unwrap();
        let day = if *good { "20140110" } else { "20140230" };
        write!(doses, "{UNIT_B}|{pid}|{}|{day}|010|{UNIT_B}|20140110120000\r\n\r\n", seq(pid))
            .unwrap();
    }
    vec![("PERSON.txt", persons), ("EPI.txt", doses)]
}

/// The number of the visit of a person.
fn seq(pid: &str) -> String {
    format!("00{pid}")
}

/// A site to which an archive came, and which sent it on; and the name of what
/// was sent on.
fn sent(pids: &[(&str, bool)], header: bool) -> (Site, String) {
    let site = site();
    let name = format!("F21_{UNIT_B}_20140116080000.zip");
    import(&site, CAME, &name, &archive(pids, header));
    let made = json(&site, SENT, &["forward", "nhso"]);
    let name = made[0]["batches"][0]["archives"][0]["name"].as_str().unwrap().to_owned();
    (site, name)
}

/// A file that came back; imported.
fn back(site: &Site, name: &str, text: &str) -> Json {
    let path = site.root().join(name);
    fs::write(&path, text).unwrap();
    json(site, BACK, &["rep", "import", path.to_str().unwrap(), "--layout", "khlang"])
}

/// The lines of a file that came back.
fn lines(site: &Site, rep: u64) -> Vec<Json> {
    let shown = json(site, BACK, &["rep", "show", &rep.to_string()]);
    shown["lines"].as_array().unwrap().clone()
}
