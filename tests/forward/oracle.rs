//! The strongest proof: what was sent on over many days with defects, repeats,
//! corrections, kills and archives that were taken back, loaded into an empty
//! store, is exactly what was accepted here: every row once, no duplicate, no
//! rejection.

use std::fs;
use std::path::PathBuf;

use super::{json, rows, sent, site};
use crate::faults::effort::{Random, rounds};
use crate::support::site::Site;

/// What happens on a day.
#[derive(Debug)]
enum Deed {
    /// An archive comes: the next one, or one that came before.
    Import { again: bool },
    /// The last archive, unless it was sent on, is taken back and comes again.
    TakeBack,
    /// Something is sent on; it dies at a step, or not.
    Forward(Option<&'static str>),
}

const DAYS: usize = 30;
const STEPS: [&str; 4] = ["forward_written", "forward_recorded", "forward_noted", "forward_named"];

fn deed(random: &mut Random) -> Deed {
    match random.below(9) {
        0..=5 => Deed::Import { again: random.one_in(4) },
        6 => Deed::TakeBack,
        _ => Deed::Forward(random.one_in(2).then(|| *random.pick(&STEPS))),
    }
}

/// Archives of a synthetic province: with defects first, then the same without
/// any, which corrects them.
fn archives(site: &Site, standard: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for defects in ["0.08", "0"] {
        let folder = site.root().join(format!("sample-{defects}"));
        let to = folder.to_str().unwrap().to_owned();
        let (status, _, error) = site.run(&[
            "sample",
            &to,
            "--units",
            "4",
            "--persons",
            "120",
            "--months",
            "3",
            "--seed",
            "5",
            "--standard",
            standard,
            "--defects",
            defects,
        ]);
        assert_eq!(status, Some(0), "{error}");
        fs::copy(folder.join("units.csv"), site.at("units.csv")).unwrap();
        let archives = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mut archives: Vec<PathBuf> =
            archives.filter(|path| path.extension().is_some_and(|e| e == "zip")).collect();
        archives.sort_by_key(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            // One of them is called otherwise than it should be.
            name.rsplit_once('_').map_or(name.clone(), |(_, time)| time.to_owned())
        });
        all.extend(archives);
    }
    assert!(all.len() >= 16, "{}", all.len());
    all
}

fn day(number: usize) -> String {
    let day =
        chrono::NaiveDate::from_ymd_opt(2015, 1, 1).unwrap() + chrono::Days::new(number as u64);
    format!("{day}T18:00:00+07:00")
}

fn proven(standard: &str, random: &mut Random) {
    let here = site("[[forward]]\nname = \"nhso\"\n");
    let archives = archives(&here, standard);
    let mut next = 0;
    let mut last: Option<(i64, PathBuf)> = None;
    let load = |path: &PathBuf, at: &str| -> i64 {
        let (status, out, error) =
            here.run(&["--now", at, "import", "--json", path.to_str().unwrap()]);
        assert!(matches!(status, Some(0 | 2)), "{error}");
        serde_json::from_str::<serde_json::Value>(&out).unwrap()[0]["id"].as_i64().unwrap()
    };
    for number in 0..DAYS {
        let at = day(number);
        match deed(random) {
            Deed::Import { again } => {
                let path = if again && next > 0 {
                    random.pick(&archives[..next]).clone()
                } else if next < archives.len() {
                    next += 1;
                    archives[next - 1].clone()
                } else {
                    continue;
                };
                last = Some((load(&path, &at), path));
            }
            Deed::TakeBack => {
                let Some((id, path)) = last.take() else { continue };
                let (id, reason) = (id.to_string(), ["--reason", "ลองใหม่"]);
                let (status, _, _) = here
                    .run(&[&["--now", &at, "submissions", "void", &id][..], &reason[..]].concat());
                // There is nothing to take back of a broken one.
                assert!(matches!(status, Some(0 | 1)));
                load(&path, &at);
            }
            Deed::Forward(step) => {
                last = None;
                let mut command = here.command(&["--now", &at, "forward"]);
                if let Some(step) = step {
                    command.env("KHLANG_DIE_AT", step);
                }
                let out = command.output().unwrap();
                let died = out.status.code().is_none();
                let error = String::from_utf8_lossy(&out.stderr).into_owned();
                assert!(died == step.is_some() || out.status.code() == Some(0), "{error}");
            }
        }
    }
    let end = day(DAYS + 1);
    let made = json(&here, &end, &["forward"]);
    here.assert_verified();

    let there = Site::new();
    fs::copy(here.at("units.csv"), there.at("units.csv")).unwrap();
    // Somebody else takes them in the order of their batches and names.
    let batches = json(&here, &end, &["forward", "list"]);
    let (mut received, mut accepted) = (0, 0);
    for batch in batches.as_array().unwrap() {
        let folder = here.at(batch["folder"].as_str().unwrap());
        let mut paths: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|e| e == "zip"));
        paths.sort();
        assert!(!paths.is_empty());
        let paths: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
        let (status, out, error) =
            there.run(&[&["--now", &end, "import", "--json"][..], &paths].concat());
        assert!(matches!(status, Some(0 | 2)), "{error}");
        let all: serde_json::Value = serde_json::from_str(&out).unwrap();
        for one in all.as_array().unwrap() {
            assert_eq!(one["problems"], serde_json::json!([]), "{one:#}");
            for file in one["files"].as_array().unwrap() {
                assert_eq!(file["rejected"], 0, "{one:#}");
                assert_eq!(file["duplicate"], 0, "{one:#}");
                received += file["received"].as_u64().unwrap();
                accepted += file["accepted"].as_u64().unwrap();
            }
        }
    }
    assert_eq!(received, accepted);
    let waiting: u64 = made[0]["waiting"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["rows"].as_u64().unwrap())
        .sum();
    let (ours, theirs) = (rows(&here), rows(&there));
    assert_eq!(ours.len() as u64, theirs.len() as u64 + waiting);
    let mut left = theirs.iter().peekable();
    let missing = ours.iter().filter(|row| left.next_if(|other| other == row).is_none()).count();
    assert_eq!((missing as u64, left.next()), (waiting, None), "a row there that is not one here");
    assert_eq!(
        sent(&here, "nhso").len() as u64,
        batches.as_array().unwrap().iter().map(|b| b["archives"].as_u64().unwrap()).sum::<u64>()
    );
}

#[test]
fn what_was_sent_on_is_exactly_what_was_accepted() {
    for standard in ["f21", "f43"] {
        rounds("what_was_sent_on_is_exactly_what_was_accepted", 1, |seed| {
            proven(standard, &mut Random::new(seed));
            DAYS as u64
        });
    }
}
