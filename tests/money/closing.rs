//! What was paid through the real program: it is final, whatever comes later.

use std::process::{Command, Stdio};

use calamine::Reader as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use super::{ALLOCATE, at, plain, province, sheet};
use crate::support::case::{Khlang, Ran};

const ROUND: [&str; 2] = ["--round", "2557"];

fn close(khlang: &Khlang, part: &str, number: &str) -> Ran {
    let by = ["--by", "สมหญิง", "--json"];
    khlang.run(&[&["allocate", "close"], &ROUND[..], &[part, number], &by[..]].concat())
}

fn closed(khlang: &Khlang, part: &str, number: &str) -> Value {
    let ran = close(khlang, part, number);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    ran.json()
}

fn reopen(khlang: &Khlang, part: &str, number: &str, reason: &str) -> Ran {
    let by = ["--by", "สมชาย", "--reason", reason, "--json"];
    khlang.run(&[&["allocate", "reopen"], &ROUND[..], &[part, number], &by[..]].concat())
}

fn void(khlang: &Khlang, id: &str) {
    let ran = khlang.run(&["submissions", "void", id, "--reason", "ส่งผิด"]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
}

fn proven(khlang: &Khlang) {
    let ran = khlang.run(&["verify", "--json"]);
    assert_eq!(ran.json()["mismatches"], serde_json::json!([]));
}

#[test]
fn a_paid_quarter_stays_when_its_rows_are_taken_back() {
    let khlang = province::whole();
    let before = khlang.run(&ALLOCATE).json();
    let part = closed(&khlang, "--quarter", "1");
    let line = &part["closed"];
    assert_eq!((&part["kind"], &part["part"]), (&"quarter".into(), &"1".into()));
    for (key, wanted) in [
        ("by", "สมหญิง"),
        ("at", "2014-07-15T09:00:00+07:00"),
        ("pool", "38.70"),
        ("shared", "38.70"),
        ("paid", "38.70"),
        ("population", "registry"),
    ] {
        assert_eq!(line[key], wanted, "{key}");
    }
    assert_eq!((&line["as_of_submission"], &line["heads"]), (&7.into(), &10.into()));
    assert_eq!(line["holds"], serde_json::json!([1, 2]));
    assert_eq!(line["rulebook"], before["rulebook"]);
    assert_eq!(line["cups"][0]["cup"], "10670");
    closed(&khlang, "--tranche", "1");
    // Nothing is different by paying alone.
    let paid = khlang.run(&ALLOCATE).json();
    for key in ["amount", "held", "payable", "volume", "performance"] {
        assert_eq!(paid["total"][key], before["total"][key], "{key}");
    }
    // Quarter 1, and 3.00 and 6.00 of the tranche, of which 6.00 are held.
    assert_eq!(paid["total"]["paid"], "41.70");

    void(&khlang, "1");
    let now = khlang.run(&ALLOCATE).json();
    let unit = |place: &str| plain(at(&now, &format!("unit/10670/{place}")));
    assert_eq!(unit("quarters/1/amount"), "38.70");
    assert_eq!(unit("quarters/1/points"), "3.20");
    assert_eq!(unit("quarters/1/closed"), "true");
    assert_eq!(unit("quarters/1/now/amount"), "0.00");
    let correction = &at(&now, "unit/10670/quarters/2/corrections")[0];
    let wanted =
        serde_json::json!({"kind": "quarter", "of": "1", "amount": "-38.70", "held": "0.00"});
    assert_eq!(*correction, wanted);
    assert_eq!(unit("tranches/1/earned"), "3.00");
    assert_eq!(at(&now, "unit/10670/tranches/2/corrections")[0]["of"], "1");
    let pool = &now["pools"]["quarters"]["1"];
    assert_eq!((&pool["shared"], &pool["unallocated"]), (&"38.70".into(), &"0.00".into()));
    assert_eq!(pool["now"]["shared"], "0.00");
    assert_eq!(now["pools"]["quarters"]["2"]["corrections"][0]["shared"], "-38.70");
    assert_eq!(unit("paid"), "41.70");
    proven(&khlang);
    let text = khlang.run(&["--lang", "en", "allocate", "--round", "2557"]).out();
    assert!(text.contains("correction 10670: quarter 1 → quarter 2 -38.70"), "{text}");
    let text = khlang.run(&["allocate", "--round", "2557"]).out();
    assert!(text.contains("ปรับยอด 10670: ไตรมาส 1 → ไตรมาส 2 -38.70"), "{text}");

    // The next quarter is paid with it, and it is not carried any further.
    let second = closed(&khlang, "--quarter", "2");
    assert_eq!(second["closed"]["corrections"], "-38.70");
    let then = khlang.run(&ALLOCATE).json();
    assert_eq!(*at(&then, "unit/10670/quarters/3/corrections"), serde_json::json!([]));
    assert_eq!(at(&then, "unit/10670/quarters/2/corrections")[0], wanted);
    proven(&khlang);
}

#[test]
fn reopening_needs_a_reason_and_stays_on_record() {
    let khlang = province::whole();
    closed(&khlang, "--quarter", "1");
    for reason in ["", "  "] {
        assert_ne!(reopen(&khlang, "--quarter", "1", reason).status(), 0);
    }
    assert_eq!(reopen(&khlang, "--quarter", "2", "ยังไม่ปิด").status(), 1);
    let part = reopen(&khlang, "--quarter", "1", "ทะเบียนผิด").json();
    assert_eq!(part["closed"], Value::Null);
    assert_eq!(part["reopened"][0]["reopened"]["reason"], "ทะเบียนผิด");
    assert_eq!(part["reopened"][0]["closed"]["paid"], "38.70");
    let now = khlang.run(&ALLOCATE).json();
    assert_eq!(*at(&now, "unit/10670/quarters/1/closed"), false);
    assert_eq!(now["total"]["paid"], "0.00");
    closed(&khlang, "--quarter", "1");
    let list = khlang.run(&["allocate", "parts", "--round", "2557", "--json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 6);
    assert_eq!(list[0]["closed"]["id"], 2);
    assert_eq!(list[0]["reopened"][0]["closed"]["id"], 1);
    assert_eq!(list[1]["closed"], Value::Null);
    let text = khlang.run(&["allocate", "parts", "--round", "2557"]).out();
    assert!(text.contains("เปิดใหม่") && text.contains("ทะเบียนผิด"), "{text}");
    proven(&khlang);
}

#[test]
fn what_cannot_be_paid_is_refused_and_said() {
    let khlang = province::whole();
    closed(&khlang, "--quarter", "3");
    let refused = |khlang: &Khlang, part: &str, number: &str, wanted: &str| {
        let ran = close(khlang, part, number);
        assert_eq!(ran.status(), 1, "{part} {number}");
        assert!(ran.err().contains(wanted), "{part} {number}: {}", ran.err());
    };
    refused(&khlang, "--quarter", "3", "ปิดไปแล้ว โดย สมหญิง");
    refused(&khlang, "--quarter", "5", "ไม่มีไตรมาส 5");
    refused(&khlang, "--tranche", "3", "ไม่มีงวด 3");
    assert_ne!(khlang.run(&["allocate", "close", "--round", "2557", "--quarter", "1"]).status(), 0);
    let both = ["--quarter", "1", "--tranche", "1", "--by", "x"];
    assert_ne!(khlang.run(&[&["allocate", "close"], &ROUND[..], &both[..]].concat()).status(), 0);

    // An archive that has its number and is not loaded yet.
    khlang.write("data/work/9/F21_10670_20140701090000.zip", "");
    refused(&khlang, "--quarter", "1", "#9");
    let as_of = ["--as-of", "7", "--quarter", "1", "--by", "x"];
    let ran = khlang.run(&[&["allocate", "close"], &ROUND[..], &as_of[..]].concat());
    assert_eq!(ran.status(), 0, "{}", ran.err());
    std::fs::remove_dir_all(khlang.path("data/work/9")).unwrap();

    // A state that cannot be had any more.
    let late = khlang.now("2014-07-16T09:00:00+07:00");
    void(&late, "3");
    let as_of = ["--as-of", "6", "--quarter", "4", "--by", "x"];
    let ran = late.run(&[&["allocate", "close"], &ROUND[..], &as_of[..]].concat());
    assert!(ran.status() == 1 && ran.err().contains("#3"), "{}", ran.err());

    // Nobody has points; days are still to come.
    let empty = province::sent_as(&[0, 1]);
    refused(&empty, "--quarter", "4", "ยังไม่มีหน่วยบริการใดมีคะแนน");
    refused(&empty, "--tranche", "2", "ยังไม่มีหน่วยบริการใดมีคะแนน");
    let early = empty.now("2013-09-30T20:00:00+07:00");
    refused(&early, "--quarter", "1", "2013-09-30");
    let early = early.now("2013-10-01T00:00:00+07:00");
    closed(&early, "--quarter", "1");
    refused(&early, "--tranche", "1", "2013-12-31");
}

#[test]
fn of_two_officers_at_once_one_pays() {
    let khlang = province::whole();
    let officer = |name: &str| {
        Command::new(env!("CARGO_BIN_EXE_khlang"))
            .current_dir(khlang.folder.path())
            .args(["--data", "data", "--now", "2014-07-15T09:00:00+07:00", "allocate", "close"])
            .args(["--round", "2557", "--quarter", "1", "--by", name])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [officer("หนึ่ง"), officer("สอง")];
    let mut done: Vec<bool> =
        both.into_iter().map(|one| one.wait_with_output().unwrap().status.success()).collect();
    done.sort_unstable();
    assert_eq!(done, [false, true]);
    let list = khlang.run(&["allocate", "parts", "--round", "2557", "--json"]).json();
    assert_eq!(
        (&list[0]["closed"]["id"], &list[0]["reopened"]),
        (&1.into(), &Value::Array(vec![]))
    );
}

#[test]
fn a_statement_shows_what_was_paid_and_what_is_put_right() {
    let khlang = province::whole();
    closed(&khlang, "--quarter", "1");
    void(&khlang, "1");
    let mut made = Vec::new();
    for format in ["html", "xlsx", "json"] {
        let file = format!("one.{format}");
        let cup = ["--cup", "10670", "--format", format, "--out", &file];
        let ran = khlang.run(&[&["statement"], &ROUND[..], &cup[..]].concat());
        assert_eq!(ran.status(), 0, "{}", ran.err());
        made.push(std::fs::read(khlang.path(&file)).unwrap());
    }
    let [html, xlsx, json] = made.try_into().unwrap();
    let html = String::from_utf8(html).unwrap();
    for text in ["สมหญิง 2014-07-15", "-38.70", "ไตรมาสและงวดที่จ่ายแล้ว", "จ่ายแล้ว 38.70 บาท"]
    {
        assert!(html.contains(text), "{text}");
    }
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(xlsx)).unwrap();
    let paid = sheet(&mut book, 1);
    let line = paid.iter().find(|row| row[2] == "10670").unwrap();
    assert_eq!(line[3..8], ["10670", "38.70", "0.00", "0.00", "38.70"]);
    let put_right = sheet(&mut book, 2);
    let line = put_right.iter().find(|row| row[0] == "10670").unwrap();
    assert_eq!(line[1..], ["ไตรมาส 1", "ไตรมาส 2", "-38.70", "0.00"]);
    let json: Value = serde_json::from_slice(&json).unwrap();
    let names: Vec<&str> =
        json["tables"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names[..3], ["money", "paid", "corrections"]);
}

#[test]
fn support_money_is_not_shared_out_unless_the_rulebook_says_so() {
    let khlang = province::whole();
    let now = khlang.run(&ALLOCATE).json();
    let pool = &now["pools"]["support"]["regions"];
    assert_eq!((&pool["shared"], &pool["not_shared"]), (&"0.00".into(), &"5.40".into()));
    assert_eq!(now["total"]["support"], "0.00");
    let defaults = now["local_defaults"].as_array().unwrap();
    assert!(defaults.contains(&"money.pool.shared_out".into()));
    let text = include_str!("../../config/rulebooks/2557.toml");
    let shared = text.replacen("shared_out = false", "shared_out = true", 1);
    let path = khlang.write("trial.toml", &shared);
    let trial = [&ALLOCATE[..], &["--rulebook", path.to_str().unwrap()]].concat();
    let then = khlang.run(&trial).json();
    // Heads 3, 2, 4 and 1 of 10; 0.27 and 0.54 a head.
    for (unit, wanted) in
        [("10670", "2.43"), ("04001", "1.62"), ("10671", "3.24"), ("04009", "0.81")]
    {
        assert_eq!(*at(&then, &format!("unit/{unit}/support")), wanted);
    }
    assert_eq!(then["pools"]["support"]["regions"]["not_shared"], "0.00");
    assert_eq!(then["total"]["amount"], "180.90");
    khlang.write("data/config/rulebooks/2557.toml", &shared);
    let folder = khlang.path("all");
    let out = ["--format", "json", "--out", folder.to_str().unwrap()];
    let ran = khlang.run(&[&["statement"], &ROUND[..], &out[..]].concat());
    assert_eq!(ran.status(), 0, "{}", ran.err());
    let text = std::fs::read_to_string(folder.join("statement-2557-10671.json")).unwrap();
    let one: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(one["tables"][0]["rows"][0]["support"], "0.81", "{one:#}");
    // It is for a pool of that kind alone.
    let wrong =
        text_with(&shared, "shared_by = \"points\"", "shared_by = \"points\"\nshared_out = true");
    khlang.write("data/config/rulebooks/2557.toml", wrong);
    let ran = khlang.run(&["config", "check"]);
    assert!(ran.status() == 2 && ran.err().contains("money.volume.shared_out"), "{}", ran.err());
}

fn text_with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from));
    text.replacen(from, to, 1)
}

#[test]
fn a_main_unit_that_is_not_in_the_list_stops_money_and_is_named_with_its_line() {
    let khlang = province::whole();
    let units = std::fs::read_to_string(khlang.path("data/units.csv")).unwrap();
    let from = "04009,รพ.สต.สอง,18,P,10671";
    khlang.write("data/units.csv", text_with(&units, from, "\n04009,รพ.สต.สอง,18,P,10699"));
    let wanted = "units.csv:6: cup 10699 of 04009";
    let ran = khlang.run(&["config", "check"]);
    assert!(ran.status() == 2 && ran.err().contains(wanted), "{}", ran.err());
    let folder = khlang.path("all");
    for command in [
        ALLOCATE.to_vec(),
        vec!["statement", "--round", "2557", "--out", folder.to_str().unwrap()],
        vec!["allocate", "close", "--round", "2557", "--quarter", "1", "--by", "x"],
    ] {
        let ran = khlang.run(&command);
        assert!(ran.status() == 1 && ran.err().contains(wanted), "{command:?}: {}", ran.err());
    }
}

/// What may happen after a payment.
#[derive(Debug, Clone)]
enum Step {
    Close(bool, u32),
    Reopen(bool, u32),
    Send(usize),
    Void(u32),
    Registry(u16),
    Hold(usize, u32),
    Rules(u32),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), 1..5u32).prop_map(|(quarter, number)| Step::Close(quarter, number)),
        1 => (any::<bool>(), 1..5u32).prop_map(|(quarter, number)| Step::Reopen(quarter, number)),
        2 => (0..6usize).prop_map(Step::Send),
        2 => (1..8u32).prop_map(Step::Void),
        2 => any::<u16>().prop_map(Step::Registry),
        1 => (0..4usize, 1..3u32).prop_map(|(unit, tranche)| Step::Hold(unit, tranche)),
        1 => (1..900u32).prop_map(Step::Rules),
    ]
}

fn take(khlang: &Khlang, step: &Step) {
    let part = |quarter: bool| if quarter { "--quarter" } else { "--tranche" };
    let run = |arguments: &[&str]| khlang.run(arguments).status();
    // Some of it is refused, and then nothing has happened.
    match step {
        Step::Close(quarter, number) => {
            close(khlang, part(*quarter), &number.to_string());
        }
        Step::Reopen(quarter, number) => {
            reopen(khlang, part(*quarter), &number.to_string(), "ทดลอง");
        }
        Step::Send(at) => province::send(khlang, *at),
        Step::Void(id) => {
            run(&["submissions", "void", &id.to_string(), "--reason", "ทดลอง"]);
        }
        Step::Registry(members) => province::registry_of(khlang, *members),
        Step::Hold(unit, tranche) => {
            let unit = ["10670", "04001", "10671", "04009"][*unit];
            let tranche = tranche.to_string();
            let of = ["--unit", unit, "--item", "ALL", "--tranche", &tranche, "--reason", "x"];
            run(&[&["hold", "add"], &ROUND[..], &of[..]].concat());
        }
        Step::Rules(satang) => {
            let text = include_str!("../../config/rulebooks/2557.toml");
            let points = format!("points = \"{}.{:02}\"", satang / 100, satang % 100);
            let text = text_with(text, "points = \"0.25\"", &points);
            khlang.write("data/config/rulebooks/2557.toml", text);
        }
    }
}

/// Figures of the parts that are closed, as they are shown.
fn figures(of: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for part in of["parts"].as_array().unwrap().iter().filter(|part| !part["closed"].is_null()) {
        let (id, parts) = (&part["closed"]["id"], part["kind"].as_str().unwrap().to_owned() + "s");
        let number = part["part"].as_str().unwrap();
        all.push((format!("{id}"), part["closed"].clone()));
        for unit in
            of["cups"].as_array().unwrap().iter().flat_map(|cup| cup["units"].as_array().unwrap())
        {
            let mut money = unit[&parts][number].clone();
            money.as_object_mut().unwrap().remove("now");
            all.push((format!("{id} {}", unit["hcode"]), money));
        }
    }
    all
}

fn satang(value: &Value) -> i64 {
    value.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// Money and money held of all parts of a unit, with what is put right.
fn everything(unit: &Value) -> (i64, i64) {
    let mut sum = (0, 0);
    let mut lines: Vec<&Value> = unit["outstanding"].as_array().unwrap().iter().collect();
    for (parts, amount) in [("quarters", "amount"), ("tranches", "earned")] {
        for money in unit[parts].as_object().unwrap().values() {
            sum.0 += satang(&money[amount]);
            sum.1 += satang(&money["held"]);
            lines.extend(money["corrections"].as_array().unwrap());
        }
    }
    for line in lines {
        sum.0 += satang(&line["amount"]);
        sum.1 += satang(&line["held"]);
    }
    sum
}

/// The same of the pools: what units get, what nobody gets.
fn pools(of: &Value) -> (i64, i64) {
    let pools = &of["pools"];
    let mut sum = (0, 0);
    let mut lines: Vec<&Value> = pools["outstanding"].as_array().unwrap().iter().collect();
    for (parts, shared, unshared) in
        [("quarters", "shared", "unallocated"), ("tranches", "earned", "unearned")]
    {
        for pool in pools[parts].as_object().unwrap().values() {
            sum.0 += satang(&pool[shared]);
            sum.1 += satang(&pool[unshared]);
            lines.extend(pool["corrections"].as_array().unwrap());
        }
    }
    for line in lines {
        sum.0 += satang(&line["shared"]);
        sum.1 += satang(&line["unshared"]);
    }
    sum
}

/// The same store as if nothing had ever been paid.
fn never_paid(khlang: &Khlang) -> Value {
    let other = Khlang::new().now("2014-07-15T09:00:00+07:00");
    for name in ["khlang.db", "khlang.db-wal", "config/rulebooks/2557.toml"] {
        if let Ok(bytes) = std::fs::read(khlang.path(&format!("data/{name}"))) {
            other.write(&format!("data/{name}"), bytes);
        }
    }
    let conn = rusqlite::Connection::open(other.path("data/khlang.db")).unwrap();
    let sql = "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'
               AND (tbl_name LIKE 'closing%' OR tbl_name = 'reopening')";
    let drops: Vec<String> = conn
        .prepare(sql)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    conn.execute_batch(&drops.join(";")).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM reopening; DELETE FROM closing_seal; DELETE FROM closing").unwrap();
    drop(conn);
    other.run(&ALLOCATE).json()
}

/// After a payment no sequence of submissions, takebacks, registries, holds and
/// rules changes what was paid; and all parts together are at any time what a
/// plain computation gives, to the satang.
#[test]
fn what_was_paid_is_final_whatever_comes_later() {
    let steps = prop::collection::vec(any_step(), 3..7);
    let mut runner = TestRunner::new(Config {
        cases: 4,
        max_shrink_iters: 8,
        failure_persistence: None,
        ..Config::default()
    });
    let first = (any::<bool>(), 1..3u32);
    runner
        .run(&(first, steps), |((quarter, number), steps)| {
            let khlang = province::whole();
            take(&khlang, &Step::Close(quarter, number));
            let mut seen = figures(&khlang.run(&ALLOCATE).json());
            prop_assert!(!seen.is_empty());
            for step in steps {
                take(&khlang, &step);
                let shown = figures(&khlang.run(&ALLOCATE).json());
                for (place, money) in &seen {
                    let reopened = matches!(step, Step::Reopen(..));
                    let now = shown.iter().find(|(other, _)| other == place);
                    prop_assert!(now.is_some() || reopened, "{} is gone", place);
                    if let Some((_, now)) = now {
                        prop_assert_eq!(now, money, "{} after {:?}", place, step);
                    }
                }
                seen = shown;
            }
            let (now, wanted) = (khlang.run(&ALLOCATE).json(), never_paid(&khlang));
            for cup in now["cups"].as_array().unwrap() {
                for unit in cup["units"].as_array().unwrap() {
                    let of = at(&wanted, &format!("unit/{}", unit["hcode"].as_str().unwrap()));
                    prop_assert_eq!(everything(unit), everything(of));
                    for key in ["volume", "performance", "amount", "held", "payable"] {
                        prop_assert_eq!(&unit[key], &of[key]);
                    }
                }
            }
            prop_assert_eq!(pools(&now), pools(&wanted));
            prop_assert_eq!(satang(&wanted["total"]["paid"]), 0);
            proven(&khlang);
            Ok(())
        })
        .unwrap();
}
