//! A disk that fails: every kind of call on every kind of file, once or for
//! good, under `import` and under the daemon. Nothing is lost or doubled,
//! nobody is told what is not so, and when the disk is well again all becomes
//! as it would have been.

use std::fs::{self, File};
use std::process::Command;

use super::archives::{Sent, given};
use super::effort::{Random, rounds};
use super::ledger::{Ledger, import};
use super::shim::{EIO, EMFILE, ENOSPC, Fault, Which, failed, trace};
use crate::support::parcel::{Parcel, broken};
use crate::support::site::{Site, UNIT_A, UNIT_B};

/// Calls, the files that they are about, and how they fail.
const TABLE: &[(&str, &str, &[i32])] = &[
    ("open", "/khlang.db$", &[EIO, EMFILE]),
    ("open", "/khlang.db-wal$", &[EIO, EMFILE]),
    ("open", "/khlang.db-shm$", &[EIO, EMFILE]),
    ("open", "/work", &[EIO, EMFILE, ENOSPC]),
    ("open", "/inbox", &[EIO, EMFILE]),
    ("open", "/outbox", &[EIO, EMFILE, ENOSPC]),
    ("open", "/accepted", &[EIO, EMFILE]),
    ("open", "/rejected", &[EIO, EMFILE]),
    ("read", "/khlang.db$", &[EIO]),
    ("read", "/khlang.db-wal$", &[EIO]),
    ("read", "/work/", &[EIO]),
    ("read", "/outbox/", &[EIO]),
    ("write", "/khlang.db$", &[EIO, ENOSPC]),
    ("write", "/khlang.db-wal$", &[EIO, ENOSPC]),
    ("write", "/khlang.db-shm$", &[EIO, ENOSPC]),
    ("write", "/outbox/", &[EIO, ENOSPC]),
    ("copy", "/work/", &[EIO, ENOSPC]),
    ("sync", "/khlang.db$", &[EIO, ENOSPC]),
    ("sync", "/khlang.db-wal$", &[EIO, ENOSPC]),
    ("sync", "/work", &[EIO, ENOSPC]),
    ("sync", "/inbox", &[EIO]),
    ("sync", "/outbox", &[EIO, ENOSPC]),
    ("sync", "/accepted", &[EIO]),
    ("rename", "/work/", &[EIO, ENOSPC]),
    ("rename", "/outbox/", &[EIO, ENOSPC]),
    ("rename", "/accepted/", &[EIO, ENOSPC]),
    ("rename", "/rejected/", &[EIO, ENOSPC]),
    ("truncate", "/khlang.db-shm$", &[EIO, ENOSPC]),
    ("truncate", "/khlang.db-wal$", &[EIO]),
    ("mkdir", "/work/", &[EIO, ENOSPC]),
    ("mkdir", "/accepted/", &[EIO, ENOSPC]),
    ("mkdir", "/outbox/", &[EIO, ENOSPC]),
    ("remove", "/work/", &[EIO]),
    ("stat", "/work/", &[EIO]),
    ("stat", "/accepted/", &[EIO]),
    ("stat", "/outbox/", &[EIO]),
    ("any", "/", &[EIO, EMFILE, ENOSPC]),
];

/// Words that say that the trouble is ours: an error of the system, or what
/// SQLite makes of one.
const OURS: &[&str] = &[
    "os error",
    "disk I/O error",
    "unable to open database file",
    "database or disk is full",
    "database is locked",
    // Of a log's index that it may not open for writing.
    "attempt to write a readonly database",
    // Of a page that the disk does not give.
    "database disk image is malformed",
];

/// Loaded before the trouble: its name comes again.
fn before() -> Vec<Sent> {
    vec![Sent { name: NAME.to_owned(), bytes: Parcel::new(UNIT_A, 500, 2).zip(), plain: true }]
}

const NAME: &str = "F43_10670_20140101080000.zip";

/// An archive of every kind, the later ones bound to the earlier ones.
fn archives() -> Vec<Sent> {
    let sent = |name: &str, bytes| Sent { name: name.to_owned(), bytes, plain: true };
    let persons = Parcel::new(UNIT_A, 1, 3);
    let of_b = Parcel::new(UNIT_B, 1, 2);
    vec![
        sent(NAME, persons.zip()),
        sent("F43_10670_20140102080000.zip", Parcel::new(UNIT_A, 2, 6).zip_without_persons()),
        sent("F43_10670_20140103080000.zip", Parcel::new(UNIT_A, 2, 7).zip_in_part()),
        sent("F43_04001_20140101080000.zip", broken()),
        sent("F43_04001_20140102080000.zip", of_b.zip()),
    ]
}

/// The data folder of another site, copied: its database is there already.
fn copy_of(template: &Site) -> Site {
    let site = Site::new();
    fs::remove_dir_all(site.data()).unwrap();
    let copied = Command::new("cp").arg("-a").arg(template.data()).arg(site.data()).status();
    assert!(copied.unwrap().success());
    site
}

fn prepared() -> Site {
    let site = Site::new();
    let (status, _, error) = import(&site, &before());
    assert_eq!(status, Some(0), "{error}");
    site
}

fn command(site: &Site, archives: &[Sent]) -> Command {
    let mut command = site.command(&["import"]);
    command.args(given(site, archives));
    command
}

/// Calls of an import that nothing befalls.
fn traced(template: &Site) -> String {
    let site = copy_of(template);
    let mut command = command(&site, &archives());
    let trace = trace(&mut command, &site);
    assert_eq!(command.output().unwrap().status.code(), Some(2), "one is broken");
    fs::read_to_string(trace).unwrap()
}

/// One import under one fault, and what follows when it is over.
fn import_under(fault: Fault, template: &Site, whole: &Ledger) -> u64 {
    let (site, archives) = (copy_of(template), archives());
    let what = format!("{fault:?}");
    let mut command = command(&site, &archives);
    fault.befall(&mut command, &site, None);
    let out = command.output().unwrap();
    let error = String::from_utf8(out.stderr).unwrap();
    assert!(!error.contains("panicked at src/"), "{what}: {error}");
    whole.assert_nothing_else_told(&site, &what);
    let troubles = failed(&site);
    match out.status.code() {
        Some(2) => whole.assert_reached(&site, &what),
        Some(1) => {
            let said = error.lines().rfind(|line| line.starts_with("khlang: ")).unwrap_or_default();
            assert!(OURS.iter().any(|word| said.contains(word)), "{what}: {error}");
            assert!(troubles > 0, "{what}: {error}");
            recover(&site, &archives, whole, &what);
        }
        other => panic!("{what}: exit status {other:?}\n{error}"),
    }
    troubles
}

/// The disk is well again: what was left is finished by the next daemon, and
/// what was given up is imported again.
fn recover(site: &Site, archives: &[Sent], whole: &Ledger, what: &str) {
    if !site.is_idle() {
        let mut daemon = site.serve();
        daemon.wait_until_ready();
        daemon.wait_until_idle();
        daemon.stop();
    }
    let found = Ledger::of(site).submissions;
    let left = archives.iter().position(|sent| !found.contains_key(&sent.key()));
    let left = left.map_or(&[][..], |first| &archives[first..]);
    // After trouble the rest is given up.
    assert!(left.iter().all(|sent| !found.contains_key(&sent.key())), "{what}: {found:?}");
    if !left.is_empty() {
        let (status, _, error) = import(site, left);
        assert!(matches!(status, Some(0 | 2)), "{what}: {error}");
    }
    whole.assert_reached(site, what);
}

/// Every row of the table, with one of its errors.
fn faults(random: &mut Random) -> Vec<Fault> {
    let which = Which::Once(0);
    TABLE
        .iter()
        .map(|(call, path, errnos)| Fault { call, path, errno: *random.pick(errnos), which })
        .collect()
}

#[test]
fn an_import_outlives_every_trouble_of_the_disk() {
    let template = prepared();
    let whole = Ledger::undisturbed(&before(), &archives());
    let trace = traced(&template);
    rounds("an_import_outlives_every_trouble_of_the_disk", 1, |seed| {
        let mut random = Random::new(seed);
        let mut troubles = 0;
        for mut fault in faults(&mut random) {
            let calls = fault.count(&trace);
            if calls == 0 {
                continue; // a call that only the daemon makes
            }
            let nth = 1 + random.below(calls);
            fault.which = if random.one_in(2) { Which::Once(nth) } else { Which::From(nth) };
            troubles += import_under(fault, &template, &whole);
        }
        troubles
    });
}

#[test]
fn a_first_import_outlives_trouble_while_the_database_is_made() {
    let whole = Ledger::undisturbed(&[], &archives());
    let empty = Site::new();
    let trace = traced(&empty);
    rounds("a_first_import_outlives_trouble_while_the_database_is_made", 8, |seed| {
        let mut random = Random::new(seed);
        let mut fault = *random.pick(&faults(&mut Random::new(seed)));
        let nth = 1 + random.below(fault.count(&trace).max(1));
        fault.which = if random.one_in(2) { Which::Once(nth) } else { Which::From(nth) };
        import_under(fault, &empty, &whole)
    });
}

/// The daemon while calls fail, and after. Ends when some have failed, or all
/// was loaded in spite of them.
fn serve_under(fault: Fault, template: &Site, whole: &Ledger, random: &mut Random) -> u64 {
    let what = format!("{fault:?}");
    let mut site = copy_of(template);
    site.set("KHLANG__LIMITS__FREE_BYTES", "1");
    let mut command = site.command(&["serve"]);
    let switch = site.root().join("trouble");
    fault.befall(&mut command, &site, Some(&switch));
    let mut daemon = site.start(command);
    daemon.wait_until_ready();
    let early = random.one_in(2);
    if early {
        File::create(&switch).unwrap();
    }
    for sent in archives() {
        site.drop_archive(&sent.name, &sent.bytes);
    }
    if !early {
        File::create(&switch).unwrap();
    }
    let enough = 1 + random.below(4);
    daemon.wait("trouble, or nothing left to do", || failed(&site) >= enough || site.is_idle());
    whole.assert_nothing_else_told(&site, &what);
    fs::remove_file(&switch).unwrap();
    daemon.wait_until_idle();
    daemon.stop();
    assert!(!daemon.log().contains("panicked at src/"), "{what}: {}", daemon.log());
    whole.assert_reached(&site, &what);
    failed(&site)
}

#[test]
fn a_daemon_outlives_every_trouble_of_the_disk() {
    let template = prepared();
    let whole = Ledger::undisturbed(&before(), &archives());
    rounds("a_daemon_outlives_every_trouble_of_the_disk", 1, |seed| {
        let mut random = Random::new(seed);
        let mut troubles = 0;
        for mut fault in faults(&mut random) {
            fault.which = match random.below(3) {
                0 => Which::Once(1 + random.below(6)),
                1 => Which::From(1 + random.below(6)),
                _ => Which::OneIn(2 + random.below(3), random.below(1 << 32)),
            };
            troubles += serve_under(fault, &template, &whole, &mut random);
        }
        troubles
    });
}
