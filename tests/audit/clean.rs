//! What honest data raise, and what is put into them on purpose.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::case::Khlang;

/// A province with a sample loaded.
pub fn sampled(standard: &str, seed: u32, more: &[&str]) -> Khlang {
    let khlang = Khlang::new().now("2014-07-31T10:00:00+07:00");
    let seed = seed.to_string();
    let sample = [
        "sample",
        "sample",
        "--months",
        "12",
        "--seed",
        &seed,
        "--start",
        "2013-07-01",
        "--standard",
        standard,
    ];
    let ran = khlang.run(&[&sample[..], more].concat());
    assert_eq!(ran.status(), 0, "{}", ran.err());
    std::fs::copy(khlang.path("sample/units.csv"), khlang.path("data/units.csv")).unwrap();
    let mut archives: Vec<String> = std::fs::read_dir(khlang.path("sample"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "zip"))
        .map(|path| path.display().to_string())
        .collect();
    archives.sort();
    let archives: Vec<&str> =
        ["import"].into_iter().chain(archives.iter().map(String::as_str)).collect();
    let ran = khlang.run(&archives);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    assert_eq!(khlang.run(&["registry", "import", "sample/population.csv"]).status(), 0);
    khlang
}

#[test]
fn the_clean_sample_opens_no_case_that_holds_money() {
    for standard in ["f43", "f21"] {
        let khlang = sampled(standard, 5, &["--units", "10", "--persons", "2000"]);
        let ran = khlang.run(&["audit", "run", "--round", "2557", "--fail-on", "hold", "--json"]);
        assert_eq!(ran.status(), 0, "{standard}: {}{}", ran.out(), ran.err());
        let found = ran.json();
        assert_eq!(found["checked"]["rules"], 39);
        // It is not for want of looking: some rules warn.
        let warned = khlang.run(&["audit", "list", "--severity", "warn", "--json"]).json();
        assert!(!warned.as_array().unwrap().is_empty(), "{standard}: {found:#}");
        assert_eq!(
            khlang.run(&["audit", "list", "--severity", "hold", "--json"]).json(),
            serde_json::json!([])
        );
    }
}

/// Rule, unit and tranche of cases or of lines of the ledger.
fn places(list: &Value, severity: &str) -> BTreeSet<[String; 3]> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = list.as_array().unwrap().iter().filter(|line| line["severity"] == severity);
    of.map(|line| {
        let (rule, unit) = (&line["rule"], &line["unit"]);
        let rule = if rule.is_string() { text(rule) } else { text(&rule["id"]) };
        let unit = if unit.is_object() { text(&unit["hcode"]) } else { text(&line["hcode"]) };
        [rule, unit, text(&line["tranche"])]
    })
    .collect()
}

#[test]
fn what_the_sample_plants_is_what_is_found_and_held() {
    for standard in ["f43", "f21"] {
        let khlang = sampled(standard, 5, &["--units", "14", "--persons", "3000", "--audit"]);
        let ledger: Value = serde_json::from_str(
            &std::fs::read_to_string(khlang.path("sample/ledger.json")).unwrap(),
        )
        .unwrap();
        let ran = khlang.run(&["audit", "run", "--round", "2557", "--json"]);
        assert_eq!(ran.status(), 0, "{}", ran.err());
        let cases = khlang.run(&["audit", "list", "--json"]).json();
        assert_eq!(places(&cases, "hold"), places(&ledger["audit"], "hold"), "{standard}");
        let (warned, planted) = (places(&cases, "warn"), places(&ledger["audit"], "warn"));
        let missing: Vec<_> = planted.difference(&warned).collect();
        assert!(missing.is_empty(), "{standard}: {missing:?}");
        let rules: BTreeSet<&str> = ledger["audit"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["rule"].as_str().unwrap())
            .collect();
        assert_eq!(
            rules.len(),
            if standard == "f43" { 38 } else { 39 },
            "AGEMONTH is a column of the 21 files only"
        );

        // Of every unit exactly the items of its cases are held, to the satang.
        let held = places(&cases, "hold");
        let all = khlang.run(&["allocate", "--round", "2557", "--json"]).json();
        let item_of = |rule: &str| {
            let case =
                cases.as_array().unwrap().iter().find(|case| case["rule"]["id"] == rule).unwrap();
            case["item"].as_str().unwrap().to_owned()
        };
        for unit in
            all["cups"].as_array().unwrap().iter().flat_map(|cup| cup["units"].as_array().unwrap())
        {
            let hcode = unit["hcode"].as_str().unwrap();
            let items: BTreeSet<String> = held
                .iter()
                .filter(|[_, unit, _]| unit == hcode)
                .map(|[rule, ..]| item_of(rule))
                .collect();
            for (quarter, money) in unit["quarters"].as_object().unwrap() {
                for (item, of) in money["items"].as_object().unwrap() {
                    let is_held = items.contains(item) && ["1", "2"].contains(&quarter.as_str());
                    let wanted = if is_held { of["amount"].clone() } else { Value::from("0.00") };
                    assert_eq!(of["held"], wanted, "{standard} {hcode} {quarter} {item}");
                }
            }
        }
        let verified = khlang.run(&["verify"]);
        assert_eq!(verified.status(), 0, "{}", verified.out());
    }
}
