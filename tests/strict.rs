//! What is not known is an error that names the nearest, what is no file is
//! not waited for, and a name from outside is shown and never obeyed.

use std::cell::RefCell;
use std::process::{Command, Stdio};

use crate::support::case::{Khlang, Ran, zipped};
use crate::support::site::wait_or;

const NAME: &str = "F21_10670_20140131080000.zip";

fn loaded() -> Khlang {
    let khlang = Khlang::new();
    let person = "PCUCODE|CID|PID|SEX|BIRTH|TYPEAREA|D_UPDATE\n\
         10670|1234567890121|1|1|19800101|1|20130115120000\n";
    assert_eq!(khlang.import(NAME, &zipped(&[("PERSON.txt", person)]))["status"], "accepted");
    khlang
}

#[test]
fn what_is_not_known_is_an_error_with_the_nearest_name() {
    let khlang = loaded();
    for (command, near) in [
        (&["score", "--round", "2557", "--unit", "10672"][..], "10670"),
        (&["score", "--round", "2558"], "2557"),
        (&["score", "--round", "2557", "--as-of", "7"], "7"),
        (&["score", "rows", "--round", "2557", "--unit", "10672", "--item", "EPI"], "10670"),
        (&["score", "rows", "--round", "2557", "--unit", "10670", "--item", "EPX"], "EPI"),
        (
            &[
                "score", "rows", "--round", "2557", "--unit", "10670", "--item", "EPI", "--month",
                "2014-07",
            ],
            "2557",
        ),
        (&["allocate", "--round", "2558"], "2557"),
        (&["allocate", "--round", "2557", "--as-of", "9"], "9"),
        (&["statement", "--round", "2557", "--cup", "10672", "--out", "o.html"], "10670"),
        (&["statement", "--round", "2558", "--out", "o"], "2557"),
        (&["submissions", "list", "--hcode", "04003"], "0400"),
        (&["submissions", "list", "--from", "soon"], "soon"),
        (&["submissions", "list", "--to", "2014-13-01"], "2014-13-01"),
        (&["submissions", "list", "--page", "0"], "0"),
        (&["submissions", "list", "--status", "done"], "accepted"),
        (&["submissions", "show", "9"], "9"),
        (&["hold", "list", "--unit", "10672"], "10670"),
        (&["hold", "list", "--round", "2558"], "2557"),
        (&["hold", "list", "--as-of", "9"], "9"),
        (
            &[
                "hold",
                "add",
                "--round",
                "2557",
                "--unit",
                "10672",
                "--item",
                "EPI",
                "--tranche",
                "1",
                "--reason",
                "x",
            ],
            "10670",
        ),
        (
            &[
                "hold",
                "add",
                "--round",
                "2557",
                "--unit",
                "10670",
                "--item",
                "EPX",
                "--tranche",
                "1",
                "--reason",
                "x",
            ],
            "EPI",
        ),
        (&["kpi", "run", "anc6", "--period", "2557"], "anc5"),
        (&["kpi", "run", "anc5", "--period", "2557Q5"], "2557Q5"),
        (&["kpi", "run", "anc5", "--period", "2557", "--level", "units"], "unit"),
        (&["kpi", "explain", "anc5", "--unit", "10672", "--period", "2557"], "10670"),
        (&["report", "kpi67", "--period", "2557Q1", "--region", "1"], "kpi66"),
        (&["report", "kpi", "--kpi", "anc6", "--period", "2557"], "anc5"),
        (&["export", "run", "monthly"], "monthly"),
        (&["token", "create", "--role", "unit", "--hcode", "10672"], "10670"),
    ] {
        let ran = khlang.run(command);
        assert!(matches!(ran.status(), 1 | 2), "{command:?}: {}", ran.out());
        assert!(ran.err().contains(near), "{command:?}: {}", ran.err());
        assert!(ran.out().is_empty(), "{command:?}: {}", ran.out());
    }
    // A unit that is in no list any more and has sent something is known.
    let text = std::fs::read_to_string(khlang.path("data/units.csv")).unwrap();
    let without: String = text
        .lines()
        .filter(|l| !l.starts_with("10670,"))
        .fold(String::new(), |all, line| all + line + "\n");
    khlang.write("data/units.csv", without);
    let ran = khlang.run(&["submissions", "list", "--hcode", "10670", "--json"]);
    assert_eq!(ran.json()["total"], 1);
}

#[test]
fn what_is_reported_of_a_kpi_is_no_more_than_all() {
    let enter = |line: &str| {
        let khlang = Khlang::new();
        let file =
            khlang.write("r.csv", format!("kpi,unit,period,numerator,denominator,note\n{line}\n"));
        let ran = khlang.run(&["kpi", "enter", file.to_str().unwrap()]);
        (ran.status(), ran.out())
    };
    for (line, said) in [
        ("thai_refer_quality,10670,2557Q1,50,10,x", "50 of 10"),
        ("thai_refer_quality,10670,2557Q1,-1,10,x", "-1"),
        ("thai_refer_quality,10670,2557Q1,1,0,x", "denominator"),
        ("thai_refer_qualit,10670,2557Q1,1,10,x", "did you mean thai_refer_quality?"),
        ("thai_refer_quality,10672,2557Q1,1,10,x", "did you mean 10670?"),
        ("thai_refer_quality,10670,2557Q9,1,10,x", "2557Q9"),
    ] {
        let (status, out) = enter(line);
        assert_eq!(status, 2, "{line}: {out}");
        assert!(out.contains("line 2") && out.contains(said), "{line}: {out}");
    }
    assert_eq!(enter("thai_refer_quality,10670,2557Q1,10,10,x").0, 0);
}

#[test]
fn every_number_of_the_configuration_has_a_range() {
    for (name, value, key) in [
        ("KHLANG__HTTP__WORKERS", "0", "http.workers"),
        ("KHLANG__LIMITS__CONNECTIONS", "0", "limits.connections"),
        ("KHLANG__STORE__CACHE_MIB", "100000000", "store.cache_mib"),
        ("KHLANG__LIMITS__QUEUE", "-1", "limits.queue"),
        ("KHLANG__INBOX__POLL", "0", "inbox.poll"),
    ] {
        for command in [&["config", "check"][..], &["serve"], &["submissions", "list"]] {
            let khlang = loaded().env(name, value);
            // A list is read without the configuration.
            if command[0] == "submissions" {
                continue;
            }
            let ran = khlang.run(command);
            assert_eq!(ran.status(), 1, "{name}={value} {command:?}: {}", ran.out());
            assert!(ran.err().contains(key) && ran.err().contains(" to "), "{}", ran.err());
        }
    }
}

/// Runs to its end, which a program that waits for a pipe never comes to.
fn ends(khlang: &Khlang, arguments: &[&str]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_khlang"))
        .current_dir(khlang.folder.path())
        .args(["--data", "data", "--now", crate::support::case::NOW])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let running = RefCell::new(&mut child);
    let ended = || running.borrow_mut().try_wait().unwrap().is_some();
    wait_or("what is not waited for", ended, || {
        running.borrow_mut().kill().unwrap();
        format!("{arguments:?} waits for what never comes")
    });
    Ran(child.wait_with_output().unwrap())
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let khlang = loaded();
    let fifo = khlang.path(NAME);
    std::fs::remove_file(&fifo).unwrap();
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let folder = khlang.path("folder.zip");
    std::fs::create_dir(&folder).unwrap();
    for path in [fifo.to_str().unwrap(), "/dev/zero", "/dev/tty", folder.to_str().unwrap()] {
        for command in [
            &["check", path][..],
            &["import", path],
            &["registry", "import", path],
            &["registry", "forwarded", path],
            &["kpi", "enter", path],
            &["restore", path],
            &["verify", "--backup", path],
            &["allocate", "--round", "2557", "--rulebook", path],
            &["--config", path, "config", "check"],
        ] {
            let ran = ends(&khlang, command);
            assert!(matches!(ran.status(), 1 | 2), "{command:?}: {}", ran.out());
            let said = ran.err() + &ran.out();
            assert!(path == "/dev/tty" || said.contains("no plain file"), "{command:?}: {said}");
        }
    }
    for list in ["data/units.csv", "data/config/codes/icd10tm.csv"] {
        let list = khlang.path(list);
        let _ = std::fs::remove_file(&list);
        assert!(Command::new("mkfifo").arg(&list).status().unwrap().success());
        // Without a list that was in force before it fails; with one that stays.
        assert!(matches!(ends(&khlang, &["config", "check"]).status(), 1 | 2));
        std::fs::remove_file(&list).unwrap();
        khlang.write("data/units.csv", crate::support::case::UNITS);
    }
}

#[test]
fn what_a_province_put_over_ours_never_goes_out_of_force_unseen() {
    let khlang = loaded();
    for folder in ["data/codes", "data/kpi", "data/reports", "data/config/rulebooks"] {
        let _ = std::fs::remove_dir(khlang.path(folder));
        assert_eq!(khlang.run(&["config", "check"]).status(), 0, "{folder} is not there");
        // What cannot be read as a folder, for whatever reason.
        let path = khlang.write(folder, "");
        let ran = khlang.run(&["config", "check"]);
        assert!(matches!(ran.status(), 1 | 2), "{folder}: {}", ran.out());
        let said = ran.err() + &ran.out();
        assert!(said.contains(folder), "{folder}: {said}");
        if folder.ends_with("rulebooks") {
            // Nothing is paid by the shipped rules in place of those.
            for command in [&["score", "--round", "2557"][..], &["allocate", "--round", "2557"]] {
                assert_eq!(khlang.run(command).status(), 1, "{command:?}");
            }
        }
        std::fs::remove_file(path).unwrap();
    }
    khlang.write("data/codes/icd10tm.csv", "code,name\n");
    let ran = khlang.run(&["config", "check"]);
    assert!(ran.status() == 1 && ran.err().contains("icd10tm.csv"), "{}", ran.err());
}

/// What a terminal would obey, or what would look like another line.
fn hostile(text: &str) -> bool {
    text.chars().any(|c| khlang::printable::acts(c) && !matches!(c, '\n' | '\t'))
        || text.lines().any(|line| line.trim_start().starts_with("forged"))
}

#[test]
fn a_hostile_name_is_shown_and_never_obeyed() {
    let khlang = loaded();
    let name = "F21_10670_\u{1b}[2J\u{202e}piz\u{9b}\r\nforged: all is well\u{7f}.zip";
    let member = "PERSON\u{1b}]0;x\u{7}\nforged.txt";
    let good = khlang.write("F21_10670_20140131090000.zip", zipped(&[(member, "x")]));
    let bad = khlang.write(name, b"no zip");
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let missing = format!("{bad}.none");
    let rulebook = khlang.write(&format!("{name}.toml"), "round = \u{1b}");
    let csv = khlang.write(&format!("{name}.csv"), "kpi,unit\n\u{1b}\u{202e},\n");
    let (rulebook, csv) = (rulebook.to_str().unwrap(), csv.to_str().unwrap());
    let reported = khlang.write(
        "r.csv",
        "kpi,unit,period,numerator,denominator,note\n\u{1b}[31m,\u{202e},x\u{9b},1,1,\n",
    );
    let reported = reported.to_str().unwrap();
    let backup = khlang.path(&format!("{name}.db"));
    let backup = backup.to_str().unwrap();
    let hold = ["hold", "add", "--round", "2557", "--unit", "10670", "--item", "EPI"];
    let hold = [&hold[..], &["--tranche", "1", "--reason", name, "--by", name]].concat();
    let commands: &[&[&str]] = &[
        &["-v", "check", bad, good],
        &["check", "--json", bad, good],
        &["check", &missing],
        &["-v", "import", bad, good],
        &["import", "--json", bad, good],
        &["import", &missing],
        &["submissions", "list"],
        &["submissions", "list", "--json"],
        &["submissions", "show", "2"],
        &["submissions", "show", "2", "--json"],
        &["submissions", "show", "3"],
        &["submissions", "void", "1", "--reason", name],
        &["submissions", "show", "1"],
        &["submissions", "list", "--hcode", name],
        &["submissions", name],
        &hold,
        &["hold", "list"],
        &["hold", "list", "--json"],
        &["hold", "release", "1", "--reason", name, "--by", name],
        &["hold", "list"],
        &["hold", "list", "--unit", name],
        &["token", "create", "--role", "province", "--name", name],
        &["token", "list"],
        &["token", "list", "--json"],
        &["score", "--round", "2557", "--unit", name],
        &["score", "rows", "--round", "2557", "--unit", "10670", "--item", name],
        &["score", "--round", name],
        &["allocate", "--round", "2557", "--rulebook", rulebook],
        &["statement", "--round", "2557", "--cup", name, "--out", "o"],
        &["kpi", "run", name, "--period", "2557"],
        &["kpi", "run", "anc5", "--period", name],
        &["kpi", "enter", csv],
        &["kpi", "enter", reported],
        &["registry", "import", csv],
        &["registry", "forwarded", csv],
        &["report", name, "--period", "2557"],
        &["export", "run", name],
        &["backup", backup],
        &["restore", backup],
        &["restore", bad],
        &["verify", "--backup", bad],
        &["--config", rulebook, "config", "check"],
        &["--data", name, "submissions", "list"],
        &[name],
    ];
    for command in commands {
        let ran = khlang.run(command);
        let (out, err) = (ran.out(), ran.err());
        assert!(!out.is_empty() || !err.is_empty() || ran.status() == 0, "{command:?}");
        for said in [out, err] {
            assert!(!hostile(&said), "{command:?}: {said:?}");
        }
    }
    // Where it lies in the wrong place, the self-check names it.
    khlang.write(&format!("data/accepted/{name}"), b"x");
    let ran = khlang.run(&["verify"]);
    assert!(ran.out().contains("forged") && !hostile(&ran.out()), "{}", ran.out());
    // Receipts are read on a terminal, too.
    for entry in std::fs::read_dir(khlang.path("data/outbox/10670")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "txt") {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(!hostile(&text), "{text}");
        }
    }
}
