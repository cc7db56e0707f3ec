//! Whatever comes after a payment, in any order: what was paid stays, and all
//! parts together are what would be computed at the end.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use super::closing::{ROUND, close, proven, reopen, text_with};
use super::{ALLOCATE, at, province};
use crate::support::case::Khlang;

/// What may happen after a payment.
#[derive(Debug, Clone)]
enum Step {
    Close(bool, u32),
    Reopen(bool, u32),
    Send(usize),
    SendLate(usize),
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
        2 => (0..3usize).prop_map(Step::SendLate),
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
        Step::SendLate(at) => province::send_late(khlang, *at),
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
