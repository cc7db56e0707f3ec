//! The sample against the validator: two programs that share the dictionary and
//! nothing else must agree on every number.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use khlang::archive::Standard;
use khlang::catalog::Catalog;
use khlang::clock;
use khlang::config::Config;
use khlang::environment::Environment;
use khlang::sample::{SampleArgs, default_start};
use khlang::store::Store;
use khlang::submission::Submission;
use khlang::units::Units;
use serde_json::Value;

use crate::support;
use crate::support::sample::{Sample, request};

/// Makes a sample, loads it in the order of its ledger, and gives each archive
/// with its line of the ledger.
fn loaded(standard: Standard, defects: f64) -> Vec<(Value, Submission)> {
    let args = SampleArgs {
        dir: PathBuf::new(),
        units: 20,
        persons: 4_000,
        months: 7,
        seed: 2557,
        standard: Some(standard),
        defects,
        start: default_start(),
    };
    let sample = Sample::new(&args, false);
    let units = Units::load(&sample.path("units.csv")).unwrap();
    let config = Config::load(None, std::iter::empty()).unwrap();
    let environment =
        Arc::new(Environment::new(Catalog::builtin().unwrap(), units, config).unwrap());
    let store = Store::open(&sample.path("sample.db"), &environment.catalog, 16).unwrap();
    assert!(sample.ledger.len() >= 20 * 7 - 14);
    let now = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
    let now = clock::at_bangkok(now);
    let validate = |(entry, id): (&Value, i64)| {
        let name = entry["archive"].as_str().unwrap();
        let request = request(&environment, &sample.path(name), name, id, now);
        (entry.clone(), support::sample::loaded(&store, request))
    };
    sample.ledger.iter().zip(1..).map(validate).collect()
}

/// What the validator said, in the form of the ledger.
fn said(submission: &Submission) -> Value {
    let mut problems: Vec<(String, String)> = submission
        .problems
        .iter()
        .map(|problem| {
            let member = problem.member.as_deref().filter(|_| problem.code.starts_with('M'));
            let member = member.unwrap_or("").rsplit('/').next().unwrap();
            (problem.code.clone(), member.to_owned())
        })
        .collect();
    problems.sort();
    let files: BTreeMap<&str, Value> = submission
        .files
        .iter()
        .filter(|file| file.counts.received > 0)
        .map(|file| (file.file.as_str(), serde_json::to_value(file.counts).unwrap()))
        .collect();
    serde_json::json!({
        "status": submission.status,
        "problems": problems,
        "files": files,
        "codes": submission.findings_total,
    })
}

/// What the ledger expects, in the same form.
fn wanted(entry: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut problems: Vec<(String, String)> = entry["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| (text(&problem["code"]), text(&problem["member"])))
        .collect();
    problems.sort();
    serde_json::json!({
        "status": entry["status"],
        "problems": problems,
        "files": entry["files"],
        "codes": entry["codes"],
    })
}

/// Where two documents differ, a line each.
fn differences(said: &Value, wanted: &Value) -> String {
    let (Some(one), Some(two)) = (said.as_object(), wanted.as_object()) else {
        return if said == wanted {
            String::new()
        } else {
            format!("said {said}, wanted {wanted}")
        };
    };
    let mut keys: Vec<&String> = one.keys().chain(two.keys()).collect();
    keys.sort();
    keys.dedup();
    let different = keys.into_iter().filter_map(|key| {
        let found = differences(&said[key], &wanted[key]);
        (!found.is_empty()).then(|| format!("{key}: {found}"))
    });
    different.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_clean_sample_has_no_finding() {
    for standard in [Standard::F21, Standard::F43] {
        for (entry, submission) in loaded(standard, 0.0) {
            let name = &entry["archive"];
            assert_eq!(submission.findings, Vec::new(), "{name}");
            assert_eq!(submission.problems, Vec::new(), "{name}");
            assert_eq!(differences(&said(&submission), &wanted(&entry)), "", "{name}");
        }
    }
}

#[test]
fn a_sample_with_defects_equals_its_ledger() {
    for standard in [Standard::F21, Standard::F43] {
        for (entry, submission) in loaded(standard, 0.03) {
            let differences = differences(&said(&submission), &wanted(&entry));
            assert_eq!(differences, "", "{} of {standard}", entry["archive"]);
        }
    }
}
