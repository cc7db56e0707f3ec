//! Money through the real program: a province worked out by hand
//! (`worked.md`, `worked.csv`), statements read back, rulebooks compared.

mod closing;
mod later;
mod province;

use std::collections::BTreeSet;
use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use serde_json::Value;

use crate::support::case::Khlang;

const ALLOCATE: [&str; 4] = ["allocate", "--round", "2557", "--json"];

/// The value at a place of a document: names and numbers between slashes,
/// `unit/HCODE` and `cup/HCODE` wherever those stand.
fn at<'v>(document: &'v Value, place: &str) -> &'v Value {
    let mut parts = place.split('/').peekable();
    let mut here = document;
    match parts.peek() {
        Some(&"cup") => {
            let cup = parts.nth(1).unwrap();
            here = by(&document["cups"], "cup", cup);
        }
        Some(&"unit") => {
            let hcode = parts.nth(1).unwrap();
            here = match document["cups"].as_array() {
                Some(cups) => cups
                    .iter()
                    .flat_map(|cup| cup["units"].as_array().unwrap())
                    .find(|unit| unit["hcode"] == hcode)
                    .unwrap(),
                None => by(&document["units"], "hcode", hcode),
            };
        }
        _ => {}
    }
    for part in parts {
        here = &here[part];
    }
    here
}

fn by<'v>(list: &'v Value, key: &str, code: &str) -> &'v Value {
    list.as_array().unwrap().iter().find(|one| one[key] == code).unwrap()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn a_small_province_is_what_was_worked_out_by_hand() {
    assert!(province::rows() < 40);
    let khlang = province::whole();
    let allocation = khlang.run(&ALLOCATE).json();
    let score = khlang.run(&["score", "--round", "2557", "--json"]).json();
    let mut wrong = Vec::new();
    let mut lines = 0;
    for row in csv::Reader::from_path("tests/money/worked.csv").unwrap().records() {
        let row = row.unwrap();
        let document = if &row[0] == "score" { &score } else { &allocation };
        let seen = plain(at(document, &row[1]));
        if seen != row[2] {
            wrong.push(format!("{} {}: {seen}, by hand {}", &row[0], &row[1], &row[2]));
        }
        lines += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(lines > 120);

    // Nothing that the sheet does not know of: its units are all there are.
    let units: Vec<&str> = allocation["cups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|cup| cup["units"].as_array().unwrap())
        .map(|unit| unit["hcode"].as_str().unwrap())
        .collect();
    assert_eq!(units, ["04001", "10670", "04009", "10671"]);
    assert_eq!(at(&allocation, "unit/10671/holds"), &serde_json::json!([2]));
    assert_eq!(allocation["population"]["source"], "registry");
    assert!(allocation["local_defaults"].as_array().unwrap().len() > 10);
}

#[test]
fn the_same_state_gives_the_same_bytes_and_a_past_one_can_be_had() {
    let khlang = province::whole();
    let now = khlang.run(&ALLOCATE).out();
    assert_eq!(khlang.run(&ALLOCATE).out(), now);
    let last = [&ALLOCATE[..], &["--as-of", "7"]].concat();
    assert_eq!(khlang.run(&last).out(), now);

    // After the second submission only 10670 had sent anything. The holds came
    // later, so they were not in force.
    let then = khlang.run(&[&ALLOCATE[..], &["--as-of", "2"]].concat()).json();
    assert_eq!((&then["as_of_submission"], &then["last_submission"]), (&2.into(), &7.into()));
    assert_eq!(at(&then, "unit/10670/quarters/1/points"), "3.20");
    assert_eq!(at(&then, "unit/10671/amount"), "0.00");
    assert_eq!(then["total"]["held"], "0.00");
    // Performance 3.00 of 30.00 is earned: 12.00 of tranche 1 joins quarters 1
    // and 2, 15.00 of tranche 2 joins 3 and 4, which nobody has points in.
    assert_eq!(at(&then, "unit/10670/amount"), "86.40");
    assert_eq!(then["unallocated"], "86.40");
    assert_eq!(khlang.run(&[&ALLOCATE[..], &["--as-of", "8"]].concat()).status(), 1);

    let text = khlang.run(&["allocate", "--round", "2557", "--as-of", "2"]).out();
    assert!(text.contains("ย้อนหลัง"), "{text}");
}

#[test]
fn the_order_of_sending_changes_no_satang() {
    let figures = |khlang: &Khlang| {
        let mut of = khlang.run(&ALLOCATE).json();
        of["population"].take();
        of
    };
    let one = figures(&province::sent_as(&[0, 1, 2, 3, 4, 5]));
    // A unit's persons are sent before what is about them.
    let other = figures(&province::sent_as(&[3, 4, 2, 5, 0, 1]));
    assert_eq!(one, other);
}

#[test]
fn holds_are_kept_with_who_when_and_why() {
    let khlang = province::whole();
    let list = khlang.run(&["hold", "list", "--json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(list[0]["held"]["by"], "สมหญิง");
    assert_eq!(list[0]["share"], 5000);
    assert_eq!(list[1]["item"], "PERFORMANCE");
    assert_eq!(list[2]["released"]["reason"], "ถูกต้อง");
    assert!(list[2]["held"]["at"].as_str().unwrap().starts_with("2014-07-15T09:00:00"));

    let add = |more: &[&str]| khlang.run(&[&["hold", "add"], more].concat());
    let good = ["--round", "2557", "--unit", "04001", "--item", "FP", "--tranche", "2"];
    for (place, bad) in [(1, "2499"), (3, "99999"), (5, "XYZ"), (7, "3")] {
        let mut with = good;
        with[place] = bad;
        let ran = add(&[&with[..], &["--reason", "x"]].concat());
        assert_eq!(ran.status(), 1, "{bad}");
    }
    assert_eq!(add(&[&good[..], &["--reason", " "]].concat()).status(), 1);
    assert_ne!(add(&[&good[..], &["--reason", "x", "--percent", "101"]].concat()).status(), 0);
    assert_eq!(khlang.run(&["hold", "release", "3", "--reason", "again"]).status(), 1);
    assert_eq!(khlang.run(&["hold", "list", "--json"]).json(), list);
}

#[test]
fn two_rulebooks_are_compared_on_the_same_data() {
    let khlang = province::whole();
    let text = include_str!("../../config/rulebooks/2557.toml");
    let dearer = text.replacen("item = \"EPI\"", "item = \"EPI\" # dearer", 1);
    let dearer = dearer.replacen("points = \"0.25\"", "points = \"1.30\"", 1);
    let path = khlang.write("trial.toml", &dearer);
    let path = path.to_str().unwrap();
    let both = khlang.run(&[&ALLOCATE[..], &["--rulebook", path, "--compare"]].concat()).json();
    // Quarter 2 is then 2.60 : 2.60 points: 19.35 each instead of 6.24 and 32.46.
    assert_eq!(both["total"]["amount"]["difference"], "0.00");
    assert_eq!(at(&both, "unit/10670/volume/base"), "44.94");
    assert_eq!(at(&both, "unit/10670/volume/other"), "58.05");
    assert_eq!(at(&both, "unit/10671/volume/difference"), "-13.11");
    assert_ne!(both["base"]["rulebook"], both["other"]["rulebook"]);
    assert_eq!(both["other"]["rulebook_file"], "trial.toml");

    let alone = khlang.run(&[&ALLOCATE[..], &["--rulebook", path]].concat()).json();
    assert_eq!(alone["rulebook"], both["other"]["rulebook"]);
    assert_eq!(at(&alone, "cup/10670/volume"), "96.19");

    let other_round = khlang.write("next.toml", text.replacen("round = 2557", "round = 2558", 1));
    let ran = khlang.run(&[&ALLOCATE[..], &["--rulebook", other_round.to_str().unwrap()]].concat());
    assert_eq!(ran.status(), 1);
}

#[test]
fn without_a_registry_the_residents_of_person_stand_in() {
    let khlang = Khlang::new().now("2014-07-15T09:00:00+07:00");
    let empty = khlang.run(&ALLOCATE);
    assert_eq!(empty.status(), 1, "no database yet");
    let with = province::whole();
    std::fs::copy(with.path("data/khlang.db"), khlang.path("data/khlang.db")).unwrap();
    let conn = rusqlite::Connection::open(khlang.path("data/khlang.db")).unwrap();
    conn.execute_batch(
        "DELETE FROM registry_person; DELETE FROM registry_heads; DELETE FROM registry",
    )
    .unwrap();
    drop(conn);
    let all = khlang.run(&ALLOCATE).json();
    // Persons 1 and 2; 11 and 12; 21 and 22; 31.
    let heads: Vec<String> = ["10670", "04001", "10671", "04009"]
        .iter()
        .map(|unit| plain(at(&all, &format!("unit/{unit}/heads"))))
        .collect();
    assert_eq!(heads, ["2", "2", "2", "1"]);
    assert_eq!(all["population"]["source"], "person_rows");
    let marked = all["local_defaults"].as_array().unwrap();
    assert!(marked.iter().any(|key| key == "population"));
}

/// Cells of a sheet as text.
fn sheet(book: &mut Xlsx<Cursor<Vec<u8>>>, at: usize) -> Vec<Vec<String>> {
    let name = book.sheet_names()[at].clone();
    let range = book.worksheet_range(&name).unwrap();
    let text = |cell: &Data| match cell {
        Data::Float(number) => format!("{number:.2}"),
        Data::Int(number) => number.to_string(),
        other => other.to_string(),
    };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

#[test]
fn a_statement_can_be_read_by_people_and_programs() {
    let khlang = province::whole();
    let mut made = Vec::new();
    for format in ["html", "xlsx", "json"] {
        // A bare name: the file comes into the folder the program runs in.
        let file = format!("one.{format}");
        let ran = khlang.run(&[
            "statement",
            "--cup",
            "10671",
            "--round",
            "2557",
            "--format",
            format,
            "--out",
            &file,
        ]);
        assert_eq!(ran.status(), 0, "{}", ran.err());
        made.push(std::fs::read(khlang.path(&file)).unwrap());
    }
    let [html, xlsx, json] = made.try_into().unwrap();

    let html = String::from_utf8(html).unwrap();
    for text in ["59.98", "23.74", "17.74", "โรงพยาบาลสอง", "ค่าที่กำหนดเอง", "khlang score rows"]
    {
        assert!(html.contains(text), "{text}");
    }
    // What people typed is shown, and is no markup; nothing is fetched.
    assert!(html.contains("&lt;b&gt;รอตรวจ") && !html.contains("<b>รอตรวจ"));
    for word in ["<script", "src=\"http", "href=\"http", "url(http"] {
        assert!(!html.contains(word), "{word}");
    }

    let mut book = Xlsx::new(Cursor::new(xlsx)).unwrap();
    assert_eq!(book.sheet_names().len(), 13);
    let money = sheet(&mut book, 0);
    let line = |code: &str| money.iter().find(|row| row[0] == code).unwrap();
    assert_eq!(line("04009")[3..], ["38.13", "1.13", "39.26", "17.74", "21.52"]);
    assert_eq!(line("รวม")[3..], ["70.59", "13.13", "83.72", "23.74", "59.98"]);
    let archives = sheet(&mut book, 8);
    let broken = archives.iter().find(|row| row[1].contains("20140612")).unwrap();
    assert!(broken[3].contains("ไม่รับ"), "{broken:?}");

    let json: Value = serde_json::from_slice(&json).unwrap();
    let text = json.to_string();
    assert!(text.contains("\"59.98\"") || text.contains("59.98"), "{json:#}");
    // No citizen ID is in any of them.
    for person in 1..40 {
        assert!(!html.contains(&province::cid(person)) && !text.contains(&province::cid(person)));
    }
}

#[test]
fn what_came_too_late_moves_no_satang_and_the_statement_says_how_much_it_was() {
    let khlang = province::sent_as(&[0, 1, 2, 3, 4, 5]).now("2014-09-01T09:00:00+07:00");
    let figures = |khlang: &Khlang| {
        let mut of = khlang.run(&ALLOCATE).json();
        of["as_of_submission"].take();
        of["last_submission"].take();
        of
    };
    let before = figures(&khlang);
    let (name, zip) = province::too_late();
    let said = khlang.import(name, &zip);
    assert_eq!(said["files"][0]["accepted"], 2, "{said:#}");
    assert_eq!(figures(&khlang), before);
    let note = |of: &Value| of["notes"].to_string().contains("2014-07-31");
    assert!(note(&before), "the last day is printed: {}", before["notes"]);

    let statement = ["statement", "--cup", "10671", "--round", "2557", "--out", "one.xlsx"];
    let ran = khlang.run(&[&statement[..], &["--format", "xlsx"]].concat());
    assert_eq!(ran.status(), 0, "{}", ran.err());
    let mut book = Xlsx::new(Cursor::new(std::fs::read(khlang.path("one.xlsx")).unwrap())).unwrap();
    let late = sheet(&mut book, 9);
    let line = |code: &str| late.iter().find(|row| row[0] == code).unwrap()[3..8].join(" ");
    // Received, accepted, duplicate, rejected, by file; every unit has a line.
    assert_eq!(line("04009"), "3.00 2.00 1.00 0.00 EPI: 3");
    assert_eq!(line("10671").trim_end(), "0.00 0.00 0.00 0.00");
}

#[test]
fn every_main_unit_gets_its_statement() {
    let khlang = province::whole();
    let folder = khlang.path("all");
    let arguments = ["statement", "--round", "2557", "--format", "xlsx", "--out"];
    let run = || khlang.run(&[&arguments[..], &[folder.to_str().unwrap()]].concat());
    assert_eq!(run().status(), 0);
    let names: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let wanted = ["statement-2557-10670.xlsx", "statement-2557-10671.xlsx"];
    assert_eq!(names, wanted.map(str::to_owned).into());
    let bytes = || std::fs::read(folder.join(wanted[0])).unwrap();
    let before = bytes();
    assert_eq!(run().status(), 0);
    assert_eq!(bytes(), before, "the same state gives the same bytes");

    let ran = khlang.run(&["statement", "--cup", "04001", "--round", "2557", "--out", "x.html"]);
    assert_eq!(ran.status(), 1, "04001 is no main unit");
}
