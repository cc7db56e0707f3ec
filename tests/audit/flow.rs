//! A case from the row to the decision, by the program itself.

use std::path::Path;

use khlang::archive::Standard;
use khlang::catalog::Catalog;
use serde_json::{Value, json};

use super::written;
use crate::kpi::{expand, read, text_of};
use crate::support::case::{Khlang, Ran, zipped};

/// Loads what a unit sends; the texts are written as those of golden cases.
pub fn send(khlang: &Khlang, standard: Standard, time: &str, files: &[(&str, &str)]) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(format!("{name}.txt")), text).unwrap();
    }
    let mut id = 0;
    for (hcode, files) in read(&Catalog::load(None).unwrap(), standard, folder.path()) {
        let members: Vec<(String, String)> = files
            .iter()
            .map(|(name, file)| {
                (format!("{name}.txt"), written(&text_of(file), time.parse().unwrap()))
            })
            .collect();
        let told = khlang.import(&format!("{standard}_{hcode}_{time}.zip"), &zipped(&members));
        assert_eq!(told["status"], "accepted", "{told}");
        id = told["id"].as_i64().unwrap();
    }
    id
}

/// Persons of a unit, born on the first of August 2013, numbered from one.
pub fn persons(unit: &str, from: u32, count: u32) -> String {
    let line = |n| format!("{unit}|@{n}|{n}|1|20130801|1|9\n");
    format!(
        "HOSPCODE|CID|PID|SEX|BIRTH|TYPEAREA|DISCHARGE\n{}",
        (from..from + count).map(line).collect::<String>()
    )
}

/// Vaccinations: `early` of them at the age of twenty days, the rest in time.
pub fn doses(unit: &str, early: u32, right: u32) -> String {
    let line = |n: u32| {
        let day = if n <= early { "20130821" } else { "20131005" };
        format!("{unit}|{n}|{day}|091\n")
    };
    format!(
        "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n{}",
        (1..=early + right).map(line).collect::<String>()
    )
}

/// A province in which one unit vaccinated six of twenty children too early.
pub fn province() -> Khlang {
    let khlang = Khlang::new();
    let (of_one, of_other) = (persons("04001", 1, 20), persons("04009", 101, 20));
    send(
        &khlang,
        Standard::F43,
        "25570115080000",
        &[("PERSON", &of_one), ("EPI", &doses("04001", 6, 14))],
    );
    let right: Vec<String> = (101..121).map(|n| format!("04009|{n}|20131005|091\n")).collect();
    let right = right.concat();
    let right = format!("HOSPCODE|PID|DATE_SERV|VACCINETYPE\n{right}");
    send(&khlang, Standard::F43, "25570115080000", &[("PERSON", &of_other), ("EPI", &right)]);
    khlang.now("2014-07-01T10:00:00+07:00")
}

/// Some weeks after the cases were opened.
pub const LATER: &str = "2014-07-20T10:00:00+07:00";

pub fn ok(ran: &Ran) -> Value {
    assert_eq!(ran.status(), 0, "{}", ran.err());
    ran.json()
}

pub fn refused(ran: &Ran, wanted: &str) {
    assert_eq!(ran.status(), 1, "{}", ran.out());
    assert!(ran.err().contains(wanted), "{}", ran.err());
}

/// The line of a unit in the allocation.
pub fn money(khlang: &Khlang, hcode: &str) -> Value {
    let all = ok(&khlang.run(&["allocate", "--round", "2557", "--json"]));
    let cups = all["cups"].as_array().unwrap().clone();
    // However a case stands, the money adds up to the satang.
    let satang = |line: &Value, key: &str| -> i64 {
        line[key].as_str().unwrap().replace('.', "").parse().unwrap()
    };
    for line in cups.iter().flat_map(|cup| cup["units"].as_array().unwrap()).chain(&cups) {
        let [amount, held, payable] = ["amount", "held", "payable"].map(|key| satang(line, key));
        assert_eq!(amount, held + payable, "{line:#}");
    }
    let mut units = cups.iter().flat_map(|cup| cup["units"].as_array().unwrap().clone());
    units.find(|unit| unit["hcode"] == hcode).unwrap()
}

/// What the item got in the first tranche, and what of that is held, in satang.
pub fn item(khlang: &Khlang, hcode: &str) -> (i64, i64) {
    let unit = money(khlang, hcode);
    let satang = |value: &Value| {
        value.as_str().map_or(0, |text| text.replace('.', "").parse::<i64>().unwrap())
    };
    let mut sums = (0, 0);
    for quarter in ["1", "2"] {
        let of = &unit["quarters"][quarter]["items"]["EPI"];
        sums = (sums.0 + satang(&of["amount"]), sums.1 + satang(&of["held"]));
    }
    sums
}

pub fn run(khlang: &Khlang) -> Value {
    ok(&khlang.run(&["audit", "run", "--round", "2557", "--by", "สมศรี", "--json"]))
}

pub fn show(khlang: &Khlang, id: &str) -> Value {
    ok(&khlang.run(&["audit", "show", id, "--rows", "all", "--json"]))
}

/// Tells the unit, appeals and verifies, with what is refused on the way.
fn told_appealed_verified(khlang: Khlang, id: &str) -> (Khlang, Value) {
    let step = |arguments: &[&str]| khlang.run(&[&["audit"], arguments, &["--json"]].concat());
    refused(&step(&["appeal", id, "--text", "ไม่จริง"]), "selected, not yet told");
    refused(
        &step(&["resolve", id, "withhold", "--reason", "x"]),
        "possible: notify, resolve pay, note",
    );
    for (on, wanted) in [
        ("2014-06-30", "before the case was opened (2014-07-01)"),
        ("2014-07-02", "has not come yet"),
    ] {
        refused(&step(&["notify", id, "--reason", "x", "--on", on]), wanted);
    }
    ok(&step(&[
        "notify",
        id,
        "--reason",
        "อายุไม่เหมาะสม",
        "--letter-no",
        "สธ 1/2557",
        "--on",
        "2014-07-01",
    ]));
    assert_eq!(show(&khlang, id)["appeal_by"], "2014-07-16");
    let khlang = khlang.now(LATER);
    let step = |arguments: &[&str]| khlang.run(&[&["audit"], arguments, &["--json"]].concat());
    refused(&step(&["appeal", id, "--text", "ไม่จริง"]), "the last day to appeal was 2014-07-16");
    refused(&step(&["appeal", id, "--text", "ไม่จริง", "--on", "2014-07-21"]), "has not come yet");
    refused(
        &step(&["appeal", id, "--text", "ไม่จริง", "--on", "2014-06-30"]),
        "before the unit was told",
    );
    ok(&step(&["appeal", id, "--text", "บันทึกวันเกิดผิด", "--on", "2014-07-16"]));
    ok(&step(&["withdraw", id, "--reason", "เข้าใจผิด"]));
    ok(&step(&["appeal", id, "--text", "บันทึกวันเกิดผิด", "--late", "ไปรษณีย์ล่าช้า"]));
    let verdicts =
        "file,submission,line,verdict,note\nEPI,1,2,refuted,เกิด 1 ก.ค.\nEPI,1,3,confirmed,\n";
    let path = khlang.write("verdicts.csv", verdicts);
    let path = path.to_str().unwrap();
    let verify =
        ["verify", id, "--on", "2014-07-18", "--by", "เขต 10", "--found", "ทะเบียนตรง 1 ราย"];
    refused(
        &step(&[&verify[..], &["--proposal", "partial"]].concat()),
        "percentage goes with partial",
    );
    let propose =
        ["--proposal", "partial", "--percent", "33.33", "--condition", "ส่งทะเบียนใน 30 วัน"];
    ok(&step(&[&verify[..], &propose, &["--verdicts", path]].concat()));
    let case = show(&khlang, id);
    let of = |line: i64| {
        let rows = case["rows"].as_array().unwrap();
        rows.iter().find(|row| row["line"] == line).unwrap()["verdict"].clone()
    };
    assert_eq!((of(2), of(3), of(4)), (json!("refuted"), json!("confirmed"), json!(null)));
    (khlang, case)
}

/// What 66.67 % of each quarter's money of the item come to, in satang.
fn most_of_it(khlang: &Khlang) -> i64 {
    let unit = money(khlang, "04001");
    let satang = |value: &Value| value.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    ["1", "2"]
        .iter()
        .filter(|quarter| unit["quarters"][**quarter]["items"]["EPI"].is_object())
        .map(|quarter| {
            (2 * satang(&unit["quarters"][*quarter]["items"]["EPI"]["amount"]) * 6667 + 10_000)
                / 20_000
        })
        .sum()
}

#[test]
fn a_case_goes_from_the_row_to_the_decision() {
    let khlang = province();
    let dry = ok(&khlang.run(&["audit", "run", "--round", "2557", "--dry-run", "--json"]));
    let would = dry["would_open"].as_array().unwrap();
    let wanted: Vec<&Value> = would.iter().filter(|line| line["severity"] == "hold").collect();
    assert_eq!(wanted.len(), 1, "{dry:#}");
    assert_eq!((&wanted[0]["rule"], &wanted[0]["unit"]), (&json!("epi_age"), &json!("04001")));
    assert_eq!(
        ok(&khlang.run(&["audit", "list", "--json"])),
        json!([]),
        "a dry run writes nothing"
    );
    let (earned, held) = item(&khlang, "04001");
    assert!(earned > 0 && held == 0);

    let ran = khlang.run(&["audit", "run", "--round", "2557", "--fail-on", "hold", "--json"]);
    assert_eq!(ran.status(), 2, "{}", ran.err());
    let first = ran.json();
    assert_eq!(first["run"], 1);
    let all = ok(&khlang.run(&["audit", "list", "--severity", "hold", "--json"]));
    let id = all[0]["id"].to_string();
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!(
        item(&khlang, "04001"),
        (earned, earned),
        "all of the file is held from selection on"
    );
    let told = &money(&khlang, "04001")["cases"][0];
    assert_eq!((&told["rule"], &told["state"]), (&json!("epi_age"), &json!("selected")));
    let again = run(&khlang);
    assert_eq!(
        (&again["opened"], &again["added"]),
        (&json!([]), &json!([])),
        "the same facts open nothing"
    );

    let case = show(&khlang, &id);
    assert_eq!(
        (&case["numerator"], &case["denominator"], &case["percent"]),
        (&json!(6), &json!(20), &json!("30.00"))
    );
    assert_eq!(case["threshold"], json!({"rows": 5, "percent": "1.00"}));
    assert_eq!(case["money"]["suggested_percent"], "70.00");
    assert_eq!(case["rows"].as_array().unwrap().len(), 6);
    assert_eq!(
        case["rows"][0]["shown"],
        json!({"vaccine": "091", "age_days": 20, "least_days": 42, "most_days": 2556})
    );
    for n in 1..=20 {
        assert!(!case.to_string().contains(&expand(&format!("@{n}"))), "a citizen ID is shown");
    }

    let (khlang, case) = told_appealed_verified(khlang, &id);
    let step = |arguments: &[&str]| khlang.run(&[&["audit"], arguments, &["--json"]].concat());
    let tag = case["etag"].as_str().unwrap().to_owned();
    let partial = ["resolve", &id, "partial", "--reason", "ตามข้อเสนอ", "--condition", "ส่งทะเบียน"];
    refused(
        &step(&[&partial[..], &["--percent", "100"]].concat()),
        "no percentage from 0.01 to 99.99",
    );
    ok(&step(&[&partial[..], &["--percent", "33.33", "--if-match", &tag]].concat()));
    refused(&step(&["reopen", &id, "--reason", "x", "--if-match", &tag]), "stands otherwise");
    let part = most_of_it(&khlang);
    assert_eq!(item(&khlang, "04001"), (earned, part), "66.67 % stay");
    assert_eq!(run(&khlang)["opened"], json!([]), "what was decided is not taken up by itself");

    ok(&step(&["reopen", &id, "--reason", "หลักฐานใหม่"]));
    assert_eq!(item(&khlang, "04001"), (earned, earned), "held as before the decision");
    ok(&step(&["resolve", &id, "withhold", "--reason", "ไม่มีทะเบียน"]));
    assert_eq!(item(&khlang, "04001"), (earned, earned));
    let told = &money(&khlang, "04001")["cases"][0];
    assert_eq!((&told["final"], &told["state"]), (&json!(true), &json!("resolved")));
    let number = told["hold"].to_string();
    refused(&khlang.run(&["hold", "release", &number, "--reason", "x"]), "audit case");
    ok(&step(&["reopen", &id, "--reason", "ศาลสั่ง"]));
    ok(&step(&["resolve", &id, "pay", "--reason", "จ่าย"]));
    assert_eq!(item(&khlang, "04001"), (earned, 0));
    let verified = khlang.run(&["verify", "--json"]);
    assert_eq!(verified.status(), 0, "{}", verified.out());
}

#[test]
fn a_case_grows_is_cleared_and_is_followed() {
    let khlang = province();
    run(&khlang);
    // One more child too early: it joins the case.
    let more = "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n04001|20|20130822|041\n04001|19|20130815|092\n";
    let second = send(&khlang, Standard::F43, "25570215080000", &[("EPI", more)]);
    let grown = run(&khlang);
    assert_eq!(
        (&grown["opened"], &grown["added"][0]["rows"]),
        (&json!([]), &json!(1)),
        "{grown:#}"
    );
    let holds =
        |khlang: &Khlang| ok(&khlang.run(&["audit", "list", "--severity", "hold", "--json"]));
    let id = holds(&khlang)[0]["id"].to_string();
    assert_eq!(show(&khlang, &id)["numerator"], 7);
    let before = ok(&khlang.run(&["audit", "show", &id, "--as-of", "2", "--json"]));
    assert_eq!((&before["numerator"], before["events"].as_array().unwrap().len()), (&json!(6), 1));
    let khlang = khlang.now(LATER);

    // All of it is taken back: the case stays, and says so.
    for submission in ["1", &second.to_string()] {
        let ran = khlang.run(&["submissions", "void", submission, "--reason", "ส่งผิด"]);
        assert_eq!(ran.status(), 0, "{}", ran.err());
    }
    let cleared = run(&khlang);
    assert_eq!(cleared["cleared"], json!([id.parse::<i64>().unwrap()]), "{cleared:#}");
    assert_eq!(run(&khlang)["cleared"], json!([]), "once");
    let case = show(&khlang, &id);
    assert_eq!(
        (&case["cleared"], &case["state"], &case["rows"][0]["gone"]),
        (&json!(true), &json!("selected"), &json!(true))
    );
    // Seen from before they were taken back, nothing is gone.
    let khlang = khlang.now("2014-07-21T10:00:00+07:00");

    // Decided, a few new rows raise nothing, enough of them a case that follows.
    let step = |arguments: &[&str]| khlang.run(&[&["audit"], arguments, &["--json"]].concat());
    ok(&step(&["resolve", &id, "pay", "--reason", "ส่งผิดจริง"]));
    send(
        &khlang,
        Standard::F43,
        "25570301080000",
        &[("PERSON", &persons("04001", 1, 20)), ("EPI", &doses("04001", 4, 16))],
    );
    let before =
        ok(&khlang.run(&["audit", "show", &id, "--as-of", "2", "--rows", "all", "--json"]));
    let gone = |case: &Value| {
        let rows = case["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["gone"] == true).count()
    };
    assert_eq!((gone(&before), gone(&show(&khlang, &id))), (0, 7));
    let few = run(&khlang);
    let rules: Vec<Value> =
        few["opened"].as_array().unwrap().iter().map(|id| show(&khlang, &id.to_string())).collect();
    assert!(rules.iter().all(|case| case["severity"] == "warn"), "{rules:#?}");
    let warned = rules.iter().find(|case| case["rule"]["id"] == "epi_age").unwrap();
    assert_eq!(warned["follows"].to_string(), id, "four rows warn");
    send(
        &khlang,
        Standard::F43,
        "25570302080000",
        &[(
            "EPI",
            "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n04001|5|20130821|041\n04001|6|20130820|041\n04001|7|20130821|031\n",
        )],
    );
    let raised = run(&khlang);
    assert_eq!(raised["added"][0]["raised"], true, "{raised:#}");
    assert_eq!(holds(&khlang).as_array().unwrap().len(), 2);
    let verified = khlang.run(&["verify", "--json"]);
    assert_eq!(verified.status(), 0, "{}", verified.out());
}

#[test]
fn only_the_share_of_the_rows_is_held_where_the_province_says_so() {
    let khlang = province().env("KHLANG__AUDIT__HOLD", "rows");
    let (earned, _) = item(&khlang, "04001");
    run(&khlang);
    let (amount, held) = item(&khlang, "04001");
    assert_eq!(amount, earned);
    let tenths = held * 10_000 / amount;
    assert!((2999..=3001).contains(&tenths), "{held} of {amount}: six of twenty rows");
    let more = "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n04001|19|20130815|092\n04001|20|20130815|092\n";
    send(&khlang, Standard::F43, "25570215080000", &[("EPI", more)]);
    run(&khlang);
    let (amount, held) = item(&khlang, "04001");
    let tenths = held * 10_000 / amount;
    assert!((3635..=3638).contains(&tenths), "{held} of {amount}: eight of twenty-two rows");
    let verified = khlang.run(&["verify", "--json"]);
    assert_eq!(verified.status(), 0, "{}", verified.out());
}

#[test]
fn rules_are_listed_with_their_sources_and_the_provinces_own_goes_before() {
    let khlang = province();
    let rules = ok(&khlang.run(&["audit", "rules", "--json"]));
    assert_eq!(rules.as_array().unwrap().len(), 39);
    let words = khlang.run(&["--lang", "en", "audit", "rules"]).out();
    assert!(
        words.contains("hold: 5 rows and 1.00 %") && words.contains("local defaults: hold.rows"),
        "{words}"
    );
    let shipped = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("config/audit/epi_age.toml"),
    )
    .unwrap();
    khlang.write("data/config/audit/epi_age.toml", shipped.replace("rows = 5,", "rows = 50,"));
    let opened = run(&khlang);
    let all = ok(&khlang.run(&["audit", "list", "--rule", "epi_age", "--json"]));
    assert_eq!(all[0]["severity"], "warn", "{opened:#}");
    khlang.write("data/config/audit/epi_age.toml", shipped.replace("epi_age", "epi_ages"));
    refused(&khlang.run(&["audit", "run", "--round", "2557"]), "named as its file");
}

#[test]
fn a_scope_is_a_unit_a_rule_a_tranche() {
    let khlang = province();
    let of = |more: &[&str]| {
        let ran = ok(&khlang.run(&[&["audit", "run", "--round", "2557", "--json"], more].concat()));
        ran["opened"].as_array().unwrap().len()
    };
    assert_eq!(of(&["--unit", "04009"]), 0);
    assert_eq!(of(&["--rule", "epi_repeat"]), 0);
    assert_eq!(of(&["--tranche", "2"]), 0);
    assert_eq!(of(&["--unit", "04001", "--rule", "epi_age", "--tranche", "1"]), 1);
    let csv = khlang.run(&["audit", "list", "--csv"]).out();
    assert!(
        csv.contains(
            "1,2557,1,04001,รพ.สต.หนึ่ง,10670,epi_age,EPI,hold,selected,,6,20,30.00,100.00,"
        ),
        "{csv}"
    );
    for (arguments, wanted) in [
        (["--unit", "04002"], "no unit 04002"),
        (["--rule", "epi_ages"], "did you mean epi_age?"),
        (["--tranche", "3"], "has no tranche 3"),
    ] {
        refused(
            &khlang.run(&[&["audit", "run", "--round", "2557"], &arguments[..]].concat()),
            wanted,
        );
    }
    refused(&khlang.run(&["audit", "show", "9"]), "no audit case 9");
    refused(&khlang.run(&["audit", "note", "9", "--text", "x"]), "no audit case 9");
}

#[test]
fn a_backup_keeps_cases_and_all_that_was_done() {
    let khlang = province();
    run(&khlang);
    ok(&khlang.run(&["audit", "notify", "1", "--reason", "x", "--json"]));
    let before = ok(&khlang.run(&["audit", "list", "--json"]));
    assert_eq!(khlang.run(&["backup", "copy.db"]).status(), 0);
    ok(&khlang.run(&["audit", "resolve", "1", "pay", "--reason", "x", "--json"]));
    let ran = khlang.run(&["restore", "copy.db"]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    assert_eq!(ok(&khlang.run(&["audit", "list", "--json"])), before);
    assert_eq!(khlang.run(&["verify"]).status(), 0);
}

#[test]
fn a_rule_that_never_ends_is_stopped_and_named() {
    let khlang = province().env("KHLANG__LIMITS__KPI_MS", "300");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = std::fs::read_to_string(root.join("schema/audit/epi_age.sql")).unwrap();
    let endless = "AND EXISTS (WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x)
        SELECT 1 FROM x WHERE n < 0)";
    // An ending in capitals is one, too.
    khlang.write("data/config/audit/epi_age.SQL", format!("{shipped}{endless}\n"));
    let ran = khlang.run(&["audit", "run", "--round", "2557", "--rule", "epi_age"]);
    assert_eq!(ran.status(), 1, "{}", ran.out());
    assert!(ran.err().contains("epi_age") && ran.err().contains("kpi_ms"), "{}", ran.err());
    assert_eq!(ok(&khlang.run(&["audit", "list", "--json"])), json!([]));
}

#[test]
fn a_rule_of_the_province_is_proven_before_it_is_run() {
    let khlang = province();
    assert_eq!(khlang.run(&["config", "check"]).status(), 0);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = std::fs::read_to_string(root.join("schema/audit/epi_age.sql")).unwrap();
    for (from, to, wanted) in [
        ("d.line AS line,", "", "gives no line"),
        ("AS v_age_days", "AS v_age", "differ in"),
        ("dose AS d", "doses AS d", "no such table"),
    ] {
        khlang.write("data/config/audit/epi_age.sql", shipped.replacen(from, to, 1));
        let ran = khlang.run(&["config", "check"]);
        assert_eq!(ran.status(), 1, "{from}: {}", ran.out());
        assert!(ran.err().contains("epi_age") && ran.err().contains(wanted), "{}", ran.err());
    }
}
