//! What was paid through the real program: it is final, whatever comes later.

use std::process::{Command, Stdio};

use calamine::Reader as _;
use serde_json::Value;

use super::{ALLOCATE, at, plain, province, sheet};
use crate::support::case::{Khlang, Ran};

pub const ROUND: [&str; 2] = ["--round", "2557"];

pub fn close(khlang: &Khlang, part: &str, number: &str) -> Ran {
    let by = ["--by", "สมหญิง", "--json"];
    khlang.run(&[&["allocate", "close"], &ROUND[..], &[part, number], &by[..]].concat())
}

fn closed(khlang: &Khlang, part: &str, number: &str) -> Value {
    let ran = close(khlang, part, number);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    ran.json()
}

pub fn reopen(khlang: &Khlang, part: &str, number: &str, reason: &str) -> Ran {
    let by = ["--by", "สมชาย", "--reason", reason, "--json"];
    khlang.run(&[&["allocate", "reopen"], &ROUND[..], &[part, number], &by[..]].concat())
}

fn void(khlang: &Khlang, id: &str) {
    let ran = khlang.run(&["submissions", "void", id, "--reason", "ส่งผิด"]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
}

pub fn proven(khlang: &Khlang) {
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
fn what_comes_late_is_put_right_and_a_unit_that_moved_keeps_whom_it_was_paid_through() {
    let khlang = province::whole();
    closed(&khlang, "--quarter", "1");
    closed(&khlang, "--quarter", "3");
    province::send_late(&khlang, 0);
    let now = khlang.run(&ALLOCATE).json();
    // Another person-day of the only unit that has any: more points, the same money.
    assert_eq!(at(&now, "unit/10670/quarters/1/points"), "3.20");
    assert_eq!(at(&now, "unit/10670/quarters/1/amount"), "38.70");
    // 04001 goes to the other main unit.
    let units = std::fs::read_to_string(khlang.path("data/units.csv")).unwrap();
    let moved = text_with(&units, "04001,รพ.สต.หนึ่ง,18,P,10670", "04001,รพ.สต.หนึ่ง,18,P,10671");
    khlang.write("data/units.csv", moved);
    let now = khlang.run(&ALLOCATE).json();
    let closed = &now["parts"][2]["closed"];
    let through = |cup: &str| {
        let cups = closed["cups"].as_array().unwrap();
        cups.iter().find(|of| of["cup"] == cup).unwrap()["paid"].clone()
    };
    assert_eq!((through("10670"), through("10671")), ("38.14".into(), "0.00".into()));
    let units = |cup: &str| super::by(&now["cups"], "cup", cup)["units"].as_array().unwrap().len();
    assert_eq!((units("10670"), units("10671")), (1, 3));
    for cup in ["10670", "10671"] {
        let out = ["--cup", cup, "--format", "json", "--out", "one.json"];
        assert_eq!(khlang.run(&[&["statement"], &ROUND[..], &out[..]].concat()).status(), 0);
        let text = std::fs::read_to_string(khlang.path("one.json")).unwrap();
        let one: Value = serde_json::from_str(&text).unwrap();
        let rows = one["tables"][1]["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["hcode"] == "04001" && row["amount"] == "38.14");
        assert_eq!(row.unwrap()["cup"], "10670", "{cup}");
    }
    proven(&khlang);
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

pub fn text_with(text: &str, from: &str, to: &str) -> String {
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

#[test]
fn a_paid_quarter_stays_when_rows_of_it_are_freed() {
    let khlang = province::whole();
    let part = closed(&khlang, "--quarter", "1");
    let before = khlang.run(&ALLOCATE).json();
    let conn = rusqlite::Connection::open(khlang.path("data/khlang.db")).unwrap();
    let sql = "SELECT HOSPCODE || '|' || PID || '|' || SEQ || '|' || DATE_SERV FROM \"SERVICE\"
               WHERE SUBMISSION = 1";
    let mut query = conn.prepare(sql).unwrap();
    let keys: Vec<String> =
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(!keys.is_empty());
    let lines: Vec<String> = keys.iter().map(|key| format!("SERVICE,{key},X1\n")).collect();
    let lines = lines.concat();
    let file = khlang.write("rep.csv", format!("FILE,KEY,CODE\n{lines}"));
    let import = ["rep", "import", file.to_str().unwrap(), "--layout", "khlang", "--json"];
    assert_eq!(khlang.run(&import).json()["by_key"], keys.len());
    let score = khlang.run(&["score", "--round", "2557", "--json"]).json();
    let of = score["units"].as_array().unwrap().iter().find(|unit| unit["hcode"] == "10670");
    let points = of.unwrap()["total"].clone();
    let freed = khlang.run(&["rep", "free", "1", "--reason", "ไม่รับ", "--json"]);
    assert_eq!(freed.json()["rows"], keys.len(), "{}", freed.err());
    proven(&khlang);

    let now = khlang.run(&ALLOCATE).json();
    let unit = |place: &str| plain(at(&now, &format!("unit/10670/{place}")));
    assert_eq!(unit("quarters/1/amount"), part["closed"]["shared"].as_str().unwrap());
    assert_eq!(unit("quarters/1/closed"), "true");
    assert_eq!(unit("quarters/1/points"), "3.20", "the points that it was paid by");
    let score = khlang.run(&["score", "--round", "2557", "--json"]).json();
    let of = score["units"].as_array().unwrap().iter().find(|unit| unit["hcode"] == "10670");
    assert_ne!(of.unwrap()["total"], points, "points are counted anew");
    assert_eq!(now["total"]["paid"], before["total"]["paid"]);
    let ran = khlang.run(
        &[&["allocate", "close"], &ROUND[..], &["--quarter", "2", "--as-of", "7", "--by", "x"]]
            .concat(),
    );
    assert_eq!(ran.status(), 1);
    assert!(ran.err().contains("ยกเลิกการส่ง"), "that state cannot be had any more: {}", ran.err());
}
